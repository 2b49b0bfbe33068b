"""From data to a quantized model, and what it is worth."""
