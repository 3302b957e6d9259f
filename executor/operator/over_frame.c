/* Peers and frames of a chunk (over_int.h). Bounds never move back within a partition, so a RANGE bound
 * follows the moved order with one pointer, comparing sort keys: direction and NULL order are in their bytes,
 * and a NULL order moved by anything stays with its peers, as in Spark. */
#include "executor/operator/over_int.h"

weir_code weir_over_peers(weir_over_chunk *chunk, const int32_t **ret, weir_error **err) {
    const weir_over_spec *spec = chunk->spec;
    if (chunk->peers_buffer) {
        *ret = (const int32_t *)chunk->peers_buffer->data;
        return WEIR_OK;
    }
    weir_column **columns = WEIR_NEW_ARRAY(chunk->eval->arena, weir_column *, spec->orders_count + 1);
    for (int32_t i = 0; i < spec->orders_count; i++)
        columns[i] = chunk->all->columns[spec->orders[i]];
    weir_rows keys = {.budget = chunk->budget};
    weir_sel all = {NULL, chunk->rows};
    int32_t *peers;
    weir_code code = weir_sort_key_encode(&keys, columns, spec->directions, spec->orders_count, &all, err);
    if (code == WEIR_OK)
        code = weir_over_ints(chunk, chunk->rows, &chunk->peers_buffer, &peers, err);
    for (int32_t p = chunk->partitions - 1; p >= 0 && code == WEIR_OK; p--) {
        int32_t end = chunk->starts[p + 1];
        for (int32_t i = end - 1; i >= chunk->starts[p]; i--) {
            peers[i] = end;
            if (i > chunk->starts[p] && !weir_str_equal(weir_rows_at(&keys, i - 1), weir_rows_at(&keys, i)))
                end = i;
        }
    }
    weir_rows_fini(&keys);
    if (code == WEIR_OK)
        *ret = peers;
    return code;
}

/* ---- ROWS ---- */

static int32_t clamp(int64_t row, int32_t start, int32_t end) {
    return (int32_t)WEIR_MAX((int64_t)start, WEIR_MIN(row, (int64_t)end));
}

static void bound_rows(const weir_over_chunk *chunk, int64_t bound, int64_t offset, int32_t *ret) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t start = chunk->starts[p], end = chunk->starts[p + 1];
        for (int32_t i = start; i < end; i++)
            ret[i] = bound == WEIR_BOUND_UNBOUNDED_PRECEDING   ? start
                     : bound == WEIR_BOUND_UNBOUNDED_FOLLOWING ? end
                                                               : clamp(i + offset, start, end);
    }
}

/* ---- RANGE ---- */

static weir_code bound_peers(weir_over_chunk *chunk, bool upper, int32_t *ret, weir_error **err) {
    const int32_t *peers;
    WEIR_TRY(weir_over_peers(chunk, &peers, err));
    if (upper) {
        memcpy(ret, peers, sizeof *ret * (size_t)chunk->rows);
        return WEIR_OK;
    }
    for (int32_t i = 0; i < chunk->rows; i++)
        ret[i] = i > 0 && peers[i] == peers[i - 1] ? ret[i - 1] : i;
    return WEIR_OK;
}

/* Where the moved order of each row begins (or, for the upper bound, ends) among the orders; the other end of
 * the frame is the partition's. */
static void follow(const weir_over_chunk *chunk, const weir_rows *keys, const weir_rows *moved, bool upper,
                   int32_t *ret) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t at = chunk->starts[p], end = chunk->starts[p + 1];
        for (int32_t i = chunk->starts[p]; i < end; i++) {
            weir_str bound = weir_rows_at(moved, i);
            while (at < end) {
                int order = weir_str_compare(weir_rows_at(keys, at), bound);
                if (upper ? order > 0 : order >= 0)
                    break;
                at++;
            }
            ret[i] = at;
        }
    }
}

/* Both ends move: the lower one among the rows that the upper one has passed, as in Spark, which shows where
 * a moved order has left its type and wrapped. */
static void follow_both(const weir_over_chunk *chunk, const weir_rows *keys, const weir_rows *from,
                        const weir_rows *to, int32_t *lower, int32_t *upper) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t low = chunk->starts[p], high = low, end = chunk->starts[p + 1];
        for (int32_t i = chunk->starts[p]; i < end; i++) {
            weir_str first = weir_rows_at(from, i), last = weir_rows_at(to, i);
            while (low < high && weir_str_compare(weir_rows_at(keys, low), first) < 0)
                low++;
            for (; high < end && weir_str_compare(weir_rows_at(keys, high), last) <= 0; high++)
                low += low == high && weir_str_compare(weir_rows_at(keys, high), first) < 0;
            lower[i] = low;
            upper[i] = high;
        }
    }
}

static weir_code encode_order(weir_over_chunk *chunk, int32_t column, weir_rows *ret, weir_error **err) {
    weir_sel all = {NULL, chunk->rows};
    return weir_sort_key_encode(ret, &chunk->all->columns[column], chunk->spec->directions, 1, &all, err);
}

static weir_code range_rows(weir_over_chunk *chunk, const weir_over_frame *frame, int32_t *lower,
                            int32_t *upper, weir_error **err) {
    weir_rows keys = {.budget = chunk->budget}, from = {.budget = chunk->budget},
              to = {.budget = chunk->budget};
    bool open_lower = frame->lower == WEIR_BOUND_UNBOUNDED_PRECEDING;
    bool open_upper = frame->upper == WEIR_BOUND_UNBOUNDED_FOLLOWING;
    bool moved_lower = frame->lower == WEIR_BOUND_VALUE, moved_upper = frame->upper == WEIR_BOUND_VALUE;
    weir_code code = encode_order(chunk, chunk->spec->orders[0], &keys, err);
    if (code == WEIR_OK && moved_lower)
        code = encode_order(chunk, frame->lower_column, &from, err);
    if (code == WEIR_OK && moved_upper)
        code = encode_order(chunk, frame->upper_column, &to, err);
    if (code == WEIR_OK && !open_lower && !open_upper)
        follow_both(chunk, &keys, moved_lower ? &from : &keys, moved_upper ? &to : &keys, lower, upper);
    else if (code == WEIR_OK && moved_lower)
        follow(chunk, &keys, &from, false, lower);
    else if (code == WEIR_OK)
        follow(chunk, &keys, &to, true, upper);
    if (open_lower)
        bound_rows(chunk, frame->lower, 0, lower);
    if (open_upper)
        bound_rows(chunk, frame->upper, 0, upper);
    weir_rows_fini(&keys);
    weir_rows_fini(&from);
    weir_rows_fini(&to);
    return code;
}

static weir_code bound_range(weir_over_chunk *chunk, int64_t bound, bool upper, int32_t *ret,
                             weir_error **err) {
    if (bound == WEIR_BOUND_CURRENT_ROW)
        return bound_peers(chunk, upper, ret, err);
    bound_rows(chunk, bound, 0, ret);
    return WEIR_OK;
}

weir_code weir_over_frame_rows(weir_over_chunk *chunk, const weir_over_frame *frame, int32_t *lower,
                               int32_t *upper, weir_error **err) {
    if (frame->lower_column >= 0 || frame->upper_column >= 0) {
        WEIR_TRY(range_rows(chunk, frame, lower, upper, err));
    } else if (frame->frame == WEIR_FRAME_RANGE) {
        WEIR_TRY(bound_range(chunk, frame->lower, false, lower, err));
        WEIR_TRY(bound_range(chunk, frame->upper, true, upper, err));
    } else {
        bound_rows(chunk, frame->lower, frame->lower_offset, lower);
        bound_rows(chunk, frame->upper, (int64_t)frame->upper_offset + 1, upper);
    }
    for (int32_t i = 0; i < chunk->rows; i++)
        upper[i] = WEIR_MAX(lower[i], upper[i]);
    return WEIR_OK;
}
