"""Whose kernels an image for a chip has: choose_kernels.cmake, by the table of ops."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skips import or_skip
from tinycnn.command import need, run
from tinycnn.errors import MissingToolError
from tinycnn.files import ROOT
from tinycnn.tflite.ops import offered

ESP32 = ROOT / "firmware_build" / "esp32"
OPS_DEF = ROOT / "firmware_build" / "tflm" / "ops.def"
ESPRESSIF = ("add", "conv", "depthwise_conv", "fully_connected", "mul", "pooling", "softmax")

SCRIPT = """
include({esp32}/choose_kernels.cmake)
set(sources {sources})
choose_kernels(sources {ops_def} "{chip}")
message("CHOSEN ${{sources}}")
"""


@pytest.mark.parametrize("chip", ["esp32s3", "esp32", "esp32c3", ""])
def test_espressif_s_kernels(chip: str, tmp_path: Path) -> None:
    """On an ESP32-S3 those with vector instructions; elsewhere where we have none."""
    with or_skip(MissingToolError):
        need("cmake")
    sources = [f"/tree/kernels/esp_nn/{name}.cc" for name in ESPRESSIF]
    script = tmp_path / "script.cmake"
    script.write_text(
        SCRIPT.format(
            esp32=ESP32, ops_def=OPS_DEF, chip=chip, sources=" ".join(["/tree/micro.cc", *sources])
        )
    )
    done = run(["cmake", "-P", str(script)])
    assert done.ok, done.output
    (chosen,) = re.findall(r"CHOSEN (.*)", done.output)
    kinds = {"esp32s3": {"tflm", "vector"}, "": set()}.get(chip, {"tflm"})
    wanted = {op.espressif for op in offered().values() if op.kernel in kinds}
    expected = ["/tree/micro.cc"] + [
        f"/tree/kernels/{'esp_nn/' if f'esp_nn/{name}' in wanted else ''}{name}.cc"
        for name in ESPRESSIF
    ]
    assert chosen.split(";") == expected
    assert ("/tree/kernels/esp_nn/conv.cc" in expected) == (chip == "esp32s3")
