/* Aggregate functions over moments and bits, and those that collect: names and type rules
 * (aggregate_functions.c has the basic ones). Statistics take DOUBLE, as Spark casts to it, and give DOUBLE.
 * Used by the analyzer's thread; the table is constant. */
#include "common/expr/aggregate_int.h"
#include "common/expr/expr_int.h"

/* ---- collecting ---- */

static weir_code resolve_collect(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    *ret_type = weir_type_array(resolve->arena, args[0]->type, false);
    *ret_nullable = false;
    return WEIR_OK;
}

static bool holds_map(const weir_type *type) {
    bool found = type->kind == WEIR_TYPE_MAP;
    for (int32_t i = 0; i < type->fields_count && !found; i++)
        found = holds_map(type->fields[i].type);
    return found || (type->kind == WEIR_TYPE_ARRAY && holds_map(type->element));
}

static weir_code resolve_collect_set(WEIR_RESOLVE_PARAMS) {
    if (holds_map(args[0]->type))
        WEIR_RAISE(err, DATATYPE_MISMATCH__UNSUPPORTED_INPUT_TYPE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName", "`collect_set`",
                   "dataType", "\"MAP\" or \"COLLATED STRING\"");
    return resolve_collect(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err);
}

/* ---- regressions over the rows in which neither is NULL ---- */

static weir_node *either_is_null(weir_resolve *resolve, weir_node *const *args) {
    weir_node_or *either = WEIR_NODE_NEW(resolve->arena, OR, or);
    either->left = weir_make_call(resolve, "isnull", 1, &args[0]);
    either->right = weir_make_call(resolve, "isnull", 1, &args[1]);
    return &either->node;
}

/* name(if(either is NULL, NULL, args[index])) */
static weir_code rewrite_one(weir_resolve *resolve, const weir_function *function, weir_node **args,
                             int32_t index, const char *name, weir_node **ret_rewrite, weir_error **err) {
    const weir_type *type;
    bool nullable;
    weir_node *unused = NULL;
    WEIR_TRY(weir_resolve_signature(resolve, function, args, 2, &type, &nullable, &unused, err));
    weir_node *parts[] = {either_is_null(resolve, args), weir_literal_null(resolve->arena, args[index]->type),
                          args[index]};
    weir_node *value = weir_make_call(resolve, "if", 3, parts);
    *ret_rewrite = weir_make_call(resolve, name, 1, &value);
    return WEIR_OK;
}

#define REGRESSION_OF(label, index, name) \
    static weir_code label(WEIR_RESOLVE_PARAMS) { \
        (void)args_count, (void)ret_type, (void)ret_nullable; \
        return rewrite_one(resolve, function, args, index, name, ret_rewrite, err); \
    }
REGRESSION_OF(resolve_regr_avgx, 1, "avg")
REGRESSION_OF(resolve_regr_avgy, 0, "avg")
REGRESSION_OF(resolve_regr_sxx, 1, "weir_squares")
REGRESSION_OF(resolve_regr_syy, 0, "weir_squares")

#define STATISTIC(label, count, types, ops) \
    { \
        .name = label, .kind = WEIR_FUNCTION_AGGREGATE, .args_min = count, .args_max = count, \
        .resolve = weir_resolve_signature, .aggregate = &ops, .signature = types \
    }
#define ONE(label, ops) STATISTIC(label, 1, "double -> double", ops)
#define TWO(label, ops) STATISTIC(label, 2, "double; double -> double", ops)
#define BITS(label, ops) STATISTIC(label, 1, "integral -> =1", ops)
#define COLLECTS(label, resolve_fn, ops) \
    { \
        .name = label, .kind = WEIR_FUNCTION_AGGREGATE, .args_min = 1, .args_max = 1, .resolve = resolve_fn, \
        .aggregate = &ops \
    }
#define REGRESSION(label, types, resolve_fn) \
    { \
        .name = label, .kind = WEIR_FUNCTION_AGGREGATE, .args_min = 2, .args_max = 2, .resolve = resolve_fn, \
        .aggregate = &weir_avg_ops, .signature = types \
    }

const weir_function weir_statistic_functions[] = {
    COLLECTS("array_agg", resolve_collect, weir_collect_list_ops),
    BITS("bit_and", weir_bit_and_ops),
    BITS("bit_or", weir_bit_or_ops),
    BITS("bit_xor", weir_bit_xor_ops),
    COLLECTS("collect_list", resolve_collect, weir_collect_list_ops),
    COLLECTS("collect_set", resolve_collect_set, weir_collect_set_ops),
    TWO("corr", weir_corr_ops),
    TWO("covar_pop", weir_covar_pop_ops),
    TWO("covar_samp", weir_covar_samp_ops),
    ONE("kurtosis", weir_kurtosis_ops),
    REGRESSION("regr_avgx", "numeric; numeric -> double", resolve_regr_avgx),
    REGRESSION("regr_avgy", "numeric; numeric -> double", resolve_regr_avgy),
    {.name = "regr_count",
     .kind = WEIR_FUNCTION_AGGREGATE,
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NEVER_NULL,
     .resolve = weir_resolve_signature,
     .aggregate = &weir_count_ops,
     .signature = "numeric; numeric -> long"},
    TWO("regr_intercept", weir_intercept_ops),
    TWO("regr_r2", weir_r2_ops),
    TWO("regr_slope", weir_slope_ops),
    REGRESSION("regr_sxx", "double; double -> double", resolve_regr_sxx),
    TWO("regr_sxy", weir_products_ops),
    REGRESSION("regr_syy", "double; double -> double", resolve_regr_syy),
    ONE("skewness", weir_skewness_ops),
    ONE("std", weir_stddev_samp_ops),
    ONE("stddev", weir_stddev_samp_ops),
    ONE("stddev_pop", weir_stddev_pop_ops),
    ONE("stddev_samp", weir_stddev_samp_ops),
    ONE("var_pop", weir_var_pop_ops),
    ONE("var_samp", weir_var_samp_ops),
    ONE("variance", weir_var_samp_ops),
    {.name = "weir_squares",
     .kind = WEIR_FUNCTION_AGGREGATE,
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_HIDDEN,
     .resolve = weir_resolve_signature,
     .aggregate = &weir_squares_ops,
     .signature = "double -> double"},
};
WEIR_FAMILY_COUNT(statistic)
