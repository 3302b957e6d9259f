/* Aggregate functions with parameters: percentiles, sketches, histograms, joined texts; their type rules
 * (aggregate_functions.c has the others). A parameter is a constant: it is folded to a literal here, which
 * accumulators are configured with. The forms with WITHIN GROUP arrive with their order as further arguments
 * (driver/analyze/analyze_within_group.c). Used by the analyzer's thread; the table is constant. */
#include <stdio.h>

#include "common/column/sort_key.h"
#include "common/expr/aggregate_int.h"
#include "common/expr/expr_int.h"
#include "common/expr/program.h"
#include "common/types/number_text.h"

/* ---- rules for the first argument, by signature ---- */

static const weir_function real_value = {.signature = "numeric|interval_ym|interval_dt -> double",
                                         .name = "percentile"};
static const weir_function rank_value = {
    .signature = "numeric|date|anytimestamp|interval_ym|interval_dt -> double", .name = "percentile_approx"};
static const weir_function text_value = {.signature = "string|binary -> string", .name = "listagg"};
static const weir_function percentage_value = {.signature = "double -> double", .name = "percentile"};

static weir_code check_value(weir_resolve *resolve, const weir_function *rule, weir_node **args,
                             weir_error **err) {
    const weir_type *type;
    bool nullable;
    weir_node *rewrite = NULL;
    return weir_resolve_signature(resolve, rule, args, 1, &type, &nullable, &rewrite, err);
}

/* ---- constants ---- */

static weir_code not_foldable(weir_resolve *resolve, const weir_node *arg, const char *name, const char *type,
                              weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__NON_FOLDABLE_INPUT, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "inputName",
               weir_arena_printf(resolve->arena, "`%s`", name), "inputType", type, "inputExpr",
               weir_quoted_sql(resolve->arena, arg));
}

static weir_code unexpected_null(weir_resolve *resolve, const char *name, weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__UNEXPECTED_NULL, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "exprName",
               weir_arena_printf(resolve->arena, "%s", name));
}

static weir_code out_of_range(weir_resolve *resolve, const char *name, const char *range, const char *value,
                              weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__VALUE_OUT_OF_RANGE, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "exprName", name, "valueRange", range,
               "currentValue", value);
}

/* args[index] becomes a literal of `type`. */
static weir_code fold(weir_resolve *resolve, weir_node **arg, const weir_type *type, weir_error **err) {
    weir_node *cast = weir_coerce_cast(resolve, *arg, type);
    if (cast->kind != WEIR_NODE_LITERAL) {
        weir_column *value;
        WEIR_TRY(weir_expr_fold(resolve->arena, cast, resolve->zone, resolve->ansi, &value, err));
        cast = weir_literal_new(resolve->arena, value);
    }
    *arg = cast;
    return WEIR_OK;
}

static const weir_column *literal_of(const weir_node *node) {
    return WEIR_NODE_AS(node, LITERAL, literal)->value;
}

static bool is_null(const weir_node *literal) {
    return literal->type->kind == WEIR_TYPE_NULL || weir_column_is_null(literal_of(literal), 0);
}

static weir_node *literal_double(weir_resolve *resolve, double value) {
    weir_column *column;
    weir_error *err = NULL;
    weir_code code = weir_column_new_fixed(NULL, weir_type_of(WEIR_TYPE_DOUBLE), 1, &column, &err);
    WEIR_ASSERT(code == WEIR_OK);
    memcpy(weir_column_values(column), &value, sizeof value);
    return weir_literal_new(resolve->arena, column);
}

/* ---- percentiles ---- */

static weir_code check_percentage(weir_resolve *resolve, double value, weir_error **err) {
    if (value >= 0.0 && value <= 1.0)
        return WEIR_OK;
    char text[64];
    int size = weir_double_format(value, text);
    memcpy(text + size, "D", 2);
    return out_of_range(resolve, "percentage", "[0.0, 1.0]", text, err);
}

static weir_code check_percentages(weir_resolve *resolve, const weir_node *literal, weir_error **err) {
    const weir_column *value = literal_of(literal);
    if (value->type->kind != WEIR_TYPE_ARRAY)
        return check_percentage(resolve, ((const double *)value->values)[0], err);
    for (int32_t i = value->offsets[0]; i < value->offsets[1]; i++) {
        if (weir_column_is_null(value->children[0], i))
            return unexpected_null(resolve, "percentage", err);
        WEIR_TRY(check_percentage(resolve, ((const double *)value->children[0]->values)[i], err));
    }
    return WEIR_OK;
}

/* One percentage or an array of them, constant. */
static weir_code fold_percentages(weir_resolve *resolve, weir_node **arg, weir_error **err) {
    bool array = (*arg)->type->kind == WEIR_TYPE_ARRAY;
    const weir_type *type = weir_type_of(WEIR_TYPE_DOUBLE);
    if (array && (*arg)->type->contains_null)
        return weir_fail_input_type(resolve, arg - 1, 1, "(\"DOUBLE\" or \"ARRAY<DOUBLE>\")", err);
    if (array)
        type = weir_type_array(resolve->arena, type, (*arg)->type->contains_null);
    else
        WEIR_TRY(check_value(resolve, &percentage_value, arg, err));
    if (!weir_is_foldable(*arg))
        return not_foldable(resolve, *arg, "percentage", array ? "\"ARRAY<DOUBLE>\"" : "\"DOUBLE\"", err);
    WEIR_TRY(fold(resolve, arg, type, err));
    return is_null(*arg) ? unexpected_null(resolve, "percentage", err)
                         : check_percentages(resolve, *arg, err);
}

static const weir_type *by_percentages(weir_resolve *resolve, const weir_node *percentages,
                                       const weir_type *type) {
    return percentages->type->kind == WEIR_TYPE_ARRAY ? weir_type_array(resolve->arena, type, false) : type;
}

static const weir_type *percentile_type(const weir_node *value) {
    return weir_type_is_numeric(value->type) ? weir_type_of(WEIR_TYPE_DOUBLE) : value->type;
}

static weir_code resolve_percentile(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    WEIR_TRY(check_value(resolve, &real_value, args, err));
    WEIR_TRY(fold_percentages(resolve, &args[1], err));
    if (args_count > 2) {
        if (!weir_type_is_integral(args[2]->type) && args[2]->type->kind != WEIR_TYPE_NULL)
            return weir_fail_input_type(resolve, args, 2, "\"INTEGRAL\"", err);
        args[2] = weir_coerce_cast(resolve, args[2], weir_type_of(WEIR_TYPE_LONG));
    }
    *ret_type = by_percentages(resolve, args[1], percentile_type(args[0]));
    *ret_nullable = true;
    return WEIR_OK;
}

/* (value, percentages, descending): WITHIN GROUP (ORDER BY value). */
static weir_code resolve_percentile_within(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    if (args_count < 3)
        WEIR_RAISE(err, INVALID_WITHIN_GROUP_EXPRESSION__WITHIN_GROUP_MISSING, "funcName",
                   weir_arena_printf(resolve->arena, "`%s`", function->name));
    WEIR_TRY(check_value(resolve, &real_value, args, err));
    WEIR_TRY(fold_percentages(resolve, &args[1], err));
    *ret_type = by_percentages(resolve, args[1], percentile_type(args[0]));
    *ret_nullable = true;
    return WEIR_OK;
}

static weir_code resolve_median(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable;
    WEIR_TRY(check_value(resolve, &real_value, args, err));
    weir_node *parts[] = {args[0], literal_double(resolve, 0.5)};
    *ret_rewrite = weir_make_call(resolve, "percentile", 2, parts);
    return WEIR_OK;
}

static weir_code fold_accuracy(weir_resolve *resolve, weir_node **arg, weir_error **err) {
    if (!weir_type_is_integral((*arg)->type) && (*arg)->type->kind != WEIR_TYPE_NULL)
        return weir_fail_input_type(resolve, arg - 2, 2, "\"INTEGRAL\"", err);
    if (!weir_is_foldable(*arg))
        return not_foldable(resolve, *arg, "accuracy", "\"INT\"", err);
    WEIR_TRY(fold(resolve, arg, weir_type_of(WEIR_TYPE_LONG), err));
    if (is_null(*arg))
        return unexpected_null(resolve, "accuracy", err);
    int64_t accuracy = ((const int64_t *)literal_of(*arg)->values)[0];
    if (accuracy > 0 && accuracy <= INT32_MAX)
        return WEIR_OK;
    return out_of_range(resolve, "accuracy", "(0, 2147483647]",
                        weir_arena_printf(resolve->arena, "%lldL", (long long)accuracy), err);
}

static weir_code resolve_percentile_approx(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    WEIR_TRY(check_value(resolve, &rank_value, args, err));
    if (args_count > 2)
        WEIR_TRY(fold_accuracy(resolve, &args[2], err));
    WEIR_TRY(fold_percentages(resolve, &args[1], err));
    *ret_type = by_percentages(resolve, args[1], args[0]->type);
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- sketches ---- */

#define HLL_PRECISION_MAX 20 /* a million registers a group */

static weir_code resolve_approx_count(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    *ret_type = weir_type_of(WEIR_TYPE_LONG);
    *ret_nullable = false;
    if (args_count < 2)
        return WEIR_OK;
    if (!weir_is_foldable(args[1]) || !weir_type_is_numeric(args[1]->type))
        WEIR_RAISE(err, _LEGACY_ERROR_TEMP_1104, NULL);
    WEIR_TRY(fold(resolve, &args[1], weir_type_of(WEIR_TYPE_DOUBLE), err));
    double deviation = is_null(args[1]) ? 0.0 : ((const double *)literal_of(args[1])->values)[0];
    if (!(deviation > 0.0 && deviation <= 1.0) || weir_hll_precision(deviation) < 4)
        WEIR_RAISE(err, FAILED_FUNCTION_CALL, "funcName",
                   weir_arena_printf(resolve->arena, "`%s`", function->name));
    if (weir_hll_precision(deviation) > HLL_PRECISION_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s with a relative standard deviation below 0.0011 is not supported.",
                  function->name);
    return WEIR_OK;
}

static weir_code resolve_histogram(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    WEIR_TRY(check_value(resolve, &rank_value, args, err));
    if (args[1]->type->kind != WEIR_TYPE_INT &&
        !weir_implicit_cast(resolve, &args[1], weir_type_of(WEIR_TYPE_INT)))
        return weir_fail_input_type(resolve, args, 1, "\"INT\"", err);
    if (!weir_is_foldable(args[1]))
        return not_foldable(resolve, args[1], "nb", "\"INT\"", err);
    WEIR_TRY(fold(resolve, &args[1], weir_type_of(WEIR_TYPE_INT), err));
    if (is_null(args[1]))
        return unexpected_null(resolve, "nb", err);
    int32_t bins = ((const int32_t *)literal_of(args[1])->values)[0];
    if (bins < 2)
        return out_of_range(resolve, "nb", "[2, 2147483647]", weir_arena_printf(resolve->arena, "%d", bins),
                            err);
    weir_field fields[] = {{.name = WEIR_STR("x"), .type = args[0]->type, .nullable = true},
                           {.name = WEIR_STR("y"), .type = weir_type_of(WEIR_TYPE_DOUBLE), .nullable = true}};
    *ret_type = weir_type_array(resolve->arena, weir_type_struct(resolve->arena, fields, 2), true);
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- joined texts ---- */

/* (value[, separator[, order, ..., directions]]) */
static weir_code resolve_listagg(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    WEIR_TRY(check_value(resolve, &text_value, args, err));
    bool binary = args[0]->type->kind == WEIR_TYPE_BINARY;
    const weir_type *type = binary ? args[0]->type : weir_type_of(WEIR_TYPE_STRING);
    *ret_type = type;
    *ret_nullable = true;
    if (args_count < 2)
        return WEIR_OK;
    bool fits = args[1]->type->kind == WEIR_TYPE_NULL || (!binary && weir_type_is_string(args[1]->type)) ||
                weir_implicit_cast(resolve, &args[1], type);
    if (!weir_is_foldable(args[1]))
        return not_foldable(resolve, args[1], "delimiter", binary ? "\"BINARY\"" : "\"STRING\"", err);
    if (!fits)
        return weir_fail_input_type(resolve, args, 1, binary ? "\"BINARY\"" : "\"STRING\"", err);
    WEIR_TRY(fold(resolve, &args[1], type, err));
    for (int32_t i = 2; i < args_count - 1; i++)
        if (!weir_sort_key_orderable(args[i]->type))
            WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ORDERING_TYPE, "sqlExpr",
                       weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`sortorder`",
                       "dataType", weir_quoted_type(resolve->arena, args[i]->type));
    return WEIR_OK;
}

/* ---- max_by and min_by of several rows ---- */

#define TOP_MAX 100000

/* (value, ordering, count) */
static weir_code resolve_top(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    if (args[2]->type->kind != WEIR_TYPE_INT &&
        !weir_implicit_cast(resolve, &args[2], weir_type_of(WEIR_TYPE_INT)))
        return weir_fail_input_type(resolve, args, 2, "\"INT\"", err);
    if (!weir_is_foldable(args[2]))
        return not_foldable(resolve, args[2], "k", "\"INT\"", err);
    WEIR_TRY(fold(resolve, &args[2], weir_type_of(WEIR_TYPE_INT), err));
    if (is_null(args[2]))
        return unexpected_null(resolve, "k", err);
    int32_t count = ((const int32_t *)literal_of(args[2])->values)[0];
    if (count < 1 || count > TOP_MAX)
        return out_of_range(resolve, "k", "[1, 100000]", weir_arena_printf(resolve->arena, "%d", count), err);
    *ret_type = weir_type_array(resolve->arena, args[0]->type, true);
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- mode ---- */

static bool is_distinct_call(const weir_resolve *resolve) {
    const weir_node *call = resolve->call;
    return call && call->kind == WEIR_NODE_UNRESOLVED_FUNCTION &&
           WEIR_NODE_AS(call, UNRESOLVED_FUNCTION, unresolved_function)->distinct;
}

/* (value[, deterministic[, descending]]) */
static weir_code resolve_mode(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    if (is_distinct_call(resolve))
        WEIR_RAISE(err, INVALID_WITHIN_GROUP_EXPRESSION__DISTINCT_UNSUPPORTED, "funcName", "`mode`");
    if (args_count == 0)
        WEIR_RAISE(err, INVALID_WITHIN_GROUP_EXPRESSION__WITHIN_GROUP_MISSING, "funcName", "`mode`");
    if (args_count > 1) {
        if (!weir_is_foldable(args[1]))
            WEIR_RAISE(err, NON_FOLDABLE_ARGUMENT, "funcName", "`mode`", "paramName", "`deterministic`",
                       "paramType", "\"BOOLEAN\"");
        if (args[1]->type->kind != WEIR_TYPE_BOOLEAN && args[1]->type->kind != WEIR_TYPE_NULL)
            return weir_fail_input_type(resolve, args, 1, "\"BOOLEAN\"", err);
        WEIR_TRY(fold(resolve, &args[1], weir_type_of(WEIR_TYPE_BOOLEAN), err));
        if (is_null(args[1]))
            return unexpected_null(resolve, "deterministic", err);
    }
    *ret_type = args[0]->type;
    *ret_nullable = true;
    return WEIR_OK;
}

#define PARAMETER(label, least, most, resolve_fn, ops) \
    { \
        .name = label, .kind = WEIR_FUNCTION_AGGREGATE, .args_min = least, .args_max = most, \
        .resolve = resolve_fn, .aggregate = &ops \
    }

const weir_function weir_parameter_functions[] = {
    PARAMETER("approx_count_distinct", 1, 2, resolve_approx_count, weir_approx_count_distinct_ops),
    PARAMETER("approx_percentile", 2, 3, resolve_percentile_approx, weir_percentile_approx_ops),
    PARAMETER("histogram_numeric", 2, 2, resolve_histogram, weir_histogram_numeric_ops),
    PARAMETER("listagg", 1, 2, resolve_listagg, weir_listagg_ops),
    PARAMETER("median", 1, 1, resolve_median, weir_percentile_ops),
    PARAMETER("mode", 0, 2, resolve_mode, weir_mode_ops),
    PARAMETER("percentile", 2, 3, resolve_percentile, weir_percentile_ops),
    PARAMETER("percentile_approx", 2, 3, resolve_percentile_approx, weir_percentile_approx_ops),
    PARAMETER("percentile_cont", 1, 1, resolve_percentile_within, weir_percentile_ops),
    PARAMETER("percentile_disc", 1, 1, resolve_percentile_within, weir_percentile_disc_ops),
    PARAMETER("string_agg", 1, 2, resolve_listagg, weir_listagg_ops),
    {.name = "weir_max_by",
     .kind = WEIR_FUNCTION_AGGREGATE,
     .args_min = 3,
     .args_max = 3,
     .flags = WEIR_FN_HIDDEN,
     .resolve = resolve_top,
     .aggregate = &weir_max_by_top_ops},
    {.name = "weir_min_by",
     .kind = WEIR_FUNCTION_AGGREGATE,
     .args_min = 3,
     .args_max = 3,
     .flags = WEIR_FN_HIDDEN,
     .resolve = resolve_top,
     .aggregate = &weir_min_by_top_ops},
};
WEIR_FAMILY_COUNT(parameter)
