// model_check() on the command line, for the tests.
//
//   check_main check FILE...      a line each: FILE, tab, status, tab, message
//   check_main describe FILE...   its inputs, outputs and ops, as the readers have them
//   check_main names              every op of the schema, and every op that has a rule
//   check_main mutate FILE...     every truncation, and every byte changed in 12 ways
//   check_main random N SEED FILE...  N models with up to 8 random changes each
//
// Built with sanitizers: a run that comes to its end found nothing.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_check.h"
#include "model_reader.h"
#include "tflm_ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); // fuzz_check.c

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size + 1); // + 1: malloc(0) may be NULL
    *size = fread(data, 1, *size, file);
    fclose(file);
    return data;
}

// An allocation of exactly the size, so that reading past the end is seen.
static void run_exact(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void check_file(const char *path) {
    static const char *const names[] = { "ok", "invalid", "unsupported" };
    size_t size;
    uint8_t *data = read_file(path, &size);
    char message[MODEL_MESSAGE_SIZE];
    model_status_t status = model_check(data, size, tflm_ops, tflm_op_count,
        message, sizeof(message));
    printf("%s\t%s\t%s\n", path, names[status], message);
    run_exact(data, size);
    free(data);
}

static void describe_tensors(const uint8_t *data, size_t size, bool output) {
    for (size_t i = 0; i < model_io_count(data, size, output); ++i) {
        model_tensor_t tensor;
        if (!model_io(data, size, output, i, &tensor)) {
            exit(1);
        }
        printf("%s\t%.*s\t%c\t%zu\t", output ? "output" : "input", (int)tensor.name_len, tensor.name,
            model_type_code(tensor.type), tensor.bytes);
        for (size_t k = 0; k < tensor.rank; ++k) {
            printf("%s%d", k > 0 ? "," : "", (int)model_tensor_dim(&tensor, k));
        }
        for (size_t k = 0; k < tensor.scale_count; ++k) {
            uint32_t bits = model_tensor_scale(&tensor, k);
            float scale;
            memcpy(&scale, &bits, sizeof(scale));
            printf("\t%.9g %d", (double)scale, (int)model_tensor_zero_point(&tensor, k));
        }
        printf("\n");
    }
}

static void describe_file(const char *path) {
    size_t size;
    uint8_t *data = read_file(path, &size);
    describe_tensors(data, size, false);
    describe_tensors(data, size, true);
    for (size_t i = 0; i < model_op_count(data, size); ++i) {
        model_op_t op;
        if (!model_op(data, size, i, &op)) {
            exit(1);
        }
        printf("op\t%.*s\t%d\t%d\n", (int)op.name_len, op.name, (int)op.code, (int)op.version);
    }
    free(data);
}

static void print_names(void) {
    for (int32_t code = -1; code < 300; ++code) {
        if (model_op_name(code) != NULL) {
            printf("name\t%d\t%s\n", (int)code, model_op_name(code));
        }
    }
    for (size_t i = 0; i < tflm_op_count; ++i) {
        printf("rule\t%s\t%u\t%u\n", model_check_op_name(&tflm_ops[i]), tflm_ops[i].code, tflm_ops[i].version);
    }
}

static void mutate_file(const char *path) {
    size_t size;
    uint8_t *data = read_file(path, &size);
    for (size_t i = 0; i < size; ++i) {
        run_exact(data, i);
    }
    uint8_t *copy = malloc(size);
    for (size_t i = 0; i < size; ++i) {
        memcpy(copy, data, size);
        for (unsigned bit = 0; bit < 8; ++bit) {
            copy[i] = data[i] ^ (uint8_t)(1 << bit);
            LLVMFuzzerTestOneInput(copy, size);
        }
        const uint8_t values[] = { 0, 0xff, (uint8_t)(data[i] + 1), (uint8_t)(data[i] - 1) };
        for (size_t k = 0; k < sizeof(values); ++k) {
            copy[i] = values[k];
            LLVMFuzzerTestOneInput(copy, size);
        }
    }
    free(copy);
    free(data);
}

// xorshift: the same changes on every machine
static uint32_t random_state;
static uint32_t random_u32(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void mutate_randomly(unsigned long count, char **paths, int path_count) {
    for (unsigned long i = 0; i < count; ++i) {
        size_t size;
        uint8_t *data = read_file(paths[random_u32() % (unsigned)path_count], &size);
        for (uint32_t changes = random_u32() % 8 + 1; changes > 0; --changes) {
            size_t at = random_u32() % size;
            uint32_t value = random_u32();
            // A byte, or an aligned word: small, or anything.
            if (value % 3 == 0) {
                data[at] = (uint8_t)(value >> 8);
            } else {
                value = value % 3 == 1 ? value >> 28 : value;
                memcpy(data + at / 4 * 4, &value, size - at / 4 * 4 < 4 ? 1 : 4);
            }
        }
        run_exact(data, size);
        free(data);
    }
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "check") == 0) {
        for (int i = 2; i < argc; ++i) {
            check_file(argv[i]);
        }
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "describe") == 0) {
        for (int i = 2; i < argc; ++i) {
            describe_file(argv[i]);
        }
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "names") == 0) {
        print_names();
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "mutate") == 0) {
        for (int i = 2; i < argc; ++i) {
            mutate_file(argv[i]);
        }
        return 0;
    }
    if (argc > 4 && strcmp(argv[1], "random") == 0) {
        random_state = (uint32_t)strtoul(argv[3], NULL, 0) | 1;
        mutate_randomly(strtoul(argv[2], NULL, 0), argv + 4, argc - 4);
        return 0;
    }
    fprintf(stderr, "usage: check_main check|describe|mutate FILE... | names | random N SEED FILE...\n");
    return 2;
}
