/* Mathematical functions: roots, powers, logarithms (of DOUBLE), and round, bround, floor, ceil over all
 * numeric types with Spark's result types. */
#include <math.h>
#include <stdio.h>

#include "common/expr/arithmetic_int.h"
#include "common/expr/program.h"

#include "common/types/number_text.h"

#define DOUBLE_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const double *restrict a = WEIR_VALUES(call->args[0], double); \
        double *restrict out = weir_column_values(column); \
        WEIR_LOOP1(call, out[i] = (EXPR);); \
        *ret = column; \
        return WEIR_OK; \
    }
DOUBLE_KERNEL(sqrt_kernel, sqrt(a[x]))
DOUBLE_KERNEL(exp_kernel, exp(a[x]))
DOUBLE_KERNEL(signum_kernel, a[x] > 0 ? 1.0 : a[x] < 0 ? -1.0 : a[x])

/* Logarithms of what is not positive are NULL. */
static weir_code log_rows(const weir_kernel_call *call, double (*fn)(double), weir_column **ret,
                          weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const double *a = WEIR_VALUES(call->args[0], double);
    double *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        double value = a[weir_column_slot(call->args[0], i)];
        out[i] = value <= 0 ? 0 : fn(value);
        weir_code code = value <= 0 ? weir_result_null(call, column, i, err) : WEIR_OK;
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code ln_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return log_rows(call, log, ret, err);
}
static weir_code log10_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return log_rows(call, log10, ret, err);
}
static double log_of_two(double value) { /* Spark's own, which is not always log2's nearest double */
    return log(value) / log(2.0);
}
static weir_code log2_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return log_rows(call, log_of_two, ret, err);
}

/* log(base, x) */
static weir_code log_base_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    if (call->args_count == 1)
        return log_rows(call, log, ret, err);
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    double *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        double base = WEIR_VALUES(call->args[0], double)[weir_column_slot(call->args[0], i)];
        double value = WEIR_VALUES(call->args[1], double)[weir_column_slot(call->args[1], i)];
        bool undefined = base <= 0 || value <= 0;
        out[i] = undefined ? 0 : log(value) / log(base);
        weir_code code = undefined ? weir_result_null(call, column, i, err) : WEIR_OK;
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code pow_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const double *a = WEIR_VALUES(call->args[0], double), *b = WEIR_VALUES(call->args[1], double);
    double *out = weir_column_values(column);
    /* Java: 1 to the power NaN is NaN, and |1| to an infinite power too */
    WEIR_LOOP2(call, out[i] = b[y] != b[y] || (fabs(a[x]) == 1 && isinf(b[y])) ? NAN : pow(a[x], b[y]););
    *ret = column;
    return WEIR_OK;
}

/* ---- floor, ceil ---- */
static int64_t java_long(double value) {
    if (value != value)
        return 0;
    return value >= 9223372036854775808.0    ? INT64_MAX
           : value <= -9223372036854775808.0 ? INT64_MIN
                                             : (int64_t)value;
}

static weir_code floor_rows(const weir_kernel_call *call, bool up, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    if (call->type->kind == WEIR_TYPE_LONG && call->args[0]->type->kind == WEIR_TYPE_LONG) {
        const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
        int64_t *out = weir_column_values(column);
        WEIR_LOOP1(call, out[i] = a[x];);
    } else if (call->type->kind == WEIR_TYPE_LONG) {
        const double *a = WEIR_VALUES(call->args[0], double);
        int64_t *out = weir_column_values(column);
        bool outside = false;
        WEIR_LOOP1(call, {
            const double whole = up ? ceil(a[x]) : floor(a[x]);
            outside |= fabs(whole) > 9223372036854775807.0 || (whole == 9223372036854775808.0);
            out[i] = java_long(whole);
        });
        if (outside && call->eval->ansi) {
            weir_column_unref(column);
            return weir_fail_here(call,
                                  weir_error_raise(err, WEIR_ARITHMETIC_OVERFLOW, "message", "overflow",
                                                   "alternative", "", "config", WEIR_ANSI_CONFIG, NULL),
                                  err);
        }
    } else {
        weir_int128 unit = weir_decimal_pow10[call->args[0]->type->scale];
        WEIR_EACH(call, i) {
            weir_int128 value =
                weir_load128(call->args[0]->values + (size_t)weir_column_slot(call->args[0], i) * 16);
            weir_int128 quotient = value / unit, rest = value % unit;
            quotient += up ? rest > 0 : -(rest < 0);
            weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16, (__uint128_t)quotient);
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code floor_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return floor_rows(call, false, ret, err);
}
static weir_code ceil_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return floor_rows(call, true, ret, err);
}

static weir_code resolve_floor(WEIR_RESOLVE_PARAMS) {
    if (args_count == 2) {
        *ret_rewrite = weir_make_call(
            resolve, function->name[0] == 'c' ? "weir_ceil_scale" : "weir_floor_scale", 2, args);
        return WEIR_OK;
    }
    const weir_type *type = args[0]->type;
    if (weir_type_is_integral(type))
        args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_LONG));
    else if (type->kind == WEIR_TYPE_FLOAT)
        args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_DOUBLE));
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    type = args[0]->type;
    if (type->kind == WEIR_TYPE_DECIMAL)
        *ret_type = weir_type_decimal(
            resolve->arena, WEIR_MAX(1, WEIR_MIN(38, type->precision - type->scale + (type->scale > 0))), 0);
    else
        *ret_type = weir_type_of(WEIR_TYPE_LONG);
    return WEIR_OK;
}

/* ---- round (HALF_UP), bround (HALF_EVEN) ---- */
static weir_int128 round_unscaled(weir_int128 value, int32_t drop, bool even) {
    if (drop <= 0)
        return value;
    if (drop > 38)
        return 0;
    weir_int128 unit = weir_decimal_pow10[drop], quotient = value / unit, rest = value % unit;
    weir_int128 twice = (rest < 0 ? -rest : rest), half = unit / 2;
    if (twice > half || (twice == half && (!even || quotient % 2 != 0)))
        quotient += value < 0 ? -1 : 1;
    return quotient;
}

/* Doubles round by their shortest decimal text, as BigDecimal(x.toString) does. */
static double round_double(double value, int32_t digits, bool even) {
    if (value - value != 0)
        return value;
    if (digits >= 0 && digits < 300 && fabs(value) < 0.4 * pow(10, -digits))
        return 0; /* BigDecimal has no -0 */
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = weir_double_format(value, text);
    weir_int128 unscaled;
    int32_t scale;
    bool too_large = false;
    if (!weir_decimal_parse(weir_str_make(text, (size_t)size), &unscaled, &scale, &too_large) || too_large ||
        scale <= digits)
        return value;
    if (scale - digits > 38)
        return 0;
    weir_int128 rounded = round_unscaled(unscaled, scale - digits, even);
    if (digits >= 0)
        return weir_decimal_to_double(rounded, digits);
    return -digits > 38 ? 0 : weir_decimal_to_double(rounded, 0) * pow(10, -digits);
}

static weir_code round_integer(const weir_kernel_call *call, int32_t digits, bool even, weir_column *column,
                               weir_error **err) {
    int32_t width = weir_type_width(call->type);
    weir_int128 high = ((weir_int128)1 << (width * 8 - 1)) - 1, low = -high - 1;
    WEIR_EACH(call, i) {
        int64_t value = 0;
        const uint8_t *from =
            call->args[0]->values + (size_t)weir_column_slot(call->args[0], i) * (size_t)width;
        memcpy(&value, from, (size_t)width);
        value = (int64_t)((uint64_t)value << (64 - width * 8)) >> (64 - width * 8);
        weir_int128 result = value;
        if (digits < 0)
            result = round_unscaled(value, -digits, even) * weir_decimal_pow10[WEIR_MIN(-digits, 19)];
        if ((result > high || result < low) && call->eval->ansi)
            return weir_fail_here(call,
                                  weir_error_raise(err, WEIR_ARITHMETIC_OVERFLOW, "message", "Overflow",
                                                   "alternative", "", "config", WEIR_ANSI_CONFIG, NULL),
                                  err);
        value = (int64_t)result;
        memcpy((uint8_t *)weir_column_values(column) + (size_t)i * (size_t)width, &value, (size_t)width);
    }
    return WEIR_OK;
}

static weir_code round_decimal(const weir_kernel_call *call, int32_t digits, bool even, weir_column *column,
                               weir_error **err) {
    int32_t from_scale = call->args[0]->type->scale;
    WEIR_EACH(call, i) {
        weir_int128 value =
            weir_load128(call->args[0]->values + (size_t)weir_column_slot(call->args[0], i) * 16);
        weir_int128 rounded = round_unscaled(value, from_scale - digits, even);
        int32_t scale = WEIR_MIN(digits, from_scale);
        if (scale < 0) {
            rounded *= weir_decimal_pow10[WEIR_MIN(-scale, 38)];
            scale = 0;
        }
        weir_int128 result = 0;
        if (!weir_decimal_rescale(rounded, scale, call->type->scale, call->type->precision, &result)) {
            if (call->eval->ansi)
                return weir_decimal_out_of_range(rounded, scale, call->type, err);
            WEIR_TRY(weir_result_null(call, column, i, err));
        }
        weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16, (__uint128_t)result);
    }
    return WEIR_OK;
}

static weir_code round_rows(const weir_kernel_call *call, bool even, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t digits = call->args_count > 1 ? WEIR_VALUES(call->args[1], int32_t)[0] : 0;
    weir_code code = WEIR_OK;
    if (call->type->kind == WEIR_TYPE_DECIMAL) {
        code = round_decimal(call, digits, even, column, err);
    } else if (weir_type_is_integral(call->type)) {
        code = round_integer(call, digits, even, column, err);
    } else if (call->type->kind == WEIR_TYPE_FLOAT) {
        const float *a = WEIR_VALUES(call->args[0], float);
        WEIR_EACH(call, i) {
            char text[WEIR_NUMBER_TEXT_MAX];
            float value = a[weir_column_slot(call->args[0], i)];
            double wide = (double)value;
            int size = weir_float_format(value, text);
            if (value - value == 0)
                weir_double_parse(weir_str_make(text, (size_t)size), &wide);
            ((float *)weir_column_values(column))[i] = (float)round_double(wide, digits, even);
        }
    } else {
        const double *a = WEIR_VALUES(call->args[0], double);
        double *out = weir_column_values(column);
        WEIR_LOOP1(call, out[i] = round_double(a[x], digits, even););
    }
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code round_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return round_rows(call, false, ret, err);
}
static weir_code bround_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return round_rows(call, true, ret, err);
}

static weir_code resolve_round(WEIR_RESOLVE_PARAMS) {
    int32_t digits = 0;
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if (args_count == 2) {
        if (!weir_is_foldable(args[1]))
            WEIR_RAISE(err, DATATYPE_MISMATCH__NON_FOLDABLE_INPUT, "sqlExpr",
                       weir_quoted_sql(resolve->arena, resolve->call), "inputName", "`scale`", "inputType",
                       "\"INT\"", "inputExpr", weir_quoted_sql(resolve->arena, args[1]));
        _cleanup_column_ weir_column *value = NULL;
        WEIR_TRY(weir_expr_fold(resolve->arena, args[1], resolve->zone, resolve->ansi, &value, err));
        digits = weir_column_is_null(value, 0) ? 0 : WEIR_VALUES(value, int32_t)[0];
    }
    const weir_type *type = args[0]->type;
    if (type->kind == WEIR_TYPE_DECIMAL) {
        int32_t whole = type->precision - type->scale + 1;
        if (digits < 0)
            *ret_type = weir_type_decimal(resolve->arena, WEIR_MIN(38, WEIR_MAX(whole, -digits + 1)), 0);
        else
            *ret_type = weir_type_decimal(resolve->arena, WEIR_MIN(38, whole + WEIR_MIN(type->scale, digits)),
                                          WEIR_MIN(type->scale, digits));
    }
    return WEIR_OK;
}

#define SAFE_DENSE (WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE | WEIR_FN_NEVER_RAISES)
#define DOUBLE_FUNCTION(sql_name, kernel, count, more) \
    { \
        .name = sql_name, .args_min = count, .args_max = count, .flags = WEIR_FN_NULL_PROPAGATES | (more), \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = "double; double -> double" \
    }
#define ROUND_FUNCTION(sql_name, kernel, resolver) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 2, .flags = WEIR_FN_NULL_PROPAGATES, \
        .resolve = resolver, .eval = kernel, .signature = "numeric; int -> =1" \
    }

const weir_function weir_math_functions[] = {
    DOUBLE_FUNCTION("sqrt", sqrt_kernel, 1, SAFE_DENSE),
    DOUBLE_FUNCTION("exp", exp_kernel, 1, SAFE_DENSE),
    DOUBLE_FUNCTION("sign", signum_kernel, 1, SAFE_DENSE),
    DOUBLE_FUNCTION("signum", signum_kernel, 1, SAFE_DENSE),
    DOUBLE_FUNCTION("ln", ln_kernel, 1, 0),
    DOUBLE_FUNCTION("log10", log10_kernel, 1, 0),
    DOUBLE_FUNCTION("log2", log2_kernel, 1, 0),
    {.name = "log",
     .args_min = 1,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = weir_resolve_signature,
     .eval = log_base_kernel,
     .signature = "double -> double"},
    DOUBLE_FUNCTION("pow", pow_kernel, 2, SAFE_DENSE),
    DOUBLE_FUNCTION("power", pow_kernel, 2, SAFE_DENSE),
    {.name = "floor",
     .args_min = 1,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_floor,
     .eval = floor_kernel,
     .signature = "double|decimal|long; int -> =1"},
    {.name = "ceil",
     .args_min = 1,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_floor,
     .eval = ceil_kernel,
     .signature = "double|decimal|long; int -> =1"},
    {.name = "ceiling",
     .args_min = 1,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_floor,
     .eval = ceil_kernel,
     .signature = "double|decimal|long; int -> =1"},
    ROUND_FUNCTION("round", round_kernel, resolve_round),
    ROUND_FUNCTION("bround", bround_kernel, resolve_round),
};
WEIR_FAMILY_COUNT(math)
