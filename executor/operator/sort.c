/* Sort: in memory, stable, every orderable type. Rows are kept as compact batches; finish encodes one
 * normalised key per row (common/column/sort_key.h: directions and NULL order are in the bytes) and merges
 * runs of (8-byte prefix, row) by comparing prefixes first and whole keys on a tie. Where only the first rows
 * are wanted, what cannot be among them is dropped each time that many rows more than wanted have come.
 * Memory: the rows twice and their keys, charged to the task; refused = OUT_OF_MEMORY. Task thread. */
#include "common/base/alloc.h"
#include "common/column/sort_key.h"
#include "executor/operator/operator_int.h"

typedef struct sort_spec {
    const weir_program *program;
    int32_t count;
    weir_sort_order *orders;
    int64_t limit; /* 0 = none */
} sort_spec;

typedef struct sorter {
    weir_batch **batches;
    int32_t count, capacity;
    int64_t rows;
} sorter;

typedef struct item {
    uint64_t prefix;
    int32_t row;
} item;

static weir_code sort_open(weir_operator *op, weir_error **err) {
    (void)err;
    op->data = weir_alloc_zero(1, sizeof(sorter));
    return WEIR_OK;
}

static void sort_close(weir_operator *op) {
    sorter *s = op->data;
    if (!s)
        return;
    for (int32_t i = 0; i < s->count; i++)
        weir_batch_unref(s->batches[i]);
    weir_free(s->batches);
    weir_free(s);
}

static inline uint64_t prefix_of(weir_str key) {
    uint8_t bytes[8] = {0};
    memcpy(bytes, key.data, WEIR_MIN(key.size, (size_t)8));
    return __builtin_bswap64(weir_load64(bytes));
}

static inline bool not_after(const weir_rows *keys, const item *a, const item *b) {
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    return weir_str_compare(weir_rows_at(keys, a->row), weir_rows_at(keys, b->row)) <= 0;
}

#define RUN 16

/* Bottom-up merge sort; stable. `from` and `to` swap roles; gives the one that holds the result. */
static item *merge_sort(const weir_rows *keys, item *from, item *to, int64_t count) {
    for (int64_t start = 0; start < count; start += RUN) {
        int64_t end = WEIR_MIN(start + RUN, count);
        for (int64_t i = start + 1; i < end; i++) {
            item mine = from[i];
            int64_t at = i;
            for (; at > start && !not_after(keys, &from[at - 1], &mine); at--)
                from[at] = from[at - 1];
            from[at] = mine;
        }
    }
    for (int64_t width = RUN; width < count; width *= 2) {
        for (int64_t start = 0; start < count; start += 2 * width) {
            int64_t middle = WEIR_MIN(start + width, count), end = WEIR_MIN(start + 2 * width, count);
            int64_t a = start, b = middle;
            for (int64_t at = start; at < end; at++) {
                bool left = b == end || (a < middle && not_after(keys, &from[a], &from[b]));
                to[at] = left ? from[a++] : from[b++];
            }
        }
        item *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* The first `wanted` rows in batches to `take`. */
static weir_code give_sorted(weir_operator *op, weir_batch *all, const item *items, int32_t wanted,
                             weir_code (*take)(weir_operator *op, weir_batch *batch, weir_error **err),
                             weir_error **err) {
    weir_eval *eval = op->context->eval;
    for (int32_t from = 0; from < wanted; from += WEIR_BATCH_ROWS) {
        int32_t count = WEIR_MIN(WEIR_BATCH_ROWS, wanted - from);
        int32_t rows[WEIR_BATCH_ROWS];
        for (int32_t i = 0; i < count; i++)
            rows[i] = items[from + i].row;
        _cleanup_batch_ weir_batch *sorted = NULL;
        WEIR_TRY(weir_batch_gather(eval->budget, all, rows, count, &sorted, err));
        WEIR_TRY(take(op, sorted, err));
    }
    return WEIR_OK;
}

static weir_code emit_batch(weir_operator *op, weir_batch *batch, weir_error **err) {
    if (weir_operator_is_done(op->next))
        return WEIR_OK;
    WEIR_TRY(weir_operator_emit(op, batch, NULL, err));
    weir_arena_reset(op->context->eval->arena);
    return WEIR_OK;
}

static weir_code keep_batch(weir_operator *op, weir_batch *batch, weir_error **err) {
    (void)err;
    sorter *s = op->data;
    if (s->count == s->capacity) {
        s->capacity = WEIR_MAX(16, 2 * s->capacity);
        s->batches = weir_realloc(s->batches, sizeof(*s->batches) * (size_t)s->capacity);
    }
    s->batches[s->count++] = weir_batch_ref(batch);
    s->rows += batch->rows;
    return WEIR_OK;
}

static weir_code encode_keys(weir_operator *op, weir_batch *all, weir_rows *keys, weir_error **err) {
    const sort_spec *spec = op->spec->data;
    weir_column **columns = weir_alloc_zero((size_t)spec->count + 1, sizeof *columns);
    weir_sel sel = {NULL, all->rows};
    weir_arena_mark mark = weir_arena_mark_here(op->context->eval->arena);
    weir_code code = weir_program_eval(spec->program, op->context->eval, all, &sel, columns, err);
    if (code == WEIR_OK)
        code = weir_sort_key_encode(keys, columns, spec->orders, spec->count, &sel, err);
    weir_operator_unref_columns(columns, spec->count);
    weir_free(columns);
    weir_arena_rewind(op->context->eval->arena, mark);
    return code;
}

static weir_code sort_all(weir_operator *op, weir_batch *all, weir_rows *keys,
                          weir_code (*take)(weir_operator *op, weir_batch *batch, weir_error **err),
                          weir_error **err) {
    const sort_spec *spec = op->spec->data;
    WEIR_TRY(encode_keys(op, all, keys, err));
    size_t bytes = sizeof(item) * (size_t)all->rows;
    _cleanup_buffer_ weir_buffer *first = weir_buffer_new(op->context->budget, bytes);
    _cleanup_buffer_ weir_buffer *second = weir_buffer_new(op->context->budget, bytes);
    if (!first || !second)
        return weir_operator_refused(op, err);
    item *items = (item *)first->data;
    for (int32_t i = 0; i < all->rows; i++)
        items[i] = (item){prefix_of(weir_rows_at(keys, i)), i};
    items = merge_sort(keys, items, (item *)second->data, all->rows);
    int32_t wanted = spec->limit && spec->limit < all->rows ? (int32_t)spec->limit : all->rows;
    return give_sorted(op, all, items, wanted, take, err);
}

/* All rows that are kept go to `take` in order; the operator keeps none. */
static weir_code sort_kept(weir_operator *op,
                           weir_code (*take)(weir_operator *op, weir_batch *batch, weir_error **err),
                           weir_error **err) {
    sorter *s = op->data;
    _cleanup_batch_ weir_batch *all = NULL;
    WEIR_TRY(weir_batch_concat(op->context->budget, op->spec->schema, s->batches, s->count, &all, err));
    for (int32_t i = 0; i < s->count; i++)
        weir_batch_unref(s->batches[i]);
    s->count = 0;
    s->rows = 0;
    weir_rows keys = {.budget = op->context->budget};
    weir_code code = sort_all(op, all, &keys, take, err);
    weir_rows_fini(&keys);
    return code;
}

#define SLACK_MIN 65536 /* rows beyond the limit before they are looked at */

static weir_code sort_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const sort_spec *spec = op->spec->data;
    sorter *s = op->data;
    if (s->rows + sel->count > INT32_MAX / 2)
        return weir_operator_refused(op, err);
    _cleanup_batch_ weir_batch *dense = NULL;
    WEIR_TRY(weir_operator_compact(op->context->budget, batch, sel, &dense, err));
    WEIR_TRY(keep_batch(op, dense, err));
    if (spec->limit && s->rows - spec->limit > WEIR_MAX(spec->limit, SLACK_MIN))
        return sort_kept(op, keep_batch, err);
    return WEIR_OK;
}

static weir_code sort_finish(weir_operator *op, weir_error **err) {
    const sorter *s = op->data;
    return s->rows ? sort_kept(op, emit_batch, err) : WEIR_OK;
}

static const weir_operator_ops sort_ops = {
    .name = "Sort", .open = sort_open, .push = sort_push, .finish = sort_finish, .close = sort_close};

WEIR_OPERATOR_COMPILE(sort) {
    const weir_node_sort_exec *node = WEIR_NODE_AS(compiler->node, SORT_EXEC, sort_exec);
    sort_spec *data = WEIR_NEW(compiler->arena, sort_spec);
    data->count = node->orders.count;
    data->limit = node->limit;
    data->orders = WEIR_NEW_ARRAY(compiler->arena, weir_sort_order, data->count + 1);
    weir_node **exprs = WEIR_NEW_ARRAY(compiler->arena, weir_node *, data->count + 1);
    for (int32_t i = 0; i < data->count; i++) {
        const weir_node_sort_order *order = WEIR_NODE_AS(node->orders.items[i], SORT_ORDER, sort_order);
        exprs[i] = order->child;
        data->orders[i] =
            (weir_sort_order){.descending = !order->ascending, .nulls_last = !order->nulls_first};
    }
    spec->ops = &sort_ops;
    spec->data = data;
    return weir_operator_program(compiler, exprs, data->count, &data->program, err);
}
