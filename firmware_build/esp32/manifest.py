# What is frozen into every image: upstream's modules, and the digits to classify.
include("$(PORT_DIR)/boards/manifest.py")
module("samples.py", base_path="$(DEVICE_DIR)")
