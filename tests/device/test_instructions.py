"""How many instructions a call takes, where an emulator counts them: no clock is as steady."""

from __future__ import annotations

from pathlib import Path

from host_helpers import Pipeline
from staging import LACKS, need
from tflite_models import INT8, OP, Tensor, one_op
from tinycnn.bench.count import ByClock, count_instructions
from tinycnn.bench.models import Model
from tinycnn.targets.targets import Target


class TwiceAsOften(ByClock):
    def times(self, macs: int) -> tuple[int, int]:
        calls, loads = super().times(macs)
        return 2 * calls, loads


def test_invoke_takes_the_same_instructions_each_time(
    target: Target, article_pipeline: Pipeline
) -> None:
    """However many calls in a process, and from one start of the machine to the next."""
    need(target, "icount")
    assert target.counted is not None
    models = article_pipeline.converted.models
    for model in models if "float32" not in LACKS[target.name] else models[1:]:
        once, again, twice = (
            count_instructions(Model(model.name, model.data), counter)
            for counter in (
                ByClock(target.counted),
                ByClock(target.counted),
                TwiceAsOften(target.counted),
            )
        )
        print(target.name, model.name, once)
        found = [count.invoke for count in (once, again, twice)]
        assert max(found) - min(found) < 0.001 * min(found), found
        # Ten thousand multiplications cannot be had for less, nor should one take a hundred.
        assert 10_000 < found[0] < 1_000_000, found
        assert once.predict is not None
        assert found[0] < once.raw < once.predict


_FRAME = """\
import gc, time
import tflm

image = tflm.Interpreter("frame.tflite").inputs[0]
for name, depth in (("gray", 1), ("rgb565le", 2), ("rgb565be", 2)):
    picture = None
    gc.collect()
    picture = bytes(160 * 120 * depth)
    start = time.ticks_us()
    image.load_image(picture, 160, 120, name)
    print(name, time.ticks_diff(time.ticks_us(), start))
"""


def test_a_frame_of_a_camera(target: Target, tmp_path: Path) -> None:
    """96x96 of 160x120 within 1.5 million; 4 where it is compiled to be small."""
    need(target, "icount")
    assert target.counted is not None
    pixels = Tensor([1, 96, 96, 1], INT8, scale=1 / 255, zero_point=-128)
    flat = Tensor([96 * 96], INT8, scale=1 / 255, zero_point=-128)
    flash = tmp_path / "flash"
    flash.mkdir()
    (flash / "frame.tflite").write_bytes(one_op(OP.RESHAPE, [pixels], flat))
    script = tmp_path / "frame.py"
    script.write_text(_FRAME)
    done = target.counted(script, flash=flash, capture=True, timeout=60)
    took = {name: 1000 * int(ticks) for name, ticks in map(str.split, done.stdout.splitlines())}
    print(took)
    assert len(took) == 3, done
    assert max(took.values()) < (1_500_000 if target.name == "qemu-rv32" else 4_000_000)
