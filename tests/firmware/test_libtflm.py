"""TFLM's archive: what goes in, when it is compiled, and how failures read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tinycnn.cache import SEAL
from tinycnn.errors import BuildError
from tinycnn.firmware import libtflm
from tinycnn.firmware.fetch import Checkout

TREE = {
    "tensorflow/lite/micro/micro_interpreter.cc": "int interpreter;",
    "tensorflow/lite/micro/kernels/conv.cc": """int conv;
#ifdef NEVER
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/shared.h"
TFLMRegistration Register_CONV_2D() {
#endif""",
    "tensorflow/lite/micro/kernels/conv_common.cc": "int conv_common;",
    "tensorflow/lite/micro/kernels/shared.cc": "int shared;",
    "tensorflow/lite/core/c/common.cc": "int common;",
    "signal/src/window.cc": "int window;",
    "tensorflow/compiler/mlir/lite/core/api/error_reporter.cc": "int reporter;",
    "tensorflow/compiler/mlir/lite/schema/schema_utils.cc": "int schema;",
    "tensorflow/lite/schema/schema_generated.h": """\
struct FooT : public ::flatbuffers::NativeTable {
};
struct Foo;
inline FooT *Foo::UnPack() {
}
extern int last;""",
    # Not wanted, and it would show:
    "tensorflow/lite/micro/debug_log.cc": "#error ours",
    "tensorflow/lite/micro/test_helpers.cc": "#error tests only",
    "tensorflow/lite/micro/kernels/esp_nn/conv.cc": "#error Espressif's",
    "tensorflow/lite/micro/kernels/conv_more.cc": "#error Register_CONV_2D_MORE() {",
    "tensorflow/lite/micro/kernels/conv_more_common.cc": "#error of that",
    "tensorflow/lite/micro/esp/micro_time.cc": "#error Espressif's",
    "signal/src/irfft_int16.cc": "#error of no op that we have",
    "signal/micro/kernels/window.cc": "#error trusts its options",
    "tensorflow/lite/micro/kernels/circular_buffer.cc": """#error trusts its options
TFLMRegistration Register_CIRCULAR_BUFFER() {""",
}

MEMBERS = [
    "common.o",
    "conv.o",
    "conv_common.o",
    "error_reporter.o",
    "micro_interpreter.o",
    "schema_utils.o",
    "shared.o",
    "window.o",
]


@pytest.fixture
def tree(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A tree laid out as esp-tflite-micro, of a few one-line files."""
    for name, text in TREE.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    monkeypatch.setattr(libtflm, "BUILD", tmp_path / "build")
    return Checkout(tmp_path / "tree", "local", "test", "0" * 40)


def members(archive: Path) -> list[str]:
    listing = subprocess.run(["ar", "t", archive], check=True, capture_output=True, text=True)
    return sorted(listing.stdout.split())


def test_only_the_interpreter_and_its_kernels(tree: Checkout) -> None:
    archive = libtflm.build(tree)
    assert members(archive) == MEMBERS
    assert not (archive.parent / "objects").exists()


def test_schema_beside_it_has_no_objects_of_tables(tree: Checkout) -> None:
    """Nor may it be damaged: others are compiled against it."""
    kept = libtflm.build(tree).parent / libtflm._SCHEMA
    theirs = tree.path / "tensorflow/lite/schema/schema_generated.h"
    wanted = [f'#line 1 "{theirs}"', "", "", "struct Foo;", "", "", "extern int last;"]
    wanted.append('#define EnumNameBuiltinOperator(op) ""')
    assert kept.read_text().splitlines() == wanted
    kept.write_text("struct Foo")
    libtflm.build(tree)
    assert kept.read_text().splitlines() == wanted


def test_compiled_once(tree: Checkout) -> None:
    seen: list[tuple[str, int, int]] = []
    first = libtflm.build(tree, progress=lambda *step: seen.append(step))
    assert seen[0] == ("Compiling TFLM test", 0, len(MEMBERS))
    assert seen[-1] == ("Compiling TFLM test", len(MEMBERS), len(MEMBERS))
    (tree.path / "tensorflow/lite/micro/micro_interpreter.cc").write_text("#error again")
    assert libtflm.build(tree) == first


def test_damaged_archive_is_compiled_again(tree: Checkout) -> None:
    archive = libtflm.build(tree)
    data = archive.read_bytes()
    for damaged in (b"", data[:-9], data[:80] + b"?" + data[81:]):
        archive.write_bytes(damaged)
        assert members(libtflm.build(tree)) == MEMBERS
        assert len(archive.read_bytes()) == len(data)


def test_other_flags_and_commits_are_other_archives(tree: Checkout) -> None:
    other = Checkout(tree.path, "local", "other", "1" * 40)
    built = {libtflm.build(tree), libtflm.build(tree, extra_flags="-g"), libtflm.build(other)}
    assert len(built) == 3


@pytest.mark.parametrize("damage", ["none", "cut", "flipped", "emptied", "killed"])
def test_objects_of_a_build_that_failed_are_used_if_they_are_whole(
    tree: Checkout, cache: Path, damage: str
) -> None:
    broken = tree.path / "tensorflow/lite/micro/micro_interpreter.cc"
    broken.write_text("#error here")
    with pytest.raises(BuildError, match="#error here"):
        libtflm.build(tree)
    broken.write_text("int interpreter;")
    done = next(cache.rglob("*.o"))
    data = done.read_bytes()
    before = done.stat()
    if damage == "killed":  # the seal is written when make has ended, however it did
        (seal,) = cache.rglob(SEAL)
        seal.unlink()
    at = data.index(done.stem.encode())  # of the symbol table: it would be linked
    kept = {"cut": data[:-9], "flipped": data[:at] + b"X" + data[at + 1 :], "emptied": b""}
    done.write_bytes(kept.get(damage, data))
    os.utime(done, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a disk would
    seen: list[int] = []
    archive = libtflm.build(tree, progress=lambda what, now, total: seen.append(now))
    assert (max(seen) < len(MEMBERS)) == (damage == "none")
    linked = subprocess.run(["ar", "p", archive, done.name], check=True, capture_output=True)
    assert linked.stdout == data


def test_compile_error_is_one_line_and_the_rest_is_kept(tree: Checkout) -> None:
    broken = tree.path / "tensorflow/lite/micro/micro_interpreter.cc"
    good = broken.read_text()
    broken.write_text("int f() { return x; }\n")
    with pytest.raises(BuildError) as caught:
        libtflm.build(tree)
    message = str(caught.value)
    assert message.startswith("TFLM does not compile: ")
    assert "micro_interpreter.cc:1:18: error: 'x' was not declared" in message
    assert message.endswith(f"(log: {libtflm.BUILD / 'logs' / 'libtflm.log'})")
    broken.write_text(good)
    assert "micro_interpreter.o" in members(libtflm.build(tree))
