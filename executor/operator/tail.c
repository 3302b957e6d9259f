/* Tail: the last N rows of its task's input, in their order. Rows are kept as compact batches, charged to the
 * task; a batch goes when those behind it hold N rows. Refused = OUT_OF_MEMORY. Task thread. */
#include "common/base/alloc.h"
#include "executor/operator/operator_int.h"

typedef struct tail_rows {
    weir_batch **batches; /* from `first` on, `count` of them */
    int32_t first, count, capacity;
    int64_t rows; /* in them */
} tail_rows;

static int64_t wanted(const weir_operator *op) {
    return *(const int64_t *)op->spec->data;
}

static weir_code tail_open(weir_operator *op, weir_error **err) {
    (void)err;
    op->data = weir_alloc_zero(1, sizeof(tail_rows));
    op->done = wanted(op) <= 0;
    return WEIR_OK;
}

static void tail_close(weir_operator *op) {
    tail_rows *tail = op->data;
    if (!tail)
        return;
    for (int32_t i = 0; i < tail->count; i++)
        weir_batch_unref(tail->batches[tail->first + i]);
    weir_free(tail->batches);
    weir_free(tail);
}

static void make_room(tail_rows *tail) {
    if (tail->first + tail->count < tail->capacity)
        return;
    if (tail->first > tail->count) {
        memmove(tail->batches, tail->batches + tail->first, sizeof *tail->batches * (size_t)tail->count);
        tail->first = 0;
        return;
    }
    tail->capacity = WEIR_MAX(16, 2 * tail->capacity);
    tail->batches = weir_realloc(tail->batches, sizeof *tail->batches * (size_t)tail->capacity);
}

static weir_code tail_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    tail_rows *tail = op->data;
    if (sel->count == 0)
        return WEIR_OK;
    make_room(tail);
    WEIR_TRY(weir_operator_compact(op->context->budget, batch, sel, &tail->batches[tail->first + tail->count],
                                   err));
    tail->count++;
    tail->rows += sel->count;
    while (tail->count > 1 && tail->rows - tail->batches[tail->first]->rows >= wanted(op)) {
        tail->rows -= tail->batches[tail->first]->rows;
        weir_batch_unref(tail->batches[tail->first++]);
        tail->count--;
    }
    return WEIR_OK;
}

static weir_code emit_behind(weir_operator *op, weir_batch *batch, int32_t skip, weir_error **err) {
    weir_sel sel = {NULL, batch->rows - skip};
    if (skip) {
        int32_t *rows = WEIR_NEW_ARRAY(op->context->eval->arena, int32_t, sel.count);
        for (int32_t i = 0; i < sel.count; i++)
            rows[i] = skip + i;
        sel.rows = rows;
    }
    return weir_operator_emit(op, batch, &sel, err);
}

static weir_code tail_finish(weir_operator *op, weir_error **err) {
    tail_rows *tail = op->data;
    int32_t skip = (int32_t)WEIR_MAX(tail->rows - wanted(op), (int64_t)0);
    for (int32_t i = 0; i < tail->count && wanted(op) > 0; i++, skip = 0)
        WEIR_TRY(emit_behind(op, tail->batches[tail->first + i], skip, err));
    return WEIR_OK;
}

static const weir_operator_ops tail_ops = {
    .name = "Tail", .open = tail_open, .push = tail_push, .finish = tail_finish, .close = tail_close};

WEIR_OPERATOR_COMPILE(tail) {
    (void)err;
    int64_t *count = WEIR_NEW(compiler->arena, int64_t);
    *count = WEIR_NODE_AS(compiler->node, TAIL_EXEC, tail_exec)->count;
    spec->ops = &tail_ops;
    spec->data = count;
    return WEIR_OK;
}
