"""A ROMFS image for models: read back by MicroPython, used where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_helpers import Command
from tinycnn.board.repl import connect
from tinycnn.board.romfs import ALIGNMENT, PARTITION, romfs_image
from tinycnn.files import ROOT
from tinycnn.targets.qemu import machine
from tinycnn.targets.targets import Target

DIGITS = ROOT / "device" / "digits.tflite"
MOUNT = """
import uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(0x81000000, {size})), "/rom")
"""
MEASURE = """
import gc, tflm
gc.collect()
before = gc.mem_free()
net = tflm.Interpreter("/rom/{name}")
gc.collect()
print(before - gc.mem_free())
"""

names = st.text("abcdefghij.", min_size=1, max_size=40)


@given(st.dictionaries(names, st.binary(min_size=20, max_size=400), max_size=6))
def test_each_file_is_aligned(files: dict[str, bytes]) -> None:
    image = romfs_image({name: b"<" + data + b">" for name, data in files.items()})
    for data in files.values():
        places = [i for i in range(0, len(image), ALIGNMENT) if image[i:].startswith(b"<" + data)]
        assert places


def test_micropython_reads_it_and_uses_a_model_where_it_lies(
    qemu_rv32: Target, tmp_path: Path
) -> None:
    model = DIGITS.read_bytes()
    others = {f"note{'s' * i}.txt": bytes([i]) * i for i in range(40)}
    image = romfs_image(others | {"digits.tflite": model})
    with machine(qemu_rv32.program, image) as port, connect(port) as board:
        board.run(MOUNT.format(size=len(image)))
        assert set(board.value("import os; print(os.listdir('/rom'))")) == {
            *others,
            "digits.tflite",
        }
        for name, data in others.items():
            assert board.value(f"print(open('/rom/{name}', 'rb').read())") == data
        taken = board.value(MEASURE.format(name="digits.tflite"))
    assert taken < len(model)


def test_verb_packs_what_deploy_would_bring(command: Command, tmp_path: Path) -> None:
    output = tmp_path / "models.romfs"
    done = command("romfs", "--output", output)
    assert done.status == 0, done.err
    image = output.read_bytes()
    assert image.index(DIGITS.read_bytes()) % ALIGNMENT == 0
    assert done.out == (
        f"/rom/digits.tflite\n{output}: {len(image)} bytes; next: mpremote romfs deploy {output}\n"
    )


def test_verb_refuses_what_cannot_run(command: Command, tmp_path: Path) -> None:
    model, output = tmp_path / "broken.tflite", tmp_path / "models.romfs"
    model.write_bytes(DIGITS.read_bytes()[:1000])
    done = command("romfs", model, "--output", output)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert f"{model} cannot run on a board: " in done.err
    assert not output.exists()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--output", "models.bin"], "mpremote wants a name that ends in .romfs"),
        (["samples.py"], "samples.py is no .tflite file"),
        ([DIGITS, DIGITS], "two models have the same name"),
        (["nowhere.tflite"], "nowhere.tflite"),
    ],
)
def test_verb_says_what_is_wrong(command: Command, args: list[object], why: str) -> None:
    done = command("romfs", *args)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert why in done.err


def test_verb_refuses_more_than_the_partition_holds(command: Command, tmp_path: Path) -> None:
    many = [tmp_path / f"{i}.tflite" for i in range(PARTITION // DIGITS.stat().st_size + 1)]
    for path in many:
        path.write_bytes(DIGITS.read_bytes())
    done = command("romfs", *many, "--output", tmp_path / "models.romfs")
    assert done.status == 2
    assert "more than the ROMFS partition's 524,288: take fewer models" in done.err
