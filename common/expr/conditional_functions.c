/* if, nvl, nvl2, ifnull, nullif, coalesce and the cast functions int(), string(), ...: functions by name
 * that are CASE, COALESCE or CAST nodes by nature. Each resolves its arguments and hands back the node. */
#include "common/expr/expr_int.h"

static void place(weir_resolve *resolve, weir_node *node) {
    if (resolve->call) {
        node->start = resolve->call->start;
        node->stop = resolve->call->stop;
    }
}

static weir_node *make_case(weir_resolve *resolve, weir_node *condition, weir_node *value,
                            weir_node *otherwise) {
    weir_node_case *node = WEIR_NODE_NEW(resolve->arena, CASE, case);
    node->branches = weir_node_list_of(resolve->arena, (weir_node *[]){condition, value}, 2);
    node->otherwise = otherwise;
    node->node.type = value->type;
    node->node.nullable = value->nullable || otherwise->nullable;
    node->node.resolved = condition->resolved && value->resolved && otherwise->resolved;
    place(resolve, &node->node);
    return &node->node;
}

static weir_code resolve_if(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_type, (void)ret_nullable;
    if (args[0]->type->kind != WEIR_TYPE_BOOLEAN && args[0]->type->kind != WEIR_TYPE_NULL)
        return weir_fail_input_type(resolve, args, 0, "\"BOOLEAN\"", err);
    args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_BOOLEAN));
    if (weir_coerce_all(resolve, args, 1, 3) == NULL)
        return weir_fail_diff_types(resolve, function, args + 1, 2, err);
    *ret_rewrite = make_case(resolve, args[0], args[1], args[2]);
    return WEIR_OK;
}

static weir_code resolve_coalesce(WEIR_RESOLVE_PARAMS) {
    (void)ret_type, (void)ret_nullable;
    const weir_type *common = weir_coerce_all(resolve, args, 0, args_count);
    if (common == NULL)
        return weir_fail_diff_types(resolve, function, args, args_count, err);
    weir_node_coalesce *node = WEIR_NODE_NEW(resolve->arena, COALESCE, coalesce);
    node->args = weir_node_list_of(resolve->arena, args, args_count);
    node->node.type = common;
    node->node.nullable = true;
    node->node.resolved = true;
    for (int32_t i = 0; i < args_count; i++)
        node->node.nullable &= args[i]->nullable;
    place(resolve, &node->node);
    *ret_rewrite = &node->node;
    return WEIR_OK;
}

static weir_code resolve_nvl2(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_type, (void)ret_nullable;
    if (weir_coerce_all(resolve, args, 1, 3) == NULL)
        return weir_fail_diff_types(resolve, function, args + 1, 2, err);
    weir_node *test = weir_make_call(resolve, "isnotnull", 1, args);
    *ret_rewrite = make_case(resolve, test, args[1], args[2]);
    return WEIR_OK;
}

/* nullif(a, b) is CASE WHEN a = b THEN NULL ELSE a END */
static weir_code resolve_nullif(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node *test = weir_make_call(resolve, "=", 2, args);
    weir_node *null = weir_literal_null(resolve->arena, args[0]->type);
    *ret_rewrite = make_case(resolve, test, null, args[0]);
    return WEIR_OK;
}

static weir_code resolve_cast_function(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_type, (void)ret_nullable;
    const weir_type *type;
    WEIR_TRY(weir_type_parse(resolve->arena, weir_str_from(function->name), &type, err));
    weir_cast_mode mode = resolve->ansi ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
    weir_node_cast *cast = WEIR_NODE_NEW(resolve->arena, CAST, cast);
    cast->child = args[0];
    cast->mode = mode;
    cast->node.type = type;
    place(resolve, &cast->node);
    if (weir_coerce_can_cast(args[0]->type, type, mode)) {
        cast->node.resolved = true;
        cast->node.nullable = args[0]->nullable || weir_coerce_cast_nullable(args[0]->type, type);
    }
    *ret_rewrite = &cast->node; /* an impossible cast is refused where CAST is resolved */
    return WEIR_OK;
}

#define CAST_FUNCTION(type_name) \
    { .name = type_name, .args_min = 1, .args_max = 1, .resolve = resolve_cast_function }

const weir_function weir_conditional_functions[] = {
    {.name = "if", .args_min = 3, .args_max = 3, .resolve = resolve_if},
    {.name = "coalesce", .args_min = 1, .args_max = -1, .resolve = resolve_coalesce},
    {.name = "nvl", .args_min = 2, .args_max = 2, .resolve = resolve_coalesce},
    {.name = "ifnull", .args_min = 2, .args_max = 2, .resolve = resolve_coalesce},
    {.name = "nvl2", .args_min = 3, .args_max = 3, .resolve = resolve_nvl2},
    {.name = "nullif", .args_min = 2, .args_max = 2, .resolve = resolve_nullif},
    CAST_FUNCTION("boolean"),
    CAST_FUNCTION("tinyint"),
    CAST_FUNCTION("smallint"),
    CAST_FUNCTION("int"),
    CAST_FUNCTION("bigint"),
    CAST_FUNCTION("float"),
    CAST_FUNCTION("double"),
    CAST_FUNCTION("decimal"),
    CAST_FUNCTION("date"),
    CAST_FUNCTION("timestamp"),
    CAST_FUNCTION("binary"),
    CAST_FUNCTION("string"),
};
WEIR_FAMILY_COUNT(conditional)
