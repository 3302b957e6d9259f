/* An epoch attempt in an executor: prepare the state, then stage after stage, then the changelog and the
 * report.
 *
 *   PREPARE (step) -> run stage 0 -> local tasks ended -> fetch stage 0's blocks from the peers -> run stage
 * 1 -> ...
 *   -> FINISH (step) -> report
 *
 * The first error, or the driver, cancels the attempt; it still answers only when none of its tasks is
 * running. The latest attempt stays until the next one: its blocks serve peers. Control loop. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "executor/task/executor_int.h"

static void start_stage(weir_epoch_run *epoch);
static void maybe_end(weir_epoch_run *epoch);

/* Where the real cause is a disk that took no more blocks, that is said instead of the memory that followed.
 */
static weir_error *cause_of(weir_epoch_run *epoch, weir_error *error /* takes */) {
    if (weir_error_code(error) != WEIR_OUT_OF_MEMORY)
        return error;
    weir_error *spill = weir_block_pool_take_error(epoch->query->executor->blocks);
    if (!spill)
        return error;
    weir_error_free(error);
    return spill;
}

void weir_epoch_run_fail(weir_epoch_run *epoch, weir_error *error) {
    if (!error)
        return;
    atomic_store(&epoch->cancelled, true);
    if (epoch->error)
        weir_error_free(error);
    else
        epoch->error = cause_of(epoch, error);
}

/* ---- counts: they depend on the message and the plan alone ---- */

int32_t weir_epoch_run_input_tasks(const weir_epoch_run *epoch, int32_t stage, int32_t input) {
    const weir_stage_input *in = &epoch->query->stages[stage].inputs[input];
    if (in->source >= 0)
        return epoch->source_from[in->source + 1] - epoch->source_from[in->source];
    return epoch->query->stages[in->reads].partitions_out;
}

int32_t weir_epoch_run_tasks(const weir_epoch_run *epoch, int32_t stage) {
    int32_t tasks = 0;
    for (int32_t i = 0; i < epoch->query->stages[stage].inputs_count; i++)
        tasks += weir_epoch_run_input_tasks(epoch, stage, i);
    return tasks;
}

/* Which input a task is of, and which of its tasks. */
static int32_t locate(const weir_epoch_run *epoch, int32_t stage, int32_t index, int32_t *ret_local) {
    int32_t input = 0, tasks;
    while (index >= (tasks = weir_epoch_run_input_tasks(epoch, stage, input))) {
        index -= tasks;
        input++;
    }
    *ret_local = index;
    return input;
}

uint32_t weir_epoch_run_task_owner(const weir_epoch_run *epoch, int32_t stage, int32_t index) {
    int32_t local, input = locate(epoch, stage, index, &local);
    const weir_stage_input *in = &epoch->query->stages[stage].inputs[input];
    if (in->source >= 0)
        return epoch->message->split_owner[epoch->source_from[in->source] + local];
    /* What is gathered in one partition goes to the first executor, unless that is all there is. */
    bool placed = (size_t)epoch->query->stages[in->reads].partitions_out == epoch->message->n_partition_owner;
    return placed ? epoch->message->partition_owner[local] : 0;
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
    weir_epoch_run_fail(epoch, epoch->step_error);
    epoch->step_error = NULL;
    epoch->finishing = false;
    weir_epoch_run_report(epoch);
    weir_query_run_settle(epoch->query);
}

static void finish(weir_epoch_run *epoch) {
    if (epoch->query->state_partitions == 0) {
        weir_epoch_run_report(epoch);
        weir_query_run_settle(epoch->query);
        return;
    }
    epoch->finishing = true;
    epoch->step.work = finish_work;
    epoch->step.done = finish_done;
    weir_loop_start_step(epoch->query->executor->loop, epoch->query->executor->step_pool, &epoch->step);
}

bool weir_epoch_run_idle(const weir_epoch_run *epoch) {
    return !epoch->tasks_left && !epoch->fetch && !epoch->finishing;
}

/* A failed or cancelled attempt answers once nothing of it runs any more. */
static void maybe_end(weir_epoch_run *epoch) {
    if (!weir_epoch_run_idle(epoch) || epoch->replied)
        return;
    if (!epoch->error)
        weir_error_failf(&epoch->error, WEIR_CANCELLED, "the epoch attempt was cancelled");
    weir_epoch_run_report(epoch);
    weir_executor_serve_fetches(epoch->query->executor);
    weir_query_run_settle(epoch->query);
}

static void stage_done(weir_epoch_run *epoch) {
    epoch->stages_done = epoch->stage + 1;
    weir_executor_serve_fetches(epoch->query->executor);
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
    weir_epoch_run_fail(epoch, task->error);
    task->error = NULL;
    task->ended = true;
    if (--epoch->tasks_left > 0)
        return;
    if (epoch->error || atomic_load(&epoch->cancelled))
        maybe_end(epoch);
    else
        stage_done(epoch);
}

static void run_tasks(weir_epoch_run *epoch) {
    int32_t stage = epoch->stage, total = weir_epoch_run_tasks(epoch, stage), count = 0;
    for (int32_t i = 0; i < total; i++)
        count += weir_epoch_run_owns(epoch, stage, i);
    weir_stage_task **tasks = weir_alloc_zero((size_t)count, sizeof *tasks);
    epoch->tasks[stage] = tasks;
    epoch->tasks_count[stage] = epoch->tasks_left = count;
    int32_t at = 0;
    for (int32_t i = 0; i < total; i++) {
        if (!weir_epoch_run_owns(epoch, stage, i))
            continue;
        weir_stage_task *task = weir_alloc_zero(1, sizeof *task);
        task->job.run = weir_stage_task_run;
        task->event.run = task_event;
        task->epoch = epoch;
        task->stage = stage;
        task->index = i;
        task->input = locate(epoch, stage, i, &task->local);
        tasks[at++] = task;
    }
    for (int32_t i = 0; i < count; i++)
        weir_pool_submit(epoch->query->executor->pool, &tasks[i]->job);
    if (count == 0)
        stage_done(epoch);
}

/* ---- stages ---- */

/* The blocks that a stage needs come from all executors that ran tasks of the stages it reads, one stage
 * after the other; the own ones are here already. */
void weir_epoch_run_next_need(weir_epoch_run *epoch) {
    const weir_stage_spec *spec = &epoch->query->stages[epoch->stage];
    while (!epoch->error && !atomic_load(&epoch->cancelled) && epoch->need < spec->needs_count) {
        const weir_stage_need *need = &spec->needs[epoch->need++];
        if (weir_epoch_run_fetch(epoch, need))
            return;
    }
    if (epoch->error || atomic_load(&epoch->cancelled))
        maybe_end(epoch);
    else
        run_tasks(epoch);
}

static void start_stage(weir_epoch_run *epoch) {
    epoch->need = 0;
    weir_epoch_run_next_need(epoch);
}

/* ---- start, cancel, free ---- */

static void prepare_work(weir_step *step) {
    weir_epoch_run *epoch = epoch_of_step(step);
    weir_query_run_prepare(epoch->query, epoch->message, &epoch->step_error);
}

static void prepare_done(weir_step *step) {
    weir_epoch_run *epoch = epoch_of_step(step);
    weir_epoch_run_fail(epoch, epoch->step_error);
    epoch->step_error = NULL;
    epoch->finishing = false;
    weir_query_run_start_snapshot(epoch->query);
    if (epoch->error || atomic_load(&epoch->cancelled))
        maybe_end(epoch);
    else
        start_stage(epoch);
}

/* Splits come source by source. */
static bool find_sources(weir_epoch_run *epoch) {
    const Weir__RunEpoch *message = epoch->message;
    int32_t count = epoch->query->sources_count;
    epoch->source_from = weir_alloc_zero((size_t)count + 2, sizeof *epoch->source_from);
    for (size_t i = 0; i < message->n_split_source; i++) {
        uint32_t source = message->split_source[i];
        if (source >= (uint32_t)count || (i > 0 && source < message->split_source[i - 1]))
            return false;
        epoch->source_from[source + 1]++;
    }
    for (int32_t s = 0; s < count; s++)
        epoch->source_from[s + 1] += epoch->source_from[s];
    return true;
}

/* Every stage reads one partition, or as many as have owners. */
static bool partitions_are_placed(const weir_query_run *query, const Weir__RunEpoch *message) {
    for (int32_t s = 0; s < query->stages_count; s++) {
        size_t partitions = (size_t)query->stages[s].partitions_out;
        if (partitions > 1 && partitions != message->n_partition_owner)
            return false;
    }
    return true;
}

static bool message_is_sound(const weir_query_run *query, const Weir__RunEpoch *message) {
    if (message->n_split_owner != message->n_splits || message->n_split_source != message->n_splits ||
        message->self >= message->n_executor_urls || !partitions_are_placed(query, message) ||
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
    epoch->calls[epoch->calls_count++] = call;
    epoch->message = message;
    epoch->id = (weir_attempt_id){message->batch_id, message->attempt};
    epoch->failed_peer = -1;
    if (!message_is_sound(query, message) || !find_sources(epoch))
        weir_error_failf(&epoch->error, WEIR_RPC_ERROR, "an epoch message that does not fit the plan");
    else if (weir_attempt_compare(epoch->id, query->cancelled) <= 0)
        weir_error_failf(&epoch->error, WEIR_CANCELLED, "the epoch attempt was cancelled before it came");
    if (epoch->error) {
        weir_epoch_run_report(epoch);
        return;
    }
    int32_t tasks[WEIR_STAGES_MAX], partitions[WEIR_STAGES_MAX];
    for (int32_t s = 0; s < query->stages_count; s++) {
        tasks[s] = weir_epoch_run_tasks(epoch, s);
        partitions[s] = query->stages[s].partitions_out;
    }
    epoch->blocks = weir_block_store_new(query->executor->blocks, query->stages_count, tasks, partitions);
    if (query->state_partitions == 0) {
        start_stage(epoch);
        return;
    }
    epoch->finishing = true;
    epoch->step.work = prepare_work;
    epoch->step.done = prepare_done;
    weir_loop_start_step(query->executor->loop, query->executor->step_pool, &epoch->step);
}

/* Blocks that are asked for are of no use any more: nothing waits for them. */
void weir_epoch_run_abandon(weir_epoch_run *epoch) {
    atomic_store(&epoch->cancelled, true);
    weir_block_fetch *fetch = epoch->fetch;
    epoch->fetch = NULL;
    if (fetch)
        weir_block_fetch_abandon(fetch);
}

void weir_epoch_run_cancel(weir_epoch_run *epoch) {
    if (epoch->replied)
        return;
    weir_epoch_run_abandon(epoch);
    weir_executor_serve_fetches(epoch->query->executor);
    maybe_end(epoch);
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
    weir_block_store_unref(epoch->blocks);
    weir_error_free(epoch->error);
    weir_free(epoch->changelog_name);
    weir_free(epoch->source_from);
    weir_buffer_unref(epoch->kept_report);
    weir__run_epoch__free_unpacked(epoch->message, NULL);
    weir_free(epoch);
}
