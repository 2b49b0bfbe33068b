"""The models of the corpus, as TensorFlow's converter is given them: one around each op."""

from collections.abc import Callable
from typing import Any

IMAGE = (8, 8, 3)
SERIES = (12, 4)

# NAME: (input shapes without batch, a function of (tf, keras.layers, *tensors)). Functions
# are lambdas so that their source text is what the cache is keyed by.
Recipe = tuple[list[tuple[int, ...]], Callable[..., Any]]
MODELS: dict[str, Recipe] = {
    # Convolutions
    "conv_same": ([IMAGE], lambda tf, L, x: L.Conv2D(4, 3, padding="same")(x)),
    "conv_valid_relu": ([IMAGE], lambda tf, L, x: L.Conv2D(4, 3, activation="relu")(x)),
    "conv_stride": (
        [IMAGE],
        lambda tf, L, x: L.Conv2D(5, (3, 2), strides=(2, 3), padding="same")(x),
    ),
    "conv_dilated": (
        [IMAGE],
        lambda tf, L, x: L.Conv2D(4, 3, dilation_rate=2, activation="relu6")(x),
    ),
    "conv_1x1_no_bias": ([IMAGE], lambda tf, L, x: L.Conv2D(7, 1, use_bias=False)(x)),
    "conv_full": ([IMAGE], lambda tf, L, x: L.Conv2D(4, 3)(L.ZeroPadding2D(2)(x))),
    "conv_batchnorm": (
        [IMAGE],
        lambda tf, L, x: L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(x))),
    ),
    "depthwise_same": ([IMAGE], lambda tf, L, x: L.DepthwiseConv2D(3, padding="same")(x)),
    "depthwise_multiplier": (
        [IMAGE],
        lambda tf, L, x: L.DepthwiseConv2D(3, depth_multiplier=3, activation="relu")(x),
    ),
    "depthwise_stride": (
        [IMAGE],
        lambda tf, L, x: L.DepthwiseConv2D(3, strides=2, padding="same")(x),
    ),
    "depthwise_dilated": ([IMAGE], lambda tf, L, x: L.DepthwiseConv2D(3, dilation_rate=2)(x)),
    "depthwise_one_channel": (
        [(8, 8, 1)],
        lambda tf, L, x: L.DepthwiseConv2D(3, depth_multiplier=4, padding="same")(x),
    ),
    "separable": ([IMAGE], lambda tf, L, x: L.SeparableConv2D(4, 3, padding="same")(x)),
    "transposed_same": (
        [IMAGE],
        lambda tf, L, x: L.Conv2DTranspose(4, 3, strides=2, padding="same")(x),
    ),
    "transposed_valid": (
        [IMAGE],
        lambda tf, L, x: L.Conv2DTranspose(4, 3, strides=2, activation="relu")(x),
    ),
    "conv1d_same": ([SERIES], lambda tf, L, x: L.Conv1D(5, 3, padding="same")(x)),
    "conv1d_valid_stride": (
        [SERIES],
        lambda tf, L, x: L.Conv1D(5, 3, strides=2, activation="relu")(x),
    ),
    "conv1d_causal": ([SERIES], lambda tf, L, x: L.Conv1D(5, 3, padding="causal")(x)),
    "conv1d_causal_dilated": (
        [SERIES],
        lambda tf, L, x: L.Conv1D(5, 3, padding="causal", dilation_rate=2)(x),
    ),
    "conv1d_same_dilated": (
        [SERIES],
        lambda tf, L, x: L.Conv1D(5, 3, padding="same", dilation_rate=2)(x),
    ),
    # Pooling
    "max_pool": ([IMAGE], lambda tf, L, x: L.MaxPooling2D(2)(x)),
    "max_pool_same": (
        [(7, 7, 3)],
        lambda tf, L, x: L.MaxPooling2D(3, strides=2, padding="same")(x),
    ),
    "average_pool": ([IMAGE], lambda tf, L, x: L.AveragePooling2D(2)(x)),
    "average_pool_same": (
        [(7, 7, 3)],
        lambda tf, L, x: L.AveragePooling2D(3, strides=2, padding="same")(x),
    ),
    "global_average": ([IMAGE], lambda tf, L, x: L.GlobalAveragePooling2D()(x)),
    "global_average_keep": ([IMAGE], lambda tf, L, x: L.GlobalAveragePooling2D(keepdims=True)(x)),
    "global_max": ([IMAGE], lambda tf, L, x: L.GlobalMaxPooling2D()(x)),
    "max_pool_1d": ([SERIES], lambda tf, L, x: L.MaxPooling1D(2)(x)),
    "average_pool_1d": ([SERIES], lambda tf, L, x: L.AveragePooling1D(2)(x)),
    "global_average_1d": ([SERIES], lambda tf, L, x: L.GlobalAveragePooling1D()(x)),
    "mean_last": ([SERIES], lambda tf, L, x: tf.reduce_mean(x, axis=-1, keepdims=True)),
    "reduce_max": ([IMAGE], lambda tf, L, x: tf.reduce_max(x, axis=[1, 2], keepdims=True)),
    # Padding and resizing
    "pad": ([IMAGE], lambda tf, L, x: L.ZeroPadding2D(((1, 2), (0, 3)))(x)),
    "pad_1d": ([SERIES], lambda tf, L, x: L.ZeroPadding1D((2, 1))(x)),
    "padv2": (
        [IMAGE],
        lambda tf, L, x: tf.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]], constant_values=0.25),
    ),
    "upsample_bilinear": (
        [IMAGE],
        lambda tf, L, x: L.UpSampling2D(2, interpolation="bilinear")(x),
    ),
    "resize_nearest": (
        [IMAGE],
        lambda tf, L, x: tf.compat.v1.image.resize_nearest_neighbor(x, [5, 13]),
    ),
    "resize_bilinear_corners": (
        [IMAGE],
        lambda tf, L, x: tf.compat.v1.image.resize_bilinear(x, [5, 13], align_corners=True),
    ),
    # Elementwise
    "add": ([IMAGE, IMAGE], lambda tf, L, x, y: L.Add()([x, y])),
    "add_bias": ([IMAGE], lambda tf, L, x: x + tf.constant([0.5, -1.0, 2.0])),
    "add_relu": ([IMAGE, IMAGE], lambda tf, L, x, y: tf.nn.relu(x + y)),
    "sub": ([IMAGE, IMAGE], lambda tf, L, x, y: L.Subtract()([x, y])),
    "sub_scalar": ([SERIES], lambda tf, L, x: x - tf.constant(0.5)),
    "mul": ([IMAGE, IMAGE], lambda tf, L, x, y: L.Multiply()([x, y])),
    "mul_channels": ([IMAGE, (1, 1, 3)], lambda tf, L, x, y: x * y),
    "rescaling": ([IMAGE], lambda tf, L, x: L.Rescaling(1 / 16, offset=-0.5)(x)),
    "concat_channels": ([IMAGE, IMAGE], lambda tf, L, x, y: L.Concatenate()([x, y])),
    "concat_rows": ([IMAGE, (2, 8, 3)], lambda tf, L, x, y: tf.concat([x, y, x], axis=1)),
    # Activations
    "relu": ([IMAGE], lambda tf, L, x: L.ReLU()(x)),
    "maximum": ([IMAGE, IMAGE], lambda tf, L, x, y: L.Maximum()([x, y])),
    "minimum_scalar": ([IMAGE], lambda tf, L, x: tf.minimum(x, 0.5)),
    "hard_swish": ([IMAGE], lambda tf, L, x: x * tf.nn.relu6(x + 3.0) / 6.0),
    "reduce_min": ([IMAGE], lambda tf, L, x: tf.reduce_min(x, axis=[1, 2])),
    "sum": ([SERIES], lambda tf, L, x: tf.reduce_sum(x, axis=1)),
    "crop": ([IMAGE], lambda tf, L, x: L.Cropping2D(((1, 2), (3, 0)))(x)),
    "slice_reversed": ([SERIES], lambda tf, L, x: x[:, ::-2, 1]),
    "relu6": ([IMAGE], lambda tf, L, x: L.ReLU(6.0)(x)),
    "leaky_relu": ([IMAGE], lambda tf, L, x: L.LeakyReLU(negative_slope=0.2)(x)),
    "prelu": (
        [IMAGE],
        lambda tf, L, x: L.PReLU(
            shared_axes=[1, 2], alpha_initializer=tf.keras.initializers.Constant(0.25)
        )(x),
    ),
    "softmax": ([(10,)], lambda tf, L, x: L.Softmax()(x)),
    "softmax_series": ([SERIES], lambda tf, L, x: L.Softmax()(x)),
    "softmax_few_long": ([(2, 40)], lambda tf, L, x: L.Softmax()(x)),
    "sigmoid": ([IMAGE], lambda tf, L, x: L.Activation("sigmoid")(x)),
    "tanh": ([IMAGE], lambda tf, L, x: L.Activation("tanh")(x)),
    # Dense and shapes
    "dense": ([(16,)], lambda tf, L, x: L.Dense(10)(x)),
    "dense_relu_softmax": (
        [(16,)],
        lambda tf, L, x: L.Dense(4, activation="softmax")(L.Dense(8, activation="relu")(x)),
    ),
    "dense_no_bias": ([(16,)], lambda tf, L, x: L.Dense(10, use_bias=False)(x)),
    "dense_series": ([SERIES], lambda tf, L, x: L.Dense(6)(x)),
    "flatten": ([IMAGE], lambda tf, L, x: L.Flatten()(x)),
    "reshape": ([IMAGE], lambda tf, L, x: L.Reshape((16, 12))(x)),
    "squeeze": ([(1, 8, 3)], lambda tf, L, x: tf.squeeze(x, axis=1)),
    "expand_dims": ([SERIES], lambda tf, L, x: tf.expand_dims(x, axis=1)),
    "permute": ([IMAGE], lambda tf, L, x: L.Permute((3, 1, 2))(x)),
    "two_outputs": (
        [(16,)],
        lambda tf, L, x: [L.Dense(3)(x), L.Dense(2, activation="sigmoid")(x)],
    ),
    # Whole networks
    "digits": (
        [(8, 8, 1)],
        lambda tf, L, x: L.Dense(10)(
            L.Flatten()(L.MaxPooling2D(2)(L.Conv2D(8, 3, activation="relu", padding="same")(x)))
        ),
    ),
    "residual": (
        [IMAGE],
        lambda tf, L, x: L.Dense(4, activation="softmax")(
            L.GlobalAveragePooling2D()(
                L.Add()(
                    [L.Conv2D(4, 1)(x), L.DepthwiseConv2D(3, padding="same")(L.Conv2D(4, 1)(x))]
                )
            )
        ),
    ),
    # Shapes, by what the converter makes of a slice, a stack, a split
    "split": ([IMAGE], lambda tf, L, x: tf.split(x, 3, axis=-1)),
    "split_rows": ([IMAGE], lambda tf, L, x: tf.split(x, 2, axis=1)),
    "split_v": ([IMAGE], lambda tf, L, x: tf.split(x, [3, 1, 4], axis=1)),
    "unstack": ([(3, 4)], lambda tf, L, x: tf.unstack(x, axis=1)),
    "unstack_last": ([(3, 4)], lambda tf, L, x: tf.unstack(x, axis=-1)),
    "stack": ([SERIES, SERIES], lambda tf, L, x, y: tf.stack([x, y, x], axis=1)),
    "stack_last": ([SERIES, SERIES], lambda tf, L, x, y: tf.stack([x, y], axis=-1)),
    "slice": ([IMAGE], lambda tf, L, x: tf.slice(x, [0, 1, 2, 0], [1, 3, -1, 2])),
    "slice_5d": ([(2, 3, 4, 5)], lambda tf, L, x: tf.slice(x, [0, 1, 0, 2, 1], [1, 1, 3, 2, 4])),
    "reverse": ([IMAGE], lambda tf, L, x: tf.reverse(x, [1, 2])),
    "reverse_last": ([SERIES], lambda tf, L, x: tf.reverse(x, [-1])),
    "mirror_pad": (
        [IMAGE],
        lambda tf, L, x: tf.pad(x, [[0, 0], [1, 7], [2, 3], [0, 2]], mode="REFLECT"),
    ),
    "mirror_pad_edge": (
        [SERIES],
        lambda tf, L, x: tf.pad(x, [[0, 1], [3, 12], [4, 0]], mode="SYMMETRIC"),
    ),
    "space_to_depth": ([IMAGE], lambda tf, L, x: tf.nn.space_to_depth(x, 2)),
    "depth_to_space": ([(4, 3, 8)], lambda tf, L, x: tf.nn.depth_to_space(x, 2)),
    "broadcast_to": ([(1, 8, 3)], lambda tf, L, x: tf.broadcast_to(x, [1, 5, 8, 3])),
    # Numbers
    "argmax": ([(10,)], lambda tf, L, x: tf.argmax(x, -1, output_type=tf.int32)),
    "argmin_rows": ([IMAGE], lambda tf, L, x: tf.argmin(x, 1, output_type=tf.int32)),
    "elu": ([IMAGE], lambda tf, L, x: L.ELU()(x)),
    "log_softmax": ([SERIES], lambda tf, L, x: tf.nn.log_softmax(x)),
    "l2_normalize": ([SERIES], lambda tf, L, x: tf.math.l2_normalize(x, axis=-1)),
    "cumsum": ([SERIES], lambda tf, L, x: tf.cumsum(x, axis=1)),
    "cumsum_reverse": ([SERIES], lambda tf, L, x: tf.cumsum(x, -1, exclusive=True, reverse=True)),
    "abs": ([IMAGE], lambda tf, L, x: tf.abs(x)),
    "rsqrt": ([IMAGE], lambda tf, L, x: tf.math.rsqrt(x * x + 0.5)),
    "layer_norm": ([SERIES], lambda tf, L, x: L.LayerNormalization()(x)),
    "squared_difference": ([SERIES, (1, 4)], lambda tf, L, x, y: tf.math.squared_difference(x, y)),
    "neg": ([SERIES], lambda tf, L, x: -x),
    "sqrt": ([SERIES], lambda tf, L, x: tf.sqrt(tf.nn.relu(x))),
    "square": ([SERIES], lambda tf, L, x: tf.square(x)),
    "exp": ([SERIES], lambda tf, L, x: tf.exp(x)),
    "log": ([SERIES], lambda tf, L, x: tf.math.log(tf.abs(x) + 0.1)),
    "sin": ([SERIES], lambda tf, L, x: tf.sin(x)),
    "cos": ([SERIES], lambda tf, L, x: tf.cos(x)),
    "floor": ([SERIES], lambda tf, L, x: tf.floor(x)),
    "ceil": ([SERIES], lambda tf, L, x: tf.math.ceil(x)),
    "round": ([SERIES], lambda tf, L, x: tf.round(x)),
    "div": ([SERIES, SERIES], lambda tf, L, x, y: x / (tf.abs(y) + 0.5)),
    "floor_div": ([SERIES], lambda tf, L, x: x // tf.constant([0.5, 2.0, -3.0, 8.0])),
    "floor_mod": ([SERIES], lambda tf, L, x: tf.math.floormod(x, tf.constant(0.7))),
    "equal": (
        [SERIES, (1, 4)],
        lambda tf, L, x, y: tf.where(tf.equal(tf.round(x), tf.round(y)), x, y),
    ),
    "not_equal": (
        [SERIES, (1, 4)],
        lambda tf, L, x, y: tf.where(tf.not_equal(tf.round(x), tf.round(y)), x, y),
    ),
    "less": ([SERIES, (1, 4)], lambda tf, L, x, y: tf.where(x < y, x, 2.0)),
    "less_equal": ([SERIES], lambda tf, L, x: tf.where(x <= 0.5, x, tf.zeros_like(x))),
    "greater": ([SERIES, (1, 4)], lambda tf, L, x, y: tf.where(x > y, x, y)),
    "greater_equal": (
        [SERIES, SERIES],
        lambda tf, L, x, y: tf.cast(x >= y, tf.float32),
    ),
    "logical": (
        [SERIES, (1, 4)],
        lambda tf, L, x, y: tf.where(
            tf.logical_or(tf.logical_and(x > 0.0, y > 0.0), x < -1.0), x, y
        ),
    ),
    "matmul": ([(3, 4), (4, 5)], lambda tf, L, x, y: tf.matmul(x, y)),
    "matmul_rows": ([(2, 3, 4), (1, 5, 4)], lambda tf, L, x, y: tf.matmul(x, y, transpose_b=True)),
    "attention": ([SERIES], lambda tf, L, x: L.MultiHeadAttention(2, 3)(x, x)),
    # Indices
    "tile": ([SERIES], lambda tf, L, x: tf.tile(x, [1, 2, 3])),
    "upsample_nearest": ([(4, 4, 2)], lambda tf, L, x: L.UpSampling2D((2, 3))(x)),
    "gather_constant": ([SERIES], lambda tf, L, x: tf.gather(x, [3, 0, 0, 11], axis=1)),
    "gather_last": ([SERIES], lambda tf, L, x: tf.gather(x, [[3, 0], [1, 1]], axis=-1)),
    "gather_computed": (
        [(4,), (4, 3)],
        lambda tf, L, x, y: tf.gather(y, tf.argmax(x, -1, output_type=tf.int32), axis=1),
    ),
    "gather_nd": (
        [IMAGE],
        lambda tf, L, x: tf.gather_nd(x, tf.constant([[0, 1, 2], [0, 7, 0], [0, 0, 7]])),
    ),
    "space_to_batch": (
        [IMAGE],
        lambda tf, L, x: tf.space_to_batch_nd(x, [2, 3], [[1, 1], [0, 1]]),
    ),
    "space_to_batch_1d": ([SERIES], lambda tf, L, x: tf.space_to_batch_nd(x, [5], [[2, 1]])),
    "batch_to_space": (
        [IMAGE],
        lambda tf, L, x: tf.batch_to_space(
            tf.tanh(tf.space_to_batch_nd(x, [2, 2], [[1, 1], [2, 0]])), [2, 2], [[0, 1], [3, 0]]
        ),
    ),
    # What activations and norms come to
    "gelu": ([SERIES], lambda tf, L, x: tf.nn.gelu(x)),
    "gelu_tanh": ([SERIES], lambda tf, L, x: tf.nn.gelu(x, approximate=True)),
    "selu": ([SERIES], lambda tf, L, x: tf.nn.selu(x)),
    "softplus": ([SERIES], lambda tf, L, x: tf.nn.softplus(x)),
    "pow": ([SERIES], lambda tf, L, x: tf.pow(tf.abs(x), 2.5)),
    "add_n": ([SERIES] * 3, lambda tf, L, x, y, z: tf.add_n([x, y, z])),
    "div_sums": (
        [SERIES, (12, 1)],
        lambda tf, L, x, y: tf.nn.relu(L.Activation("sigmoid")(x) / (y * y + 0.5)),
    ),
    "where": ([SERIES, SERIES], lambda tf, L, x, y: tf.where(x > y, x, y)),
    "slice_computed": (
        [SERIES, (4,)],
        lambda tf, L, x, y: tf.slice(
            x, tf.stack([0, tf.argmax(y[0], output_type=tf.int32), 1]), [1, 9, 2]
        ),
    ),
    "transpose_6d": (
        [(4, 2, 2, 3)],
        lambda tf, L, x: tf.transpose(tf.reshape(x, [1, 2, 2, 2, 2, 3]), [0, 5, 1, 3, 2, 4]),
    ),
    "group_norm": ([IMAGE], lambda tf, L, x: L.GroupNormalization(3)(x)),
    # More convolutions
    "conv_groups": ([(8, 8, 6)], lambda tf, L, x: L.Conv2D(6, 3, groups=2, padding="same")(x)),
    "conv_groups_of_one": (
        [(8, 8, 4)],
        lambda tf, L, x: L.Conv2D(8, (3, 2), strides=2, groups=4, activation="relu")(x),
    ),
    "conv1d_groups": ([SERIES], lambda tf, L, x: L.Conv1D(4, 3, groups=2, dilation_rate=2)(x)),
}


INT16 = (
    *("conv_same", "conv_valid_relu", "conv_stride", "conv_dilated", "conv_groups"),
    *("conv1d_causal", "depthwise_same", "depthwise_multiplier", "depthwise_stride"),
    *("depthwise_dilated", "max_pool", "max_pool_same", "average_pool", "average_pool_same"),
    *("softmax", "softmax_few_long", "dense", "dense_no_bias", "dense_series"),
    *("dense_relu_softmax", "digits", "add", "add_bias", "add_relu", "sub", "sub_scalar", "mul"),
    *("mul_channels", "rescaling", "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "abs", "sum"),
    *("global_average", "global_average_1d", "mean_last", "matmul"),
    *("matmul_rows", "transposed_same", "transposed_valid", "residual"),
)
"""These with activations of int16 and weights of int8, too."""
