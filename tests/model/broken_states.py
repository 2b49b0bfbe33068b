"""Of the ops that keep a state: models that break one rule each. Part of broken_models.py."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from model_changes import (
    Change,
    Row,
    graph,
    model,
    op,
    op_code,
    ops,
    options,
    put,
    source,
    tensor_changes,
    y,
)
from tflite_models import FLOAT32, INT8, INT16, INT32

BROKEN_STATES: dict[str, list[Row]] = {}

X, WEIGHTS, RECURRENT, PEEPHOLE, BIAS, PROJECTION, HIDDEN, CELL, NORM = (
    0,
    1,
    5,
    9,
    12,
    16,
    18,
    19,
    20,
)
FEATURES, TIMES, SVDF_BIAS, STATE = 1, 2, 3, 4

x, weights, recurrent, bias = map(source, (X, WEIGHTS, RECURRENT, BIAS))
hidden, cell = source(HIDDEN), source(CELL)
features, times, svdf_bias, state = map(source, (FEATURES, TIMES, SVDF_BIAS, STATE))


def intermediate(**fields: Any) -> Change:
    change: Change = tensor_changes(
        lambda m: [m.subgraphs[0].tensors[ops(m)[0].intermediates[0]]]
    )(**fields)
    return change


def input_is(number: int, other: int | None) -> Change:
    """Input `number` of op 0 is left out, or what input `other` is."""

    def change(m: Any) -> None:
        indices = list(ops(m)[0].inputs)
        indices[number] = -1 if other is None else indices[other]
        ops(m)[0].inputs = indices

    return change


def of_relu(m: Any) -> None:
    """An intermediate as LSTM may have it."""
    made = type(m.subgraphs[0].tensors[0])()
    made.shape = [0]
    m.subgraphs[0].tensors.append(made)
    ops(m)[0].intermediates = [len(m.subgraphs[0].tensors) - 1]


def used_twice(m: Any) -> None:
    """A second op has the states of the first."""
    made = type(ops(m)[0])()
    made.__dict__.update(ops(m)[0].__dict__)
    tensor = type(m.subgraphs[0].tensors[0])()
    tensor.__dict__.update(m.subgraphs[0].tensors[int(made.outputs[0])].__dict__)
    m.subgraphs[0].tensors.append(tensor)
    made.outputs = [len(m.subgraphs[0].tensors) - 1]
    ops(m).append(made)


def io_of(field: str, number: int) -> Change:
    """Input `number` of op 0 is an input or output of the model."""

    def change(m: Any) -> None:
        getattr(m.subgraphs[0], field)
        setattr(m.subgraphs[0], field, [int(ops(m)[0].inputs[number])])

    return change


def of_op(subgraph: int, number: int, **fields: Any) -> Change:
    """An op of stream_f, whose subgraph 1 sets its variables up."""
    return lambda m: put(m.subgraphs[subgraph].operators[number], fields)


def of_options(subgraph: int, number: int, **fields: Any) -> Change:
    return lambda m: put(m.subgraphs[subgraph].operators[number].builtinOptions, fields)


def of_tensor(subgraph: int, number: int, **fields: Any) -> Change:
    return lambda m: put(m.subgraphs[subgraph].tensors[number], fields)


def containers(value: bytes | None) -> tuple[Change, ...]:
    return tuple(of_options(*at, container=value) for at in ((0, 1), (0, 2), (1, 0), (1, 2)))


def again(count: int) -> Change:
    """The second VAR_HANDLE so many times more, with as many tensors."""

    def change(m: Any) -> None:
        graph = m.subgraphs[0]
        for _ in range(count):
            made = deepcopy(graph.operators[2])
            made.outputs = [len(graph.tensors)]
            graph.tensors.append(deepcopy(graph.tensors[9]))
            graph.operators.append(made)

    return change


def others(count: int) -> Change:
    """So many handles more, each on a variable of its own."""

    def change(m: Any) -> None:
        again(count)(m)
        for i, made in enumerate(m.subgraphs[0].operators[-count:]):
            made.builtinOptions = deepcopy(made.builtinOptions)
            made.builtinOptions.sharedName = b"more %d" % i

    return change


def only_setup_calls(m: Any) -> None:
    """CALL_ONCE stands in the second subgraph."""
    main, setup = m.subgraphs
    call = main.operators.pop(0)
    setup.operators.append(call)


# fmt: off
BROKEN_STATES["op 0 UNIDIRECTIONAL_SEQUENCE_LSTM: "] = [
    ("lstm_f", op(inputs=lambda old: old[:20]), "20 inputs"),
    ("lstm_f", input_is(X, None), "input 0 is missing"),
    ("lstm_f", input_is(WEIGHTS + 1, None), "input 2 is missing"),
    ("lstm_f", input_is(BIAS, None), "input 12 is missing"),
    ("lstm_f", input_is(HIDDEN, None), "input 18 is no variable"),
    ("lstm_f", input_is(HIDDEN, X), "input 18 is no variable"),
    ("lstm_f", input_is(CELL, HIDDEN), "input 19 is the state of another op"),
    ("lstm_f", input_is(WEIGHTS, CELL), "input 1 is a variable"),
    ("lstm_f", hidden(isVariable=False), "input 18 is not written before"),
    ("lstm_f", input_is(PEEPHOLE, WEIGHTS), "peephole is not supported"),
    ("lstm_f", input_is(PROJECTION + 1, WEIGHTS), "projection is not supported"),
    ("lstm_f", input_is(NORM + 3, WEIGHTS), "layer normalization is not supported"),
    ("lstm_f", options(fusedActivationFunction=1), "activation is not tanh"),
    ("lstm_f", options(cellClip=-1.0), "cell clip is negative or not finite"),
    ("lstm_q", options(cellClip=float("nan")), "cell clip is negative or not finite"),
    ("lstm_q", options(cellClip=float("inf")), "cell clip is negative or not finite"),
    ("lstm_f", options(diagonalRecurrentTensors=True), "diagonal weights are not supported"),
    ("lstm_q", hidden(type=INT16), "hidden state has type INT16, not INT8"),
    ("lstm_q", cell(type=INT8), "cell state has type INT8, not INT16"),
    ("lstm_f", x(shape=[4, 3]), "input has 2 dimensions, not 3"),
    ("lstm_f", y(shape=[4, 5]), "output has 2 dimensions, not 3"),
    ("lstm_f", hidden(shape=[5]), "hidden state has 1 dimensions, not 2"),
    ("lstm_f", hidden(shape=[2, 5]), "hidden states are 2 by 5"),
    ("lstm_batch_f", cell(shape=[2, 4]), "cell states are 2 by 4"),
    ("lstm_batch_f", options(timeMajor=True), "hidden states are 2 by 5"),
    ("lstm_f", y(shape=[1, 3, 5]), "output dimension 1 is 3, the inputs give 4"),
    ("lstm_f", y(shape=[1, 4, 6]), "output dimension 2 is 6, the inputs give 5"),
    ("lstm_f", y(type=INT32), "output has type INT32, not FLOAT32"),
    ("lstm_f", weights(shape=[3, 5]), "weights are 3 by 5"),
    ("lstm_f", recurrent(shape=[25]), "weights has 1 dimensions, not 2"),
    ("lstm_q", weights(type=FLOAT32, shape=[5, 3], data=[0.0] * 15, dtype="f4"),
     "weights has type FLOAT32, not INT8"),
    ("lstm_q", recurrent(scale=[0.5] * 5), "weights has 5 scales, not 1"),
    ("lstm_q", weights(zero=[1], scale=0.5), "zero point of weights is not 0"),
    ("lstm_q", weights(scale=1e5), "scales make the result overflow"),
    ("lstm_q", recurrent(scale=1e5), "scales make the result overflow"),
    ("lstm_q", bias(data=[2**31 - 1] * 5), "scales make the result overflow"),
    ("lstm_q", bias(type=FLOAT32), "bias has type FLOAT32, not INT32"),
    ("lstm_f", bias(shape=[1, 5]), "bias has 2 dimensions, not 1"),
    ("lstm_f", bias(shape=[4], data=[0.0] * 4, dtype="f4"), "4 biases, not 5"),
    ("lstm_q", hidden(scale=0.5), "scales of hidden state and output differ"),
    ("lstm_q", cell(scale=0.0005), "scale of the cell state is no power of 2, or out of range"),
    ("lstm_q", cell(scale=2.0), "scale of the cell state is no power of 2, or out of range"),
    ("lstm_q", cell(scale=2.0**-25), "scale of the cell state is no power of 2, or out of range"),
    ("lstm_q", cell(quantization=None), "cell state has 0 scales, not 1"),
    ("lstm_q", cell(scale=2.0**-11, zero=[1]), "zero point of cell state is not 0"),
    ("lstm_q", op_code(44, version=5), "version 5, the firmware has 4"),
]
BROKEN_STATES["op 1 UNIDIRECTIONAL_SEQUENCE_LSTM: "] = [
    ("lstm_f", used_twice, "input 18 is the state of another op"),
]
BROKEN_STATES["op 0 SVDF: "] = [
    ("svdf_f", input_is(SVDF_BIAS, None), "input 3 is missing"),
    ("svdf_f", input_is(FEATURES, STATE), "input 1 is a variable"),
    ("svdf_f", input_is(STATE, X), "input 4 is no variable"),
    ("svdf_f", options(fusedActivationFunction=4), "activation 4 is not supported"),
    ("svdf_f", options(rank=0), "10 filters of rank 0"),
    ("svdf_f", options(rank=-1), "10 filters of rank -1"),
    ("svdf_f", options(rank=3), "10 filters of rank 3"),
    ("svdf_f", options(rank=1), "output dimension 1 is 5, the inputs give 10"),
    ("svdf_f", x(shape=[3]), "input has 1 dimensions, not 2"),
    ("svdf_f", x(shape=[1, 4]), "features are 10 by 3"),
    ("svdf_f", x(shape=[2, 3]), "states are 1 by 60"),
    ("svdf_f", times(shape=[6, 10]), "weights in time are 6 by 10"),
    ("svdf_f", state(shape=[1, 61]), "states are 1 by 61"),
    ("svdf_f", state(shape=[60]), "state has 1 dimensions, not 2"),
    ("svdf_f", y(shape=[2, 5]), "output dimension 0 is 2, the inputs give 1"),
    ("svdf_f", svdf_bias(shape=[4], data=[0.0] * 4, dtype="f4"), "4 biases, not 5"),
    ("svdf_f", state(type=INT16), "state has type INT16, not FLOAT32"),
    ("svdf_q", state(type=INT8), "weights in time has type INT16, not INT8"),
    ("svdf_q", state(type=FLOAT32), "state has type FLOAT32, not INT16"),
    ("svdf_q", features(scale=[0.5] * 10), "features has 10 scales, not 1"),
    ("svdf_q", features(scale=0.5, zero=[1]), "zero point of features is not 0"),
    ("svdf_q", times(scale=0.5, zero=[1]), "zero point of weights in time is not 0"),
    ("svdf_q", state(quantization=None), "state has 0 scales, not 1"),
    ("svdf_q", state(scale=1e-8), "scales make the result overflow"),
    ("svdf_q", y(scale=1e-8, zero=[-128]), "scales make the result overflow"),
    ("svdf_q", svdf_bias(type=FLOAT32), "bias has type FLOAT32, not INT32"),
]
BROKEN_STATES[""] = [
    ("lstm_f", weights(isVariable=True), "tensor 1: a variable, but constant"),
    ("lstm_f", io_of("inputs", HIDDEN), "input 0 is no free tensor"),
    ("lstm_f", io_of("outputs", HIDDEN), "output 0 is never written"),
    ("lstm_q", graph(inputs=lambda old: [*old, len(old)]), "input 1 is no free tensor"),
    ("lstm_q", op(intermediates=[-1]), "intermediate tensor -1 does not exist"),
    ("lstm_q", op(intermediates=[99]), "intermediate tensor 99 does not exist"),
    ("relu_f", of_relu, "op 0 RELU: intermediate tensors are not supported"),
    ("relu_f", op(intermediates=[1]), "tensor 1: an intermediate, but not empty"),
    ("lstm_q", intermediate(shape=[1]), "tensor 16: an intermediate, but not empty"),
    ("lstm_q", intermediate(shape=[0, 4]), "tensor 16: an intermediate, but not empty"),
    ("lstm_q", op(intermediates=[]), "tensor 16: dimension 0 is 0"),
]
BROKEN_STATES["op 0 CALL_ONCE: "] = [
    ("stream_f", of_options(0, 0, initSubgraphIndex=0),
     "calls subgraph 0, or is not the only one"),
    ("stream_f", of_options(0, 0, initSubgraphIndex=2),
     "calls subgraph 2, or is not the only one"),
    ("stream_f", of_options(0, 0, initSubgraphIndex=-1),
     "calls subgraph -1, or is not the only one"),
    ("stream_f", model(subgraphs=lambda old: old[:1]), "calls subgraph 1, or is not the only one"),
    ("stream_f", of_op(0, 0, inputs=[0]), "1 inputs"),
    ("stream_f", of_op(0, 0, outputs=[10]), "1 outputs"),
    ("stream_f", of_op(0, 0, builtinOptions=None, builtinOptionsType=0), "options are missing"),
]
BROKEN_STATES["op 1 VAR_HANDLE: "] = [
    ("stream_f", of_options(0, 1, sharedName=None), "no name"),
    ("stream_f", of_options(0, 1, sharedName=b"x" * 256), "name of more than 255 bytes"),
    ("stream_f", of_options(0, 1, container=b"x" * 256), "name of more than 255 bytes"),
    ("stream_f", of_op(0, 1, outputs=[0]), "output is no free tensor"),
    ("stream_f", of_op(0, 1, outputs=[10]), "output is no handle"),
    ("stream_f", (of_tensor(0, 10, isVariable=True), of_op(0, 1, outputs=[10])),
     "output is no handle"),
    ("stream_f", of_op(0, 1, inputs=[0]), "1 inputs"),
]
BROKEN_STATES["op 2 VAR_HANDLE: "] = [
    ("stream_f", of_options(0, 2, container=None),
     "some variables have a container, and some have none"),
    ("stream_f", of_op(0, 2, outputs=[8]), "output is no free tensor"),
]
BROKEN_STATES["op 3 READ_VARIABLE: "] = [
    ("stream_f", of_op(0, 3, inputs=[0]), "input 0 is no handle"),
    ("stream_f", of_op(0, 3, inputs=[-1]), "input 0 is no handle"),
]
BROKEN_STATES["op 1 READ_VARIABLE: "] = [
    ("stream_f", graph(operators=lambda old: [old[0], old[3], *old[1:3], *old[4:]]),
     "input 0 is no handle"),
]
BROKEN_STATES[""] += [
    # Of models without a VAR_HANDLE.
    ("relu_f", op_code(143), "op 0 READ_VARIABLE: input 0 is no handle"),
    ("add_f", (op_code(144), op(outputs=[])), "op 0 ASSIGN_VARIABLE: input 0 is no handle"),
    ("relu_f", (op_code(129, version=1), op(inputs=[], outputs=[])),
     "op 0 CALL_ONCE: options are missing"),
    ("stream_f", model(subgraphs=lambda old: [*old, old[1]]),
     "3 subgraphs, not 1: no loops or conditions"),
    ("stream_f", graph(operators=lambda old: old[1:]),
     "2 subgraphs, not 1: no loops or conditions"),
    ("stream_f", only_setup_calls, "2 subgraphs, not 1: no loops or conditions"),
    ("stream_f", graph(operators=lambda old: [old[0], *old]),
     "op 1 CALL_ONCE: calls subgraph 1, or is not the only one"),
    ("stream_f", lambda m: m.subgraphs[1].operators.append(ops(m)[0]),
     "setup op 4 CALL_ONCE: calls subgraph 1, or is not the only one"),
    ("stream_f", lambda m: put(m.subgraphs[1], {"inputs": [0]}),
     "subgraph 1 has inputs or outputs"),
    ("stream_f", lambda m: put(m.subgraphs[1], {"outputs": [0]}),
     "subgraph 1 has inputs or outputs"),
    ("stream_f", lambda m: put(m.subgraphs[1], {"operators": []}), "0 ops for 4 tensors"),
    ("stream_f", of_tensor(1, 0, shape=[1, 0, 1, 3]), "setup tensor 0: dimension 1 is 0"),
    ("stream_f", of_tensor(1, 2, shape=[2]),
     "setup tensor 2: a handle, but constant, a variable or several"),
    ("stream_f", of_tensor(0, 8, isVariable=True),
     "tensor 8: a handle, but constant, a variable or several"),
    ("stream_f", of_tensor(0, 8, buffer=2),
     "tensor 8: a handle, but constant, a variable or several"),
    ("stream_f", of_op(1, 1, inputs=[2, -1]), "setup op 1 ASSIGN_VARIABLE: input 1 is no value"),
    ("stream_f", of_op(1, 1, inputs=[2, 2]), "setup op 1 ASSIGN_VARIABLE: input 1 is no value"),
    ("stream_f", of_op(1, 1, inputs=[3, 1]), "setup op 1 ASSIGN_VARIABLE: input 0 is no handle"),
    ("stream_f", of_op(1, 1, outputs=[3]), "setup op 1 ASSIGN_VARIABLE: 1 outputs"),
    ("stream_f", of_op(1, 1, inputs=[2, 0]),
     "setup op 1 ASSIGN_VARIABLE: the variable has another type or shape elsewhere"),
    ("stream_f", of_tensor(1, 1, type=INT32),
     "setup op 1 ASSIGN_VARIABLE: the variable has another type or shape elsewhere"),
    ("stream_f", of_tensor(1, 1, shape=[4]),
     "setup op 1 ASSIGN_VARIABLE: the variable has another type or shape elsewhere"),
    ("stream_f", graph(inputs=[0, 8]), "input 1 is no free tensor"),
    ("stream_f", graph(outputs=[8]), "output 0 is never written"),
    ("stream_f", again(63), "op 76 VAR_HANDLE: more than 64 handles"),
    ("stream_f", others(31), "op 44 VAR_HANDLE: more than 32 variables"),
    ("stream_f", others(3), "variable 2 is never assigned"),
]
# fmt: on
