/* Comparisons = <=> < <= > >= over all orderable types.
 *
 * Fixed-width types fill one truth byte a row in vectorised loops, packed to bits at the end; strings
 * compare as unsigned bytes; structs and arrays go element by element. Floats follow Spark: NaN equals
 * NaN and is larger than everything, -0.0 equals 0.0. Comparisons cannot fail. */
#include "common/expr/arithmetic_int.h"

typedef enum comparison {
    COMPARE_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
} comparison;

/* ---- single values ---- */
static int compare_double(double a, double b) {
    bool nan_a = a != a, nan_b = b != b;
    if (nan_a || nan_b)
        return (int)nan_a - (int)nan_b;
    return (a > b) - (a < b);
}

static int compare_bytes(weir_str a, weir_str b) {
    size_t size = WEIR_MIN(a.size, b.size);
    int order = size ? memcmp(a.data, b.data, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

#define COMPARE_FIXED(KIND, ctype) \
    case WEIR_TYPE_##KIND: { \
        ctype l = WEIR_VALUES(a, ctype)[slot_a], r = WEIR_VALUES(b, ctype)[slot_b]; \
        return (l > r) - (l < r); \
    }

static int compare_list(const weir_column *a, int32_t slot_a, const weir_column *b, int32_t slot_b);

/* NULL is smaller than everything inside a struct or array. */
static int compare_nullable(const weir_column *a, int32_t row_a, const weir_column *b, int32_t row_b) {
    bool null_a = weir_column_is_null(a, row_a), null_b = weir_column_is_null(b, row_b);
    if (null_a || null_b)
        return (int)null_b - (int)null_a;
    return weir_value_compare(a, row_a, b, row_b);
}

int weir_value_compare(const weir_column *a, int32_t row_a, const weir_column *b, int32_t row_b) {
    int32_t slot_a = weir_column_slot(a, row_a), slot_b = weir_column_slot(b, row_b);
    switch (a->type->kind) {
        COMPARE_FIXED(BYTE, int8_t)
        COMPARE_FIXED(SHORT, int16_t)
        COMPARE_FIXED(INT, int32_t)
        COMPARE_FIXED(DATE, int32_t)
        COMPARE_FIXED(INTERVAL_YEAR_MONTH, int32_t)
        COMPARE_FIXED(LONG, int64_t)
        COMPARE_FIXED(TIME, int64_t)
        COMPARE_FIXED(TIMESTAMP, int64_t)
        COMPARE_FIXED(TIMESTAMP_NTZ, int64_t)
        COMPARE_FIXED(INTERVAL_DAY_TIME, int64_t)
    case WEIR_TYPE_BOOLEAN:
        return (int)weir_bit_get(a->values, slot_a) - (int)weir_bit_get(b->values, slot_b);
    case WEIR_TYPE_FLOAT:
        return compare_double((double)WEIR_VALUES(a, float)[slot_a], (double)WEIR_VALUES(b, float)[slot_b]);
    case WEIR_TYPE_DOUBLE:
        return compare_double(WEIR_VALUES(a, double)[slot_a], WEIR_VALUES(b, double)[slot_b]);
    case WEIR_TYPE_DECIMAL: {
        weir_int128 l = weir_load128(a->values + (size_t)slot_a * 16),
                    r = weir_load128(b->values + (size_t)slot_b * 16);
        if (a->type->scale == b->type->scale)
            return (l > r) - (l < r);
        return weir_decimal_compare(l, a->type->scale, r, b->type->scale);
    }
    case WEIR_TYPE_STRUCT:
        for (int32_t i = 0; i < a->children_count; i++) {
            int order = compare_nullable(a->children[i], row_a, b->children[i], row_b);
            if (order)
                return order;
        }
        return 0;
    case WEIR_TYPE_ARRAY:
        return compare_list(a, slot_a, b, slot_b);
    default:
        if (weir_type_is_bytes(a->type))
            return compare_bytes(weir_column_bytes(a, row_a), weir_column_bytes(b, row_b));
        return 0; /* VOID: equal */
    }
}

static int compare_list(const weir_column *a, int32_t slot_a, const weir_column *b, int32_t slot_b) {
    int32_t from_a = a->offsets[slot_a], count_a = a->offsets[slot_a + 1] - from_a;
    int32_t from_b = b->offsets[slot_b], count_b = b->offsets[slot_b + 1] - from_b;
    for (int32_t i = 0; i < WEIR_MIN(count_a, count_b); i++) {
        int order = compare_nullable(a->children[0], from_a + i, b->children[0], from_b + i);
        if (order)
            return order;
    }
    return (count_a > count_b) - (count_a < count_b);
}

bool weir_type_is_orderable(const weir_type *type) {
    switch (type->kind) {
    case WEIR_TYPE_MAP:
    case WEIR_TYPE_VARIANT:
    case WEIR_TYPE_INTERVAL_CALENDAR:
        return false;
    case WEIR_TYPE_ARRAY:
        return weir_type_is_orderable(type->element);
    case WEIR_TYPE_STRUCT:
        for (int32_t i = 0; i < type->fields_count; i++)
            if (!weir_type_is_orderable(type->fields[i].type))
                return false;
        return true;
    default:
        return true;
    }
}

bool weir_type_is_comparable(const weir_type *type) {
    return weir_type_is_orderable(type);
}

/* ---- columns ---- */
#define TRUTH_LOOP(EXPR_EQ, EXPR_LT, EXPR_LE, EXPR_GT, EXPR_GE) \
    switch (op) { \
    case COMPARE_EQUAL: \
        WEIR_LOOP2(call, truth[i] = (uint8_t)(EXPR_EQ);); \
        break; \
    case COMPARE_LESS: \
        WEIR_LOOP2(call, truth[i] = (uint8_t)(EXPR_LT);); \
        break; \
    case COMPARE_LESS_EQUAL: \
        WEIR_LOOP2(call, truth[i] = (uint8_t)(EXPR_LE);); \
        break; \
    case COMPARE_GREATER: \
        WEIR_LOOP2(call, truth[i] = (uint8_t)(EXPR_GT);); \
        break; \
    default: \
        WEIR_LOOP2(call, truth[i] = (uint8_t)(EXPR_GE);); \
    }

#define INTEGER_TRUTH(name, ctype) \
    static void name(const weir_kernel_call *call, comparison op, uint8_t *restrict truth) { \
        const ctype *restrict a = WEIR_VALUES(call->args[0], ctype); \
        const ctype *restrict b = WEIR_VALUES(call->args[1], ctype); \
        TRUTH_LOOP(a[x] == b[y], a[x]<b[y], a[x] <= b[y], a[x]> b[y], a[x] >= b[y]) \
    }
INTEGER_TRUTH(truth_int8, int8_t)
INTEGER_TRUTH(truth_int16, int16_t)
INTEGER_TRUTH(truth_int32, int32_t)
INTEGER_TRUTH(truth_int64, int64_t)

/* a <= b is "a <= b or b is NaN"; bitwise operators keep the loops free of branches. */
#define FLOAT_TRUTH(name, ctype) \
    static void name(const weir_kernel_call *call, comparison op, uint8_t *restrict truth) { \
        const ctype *restrict a = WEIR_VALUES(call->args[0], ctype); \
        const ctype *restrict b = WEIR_VALUES(call->args[1], ctype); \
        TRUTH_LOOP((a[x] == b[y]) | ((a[x] != a[x]) & (b[y] != b[y])), \
                   (a[x] < b[y]) | ((a[x] == a[x]) & (b[y] != b[y])), (a[x] <= b[y]) | (b[y] != b[y]), \
                   (a[x] > b[y]) | ((a[x] != a[x]) & (b[y] == b[y])), (a[x] >= b[y]) | (a[x] != a[x])) \
    }
FLOAT_TRUTH(truth_float, float)
FLOAT_TRUTH(truth_double, double)

static void truth_decimal(const weir_kernel_call *call, comparison op, uint8_t *truth) {
    const uint8_t *a = call->args[0]->values, *b = call->args[1]->values;
#define L weir_load128(a + (size_t)x * 16)
#define R weir_load128(b + (size_t)y * 16)
    TRUTH_LOOP(L == R, L<R, L <= R, L> R, L >= R)
#undef L
#undef R
}

static void truth_boolean(const weir_kernel_call *call, comparison op, uint8_t *truth) {
    const uint8_t *a = call->args[0]->values, *b = call->args[1]->values;
#define L weir_bit_get(a, x)
#define R weir_bit_get(b, y)
    TRUTH_LOOP(L == R, L<R, L <= R, L> R, L >= R)
#undef L
#undef R
}

static bool order_holds(comparison op, int order) {
    switch (op) {
    case COMPARE_EQUAL:
        return order == 0;
    case COMPARE_LESS:
        return order < 0;
    case COMPARE_LESS_EQUAL:
        return order <= 0;
    case COMPARE_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* Equality of strings: sizes first, then a word, then the rest. */
static void truth_bytes_equal(const weir_kernel_call *call, uint8_t *truth) {
    const weir_column *a = call->args[0], *b = call->args[1];
    const int32_t *oa = a->offsets, *ob = b->offsets;
    WEIR_LOOP2(call, {
        int32_t size = oa[x + 1] - oa[x];
        truth[i] = size == ob[y + 1] - ob[y] &&
                   (size == 0 || memcmp(a->values + oa[x], b->values + ob[y], (size_t)size) == 0);
    });
}

static void truth_general(const weir_kernel_call *call, comparison op, uint8_t *truth) {
    const weir_column *a = call->args[0], *b = call->args[1];
    if (weir_type_is_bytes(a->type) && op == COMPARE_EQUAL) {
        truth_bytes_equal(call, truth);
        return;
    }
    bool nested = weir_type_is_nested(a->type);
    WEIR_EACH(call, i)
    if (!nested || weir_row_is_live(call, i))
        truth[i] = order_holds(op, weir_value_compare(a, i, b, i));
}

static void fill_truth(const weir_kernel_call *call, comparison op, uint8_t *truth) {
    switch (call->args[0]->type->kind) {
    case WEIR_TYPE_BOOLEAN:
        truth_boolean(call, op, truth);
        break;
    case WEIR_TYPE_BYTE:
        truth_int8(call, op, truth);
        break;
    case WEIR_TYPE_SHORT:
        truth_int16(call, op, truth);
        break;
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        truth_int32(call, op, truth);
        break;
    case WEIR_TYPE_LONG:
    case WEIR_TYPE_TIME:
    case WEIR_TYPE_TIMESTAMP:
    case WEIR_TYPE_TIMESTAMP_NTZ:
    case WEIR_TYPE_INTERVAL_DAY_TIME:
        truth_int64(call, op, truth);
        break;
    case WEIR_TYPE_FLOAT:
        truth_float(call, op, truth);
        break;
    case WEIR_TYPE_DOUBLE:
        truth_double(call, op, truth);
        break;
    case WEIR_TYPE_DECIMAL:
        truth_decimal(call, op, truth);
        break;
    default:
        truth_general(call, op, truth);
    }
}

/* Nested rows that are skipped need defined truth bytes. */
static uint8_t *new_truth(const weir_kernel_call *call) {
    if (weir_type_is_nested(call->args[0]->type))
        return weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 8);
    return weir_result_truth_new(call);
}

#define COMPARE_KERNEL(name, op) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        uint8_t *truth = new_truth(call); \
        fill_truth(call, op, truth); \
        return weir_result_truth(call, truth, ret, err); \
    }
COMPARE_KERNEL(equal_kernel, COMPARE_EQUAL)
COMPARE_KERNEL(less_kernel, COMPARE_LESS)
COMPARE_KERNEL(less_equal_kernel, COMPARE_LESS_EQUAL)
COMPARE_KERNEL(greater_kernel, COMPARE_GREATER)
COMPARE_KERNEL(greater_equal_kernel, COMPARE_GREATER_EQUAL)

/* <=>: never NULL; rows with a NULL are decided by nullness alone. */
static weir_code null_safe_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    uint8_t *truth = weir_arena_zalloc(call->eval->arena, (size_t)call->rows + 8);
    const weir_column *a = call->args[0], *b = call->args[1];
    if (a->type->kind != WEIR_TYPE_NULL && b->type->kind != WEIR_TYPE_NULL)
        fill_truth(call, COMPARE_EQUAL, truth);
    if (a->validity || b->validity || a->type->kind == WEIR_TYPE_NULL || b->type->kind == WEIR_TYPE_NULL)
        WEIR_EACH(call, i) {
            bool null_a = weir_column_is_null(a, i), null_b = weir_column_is_null(b, i);
            truth[i] = null_a || null_b ? null_a && null_b : truth[i];
        }
    return weir_result_truth(call, truth, ret, err);
}

/* ---- resolution ---- */
static weir_code resolve_compare(WEIR_RESOLVE_PARAMS) {
    (void)args_count;
    (void)ret_rewrite;
    const weir_type *a = args[0]->type, *b = args[1]->type;
    if (weir_type_is_string(a) != weir_type_is_string(b) && a->kind != WEIR_TYPE_NULL &&
        b->kind != WEIR_TYPE_NULL) {
        const weir_type *other = weir_type_is_string(a) ? b : a;
        const weir_type *to;
        if (resolve->ansi)
            to = weir_coerce_common(resolve->arena, true, a, b);
        else if (weir_type_is_nested(other) || other->kind == WEIR_TYPE_INTERVAL_CALENDAR ||
                 other->kind == WEIR_TYPE_VARIANT)
            to = NULL;
        else
            to = other->kind == WEIR_TYPE_DECIMAL ? weir_type_of(WEIR_TYPE_DOUBLE) : other;
        if (to)
            for (int32_t i = 0; i < 2; i++)
                args[i] = weir_coerce_cast(resolve, args[i], to);
    }
    weir_arithmetic_decimal_operands(resolve, args);
    const weir_type *common =
        weir_coerce_tightest(resolve->arena, resolve->ansi, args[0]->type, args[1]->type);
    if (args[0]->type->kind == WEIR_TYPE_DECIMAL && args[1]->type->kind == WEIR_TYPE_DECIMAL)
        common = weir_coerce_common(resolve->arena, resolve->ansi, args[0]->type, args[1]->type);
    if (common == NULL && !resolve->ansi) { /* BooleanEquality: true = 1 */
        int32_t flag = args[0]->type->kind == WEIR_TYPE_BOOLEAN   ? 0
                       : args[1]->type->kind == WEIR_TYPE_BOOLEAN ? 1
                                                                  : -1;
        if (flag >= 0 && weir_type_is_numeric(args[1 - flag]->type) &&
            (function->name[0] == '=' || function->name[1] == '='))
            common = args[1 - flag]->type;
    }
    if (common == NULL)
        WEIR_RAISE(err, DATATYPE_MISMATCH__BINARY_OP_DIFF_TYPES, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "left",
                   weir_quoted_type(resolve->arena, args[0]->type), "right",
                   weir_quoted_type(resolve->arena, args[1]->type));
    for (int32_t i = 0; i < 2; i++)
        args[i] = weir_coerce_cast(resolve, args[i], common);
    if (!weir_type_is_comparable(common))
        WEIR_RAISE(err, DATATYPE_MISMATCH__INVALID_ORDERING_TYPE, "sqlExpr",
                   weir_quoted_sql(resolve->arena, resolve->call), "functionName",
                   weir_arena_printf(resolve->arena, "`%s`", function->symbol), "dataType",
                   weir_quoted_type(resolve->arena, common));
    *ret_type = weir_type_of(WEIR_TYPE_BOOLEAN);
    *ret_nullable = !(function->flags & WEIR_FN_NEVER_NULL) && weir_any_nullable(args, 2);
    return WEIR_OK;
}

weir_code weir_compare_resolve(WEIR_RESOLVE_PARAMS) {
    return resolve_compare(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite, err);
}

#define COMPARE_FLAGS (WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE | WEIR_FN_NEVER_RAISES | WEIR_FN_OPERATOR)
#define COMPARE(sql_name, sql_symbol, kernel) \
    { \
        .name = sql_name, .symbol = sql_symbol, .args_min = 2, .args_max = 2, .flags = COMPARE_FLAGS, \
        .resolve = resolve_compare, .eval = kernel \
    }

const weir_function weir_compare_functions[] = {
    COMPARE("=", "=", equal_kernel),
    COMPARE("==", "=", equal_kernel),
    COMPARE("<", "<", less_kernel),
    COMPARE("<=", "<=", less_equal_kernel),
    COMPARE(">", ">", greater_kernel),
    COMPARE(">=", ">=", greater_equal_kernel),
    {.name = "<=>",
     .symbol = "<=>",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NEVER_NULL | WEIR_FN_NEVER_RAISES | WEIR_FN_OPERATOR,
     .resolve = resolve_compare,
     .eval = null_safe_kernel},
    {.name = "equal_null",
     .symbol = "<=>",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NEVER_NULL | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_compare,
     .eval = null_safe_kernel},
};
WEIR_FAMILY_COUNT(compare)
