/* Expand: every row once per projection (sliding windows, grouping sets). Spark gives a row's projections one
 * behind the other; they are interleaved that way unless the rows end in a hash aggregate, whose result
 * does not depend on it: then each projection is a batch of its own and nothing is copied. Holds nothing
 * back. Task thread. */
#include "executor/operator/operator_int.h"

typedef struct expansion {
    const weir_program **programs;
    int32_t projections_count;
    int32_t columns_count;
} expansion;

/* Filters and projects keep the order as it is; the first other operator decides. */
static bool order_matters(const weir_operator *op) {
    for (op = op->next; op; op = op->next) {
        weir_node_kind kind = op->spec ? op->spec->node->kind : WEIR_NODE_SINK_WRITE;
        if (kind != WEIR_NODE_FILTER_EXEC && kind != WEIR_NODE_PROJECT_EXEC)
            return !op->ops->unordered;
    }
    return true;
}

static weir_code project(weir_operator *op, int32_t p, weir_batch *batch, const weir_sel *sel,
                         weir_batch **ret, weir_error **err) {
    const expansion *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    weir_column **columns = WEIR_NEW_ARRAY(eval->arena, weir_column *, data->columns_count + 1);
    WEIR_TRY(weir_program_eval(data->programs[p], eval, batch, sel, columns, err));
    *ret = weir_batch_new(op->spec->schema, batch->rows, columns, data->columns_count);
    return WEIR_OK;
}

/* Row i of the selection takes the places i*P .. i*P+P-1. */
static weir_code emit_interleaved(weir_operator *op, weir_batch *const *parts, const weir_sel *sel,
                                  weir_error **err) {
    const expansion *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    int32_t count = data->projections_count;
    _cleanup_batch_ weir_batch *all = NULL, *mixed = NULL;
    WEIR_TRY(weir_batch_concat(eval->budget, op->spec->schema, parts, count, &all, err));
    int32_t *rows = WEIR_NEW_ARRAY(eval->arena, int32_t, (int64_t)sel->count * count);
    for (int32_t i = 0; i < sel->count; i++) {
        for (int32_t p = 0; p < count; p++)
            rows[i * count + p] = p * parts[0]->rows + weir_sel_row(sel, i);
    }
    WEIR_TRY(weir_batch_gather(eval->budget, all, rows, sel->count * count, &mixed, err));
    return weir_operator_emit(op, mixed, NULL, err);
}

static weir_code expand_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const expansion *data = op->spec->data;
    bool interleave = data->projections_count > 1 && order_matters(op);
    weir_batch **parts = WEIR_NEW_ARRAY(op->context->eval->arena, weir_batch *, data->projections_count + 1);
    weir_code code = WEIR_OK;
    for (int32_t p = 0; p < data->projections_count && code == WEIR_OK; p++) {
        code = project(op, p, batch, sel, &parts[p], err);
        if (code == WEIR_OK && !interleave) {
            code = weir_operator_emit(op, parts[p], sel, err);
            parts[p] = weir_batch_unref(parts[p]);
        }
    }
    if (code == WEIR_OK && interleave)
        code = emit_interleaved(op, parts, sel, err);
    for (int32_t p = 0; p < data->projections_count; p++)
        weir_batch_unref(parts[p]);
    return code;
}

static const weir_operator_ops expand_ops = {.name = "Expand", .push = expand_push};

WEIR_OPERATOR_COMPILE(expand) {
    const weir_node_expand_exec *node = WEIR_NODE_AS(compiler->node, EXPAND_EXEC, expand_exec);
    expansion *data = WEIR_NEW(compiler->arena, expansion);
    data->projections_count = node->projections.count;
    data->programs = WEIR_NEW_ARRAY(compiler->arena, const weir_program *, node->projections.count + 1);
    for (int32_t p = 0; p < node->projections.count; p++) {
        const weir_node_expr_list *list = WEIR_NODE_AS(node->projections.items[p], EXPR_LIST, expr_list);
        if (p == 0) {
            data->columns_count = list->items.count;
            spec->schema = weir_operator_schema(compiler, list->items);
        }
        if (list->items.count != data->columns_count)
            WEIR_FAIL(err, INTERNAL_ERROR, "projections of unequal length in Expand");
        WEIR_TRY(
            weir_operator_program(compiler, list->items.items, list->items.count, &data->programs[p], err));
    }
    spec->ops = &expand_ops;
    spec->data = data;
    return WEIR_OK;
}
