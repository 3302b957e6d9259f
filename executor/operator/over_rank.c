/* row_number, rank, dense_rank, percent_rank, cume_dist and ntile of a chunk (over_int.h). */
#include "executor/operator/over_int.h"

static void number_rows(const weir_over_chunk *chunk, int32_t *ret) {
    for (int32_t p = 0; p < chunk->partitions; p++)
        for (int32_t i = chunk->starts[p]; i < chunk->starts[p + 1]; i++)
            ret[i] = i - chunk->starts[p] + 1;
}

/* rank leaves gaps behind peers, dense_rank does not. */
static void rank_rows(const weir_over_chunk *chunk, const int32_t *peers, bool dense, int32_t *ret) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t start = chunk->starts[p], rank = 0;
        for (int32_t i = start; i < chunk->starts[p + 1]; i++) {
            if (i == start || peers[i] != peers[i - 1])
                rank = dense ? rank + 1 : i - start + 1;
            ret[i] = rank;
        }
    }
}

/* The first rows % buckets buckets get one row more than the others. */
static void tile_rows(const weir_over_chunk *chunk, int32_t buckets, int32_t *ret) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t start = chunk->starts[p], rows = chunk->starts[p + 1] - start;
        int32_t small = rows / buckets, larger = rows % buckets;
        int64_t in_larger = (int64_t)larger * (small + 1);
        for (int32_t i = 0; i < rows; i++)
            ret[start + i] =
                i < in_larger ? i / (small + 1) + 1 : larger + (int32_t)((i - in_larger) / small) + 1;
    }
}

/* percent_rank: (rank - 1) / (rows - 1), 0 for a single row; cume_dist: rows up to the last peer / rows. */
static void share_rows(const weir_over_chunk *chunk, const int32_t *peers, bool percent, double *ret) {
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t start = chunk->starts[p], rows = chunk->starts[p + 1] - start, rank = 0;
        for (int32_t i = start; i < start + rows; i++) {
            if (i == start || peers[i] != peers[i - 1])
                rank = i - start;
            if (percent)
                ret[i] = rows > 1 ? (double)rank / (double)(rows - 1) : 0.0;
            else
                ret[i] = (double)(peers[i] - start) / (double)rows;
        }
    }
}

weir_code weir_over_rank(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                         weir_error **err) {
    const int32_t *peers = NULL;
    if (call->kind != WEIR_OVER_ROW_NUMBER && call->kind != WEIR_OVER_NTILE)
        WEIR_TRY(weir_over_peers(chunk, &peers, err));
    weir_column *column;
    WEIR_TRY(weir_column_new_fixed(chunk->budget, call->type, chunk->rows, &column, err));
    void *values = weir_column_values(column);
    switch ((int)call->kind) {
    case WEIR_OVER_ROW_NUMBER:
        number_rows(chunk, values);
        break;
    case WEIR_OVER_NTILE:
        tile_rows(chunk, weir_over_constant(call, 0), values);
        break;
    case WEIR_OVER_RANK:
    case WEIR_OVER_DENSE_RANK:
        rank_rows(chunk, peers, call->kind == WEIR_OVER_DENSE_RANK, values);
        break;
    default:
        share_rows(chunk, peers, call->kind == WEIR_OVER_PERCENT_RANK, values);
        break;
    }
    *ret = column;
    return WEIR_OK;
}
