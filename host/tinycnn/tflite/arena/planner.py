"""TFLM's greedy plan: where in the arena tensors and scratch buffers share memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tinycnn.tflite.graph import Graph

ALIGNMENT = 16
"""Of the arena and of every tensor, in bytes (micro/micro_arena_constants.h)."""


def up(size: int, alignment: int = ALIGNMENT) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


@dataclass(frozen=True)
class Buffer:
    """`size` bytes that are in use from step `first` to step `last`, both included."""

    size: int
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both are in use at some step."""
        return self.first <= other.last and other.first <= self.last


class _Uses:
    """When each tensor and each op's scratch memory of a graph is in use."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        self.last: dict[int, int] = {}
        self.ops: list[tuple[int, int]] = []

    def see(self, index: int, step: int) -> None:
        self.first.setdefault(index, step)
        self.last[index] = step


def buffers(graph: Graph, scratch: Sequence[Sequence[int]]) -> list[Buffer]:
    """What is to be planned: tensors first, then each op's `scratch` (bytes), those of the
    setup last.

    As micro/micro_allocation_info.cc: step 0 makes the inputs, step n is op n - 1,
    and outputs last to the end; a CALL_ONCE takes steps for what it calls. A tensor that
    nothing uses is in use at step -1.
    """
    uses = [_Uses(), _Uses()]
    _follow(graph, 0, uses)
    graphs = [graph] if graph.setup is None else [graph, graph.setup]
    found = []
    for each, of in zip(graphs, uses, strict=False):
        handles = {
            index for node in each.nodes if node.op == "VAR_HANDLE" for index in node.outputs
        }
        found += [
            Buffer(up(tensor.bytes), of.first.get(index, -1), of.last.get(index, -1))
            for index, tensor in enumerate(each.tensors)
            if tensor.bytes and not (tensor.constant or tensor.variable or index in handles)
        ]
    steps = [step for of in uses for step in of.ops]
    for (first, last), sizes in zip(steps, scratch, strict=True):
        found += [Buffer(up(size), first, last) for size in sizes]
    return found


def _follow(graph: Graph, step: int, uses: Sequence[_Uses]) -> int:
    """Note in uses[0], and of the setup in uses[1], what a run uses from `step` on.

    Returns the last step.
    """
    own = uses[0]
    for index in graph.inputs:
        own.see(index, step)
    for node in graph.nodes:
        step = first = step + 1
        for index in node.outputs:
            own.first.setdefault(index, step)
        if node.op == "CALL_ONCE" and graph.setup is not None:
            step = _follow(graph.setup, step + 1, uses[1:])
        for index in node.inputs:
            own.last[index] = step
        for index in node.outputs:
            own.see(index, step)
        own.ops.append((first, step))
    for index in graph.outputs:
        own.see(index, step)
    return step


def plan(wanted: Sequence[Buffer]) -> int:
    """Bytes from the arena's start that all of `wanted` take.

    As micro/memory_planner/greedy_memory_planner.cc: large ones first, of equals the
    later one, each into the lowest gap between those in use at the same time.
    """
    placed: list[tuple[int, Buffer]] = []  # by offset
    for index in sorted(range(len(wanted)), key=lambda i: (-wanted[i].size, -i)):
        buffer = wanted[index]
        offset = 0
        for start, other in placed:
            if other.overlaps(buffer):
                if start - offset >= buffer.size:
                    break
                offset = max(offset, start + other.size)
        place = bisect_right(placed, offset, key=lambda item: item[0])
        placed.insert(place, (offset, buffer))
    return max((offset + buffer.size for offset, buffer in placed), default=0)
