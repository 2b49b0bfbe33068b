"""How large an arena TFLM needs for a model, without TFLM.

A replay of what MicroInterpreter::AllocateTensors() takes from the arena, step by step,
for another machine than this one. The arena has two ends: tensors are planned from its
start (the head), what persists is stacked from its end (the tail), and what TFLM needs
for a moment lies behind the head. The arena must hold the worst moment of these, which
with small models is the planning, not the running.

It describes firmware_build/tflm/engine_tflm.cpp, which keeps its allocator and planner
outside the arena. Espressif's convolutions keep an int more than TFLM's reference kernels,
which hardly ever shows; those for the ESP32-S3 also ask for scratch memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinycnn.tflite.graph import Graph, Tensor, UnpredictableError, read_graph
from tinycnn.tflite.arena.kernels import Kernels, Prepared, prepare
from tinycnn.tflite.arena.layout import (
    ALIGNMENT,
    BOOLS_ONLY,
    ILP32,
    INT,
    LP64,
    PLANNER_ENTRY,
    SCRATCH_REQUESTS,
    Abi,
    up,
)
from tinycnn.tflite.arena.planner import Buffer, buffers, plan

__all__ = ["ILP32", "LP64", "Abi", "ArenaNeed", "Kernels", "UnpredictableError", "predict_arena"]


@dataclass(frozen=True)
class ArenaNeed:
    """Bytes, all of them.

    size     of the smallest arena, in steps of 16: what the firmware chooses by itself
    tensors  of it for tensors and scratch buffers, which share memory
    kept     of it for the interpreter and its ops; what is left over is needed only
             while the model is loaded
    """

    size: int
    tensors: int
    kept: int


def predict_arena(model: bytes, abi: Abi = ILP32, kernels: Kernels = "reference") -> ArenaNeed:
    """The arena for a model that check_model() found valid, on a target with `abi`.

    Raises UnpredictableError for an op or a type that is not known here.
    """
    graph = read_graph(model)
    ops = [prepare(graph, node, kernels) for node in graph.nodes]
    arena = _Arena(abi)
    _start(arena, graph)
    _init_ops(arena, ops)
    _prepare_ops(arena, ops)
    tensors = _commit_plan(arena, graph, ops)
    _keep_ends(arena, graph)
    return ArenaNeed(up(arena.need, ALIGNMENT), tensors, arena.tail)


class _Arena:
    """SingleArenaBufferAllocator without memory: how much of each end is taken, in bytes.

    Start and end are aligned to 16, so each end can be counted by itself. `need` is
    the smallest arena that held everything until now.
    """

    def __init__(self, abi: Abi) -> None:
        self.abi = abi
        self.tail = 0
        self.need = 0
        self._head = 0
        self._temporary = 0

    def persist(self, size: int, alignment: int) -> None:
        """Take `size` bytes from the end, for good."""
        self.tail = up(self.tail + size, alignment)
        self._note()

    def lend(self, size: int, alignment: int) -> None:
        """Take `size` bytes behind the head until give_back()."""
        self._temporary = up(self._temporary, alignment) + size
        self._note()

    def set_head(self, size: int) -> None:
        """Let the head have `size` bytes, when nothing is lent."""
        self._head = self._temporary = size
        self._note()

    def give_back(self) -> None:
        """End all that was lent."""
        self._temporary = self._head

    def require(self, size: int) -> None:
        """`size` bytes between both ends, aligned on both sides."""
        taken = up(self._temporary, ALIGNMENT) + up(self.tail, ALIGNMENT)
        self.need = max(self.need, taken + size)

    def persist_structs(self, name: str, count: int = 1) -> None:
        """An array of structs that hold pointers."""
        self.persist(self.abi.size(name) * count, self.abi.pointer)

    def lend_structs(self, name: str, count: int = 1) -> None:
        """The same for a while."""
        self.lend(self.abi.size(name) * count, self.abi.pointer)

    def _note(self) -> None:
        self.need = max(self.need, self._temporary + self.tail)


def _start(arena: _Arena, graph: Graph) -> None:
    """MicroAllocator::StartModelAllocation()."""
    arena.persist_structs("MicroBuiltinDataAllocator")
    arena.set_head(arena.abi.size("ScratchBufferRequest") * SCRATCH_REQUESTS)
    arena.persist_structs("SubgraphAllocations")
    arena.persist_structs("TfLiteEvalTensor", len(graph.tensors))
    arena.persist_structs("NodeAndRegistration", len(graph.nodes))


def _init_ops(arena: _Arena, ops: list[Prepared]) -> None:
    """Parse every op's options, then call Init() of each."""
    for op in ops:
        if op.options:
            arena.persist(arena.abi.size(op.options), 1 if op.options in BOOLS_ONLY else INT)
    for op in ops:
        if op.data:
            arena.persist(arena.abi.size(op.data), ALIGNMENT)


def _prepare_ops(arena: _Arena, ops: list[Prepared]) -> None:
    """Prepare() of each op, and room for the scratch requests of the next one."""
    requests = 0
    for op in ops:
        for tensor in op.temporary:
            arena.lend_structs("TfLiteTensor")
            if tensor.scales:
                arena.lend_structs("TfLiteAffineQuantization")
                arena.lend(_zero_points(tensor), INT)
        for size in op.persistent:
            arena.persist(size, ALIGNMENT)
        arena.give_back()
        requests += len(op.scratch)
        arena.set_head(arena.abi.size("ScratchBufferRequest") * (requests + SCRATCH_REQUESTS))


def _commit_plan(arena: _Arena, graph: Graph, ops: list[Prepared]) -> int:
    """MicroAllocator::FinishModelAllocation(): plan, and give the head what that takes."""
    scratch = [op.scratch for op in ops]
    wanted: list[Buffer] = buffers(graph, scratch)
    requests = sum(map(len, scratch))
    if requests:
        arena.persist_structs("ScratchBufferHandle", requests)
    arena.lend(arena.abi.pointer, arena.abi.pointer)  # the offset of the one subgraph
    arena.lend_structs("AllocationInfo", len(graph.tensors) + requests)
    arena.require(PLANNER_ENTRY * len(wanted))
    arena.give_back()
    size = plan(wanted)
    arena.set_head(size)
    return size


def _keep_ends(arena: _Arena, graph: Graph) -> None:
    """The TfLiteTensors of the model's inputs and outputs, at the end of AllocateTensors()."""
    for indices in (graph.inputs, graph.outputs):
        arena.persist(arena.abi.pointer * len(indices), ALIGNMENT)
        for index in indices:
            tensor = graph.tensors[index]
            arena.persist_structs("TfLiteTensor")
            if tensor.scales:
                arena.persist_structs("TfLiteAffineQuantization")
                arena.persist(_zero_points(tensor), INT)


def _zero_points(tensor: Tensor) -> int:
    return INT * (1 + tensor.scales)
