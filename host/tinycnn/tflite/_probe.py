"""Child process: look at a .tflite, say what is in it.

Bytes that are no sound model can crash LiteRT or TFLM, and must not take the parent with
them. The first fact is LiteRT's view, the second says that TFLM has run the model; one
that is missing is a crash.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinycnn.child import answering
from tinycnn.errors import first_line

MEMORY = 0.5
"""Of this machine's: a model for a microcontroller needs far less."""


def litert(model: bytes, *, reference: bool) -> Any:
    """LiteRT's interpreter, ready to run: with its reference kernels, or with its fastest."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    lite = Interpreter(model_content=model, experimental_op_resolver_type=kind, num_threads=1)
    lite.allocate_tensors()
    return lite


def has_reference(model: bytes) -> bool:
    """Of some ops, and of newer versions of others, LiteRT has no reference kernel."""
    try:
        litert(model, reference=True)
    except (RuntimeError, ValueError):
        return False
    return True


def tensor(detail: dict[str, Any]) -> dict[str, Any]:
    """What `tflite.Tensor` needs of one LiteRT tensor detail."""
    scales = detail["quantization_parameters"]["scales"]
    zeros = detail["quantization_parameters"]["zero_points"]
    return {
        "name": detail["name"],
        "shape": [int(size) for size in detail["shape"]],
        "dtype": np.dtype(detail["dtype"]).name,
        "scale": float(scales[0]) if len(scales) else 0.0,
        "zero_point": int(zeros[0]) if len(zeros) else 0,
    }


def main() -> None:
    """Look at the model that the parent sent."""
    with answering(MEMORY) as reply:
        data = reply.arrays["model"].tobytes()
        reference = has_reference(data)
        lite = litert(data, reference=reference)
        elements = sum(int(np.prod(d["shape"])) for d in lite.get_tensor_details())
        inputs = [tensor(d) for d in lite.get_input_details()]
        arena = max(10 * len(data), 8 * elements + 65536)
        ops = [d["op_name"] for d in lite._get_ops_details()]
        for detail in lite.get_input_details():  # what lies there may be no index of a table
            lite.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
        lite.invoke()
        reply.tell(
            reference=reference,
            inputs=inputs,
            outputs=[tensor(d) for d in lite.get_output_details()],
            ops=ops,
            arena=arena,
        )
        from tflite_micro import runtime

        try:
            micro = runtime.Interpreter.from_bytes(data, arena_size=arena)
            for index, takes in enumerate(inputs):
                micro.set_input(np.zeros(takes["shape"], takes["dtype"]), index)
            micro.invoke()
            micro.print_allocations()  # on stderr, by TFLM itself
            reply.tell(tflm="")
        except Exception as error:
            reply.tell(tflm=first_line(error))


if __name__ == "__main__":
    main()
