/* Table-valued functions behind FROM (analyzer_int.h): range(end), range(start, end[, step[, numSlices]])
 * becomes a RANGE, generators a GENERATE over one row; Spark's other ones are refused by name, and what Spark
 * does not know either is not resolved. */
#include "common/expr/function.h"
#include "common/expr/program.h"
#include "driver/analyze/analyzer_int.h"

enum { RANGE_ARGS = 4 };

static weir_code place(weir_analysis *a, const weir_node *node, weir_code code) {
    return weir_analysis_place(a, node, code);
}

static weir_code refuse_name(weir_analysis *a, const weir_node_table_function *node) {
    static const char *const known[] = {"json_tuple", "collations", "sql_keywords", "variant_explode",
                                        "variant_explode_outer"};
    for (size_t i = 0; node->name.count == 1 && i < WEIR_ARRAY_LEN(known); i++)
        if (weir_str_equal_nocase(node->name.items[0], weir_str_from(known[i])))
            WEIR_RAISE(a->err, UNSUPPORTED_FEATURE, "message",
                       weir_arena_printf(a->arena, "the table-valued function `%s`.", known[i]));
    return weir_error_raise(a->err, WEIR_UNRESOLVABLE_TABLE_VALUED_FUNCTION, "name",
                            weir_analysis_quoted(a, &node->name), NULL);
}

/* A constant as `type`, whose slot among start, end, step and numSlices is `slot`. */
static weir_code fold_argument(weir_analysis *a, const weir_node_table_function *node, weir_node *arg,
                               int32_t slot, const weir_type *type, int64_t *ret) {
    static const char *const ordinals[RANGE_ARGS] = {"first", "second", "third", "fourth"};
    weir_scope scope = {0};
    weir_node *resolved = NULL;
    weir_column *value = NULL;
    a->scope = &scope;
    WEIR_TRY(weir_analysis_resolve(a, arg, &resolved));
    a->scope = NULL;
    weir_resolve context = weir_analysis_resolve_context(a, resolved);
    bool castable = weir_coerce_can_cast(resolved->type, type, WEIR_CAST_ANSI);
    weir_node *cast = castable ? weir_coerce_cast(&context, resolved, type) : NULL;
    if (cast)
        WEIR_TRY(weir_expr_fold(a->arena, cast, a->options->zone, a->options->ansi, &value, a->err));
    bool null = !value || weir_column_is_null(value, 0);
    if (!null)
        *ret = type->kind == WEIR_TYPE_INT ? *(const int32_t *)(const void *)value->values
                                           : *(const int64_t *)(const void *)value->values;
    weir_column_unref(value);
    if (!null)
        return WEIR_OK;
    return place(a, &node->node,
                 weir_error_raise(a->err, WEIR_UNEXPECTED_INPUT_TYPE, "paramIndex", ordinals[slot],
                                  "functionName", "`range`", "requiredType", weir_analysis_type(a, type),
                                  "inputSql", weir_analysis_sql(a, resolved), "inputType",
                                  weir_analysis_type(a, resolved->type), NULL));
}

weir_code weir_analysis_table_function(weir_analysis *a, weir_node_table_function *node, weir_node **ret) {
    bool generator;
    WEIR_TRY(weir_analysis_generator_table(a, node, &generator, ret));
    if (generator)
        return WEIR_OK;
    if (node->name.count != 1 || !weir_str_equal_nocase(node->name.items[0], WEIR_STR("range")))
        return refuse_name(a, node);
    int32_t count = node->args.count;
    if (count < 1 || count > RANGE_ARGS)
        return place(a, &node->node,
                     weir_error_raise(a->err, WEIR_WRONG_NUM_ARGS__WITHOUT_SUGGESTION, "functionName",
                                      "`range`", "expectedNum", "[1, 2, 3, 4]", "actualNum",
                                      weir_arena_printf(a->arena, "%d", count), NULL));
    int64_t values[RANGE_ARGS] = {0, 0, 1, 0};
    for (int32_t i = 0; i < count; i++) {
        int32_t slot = count == 1 ? 1 : i;
        const weir_type *type = weir_type_of(slot == 3 ? WEIR_TYPE_INT : WEIR_TYPE_LONG);
        WEIR_TRY(fold_argument(a, node, node->args.items[i], slot, type, &values[slot]));
    }
    if (values[2] == 0 || values[3] < 0 || (count == RANGE_ARGS && values[3] == 0))
        return place(a, &node->node,
                     weir_error_raise(a->err, WEIR_FAILED_FUNCTION_CALL, "funcName", "`range`", NULL));
    weir_node_range *range = WEIR_NODE_NEW(a->arena, RANGE, range);
    range->start = values[0];
    range->end = values[1];
    range->step = values[2];
    range->partitions = values[3];
    return weir_analysis_relation(a, &range->node, ret);
}
