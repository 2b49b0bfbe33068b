// What tflm_port.h declares, in a firmware. In a native module it is ../native/mpy/mpy_port.c.

#include "tflm_port.h"

mp_obj_t tflm_try(tflm_call_t call, mp_obj_t self, void *argument, mp_obj_t *error) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t result = call(self, argument);
        nlr_pop();
        return result;
    }
    *error = MP_OBJ_FROM_PTR(nlr.ret_val);
    return MP_OBJ_NULL;
}

void tflm_need_stack(size_t bytes) {
    #if MICROPY_STACK_CHECK
    // The words are ready: to make some takes stack too, and a collection in the midst of it
    // more than the margin that MicroPython leaves.
    if (mp_cstack_usage() + bytes > MP_STATE_THREAD(stack_limit)) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("too little stack for tflm"));
    }
    #else
    (void)bytes;
    #endif
}

size_t tflm_largest_piece(void) {
    gc_info_t info;
    gc_info(&info);
    return info.max_free * MICROPY_BYTES_PER_GC_BLOCK;
}
