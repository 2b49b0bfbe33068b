"""Which ops a firmware has: the profiles of ops.def, or just what one model needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from tinycnn.errors import UserError
from tinycnn.files import BUILD, ROOT, digest, write_atomic

OPS_DEF = ROOT / "firmware_build" / "tflm" / "ops.def"

PROFILES = ("digits", "cnn", "all")
"""Each has all ops of those before it."""

_LINE = re.compile(
    r"^TFLM_OP\((\w+), (\d+), (\w+), (\d+), (\w+), (\w+), (none|esp_nn/\w+), (\w+)\)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Op:
    """A line of ops.def: an op that can be had, up to `version`, from `profile` on.

    name       in the schema; of a custom op (`code` 32) its own
    kernel     whose it takes: "own", "vector" (Espressif's on an ESP32-S3, else own), "tflm",
               or "ours", of which TFLM has none that is safe, or "custom", ours of a custom op
    espressif  Espressif's, "esp_nn/FILE" or "none"
    native     the data that the native module has it for: "none", "int8", or "any" type
    """

    name: str
    code: int
    method: str
    version: int
    profile: str
    kernel: str
    espressif: str
    native: str

    @property
    def computes(self) -> bool:
        """Whether a firmware of int8 alone has it without float32, see tflm_ops.c."""
        return self.kernel in ("own", "vector") and self.name != "QUANTIZE"

    @property
    def line(self) -> str:
        return f"TFLM_OP({', '.join(str(getattr(self, field.name)) for field in fields(self))})"


@dataclass(frozen=True)
class OpSet:
    """What is built in: `name` for folders and messages, the variables for make, the ops.

    float32, int16   whether what computes has kernels of that type: of int16 with weights of int8
    """

    name: str
    variables: dict[str, str]
    names: frozenset[str]
    float32: bool
    int16: bool


def offered(path: Path = OPS_DEF) -> dict[str, Op]:
    """Every op of ops.def by name, in its order."""
    return {
        name: Op(name, int(code), method, int(version), *of)
        for name, code, method, version, *of in _LINE.findall(path.read_text())
    }


def profile_set(profile: str) -> OpSet:
    """The ops of a profile. Raises UserError if there is no such profile."""
    if profile not in PROFILES:
        raise UserError(f"no op profile {profile}: there are {', '.join(PROFILES)}")
    rank = PROFILES.index(profile)
    names = (op.name for op in offered().values() if PROFILES.index(op.profile) <= rank)
    return OpSet(profile, {"TFLM_OPS": profile}, frozenset(names), rank > 0, profile == "all")


def model_set(
    ops: Iterable[str], model: str, *, float32: bool = True, int16: bool = False
) -> OpSet:
    """Just `ops` (names), which `model` (for messages) needs, with kernels of these types.

    Writes the list under build/ops. Raises UserError if one cannot be had.
    """
    known = offered()
    wanted = sorted(set(ops))
    missing = [name for name in wanted if name not in known]
    if missing:
        raise UserError(f"{model} needs {', '.join(missing)}, which no firmware offers")
    path = _listed(known[name] for name in known if name in wanted)
    variables = {"TFLM_OPS_FILE": str(path)}
    variables |= {} if float32 else {"TFLM_INT8_ALONE": "1"}
    variables |= {"TFLM_INT16": "1"} if int16 else {}
    kind = ("" if float32 else "-int8") + ("-int16" if int16 else "")
    return OpSet(f"ops-{path.stem}{kind}", variables, frozenset(wanted), float32, int16)


def native_set(ops: Iterable[str] | None = None, model: str = "") -> OpSet:
    """All ops of the native module, or just `ops` (names), which `model` (for messages) needs.

    Writes the list under build/ops. Raises UserError if it has not one of them.
    """
    known = {name: op for name, op in offered().items() if op.native != "none"}
    wanted = set(known if ops is None else ops)
    if missing := sorted(wanted - set(known)):
        raise UserError(f"{model} needs {', '.join(missing)}, which the native module has not")
    path = _listed(known[name] for name in known if name in wanted)
    name = "all" if ops is None else f"ops-{path.stem}"
    return OpSet(name, {"TFLM_OPS_FILE": str(path)}, frozenset(wanted), False, False)


def _listed(ops: Iterable[Op]) -> Path:
    """Their lines as a file under build/ops."""
    text = "".join(f"{op.line}\n" for op in ops)
    path = BUILD / "ops" / f"{digest(text)[:12]}.def"
    write_atomic(path, text)
    return path
