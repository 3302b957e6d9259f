/* Casts between ANSI intervals and numbers, and between intervals of one family. The end unit of the
 * interval type says what a number counts. */
#include "common/expr/arithmetic_int.h"
#include "common/expr/cast_int.h"

static int64_t unit_of(const weir_type *type) {
    static const int64_t micros[4] = {WEIR_MICROS_PER_DAY, INT64_C(3600000000), INT64_C(60000000),
                                      WEIR_MICROS_PER_SECOND};
    if (type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH)
        return type->scale == WEIR_UNIT_YEAR ? 12 : 1;
    return micros[type->scale];
}

static int64_t load_interval(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    return column->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ? WEIR_VALUES(column, int32_t)[slot]
                                                               : WEIR_VALUES(column, int64_t)[slot];
}

static void store(const weir_kernel_call *call, weir_column *column, int32_t row, int64_t value) {
    int32_t width = weir_type_width(call->type);
    memcpy((uint8_t *)weir_column_values(column) + (size_t)row * (size_t)width, &value, (size_t)width);
}

/* A number (unscaled, with scale) times the unit, HALF_UP; false on overflow of the interval. */
static bool scaled_interval(weir_int128 number, int32_t scale, const weir_type *type, int64_t *ret) {
    weir_int128 product, unit = unit_of(type);
    if (__builtin_mul_overflow(number, unit, &product))
        return false;
    weir_int128 rounded;
    if (!weir_decimal_rescale(product, scale, 0, 38, &rounded))
        return false;
    int64_t high = type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ? INT32_MAX : INT64_MAX;
    if (rounded > high || rounded < -(weir_int128)high - 1)
        return false;
    *ret = (int64_t)rounded;
    return true;
}

static weir_int128 load_number(const weir_column *column, int32_t row) {
    if (column->type->kind != WEIR_TYPE_DECIMAL)
        return weir_load_integer(column, row);
    return weir_load128(column->values + (size_t)weir_column_slot(column, row) * 16);
}

weir_code weir_cast_to_interval(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const weir_type *from = call->args[0]->type;
    int32_t scale = from->kind == WEIR_TYPE_DECIMAL ? from->scale : 0;
    weir_cast_mode strict = mode == WEIR_CAST_TRY ? WEIR_CAST_TRY : WEIR_CAST_ANSI; /* legacy raises too */
    WEIR_EACH(call, i) {
        int64_t value = 0;
        if (!scaled_interval(load_number(call->args[0], i), scale, call->type, &value))
            WEIR_CAST_ROW(weir_cast_overflow(call, strict, column, i, err));
        store(call, column, i, value);
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    const weir_type *from = call->args[0]->type;
    bool seconds = from->kind == WEIR_TYPE_INTERVAL_DAY_TIME && from->scale == WEIR_UNIT_SECOND;
    WEIR_EACH(call, i) {
        int64_t value = load_interval(call->args[0], i);
        weir_int128 result = 0;
        bool fits = seconds
                        ? weir_decimal_rescale(value, 6, call->type->scale, call->type->precision, &result)
                        : weir_decimal_rescale(value / unit_of(from), 0, call->type->scale,
                                               call->type->precision, &result);
        if (!fits && mode != WEIR_CAST_TRY) /* legacy raises too */
            return weir_decimal_out_of_range(seconds ? value : value / unit_of(from), seconds ? 6 : 0,
                                             call->type, err);
        if (!fits)
            WEIR_TRY(weir_result_null(call, column, i, err));
        weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16, (__uint128_t)result);
    }
    return WEIR_OK;
}

weir_code weir_cast_from_interval(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                  weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const weir_type *from = call->args[0]->type, *to = call->type;
    if (to->kind == WEIR_TYPE_DECIMAL) {
        WEIR_CAST_ROW(to_decimal(call, mode, column, err));
        *ret = column;
        return WEIR_OK;
    }
    int32_t width = weir_type_width(to);
    int64_t high = INT64_MAX >> (64 - width * 8), low = -high - 1;
    weir_cast_mode strict = mode == WEIR_CAST_TRY ? WEIR_CAST_TRY : WEIR_CAST_ANSI;
    WEIR_EACH(call, i) {
        int64_t value = load_interval(call->args[0], i);
        int64_t unit = unit_of(to->kind == from->kind ? to : from);
        if (to->kind == from->kind) { /* cut to the end unit */
            value -=
                to->kind == WEIR_TYPE_INTERVAL_DAY_TIME && to->scale == WEIR_UNIT_SECOND ? 0 : value % unit;
        } else {
            value /= unit;
            if (value < low || value > high)
                WEIR_CAST_ROW(weir_cast_overflow(call, strict, column, i, err));
        }
        store(call, column, i, value);
    }
    *ret = column;
    return WEIR_OK;
}
