"""`--container`: what the container is given, and what is left when it fails or is stopped."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import fake_docker
import fake_idf
from tinycnn.errors import BuildError
from tinycnn.firmware.esp32 import build as esp32
from tinycnn.firmware.esp32.boards import BOARDS
from tinycnn.firmware.esp32.container import container
from tinycnn.firmware.esp32.idf import Idf
from tinycnn.tflite.ops import profile_set

C3 = BOARDS["ESP32_C3"]


@pytest.fixture
def only_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of $PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def calls(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def build(place: Path, *more: Path, components: tuple[Path, ...] = ()) -> esp32.Firmware:
    idf = container(esp32.PROJECT.parents[1], place, *more)
    return esp32.build(esp32.Request(C3, profile_set("digits"), components=components), idf)


def test_build_runs_with_all_it_needs_in_sight(place: Path, only_ours: Path) -> None:
    idf = fake_idf.make(place / "idf")
    fake_docker.make(only_ours, idf)
    firmware = build(place)
    assert firmware.image.path.is_file()
    assert json.loads(firmware.facts.read_bytes())["pins"]["esp-idf"] == "5.5.1"
    words = json.loads((idf / "calls.json").read_bytes())
    assert f"MICROPY_DIR={place / 'micropython'}" in words


def test_folder_out_of_sight_fails(place: Path, only_ours: Path) -> None:
    """The fake docker would tell: the test above can fail."""
    fake_docker.make(only_ours, fake_idf.make(place / "idf"))
    idf = container(place)
    with pytest.raises(BuildError, match="firmware_build/esp32: No such file"):
        esp32.build(esp32.Request(C3, profile_set("digits")), idf)


def test_component_that_is_a_link_is_in_sight(
    place: Path, only_ours: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fake_docker.make(only_ours, fake_idf.make(place / "idf"))
    elsewhere, given = tmp_path_factory.mktemp("elsewhere"), tmp_path_factory.mktemp("given")
    (elsewhere / "CMakeLists.txt").touch()
    (given / "mdns").symlink_to(elsewhere)
    build(place, given, components=(given,))
    with pytest.raises(BuildError, match="No such file"):
        build(place, components=(given,))


def test_variables_cross_and_no_others(place: Path, only_ours: Path) -> None:
    say = "import os; print(sorted(os.environ.items())); sys.exit(1)"
    fake_docker.make(only_ours, fake_idf.make(place / "idf", body=say))
    with pytest.raises(BuildError, match=r"MICROPY_GIT_HASH.*cccccccccc.*v1\.28\.0") as caught:
        build(place)
    assert "PATH" not in str(caught.value)


def test_files_belong_to_the_user(place: Path, only_ours: Path) -> None:
    log = fake_docker.make(only_ours, fake_idf.make(place / "idf"))
    build(place)
    run = calls(log)[-1]
    assert run[run.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"


@pytest.mark.parametrize(
    "engine",
    [
        {"name": "podman", "version": "podman version 4.3.1"},
        {"version": "podman version 4.3.1"},
        {"info": '["name=seccomp,profile=builtin","name=rootless"]'},
    ],
    ids=["podman", "podman-docker", "rootless docker"],
)
def test_engine_without_root_maps_the_user_itself(
    place: Path, only_ours: Path, engine: dict[str, str]
) -> None:
    log = fake_docker.make(only_ours, fake_idf.make(place / "idf"), **engine)  # type: ignore[arg-type]
    build(place)
    assert "--user" not in calls(log)[-1]


def test_no_engine_is_one_line(only_ours: Path) -> None:
    with pytest.raises(BuildError, match=r"^--container needs docker or podman"):
        container(only_ours)


def test_engine_that_does_not_answer_is_one_line(place: Path, only_ours: Path) -> None:
    told = "null\nCannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"
    fake_docker.make(only_ours, place, info=told, info_status=1)
    with pytest.raises(BuildError) as caught:
        container(place)
    assert str(caught.value) == (
        "--container: docker does not answer: start it, or install podman (Cannot connect to the "
        "Docker daemon at unix:///x. Is the docker daemon running?)"
    )


def test_podman_serves_where_docker_does_not_answer(place: Path, only_ours: Path) -> None:
    """Docker's command is often there without its daemon."""
    fake_docker.make(only_ours, place, name="podman", version="podman version 4.3.1")
    fake_docker.make(only_ours, place, info="Cannot connect", info_status=1)
    assert {container(place).idf_py[0], container(place).stop[0]} == {"podman"}


def test_image_that_cannot_be_had_is_one_line(place: Path, only_ours: Path) -> None:
    trouble = 'print("Unable to find image locally\\ndocker: no such host.\\n\\nRun --help")\n'
    fake_docker.make(only_ours, fake_idf.make(place / "idf"), trouble=trouble + "sys.exit(125)")
    with pytest.raises(BuildError, match=r"^the container does not run: no such host\. \(log: "):
        build(place)


def test_ctrl_c_ends_the_container(place: Path, only_ours: Path) -> None:
    slow = 'import time; print("[1/400]", flush=True); time.sleep(60)'
    log = fake_docker.make(only_ours, fake_idf.make(place / "idf", body=slow))

    def interrupt(message: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    idf = container(esp32.PROJECT.parents[1], place)
    with pytest.raises(KeyboardInterrupt):
        esp32.build(esp32.Request(C3, profile_set("digits")), idf, progress=interrupt)
    run, stop = calls(log)[-2:]
    assert stop == ["kill", run[run.index("--name") + 1]]


def test_another_idf_starts_afresh(place: Path, only_ours: Path) -> None:
    fake_docker.make(only_ours, fake_idf.make(place / "idf"))
    build(place)
    old = place / "build" / "esp32" / "ESP32_C3-digits" / "objects" / "old"
    for name in ("old", "build.ninja"):
        (old.parent / name).touch()
    build(place)
    assert old.exists()
    another = Idf((sys.executable, str(place / "idf" / "tools" / "idf.py")), "5.5.1", {})
    esp32.build(esp32.Request(C3, profile_set("digits")), another)
    assert not old.exists()


def test_an_interrupted_cmake_starts_afresh(place: Path, only_ours: Path) -> None:
    fake_docker.make(only_ours, fake_idf.make(place / "idf"))
    build(place)
    old = place / "build" / "esp32" / "ESP32_C3-digits" / "objects" / "CMakeCache.txt"
    old.touch()
    build(place)
    assert not old.exists()
