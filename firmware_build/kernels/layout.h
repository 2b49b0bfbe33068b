// How the weights of a convolution lie.

#ifndef INT8_LAYOUT_H
#define INT8_LAYOUT_H

#include "kernels.h"

// Those of a tap are `tap` behind those of the tap before it, those of an output channel `channel`
// behind those of the channel before.
typedef struct _int8_layout_t {
    size_t tap, channel;
} int8_layout_t;

#endif // INT8_LAYOUT_H
