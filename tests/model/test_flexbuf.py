"""The reader of custom options against the library that writes them."""

from __future__ import annotations

import ctypes

from flatbuffers import flexbuffers
from hypothesis import example, given
from hypothesis import strategies as st

from tinycnn.tflite.check import _library

LONGEST = 39
MOST = 16


class Map(ctypes.Structure):
    """flexbuf_map_t."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("keys", ctypes.c_uint32),
        ("values", ctypes.c_uint32),
        ("types", ctypes.c_uint32),
        ("key_width", ctypes.c_uint8),
        ("width", ctypes.c_uint8),
    )


def read(data: bytes, keys: list[str]) -> dict[str, int] | None:
    """What the reader finds of these keys; None if the bytes are no map."""
    library = _library(int16=True)
    library.model_flexbuf_map.restype = library.model_flexbuf_int.restype = ctypes.c_bool
    found = Map()
    if not library.model_flexbuf_map(data, ctypes.c_size_t(len(data)), ctypes.byref(found)):
        return None
    values = {}
    for key in keys:
        value = ctypes.c_int32()
        if library.model_flexbuf_int(ctypes.byref(found), key.encode(), ctypes.byref(value)):
            values[key] = value.value
    return values


names = st.text("abyz_AZ09!~", min_size=1, max_size=LONGEST)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 127, 128, -128, -129, 32767, 65535, 2**31 - 1, 2**31, -(2**31)]),
    st.booleans(),
    st.floats(-1e3, 1e3),
    st.text(max_size=5),
)


@given(st.dictionaries(names, numbers, max_size=MOST))
@example({})
@example({"a" * LONGEST: 1, "b": 2**40})
@example({f"key {i}": -i for i in range(MOST)})
def test_what_was_written_is_read(options: dict[str, object]) -> None:
    """Whole numbers that fit into 32 bits, and bools, whatever else there is."""
    wanted = {
        name: int(value)
        for name, value in options.items()
        if isinstance(value, int) and -(2**31) <= value < 2**31
    }
    assert read(bytes(flexbuffers.Dumps(options)), [*options, "absent"]) == wanted


def test_limits() -> None:
    assert read(bytes(flexbuffers.Dumps({"a" * (LONGEST + 1): 1})), []) is None
    assert read(bytes(flexbuffers.Dumps({f"{i:02}": i for i in range(MOST + 1)})), []) is None
    assert read(bytes(flexbuffers.Dumps([1, 2])), []) is None
    assert read(bytes(flexbuffers.Dumps({"b": 1, "a": 2})), ["a", "b"]) == {"a": 2, "b": 1}
    unsorted = bytes(flexbuffers.Dumps({"a": 1, "b": 2})).replace(b"a\0", b"c\0")
    assert read(unsorted, []) is None


@given(
    st.dictionaries(names, st.integers(-300, 300), min_size=1, max_size=4),
    st.integers(0, 200),
    st.integers(0, 255),
)
def test_another_byte_reads_as_before_or_is_refused_or_differs(
    options: dict[str, int], at: int, value: int
) -> None:
    """No byte makes it read what is not there: counts and keys stay within limits."""
    data = bytearray(flexbuffers.Dumps(options))
    data[at % len(data)] = value
    found = read(bytes(data), list(options))
    assert found is None or found.keys() <= options.keys()
