"""A model as a C header: what a sketch or any C program includes."""

from __future__ import annotations

import re

PER_LINE = 12
"""Values on a line, as `xxd -i` and the article have it."""

_TEMPLATE = """\
/* {name}: {size} bytes. Made by tinycnn; do not edit. */
#ifndef {guard}
#define {guard}

/* TFLite reads 32-bit words in place, so the array is aligned to 4 bytes. */
#if defined(__cplusplus)
#define {macro} alignas(4)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define {macro} _Alignas(4)
#else
#define {macro} __attribute__((aligned(4)))
#endif

{macro} static const unsigned char {name}[] = {{
{values}
}};
static const unsigned int {name}_len = {size};

#undef {macro}

#endif /* {guard} */
"""


def c_header(data: bytes, name: str) -> str:
    """`data` as a C99 and C++17 header with `name`[] and `name`_len (bytes).

    Raises ValueError if `name` is no C identifier or `data` is empty.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(f"not a C identifier: {name!r}")
    if not data:
        raise ValueError("no data: C has no empty arrays")
    lines = [data[at : at + PER_LINE] for at in range(0, len(data), PER_LINE)]
    values = ",\n".join("  " + ", ".join(f"0x{byte:02x}" for byte in line) for line in lines)
    guard = f"TINYCNN_{name.upper()}_H"
    macro = f"TINYCNN_{name.upper()}_ALIGN"
    return _TEMPLATE.format(name=name, size=len(data), guard=guard, macro=macro, values=values)
