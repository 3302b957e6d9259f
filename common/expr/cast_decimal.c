/* Casts from and to DECIMAL. Values that do not fit raise NUMERIC_VALUE_OUT_OF_RANGE under ANSI and give
 * NULL otherwise; to integers the fraction is cut. */
#include "common/expr/arithmetic_int.h"
#include "common/expr/cast_int.h"

#include "common/types/number_text.h"

static weir_int128 load(const weir_column *column, int32_t row) {
    return weir_load128(column->values + (size_t)weir_column_slot(column, row) * 16);
}

static weir_code out_of_range(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                              int32_t row, weir_int128 value, int32_t scale, weir_error **err) {
    if (mode != WEIR_CAST_ANSI)
        return weir_result_null(call, column, row, err);
    return weir_decimal_out_of_range(value, scale, call->type, err);
}

static weir_code out_of_range_text(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                                   int32_t row, const char *text, weir_error **err) {
    if (mode != WEIR_CAST_ANSI)
        return weir_result_null(call, column, row, err);
    char precision[16], scale[16];
    snprintf(precision, sizeof(precision), "%d", (int)call->type->precision);
    snprintf(scale, sizeof(scale), "%d", (int)call->type->scale);
    WEIR_RAISE(err, NUMERIC_VALUE_OUT_OF_RANGE__WITH_SUGGESTION, "value", text, "precision", precision,
               "scale", scale, "config", WEIR_ANSI_CONFIG);
}

/* "1.5E10" as "15000000000": BigDecimal.toPlainString of a double's shortest text */
static char *plain_double(weir_arena *arena, double value) {
    char text[WEIR_NUMBER_TEXT_MAX + 1], digits[WEIR_NUMBER_TEXT_MAX + 1];
    text[weir_double_format(value, text)] = 0;
    int32_t count = 0, point = -1, exponent = 0;
    const char *at = text[0] == '-' ? text + 1 : text;
    for (; *at && *at != 'E'; at++) {
        if (*at == '.')
            point = count;
        else
            digits[count++] = *at;
    }
    for (int sign = 1; *at; at++) {
        if (*at == '-')
            sign = -1;
        else if (*at >= '0' && *at <= '9')
            exponent = exponent * 10 + sign * (*at - '0');
    }
    int32_t whole = (point < 0 ? count : point) + exponent;
    weir_strbuf buf = {0};
    if (value < 0)
        weir_strbuf_add_char(&buf, '-');
    if (whole <= 0) {
        weir_strbuf_add_text(&buf, "0.");
        weir_strbuf_add_repeat(&buf, '0', (size_t)-whole);
    }
    for (int32_t i = 0; i < count; i++) {
        if (i == whole && i > 0)
            weir_strbuf_add_char(&buf, '.');
        weir_strbuf_add_char(&buf, digits[i]);
    }
    if (whole > count)
        weir_strbuf_add_repeat(&buf, '0', (size_t)(whole - count));
    char *plain = weir_arena_strdup(arena, buf.data);
    weir_strbuf_fini(&buf);
    return plain;
}

static weir_code reals_to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                                  weir_error **err) {
    uint8_t *out = weir_column_values(column);
    bool is_float = call->args[0]->type->kind == WEIR_TYPE_FLOAT;
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(call->args[0], i);
        double value = is_float ? (double)WEIR_VALUES(call->args[0], float)[slot]
                                : WEIR_VALUES(call->args[0], double)[slot];
        weir_int128 decimal = 0;
        if (value - value != 0) /* NaN and infinities are NULL in every mode */
            WEIR_TRY(weir_result_null(call, column, i, err));
        else if (!weir_decimal_from_double(value, call->type->precision, call->type->scale, &decimal))
            WEIR_TRY(out_of_range_text(call, mode, column, i, plain_double(call->eval->arena, value), err));
        weir_store128(out + (size_t)i * 16, (__uint128_t)decimal);
    }
    return WEIR_OK;
}

weir_code weir_cast_to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                               weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    weir_type_kind from = call->args[0]->type->kind;
    if (from == WEIR_TYPE_FLOAT || from == WEIR_TYPE_DOUBLE) {
        WEIR_CAST_ROW(reals_to_decimal(call, mode, column, err));
        *ret = column;
        return WEIR_OK;
    }
    uint8_t *out = weir_column_values(column);
    const int32_t scale = call->type->scale, whole = call->type->precision - scale;
    const weir_int128 factor = weir_decimal_pow10[scale], bound = weir_decimal_pow10[whole];
    WEIR_EACH(call, i) {
        weir_int128 value = weir_load_integer(call->args[0], i);
        if (WEIR_UNLIKELY(value >= bound || value <= -bound)) {
            WEIR_CAST_ROW(out_of_range(call, mode, column, i, value, 0, err));
            value = 0;
        }
        weir_store128(out + (size_t)i * 16, (__uint128_t)(value * factor));
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- from DECIMAL ---- */
static weir_code to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    uint8_t *out = weir_column_values(column);
    int32_t from_scale = call->args[0]->type->scale;
    WEIR_EACH(call, i) {
        weir_int128 value = load(call->args[0], i), result = 0;
        if (!weir_decimal_rescale(value, from_scale, call->type->scale, call->type->precision, &result))
            WEIR_TRY(out_of_range(call, mode, column, i, value, from_scale, err));
        weir_store128(out + (size_t)i * 16, (__uint128_t)result);
    }
    return WEIR_OK;
}

static weir_code to_integer(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    uint8_t *out = weir_column_values(column);
    const weir_int128 factor = weir_decimal_pow10[call->args[0]->type->scale];
    const int32_t width = weir_type_width(call->type);
    const weir_int128 high = ((weir_int128)1 << (width * 8 - 1)) - 1, low = -high - 1;
    WEIR_EACH(call, i) {
        weir_int128 value = load(call->args[0], i) / factor;
        if ((value > high || value < low) && mode != WEIR_CAST_LEGACY)
            WEIR_TRY(weir_cast_overflow(call, mode, column, i, err));
        int64_t bits = (int64_t)value; /* little-endian: the low bytes are the wrapped value */
        memcpy(out + (size_t)i * (size_t)width, &bits, (size_t)width);
    }
    return WEIR_OK;
}

static weir_code to_real(const weir_kernel_call *call, weir_column *column) {
    WEIR_EACH(call, i) {
        weir_int128 value = load(call->args[0], i);
        if (call->type->kind == WEIR_TYPE_DOUBLE) {
            ((double *)weir_column_values(column))[i] =
                weir_decimal_to_double(value, call->args[0]->type->scale);
            continue;
        }
        char text[64];
        int size = weir_decimal_format(value, call->args[0]->type->scale, text);
        float real = 0;
        weir_float_parse(weir_str_make(text, (size_t)size), &real);
        ((float *)weir_column_values(column))[i] = real;
    }
    return WEIR_OK;
}

static weir_code to_timestamp(const weir_kernel_call *call, weir_column *column) {
    int64_t *out = weir_column_values(column);
    int32_t scale = call->args[0]->type->scale;
    WEIR_EACH(call, i) {
        weir_int128 value = load(call->args[0], i);
        if (scale >= 6)
            out[i] = (int64_t)(value / weir_decimal_pow10[scale - 6]);
        else /* the low 64 bits, as BigDecimal.longValue */
            out[i] = (int64_t)(uint64_t)((__uint128_t)value * (__uint128_t)weir_decimal_pow10[6 - scale]);
    }
    return WEIR_OK;
}

weir_code weir_cast_from_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                 weir_error **err) {
    if (call->type->kind == WEIR_TYPE_BOOLEAN) {
        uint8_t *truth = weir_result_truth_new(call);
        WEIR_EACH(call, i)
        truth[i] = load(call->args[0], i) != 0;
        return weir_result_truth(call, truth, ret, err);
    }
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    switch (call->type->kind) {
    case WEIR_TYPE_DECIMAL:
        WEIR_CAST_ROW(to_decimal(call, mode, column, err));
        break;
    case WEIR_TYPE_FLOAT:
    case WEIR_TYPE_DOUBLE:
        WEIR_CAST_ROW(to_real(call, column));
        break;
    case WEIR_TYPE_TIMESTAMP:
        WEIR_CAST_ROW(to_timestamp(call, column));
        break;
    default:
        WEIR_CAST_ROW(to_integer(call, mode, column, err));
    }
    *ret = column;
    return WEIR_OK;
}
