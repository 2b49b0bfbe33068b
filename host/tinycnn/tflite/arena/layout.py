"""Sizes of what TFLM allocates, on targets with 32-bit and with 64-bit pointers.

Measured with sizeof() on TFLM at the commit that sources.toml pins (esp-tflite-micro),
for the ABIs below, without USE_TFLM_COMPRESSION. The comments name the header, below
tensorflow/lite/; a .cc where the struct is in its kernel's source.
"""

from __future__ import annotations

from dataclasses import dataclass

ALIGNMENT = 16
"""Of the arena, of what kernels keep and of every tensor (micro/micro_arena_constants.h)."""

SCRATCH_REQUESTS = 12
"""How many requests the next op always has room for (micro/micro_allocator.cc)."""

PLANNER_ENTRY = 40
"""Bytes of working memory that the planner takes for each buffer, on both ABIs
(micro/memory_planner/greedy_memory_planner.h, per_buffer_size)."""


def up(size: int, alignment: int) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


@dataclass(frozen=True)
class Abi:
    """A target's C++ ABI: `pointer` bytes for a pointer and size_t.

    int and enums have 4 bytes, int64 and double 8, aligned to 8, on all of ours.
    """

    pointer: int

    def size(self, struct: str) -> int:
        """sizeof(struct) in bytes."""
        small, large = SIZES[struct]
        return small if self.pointer == 4 else large


ILP32 = Abi(4)
"""ESP32 (Xtensa), ESP32-C3 and other RV32."""

LP64 = Abi(8)
"""x86-64 and AArch64: the simulator."""

SIZES: dict[str, tuple[int, int]] = {
    # The interpreter's: bytes with 32-bit pointers, with 64-bit pointers.
    "MicroBuiltinDataAllocator": (8, 16),  # micro/micro_allocator.cc
    "ScratchBufferRequest": (12, 16),  # micro/micro_allocator.h
    "ScratchBufferHandle": (4, 8),  # micro/micro_allocator.h
    "SubgraphAllocations": (8, 16),  # micro/micro_allocator.h
    "NodeAndRegistration": (32, 64),  # micro/micro_allocator.h
    "AllocationInfo": (24, 32),  # micro/micro_allocation_info.h
    "TfLiteEvalTensor": (12, 24),  # core/c/common.h, TF_LITE_STATIC_MEMORY
    "TfLiteTensor": (40, 64),  # core/c/common.h, TF_LITE_STATIC_MEMORY
    "TfLiteAffineQuantization": (12, 24),  # core/c/common.h
    # What an op keeps between Init, Prepare and Invoke.
    "OpDataConv": (56, 72),  # micro/kernels/conv.h
    "EspNnConvData": (60, 80),  # micro/kernels/esp_nn/conv.cc and depthwise_conv.cc, NodeData
    "OpDataTransposeConv": (72, 80),  # micro/kernels/transpose_conv.cc, OpData
    "OpDataPooling": (32, 32),  # micro/kernels/pooling.h
    "OpDataReduce": (44, 44),  # micro/kernels/reduce.h
    "OpDataPad": (56, 56),  # micro/kernels/pad.h, OpData
    "OpDataAdd": (60, 60),  # micro/kernels/add.h
    "OpDataSub": (52, 52),  # micro/kernels/sub.h
    "OpDataMul": (36, 36),  # micro/kernels/mul.h
    "OpDataConcatenation": (24, 40),  # micro/kernels/concatenation.cc, OpData
    "OpDataFullyConnected": (48, 64),  # micro/kernels/fully_connected.h
    "ReluOpData": (28, 28),  # micro/kernels/activations.h
    "Relu6OpData": (8, 8),  # micro/kernels/activations.h
    "LeakyReluOpData": (24, 24),  # micro/kernels/leaky_relu.h
    "OpDataLogistic": (16, 16),  # micro/kernels/logistic.h
    "OpDataTanh": (16, 16),  # micro/kernels/tanh.cc, OpData
    "OpDataQuantizeReference": (32, 32),  # micro/kernels/quantize.h
    "DequantizeOpData": (32, 32),  # micro/kernels/dequantize.h
    "PreluParams": (28, 28),  # kernels/internal/types.h
    "SoftmaxParams": (56, 80),  # kernels/internal/types.h
    "HardSwishParams": (20, 20),  # kernels/internal/types.h
    "StridedSliceParams": (84, 84),  # kernels/internal/types.h
    # An op's options, parsed by core/api/flatbuffer_conversions.cc.
    "TfLiteConvParams": (28, 28),  # core/c/builtin_op_data.h, as all below
    "TfLiteDepthwiseConvParams": (28, 28),
    "TfLiteTransposeConvParams": (20, 20),
    "TfLitePoolParams": (40, 40),
    "TfLiteReducerParams": (1, 1),
    "TfLiteAddParams": (8, 8),
    "TfLiteSubParams": (8, 8),
    "TfLiteMulParams": (4, 4),
    "TfLiteConcatenationParams": (8, 8),
    "TfLiteFullyConnectedParams": (16, 16),
    "TfLiteLeakyReluParams": (4, 4),
    "TfLiteSoftmaxParams": (4, 4),
    "TfLiteReshapeParams": (36, 36),
    "TfLiteSqueezeParams": (36, 36),
    "TfLiteResizeBilinearParams": (2, 2),
    "TfLiteResizeNearestNeighborParams": (2, 2),
    "TfLiteStridedSliceParams": (24, 24),
}

BOOLS_ONLY = {
    "TfLiteReducerParams",
    "TfLiteResizeBilinearParams",
    "TfLiteResizeNearestNeighborParams",
}
"""Options that are aligned to 1; all others to 4."""

INT = 4
"""Bytes of an int, which begins every TfLiteIntArray (core/c/common.h)."""
