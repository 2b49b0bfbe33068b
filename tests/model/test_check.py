"""model_check(): what the converter makes passes, each broken rule is named."""

from __future__ import annotations

import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from broken_all import BROKEN_ALL
from broken_custom import BROKEN_CUSTOM
from broken_int16 import BROKEN_INT16, TRANSPOSED
from broken_models import BROKEN
from broken_states import BROKEN_STATES, containers, others
from check_program import CheckMain, built
from model_changes import Change, broken, graph, rows_of, x2
from tflite_models import INT8, OP, Tensor, moved_data, one_op, schema, unpacked
from tinycnn.tflite.check import MODEL
from tinycnn.tflite.graph import read_graph
from tinycnn.tflite.ops import offered

TABLES = (BROKEN, BROKEN_STATES, BROKEN_ALL, BROKEN_CUSTOM, BROKEN_INT16)
ROWS = [row for table in TABLES for row in rows_of(table)]
NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}
TYPE_CODES = {
    schema.TensorType.FLOAT32: "f",
    schema.TensorType.INT8: "b",
    schema.TensorType.UINT8: "B",
    schema.TensorType.BOOL: "B",
    schema.TensorType.INT16: "h",
    schema.TensorType.INT32: "i",
}


def test_corpus_passes(check_main: CheckMain, corpus_files: dict[str, Path]) -> None:
    assert len(corpus_files) >= 150
    verdicts = check_main.check(corpus_files.values())
    assert {name: verdict for name, verdict in verdicts.items() if verdict != ("ok", "")} == {}


def test_corpus_has_every_op(corpus: dict[str, bytes]) -> None:
    graphs = [read_graph(data) for data in corpus.values()]
    graphs += [graph.setup for graph in graphs if graph.setup]
    seen = {node.op for graph in graphs for node in graph.nodes}
    assert offered().keys() - seen == set()


def test_ops_def_matches_schema_and_program(check_main: CheckMain) -> None:
    lines = [line.split("\t") for line in check_main.run("names").splitlines()]
    said = {int(code): name for kind, code, name, *_ in lines if kind == "name"}
    assert {code: said.get(code) for code in NAMES} == NAMES
    # It may have some that are newer than this machine's schema.
    assert all(code > max(NAMES) for code in set(said) - set(NAMES))
    rules = [fields for kind, *fields in lines if kind == "rule"]
    assert rules == [[name, str(op.code), str(op.version)] for name, op in offered().items()]
    builtin = {name: op.code for name, op in offered().items() if op.kernel != "custom"}
    assert all(NAMES[code] == name for name, code in builtin.items())
    custom = {op.code for op in offered().values() if op.kernel == "custom"}
    assert {NAMES[code] for code in custom} == {"CUSTOM"}


@pytest.mark.parametrize("name", ["digits_q", "digits_f", "two_outputs_q", "concat_bool", "add_f"])
def test_readers_agree_with_schema(
    check_main: CheckMain, corpus_files: dict[str, Path], name: str
) -> None:
    path = corpus_files[name]
    model = unpacked(path.read_bytes())
    graph = model.subgraphs[0]
    expected = []
    for kind, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for index in indices:
            tensor = graph.tensors[index]
            shape = [int(dim) for dim in tensor.shape]
            size = {"f": 4, "i": 4, "h": 2}.get(TYPE_CODES[tensor.type], 1)
            fields = [
                kind,
                tensor.name.decode(),
                TYPE_CODES[tensor.type],
                str(int(np.prod(shape)) * size),
                ",".join(map(str, shape)),
            ]
            quantization = tensor.quantization
            if quantization and quantization.zeroPoint is not None:
                pairs = zip(quantization.scale, quantization.zeroPoint, strict=True)
                fields += [f"{scale:.9g} {zero}" for scale, zero in pairs]
            expected.append("\t".join(fields))
    for op in graph.operators:
        code = model.operatorCodes[op.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        expected.append(f"op\t{NAMES[number]}\t{number}\t{code.version}")
    assert check_main.run("describe", path).splitlines() == expected


def test_what_only_our_kernels_do(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """TFLM has these for float32 alone, or with fewer dimensions, or wrongly."""
    cube = Tensor([1, 2, 1, 2, 3], INT8, scale=0.5)
    add = one_op(OP.ADD, [cube] * 2, cube, schema.AddOptionsT())
    relu6 = Tensor([4], INT8, scale=0.05), Tensor([4], INT8, scale=0.025)
    models = {
        "EXP": (corpus["exp_q"], "op 0 EXP: input type INT8 is not supported"),
        "LOG": (corpus["log_q"], "op 2 LOG: input type INT8 is not supported"),
        "SQRT": (corpus["sqrt_q"], "op 1 SQRT: input type INT8 is not supported"),
        "DIV": (corpus["div_op_q"], "op 0 DIV: input type INT8 is not supported"),
        "ADD": (add, "op 0 ADD: more than 4 dimensions"),
        "SLICE": (corpus["slice_at_f"], "op 0 SLICE: begin must be 2 constant int32"),
        "TRANSPOSE": (corpus["transpose_6d_f"], "op 1 TRANSPOSE: 6 dimensions, not 1 to 5"),
        "RELU6": (
            one_op(OP.RELU6, relu6[:1], relu6[1], version=2),
            "op 0 RELU6: scales of input and output differ",
        ),
    }  # fmt: skip
    folder = tmp_path / "tflm"
    folder.mkdir()
    tflms = CheckMain(built("check_main", folder, TFLM_KERNELS="tflm"))
    paths = [tmp_path / f"{name}.tflite" for name in models]
    for path in paths:
        path.write_bytes(models[path.stem][0])
    assert tflms.check(paths) == {name: ("invalid", why) for name, (_, why) in models.items()}
    assert set(check_main.check(paths).values()) == {("ok", "")}


@pytest.fixture(scope="session")
def broken_verdicts(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("broken")
    paths = [folder / f"{index}.tflite" for index in range(len(ROWS))]
    for path, (base, change, _) in zip(paths, ROWS, strict=True):
        path.write_bytes(broken(corpus[base], change))
    verdicts = check_main.check(paths)
    return [verdicts[path.stem] for path in paths]


def as_expected(message: str, expected: str) -> bool:
    """Whether it is that message; after "..." the end of one."""
    if expected.startswith("..."):
        return message.endswith(expected[3:])
    return message == expected


@pytest.mark.parametrize("index", range(len(ROWS)), ids=[message for _, _, message in ROWS])
def test_broken_rule_is_named(index: int, broken_verdicts: list[tuple[str, str]]) -> None:
    status, message = broken_verdicts[index]
    expected = ROWS[index][2]
    unsupported = "in the firmware" in expected or "the firmware has" in expected
    assert status == ("unsupported" if unsupported else "invalid")
    assert as_expected(message, expected), message
    assert len(message) <= 120


def test_scales_that_nobody_reads_need_no_dimension(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """person_detect, TFLM's own example, has biases of one dimension, quantized along 3."""
    path = tmp_path / "bias.tflite"
    path.write_bytes(broken(corpus["conv_same_q"], x2(scale=[0.5] * 4, dim=3)))
    assert check_main.check([path]) == {"bias": ("ok", "")}


@pytest.mark.parametrize("beside", [0, 4])
def test_biases_of_int64_need_be_aligned_for_others_alone(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path, beside: int
) -> None:
    """The converter aligns to 4; our kernels take them so, and Python has no array of such."""
    bias = unpacked(corpus["conv_same_w"]).subgraphs[0].operators[0].inputs[2]
    verdicts = []
    for outputs in ([], [bias]):
        data = broken(corpus["conv_same_w"], graph(outputs=lambda old, new=outputs: [*old, *new]))
        path = tmp_path / "conv.tflite"
        path.write_bytes(moved_data(data, bias, beside))
        verdicts.append(check_main.check([path])["conv"])
    refused = ("invalid", "buffer of INT64 is not aligned: try `tinycnn slim`")
    allowed = ("ok", "")
    assert verdicts == [allowed, refused if beside else allowed]


@pytest.mark.parametrize(("base", "change", "message"), TRANSPOSED)
def test_transpose_conv_of_int16(
    check_main: CheckMain,
    corpus: dict[str, bytes],
    tmp_path: Path,
    base: str,
    change: tuple[Change, ...],
    message: str,
) -> None:
    """Its kernel is TFLM's, which reads the bias as what it says."""
    data = broken(corpus[base], change)
    bias = unpacked(data).subgraphs[0].operators[0].inputs[3]
    path = tmp_path / "transposed.tflite"
    for beside in (0, 4):
        path.write_bytes(moved_data(data, bias, beside))
        status, said = check_main.check([path])["transposed"]
        if beside:
            message = "buffer of INT64 is not aligned: try `tinycnn slim`"
        assert (status, said) == (
            ("invalid", f"op 0 TRANSPOSE_CONV: {message}") if message else ("ok", "")
        )


def test_names_of_variables(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """All may be without a container; there may be as many as the check has room for."""
    path = tmp_path / "stream.tflite"
    path.write_bytes(broken(corpus["stream_f"], containers(None)))
    assert check_main.check([path]) == {"stream": ("ok", "")}
    path.write_bytes(broken(corpus["stream_f"], others(30)))
    assert check_main.check([path])["stream"][1] == "variable 2 is never assigned"


def _root(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, 0)[0])


def _vtable(data: bytes, table: int) -> int:
    return table - int(struct.unpack_from("<i", data, table)[0])


def _with(data: bytes, offset: int, value: int, kind: str = "<I") -> bytes:
    changed = bytearray(data)
    struct.pack_into(kind, changed, offset, value)
    return bytes(changed)


def _field(data: bytes, table: int, index: int) -> int:
    """Where field `index` of a table is."""
    entry = _vtable(data, table) + 4 + 2 * index
    return table + int(struct.unpack_from("<H", data, entry)[0])


def _follow(data: bytes, pos: int) -> int:
    return pos + int(struct.unpack_from("<I", data, pos)[0])


STRUCTURE = {
    "empty": (lambda d: b"", "not a TFLite model"),
    "no_identifier": (lambda d: d[:4] + b"TFL2" + d[8:], "not a TFLite model"),
    "root_outside": (lambda d: _with(d, 0, len(d)), "offset at byte 0 leads outside"),
    "root_huge": (lambda d: _with(d, 0, 0xFFFFFFFC), "offset at byte 0 leads outside"),
    "root_misaligned": (lambda d: _with(d, 0, _root(d) + 1), "offset at byte 0 leads outside"),
    "vtable_outside": (
        lambda d: _with(d, _root(d), 0x7FFFFFF0),
        "table at byte {root} has no vtable",
    ),
    "vtable_odd": (
        lambda d: _with(d, _root(d), _root(d) - _vtable(d, _root(d)) + 1),
        "table at byte {root} has no vtable",
    ),
    "vtable_short": (
        lambda d: _with(d, _vtable(d, _root(d)), 2, "<H"),
        "table at byte {root} ends outside",
    ),
    "vtable_long": (
        lambda d: _with(d, _vtable(d, _root(d)), 0xFFFE, "<H"),
        "table at byte {root} ends outside",
    ),
    "table_long": (
        lambda d: _with(d, _vtable(d, _root(d)) + 2, 0xFFFF, "<H"),
        "table at byte {root} ends outside",
    ),
    "field_outside_table": (
        lambda d: _with(d, _vtable(d, _root(d)) + 4, 0xFFF0, "<H"),
        "... is misplaced",
    ),
    "field_misaligned": (
        lambda d: _with(d, _vtable(d, _root(d)) + 4, 5, "<H"),
        "... is misplaced",
    ),
    "vector_too_long": (
        lambda d: _with(d, _follow(d, _field(d, _root(d), 4)), 0x3FFFFFFF),
        "... ends outside",
    ),
    "vector_wraps": (
        lambda d: _with(d, _follow(d, _field(d, _root(d), 4)), 0xFFFFFFFF),
        "... ends outside",
    ),
    "string_not_ended": (
        lambda d: _with(d, _follow(d, _field(d, _root(d), 3)), 3),
        "... has no end",
    ),
    "offset_to_itself": (
        lambda d: _with(d, _field(d, _root(d), 4), 0),
        "... leads outside",
    ),
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_broken_structure_is_named(
    name: str, check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    change, expected = STRUCTURE[name]
    data = corpus["digits_q"]
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(change(data))
    status, message = check_main.check([path])[name]
    assert status == "invalid"
    assert as_expected(message, expected.format(root=_root(data))), message


def test_parts_used_too_often(
    check_main: CheckMain, corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """60,000 tensors that are one, with 60,000 dimensions: 3.6 billion steps in full."""
    data = bytearray(corpus["relu_f"])
    graph = _follow(data, _follow(data, _field(data, _root(data), 2)) + 4)
    tensor = _follow(data, _follow(data, _field(data, graph, 0)) + 4)
    data += bytes(-len(data) % 4)
    count = 60_000
    # Offsets lead forward only: the vector of tensors, the tensor, its shape.
    vector = len(data)
    clone = vector + 4 + 4 * count
    size = 64
    shape = clone + size
    table = bytearray(data[tensor : tensor + size])
    struct.pack_into("<i", table, 0, clone - _vtable(data, tensor))
    data += struct.pack("<I", count)
    data += b"".join(struct.pack("<I", clone - (vector + 4 + 4 * i)) for i in range(count))
    data += table + struct.pack("<I", count) + bytes(4 * count)
    name, quantization = len(data), len(data) + 12
    data += bytes(8) + struct.pack("<HHi", 4, 4, 4)  # an empty string, an empty table
    struct.pack_into("<I", data, _field(data, graph, 0), vector - _field(data, graph, 0))
    for index, target in ((0, shape), (3, name), (4, quantization)):
        pos = _field(data, clone, index)
        if pos != clone:
            struct.pack_into("<I", data, pos, target - pos)
    path = tmp_path / "shared.tflite"
    path.write_bytes(data)
    start = time.monotonic()
    verdict = check_main.check([path])["shared"]
    assert verdict == ("invalid", "parts of the file are used too often")
    assert time.monotonic() - start < 5


def test_any_truncation_or_changed_byte(
    check_main: CheckMain, corpus_files: dict[str, Path]
) -> None:
    check_main.run("mutate", corpus_files["digits_q"])


def test_random_changes(check_main: CheckMain, corpus_files: dict[str, Path]) -> None:
    check_main.run("random", "200000", "7", *corpus_files.values())


def test_exported_names_have_one_prefix(tmp_path: Path) -> None:
    """So that they clash with nothing of TFLM's, MicroPython's or a user module's."""
    sources = sorted(MODEL.glob("*.c"))
    subprocess.run(["gcc", "-c", *sources], cwd=tmp_path, check=True)
    objects = sorted(tmp_path.glob("*.o"))
    said = subprocess.run(
        ["nm", "--defined-only", "--extern-only", *objects],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [words[2] for line in said.splitlines() if len(words := line.split()) == 3]
    assert len(objects) == len(sources)
    assert len(names) > 100
    assert [name for name in names if not name.startswith("model_")] == []
