// A bounds-checked reader of flatbuffers: tables, scalars, vectors, strings.
//
// It knows no schema. Positions are byte offsets from the start of the buffer;
// 0 (where no table can be) means "absent". Every function is safe on any bytes:
// what does not lie wholly inside the buffer reads as absent, and absent things
// read as their default. Reads are byte-wise, so the buffer may be unaligned.

#ifndef FLATBUF_H
#define FLATBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLATBUF_MAX_SIZE (0x7fffffff) // offsets must stay positive in 32 bits

typedef struct _flatbuf_t {
    const uint8_t *data;
    uint32_t size;
} flatbuf_t;

// `len` elements whose first is at `pos`. Absent vectors have len 0 and pos 0,
// empty ones len 0 and a pos.
typedef struct _flatbuf_vector_t {
    uint32_t pos;
    uint32_t len;
} flatbuf_vector_t;

// A buffer longer than FLATBUF_MAX_SIZE becomes an empty one.
flatbuf_t model_flatbuf_init(const uint8_t *data, size_t size);

// Little-endian scalars at a position the caller knows to be inside.
uint16_t model_flatbuf_u16_at(const flatbuf_t *buf, uint32_t pos);
uint32_t model_flatbuf_u32_at(const flatbuf_t *buf, uint32_t pos);
uint64_t model_flatbuf_u64_at(const flatbuf_t *buf, uint32_t pos);

// Is [pos, pos + bytes) inside?
bool model_flatbuf_inside(const flatbuf_t *buf, uint32_t pos, uint64_t bytes);

// The position that the 32-bit offset stored at `pos` leads to.
uint32_t model_flatbuf_follow(const flatbuf_t *buf, uint32_t pos);

// The root table.
uint32_t model_flatbuf_root(const flatbuf_t *buf);

// Where field `id` of a table is stored, if it is present and its `bytes` are inside.
uint32_t model_flatbuf_field(const flatbuf_t *buf, uint32_t table, unsigned id, uint32_t bytes);

// One field of a table.
uint8_t model_flatbuf_u8(const flatbuf_t *buf, uint32_t table, unsigned id);
int32_t model_flatbuf_i32(const flatbuf_t *buf, uint32_t table, unsigned id, int32_t otherwise);
uint32_t model_flatbuf_table(const flatbuf_t *buf, uint32_t table, unsigned id);

// A vector (or, with element_size 1, a string) all of whose elements are inside.
flatbuf_vector_t model_flatbuf_vector(const flatbuf_t *buf, uint32_t table, unsigned id, uint32_t element_size);

// Element `index` of a vector of tables, and of one of 32-bit integers (0 past the end).
uint32_t model_flatbuf_vector_table(const flatbuf_t *buf, flatbuf_vector_t vector, size_t index);
int32_t model_flatbuf_vector_i32(const flatbuf_t *buf, flatbuf_vector_t vector, size_t index);

#endif // FLATBUF_H
