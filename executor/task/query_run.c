/* A query in an executor: its compiled stages, and its state stores at the version that the driver names.
 *
 * Versions: an attempt leaves its changes in the stores' open views. The next attempt's message says which
 * attempt counted: that view is folded in, any other is dropped. Stores that are not at the base version (a
 * new executor, a moved partition) are rebuilt from the named state objects. Steps of the executor, one at a
 * time per query. */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/base/hash.h"
#include "common/conf/conf.h"
#include "executor/state/state_object.h"
#include "executor/task/executor_int.h"

#define STATE_OBJECT_MAX ((int64_t)8 << 30)

/* ---- plan ---- */

static bool is_partial_root(const weir_node *node) {
    return node->kind == WEIR_NODE_PARTIAL_AGG;
}

static bool is_state(const weir_node *node, void *data) {
    (void)data;
    return node->kind == WEIR_NODE_STATE_AGG;
}

static weir_code compile_stage(weir_query_run *query, const weir_node_stage *stage, weir_str sql,
                               weir_stage_spec *ret, weir_error **err) {
    const weir_node *root = stage->root;
    *ret = (weir_stage_spec){0};
    if (weir_str_equal(stage->distribution, WEIR_STR("splits")))
        ret->distribution = WEIR_DISTRIBUTION_SPLITS;
    else if (weir_str_equal(stage->distribution, WEIR_STR("hash")))
        ret->distribution = WEIR_DISTRIBUTION_HASH;
    else
        ret->distribution = WEIR_DISTRIBUTION_SINGLE;
    if (root->kind == WEIR_NODE_SHUFFLE_WRITE) {
        const weir_node_shuffle_write *out = WEIR_NODE_AS(root, SHUFFLE_WRITE, shuffle_write);
        root = out->child;
        ret->partitions_out = (int32_t)out->partitions;
        ret->emits_groups = is_partial_root(root);
        if (out->keys_count && !ret->emits_groups)
            WEIR_FAIL(err, INTERNAL_ERROR, "a shuffle by key needs an aggregation before it");
        if (ret->partitions_out < 1 || ret->partitions_out > WEIR_STATE_GROUPS)
            WEIR_FAIL(err, RPC_ERROR, "a stage with %d partitions", ret->partitions_out);
    } else {
        ret->sink = WEIR_NODE_AS(root, SINK_WRITE, sink_write);
    }
    ret->has_state = weir_node_any(root, is_state, NULL);
    WEIR_TRY(weir_chain_compile(query->arena, root, query->zone, query->ansi, sql, &ret->chain, err));
    return WEIR_OK;
}

static void describe_state(weir_query_run *query, const weir_chain_spec *chain) {
    for (int32_t i = 0; i < chain->count; i++)
        if (chain->specs[i]->node->kind == WEIR_NODE_STATE_AGG)
            weir_state_agg_describe(chain->specs[i], query->arena, &query->state_spec);
}

static weir_code compile_plan(weir_query_run *query, const ProtobufCBinaryData *bytes, weir_error **err) {
    weir_node *root;
    WEIR_TRY(weir_node_decode(query->arena, (weir_str){(const char *)bytes->data, bytes->len}, &root, err));
    if (root->kind != WEIR_NODE_QUERY_PLAN)
        WEIR_FAIL(err, RPC_ERROR, "not a query plan");
    const weir_node_query_plan *plan = WEIR_NODE_AS(root, QUERY_PLAN, query_plan);
    if (plan->stages.count < 1 || plan->stages.count > WEIR_STAGES_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "a plan of %d stages", plan->stages.count);
    query->stages_count = plan->stages.count;
    for (int32_t s = 0; s < plan->stages.count; s++) {
        const weir_node_stage *stage = WEIR_NODE_AS(plan->stages.items[s], STAGE, stage);
        WEIR_TRY(compile_stage(query, stage, plan->sql, &query->stages[s], err));
        if (!query->stages[s].has_state)
            continue;
        query->state_partitions = (int32_t)stage->partitions;
        describe_state(query, &query->stages[s].chain);
    }
    query->stores = WEIR_NEW_ARRAY(query->arena, weir_state_store *, query->state_partitions);
    return WEIR_OK;
}

static weir_code take_conf(weir_query_run *query, const Weir__StartQuery *message, weir_error **err) {
    weir_conf *conf = weir_conf_new(query->arena);
    for (size_t i = 0; i < message->n_conf_keys && i < message->n_conf_values; i++)
        WEIR_TRY(weir_conf_set(conf, weir_str_from(message->conf_keys[i]),
                               weir_str_from(message->conf_values[i]), err));
    query->task_memory = weir_conf_int(conf, WEIR_CONF_TASK_MEMORY);
    const weir_env *env = query->executor->options.env;
    query->context = (weir_connector_context){
        .env = env,
        .fs = env->local_fs,
        .conf = weir_conf_entries(conf),
        .zone = query->zone,
        .query_id = query->query_id,
        .run_id = query->run_id,
    };
    return WEIR_OK;
}

static weir_code fill(weir_query_run *query, const Weir__StartQuery *message, weir_error **err) {
    WEIR_TRY(weir_timezone_open(weir_str_from(message->time_zone), &query->zone, err));
    WEIR_TRY(take_conf(query, message, err));
    return compile_plan(query, &message->plan, err);
}

weir_code weir_query_run_new(weir_executor *executor, const Weir__StartQuery *message, uint64_t driver_epoch,
                             weir_query_run **ret, weir_error **err) {
    weir_arena *arena = weir_arena_new();
    weir_query_run *query = WEIR_NEW(arena, weir_query_run);
    query->arena = arena;
    query->executor = executor;
    query->run_id = weir_arena_strdup(arena, message->run_id);
    query->query_id = weir_arena_strdup(arena, message->query_id);
    query->checkpoint = weir_arena_strdup(arena, message->checkpoint);
    query->driver_epoch = driver_epoch;
    query->ansi = message->ansi;
    query->state_batch = query->open_batch = query->snapshot_refused = -1;
    query->open_attempt = weir_strdup("");
    weir_code code = fill(query, message, err);
    if (code != WEIR_OK) {
        weir_query_run_free(query);
        return code;
    }
    *ret = query;
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

/* A snapshot that is still being written keeps the query; the step pool ends before the executor frees it. */
void weir_query_run_free(weir_query_run *query) {
    while (query->snapshot && !atomic_load_explicit(&query->snapshot->done, memory_order_acquire))
        query->context.env->clock->sleep_us(query->context.env->clock_self, 1000);
    weir_epoch_run_free(query->epoch);
    for (int32_t p = 0; p < query->state_partitions && query->stores; p++)
        weir_state_store_free(query->stores[p]);
    weir_snapshot_job_free(query->snapshot);
    weir_free(query->open_attempt);
    weir_arena_free(query->arena);
}

/* ---- versions ---- */

static bool owns_partition(const Weir__RunEpoch *message, int32_t partition) {
    return message->partition_owner[partition] == message->self;
}

static bool placement_changed(const weir_query_run *query, const Weir__RunEpoch *message) {
    for (int32_t p = 0; p < query->state_partitions; p++)
        if (owns_partition(message, p) != (query->stores[p] != NULL))
            return true;
    return false;
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

static weir_code replay_object(weir_query_run *query, const Weir__StateObject *object, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const char *path = weir_arena_printf(arena, "%s/state/%s", query->checkpoint, object->name);
    weir_str bytes;
    weir_state_object read;
    WEIR_TRY(weir_fs_read_all(query->context.fs, path, STATE_OBJECT_MAX, arena, &bytes, err));
    if (bytes.size != object->size || weir_crc32c(0, bytes.data, bytes.size) != object->crc)
        WEIR_RAISE(err, CORRUPT_FILE, "path", path, "reason",
                   "its size or checksum is not what the commit log says");
    WEIR_TRY(weir_state_object_read(arena, bytes, path, &read, err));
    for (int32_t p = 0; p < query->state_partitions; p++)
        for (int32_t i = 0; i < read.count && query->stores[p]; i++)
            WEIR_TRY(weir_state_replay(query->stores[p], read.parts[i].section, path, err));
    return WEIR_OK;
}

static weir_code rebuild(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err) {
    query->state_batch = -1;
    for (int32_t p = 0; p < query->state_partitions; p++) {
        weir_state_store_free(query->stores[p]);
        query->stores[p] = NULL;
        if (!owns_partition(message, p))
            continue;
        weir_state_spec spec = query->state_spec;
        spec.group_from = weir_partition_group_from(p, query->state_partitions);
        spec.group_to = weir_partition_group_from(p + 1, query->state_partitions);
        WEIR_TRY(weir_state_store_new(&query->executor->budget, &spec, &query->stores[p], err));
    }
    for (size_t i = 0; i < message->n_restore; i++)
        WEIR_TRY(replay_object(query, message->restore[i], err));
    const char *last =
        message->n_restore ? message->restore[message->n_restore - 1]->name : query->checkpoint;
    for (int32_t p = 0; p < query->state_partitions; p++)
        if (query->stores[p]) /* version N + 1 is the state after batch N */
            WEIR_TRY(weir_state_loaded(query->stores[p], message->base_batch + 1, last, err));
    query->state_batch = message->base_batch;
    return WEIR_OK;
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

static void write_snapshot(weir_job *job) {
    weir_snapshot_job *snapshot = (weir_snapshot_job *)((char *)job - offsetof(weir_snapshot_job, job));
    weir_fs *fs = snapshot->query->context.fs;
    fs->ops->create_new(fs, snapshot->path, weir_strbuf_view(&snapshot->bytes), &snapshot->error);
    atomic_store_explicit(&snapshot->done, true, memory_order_release);
}

/* Serialises the committed version now and makes it durable in the background. */
static weir_code start_snapshot(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err) {
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
    job->job.run = write_snapshot;
    query->snapshot = job;
    weir_pool_submit(query->executor->step_pool, &job->job);
    return WEIR_OK;
}

weir_code weir_query_run_prepare(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err) {
    settle_view(query, message);
    if (query->state_batch != message->base_batch || placement_changed(query, message))
        WEIR_TRY(rebuild(query, message, err));
    if (message->snapshot)
        WEIR_TRY(start_snapshot(query, message, err));
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
