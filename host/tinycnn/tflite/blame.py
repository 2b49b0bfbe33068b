"""Why no firmware runs a model, in the words of who made it: which layer, and which op."""

from __future__ import annotations

import re

from tinycnn.text import printable
from tinycnn.tflite.check import CheckedModel, check_model
from tinycnn.tflite.graph import name_of, unpacked


def blame(data: bytes) -> str:
    """Why no firmware runs the .tflite `data`, fresh from the converter; "" if one does.

    The converter names a tensor by the layer that it comes of; slimming drops the names.
    """
    found = check_model(data)
    if found.profile:
        return ""
    at = _op_at_fault(found)
    if at is None:
        return found.reason
    model = unpacked(data)
    op = model.subgraphs[0].operators[at]
    graph, layer = model.subgraphs[0], "a layer"
    for output in op.outputs[:1]:
        layer = _layer(graph.tensors[output].name, last=output in graph.outputs)
    code = model.operatorCodes[op.opcodeIndex]
    name = name_of(model, op)
    if any(op.name == name and not op.profile for op in found.ops):
        version = f"{name} version {code.version}"
        return f"{layer} becomes {version}, an op that no firmware has: put another in its place"
    return f"{layer} becomes {name}, and no firmware runs that: {found.reason}"


def _op_at_fault(found: CheckedModel) -> int | None:
    for at, op in enumerate(found.ops):
        if not op.profile:
            return at
    said = re.match(r"op (\d+) ", found.reason)
    return int(said[1]) if said else None


def ops_of(data: bytes, layer: str) -> int:
    """How many ops of the .tflite `data`, fresh from the converter, are of that layer."""
    graph = unpacked(data).subgraphs[0]
    names = (graph.tensors[n].name for op in graph.operators for n in op.outputs[:1])
    return sum(_scope(name) == layer for name in names)


def _layer(tensor: bytes | None, *, last: bool) -> str:
    if scope := _scope(tensor):
        return f"layer {scope}"
    return "the last layer" if last else "a layer"


def _scope(tensor: bytes | None) -> str:
    """The layer of "tinycnn_1/MODEL_1/LAYER_1/...", whose number is the converter's; or ""."""
    scopes = printable(tensor or b"").partition(";")[0].split("/")
    return re.sub(r"_[0-9]+$", "", scopes[2]) if len(scopes) > 3 else ""
