/* Casts from DATE, TIME, TIMESTAMP and TIMESTAMP_NTZ, through the session time zone. */
#include "common/expr/arithmetic_int.h"
#include "common/expr/cast_int.h"

static int64_t saturated_day_micros(int32_t days) {
    int64_t micros;
    if (__builtin_mul_overflow((int64_t)days, WEIR_MICROS_PER_DAY, &micros))
        return days < 0 ? INT64_MIN / 2 : INT64_MAX / 2;
    return micros;
}

static void from_date(const weir_kernel_call *call, weir_column *column) {
    const int32_t *a = WEIR_VALUES(call->args[0], int32_t);
    int64_t *out = weir_column_values(column);
    bool zoned = call->type->kind == WEIR_TYPE_TIMESTAMP;
    WEIR_EACH(call, i) {
        int64_t local = saturated_day_micros(a[weir_column_slot(call->args[0], i)]);
        out[i] = zoned ? weir_timezone_to_utc(call->eval->zone, local) : local;
    }
}

static void from_timestamp(const weir_kernel_call *call, weir_column *column) {
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    const bool zoned = call->args[0]->type->kind == WEIR_TYPE_TIMESTAMP;
    const weir_type_kind to = call->type->kind;
    int64_t *out = weir_column_values(column);
    int32_t *out_days = weir_column_values(column);
    weir_timezone_cursor cursor = {.zone = call->eval->zone, .from_micros = 1, .to_micros = 0};
    WEIR_EACH(call, i) {
        int64_t value = a[weir_column_slot(call->args[0], i)];
        int64_t local = zoned ? weir_timezone_cursor_local(&cursor, value) : value;
        if (to == WEIR_TYPE_DATE)
            out_days[i] = (int32_t)weir_floor_div(local, WEIR_MICROS_PER_DAY);
        else if (to == WEIR_TYPE_TIME)
            out[i] = weir_floor_mod(local, WEIR_MICROS_PER_DAY) * 1000;
        else
            out[i] = to == WEIR_TYPE_TIMESTAMP ? weir_timezone_to_utc(call->eval->zone, local) : local;
    }
}

/* Numbers of a TIMESTAMP: seconds since the epoch. */
static weir_code to_integer(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    uint8_t *out = weir_column_values(column);
    int32_t width = weir_type_width(call->type);
    int64_t high = INT64_MAX >> (64 - width * 8), low = -high - 1;
    int64_t unit = call->args[0]->type->kind == WEIR_TYPE_TIME ? INT64_C(1000000000) : WEIR_MICROS_PER_SECOND;
    WEIR_EACH(call, i) {
        int64_t seconds = weir_floor_div(a[weir_column_slot(call->args[0], i)], unit);
        if (seconds < low || seconds > high) /* the legacy cast gives NULL here */
            WEIR_TRY(weir_cast_overflow(call, mode, column, i, err));
        memcpy(out + (size_t)i * (size_t)width, &seconds, (size_t)width);
    }
    return WEIR_OK;
}

static weir_code to_real(const weir_kernel_call *call, weir_column *column) {
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    WEIR_EACH(call, i) {
        double seconds = (double)a[weir_column_slot(call->args[0], i)] / 1e6;
        if (call->type->kind == WEIR_TYPE_DOUBLE)
            ((double *)weir_column_values(column))[i] = seconds;
        else
            ((float *)weir_column_values(column))[i] = (float)seconds;
    }
    return WEIR_OK;
}

/* TIMESTAMP (micros) or TIME (nanos) to DECIMAL: exact seconds. */
static weir_code to_decimal(const weir_kernel_call *call, weir_cast_mode mode, weir_column *column,
                            weir_error **err) {
    int32_t scale = call->args[0]->type->kind == WEIR_TYPE_TIME ? 9 : 6;
    WEIR_EACH(call, i) {
        int64_t value = WEIR_VALUES(call->args[0], int64_t)[weir_column_slot(call->args[0], i)];
        weir_int128 result = 0;
        if (!weir_decimal_rescale(value, scale, call->type->scale, call->type->precision, &result)) {
            if (mode == WEIR_CAST_ANSI)
                return weir_decimal_out_of_range(value, scale, call->type, err);
            WEIR_TRY(weir_result_null(call, column, i, err));
        }
        weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16, (__uint128_t)result);
    }
    return WEIR_OK;
}

weir_code weir_cast_from_datetime(const weir_kernel_call *call, weir_cast_mode mode, weir_column **ret,
                                  weir_error **err) {
    weir_type_kind from = call->args[0]->type->kind, to = call->type->kind;
    if (from == WEIR_TYPE_DATE && (weir_type_is_numeric(call->type) || to == WEIR_TYPE_BOOLEAN))
        return weir_result_all_null(call, ret, err); /* the legacy cast knows the pair, and gives NULL */
    if (to == WEIR_TYPE_BOOLEAN) {
        uint8_t *truth = weir_result_truth_new(call);
        WEIR_EACH(call, i)
        truth[i] = WEIR_VALUES(call->args[0], int64_t)[weir_column_slot(call->args[0], i)] != 0;
        return weir_result_truth(call, truth, ret, err);
    }
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    if (to == WEIR_TYPE_DECIMAL) {
        WEIR_CAST_ROW(to_decimal(call, mode, column, err));
    } else if (weir_type_is_integral(call->type)) {
        WEIR_CAST_ROW(to_integer(call, mode, column, err));
    } else if (to == WEIR_TYPE_FLOAT || to == WEIR_TYPE_DOUBLE) {
        WEIR_CAST_ROW(to_real(call, column));
    } else if (from == WEIR_TYPE_TIME) {
        weir_column_unref(column);
        WEIR_FAIL(err, NOT_SUPPORTED, "CAST from %s to %s is not supported by Weir yet",
                  weir_quoted_type(call->eval->arena, call->args[0]->type),
                  weir_quoted_type(call->eval->arena, call->type));
    } else if (from == WEIR_TYPE_DATE) {
        from_date(call, column);
    } else {
        from_timestamp(call, column);
    }
    *ret = column;
    return WEIR_OK;
}
