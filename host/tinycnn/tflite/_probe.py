"""Child process: read a .tflite from stdin, say what is in it as lines of JSON.

`python -m tinycnn.tflite._probe < model.tflite`. Bytes that are no sound model can crash
LiteRT or TFLM, and must not take the parent with them. The first line is LiteRT's
view, the second says that TFLM has run the model; a line that is missing is a crash.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np


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
    """Probe the model on stdin."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    data = sys.stdin.buffer.read()
    try:
        lite = Interpreter(
            model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        lite.allocate_tensors()
        elements = sum(int(np.prod(d["shape"])) for d in lite.get_tensor_details())
        said: dict[str, Any] = {
            "inputs": [tensor(d) for d in lite.get_input_details()],
            "outputs": [tensor(d) for d in lite.get_output_details()],
            "ops": [d["op_name"] for d in lite._get_ops_details()],
            "arena": max(10 * len(data), 8 * elements + 65536),
        }
        lite.invoke()
    except (ValueError, RuntimeError) as error:
        said = {"error": str(error).strip().splitlines()[0]}
    print(json.dumps(said), flush=True)
    if "error" in said or len(said["inputs"]) != 1:
        return
    from tflite_micro import runtime

    try:
        micro = runtime.Interpreter.from_bytes(data, arena_size=said["arena"])
        first = said["inputs"][0]
        micro.set_input(np.zeros(first["shape"], first["dtype"]), 0)
        micro.invoke()
        micro.print_allocations()  # on stderr, by TFLM itself
    except (ValueError, RuntimeError) as error:
        print(json.dumps({"error": str(error).strip().splitlines()[0]}), flush=True)
    else:
        print(json.dumps({}), flush=True)


if __name__ == "__main__":
    main()
