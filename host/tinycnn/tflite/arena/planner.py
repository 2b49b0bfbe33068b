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


def buffers(graph: Graph, scratch: Sequence[Sequence[int]]) -> list[Buffer]:
    """What is to be planned: tensors first, then each op's `scratch` (bytes).

    As micro/micro_allocation_info.cc: step 0 makes the inputs, step n is op n - 1,
    and outputs last to the end. A tensor that nothing uses is in use at step -1.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for index in graph.inputs:
        first.setdefault(index, 0)
        last[index] = 0
    for step, node in enumerate(graph.nodes, 1):
        for index in node.outputs:
            first.setdefault(index, step)
        for index in (*node.inputs, *node.outputs):
            last[index] = step
    for index in graph.outputs:
        first.setdefault(index, len(graph.nodes))
        last[index] = len(graph.nodes)
    found = [
        Buffer(up(tensor.bytes), first.get(index, -1), last.get(index, -1))
        for index, tensor in enumerate(graph.tensors)
        if tensor.bytes and not (tensor.constant or tensor.variable)
    ]
    for step, sizes in enumerate(scratch, 1):
        found += [Buffer(up(size), step, step) for size in sizes]
    return found


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
