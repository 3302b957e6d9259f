/* + - * / % div pmod, unary minus and abs over integers and floats (decimals: arithmetic_decimal.c).
 *
 * Dense kernels: every row is computed, overflow is gathered in one flag per batch, and only a raised
 * flag under ANSI looks for the first live row that overflowed. Legacy mode wraps around. */
#include "common/expr/arithmetic_int.h"

#include <limits.h>
#include <math.h>

static weir_code fail_overflow(const char *symbol, int64_t a, int64_t b, const weir_type *type,
                               weir_error **err) {
    const char *function = symbol[0] == '+' ? "try_add" : symbol[0] == '-' ? "try_subtract" : "try_multiply";
    char left[32], right[32], text[96];
    if (type->kind <= WEIR_TYPE_SHORT) {
        snprintf(left, sizeof(left), "%lldS", (long long)a);
        snprintf(right, sizeof(right), "%lldS", (long long)b);
        snprintf(text, sizeof(text), "`%s`", function);
        WEIR_RAISE(err, BINARY_ARITHMETIC_OVERFLOW, "value1", left, "symbol", symbol, "value2", right,
                   "functionName", text);
    }
    snprintf(text, sizeof(text), " Use '%s' to tolerate overflow and return NULL instead.", function);
    WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", "overflow", "alternative", text, "config",
               WEIR_ANSI_CONFIG);
}

/* NAME, C type, symbol, builtin. `bad` gathers the overflow of any row. */
#define INTEGER_KERNEL(name, ctype, symbol, builtin) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const ctype *restrict a = WEIR_VALUES(call->args[0], ctype); \
        const ctype *restrict b = WEIR_VALUES(call->args[1], ctype); \
        ctype *restrict out = weir_column_values(column); \
        unsigned bad = 0; \
        WEIR_LOOP2(call, bad |= (unsigned)builtin(a[x], b[y], &out[i]);); \
        if (WEIR_UNLIKELY(bad) && call->eval->ansi) { \
            WEIR_EACH(call, row) { \
                ctype l = a[weir_column_slot(call->args[0], row)], \
                      r = b[weir_column_slot(call->args[1], row)], o; \
                if (builtin(l, r, &o) && weir_row_is_live(call, row)) { \
                    weir_column_unref(column); \
                    return fail_overflow(symbol, l, r, call->type, err); \
                } \
            } \
        } \
        *ret = column; \
        return WEIR_OK; \
    }

/* The sign trick vectorises where the overflow builtins do not. */
#define SIGN_ADD(utype, stype) \
    static inline unsigned add_##stype(stype a, stype b, stype *ret) { \
        utype sum = (utype)((utype)a + (utype)b); \
        *ret = (stype)sum; \
        return (unsigned)(((stype)(((utype)a ^ sum) & ((utype)b ^ sum))) < 0); \
    } \
    static inline unsigned subtract_##stype(stype a, stype b, stype *ret) { \
        utype difference = (utype)((utype)a - (utype)b); \
        *ret = (stype)difference; \
        return (unsigned)(((stype)(((utype)a ^ (utype)b) & ((utype)a ^ difference))) < 0); \
    }
SIGN_ADD(uint8_t, int8_t)
SIGN_ADD(uint16_t, int16_t)
SIGN_ADD(uint32_t, int32_t)
SIGN_ADD(uint64_t, int64_t)

INTEGER_KERNEL(add_byte, int8_t, "+", add_int8_t)
INTEGER_KERNEL(add_short, int16_t, "+", add_int16_t)
INTEGER_KERNEL(add_int, int32_t, "+", add_int32_t)
INTEGER_KERNEL(add_long, int64_t, "+", add_int64_t)
INTEGER_KERNEL(subtract_byte, int8_t, "-", subtract_int8_t)
INTEGER_KERNEL(subtract_short, int16_t, "-", subtract_int16_t)
INTEGER_KERNEL(subtract_int, int32_t, "-", subtract_int32_t)
INTEGER_KERNEL(subtract_long, int64_t, "-", subtract_int64_t)
INTEGER_KERNEL(multiply_byte, int8_t, "*", __builtin_mul_overflow)
INTEGER_KERNEL(multiply_short, int16_t, "*", __builtin_mul_overflow)
INTEGER_KERNEL(multiply_int, int32_t, "*", __builtin_mul_overflow)
INTEGER_KERNEL(multiply_long, int64_t, "*", __builtin_mul_overflow)

#define FLOAT_KERNEL(name, ctype, expr) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const ctype *restrict a = WEIR_VALUES(call->args[0], ctype); \
        const ctype *restrict b = WEIR_VALUES(call->args[1], ctype); \
        ctype *restrict out = weir_column_values(column); \
        WEIR_LOOP2(call, out[i] = (expr);); \
        *ret = column; \
        return WEIR_OK; \
    }
FLOAT_KERNEL(add_float, float, a[x] + b[y])
FLOAT_KERNEL(add_double, double, a[x] + b[y])
FLOAT_KERNEL(subtract_float, float, a[x] - b[y])
FLOAT_KERNEL(subtract_double, double, a[x] - b[y])
FLOAT_KERNEL(multiply_float, float, a[x] * b[y])
FLOAT_KERNEL(multiply_double, double, a[x] * b[y])

#define ARITHMETIC_DISPATCH(op, OP) \
    static weir_code op##_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        switch (call->type->kind) { \
        case WEIR_TYPE_BYTE: \
            return op##_byte(call, ret, err); \
        case WEIR_TYPE_SHORT: \
            return op##_short(call, ret, err); \
        case WEIR_TYPE_INT: \
            return op##_int(call, ret, err); \
        case WEIR_TYPE_LONG: \
            return op##_long(call, ret, err); \
        case WEIR_TYPE_FLOAT: \
            return op##_float(call, ret, err); \
        case WEIR_TYPE_DOUBLE: \
            return op##_double(call, ret, err); \
        case WEIR_TYPE_DECIMAL: \
            return weir_arithmetic_decimal(call, WEIR_ARITHMETIC_##OP, ret, err); \
        default: \
            return weir_interval_arithmetic(call, WEIR_ARITHMETIC_##OP == WEIR_ARITHMETIC_SUBTRACT, ret, \
                                            err); \
        } \
    }
/* interval_functions.c: + and - of two intervals of one type */
weir_code weir_interval_arithmetic(const weir_kernel_call *call, bool minus, weir_column **ret,
                                   weir_error **err);
weir_code weir_interval_negate(const weir_kernel_call *call, bool absolute, weir_column **ret,
                               weir_error **err);
weir_code weir_interval_div(const weir_kernel_call *call, weir_column **ret, weir_error **err);
ARITHMETIC_DISPATCH(add, ADD)
ARITHMETIC_DISPATCH(subtract, SUBTRACT)
ARITHMETIC_DISPATCH(multiply, MULTIPLY)

/* ---- division: a zero divisor raises under ANSI and gives NULL otherwise ---- */
static weir_code zero_divisor(const weir_kernel_call *call, weir_column *column, int32_t row, bool remainder,
                              weir_error **err) {
    if (!call->eval->ansi)
        return weir_result_null(call, column, row, err);
    if (remainder)
        WEIR_RAISE(err, REMAINDER_BY_ZERO, "config", WEIR_ANSI_CONFIG);
    WEIR_RAISE(err, DIVIDE_BY_ZERO, "config", WEIR_ANSI_CONFIG);
}

/* Rows with a zero divisor, after the loop computed something harmless for them. */
#define ZERO_ROWS(call, column, ctype, remainder) \
    WEIR_EACH(call, row) { \
        if (WEIR_VALUES((call)->args[1], ctype)[weir_column_slot((call)->args[1], row)] == 0 && \
            weir_row_is_live(call, row)) { \
            weir_code code_ = zero_divisor(call, column, row, remainder, err); \
            if (code_ != WEIR_OK) { \
                weir_column_unref(column); \
                return code_; \
            } \
        } \
    }

static weir_code divide_double(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const double *restrict a = WEIR_VALUES(call->args[0], double);
    const double *restrict b = WEIR_VALUES(call->args[1], double);
    double *restrict out = weir_column_values(column);
    unsigned zeros = 0;
    WEIR_LOOP2(call, out[i] = a[x] / b[y]; zeros |= b[y] == 0;);
    if (zeros)
        ZERO_ROWS(call, column, double, false);
    *ret = column;
    return WEIR_OK;
}

static weir_code divide_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    if (call->type->kind == WEIR_TYPE_DECIMAL)
        return weir_arithmetic_decimal(call, WEIR_ARITHMETIC_DIVIDE, ret, err);
    return divide_double(call, ret, err);
}

static weir_code div_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_type_kind kind = call->args[0]->type->kind;
    if (kind == WEIR_TYPE_DECIMAL)
        return weir_arithmetic_decimal(call, WEIR_ARITHMETIC_DIV, ret, err);
    if (kind != WEIR_TYPE_LONG)
        return weir_interval_div(call, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t), *b = WEIR_VALUES(call->args[1], int64_t);
    int64_t *out = weir_column_values(column);
    unsigned zeros = 0, bad = 0;
    WEIR_LOOP2(call, {
        int64_t d = b[y];
        zeros |= d == 0;
        bad |= d == -1 && a[x] == INT64_MIN;
        out[i] = d == 0 || d == -1 ? (int64_t)(0 - (uint64_t)a[x]) : a[x] / d;
    });
    if (zeros)
        ZERO_ROWS(call, column, int64_t, false);
    if (bad && call->eval->ansi)
        WEIR_EACH(call, row) {
            if (b[weir_column_slot(call->args[1], row)] == -1 &&
                a[weir_column_slot(call->args[0], row)] == INT64_MIN && weir_row_is_live(call, row)) {
                weir_column_unref(column);
                WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", "Overflow in integral divide", "alternative",
                           " Use 'try_divide' to tolerate overflow and return NULL instead.", "config",
                           WEIR_ANSI_CONFIG);
            }
        }
    *ret = column;
    return WEIR_OK;
}

/* d is never 0 here: the caller replaces it by 1 and marks the row. */
#define REMAINDER_INTEGER(a, d) ((d) == -1 ? 0 : (a) % (d))
#define PMOD_INTEGER(a, d) \
    (REMAINDER_INTEGER(a, d) < 0 ? (REMAINDER_INTEGER(a, d) + (d)) % (d) : REMAINDER_INTEGER(a, d))
#define REMAINDER_FLOAT(a, d) fmod(a, d)
#define PMOD_FLOAT(a, d) (fmod(a, d) < 0 ? fmod(fmod(a, d) + (d), d) : fmod(a, d))

#define REMAINDER_CASE(KIND, ctype, EXPR) \
    case WEIR_TYPE_##KIND: { \
        const ctype *a = WEIR_VALUES(call->args[0], ctype), *b = WEIR_VALUES(call->args[1], ctype); \
        ctype *out = weir_column_values(column); \
        unsigned zeros = 0; \
        WEIR_LOOP2(call, { \
            ctype d = b[y] == 0 ? (ctype)1 : b[y]; \
            zeros |= b[y] == 0; \
            out[i] = (ctype)(EXPR(a[x], d)); \
        }); \
        if (zeros) \
            ZERO_ROWS(call, column, ctype, true); \
        break; \
    }

static weir_code remainder_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    if (call->type->kind == WEIR_TYPE_DECIMAL)
        return weir_arithmetic_decimal(call, WEIR_ARITHMETIC_REMAINDER, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    switch (call->type->kind) {
        REMAINDER_CASE(BYTE, int8_t, REMAINDER_INTEGER)
        REMAINDER_CASE(SHORT, int16_t, REMAINDER_INTEGER)
        REMAINDER_CASE(INT, int32_t, REMAINDER_INTEGER)
        REMAINDER_CASE(LONG, int64_t, REMAINDER_INTEGER)
        REMAINDER_CASE(FLOAT, float, REMAINDER_FLOAT)
        REMAINDER_CASE(DOUBLE, double, REMAINDER_FLOAT)
    default:
        break;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code pmod_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    if (call->type->kind == WEIR_TYPE_DECIMAL)
        return weir_arithmetic_decimal(call, WEIR_ARITHMETIC_PMOD, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    switch (call->type->kind) {
        REMAINDER_CASE(BYTE, int8_t, PMOD_INTEGER)
        REMAINDER_CASE(SHORT, int16_t, PMOD_INTEGER)
        REMAINDER_CASE(INT, int32_t, PMOD_INTEGER)
        REMAINDER_CASE(LONG, int64_t, PMOD_INTEGER)
        REMAINDER_CASE(FLOAT, float, PMOD_FLOAT)
        REMAINDER_CASE(DOUBLE, double, PMOD_FLOAT)
    default:
        break;
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- unary ---- */
static weir_code fail_unary(weir_error **err) {
    WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", "overflow", "alternative", "", "config",
               WEIR_ANSI_CONFIG);
}

#define UNARY_INTEGER(KIND, ctype, utype, LOWEST) \
    case WEIR_TYPE_##KIND: { \
        const ctype *a = WEIR_VALUES(call->args[0], ctype); \
        ctype *out = weir_column_values(column); \
        unsigned bad = 0; \
        WEIR_LOOP1(call, { \
            bad |= a[x] == LOWEST; \
            out[i] = absolute && a[x] >= 0 ? a[x] : (ctype)(0 - (utype)a[x]); \
        }); \
        if (bad && call->eval->ansi) \
            WEIR_EACH(call, row) { \
                if (a[weir_column_slot(call->args[0], row)] == LOWEST && weir_row_is_live(call, row)) { \
                    weir_column_unref(column); \
                    return fail_unary(err); \
                } \
            } \
        break; \
    }

#define UNARY_FLOAT(KIND, ctype) \
    case WEIR_TYPE_##KIND: { \
        const ctype *a = WEIR_VALUES(call->args[0], ctype); \
        ctype *out = weir_column_values(column); \
        WEIR_LOOP1(call, out[i] = absolute ? (ctype)fabs(a[x]) : -a[x];); \
        break; \
    }

static weir_code unary(const weir_kernel_call *call, bool absolute, weir_column **ret, weir_error **err) {
    if (call->type->kind == WEIR_TYPE_DECIMAL)
        return weir_arithmetic_decimal_unary(call, absolute, ret, err);
    if (call->type->kind >= WEIR_TYPE_DATE)
        return weir_interval_negate(call, absolute, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    switch (call->type->kind) {
        UNARY_INTEGER(BYTE, int8_t, uint8_t, INT8_MIN)
        UNARY_INTEGER(SHORT, int16_t, uint16_t, INT16_MIN)
        UNARY_INTEGER(INT, int32_t, uint32_t, INT32_MIN)
        UNARY_INTEGER(LONG, int64_t, uint64_t, INT64_MIN)
        UNARY_FLOAT(FLOAT, float)
        UNARY_FLOAT(DOUBLE, double)
    default:
        break;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code negative_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return unary(call, false, ret, err);
}

static weir_code abs_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return unary(call, true, ret, err);
}

static weir_code positive_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    (void)err;
    *ret = weir_column_ref(call->args[0]);
    return WEIR_OK;
}

/* ---- bits ---- */
#define BIT_CASE(KIND, ctype) \
    case WEIR_TYPE_##KIND: { \
        const ctype *a = WEIR_VALUES(call->args[0], ctype); \
        const ctype *b = op == '~' ? a : WEIR_VALUES(call->args[1], ctype); \
        ctype *out = weir_column_values(column); \
        if (op == '~') \
            WEIR_LOOP1(call, out[i] = (ctype)~a[x];); \
        else if (op == '&') \
            WEIR_LOOP2(call, out[i] = (ctype)(a[x] & b[y]);); \
        else if (op == '|') \
            WEIR_LOOP2(call, out[i] = (ctype)(a[x] | b[y]);); \
        else \
            WEIR_LOOP2(call, out[i] = (ctype)(a[x] ^ b[y]);); \
        break; \
    }

static weir_code bits(const weir_kernel_call *call, char op, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    switch (call->type->kind) {
        BIT_CASE(BYTE, int8_t)
        BIT_CASE(SHORT, int16_t)
        BIT_CASE(INT, int32_t)
        BIT_CASE(LONG, int64_t)
    default:
        break;
    }
    *ret = column;
    return WEIR_OK;
}

#define BIT_KERNEL(name, op) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        return bits(call, op, ret, err); \
    }
BIT_KERNEL(bit_and_kernel, '&')
BIT_KERNEL(bit_or_kernel, '|')
BIT_KERNEL(bit_xor_kernel, '^')
BIT_KERNEL(bit_not_kernel, '~')

static weir_code resolve_bits(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    (void)function;
    if (args_count == 2) {
        const weir_type *common =
            weir_coerce_tightest(resolve->arena, resolve->ansi, args[0]->type, args[1]->type);
        if (common && weir_type_is_integral(common)) {
            args[0] = weir_coerce_cast(resolve, args[0], common);
            args[1] = weir_coerce_cast(resolve, args[1], common);
        }
        if (!weir_type_same(args[0]->type, args[1]->type))
            WEIR_RAISE(err, DATATYPE_MISMATCH__BINARY_OP_DIFF_TYPES, "sqlExpr",
                       weir_quoted_sql(resolve->arena, resolve->call), "left",
                       weir_quoted_type(resolve->arena, args[0]->type), "right",
                       weir_quoted_type(resolve->arena, args[1]->type));
        if (!weir_type_is_integral(args[0]->type))
            WEIR_RAISE(err, DATATYPE_MISMATCH__BINARY_OP_WRONG_TYPE, "sqlExpr",
                       weir_quoted_sql(resolve->arena, resolve->call), "inputType", "\"INTEGRAL\"",
                       "actualDataType", weir_quoted_type(resolve->arena, args[0]->type));
    } else if (!weir_type_is_integral(args[0]->type)) {
        return weir_fail_input_type(resolve, args, 0, "\"INTEGRAL\"", err);
    }
    *ret_type = args[0]->type;
    *ret_nullable = weir_any_nullable(args, args_count);
    return WEIR_OK;
}

#define RESOLVER(name, OP) \
    static weir_code name(WEIR_RESOLVE_PARAMS) { \
        return weir_arithmetic_resolve(WEIR_ARITHMETIC_##OP, resolve, function, args, args_count, ret_type, \
                                       ret_nullable, ret_rewrite, err); \
    }
RESOLVER(resolve_add, ADD)
RESOLVER(resolve_subtract, SUBTRACT)
RESOLVER(resolve_multiply, MULTIPLY)
RESOLVER(resolve_divide, DIVIDE)
RESOLVER(resolve_div, DIV)
RESOLVER(resolve_remainder, REMAINDER)
RESOLVER(resolve_pmod, PMOD)

#define DENSE_FLAGS (WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE)
#define BINARY(sql_name, sql_symbol, resolver, kernel, more) \
    { \
        .name = sql_name, .symbol = sql_symbol, .args_min = 2, .args_max = 2, \
        .flags = WEIR_FN_NULL_PROPAGATES | (more), .resolve = resolver, .eval = kernel \
    }
#define UNARY_SIGNATURE "numeric|interval_dt|interval_ym|interval -> =1"

const weir_function weir_arithmetic_functions[] = {
    BINARY("+", "+", resolve_add, add_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("-", "-", resolve_subtract, subtract_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("*", "*", resolve_multiply, multiply_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("/", "/", resolve_divide, divide_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("%", "%", resolve_remainder, remainder_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("mod", "%", resolve_remainder, remainder_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("div", "div", resolve_div, div_kernel, WEIR_FN_OPERATOR | WEIR_FN_DENSE),
    BINARY("pmod", NULL, resolve_pmod, pmod_kernel, WEIR_FN_DENSE),
    {.name = "negative",
     .symbol = "-",
     .args_min = 1,
     .args_max = 1,
     .flags = DENSE_FLAGS | WEIR_FN_OPERATOR,
     .resolve = weir_resolve_signature,
     .eval = negative_kernel,
     .signature = UNARY_SIGNATURE},
    {.name = "positive",
     .symbol = "+",
     .args_min = 1,
     .args_max = 1,
     .flags = DENSE_FLAGS | WEIR_FN_OPERATOR,
     .resolve = weir_resolve_signature,
     .eval = positive_kernel,
     .signature = UNARY_SIGNATURE},
    {.name = "abs",
     .args_min = 1,
     .args_max = 1,
     .flags = DENSE_FLAGS,
     .resolve = weir_resolve_signature,
     .eval = abs_kernel,
     .signature = "numeric|interval_dt|interval_ym -> =1"},
    {.name = "&",
     .symbol = "&",
     .args_min = 2,
     .args_max = 2,
     .flags = DENSE_FLAGS | WEIR_FN_OPERATOR | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_bits,
     .eval = bit_and_kernel},
    {.name = "|",
     .symbol = "|",
     .args_min = 2,
     .args_max = 2,
     .flags = DENSE_FLAGS | WEIR_FN_OPERATOR | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_bits,
     .eval = bit_or_kernel},
    {.name = "^",
     .symbol = "^",
     .args_min = 2,
     .args_max = 2,
     .flags = DENSE_FLAGS | WEIR_FN_OPERATOR | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_bits,
     .eval = bit_xor_kernel},
    {.name = "~",
     .symbol = "~",
     .args_min = 1,
     .args_max = 1,
     .flags = DENSE_FLAGS | WEIR_FN_OPERATOR | WEIR_FN_NEVER_RAISES,
     .resolve = resolve_bits,
     .eval = bit_not_kernel},
};
WEIR_FAMILY_COUNT(arithmetic)
