"""Running MicroPython scripts anywhere: on this machine, in an emulator, on a board.

targets        each target by its name, and one way to run a script on any
unix           a process of this machine
plugged        what is behind a serial line, and
serial_script  a script there, through the raw REPL:
qemu           a bare machine in QEMU,
esp32          emulated ESP32 chips,
board          a board on a port
console        a MicroPython on any of them, kept open for code after code
flash          the folder that is their file system
"""
