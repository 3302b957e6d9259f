/* Filter and project. A filter narrows the selection and copies rows only where few are left (fewer than one
 * in COMPACT_RATIO), so that what follows does not work on mostly dead batches. A project evaluates its
 * expressions for the selected rows and hands the selection on. Neither holds rows back. Errors of ANSI
 * expressions come up as they are. Task thread. */
#include "executor/operator/operator_int.h"

#define COMPACT_RATIO 8

typedef struct expressions {
    const weir_program *program;
    int32_t count;
} expressions;

static weir_code compile(const weir_operator_compiler *compiler, weir_operator_spec *spec,
                         weir_node *const *exprs, int32_t count, weir_error **err) {
    expressions *data = WEIR_NEW(compiler->arena, expressions);
    data->count = count;
    WEIR_TRY(weir_operator_program(compiler, exprs, count, &data->program, err));
    spec->data = data;
    return WEIR_OK;
}

/* ---- filter ---- */

static weir_code filter_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const expressions *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    int32_t *rows = WEIR_NEW_ARRAY(eval->arena, int32_t, sel->count), count;
    WEIR_TRY(weir_program_filter(data->program, eval, batch, sel, rows, &count, err));
    if (count == 0)
        return WEIR_OK;
    if (count == sel->count)
        return weir_operator_emit(op, batch, sel, err);
    weir_sel live = {rows, count};
    if ((int64_t)count * COMPACT_RATIO >= batch->rows)
        return weir_operator_emit(op, batch, &live, err);
    _cleanup_batch_ weir_batch *compact = NULL;
    WEIR_TRY(weir_operator_compact(eval->budget, batch, &live, &compact, err));
    return weir_operator_emit(op, compact, NULL, err);
}

static const weir_operator_ops filter_ops = {.name = "Filter", .push = filter_push};

WEIR_OPERATOR_COMPILE(filter) {
    const weir_node_filter_exec *node = WEIR_NODE_AS(compiler->node, FILTER_EXEC, filter_exec);
    weir_node *condition = node->condition;
    spec->ops = &filter_ops;
    return compile(compiler, spec, &condition, 1, err);
}

/* ---- project ---- */

static weir_code project_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const expressions *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    weir_column **columns = WEIR_NEW_ARRAY(eval->arena, weir_column *, data->count + 1);
    WEIR_TRY(weir_program_eval(data->program, eval, batch, sel, columns, err));
    _cleanup_batch_ weir_batch *projected =
        weir_batch_new(op->spec->schema, batch->rows, columns, data->count);
    return weir_operator_emit(op, projected, sel, err);
}

static const weir_operator_ops project_ops = {.name = "Project", .push = project_push};

WEIR_OPERATOR_COMPILE(project) {
    const weir_node_project_exec *node = WEIR_NODE_AS(compiler->node, PROJECT_EXEC, project_exec);
    spec->ops = &project_ops;
    spec->schema = weir_operator_schema(compiler, node->exprs);
    return compile(compiler, spec, node->exprs.items, node->exprs.count, err);
}
