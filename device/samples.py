# Digits of the test part of scikit-learn's load_digits, written by
# `python -m tinycnn.pipeline.samples`: (index, digit, the 8x8 pixels row by row, one
# character each, in base 17: "0" is paper, "g" (16) is full ink).

from micropython import const

WIDTH = const(8)
HEIGHT = const(8)
DARKEST = const(16)

SAMPLES = (
    (
        1078,
        0,
        "020890000d5e87000c5209000750035003a002a001d001c0005d59d00009gg70",
    ),
    (
        1079,
        7,
        "006gdce100e44f400170a7000002d100029egc00046f24100067000000a40000",
    ),
    (
        1080,
        8,
        "009g600003g1ga8000f6g800003gb000001ec0000069b20000c1d00000ce3000",
    ),
    (
        1081,
        2,
        "00bgf30005gcbd0003d15f000000cb000001g700000af00000cggb1000dd8dg8",
    ),
    (
        1083,
        1,
        "000ee900004gga0000dgf20001fgb00007gg500003gg700000gg8000003cc000",
    ),
    (
        1085,
        6,
        "001eg80000agb400001b100001c3000002ged81003ggdg8000cg7fc0001dgg80",
    ),
    (
        1086,
        3,
        "00bgga001eg9bg101e30ce000006g70000008g5000000ca000245ed000bggg40",
    ),
    (
        1091,
        4,
        "001eb000009f204002g607g208g66gc005gggf300014g8000009g100000fg000",
    ),
)
