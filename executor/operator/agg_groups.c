/* The groups of an aggregation: what the partial one makes of rows and the others of shuffled groups is the
 * same table of keys with accumulators beside it. Task thread, inside one operator. */
#include "common/base/alloc.h"
#include "executor/operator/agg_spec_int.h"

weir_code weir_agg_groups_open(weir_operator *op, bool has_global_row, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_budget *budget = op->context->budget;
    weir_agg_groups *agg = weir_alloc_zero(1, sizeof *agg);
    op->data = agg;
    agg->rows.budget = budget;
    weir_group_table_init(&agg->table, budget);
    agg->count = spec->keys_count == 0 && has_global_row;
    WEIR_TRY(weir_agg_accs_init(&agg->accs, spec, budget, err));
    return weir_agg_accs_resize(&agg->accs, agg->count, err);
}

void weir_agg_groups_close(weir_operator *op) {
    weir_agg_groups *agg = op->data;
    if (!agg)
        return;
    weir_agg_accs_fini(&agg->accs);
    weir_group_table_fini(&agg->table);
    weir_rows_fini(&agg->rows);
    weir_buffer_unref(agg->numbers);
    weir_free(agg);
}

weir_code weir_agg_groups_find(weir_operator *op, weir_column *const *keys, const weir_sel *sel,
                               const int32_t **ret, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    size_t bytes = sizeof(int32_t) * (size_t)sel->count;
    if (!agg->numbers || agg->numbers->capacity < bytes) {
        weir_buffer_unref(agg->numbers);
        agg->numbers = weir_buffer_new(op->context->budget, bytes);
        if (!agg->numbers)
            return weir_operator_refused(op, err);
    }
    int32_t *numbers = (int32_t *)agg->numbers->data;
    *ret = numbers;
    if (spec->keys_count == 0) {
        if (!agg->count)
            WEIR_FAIL(err, INTERNAL_ERROR,
                      "rows of a global aggregate in a partition that does not own them");
        memset(numbers, 0, bytes);
        return WEIR_OK;
    }
    WEIR_TRY(weir_rows_encode(&agg->rows, keys, spec->keys_count, sel, err));
    if (!weir_group_table_add(&agg->table, &agg->rows, numbers))
        return weir_operator_refused(op, err);
    if (agg->table.count == agg->count)
        return WEIR_OK;
    agg->count = agg->table.count;
    return weir_agg_accs_resize(&agg->accs, agg->count, err);
}

weir_code weir_agg_groups_merge(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    if (batch->columns_count != spec->keys_count + spec->states_count)
        WEIR_FAIL(err, INTERNAL_ERROR, "shuffled rows have %d columns, not %d", batch->columns_count,
                  spec->keys_count + spec->states_count);
    const int32_t *groups;
    WEIR_TRY(weir_agg_groups_find(op, batch->columns, sel, &groups, err));
    weir_column **states = WEIR_NEW_ARRAY(op->context->eval->arena, weir_column *, spec->states_count + 1);
    for (int32_t i = 0; i < spec->states_count; i++)
        states[i] = weir_column_ref(batch->columns[spec->keys_count + i]);
    weir_code code = weir_operator_flatten(op->context->budget, states, spec->states_count, err);
    if (code == WEIR_OK)
        code = weir_agg_accs_merge(&agg->accs, op->context->eval, states, sel, groups, err);
    weir_operator_unref_columns(states, spec->states_count);
    return code;
}
