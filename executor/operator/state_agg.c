/* State aggregation: a reduce task's merge of the map tasks' partial groups with the state of its key groups.
 *
 *   push    batches in map task order: keys as bytes -> group numbers, states merged into this epoch's
 *           accumulators
 *   finish  1. the epoch's groups in output order: by key group, then first seen
 *           2. their committed states from the store are merged in (committed first where order matters)
 *           3. the new states are put into the store's view
 *           4. update mode gives the epoch's groups, complete mode every live row of the store
 *
 * Step 1 makes the output, the changelog and the store's order the same for any number of partitions and
 * executors. Without keys there is one row in every batch, also for no input, as in Spark; it belongs to the
 * partition that owns its key group. The caller commits or aborts the view. Failure modes: OUT_OF_MEMORY,
 * ANSI overflow of sums. Task thread. */
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "executor/operator/agg_spec_int.h"

/* The epoch's groups in output order. */
typedef struct epoch {
    weir_column **keys;  /* of all groups, by group number */
    int32_t *order;      /* group numbers by (key group, first seen) */
    int32_t *key_groups; /* by group number */
    weir_str *key_bytes; /* of a run */
    weir_str *values;
    int32_t *run_groups;
} epoch;

#define RUN_ROWS WEIR_BATCH_ROWS

static bool owns_global_row(const weir_operator *op) {
    const weir_state_spec *spec = weir_state_store_spec(op->context->state);
    int32_t group = weir_key_group(WEIR_MURMUR3_SEED);
    return spec->group_from <= group && group < spec->group_to;
}

static weir_code state_agg_open(weir_operator *op, weir_error **err) {
    WEIR_ASSERT(op->context->state);
    return weir_agg_groups_open(op, owns_global_row(op), err);
}

/* ---- finish: order ---- */

static void epoch_fini(epoch *e, const weir_agg_spec *spec) {
    if (e->keys)
        weir_operator_unref_columns(e->keys, spec->keys_count);
    weir_free(e->keys);
    weir_free(e->order);
    weir_free(e->key_groups);
    weir_free(e->key_bytes);
    weir_free(e->values);
    weir_free(e->run_groups);
}

static weir_code order_groups(weir_operator *op, epoch *e, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    const weir_agg_groups *agg = op->data;
    int32_t count = agg->count;
    e->keys = weir_alloc_zero((size_t)spec->keys_count + 1, sizeof *e->keys);
    e->order = weir_alloc(4 * (size_t)count + 4);
    e->key_groups = weir_alloc(4 * (size_t)count + 4);
    WEIR_TRY(weir_group_table_keys(&agg->table, op->context->budget, spec->key_types, spec->keys_count, 0,
                                   spec->keys_count ? count : 0, e->keys, err));
    weir_sel sel = {NULL, count};
    uint32_t *hashes = (uint32_t *)e->key_groups;
    WEIR_TRY(weir_columns_murmur3(e->keys, spec->keys_count, &sel, WEIR_MURMUR3_SEED, hashes, err));
    int32_t starts[WEIR_KEY_GROUPS + 1] = {0};
    for (int32_t i = 0; i < count; i++) {
        e->key_groups[i] = weir_key_group(hashes[i]);
        starts[e->key_groups[i] + 1]++;
    }
    for (int32_t g = 0; g < WEIR_KEY_GROUPS; g++)
        starts[g + 1] += starts[g];
    for (int32_t i = 0; i < count; i++)
        e->order[starts[e->key_groups[i]]++] = i;
    e->key_bytes = weir_alloc(sizeof(weir_str) * RUN_ROWS);
    e->values = weir_alloc(sizeof(weir_str) * RUN_ROWS);
    e->run_groups = weir_alloc(sizeof(int32_t) * RUN_ROWS);
    return WEIR_OK;
}

/* The store's names of the groups order[from .. from + count). */
static weir_state_keys run_keys(const weir_operator *op, epoch *e, int32_t from, int32_t count) {
    const weir_agg_spec *spec = op->spec->data;
    const weir_agg_groups *agg = op->data;
    for (int32_t i = 0; i < count; i++) {
        int32_t group = e->order[from + i];
        e->key_bytes[i] = spec->keys_count ? weir_group_table_key(&agg->table, group) : WEIR_STR("");
        e->run_groups[i] = e->key_groups[group];
    }
    return (weir_state_keys){.keys = e->key_bytes, .groups = e->run_groups, .count = count};
}

/* ---- finish: committed states ---- */

static weir_code decode_rows(weir_budget *budget, const weir_str *rows, int32_t count,
                             const weir_agg_spec *spec, weir_column **ret, weir_error **err) {
    weir_builder *builders = weir_alloc_zero((size_t)spec->states_count + 1, sizeof *builders);
    weir_code code = WEIR_OK;
    int32_t at = 0;
    for (int32_t c = 0; c < spec->calls_count && code == WEIR_OK; c++) {
        for (int32_t s = 0; s < spec->calls[c].states_count && code == WEIR_OK; s++)
            code = weir_builder_init(&builders[at++], budget, spec->calls[c].state_types[s], count, err);
    }
    for (int32_t i = 0; i < count && code == WEIR_OK; i++)
        code =
            weir_row_decode((const uint8_t *)rows[i].data, rows[i].size, builders, spec->states_count, err);
    memset(ret, 0, sizeof(*ret) * (size_t)spec->states_count);
    for (int32_t i = 0; i < spec->states_count; i++) {
        if (code == WEIR_OK)
            code = weir_builder_finish(&builders[i], &ret[i], err);
        weir_builder_fini(&builders[i]);
    }
    if (code != WEIR_OK)
        weir_operator_unref_columns(ret, spec->states_count);
    weir_free(builders);
    return code;
}

static weir_code merge_rows(weir_operator *op, weir_agg_accs *accs, const weir_str *rows,
                            const int32_t *groups, int32_t count, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_column **states = weir_alloc_zero((size_t)spec->states_count + 1, sizeof *states);
    weir_code code = decode_rows(op->context->budget, rows, count, spec, states, err);
    weir_sel sel = {NULL, count};
    if (code == WEIR_OK)
        code = weir_agg_accs_merge(accs, op->context->eval, states, &sel, groups, err);
    weir_operator_unref_columns(states, spec->states_count);
    weir_free(states);
    return code;
}

/* Merges what the store has for the epoch's groups into `accs`. */
static weir_code merge_committed(weir_operator *op, epoch *e, weir_agg_accs *accs, weir_error **err) {
    const weir_agg_groups *agg = op->data;
    for (int32_t from = 0; from < agg->count; from += RUN_ROWS) {
        int32_t count = WEIR_MIN(RUN_ROWS, agg->count - from), found = 0;
        weir_state_keys keys = run_keys(op, e, from, count);
        WEIR_TRY(weir_state_get(op->context->state, &keys, e->values, err));
        for (int32_t i = 0; i < count; i++) {
            if (!e->values[i].data)
                continue;
            e->values[found] = e->values[i];
            e->run_groups[found++] = e->order[from + i];
        }
        WEIR_TRY(merge_rows(op, accs, e->values, e->run_groups, found, err));
    }
    return WEIR_OK;
}

/* accs = committed, then this epoch: for aggregates whose merge depends on the order. */
static weir_code merge_in_order(weir_operator *op, epoch *e, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    weir_budget *budget = op->context->budget;
    weir_agg_accs merged = {0};
    weir_column **states = weir_alloc_zero((size_t)spec->states_count + 1, sizeof *states);
    int32_t *groups = weir_alloc(4 * (size_t)agg->count + 4);
    for (int32_t i = 0; i < agg->count; i++)
        groups[i] = i;
    weir_sel sel = {NULL, agg->count};
    weir_code code = weir_agg_accs_init(&merged, spec, budget, err);
    if (code == WEIR_OK)
        code = weir_agg_accs_resize(&merged, agg->count, err);
    if (code == WEIR_OK)
        code = merge_committed(op, e, &merged, err);
    if (code == WEIR_OK)
        code = weir_agg_accs_states(&agg->accs, budget, 0, agg->count, states, err);
    if (code == WEIR_OK)
        code = weir_agg_accs_merge(&merged, op->context->eval, states, &sel, groups, err);
    weir_operator_unref_columns(states, spec->states_count);
    weir_free(states);
    weir_free(groups);
    if (code == WEIR_OK) {
        weir_agg_accs swap = agg->accs;
        agg->accs = merged;
        merged = swap;
    }
    if (merged.spec)
        weir_agg_accs_fini(&merged);
    return code;
}

/* ---- finish: the store's view ---- */

static weir_code put_runs(weir_operator *op, epoch *e, weir_column *const *states, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    for (int32_t from = 0; from < agg->count; from += RUN_ROWS) {
        weir_sel sel = {e->order + from, WEIR_MIN(RUN_ROWS, agg->count - from)};
        WEIR_TRY(weir_rows_encode_values(&agg->rows, states, spec->states_count, &sel, err));
        for (int32_t i = 0; i < sel.count; i++)
            e->values[i] = weir_rows_at(&agg->rows, i);
        weir_state_keys keys = run_keys(op, e, from, sel.count);
        WEIR_TRY(weir_state_put(op->context->state, &keys, e->values, err));
    }
    return WEIR_OK;
}

static weir_code put_states(weir_operator *op, epoch *e, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    const weir_agg_groups *agg = op->data;
    weir_column **states = weir_alloc_zero((size_t)spec->states_count + 1, sizeof *states);
    weir_code code = weir_agg_accs_states((weir_agg_accs *)(uintptr_t)&agg->accs, op->context->budget, 0,
                                          agg->count, states, err);
    if (code == WEIR_OK)
        code = put_runs(op, e, states, err);
    weir_operator_unref_columns(states, spec->states_count);
    weir_free(states);
    return code;
}

/* ---- finish: output ---- */

static weir_code emit_update(weir_operator *op, epoch *e, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    weir_eval *eval = op->context->eval;
    int32_t columns_count = spec->keys_count + spec->calls_count;
    weir_column **columns = weir_alloc_zero((size_t)columns_count + 1, sizeof *columns);
    weir_code code = weir_agg_accs_finish(&agg->accs, eval, 0, agg->count, columns + spec->keys_count, err);
    if (code != WEIR_OK) {
        weir_free(columns);
        return code;
    }
    for (int32_t i = 0; i < spec->keys_count; i++)
        columns[i] = weir_column_ref(e->keys[i]);
    _cleanup_batch_ weir_batch *all = weir_batch_new(op->spec->schema, agg->count, columns, columns_count);
    weir_free(columns);
    for (int32_t from = 0; from < agg->count && !weir_operator_is_done(op->next); from += RUN_ROWS) {
        int32_t count = WEIR_MIN(RUN_ROWS, agg->count - from);
        _cleanup_batch_ weir_batch *batch = NULL;
        WEIR_TRY(weir_batch_gather(op->context->budget, all, e->order + from, count, &batch, err));
        WEIR_TRY(weir_operator_emit(op, batch, NULL, err));
        weir_arena_reset(eval->arena);
    }
    return WEIR_OK;
}

static weir_code decode_keys(weir_operator *op, const weir_str *keys, int32_t count, weir_column **ret,
                             weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_builder *builders = weir_alloc_zero((size_t)spec->keys_count + 1, sizeof *builders);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < spec->keys_count && code == WEIR_OK; i++)
        code = weir_builder_init(&builders[i], op->context->budget, spec->key_types[i], count, err);
    for (int32_t i = 0; i < count && code == WEIR_OK && spec->keys_count; i++)
        code = weir_row_decode((const uint8_t *)keys[i].data, keys[i].size, builders, spec->keys_count, err);
    for (int32_t i = 0; i < spec->keys_count; i++) {
        if (code == WEIR_OK)
            code = weir_builder_finish(&builders[i], &ret[i], err);
        weir_builder_fini(&builders[i]);
    }
    if (code != WEIR_OK)
        weir_operator_unref_columns(ret, spec->keys_count);
    weir_free(builders);
    return code;
}

/* Finished rows of a run of stored states. */
static weir_code finish_stored(weir_operator *op, const weir_str *values, int32_t count, weir_column **ret,
                               weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_accs accs;
    weir_code code = weir_agg_accs_init(&accs, spec, op->context->budget, err);
    int32_t groups[RUN_ROWS];
    for (int32_t i = 0; i < count; i++)
        groups[i] = i;
    if (code == WEIR_OK)
        code = weir_agg_accs_resize(&accs, count, err);
    if (code == WEIR_OK)
        code = merge_rows(op, &accs, values, groups, count, err);
    if (code == WEIR_OK)
        code = weir_agg_accs_finish(&accs, op->context->eval, 0, count, ret, err);
    weir_agg_accs_fini(&accs);
    return code;
}

static weir_code emit_stored(weir_operator *op, const weir_str *keys, const weir_str *values, int32_t count,
                             weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    int32_t columns_count = spec->keys_count + spec->calls_count;
    weir_column **columns = weir_alloc_zero((size_t)columns_count + 1, sizeof *columns);
    weir_code code = decode_keys(op, keys, count, columns, err);
    if (code == WEIR_OK)
        code = finish_stored(op, values, count, columns + spec->keys_count, err);
    if (code != WEIR_OK) {
        weir_operator_unref_columns(columns, columns_count);
        weir_free(columns);
        return code;
    }
    _cleanup_batch_ weir_batch *batch = weir_batch_new(op->spec->schema, count, columns, columns_count);
    weir_free(columns);
    WEIR_TRY(weir_operator_emit(op, batch, NULL, err));
    weir_arena_reset(op->context->eval->arena);
    return WEIR_OK;
}

static weir_code emit_complete(weir_operator *op, epoch *e, weir_error **err) {
    int64_t cursor = 0;
    do {
        int32_t count;
        WEIR_TRY(
            weir_state_scan(op->context->state, &cursor, RUN_ROWS, e->key_bytes, e->values, &count, err));
        if (count)
            WEIR_TRY(emit_stored(op, e->key_bytes, e->values, count, err));
    } while (cursor && !weir_operator_is_done(op->next));
    return WEIR_OK;
}

static weir_code run_epoch(weir_operator *op, epoch *e, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    WEIR_TRY(order_groups(op, e, err));
    if (spec->ordered)
        WEIR_TRY(merge_in_order(op, e, err));
    else
        WEIR_TRY(merge_committed(op, e, &agg->accs, err));
    WEIR_TRY(put_states(op, e, err));
    return spec->complete ? emit_complete(op, e, err) : emit_update(op, e, err);
}

static weir_code state_agg_finish(weir_operator *op, weir_error **err) {
    epoch e = {0};
    weir_code code = run_epoch(op, &e, err);
    epoch_fini(&e, op->spec->data);
    return code;
}

/* ---- compile ---- */

static const weir_operator_ops state_agg_ops = {.name = "StatefulAggregate",
                                                .open = state_agg_open,
                                                .push = weir_agg_groups_merge,
                                                .finish = state_agg_finish,
                                                .close = weir_agg_groups_close};

static weir_code output_mode(const weir_node_state_agg *node, bool *ret_complete, weir_error **err) {
    if (weir_str_equal_nocase(node->output_mode, WEIR_STR("append")))
        WEIR_RAISE(err, STREAMING_OUTPUT_MODE__UNSUPPORTED_OPERATION, "outputMode", "append", "operation",
                   "streaming aggregations without watermark");
    *ret_complete = weir_str_equal_nocase(node->output_mode, WEIR_STR("complete"));
    if (!*ret_complete && !weir_str_equal_nocase(node->output_mode, WEIR_STR("update")))
        WEIR_FAIL(err, INTERNAL_ERROR, "unknown output mode " WEIR_STR_FMT, WEIR_STR_ARG(node->output_mode));
    return WEIR_OK;
}

WEIR_OPERATOR_COMPILE(state_agg) {
    const weir_node_state_agg *node = WEIR_NODE_AS(compiler->node, STATE_AGG, state_agg);
    weir_agg_spec *data = WEIR_NEW(compiler->arena, weir_agg_spec);
    data->operator_id = node->operator_id;
    WEIR_TRY(output_mode(node, &data->complete, err));
    spec->ops = &state_agg_ops;
    return weir_agg_spec_merging(compiler, (int32_t)node->keys_count, node->aggregates, data, spec, err);
}

/* Names are left out: renaming a column does not change the state. */
static weir_str schema_text(weir_arena *arena, const weir_type *const *types, int32_t count,
                            const char *calls) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, "struct<");
    for (int32_t i = 0; i < count; i++) {
        if (i)
            weir_strbuf_add_char(&text, ',');
        weir_type_simple(&text, types[i]);
    }
    weir_strbuf_addf(&text, ">%s", calls);
    return weir_arena_str(arena, weir_strbuf_view(&text));
}

void weir_state_agg_describe(const weir_operator_spec *spec, weir_arena *arena, weir_state_spec *ret) {
    WEIR_ASSERT(spec->node->kind == WEIR_NODE_STATE_AGG);
    const weir_agg_spec *data = spec->data;
    const weir_type **states = WEIR_NEW_ARRAY(arena, const weir_type *, data->states_count + 1);
    _cleanup_strbuf_ weir_strbuf calls = {0};
    for (int32_t c = 0; c < data->calls_count; c++) {
        weir_strbuf_addf(&calls, " %s", data->calls[c].ops->name);
        for (int32_t s = 0; s < data->calls[c].states_count; s++)
            states[data->calls[c].state_from + s] = data->calls[c].state_types[s];
    }
    *ret = (weir_state_spec){
        .operator_id = (int32_t)data->operator_id,
        .group_from = 0,
        .group_to = WEIR_STATE_GROUPS,
        .key_schema = schema_text(arena, data->key_types, data->keys_count, ""),
        .value_schema = schema_text(arena, states, data->states_count, calls.data ? calls.data : "")};
}
