"""Models frozen into a firmware: a C file with their bytes, aligned and never copied.

MicroPython's own freezing would do for the bytes, but not for their alignment to 16,
which flatbuffers asks for: the module would have to copy a model into the heap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinycnn.errors import UserError
from tinycnn.files import read_bytes
from tinycnn.tflite.check import CheckedModel, need_runnable
from tinycnn.tflite.ops import OpSet

PER_LINE = 16

_HEADER = """\
// Models frozen into this firmware. Made by tinycnn; do not edit.

#include "py/objstr.h"
#include "py/runtime.h"
"""

_MODEL = """
static const byte {name}_data[] __attribute__((aligned(16))) = {{
{values}
}};
static const mp_obj_str_t {name}_obj = {{
    {{ &mp_type_bytes }}, 0, sizeof({name}_data), {name}_data
}};
"""

_MODULE = """
static const mp_rom_map_elem_t frozen_models_globals_table[] = {{
    {{ MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_frozen_models) }},
{entries}
}};
static MP_DEFINE_CONST_DICT(frozen_models_globals, frozen_models_globals_table);

const mp_obj_module_t frozen_models_module = {{
    .base = {{ &mp_type_module }},
    .globals = (mp_obj_dict_t *)&frozen_models_globals,
}};

MP_REGISTER_MODULE(MP_QSTR_frozen_models, frozen_models_module);
"""


def read_models(paths: Sequence[Path], ops: OpSet) -> dict[str, bytes]:
    """The models by the names that `frozen_models` gives them: their files' without .tflite.

    Raises UserError if one cannot be read, if a firmware with `ops` does not run it, or if a
    name is no identifier or comes twice.
    """
    models: dict[str, bytes] = {}
    for path in paths:
        name = path.name.removesuffix(".tflite")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise UserError(f"--freeze {path}: {name!r} is no Python name; rename the file")
        if name in models:
            raise UserError(f"--freeze {path}: there is another model {name}")
        data = read_bytes(path)
        found = need_runnable(data, path)
        if lacking := _lacking(found, ops):
            raise UserError(
                f"--freeze {path}: it needs {', '.join(dict.fromkeys(lacking))}, which a firmware "
                f"with {ops.name} does not have: give --ops {found.profile} or --ops-from {path}"
            )
        models[name] = data
    return models


def runs(path: Path, ops: OpSet) -> bool:
    """Whether a firmware with `ops` has all that the model in `path` needs."""
    return not _lacking(need_runnable(read_bytes(path), path), ops)


def _lacking(found: CheckedModel, ops: OpSet) -> list[str]:
    """Ops that a firmware with `ops` does not have; if it has all, types that it lacks."""
    types = {"int16": found.int16 and not ops.int16, "float32": not (found.int8 or ops.float32)}
    names = [op.name for op in found.ops if op.name not in ops.names]
    return names or [name for name, lacks in types.items() if lacks]


def c_source(models: Mapping[str, bytes]) -> str:
    """The user module `frozen_models`, with each model as a `bytes` object in flash."""
    parts = [_HEADER]
    for name, data in models.items():
        lines = [data[at : at + PER_LINE] for at in range(0, len(data), PER_LINE)]
        values = ",\n".join("    " + ", ".join(f"{byte}" for byte in line) for line in lines)
        parts.append(_MODEL.format(name=name, values=values))
    entries = "\n".join(
        f"    {{ MP_ROM_QSTR(MP_QSTR_{name}), MP_ROM_PTR(&{name}_obj) }}," for name in models
    )
    parts.append(_MODULE.format(entries=entries))
    return "".join(parts)
