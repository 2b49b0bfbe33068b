"""Running MicroPython scripts with no board: on this machine, or in an emulator.

targets        each target by its name, and one way to run a script on any
unix           the simulator: a process of this machine
plugged        what is behind a serial line, and
serial_script  a script there, through the raw REPL:
qemu           a bare machine in QEMU,
esp32          emulated ESP32 chips,
board          a board on a port
flash          the folder that is their file system
"""

from tinycnn.targets.completed import TIMED_OUT, Completed
from tinycnn.targets.flash import FLASH, board_files, stage
from tinycnn.targets.unix import environment, run

__all__ = [
    "FLASH",
    "TIMED_OUT",
    "Completed",
    "board_files",
    "environment",
    "run",
    "stage",
]
