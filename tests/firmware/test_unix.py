"""Building the simulator: what is rebuilt when, and how failures read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinycnn import command
from tinycnn.errors import BuildError
from tinycnn.files import ROOT
from tinycnn.firmware import port, unix
from tinycnn.firmware.fetch import Checkout
from tinycnn.firmware.sources import cache_root
from tinycnn.firmware.unix import build_unix
from tinycnn.progress import silent
from tinycnn.targets.targets import Target, facts
from tinycnn.tflite.ops import profile_set

MAKEFILE = """\
all:
\t@echo CC py/main.c
\t@mkdir -p $(BUILD)
\t@test -e $(BUILD)/old && echo reused >> {calls} || echo fresh >> {calls}
\t@touch $(BUILD)/old
\t@echo '{what}' > $(BUILD)/micropython
"""

FAILING = """\
all:
\t@echo CC py/main.c
\t@echo "main.c:3: warning: an error-prone line"
\t@echo "main.c:7:1: error: expected ';'"
\t@echo "main.c:9:1: error: and so on"
\t@exit 1
"""


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty build folder, and a firmware_build folder with one file."""
    ours = tmp_path / "firmware_build"
    for name in ("tflm", "unix"):
        (ours / name).mkdir(parents=True)
    (ours / "tflm" / "mod.c").write_text("int x;")
    monkeypatch.setattr(port, "FIRMWARE_BUILD", ours)
    monkeypatch.setattr(port, "BUILD", tmp_path / "build")
    return tmp_path


def use_tree(
    monkeypatch: pytest.MonkeyPatch, folder: Path, makefile: str, version: str = "1.28.0"
) -> None:
    """Have the simulator built from a tree whose makefile is `makefile`."""
    unix_port = folder / version / "ports" / "unix"
    unix_port.mkdir(parents=True, exist_ok=True)
    text = makefile.replace("{calls}", str(folder / "calls")).replace("{what}", version)
    (unix_port / "Makefile").write_text(text)
    checkout = Checkout(folder / version, "debian", version, None)
    monkeypatch.setattr(unix, "fetch", lambda name, progress: checkout)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().split()


def test_second_build_does_not_run_make(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    first = build_unix()
    assert build_unix() == first
    assert first.path == build / "build" / "unix" / "hosted" / "micropython"
    assert first.path.read_text() == "1.28.0\n"
    assert calls(build) == ["fresh"]


def test_change_of_ours_runs_make_again(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    build_unix()
    (build / "firmware_build" / "tflm" / "mod.c").write_text("int xy;")
    build_unix()
    assert calls(build) == ["fresh", "reused"]


def test_other_checkout_starts_afresh(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    build_unix()
    use_tree(monkeypatch, build, MAKEFILE, "1.26.1")
    simulator = build_unix()
    assert simulator.path.read_text() == "1.26.1\n"
    assert simulator.micropython_version == "1.26.1"
    assert calls(build) == ["fresh", "fresh"]


def test_variants_have_folders_of_their_own(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    paths = {
        build_unix(sanitize=s, ops=o).path
        for s in (False, True)
        for o in (None, profile_set("all"))
    }
    assert len(paths) == 4


def test_variant_begins_with_the_objects_of_another(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MicroPython's, if only our files see the difference; and each has its own from then on."""
    use_tree(monkeypatch, build, MAKEFILE)
    first = build_unix().path.parent / "objects"
    for name in ("py/main.o", "tflm/mod.o", "model/mod.o", "kernels/mod.o"):
        (first / name).parent.mkdir()
        (first / name).write_text("code")
    (first / "py" / "main.P").write_text(f"{first}/py/main.o: {first}/genhdr/qstrdefs.h")
    second = build_unix(ops=profile_set("all")).path.parent / "objects"
    build_unix(sanitize=True)
    assert calls(build) == ["fresh", "reused", "fresh"]
    found = {str(path.relative_to(second)) for path in second.rglob("*") if path.is_file()}
    assert found == {"old", "micropython", "py/main.o", "py/main.P"}
    assert (second / "py" / "main.P").read_text() == (
        f"{second}/py/main.o: {second}/genhdr/qstrdefs.h"
    )
    times = [(folder / "py" / "main.o").stat().st_mtime_ns for folder in (first, second)]
    assert times[0] == times[1]


def test_objects_that_somebody_works_on_are_no_beginning(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    with command.locked(build_unix().path.parent, silent):
        build_unix(ops=profile_set("all"))
    assert calls(build) == ["fresh", "fresh"]


def test_compile_error_is_one_line_with_the_log(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tree(monkeypatch, build, FAILING)
    with pytest.raises(BuildError) as caught:
        build_unix()
    log = build / "build" / "logs" / "unix-hosted.log"
    assert str(caught.value) == (
        f"MicroPython (hosted) does not build: main.c:7:1: error: expected ';' (log: {log})"
    )
    assert "and so on" in log.read_text()
    assert not (build / "build" / "unix" / "hosted" / "micropython").exists()


def test_failed_build_is_not_taken_for_a_good_one(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    build_unix()
    (build / "firmware_build" / "tflm" / "mod.c").write_text("int broken")
    use_tree(monkeypatch, build, FAILING)
    for _ in range(2):
        with pytest.raises(BuildError):
            build_unix()


@pytest.mark.parametrize("missing", ["make", "gcc"])
def test_missing_tool_is_one_line(
    build: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    found = command.shutil.which
    monkeypatch.setattr(
        command.shutil, "which", lambda program: None if program == missing else found(program)
    )
    with pytest.raises(BuildError, match=f"^{missing} is missing: install it .*{missing}"):
        build_unix()


@pytest.mark.parametrize(
    ("name", "told"),
    [("my build", "a space"), ("R&D", "&"), ("o'brien", "'"), ("a$b", r"\$"), ("a:b", ":")],
)
def test_path_that_make_would_not_take_is_refused(
    build: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setattr(port, "BUILD", build / name)
    with pytest.raises(BuildError, match=f"path with {told}: move or rename"):
        build_unix()


def test_interrupted_build_starts_afresh(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    build_unix()
    (build / "firmware_build" / "tflm" / "mod.c").write_text("int xy;")

    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(port, "make", interrupt)
        build_unix()
    build_unix()
    assert calls(build) == ["fresh", "fresh"]


def test_what_fails_by_what_is_left_is_built_afresh(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picky = MAKEFILE.replace("\t@touch", "\t@! test -e $(BUILD)/spoiled\n\t@touch")
    use_tree(monkeypatch, build, picky)
    program = build_unix()
    (program.path.parent / "objects" / "spoiled").touch()
    program.path.write_text("cut")
    assert build_unix().path.read_text() == "1.28.0\n"
    assert calls(build) == ["fresh", "reused", "fresh"]


def test_progress_counts_files(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_tree(monkeypatch, build, MAKEFILE)
    seen: list[tuple[str, int, int]] = []
    build_unix(progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[0][:2] == ("Building MicroPython 1.28.0 (hosted)", 0)
    assert seen[-1][1] == 1
    assert seen[-1][2] > 1


def test_first_error_without_any_is_the_last_line() -> None:
    assert command.first_error("a\nb\n\n") == "b"
    assert command.first_error("") == "no output"
    assert command.first_error("x\nmake: *** [all] Error 1\ny") == "make: *** [all] Error 1"


def test_real_build_is_micropython_with_tflm(target: Target, tmp_path: Path) -> None:
    engine = "native" if target.name.endswith("-stock") else "tflm"
    engine = "hosted" if target.name == "unix-hosted" else engine
    assert f"engine {engine}" in facts(target, tmp_path)


def test_no_path_of_this_machine_is_built_in(target: Target) -> None:
    built = target.program.read_bytes()
    for place in (ROOT, cache_root()):
        assert str(place).encode() not in built
