/* Final hash aggregate of a batch query: merges the partial groups of one hash partition and gives each group
 * once, in the order in which the keys were first seen (map task order: the same for any number of
 * executors). Without keys there is one row, also for no input. Failure modes: OUT_OF_MEMORY, ANSI overflow
 * of sums. Task thread. */
#include "common/base/alloc.h"
#include "executor/operator/agg_spec_int.h"

static weir_code final_agg_open(weir_operator *op, weir_error **err) {
    return weir_agg_groups_open(op, true, err);
}

static weir_code emit_groups(weir_operator *op, int32_t from, int32_t count, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    int32_t columns_count = spec->keys_count + spec->calls_count;
    weir_column **columns = weir_alloc_zero((size_t)columns_count + 1, sizeof *columns);
    weir_code code =
        weir_group_table_keys(&agg->table, op->context->budget, spec->key_types, spec->keys_count, from,
                              spec->keys_count ? count : 0, columns, err);
    if (code == WEIR_OK)
        code =
            weir_agg_accs_finish(&agg->accs, op->context->eval, from, count, columns + spec->keys_count, err);
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

static weir_code final_agg_finish(weir_operator *op, weir_error **err) {
    const weir_agg_groups *agg = op->data;
    for (int32_t from = 0; from < agg->count && !weir_operator_is_done(op->next); from += WEIR_BATCH_ROWS)
        WEIR_TRY(emit_groups(op, from, WEIR_MIN(WEIR_BATCH_ROWS, agg->count - from), err));
    return WEIR_OK;
}

static const weir_operator_ops final_agg_ops = {.name = "HashAggregate(final)",
                                                .open = final_agg_open,
                                                .push = weir_agg_groups_merge,
                                                .finish = final_agg_finish,
                                                .close = weir_agg_groups_close};

WEIR_OPERATOR_COMPILE(final_agg) {
    const weir_node_final_agg *node = WEIR_NODE_AS(compiler->node, FINAL_AGG, final_agg);
    weir_agg_spec *data = WEIR_NEW(compiler->arena, weir_agg_spec);
    spec->ops = &final_agg_ops;
    return weir_agg_spec_merging(compiler, (int32_t)node->keys_count, node->aggregates, data, spec, err);
}
