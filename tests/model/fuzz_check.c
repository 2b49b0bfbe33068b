// Fuzz target: model_check() and the readers on any bytes.
//
// The readers must be safe on bytes that were never checked, and on those that
// passed they must succeed for every index. With the environment variable ACCEPTED set, the
// end of a run tells for each op how often one was in a model that passed.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_check.h"
#include "model_reader.h"
#include "tflm_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint32_t sink; // keeps reads from being optimized away

static void use(bool condition) {
    if (!condition) {
        abort();
    }
}

static void read_tensors(const uint8_t *data, size_t size, bool output, bool passed) {
    size_t count = model_io_count(data, size, output);
    for (size_t i = 0; i < count && (passed || i < 64); ++i) {
        model_tensor_t tensor;
        bool found = model_io(data, size, output, i, &tensor);
        use(found || !passed);
        if (!found) {
            continue;
        }
        uint32_t sum = tensor.name_len > 0 ? (uint8_t)tensor.name[tensor.name_len - 1] : 0;
        for (size_t k = 0; k <= tensor.rank && k < 64; ++k) {
            sum += (uint32_t)model_tensor_dim(&tensor, k);
        }
        for (size_t k = 0; k <= tensor.scale_count && k < 64; ++k) {
            sum += (uint32_t)model_tensor_zero_point(&tensor, k) + model_tensor_scale(&tensor, k);
        }
        use(!passed || (tensor.bytes > 0 && tensor.rank <= 6));
        sink += sum + (uint32_t)model_type_code(tensor.type);
    }
}

static unsigned long accepted[256]; // of each of tflm_ops

static void tell_accepted(void) {
    for (size_t i = 0; i < tflm_op_count; ++i) {
        fprintf(stderr, "accepted %s %lu\n", model_check_op_name(&tflm_ops[i]), accepted[i]);
    }
}

static void count_accepted(const model_op_t *op) {
    static bool asked;
    if (!asked) {
        asked = true;
        if (getenv("ACCEPTED") != NULL) {
            atexit(tell_accepted);
        }
    }
    for (size_t i = 0; i < tflm_op_count; ++i) {
        accepted[i] += tflm_ops[i].code == op->code && model_op_is(op, model_check_op_name(&tflm_ops[i]));
    }
}

static void read_ops(const uint8_t *data, size_t size, bool passed) {
    size_t count = model_op_count(data, size);
    for (size_t i = 0; i < count && (passed || i < 64); ++i) {
        model_op_t op;
        bool found = model_op(data, size, i, &op);
        use(found || !passed);
        if (passed) {
            count_accepted(&op);
        }
        if (found && op.name_len > 0) {
            sink += (uint8_t)op.name[op.name_len - 1];
        }
    }
}

static void read_setup(const uint8_t *data, size_t size) {
    model_op_t op;
    for (size_t i = 0; i < 64 && model_setup_op(data, size, i, &op); ++i) {
        sink += op.name_len > 0 ? (uint8_t)op.name[op.name_len - 1] : 0;
    }
}

static void read_metadata(const uint8_t *data, size_t size) {
    const uint8_t *found;
    size_t len;
    for (size_t name = 0; name < 2; ++name) {
        static const char *const names[] = { "tinycnn.input", "" };
        if (model_metadata(data, size, names[name], strlen(names[name]), &found, &len) && len > 0) {
            sink += found[0] + (uint32_t)found[len - 1];
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char message[MODEL_MESSAGE_SIZE];
    model_status_t status = model_check(data, size, tflm_ops, tflm_op_count,
        message, sizeof(message));
    use((status == MODEL_OK) == (message[0] == 0));
    use(strlen(message) < 120 || status == MODEL_UNSUPPORTED_OP); // ops' names can be long

    // Short messages, and none, now and then.
    if (size % 8 == 0) {
        char small[5];
        use(model_check(data, size, tflm_ops, tflm_op_count, small, sizeof(small)) == status);
        use(strncmp(message, small, sizeof(small) - 1) == 0 && strlen(small) < sizeof(small));
        use(model_check(data, size, tflm_ops, tflm_op_count, NULL, 0) == status);
    }

    read_tensors(data, size, false, status == MODEL_OK);
    read_tensors(data, size, true, status == MODEL_OK);
    read_ops(data, size, status == MODEL_OK);
    read_setup(data, size);
    read_metadata(data, size);
    return 0;
}
