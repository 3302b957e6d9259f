/* Window: one column more for each window function. Rows come sorted by the partition's keys and the order;
 * all rows of one partition pass through one task.
 *
 *   push    looks for the ends of partitions (keys as bytes, compared with the row before) and keeps rows
 * until there are enough whole partitions: a chunk chunk   all functions over all its partitions at once,
 * column by column: ranks and neighbours are positions (over_rank.c, over_pick.c), aggregates work over
 * frames (over_frame.c, over_aggregate.c) finish  the last chunk
 *
 * Memory: the rows of the chunk at hand, so those of the largest partition at least, twice while they are put
 * together, and some numbers a row; charged to the task, refused = OUT_OF_MEMORY. Task thread. */
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/column/row_codec.h"
#include "executor/operator/over_int.h"

typedef struct pending {
    weir_batch **batches;
    int32_t count, capacity;
    int64_t rows;
    weir_buffer *starts_buffer; /* of the partitions in them, behind the first */
    int32_t starts_count;
    weir_rows keys;   /* of the batch at hand */
    weir_strbuf last; /* key of the last row */
} pending;

/* ---- for the other files ---- */

weir_code weir_over_ints(const weir_over_chunk *chunk, int64_t count, weir_buffer **ret, int32_t **ret_ints,
                         weir_error **err) {
    *ret = weir_buffer_new(chunk->budget, sizeof(int32_t) * (size_t)count);
    if (!*ret)
        return weir_operator_refused(chunk->op, err);
    *ret_ints = (int32_t *)(*ret)->data;
    return WEIR_OK;
}

weir_column *weir_over_arg(const weir_over_chunk *chunk, const weir_over_call *call, int32_t index) {
    const weir_node *arg = call->args[index];
    if (arg->kind == WEIR_NODE_LITERAL)
        return weir_column_constant(WEIR_NODE_AS(arg, LITERAL, literal)->value, chunk->rows);
    return weir_column_ref(chunk->all->columns[WEIR_NODE_AS(arg, INPUT, input)->ordinal]);
}

int32_t weir_over_constant(const weir_over_call *call, int32_t index) {
    return *(const int32_t *)(const void *)WEIR_NODE_AS(call->args[index], LITERAL, literal)->value->values;
}

weir_code weir_over_gather(const weir_over_chunk *chunk, const weir_column *column, const int32_t *picks,
                           weir_column **ret, weir_error **err) {
    return weir_column_gather(chunk->budget, column, picks, chunk->rows, ret, err);
}

/* ---- one chunk ---- */

static weir_code compute_kept(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                              weir_error **err) {
    switch (call->kind) {
    case WEIR_OVER_AGGREGATE:
        WEIR_TRY(weir_over_sliding(chunk, call, ret, err));
        return *ret ? WEIR_OK : weir_over_aggregate(chunk, call, ret, err);
    case WEIR_OVER_LAG:
    case WEIR_OVER_LEAD:
    case WEIR_OVER_FIRST:
    case WEIR_OVER_LAST:
    case WEIR_OVER_NTH:
        return weir_over_pick(chunk, call, ret, err);
    default:
        return weir_over_rank(chunk, call, ret, err);
    }
}

static weir_code compute_call(weir_over_chunk *chunk, const weir_over_call *call, weir_column **ret,
                              weir_error **err) {
    _cleanup_buffer_ weir_buffer *buffer = NULL;
    chunk->kept = NULL;
    if (call->filter >= 0) {
        const weir_column *filter = chunk->all->columns[call->filter];
        buffer = weir_buffer_new(chunk->budget, (size_t)chunk->rows);
        if (!buffer)
            return weir_operator_refused(chunk->op, err);
        for (int32_t i = 0; i < chunk->rows; i++)
            buffer->data[i] =
                !weir_column_is_null(filter, i) && weir_bit_get(filter->values, weir_column_slot(filter, i));
        chunk->kept = buffer->data;
    }
    return compute_kept(chunk, call, ret, err);
}

/* The calls of one frame; -1: those without any. */
static weir_code compute_frame(weir_over_chunk *chunk, int32_t frame, weir_column **results,
                               weir_error **err) {
    _cleanup_buffer_ weir_buffer *lower = NULL, *upper = NULL;
    int32_t *rows[2];
    if (frame >= 0) {
        WEIR_TRY(weir_over_ints(chunk, chunk->rows, &lower, &rows[0], err));
        WEIR_TRY(weir_over_ints(chunk, chunk->rows, &upper, &rows[1], err));
        WEIR_TRY(weir_over_frame_rows(chunk, &chunk->spec->frames[frame], rows[0], rows[1], err));
        chunk->lower = rows[0];
        chunk->upper = rows[1];
    }
    for (int32_t i = 0; i < chunk->spec->calls_count; i++)
        if (chunk->spec->calls[i].frame == frame)
            WEIR_TRY(compute_call(chunk, &chunk->spec->calls[i], &results[i], err));
    return WEIR_OK;
}

static weir_code emit_rows(const weir_over_chunk *chunk, weir_column *const *columns, int32_t count,
                           weir_error **err) {
    weir_column **part = weir_alloc_zero((size_t)count + 1, sizeof *part);
    weir_code code = WEIR_OK;
    for (int32_t from = 0; from < chunk->rows && code == WEIR_OK && !weir_operator_is_done(chunk->op->next);
         from += WEIR_BATCH_ROWS) {
        int32_t rows = WEIR_MIN(WEIR_BATCH_ROWS, chunk->rows - from), made = 0;
        for (; made < count && code == WEIR_OK; made++)
            code = weir_column_slice(chunk->budget, columns[made], from, rows, &part[made], err);
        if (code != WEIR_OK) {
            weir_operator_unref_columns(part, made - 1);
            break;
        }
        _cleanup_batch_ weir_batch *batch = weir_batch_new(chunk->op->spec->schema, rows, part, count);
        code = weir_operator_emit(chunk->op, batch, NULL, err);
    }
    weir_free(part);
    return code;
}

static weir_code compute_chunk(weir_over_chunk *chunk, weir_error **err) {
    int32_t inputs = chunk->all->columns_count, calls = chunk->spec->calls_count;
    weir_column **columns = weir_alloc_zero((size_t)(inputs + calls) + 1, sizeof *columns);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < inputs; i++)
        columns[i] = weir_column_ref(chunk->all->columns[i]);
    for (int32_t frame = -1; frame < chunk->spec->frames_count && code == WEIR_OK; frame++)
        code = compute_frame(chunk, frame, columns + inputs, err);
    if (code == WEIR_OK)
        code = emit_rows(chunk, columns, inputs + calls, err);
    weir_operator_unref_columns(columns, inputs + calls);
    weir_free(columns);
    weir_buffer_unref(chunk->peers_buffer);
    return code;
}

/* ---- putting chunks together ---- */

static void drop_batches(pending *rows) {
    for (int32_t i = 0; i < rows->count; i++)
        weir_batch_unref(rows->batches[i]);
    rows->count = 0;
    rows->rows = 0;
    rows->starts_count = 0;
}

/* One batch of all that is kept; no column is a dictionary. */
static weir_code take_rows(weir_operator *op, weir_batch **ret, weir_error **err) {
    pending *rows = op->data;
    weir_budget *budget = op->context->budget;
    _cleanup_batch_ weir_batch *all = NULL;
    const weir_type *schema = rows->batches[0]->schema;
    WEIR_TRY(weir_batch_concat(budget, schema, rows->batches, rows->count, &all, err));
    weir_column **columns = weir_alloc_zero((size_t)all->columns_count + 1, sizeof *columns);
    for (int32_t i = 0; i < all->columns_count; i++)
        columns[i] = weir_column_ref(all->columns[i]);
    weir_code code = weir_operator_flatten(budget, columns, all->columns_count, err);
    if (code == WEIR_OK)
        *ret = weir_batch_new(schema, all->rows, columns, all->columns_count);
    else
        weir_operator_unref_columns(columns, all->columns_count);
    weir_free(columns);
    return code;
}

/* Gives out what is kept: whole partitions. */
static weir_code flush(weir_operator *op, weir_error **err) {
    pending *rows = op->data;
    if (rows->rows == 0)
        return WEIR_OK;
    weir_over_chunk chunk = {.op = op,
                             .spec = op->spec->data,
                             .budget = op->context->budget,
                             .eval = op->context->eval,
                             .partitions = rows->starts_count + 1};
    _cleanup_buffer_ weir_buffer *starts = NULL;
    _cleanup_batch_ weir_batch *all = NULL;
    int32_t *ints = NULL;
    WEIR_TRY(weir_over_ints(&chunk, (int64_t)chunk.partitions + 1, &starts, &ints, err));
    ints[0] = 0;
    if (rows->starts_count)
        memcpy(ints + 1, rows->starts_buffer->data, sizeof *ints * (size_t)rows->starts_count);
    ints[chunk.partitions] = (int32_t)rows->rows;
    WEIR_TRY(take_rows(op, &all, err));
    drop_batches(rows);
    chunk.all = all;
    chunk.rows = all->rows;
    chunk.starts = ints;
    return compute_chunk(&chunk, err);
}

static weir_code keep(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    pending *rows = op->data;
    if (rows->rows + sel->count > INT32_MAX / 2)
        return weir_operator_refused(op, err);
    if (rows->count == rows->capacity) {
        rows->capacity = WEIR_MAX(16, 2 * rows->capacity);
        rows->batches = weir_realloc(rows->batches, sizeof *rows->batches * (size_t)rows->capacity);
    }
    WEIR_TRY(weir_operator_compact(op->context->budget, batch, sel, &rows->batches[rows->count], err));
    rows->count++;
    rows->rows += sel->count;
    return WEIR_OK;
}

static weir_code add_start(weir_operator *op, int32_t start, weir_error **err) {
    pending *rows = op->data;
    size_t bytes = sizeof start * ((size_t)rows->starts_count + 1);
    if (!rows->starts_buffer)
        rows->starts_buffer = weir_buffer_new(op->context->budget, sizeof start * WEIR_BATCH_ROWS);
    if (!rows->starts_buffer ||
        (rows->starts_buffer->capacity < bytes && !weir_buffer_reserve(rows->starts_buffer, 2 * bytes)))
        return weir_operator_refused(op, err);
    ((int32_t *)rows->starts_buffer->data)[rows->starts_count++] = start;
    return WEIR_OK;
}

static weir_code encode_keys(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const weir_over_spec *spec = op->spec->data;
    pending *rows = op->data;
    weir_column **columns = WEIR_NEW_ARRAY(op->context->eval->arena, weir_column *, spec->keys_count + 1);
    for (int32_t i = 0; i < spec->keys_count; i++)
        columns[i] = batch->columns[spec->keys[i]];
    return weir_rows_encode(&rows->keys, columns, spec->keys_count, sel, err);
}

static weir_sel part_of(const weir_sel *sel, int32_t from, int32_t count, weir_arena *arena) {
    if (from == 0)
        return (weir_sel){sel->rows, count};
    int32_t *some = WEIR_NEW_ARRAY(arena, int32_t, count + 1);
    for (int32_t i = 0; i < count; i++)
        some[i] = weir_sel_row(sel, from + i);
    return (weir_sel){some, count};
}

/* Notes where partitions begin, seen from the rows that are kept; *ret is the last of them in the batch, or
 * 0. */
static weir_code find_starts(weir_operator *op, int32_t count, int32_t *ret, weir_error **err) {
    pending *rows = op->data;
    *ret = 0;
    for (int32_t i = 0; i < count; i++) {
        weir_str key = weir_rows_at(&rows->keys, i);
        weir_str before = i > 0 ? weir_rows_at(&rows->keys, i - 1) : weir_strbuf_view(&rows->last);
        if ((i == 0 && rows->rows == 0) || weir_str_equal(key, before))
            continue;
        WEIR_TRY(add_start(op, (int32_t)rows->rows + i, err));
        *ret = i;
    }
    return WEIR_OK;
}

/* The rows in front of the last partition's start are whole partitions. */
static weir_code split_at(weir_operator *op, weir_batch *batch, const weir_sel *sel, int32_t at,
                          weir_error **err) {
    pending *rows = op->data;
    weir_arena *arena = op->context->eval->arena;
    weir_sel front = part_of(sel, 0, at, arena), back = part_of(sel, at, sel->count - at, arena);
    rows->starts_count--; /* the last one begins the next chunk */
    if (at > 0)
        WEIR_TRY(keep(op, batch, &front, err));
    WEIR_TRY(flush(op, err));
    return keep(op, batch, &back, err);
}

static weir_code over_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const weir_over_spec *spec = op->spec->data;
    pending *rows = op->data;
    int32_t last = 0, starts = rows->starts_count;
    if (spec->keys_count == 0)
        return keep(op, batch, sel, err);
    WEIR_TRY(encode_keys(op, batch, sel, err));
    WEIR_TRY(find_starts(op, sel->count, &last, err));
    weir_str key = weir_rows_at(&rows->keys, sel->count - 1);
    weir_strbuf_clear(&rows->last);
    weir_strbuf_add(&rows->last, key);
    bool enough = rows->starts_count > starts && rows->rows + last >= WEIR_BATCH_ROWS;
    return enough ? split_at(op, batch, sel, last, err) : keep(op, batch, sel, err);
}

static weir_code over_finish(weir_operator *op, weir_error **err) {
    WEIR_TRY(flush(op, err));
    weir_arena_reset(op->context->eval->arena);
    return WEIR_OK;
}

static weir_code over_open(weir_operator *op, weir_error **err) {
    (void)err;
    pending *rows = weir_alloc_zero(1, sizeof *rows);
    rows->keys.budget = op->context->budget;
    op->data = rows;
    return WEIR_OK;
}

static void over_close(weir_operator *op) {
    pending *rows = op->data;
    if (!rows)
        return;
    drop_batches(rows);
    weir_buffer_unref(rows->starts_buffer);
    weir_rows_fini(&rows->keys);
    weir_strbuf_fini(&rows->last);
    weir_free(rows->batches);
    weir_free(rows);
}

static const weir_operator_ops over_ops = {
    .name = "Window", .open = over_open, .push = over_push, .finish = over_finish, .close = over_close};

/* ---- compile ---- */

static weir_over_kind kind_of(const weir_function *function) {
    static const struct {
        const char *name;
        weir_over_kind kind;
    } kinds[] = {
        {"row_number", WEIR_OVER_ROW_NUMBER},
        {"rank", WEIR_OVER_RANK},
        {"dense_rank", WEIR_OVER_DENSE_RANK},
        {"percent_rank", WEIR_OVER_PERCENT_RANK},
        {"cume_dist", WEIR_OVER_CUME_DIST},
        {"ntile", WEIR_OVER_NTILE},
        {"lag", WEIR_OVER_LAG},
        {"lead", WEIR_OVER_LEAD},
        {"nth_value", WEIR_OVER_NTH},
        {"first", WEIR_OVER_FIRST},
        {"first_value", WEIR_OVER_FIRST},
        {"any_value", WEIR_OVER_FIRST},
        {"last", WEIR_OVER_LAST},
        {"last_value", WEIR_OVER_LAST},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(kinds); i++)
        if (strcmp(function->name, kinds[i].name) == 0)
            return kinds[i].kind;
    return WEIR_OVER_AGGREGATE;
}

static int32_t ordinal_of(const weir_node *node) {
    return (int32_t)WEIR_NODE_AS(node, INPUT, input)->ordinal;
}

static int32_t offset_of(const weir_node *value, int64_t frame) {
    if (!value || frame != WEIR_FRAME_ROWS)
        return 0;
    return *(const int32_t *)(const void *)WEIR_NODE_AS(value, LITERAL, literal)->value->values;
}

/* The number of the call's frame, which may be that of an earlier call. */
static int32_t add_frame(weir_over_spec *spec, const weir_node_window_spec *window) {
    weir_over_frame frame = {.frame = window->frame,
                             .lower = window->lower,
                             .upper = window->upper,
                             .lower_offset = offset_of(window->lower_value, window->frame),
                             .upper_offset = offset_of(window->upper_value, window->frame),
                             .lower_column = window->range_lower ? ordinal_of(window->range_lower) : -1,
                             .upper_column = window->range_upper ? ordinal_of(window->range_upper) : -1};
    int32_t at = 0;
    while (at < spec->frames_count && memcmp(&spec->frames[at], &frame, sizeof frame) != 0)
        at++;
    spec->frames[at] = frame;
    spec->frames_count = WEIR_MAX(spec->frames_count, at + 1);
    return at;
}

static weir_code compile_call(const weir_operator_compiler *compiler, const weir_node_window_call *node,
                              weir_over_spec *spec, weir_over_call *call, weir_error **err) {
    if (node->args.count > WEIR_AGGREGATE_ARGS_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of more than %d expressions is not supported.",
                  node->function->name, WEIR_AGGREGATE_ARGS_MAX);
    call->function = node->function;
    call->kind = kind_of(node->function);
    call->type = node->node.type;
    call->ignore_nulls = node->ignore_nulls;
    call->filter = node->filter ? ordinal_of(node->filter) : -1;
    call->args_count = node->args.count;
    for (int32_t i = 0; i < call->args_count; i++) {
        call->args[i] = node->args.items[i];
        call->arg_types[i] = node->args.items[i]->type;
    }
    bool framed = call->kind == WEIR_OVER_AGGREGATE || call->kind >= WEIR_OVER_FIRST;
    call->frame = framed ? add_frame(spec, WEIR_NODE_AS(node->spec, WINDOW_SPEC, window_spec)) : -1;
    if (call->kind != WEIR_OVER_AGGREGATE)
        return WEIR_OK;
    if (!node->function->aggregate)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s over a window is not supported.", node->function->name);
    call->states_count = node->function->aggregate->state_types(
        compiler->arena, call->arg_types, call->args_count, call->type, call->state_types);
    return WEIR_OK;
}

WEIR_OPERATOR_COMPILE(over) {
    const weir_node_window_exec *node = WEIR_NODE_AS(compiler->node, WINDOW_EXEC, window_exec);
    weir_arena *arena = compiler->arena;
    weir_over_spec *data = WEIR_NEW(arena, weir_over_spec);
    data->keys_count = node->partition.count;
    data->keys = WEIR_NEW_ARRAY(arena, int32_t, data->keys_count + 1);
    for (int32_t i = 0; i < data->keys_count; i++)
        data->keys[i] = ordinal_of(node->partition.items[i]);
    data->orders_count = node->orders.count;
    data->orders = WEIR_NEW_ARRAY(arena, int32_t, data->orders_count + 1);
    data->directions = WEIR_NEW_ARRAY(arena, weir_sort_order, data->orders_count + 1);
    for (int32_t i = 0; i < data->orders_count; i++) {
        const weir_node_sort_order *order = WEIR_NODE_AS(node->orders.items[i], SORT_ORDER, sort_order);
        data->orders[i] = ordinal_of(order->child);
        data->directions[i] =
            (weir_sort_order){.descending = !order->ascending, .nulls_last = !order->nulls_first};
    }
    data->calls_count = node->calls.count;
    data->calls = WEIR_NEW_ARRAY(arena, weir_over_call, data->calls_count + 1);
    data->frames = WEIR_NEW_ARRAY(arena, weir_over_frame, data->calls_count + 1);
    for (int32_t i = 0; i < data->calls_count; i++)
        WEIR_TRY(compile_call(compiler, WEIR_NODE_AS(node->calls.items[i], WINDOW_CALL, window_call), data,
                              &data->calls[i], err));
    spec->ops = &over_ops;
    spec->data = data;
    spec->schema = compiler->node->type;
    return WEIR_OK;
}
