/* More functions of numbers: factorial, conv, width_bucket, ceil and floor with a scale, nanvl, nullifzero,
 * zeroifnull. */
#include <math.h>

#include "common/expr/program.h"
#include "common/expr/text_kernel_int.h"

/* ---- factorial ---- */
static weir_code factorial_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int32_t value = weir_int_arg(call, 0, i);
        out[i] = 1;
        if (value < 0 || value > 20)
            WEIR_TRY(weir_result_null(call, column, i, err));
        else
            for (int32_t k = 2; k <= value; k++)
                out[i] *= k;
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* ---- conv ---- */
static int32_t digit_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'z' ? c - 'a' + 10
           : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                  : 99;
}

/* The leading digits of `base` as an unsigned number; false where they need more than 64 bits. */
static bool read_digits(weir_str text, int32_t base, uint64_t *ret) {
    *ret = 0;
    for (size_t i = 0; i < text.size; i++) {
        int32_t digit = digit_value(text.data[i]);
        if (digit >= base)
            break;
        __uint128_t wide = (__uint128_t)*ret * (unsigned)base + (unsigned)digit;
        if (wide > UINT64_MAX) {
            *ret = UINT64_MAX;
            return false;
        }
        *ret = (uint64_t)wide;
    }
    return true;
}

/* Writes at most 65 bytes; gives 0 where it overflows under ANSI. */
static size_t put_converted(weir_str text, int32_t from, int32_t to, bool ansi, char *out) {
    bool negative = text.data[0] == '-';
    int32_t base = to < 0 ? -to : to;
    uint64_t value;
    if (!read_digits(weir_text_sub(text, negative, text.size), from, &value) && ansi)
        return 0;
    if (negative && to > 0)
        value = (int64_t)value < 0 ? UINT64_MAX : 0 - value;
    if (to < 0 && (int64_t)value < 0) {
        value = 0 - value;
        negative = true;
    }
    char digits[64], *at = digits + sizeof(digits);
    do {
        *--at = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % (unsigned)base];
        value /= (unsigned)base;
    } while (value);
    size_t size = 0;
    if (negative && to < 0)
        out[size++] = '-';
    memcpy(out + size, at, (size_t)(digits + sizeof(digits) - at));
    return size + (size_t)(digits + sizeof(digits) - at);
}

static weir_code conv_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 16, err));
    WEIR_EACH(call, i) {
        weir_str text = weir_column_bytes(call->args[0], i);
        while (text.size && text.data[0] == ' ')
            text = weir_text_sub(text, 1, text.size);
        while (text.size && text.data[text.size - 1] == ' ')
            text.size--;
        int64_t from = weir_int_arg(call, 1, i), to = weir_int_arg(call, 2, i), base = to < 0 ? -to : to;
        char out[65];
        if (from < 2 || from > 36 || base < 2 || base > 36 || text.size == 0) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
            continue;
        }
        size_t size = put_converted(text, (int32_t)from, (int32_t)to, call->eval->ansi, out);
        if (size == 0)
            return weir_fail_here(call,
                                  weir_error_raise(err, WEIR_ARITHMETIC_OVERFLOW, "message",
                                                   "Overflow in function conv()", "alternative", "", "config",
                                                   WEIR_ANSI_CONFIG, NULL),
                                  err);
        WEIR_TRY(weir_bytes_put(&writer, i, weir_str_make(out, size), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

/* ---- width_bucket ---- */
static double bucket_arg(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    switch ((int)column->type->kind) {
    case WEIR_TYPE_DOUBLE:
        return WEIR_VALUES(column, double)[slot];
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        return WEIR_VALUES(column, int32_t)[slot];
    default:
        return (double)WEIR_VALUES(column, int64_t)[slot];
    }
}

/* -1 where there are no buckets. */
static int64_t bucket_of(double value, double low, double high, int64_t count) {
    if (count <= 0 || count == INT64_MAX || isnan(value) || !isfinite(low) || !isfinite(high) || low == high)
        return -1;
    double from = low < high ? low : high, to = low < high ? high : low;
    if (low < high) {
        if (value < from)
            return 0;
        if (value >= to)
            return count + 1;
        return (int64_t)((double)count * (value - from) / (to - from)) + 1;
    }
    if (value > to)
        return 0;
    if (value <= from)
        return count + 1;
    return (int64_t)((double)count * (to - value) / (to - from)) + 1;
}

static weir_code width_bucket_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t count = WEIR_VALUES(call->args[3], int64_t)[weir_column_slot(call->args[3], i)];
        out[i] = bucket_of(bucket_arg(call->args[0], i), bucket_arg(call->args[1], i),
                           bucket_arg(call->args[2], i), count);
        if (out[i] < 0)
            WEIR_TRY(weir_result_null(call, column, i, err));
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code resolve_width_bucket(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_nullable = true;
    return WEIR_OK;
}

/* ---- ceil and floor to a scale: of decimals ---- */
static weir_int128 drop_digits(weir_int128 value, int32_t drop, bool up) {
    if (drop > 38)
        return up ? value > 0 : -(value < 0);
    weir_int128 unit = weir_decimal_pow10[drop], rest = value % unit;
    return value / unit + (up ? rest > 0 : -(rest < 0));
}

static weir_code scale_rows(const weir_kernel_call *call, bool up, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t from_scale = call->args[0]->type->scale;
    WEIR_EACH(call, i) {
        int32_t digits = weir_int_arg(call, 1, i), scale = WEIR_MIN(digits, from_scale);
        weir_int128 value = (weir_int128)weir_load128(call->args[0]->values +
                                                      (size_t)weir_column_slot(call->args[0], i) * 16);
        weir_int128 result = scale < from_scale ? drop_digits(value, from_scale - scale, up) : value;
        bool fits = true;
        if (scale < 0) {
            fits = scale >= -38 &&
                   !__builtin_mul_overflow(result, weir_decimal_pow10[WEIR_MIN(-scale, 38)], &result);
            scale = 0;
        }
        if (!fits ||
            !weir_decimal_rescale(result, scale, call->type->scale, call->type->precision, &result)) {
            if (call->eval->ansi)
                WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", "overflow", "alternative", "", "config",
                           WEIR_ANSI_CONFIG);
            WEIR_TRY(weir_result_null(call, column, i, err));
            result = 0;
        }
        weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16, (__uint128_t)result);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code ceil_scale_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return scale_rows(call, true, ret, err);
}

static weir_code floor_scale_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return scale_rows(call, false, ret, err);
}

static weir_code resolve_scale(WEIR_RESOLVE_PARAMS) {
    _cleanup_column_ weir_column *value = NULL;
    if (!weir_implicit_cast(resolve, &args[0], weir_type_decimal(resolve->arena, 38, 18)))
        return weir_fail_form_type(resolve, function->name[5] == 'c' ? "ceil($, $)" : "floor($, $)", args, 0,
                                   "\"DECIMAL\"", err);
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if (!weir_is_foldable(args[1]))
        WEIR_FAIL(err, NOT_SUPPORTED, "the scale of ceil and floor must be a constant");
    WEIR_TRY(weir_expr_fold(resolve->arena, args[1], resolve->zone, resolve->ansi, &value, err));
    if (weir_column_is_null(value, 0))
        WEIR_FAIL(err, NOT_SUPPORTED, "the scale of ceil and floor must not be NULL");
    int32_t digits = WEIR_VALUES(value, int32_t)[0];
    int32_t whole = args[0]->type->precision - args[0]->type->scale + 1,
            scale = WEIR_MIN(args[0]->type->scale, digits);
    *ret_type = digits < 0 ? weir_type_decimal(resolve->arena, WEIR_MIN(38, WEIR_MAX(whole, -digits + 1)), 0)
                           : weir_type_decimal(resolve->arena, WEIR_MIN(38, whole + scale), scale);
    return WEIR_OK;
}

/* ---- nanvl: the second value where the first is NaN; NULL of the second counts then alone ---- */
static weir_code nanvl_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    bool single = call->type->kind == WEIR_TYPE_FLOAT;
    WEIR_EACH(call, i) {
        const weir_column *from = call->args[0];
        bool null = weir_column_is_null(from, i);
        int32_t slot = weir_column_slot(from, i);
        double value = null     ? 0
                       : single ? (double)WEIR_VALUES(from, float)[slot]
                                : WEIR_VALUES(from, double)[slot];
        if (!null && isnan(value)) {
            from = call->args[1];
            null = weir_column_is_null(from, i);
            slot = weir_column_slot(from, i);
        }
        if (null)
            WEIR_TRY(weir_result_null(call, column, i, err));
        size_t width = single ? 4 : 8;
        uint8_t *out = (uint8_t *)weir_column_values(column) + (size_t)i * width;
        if (null)
            memset(out, 0, width);
        else
            memcpy(out, from->values + (size_t)slot * width, width);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code resolve_nanvl(WEIR_RESOLVE_PARAMS) {
    weir_type_kind a = args[0]->type->kind, b = args[1]->type->kind;
    if (!(a == WEIR_TYPE_FLOAT && b == WEIR_TYPE_FLOAT))
        for (int32_t i = 0; i < 2; i++)
            if (args[i]->type->kind == WEIR_TYPE_FLOAT)
                args[i] = weir_coerce_cast(resolve, args[i], weir_type_of(WEIR_TYPE_DOUBLE));
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    return WEIR_OK;
}

/* ---- conditionals by rewriting ---- */
static weir_code resolve_nullifzero(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node *test =
        weir_make_call(resolve, "=", 2, (weir_node *[]){args[0], weir_literal_int(resolve->arena, 0)});
    weir_node *parts[] = {test, weir_literal_null(resolve->arena, weir_type_of(WEIR_TYPE_NULL)), args[0]};
    *ret_rewrite = weir_make_call(resolve, "if", 3, parts);
    return WEIR_OK;
}

static weir_code resolve_zeroifnull(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable, (void)err;
    weir_node *parts[] = {args[0], weir_literal_int(resolve->arena, 0)};
    *ret_rewrite = weir_make_call(resolve, "coalesce", 2, parts);
    return WEIR_OK;
}

#define SCALE_FUNCTION(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN, \
        .resolve = resolve_scale, .eval = kernel, .signature = "decimal; int -> decimal" \
    }

const weir_function weir_number_functions[] = {
    WEIR_TEXT_FUNCTION("factorial", factorial_kernel, 1, 1, "int -> long"),
    WEIR_TEXT_FUNCTION("conv", conv_kernel, 3, 3, "string; int; int -> string"),
    {.name = "width_bucket",
     .args_min = 4,
     .args_max = 4,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_width_bucket,
     .eval = width_bucket_kernel,
     .signature = "double|interval_ym|interval_dt; double|interval_ym|interval_dt; "
                  "double|interval_ym|interval_dt; long -> long"},
    SCALE_FUNCTION("weir_ceil_scale", ceil_scale_kernel),
    SCALE_FUNCTION("weir_floor_scale", floor_scale_kernel),
    {.name = "nanvl",
     .args_min = 2,
     .args_max = 2,
     .resolve = resolve_nanvl,
     .eval = nanvl_kernel,
     .signature = "double|float; double|float -> =1"},
    {.name = "nullifzero", .args_min = 1, .args_max = 1, .resolve = resolve_nullifzero},
    {.name = "zeroifnull", .args_min = 1, .args_max = 1, .resolve = resolve_zeroifnull},
};
WEIR_FAMILY_COUNT(number)
