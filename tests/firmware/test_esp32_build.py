"""`tinycnn firmware build`: what is given to idf.py, what comes out, how failures read."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

import fake_idf
from commandline import tinycnn
from host_helpers import Pipeline
from skips import TOOLS, or_skip
from tflite_models import INT16, OP, Tensor, one_op, schema
from tinycnn.board.image import read_image
from tinycnn.errors import BuildError, SourceError, UserError
from tinycnn.firmware.esp32 import build as esp32
from tinycnn.firmware.esp32 import frozen
from tinycnn.firmware.esp32 import idf as esp32_idf
from tinycnn.firmware.esp32.boards import BOARDS
from tinycnn.firmware.fetch import Checkout, fetch
from tinycnn.tflite.ops import profile_set

C3 = BOARDS["ESP32_C3"]


def build(place: Path, request: esp32.Request | None = None, **idf: object) -> esp32.Firmware:
    found = esp32_idf.find(fake_idf.make(place / "idf", **idf))  # type: ignore[arg-type]
    return esp32.build(request or esp32.Request(C3, profile_set("digits")), found)


def test_every_board_has_its_folder() -> None:
    folders = {path.parent.name for path in esp32.PROJECT.glob("boards/*/mpconfigboard.cmake")}
    assert folders == set(BOARDS)


def test_image_holds_every_part_at_its_place(place: Path) -> None:
    image = build(place).image
    data = image.path.read_bytes()
    assert re.fullmatch(r"ESP32_C3-\d{8}-v1\.28\.0\.bin", image.path.name)
    assert data[:100] == b"B" * 100
    assert data[100:0x8000] == b"\xff" * (0x8000 - 100)
    assert data[0x8000:].startswith(fake_idf.TABLE)
    assert data[0x10000:] == b"A" * 1000
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert (image.address, image.app_size, image.app_room) == (0, 1000, fake_idf.APP_ROOM)


def test_facts_have_sizes_and_pins(place: Path) -> None:
    firmware = build(place)
    facts = json.loads(firmware.facts.read_bytes())
    assert facts["pins"]["esp-idf"] == "5.5.1"
    assert facts["pins"]["micropython"] == facts["pins"]["esp-nn"] == "c" * 40
    assert facts["pins"]["compiler"] == "GCC: (crosstool-NG esp-14.2.0_20241119) 14.2.0"
    assert facts["image"]["sha256"] == firmware.image.sha256
    assert facts["image"]["app_free"] == fake_idf.APP_ROOM - 1000
    assert facts["application"] == {"text": 0x300}
    assert facts["tflm_adds"]["module"] == {"text": 0x100}
    assert facts["tflm_adds"]["esp_nn"] == {"text": 0x200}
    assert facts["tflm_adds"]["tflm"] == {}


def test_idf_py_gets_board_sources_and_ops(place: Path) -> None:
    build(place)
    words = json.loads((place / "idf" / "calls.json").read_bytes())
    assert words[-1] == "build"
    assert "MICROPY_BOARD=ESP32_C3" in words
    assert f"MICROPY_DIR={place / 'micropython'}" in words
    assert "TFLM_OPS=digits" in words
    links = next(word for word in words if word.startswith("TINYCNN_COMPONENTS=")).partition("=")
    assert [Path(link).name for link in links[2].split(";")] == ["esp-tflite-micro", "esp-nn"]


def test_components_given_replace_and_add(place: Path) -> None:
    for name in ("esp-nn", "mdns"):
        (place / "given" / name).mkdir(parents=True)
        (place / "given" / name / "CMakeLists.txt").touch()
    request = esp32.Request(C3, profile_set("cnn"), components=(place / "given",))
    build(place, request)
    folder = place / "build" / "esp32" / "ESP32_C3-cnn" / "components"
    found = {link.name: link.resolve() for link in folder.iterdir()}
    assert found["espressif__mdns"] == place / "given" / "mdns"
    assert found["esp-nn"] == place / "given" / "esp-nn"


@pytest.mark.parametrize(
    ("board", "linked"),
    [
        ("ESP32", {"mdns", "lan867x"}),
        ("ESP32_SPIRAM", {"mdns", "lan867x"}),
        ("ESP32_S2", {"mdns", "tinyusb"}),
        ("ESP32_S3", {"mdns", "tinyusb"}),
        ("ESP32_S3_SPIRAM_OCT", {"mdns", "tinyusb"}),
        ("ESP32_C3", {"mdns"}),
        ("ESP32_C5", {"mdns"}),
        ("ESP32_C6", {"mdns"}),
        ("ESP32_P4", {"mdns", "tinyusb"}),
    ],
)
def test_one_folder_of_components_serves_every_chip(
    place: Path, board: str, linked: set[str]
) -> None:
    """By the names that the registry's have: MicroPython asks for espressif__tinyusb."""
    given = place / "given"
    for name in ("mdns", "lan867x", "espressif__tinyusb", "mine"):
        (given / name).mkdir(parents=True)
        (given / name / "CMakeLists.txt").touch()
    request = esp32.Request(BOARDS[board], profile_set("cnn"), components=(given,))
    with suppress(BuildError):  # the fake's image is one for a C3
        build(place, request)
    folder = place / "build" / "esp32" / f"{board}-cnn" / "components"
    found = {link.name for link in folder.iterdir()} - {"esp-tflite-micro", "esp-nn"}
    assert found == {f"espressif__{name}" for name in linked} | {"mine"}


def test_components_folder_without_any_is_one_line(place: Path) -> None:
    request = esp32.Request(C3, profile_set("cnn"), components=(place,))
    with pytest.raises(BuildError, match=r"^--components .*: no folder of IDF components$"):
        build(place, request)


def test_application_too_large_says_by_how_much(place: Path) -> None:
    with pytest.raises(BuildError, match=r"is 1 too large for its partition: take fewer ops"):
        build(place, app=fake_idf.APP_ROOM + 1)


TOO_SMALL = """\
Error: app partition is too small for binary micropython.bin size 0x1f0010:
  - Part 'factory' 0/0 @ 0x10000 size 0x1f0000 (overflow 0x10)
"""


CMAKE = """\
-- Building ESP-IDF components for target esp32c3
CMake Error at CMakeLists.txt:23 (message):
  The board NONE is not known.

  Take another.


-- Configuring incomplete, errors occurred!
cmake failed with exit code 1, output of the command is in the logs
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (TOO_SMALL, "the application of 2,031,632 bytes is 16 too large for its partition"),
        ("ld: region `iram0_0_seg' overflowed by 1234 bytes", "iram0_0_seg is 1,234 bytes"),
        ("Error: not of docker\nmain.c:1:2: error: no such type", "does not build: main.c:1:2"),
        ("main.c:1:2: error: no such type\nninja: stopped", "main.c:1:2: error: no such type"),
        (CMAKE, "does not build: The board NONE is not known. Take another."),
        ("Cannot establish a connection to the component registry", "give --components DIR"),
    ],
)  # fmt: skip
def test_failure_is_one_line_with_the_log(place: Path, log: str, line: str) -> None:
    with pytest.raises(BuildError) as caught:
        build(place, body=f"print({log!r}); sys.exit(2)")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    written = place / "build" / "logs" / "esp32-ESP32_C3-digits.log"
    assert str(written) in str(caught.value)
    assert written.read_text().rstrip() == log.rstrip()


def test_debians_micropython_does_not_do(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Checkout(place, "debian", "1.26.1", None)
    monkeypatch.setattr(esp32, "fetch", lambda name, progress: checkout)
    with pytest.raises(SourceError, match="serves for the simulator only"):
        build(place)


@pytest.mark.parametrize(("name", "line"), [("7up", "no Python name"), ("bad", "no valid model")])
def test_freeze_refuses(place: Path, name: str, line: str) -> None:
    model = place / f"{name}.tflite"
    model.write_bytes(b"TFL3" * 10)
    with pytest.raises(UserError, match=line):
        build(place, esp32.Request(C3, profile_set("cnn"), (model,)))


SIGMOID = one_op(
    OP.LOGISTIC, [Tensor([1, 8], INT16, scale=2**-12)], Tensor([1, 8], INT16, scale=2**-15)
)
DENSE = one_op(
    OP.FULLY_CONNECTED,
    [Tensor([1, 4]), Tensor([2, 4], data=[0] * 8)],
    Tensor([1, 2]),
    schema.FullyConnectedOptionsT(),
)
ABS = one_op(OP.ABS, [Tensor([1, 8])], Tensor([1, 8]))


@pytest.mark.parametrize(
    ("model", "ops", "needs"),
    [(SIGMOID, "cnn", "int16"), (DENSE, "digits", "float32"), (ABS, "cnn", "ABS")],
    ids=["int16", "float32", "ABS"],
)
def test_freeze_refuses_what_the_firmware_would(
    tmp_path: Path, model: bytes, ops: str, needs: str
) -> None:
    """Ops that it lacks, or types."""
    path = tmp_path / "own.tflite"
    path.write_bytes(model)
    with pytest.raises(UserError, match=f"it needs {needs}, which a firmware with {ops} does not"):
        frozen.read_models([path], profile_set(ops))
    assert frozen.read_models([path], profile_set("all")).keys() == {"own"}


def test_command_line_without_idf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IDF_PATH", raising=False)
    done = tinycnn("firmware", "build", "--board", "ESP32_C3")
    assert done.returncode == 2
    assert done.stderr.startswith("tinycnn: ESP-IDF is missing: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", esp32.COMPONENTS)
def test_manifest_names_the_version_of_the_pinned_commit(name: str) -> None:
    manifest = (esp32.PROJECT / "main" / "idf_component.yml").read_text()
    with or_skip():
        tree = fetch(name).path
    told = re.search(r'^version: "(.*)"$', (tree / "idf_component.yml").read_text(), re.MULTILINE)
    assert told is not None
    assert f'  espressif/{name}: "=={told[1]}"\n' in manifest


def test_frozen_models_are_aligned_bytes_by_name() -> None:
    text = frozen.c_source({"one": b"\x01\xff", "two": b"\x02"})
    assert "one_data[] __attribute__((aligned(16))) = {\n    1, 255\n};" in text
    assert "{ MP_ROM_QSTR(MP_QSTR_two), MP_ROM_PTR(&two_obj) }," in text


@pytest.mark.slow
def test_real_build(tmp_path: Path, article_pipeline: Pipeline) -> None:
    """With ESP-IDF exported: an ESP32-C3 image with the reference model frozen in."""
    if "IDF_PATH" not in os.environ:
        pytest.skip(f"{TOOLS}no ESP-IDF exported, $IDF_PATH is not set: docs/firmware.md")
    model = article_pipeline.converted.path(article_pipeline.converted.int8)
    given = os.environ.get("TINYCNN_IDF_COMPONENTS")
    components = (Path(given),) if given else ()
    with or_skip():
        request = esp32.Request(C3, profile_set("digits"), (model,), components)
        firmware = esp32.build(request, esp32_idf.find(), images=tmp_path)  # not the user's
    assert list(tmp_path.glob("*.bin")) == [firmware.image.path]
    assert read_image(firmware.image.path).chip == "ESP32-C3"
    assert firmware.image.app_room > firmware.image.app_size
    assert firmware.added["frozen_models"]["rodata"] >= model.stat().st_size
    for part in ("tflm", "esp_nn", "engine", "module"):
        assert sum(firmware.added[part].values()) > 0
