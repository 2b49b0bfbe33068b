# A board's prompt for the unix port, which has readline but no raw REPL. Everything
# that is typed runs in this real MicroPython, on a real littlefs:
#
#   micropython raw_repl.py FLASH BLOCKS WRITES MODULE MODE
#
# FLASH is a file of BLOCKS blocks. After WRITES writes to it the power fails; 0 is
# never. MODULE is one that the firmware does not have; "" is none. MODE is "raw" after a
# soft reset, for which it ends with status 3 to be started anew: the heap is a new one, and
# boot.py is run. The flash is known there as `flash`; -flash.writes are the writes since the
# start if WRITES is 0.

import builtins
import io
import os
import sys
import vfs

BLOCK = 512
WINDOW = 128  # bytes that raw paste takes before it says that there is room for more


class PowerFailure(BaseException):
    pass


class Flash:
    def __init__(self, path, blocks, writes):
        self.file, self.blocks, self.writes = open(path, "r+b"), blocks, writes

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.writes -= 1
        if self.writes == 0:
            raise PowerFailure
        self.file.seek(number * BLOCK + offset)
        self.file.write(buffer)
        self.file.flush()

    def ioctl(self, op, argument):
        if op == 4:
            return self.blocks
        if op == 5:
            return BLOCK
        return 0


def write(text):
    sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())


def mount(flash):
    try:
        system = vfs.VfsLfs2(flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        system = vfs.VfsLfs2(flash)
    vfs.mount(system, "/flash")
    os.chdir("/flash")


def hide(module):
    find = builtins.__import__

    def found(name, *rest):
        if name == module:
            raise ImportError("no module named '%s'" % name)
        return find(name, *rest)

    builtins.__import__ = found


def pasted():
    """What comes by raw paste, as shared/runtime/pyexec.c takes it; "" of what is interrupted."""
    write(b"R\x01" + bytes((WINDOW & 0xFF, WINDOW >> 8)) + b"\x01")
    code = bytearray()
    while True:
        key = sys.stdin.buffer.read(1)
        if key in (b"", b"\x03", b"\x04"):
            write(b"\x04")
            return code.decode() if key == b"\x04" else ""
        code.extend(key)
        if len(code) % WINDOW == 0:
            write(b"\x01")


def execute(code, names):
    error = ""
    try:
        exec(code, names)
    except PowerFailure:
        raise
    except BaseException as raised:
        told = io.StringIO()
        sys.print_exception(raised, told)
        error = told.getvalue()
    write("\x04" + error + "\x04>")


def boot():
    try:
        with open("boot.py") as file:
            exec(file.read(), {})
    except OSError:
        pass


def serve(flash, raw):
    names, line = {"flash": flash}, b""
    write("raw REPL; CTRL-B to exit\r\n>" if raw else ">>> ")
    while True:
        key = sys.stdin.buffer.read(1)
        if not key:
            break
        if raw and line + key == b"\x05A\x01":
            execute(pasted(), names)
            line = b""
        elif key == b"\x01" or (key == b"\x02" and raw):
            raw, line = key == b"\x01", b""
            write("raw REPL; CTRL-B to exit\r\n>" if raw else "\r\n>>> ")
        elif key == b"\x03":
            line = b""
            if not raw:
                write("\r\n>>> ")
        elif raw and key == b"\x04" and not line:
            write("OK\r\nMPY: soft reboot\r\n")
            sys.exit(3)
        elif raw and key == b"\x04":
            write("OK")
            execute(line.decode(), names)
            line = b""
        else:
            line += key


sys.path[:] = ["", ".frozen", "/flash/lib"]
hide(sys.argv[4])
flash = Flash(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
try:
    mount(flash)
    boot()
    serve(flash, sys.argv[5] == "raw")
except PowerFailure:
    pass
