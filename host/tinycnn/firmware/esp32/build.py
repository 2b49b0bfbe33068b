"""Firmware for ESP32 boards: MicroPython with `tflm`, built by the user's ESP-IDF.

The project is firmware_build/esp32; everything built goes to build/esp32/, what is to
be flashed to build/images/.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tinycnn.command import first_error, locked, run
from tinycnn.errors import BuildError, SourceError
from tinycnn.files import BUILD, ROOT, read_bytes, write_atomic, write_json
from tinycnn.firmware import mapfile
from tinycnn.firmware.esp32 import frozen
from tinycnn.firmware.esp32.boards import Board
from tinycnn.firmware.esp32.idf import Idf
from tinycnn.firmware.esp32.image import IMAGES, Image, merge, too_large
from tinycnn.firmware.fetch import Checkout, fetch
from tinycnn.firmware.port import refuse_odd_paths
from tinycnn.progress import Progress, silent
from tinycnn.tflite.ops import OpSet

PROJECT = ROOT / "firmware_build" / "esp32"

COMPONENTS = ("esp-tflite-micro", "esp-nn")
"""The pinned sources that are IDF components."""

_REGISTRY = "espressif__"
"""Before the name of what comes from Espressif's registry."""

_STEPS = 1650
"""About how many steps a first build takes, should ninja not say."""


@dataclass(frozen=True)
class Request:
    """What to build: `models` are frozen in, `components` are folders of IDF components
    that are used instead of the registry's, `reference` is for TFLM's own kernels instead
    of Espressif's."""

    board: Board
    ops: OpSet
    models: Sequence[Path] = ()
    components: Sequence[Path] = ()
    reference: bool = False

    @property
    def name(self) -> str:
        """For folders and logs."""
        return f"{self.board.name}-{self.ops.name}{'-reference' * self.reference}"


@dataclass(frozen=True)
class Firmware:
    """A built image, its JSON of sizes and pins, and what of it is there for `tflm`."""

    image: Image
    facts: Path
    totals: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Sources:
    micropython: Checkout
    library: Checkout
    components: dict[str, Checkout]

    @property
    def pins(self) -> dict[str, str]:
        trees = {"micropython": self.micropython, "micropython-lib": self.library}
        return {name: tree.key for name, tree in (trees | self.components).items()}


def build(
    request: Request,
    idf: Idf,
    *,
    images: Path = IMAGES,
    progress: Progress = silent,
    announce: Callable[[str], None] = lambda command: None,
) -> Firmware:
    """Build `request` with `idf`; the image ends up in `images`.

    `announce` is told the command before it runs, as one line for a shell.

    Raises UserError: a source that cannot be had, a model that is none, or a BuildError
    with the log and the first error in it if it does not compile or does not fit.
    """
    refuse_odd_paths()
    models = frozen.read_models(request.models, request.ops)
    sources = _fetch(progress)
    folder = BUILD / "esp32" / request.name
    with locked(folder, progress):
        write_atomic(folder / "frozen_models.c", frozen.c_source(models))
        objects = _make(request, idf, sources, folder, progress, announce)
        day = datetime.now(UTC).strftime("%Y%m%d")
        name = f"{request.board.name}-{day}-v{sources.micropython.version}"
        image = merge(objects, request.board.chip, images / f"{name}.bin")
        compiler = _compiler(objects)
        map_text = (objects / "micropython.map").read_text(errors="replace")
    firmware = Firmware(
        image, image.path.with_suffix(".json"), mapfile.totals(map_text), mapfile.added(map_text)
    )
    write_json(firmware.facts, _facts(request, idf, sources, models, firmware, compiler))
    return firmware


def _fetch(progress: Progress) -> _Sources:
    micropython = fetch("micropython", progress=progress)
    if micropython.commit is None:
        raise SourceError(
            "Debian's package of MicroPython serves for the simulator only: "
            "run `tinycnn firmware fetch micropython` online first"
        )
    library = fetch("micropython-lib", progress=progress)
    return _Sources(
        micropython, library, {name: fetch(name, progress=progress) for name in COMPONENTS}
    )


def _make(
    request: Request,
    idf: Idf,
    sources: _Sources,
    folder: Path,
    progress: Progress,
    announce: Callable[[str], None],
) -> Path:
    """Run idf.py, with its output in a log. Returns the folder it built in."""
    objects = _objects(folder, idf)
    components = _link_components(sources, request, folder / "components")
    variables = {
        "MICROPY_BOARD": request.board.name,
        "MICROPY_DIR": str(sources.micropython.path),
        "MICROPY_LIB_DIR": str(sources.library.path),
        "TFLM_COMMIT": sources.components["esp-tflite-micro"].key,
        "TFLM_OPS": "",
        "TFLM_OPS_FILE": "",
        "TFLM_INT8_ALONE": "",
        "TFLM_INT16": "",
        "TFLM_REFERENCE_KERNELS": str(int(request.reference)),
        "TFLM_FROZEN_MODELS": str(folder / "frozen_models.c"),
        "TINYCNN_COMPONENTS": ";".join(str(path) for path in components),
    } | request.ops.variables
    what = f"Building MicroPython {sources.micropython.version} for {request.board.name}"

    def see(line: str) -> None:
        if line.startswith(("Unable to find image", "Trying to pull")):
            progress("Fetching Espressif's container image, several GB", 0, 0)
        # The bootloader is a build of its own inside, with few steps.
        if (match := re.match(r"\[(\d+)/(\d+)\]", line)) and int(match[2]) > 200:
            progress(what, int(match[1]), int(match[2]))

    progress(what, 0, _STEPS)
    defines = [word for key, value in variables.items() for word in ("-D", f"{key}={value}")]
    command = [*idf.idf_py, "-C", str(PROJECT), "-B", str(objects), *defines, "build"]
    announce(shlex.join(command))
    try:
        made = run(command, env=_environment(idf, sources.micropython), on_line=see)
    except BaseException:
        if idf.stop:
            run(idf.stop, timeout=60)
        raise
    log = BUILD / "logs" / f"esp32-{folder.name}.log"
    write_atomic(log, made.output + "\n")
    if not made.ok:
        # 125 is docker's and podman's own: nothing ran in the container.
        own = re.search(r"^(?:docker|Error): (.+)", made.output, re.MULTILINE)
        told = (
            f"the container does not run: {own[1]}"
            if idf.stop and made.status == 125 and own
            else why(made.output)
        )
        raise BuildError(f"{told} (log: {log})")
    return objects


def _objects(folder: Path, idf: Idf) -> Path:
    """Where idf.py builds: an empty folder, or one that was begun by this same `idf`, as
    idf.py goes on with no other's."""
    objects, mark = folder / "objects", folder / "esp-idf.txt"
    text = f"{idf.version} {idf.idf_py[0] if idf.stop else shlex.join(idf.idf_py)}\n"
    # Without build.ninja CMake was interrupted, and idf.py takes no such folder.
    begun = (objects / "build.ninja").is_file()
    if not begun or not mark.is_file() or mark.read_text(errors="replace") != text:
        shutil.rmtree(objects, ignore_errors=True)
        write_atomic(mark, text)
    return objects


def _environment(idf: Idf, micropython: Checkout) -> dict[str, str]:
    return (
        idf.environment
        | {
            "LC_ALL": "C.UTF-8",  # idf.py refuses an encoding that is not Unicode
            # Without these MicroPython would describe whichever git repository it lies in.
            "MICROPY_GIT_TAG": f"v{micropython.version}",
            "MICROPY_GIT_HASH": (micropython.commit or "")[:10],
        }
    )


def _link_components(sources: _Sources, request: Request, folder: Path) -> list[Path]:
    """Folders of IDF components with the names they go by: ours, then what the user gives.

    One folder of the user's may serve all chips: what is of another is left out. What comes from
    the registry otherwise has its name there, by which MicroPython asks for tinyusb.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = {name: tree.path for name, tree in sources.components.items()}
    for place in request.components:
        inside = sorted(path.parent for path in place.glob("*/CMakeLists.txt"))
        if not inside:
            raise BuildError(f"--components {place}: no folder of IDF components")
        for path in inside:
            if name := _name_of(path.name, request.board):
                found[name] = path.absolute()
    links = []
    for name, path in found.items():
        link = folder / name
        link.symlink_to(path)
        links.append(link)
    return links


def _name_of(folder: str, board: Board) -> str:
    """The name of a component in a folder of that name; "" if it is for other chips."""
    name = folder.removeprefix(_REGISTRY)
    wanted = re.search(
        rf"""^  espressif/{re.escape(name)}:(?:.*\n(?:    .*\n)*)""",
        (PROJECT / "main" / "idf_component.yml").read_text(),
        re.MULTILINE,
    )
    if wanted is None or name in COMPONENTS:
        return folder
    chips = re.search(r'if: "target (?:==|in) \[?([\w, ]+)', wanted[0])
    return "" if chips and board.target not in chips[1].split(", ") else _REGISTRY + name


def why(log: str) -> str:
    """Why a build failed, in one line."""
    if match := re.search(r"too small for binary \S+ size (0x[0-9a-f]+):.*?overflow (0x[0-9a-f]+)",
                          log, re.DOTALL):  # fmt: skip
        size, excess = int(match[1], 16), int(match[2], 16)
        return too_large(size, size - excess)
    if match := re.search(r"region [`'](\w+)' overflowed by (\d+) bytes", log):
        return f"the firmware does not link: {match[1]} is {int(match[2]):,} bytes too small"
    if "Failed to resolve component" in log or "Cannot establish a connection" in log:
        return (
            "an IDF component cannot be had from components.espressif.com: go online, or give "
            "--components DIR with a copy"
        )
    return f"the firmware does not build: {first_error(log)}"


def _facts(
    request: Request,
    idf: Idf,
    sources: _Sources,
    models: Mapping[str, bytes],
    firmware: Firmware,
    compiler: str,
) -> dict[str, object]:
    """What is written beside the image: all sizes in bytes."""
    image = firmware.image
    return {
        "board": request.board.name,
        "chip": request.board.chip,
        "ops": request.ops.name,
        "kernels": "tflm" if request.reference else "own",
        "frozen_models": {name: len(data) for name, data in models.items()},
        "image": {
            "path": image.path.name,
            "offset": image.address,
            "size": len(image.data),
            "sha256": image.sha256,
            "app_size": image.app_size,
            "app_free": image.app_room - image.app_size,
            "partitions": [asdict(partition) for partition in image.partitions],
        },
        "application": firmware.totals,
        "tflm_adds": firmware.added,
        "pins": sources.pins | {"esp-idf": idf.version, "compiler": compiler},
    }


def _compiler(objects: Path) -> str:
    """What the compiler says of itself in what it compiled for us, like "GCC: (...) 14.2.0"."""
    archive = objects / "esp-idf" / "tflm_engine" / "libtflm_engine.a"
    found = re.search(rb"GCC: \([^)]*\) [\w.]+", read_bytes(archive))
    return "" if found is None else found[0].decode(errors="replace")


def told(firmware: Firmware) -> list[str]:
    """What a person wants to know of what was built: file, sum, room, and what tflm takes."""
    image = firmware.image
    size, room = image.app_size, image.app_room
    flash = {part: mapfile.in_flash(kinds) for part, kinds in firmware.added.items()}
    parts = ", ".join(f"{part.replace('_', ' ')} {taken:,}" for part, taken in flash.items())
    return [
        f"{image.path}",
        f"sha256 {image.sha256}",
        f"flash at {image.address:#x}: {len(image.data):,} bytes",
        f"application {size:,} of {room:,} bytes, {100 * (room - size) // room} % free",
        f"tflm takes {sum(flash.values()):,} bytes of flash: {parts}",
        f"sizes and pins: {firmware.facts}",
    ]
