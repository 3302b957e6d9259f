/* Programs over small columns for the unit tests of common/expr. Included by tests only. */
#pragma once

#include "common/expr/function.h"
#include "common/expr/program.h"
#include "tests/lib/weir_test.h"

static inline weir_node *fixture_input(weir_arena *arena, int32_t ordinal, const weir_type *type) {
    weir_node_input *input = WEIR_NODE_NEW(arena, INPUT, input);
    input->ordinal = ordinal;
    input->node.type = type;
    input->node.nullable = true;
    input->node.resolved = true;
    return &input->node;
}

/* A resolved call: resolves the types, follows one level of rewriting to a resolved node. */
static inline weir_node *fixture_call(weir_arena *arena, const char *name, bool ansi, int32_t count,
                                      weir_node **args) {
    const weir_function *function = weir_function_find(weir_str_from(name));
    cr_assert(function, "no function %s", name);
    weir_node_call *call = WEIR_NODE_NEW(arena, CALL, call);
    call->function = function;
    weir_node **copy = WEIR_NEW_ARRAY(arena, weir_node *, count + 1);
    memcpy(copy, args, sizeof(*args) * (size_t)count);
    weir_resolve resolve = {.arena = arena, .ansi = ansi, .zone = weir_timezone_utc(), .call = &call->node};
    call->args = weir_node_list_of(arena, args, count);
    weir_node *rewrite = NULL;
    weir_error *err = NULL;
    bool nullable = true;
    CHECK_OK(function->resolve(&resolve, function, copy, count, &call->node.type, &nullable, &rewrite, &err));
    if (rewrite)
        return rewrite;
    call->args = weir_node_list_of(arena, copy, count);
    call->node.nullable = nullable;
    call->node.resolved = true;
    return &call->node;
}

/* BIGINT column; INT64_MIN stands for NULL. */
static inline weir_column *fixture_longs(const int64_t *values, int32_t count) {
    weir_column *column;
    uint8_t *validity;
    weir_error *err = NULL;
    CHECK_OK(weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_LONG), count, &column, &err));
    memcpy(weir_column_values(column), values, sizeof(int64_t) * (size_t)count);
    CHECK_OK(weir_column_make_validity(NULL, column, &validity, &err));
    for (int32_t i = 0; i < count; i++)
        weir_bit_put(validity, i, values[i] != INT64_MIN);
    column->null_count = -1;
    return column;
}

static inline weir_batch *fixture_batch(weir_arena *arena, weir_column **columns, int32_t count) {
    weir_field *fields = WEIR_NEW_ARRAY(arena, weir_field, count + 1);
    for (int32_t i = 0; i < count; i++)
        fields[i] = (weir_field){.name = WEIR_STR("c"), .type = columns[i]->type, .nullable = true};
    return weir_batch_new(weir_type_struct(arena, fields, count), columns[0]->length, columns, count);
}

static inline int64_t fixture_long(const weir_column *column, int32_t row) {
    if (weir_column_is_null(column, row))
        return INT64_MIN;
    return ((const int64_t *)(const void *)column->values)[weir_column_slot(column, row)];
}
