// The module `tflm` as a native module: what is done when it is imported.

#include "modtflm.h"

// Visible, or the compiler makes it static, which the linker does not see in time.
__attribute__((externally_visible)) mpy_state_t mpy_state;

// The firmware's qstr in the place of a number of MPY_QSTR().
static qstr qstr_of(mp_rom_obj_t number) {
    return mp_native_qstr_table[(uintptr_t)number];
}

static mp_obj_t dict_of(const mpy_rom_dict_t *rom) {
    mp_obj_t dict = mp_obj_new_dict(rom->count);
    for (size_t i = 0; i < rom->count; i++) {
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(qstr_of(rom->table[i].key)), (mp_obj_t)rom->table[i].value);
    }
    ((mp_obj_dict_t *)MP_OBJ_TO_PTR(dict))->map.is_fixed = 1; // as a type's is in a firmware
    return dict;
}

// From its first byte on, a type has the numbers of its slots from this one on.
#define FIRST_SLOT (offsetof(mp_obj_type_t, slot_index_make_new))

static void make_type(const void **to, const mp_obj_type_t *rom) {
    mp_obj_type_t *type = (mp_obj_type_t *)to;
    size_t slots = 0;
    for (size_t i = FIRST_SLOT; i <= offsetof(mp_obj_type_t, slot_index_locals_dict); i++) {
        size_t slot = ((const uint8_t *)rom)[i];
        slots = slot > slots ? slot : slots;
    }
    memcpy(type, rom, offsetof(mp_obj_type_t, slots) + slots * sizeof(void *));
    type->name = (uint16_t)mp_native_qstr_table[rom->name];
    if (type->slot_index_locals_dict != 0) {
        const void **slot = &type->slots[type->slot_index_locals_dict - 1];
        *slot = MP_OBJ_TO_PTR(dict_of(*slot));
    }
}

static void make_exception(const void **to, qstr name, const mp_obj_type_t *parent) {
    mp_obj_exception_init((mp_obj_full_type_t *)to, name, parent);
}

// MicroPython before 1.24 may collect a native module that is in use.
static void need_version(void) {
    mp_obj_t sys = mp_import_name(MP_QSTR_sys, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    mp_obj_t version = mp_load_attr(mp_load_attr(sys, MP_QSTR_implementation), MP_QSTR_version);
    mp_obj_t least[2] = { MP_OBJ_NEW_SMALL_INT(1), MP_OBJ_NEW_SMALL_INT(24) };
    if (mp_binary_op(MP_BINARY_OP_LESS, version, mp_obj_new_tuple(2, least)) == mp_const_true) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("tflm needs MicroPython 1.24"));
    }
}

static mp_obj_t do_nothing(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    (void)self;
    (void)n_args;
    (void)n_kw;
    (void)args;
    return mp_const_none;
}

#define KNOWN(name) MPY_QSTR(MP_QSTR_##name),

__attribute__((externally_visible))
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    (void)n_args;
    (void)n_kw;
    (void)args;
    MP_DYNRUNTIME_INIT_ENTRY
    static const uint8_t known[] = { MPY_KNOWN(KNOWN) };
    for (size_t i = 0; i < MPY_KNOWN_COUNT; i++) {
        mpy_now()->known[i] = mp_load_global(mp_native_qstr_table[known[i]]);
    }
    need_version();
    mpy_now()->nothing = MP_DYNRUNTIME_MAKE_FUNCTION(do_nothing);
    make_type(mpy_now()->of_tflm_arena_type, &tflm_arena_type_rom);
    make_type(mpy_now()->of_tflm_interpreter_type, &tflm_interpreter_type_rom);
    make_type(mpy_now()->of_tflm_tensor_type, &tflm_tensor_type_rom);
    make_exception(mpy_now()->of_mp_type_ModelError, MP_QSTR_ModelError, &mp_type_ValueError);
    make_exception(mpy_now()->of_mp_type_UnsupportedOpError, MP_QSTR_UnsupportedOpError, &mp_type_ModelError);
    make_exception(mpy_now()->of_mp_type_ArenaError, MP_QSTR_ArenaError, &mp_type_MemoryError);
    for (size_t i = 0; i < tflm_globals.count; i++) {
        mp_store_global(qstr_of(tflm_globals.table[i].key), (mp_obj_t)tflm_globals.table[i].value);
    }
    MP_DYNRUNTIME_INIT_EXIT
}
