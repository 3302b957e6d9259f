/* One task of a stage: reads a split or its shuffle blocks in the order of tasks, pushes batches through the
 * stage's operators, and hands the result to the shuffle, to the sink's executor half, or back to the driver
 * (collecting sinks). Task thread; the only shared object it writes is the block store. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/wire/block.h"
#include "executor/task/executor_int.h"

/* Encoded rows that wait to become a block, of all partitions together: beyond that the larger ones go early.
 */
#define PARTS_BYTES_MAX ((size_t)8 << 20)

typedef struct task_run {
    weir_stage_task *task;
    weir_epoch_run *epoch;
    weir_query_run *query;
    const weir_stage_spec *spec;
    weir_budget budget;
    weir_arena *arena; /* task lifetime */
    weir_arena *batch_arena;
    weir_eval eval;
    weir_operator_context context;
    weir_chain chain;
    weir_sink_task *sink;
    const weir_sink_ops *sink_ops;
    weir_strbuf *parts;    /* encoded rows by shuffle partition, not yet a block */
    size_t parts_bytes;    /* in them, */
    int64_t parts_charged; /* and what of it is charged */
} task_run;

/* ---- where results go ---- */

static weir_code take_dense(task_run *run, weir_batch *batch, const weir_sel *sel, weir_batch **ret,
                            weir_error **err) {
    return weir_operator_compact(&run->budget, batch, sel, ret, err);
}

static weir_code flush_part(task_run *run, int32_t partition, weir_error **err) {
    weir_block_slot_id slot = {run->task->stage, partition, run->task->index};
    run->parts_bytes -= run->parts[partition].size;
    return weir_block_store_add(run->epoch->blocks, slot, &run->parts[partition], err);
}

/* What waits is charged in steps; the store charges for itself. */
static void release_parts(task_run *run) {
    weir_budget_release(&run->budget, run->parts_charged);
    run->parts_charged = 0;
}

/* Blocks of the partitions that have the most, at least half of all bytes. */
static weir_code flush_larger(task_run *run, weir_error **err) {
    size_t average = run->parts_bytes / (size_t)run->spec->partitions_out;
    release_parts(run);
    for (int32_t p = 0; p < run->spec->partitions_out; p++)
        if (run->parts[p].size > 0 && run->parts[p].size >= average / 2)
            WEIR_TRY(flush_part(run, p, err));
    return WEIR_OK;
}

static weir_code add_to_part(task_run *run, int32_t partition, weir_batch *batch, weir_error **err) {
    size_t before = run->parts[partition].size;
    WEIR_TRY(weir_block_encode(&run->parts[partition], batch, err));
    size_t added = run->parts[partition].size - before;
    run->parts_bytes += added;
    if (run->parts[partition].size >= WEIR_BLOCK_BYTES)
        return flush_part(run, partition, err);
    if (run->parts_bytes > PARTS_BYTES_MAX || !weir_budget_charge(&run->budget, (int64_t)added))
        return flush_larger(run, err);
    run->parts_charged += (int64_t)added;
    return WEIR_OK;
}

static weir_code take_for_one(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    task_run *run = data;
    _cleanup_batch_ weir_batch *dense = NULL;
    WEIR_TRY(take_dense(run, batch, sel, &dense, err));
    return add_to_part(run, 0, dense, err);
}

static weir_code take_for_driver(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    task_run *run = data;
    _cleanup_batch_ weir_batch *dense = NULL;
    WEIR_TRY(take_dense(run, batch, sel, &dense, err));
    run->task->rows_blocks++;
    run->task->rows_out += dense->rows;
    return weir_block_encode(&run->task->rows, dense, err);
}

static weir_code take_for_sink(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    task_run *run = data;
    _cleanup_batch_ weir_batch *dense = NULL;
    WEIR_TRY(take_dense(run, batch, sel, &dense, err));
    run->task->rows_out += dense->rows;
    return run->sink_ops->task_write(run->sink, dense, err);
}

static weir_code take_group_batch(void *data, int32_t partition, weir_batch *batch, weir_error **err) {
    return add_to_part(data, partition, batch, err);
}

static weir_code open_sink(task_run *run, weir_collect_fn *ret_take, weir_error **err) {
    const weir_node_sink_write *node = run->spec->sink;
    run->sink_ops = weir_sink_find(node->format);
    if (!run->sink_ops)
        WEIR_FAIL(err, INTERNAL_ERROR, "no sink " WEIR_STR_FMT, WEIR_STR_ARG(node->format));
    if (run->sink_ops->collects) {
        *ret_take = take_for_driver;
        return WEIR_OK;
    }
    *ret_take = take_for_sink;
    return run->sink_ops->task_open(&run->query->context, node, run->epoch->message->batch_id,
                                    run->task->index, run->epoch->message->attempt_name, &run->budget,
                                    &run->sink, err);
}

/* ---- where rows come from ---- */

static weir_code check_cancelled(const task_run *run, weir_error **err) {
    if (atomic_load_explicit(&run->epoch->cancelled, memory_order_relaxed))
        WEIR_FAIL(err, CANCELLED, "the epoch attempt was cancelled");
    return WEIR_OK;
}

static weir_code push_batch(task_run *run, weir_batch *batch, weir_error **err) {
    WEIR_TRY(check_cancelled(run, err));
    weir_arena_reset(run->batch_arena);
    return weir_operator_push(run->chain.head, batch, NULL, err);
}

static weir_code scan_split(task_run *run, const weir_source_ops *ops, weir_scan *scan, weir_error **err) {
    while (!weir_operator_is_done(run->chain.head)) {
        _cleanup_batch_ weir_batch *batch = NULL;
        int64_t records = 0;
        WEIR_TRY(ops->scan_next(scan, &batch, &records, err));
        run->task->rows_in += records;
        atomic_store_explicit(&run->task->progress, run->task->rows_in, memory_order_relaxed);
        if (!batch)
            break;
        WEIR_FAILPOINT("P3.mid", err);
        WEIR_TRY(push_batch(run, batch, err));
    }
    return WEIR_OK;
}

static weir_code read_split(task_run *run, weir_error **err) {
    const weir_node_scan *node = WEIR_NODE_AS(run->spec->chain.leaf, SCAN, scan);
    const weir_source_ops *ops = weir_source_find(node->format);
    if (!ops)
        WEIR_FAIL(err, INTERNAL_ERROR, "no source " WEIR_STR_FMT, WEIR_STR_ARG(node->format));
    const ProtobufCBinaryData *split = &run->epoch->message->splits[run->task->index];
    weir_scan *scan = NULL;
    WEIR_TRY(ops->scan_open(&run->query->context, node, (weir_str){(const char *)split->data, split->len},
                            &run->budget, &scan, err));
    weir_code code = scan_split(run, ops, scan, err);
    ops->scan_close(scan);
    return code;
}

static weir_code read_block(task_run *run, const weir_type *schema, weir_buffer *block, weir_error **err) {
    size_t at = 0;
    while (at < block->size) {
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(weir_block_decode(schema, block, at, "shuffle block", &batch, &at, err));
        run->task->rows_in += batch->rows;
        atomic_store_explicit(&run->task->progress, run->task->rows_in, memory_order_relaxed);
        WEIR_TRY(push_batch(run, batch, err));
    }
    return WEIR_OK;
}

/* Block by block: only one is in the task's memory at a time, wherever it was kept. */
static weir_code read_slot(task_run *run, const weir_type *schema, weir_block_slot_id slot,
                           weir_error **err) {
    weir_block_store *blocks = run->epoch->blocks;
    for (int32_t i = 0; weir_block_store_size(blocks, slot, i) >= 0; i++) {
        _cleanup_buffer_ weir_buffer *block = NULL;
        WEIR_TRY(check_cancelled(run, err));
        WEIR_TRY(weir_block_store_read(blocks, slot, i, true, &run->budget, &block, err));
        WEIR_TRY(read_block(run, schema, block, err));
    }
    return WEIR_OK;
}

static weir_code read_shuffle(task_run *run, weir_error **err) {
    const weir_node_shuffle_read *node = WEIR_NODE_AS(run->spec->chain.leaf, SHUFFLE_READ, shuffle_read);
    int32_t stage = (int32_t)node->stage, tasks = weir_block_store_tasks(run->epoch->blocks, stage);
    for (int32_t t = 0; t < tasks; t++)
        WEIR_TRY(read_slot(run, node->schema, (weir_block_slot_id){stage, run->task->index, t}, err));
    return WEIR_OK;
}

/* ---- the task ---- */

static weir_code open_chain(task_run *run, weir_error **err) {
    weir_operator *collector = NULL;
    weir_collect_fn take = NULL;
    if (run->spec->partitions_out) {
        run->parts = weir_alloc_zero((size_t)run->spec->partitions_out, sizeof *run->parts);
        take = run->spec->emits_groups ? NULL : take_for_one;
    } else {
        WEIR_TRY(open_sink(run, &take, err));
    }
    if (take)
        collector = weir_collector_new(run->arena, &run->context, take, run);
    return weir_chain_open(&run->spec->chain, &run->context, collector, &run->chain, err);
}

static weir_code publish_parts(task_run *run, weir_error **err) {
    if (run->spec->emits_groups)
        WEIR_TRY(weir_hash_agg_emit(run->chain.last, run->spec->partitions_out, WEIR_BATCH_ROWS,
                                    take_group_batch, run, err));
    WEIR_FAILPOINT("P4.before", err);
    release_parts(run);
    for (int32_t p = 0; p < run->spec->partitions_out; p++)
        if (run->parts[p].size)
            WEIR_TRY(flush_part(run, p, err));
    WEIR_FAILPOINT("P4.after", err);
    return WEIR_OK;
}

static weir_code finish_sink(task_run *run, weir_error **err) {
    if (!run->sink)
        return WEIR_OK;
    WEIR_FAILPOINT("P6.before", err);
    weir_sink_task *sink = run->sink;
    run->sink = NULL; /* finish ends it, also when it fails */
    WEIR_TRY(run->sink_ops->task_finish(sink, &run->task->sink_message, err));
    WEIR_FAILPOINT("P6.after", err);
    return WEIR_OK;
}

static weir_code run_task(task_run *run, weir_error **err) {
    WEIR_TRY(check_cancelled(run, err));
    WEIR_TRY(open_chain(run, err));
    if (run->spec->distribution == WEIR_DISTRIBUTION_SPLITS)
        WEIR_TRY(read_split(run, err));
    else
        WEIR_TRY(read_shuffle(run, err));
    weir_arena_reset(run->batch_arena);
    if (run->spec->has_state)
        WEIR_FAILPOINT("P5.before", err);
    WEIR_TRY(weir_operator_finish(run->chain.head, err));
    if (run->spec->partitions_out)
        return publish_parts(run, err);
    return finish_sink(run, err);
}

static void close_task(task_run *run) {
    weir_chain_close(&run->chain);
    if (run->sink)
        run->sink_ops->task_abort(run->sink);
    release_parts(run);
    for (int32_t p = 0; run->parts && p < run->spec->partitions_out; p++)
        weir_strbuf_fini(&run->parts[p]);
    weir_free(run->parts);
    weir_arena_free(run->batch_arena);
    weir_arena_free(run->arena);
}

void weir_stage_task_run(weir_job *job) {
    weir_stage_task *task = (weir_stage_task *)((char *)job - offsetof(weir_stage_task, job));
    weir_epoch_run *epoch = task->epoch;
    weir_query_run *query = epoch->query;
    atomic_store_explicit(&task->started, true, memory_order_relaxed);
    weir_count(&query->executor->counters.tasks_run, 1);
    task_run run = {.task = task, .epoch = epoch, .query = query, .spec = &query->stages[task->stage]};
    weir_budget_init(&run.budget, &query->executor->budget, query->task_memory);
    run.arena = weir_arena_new_in(&run.budget);
    run.batch_arena = weir_arena_new_in(&run.budget);
    run.eval = (weir_eval){.budget = &run.budget,
                           .arena = run.batch_arena,
                           .zone = query->zone,
                           .ansi = query->ansi,
                           .now_us = epoch->message->now_us};
    run.context = (weir_operator_context){.env = query->context.env,
                                          .budget = &run.budget,
                                          .arena = run.arena,
                                          .eval = &run.eval,
                                          .state = run.spec->has_state ? query->stores[task->index] : NULL};
    run_task(&run, &task->error);
    close_task(&run);
    weir_loop_post(query->executor->loop, &task->event);
}
