"""The page for this machine's browser: it sends strokes, and gets the picture and the answer.

Any web page that a user has open could send requests to a port of this machine. So it listens
at 127.0.0.1 alone, a name that somebody else's DNS has led here is refused by its Host, what
another page sends by its Origin, and what a form could send by its type.
"""

from __future__ import annotations

import errno
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tinycnn.board.line import SHOWN
from tinycnn.draw.classifier import Classifier
from tinycnn.draw.picture import DARKEST, Stroke, picture
from tinycnn.errors import TargetError, UserError
from tinycnn.text import printable

ADDRESS = "127.0.0.1"
MOST_BYTES = 1 << 16
"""Of a request's body: a digit takes some KB."""

_MOST_POINTS = 4000
_SECONDS = 10.0  # for a request to come whole

_FOLDER = Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class _Refused(Exception):
    """A request that is not answered: the status, and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Server(ThreadingHTTPServer):
    """Made by `listening`."""

    daemon_threads = True  # a browser keeps connections that say nothing
    block_on_close = False

    def __init__(self, port: int, classifier: Classifier) -> None:
        super().__init__((ADDRESS, port), _Handler)
        self.classifier = classifier
        self.names = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no news; whatever else is a bug of ours."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def listening(port: int, classifier: Classifier) -> Iterator[Server]:
    """The server at `port`, or at any that is free for 0; the caller runs `serve_forever`.

    Raises UserError if the port cannot be had.
    """
    try:
        server = Server(port, classifier)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "in use" if error.errno == errno.EADDRINUSE else "not for users"
        raise UserError(f"port {port} of {ADDRESS} is {why}: name another with --listen") from None
    with server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = _SECONDS

    def do_GET(self) -> None:
        self._answered(self._get)

    def do_POST(self) -> None:
        self._answered(self._post)

    def _answered(self, answer: Any) -> None:
        try:
            self._need_own_page()
            content, kind = answer()
            status = HTTPStatus.OK
        except _Refused as refused:
            status, kind = refused.status, "application/json"
            content = _json({"error": str(refused)})
        except TargetError as error:
            status, kind = HTTPStatus.SERVICE_UNAVAILABLE, "application/json"
            content = _json({"error": printable(str(error), 4 * SHOWN)})
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _need_own_page(self) -> None:
        if self.headers.get("Host") not in self.server.names:
            raise _Refused(HTTPStatus.FORBIDDEN, "this is for the Host of its own page alone")
        origin = self.headers.get("Origin")
        if origin is not None and origin.removeprefix("http://") not in self.server.names:
            raise _Refused(HTTPStatus.FORBIDDEN, "this is for its own page alone")

    def _get(self) -> tuple[bytes, str]:
        if self.path == "/facts":
            return _json(asdict(self.server.classifier.facts())), "application/json"
        if self.path not in _FILES:
            raise _Refused(HTTPStatus.NOT_FOUND, "there is nothing here")
        name, kind = _FILES[self.path]
        return (_FOLDER / name).read_bytes(), kind

    def _post(self) -> tuple[bytes, str]:
        if self.path != "/classify":
            raise _Refused(HTTPStatus.NOT_FOUND, "there is nothing here")
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "it takes application/json")
        blocks = picture(_strokes(self._body())).flatten().tolist()
        answer = self.server.classifier.classify(blocks)
        said = {"picture": [count / DARKEST for count in blocks], **asdict(answer)}
        return _json(said), "application/json"

    def _body(self) -> bytes:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "it takes a Content-Length") from None
        if not 0 <= length <= MOST_BYTES:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"it takes {MOST_BYTES} bytes at most"
            )
        return self.rfile.read(length)

    def log_message(self, format: str, *args: Any) -> None:
        """The terminal is for what the user has to know."""


def _strokes(body: bytes) -> list[Stroke]:
    """The strokes of a request: `[[[x, y], ...], ...]`, each number 0 to 1."""
    try:
        given = json.loads(body)["strokes"]
        strokes = [[(_place(x), _place(y)) for x, y in stroke] for stroke in given]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise _Refused(HTTPStatus.BAD_REQUEST, "it takes strokes of points x, y") from None
    if not 0 < sum(map(len, strokes)) <= _MOST_POINTS:
        raise _Refused(HTTPStatus.BAD_REQUEST, f"it takes 1 to {_MOST_POINTS} points")
    return [*strokes]


def _place(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no place")
    return min(max(float(value), 0.0), 1.0)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
