/* Generate: a row for each item of its collection (explode, posexplode, inline and their outer forms).
 *
 * One pass over the collections writes three index lists: which row each output row repeats, which item it
 * takes, and the item's position; gathers make the columns of them, those alone that are wanted. Batches are
 * handed on whenever WEIR_BATCH_ROWS rows are full, so one long list becomes many batches; what the operators
 * behind use of the batch arena for each of them goes into an arena of this operator's own, which is reset in
 * between. Holds nothing back. Task thread. */
#include "executor/operator/operator_int.h"

typedef struct generation {
    const weir_program *program; /* the collection */
    const int64_t *outputs;      /* ordinals: columns of the input, the position, columns of an item */
    int32_t outputs_count;
    int32_t inputs_count;
    bool outer, fields;
} generation;

/* The rows that are not handed on yet. -1: no item. */
typedef struct pending {
    int32_t *rows, *items, *positions;
    int32_t count;
} pending;

static weir_code position_column(weir_budget *budget, const pending *p, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_column_new_fixed(budget, weir_type_of(WEIR_TYPE_INT), p->count, &column, err));
    memcpy(weir_column_values(column), p->positions, sizeof *p->positions * (size_t)p->count);
    uint8_t *validity = NULL;
    for (int32_t i = 0; i < p->count; i++) {
        if (p->positions[i] >= 0)
            continue;
        if (!validity)
            WEIR_TRY(weir_column_make_validity(budget, column, &validity, err));
        weir_bit_clear(validity, i);
    }
    *ret = column;
    column = NULL;
    return WEIR_OK;
}

/* Where the columns of an item lie: key and value of a map, the fields of a struct, or the item itself. */
static weir_column **item_columns(const generation *data, const weir_column *collection) {
    return data->fields ? collection->children[0]->children : collection->children;
}

/* A struct that is NULL has no fields: they are NULL whatever the children hold. */
static void drop_null_structs(const weir_column *structs, pending *p) {
    for (int32_t i = 0; structs->validity && i < p->count; i++)
        if (p->items[i] >= 0 && weir_column_is_null(structs, p->items[i]))
            p->items[i] = -1;
}

/* An outer generator asks for items of collections that have none at all. */
static weir_code gather_items(weir_budget *budget, const weir_column *items, const pending *p,
                              weir_column **ret, weir_error **err) {
    if (items->length == 0)
        return weir_column_new_nulls(budget, items->type, p->count, ret, err);
    return weir_column_gather(budget, items, p->items, p->count, ret, err);
}

static weir_code make_batch(weir_operator *op, const weir_batch *batch, const weir_column *collection,
                            pending *p, weir_batch **ret, weir_error **err) {
    const generation *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    weir_column **made = WEIR_NEW_ARRAY(eval->arena, weir_column *, data->outputs_count + 1);
    weir_column **items = item_columns(data, collection);
    weir_code code = WEIR_OK;
    if (data->fields)
        drop_null_structs(collection->children[0], p);
    for (int32_t i = 0; i < data->outputs_count && code == WEIR_OK; i++) {
        int64_t ordinal = data->outputs[i] - data->inputs_count;
        if (ordinal < 0)
            code = weir_column_gather(eval->budget, batch->columns[data->outputs[i]], p->rows, p->count,
                                      &made[i], err);
        else if (ordinal == 0)
            code = position_column(eval->budget, p, &made[i], err);
        else
            code = gather_items(eval->budget, items[ordinal - 1], p, &made[i], err);
    }
    if (code != WEIR_OK)
        weir_operator_unref_columns(made, data->outputs_count);
    else
        *ret = weir_batch_new(op->spec->schema, p->count, made, data->outputs_count);
    return code;
}

static weir_code flush(weir_operator *op, const weir_batch *batch, const weir_column *collection, pending *p,
                       weir_error **err) {
    weir_eval *eval = op->context->eval;
    weir_arena *own = op->data, *outer = eval->arena;
    _cleanup_batch_ weir_batch *made = NULL;
    if (p->count == 0)
        return WEIR_OK;
    eval->arena = own;
    weir_code code = make_batch(op, batch, collection, p, &made, err);
    if (code == WEIR_OK)
        code = weir_operator_emit(op, made, NULL, err);
    eval->arena = outer;
    weir_arena_reset(own);
    p->count = 0;
    return code;
}

/* All items of one row. */
static weir_code take_row(weir_operator *op, const weir_batch *batch, const weir_column *collection,
                          int32_t row, pending *p, weir_error **err) {
    const generation *data = op->spec->data;
    int32_t slot = weir_column_slot(collection, row);
    bool null = weir_column_is_null(collection, row);
    int32_t from = null ? 0 : collection->offsets[slot], to = null ? 0 : collection->offsets[slot + 1];
    int32_t at = from;
    if (from == to && data->outer) {
        p->rows[p->count] = row;
        p->items[p->count] = p->positions[p->count] = -1;
        p->count++;
    }
    while (at < to) {
        int32_t end = WEIR_MIN(to, at + WEIR_BATCH_ROWS - p->count);
        for (; at < end; at++, p->count++) {
            p->rows[p->count] = row;
            p->items[p->count] = at;
            p->positions[p->count] = at - from;
        }
        if (p->count == WEIR_BATCH_ROWS)
            WEIR_TRY(flush(op, batch, collection, p, err));
        if (weir_operator_is_done(op))
            return WEIR_OK;
    }
    return p->count == WEIR_BATCH_ROWS ? flush(op, batch, collection, p, err) : WEIR_OK;
}

static weir_code take_rows(weir_operator *op, const weir_batch *batch, const weir_column *collection,
                           const weir_sel *sel, weir_error **err) {
    weir_arena *arena = op->context->eval->arena;
    pending p = {.rows = WEIR_NEW_ARRAY(arena, int32_t, WEIR_BATCH_ROWS),
                 .items = WEIR_NEW_ARRAY(arena, int32_t, WEIR_BATCH_ROWS),
                 .positions = WEIR_NEW_ARRAY(arena, int32_t, WEIR_BATCH_ROWS)};
    for (int32_t i = 0; i < sel->count && !weir_operator_is_done(op); i++)
        WEIR_TRY(take_row(op, batch, collection, weir_sel_row(sel, i), &p, err));
    return flush(op, batch, collection, &p, err);
}

static weir_code generate_push(weir_operator *op, weir_batch *batch, const weir_sel *sel, weir_error **err) {
    const generation *data = op->spec->data;
    weir_eval *eval = op->context->eval;
    weir_column *collection = NULL;
    WEIR_TRY(weir_program_eval(data->program, eval, batch, sel, &collection, err));
    weir_code code = weir_operator_flatten(eval->budget, &collection, 1, err);
    if (code == WEIR_OK)
        code = take_rows(op, batch, collection, sel, err);
    weir_column_unref(collection);
    return code;
}

static weir_code generate_open(weir_operator *op, weir_error **err) {
    (void)err;
    op->data = weir_arena_new_in(op->context->budget);
    return WEIR_OK;
}

static void generate_close(weir_operator *op) {
    weir_arena_free(op->data);
}

static const weir_operator_ops generate_ops = {
    .name = "Generate", .open = generate_open, .push = generate_push, .close = generate_close};

/* The columns that an item has. */
static int32_t item_width(const weir_node_generate_exec *node) {
    const weir_type *type = node->generator->type;
    if (type->kind == WEIR_TYPE_MAP)
        return 2;
    return node->fields ? type->element->fields_count : 1;
}

WEIR_OPERATOR_COMPILE(generate) {
    const weir_node_generate_exec *node = WEIR_NODE_AS(compiler->node, GENERATE_EXEC, generate_exec);
    const weir_type *type = node->generator ? node->generator->type : NULL;
    bool list = type && (type->kind == WEIR_TYPE_ARRAY || type->kind == WEIR_TYPE_MAP);
    if (!list || (node->fields && (!type->element || type->element->kind != WEIR_TYPE_STRUCT)))
        WEIR_FAIL(err, INTERNAL_ERROR, "Generate over what is no collection");
    generation *data = WEIR_NEW(compiler->arena, generation);
    int64_t *outputs = WEIR_NEW_ARRAY(compiler->arena, int64_t, node->outputs.count + 1);
    data->inputs_count = compiler->input->fields_count;
    data->outputs_count = node->outputs.count;
    data->outputs = outputs;
    data->outer = node->outer;
    data->fields = node->fields;
    for (int32_t i = 0; i < node->outputs.count; i++) {
        outputs[i] = WEIR_NODE_AS(node->outputs.items[i], INPUT, input)->ordinal;
        if (outputs[i] < 0 || outputs[i] > data->inputs_count + item_width(node))
            WEIR_FAIL(err, INTERNAL_ERROR, "Generate of a column that is not there");
    }
    spec->ops = &generate_ops;
    spec->data = data;
    spec->schema = weir_operator_schema(compiler, node->outputs);
    return weir_operator_program(compiler, &node->generator, 1, &data->program, err);
}
