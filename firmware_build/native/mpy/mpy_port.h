// What the files of the module `tflm` have of MicroPython where they become a native module: the
// table of functions behind py/dynruntime.h, and here what that lacks. See ../../tflm/tflm_port.h.
//
// A qstr is no constant here, it is looked up in a table that comes with the module. So types and
// dicts that hold some are made from constant tables when the module is imported (mpy_module.c).
//
// All that changes is in mpy_state, the only .bss: the linker of native modules gets static
// variables wrong, and the collector finds what is in use by a pointer to where .bss begins.

#ifndef MPY_PORT_H
#define MPY_PORT_H

#include <string.h>

#include "py/dynruntime.h"
#include "py/mpthread.h"
#include "py/objlist.h"
#include "py/objtuple.h"

#define MPY_NOINLINE __attribute__((noinline))

// Types that a native module is not given, and functions of Python: as they were when it was
// imported, since a name in a script may mean something else by now. Errors first, then other types,
// then what is only called (see mpy_module.c).
#define MPY_KNOWN(X) \
    X(IndexError) \
    X(MemoryError) \
    X(NotImplementedError) \
    X(OSError) \
    X(OverflowError) \
    X(RuntimeError) \
    X(TypeError) \
    X(ValueError) \
    X(bytes) \
    X(int) \
    X(tuple) \
    X(open) \
    X(repr)

#define MPY_KNOWN_INDEX(name) MPY_KNOWN_##name,
enum { MPY_KNOWN(MPY_KNOWN_INDEX) MPY_KNOWN_COUNT };

// Memory of a type with so many slots, which is one of the tables that are made.
#define MPY_TYPE(name, count) const void *of_##name[offsetof(mp_obj_type_t, slots) / sizeof(void *) + count]

typedef struct _mpy_state_t {
    // First, so that the linker's table has a pointer to where .bss begins.
    mp_obj_t known[MPY_KNOWN_COUNT];
    mp_obj_t nothing; // a function that does nothing but to check the stack
    mp_obj_t time; // the module, once it was needed: to find it may take long each time
    uint32_t us, ticks; // see mpy_ticks_us()
    MPY_TYPE(mp_type_ModelError, 4);
    MPY_TYPE(mp_type_UnsupportedOpError, 4);
    MPY_TYPE(mp_type_ArenaError, 4);
    MPY_TYPE(tflm_arena_type, 4);
    MPY_TYPE(tflm_interpreter_type, 4);
    MPY_TYPE(tflm_tensor_type, 6);
} mpy_state_t;

extern mpy_state_t mpy_state;

// Where it is, to the compiler a pointer like any other: of the address of a part of it, which is
// a symbol and a number, MicroPython's linker forgets the number on Xtensa. (In a constant table it
// does not.)
static inline mpy_state_t *mpy_now(void) {
    mpy_state_t *state = &mpy_state;
    __asm__ ("" : "+r" (state));
    return state;
}

#define MPY_TYPE_OF(name) (*(const mp_obj_type_t *)mpy_now()->of_##name)
#define mp_type_ModelError MPY_TYPE_OF(mp_type_ModelError)
#define mp_type_UnsupportedOpError MPY_TYPE_OF(mp_type_UnsupportedOpError)
#define mp_type_ArenaError MPY_TYPE_OF(mp_type_ArenaError)
#define tflm_arena_type MPY_TYPE_OF(tflm_arena_type)
#define tflm_interpreter_type MPY_TYPE_OF(tflm_interpreter_type)
#define tflm_tensor_type MPY_TYPE_OF(tflm_tensor_type)
#define TFLM_ROM_TYPE(name) ((mp_rom_obj_t)mpy_state.of_##name)

#undef mp_type_IndexError
#undef mp_type_NotImplementedError
#undef mp_type_RuntimeError
#undef mp_type_TypeError
#undef mp_type_ValueError
#undef mp_type_bytes
#undef mp_type_int
#undef mp_type_tuple
#define MPY_KNOWN_TYPE(name) (*(const mp_obj_type_t *)mpy_now()->known[MPY_KNOWN_##name])
#define mp_type_IndexError MPY_KNOWN_TYPE(IndexError)
#define mp_type_MemoryError MPY_KNOWN_TYPE(MemoryError)
#define mp_type_NotImplementedError MPY_KNOWN_TYPE(NotImplementedError)
#define mp_type_OSError MPY_KNOWN_TYPE(OSError)
#define mp_type_OverflowError MPY_KNOWN_TYPE(OverflowError)
#define mp_type_RuntimeError MPY_KNOWN_TYPE(RuntimeError)
#define mp_type_TypeError MPY_KNOWN_TYPE(TypeError)
#define mp_type_ValueError MPY_KNOWN_TYPE(ValueError)
#define mp_type_bytes MPY_KNOWN_TYPE(bytes)
#define mp_type_int MPY_KNOWN_TYPE(int)
#define mp_type_tuple MPY_KNOWN_TYPE(tuple)
#define mp_builtin_open_obj MPY_KNOWN_TYPE(open)

// The linker knows these by name, and takes them in constants.
#undef mp_type_type
#undef mp_type_str
#undef mp_type_list

// Constant tables --------------------------------------------------------------

// In the place of a qstr, its number in the module's table.
#define MPY_QSTR(q) (&(q) - mp_native_qstr_table)

typedef struct _mpy_rom_dict_t {
    size_t count;
    const mp_rom_map_elem_t *table;
} mpy_rom_dict_t;

extern const mpy_rom_dict_t tflm_globals;

#undef MP_ROM_QSTR
#undef MP_DEFINE_CONST_DICT
#undef MP_DEFINE_CONST_OBJ_TYPE
#define MP_ROM_QSTR(q) ((mp_rom_obj_t)MPY_QSTR(q))
#define MP_DEFINE_CONST_DICT(name, of) const mpy_rom_dict_t name = { MP_ARRAY_SIZE(of), of }
#define MP_DEFINE_CONST_OBJ_TYPE(name, q, ...) MPY_DEFINE_TYPE(name##_rom, MPY_QSTR(q), __VA_ARGS__)
#define MPY_DEFINE_TYPE(...) MP_DEFINE_CONST_OBJ_TYPE_EXPAND(MP_DEFINE_CONST_OBJ_TYPE_NARGS(__VA_ARGS__, _INV, 12, _INV, 11, _INV, 10, _INV, 9, _INV, 8, _INV, 7, _INV, 6, _INV, 5, _INV, 4, _INV, 3, _INV, 2, _INV, 1, _INV, 0)(mp_obj_type_t, __VA_ARGS__))

#define TFLM_DECLARE_TYPE(name) extern const mp_obj_type_t name##_rom
#define TFLM_DEFINE_EXCEPTION(name, parent_type) // by mpy_module.c
#define TFLM_ARGS const mp_arg_t

#define MP_REGISTER_ROOT_POINTER(declaration)

#undef MP_ROM_NONE
#define MP_ROM_NONE mp_const_none

// What is otherwise called ---------------------------------------------------------

#undef m_malloc
#undef m_malloc_fail
#define m_malloc(bytes) mpy_malloc(bytes)
#define m_malloc0(bytes) memset(mpy_malloc(bytes), 0, bytes)
#define m_malloc_maybe(bytes) mp_fun_table.realloc_(NULL, bytes, false)
#define m_malloc_with_finaliser(bytes) mpy_malloc(bytes) // no finaliser runs
#define m_malloc_fail(bytes) mp_raise_msg(&mp_type_MemoryError, MP_ERROR_TEXT("memory allocation failed"))
#define gc_is_locked() (false) // nobody tells; then nothing can be allocated

#undef mp_raise_msg
#define mp_raise_msg mpy_raise_msg
#define mp_raise_msg_varg mpy_raise
#define mp_raise_OSError_with_filename mpy_raise_of_file
#define mp_obj_exception_get_value(error) mp_load_attr(error, MP_QSTR_errno)

#undef mp_obj_get_int
#undef mp_obj_str_get_data
#define mp_obj_get_int mpy_get_int
#define mp_obj_str_get_data mpy_get_str
#define mp_obj_tuple_get mpy_tuple_get
#define mp_call_method_n_kw(n_args, n_kw, args) mp_fun_table.call_method_n_kw(n_args, n_kw, args)
#define mp_getiter(obj, buf) (mp_fun_table.getiter(obj, buf), MP_OBJ_FROM_PTR(buf))
#define mp_iternext(iter) mp_fun_table.iternext(MP_OBJ_TO_PTR(iter))
#define mp_obj_print_helper mpy_print
#define mp_print_str(print, text) mp_printf(print, "%s", text)
#define mp_stream_rw(file, data, size, error, flags) mpy_read(file, data, size, error)

#define mp_hal_ticks_us mpy_ticks_us
#define mp_hal_delay_ms mpy_delay_ms

// By a name of its own, since GCC does not see that a static function need not return behind a
// pointer that does not.
static inline MP_NORETURN void mpy_raise_msg(const mp_obj_type_t *type, mp_rom_error_text_t message) {
    mp_fun_table.raise_msg(type, message);
}

void *mpy_malloc(size_t bytes);
MP_NORETURN void mpy_raise(const mp_obj_type_t *type, const char *format, ...);
MP_NORETURN void mpy_raise_of_file(int number, const char *name);
mp_int_t mpy_get_int(mp_obj_t obj);
const char *mpy_get_str(mp_obj_t obj, size_t *len);
void mpy_tuple_get(mp_obj_t tuple, size_t *count, mp_obj_t **items);
void mpy_print(const mp_print_t *print, mp_obj_t obj, mp_print_kind_t kind);
size_t mpy_read(mp_obj_t file, void *data, size_t size, int *error);
mp_uint_t mpy_ticks_us(void);
void mpy_delay_ms(mp_uint_t ms);

#endif // MPY_PORT_H
