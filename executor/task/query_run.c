/* A query in an executor: its plan compiled once, what every epoch of it needs, and its end. Failure modes: a
 * plan that this program does not know (refused by name), a time zone that is not installed here. Control
 * loop. */
#include "common/base/alloc.h"
#include "common/conf/conf.h"
#include "executor/task/executor_int.h"

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
    query->compress = weir_conf_bool(conf, WEIR_CONF_SHUFFLE_COMPRESS);
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

/* The sender's number in the seals is the executor id, which the driver never gives twice. */
static weir_code take_key(weir_query_run *query, const Weir__StartQuery *message, weir_error **err) {
    if (!message->has_data_key)
        return WEIR_OK;
    weir_aead_key *key = NULL;
    weir_str bytes = {(const char *)message->data_key.data, message->data_key.len};
    WEIR_TRY(weir_aead_key_from_bytes(bytes, &key, err));
    query->aead = weir_aead_new(key, weir_executor_id(query->executor));
    weir_aead_key_free(key);
    return WEIR_OK;
}

static weir_code fill(weir_query_run *query, const Weir__StartQuery *message, weir_error **err) {
    WEIR_TRY(take_key(query, message, err));
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
    query->state_batch = query->open_batch = query->snapshot_refused = query->cancelled.batch = -1;
    query->open_attempt = weir_strdup("");
    weir_code code = fill(query, message, err);
    if (code != WEIR_OK) {
        weir_query_run_free(query);
        return code;
    }
    *ret = query;
    return WEIR_OK;
}

void weir_query_run_free(weir_query_run *query) {
    weir_epoch_run_free(query->epoch);
    if (query->next_message)
        weir__run_epoch__free_unpacked(query->next_message, NULL);
    for (int32_t p = 0; p < query->state_partitions && query->stores; p++)
        weir_state_store_free(query->stores[p]);
    weir_snapshot_job_free(query->snapshot);
    weir_aead_free(query->aead);
    weir_free(query->open_attempt);
    weir_arena_free(query->arena);
}
