/* Aggregates over the frames of a chunk by their accumulators (over_int.h): a group a row.
 *
 *   whole partition   one group a partition, its value for every row
 *   running           frames that begin with their partition, in blocks of rows: the first frame of a block
 * goes on from the state of the frame before it, so a row is added to BLOCK / 2 groups on average any other
 * every frame from its first row on, as Spark does it
 *
 * Within a group rows are added in their order, one by one, so sums of reals round as in Spark. Pairs (row,
 * group) are gathered and given to the accumulator PAIRS at a time. */
#include "common/base/alloc.h"
#include "executor/operator/over_int.h"

#define BLOCK 64
#define PAIRS 32768

typedef struct frames_run {
    weir_over_chunk *chunk;
    const weir_over_call *call;
    weir_accumulator *acc;
    weir_column *args[WEIR_AGGREGATE_ARGS_MAX];
    weir_buffer *rows_buffer, *groups_buffer;
    int32_t *rows, *groups; /* pairs */
    int32_t count;
} frames_run;

weir_code weir_over_accumulator(const weir_over_chunk *chunk, const weir_over_call *call, int32_t groups,
                                weir_accumulator **ret, weir_error **err) {
    const weir_aggregate_ops *ops = call->function->aggregate;
    weir_column *literals[WEIR_AGGREGATE_ARGS_MAX] = {0};
    for (int32_t i = 0; i < call->args_count; i++)
        if (call->args[i]->kind == WEIR_NODE_LITERAL)
            literals[i] = WEIR_NODE_AS(call->args[i], LITERAL, literal)->value;
    WEIR_TRY(ops->create(chunk->budget, call->arg_types, call->args_count, call->type, ret, err));
    if (ops->configure)
        WEIR_TRY(ops->configure(*ret, literals, call->args_count, err));
    return ops->resize(*ret, groups, err);
}

static weir_code begin(frames_run *run, weir_over_chunk *chunk, const weir_over_call *call, int32_t groups,
                       weir_error **err) {
    *run = (frames_run){.chunk = chunk, .call = call};
    for (int32_t i = 0; i < call->args_count; i++)
        run->args[i] = weir_over_arg(chunk, call, i);
    return weir_over_accumulator(chunk, call, groups, &run->acc, err);
}

static void end(frames_run *run) {
    run->call->function->aggregate->destroy(run->acc);
    weir_operator_unref_columns(run->args, run->call->args_count);
    weir_buffer_unref(run->rows_buffer);
    weir_buffer_unref(run->groups_buffer);
}

/* ---- whole partitions ---- */

/* The rows that pass the filter, with the groups of all rows. */
static weir_code update_kept(frames_run *run, const int32_t *groups, weir_error **err) {
    const weir_over_chunk *chunk = run->chunk;
    const weir_aggregate_ops *ops = run->call->function->aggregate;
    _cleanup_buffer_ weir_buffer *rows_buffer = NULL, *groups_buffer = NULL;
    weir_sel sel = {NULL, chunk->rows};
    if (chunk->kept) {
        int32_t *rows, *kept_groups;
        WEIR_TRY(weir_over_ints(chunk, chunk->rows, &rows_buffer, &rows, err));
        WEIR_TRY(weir_over_ints(chunk, chunk->rows, &groups_buffer, &kept_groups, err));
        sel = (weir_sel){rows, 0};
        for (int32_t i = 0; i < chunk->rows; i++)
            if (chunk->kept[i]) {
                kept_groups[sel.count] = groups[i];
                rows[sel.count++] = i;
            }
        groups = kept_groups;
    }
    return ops->update(run->acc, chunk->eval, run->args, run->call->args_count, chunk->rows, &sel, groups,
                       err);
}

static weir_code run_whole(frames_run *run, weir_column **ret, weir_error **err) {
    const weir_over_chunk *chunk = run->chunk;
    const weir_aggregate_ops *ops = run->call->function->aggregate;
    _cleanup_buffer_ weir_buffer *buffer = NULL;
    _cleanup_column_ weir_column *values = NULL;
    int32_t *groups;
    WEIR_TRY(weir_over_ints(chunk, chunk->rows, &buffer, &groups, err));
    for (int32_t p = 0; p < chunk->partitions; p++)
        for (int32_t i = chunk->starts[p]; i < chunk->starts[p + 1]; i++)
            groups[i] = p;
    WEIR_TRY(update_kept(run, groups, err));
    WEIR_TRY(ops->finish(run->acc, chunk->eval, 0, chunk->partitions, &values, err));
    return weir_over_gather(chunk, values, groups, ret, err);
}

/* ---- pairs ---- */

static weir_code add_pairs(frames_run *run, weir_error **err) {
    const weir_over_chunk *chunk = run->chunk;
    weir_column *args[WEIR_AGGREGATE_ARGS_MAX] = {0};
    weir_sel all = {NULL, run->count};
    weir_code code = WEIR_OK;
    if (run->count == 0)
        return WEIR_OK;
    for (int32_t i = 0; i < run->call->args_count && code == WEIR_OK; i++) {
        if (run->args[i]->encoding == WEIR_CONSTANT)
            args[i] = weir_column_constant(run->args[i], run->count);
        else
            code = weir_column_gather(chunk->budget, run->args[i], run->rows, run->count, &args[i], err);
    }
    if (code == WEIR_OK)
        code = run->call->function->aggregate->update(run->acc, chunk->eval, args, run->call->args_count,
                                                      run->count, &all, run->groups, err);
    weir_operator_unref_columns(args, run->call->args_count);
    run->count = 0;
    return code;
}

static weir_code add_frame(frames_run *run, int32_t group, int32_t from, int32_t to, weir_error **err) {
    for (int32_t row = from; row < to; row++) {
        if (!weir_over_keeps(run->chunk, row))
            continue;
        if (run->count == PAIRS)
            WEIR_TRY(add_pairs(run, err));
        run->rows[run->count] = row;
        run->groups[run->count++] = group;
    }
    return WEIR_OK;
}

static weir_code run_frames(frames_run *run, weir_error **err) {
    const weir_over_chunk *chunk = run->chunk;
    for (int32_t i = 0; i < chunk->rows; i++)
        WEIR_TRY(add_frame(run, i, chunk->lower[i], chunk->upper[i], err));
    return add_pairs(run, err);
}

/* ---- running ---- */

/* Groups [from, from + count) begin with the state of the group in front of them. */
static weir_code copy_state(frames_run *run, int32_t from, int32_t count, weir_error **err) {
    const weir_over_call *call = run->call;
    const weir_aggregate_ops *ops = call->function->aggregate;
    weir_column *states[WEIR_AGGREGATE_STATES_MAX] = {0}, *constants[WEIR_AGGREGATE_STATES_MAX] = {0};
    int32_t groups[BLOCK];
    weir_sel all = {NULL, count};
    WEIR_TRY(add_pairs(run, err));
    WEIR_TRY(ops->states(run->acc, run->chunk->budget, call->state_types, from - 1, 1, states, err));
    for (int32_t i = 0; i < call->states_count; i++)
        constants[i] = weir_column_constant(states[i], count);
    for (int32_t i = 0; i < count; i++)
        groups[i] = from + i;
    weir_code code = ops->merge(run->acc, run->chunk->eval, constants, &all, groups, err);
    weir_operator_unref_columns(constants, call->states_count);
    weir_operator_unref_columns(states, call->states_count);
    return code;
}

static weir_code run_running(frames_run *run, weir_error **err) {
    const weir_over_chunk *chunk = run->chunk;
    for (int32_t p = 0; p < chunk->partitions; p++) {
        int32_t start = chunk->starts[p], end = chunk->starts[p + 1];
        for (int32_t from = start; from < end; from += BLOCK) {
            int32_t count = WEIR_MIN(BLOCK, end - from), done = start;
            if (from > start) {
                WEIR_TRY(copy_state(run, from, count, err));
                done = chunk->upper[from - 1];
            }
            for (int32_t i = from; i < from + count; i++)
                WEIR_TRY(add_frame(run, i, done, chunk->upper[i], err));
        }
    }
    return add_pairs(run, err);
}

/* ---- which of them ---- */

static const weir_over_frame *frame_of(const weir_over_chunk *chunk, const weir_over_call *call) {
    return &chunk->spec->frames[call->frame];
}

bool weir_over_is_running(const weir_over_chunk *chunk, const weir_over_call *call) {
    return frame_of(chunk, call)->lower == WEIR_BOUND_UNBOUNDED_PRECEDING;
}

weir_code weir_over_aggregate(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                              weir_error **err) {
    bool running = weir_over_is_running(chunk, call);
    bool whole = running && frame_of(chunk, call)->upper == WEIR_BOUND_UNBOUNDED_FOLLOWING;
    frames_run run;
    weir_code code = begin(&run, chunk, call, whole ? chunk->partitions : chunk->rows, err);
    if (code == WEIR_OK && whole) {
        code = run_whole(&run, ret, err);
    } else if (code == WEIR_OK) {
        code = weir_over_ints(chunk, PAIRS, &run.rows_buffer, &run.rows, err);
        if (code == WEIR_OK)
            code = weir_over_ints(chunk, PAIRS, &run.groups_buffer, &run.groups, err);
        if (code == WEIR_OK)
            code = running ? run_running(&run, err) : run_frames(&run, err);
        if (code == WEIR_OK)
            code = call->function->aggregate->finish(run.acc, chunk->eval, 0, chunk->rows, ret, err);
    }
    end(&run);
    return code;
}
