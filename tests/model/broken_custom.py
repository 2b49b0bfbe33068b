"""More models that break one rule each: of custom ops. See broken_models.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from broken_models import Change, Row, code, graph, op, x0, y
from tflite_models import INT16
from tinycnn.tflite.build import custom_options

NO_MAP = "custom options are no map of numbers"
NONE = "option cycles_max is missing, or no whole number"


def custom(**numbers: Any) -> Change:
    """Op 0 has these options, all that it has."""
    return op(customOptions=custom_options(numbers))


def raw(*values: int) -> Change:
    """The options of op 0 are these bytes."""
    return op(customOptions=np.array(values, np.uint8))


def byte(at: int, value: int) -> Change:
    """One byte of the options of op 0 is another. They end with where, what type and how wide."""

    def change(old: Any) -> Any:
        made = np.array(old)
        made[at] = value
        return made

    return op(customOptions=change)


def state_of_two(model: Any) -> None:
    """Both buffers keep the same."""
    first, _, last = model.subgraphs[0].operators
    last.outputs = first.outputs
    graph(outputs=first.outputs)(model)


# The options of circular_q: "cycles_max", NUL, then 1 (how many keys), 12 (how far back the key
# is), 1 (how far back the keys are), 1 (the width of a key's offset), 1 (how many values), 1 (the
# value), 4 (its type), 2 (how far back the values are), 36 (a map), 1 (the width of that).
# A row takes two lines at most, not five.
# fmt: off
BROKEN: dict[str, list[Row]] = {
    "CIRCULAR_BUFFER": [
        ("circular_q", (x0(shape=[1, 2, 3]), y(shape=[4, 2, 3])), "input has 3 dimensions, not 4"),
        ("circular_q", y(shape=[4, 2, 3]), "output has 3 dimensions, not 4"),
        ("circular_q", x0(shape=[2, 1, 2, 3]), "input is 2 by 1 rows, not 1"),
        ("circular_q", x0(shape=[1, 2, 2, 3]), "input is 1 by 2 rows, not 1"),
        ("circular_q", y(shape=[2, 4, 2, 3]), "output dimension 0 is 2, the inputs give 1"),
        ("circular_q", y(shape=[1, 4, 3, 3]), "output dimension 2 is 3, the inputs give 2"),
        ("circular_q", y(shape=[1, 4, 2, 2]), "output dimension 3 is 2, the inputs give 3"),
        ("circular_q", x0(type=INT16), "input type INT16 is not supported"),
        ("circular_q", x0(scale=0.5), "scales of input and output differ"),
        ("circular_q", y(isVariable=False), "output is no variable, or the state of another op"),
        ("circular_q", op(outputs=lambda old: [*old, 0]), "2 outputs"),
        ("circular_q", custom(), NONE),
        ("circular_q", custom(cycles_max=0), "cycles_max is 0"),
        ("circular_q", custom(cycles_max=-200), "cycles_max is -200"),
        ("circular_q", custom(cycles_max=1 << 40), NONE),
        ("circular_q", custom(cycles_max=1.5), NONE),
        ("circular_q", custom(cycles_max=1, more=2), "2 options, the kernel has 1"),
        ("circular_q", raw(1, 2), NO_MAP),
        ("circular_q", raw(5, 4, 1), NO_MAP),  # a number
        ("circular_q", byte(-1, 3), NO_MAP),
        ("circular_q", byte(-1, 8), NO_MAP),
        ("circular_q", byte(-3, 200), NO_MAP),
        ("circular_q", byte(-3, 20), NO_MAP),
        ("circular_q", byte(-3, 0), NO_MAP),
        ("circular_q", byte(-6, 17), NO_MAP),
        ("circular_q", byte(-6, 4), NO_MAP),
        ("circular_q", byte(-7, 3), NO_MAP),
        ("circular_q", byte(-7, 8), NO_MAP),
        ("circular_q", byte(-8, 200), NO_MAP),
        ("circular_q", byte(-9, 200), NO_MAP),
        ("circular_q", byte(-10, 2), NO_MAP),
        ("circular_q", op(customOptions=custom_options({"k" * 40: 1})), NO_MAP),
        ("circular_guess_q", (x0(shape=[1, 1, 2, 96]), y(shape=[1, 4, 2, 96])),
         "cycles_max is missing, and the shape does not tell it"),
    ],
}
# fmt: on

BROKEN_CUSTOM = {f"op 0 {name}: ": rows for name, rows in BROKEN.items()} | {
    "op 2 CIRCULAR_BUFFER: ": [
        ("circular_twice_q", state_of_two, "output is no variable, or the state of another op"),
    ],
    "op 0 CIRCULAR": [
        ("circular_q", code(customCode=b"CIRCULAR"), ": version 1 is not in the firmware"),
        ("circular_q", code(version=2), "_BUFFER: version 2, the firmware has 1"),
    ],
    "op 0 : ": [("circular_q", code(customCode=None), "version 1 is not in the firmware")],
}
