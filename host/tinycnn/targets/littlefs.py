"""A littlefs image, as a stock ESP32 firmware has its files in the flash."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinycnn.command import run
from tinycnn.errors import TargetError

BLOCK = 4096

# MicroPython knows the format, and is here anyway: nothing else need be installed.
_MAKE = f"""\
import sys, vfs
_, image, *names = sys.argv
class Flash:
    def __init__(self):
        self.file = open(image, "r+b")
        self.blocks = self.file.seek(0, 2) // {BLOCK}
    def readblocks(self, n, to, at=0):
        self.file.seek(n * {BLOCK} + at)
        self.file.readinto(to)
    def writeblocks(self, n, data, at=0):
        self.file.seek(n * {BLOCK} + at)
        self.file.write(data)
    def ioctl(self, what, value):
        return {{4: self.blocks, 5: {BLOCK}, 6: 0}}.get(what)
flash = Flash()
vfs.VfsLfs2.mkfs(flash)
files = vfs.VfsLfs2(flash)
for name in names:
    with open(name, "rb") as source, files.open(name.split("/")[-1], "wb") as file:
        while piece := source.read(65536):
            file.write(piece)
files.umount()
flash.file.close()
"""


def littlefs_folder(micropython: Path, size: int, folder: Path, *more: Path) -> bytes:
    """A file system of `size` bytes with the files of `folder`, and the files `more`.

    `micropython` is the program that writes it. Raises TargetError if it cannot, say for want of
    room in there.
    """
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    with tempfile.TemporaryDirectory() as place:
        script, image = Path(place) / "make.py", Path(place) / "image"
        script.write_text(_MAKE)
        image.write_bytes(b"\xff" * size)
        words = [micropython, script, image, *files, *more]
        done = run([word.absolute() for word in words], timeout=60)
        if not done.ok:
            last = done.output.rpartition("\n")[2] or f"status {done.status}"
            raise TargetError(f"{folder} makes no file system of {size:,} bytes: {last}")
        return image.read_bytes()
