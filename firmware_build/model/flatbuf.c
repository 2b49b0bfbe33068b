#include "flatbuf.h"

flatbuf_t model_flatbuf_init(const uint8_t *data, size_t size) {
    flatbuf_t buf = { data, size <= FLATBUF_MAX_SIZE ? (uint32_t)size : 0 };
    return buf;
}

uint16_t model_flatbuf_u16_at(const flatbuf_t *buf, uint32_t pos) {
    const uint8_t *p = buf->data + pos;
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t model_flatbuf_u32_at(const flatbuf_t *buf, uint32_t pos) {
    const uint8_t *p = buf->data + pos;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t model_flatbuf_u64_at(const flatbuf_t *buf, uint32_t pos) {
    return model_flatbuf_u32_at(buf, pos) | (uint64_t)model_flatbuf_u32_at(buf, pos + 4) << 32;
}

bool model_flatbuf_inside(const flatbuf_t *buf, uint32_t pos, uint64_t bytes) {
    return pos <= buf->size && bytes <= buf->size - pos;
}

uint32_t model_flatbuf_follow(const flatbuf_t *buf, uint32_t pos) {
    if (!model_flatbuf_inside(buf, pos, 4)) {
        return 0;
    }
    uint32_t offset = model_flatbuf_u32_at(buf, pos);
    // Whatever an offset leads to holds at least 32 bits.
    return model_flatbuf_inside(buf, pos, (uint64_t)offset + 4) ? pos + offset : 0;
}

uint32_t model_flatbuf_root(const flatbuf_t *buf) {
    return model_flatbuf_follow(buf, 0);
}

uint32_t model_flatbuf_field(const flatbuf_t *buf, uint32_t table, unsigned id, uint32_t bytes) {
    if (table == 0 || !model_flatbuf_inside(buf, table, 4)) {
        return 0;
    }
    // The table's first word leads back (or, signed, on) to its vtable: the
    // vtable's size, the table's size, then each field's offset in the table.
    // Modulo 2**32, what is outside the buffer stays outside.
    uint32_t vtable = table - model_flatbuf_u32_at(buf, table);
    uint32_t entry = 4 + 2 * id;
    if (!model_flatbuf_inside(buf, vtable, 4)
        || entry + 2 > model_flatbuf_u16_at(buf, vtable)
        || !model_flatbuf_inside(buf, vtable, entry + 2)) {
        return 0;
    }
    uint32_t offset = model_flatbuf_u16_at(buf, vtable + entry);
    if (offset == 0 || !model_flatbuf_inside(buf, table, (uint64_t)offset + bytes)) {
        return 0;
    }
    return table + offset;
}

uint8_t model_flatbuf_u8(const flatbuf_t *buf, uint32_t table, unsigned id) {
    uint32_t pos = model_flatbuf_field(buf, table, id, 1);
    return pos ? buf->data[pos] : 0;
}

int32_t model_flatbuf_i32(const flatbuf_t *buf, uint32_t table, unsigned id, int32_t otherwise) {
    uint32_t pos = model_flatbuf_field(buf, table, id, 4);
    return pos ? (int32_t)model_flatbuf_u32_at(buf, pos) : otherwise;
}

uint32_t model_flatbuf_table(const flatbuf_t *buf, uint32_t table, unsigned id) {
    uint32_t pos = model_flatbuf_field(buf, table, id, 4);
    return pos ? model_flatbuf_follow(buf, pos) : 0;
}

flatbuf_vector_t model_flatbuf_vector(const flatbuf_t *buf, uint32_t table, unsigned id, uint32_t element_size) {
    flatbuf_vector_t vector = { 0, 0 };
    uint32_t pos = model_flatbuf_table(buf, table, id);
    if (pos) {
        uint32_t len = model_flatbuf_u32_at(buf, pos);
        if (model_flatbuf_inside(buf, pos, 4 + (uint64_t)len * element_size)) {
            vector.pos = pos + 4;
            vector.len = len;
        }
    }
    return vector;
}

uint32_t model_flatbuf_vector_table(const flatbuf_t *buf, flatbuf_vector_t vector, size_t index) {
    return index < vector.len ? model_flatbuf_follow(buf, vector.pos + 4 * (uint32_t)index) : 0;
}

int32_t model_flatbuf_vector_i32(const flatbuf_t *buf, flatbuf_vector_t vector, size_t index) {
    return index < vector.len ? (int32_t)model_flatbuf_u32_at(buf, vector.pos + 4 * (uint32_t)index) : 0;
}
