/* Functions of one or two DOUBLEs that java.lang.Math has: trigonometry, roots, e^x - 1, angles, and the
 * constants. Spark's own formulas where it does not take Java's (atanh, cot, csc, sec). */
#include <math.h>

#include "common/expr/expr_int.h"

#define PI 3.14159265358979323846
#define E 2.7182818284590452354

/* EXPR sees `v`. */
#define UNARY_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const double *restrict a = WEIR_VALUES(call->args[0], double); \
        double *restrict out = weir_column_values(column); \
        WEIR_LOOP1(call, { \
            const double v = a[x]; \
            out[i] = (EXPR); \
        }); \
        *ret = column; \
        return WEIR_OK; \
    }
#define BINARY_KERNEL(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const double *a = WEIR_VALUES(call->args[0], double), *b = WEIR_VALUES(call->args[1], double); \
        double *out = weir_column_values(column); \
        WEIR_LOOP2(call, { \
            const double v = a[x]; \
            const double w = b[y]; \
            out[i] = (EXPR); \
        }); \
        *ret = column; \
        return WEIR_OK; \
    }
UNARY_KERNEL(acos_kernel, acos(v))
UNARY_KERNEL(acosh_kernel, acosh(v))
UNARY_KERNEL(asin_kernel, asin(v))
UNARY_KERNEL(asinh_kernel, asinh(v))
UNARY_KERNEL(atan_kernel, atan(v))
UNARY_KERNEL(atanh_kernel, 0.5 * (log1p(v) - log1p(-v)))
UNARY_KERNEL(cbrt_kernel, cbrt(v))
UNARY_KERNEL(cos_kernel, cos(v))
UNARY_KERNEL(cosh_kernel, cosh(v))
UNARY_KERNEL(cot_kernel, 1 / tan(v))
UNARY_KERNEL(csc_kernel, 1 / sin(v))
UNARY_KERNEL(degrees_kernel, v * 57.29577951308232)
UNARY_KERNEL(expm1_kernel, expm1(v))
UNARY_KERNEL(radians_kernel, v * 0.017453292519943295)
UNARY_KERNEL(rint_kernel, rint(v))
UNARY_KERNEL(sec_kernel, 1 / cos(v))
UNARY_KERNEL(sin_kernel, sin(v))
UNARY_KERNEL(sinh_kernel, sinh(v))
UNARY_KERNEL(tan_kernel, tan(v))
UNARY_KERNEL(tanh_kernel, tanh(v))
/* Spark adds 0.0: atan2 of -0.0 is that of 0.0. */
BINARY_KERNEL(atan2_kernel, atan2(v + 0.0, w + 0.0))
BINARY_KERNEL(hypot_kernel, hypot(v, w))

/* NULL where the logarithm is not defined. */
static weir_code log1p_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const double *a = WEIR_VALUES(call->args[0], double);
    double *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        double value = a[weir_column_slot(call->args[0], i)];
        out[i] = value <= -1 ? 0 : log1p(value);
        weir_code code = value <= -1 ? weir_result_null(call, column, i, err) : WEIR_OK;
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code constant_kernel(const weir_kernel_call *call, double value, weir_column **ret,
                                 weir_error **err) {
    _cleanup_column_ weir_column *one = NULL;
    WEIR_TRY(weir_column_new_fixed(call->eval->budget, call->type, 1, &one, err));
    *(double *)weir_column_values(one) = value;
    *ret = weir_column_constant(one, call->rows);
    return WEIR_OK;
}

static weir_code pi_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return constant_kernel(call, PI, ret, err);
}

static weir_code e_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return constant_kernel(call, E, ret, err);
}

static weir_code resolve_constant(WEIR_RESOLVE_PARAMS) {
    WEIR_RESOLVE_UNUSED;
    *ret_type = weir_type_of(WEIR_TYPE_DOUBLE);
    *ret_nullable = false;
    return WEIR_OK;
}

#define REAL_FUNCTION(sql_name, kernel, count) \
    { \
        .name = sql_name, .args_min = count, .args_max = count, \
        .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_DENSE | WEIR_FN_NEVER_RAISES, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = "double; double -> double" \
    }
#define CONSTANT(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 0, .args_max = 0, .flags = WEIR_FN_NEVER_NULL | WEIR_FN_NEVER_RAISES, \
        .resolve = resolve_constant, .eval = kernel \
    }

const weir_function weir_trigonometry_functions[] = {
    REAL_FUNCTION("acos", acos_kernel, 1),
    REAL_FUNCTION("acosh", acosh_kernel, 1),
    REAL_FUNCTION("asin", asin_kernel, 1),
    REAL_FUNCTION("asinh", asinh_kernel, 1),
    REAL_FUNCTION("atan", atan_kernel, 1),
    REAL_FUNCTION("atan2", atan2_kernel, 2),
    REAL_FUNCTION("atanh", atanh_kernel, 1),
    REAL_FUNCTION("cbrt", cbrt_kernel, 1),
    REAL_FUNCTION("cos", cos_kernel, 1),
    REAL_FUNCTION("cosh", cosh_kernel, 1),
    REAL_FUNCTION("cot", cot_kernel, 1),
    REAL_FUNCTION("csc", csc_kernel, 1),
    REAL_FUNCTION("degrees", degrees_kernel, 1),
    REAL_FUNCTION("expm1", expm1_kernel, 1),
    REAL_FUNCTION("hypot", hypot_kernel, 2),
    REAL_FUNCTION("radians", radians_kernel, 1),
    REAL_FUNCTION("rint", rint_kernel, 1),
    REAL_FUNCTION("sec", sec_kernel, 1),
    REAL_FUNCTION("sin", sin_kernel, 1),
    REAL_FUNCTION("sinh", sinh_kernel, 1),
    REAL_FUNCTION("tan", tan_kernel, 1),
    REAL_FUNCTION("tanh", tanh_kernel, 1),
    {.name = "log1p",
     .args_min = 1,
     .args_max = 1,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = weir_resolve_signature,
     .eval = log1p_kernel,
     .signature = "double -> double"},
    CONSTANT("pi", pi_kernel),
    CONSTANT("e", e_kernel),
};
WEIR_FAMILY_COUNT(trigonometry)
