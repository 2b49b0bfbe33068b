"""What TFLM reads of a model that a rule says it does not: its parsers of options, by their text.

A fuzzer found that of ARG_MAX, whose kernel needs no option, after three million runs.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skips import or_skip
from tinycnn.firmware.fetch import fetch
from tinycnn.tflite.check import MODEL, TFLM
from tinycnn.tflite.ops import offered

CUSTOM = {
    "CIRCULAR_BUFFER": "tensorflow/lite/micro/kernels/circular_buffer_common.cc",
    "SignalWindow": "signal/micro/kernels/window.cc",
    "SignalRfft": "signal/micro/kernels/rfft.cc",
    "SignalEnergy": "signal/micro/kernels/energy.cc",
    "SignalFilterBank": "signal/micro/kernels/filter_bank.cc",
    "SignalFilterBankSpectralSubtraction": (
        "signal/micro/kernels/filter_bank_spectral_subtraction.cc"
    ),
    "SignalPCAN": "signal/micro/kernels/pcan.cc",
    "SignalFilterBankLog": "signal/micro/kernels/filter_bank_log.cc",
}
"""Which of TFLM's files tells the custom options of an op that has some."""

WITHOUT = {"SignalFftAutoScale", "SignalFilterBankSquareRoot"}
"""Those that have none."""


@pytest.fixture(scope="module")
def tflm() -> Path:
    with or_skip():
        return fetch("esp-tflite-micro").path


@pytest.fixture(scope="module")
def lite(tflm: Path) -> Path:
    return tflm / "tensorflow" / "lite"


def test_rules_know_custom_options(tflm: Path) -> None:
    """All of them, in the order by which TFLM's kernels find them."""
    custom = {name for name, op in offered().items() if op.kernel == "custom"}
    assert custom == CUSTOM.keys() | WITHOUT
    rules = "".join(path.read_text() for path in MODEL.glob("model_check_*.c"))
    known = [
        "".join(re.findall(r'"(.*)"', keys)).split("\\0")[:-1]
        for keys in re.findall(r'model_check_custom_options\(c, ((?:"[\w\\]+"\s*)+)', rules)
    ]
    for op, file in CUSTOM.items():
        text = (tflm / file).read_text()
        # The longest has its comment before it.
        found = re.findall(r"^(?:constexpr|const) int k(\w+)Index = (\d+);", text, re.MULTILINE)
        names = [
            re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().removeprefix("circular_buffer_")
            for name, _ in sorted(found, key=lambda each: int(each[1]))
        ]
        names = ["T", *names] if op == "SignalRfft" else names
        assert names, op
        assert names in known, op


def test_rules_know_which_options_tflm_reads(lite: Path) -> None:
    resolver = (lite / "micro" / "micro_mutable_op_resolver.h").read_text()
    parsers = (lite / "core" / "api" / "flatbuffer_conversions.cc").read_text()
    schema = (lite / "schema" / "schema_generated.h").read_text()
    rules = (MODEL / "model_check_ops.c").read_text()
    ours = "".join(path.read_text() for path in sorted(TFLM.glob("kernels_tflm_*.cpp")))
    for op, made in offered().items():
        if made.kernel == "custom":
            continue
        names = re.findall(rf"BuiltinOperator_{op},\s[^;]*?(Parse\w+)\)", resolver)
        names += re.findall(rf"OWN_KERNEL\w*\((?:[\w<>]+, )?{op}, (\w+),", ours)
        names += re.findall(rf"own_{op} = {{\s+tflite::(\w+),", ours)
        assert len(names) >= (1 if made.kernel == "tflm" else 2 - (made.kernel == "ours")), op
        bodies = [
            re.search(rf"TfLiteStatus {name}\(.*?\n}}", parsers + ours, re.DOTALL)
            for name in names
        ]
        assert all(bodies), names
        read = {
            option
            for body in bodies
            if body
            for option in re.findall(r"builtin_options_as_(\w+)", body[0])
        }
        numbers = {
            int(number)
            for each in read
            for number in re.findall(rf"^  BuiltinOptions_{each} = (\d+),", schema, re.MULTILINE)
        }
        rule = re.search(rf"RULE\({op}, [^;{{]*?\d+, \d+, (\d+), \"", rules)
        assert rule, op
        assert int(rule[1]) in (numbers or {0}), f"{op}: {names} read {read}"
