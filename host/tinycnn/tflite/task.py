"""What a model's numbers mean, kept with it where they are no scores of classes.

A metadata entry of the .tflite, by the name of NAME; a model without one gives scores.
"""

from __future__ import annotations

NAME = "tinycnn.task"

REGRESSION = b"regression"
