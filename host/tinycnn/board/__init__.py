"""Boards: find one, flash firmware, deploy a model, and say what is wrong.

    ports    which serial port, and why one cannot be opened
    line     every talk: an end in time and length, a word when it is slow
    answers  what a board answers, checked against what was asked
    repl     a MicroPython prompt, by mpremote's transport
    image    what a firmware file is for
    loader   the chip's ROM loader, by esptool
    flash    an image onto a chip
    deploy   files onto a board
    doctor   all of it looked at

A port is whatever pyserial opens: a device, or a URL such as
`socket://127.0.0.1:5571`, which is how an emulated board is reached.
"""
