"""What a linker's map says of the bytes that are there for `tflm`."""

from __future__ import annotations

from tinycnn.firmware import mapfile

SHARED_STRINGS = """\
Linker script and memory map

.flash.rodata   0x3c140120    0x21900
 .rodata.one    0x3c140120       0x40 libtflm_engine.a(model_check.c.obj)
 .rodata.message.str1.4
                0x3c150120    0x21864 CMakeFiles/micropython.elf.dir/tflm/modtflm.c.obj
                                  0x3 (size before relaxing)
 .rodata.table  0x3c150200       0x20 libtflm_engine.a(quantize.c.obj)
 .rodata.table  0x3c150220       0x30 libother.a(quantize.c.obj)
 .rodata.message.str1.4
                0x3c160120        0x0 libtflm_engine.a(model_check_conv.c.obj)
                                0x100 (size before relaxing)
"""


def test_map_gives_each_file_its_own_strings() -> None:
    found = mapfile.added(SHARED_STRINGS)
    assert found["module"] == {"rodata": 3}
    assert found["model_check"] == {"rodata": 0x140}
    assert found["engine"] == {}
    assert found["kernels"] == {"rodata": 0x20}


NEWER_LINKER = """\
Linker script and memory map

.rodata         0x80057220    0x10dc4
 .rodata.tflm_raise.str1.4
                0x80057220     0x7c17 objects/tflm/modtflm.o
                                  0x3 (size before relaxing)
 .rodata.str1.4
                0x8005eeb0       0x39 objects/tflm/modtflm.o
 .srodata.init  0x8005eeb0       0x10 objects/tflm/modtflm.o
                                 0x18 (size before relaxing)
 .rodata.check.str1.4
                0x8005ef2c       0x14 objects/model/model_check.o
"""


def test_map_of_a_linker_that_leaves_all_but_the_first_theirs() -> None:
    found = mapfile.added(NEWER_LINKER)
    assert found["module"] == {"rodata": 3 + 0x39 + 0x10}
    assert found["model_check"] == {"rodata": 0x14}


def test_map_of_wrapped_output_section() -> None:
    text = "Linker script and memory map\n.dram0.bss\n                0x3fc90000     0x1234\n"
    assert mapfile.totals(text) == {"bss": 0x1234}


BY_MAKE = """\
Discarded input sections

 .text.unused   0x00000000       0x99 objects/tflm/modtflm.o

Linker script and memory map

.text           0x80000000    0x40000
 .text.engine   0x80000000       0x10 objects/tflm/engine_tflm.o
 .text.main     0x80000010     0x1000 objects/main.o
 .text.module   0x80001010       0x20 objects/tflm/tflm_interpreter.o
 .text.check    0x80001030       0x30 objects/model/model_check.o
 .text.Eval     0x80001060       0x40 cache/libtflm/1a98c2ed165b0d45/libtflm.a(conv.o)
 .text.esp_nn   0x800010a0       0x50 cache/libtflm/29761867cc2b4010/libesp_nn.a(esp_nn_conv_opt.o)
 .text.put      0x800010f0       0x80 objects/kernels/conv_2d.o
 .text.eval     0x80001170       0x90 objects/tflm/kernels_tflm_conv.o

.rodata         0x80040000      0x200
 .rodata.ops    0x80040000       0x60 objects/tflm/tflm_ops.o

.bss            0x80400000    0x1c000
 .bss.tflm      0x80400000       0x70 objects/tflm/modtflm.o
"""


def test_parts_of_firmware_that_make_built() -> None:
    found = mapfile.added(BY_MAKE)
    assert found == {
        "tflm": {"text": 0x40},
        "esp_nn": {"text": 0x50},
        "kernels": {"text": 0x80 + 0x90},
        "engine": {"text": 0x10, "rodata": 0x60},
        "module": {"text": 0x20, "bss": 0x70},
        "model_check": {"text": 0x30},
        "frozen_models": {},
    }
    assert mapfile.in_flash(found["module"]) == 0x20
    assert mapfile.in_flash(found["engine"]) == 0x70
