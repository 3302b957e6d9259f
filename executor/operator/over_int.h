/* What the files of the Window operator share (over_exec.c): its compiled calls, and the chunk of whole
 * partitions that they are computed over. Private to the folder. */
#pragma once

#include "common/column/sort_key.h"
#include "common/expr/aggregate.h"
#include "common/expr/function.h"
#include "executor/operator/operator_int.h"

typedef enum weir_over_kind {
    WEIR_OVER_AGGREGATE,
    WEIR_OVER_ROW_NUMBER,
    WEIR_OVER_RANK,
    WEIR_OVER_DENSE_RANK,
    WEIR_OVER_PERCENT_RANK,
    WEIR_OVER_CUME_DIST,
    WEIR_OVER_NTILE,
    WEIR_OVER_LAG,
    WEIR_OVER_LEAD,
    WEIR_OVER_FIRST,
    WEIR_OVER_LAST,
    WEIR_OVER_NTH,
} weir_over_kind;

/* A frame: bounds as the plan has them; offsets of ROWS, columns that hold the moved order of RANGE. */
typedef struct weir_over_frame {
    int64_t frame, lower, upper;
    int32_t lower_offset, upper_offset;
    int32_t lower_column, upper_column;
} weir_over_frame;

typedef struct weir_over_call {
    weir_over_kind kind;
    const weir_function *function;
    const weir_type *type;
    bool ignore_nulls;
    int32_t filter; /* BOOLEAN column of the input: FILTER (WHERE ...); -1: none */
    int32_t frame;  /* among the frames of the operator; -1: the function needs none */
    int32_t args_count;
    const weir_node *args[WEIR_AGGREGATE_ARGS_MAX]; /* INPUT or LITERAL */
    const weir_type *arg_types[WEIR_AGGREGATE_ARGS_MAX];
    int32_t states_count;
    const weir_type *state_types[WEIR_AGGREGATE_STATES_MAX];
} weir_over_call;

typedef struct weir_over_spec {
    int32_t keys_count, orders_count, frames_count, calls_count;
    int32_t *keys, *orders; /* columns of the input */
    weir_sort_order *directions;
    weir_over_frame *frames;
    weir_over_call *calls;
} weir_over_spec;

/* Whole partitions, one behind the other, sorted. Columns are FLAT or CONSTANT. */
typedef struct weir_over_chunk {
    weir_operator *op;
    const weir_over_spec *spec;
    weir_budget *budget;
    weir_eval *eval;
    weir_batch *all;
    int32_t rows;
    int32_t partitions;
    const int32_t *starts;        /* of the partitions; starts[partitions] = rows */
    weir_buffer *peers_buffer;    /* of `peers`, made when first asked for */
    const int32_t *lower, *upper; /* the frame of the call at hand: rows [lower[i], upper[i]) */
    const uint8_t *kept;          /* a byte a row: it passes the call's filter; NULL = all do */
} weir_over_chunk;

static inline bool weir_over_keeps(const weir_over_chunk *chunk, int32_t row) {
    return !chunk->kept || chunk->kept[row];
}

/* ints[count], charged to the task. */
weir_code weir_over_ints(const weir_over_chunk *chunk, int64_t count, weir_buffer **ret, int32_t **ret_ints,
                         weir_error **err);
/* Argument `index` of a call for all rows; one reference. */
weir_column *weir_over_arg(const weir_over_chunk *chunk, const weir_over_call *call, int32_t index);
/* The accumulator of a call, for `groups` groups, with its literal arguments; destroyed by the caller, after
 * a failure too. */
weir_code weir_over_accumulator(const weir_over_chunk *chunk, const weir_over_call *call, int32_t groups,
                                weir_accumulator **ret, weir_error **err);
/* A constant INT argument. */
int32_t weir_over_constant(const weir_over_call *call, int32_t index);

/* ---- peers and frames (over_frame.c) ---- */
/* peers[i]: the first row behind the peers of row i (rows of its partition that are equal in the order). */
weir_code weir_over_peers(weir_over_chunk *chunk, const int32_t **ret, weir_error **err);
weir_code weir_over_frame_rows(weir_over_chunk *chunk, const weir_over_frame *frame, int32_t *lower,
                               int32_t *upper, weir_error **err);

/* ---- functions: each gives a column of all rows ---- */
weir_code weir_over_rank(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                         weir_error **err);
/* lag, lead, first, last, nth (over_pick.c) */
weir_code weir_over_pick(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                         weir_error **err);
weir_code weir_over_aggregate(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                              weir_error **err);
/* What needs no accumulator a frame (over_sliding.c): counts and exact sums by prefix sums, min and max by a
 * queue. *ret is NULL where the call or its values are not of that kind. */
weir_code weir_over_sliding(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                            weir_error **err);
/* Do all frames begin with their partition? */
bool weir_over_is_running(const weir_over_chunk *chunk, const weir_over_call *call);
/* Row picks[i] of the column for row i, -1 = NULL. */
weir_code weir_over_gather(const weir_over_chunk *chunk, const weir_column *column, const int32_t *picks,
                           weir_column **ret, weir_error **err);
