"""What the page's server takes and what it refuses, and the lines of the verb."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host_helpers import Command, assert_one_line_error
from pty_board import PtyBoard, plugged_in
from served import Served, served
from tinycnn.draw.server import MOST_BYTES
from tinycnn.firmware.port import Program

STROKES = json.dumps({"strokes": [[[0.5, 0.1], [0.5, 0.9]]]})
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(simulator: Program) -> Iterator[Served]:
    with served() as running:
        yield running


def ask(
    server: Served, method: str, path: str, body: str | None = None, **headers: str
) -> tuple[int, Any, http.client.HTTPMessage]:
    """Status, JSON or text, and headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    text = answer.read().decode()
    is_json = answer.headers.get_content_type() == "application/json"
    connection.close()
    return answer.status, json.loads(text) if is_json else text, answer.headers


def test_says_what_classifies_and_where_the_page_is(server: Served) -> None:
    first, second = server.said.splitlines()
    assert ", engine hosted" in first
    assert second == f"draw at http://127.0.0.1:{server.port} until Ctrl-C"
    status, facts, _ = ask(server, "GET", "/facts")
    assert status == 200
    assert facts["engine"] == "hosted"
    assert facts["model"] == "digits.tflite"
    assert facts["machine"] in first


def test_a_stroke_is_a_picture_and_an_answer(server: Served) -> None:
    status, said, _ = ask(server, "POST", "/classify", STROKES, **JSON)
    assert status == 200
    assert len(said["picture"]) == 64
    assert max(said["picture"]) == 1
    assert said["predicted"] == max(range(10), key=said["shares"].__getitem__)
    assert sum(said["shares"]) == pytest.approx(1, abs=1e-3)
    assert said["microseconds"] > 0


def test_localhost_is_a_name_of_it(server: Served) -> None:
    own = f"localhost:{server.port}"
    status, *_ = ask(
        server, "POST", "/classify", STROKES, Host=own, Origin=f"http://{own}", **JSON
    )
    assert status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"]
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/facts"), ("POST", "/classify")]
)
def test_another_host_is_refused(server: Served, host: str, method: str, path: str) -> None:
    """A name of somebody's own that was led to 127.0.0.1 (DNS rebinding)."""
    named = host.format(port=server.port)
    status, said, _ = ask(server, method, path, STROKES, Host=named, **JSON)
    assert status == 403
    assert "picture" not in said


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", ""])
def test_another_origin_is_refused(server: Served, origin: str) -> None:
    named = origin.format(port=server.port)
    status, said, _ = ask(server, "POST", "/classify", STROKES, Origin=named, **JSON)
    assert (status, list(said)) == (403, ["error"])


def test_what_a_form_could_send_is_refused(server: Served) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        status, *_ = ask(server, "POST", "/classify", STROKES, Content_Type=kind)
        assert status == 415
    status, *_ = ask(server, "POST", "/classify", STROKES)
    assert status == 415


def test_a_body_is_limited_before_it_is_read(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(
            f"POST /classify HTTP/1.0\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: "
            f"application/json\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n".encode()
        )
        assert b" 413 " in raw.recv(100)
    status, *_ = ask(server, "POST", "/classify", Transfer_Encoding="chunked", **JSON)
    assert status == 411


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[",
        "[" * 60000,
        "[]",
        "{}",
        '{"strokes": 1}',
        '{"strokes": []}',
        '{"strokes": [[]]}',
        '{"strokes": [[[1]]]}',
        '{"strokes": [[[1, "2"]]]}',
        '{"strokes": [[[1, NaN]]]}',
        '{"strokes": [[[1, 1e999]]]}',
        '{"strokes": [[[1, true]]]}',
        json.dumps({"strokes": [[[0, 0]] * 5000]}),
    ],
    ids=lambda body: body[:24],
)
def test_a_bad_body_is_one_line(server: Served, body: str) -> None:
    status, said, _ = ask(server, "POST", "/classify", body, **JSON)
    assert (status, list(said)) == (400, ["error"])


def test_there_is_nothing_else(server: Served) -> None:
    for path in ("/page.py", "/../server.py", "/classify", "//evil.example/", "/page.html"):
        assert ask(server, "GET", path)[0] == 404
    assert ask(server, "POST", "/facts", STROKES, **JSON)[0] == 404
    assert ask(server, "PUT", "/")[0] == 501


def test_pages_may_load_and_be_framed_from_nowhere_else(server: Served) -> None:
    *_, headers = ask(server, "GET", "/")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_nobody_but_this_machine_reaches_it(server: Served) -> None:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listens = [row[1] for row in rows if row[3] == "0A"]
    port = f":{server.port:04X}"
    assert [place for place in listens if place.endswith(port)] == [f"0100007F{port}"]


def test_a_port_in_use_is_one_line(server: Served, command: Command) -> None:
    outcome = command("draw", "--listen", server.port)
    assert_one_line_error(outcome, f"port {server.port} ", "in use", "--listen")


def test_ctrl_c_ends_it_and_frees_the_port(simulator: Program) -> None:
    with served() as running:
        ask(running, "POST", "/classify", STROKES, **JSON)
        with socket.create_connection(("127.0.0.1", running.port)):  # a browser keeps one
            assert running.interrupt() == (130, "tinycnn: stopped\n")
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", running.port))


def test_no_board_is_one_line(command: Command, tmp_path: Path) -> None:
    outcome = command("draw", "--listen", 0, "--port", tmp_path / "none")
    assert_one_line_error(outcome, f"there is no port {tmp_path / 'none'}")


def test_no_tflm_is_one_line(command: Command, simulator: Program, tmp_path: Path) -> None:
    with plugged_in(simulator.path, tmp_path / "flash.bin", without="tflm") as board:
        outcome = command("draw", "--listen", 0, "--port", board.port)
    assert_one_line_error(outcome, "this firmware has no tflm module")


def test_no_model_is_one_line(command: Command, board: PtyBoard) -> None:
    """A board keeps its files: the model has to be where classify.py finds it."""
    outcome = command("draw", "--listen", 0, "--port", board.port)
    assert_one_line_error(outcome, "no digits.tflite here; copy it: mpremote cp")


def test_a_port_is_of_a_board(command: Command) -> None:
    outcome = command("draw", "--target", "unix-hosted", "--port", "x")
    assert_one_line_error(outcome, "takes no --port")
