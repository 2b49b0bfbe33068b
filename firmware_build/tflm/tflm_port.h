// What the files of this module have of MicroPython, and where they are compiled for: a firmware
// that it is part of, or a native module, which has less and has what bridges that in the header
// that TFLM_PORT names.

#ifndef TFLM_PORT_H
#define TFLM_PORT_H

#ifdef TFLM_PORT
#include TFLM_PORT
#else

#include <string.h>

#include "py/binary.h"
#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/objexcept.h"
#include "py/objint.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "py/stream.h"

#ifndef MP_NORETURN
#define MP_NORETURN NORETURN // MicroPython 1.25
#endif

#define TFLM_DECLARE_TYPE(name) extern const mp_obj_type_t name
#define TFLM_ROM_TYPE(name) MP_ROM_PTR(&name) // in a table

#define TFLM_DEFINE_EXCEPTION(name, parent_type) \
    MP_DEFINE_CONST_OBJ_TYPE( \
    mp_type_##name, MP_QSTR_##name, MP_TYPE_FLAG_NONE, \
    make_new, mp_obj_exception_make_new, \
    print, mp_obj_exception_print, \
    attr, mp_obj_exception_attr, \
    parent, &mp_type_##parent_type \
    );

// What a table of arguments is, whose qstrs are constants.
#define TFLM_ARGS static const mp_arg_t

// As below; for each value of a tensor, so they are no calls.
static inline mp_obj_t tflm_new_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof(value));
    return mp_obj_new_float((mp_float_t)value);
}

static inline uint32_t tflm_get_float(mp_obj_t obj) {
    float value = (float)(mp_obj_is_float(obj) ? mp_obj_float_get(obj) : mp_obj_get_float(obj));
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

#endif

#include "tflm_real.h"

// Call, and return what that returns; if it raises, MP_OBJ_NULL, and *error is what it raised.
typedef mp_obj_t (*tflm_call_t)(mp_obj_t self, void *argument);
mp_obj_t tflm_try(tflm_call_t call, mp_obj_t self, void *argument, mp_obj_t *error);

// Raise RuntimeError unless there are so many bytes of stack left.
void tflm_need_stack(size_t bytes);

// Bytes of the largest piece of the heap that is free.
size_t tflm_largest_piece(void);

// A float of these bits; the bits of what a float or an int is, or an object says by __float__.
#ifdef TFLM_PORT
mp_obj_t tflm_new_float(uint32_t bits);
uint32_t tflm_get_float(mp_obj_t obj);
#endif

#endif // TFLM_PORT_H
