/* The versions of a query's state stores in an executor.
 *
 * An attempt leaves its changes in the stores' open views. The next attempt's message says which attempt
 * counted: that view is folded in, any other is dropped. Partitions that are new here, and all of them where
 * they are not at the base version (an executor that missed a batch), are rebuilt from the named state
 * objects; the others stay as they are. Blocking steps of the executor, one at a time per query. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/base/hash.h"
#include "executor/state/state_object.h"
#include "executor/task/executor_int.h"

/* ---- versions ---- */

static bool owns_partition(const Weir__RunEpoch *message, int32_t partition) {
    return message->partition_owner[partition] == message->self;
}

/* The open view counts if its attempt is the one that was committed; every other is dropped. */
static void settle_view(weir_query_run *query, const Weir__RunEpoch *message) {
    if (query->open_batch < 0)
        return;
    bool counts =
        query->open_batch == message->base_batch && strcmp(query->open_attempt, message->base_attempt) == 0;
    for (int32_t p = 0; p < query->state_partitions; p++) {
        if (query->stores[p] && counts)
            weir_state_commit(query->stores[p]);
        else if (query->stores[p])
            weir_state_abort(query->stores[p]);
    }
    if (counts)
        query->state_batch = query->open_batch;
    query->open_batch = -1;
}

/* Stores that this attempt does not own, or that are not at its base version, go. */
static void drop_stores(weir_query_run *query, const Weir__RunEpoch *message) {
    bool stale = query->state_batch != message->base_batch;
    for (int32_t p = 0; p < query->state_partitions; p++)
        if (query->stores[p] && (stale || !owns_partition(message, p))) {
            weir_state_store_free(query->stores[p]);
            query->stores[p] = NULL;
        }
}

/* Makes the owned partitions that are not here. Those that could not be made whole are none. */
static weir_code restore_missing(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err) {
    int32_t count = 0;
    _cleanup_free_ int32_t *missing =
        weir_alloc(sizeof(int32_t) * (size_t)WEIR_MAX(query->state_partitions, 1));
    for (int32_t p = 0; p < query->state_partitions; p++)
        if (owns_partition(message, p) && !query->stores[p])
            missing[count++] = p;
    if (!count)
        return WEIR_OK;
    weir_code code = weir_state_restore(query, message, missing, count, err);
    for (int32_t i = 0; code != WEIR_OK && i < count; i++) {
        weir_state_store_free(query->stores[missing[i]]);
        query->stores[missing[i]] = NULL;
    }
    return code;
}

/* ---- objects ---- */

/* All stores' sections as one object, in the order of partitions. */
static weir_code write_object(weir_query_run *query, int64_t batch,
                              weir_code (*section)(weir_state_store *, weir_strbuf *, weir_error **),
                              weir_strbuf *ret, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_state_object_part *parts = WEIR_NEW_ARRAY(arena, weir_state_object_part, query->state_partitions);
    weir_strbuf *sections = WEIR_NEW_ARRAY(arena, weir_strbuf, query->state_partitions);
    int32_t count = 0;
    weir_code code = WEIR_OK;
    for (int32_t p = 0; p < query->state_partitions && code == WEIR_OK; p++) {
        if (!query->stores[p])
            continue;
        code = section(query->stores[p], &sections[count], err);
        parts[count] = (weir_state_object_part){
            .group_from = weir_partition_group_from(p, query->state_partitions),
            .group_to = weir_partition_group_from(p + 1, query->state_partitions),
            .section = weir_strbuf_view(&sections[count]),
        };
        count++;
    }
    if (code == WEIR_OK)
        weir_state_object_write(ret, batch, parts, count);
    for (int32_t i = 0; i < query->state_partitions; i++)
        weir_strbuf_fini(&sections[i]);
    return code;
}

static weir_snapshot_job *job_of_step(weir_step *step) {
    return (weir_snapshot_job *)((char *)step - offsetof(weir_snapshot_job, step));
}

static void write_snapshot(weir_step *step) {
    weir_snapshot_job *snapshot = job_of_step(step);
    weir_fs *fs = snapshot->query->context.fs;
    fs->ops->create_new(fs, snapshot->path, weir_strbuf_view(&snapshot->bytes), &snapshot->error);
}

static void snapshot_written(weir_step *step) {
    weir_snapshot_job *snapshot = job_of_step(step);
    snapshot->done = true;
    weir_query_run_settle(snapshot->query);
}

void weir_query_run_start_snapshot(weir_query_run *query) {
    weir_snapshot_job *job = query->snapshot;
    if (!job || job->step.work)
        return;
    job->step.work = write_snapshot;
    job->step.done = snapshot_written;
    weir_loop_start_step(query->executor->loop, query->executor->step_pool, &job->step);
}

/* Serialises the committed version now; the control loop has it made durable in the background. */
static weir_code make_snapshot(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err) {
    if (query->snapshot) { /* one at a time: of this version, or the driver is told and asks again */
        if (query->snapshot->batch != message->base_batch)
            query->snapshot_refused = message->base_batch;
        return WEIR_OK;
    }
    weir_snapshot_job *job = weir_alloc_zero(1, sizeof *job);
    job->query = query;
    job->batch = message->base_batch;
    job->name = weir_asprintf("%s-%u.snapshot", message->attempt_name, message->self);
    job->path = weir_asprintf("%s/state/%s", query->checkpoint, job->name);
    weir_code code = write_object(query, job->batch, weir_state_snapshot, &job->bytes, err);
    if (code != WEIR_OK) {
        weir_snapshot_job_free(job);
        return code;
    }
    job->crc = weir_crc32c(0, job->bytes.data, job->bytes.size);
    query->snapshot = job;
    return WEIR_OK;
}

void weir_snapshot_job_free(weir_snapshot_job *job) {
    if (!job)
        return;
    weir_strbuf_fini(&job->bytes);
    weir_error_free(job->error);
    weir_free(job->path);
    weir_free(job->name);
    weir_free(job);
}

weir_code weir_query_run_prepare(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err) {
    settle_view(query, message);
    drop_stores(query, message);
    WEIR_TRY(restore_missing(query, message, err));
    query->state_batch = message->base_batch;
    if (message->snapshot)
        WEIR_TRY(make_snapshot(query, message, err));
    query->open_batch = message->batch_id;
    weir_free(query->open_attempt);
    query->open_attempt = weir_strdup(message->attempt_name);
    return WEIR_OK;
}

weir_code weir_query_run_changelog(weir_query_run *query, weir_epoch_run *epoch, weir_error **err) {
    const Weir__RunEpoch *message = epoch->message;
    _cleanup_strbuf_ weir_strbuf bytes = {0};
    WEIR_TRY(write_object(query, message->batch_id, weir_state_changelog, &bytes, err));
    epoch->changelog_name = weir_asprintf("%s-%u.changelog", message->attempt_name, message->self);
    _cleanup_free_ char *path = weir_asprintf("%s/state/%s", query->checkpoint, epoch->changelog_name);
    WEIR_FAILPOINT("P5.mid", err);
    weir_fs *fs = query->context.fs;
    WEIR_TRY(fs->ops->create_new(fs, path, weir_strbuf_view(&bytes), err));
    WEIR_FAILPOINT("P5.after", err);
    weir__state_object__init(&epoch->changelog);
    epoch->changelog.name = epoch->changelog_name;
    epoch->changelog.size = bytes.size;
    epoch->changelog.crc = weir_crc32c(0, bytes.data, bytes.size);
    epoch->has_changelog = true;
    WEIR_FAILPOINT("P7.before", err);
    return WEIR_OK;
}
