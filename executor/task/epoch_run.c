/* An epoch attempt in an executor: prepare the state, then stage after stage, then the changelog and the
 * report.
 *
 *   PREPARE (step) -> run stage 0 -> local tasks ended -> fetch stage 0's blocks from the peers -> run stage
 * 1 -> ...
 *   -> FINISH (step) -> report
 *
 * Peers ask for the blocks of a stage when they have ended it themselves; a question that comes too early
 * waits. The first error cancels the attempt; it still answers only when none of its tasks is running.
 * Control loop. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/rpc/error_wire.h"
#include "executor/task/executor_int.h"

static void start_stage(weir_epoch_run *epoch);
static void maybe_end(weir_epoch_run *epoch);

static void keep_error(weir_epoch_run *epoch, weir_error *error /* takes */) {
    if (!error)
        return;
    atomic_store(&epoch->cancelled, true);
    if (epoch->error)
        weir_error_free(error);
    else
        epoch->error = error;
}

/* ---- counts: they depend on the message and the plan alone ---- */

static int32_t tasks_of_stage(const weir_epoch_run *epoch, int32_t stage) {
    switch (epoch->query->stages[stage].distribution) {
    case WEIR_DISTRIBUTION_SPLITS:
        return (int32_t)epoch->message->n_splits;
    case WEIR_DISTRIBUTION_HASH:
        return (int32_t)epoch->message->n_partition_owner;
    default:
        return 1;
    }
}

static uint32_t owner_of_task(const weir_epoch_run *epoch, int32_t stage, int32_t index) {
    switch (epoch->query->stages[stage].distribution) {
    case WEIR_DISTRIBUTION_SPLITS:
        return epoch->message->split_owner[index];
    case WEIR_DISTRIBUTION_HASH:
        return epoch->message->partition_owner[index];
    default:
        return 0;
    }
}

static bool owns(const weir_epoch_run *epoch, int32_t stage, int32_t index) {
    return owner_of_task(epoch, stage, index) == epoch->message->self;
}

/* ---- the report ---- */

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
    if (!job || !atomic_load_explicit(&job->done, memory_order_acquire))
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

static void reply_report(weir_epoch_run *epoch) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__EpochReport report = WEIR__EPOCH_REPORT__INIT;
    Weir__ErrorInfo info;
    weir_str *payload = NULL;
    int32_t payload_count = 0;
    report.shuffle_bytes_received = epoch->shuffle_bytes;
    report.peak_memory = (uint64_t)atomic_load(&epoch->query->executor->budget.peak);
    if (!sink_of(epoch)->collects)
        add_outputs(epoch, arena, &report);
    if (epoch->error) {
        weir_error_to_wire(arena, epoch->error, &info);
        report.error = &info;
    } else {
        if (sink_of(epoch)->collects)
            add_rows(epoch, arena, &report, &payload, &payload_count);
        add_metrics(epoch, arena, &report);
        add_snapshot(epoch, arena, &report);
        if (epoch->has_changelog)
            report.changelog = &epoch->changelog;
    }
    weir_call *call = epoch->call;
    epoch->call = NULL;
    epoch->replied = true;
    weir_executor_reply(epoch->query->executor, call, WEIR_FRAME_EPOCH_REPORT, &report.base, payload,
                        payload_count);
}

/* ---- the end ---- */

static weir_epoch_run *epoch_of_step(weir_step *step) {
    return (weir_epoch_run *)((char *)step - offsetof(weir_epoch_run, step));
}

static void finish_work(weir_step *step) {
    weir_epoch_run *epoch = epoch_of_step(step);
    weir_query_run_changelog(epoch->query, epoch, &epoch->step_error);
}

static void finish_done(weir_step *step) {
    weir_epoch_run *epoch = epoch_of_step(step);
    keep_error(epoch, epoch->step_error);
    epoch->step_error = NULL;
    epoch->finishing = false;
    reply_report(epoch);
}

static void finish(weir_epoch_run *epoch) {
    if (epoch->query->state_partitions == 0) {
        reply_report(epoch);
        return;
    }
    epoch->finishing = true;
    epoch->step.work = finish_work;
    epoch->step.done = finish_done;
    weir_loop_start_step(epoch->query->executor->loop, epoch->query->executor->step_pool, &epoch->step);
}

bool weir_epoch_run_idle(const weir_epoch_run *epoch) {
    return !epoch->tasks_left && !epoch->fetches_left && !epoch->finishing;
}

/* A failed or cancelled attempt answers once nothing of it runs any more. */
static void maybe_end(weir_epoch_run *epoch) {
    if (!weir_epoch_run_idle(epoch) || epoch->replied)
        return;
    if (!epoch->error)
        weir_error_failf(&epoch->error, WEIR_CANCELLED, "the epoch attempt was cancelled");
    reply_report(epoch);
    weir_epoch_serve_fetches(epoch->query->executor);
}

static void stage_done(weir_epoch_run *epoch) {
    epoch->stages_done = epoch->stage + 1;
    weir_epoch_serve_fetches(epoch->query->executor);
    if (epoch->stages_done == epoch->query->stages_count) {
        finish(epoch);
        return;
    }
    epoch->stage++;
    start_stage(epoch);
}

/* ---- tasks ---- */

static void task_event(weir_event *event) {
    weir_stage_task *task = (weir_stage_task *)((char *)event - offsetof(weir_stage_task, event));
    weir_epoch_run *epoch = task->epoch;
    keep_error(epoch, task->error);
    task->error = NULL;
    if (--epoch->tasks_left > 0)
        return;
    if (epoch->error || atomic_load(&epoch->cancelled))
        maybe_end(epoch);
    else
        stage_done(epoch);
}

static void run_tasks(weir_epoch_run *epoch) {
    int32_t stage = epoch->stage, total = tasks_of_stage(epoch, stage), count = 0;
    for (int32_t i = 0; i < total; i++)
        count += owns(epoch, stage, i);
    weir_stage_task **tasks = weir_alloc_zero((size_t)count, sizeof *tasks);
    epoch->tasks[stage] = tasks;
    epoch->tasks_count[stage] = epoch->tasks_left = count;
    int32_t at = 0;
    for (int32_t i = 0; i < total; i++) {
        if (!owns(epoch, stage, i))
            continue;
        weir_stage_task *task = weir_alloc_zero(1, sizeof *task);
        task->job.run = weir_stage_task_run;
        task->event.run = task_event;
        task->epoch = epoch;
        task->stage = stage;
        task->index = i;
        tasks[at++] = task;
    }
    for (int32_t i = 0; i < count; i++)
        weir_pool_submit(epoch->query->executor->pool, &tasks[i]->job);
    if (count == 0)
        stage_done(epoch);
}

/* ---- fetching ---- */

typedef struct fetch {
    weir_event event;
    weir_epoch_run *epoch;
    weir_buffer *reply;
    weir_error *error;
} fetch;

static void release_carrier(void *owner) {
    weir_buffer_unref(owner);
}

static weir_code store_blocks(weir_epoch_run *epoch, const weir_frame *frame, const Weir__Blocks *message,
                              weir_error **err) {
    int32_t stage = epoch->stage - 1;
    size_t at = frame->payload_offset, end = at + frame->payload_size;
    WEIR_TRY(weir_error_from_wire(message->error, err));
    if (message->n_partitions != message->n_sizes || message->n_tasks != message->n_sizes)
        WEIR_FAIL(err, RPC_ERROR, "a block list with unequal parts");
    for (size_t i = 0; i < message->n_sizes; i++) {
        uint64_t size = message->sizes[i];
        if (size > end - at ||
            message->partitions[i] >= (uint32_t)epoch->query->stages[stage].partitions_out ||
            message->tasks[i] >= (uint32_t)tasks_of_stage(epoch, stage) ||
            weir_block_store_get(epoch->blocks, stage, (int32_t)message->partitions[i],
                                 (int32_t)message->tasks[i]))
            WEIR_FAIL(err, RPC_ERROR, "a block list with wrong entries");
        weir_buffer *block = weir_buffer_borrow(frame->carrier->data + at, size, release_carrier,
                                                weir_buffer_ref(frame->carrier));
        weir_block_store_put(epoch->blocks, stage, (int32_t)message->partitions[i],
                             (int32_t)message->tasks[i], block);
        at += size;
        epoch->shuffle_bytes += size;
    }
    return WEIR_OK;
}

static weir_code take_blocks(weir_epoch_run *epoch, weir_buffer *reply, weir_error **err) {
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_decode(reply, &frame, err));
    WEIR_TRY(weir_frame_unpack(&frame, WEIR_FRAME_BLOCKS, &weir__blocks__descriptor, &message, err));
    weir_code code = store_blocks(epoch, &frame, (Weir__Blocks *)message, err);
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

static void fetch_event(weir_event *event) {
    fetch *f = (fetch *)event;
    weir_epoch_run *epoch = f->epoch;
    if (!f->error)
        take_blocks(epoch, f->reply, &f->error);
    keep_error(epoch, f->error);
    weir_buffer_unref(f->reply);
    weir_free(f);
    if (--epoch->fetches_left > 0)
        return;
    if (epoch->error || atomic_load(&epoch->cancelled))
        maybe_end(epoch);
    else
        run_tasks(epoch);
}

static void fetch_done(void *data, weir_buffer *reply, weir_error *error) {
    fetch *f = data;
    f->reply = reply;
    f->error = error;
    weir_loop_post(f->epoch->query->executor->loop, &f->event);
}

static void send_fetch(weir_epoch_run *epoch, int32_t executor, uint32_t *partitions, int32_t count) {
    weir_executor *self = epoch->query->executor;
    Weir__FetchBlocks message = WEIR__FETCH_BLOCKS__INIT;
    message.run_id = epoch->query->run_id;
    message.batch_id = epoch->message->batch_id;
    message.attempt = epoch->message->attempt;
    message.stage = (uint32_t)epoch->stage - 1;
    message.partitions = partitions;
    message.n_partitions = (size_t)count;
    fetch *f = weir_alloc_zero(1, sizeof *f);
    f->event.run = fetch_event;
    f->epoch = epoch;
    weir_client *peer =
        weir_executor_peer(self, epoch->message->executor_urls[executor], executor, &f->error);
    weir_transport *transport = self->options.env->transport;
    weir_buffer *out = NULL;
    if (peer && weir_frame_encode(transport, WEIR_FRAME_FETCH_BLOCKS, epoch->query->driver_epoch,
                                  &message.base, NULL, 0, &out, &f->error) == WEIR_OK)
        transport->ops->request(peer, out, -1, fetch_done, f);
    else
        weir_loop_post(self->loop, &f->event);
}

/* Stage k's blocks come from all executors that ran tasks of stage k-1; the own ones are here already. */
static void fetch_inputs(weir_epoch_run *epoch) {
    int32_t total = tasks_of_stage(epoch, epoch->stage), count = 0;
    int32_t executors = (int32_t)epoch->message->n_executor_urls;
    uint32_t *partitions = weir_alloc(sizeof *partitions * (size_t)WEIR_MAX(total, 1));
    for (int32_t i = 0; i < total; i++)
        if (owns(epoch, epoch->stage, i))
            partitions[count++] = (uint32_t)i;
    epoch->fetches_left = count ? executors - 1 : 0;
    if (!epoch->fetches_left)
        run_tasks(epoch);
    else
        for (int32_t e = 0; e < executors; e++)
            if ((uint32_t)e != epoch->message->self)
                send_fetch(epoch, e, partitions, count);
    weir_free(partitions);
}

static void start_stage(weir_epoch_run *epoch) {
    if (epoch->stage == 0)
        run_tasks(epoch);
    else
        fetch_inputs(epoch);
}

/* ---- serving peers ---- */

static void reply_blocks(weir_executor *executor, weir_waiting_fetch *wait, weir_epoch_run *epoch) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__Blocks reply = WEIR__BLOCKS__INIT;
    Weir__ErrorInfo info;
    _cleanup_error_ weir_error *err = NULL;
    int32_t stage = (int32_t)wait->message->stage, count = 0;
    weir_str *payload = NULL;
    if (epoch->error || atomic_load(&epoch->cancelled)) {
        weir_error_failf(&err, WEIR_CANCELLED, "the peer's epoch attempt failed");
        weir_error_to_wire(arena, err, &info);
        reply.error = &info;
    } else {
        int32_t tasks = weir_block_store_tasks(epoch->blocks, stage);
        size_t most = wait->message->n_partitions * (size_t)tasks;
        payload = WEIR_NEW_ARRAY(arena, weir_str, most);
        reply.partitions = WEIR_NEW_ARRAY(arena, uint32_t, most);
        reply.tasks = WEIR_NEW_ARRAY(arena, uint32_t, most);
        reply.sizes = WEIR_NEW_ARRAY(arena, uint64_t, most);
        for (size_t p = 0; p < wait->message->n_partitions; p++)
            for (int32_t t = 0; t < tasks; t++) {
                uint32_t partition = wait->message->partitions[p];
                if (!owns(epoch, stage, t) ||
                    partition >= (uint32_t)epoch->query->stages[stage].partitions_out)
                    continue;
                weir_buffer *block = weir_block_store_get(epoch->blocks, stage, (int32_t)partition, t);
                if (!block)
                    continue;
                payload[count] = (weir_str){(const char *)block->data, block->size};
                reply.partitions[count] = partition;
                reply.tasks[count] = (uint32_t)t;
                reply.sizes[count++] = block->size;
            }
    }
    reply.n_partitions = reply.n_tasks = reply.n_sizes = (size_t)count;
    weir_executor_reply(executor, wait->call, WEIR_FRAME_BLOCKS, &reply.base, payload, count);
}

static weir_epoch_run *epoch_of_fetch(weir_executor *executor, const Weir__FetchBlocks *message) {
    for (weir_query_run *query = executor->queries; query; query = query->next)
        if (strcmp(query->run_id, message->run_id) == 0 && query->epoch &&
            query->epoch->message->batch_id == message->batch_id &&
            query->epoch->message->attempt == message->attempt)
            return query->epoch;
    return NULL;
}

/* Answers every waiting fetch whose stage has ended here; an unknown epoch's fetch keeps waiting for its
 * message. */
void weir_epoch_serve_fetches(weir_executor *executor) {
    weir_waiting_fetch **at = &executor->waiting;
    while (*at) {
        weir_waiting_fetch *wait = *at;
        weir_epoch_run *epoch = epoch_of_fetch(executor, wait->message);
        bool failed = epoch && (epoch->error || atomic_load(&epoch->cancelled));
        if (!epoch || (!failed && (int32_t)wait->message->stage >= epoch->stages_done)) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        reply_blocks(executor, wait, epoch);
        weir__fetch_blocks__free_unpacked(wait->message, NULL);
        weir_free(wait);
    }
}

/* ---- start, cancel, free ---- */

static void prepare_work(weir_step *step) {
    weir_epoch_run *epoch = epoch_of_step(step);
    weir_query_run_prepare(epoch->query, epoch->message, &epoch->step_error);
}

static void prepare_done(weir_step *step) {
    weir_epoch_run *epoch = epoch_of_step(step);
    keep_error(epoch, epoch->step_error);
    epoch->step_error = NULL;
    epoch->finishing = false;
    if (epoch->error || atomic_load(&epoch->cancelled))
        maybe_end(epoch);
    else
        start_stage(epoch);
}

static bool message_is_sound(const weir_query_run *query, const Weir__RunEpoch *message) {
    if (message->n_split_owner != message->n_splits || message->n_split_source != message->n_splits ||
        message->self >= message->n_executor_urls ||
        (query->state_partitions && message->n_partition_owner != (size_t)query->state_partitions))
        return false;
    for (size_t i = 0; i < message->n_split_owner; i++)
        if (message->split_owner[i] >= message->n_executor_urls)
            return false;
    for (size_t i = 0; i < message->n_partition_owner; i++)
        if (message->partition_owner[i] >= message->n_executor_urls)
            return false;
    return true;
}

void weir_epoch_run_start(weir_query_run *query, weir_call *call, Weir__RunEpoch *message) {
    weir_epoch_run_free(query->epoch);
    weir_epoch_run *epoch = weir_alloc_zero(1, sizeof *epoch);
    query->epoch = epoch;
    epoch->query = query;
    epoch->call = call;
    epoch->message = message;
    weir_budget_init(&epoch->budget, &query->executor->budget, INT64_MAX);
    if (!message_is_sound(query, message)) {
        weir_error_failf(&epoch->error, WEIR_RPC_ERROR, "an epoch message that does not fit the plan");
        reply_report(epoch);
        return;
    }
    int32_t tasks[WEIR_STAGES_MAX], partitions[WEIR_STAGES_MAX];
    for (int32_t s = 0; s < query->stages_count; s++) {
        tasks[s] = tasks_of_stage(epoch, s);
        partitions[s] = query->stages[s].partitions_out;
    }
    epoch->blocks = weir_block_store_new(query->stages_count, tasks, partitions);
    if (query->state_partitions == 0) {
        start_stage(epoch);
        return;
    }
    epoch->finishing = true;
    epoch->step.work = prepare_work;
    epoch->step.done = prepare_done;
    weir_loop_start_step(query->executor->loop, query->executor->step_pool, &epoch->step);
}

void weir_epoch_run_cancel(weir_epoch_run *epoch) {
    if (epoch->replied)
        return;
    atomic_store(&epoch->cancelled, true);
    weir_epoch_serve_fetches(epoch->query->executor);
}

void weir_epoch_run_free(weir_epoch_run *epoch) {
    if (!epoch)
        return;
    for (int32_t s = 0; s < epoch->query->stages_count; s++) {
        for (int32_t i = 0; i < epoch->tasks_count[s]; i++) {
            weir_stage_task *task = epoch->tasks[s][i];
            weir_strbuf_fini(&task->sink_message);
            weir_strbuf_fini(&task->rows);
            weir_free(task);
        }
        weir_free(epoch->tasks[s]);
    }
    weir_block_store_free(epoch->blocks);
    weir_error_free(epoch->error);
    weir_free(epoch->changelog_name);
    weir__run_epoch__free_unpacked(epoch->message, NULL);
    weir_free(epoch);
}
