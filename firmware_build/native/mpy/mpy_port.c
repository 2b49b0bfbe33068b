// What bridges py/dynruntime.h and the files of the module `tflm`: see mpy_port.h and tflm_port.h.

#include "tflm_port.h"

// Memory -------------------------------------------------------------------------

void *mpy_malloc(size_t bytes) {
    void *data = m_malloc_maybe(bytes);
    if (data == NULL && bytes > 0) {
        m_malloc_fail(bytes);
    }
    return data;
}

// Found by trial, from above: what does not fit is halved away.
size_t tflm_largest_piece(void) {
    size_t largest = 0;
    for (size_t step = (size_t)1 << 24; step >= 16; step /= 2) {
        void *data = m_malloc_maybe(largest + step);
        if (data != NULL) {
            m_free(data);
            largest += step;
        }
    }
    return largest;
}

// Of a frame, which is less than what MicroPython leaves as a margin on any port.
#define STEP (384)
#define REST (4 * sizeof(void *))

// MicroPython checks the stack where it calls a function of native code. Step by step, so that no
// frame is far beyond what was found to be there.
void MPY_NOINLINE tflm_need_stack(size_t bytes) {
    volatile uint8_t frame[STEP];
    frame[0] = 0;
    mp_call_function_n_kw(mpy_now()->nothing, 0, 0, NULL);
    if (bytes > STEP + REST) {
        tflm_need_stack(bytes - STEP - REST);
    }
    (void)frame[0]; // the frame stays until here
}

// Exceptions ---------------------------------------------------------------------

// An nlr_buf_t of any port: the firmware may save more in it, or less, than we were compiled to.
typedef struct _jump_t {
    void *previous;
    void *raised;
    void *saved[48];
} __attribute__((aligned(16))) jump_t;

typedef struct _attempt_t {
    tflm_call_t call;
    mp_obj_t self;
    void *argument;
    mp_obj_t result;
} attempt_t;

typedef int (*setjmp_t)(void *saved);

// What the attempt raised, or NULL.
//
// The firmware comes back here a second time from the first call, with the registers of the
// first. The compiler does not know, so what follows then needs nothing but the address of the
// jump_t, which is the stack pointer and a constant.
static void *MPY_NOINLINE raised_by(attempt_t *attempt) {
    jump_t jump;
    setjmp_t also = (setjmp_t)mp_fun_table.setjmp_; // what saves registers, if nlr_push() does not
    int again = (int)mp_fun_table.nlr_push((nlr_buf_t *)&jump);
    if (also != NULL) {
        again = also(jump.saved);
    }
    if (again == 0) {
        attempt->result = attempt->call(attempt->self, attempt->argument);
        mp_fun_table.nlr_pop();
        return NULL;
    }
    return jump.raised;
}

mp_obj_t tflm_try(tflm_call_t call, mp_obj_t self, void *argument, mp_obj_t *error) {
    attempt_t attempt = { call, self, argument, MP_OBJ_NULL };
    void *raised = raised_by(&attempt);
    if (raised == NULL) {
        return attempt.result;
    }
    *error = MP_OBJ_FROM_PTR(raised);
    return MP_OBJ_NULL;
}

// A message, of which the rest is cut off.
typedef struct _text_t {
    size_t len;
    char text[216];
} text_t;

static void add_text(void *to_in, const char *text, size_t len) {
    text_t *to = to_in;
    size_t room = sizeof(to->text) - to->len;
    len = len < room ? len : room;
    memcpy(to->text + to->len, text, len);
    to->len += len;
}

// MicroPython keeps the pointer to a message, so one that is made becomes a str.
void mpy_raise(const mp_obj_type_t *type, const char *format, ...) {
    text_t text;
    text.len = 0;
    const mp_print_t print = { &text, add_text };
    va_list args;
    va_start(args, format);
    mp_vprintf(&print, format, args);
    va_end(args);
    mp_raise_type_arg(type, mp_obj_new_str(text.text, text.len));
}

void mpy_raise_of_file(int number, const char *name) {
    mp_obj_t args[2] = { MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str(name, strlen(name)) };
    nlr_raise(mp_call_function_n_kw(MP_OBJ_FROM_PTR(&mp_type_OSError), 2, 0, args));
}

// Objects ------------------------------------------------------------------------

// The table's own function takes the lowest bits of what is too large.
mp_int_t mpy_get_int(mp_obj_t obj) {
    if (mp_obj_is_exact_type(obj, &mp_type_int)) {
        mp_raise_msg(&mp_type_OverflowError, MP_ERROR_TEXT("overflow converting long int to machine word"));
    }
    return (mp_int_t)mp_obj_get_int_truncated(obj);
}

const char *mpy_get_str(mp_obj_t obj, size_t *len) {
    if (!mp_obj_is_str(obj) && !mp_obj_is_exact_type(obj, &mp_type_bytes)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a str is needed"));
    }
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, MP_BUFFER_READ);
    *len = info.len;
    return info.buf;
}

void mpy_tuple_get(mp_obj_t tuple_in, size_t *count, mp_obj_t **items) {
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(tuple_in);
    *count = tuple->len;
    *items = tuple->items;
}

void mpy_print(const mp_print_t *print, mp_obj_t obj, mp_print_kind_t kind) {
    if (kind == PRINT_REPR) {
        obj = mp_call_function_n_kw(mpy_now()->known[MPY_KNOWN_repr], 1, 0, &obj);
    }
    size_t len;
    const char *text = mpy_get_str(obj, &len);
    print->print_strn(print->data, text, len);
}

mp_obj_t tflm_new_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof(value));
    return mp_obj_new_float_from_f(value);
}

uint32_t tflm_get_float(mp_obj_t obj) {
    float value = mp_obj_get_float_to_f(obj);
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

// As much of `size` bytes as there is.
size_t mpy_read(mp_obj_t file, void *data, size_t size, int *error) {
    const mp_stream_p_t *stream = mp_get_stream_raise(file, MP_STREAM_OP_READ);
    size_t got = 0;
    while (got < size) {
        mp_uint_t read = stream->read(file, (uint8_t *)data + got, size - got, error);
        if (read == MP_STREAM_ERROR || read == 0) {
            break;
        }
        got += read;
    }
    return got;
}

// Time ---------------------------------------------------------------------------

typedef struct _time_call_t {
    qstr name;
    size_t n_args;
    mp_obj_t args[1];
} time_call_t;

static mp_obj_t call_time(mp_obj_t self, void *call_in) {
    const time_call_t *call = call_in;
    (void)self;
    mpy_state_t *state = mpy_now();
    if (state->time == MP_OBJ_NULL) {
        state->time = mp_import_name(MP_QSTR_time, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    }
    return mp_call_function_n_kw(mp_load_attr(state->time, call->name), call->n_args, 0, call->args);
}

// Microseconds, which Python tells by their lower bits alone. A run must not be left in its midst,
// so if somebody put other functions in the place of Python's, there are none.
mp_uint_t mpy_ticks_us(void) {
    time_call_t call = { MP_QSTR_ticks_us, 0, { MP_OBJ_NULL } };
    mp_obj_t error;
    mp_obj_t ticks = tflm_try(call_time, MP_OBJ_NULL, &call, &error);
    if (ticks != MP_OBJ_NULL && mp_obj_is_small_int(ticks)) {
        uint32_t now = (uint32_t)MP_OBJ_SMALL_INT_VALUE(ticks);
        mpy_now()->us += (now - mpy_now()->ticks) & 0x3fffffff;
        mpy_now()->ticks = now;
    }
    return mpy_now()->us;
}

void mpy_delay_ms(mp_uint_t ms) {
    time_call_t call = { MP_QSTR_sleep_ms, 1, { MP_OBJ_NEW_SMALL_INT(ms) } };
    call_time(MP_OBJ_NULL, &call);
}
