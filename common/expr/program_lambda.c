/* Lambdas (lambda_int.h): compiling a body to a sub-program over parameters and captured columns, and the
 * flattened rows that it runs over.
 *
 * Compilation renumbers the leaves of the body: its own parameters become columns 0, 1, ...; columns of the
 * enclosing program, which for a nested lambda are the enclosing lambda's parameters too, become captured
 * columns behind them. So a nested lambda is compiled when its enclosing body is, as any call. One thread per
 * compile; runs on the task's thread. */
#include "common/expr/lambda_int.h"

#include <limits.h>

/* ---- compiling ---- */
typedef struct remap {
    weir_arena *arena;
    const weir_node_lambda *lambda;
    weir_node_list *captures; /* INPUT nodes of the enclosing program */
    int32_t *used;            /* positions in captures, in the order of the sub-program's columns */
    int32_t used_count;
    bool hidden; /* within a nested lambda whose parameters have the same ids */
} remap;

static weir_node *make_input(weir_arena *arena, const weir_node *from, int32_t ordinal) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->ordinal = ordinal;
    input->node.type = from->type;
    input->node.nullable = from->nullable;
    input->node.resolved = true;
    return &input->node;
}

static int32_t capture_of(remap *r, const weir_node_input *input) {
    int32_t at = 0;
    while (at < r->captures->count &&
           WEIR_NODE_AS(r->captures->items[at], INPUT, input)->ordinal != input->ordinal)
        at++;
    if (at == r->captures->count)
        weir_node_list_add(r->arena, r->captures,
                           make_input(r->arena, &input->node, (int32_t)input->ordinal));
    int32_t place = 0;
    while (place < r->used_count && r->used[place] != at)
        place++;
    if (place == r->used_count) {
        int32_t *used = WEIR_NEW_ARRAY(r->arena, int32_t, r->used_count + 1);
        if (r->used_count)
            memcpy(used, r->used, sizeof(*used) * (size_t)r->used_count);
        used[r->used_count++] = at;
        r->used = used;
    }
    return (int32_t)r->lambda->parameters.count + place;
}

static bool shares_ids(const weir_node_lambda *a, const weir_node_lambda *b) {
    for (int32_t i = 0; i < a->parameters.count; i++)
        for (int32_t k = 0; k < b->parameters.count; k++)
            if (WEIR_NODE_AS(a->parameters.items[i], LAMBDA_VARIABLE, lambda_variable)->id ==
                WEIR_NODE_AS(b->parameters.items[k], LAMBDA_VARIABLE, lambda_variable)->id)
                return true;
    return false;
}

static weir_code remap_leaf(weir_arena *arena, weir_node *node, void *data, weir_node **ret,
                            weir_error **err) {
    remap *r = data;
    *ret = node;
    if (node->kind == WEIR_NODE_INPUT) {
        *ret = make_input(arena, node, capture_of(r, WEIR_NODE_AS(node, INPUT, input)));
    } else if (node->kind == WEIR_NODE_LAMBDA_VARIABLE && !r->hidden) {
        for (int32_t i = 0; i < r->lambda->parameters.count; i++)
            if (WEIR_NODE_AS(r->lambda->parameters.items[i], LAMBDA_VARIABLE, lambda_variable)->id ==
                WEIR_NODE_AS(node, LAMBDA_VARIABLE, lambda_variable)->id)
                *ret = make_input(arena, node, i);
    } else if (node->kind == WEIR_NODE_LAMBDA) {
        weir_node_lambda *inner = (weir_node_lambda *)weir_node_copy(arena, node);
        bool outer = r->hidden;
        r->hidden |= shares_ids(r->lambda, inner);
        weir_code code = weir_node_transform_down(arena, inner->body, remap_leaf, r, &inner->body, err);
        r->hidden = outer;
        *ret = &inner->node; /* another node: its children are not visited again */
        return code;
    }
    return WEIR_OK;
}

static const weir_type *schema_of(remap *r, const weir_node_lambda *lambda) {
    int32_t own = lambda->parameters.count, count = own + r->used_count;
    weir_field *fields = WEIR_NEW_ARRAY(r->arena, weir_field, count + 1);
    for (int32_t i = 0; i < count; i++) {
        const weir_node *node = i < own ? lambda->parameters.items[i] : r->captures->items[r->used[i - own]];
        fields[i] = (weir_field){.name = WEIR_STR("c"), .type = node->type, .nullable = node->nullable};
    }
    return weir_type_struct(r->arena, fields, count);
}

static weir_code compile_one(weir_arena *arena, const weir_node_lambda *lambda, const weir_timezone *zone,
                             bool ansi, weir_str sql, weir_node_list *captures, weir_lambda *ret,
                             weir_error **err) {
    remap r = {.arena = arena, .lambda = lambda, .captures = captures};
    weir_node *body;
    WEIR_TRY(weir_node_transform_down(arena, lambda->body, remap_leaf, &r, &body, err));
    WEIR_TRY(weir_program_compile(arena, &body, 1, zone, ansi, sql, &ret->program, err));
    ret->type = body->type;
    ret->schema = schema_of(&r, lambda);
    ret->parameters_count = lambda->parameters.count;
    ret->captures_count = r.used_count;
    ret->captures = r.used;
    return WEIR_OK;
}

weir_code weir_lambda_compile(weir_arena *arena, const weir_node_call *call, const weir_timezone *zone,
                              bool ansi, weir_str sql, const weir_lambda_bound **ret,
                              weir_node_list *ret_captures, weir_error **err) {
    int32_t from = call->function->lambda_from, count = call->args.count - from;
    weir_lambda_bound *bound = WEIR_NEW(arena, weir_lambda_bound);
    weir_lambda *lambdas = WEIR_NEW_ARRAY(arena, weir_lambda, count + 1);
    for (int32_t i = 0; i < count; i++) {
        const weir_node *arg = call->args.items[from + i];
        if (arg->kind != WEIR_NODE_LAMBDA)
            WEIR_FAIL(err, INTERNAL_ERROR, "%s without a lambda", call->function->name);
        WEIR_TRY(compile_one(arena, WEIR_NODE_AS(arg, LAMBDA, lambda), zone, ansi, sql, ret_captures,
                             &lambdas[i], err));
    }
    bound->args_count = from;
    bound->lambdas_count = count;
    bound->lambdas = lambdas;
    *ret = bound;
    return WEIR_OK;
}

/* ---- running ---- */
static weir_code expand(const weir_kernel_call *call, weir_column *column, const int32_t *parents,
                        int32_t count, weir_column **ret, weir_error **err) {
    if (column->encoding == WEIR_CONSTANT) {
        *ret = weir_column_constant(column, count);
        return WEIR_OK;
    }
    if (parents == NULL) {
        *ret = weir_column_ref(column);
        return WEIR_OK;
    }
    return weir_column_gather(call->eval->budget, column, parents, count, ret, err);
}

weir_code weir_lambda_eval(const weir_kernel_call *call, int32_t lambda, weir_column *const *parameters,
                           const int32_t *parents, int32_t count, weir_column **ret, weir_error **err) {
    const weir_lambda_bound *bound = call->bound;
    const weir_lambda *one = &bound->lambdas[lambda];
    int32_t own = one->parameters_count, total = own + one->captures_count, made = 0;
    weir_column **columns = weir_arena_zalloc(call->eval->arena, sizeof(*columns) * (size_t)(total + 1));
    for (; made < own; made++)
        columns[made] = weir_column_ref(parameters[made]);
    for (weir_code code = WEIR_OK; made < total; made++) {
        weir_column *outer = call->args[bound->args_count + one->captures[made - own]];
        code = expand(call, outer, parents, count, &columns[made], err);
        if (code == WEIR_OK)
            continue;
        while (made > 0)
            weir_column_unref(columns[--made]);
        return code;
    }
    _cleanup_batch_ weir_batch *batch = weir_batch_new(one->schema, count, columns, total);
    _cleanup_column_ weir_column *result = NULL;
    WEIR_TRY(weir_program_eval(one->program, call->eval, batch, NULL, &result, err));
    return weir_column_flatten(call->eval->budget, result, ret, err);
}

weir_buffer *weir_int_buffer(const weir_kernel_call *call, int64_t count, int32_t **ret, weir_error **err) {
    weir_buffer *buffer = count >= INT_MAX / 2
                              ? NULL
                              : weir_buffer_new(call->eval->budget, sizeof(int32_t) * ((size_t)count + 1));
    *ret = buffer ? (int32_t *)(void *)buffer->data : NULL;
    if (buffer == NULL)
        weir_error_oom(err);
    return buffer;
}

weir_code weir_flat_lists_make(const weir_kernel_call *call, const weir_column *list, weir_flat_lists *ret,
                               weir_error **err) {
    int32_t *offsets, *parents, *positions, next = 0, count = 0;
    int64_t total = 0;
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(list, i);
        total += weir_column_is_null(list, i) ? 0 : list->offsets[slot + 1] - list->offsets[slot];
    }
    ret->offsets_buffer = weir_int_buffer(call, call->rows, &offsets, err);
    ret->parents_buffer = weir_int_buffer(call, total, &parents, err);
    ret->positions_buffer = weir_int_buffer(call, total, &positions, err);
    if (!ret->offsets_buffer || !ret->parents_buffer || !ret->positions_buffer)
        return WEIR_OUT_OF_MEMORY;
    bool whole = true;
    WEIR_EACH(call, row) {
        while (next <= row)
            offsets[next++] = count;
        if (weir_column_is_null(list, row))
            continue;
        int32_t slot = weir_column_slot(list, row);
        whole &= list->offsets[slot] == count || list->offsets[slot] == list->offsets[slot + 1];
        for (int32_t e = list->offsets[slot]; e < list->offsets[slot + 1]; e++) {
            parents[count] = row;
            positions[count++] = e;
        }
    }
    while (next <= call->rows)
        offsets[next++] = count;
    ret->count = count;
    ret->offsets = offsets;
    ret->parents = parents;
    ret->positions = positions;
    ret->whole = whole && list->encoding == WEIR_FLAT && count == list->children[0]->length;
    return WEIR_OK;
}

void weir_flat_lists_fini(weir_flat_lists *flat) {
    flat->offsets_buffer = weir_buffer_unref(flat->offsets_buffer);
    flat->parents_buffer = weir_buffer_unref(flat->parents_buffer);
    flat->positions_buffer = weir_buffer_unref(flat->positions_buffer);
}

weir_code weir_flat_lists_child(const weir_kernel_call *call, const weir_flat_lists *flat, weir_column *child,
                                weir_column **ret, weir_error **err) {
    if (flat->whole)
        return weir_column_flatten(call->eval->budget, child, ret, err);
    return weir_column_gather(call->eval->budget, child, flat->positions, flat->count, ret, err);
}

weir_code weir_flat_lists_index(const weir_kernel_call *call, const weir_flat_lists *flat, weir_column **ret,
                                weir_error **err) {
    weir_column *column;
    WEIR_TRY(
        weir_column_new_fixed(call->eval->budget, weir_type_of(WEIR_TYPE_INT), flat->count, &column, err));
    int32_t *values = weir_column_values(column);
    for (int32_t e = 0; e < flat->count; e++)
        values[e] = e - flat->offsets[flat->parents[e]];
    *ret = column;
    return WEIR_OK;
}

weir_code weir_flat_lists_wrap(const weir_kernel_call *call, const weir_flat_lists *flat,
                               const weir_column *list, weir_column *const *children, weir_column **ret,
                               weir_error **err) {
    int32_t count = weir_type_children_count(call->type);
    weir_column *column = weir_column_new(call->type, call->rows, count);
    column->null_count = 0;
    column->offsets = flat->offsets;
    column->offsets_buffer = weir_buffer_ref(flat->offsets_buffer);
    for (int32_t i = 0; i < count; i++) {
        column->children[i] = weir_column_reshell(children[i], weir_type_child(call->type, i));
        weir_column_unref(children[i]);
    }
    WEIR_EACH(call, row) {
        if (!weir_column_is_null(list, row))
            continue;
        weir_code code = weir_result_null(call, column, row, err);
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}
