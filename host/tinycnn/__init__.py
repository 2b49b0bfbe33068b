"""Train, quantize and run small int8 neural networks in MicroPython on an ESP32."""

__version__ = "0.1.0"
