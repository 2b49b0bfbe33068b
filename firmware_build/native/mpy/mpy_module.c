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

#define KNOWN(name) MPY_QSTR(MP_QSTR_##name),

// Is it the type of MicroPython's own whose name that is? A script may have put anything in its place,
// and what is raised, or taken for a tuple, has to be just that. A class of a script is made by another
// function than these are.
static bool is_own(mp_obj_t value, qstr name, const mp_obj_type_t *like) {
    const mp_obj_type_t *type = MP_OBJ_TO_PTR(value);
    return mp_obj_is_obj(value) && type->base.type == &mp_type_type && type->name == name
           && MP_OBJ_TYPE_HAS_SLOT(type, make_new)
           && MP_OBJ_TYPE_GET_SLOT(type, make_new) == MP_OBJ_TYPE_GET_SLOT(like, make_new);
}

static void find_known(void) {
    static const uint8_t names[] = { MPY_KNOWN(KNOWN) };
    const mp_obj_type_t *const likes[] = {
        mp_obj_get_type(mp_obj_new_bytes(NULL, 0)), mp_obj_get_type(MP_OBJ_NEW_SMALL_INT(0)),
        mp_obj_get_type(mp_obj_new_tuple(0, NULL)),
    };
    for (size_t i = 0; i < MPY_KNOWN_COUNT; i++) {
        qstr name = mp_native_qstr_table[names[i]];
        mp_obj_t value = mp_load_global(name);
        const mp_obj_type_t *like = i < MPY_KNOWN_bytes ? &mp_type_Exception
            : i < MPY_KNOWN_open ? likes[i - MPY_KNOWN_bytes] : NULL;
        if (like != NULL && !is_own(value, name, like)) {
            mp_raise_msg(&mp_type_Exception, MP_ERROR_TEXT("a builtin was replaced: import tflm before that"));
        }
        mpy_now()->known[i] = value;
    }
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

__attribute__((externally_visible))
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    (void)n_args;
    (void)n_kw;
    (void)args;
    MP_DYNRUNTIME_INIT_ENTRY
    find_known();
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
