"""A docker of a few lines: it runs the command here, having looked whether a container could.

It refuses a path that no volume shows, and hands on no environment but what it is given.
"""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPT = """\
#!{python}
import json, os, sys, time
from pathlib import Path

log = Path({log!r})
words = sys.argv[1:]
with log.open("a") as calls:
    print(json.dumps(words), file=calls)
if words == ["--version"]:
    sys.exit(print({version!r}))
if words[0] == "info":
    print({info!r})
    sys.exit({info_status})
if words[0] == "kill":
    sys.exit()
assert words[0] == "run"
given = {{"--volume": [], "--env": [], "--user": [], "--name": [], "--security-opt": []}}
words = words[1:]
while words[0].startswith("--"):
    option = words.pop(0)
    if option in given:
        given[option].append(words.pop(0))
    else:
        assert option in ("--rm", "--init"), option
assert words.pop(0) == "docker.io/espressif/idf:v5.5.1"
{trouble}
assert words.pop(0) == "idf.py"
shown = []
for volume in given["--volume"]:
    outside, inside = volume.split(":")
    assert outside == inside and Path(outside).is_dir(), volume
    shown.append(Path(outside))


def look(path):
    if path.exists() and not any(path.is_relative_to(place) for place in shown):
        sys.exit(print(f"{{path}}: No such file or directory") or 1)
    if path.is_symlink():
        look(path.resolve())


for word in words:
    for part in word.partition("=")[2].split(";") if "=" in word else [word]:
        if part.startswith("/"):
            look(Path(part))
variables = dict(
    each.split("=", 1) if "=" in each else (each, os.environ[each]) for each in given["--env"]
)
os.execve({python!r}, [{python!r}, {idf_py!r}, *words], variables)
"""


def make(
    folder: Path,
    idf: Path,
    *,
    name: str = "docker",
    version: str = "Docker version 28.2.2, build e6534b4",
    info: str = '["name=seccomp,profile=builtin"]',
    info_status: int = 0,
    trouble: str = "",
) -> Path:
    """A docker in `folder` whose image has the ESP-IDF `idf`. Returns its log of calls."""
    folder.mkdir(exist_ok=True)
    log = folder / "calls.jsonl"
    program = folder / name
    program.write_text(
        SCRIPT.format(
            python=sys.executable,
            log=str(log),
            version=version,
            info=info,
            info_status=info_status,
            trouble=trouble,
            idf_py=str(idf / "tools" / "idf.py"),
        )
    )
    program.chmod(0o755)
    return log
