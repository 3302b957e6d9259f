/* Times and intervals from their parts: make_timestamp and kin, make_interval, make_dt_interval,
 * make_ym_interval. try_ forms give NULL where the others fail. */
#include <stdio.h>

#include "common/expr/text_kernel_int.h"

static int64_t decimal_arg(const weir_kernel_call *call, int32_t index, int32_t row) {
    const weir_column *column = call->args[index];
    return (int64_t)weir_load128(column->values + (size_t)weir_column_slot(column, row) * 16);
}

/* ---- timestamps ---- */
typedef struct fields {
    int32_t year, month, day, hour, minute;
    int64_t micros; /* of the minute */
} fields;

static weir_code fail_field(const char *name, const char *range, int64_t value, weir_error **err) {
    char text[128];
    snprintf(text, sizeof(text), "Invalid value for %s (valid values %s): %lld", name, range,
             (long long)value);
    WEIR_RAISE(err, DATETIME_FIELD_OUT_OF_BOUNDS__WITHOUT_SUGGESTION, "rangeMessage", text);
}

static weir_code fail_day(const fields *f, weir_error **err) {
    static const char *const names[] = {"JANUARY",   "FEBRUARY", "MARCH",    "APRIL",
                                        "MAY",       "JUNE",     "JULY",     "AUGUST",
                                        "SEPTEMBER", "OCTOBER",  "NOVEMBER", "DECEMBER"};
    char text[128];
    if (f->day < 1 || f->day > 31)
        return fail_field("DayOfMonth", "1 - 28/31", f->day, err);
    if (f->day == 29)
        snprintf(text, sizeof(text), "Invalid date 'February 29' as '%d' is not a leap year", (int)f->year);
    else
        snprintf(text, sizeof(text), "Invalid date '%s %d'", names[f->month - 1], (int)f->day);
    WEIR_RAISE(err, DATETIME_FIELD_OUT_OF_BOUNDS__WITHOUT_SUGGESTION, "rangeMessage", text);
}

/* What java.time finds wrong first. */
static weir_code check_fields(const fields *f, weir_error **err) {
    int64_t seconds = weir_floor_div(f->micros, WEIR_MICROS_PER_SECOND);
    if (seconds == 60 && f->micros % WEIR_MICROS_PER_SECOND) {
        char text[32];
        snprintf(text, sizeof(text), "%.6f", (double)f->micros / 1e6);
        for (size_t size = strlen(text); text[size - 1] == '0' && text[size - 2] != '.'; size--)
            text[size - 1] = 0;
        WEIR_RAISE(err, INVALID_FRACTION_OF_SECOND, "secAndMicros", text);
    }
    if (f->year < -999999999 || f->year > 999999999)
        return fail_field("Year", "-999999999 - 999999999", f->year, err);
    if (f->month < 1 || f->month > 12)
        return fail_field("MonthOfYear", "1 - 12", f->month, err);
    if (f->day < 1 || f->day > weir_days_in_month(f->year, f->month))
        return fail_day(f, err);
    if (f->hour < 0 || f->hour > 23)
        return fail_field("HourOfDay", "0 - 23", f->hour, err);
    if (f->minute < 0 || f->minute > 59)
        return fail_field("MinuteOfHour", "0 - 59", f->minute, err);
    if (seconds < 0 || seconds > 60)
        return fail_field("SecondOfMinute", "0 - 59", seconds, err);
    return WEIR_OK;
}

static weir_code timestamp_of(const weir_kernel_call *call, int32_t row, const weir_timezone *zone,
                              int64_t *ret, weir_error **err) {
    fields f = {weir_int_arg(call, 0, row), weir_int_arg(call, 1, row), weir_int_arg(call, 2, row),
                weir_int_arg(call, 3, row), weir_int_arg(call, 4, row), (int32_t)decimal_arg(call, 5, row)};
    WEIR_TRY(check_fields(&f, err));
    int64_t days = weir_date_from_civil(f.year, f.month, f.day), local;
    int64_t time = (f.hour * INT64_C(60) + f.minute) * 60000000 + f.micros;
    if (__builtin_mul_overflow(days, WEIR_MICROS_PER_DAY, &local) ||
        __builtin_add_overflow(local, time, &local))
        WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", "long overflow", "alternative", "", "config",
                   WEIR_ANSI_CONFIG);
    *ret = call->type->kind == WEIR_TYPE_TIMESTAMP ? weir_timezone_to_utc(zone, local) : local;
    return WEIR_OK;
}

static weir_code timestamp_rows(const weir_kernel_call *call, bool forgiving, weir_column **ret,
                                weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    const weir_timezone *zone = call->eval->zone;
    weir_str zone_id = {NULL, 0};
    WEIR_EACH(call, i) {
        _cleanup_error_ weir_error *problem = NULL;
        weir_code code = WEIR_OK;
        if (call->args_count > 6) {
            weir_str id = weir_column_bytes(call->args[6], i);
            if (zone_id.data == NULL || !weir_str_equal(id, zone_id))
                WEIR_TRY(weir_timezone_open(id, &zone, err));
            zone_id = id;
        }
        out[i] = 0;
        code = timestamp_of(call, i, zone, &out[i], &problem);
        if (code != WEIR_OK && call->eval->ansi && !forgiving) {
            weir_error *moved = problem;
            problem = NULL;
            return weir_error_move(err, moved);
        }
        if (code != WEIR_OK)
            WEIR_TRY(weir_result_null(call, column, i, err));
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code make_timestamp_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return timestamp_rows(call, false, ret, err);
}

static weir_code try_make_timestamp_kernel(const weir_kernel_call *call, weir_column **ret,
                                           weir_error **err) {
    return timestamp_rows(call, true, ret, err);
}

static weir_code seconds_arg(weir_resolve *resolve, weir_node **args, int32_t index, int32_t precision,
                             weir_error **err) {
    const weir_type *type = weir_type_decimal(resolve->arena, precision, 6);
    weir_type_kind kind = args[index]->type->kind;
    if (!weir_type_is_numeric(args[index]->type) && !weir_type_is_string(args[index]->type) &&
        kind != WEIR_TYPE_NULL)
        return weir_fail_input_type(resolve, args, index, weir_quoted_type(resolve->arena, type), err);
    args[index] = weir_coerce_cast(resolve, args[index], type);
    return WEIR_OK;
}

static weir_code resolve_timestamp(WEIR_RESOLVE_PARAMS) {
    if (args_count < 6)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of a date and a time is not supported by Weir", function->name);
    WEIR_TRY(seconds_arg(resolve, args, 5, 16, err));
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if (strstr(function->name, "ntz"))
        *ret_type = weir_type_of(WEIR_TYPE_TIMESTAMP_NTZ);
    *ret_nullable |= !resolve->ansi || function->name[0] == 't';
    return WEIR_OK;
}

/* ---- intervals ---- */
static weir_code fail_interval(weir_error **err) {
    return weir_error_raise(err, WEIR_INTERVAL_ARITHMETIC_OVERFLOW__WITHOUT_SUGGESTION, NULL);
}

static bool fits_int(int64_t value) {
    return value >= INT32_MIN && value <= INT32_MAX;
}

/* hours, minutes and seconds from argument `index` on; false where they overflow */
static bool time_part(const weir_kernel_call *call, int32_t index, int32_t row, int64_t start, int64_t *ret) {
    __int128 micros = (__int128)start + weir_int_arg(call, index, row) * (__int128)INT64_C(3600000000) +
                      weir_int_arg(call, index + 1, row) * (__int128)60000000 +
                      decimal_arg(call, index + 2, row);
    *ret = (int64_t)micros;
    return micros >= INT64_MIN && micros <= INT64_MAX;
}

static weir_code interval_rows(const weir_kernel_call *call, bool forgiving, weir_column **ret,
                               weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    WEIR_EACH(call, i) {
        int64_t months = weir_int_arg(call, 0, i) * INT64_C(12), micros;
        int64_t weeks = weir_int_arg(call, 2, i) * INT64_C(7);
        bool valid = fits_int(months) && fits_int(months + weir_int_arg(call, 1, i)) && fits_int(weeks) &&
                     fits_int(weeks + weir_int_arg(call, 3, i)) && time_part(call, 4, i, 0, &micros);
        weir_calendar_interval value = {0};
        if (valid)
            value = (weir_calendar_interval){(int32_t)(months + weir_int_arg(call, 1, i)),
                                             (int32_t)(weeks + weir_int_arg(call, 3, i)), micros};
        else if (call->eval->ansi && !forgiving)
            WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", "overflow", "alternative", "", "config",
                       WEIR_ANSI_CONFIG);
        else
            WEIR_TRY(weir_result_null(call, column, i, err));
        memcpy((uint8_t *)weir_column_values(column) + (size_t)i * 16, &value, 16);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code make_interval_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return interval_rows(call, false, ret, err);
}

static weir_code try_make_interval_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return interval_rows(call, true, ret, err);
}

static weir_code make_dt_interval_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t days;
        if (__builtin_mul_overflow(weir_int_arg(call, 0, i), WEIR_MICROS_PER_DAY, &days) ||
            !time_part(call, 1, i, days, &out[i]))
            return weir_fail_here(call, fail_interval(err), err);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code make_ym_interval_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t months = weir_int_arg(call, 0, i) * INT64_C(12) + weir_int_arg(call, 1, i);
        if (!fits_int(weir_int_arg(call, 0, i) * INT64_C(12)) || !fits_int(months))
            return weir_fail_here(call, fail_interval(err), err);
        out[i] = (int32_t)months;
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* Parts that are not given are zero; the last one is the seconds, but for year-month intervals. */
static weir_code resolve_interval(WEIR_RESOLVE_PARAMS) {
    bool months = strstr(function->name, "_ym_") != NULL;
    if (args_count < function->args_max) {
        weir_node *all[8] = {0};
        for (int32_t i = 0; i < function->args_max; i++)
            all[i] = i < args_count ? args[i] : weir_literal_int(resolve->arena, 0);
        *ret_rewrite = weir_make_call(resolve, function->name, function->args_max, all);
        return WEIR_OK;
    }
    if (!months)
        WEIR_TRY(seconds_arg(resolve, args, args_count - 1, 18, err));
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_nullable |= *ret_type == weir_type_of(WEIR_TYPE_INTERVAL_CALENDAR) &&
                     (!resolve->ansi || function->name[0] == 't');
    return WEIR_OK;
}

#define MAKE_FUNCTION(sql_name, kernel, resolver, low, high, types) \
    { \
        .name = sql_name, .args_min = low, .args_max = high, \
        .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEEDS_TIMEZONE, .resolve = resolver, .eval = kernel, \
        .signature = types \
    }
#define STAMP_TYPES "int; int; int; int; int; decimal; string -> timestamp"
#define INTERVAL_TYPES "int; int; int; int; int; int; decimal -> interval"

const weir_function weir_make_time_functions[] = {
    MAKE_FUNCTION("make_timestamp", make_timestamp_kernel, resolve_timestamp, 1, 7, STAMP_TYPES),
    MAKE_FUNCTION("make_timestamp_ltz", make_timestamp_kernel, resolve_timestamp, 2, 7, STAMP_TYPES),
    MAKE_FUNCTION("make_timestamp_ntz", make_timestamp_kernel, resolve_timestamp, 2, 6, STAMP_TYPES),
    MAKE_FUNCTION("try_make_timestamp", try_make_timestamp_kernel, resolve_timestamp, 1, 7, STAMP_TYPES),
    MAKE_FUNCTION("try_make_timestamp_ltz", try_make_timestamp_kernel, resolve_timestamp, 2, 7, STAMP_TYPES),
    MAKE_FUNCTION("try_make_timestamp_ntz", try_make_timestamp_kernel, resolve_timestamp, 2, 6, STAMP_TYPES),
    MAKE_FUNCTION("make_interval", make_interval_kernel, resolve_interval, 0, 7, INTERVAL_TYPES),
    MAKE_FUNCTION("try_make_interval", try_make_interval_kernel, resolve_interval, 0, 7, INTERVAL_TYPES),
    MAKE_FUNCTION("make_dt_interval", make_dt_interval_kernel, resolve_interval, 0, 4,
                  "int; int; int; decimal -> interval_dt"),
    MAKE_FUNCTION("make_ym_interval", make_ym_interval_kernel, resolve_interval, 0, 2,
                  "int; int -> interval_ym"),
};
WEIR_FAMILY_COUNT(make_time)
