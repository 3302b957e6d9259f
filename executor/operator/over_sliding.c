/* Frames without an accumulator of their own (over_int.h), in one pass over the rows whatever the frames'
 * size:
 *
 *   count, count_if    the difference of two running counts
 *   sum, avg           the difference of two running sums, where that is exact: whole numbers, intervals and
 * decimals that cannot leave their range on the way; reals only where frames begin with the partition min,
 * max           a queue of the rows that may still become the extreme; the first of equal ones stays
 *
 * A sum goes through the accumulator as a state, which makes the result of it (avg divides, decimals take
 * their scale). Where a frame's sum might overflow on the way, the caller adds row by row instead, so that
 * the error is Spark's. */
#include "executor/operator/over_int.h"

typedef __int128 wide;

/* Running over the rows of a chunk: [0 .. rows], entry i for the rows in front of i. */
typedef struct prefixes {
    weir_buffer *counts_buffer, *sums_buffer, *sizes_buffer;
    int32_t *counts;
    wide *sums;
    wide *sizes; /* of magnitudes: what a sum can reach on the way */
} prefixes;

static void prefixes_fini(prefixes *p) {
    weir_buffer_unref(p->counts_buffer);
    weir_buffer_unref(p->sums_buffer);
    weir_buffer_unref(p->sizes_buffer);
}

static const char *name_of(const weir_over_call *call) {
    return call->function->aggregate->name;
}

/* ---- counts ---- */

static weir_code count_rows(weir_over_chunk *chunk, const weir_over_call *call, int32_t *counts) {
    bool truth = strcmp(name_of(call), "count_if") == 0;
    weir_column *args[WEIR_AGGREGATE_ARGS_MAX];
    for (int32_t a = 0; a < call->args_count; a++)
        args[a] = weir_over_arg(chunk, call, a);
    counts[0] = 0;
    for (int32_t i = 0; i < chunk->rows; i++) {
        bool live = weir_over_keeps(chunk, i);
        for (int32_t a = 0; a < call->args_count && live; a++)
            live = !weir_column_is_null(args[a], i) &&
                   (!truth || weir_bit_get(args[a]->values, weir_column_slot(args[a], i)));
        counts[i + 1] = counts[i] + live;
    }
    weir_operator_unref_columns(args, call->args_count);
    return WEIR_OK;
}

static weir_code slide_count(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                             weir_error **err) {
    _cleanup_buffer_ weir_buffer *buffer = NULL;
    int32_t *counts;
    weir_column *column;
    WEIR_TRY(weir_over_ints(chunk, (int64_t)chunk->rows + 1, &buffer, &counts, err));
    WEIR_TRY(count_rows(chunk, call, counts));
    WEIR_TRY(weir_column_new_fixed(chunk->budget, call->type, chunk->rows, &column, err));
    int64_t *values = weir_column_values(column);
    for (int32_t i = 0; i < chunk->rows; i++)
        values[i] = counts[chunk->upper[i]] - counts[chunk->lower[i]];
    *ret = column;
    return WEIR_OK;
}

/* ---- min, max ---- */

static void extremes_of(const weir_over_chunk *chunk, const weir_column *column, const weir_rows *keys,
                        bool greatest, int32_t *queue, int32_t *picks) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t at = chunk->starts[p], head = 0, tail = 0;
        for (int32_t i = chunk->starts[p]; i < chunk->starts[p + 1]; i++) {
            for (; at < chunk->upper[i]; at++) {
                if (weir_column_is_null(column, at) || !weir_over_keeps(chunk, at))
                    continue;
                weir_str key = weir_rows_at(keys, at);
                while (tail > head) {
                    int order = weir_str_compare(weir_rows_at(keys, queue[tail - 1]), key);
                    if (greatest ? order >= 0 : order <= 0)
                        break;
                    tail--;
                }
                queue[tail++] = at;
            }
            while (head < tail && queue[head] < chunk->lower[i])
                head++;
            picks[i] = head < tail && queue[head] < chunk->upper[i] ? queue[head] : -1;
        }
    }
}

static weir_code slide_extreme(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                               weir_error **err) {
    _cleanup_column_ weir_column *column = weir_over_arg(chunk, call, 0);
    _cleanup_buffer_ weir_buffer *queue_buffer = NULL, *picks_buffer = NULL;
    int32_t *queue, *picks;
    weir_rows keys = {.budget = chunk->budget};
    weir_sel all = {NULL, chunk->rows};
    WEIR_TRY(weir_over_ints(chunk, chunk->rows, &queue_buffer, &queue, err));
    WEIR_TRY(weir_over_ints(chunk, chunk->rows, &picks_buffer, &picks, err));
    weir_code code = weir_sort_key_encode(&keys, &column, NULL, 1, &all, err);
    if (code == WEIR_OK) {
        extremes_of(chunk, column, &keys, strcmp(name_of(call), "max") == 0, queue, picks);
        code = weir_over_gather(chunk, column, picks, ret, err);
    }
    weir_rows_fini(&keys);
    return code;
}

/* ---- sums ---- */

static weir_code wides_new(const weir_over_chunk *chunk, weir_buffer **ret, wide **ret_values,
                           weir_error **err) {
    *ret = weir_buffer_new(chunk->budget, sizeof(wide) * ((size_t)chunk->rows + 1));
    if (!*ret)
        return weir_operator_refused(chunk->op, err);
    *ret_values = (wide *)(*ret)->data;
    return WEIR_OK;
}

static wide whole_value(const weir_column *column, int32_t slot) {
    switch ((int)column->type->kind) {
    case WEIR_TYPE_BYTE:
        return ((const int8_t *)column->values)[slot];
    case WEIR_TYPE_SHORT:
        return ((const int16_t *)column->values)[slot];
    case WEIR_TYPE_INT:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return ((const int32_t *)column->values)[slot];
    case WEIR_TYPE_DECIMAL:
        return weir_load128(column->values + 16 * (size_t)slot);
    default:
        return ((const int64_t *)column->values)[slot];
    }
}

static weir_code sum_rows(weir_over_chunk *chunk, const weir_column *column, prefixes *p, weir_error **err) {
    WEIR_TRY(weir_over_ints(chunk, (int64_t)chunk->rows + 1, &p->counts_buffer, &p->counts, err));
    WEIR_TRY(wides_new(chunk, &p->sums_buffer, &p->sums, err));
    WEIR_TRY(wides_new(chunk, &p->sizes_buffer, &p->sizes, err));
    p->counts[0] = 0;
    p->sums[0] = p->sizes[0] = 0;
    for (int32_t i = 0; i < chunk->rows; i++) {
        bool live = !weir_column_is_null(column, i) && weir_over_keeps(chunk, i);
        wide value = live ? whole_value(column, weir_column_slot(column, i)) : 0;
        p->counts[i + 1] = p->counts[i] + live;
        p->sums[i + 1] = p->sums[i] + value;
        p->sizes[i + 1] = p->sizes[i] + (value < 0 ? -value : value);
    }
    return WEIR_OK;
}

static bool is_average(const weir_over_call *call) {
    return strcmp(name_of(call), "avg") == 0;
}

/* The greatest magnitude that adding row by row holds exactly; 0 where sums of the type cannot leave it. */
static wide exact_limit(const weir_over_chunk *chunk, const weir_over_call *call) {
    const weir_type *type = call->arg_types[0];
    if (type->kind == WEIR_TYPE_DECIMAL)
        return 0;
    if (type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH)
        return INT32_MAX;
    if (type->kind == WEIR_TYPE_INTERVAL_DAY_TIME)
        return INT64_MAX;
    if (is_average(call))
        return (wide)1 << 53; /* it adds in DOUBLE */
    return chunk->eval->ansi ? INT64_MAX : 0;
}

static bool sums_are_exact(const weir_over_chunk *chunk, const prefixes *p, wide limit) {
    for (int32_t i = 0; i < chunk->rows && limit; i++)
        if (p->sizes[chunk->upper[i]] - p->sizes[chunk->lower[i]] > limit)
            return false;
    return true;
}

static void store_sum(const weir_type *type, void *values, int32_t i, wide sum) {
    switch ((int)type->kind) {
    case WEIR_TYPE_DECIMAL:
        weir_store128((uint8_t *)values + 16 * (size_t)i, sum);
        break;
    case WEIR_TYPE_DOUBLE:
        ((double *)values)[i] = (double)sum;
        break;
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        ((int32_t *)values)[i] = (int32_t)sum;
        break;
    default:
        ((int64_t *)values)[i] = (int64_t)sum;
        break;
    }
}

/* Accumulator states of all rows: columns made by the caller, one row a frame. */
static weir_code finish_states(weir_over_chunk *chunk, const weir_over_call *call, weir_column **states,
                               weir_column **ret, weir_error **err) {
    const weir_aggregate_ops *ops = call->function->aggregate;
    _cleanup_buffer_ weir_buffer *buffer = NULL;
    int32_t *groups;
    weir_accumulator *acc = NULL;
    weir_sel all = {NULL, chunk->rows};
    WEIR_TRY(weir_over_ints(chunk, chunk->rows, &buffer, &groups, err));
    for (int32_t i = 0; i < chunk->rows; i++)
        groups[i] = i;
    WEIR_TRY(ops->create(chunk->budget, call->arg_types, call->args_count, call->type, &acc, err));
    weir_code code = ops->resize(acc, chunk->rows, err);
    if (code == WEIR_OK)
        code = ops->merge(acc, chunk->eval, states, &all, groups, err);
    if (code == WEIR_OK)
        code = ops->finish(acc, chunk->eval, 0, chunk->rows, ret, err);
    ops->destroy(acc);
    return code;
}

/* (sum), (sum, is_empty) or (sum, count); a sum of no rows is NULL where nothing else says so. */
static weir_code new_states(const weir_over_chunk *chunk, const weir_over_call *call, const int32_t *counts,
                            weir_column **states, weir_error **err) {
    for (int32_t s = 0; s < call->states_count; s++)
        WEIR_TRY(weir_column_new_fixed(chunk->budget, call->state_types[s], chunk->rows, &states[s], err));
    uint8_t *valid = NULL;
    if (call->states_count == 1)
        WEIR_TRY(weir_column_make_validity(chunk->budget, states[0], &valid, err));
    for (int32_t i = 0; i < chunk->rows; i++) {
        int32_t count = counts[chunk->upper[i]] - counts[chunk->lower[i]];
        if (valid && count == 0)
            weir_bit_clear(valid, i);
        else if (call->states_count == 2 && call->state_types[1]->kind == WEIR_TYPE_LONG)
            ((int64_t *)weir_column_values(states[1]))[i] = count;
        else if (call->states_count == 2 && count == 0)
            weir_bit_set(weir_column_values(states[1]), i);
    }
    if (valid)
        states[0]->null_count = -1;
    return WEIR_OK;
}

static weir_code slide_whole(weir_over_chunk *chunk, const weir_over_call *call, const weir_column *column,
                             weir_column **ret, weir_error **err) {
    prefixes p = {0};
    weir_column *states[WEIR_AGGREGATE_STATES_MAX] = {0};
    weir_code code = sum_rows(chunk, column, &p, err);
    if (code == WEIR_OK && sums_are_exact(chunk, &p, exact_limit(chunk, call))) {
        code = new_states(chunk, call, p.counts, states, err);
        for (int32_t i = 0; i < chunk->rows && code == WEIR_OK; i++)
            store_sum(call->state_types[0], weir_column_values(states[0]), i,
                      p.sums[chunk->upper[i]] - p.sums[chunk->lower[i]]);
        if (code == WEIR_OK)
            code = finish_states(chunk, call, states, ret, err);
    }
    weir_operator_unref_columns(states, call->states_count);
    prefixes_fini(&p);
    return code;
}

/* ---- running sums of reals ---- */

static double real_value(const weir_column *column, int32_t slot) {
    return column->type->kind == WEIR_TYPE_FLOAT ? ((const float *)column->values)[slot]
                                                 : ((const double *)column->values)[slot];
}

static void run_reals(const weir_over_chunk *chunk, const weir_column *column, double *sums) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t at = chunk->starts[p];
        double sum = 0;
        for (int32_t i = chunk->starts[p]; i < chunk->starts[p + 1]; i++) {
            for (; at < chunk->upper[i]; at++)
                if (!weir_column_is_null(column, at) && weir_over_keeps(chunk, at))
                    sum += real_value(column, weir_column_slot(column, at));
            sums[i] = sum;
        }
    }
}

static weir_code slide_reals(weir_over_chunk *chunk, const weir_over_call *call, const weir_column *column,
                             weir_column **ret, weir_error **err) {
    _cleanup_buffer_ weir_buffer *buffer = NULL;
    weir_column *states[WEIR_AGGREGATE_STATES_MAX] = {0};
    int32_t *counts;
    WEIR_TRY(weir_over_ints(chunk, (int64_t)chunk->rows + 1, &buffer, &counts, err));
    counts[0] = 0;
    for (int32_t i = 0; i < chunk->rows; i++)
        counts[i + 1] = counts[i] + (!weir_column_is_null(column, i) && weir_over_keeps(chunk, i));
    weir_code code = new_states(chunk, call, counts, states, err);
    if (code == WEIR_OK) {
        run_reals(chunk, column, weir_column_values(states[0]));
        code = finish_states(chunk, call, states, ret, err);
    }
    weir_operator_unref_columns(states, call->states_count);
    return code;
}

/* 28 digits times 2^31 rows stay below 2^127, and DECIMAL(p + 10) takes them. */
#define DECIMAL_EXACT 28

static weir_code slide_sum(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                           weir_error **err) {
    const weir_type *type = call->arg_types[0];
    _cleanup_column_ weir_column *column = weir_over_arg(chunk, call, 0);
    bool whole = weir_type_is_integral(type) || type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ||
                 type->kind == WEIR_TYPE_INTERVAL_DAY_TIME ||
                 (type->kind == WEIR_TYPE_DECIMAL && type->precision <= DECIMAL_EXACT);
    bool real = type->kind == WEIR_TYPE_FLOAT || type->kind == WEIR_TYPE_DOUBLE;
    if (whole)
        return slide_whole(chunk, call, column, ret, err);
    if (real && weir_over_is_running(chunk, call))
        return slide_reals(chunk, call, column, ret, err);
    return WEIR_OK;
}

weir_code weir_over_sliding(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                            weir_error **err) {
    const weir_over_frame *frame = &chunk->spec->frames[call->frame];
    const char *name = name_of(call);
    *ret = NULL;
    if (frame->lower == WEIR_BOUND_UNBOUNDED_PRECEDING && frame->upper == WEIR_BOUND_UNBOUNDED_FOLLOWING)
        return WEIR_OK; /* a group a partition */
    if (strcmp(name, "count") == 0 || strcmp(name, "count_if") == 0)
        return slide_count(chunk, call, ret, err);
    if ((strcmp(name, "min") == 0 || strcmp(name, "max") == 0) && call->type->kind != WEIR_TYPE_NULL)
        return slide_extreme(chunk, call, ret, err);
    if (strcmp(name, "sum") == 0 || strcmp(name, "avg") == 0)
        return slide_sum(chunk, call, ret, err);
    return WEIR_OK;
}
