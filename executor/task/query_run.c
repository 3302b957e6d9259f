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

static void add_need(weir_stage_spec *spec, int64_t stage, int32_t input, bool whole) {
    spec->needs[spec->needs_count++] = (weir_stage_need){(int32_t)stage, input, whole};
}

static int32_t count_joins(const weir_chain_spec *chain) {
    int32_t joins = 0;
    for (int32_t i = 0; i < chain->count; i++)
        joins += chain->specs[i]->node->kind == WEIR_NODE_HASH_JOIN;
    return joins;
}

/* Which blocks the tasks of the inputs read. A stage reads earlier ones only. */
static weir_code find_needs(weir_query_run *query, int32_t index, weir_stage_spec *spec, weir_error **err) {
    int32_t most = spec->inputs_count;
    for (int32_t i = 0; i < spec->inputs_count; i++)
        most += count_joins(&spec->inputs[i].chain);
    spec->needs = WEIR_NEW_ARRAY(query->arena, weir_stage_need, most + 1);
    for (int32_t i = 0; i < spec->inputs_count; i++) {
        const weir_chain_spec *chain = &spec->inputs[i].chain;
        if (spec->inputs[i].reads >= 0)
            add_need(spec, spec->inputs[i].reads, i, false);
        for (int32_t o = 0; o < chain->count; o++)
            if (chain->specs[o]->node->kind == WEIR_NODE_HASH_JOIN) {
                const weir_node_hash_join *join = WEIR_NODE_AS(chain->specs[o]->node, HASH_JOIN, hash_join);
                add_need(spec, join->build_stage, i, join->broadcast);
            }
    }
    for (int32_t n = 0; n < spec->needs_count; n++)
        if (spec->needs[n].stage < 0 || spec->needs[n].stage >= index ||
            !query->stages[spec->needs[n].stage].partitions_out)
            WEIR_FAIL(err, RPC_ERROR, "stage %d reads stage %d", index, spec->needs[n].stage);
    return WEIR_OK;
}

static weir_code compile_inputs(weir_query_run *query, const weir_node *root, weir_str sql, int32_t index,
                                weir_stage_spec *ret, weir_error **err) {
    weir_node_list leaves = weir_chain_leaves(query->arena, root);
    if (leaves.count == 0)
        WEIR_FAIL(err, RPC_ERROR, "a stage without an input");
    ret->inputs = WEIR_NEW_ARRAY(query->arena, weir_stage_input, leaves.count);
    ret->inputs_count = leaves.count;
    for (int32_t i = 0; i < leaves.count; i++) {
        const weir_node *leaf = leaves.items[i];
        weir_stage_input *input = &ret->inputs[i];
        bool scan = leaf->kind == WEIR_NODE_SCAN;
        input->source = scan ? (int32_t)((const weir_node_scan *)leaf)->source_index : -1;
        input->reads = scan ? -1 : (int32_t)((const weir_node_shuffle_read *)leaf)->stage;
        if (input->source < -1 || input->source >= WEIR_SOURCES_MAX)
            WEIR_FAIL(err, RPC_ERROR, "source %d", input->source);
        query->sources_count = WEIR_MAX(query->sources_count, input->source + 1);
        WEIR_TRY(
            weir_chain_compile(query->arena, root, leaf, query->zone, query->ansi, sql, &input->chain, err));
    }
    return find_needs(query, index, ret, err);
}

/* Rows are split by expressions over what the stage gives, which all of its inputs give alike. */
static weir_code compile_shuffle_keys(weir_query_run *query, const weir_node_shuffle_write *out, weir_str sql,
                                      weir_stage_spec *ret, weir_error **err) {
    ret->shuffle_keys_count = out->keys.count;
    if (out->keys.count == 0)
        return WEIR_OK;
    return weir_program_compile(query->arena, out->keys.items, out->keys.count, query->zone, query->ansi, sql,
                                &ret->shuffle_keys, err);
}

static weir_code compile_stage(weir_query_run *query, const weir_node_stage *stage, weir_str sql,
                               int32_t index, weir_stage_spec *ret, weir_error **err) {
    const weir_node *root = stage->root;
    *ret = (weir_stage_spec){0};
    if (root->kind == WEIR_NODE_SHUFFLE_WRITE) {
        const weir_node_shuffle_write *out = WEIR_NODE_AS(root, SHUFFLE_WRITE, shuffle_write);
        root = out->child;
        ret->partitions_out = (int32_t)out->partitions;
        ret->emits_groups = is_partial_root(root);
        if (out->keys_count && !ret->emits_groups)
            WEIR_FAIL(err, INTERNAL_ERROR, "a shuffle by groups needs an aggregation before it");
        WEIR_TRY(compile_shuffle_keys(query, out, sql, ret, err));
        if (ret->partitions_out < 1 || ret->partitions_out > WEIR_STATE_GROUPS)
            WEIR_FAIL(err, RPC_ERROR, "a stage with %d partitions", ret->partitions_out);
    } else {
        ret->sink = WEIR_NODE_AS(root, SINK_WRITE, sink_write);
    }
    ret->has_state = weir_node_any(root, is_state, NULL);
    WEIR_TRY(compile_inputs(query, root, sql, index, ret, err));
    if (ret->has_state && ret->inputs_count != 1)
        WEIR_FAIL(err, INTERNAL_ERROR, "a stateful stage with %d inputs", ret->inputs_count);
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
        WEIR_TRY(compile_stage(query, stage, plan->sql, s, &query->stages[s], err));
        if (!query->stages[s].has_state)
            continue;
        const weir_stage_input *input = &query->stages[s].inputs[0];
        if (input->reads < 0)
            WEIR_FAIL(err, INTERNAL_ERROR, "a stateful stage that reads a source");
        query->state_partitions = query->stages[input->reads].partitions_out;
        describe_state(query, &input->chain);
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
    weir_executor *executor = query->executor;
    const weir_env *env = executor->options.env;
    weir_str local_dir = weir_conf_str(conf, WEIR_CONF_LOCAL_DIR);
    if (!executor->options.local_dir && local_dir.size)
        weir_block_pool_set_directory(executor->blocks, local_dir);
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
