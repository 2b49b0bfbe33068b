"""The few things done with git: fetch one commit, verified, within limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tinycnn.command import Finished, environment, run
from tinycnn.errors import SourceError
from tinycnn.firmware.sources import Source

PROBE_SECONDS = 12
"""How long an unreachable host may keep us."""

STALL_SECONDS = 60
"""How long a download may stand still."""

_LIMITS = ("-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={STALL_SECONDS}")


def git(*words: str, cwd: Path | None = None, timeout: float | None = None) -> Finished:
    """Run git without asking anybody anything. Raises SourceError if there is no git."""
    return _git(*words, cwd=cwd, timeout=timeout)


def effective_url(url: str) -> str:
    """Where git really goes for `url` (a user may have set url.*.insteadOf)."""
    found = git("ls-remote", "--get-url", url)
    return found.output.strip() if found.ok else url


def probe(url: str) -> str | None:
    """None if the repository at `url` answers, else why not. Takes PROBE_SECONDS at most."""
    answer = git("ls-remote", "--quiet", url, "HEAD", timeout=PROBE_SECONDS)
    if answer.status is None:
        return f"no answer within {PROBE_SECONDS} s"
    return None if answer.ok else complaint(answer)


def fetch_commit(
    source: Source, origin: str, folder: Path, on_percent: Callable[[int], None]
) -> None:
    """Check `source.commit` out of the repository `origin` into the empty `folder`.

    Raises SourceError if it is not there, or if what came is something else.
    """

    def see(line: str) -> None:
        if match := re.search(r"Receiving objects:\s+(\d+)%", line):
            on_percent(int(match[1]))

    _must(source, git("init", "--quiet", cwd=folder))
    fetched = _git(
        *_LIMITS, "fetch", "--progress", "--depth", "1", origin, source.commit,
        cwd=folder, on_line=see,
    )  # fmt: skip
    _must(source, fetched)
    _must(source, git("-c", "advice.detachedHead=false", "checkout", "FETCH_HEAD", cwd=folder))
    head = git("rev-parse", "HEAD", cwd=folder).output.strip()
    if head != source.commit:
        raise SourceError(
            f"{source.name}: {origin} gave commit {head[:12]}, pinned is {source.commit[:12]}"
        )


def complaint(finished: Finished) -> str:
    """Git's own reason, in one line."""
    lines = [line.strip() for line in finished.output.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    return (
        re.sub(r"^(fatal|error): (unable to access '[^']*': )?", "", told[0])
        if told
        else "git failed without a word"
    )


def _must(source: Source, finished: Finished) -> None:
    if not finished.ok:
        raise SourceError(
            f"{source.name}: commit {source.commit[:12]} cannot be fetched: {complaint(finished)}"
        )


def _git(
    *words: str,
    cwd: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    # A git hook that runs us must not make our git work on its repository.
    env = environment(GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true", LC_ALL="C")
    env = {name: value for name, value in env.items() if name not in _REPOSITORY}
    env.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    try:
        return run(("git", *words), cwd=cwd, env=env, timeout=timeout, on_line=on_line)
    except FileNotFoundError:
        raise SourceError("git is missing: install it (Debian: apt install git)") from None


_REPOSITORY = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"}
