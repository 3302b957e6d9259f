/* Decimal arithmetic: 128-bit values at Spark's result precision and scale. An overflow is
 * NUMERIC_VALUE_OUT_OF_RANGE under ANSI, NULL otherwise. Operands of equal scale take a short path. */
#include "common/expr/arithmetic_int.h"

weir_code weir_decimal_out_of_range(weir_int128 value, int32_t value_scale, const weir_type *type,
                                    weir_error **err) {
    char text[96], precision[16], scale[16];
    text[weir_decimal_format(value, value_scale, text)] = 0;
    snprintf(precision, sizeof(precision), "%d", (int)type->precision);
    snprintf(scale, sizeof(scale), "%d", (int)type->scale);
    WEIR_RAISE(err, NUMERIC_VALUE_OUT_OF_RANGE__WITH_SUGGESTION, "value", text, "precision", precision,
               "scale", scale, "config", WEIR_ANSI_CONFIG);
}

static weir_int128 load(const weir_column *column, int32_t slot) {
    return weir_load128(column->values + (size_t)slot * 16);
}

typedef struct operands {
    weir_int128 a, b;
    int32_t a_scale, b_scale, precision, scale;
} operands;

/* 1 = done, 0 = does not fit */
static bool compute(weir_arithmetic op, const operands *o, weir_int128 *ret) {
    switch (op) {
    case WEIR_ARITHMETIC_ADD:
        return weir_decimal_add(o->a, o->a_scale, o->b, o->b_scale, o->precision, o->scale, ret);
    case WEIR_ARITHMETIC_SUBTRACT:
        return weir_decimal_subtract(o->a, o->a_scale, o->b, o->b_scale, o->precision, o->scale, ret);
    case WEIR_ARITHMETIC_MULTIPLY:
        return weir_decimal_multiply(o->a, o->a_scale, o->b, o->b_scale, o->precision, o->scale, ret);
    case WEIR_ARITHMETIC_DIVIDE:
        return weir_decimal_divide(o->a, o->a_scale, o->b, o->b_scale, o->precision, o->scale, ret);
    case WEIR_ARITHMETIC_REMAINDER:
        return weir_decimal_remainder(o->a, o->a_scale, o->b, o->b_scale, o->precision, o->scale, ret);
    default: { /* pmod: r < 0 ? (r + b) % b : r */
        weir_int128 r, sum;
        int32_t wide = WEIR_MAX(o->a_scale, o->b_scale);
        if (!weir_decimal_remainder(o->a, o->a_scale, o->b, o->b_scale, 38, wide, &r))
            return false;
        if (r < 0) {
            if (!weir_decimal_add(r, wide, o->b, o->b_scale, 38, wide, &sum) ||
                !weir_decimal_remainder(sum, wide, o->b, o->b_scale, 38, wide, &r))
                return false;
        }
        return weir_decimal_rescale(r, wide, o->scale, o->precision, ret);
    }
    }
}

/* What the message shows: the exact result as far as 128 bits hold it. */
static weir_code fail_result(weir_arithmetic op, const operands *o, const weir_type *type, weir_error **err) {
    char digits[128], precision[16], scale[16];
    snprintf(precision, sizeof(precision), "%d", (int)type->precision);
    snprintf(scale, sizeof(scale), "%d", (int)type->scale);
    weir_int128 sum = 0;
    bool exact = o->a_scale == o->b_scale && op <= WEIR_ARITHMETIC_SUBTRACT &&
                 !(op == WEIR_ARITHMETIC_ADD ? __builtin_add_overflow(o->a, o->b, &sum)
                                             : __builtin_sub_overflow(o->a, o->b, &sum));
    if (exact) {
        digits[weir_decimal_format(sum, o->a_scale, digits)] = 0;
    } else {
        weir_decimal_result_text(op, o->a, o->a_scale, o->b, o->b_scale, o->scale, digits);
    }
    WEIR_RAISE(err, NUMERIC_VALUE_OUT_OF_RANGE__WITH_SUGGESTION, "value", digits, "precision", precision,
               "scale", scale, "config", WEIR_ANSI_CONFIG);
}

/* Equal scales: one 128-bit addition and a bound check a row. */
static bool add_same_scale(const weir_kernel_call *call, bool minus, uint8_t *out) {
    const weir_int128 bound = weir_decimal_pow10[call->type->precision];
    const uint8_t *a = call->args[0]->values, *b = call->args[1]->values;
    unsigned bad = 0;
    WEIR_LOOP2(call, {
        weir_int128 l = weir_load128(a + (size_t)x * 16);
        weir_int128 r = weir_load128(b + (size_t)y * 16);
        weir_int128 sum =
            (weir_int128)(minus ? (__uint128_t)l - (__uint128_t)r : (__uint128_t)l + (__uint128_t)r);
        bad |= sum >= bound || sum <= -bound;
        weir_store128(out + (size_t)i * 16, (__uint128_t)sum);
    });
    return bad == 0;
}

static weir_code zero_or_overflow(const weir_kernel_call *call, weir_arithmetic op, const operands *o,
                                  weir_column *column, int32_t row, weir_error **err) {
    if (!call->eval->ansi)
        return weir_result_null(call, column, row, err);
    if (o->b == 0 && op >= WEIR_ARITHMETIC_REMAINDER)
        WEIR_RAISE(err, REMAINDER_BY_ZERO, "config", WEIR_ANSI_CONFIG);
    if (o->b == 0 && op >= WEIR_ARITHMETIC_DIVIDE)
        WEIR_RAISE(err, DIVIDE_BY_ZERO, "config", WEIR_ANSI_CONFIG);
    return fail_result(op, o, call->type, err);
}

static weir_code slow_rows(const weir_kernel_call *call, weir_arithmetic op, weir_column *column,
                           weir_error **err) {
    uint8_t *out = weir_column_values(column);
    operands o = {.a_scale = call->args[0]->type->scale, .b_scale = call->args[1]->type->scale};
    o.precision = call->type->precision;
    o.scale = call->type->scale;
    WEIR_EACH(call, i) {
        if (!weir_row_is_live(call, i))
            continue;
        o.a = load(call->args[0], weir_column_slot(call->args[0], i));
        o.b = load(call->args[1], weir_column_slot(call->args[1], i));
        weir_int128 value = 0;
        bool zero = o.b == 0 && op >= WEIR_ARITHMETIC_DIVIDE;
        if (op == WEIR_ARITHMETIC_DIV && !zero) { /* the low 64 bits, as Decimal.toLong gives */
            weir_store64(out + (size_t)i * 8, weir_decimal_quotient_low(o.a, o.a_scale, o.b, o.b_scale));
            continue;
        }
        if (zero || !compute(op, &o, &value))
            WEIR_TRY(zero_or_overflow(call, op, &o, column, i, err));
        if (op == WEIR_ARITHMETIC_DIV)
            weir_store64(out + (size_t)i * 8, 0);
        else
            weir_store128(out + (size_t)i * 16, (__uint128_t)value);
    }
    return WEIR_OK;
}

weir_code weir_arithmetic_decimal(const weir_kernel_call *call, weir_arithmetic op, weir_column **ret,
                                  weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    bool same =
        call->args[0]->type->scale == call->type->scale && call->args[1]->type->scale == call->type->scale;
    if (op <= WEIR_ARITHMETIC_SUBTRACT && same &&
        add_same_scale(call, op == WEIR_ARITHMETIC_SUBTRACT, weir_column_values(column))) {
        *ret = column;
        return WEIR_OK;
    }
    weir_code code = slow_rows(call, op, column, err);
    if (code != WEIR_OK) {
        weir_column_unref(column);
        return code;
    }
    *ret = column;
    return WEIR_OK;
}

/* Spark negates through a 34-digit MathContext: longer values are rounded and may leave the type. */
static bool negate_rounded(weir_int128 value, weir_int128 *ret) {
    weir_int128 magnitude = value < 0 ? -value : value;
    int32_t drop = 0;
    while (drop < 4 && magnitude >= weir_decimal_pow10[34 + drop])
        drop++;
    if (drop > 0) {
        weir_int128 unit = weir_decimal_pow10[drop], rest = magnitude % unit;
        magnitude -= rest;
        if (rest * 2 > unit || (rest * 2 == unit && (magnitude / unit) % 2 != 0))
            magnitude += unit;
    }
    *ret = value < 0 ? magnitude : -magnitude;
    return magnitude < weir_decimal_pow10[38];
}

/* Only +-10^38 (at its scale) can be out of range; Spark prints it with 34 digits. */
static weir_code fail_negation(weir_int128 value, const weir_type *type, weir_error **err) {
    char rounded[96], original[96], precision[16], scale[16];
    rounded[weir_decimal_format(value, type->scale, rounded)] = 0;
    if (type->scale >= 5) /* 34 digits, five less than the value has */
        original[weir_decimal_format(value / 100000, type->scale - 5, original)] = 0;
    else
        snprintf(original, sizeof(original), "%s1.000000000000000000000000000000000E+%d",
                 value < 0 ? "-" : "", 38 - (int)type->scale);
    snprintf(precision, sizeof(precision), "%d", (int)type->precision);
    snprintf(scale, sizeof(scale), "%d", (int)type->scale);
    WEIR_RAISE(err, NUMERIC_VALUE_OUT_OF_RANGE__WITHOUT_SUGGESTION, "roundedValue", rounded, "originalValue",
               original, "precision", precision, "scale", scale);
}

weir_code weir_arithmetic_decimal_unary(const weir_kernel_call *call, bool absolute, weir_column **ret,
                                        weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    uint8_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        weir_int128 value = load(call->args[0], weir_column_slot(call->args[0], i));
        weir_int128 result = value;
        if ((!absolute || value < 0) && !negate_rounded(value, &result) && weir_row_is_live(call, i)) {
            weir_column_unref(column);
            return fail_negation(result, call->type, err);
        }
        weir_store128(out + (size_t)i * 16, (__uint128_t)result);
    }
    *ret = column;
    return WEIR_OK;
}
