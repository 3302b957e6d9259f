/* One task of a stage: reads a split or its shuffle blocks in the order of tasks, pushes batches through the
 * stage's operators, and hands the result to the shuffle, to the sink's executor half, or back to the driver
 * (collecting sinks). Task thread; the only shared object it writes is the block store. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/base/hash.h"
#include "common/column/row_codec.h"
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
    const weir_stage_input *input;
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

/* Rows of the selection by the partition of their key group: rows[from[p] .. from[p + 1]) are those of p. */
static void split_rows(const uint32_t *hashes, const weir_sel *sel, int32_t partitions, int32_t *rows,
                       int32_t *from) {
    int32_t owners[WEIR_KEY_GROUPS], next[WEIR_KEY_GROUPS];
    for (int32_t g = 0; g < WEIR_KEY_GROUPS; g++)
        owners[g] = weir_partition_of_group(g, partitions);
    for (int32_t i = 0; i < sel->count; i++)
        from[owners[weir_key_group(hashes[i])] + 1]++;
    for (int32_t p = 0; p < partitions; p++) {
        from[p + 1] += from[p];
        next[p] = from[p];
    }
    for (int32_t i = 0; i < sel->count; i++)
        rows[next[owners[weir_key_group(hashes[i])]]++] = weir_sel_row(sel, i);
}

static weir_code hash_rows(task_run *run, weir_batch *batch, const weir_sel *sel, uint32_t *ret,
                           weir_error **err) {
    int32_t count = run->spec->shuffle_keys_count;
    weir_column **keys = WEIR_NEW_ARRAY(run->eval.arena, weir_column *, count);
    WEIR_TRY(weir_program_eval(run->spec->shuffle_keys, &run->eval, batch, sel, keys, err));
    weir_code code = weir_columns_murmur3(keys, count, sel, WEIR_MURMUR3_SEED, ret, err);
    for (int32_t k = 0; k < count; k++)
        weir_column_unref(keys[k]);
    return code;
}

static weir_code take_by_keys(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    task_run *run = data;
    int32_t partitions = run->spec->partitions_out;
    uint32_t *hashes = WEIR_NEW_ARRAY(run->eval.arena, uint32_t, sel->count);
    int32_t *rows = WEIR_NEW_ARRAY(run->eval.arena, int32_t, sel->count);
    int32_t *from = WEIR_NEW_ARRAY(run->eval.arena, int32_t, partitions + 1);
    WEIR_TRY(hash_rows(run, batch, sel, hashes, err));
    split_rows(hashes, sel, partitions, rows, from);
    for (int32_t p = 0; p < partitions; p++) {
        _cleanup_batch_ weir_batch *part = NULL;
        if (from[p + 1] == from[p])
            continue;
        WEIR_TRY(weir_batch_gather(&run->budget, batch, rows + from[p], from[p + 1] - from[p], &part, err));
        WEIR_TRY(add_to_part(run, p, part, err));
    }
    return WEIR_OK;
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

#ifdef WEIR_FAILPOINTS
/* A record that kills whoever reads it: the failpoint is hit by a batch that holds this text. */
#define POISON "POISON"

static bool holds_poison(const weir_batch *batch) {
    for (int32_t i = 0; i < batch->columns_count; i++) {
        const weir_column *column = batch->columns[i];
        if (column->offsets && column->values && !column->children_count &&
            memmem(column->values, (size_t)column->offsets[column->length], POISON, sizeof POISON - 1))
            return true;
    }
    return false;
}
#endif

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
#ifdef WEIR_FAILPOINTS
        if (holds_poison(batch))
            WEIR_FAILPOINT("P3.poison", err);
#endif
        WEIR_TRY(push_batch(run, batch, err));
    }
    return WEIR_OK;
}

static weir_code read_split(task_run *run, weir_error **err) {
    const weir_node_scan *node = WEIR_NODE_AS(run->input->chain.leaf, SCAN, scan);
    const weir_source_ops *ops = weir_source_find(node->format);
    if (!ops)
        WEIR_FAIL(err, INTERNAL_ERROR, "no source " WEIR_STR_FMT, WEIR_STR_ARG(node->format));
    int32_t index = run->epoch->source_from[run->input->source] + run->task->local;
    const ProtobufCBinaryData *split = &run->epoch->message->splits[index];
    weir_scan *scan = NULL;
    WEIR_TRY(ops->scan_open(&run->query->context, node, (weir_str){(const char *)split->data, split->len},
                            &run->budget, &scan, err));
    weir_code code = scan_split(run, ops, scan, err);
    ops->scan_close(scan);
    return code;
}

/* Who gets the batches of an earlier stage. */
typedef struct block_reader {
    const weir_type *schema;
    bool again; /* other tasks ask for the same blocks */
    weir_collect_fn take;
    void *data;
} block_reader;

static weir_code read_block(task_run *run, const block_reader *reader, weir_buffer *block, weir_error **err) {
    size_t at = 0;
    while (at < block->size) {
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(weir_block_decode(reader->schema, block, at, "shuffle block", &batch, &at, err));
        run->task->rows_in += batch->rows;
        atomic_store_explicit(&run->task->progress, run->task->rows_in, memory_order_relaxed);
        WEIR_TRY(check_cancelled(run, err));
        WEIR_TRY(reader->take(reader->data, batch, NULL, err));
    }
    return WEIR_OK;
}

/* Block by block: only one is in the task's memory at a time, wherever it was kept. */
static weir_code read_slot(task_run *run, const block_reader *reader, weir_block_slot_id slot,
                           weir_error **err) {
    weir_block_store *blocks = run->epoch->blocks;
    for (int32_t i = 0; weir_block_store_size(blocks, slot, i) >= 0; i++) {
        _cleanup_buffer_ weir_buffer *block = NULL;
        WEIR_TRY(check_cancelled(run, err));
        WEIR_TRY(weir_block_store_read(blocks, slot, i, !reader->again, &run->budget, &block, err));
        WEIR_TRY(read_block(run, reader, block, err));
    }
    return WEIR_OK;
}

static weir_code read_partition(task_run *run, int32_t stage, int32_t partition, const block_reader *reader,
                                weir_error **err) {
    int32_t tasks = weir_block_store_tasks(run->epoch->blocks, stage);
    for (int32_t t = 0; t < tasks; t++)
        WEIR_TRY(read_slot(run, reader, (weir_block_slot_id){stage, partition, t}, err));
    return WEIR_OK;
}

static weir_code take_input(void *data, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    (void)sel;
    return push_batch(data, batch, err);
}

static weir_code read_shuffle(task_run *run, weir_error **err) {
    const weir_node_shuffle_read *node = WEIR_NODE_AS(run->input->chain.leaf, SHUFFLE_READ, shuffle_read);
    const block_reader reader = {.schema = node->schema, .take = take_input, .data = run};
    return read_partition(run, run->input->reads, run->task->local, &reader, err);
}

/* The build side of a join (operator.h). */
static weir_code read_stage(void *self, int32_t stage, bool whole, const weir_type *schema,
                            weir_collect_fn take, void *data, weir_error **err) {
    task_run *run = self;
    const block_reader reader = {schema, whole, take, data};
    return read_partition(run, stage, whole ? 0 : run->task->local, &reader, err);
}

/* ---- the task ---- */

static weir_code open_chain(task_run *run, weir_error **err) {
    weir_operator *collector = NULL;
    weir_collect_fn take = NULL;
    if (run->spec->partitions_out) {
        run->parts = weir_alloc_zero((size_t)run->spec->partitions_out, sizeof *run->parts);
        take = run->spec->emits_groups ? NULL : run->spec->shuffle_keys_count ? take_by_keys : take_for_one;
    } else {
        WEIR_TRY(open_sink(run, &take, err));
    }
    if (take)
        collector = weir_collector_new(run->arena, &run->context, take, run);
    return weir_chain_open(&run->input->chain, &run->context, collector, &run->chain, err);
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
    if (run->input->source >= 0)
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
    run.input = &run.spec->inputs[task->input];
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
                                          .task_index = task->index,
                                          .state = run.spec->has_state ? query->stores[task->index] : NULL,
                                          .read_stage = read_stage,
                                          .reader = &run};
    run_task(&run, &task->error);
    close_task(&run);
    weir_loop_post(query->executor->loop, &task->event);
}
