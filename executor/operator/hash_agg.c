/* Partial hash aggregate: the end of a map task's chain (the hot path of a streaming aggregation).
 *
 *   push    keys and arguments by one program -> keys as bytes (row_codec) -> group numbers (group_table) ->
 *           accumulators. FILTER (WHERE ...) narrows the selection of its call, whose arguments are
 *           evaluated for those rows alone.
 *   emit    murmur3 of the keys gives the key group, key groups give the reduce partition; every partition
 *           gets its groups in first-seen order
 *
 * Without keys there is one group, also for no input, as in Spark. The same rows in the same order give the
 * same groups in the same order. Failure modes: OUT_OF_MEMORY, ANSI errors of arguments and sums. Task
 * thread. */
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/expr/function.h"
#include "executor/operator/agg_spec_int.h"

static weir_code hash_agg_open(weir_operator *op, weir_error **err) {
    return weir_agg_groups_open(op, true, err);
}

/* ---- push ---- */

/* Group numbers of the rows in `live`, a subset of `sel`; both ascend. */
static int32_t *narrow_groups(weir_arena *arena, const weir_sel *sel, const int32_t *groups,
                              const weir_sel *live) {
    int32_t *narrowed = WEIR_NEW_ARRAY(arena, int32_t, live->count + 1), at = 0;
    for (int32_t i = 0; i < live->count; i++) {
        while (weir_sel_row(sel, at) != live->rows[i])
            at++;
        narrowed[i] = groups[at];
    }
    return narrowed;
}

static weir_code update_filtered(weir_operator *op, const weir_agg_call *call, weir_accumulator *acc,
                                 weir_batch *batch, const weir_sel *sel, const int32_t *all,
                                 weir_error **err) {
    weir_eval *eval = op->context->eval;
    int32_t *rows = WEIR_NEW_ARRAY(eval->arena, int32_t, sel->count), count;
    WEIR_TRY(weir_program_filter(call->filter, eval, batch, sel, rows, &count, err));
    if (count == 0)
        return WEIR_OK;
    weir_sel live = {rows, count};
    const int32_t *groups = narrow_groups(eval->arena, sel, all, &live);
    weir_column *args[WEIR_AGGREGATE_ARGS_MAX] = {0};
    WEIR_TRY(weir_program_eval(call->args, eval, batch, &live, args, err));
    weir_code code = weir_operator_flatten(eval->budget, args, call->args_count, err);
    if (code == WEIR_OK)
        code = call->ops->update(acc, eval, args, call->args_count, batch->rows, &live, groups, err);
    weir_operator_unref_columns(args, call->args_count);
    return code;
}

static weir_code update(weir_operator *op, weir_batch *batch, weir_column **columns, const weir_sel *sel,
                        weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    const int32_t *groups;
    WEIR_TRY(weir_agg_groups_find(op, columns, sel, &groups, err));
    WEIR_TRY(weir_operator_flatten(op->context->budget, columns + spec->keys_count,
                                   spec->program_count - spec->keys_count, err));
    for (int32_t i = 0; i < spec->calls_count; i++) {
        const weir_agg_call *call = &spec->calls[i];
        if (call->filter)
            WEIR_TRY(update_filtered(op, call, agg->accs.items[i], batch, sel, groups, err));
        else
            WEIR_TRY(call->ops->update(agg->accs.items[i], op->context->eval, columns + call->args_from,
                                       call->args_count, batch->rows, sel, groups, err));
    }
    return WEIR_OK;
}

static weir_code hash_agg_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_eval *eval = op->context->eval;
    weir_column **columns = WEIR_NEW_ARRAY(eval->arena, weir_column *, spec->program_count + 1);
    if (spec->program_count)
        WEIR_TRY(weir_program_eval(spec->program, eval, batch, sel, columns, err));
    weir_code code = update(op, batch, columns, sel, err);
    weir_operator_unref_columns(columns, spec->program_count);
    return code;
}

/* ---- emit ---- */

int32_t weir_hash_agg_groups(const weir_operator *op) {
    return ((const weir_agg_groups *)op->data)->count;
}

/* All groups as one batch of key and state columns. */
static weir_code all_groups(weir_operator *op, weir_batch **ret, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    weir_agg_groups *agg = op->data;
    weir_budget *budget = op->context->budget;
    int32_t count = spec->keys_count + spec->states_count;
    weir_column **columns = weir_alloc_zero((size_t)count + 1, sizeof *columns);
    weir_code code = weir_group_table_keys(&agg->table, budget, spec->key_types, spec->keys_count, 0,
                                           spec->keys_count ? agg->count : 0, columns, err);
    if (code == WEIR_OK)
        code = weir_agg_accs_states(&agg->accs, budget, 0, agg->count, columns + spec->keys_count, err);
    if (code == WEIR_OK)
        *ret = weir_batch_new(op->spec->schema, agg->count, columns, count);
    else
        weir_operator_unref_columns(columns, spec->keys_count);
    weir_free(columns);
    return code;
}

/* Groups ordered by partition, stable: rows[starts[p] .. starts[p + 1]) are those of partition p. */
static weir_code partition_groups(weir_operator *op, const weir_batch *all, int32_t partitions, int32_t *rows,
                                  int32_t *starts, weir_error **err) {
    const weir_agg_spec *spec = op->spec->data;
    _cleanup_free_ uint32_t *hashes = weir_alloc(4 * (size_t)all->rows + 4);
    weir_sel sel = {NULL, all->rows};
    WEIR_TRY(weir_columns_murmur3(all->columns, spec->keys_count, &sel, WEIR_MURMUR3_SEED, hashes, err));
    int32_t owners[WEIR_KEY_GROUPS];
    for (int32_t g = 0; g < WEIR_KEY_GROUPS; g++)
        owners[g] = weir_partition_of_group(g, partitions);
    memset(starts, 0, sizeof(*starts) * ((size_t)partitions + 1));
    for (int32_t i = 0; i < all->rows; i++)
        starts[owners[weir_key_group(hashes[i])] + 1]++;
    for (int32_t p = 0; p < partitions; p++)
        starts[p + 1] += starts[p];
    _cleanup_free_ int32_t *next = weir_alloc(4 * (size_t)partitions + 4);
    memcpy(next, starts, 4 * (size_t)partitions);
    for (int32_t i = 0; i < all->rows; i++)
        rows[next[owners[weir_key_group(hashes[i])]]++] = i;
    return WEIR_OK;
}

weir_code weir_hash_agg_emit(weir_operator *op, int32_t partitions, int32_t rows_max, weir_hash_agg_take take,
                             void *data, weir_error **err) {
    WEIR_ASSERT(op->spec->node->kind == WEIR_NODE_PARTIAL_AGG && op->state == WEIR_OPERATOR_FINISHED);
    WEIR_ASSERT(partitions > 0 && partitions <= WEIR_KEY_GROUPS && rows_max > 0);
    weir_agg_groups *agg = op->data;
    if (agg->count == 0)
        return WEIR_OK;
    _cleanup_batch_ weir_batch *all = NULL;
    WEIR_TRY(all_groups(op, &all, err));
    _cleanup_free_ int32_t *rows = weir_alloc(4 * (size_t)all->rows);
    _cleanup_free_ int32_t *starts = weir_alloc(4 * ((size_t)partitions + 1));
    WEIR_TRY(partition_groups(op, all, partitions, rows, starts, err));
    op->rows_out = all->rows;
    for (int32_t p = 0; p < partitions; p++) {
        if (starts[p + 1] - starts[p] == all->rows && all->rows <= rows_max)
            return take(data, p, all, err); /* one batch holds all groups: nothing to copy */
        for (int32_t from = starts[p]; from < starts[p + 1]; from += rows_max) {
            _cleanup_batch_ weir_batch *part = NULL;
            int32_t count = WEIR_MIN(rows_max, starts[p + 1] - from);
            WEIR_TRY(weir_batch_gather(op->context->budget, all, rows + from, count, &part, err));
            WEIR_TRY(take(data, p, part, err));
        }
    }
    return WEIR_OK;
}

/* ---- compile ---- */

static const weir_operator_ops hash_agg_ops = {.name = "HashAggregate(partial)",
                                               .open = hash_agg_open,
                                               .push = hash_agg_push,
                                               .close = weir_agg_groups_close,
                                               .unordered = true};

static weir_code compile_programs(const weir_operator_compiler *compiler, const weir_node_partial_agg *node,
                                  weir_agg_spec *spec, weir_error **err) {
    weir_node_list exprs = weir_node_list_of(compiler->arena, node->keys.items, node->keys.count);
    for (int32_t i = 0; i < node->aggregates.count; i++) {
        const weir_node_aggregate_call *call =
            WEIR_NODE_AS(node->aggregates.items[i], AGGREGATE_CALL, aggregate_call);
        weir_agg_call *target = &spec->calls[i];
        target->args_from = exprs.count;
        for (int32_t a = 0; a < call->args.count && !call->filter; a++)
            weir_node_list_add(compiler->arena, &exprs, call->args.items[a]);
        if (!call->filter)
            continue;
        weir_node *filter = call->filter;
        WEIR_TRY(weir_operator_program(compiler, &filter, 1, &target->filter, err));
        WEIR_TRY(weir_operator_program(compiler, call->args.items, call->args.count, &target->args, err));
    }
    spec->program_count = exprs.count;
    return weir_operator_program(compiler, exprs.items, exprs.count, &spec->program, err);
}

WEIR_OPERATOR_COMPILE(hash_agg) {
    const weir_node_partial_agg *node = WEIR_NODE_AS(compiler->node, PARTIAL_AGG, partial_agg);
    weir_agg_spec *data = WEIR_NEW(compiler->arena, weir_agg_spec);
    data->keys_count = node->keys.count;
    data->key_types = WEIR_NEW_ARRAY(compiler->arena, const weir_type *, node->keys.count + 1);
    for (int32_t i = 0; i < node->keys.count; i++)
        data->key_types[i] = node->keys.items[i]->type;
    WEIR_TRY(weir_agg_spec_calls(compiler, node->aggregates, data, err));
    WEIR_TRY(compile_programs(compiler, node, data, err));
    spec->ops = &hash_agg_ops;
    spec->schema = node->node.type && node->node.type->fields_count == data->keys_count + data->states_count
                       ? node->node.type
                       : weir_aggregate_partial_schema(compiler->arena, node->keys, node->aggregates);
    spec->data = data;
    return WEIR_OK;
}
