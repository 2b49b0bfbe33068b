#include <string.h>

#include "flexbuf.h"

// The type of a value, above the two bits of its width in the byte that tells both.
enum { TYPE_INT = 1, TYPE_MAP = 9, TYPE_BOOL = 26 };

#define OUTSIDE (UINT32_MAX)

// Little-endian, of 1, 2, 4 or 8 bytes at a position that is inside.
static uint64_t number_at(const uint8_t *data, uint32_t pos, uint32_t width) {
    uint64_t number = 0;
    for (uint32_t i = 0; i < width; ++i) {
        number |= (uint64_t)data[pos + i] << 8 * i;
    }
    return number;
}

// Offsets lead back.
static uint32_t follow(const flexbuf_map_t *map, uint32_t pos, uint32_t width) {
    uint64_t offset = number_at(map->data, pos, width);
    return offset <= pos ? pos - (uint32_t)offset : OUTSIDE;
}

// Where key `i` is, if it ends inside and is short.
static uint32_t key_at(const flexbuf_map_t *map, uint32_t i) {
    uint32_t key = follow(map, map->keys + i * map->key_width, map->key_width);
    if (key == OUTSIDE) {
        return OUTSIDE;
    }
    uint32_t most = map->size - key < FLEXBUF_MAX_KEY ? map->size - key : FLEXBUF_MAX_KEY;
    return memchr(map->data + key, 0, most) != NULL ? key : OUTSIDE;
}

static const char *text_at(const flexbuf_map_t *map, uint32_t key) {
    return (const char *)map->data + key;
}

// In order, so that none is there twice and another reader, which searches, finds the same.
static bool keys_ascend(const flexbuf_map_t *map) {
    for (uint32_t i = 0; i < map->count; ++i) {
        uint32_t key = key_at(map, i);
        if (key == OUTSIDE
            || (i > 0 && strcmp(text_at(map, key_at(map, i - 1)), text_at(map, key)) >= 0)) {
            return false;
        }
    }
    return true;
}

static bool is_width(uint64_t bytes) {
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

// Before the values of a map there are where its keys are, their width, and how many there are;
// behind them a byte each for their types. At the end is the root: where the map is, its type
// and width, and the width of that.
bool model_flexbuf_map(const uint8_t *data, size_t size, flexbuf_map_t *map) {
    if (size < 3 || size > INT32_MAX) {
        return false;
    }
    *map = (flexbuf_map_t) { .data = data, .size = (uint32_t)size };
    uint32_t root_width = data[size - 1];
    uint8_t type = data[size - 2];
    if (!is_width(root_width) || size < 2 + root_width || type >> 2 != TYPE_MAP) {
        return false;
    }
    uint32_t root = map->size - 2 - root_width; // all of the map lies before it
    uint32_t width = 1u << (type & 3);
    map->width = (uint8_t)width;
    map->values = follow(map, root, root_width);
    if (map->values > root || map->values < 3 * width) {
        return false;
    }
    uint64_t count = number_at(data, map->values - width, width);
    uint64_t key_width = number_at(data, map->values - 2 * width, width);
    if (count > FLEXBUF_MAX_COUNT || !is_width(key_width)
        || count * (width + 1) > root - map->values) {
        return false;
    }
    map->count = (uint32_t)count;
    map->key_width = (uint8_t)key_width;
    map->types = map->values + map->count * width;
    map->keys = follow(map, map->values - 3 * width, width);
    return map->keys <= root && map->keys >= key_width && count * key_width <= root - map->keys
           && number_at(data, map->keys - map->key_width, map->key_width) == count && keys_ascend(map);
}

bool model_flexbuf_int(const flexbuf_map_t *map, const char *key, int32_t *value) {
    for (uint32_t i = 0; i < map->count; ++i) {
        if (strcmp(text_at(map, key_at(map, i)), key) != 0) {
            continue;
        }
        uint8_t type = map->data[map->types + i] >> 2;
        uint64_t number = number_at(map->data, map->values + i * map->width, map->width);
        if (type == TYPE_BOOL) {
            *value = number != 0;
            return true;
        }
        // The sign is in the highest bit of so many.
        uint64_t sign = UINT64_C(1) << (8u * map->width - 1);
        int64_t full = (int64_t)((number ^ sign) - sign);
        *value = (int32_t)full;
        return type == TYPE_INT && full == *value;
    }
    return false;
}
