// Tensor.load_image(): a camera's picture into the tensor, without a list of its pixels.

#include <string.h>

#include "image.h"
#include "modtflm.h"
#include "real.h"
#include "tflm_values.h"

// One of the names that FFmpeg has for these.
static bool format_of(mp_obj_t name, image_format_t *format) {
    static const char names[][9] = { "gray", "rgb565le", "rgb565be", "rgb888" };
    size_t len;
    const char *text = mp_obj_str_get_data(name, &len);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (len == strlen(names[i]) && memcmp(text, names[i], len) == 0) {
            *format = (image_format_t)i;
            return true;
        }
    }
    return false;
}

// What is to be done, once nothing can be wrong with it any more.
typedef struct _loading_t {
    image_t image;
    uint32_t width, height, channels; // of the tensor
    bool given; // the scale is; else a value is divided by `unit`, where that is not 0
    uint32_t scale;
    uint32_t unit;
} loading_t;

static bool is_unit(uint32_t bits) {
    return bits >> 23 > 0 && bits >> 23 < 0xff; // positive, normal and finite
}

// What raw values were divided by before the model was trained on them, if it tells.
static uint32_t unit_of(const tflm_tensor_obj_t *self) {
    static const char name[] = "tinycnn.input";
    const tflm_model_t *model = &self->interpreter->model;
    const uint8_t *data;
    size_t size;
    uint32_t unit = 0;
    if (model_metadata(model->data, model->size, name, sizeof(name) - 1, &data, &size) && size == sizeof(unit)) {
        memcpy(&unit, data, sizeof(unit));
    }
    return is_unit(unit) ? unit : 0;
}

// The bits of the real number that a pixel of value v is.
static uint32_t real_of(const loading_t *loading, uint32_t v) {
    model_real_t whole = model_real_whole(v);
    return model_real_nearest(loading->given ? model_real_times(whole, model_real(loading->scale))
        : model_real_over(whole, model_real(loading->unit)));
}

static mp_obj_t locked_load(mp_obj_t self_in, void *loading_in) {
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(self_in);
    const loading_t *loading = loading_in;
    uint8_t levels[256];
    tflm_values_t values;
    tflm_values_of(self, &values);
    uint8_t *output = values.data;
    values.data = levels;
    for (uint32_t v = 0; v < 256; v++) {
        if (!loading->given && loading->unit == 0) {
            levels[v] = (uint8_t)(self->typecode == 'b' ? v ^ 0x80 : v); // all that it can be
        } else {
            tflm_values_set(&values, v, real_of(loading, v));
        }
    }
    image_fit(&loading->image, loading->width, loading->height, loading->channels, levels, output);
    return mp_const_none;
}

static uint32_t side_of(const mp_arg_val_t *arg) {
    if (arg->u_int < 1 || arg->u_int > IMAGE_MOST) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("width and height must be 1 to %d"), IMAGE_MOST);
    }
    return (uint32_t)arg->u_int;
}

static void shape_of(const tflm_tensor_obj_t *self, loading_t *loading) {
    model_tensor_t info = tflm_tensor_describe(self);
    loading->height = (uint32_t)model_tensor_dim(&info, 1);
    loading->width = (uint32_t)model_tensor_dim(&info, 2);
    loading->channels = info.rank == 4 ? (uint32_t)model_tensor_dim(&info, 3) : 1;
    bool image = (info.rank == 4 || info.rank == 3) && model_tensor_dim(&info, 0) == 1
        && (loading->channels == 1 || loading->channels == 3)
        && loading->height - 1 < IMAGE_MOST && loading->width - 1 < IMAGE_MOST;
    if (!image || self->per_channel || self->size != 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("tensor is no image of int8 or uint8, 1xHxWx1 or 1xHxWx3"));
    }
    if (self->constant) {
        mp_raise_ValueError(MP_ERROR_TEXT("tensor is a constant of the model"));
    }
}

static mp_obj_t tflm_tensor_load_image(size_t n_args, const mp_obj_t *all_args, mp_map_t *named) {
    enum { ARG_buffer, ARG_width, ARG_height, ARG_format, ARG_scale };
    TFLM_ARGS allowed[] = {
        { MP_QSTR_buffer, MP_ARG_REQUIRED | MP_ARG_OBJ, { .u_obj = MP_OBJ_NULL } },
        { MP_QSTR_width, MP_ARG_REQUIRED | MP_ARG_INT, { .u_int = 0 } },
        { MP_QSTR_height, MP_ARG_REQUIRED | MP_ARG_INT, { .u_int = 0 } },
        { MP_QSTR_format, MP_ARG_REQUIRED | MP_ARG_OBJ, { .u_obj = MP_OBJ_NULL } },
        { MP_QSTR_scale, MP_ARG_OBJ, { .u_rom_obj = MP_ROM_NONE } },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, all_args + 1, named, MP_ARRAY_SIZE(allowed), allowed, args);
    const tflm_tensor_obj_t *self = MP_OBJ_TO_PTR(all_args[0]);
    loading_t loading = { .image.width = side_of(&args[ARG_width]), .image.height = side_of(&args[ARG_height]) };
    if (!format_of(args[ARG_format].u_obj, &loading.image.format)) {
        mp_raise_ValueError(MP_ERROR_TEXT("format must be 'gray', 'rgb565le', 'rgb565be' or 'rgb888'"));
    }
    shape_of(self, &loading);
    loading.given = args[ARG_scale].u_obj != mp_const_none;
    if (loading.given) {
        loading.scale = tflm_get_float(args[ARG_scale].u_obj); // which may be Python code
        if (!is_unit(loading.scale)) {
            mp_raise_ValueError(MP_ERROR_TEXT("scale must be a positive number"));
        }
    } else {
        loading.unit = unit_of(self);
    }
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[ARG_buffer].u_obj, &buffer, MP_BUFFER_READ);
    size_t size = loading.image.width * loading.image.height * image_depth(loading.image.format);
    if (buffer.len != size) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("image of %dx%d has %d bytes, %d given"),
            (int)loading.image.width, (int)loading.image.height, (int)size, (int)buffer.len);
    }
    loading.image.data = buffer.buf;
    return tflm_locked(self->interpreter, locked_load, MP_OBJ_FROM_PTR(self), &loading);
}
MP_DEFINE_CONST_FUN_OBJ_KW(tflm_tensor_load_image_obj, 1, tflm_tensor_load_image);
