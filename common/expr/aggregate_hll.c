/* approx_count_distinct: HyperLogLog++ (Heule, Nunkesser, Hall: "HyperLogLog in Practice") over Spark's
 * xxhash64, with Spark's precision rule, registers and bias table, so that the counts are Spark's.
 *
 *   state (registers BINARY)   2^p bytes, each the longest run of leading zeros + 1 among the hashes it saw
 *
 * relativeSD sets p: 0.05, the default, gives 9. One task thread. */
#include <math.h>

#include "common/base/hash.h"
#include "common/column/row_codec.h"
#include "common/expr/aggregate_int.h"

#define PRECISION_MIN 4
#define PRECISION_TABLE_MAX 18
#define NEIGHBOURS 6

typedef struct estimate {
    double raw, bias;
} estimate;

/* aggregate_hll.def lists them ascending by precision, then by raw estimate. */
static const struct {
    int32_t precision;
    estimate estimate;
} estimates[] = {
#define THRESHOLD(p, value)
#define ESTIMATE(p, raw, bias) {p, {raw, bias}},
#include "common/expr/aggregate_hll.def"
#undef THRESHOLD
#undef ESTIMATE
};

static const double thresholds[] = {
#define THRESHOLD(p, value) value,
#define ESTIMATE(p, raw, bias)
#include "common/expr/aggregate_hll.def"
#undef THRESHOLD
#undef ESTIMATE
};

struct weir_accumulator {
    weir_budget *budget;
    int32_t precision;
    weir_cells registers;
};

static weir_code create(weir_budget *budget, const weir_type *const *arg_types, int32_t args_count,
                        const weir_type *type, weir_accumulator **ret, weir_error **err) {
    (void)arg_types, (void)args_count, (void)type, (void)err;
    weir_accumulator *acc = weir_alloc_zero(1, sizeof *acc);
    acc->budget = budget;
    acc->precision = weir_hll_precision(0.05);
    weir_cells_init(&acc->registers, budget);
    *ret = acc;
    return WEIR_OK;
}

int32_t weir_hll_precision(double relative_sd) {
    return (int32_t)ceil(2.0 * log(1.106 / relative_sd) / log(2.0));
}

static weir_code configure(weir_accumulator *acc, weir_column *const *literals, int32_t args_count,
                           weir_error **err) {
    (void)err;
    if (args_count > 1 && literals[1])
        acc->precision = weir_hll_precision(((const double *)literals[1]->values)[0]);
    return WEIR_OK;
}

static void destroy(weir_accumulator *acc) {
    if (!acc)
        return;
    weir_cells_fini(&acc->registers);
    weir_free(acc);
}

static weir_code refused(const weir_accumulator *acc, weir_error **err) {
    return weir_aggregate_refused(acc->budget, "approx_count_distinct", err);
}

static weir_code resize(weir_accumulator *acc, int32_t groups_count, weir_error **err) {
    return weir_cells_resize(&acc->registers, groups_count) ? WEIR_OK : refused(acc, err);
}

static uint8_t *registers_of(weir_accumulator *acc, int32_t group) {
    weir_str cell = weir_cells_get(&acc->registers, group);
    if (cell.data)
        return (uint8_t *)(uintptr_t)cell.data;
    size_t size = (size_t)1 << acc->precision;
    uint8_t *made = weir_cells_reserve(&acc->registers, group, size);
    if (made)
        memset(made, 0, size);
    return made;
}

static weir_code update(weir_accumulator *acc, weir_eval *eval, weir_column *const *args, int32_t args_count,
                        int32_t rows, const weir_sel *sel, const int32_t *groups, weir_error **err) {
    (void)args_count, (void)rows;
    uint64_t *hashes = weir_arena_alloc(eval->arena, sizeof *hashes * ((size_t)sel->count + 1));
    WEIR_TRY(weir_columns_xxhash64(args, 1, sel, WEIR_MURMUR3_SEED, hashes, err));
    int32_t p = acc->precision;
    for (int32_t i = 0; i < sel->count; i++) {
        if (weir_column_is_null(args[0], weir_sel_row(sel, i)))
            continue;
        uint8_t *registers = registers_of(acc, groups[i]);
        if (!registers)
            return refused(acc, err);
        uint64_t rest = hashes[i] << p | UINT64_C(1) << (p - 1);
        uint8_t run = (uint8_t)(__builtin_clzll(rest) + 1), *target = &registers[hashes[i] >> (64 - p)];
        *target = WEIR_MAX(*target, run);
    }
    return WEIR_OK;
}

static weir_code merge(weir_accumulator *acc, weir_eval *eval, weir_column *const *parts, const weir_sel *sel,
                       const int32_t *groups, weir_error **err) {
    (void)eval;
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (weir_column_is_null(parts[0], row))
            continue;
        weir_str bytes = weir_column_bytes(parts[0], row);
        uint8_t *registers = registers_of(acc, groups[i]);
        if (!registers)
            return refused(acc, err);
        if (bytes.size != (size_t)1 << acc->precision)
            WEIR_FAIL(err, INTERNAL_ERROR, "registers of another precision");
        for (size_t r = 0; r < bytes.size; r++)
            registers[r] = WEIR_MAX(registers[r], (uint8_t)bytes.data[r]);
    }
    return WEIR_OK;
}

static weir_code states(weir_accumulator *acc, weir_budget *budget, const weir_type *const *types,
                        int32_t from, int32_t count, weir_column **ret_states, weir_error **err) {
    (void)types;
    return weir_cells_bytes_column(&acc->registers, budget, from, count, ret_states, err);
}

/* ---- the estimate ---- */

static double square_distance(int32_t index, double raw) {
    double difference = raw - estimates[index].estimate.raw;
    return difference * difference;
}

/* The table's entries of one precision; none above the largest. */
typedef struct table_range {
    int32_t from, end;
} table_range;

static table_range range_of(int32_t precision) {
    const int32_t all = (int32_t)WEIR_ARRAY_LEN(estimates);
    table_range range = {0, 0};
    while (range.from < all && estimates[range.from].precision < precision)
        range.from++;
    for (range.end = range.from; range.end < all && estimates[range.end].precision == precision;)
        range.end++;
    return range;
}

/* The first entry whose raw estimate is not below. */
static int32_t nearest_entry(table_range range, double raw) {
    int32_t low = range.from, high = range.end;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (estimates[middle].estimate.raw < raw)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The mean bias of the six table entries around the raw estimate. */
static double bias_of(table_range range, double raw) {
    int32_t low = WEIR_MAX(nearest_entry(range, raw) - NEIGHBOURS + 1, range.from);
    int32_t high = WEIR_MIN(low + NEIGHBOURS, range.end);
    while (high < range.end && square_distance(high, raw) < square_distance(low, raw)) {
        low++;
        high++;
    }
    double sum = 0.0;
    for (int32_t i = low; i < high; i++)
        sum += estimates[i].estimate.bias;
    return sum / (high - low);
}

static double alpha_of(int32_t precision, double registers) {
    switch (precision) {
    case 4:
        return 0.673 * registers * registers;
    case 5:
        return 0.697 * registers * registers;
    case 6:
        return 0.709 * registers * registers;
    default:
        return (0.7213 / (1.0 + 1.079 / registers)) * registers * registers;
    }
}

/* Few values leave registers empty, and their number says more than the registers' mean. */
static double estimate_of(int32_t precision, table_range range, const uint8_t *registers) {
    int64_t size = INT64_C(1) << precision;
    double m = (double)size, inverse = 0.0, zeros = 0.0;
    for (int64_t i = 0; i < size; i++) {
        inverse += 1.0 / (double)(INT64_C(1) << (registers[i] & 63));
        zeros += registers[i] == 0;
    }
    double raw = alpha_of(precision, m) / inverse;
    bool table = precision <= PRECISION_TABLE_MAX;
    if (zeros > 0.0) {
        double linear = m * log(m / zeros);
        if (table ? linear <= thresholds[precision - PRECISION_MIN] : raw <= 2.5 * m)
            return linear;
    }
    return table && raw < 5.0 * m ? raw - bias_of(range, raw) : raw;
}

static weir_code finish(weir_accumulator *acc, weir_eval *eval, int32_t from, int32_t count,
                        weir_column **ret, weir_error **err) {
    _cleanup_free_ int64_t *values = weir_alloc_zero((size_t)count + 1, sizeof *values);
    table_range range = range_of(acc->precision);
    for (int32_t i = 0; i < count; i++) {
        weir_str cell = weir_cells_get(&acc->registers, from + i);
        if (cell.data)
            values[i] = (int64_t)floor(estimate_of(acc->precision, range, (const uint8_t *)cell.data) + 0.5);
    }
    return weir_aggregate_column(eval->budget, weir_type_of(WEIR_TYPE_LONG), values, NULL, 0, count, ret,
                                 err);
}

const weir_aggregate_ops weir_approx_count_distinct_ops = {
    .name = "approx_count_distinct",
    .state_types = weir_aggregate_bytes_state,
    .create = create,
    .configure = configure,
    .destroy = destroy,
    .resize = resize,
    .update = update,
    .merge = merge,
    .states = states,
    .finish = finish,
};
