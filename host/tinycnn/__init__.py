"""Train, quantize and run small int8 neural networks in MicroPython on an ESP32.

The public names are those in `__init__.pyi`. Each is imported when it is first used, so
that `import tinycnn` and the command line start at once.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
