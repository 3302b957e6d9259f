/* Interval arithmetic: interval +- interval, time +- interval, differences of dates and timestamps, and
 * intervals times or divided by numbers. The operators' names are + - * /; resolution rewrites them to
 * the hidden functions of this file (arithmetic_resolve.c). */
#include <math.h>
#include <stdio.h>

#include "common/expr/expr_int.h"

int32_t weir_date_add_months(int32_t days, int64_t months); /* datetime_functions.c */
weir_code weir_interval_arithmetic(const weir_kernel_call *call, bool minus, weir_column **ret,
                                   weir_error **err);
weir_code weir_interval_negate(const weir_kernel_call *call, bool absolute, weir_column **ret,
                               weir_error **err);
weir_code weir_interval_div(const weir_kernel_call *call, weir_column **ret, weir_error **err);

static weir_code fail_overflow(const char *function, weir_error **err) {
    if (function == NULL)
        return weir_error_raise(err, WEIR_INTERVAL_ARITHMETIC_OVERFLOW__WITHOUT_SUGGESTION, NULL);
    WEIR_RAISE(err, INTERVAL_ARITHMETIC_OVERFLOW__WITH_SUGGESTION, "functionName", function);
}

/* Frees the half-made result and forwards a failure. */
#define ROW_TRY(expr) \
    do { \
        weir_code row_code_ = (expr); \
        if (WEIR_UNLIKELY(row_code_ != WEIR_OK)) { \
            weir_column_unref(column); \
            return row_code_; \
        } \
    } while (0)

static weir_calendar_interval load_calendar(const weir_column *column, int32_t row) {
    weir_calendar_interval value;
    memcpy(&value, column->values + (size_t)weir_column_slot(column, row) * 16, 16);
    return value;
}

static int64_t load_ansi(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    return column->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH ? WEIR_VALUES(column, int32_t)[slot]
                                                               : WEIR_VALUES(column, int64_t)[slot];
}

/* Stores an ANSI interval; false where it leaves the type. */
static bool store_ansi(weir_column *column, int32_t row, __int128 value) {
    if (column->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH) {
        ((int32_t *)weir_column_values(column))[row] = (int32_t)value;
        return value >= INT32_MIN && value <= INT32_MAX;
    }
    ((int64_t *)weir_column_values(column))[row] = (int64_t)value;
    return value >= INT64_MIN && value <= INT64_MAX;
}

/* Field by field, wrapping; false where a field overflows. */
static bool combine_calendar(weir_calendar_interval a, weir_calendar_interval b, bool minus,
                             weir_calendar_interval *ret) {
    bool months = minus ? __builtin_sub_overflow(a.months, b.months, &ret->months)
                        : __builtin_add_overflow(a.months, b.months, &ret->months);
    bool days = minus ? __builtin_sub_overflow(a.days, b.days, &ret->days)
                      : __builtin_add_overflow(a.days, b.days, &ret->days);
    bool micros = minus ? __builtin_sub_overflow(a.micros, b.micros, &ret->micros)
                        : __builtin_add_overflow(a.micros, b.micros, &ret->micros);
    return !months && !days && !micros;
}

weir_code weir_interval_arithmetic(const weir_kernel_call *call, bool minus, weir_column **ret,
                                   weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    bool calendar = call->type->kind == WEIR_TYPE_INTERVAL_CALENDAR;
    WEIR_EACH(call, i) {
        if (!weir_row_is_live(call, i))
            continue;
        if (!calendar) {
            __int128 a = load_ansi(call->args[0], i), b = load_ansi(call->args[1], i);
            if (!store_ansi(column, i, minus ? a - b : a + b))
                ROW_TRY(fail_overflow(minus ? "`try_subtract`" : "`try_add`", err));
            continue;
        }
        weir_calendar_interval a = load_calendar(call->args[0], i), b = load_calendar(call->args[1], i), c;
        if (!combine_calendar(a, b, minus, &c) && call->eval->ansi)
            ROW_TRY(fail_overflow(minus ? "`try_subtract`" : "`try_add`", err));
        memcpy((uint8_t *)weir_column_values(column) + (size_t)i * 16, &c, 16);
    }
    *ret = column;
    return WEIR_OK;
}

weir_code weir_interval_negate(const weir_kernel_call *call, bool absolute, weir_column **ret,
                               weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    WEIR_EACH(call, i) {
        if (!weir_row_is_live(call, i))
            continue;
        if (call->type->kind == WEIR_TYPE_INTERVAL_CALENDAR) {
            weir_calendar_interval a = load_calendar(call->args[0], i), zero = {0};
            if (!combine_calendar(zero, a, true, &a) && call->eval->ansi)
                ROW_TRY(fail_overflow(NULL, err));
            memcpy((uint8_t *)weir_column_values(column) + (size_t)i * 16, &a, 16);
            continue;
        }
        __int128 a = load_ansi(call->args[0], i);
        if (!store_ansi(column, i, absolute && a >= 0 ? a : -a))
            ROW_TRY(fail_overflow(NULL, err));
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code fail_zero(weir_error **err) {
    return weir_error_raise(err, WEIR_INTERVAL_DIVIDED_BY_ZERO, NULL);
}

/* interval div interval of one family: a BIGINT */
weir_code weir_interval_div(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        if (!weir_row_is_live(call, i))
            continue;
        int64_t a = load_ansi(call->args[0], i), b = load_ansi(call->args[1], i);
        if (b == 0)
            ROW_TRY(fail_zero(err));
        if (b == -1 && a == INT64_MIN)
            ROW_TRY(weir_error_raise(err, WEIR_ARITHMETIC_OVERFLOW, "message", "Overflow in integral divide",
                                     "alternative",
                                     " Use 'try_divide' to tolerate overflow and return NULL instead.",
                                     "config", WEIR_ANSI_CONFIG, NULL));
        out[i] = a / b;
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- a point in time plus an interval ---- */
typedef struct amount {
    int64_t months, days, micros;
} amount;

static amount load_amount(const weir_column *column, int32_t row) {
    if (column->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH)
        return (amount){.months = load_ansi(column, row)};
    if (column->type->kind == WEIR_TYPE_INTERVAL_DAY_TIME) {
        int64_t micros = load_ansi(column, row);
        return (amount){.days = micros / WEIR_MICROS_PER_DAY, .micros = micros % WEIR_MICROS_PER_DAY};
    }
    weir_calendar_interval value = load_calendar(column, row);
    return (amount){value.months, value.days, value.micros};
}

/* Months and days move the local date and keep the time of day; micros are exact. */
static int64_t add_amount(weir_timezone_cursor *cursor, int64_t time, amount by) {
    if (by.months || by.days) {
        int64_t local = weir_timezone_cursor_local(cursor, time);
        int64_t days = weir_floor_div(local, WEIR_MICROS_PER_DAY),
                rest = weir_floor_mod(local, WEIR_MICROS_PER_DAY);
        if (by.months)
            days = weir_date_add_months((int32_t)days, by.months);
        time = weir_timezone_to_utc(cursor->zone, (days + by.days) * WEIR_MICROS_PER_DAY + rest);
    }
    return (int64_t)((uint64_t)time + (uint64_t)by.micros);
}

static weir_code time_add_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const weir_type *type = call->args[0]->type;
    weir_timezone_cursor cursor = {
        .zone = type->kind == WEIR_TYPE_TIMESTAMP ? call->eval->zone : weir_timezone_utc(), .from_micros = 1};
    WEIR_EACH(call, i) {
        int32_t slot = weir_column_slot(call->args[0], i);
        amount by = load_amount(call->args[1], i);
        if (type->kind == WEIR_TYPE_DATE)
            ((int32_t *)weir_column_values(column))[i] =
                weir_date_add_months(WEIR_VALUES(call->args[0], int32_t)[slot], by.months);
        else
            ((int64_t *)weir_column_values(column))[i] =
                add_amount(&cursor, WEIR_VALUES(call->args[0], int64_t)[slot], by);
    }
    *ret = column;
    return WEIR_OK;
}

/* DATE + calendar interval: ANSI refuses a time part, legacy goes through midnight. */
static weir_code date_add_interval_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t *out = weir_column_values(column);
    weir_timezone_cursor cursor = {.zone = weir_timezone_utc(), .from_micros = 1};
    WEIR_EACH(call, i) {
        amount by = load_amount(call->args[1], i);
        if (by.micros && call->eval->ansi)
            ROW_TRY(weir_error_raise(err, WEIR_INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION, NULL));
        int64_t midnight =
            WEIR_VALUES(call->args[0], int32_t)[weir_column_slot(call->args[0], i)] * WEIR_MICROS_PER_DAY;
        out[i] = (int32_t)weir_floor_div(add_amount(&cursor, midnight, by), WEIR_MICROS_PER_DAY);
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code interval_days_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    int32_t *out = weir_column_values(column);
    WEIR_LOOP1(call, out[i] = (int32_t)(a[x] / WEIR_MICROS_PER_DAY););
    *ret = column;
    return WEIR_OK;
}

/* ---- differences ---- */
static weir_code subtract_dates_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int32_t *a = WEIR_VALUES(call->args[0], int32_t), *b = WEIR_VALUES(call->args[1], int32_t);
    int64_t *out = weir_column_values(column);
    unsigned bad = 0;
    WEIR_LOOP2(call, bad |= __builtin_mul_overflow((int64_t)a[x] - b[y], WEIR_MICROS_PER_DAY, &out[i]););
    if (bad) {
        weir_column_unref(column);
        return fail_overflow("`try_subtract`", err);
    }
    *ret = column;
    return WEIR_OK;
}

/* Wall-clock difference: both sides are taken to local time first. */
static weir_code subtract_timestamps_kernel(const weir_kernel_call *call, weir_column **ret,
                                            weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    bool zoned = call->args[0]->type->kind == WEIR_TYPE_TIMESTAMP;
    weir_timezone_cursor left = {.zone = zoned ? call->eval->zone : weir_timezone_utc(), .from_micros = 1},
                         right = left;
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t a = weir_timezone_cursor_local(
            &left, WEIR_VALUES(call->args[0], int64_t)[weir_column_slot(call->args[0], i)]);
        int64_t b = weir_timezone_cursor_local(
            &right, WEIR_VALUES(call->args[1], int64_t)[weir_column_slot(call->args[1], i)]);
        if (__builtin_sub_overflow(a, b, &out[i]))
            ROW_TRY(fail_overflow("`try_subtract`", err));
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- times and divided by a number ---- */
typedef struct factor {
    enum { FACTOR_INTEGER, FACTOR_DECIMAL, FACTOR_DOUBLE } kind;
    weir_int128 unscaled;
    int32_t scale;
    double real;
} factor;

static factor load_factor(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    switch (column->type->kind) {
    case WEIR_TYPE_BYTE:
        return (factor){.unscaled = WEIR_VALUES(column, int8_t)[slot]};
    case WEIR_TYPE_SHORT:
        return (factor){.unscaled = WEIR_VALUES(column, int16_t)[slot]};
    case WEIR_TYPE_INT:
        return (factor){.unscaled = WEIR_VALUES(column, int32_t)[slot]};
    case WEIR_TYPE_LONG:
        return (factor){.unscaled = WEIR_VALUES(column, int64_t)[slot]};
    case WEIR_TYPE_FLOAT:
        return (factor){.kind = FACTOR_DOUBLE, .real = (double)WEIR_VALUES(column, float)[slot]};
    case WEIR_TYPE_DOUBLE:
        return (factor){.kind = FACTOR_DOUBLE, .real = WEIR_VALUES(column, double)[slot]};
    default:
        return (factor){.kind = FACTOR_DECIMAL,
                        .unscaled = weir_load128(column->values + (size_t)slot * 16),
                        .scale = column->type->scale};
    }
}

/* HALF_UP (away from zero); false where the double is not a number or too large */
static bool round_half_up(double value, __int128 *ret) {
    if (!(value > -1.0e19 && value < 1.0e19))
        return false;
    *ret = (__int128)(value < 0 ? ceil(value - 0.5) : floor(value + 0.5));
    return true;
}

static __int128 divide_half_up(__int128 a, __int128 b) {
    __int128 quotient = a / b, rest = a % b;
    __int128 twice = (rest < 0 ? -rest : rest) * 2, size = b < 0 ? -b : b;
    return twice >= size ? quotient + ((a < 0) == (b < 0) ? 1 : -1) : quotient;
}

static bool scale_ansi(int64_t interval, const factor *by, bool divide, __int128 *ret) {
    if (by->kind == FACTOR_DOUBLE)
        return round_half_up(divide ? (double)interval / by->real : (double)interval * by->real, ret);
    weir_int128 unit = weir_decimal_pow10[by->scale], product;
    if (__builtin_mul_overflow((weir_int128)interval, divide ? unit : by->unscaled, &product))
        return false;
    *ret = divide_half_up(product, divide ? by->unscaled : unit);
    return true;
}

static bool scale_calendar(weir_calendar_interval a, double by, bool divide, weir_calendar_interval *ret) {
    double months = divide ? a.months / by : a.months * by;
    double days = divide ? a.days / by : a.days * by;
    double micros = divide ? (double)a.micros / by : (double)a.micros * by;
    if (!(fabs(months) < 2147483648.0 && fabs(days) < 2147483648.0))
        return false;
    ret->months = (int32_t)months;
    ret->days = (int32_t)days;
    double total = micros + (double)WEIR_MICROS_PER_DAY * (days - ret->days);
    if (!(fabs(total) < 9.2e18))
        return false;
    ret->micros = (int64_t)floor(total + 0.5);
    return true;
}

static bool factor_is_zero(const factor *by) {
    return by->kind == FACTOR_DOUBLE ? by->real == 0 : by->unscaled == 0;
}

static weir_code scale_rows(const weir_kernel_call *call, bool divide, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const char *hint = divide ? "`try_divide`" : "`try_multiply`";
    bool calendar = call->type->kind == WEIR_TYPE_INTERVAL_CALENDAR;
    WEIR_EACH(call, i) {
        factor by = load_factor(call->args[1], i);
        if (divide && factor_is_zero(&by)) {
            ROW_TRY(calendar && !call->eval->ansi ? weir_result_null(call, column, i, err) : fail_zero(err));
            continue;
        }
        if (calendar) {
            weir_calendar_interval value = {0};
            if (!scale_calendar(load_calendar(call->args[0], i), by.real, divide, &value))
                ROW_TRY(call->eval->ansi ? fail_overflow(hint, err) : weir_result_null(call, column, i, err));
            memcpy((uint8_t *)weir_column_values(column) + (size_t)i * 16, &value, 16);
            continue;
        }
        __int128 value = 0;
        if (!scale_ansi(load_ansi(call->args[0], i), &by, divide, &value) || !store_ansi(column, i, value))
            ROW_TRY(fail_overflow(hint, err));
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code multiply_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return scale_rows(call, false, ret, err);
}

static weir_code divide_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return scale_rows(call, true, ret, err);
}

/* ---- resolution ---- */
#define ANY_TIMESTAMP \
    "(\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or " \
    "\"(TIMESTAMP_LTZ(P) OR TIMESTAMP_NTZ(P) WITH P IN [7, 9])\")"

static weir_code resolve_scale(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite;
    const weir_type *interval = args[0]->type;
    bool divide = strstr(function->name, "divide") != NULL;
    bool calendar = interval->kind == WEIR_TYPE_INTERVAL_CALENDAR;
    const weir_type *number = weir_type_of(WEIR_TYPE_DOUBLE);
    if (calendar || !weir_type_is_numeric(args[1]->type)) {
        if (!weir_implicit_cast(resolve, &args[1], number))
            return weir_fail_form_type(resolve,
                                       calendar
                                           ? (divide ? "divide_interval($, $)" : "multiply_interval($, $)")
                                           : (divide ? "($ / $)" : "($ * $)"),
                                       args, 1, calendar ? "\"DOUBLE\"" : "\"NUMERIC\"", err);
    }
    *ret_type = calendar ? interval : weir_type_of(interval->kind);
    *ret_nullable = weir_any_nullable(args, 2) || !resolve->ansi;
    return WEIR_OK;
}

static weir_code resolve_time_add(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    weir_type_kind kind = args[0]->type->kind;
    bool months = args[1]->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH;
    if (kind != WEIR_TYPE_TIMESTAMP && kind != WEIR_TYPE_TIMESTAMP_NTZ && !(kind == WEIR_TYPE_DATE && months))
        return weir_fail_form_type(resolve, "$ + $", args, 0, ANY_TIMESTAMP, err);
    *ret_type = args[0]->type;
    *ret_nullable = weir_any_nullable(args, 2);
    return WEIR_OK;
}

static weir_code resolve_subtract_timestamps(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    bool zoned = false;
    for (int32_t i = 0; i < 2; i++) {
        weir_type_kind kind = args[i]->type->kind;
        if (kind != WEIR_TYPE_TIMESTAMP && kind != WEIR_TYPE_TIMESTAMP_NTZ && kind != WEIR_TYPE_DATE &&
            kind != WEIR_TYPE_NULL && !weir_type_is_string(args[i]->type))
            return weir_fail_form_type(resolve, "($ - $)", args, i, ANY_TIMESTAMP, err);
        zoned |= kind == WEIR_TYPE_TIMESTAMP;
    }
    bool local =
        args[0]->type->kind == WEIR_TYPE_TIMESTAMP_NTZ || args[1]->type->kind == WEIR_TYPE_TIMESTAMP_NTZ;
    const weir_type *type = weir_type_of(local && !zoned ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP);
    for (int32_t i = 0; i < 2; i++)
        args[i] = weir_coerce_cast(resolve, args[i], type);
    *ret_type = weir_type_of(WEIR_TYPE_INTERVAL_DAY_TIME);
    *ret_nullable = weir_any_nullable(args, 2);
    return WEIR_OK;
}

static weir_code resolve_subtract_dates(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_rewrite;
    for (int32_t i = 0; i < 2; i++)
        if (!weir_implicit_cast(resolve, &args[i], weir_type_of(WEIR_TYPE_DATE)))
            return weir_fail_form_type(resolve, "($ - $)", args, i, "\"DATE\"", err);
    *ret_type = weir_type_interval(resolve->arena, WEIR_TYPE_INTERVAL_DAY_TIME, WEIR_UNIT_DAY, WEIR_UNIT_DAY);
    *ret_nullable = weir_any_nullable(args, 2);
    return WEIR_OK;
}

#define HIDDEN(hidden_name, count, resolver, kernel, types) \
    { \
        .name = hidden_name, .args_min = count, .args_max = count, \
        .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN, .resolve = resolver, .eval = kernel, \
        .signature = types \
    }

const weir_function weir_interval_functions[] = {
    HIDDEN("weir_time_add", 2, resolve_time_add, time_add_kernel, NULL),
    HIDDEN("weir_date_add_interval", 2, weir_resolve_signature, date_add_interval_kernel,
           "date; interval -> date"),
    HIDDEN("weir_interval_days", 1, weir_resolve_signature, interval_days_kernel, "interval_dt -> int"),
    HIDDEN("weir_subtract_timestamps", 2, resolve_subtract_timestamps, subtract_timestamps_kernel, NULL),
    HIDDEN("weir_subtract_dates", 2, resolve_subtract_dates, subtract_dates_kernel, NULL),
    HIDDEN("weir_multiply_interval", 2, resolve_scale, multiply_kernel, NULL),
    HIDDEN("weir_divide_interval", 2, resolve_scale, divide_kernel, NULL),
};
WEIR_FAMILY_COUNT(interval)
