/* P8 sink commit, P9 commits/N, P10 purge: one blocking step after all executors have reported. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/wire/block.h"
#include "driver/stream/stream_query_int.h"

typedef struct collected {
    uint32_t task;
    size_t index; /* as received: a task's blocks come in order */
    weir_batch *batch;
} collected;

static int by_task(const void *a, const void *b) {
    const collected *left = a, *right = b;
    if (left->task != right->task)
        return left->task < right->task ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static void drop_batch(void *batch) {
    weir_batch_unref(batch);
}

/* The rows that tasks sent back, in the order of tasks, as one batch. */
static weir_code collect_rows(weir_stream_query *query, weir_batch **ret, weir_error **err) {
    weir_arena *arena = query->epoch_arena;
    size_t count = 0;
    for (int32_t e = 0; e < query->executors_count; e++)
        count += query->replies[e].report->n_block_tasks;
    collected *parts = WEIR_NEW_ARRAY(arena, collected, count);
    size_t at = 0;
    for (int32_t e = 0; e < query->executors_count; e++) {
        weir_epoch_reply *reply = &query->replies[e];
        size_t offset = reply->payload_offset;
        for (size_t b = 0; b < reply->report->n_block_tasks; b++, at++) {
            parts[at].task = reply->report->block_tasks[b];
            parts[at].index = at;
            WEIR_TRY(weir_block_decode(query->spec->schema, reply->carrier, offset, "rows of a task",
                                       &parts[at].batch, &offset, err));
            weir_arena_on_reset(arena, drop_batch, parts[at].batch);
        }
    }
    qsort(parts, count, sizeof *parts, by_task);
    weir_batch **batches = WEIR_NEW_ARRAY(arena, weir_batch *, count);
    for (size_t i = 0; i < count; i++) {
        batches[i] = parts[i].batch;
        query->rows_out += parts[i].batch->rows;
    }
    WEIR_TRY(weir_batch_concat(NULL, query->spec->schema, batches, (int32_t)count, ret, err));
    return WEIR_OK;
}

typedef struct output {
    uint32_t task;
    weir_str message;
} output;

static int output_by_task(const void *a, const void *b) {
    uint32_t left = ((const output *)a)->task, right = ((const output *)b)->task;
    return left < right ? -1 : left > right;
}

/* What the tasks' sink halves finished with, in the order of tasks; also of an attempt that failed in part.
 */
static weir_str_list sink_messages(weir_stream_query *query) {
    weir_arena *arena = query->epoch_arena;
    size_t count = 0, at = 0;
    for (int32_t e = 0; e < query->executors_count; e++)
        count += query->replies[e].report ? query->replies[e].report->n_outputs : 0;
    output *outputs = WEIR_NEW_ARRAY(arena, output, count);
    for (int32_t e = 0; e < query->executors_count; e++) {
        const Weir__EpochReport *report = query->replies[e].report;
        for (size_t i = 0; report && i < report->n_outputs; i++, at++) {
            const Weir__TaskOutput *out = report->outputs[i];
            outputs[at] =
                (output){out->partition, {(const char *)out->sink_message.data, out->sink_message.len}};
            query->rows_out += (int64_t)out->rows;
        }
    }
    qsort(outputs, count, sizeof *outputs, output_by_task);
    weir_str_list list = {WEIR_NEW_ARRAY(arena, weir_str, count), (int32_t)count};
    for (size_t i = 0; i < count; i++)
        list.items[i] = outputs[i].message;
    return list;
}

static weir_code commit_sink(weir_stream_query *query, weir_error **err) {
    query->rows_out = 0;
    if (!query->sink_ops->collects) {
        weir_str_list messages = sink_messages(query);
        return query->sink_ops->commit(query->sink, query->batch_id, messages.items, messages.count, NULL,
                                       err);
    }
    _cleanup_batch_ weir_batch *rows = NULL;
    WEIR_TRY(collect_rows(query, &rows, err));
    return query->sink_ops->commit(query->sink, query->batch_id, NULL, 0, rows, err);
}

weir_code weir_query_abort_batch(weir_stream_query *query, weir_error **err) {
    (void)err; /* best effort: what stays is under a name that nobody reads */
    if (query->sink_ops->collects || !query->sink_ops->abort)
        return WEIR_OK;
    weir_str_list messages = sink_messages(query);
    query->sink_ops->abort(query->sink, query->batch_id, messages.items, messages.count);
    return WEIR_OK;
}

static weir_code write_commit(weir_stream_query *query, weir_error **err) {
    weir_strbuf json = {0};
    weir_state_chain_json(query, &json);
    weir_commit_entry entry = {.batch_id = query->batch_id, .next_watermark_ms = query->watermark_ms};
    entry.weir = weir_strbuf_view(&json);
    weir_code code = weir_commit_log_add(query->checkpoint, &entry, err);
    weir_strbuf_fini(&json);
    return code;
}

/* Old entries go once no restart can need them: below the retention and at or below the snapshot in force. */
static weir_code purge(weir_stream_query *query, weir_error **err) {
    int64_t below = query->batch_id - weir_conf_int(query->spec->conf, WEIR_CONF_MIN_BATCHES_TO_RETAIN) + 1;
    if (query->spec->stateful)
        below = WEIR_MIN(below, query->chain.snapshot_batch + 1);
    below = WEIR_MIN(below, query->batch_id);
    if (below <= query->purged_below)
        return WEIR_OK;
    WEIR_FAILPOINT("P10.purge", err);
    for (int64_t id = WEIR_MAX(query->purged_below, below - 1000); id < below && query->spec->stateful;
         id++) {
        weir_commit_entry entry;
        _cleanup_error_ weir_error *gone = NULL; /* purged by an earlier run */
        if (weir_commit_log_get(query->checkpoint, id, query->epoch_arena, &entry, &gone) == WEIR_OK)
            weir_state_chain_purge(query, &entry);
    }
    WEIR_TRY(weir_checkpoint_purge(query->checkpoint, below, err));
    query->purged_below = below;
    return WEIR_OK;
}

weir_code weir_query_commit_batch(weir_stream_query *query, weir_error **err) {
    const weir_env *env = query->host.env;
    WEIR_FAILPOINT("P8.before", err);
    WEIR_TRY(commit_sink(query, err));
    WEIR_FAILPOINT("P8.after", err);
    int64_t from = weir_env_monotonic_us(env);
    weir_state_chain_extend(query);
    WEIR_FAILPOINT("P9.before", err);
    WEIR_TRY(write_commit(query, err));
    WEIR_FAILPOINT("P9.after", err);
    query->times.commit_offsets_us = weir_env_monotonic_us(env) - from;
    query->committed = query->batch_id;
    weir_free(query->committed_attempt);
    query->committed_attempt = weir_strdup(query->attempt_name);
    query->commit_pending = true;
    query->batch_logged = false;
    return purge(query, err);
}
