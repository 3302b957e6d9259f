/* The report of an epoch attempt (EpochReport): what the tasks staged, what changed in the state, counts, and
 * the rows of a collecting sink as payload. A failed attempt reports its first error, what the sink is to
 * drop, and the peer that it could not reach. Control loop, when nothing of the attempt runs any more. */
#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "executor/task/executor_int.h"

static const weir_sink_ops *sink_of(const weir_epoch_run *epoch) {
    return weir_sink_find(epoch->query->stages[epoch->query->stages_count - 1].sink->format);
}

/* Rows for a collecting sink: the blocks of each task, task by task. */
static void add_rows(const weir_epoch_run *epoch, weir_arena *arena, Weir__EpochReport *report,
                     weir_str **ret_payload, int32_t *ret_count) {
    int32_t last = epoch->query->stages_count - 1, count = epoch->tasks_count[last], blocks = 0;
    for (int32_t i = 0; i < count; i++)
        blocks += epoch->tasks[last][i]->rows_blocks;
    *ret_payload = WEIR_NEW_ARRAY(arena, weir_str, count);
    report->block_tasks = WEIR_NEW_ARRAY(arena, uint32_t, blocks);
    for (int32_t i = 0; i < count; i++) {
        const weir_stage_task *task = epoch->tasks[last][i];
        if (!task->rows_blocks)
            continue;
        for (int32_t b = 0; b < task->rows_blocks; b++)
            report->block_tasks[report->n_block_tasks++] = (uint32_t)task->index;
        (*ret_payload)[(*ret_count)++] = weir_strbuf_view(&task->rows);
    }
}

/* What the tasks staged. A failed attempt names it too, for the sink to drop. */
static void add_outputs(const weir_epoch_run *epoch, weir_arena *arena, Weir__EpochReport *report) {
    int32_t last = epoch->query->stages_count - 1, count = epoch->tasks_count[last];
    report->outputs = WEIR_NEW_ARRAY(arena, Weir__TaskOutput *, count);
    for (int32_t i = 0; i < count; i++) {
        const weir_stage_task *task = epoch->tasks[last][i];
        if (epoch->error && !task->sink_message.size)
            continue;
        Weir__TaskOutput *output = WEIR_NEW(arena, Weir__TaskOutput);
        weir__task_output__init(output);
        output->partition = (uint32_t)task->index;
        output->has_rows = 1;
        output->rows = (uint64_t)task->rows_out;
        output->sink_message =
            (ProtobufCBinaryData){task->sink_message.size, (uint8_t *)task->sink_message.data};
        report->outputs[report->n_outputs++] = output;
    }
}

static void add_metrics(const weir_epoch_run *epoch, weir_arena *arena, Weir__EpochReport *report) {
    weir_query_run *query = epoch->query;
    Weir__SourceMetrics *source = WEIR_NEW(arena, Weir__SourceMetrics);
    weir__source_metrics__init(source);
    for (int32_t i = 0; i < epoch->tasks_count[0]; i++)
        source->rows += (uint64_t)epoch->tasks[0][i]->rows_in;
    report->sources = WEIR_NEW_ARRAY(arena, Weir__SourceMetrics *, 1);
    report->sources[report->n_sources++] = source;
    if (query->state_partitions == 0)
        return;
    Weir__OperatorMetrics *m = WEIR_NEW(arena, Weir__OperatorMetrics);
    weir__operator_metrics__init(m);
    for (int32_t p = 0; p < query->state_partitions; p++) {
        const weir_state_store *store = query->stores[p];
        if (!store)
            continue;
        m->partitions++;
        m->rows_total += (uint64_t)weir_state_rows(store);
        m->rows_updated += (uint64_t)weir_state_rows_updated(store);
        m->rows_removed += (uint64_t)weir_state_rows_removed(store);
        m->memory_bytes += (uint64_t)weir_state_bytes(store);
    }
    report->operators = WEIR_NEW_ARRAY(arena, Weir__OperatorMetrics *, 1);
    report->operators[report->n_operators++] = m;
}

/* A snapshot that became durable is reported once, with whatever epoch comes next; one that failed as a batch
 * without an object. */
static void add_snapshot(weir_epoch_run *epoch, weir_arena *arena, Weir__EpochReport *report) {
    weir_snapshot_job *job = epoch->query->snapshot;
    if (epoch->query->snapshot_refused >= 0) {
        report->has_snapshot_batch = 1;
        report->snapshot_batch = epoch->query->snapshot_refused;
        epoch->query->snapshot_refused = -1;
        return;
    }
    if (!job || !job->done)
        return;
    epoch->query->snapshot = NULL;
    report->has_snapshot_batch = 1;
    report->snapshot_batch = job->batch;
    if (!job->error) {
        Weir__StateObject *object = WEIR_NEW(arena, Weir__StateObject);
        weir__state_object__init(object);
        object->name = weir_arena_strdup(arena, job->name);
        object->size = job->bytes.size;
        object->crc = job->crc;
        report->snapshot = object;
    } else {
        weir_log_write(epoch->query->executor->options.log, WEIR_LOG_WARN, "executor",
                       "snapshot not written: %s", weir_error_text(job->error));
    }
    weir_snapshot_job_free(job);
}

/* What GET_STATUS says about the state here. */
static void count_state(weir_query_run *query) {
    query->keys_owned = 0;
    query->partitions_owned = 0;
    for (int32_t p = 0; p < query->state_partitions; p++)
        if (query->stores[p]) {
            query->partitions_owned++;
            query->keys_owned += weir_state_rows(query->stores[p]);
        }
    weir_executor_count_state(query->executor);
}

void weir_epoch_run_report(weir_epoch_run *epoch) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__EpochReport report = WEIR__EPOCH_REPORT__INIT;
    Weir__ErrorInfo info;
    weir_str *payload = NULL;
    int32_t payload_count = 0;
    report.shuffle_bytes_received = (uint64_t)weir_counted(&epoch->shuffle_bytes);
    report.has_spilled_bytes = 1;
    report.spilled_bytes = epoch->blocks ? (uint64_t)weir_block_store_spilled(epoch->blocks) : 0;
    report.peak_memory = (uint64_t)atomic_load(&epoch->query->executor->budget.peak);
    if (!sink_of(epoch)->collects)
        add_outputs(epoch, arena, &report);
    if (epoch->error) {
        weir_error_to_wire(arena, epoch->error, &info);
        report.error = &info;
        report.has_failed_peer = epoch->failed_peer >= 0;
        report.failed_peer = report.has_failed_peer ? (uint32_t)epoch->failed_peer : 0;
    } else {
        if (sink_of(epoch)->collects)
            add_rows(epoch, arena, &report, &payload, &payload_count);
        add_metrics(epoch, arena, &report);
        add_snapshot(epoch, arena, &report);
        if (epoch->has_changelog)
            report.changelog = &epoch->changelog;
    }
    weir_executor *executor = epoch->query->executor;
    epoch->replied = true;
    weir_count(epoch->error ? &executor->counters.epochs_failed : &executor->counters.epochs_run, 1);
    count_state(epoch->query);
    for (int32_t i = 0; i < epoch->calls_count; i++)
        weir_executor_reply(executor, epoch->calls[i], WEIR_FRAME_EPOCH_REPORT, &report.base, payload,
                            payload_count);
    epoch->calls_count = 0;
}
