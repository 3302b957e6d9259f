/* Function calls (analyzer_int.h): the registry decides types; the forms that have nodes of their own,
 * struct(), casts by function and extract() are made here. */
#include <stdlib.h>

#include "driver/analyze/analyzer_int.h"

#define SEARCH_PATH "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"

static weir_str call_name(const weir_node_unresolved_function *call) {
    return call->name.items[call->name.count - 1];
}

static bool is_named(const weir_node_unresolved_function *call, const char *name) {
    return call->name.count == 1 && weir_str_equal_nocase(call->name.items[0], weir_str_from(name));
}

bool weir_analysis_is_window_call(const weir_node *node) {
    return node->kind == WEIR_NODE_UNRESOLVED_FUNCTION &&
           is_named(WEIR_NODE_AS(node, UNRESOLVED_FUNCTION, unresolved_function), "window");
}

static const char *lower_name(weir_analysis *a, const weir_node_unresolved_function *call) {
    weir_str name = call_name(call);
    char *text = weir_arena_strndup(a->arena, name.data, name.size);
    for (char *c = text; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    return text;
}

static weir_node *make_call(weir_analysis *a, const weir_node *origin, const char *name,
                            weir_node *const *args, int32_t count) {
    weir_node_unresolved_function *call = WEIR_NODE_NEW(a->arena, UNRESOLVED_FUNCTION, unresolved_function);
    call->name = (weir_str_list){WEIR_NEW(a->arena, weir_str), 1};
    call->name.items[0] = weir_str_from(name);
    call->args = weir_node_list_of(a->arena, args, count);
    call->node.start = origin->start;
    call->node.stop = origin->stop;
    return &call->node;
}

/* ---- argument counts ---- */

static weir_code raise_count(weir_analysis *a, const weir_node_unresolved_function *call,
                             const char *expected, int32_t actual, bool placed) {
    const char *name = weir_arena_printf(a->arena, "`%s`", lower_name(a, call));
    weir_code code =
        weir_error_raise(a->err, WEIR_WRONG_NUM_ARGS__WITHOUT_SUGGESTION, "functionName", name, "expectedNum",
                         expected, "actualNum", weir_arena_printf(a->arena, "%d", actual), NULL);
    return placed ? weir_analysis_place(a, &call->node, code) : code;
}

static weir_code check_count(weir_analysis *a, const weir_node_unresolved_function *call, int32_t min,
                             int32_t max) {
    int32_t count = call->args.count;
    if (count >= min && (max < 0 || count <= max))
        return WEIR_OK;
    if (max < 0)
        return raise_count(a, call, weir_arena_printf(a->arena, "> %d", min - 1), count, false);
    if (min == max)
        return raise_count(a, call, weir_arena_printf(a->arena, "%d", min), count, true);
    weir_strbuf list _cleanup_strbuf_ = {0};
    for (int32_t i = min; i <= max; i++)
        weir_strbuf_addf(&list, "%s%d", i > min ? ", " : "[", i);
    weir_strbuf_add_char(&list, ']');
    return raise_count(a, call, list.data, count, true);
}

/* ---- arguments ---- */

static weir_code add_star_argument(weir_analysis *a, weir_node_unresolved_function *call,
                                   weir_node_unresolved_star *star, weir_node_list *ret) {
    if (is_named(call, "count") && star->target.count > 0)
        return weir_error_raise(a->err, WEIR_INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT,
                                "tableName", weir_analysis_quoted(a, &star->target), NULL);
    if (is_named(call, "count") && !call->distinct && call->args.count == 1) {
        weir_node_list_add(a->arena, ret, weir_literal_int(a->arena, 1));
        return WEIR_OK;
    }
    weir_node_list columns = {0};
    WEIR_TRY(weir_analysis_expand_star(a, star, &columns));
    weir_analysis_remember_list(a, &star->node, columns);
    for (int32_t i = 0; i < columns.count; i++)
        weir_node_list_add(a->arena, ret,
                           columns.items[i]->kind == WEIR_NODE_ALIAS
                               ? WEIR_NODE_AS(columns.items[i], ALIAS, alias)->child
                               : columns.items[i]);
    return WEIR_OK;
}

static weir_code raise_syntax(weir_analysis *a, const weir_node_unresolved_function *call,
                              const char *syntax) {
    const char *name = weir_arena_printf(a->arena, "`%s`", lower_name(a, call));
    return weir_analysis_place(a, &call->node,
                               weir_error_raise(a->err,
                                                WEIR_INVALID_SQL_SYNTAX__FUNCTION_WITH_UNSUPPORTED_SYNTAX,
                                                "prettyName", name, "syntax", syntax, NULL));
}

static weir_code resolve_args(weir_analysis *a, weir_node_unresolved_function *call, weir_node_list *ret) {
    for (int32_t i = 0; i < call->args.count; i++) {
        weir_node *arg = call->args.items[i];
        if (arg->kind == WEIR_NODE_UNRESOLVED_STAR) {
            WEIR_TRY(add_star_argument(a, call, WEIR_NODE_AS(arg, UNRESOLVED_STAR, unresolved_star), ret));
            continue;
        }
        WEIR_TRY(weir_analysis_resolve(a, arg, &arg));
        weir_node_list_add(a->arena, ret, arg);
    }
    return WEIR_OK;
}

weir_code weir_analysis_resolve_arguments(weir_analysis *a, weir_node_unresolved_function *call,
                                          weir_node_list *ret) {
    const char *syntax = call->distinct ? "DISTINCT" : call->filter ? "FILTER CLAUSE" : NULL;
    if (syntax)
        return raise_syntax(a, call, syntax);
    return resolve_args(a, call, ret);
}

/* ---- struct ---- */

/* The field name of argument `i`: what names it, or colN. */
static weir_str field_name(weir_analysis *a, const weir_node *arg, int32_t i) {
    if (arg->kind == WEIR_NODE_ALIAS)
        return WEIR_NODE_AS(arg, ALIAS, alias)->name;
    if (arg->kind == WEIR_NODE_UNRESOLVED_ATTRIBUTE) {
        weir_str_list parts = WEIR_NODE_AS(arg, UNRESOLVED_ATTRIBUTE, unresolved_attribute)->parts;
        return parts.items[parts.count - 1];
    }
    if (arg->kind == WEIR_NODE_ATTRIBUTE)
        return WEIR_NODE_AS(arg, ATTRIBUTE, attribute)->name;
    return weir_str_from(weir_arena_printf(a->arena, "col%d", i + 1));
}

static weir_code resolve_struct(weir_analysis *a, weir_node_unresolved_function *call, weir_node **ret) {
    weir_node_list named = {0};
    for (int32_t i = 0; i < call->args.count; i++) {
        weir_node *arg = call->args.items[i], *value;
        if (arg->kind == WEIR_NODE_UNRESOLVED_STAR) {
            weir_node_list columns = {0};
            WEIR_TRY(
                weir_analysis_expand_star(a, WEIR_NODE_AS(arg, UNRESOLVED_STAR, unresolved_star), &columns));
            weir_analysis_remember_list(a, arg, columns);
            for (int32_t c = 0; c < columns.count; c++) {
                weir_node *column = columns.items[c];
                weir_str name =
                    WEIR_NODE_AS(weir_analysis_attribute_of(a, column), ATTRIBUTE, attribute)->name;
                weir_node_list_add(a->arena, &named, weir_literal_string(a->arena, name));
                weir_node_list_add(a->arena, &named,
                                   column->kind == WEIR_NODE_ALIAS ? WEIR_NODE_AS(column, ALIAS, alias)->child
                                                                   : column);
            }
            continue;
        }
        WEIR_TRY(weir_analysis_resolve(a, arg, &value));
        weir_node_list_add(a->arena, &named,
                           weir_literal_string(a->arena, field_name(a, arg, named.count / 2)));
        weir_node_list_add(a->arena, &named, value);
    }
    if (!weir_function_find(WEIR_STR("named_struct")))
        return weir_analysis_refuse(a, &call->node, "struct()");
    return weir_analysis_resolve(a, make_call(a, &call->node, "named_struct", named.items, named.count), ret);
}

/* ---- casts by function, extract ---- */

static const weir_type *cast_target(const weir_node_unresolved_function *call) {
    static const struct {
        const char *name;
        weir_type_kind kind;
    } targets[] = {
        {"boolean", WEIR_TYPE_BOOLEAN}, {"tinyint", WEIR_TYPE_BYTE},
        {"smallint", WEIR_TYPE_SHORT},  {"int", WEIR_TYPE_INT},
        {"bigint", WEIR_TYPE_LONG},     {"float", WEIR_TYPE_FLOAT},
        {"double", WEIR_TYPE_DOUBLE},   {"decimal", WEIR_TYPE_DECIMAL},
        {"date", WEIR_TYPE_DATE},       {"timestamp", WEIR_TYPE_TIMESTAMP},
        {"binary", WEIR_TYPE_BINARY},   {"string", WEIR_TYPE_STRING},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(targets); i++)
        if (is_named(call, targets[i].name))
            return weir_type_of(targets[i].kind);
    return NULL;
}

static weir_code resolve_cast_call(weir_analysis *a, weir_node_unresolved_function *call,
                                   const weir_type *type, weir_node **ret) {
    WEIR_TRY(check_count(a, call, 1, 1));
    weir_node_cast *cast = WEIR_NODE_NEW(a->arena, CAST, cast);
    cast->child = call->args.items[0];
    cast->node.type = type;
    cast->node.start = call->node.start;
    cast->node.stop = call->node.stop;
    return weir_analysis_resolve(a, &cast->node, ret);
}

/* extract(HOUR FROM t) is hour(t), where the registry has no extract of its own. */
static weir_code resolve_extract_call(weir_analysis *a, weir_node_unresolved_function *call,
                                      weir_node **ret) {
    static const struct {
        const char *field, *function;
    } fields[] = {
        {"year", "year"},        {"y", "year"},          {"years", "year"},
        {"yr", "year"},          {"yrs", "year"},        {"quarter", "quarter"},
        {"qtr", "quarter"},      {"month", "month"},     {"mon", "month"},
        {"mons", "month"},       {"months", "month"},    {"week", "weekofyear"},
        {"weeks", "weekofyear"}, {"w", "weekofyear"},    {"day", "dayofmonth"},
        {"d", "dayofmonth"},     {"days", "dayofmonth"}, {"dayofweek", "dayofweek"},
        {"dow", "dayofweek"},    {"doy", "dayofyear"},   {"hour", "hour"},
        {"h", "hour"},           {"hours", "hour"},      {"hr", "hour"},
        {"hrs", "hour"},         {"minute", "minute"},   {"m", "minute"},
        {"min", "minute"},       {"mins", "minute"},     {"minutes", "minute"},
    };
    WEIR_TRY(check_count(a, call, 2, 2));
    weir_node *unit = call->args.items[0];
    weir_str field = unit->kind == WEIR_NODE_LITERAL && weir_type_is_string(unit->type) && !unit->nullable
                         ? weir_column_bytes(WEIR_NODE_AS(unit, LITERAL, literal)->value, 0)
                         : WEIR_STR("");
    for (size_t i = 0; i < WEIR_ARRAY_LEN(fields); i++)
        if (weir_str_equal_nocase(field, weir_str_from(fields[i].field)))
            return weir_analysis_resolve(
                a, make_call(a, &call->node, fields[i].function, &call->args.items[1], 1), ret);
    if (weir_str_equal_nocase(field, WEIR_STR("second")) || weir_str_equal_nocase(field, WEIR_STR("seconds")))
        return weir_analysis_refuse(a, &call->node, "extract(SECOND FROM ...)");
    weir_node *source;
    WEIR_TRY(weir_analysis_resolve(a, call->args.items[1], &source));
    const char *name = weir_arena_printf(a->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(field));
    return weir_analysis_place(a, &call->node,
                               weir_error_raise(a->err, WEIR_INVALID_EXTRACT_FIELD, "field", name, "expr",
                                                weir_analysis_sql(a, source), NULL));
}

/* ---- date + n and date - n are date_add and date_sub, by name too (text beside a date is a date: the
 * registry) ---- */

/* Leaves in *call the call with its arguments resolved: they must not be resolved twice, or chains would
 * double. */
static weir_code resolve_date_shift(weir_analysis *a, weir_node_unresolved_function **call, bool *ret_is,
                                    weir_node **ret) {
    const weir_node *origin = &(*call)->node;
    bool plus = is_named(*call, "+"), minus = is_named(*call, "-");
    *ret_is = false;
    if ((!plus && !minus) || (*call)->args.count != 2)
        return WEIR_OK;
    weir_node *args[2], **from = (*call)->args.items;
    for (int i = 0; i < 2; i++) {
        if (from[i]->kind == WEIR_NODE_UNRESOLVED_STAR)
            return WEIR_OK;
        WEIR_TRY(weir_analysis_resolve(a, from[i], &args[i]));
    }
    const weir_type *left = args[0]->type, *right = args[1]->type;
    int date = left->kind == WEIR_TYPE_DATE && weir_type_is_numeric(right)           ? 0
               : plus && right->kind == WEIR_TYPE_DATE && weir_type_is_numeric(left) ? 1
                                                                                     : -1;
    const char *name = plus ? "date_add" : "date_sub";
    if (date < 0 || !weir_function_find(weir_str_from(name))) {
        *call = (weir_node_unresolved_function *)weir_node_copy(a->arena, origin);
        (*call)->args = weir_node_list_of(a->arena, args, 2);
        return WEIR_OK;
    }
    weir_node *shown = make_call(a, origin, name, (weir_node *[]){from[date], from[1 - date]}, 2);
    weir_analysis_remember(a, origin, shown);
    *ret_is = true;
    return weir_analysis_resolve(
        a, make_call(a, origin, name, (weir_node *[]){args[date], args[1 - date]}, 2), ret);
}

/* ---- conditionals, where the registry does not have them ---- */

static weir_code resolve_conditional(weir_analysis *a, weir_node_unresolved_function *call, bool *ret_is,
                                     weir_node **ret) {
    weir_node_list args = call->args;
    *ret_is = true;
    if (is_named(call, "coalesce") || is_named(call, "nvl") || is_named(call, "ifnull")) {
        WEIR_TRY(is_named(call, "coalesce") ? check_count(a, call, 1, -1) : check_count(a, call, 2, 2));
        weir_node_coalesce *node = WEIR_NODE_NEW(a->arena, COALESCE, coalesce);
        node->args = args;
        node->node.start = call->node.start;
        node->node.stop = call->node.stop;
        return weir_analysis_resolve(a, &node->node, ret);
    }
    weir_node_case *node = WEIR_NODE_NEW(a->arena, CASE, case);
    node->node.start = call->node.start;
    node->node.stop = call->node.stop;
    if (is_named(call, "if")) {
        WEIR_TRY(check_count(a, call, 3, 3));
        node->branches = weir_node_list_of(a->arena, args.items, 2);
        node->otherwise = args.items[2];
    } else if (is_named(call, "nvl2")) {
        WEIR_TRY(check_count(a, call, 3, 3));
        weir_node *test = make_call(a, &call->node, "isnotnull", args.items, 1);
        node->branches = weir_node_list_of(a->arena, (weir_node *[]){test, args.items[1]}, 2);
        node->otherwise = args.items[2];
    } else if (is_named(call, "nullif")) {
        WEIR_TRY(check_count(a, call, 2, 2));
        weir_node *test = make_call(a, &call->node, "=", args.items, 2);
        weir_node *null = weir_literal_null(a->arena, weir_type_of(WEIR_TYPE_NULL));
        node->branches = weir_node_list_of(a->arena, (weir_node *[]){test, null}, 2);
        node->otherwise = args.items[0];
    } else {
        *ret_is = false;
        return WEIR_OK;
    }
    return weir_analysis_resolve(a, &node->node, ret);
}

/* ---- the registry ---- */

static weir_code raise_without_over(weir_analysis *a, const weir_node_unresolved_function *call) {
    const char *name = weir_arena_printf(a->arena, "\"%s\"", weir_analysis_plain_sql(a, &call->node));
    return weir_error_raise(a->err, WEIR_WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE, "funcName", name, NULL);
}

static weir_code check_syntax(weir_analysis *a, weir_node_unresolved_function *call,
                              const weir_function *function) {
    bool aggregate = function->kind == WEIR_FUNCTION_AGGREGATE;
    bool nulls =
        call->nulls == WEIR_NULLS_IGNORE && !(aggregate && weir_analysis_takes_nulls(lower_name(a, call)));
    const char *syntax = call->distinct && !aggregate ? "DISTINCT"
                         : call->filter && !aggregate ? "FILTER CLAUSE"
                         : nulls                      ? "IGNORE NULLS"
                                                      : NULL;
    if (!syntax)
        return WEIR_OK;
    return raise_syntax(a, call, syntax);
}

static bool find_aggregate(const weir_node *node, void *data) {
    if (node->kind != WEIR_NODE_AGGREGATE_CALL)
        return false;
    *(const weir_node **)data = node;
    return true;
}

static weir_code resolve_filter(weir_analysis *a, weir_node_unresolved_function *call, weir_node **ret) {
    if (!call->filter)
        return WEIR_OK;
    WEIR_TRY(weir_analysis_resolve(a, call->filter, ret));
    weir_node *filter = *ret;
    if (filter->type->kind != WEIR_TYPE_BOOLEAN)
        return weir_analysis_place(a, &call->node,
                                   weir_error_raise(a->err, WEIR_INVALID_AGGREGATE_FILTER__NOT_BOOLEAN,
                                                    "filterExpr", weir_analysis_sql(a, filter), NULL));
    const weir_node *inner;
    if (weir_node_any(filter, find_aggregate, &inner))
        return weir_analysis_place(a, &call->node,
                                   weir_error_raise(a->err, WEIR_INVALID_AGGREGATE_FILTER__CONTAINS_AGGREGATE,
                                                    "filterExpr", weir_analysis_sql(a, filter), "aggExpr",
                                                    weir_analysis_sql(a, inner), NULL));
    return WEIR_OK;
}

static weir_node *make_aggregate_call(weir_analysis *a, const weir_node_unresolved_function *call,
                                      const weir_function *function, weir_node_list args, weir_node *filter) {
    weir_node_aggregate_call *node = WEIR_NODE_NEW(a->arena, AGGREGATE_CALL, aggregate_call);
    node->function = function;
    node->args = args;
    node->distinct = call->distinct;
    node->filter = filter;
    return &node->node;
}

static weir_node *make_scalar_call(weir_analysis *a, const weir_function *function, weir_node_list args) {
    if (a->options->map_keys_last_win) { /* functions that build maps have a second form */
        const char *name = weir_arena_printf(a->arena, "weir_last_win_%s", function->name);
        const weir_function *other = weir_function_find(weir_str_from(name));
        function = other ? other : function;
    }
    weir_node_call *node = WEIR_NODE_NEW(a->arena, CALL, call);
    node->function = function;
    node->args = args;
    return &node->node;
}

static weir_code check_nested(weir_analysis *a, weir_node_list args) {
    const weir_node *inner;
    for (int32_t i = 0; i < args.count; i++)
        if (weir_analysis_has_over(args.items[i]))
            return weir_error_raise(a->err, WEIR__LEGACY_ERROR_TEMP_1031, NULL);
    for (int32_t i = 0; i < args.count; i++)
        if (weir_node_any(args.items[i], find_aggregate, &inner))
            return weir_analysis_place(a, inner,
                                       weir_error_raise(a->err, WEIR_NESTED_AGGREGATE_FUNCTION, NULL));
    return WEIR_OK;
}

static weir_code resolve_registered(weir_analysis *a, weir_node_unresolved_function *call,
                                    const weir_function *function, weir_node **ret) {
    bool aggregate = function->kind == WEIR_FUNCTION_AGGREGATE, outer = a->in_aggregate;
    bool windowed = a->over_call == &call->node;
    if (function->kind == WEIR_FUNCTION_WINDOW && !windowed)
        return raise_without_over(a, call);
    WEIR_TRY(check_syntax(a, call, function));
    weir_node_list args = {0};
    weir_node *filter = NULL;
    a->in_aggregate |= aggregate;
    if (function->lambda_from > 0) {
        WEIR_TRY(check_count(a, call, function->args_min, function->args_max));
        WEIR_TRY(weir_analysis_lambda_arguments(a, call, function, &args));
    } else {
        WEIR_TRY(weir_analysis_refuse_lambda(a, call, function));
        WEIR_TRY(resolve_args(a, call, &args));
    }
    if (call->nulls == WEIR_NULLS_IGNORE) { /* first(x) IGNORE NULLS is first(x, true) */
        args.count = WEIR_MIN(args.count, 1);
        weir_node_list_add(a->arena, &args, weir_literal_bool(a->arena, true));
    }
    WEIR_TRY(resolve_filter(a, call, &filter));
    a->in_aggregate = outer;
    /* Messages print the call with its arguments resolved. */
    weir_node_unresolved_function *shown =
        (weir_node_unresolved_function *)weir_node_copy(a->arena, &call->node);
    shown->args = args;
    WEIR_TRY(check_count(a, shown, function->args_min, function->args_max));
    if (call->orders.count)
        WEIR_TRY(weir_analysis_within_group(a, shown, function, &args));
    if (aggregate && !windowed)
        WEIR_TRY(check_nested(a, args));
    weir_node_list final = weir_node_list_of(a->arena, args.items, args.count);
    weir_resolve resolve = weir_analysis_resolve_context(a, &shown->node);
    const weir_type *type = NULL;
    bool nullable = true;
    weir_node *rewrite = NULL;
    weir_code code =
        function->resolve(&resolve, function, final.items, final.count, &type, &nullable, &rewrite, a->err);
    if (code != WEIR_OK)
        return weir_analysis_place(a, &call->node, code);
    if (rewrite) {
        if (aggregate && rewrite->kind == WEIR_NODE_UNRESOLVED_FUNCTION) {
            WEIR_NODE_AS(rewrite, UNRESOLVED_FUNCTION, unresolved_function)->distinct = call->distinct;
            WEIR_NODE_AS(rewrite, UNRESOLVED_FUNCTION, unresolved_function)->filter = filter;
        }
        if (rewrite->start < 0) {
            rewrite->start = call->node.start;
            rewrite->stop = call->node.stop;
        }
        WEIR_TRY(weir_analysis_resolve(a, rewrite, ret));
        if (weir_analysis_is_too_large(*ret))
            return weir_error_raise(a->err, WEIR_FAILED_TO_PARSE_TOO_COMPLEX, NULL);
        return WEIR_OK;
    }
    weir_node *node = aggregate ? make_aggregate_call(a, call, function, final, filter)
                                : make_scalar_call(a, function, final);
    node->type = type;
    node->nullable = nullable;
    node->resolved = true;
    node->start = call->node.start;
    node->stop = call->node.stop;
    *ret = node;
    return WEIR_OK;
}

static int compare_names(const void *left, const void *right) {
    return strcmp(left, *(const char *const *)right);
}

static bool is_spark_function(const char *name) {
    static const char *const names[] = {
#define SPARK_FUNCTION(text) text,
#include "driver/analyze/spark_functions.def"
#undef SPARK_FUNCTION
    };
    return bsearch(name, names, WEIR_ARRAY_LEN(names), sizeof *names, compare_names) != NULL;
}

weir_code weir_analysis_resolve_call(weir_analysis *a, weir_node_unresolved_function *call, weir_node **ret) {
    /* builtin.f and system.builtin.f are f. */
    bool builtin =
        (call->name.count == 2 && weir_str_equal_nocase(call->name.items[0], WEIR_STR("builtin"))) ||
        (call->name.count == 3 && weir_str_equal_nocase(call->name.items[0], WEIR_STR("system")) &&
         weir_str_equal_nocase(call->name.items[1], WEIR_STR("builtin")));
    const weir_function *function =
        call->name.count == 1 || builtin ? weir_function_find(call_name(call)) : NULL;
    if (!function && (call->name.count == 1 || builtin))
        function = weir_analysis_grouping_function(call_name(call));
    if (is_named(call, "window"))
        return weir_analysis_resolve_window(a, call, ret);
    if (weir_analysis_is_generator(&call->node)) /* SELECT items and LATERAL VIEW do not come here */
        return weir_error_raise(a->err, WEIR_UNSUPPORTED_GENERATOR__OUTSIDE_SELECT, "plan",
                                weir_analysis_plain_sql(a, &call->node), NULL);
    bool is;
    WEIR_TRY(resolve_date_shift(a, &call, &is, ret));
    if (is)
        return WEIR_OK;
    if (is_named(call, "struct") || is_named(call, "$row"))
        return resolve_struct(a, call, ret);
    if (function)
        return resolve_registered(a, call, function, ret);
    const weir_type *target = cast_target(call);
    if (target)
        return resolve_cast_call(a, call, target, ret);
    if (is_named(call, "extract") || is_named(call, "date_part") || is_named(call, "datepart"))
        return resolve_extract_call(a, call, ret);
    WEIR_TRY(resolve_conditional(a, call, &is, ret));
    if (is)
        return WEIR_OK;
    char first = call_name(call).size > 0 ? call_name(call).data[0] : 'x';
    if (first == '<' || first == '>')
        return weir_analysis_refuse(a, &call->node,
                                    weir_arena_printf(a->arena, "the operator %s", lower_name(a, call)));
    if (call->name.count == 1 && is_spark_function(lower_name(a, call)))
        return weir_analysis_refuse(a, &call->node,
                                    weir_arena_printf(a->arena, "the function `%s`", lower_name(a, call)));
    return weir_analysis_place(a, &call->node,
                               weir_error_raise(a->err, WEIR_UNRESOLVED_ROUTINE, "routineName",
                                                weir_analysis_quoted(a, &call->name), "searchPath",
                                                SEARCH_PATH, NULL));
}
