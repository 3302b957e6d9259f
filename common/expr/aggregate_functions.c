/* The aggregate functions of the registry: names, type rules and the ops behind them.
 *
 * Result types are Spark's: count BIGINT; sum of integers BIGINT, of DECIMAL(p,s) DECIMAL(p+10,s), of FLOAT
 * and DOUBLE DOUBLE, of an ANSI interval the same; avg DOUBLE, DECIMAL(p+4,s+4), or the widest interval of
 * its kind; the others the type of their argument. Used by the analyzer's thread; the table is constant. */
#include <string.h>

#include "common/base/compiler.h"
#include "common/column/sort_key.h"
#include "common/expr/aggregate_int.h"
#include "common/expr/expr_int.h"
#include "common/types/decimal.h"

#define RESOLVE_PARAMS \
    weir_resolve *resolve, const weir_function *function, weir_node **args, int32_t args_count, \
        const weir_type **ret_type, bool *ret_nullable, weir_node **ret_rewrite, weir_error **err
#define RESOLVE_UNUSED \
    (void)resolve, (void)function, (void)args, (void)args_count, (void)ret_type, (void)ret_nullable, \
        (void)ret_rewrite, (void)err

extern const weir_function weir_aggregate_functions[];
extern const int32_t weir_aggregate_functions_count;

/* ---- messages ---- */

static char *quoted_sql(weir_arena *arena, const weir_node *expr) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    if (expr)
        weir_expr_sql(&buf, expr);
    return weir_arena_printf(arena, "\"%s\"", buf.data ? buf.data : "");
}

static char *quoted_type(weir_arena *arena, const weir_type *type) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_type_sql(&buf, type);
    return weir_arena_printf(arena, "\"%s\"", buf.data ? buf.data : "");
}

static weir_code wrong_input(weir_resolve *resolve, const weir_node *arg, const char *required,
                             weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE, "sqlExpr",
               quoted_sql(resolve->arena, resolve->call), "paramIndex", "first", "requiredType", required,
               "inputSql", quoted_sql(resolve->arena, arg), "inputType",
               quoted_type(resolve->arena, arg->type));
}

static weir_code not_orderable(weir_resolve *resolve, const weir_function *function, const weir_type *type,
                               weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ORDERING_TYPE, "sqlExpr",
               quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", function->name), "dataType",
               quoted_type(resolve->arena, type));
}

/* ---- type rules ---- */

static weir_code resolve_count(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    if (args_count > WEIR_AGGREGATE_ARGS_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "count of more than %d expressions is not supported.",
                  WEIR_AGGREGATE_ARGS_MAX);
    *ret_type = weir_type_of(WEIR_TYPE_LONG);
    *ret_nullable = false;
    return WEIR_OK;
}

/* Numbers and ANSI intervals; strings, instants (epoch seconds) and NULL become DOUBLE. */
static weir_code resolve_number(weir_resolve *resolve, weir_node **args, weir_error **err) {
    const weir_type *type = args[0]->type;
    if (weir_type_is_string(type) || type->kind == WEIR_TYPE_TIMESTAMP || type->kind == WEIR_TYPE_NULL)
        args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_DOUBLE));
    else if (!weir_type_is_numeric(type) && type->kind != WEIR_TYPE_INTERVAL_YEAR_MONTH &&
             type->kind != WEIR_TYPE_INTERVAL_DAY_TIME)
        return wrong_input(resolve, args[0], "\"NUMERIC\" or \"ANSI INTERVAL\"", err);
    return WEIR_OK;
}

static weir_code resolve_sum(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    WEIR_TRY(resolve_number(resolve, args, err));
    const weir_type *type = args[0]->type;
    *ret_nullable = true;
    if (type->kind == WEIR_TYPE_DECIMAL)
        *ret_type = weir_type_decimal(
            resolve->arena, WEIR_MIN(type->precision + 10, WEIR_DECIMAL_MAX_PRECISION), type->scale);
    else if (weir_type_is_integral(type))
        *ret_type = weir_type_of(WEIR_TYPE_LONG);
    else if (weir_type_is_numeric(type))
        *ret_type = weir_type_of(WEIR_TYPE_DOUBLE);
    else
        *ret_type = type;
    return WEIR_OK;
}

static weir_code resolve_avg(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    WEIR_TRY(resolve_number(resolve, args, err));
    const weir_type *type = args[0]->type;
    *ret_nullable = true;
    if (type->kind == WEIR_TYPE_DECIMAL)
        *ret_type =
            weir_type_decimal(resolve->arena, WEIR_MIN(type->precision + 4, WEIR_DECIMAL_MAX_PRECISION),
                              WEIR_MIN(type->scale + 4, WEIR_DECIMAL_MAX_PRECISION));
    else if (weir_type_is_numeric(type))
        *ret_type = weir_type_of(WEIR_TYPE_DOUBLE);
    else
        *ret_type = weir_type_of(type->kind);
    return WEIR_OK;
}

static weir_code check_orderable(weir_resolve *resolve, const weir_function *function, const weir_type *type,
                                 weir_error **err) {
    if (!weir_sort_key_orderable(type))
        return not_orderable(resolve, function, type, err);
    if (weir_type_is_string(type) && type->collation != 0)
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "%s over strings with a collation other than UTF8_BINARY is not supported.",
                  function->name);
    return WEIR_OK;
}

static weir_code resolve_extreme(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    *ret_type = args[0]->type;
    *ret_nullable = true;
    return check_orderable(resolve, function, args[0]->type, err);
}

static weir_code resolve_boolean(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    const weir_type *boolean = weir_type_of(WEIR_TYPE_BOOLEAN);
    if (args[0]->type->kind == WEIR_TYPE_NULL)
        args[0] = weir_coerce_cast(resolve, args[0], boolean);
    else if (args[0]->type->kind != WEIR_TYPE_BOOLEAN)
        return wrong_input(resolve, args[0], "\"BOOLEAN\"", err);
    *ret_type = boolean;
    *ret_nullable = true;
    return WEIR_OK;
}

static weir_code resolve_count_if(RESOLVE_PARAMS) {
    WEIR_TRY(resolve_boolean(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err));
    *ret_type = weir_type_of(WEIR_TYPE_LONG);
    *ret_nullable = false;
    return WEIR_OK;
}

/* first(x[, ignoreNulls]): the flag is a boolean literal. */
static weir_code resolve_first(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    if (args_count > 1) {
        const weir_node *flag = args[1];
        bool literal = flag->kind == WEIR_NODE_LITERAL && flag->type->kind == WEIR_TYPE_BOOLEAN &&
                       !weir_column_is_null(WEIR_NODE_AS(flag, LITERAL, literal)->value, 0);
        if (!literal)
            WEIR_RAISE(err, _LEGACY_ERROR_TEMP_1210, "funcName", function->name);
    }
    *ret_type = args[0]->type;
    *ret_nullable = true;
    return WEIR_OK;
}

static weir_code resolve_by(RESOLVE_PARAMS) {
    RESOLVE_UNUSED;
    if (args_count > 2) {
        bool least = strcmp(function->name, "min_by") == 0;
        WEIR_TRY(check_orderable(resolve, function, args[1]->type, err));
        *ret_rewrite = weir_make_call(resolve, least ? "weir_min_by" : "weir_max_by", 3, args);
        return WEIR_OK;
    }
    *ret_type = args[0]->type;
    *ret_nullable = true;
    return check_orderable(resolve, function, args[1]->type, err);
}

#define AGGREGATE(label, least, most, resolve_fn, ops) \
    { \
        .name = label, .kind = WEIR_FUNCTION_AGGREGATE, .args_min = least, .args_max = most, \
        .resolve = resolve_fn, .aggregate = &ops \
    }

const weir_function weir_aggregate_functions[] = {
    AGGREGATE("count", 1, -1, resolve_count, weir_count_ops),
    AGGREGATE("count_if", 1, 1, resolve_count_if, weir_count_if_ops),
    AGGREGATE("sum", 1, 1, resolve_sum, weir_sum_ops),
    AGGREGATE("avg", 1, 1, resolve_avg, weir_avg_ops),
    AGGREGATE("mean", 1, 1, resolve_avg, weir_avg_ops),
    AGGREGATE("try_sum", 1, 1, resolve_sum, weir_try_sum_ops),
    AGGREGATE("try_avg", 1, 1, resolve_avg, weir_try_avg_ops),
    AGGREGATE("min", 1, 1, resolve_extreme, weir_min_ops),
    AGGREGATE("max", 1, 1, resolve_extreme, weir_max_ops),
    AGGREGATE("bool_and", 1, 1, resolve_boolean, weir_min_ops),
    AGGREGATE("every", 1, 1, resolve_boolean, weir_min_ops),
    AGGREGATE("bool_or", 1, 1, resolve_boolean, weir_max_ops),
    AGGREGATE("any", 1, 1, resolve_boolean, weir_max_ops),
    AGGREGATE("some", 1, 1, resolve_boolean, weir_max_ops),
    AGGREGATE("first", 1, 2, resolve_first, weir_first_ops),
    AGGREGATE("first_value", 1, 2, resolve_first, weir_first_ops),
    AGGREGATE("any_value", 1, 2, resolve_first, weir_first_ops),
    AGGREGATE("last", 1, 2, resolve_first, weir_last_ops),
    AGGREGATE("last_value", 1, 2, resolve_first, weir_last_ops),
    AGGREGATE("max_by", 2, 3, resolve_by, weir_max_by_ops),
    AGGREGATE("min_by", 2, 3, resolve_by, weir_min_by_ops),
};
const int32_t weir_aggregate_functions_count = (int32_t)WEIR_ARRAY_LEN(weir_aggregate_functions);
