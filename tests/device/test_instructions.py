"""How many instructions a call takes, where an emulator counts them: no clock is as steady."""

from __future__ import annotations

from host_helpers import Pipeline
from staging import LACKS, need
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
