// A bounds-checked reader of a flexbuffer that is a map of small whole numbers, as custom ops
// have their options.
//
// A flexbuffer is read from its end. TFLM's own reader trusts every offset and width in it;
// this one is safe on any bytes, reads them one by one, and its work has a limit whatever the
// size.

#ifndef FLEXBUF_H
#define FLEXBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLEXBUF_MAX_COUNT (16) // entries of a map
#define FLEXBUF_MAX_KEY (40) // bytes of a key with its NUL

// Positions in `data`.
typedef struct _flexbuf_map_t {
    const uint8_t *data;
    uint32_t size;
    uint32_t count; // of keys, which are in the order of strcmp(), each once
    uint32_t keys;
    uint32_t values;
    uint32_t types;
    uint8_t key_width;
    uint8_t width; // bytes of a value
} flexbuf_map_t;

// Read the map that the bytes are. False if they are none, or one of more or longer keys.
bool model_flexbuf_map(const uint8_t *data, size_t size, flexbuf_map_t *map);

// The value of a key: an integer, or a bool as 0 or 1. False if it is not there, is something
// else, or does not fit.
bool model_flexbuf_int(const flexbuf_map_t *map, const char *key, int32_t *value);

#ifdef __cplusplus
}
#endif

#endif // FLEXBUF_H
