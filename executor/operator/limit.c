/* Limit: the first N rows of its task's input, then done, so that the head of the chain can stop reading.
 * Task thread. */
#include "common/base/alloc.h"
#include "executor/operator/operator_int.h"

static weir_code limit_open(weir_operator *op, weir_error **err) {
    (void)err;
    int64_t *left = WEIR_NEW(op->context->arena, int64_t);
    *left = *(const int64_t *)op->spec->data;
    op->data = left;
    op->done = *left <= 0;
    return WEIR_OK;
}

static weir_code limit_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    int64_t *left = op->data;
    weir_sel first = {sel->rows, (int32_t)WEIR_MIN((int64_t)sel->count, *left)};
    *left -= first.count;
    op->done = *left <= 0;
    return weir_operator_emit(op, batch, &first, err);
}

static const weir_operator_ops limit_ops = {.name = "Limit", .open = limit_open, .push = limit_push};

WEIR_OPERATOR_COMPILE(limit) {
    (void)err;
    const weir_node_limit_exec *node = WEIR_NODE_AS(compiler->node, LIMIT_EXEC, limit_exec);
    int64_t *count = WEIR_NEW(compiler->arena, int64_t);
    *count = node->count;
    spec->ops = &limit_ops;
    spec->data = count;
    return WEIR_OK;
}
