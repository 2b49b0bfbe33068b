"""tflm.pyi has exactly the names of the module that MicroPython has."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from host_helpers import Pipeline
from tinycnn.files import ROOT, stage
from tinycnn.firmware.port import Program
from tinycnn.targets import unix
from tinycnn.targets.flash import flash_files

STUB = ROOT / "firmware_build" / "tflm" / "tflm.pyi"

# What the module, its types and their attributes are. `dir` of an object, since
# that of a type does not have what `attr` in C answers.
_LOOK = """\
import json, tflm

def public(names):
    return [name for name in names if name[0] != "_" or name == "__version__"]

def look(obj):
    return {name: type(getattr(obj, name)).__name__ for name in public(dir(obj))}

net = tflm.Interpreter("model_int8.tflite")
errors = [n for n in public(dir(tflm)) if n.endswith("Error")]
print(json.dumps({
    "module": look(tflm),
    "Interpreter": look(net),
    "Tensor": look(net.inputs[0]),
    "length": len(net.inputs[0]),
    "bases": {n: getattr(tflm, n).__bases__[0].__name__ for n in errors},
}))
"""


@dataclass(frozen=True)
class Class:
    """A class of the stub: its methods, its attributes and their types, its base."""

    base: str
    methods: set[str]
    attributes: dict[str, set[str]]


@dataclass(frozen=True)
class Stub:
    """The public names of the stub; types by the name of their class, like {"tuple"}."""

    constants: dict[str, set[str]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    classes: dict[str, Class] = field(default_factory=dict)


@pytest.fixture(scope="module")
def stub() -> Stub:
    found = Stub()
    for node in ast.parse(STUB.read_text()).body:
        match node:
            case ast.AnnAssign(target=ast.Name(name)) if name != "_Numbers":
                found.constants[name] = set(_types(node.annotation))
            case ast.FunctionDef():
                found.functions.add(node.name)
            case ast.ClassDef():
                found.classes[node.name] = _class(node)
    return found


def _class(node: ast.ClassDef) -> Class:
    found = Class(ast.unparse(node.bases[0]) if node.bases else "object", set(), {})
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_"):
            if any(ast.unparse(d) == "property" for d in item.decorator_list):
                assert item.returns is not None
                found.attributes[item.name] = set(_types(item.returns))
            else:
                found.methods.add(item.name)
    return found


def _types(annotation: ast.expr) -> Iterator[str]:
    """`int | tuple[int, ...]` is of the types int and tuple."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _types(left)
            yield from _types(right)
        case ast.Subscript(value=ast.Name(name)) | ast.Name(name):
            yield name
        case _:
            yield ast.unparse(annotation)


@pytest.fixture(scope="module")
def real(
    simulator: Program, quick_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the module says of itself in MicroPython."""
    folder = tmp_path_factory.mktemp("stub")
    script = folder / "look.py"
    script.write_text(_LOOK)
    models = quick_pipeline.build / "models"
    stage(folder / "flash", flash_files(models=models))
    done = unix.run(
        script, flash=folder / "flash", capture=True, timeout=60, program=simulator.path
    )
    assert done.status == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_module_has_the_names_of_the_stub(stub: Stub, real: dict[str, Any]) -> None:
    assert {*stub.constants, *stub.functions, *stub.classes} == set(real["module"])


def test_constants_functions_and_types_are_what_they_are_called(
    stub: Stub, real: dict[str, Any]
) -> None:
    for name, kind in real["module"].items():
        if name in stub.classes:
            assert kind == "type", name
        elif name in stub.functions:
            assert kind == "function", name
        else:
            assert kind in stub.constants[name], name


@pytest.mark.parametrize("name", ["Interpreter", "Tensor"])
def test_type_has_the_methods_and_attributes_of_the_stub(
    stub: Stub, real: dict[str, Any], name: str
) -> None:
    kinds = real[name]
    assert stub.classes[name].methods == {n for n, k in kinds.items() if k == "bound_method"}
    attributes = {n: k for n, k in kinds.items() if k != "bound_method"}
    assert set(stub.classes[name].attributes) == set(attributes)
    for attribute, kind in attributes.items():
        assert kind in stub.classes[name].attributes[attribute], attribute


def test_tensor_has_a_length(real: dict[str, Any]) -> None:
    assert real["length"] == 64


def test_errors_have_the_bases_of_the_stub(stub: Stub, real: dict[str, Any]) -> None:
    bases = {name: found.base for name, found in stub.classes.items() if name.endswith("Error")}
    assert bases == real["bases"]


def test_everything_public_has_a_docstring() -> None:
    silent = []
    for node in ast.walk(ast.parse(STUB.read_text())):
        named = isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name != "__buffer__"
        if named and not ast.get_docstring(node):
            silent.append(node.name)
    assert silent == []
