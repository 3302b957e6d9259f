/* Sample: keeps the rows whose random number lies in [lower, upper). The numbers are those of Spark's
 * XORShiftRandom, seeded by the seed plus the number of the task, so a partition of the same rows gives the
 * same sample; `upper` may differ from row to row (sampleBy). One number a row, in their order. Holds nothing
 * back. Task thread. */
#include "executor/operator/operator_int.h"

typedef struct sampling {
    const weir_program *program; /* lower, upper */
    int64_t seed;
} sampling;

typedef struct generator {
    uint64_t state;
} generator;

static uint32_t rotate(uint32_t value, int by) {
    return value << by | value >> (32 - by);
}

static uint32_t mix_last(uint32_t hash, uint32_t word) {
    return hash ^ rotate(word * 0xcc9e2d51u, 15) * 0x1b873593u;
}

/* MurmurHash3 of eight bytes, as Scala's library has it: Spark's own differs in how it begins. */
static uint32_t hash_bytes(const uint8_t bytes[8], uint32_t seed) {
    uint32_t hash = seed;
    for (int i = 0; i < 8; i += 4) {
        uint32_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = rotate(mix_last(hash, word), 13) * 5 + 0xe6546b64u;
    }
    hash ^= 8;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

/* XORShiftRandom.hashSeed: nearby seeds must not give nearby numbers. */
static uint64_t hash_seed(int64_t seed) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)seed >> (56 - 8 * i));
    uint32_t low = hash_bytes(bytes, 0x3c074a61u);
    uint32_t high = hash_bytes(bytes, low);
    return (uint64_t)high << 32 | low;
}

static uint64_t next_bits(generator *random, int bits) {
    uint64_t next = random->state;
    next ^= next << 21;
    next ^= next >> 35;
    next ^= next << 4;
    random->state = next;
    return next & ((UINT64_C(1) << bits) - 1);
}

static double next_double(generator *random) {
    uint64_t high = next_bits(random, 26);
    return (double)((high << 27) + next_bits(random, 27)) * 0x1p-53;
}

static weir_code keep_rows(weir_operator *op, weir_batch *batch, const weir_sel *sel,
                           weir_column *const bounds[2], weir_error **err) {
    generator *random = op->data;
    int32_t *rows = WEIR_NEW_ARRAY(op->context->eval->arena, int32_t, sel->count), count = 0;
    const double *lower = (const double *)(const void *)bounds[0]->values;
    const double *upper = (const double *)(const void *)bounds[1]->values;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        double number = next_double(random);
        if (weir_column_is_null(bounds[0], row) || weir_column_is_null(bounds[1], row))
            continue;
        if (number >= lower[weir_column_slot(bounds[0], row)] &&
            number < upper[weir_column_slot(bounds[1], row)])
            rows[count++] = row;
    }
    if (count == 0)
        return WEIR_OK;
    weir_sel kept = {rows, count};
    _cleanup_batch_ weir_batch *compact = NULL;
    WEIR_TRY(weir_operator_compact(op->context->eval->budget, batch, &kept, &compact, err));
    return weir_operator_emit(op, compact, NULL, err);
}

static weir_code sample_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const sampling *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    weir_column *bounds[2] = {NULL, NULL};
    WEIR_TRY(weir_program_eval(data->program, eval, batch, sel, bounds, err));
    weir_code code = weir_operator_flatten(eval->budget, bounds, 2, err);
    if (code == WEIR_OK)
        code = keep_rows(op, batch, sel, bounds, err);
    weir_operator_unref_columns(bounds, 2);
    return code;
}

static weir_code sample_open(weir_operator *op, weir_error **err) {
    const sampling *data = op->spec->data;
    (void)err;
    generator *random = WEIR_NEW(op->context->arena, generator);
    random->state = hash_seed((int64_t)((uint64_t)data->seed + (uint64_t)op->context->task_index));
    op->data = random;
    return WEIR_OK;
}

static const weir_operator_ops sample_ops = {.name = "Sample", .open = sample_open, .push = sample_push};

WEIR_OPERATOR_COMPILE(sample) {
    const weir_node_sample_exec *node = WEIR_NODE_AS(compiler->node, SAMPLE_EXEC, sample_exec);
    sampling *data = WEIR_NEW(compiler->arena, sampling);
    weir_node *bounds[2] = {node->lower, node->upper};
    for (int i = 0; i < 2; i++)
        if (!bounds[i] || !bounds[i]->type || bounds[i]->type->kind != WEIR_TYPE_DOUBLE)
            WEIR_FAIL(err, INTERNAL_ERROR, "a bound of Sample that is no number");
    data->seed = node->seed;
    spec->ops = &sample_ops;
    spec->data = data;
    return weir_operator_program(compiler, bounds, 2, &data->program, err);
}
