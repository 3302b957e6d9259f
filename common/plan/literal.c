/* Literal nodes: one-row columns kept alive by the plan's arena (plan.h). */
#include "common/base/assert.h"
#include "common/column/builder.h"
#include "common/plan/plan.h"

static void drop_column(void *ptr) {
    weir_column_unref(ptr);
}

weir_node *weir_literal_new(weir_arena *arena, weir_column *value) {
    weir_node_literal *literal = WEIR_NODE_NEW(arena, LITERAL, literal);
    literal->value = value;
    literal->node.resolved = true;
    literal->node.type = value->type;
    literal->node.nullable = weir_column_is_null(value, 0);
    weir_arena_on_reset(arena, drop_column, value);
    return &literal->node;
}

weir_node *weir_literal_null(weir_arena *arena, const weir_type *type) {
    weir_column *value;
    weir_error *err = NULL;
    weir_code code = weir_column_new_nulls(NULL, type, 1, &value, &err);
    WEIR_ASSERT(code == WEIR_OK);
    return weir_literal_new(arena, value);
}

static weir_node *fixed_literal(weir_arena *arena, weir_type_kind kind, const void *bytes, size_t size) {
    weir_column *value;
    weir_error *err = NULL;
    weir_code code = weir_column_new_fixed(NULL, weir_type_of(kind), 1, &value, &err);
    WEIR_ASSERT(code == WEIR_OK);
    memcpy(weir_column_values(value), bytes, size);
    return weir_literal_new(arena, value);
}

weir_node *weir_literal_int(weir_arena *arena, int32_t value) {
    return fixed_literal(arena, WEIR_TYPE_INT, &value, sizeof value);
}

weir_node *weir_literal_long(weir_arena *arena, int64_t value) {
    return fixed_literal(arena, WEIR_TYPE_LONG, &value, sizeof value);
}

weir_node *weir_literal_bool(weir_arena *arena, bool value) {
    uint8_t bit = value;
    return fixed_literal(arena, WEIR_TYPE_BOOLEAN, &bit, 1);
}

weir_node *weir_literal_string(weir_arena *arena, weir_str value) {
    weir_builder builder;
    weir_column *column;
    weir_error *err = NULL;
    weir_code code = weir_builder_init(&builder, NULL, weir_type_of(WEIR_TYPE_STRING), 1, &err);
    WEIR_ASSERT(code == WEIR_OK && weir_builder_bytes(&builder, value.data, value.size));
    code = weir_builder_finish(&builder, &column, &err);
    WEIR_ASSERT(code == WEIR_OK);
    weir_builder_fini(&builder);
    return weir_literal_new(arena, column);
}
