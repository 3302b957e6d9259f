/* lag, lead, first, last and nth_value of a chunk (over_int.h): each row takes the value of one other row, so
 * they are positions and one gather, for values of any type. IGNORE NULLS and FILTER count some rows alone:
 * `seen[i]` is how many stand before row i, `rows[n]` where the n-th is. */
#include "executor/operator/over_int.h"

/* The rows that count; all of them where NULLs are respected, and then both arrays are NULL. */
typedef struct counted {
    weir_buffer *seen_buffer, *rows_buffer;
    int32_t *seen, *rows;
} counted;

static weir_code count_values(const weir_over_chunk *chunk, const weir_over_call *call,
                              const weir_column *column, counted *ret, weir_error **err) {
    WEIR_TRY(weir_over_ints(chunk, (int64_t)chunk->rows + 1, &ret->seen_buffer, &ret->seen, err));
    WEIR_TRY(weir_over_ints(chunk, chunk->rows, &ret->rows_buffer, &ret->rows, err));
    int32_t count = 0;
    for (int32_t i = 0; i < chunk->rows; i++) {
        ret->seen[i] = count;
        if (weir_over_keeps(chunk, i) && !(call->ignore_nulls && weir_column_is_null(column, i)))
            ret->rows[count++] = i;
    }
    ret->seen[chunk->rows] = count;
    return WEIR_OK;
}

/* The n-th counted row (0-based) of [lower, upper); -1 where there is none. */
static inline int32_t nth_row(const counted *c, int32_t lower, int32_t upper, int64_t n) {
    if (!c->seen)
        return n < upper - lower ? lower + (int32_t)n : -1;
    return n < c->seen[upper] - c->seen[lower] ? c->rows[c->seen[lower] + n] : -1;
}

static inline int32_t last_row(const counted *c, int32_t lower, int32_t upper) {
    if (!c->seen)
        return lower < upper ? upper - 1 : -1;
    return c->seen[upper] > c->seen[lower] ? c->rows[c->seen[upper] - 1] : -1;
}

static void pick_in_frames(const weir_over_chunk *chunk, const weir_over_call *call, const counted *c,
                           int32_t *picks) {
    int32_t n = call->kind == WEIR_OVER_NTH ? weir_over_constant(call, 1) - 1 : 0;
    for (int32_t i = 0; i < chunk->rows; i++)
        picks[i] = call->kind == WEIR_OVER_LAST ? last_row(c, chunk->lower[i], chunk->upper[i])
                                                : nth_row(c, chunk->lower[i], chunk->upper[i], n);
}

/* The row `distance` counted rows behind row i (before it where negative); -1 beyond the partition. */
static int32_t row_at_distance(const counted *c, int32_t i, int32_t start, int32_t end, int64_t distance) {
    if (distance == 0)
        return i;
    if (!c->seen) {
        int64_t row = i + distance;
        return row >= start && row < end ? (int32_t)row : -1;
    }
    if (distance > 0)
        return nth_row(c, i + 1, end, distance - 1);
    int64_t left = c->seen[i] - c->seen[start] + distance;
    return left >= 0 ? c->rows[c->seen[start] + left] : -1;
}

static void pick_at_distance(const weir_over_chunk *chunk, const weir_over_call *call, const counted *c,
                             int32_t *picks) {
    int64_t offset = weir_over_constant(call, 1);
    int64_t distance = call->kind == WEIR_OVER_LAG ? -offset : offset;
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t start = chunk->starts[p], end = chunk->starts[p + 1];
        for (int32_t i = start; i < end; i++)
            picks[i] = row_at_distance(c, i, start, end, distance);
    }
}

/* The default of the row at hand where no row was picked: a gather out of both columns, one behind the other.
 */
static weir_code gather_or_default(const weir_over_chunk *chunk, weir_column *column, weir_column *other,
                                   int32_t *picks, weir_column **ret, weir_error **err) {
    weir_field field = {.name = WEIR_STR("value"), .type = column->type, .nullable = true};
    const weir_type *schema = weir_type_struct(chunk->eval->arena, &field, 1);
    weir_column *first, *second;
    WEIR_TRY(weir_column_flatten(chunk->budget, other, &second, err));
    weir_code code = weir_column_flatten(chunk->budget, column, &first, err);
    if (code != WEIR_OK) {
        weir_column_unref(second);
        return code;
    }
    _cleanup_batch_ weir_batch *values = weir_batch_new(schema, chunk->rows, &first, 1);
    _cleanup_batch_ weir_batch *defaults = weir_batch_new(schema, chunk->rows, &second, 1);
    _cleanup_batch_ weir_batch *both = NULL;
    if (chunk->rows > INT32_MAX / 2)
        return weir_operator_refused(chunk->op, err);
    WEIR_TRY(weir_batch_concat(chunk->budget, schema, (weir_batch *[]){values, defaults}, 2, &both, err));
    for (int32_t i = 0; i < chunk->rows; i++)
        picks[i] = picks[i] < 0 ? chunk->rows + i : picks[i];
    return weir_over_gather(chunk, both->columns[0], picks, ret, err);
}

static weir_code pick_offset(weir_over_chunk *chunk, const weir_over_call *call, weir_column *column,
                             int32_t *picks, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *other = weir_over_arg(chunk, call, 2);
    if (other->encoding == WEIR_CONSTANT && weir_column_is_null(other, 0))
        return weir_over_gather(chunk, column, picks, ret, err);
    return gather_or_default(chunk, column, other, picks, ret, err);
}

weir_code weir_over_pick(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                         weir_error **err) {
    bool offset = call->kind == WEIR_OVER_LAG || call->kind == WEIR_OVER_LEAD;
    _cleanup_column_ weir_column *column = weir_over_arg(chunk, call, 0);
    _cleanup_buffer_ weir_buffer *buffer = NULL;
    int32_t *picks;
    counted c = {0};
    WEIR_TRY(weir_over_ints(chunk, chunk->rows, &buffer, &picks, err));
    weir_code code = call->ignore_nulls || chunk->kept ? count_values(chunk, call, column, &c, err) : WEIR_OK;
    if (code == WEIR_OK && offset) {
        pick_at_distance(chunk, call, &c, picks);
        code = pick_offset(chunk, call, column, picks, ret, err);
    } else if (code == WEIR_OK) {
        pick_in_frames(chunk, call, &c, picks);
        code = weir_over_gather(chunk, column, picks, ret, err);
    }
    weir_buffer_unref(c.seen_buffer);
    weir_buffer_unref(c.rows_buffer);
    return code;
}
