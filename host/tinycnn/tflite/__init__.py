"""Whatever reads a .tflite on the host."""
