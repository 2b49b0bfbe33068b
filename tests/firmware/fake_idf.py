"""An ESP-IDF of a few files: enough for everything but compiling."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

APP_ROOM = 0x1F0000

IDF_PY = """\
import json, sys
from pathlib import Path
words = sys.argv[1:]
build = Path(words[words.index("-B") + 1])
(build / "bootloader").mkdir(parents=True, exist_ok=True)
Path({calls!r}).write_text(json.dumps(words))
{body}
"""

GOOD = """\
print("[1/400] Building C object main.c.obj")
print("[400/400] Linking")
(build / "bootloader" / "bootloader.bin").write_bytes(b"B" * 100)
(build / "table.bin").write_bytes(bytes.fromhex({table!r}))
(build / "micropython.bin").write_bytes(b"A" * {app})
(build / "esp-idf" / "tflm_engine").mkdir(parents=True, exist_ok=True)
(build / "esp-idf" / "tflm_engine" / "libtflm_engine.a").write_bytes(
    b"\\0GCC: (crosstool-NG esp-14.2.0_20241119) 14.2.0\\0")
(build / "micropython.map").write_text({map!r})
(build / "flasher_args.json").write_text(json.dumps({{"flash_files": {{
    "0x0": "bootloader/bootloader.bin", "0x8000": "table.bin", "0x10000": "micropython.bin"}}}}))
"""

MAP = """\
Linker script and memory map

.flash.text     0x42000020      0x300
 .text.invoke   0x42000020      0x100 esp-idf/main/libmain.a(modtflm.c.obj)
 .text.a_name_too_long_for_its_column
                0x42000120      0x200 esp-idf/esp-nn/libesp-nn.a(esp_nn_conv_opt.c.obj)
"""


def entry(kind: int, subtype: int, offset: int, size: int, name: str) -> bytes:
    """One entry of a partition table."""
    return struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, offset, size, name.encode(), 0)


TABLE = (
    entry(1, 2, 0x9000, 0x6000, "nvs")
    + entry(0, 0, 0x10000, APP_ROOM, "factory")
    + entry(1, 0x8F, 0x200000, 0x80000, "romfs")
    + b"\xeb\xeb" + b"\xff" * 30
)  # fmt: skip


def make(folder: Path, version: str = "5.5.1", body: str | None = None, app: int = 1000) -> Path:
    """An ESP-IDF in `folder`, whose idf.py builds an application of `app` bytes."""
    (folder / "tools" / "cmake").mkdir(parents=True)
    parts = zip(("MAJOR", "MINOR", "PATCH"), version.split("."), strict=True)
    text = "".join(f"set(IDF_VERSION_{part} {number})\n" for part, number in parts)
    (folder / "tools" / "cmake" / "version.cmake").write_text(text)
    good = GOOD.format(table=TABLE.hex(), app=app, map=MAP)
    script = IDF_PY.format(calls=str(folder / "calls.json"), body=good if body is None else body)
    (folder / "tools" / "idf.py").write_text(script)
    environment = folder / "env" / "bin"
    environment.mkdir(parents=True)
    (environment / "python").symlink_to(sys.executable)
    (folder / "export.sh").write_text(
        f'echo "Done! Use idf.py"\nexport IDF_PYTHON_ENV_PATH="{folder}/env" FROM_EXPORT=yes\n'
    )
    return folder
