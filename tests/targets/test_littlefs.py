"""The file system of a stock firmware, written here and read by MicroPython."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from skips import or_skip
from tinycnn.errors import MissingToolError, TargetError
from tinycnn.firmware.unix import build_unix_stock
from tinycnn.targets.littlefs import BLOCK, littlefs_folder

READ = f"""\
import vfs
data = bytearray(open({{image!r}}, "rb").read())
class Flash:
    def readblocks(self, n, to, at=0):
        to[:] = data[n * {BLOCK} + at:][:len(to)]
    def writeblocks(self, n, given, at=0):
        raise OSError
    def ioctl(self, what, value):
        return {{{{4: len(data) // {BLOCK}, 5: {BLOCK}}}}}.get(what)
vfs.mount(Flash(), "/x")
import os
for name in sorted(os.listdir("/x")):
    content = open("/x/" + name, "rb").read()
    print(name, len(content), sum(content))
"""


@pytest.fixture
def micropython() -> Path:
    with or_skip(MissingToolError):
        return build_unix_stock().path


def test_files_are_in_it(micropython: Path, tmp_path: Path) -> None:
    folder = tmp_path / "flash"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "left_out.py").touch()
    (folder / "a.py").write_text("print(1)\n")
    (folder / "link.bin").symlink_to(tmp_path / "large.bin")
    (tmp_path / "large.bin").write_bytes(bytes(range(256)) * 300)
    (tmp_path / "empty.bin").touch()
    image = tmp_path / "image"
    image.write_bytes(littlefs_folder(micropython, 64 * BLOCK, folder, tmp_path / "empty.bin"))
    assert image.stat().st_size == 64 * BLOCK
    read = [micropython, "-c", READ.format(image=str(image))]
    done = subprocess.run(read, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"a.py 9 {sum(b'print(1)' + bytes([10]))}",
        "empty.bin 0 0",
        f"link.bin 76800 {300 * sum(range(256))}",
    ]


def test_too_many_files_are_an_error(micropython: Path, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(bytes(9 * BLOCK))
    with pytest.raises(TargetError, match=r"makes no file system of 32,768 bytes: OSError: .*28"):
        littlefs_folder(micropython, 8 * BLOCK, tmp_path)
