/* NOT, IS NULL, IN, BETWEEN, isnan, greatest and least, and IS [NOT] TRUE/FALSE.
 *
 * IN over literals of one type builds a sorted set at bind time and searches it; otherwise it is
 * evaluated column by column with SQL's three-valued result. */
#include "common/expr/expr_int.h"

#include <stdlib.h>

#include "common/column/builder.h"

static weir_code not_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const uint8_t *a = call->args[0]->values;
    uint8_t *out = weir_column_values(column);
    int64_t bytes = weir_bits_bytes(call->rows);
    if (weir_is_constant(call->args[0]))
        memset(out, weir_bit_get(a, 0) ? 0 : 0xFF, (size_t)bytes);
    else
        for (int64_t i = 0; i < bytes; i++)
            out[i] = (uint8_t)~a[i];
    *ret = column;
    return WEIR_OK;
}

static weir_code null_test(const weir_kernel_call *call, bool want_null, weir_column **ret,
                           weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const weir_column *arg = call->args[0];
    uint8_t *out = weir_column_values(column);
    int64_t bytes = weir_bits_bytes(call->rows);
    if (weir_is_constant(arg) || arg->validity == NULL || arg->type->kind == WEIR_TYPE_NULL) {
        bool is_null = arg->length > 0 && weir_column_is_null(arg, 0);
        memset(out, is_null == want_null ? 0xFF : 0, (size_t)bytes);
    } else {
        uint8_t flip = want_null ? 0xFF : 0;
        for (int64_t i = 0; i < bytes; i++)
            out[i] = arg->validity[i] ^ flip;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code isnull_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return null_test(call, true, ret, err);
}

static weir_code isnotnull_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return null_test(call, false, ret, err);
}

/* isnan(NULL) is false */
static weir_code isnan_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    uint8_t *truth = weir_result_truth_new(call);
    const weir_column *arg = call->args[0];
    if (arg->type->kind == WEIR_TYPE_FLOAT) {
        const float *a = WEIR_VALUES(arg, float);
        WEIR_LOOP1(call, truth[i] = a[x] != a[x];);
    } else {
        const double *a = WEIR_VALUES(arg, double);
        WEIR_LOOP1(call, truth[i] = a[x] != a[x];);
    }
    if (arg->validity)
        WEIR_EACH(call, i)
    truth[i] &= !weir_column_is_null(arg, i);
    return weir_result_truth(call, truth, ret, err);
}

/* ---- IN ---- */
typedef struct in_set {
    const weir_column **sorted; /* one-row columns, ascending, not NULL */
    int32_t count;
    bool has_null;
    int64_t *numbers; /* the same as integers where the type allows */
} in_set;

static bool as_integer(const weir_column *column, int32_t slot, int64_t *ret) {
    switch (weir_type_width(column->type)) {
    case 1:
        *ret = WEIR_VALUES(column, int8_t)[slot];
        break;
    case 2:
        *ret = WEIR_VALUES(column, int16_t)[slot];
        break;
    case 4:
        *ret = WEIR_VALUES(column, int32_t)[slot];
        break;
    case 8:
        *ret = WEIR_VALUES(column, int64_t)[slot];
        break;
    default:
        return false;
    }
    return column->type->kind != WEIR_TYPE_FLOAT && column->type->kind != WEIR_TYPE_DOUBLE;
}

static int order_columns(const void *a, const void *b) {
    const weir_column *const *l = a;
    const weir_column *const *r = b;
    return weir_value_compare(*l, 0, *r, 0);
}

static weir_code bind_in(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                         weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                         bool ansi, const void **ret_bound, weir_error **err) {
    (void)type, (void)zone, (void)ansi, (void)err;
    *ret_bound = NULL;
    for (int32_t i = 1; i < args_count; i++)
        if (literals[i] == NULL)
            return WEIR_OK;
    in_set *set = WEIR_NEW(arena, in_set);
    set->sorted = WEIR_NEW_ARRAY(arena, const weir_column *, args_count);
    for (int32_t i = 1; i < args_count; i++) {
        if (weir_column_is_null(literals[i], 0))
            set->has_null = true;
        else
            set->sorted[set->count++] = literals[i];
    }
    qsort(set->sorted, (size_t)set->count, sizeof(*set->sorted), order_columns);
    int64_t probe = 0;
    if (set->count && arg_types[0]->kind != WEIR_TYPE_BOOLEAN && !weir_type_is_nested(arg_types[0]) &&
        as_integer(set->sorted[0], 0, &probe)) {
        set->numbers = WEIR_NEW_ARRAY(arena, int64_t, set->count);
        for (int32_t i = 0; i < set->count; i++)
            as_integer(set->sorted[i], 0, &set->numbers[i]);
    }
    *ret_bound = set;
    return WEIR_OK;
}

static bool set_has(const in_set *set, const weir_column *column, int32_t row) {
    int64_t number = 0;
    if (set->numbers)
        as_integer(column, weir_column_slot(column, row), &number);
    int32_t low = 0, high = set->count;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        int order = set->numbers ? (number > set->numbers[middle]) - (number < set->numbers[middle])
                                 : weir_value_compare(column, row, set->sorted[middle], 0);
        if (order == 0)
            return true;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* TRUE, FALSE, or NULL (*ret_null) for one row */
static bool in_row(const weir_kernel_call *call, int32_t row, bool *ret_null) {
    const weir_column *value = call->args[0];
    *ret_null = false;
    bool found = false, saw_null = false;
    for (int32_t a = 1; a < call->args_count && !found; a++) {
        if (weir_column_is_null(call->args[a], row))
            saw_null = true;
        else
            found = weir_value_compare(value, row, call->args[a], row) == 0;
    }
    *ret_null = !found && saw_null;
    return found;
}

static weir_code in_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    const in_set *set = call->bound;
    const weir_column *value = call->args[0];
    if (value->type->kind == WEIR_TYPE_NULL)
        return weir_result_all_null(call, ret, err);
    uint8_t *truth = weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 8);
    uint8_t *nulls = weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 8);
    bool any_null = false;
    WEIR_EACH(call, i) {
        bool is_null;
        if (weir_column_is_null(value, i)) {
            is_null = true;
        } else if (set) {
            truth[i] = set_has(set, value, i);
            is_null = !truth[i] && set->has_null;
        } else {
            truth[i] = in_row(call, i, &is_null);
        }
        nulls[i] = is_null;
        any_null |= is_null;
    }
    weir_column *column;
    WEIR_TRY(weir_result_truth(call, truth, &column, err));
    if (any_null)
        WEIR_EACH(call, i)
    if (nulls[i]) {
        weir_code code = weir_result_null(call, column, i, err);
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code fail_ordering(weir_resolve *resolve, const weir_function *function, const weir_type *type,
                               weir_error **err) {
    WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ORDERING_TYPE, "sqlExpr",
               weir_quoted_sql(resolve->arena, resolve->call), "functionName",
               weir_arena_printf(resolve->arena, "`%s`", function->name), "dataType",
               weir_quoted_type(resolve->arena, type));
}

/* Items that may raise are evaluated one after the other, until one is equal: an OR does just that. */
static weir_node *in_as_or(weir_resolve *resolve, weir_node **args, int32_t args_count) {
    weir_node *chain = weir_make_call(resolve, "=", 2, (weir_node *[]){args[0], args[1]});
    for (int32_t i = 2; i < args_count; i++) {
        weir_node_or *either = WEIR_NODE_NEW(resolve->arena, OR, or);
        either->left = chain;
        either->right = weir_make_call(resolve, "=", 2, (weir_node *[]){args[0], args[i]});
        either->node.start = resolve->call ? resolve->call->start : -1;
        either->node.stop = resolve->call ? resolve->call->stop : -1;
        chain = &either->node;
    }
    return chain;
}

static weir_code resolve_in(WEIR_RESOLVE_PARAMS) {
    const weir_type *common = weir_coerce_all(resolve, args, 0, args_count);
    if (common == NULL)
        return weir_fail_diff_types(resolve, function, args, args_count, err);
    if (!weir_type_is_comparable(common))
        return fail_ordering(resolve, function, common, err);
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable = weir_any_nullable(args, args_count);
    for (int32_t i = 1; i < args_count; i++)
        if (args[i]->kind != WEIR_NODE_LITERAL && args[i]->kind != WEIR_NODE_ATTRIBUTE &&
            !weir_is_foldable(args[i]))
            *ret_rewrite = in_as_or(resolve, args, args_count);
    return WEIR_OK;
}

static weir_code resolve_between(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node_and *both = WEIR_NODE_NEW(resolve->arena, AND, and);
    both->left = weir_make_call(resolve, ">=", 2, (weir_node *[]){args[0], args[1]});
    both->right = weir_make_call(resolve, "<=", 2, (weir_node *[]){args[0], args[2]});
    both->node.start = resolve->call ? resolve->call->start : -1;
    both->node.stop = resolve->call ? resolve->call->stop : -1;
    *ret_rewrite = &both->node;
    return WEIR_OK;
}

static weir_code resolve_not(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    if (args[0]->type->kind != WEIR_TYPE_BOOLEAN && args[0]->type->kind != WEIR_TYPE_NULL &&
        !(weir_type_is_string(args[0]->type) && resolve->ansi))
        return weir_fail_input_type(resolve, args, 0, "\"BOOLEAN\"", err);
    args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_BOOLEAN));
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

static weir_code resolve_null_test(WEIR_RESOLVE_PARAMS) {
    (void)resolve, (void)function, (void)args, (void)args_count, (void)ret_rewrite, (void)err;
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable = false;
    return WEIR_OK;
}

/* ---- greatest, least: NULLs are skipped ---- */
static weir_code pick(const weir_kernel_call *call, int sign, weir_column **ret, weir_error **err) {
    int32_t *rows = weir_arena_alloc(call->eval->arena, sizeof(int32_t) * ((size_t)call->rows + 1));
    WEIR_EACH(call, i) {
        int32_t best = -1;
        for (int32_t a = 0; a < call->args_count; a++) {
            if (weir_column_is_null(call->args[a], i))
                continue;
            if (best < 0 || weir_value_compare(call->args[a], i, call->args[best], i) * sign > 0)
                best = a;
        }
        rows[i] = best;
    }
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, call->eval->budget, call->type, call->rows, err));
    bool ok = true;
    int32_t next = 0;
    WEIR_EACH(call, i) {
        while (ok && next < i) {
            ok = weir_builder_null(&builder);
            next++;
        }
        if (rows[i] < 0)
            ok = ok && weir_builder_null(&builder);
        else
            ok = ok &&
                 weir_builder_copy(&builder, call->args[rows[i]], weir_column_slot(call->args[rows[i]], i));
        next++;
    }
    for (; ok && next < call->rows; next++)
        ok = weir_builder_null(&builder);
    weir_code code = ok ? weir_builder_finish(&builder, ret, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    return code;
}

static weir_code greatest_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return pick(call, 1, ret, err);
}

static weir_code least_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return pick(call, -1, ret, err);
}

static weir_code resolve_pick(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    bool texts = false, others = false; /* Spark takes no text for a number here */
    for (int32_t i = 0; i < args_count; i++) {
        texts |= weir_type_is_string(args[i]->type);
        others |= !weir_type_is_string(args[i]->type) && args[i]->type->kind != WEIR_TYPE_NULL;
    }
    const weir_type *common = texts && others ? NULL : weir_coerce_all(resolve, args, 0, args_count);
    if (common == NULL)
        return weir_fail_diff_types(resolve, function, args, args_count, err);
    if (!weir_type_is_orderable(common))
        return fail_ordering(resolve, function, common, err);
    *ret_type = common;
    *ret_nullable = true;
    for (int32_t i = 0; i < args_count; i++)
        *ret_nullable &= args[i]->nullable;
    return WEIR_OK;
}

#define SAFE (WEIR_FN_DENSE | WEIR_FN_NEVER_RAISES)
const weir_function weir_predicate_functions[] = {
    {.name = "not",
     .symbol = "NOT",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_OPERATOR | SAFE,
     .resolve = resolve_not,
     .eval = not_kernel},
    {.name = "!",
     .symbol = "NOT",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_OPERATOR | SAFE,
     .resolve = resolve_not,
     .eval = not_kernel},
    {.name = "isnull",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NEVER_NULL | SAFE,
     .resolve = resolve_null_test,
     .eval = isnull_kernel},
    {.name = "isnotnull",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NEVER_NULL | SAFE,
     .resolve = resolve_null_test,
     .eval = isnotnull_kernel},
    {.name = "isnan",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NEVER_NULL | SAFE,
     .resolve = weir_resolve_signature,
     .eval = isnan_kernel,
     .signature = "double|float -> boolean"},
    {.name = "in",
     .args_min = 2,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_RAISES,
     .resolve = resolve_in,
     .bind = bind_in,
     .eval = in_kernel},
    {.name = "between", .args_min = 3, .args_max = 3, .resolve = resolve_between},
    {.name = "greatest",
     .args_min = 2,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_RAISES,
     .resolve = resolve_pick,
     .eval = greatest_kernel},
    {.name = "least",
     .args_min = 2,
     .args_max = -1,
     .flags = WEIR_FN_NEVER_RAISES,
     .resolve = resolve_pick,
     .eval = least_kernel},
};
WEIR_FAMILY_COUNT(predicate)
