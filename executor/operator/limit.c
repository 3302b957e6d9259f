/* Limit and offset: the N rows of its task's input behind the first `skip`, then done, so that the head of
 * the chain can stop reading. Task thread. */
#include "common/base/alloc.h"
#include "executor/operator/operator_int.h"

typedef struct limit_rows {
    int64_t skip, left;
} limit_rows;

static weir_code limit_open(weir_operator *op, weir_error **err) {
    (void)err;
    limit_rows *rows = WEIR_NEW(op->context->arena, limit_rows);
    *rows = *(const limit_rows *)op->spec->data;
    op->data = rows;
    op->done = rows->left <= 0;
    return WEIR_OK;
}

static weir_code limit_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    limit_rows *rows = op->data;
    int32_t from = (int32_t)WEIR_MIN((int64_t)sel->count, rows->skip);
    weir_sel some = {sel->rows, (int32_t)WEIR_MIN((int64_t)sel->count - from, rows->left)};
    rows->skip -= from;
    rows->left -= some.count;
    op->done = rows->left <= 0;
    if (from == 0)
        return weir_operator_emit(op, batch, &some, err);
    if (some.count == 0)
        return WEIR_OK;
    int32_t *behind = WEIR_NEW_ARRAY(op->context->eval->arena, int32_t, some.count);
    for (int32_t i = 0; i < some.count; i++)
        behind[i] = sel->rows ? sel->rows[from + i] : from + i;
    some.rows = behind;
    return weir_operator_emit(op, batch, &some, err);
}

static const weir_operator_ops limit_ops = {.name = "Limit", .open = limit_open, .push = limit_push};

WEIR_OPERATOR_COMPILE(limit) {
    (void)err;
    const weir_node_limit_exec *node = WEIR_NODE_AS(compiler->node, LIMIT_EXEC, limit_exec);
    limit_rows *rows = WEIR_NEW(compiler->arena, limit_rows);
    *rows = (limit_rows){node->skip, node->count < 0 ? INT64_MAX : node->count};
    spec->ops = &limit_ops;
    spec->data = rows;
    return WEIR_OK;
}
