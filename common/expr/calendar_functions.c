/* More functions of dates and times: months_between, next_day, time zones (from_utc_timestamp,
 * to_utc_timestamp, convert_timezone), timestampadd and timestampdiff, and the parts of intervals.
 * Making timestamps and intervals from numbers is in make_time_functions.c. */
#include <math.h>
#include <stdio.h>

#include "common/expr/text_kernel_int.h"

int32_t weir_date_add_months(int32_t days, int64_t months); /* datetime_functions.c */

static int64_t micros_arg(const weir_kernel_call *call, int32_t index, int32_t row) {
    return WEIR_VALUES(call->args[index], int64_t)[weir_column_slot(call->args[index], row)];
}

/* ---- months_between ---- */
static double months_between(const weir_timezone *zone, int64_t a, int64_t b, bool rounded) {
    int64_t local_a = weir_timezone_to_local(zone, a), local_b = weir_timezone_to_local(zone, b);
    int64_t days_a = weir_floor_div(local_a, WEIR_MICROS_PER_DAY),
            days_b = weir_floor_div(local_b, WEIR_MICROS_PER_DAY);
    int32_t year_a, month_a, day_a, year_b, month_b, day_b;
    weir_date_to_civil(days_a, &year_a, &month_a, &day_a);
    weir_date_to_civil(days_b, &year_b, &month_b, &day_b);
    double months = (double)((int64_t)(year_a - year_b) * 12 + month_a - month_b);
    if (day_a == day_b ||
        (day_a == weir_days_in_month(year_a, month_a) && day_b == weir_days_in_month(year_b, month_b)))
        return months;
    int64_t seconds_a =
        (a - weir_timezone_to_utc(zone, days_a * WEIR_MICROS_PER_DAY)) / WEIR_MICROS_PER_SECOND;
    int64_t seconds_b =
        (b - weir_timezone_to_utc(zone, days_b * WEIR_MICROS_PER_DAY)) / WEIR_MICROS_PER_SECOND;
    int64_t seconds = (int64_t)(day_a - day_b) * 86400 + seconds_a - seconds_b;
    double result = months + (double)seconds / (31.0 * 86400);
    return rounded ? floor(result * 1e8 + 0.5) / 1e8 : result;
}

static weir_code months_between_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    double *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        bool rounded =
            call->args_count < 3 || weir_bit_get(call->args[2]->values, weir_column_slot(call->args[2], i));
        out[i] = months_between(call->eval->zone, micros_arg(call, 0, i), micros_arg(call, 1, i), rounded);
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- next_day ---- */

/* 0 = Monday; -1 where it is no day of the week. */
static int32_t weekday_of(weir_str name) {
    static const char *const names[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                        "FRIDAY", "SATURDAY", "SUNDAY"};
    for (int32_t i = 0; i < 7; i++) {
        bool whole = weir_str_equal_nocase(name, weir_str_from(names[i]));
        bool part = (name.size == 2 || name.size == 3) &&
                    weir_str_equal_nocase(name, weir_str_make(names[i], name.size));
        if (whole || part)
            return i;
    }
    return -1;
}

static weir_code next_day_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        weir_str name = weir_column_bytes(call->args[1], i);
        int32_t weekday = weekday_of(name), days = weir_int_arg(call, 0, i);
        out[i] = 0;
        if (weekday >= 0) {
            out[i] = days + 1 + (int32_t)weir_floor_mod(weekday - ((int64_t)days + 4), 7);
        } else if (call->eval->ansi) {
            WEIR_RAISE(err, ILLEGAL_DAY_OF_WEEK, "string",
                       weir_arena_printf(call->eval->arena, WEIR_STR_FMT, WEIR_STR_ARG(name)));
        } else {
            WEIR_TRY(weir_result_null(call, column, i, err));
        }
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* ---- time zones ---- */
typedef struct zone_cache {
    const weir_timezone *zone;
    weir_str id;
} zone_cache;

/* The zone that an argument names, looked up where it differs from the row before. */
static weir_code zone_arg(const weir_kernel_call *call, int32_t index, int32_t row, zone_cache *cache,
                          const weir_timezone **ret, weir_error **err) {
    weir_str id = weir_column_bytes(call->args[index], row);
    if (cache->zone == NULL || !weir_str_equal(id, cache->id)) {
        WEIR_TRY(weir_timezone_open(id, &cache->zone, err));
        cache->id = id;
    }
    *ret = cache->zone;
    return WEIR_OK;
}

static weir_code utc_rows(const weir_kernel_call *call, bool to_utc, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    zone_cache cache = {0};
    WEIR_EACH(call, i) {
        const weir_timezone *zone;
        int64_t micros = micros_arg(call, 0, i);
        WEIR_TRY(zone_arg(call, 1, i, &cache, &zone, err));
        out[i] = to_utc ? weir_timezone_to_utc(zone, micros) : weir_timezone_to_local(zone, micros);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

static weir_code to_utc_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return utc_rows(call, true, ret, err);
}

static weir_code from_utc_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return utc_rows(call, false, ret, err);
}

static weir_code convert_timezone_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    zone_cache from_cache = {0}, to_cache = {0};
    WEIR_EACH(call, i) {
        const weir_timezone *from, *to;
        WEIR_TRY(zone_arg(call, 0, i, &from_cache, &from, err));
        WEIR_TRY(zone_arg(call, 1, i, &to_cache, &to, err));
        out[i] = weir_timezone_to_local(to, weir_timezone_to_utc(from, micros_arg(call, 2, i)));
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* With two arguments the session's zone stands in front. */
static weir_code resolve_convert_timezone(WEIR_RESOLVE_PARAMS) {
    if (args_count == 2) {
        weir_node *parts[] = {weir_literal_string(resolve->arena, weir_timezone_id(resolve->zone)), args[0],
                              args[1]};
        *ret_rewrite = weir_make_call(resolve, "convert_timezone", 3, parts);
        return WEIR_OK;
    }
    return weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                  err);
}

/* ---- timestampadd, timestampdiff ---- */
typedef struct unit_entry {
    const char *name;
    int64_t months, days, micros;
} unit_entry;

static const unit_entry units[] = {
    {"YEAR", 12, 0, 0},
    {"QUARTER", 3, 0, 0},
    {"MONTH", 1, 0, 0},
    {"WEEK", 0, 7, 0},
    {"DAY", 0, 1, 0},
    {"DAYOFYEAR", 0, 1, 0},
    {"HOUR", 0, 0, INT64_C(3600000000)},
    {"MINUTE", 0, 0, 60000000},
    {"SECOND", 0, 0, 1000000},
    {"MILLISECOND", 0, 0, 1000},
    {"MICROSECOND", 0, 0, 1},
};

static const unit_entry *unit_of(weir_str name) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(units); i++)
        if (weir_str_equal_nocase(name, weir_str_from(units[i].name)))
            return &units[i];
    return NULL;
}

enum { YEAR_MAX = 300000 }; /* timestamps end before */

/* False where the time leaves what a timestamp holds. */
static bool add_units(const weir_timezone *zone, int64_t time, const unit_entry *unit, int64_t count,
                      int64_t *ret) {
    int64_t amount;
    if (unit->micros)
        return !__builtin_mul_overflow(count, unit->micros, &amount) &&
               !__builtin_add_overflow(time, amount, ret);
    int64_t local = weir_timezone_to_local(zone, time);
    int64_t days = weir_floor_div(local, WEIR_MICROS_PER_DAY),
            rest = weir_floor_mod(local, WEIR_MICROS_PER_DAY);
    if (__builtin_mul_overflow(count, unit->months ? unit->months : unit->days, &amount))
        return false;
    if (amount > YEAR_MAX * INT64_C(366) * 2 || amount < -YEAR_MAX * INT64_C(366) * 2)
        return false;
    if (unit->months && (amount > YEAR_MAX * 24 || amount < -YEAR_MAX * 24))
        return false;
    days = unit->months ? weir_date_add_months((int32_t)days, amount) : days + amount;
    if (__builtin_mul_overflow(days, WEIR_MICROS_PER_DAY, &local) ||
        __builtin_add_overflow(local, rest, &local))
        return false;
    *ret = weir_timezone_to_utc(zone, local);
    return true;
}

static weir_code fail_add(const weir_kernel_call *call, weir_str unit, int64_t count, int64_t time,
                          weir_error **err) {
    char text[WEIR_DATETIME_TEXT_MAX];
    bool zoned = call->type->kind == WEIR_TYPE_TIMESTAMP;
    int size =
        zoned ? weir_timestamp_format(time, call->eval->zone, text) : weir_timestamp_ntz_format(time, text);
    WEIR_RAISE(err, DATETIME_OVERFLOW, "operation",
               weir_arena_printf(call->eval->arena, "add %lldL " WEIR_STR_FMT " to %s '%.*s'",
                                 (long long)count, WEIR_STR_ARG(unit), zoned ? "TIMESTAMP" : "TIMESTAMP_NTZ",
                                 size, text));
}

static weir_code timestampadd_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    const weir_timezone *zone =
        call->type->kind == WEIR_TYPE_TIMESTAMP ? call->eval->zone : weir_timezone_utc();
    WEIR_EACH(call, i) {
        weir_str name = weir_column_bytes(call->args[0], i);
        const unit_entry *unit = unit_of(name);
        int64_t count = micros_arg(call, 1, i);
        if (!add_units(zone, micros_arg(call, 2, i), unit, count, &out[i]))
            return fail_add(call, name, count, micros_arg(call, 2, i), err);
    }
    *ret = weir_column_ref(column);
    return WEIR_OK;
}

/* Whole months from one local time to another, towards zero. */
static int64_t months_of(int64_t from, int64_t to) {
    int32_t year_a, month_a, day_a, year_b, month_b, day_b;
    weir_date_to_civil(weir_floor_div(from, WEIR_MICROS_PER_DAY), &year_a, &month_a, &day_a);
    weir_date_to_civil(weir_floor_div(to, WEIR_MICROS_PER_DAY), &year_b, &month_b, &day_b);
    int64_t months = (int64_t)(year_b - year_a) * 12 + month_b - month_a;
    int64_t rest_a = day_a * WEIR_MICROS_PER_DAY + weir_floor_mod(from, WEIR_MICROS_PER_DAY);
    int64_t rest_b = day_b * WEIR_MICROS_PER_DAY + weir_floor_mod(to, WEIR_MICROS_PER_DAY);
    return months - (months > 0 && rest_b < rest_a) + (months < 0 && rest_b > rest_a);
}

static weir_code timestampdiff_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int64_t *out = weir_column_values(column);
    bool zoned = call->args[1]->type->kind == WEIR_TYPE_TIMESTAMP;
    const weir_timezone *zone = zoned ? call->eval->zone : weir_timezone_utc();
    WEIR_EACH(call, i) {
        const unit_entry *unit = unit_of(weir_column_bytes(call->args[0], i));
        int64_t from = weir_timezone_to_local(zone, micros_arg(call, 1, i));
        int64_t to = weir_timezone_to_local(zone, micros_arg(call, 2, i));
        out[i] = unit->months ? months_of(from, to) / unit->months
                              : (to - from) / (unit->days ? unit->days * WEIR_MICROS_PER_DAY : unit->micros);
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code resolve_units(WEIR_RESOLVE_PARAMS) {
    weir_str name = args[0]->kind == WEIR_NODE_LITERAL && weir_type_is_string(args[0]->type)
                        ? weir_column_bytes(((weir_node_literal *)args[0])->value, 0)
                        : WEIR_STR("");
    if (unit_of(name) == NULL)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s needs a unit of time", function->name);
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    if (function->name[9] == 'd' && !weir_type_same(args[1]->type, args[2]->type))
        for (int32_t i = 1; i < 3; i++) /* timestampdiff: both are the session's timestamps */
            args[i] = weir_coerce_cast(resolve, args[i], weir_type_of(WEIR_TYPE_TIMESTAMP));
    return WEIR_OK;
}

/* ---- parts of intervals ---- */
static int64_t interval_part(const weir_column *column, int32_t row, int32_t part) {
    int32_t slot = weir_column_slot(column, row);
    weir_calendar_interval value = {0};
    if (column->type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH) {
        value.months = WEIR_VALUES(column, int32_t)[slot];
    } else if (column->type->kind == WEIR_TYPE_INTERVAL_CALENDAR) {
        memcpy(&value, column->values + (size_t)slot * 16, 16);
    } else {
        value.micros = WEIR_VALUES(column, int64_t)[slot];
        value.days = (int32_t)(value.micros / WEIR_MICROS_PER_DAY);
        value.micros %= WEIR_MICROS_PER_DAY;
    }
    switch (part) {
    case 0:
        return value.months / 12;
    case 1:
        return value.months % 12;
    case 2:
        return value.days;
    case 3:
        return value.micros / INT64_C(3600000000) % 24;
    case 4:
        return value.micros % INT64_C(3600000000) / 60000000;
    default:
        return value.micros % 60000000;
    }
}

static weir_code part_rows(const weir_kernel_call *call, int32_t part, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    void *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int64_t value = interval_part(call->args[0], i, part);
        if (call->type->kind == WEIR_TYPE_BYTE)
            ((int8_t *)out)[i] = (int8_t)value;
        else if (call->type->kind == WEIR_TYPE_INT)
            ((int32_t *)out)[i] = (int32_t)value;
        else
            weir_store128((uint8_t *)out + (size_t)i * 16, (__uint128_t)(__int128)value);
    }
    *ret = column;
    return WEIR_OK;
}

#define PART_KERNEL(name, part) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        return part_rows(call, part, ret, err); \
    }
PART_KERNEL(part_years_kernel, 0)
PART_KERNEL(part_months_kernel, 1)
PART_KERNEL(part_days_kernel, 2)
PART_KERNEL(part_hours_kernel, 3)
PART_KERNEL(part_minutes_kernel, 4)
PART_KERNEL(part_seconds_kernel, 5)

static weir_code resolve_part(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_rewrite, (void)err;
    char part = function->name[10];
    *ret_type = part == 's' ? weir_type_decimal(resolve->arena, 8, 6)
                            : weir_type_of(part == 'y' || part == 'd' ? WEIR_TYPE_INT : WEIR_TYPE_BYTE);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* The hidden function of a field of an interval; NULL where the type has no such field. */
const char *weir_interval_part_function(const weir_type *type, weir_str field) {
    static const struct {
        const char *field, *function;
        bool months, time;
    } fields[] = {
        {"YEAR", "weir_part_years", true, false},     {"Y", "weir_part_years", true, false},
        {"YEARS", "weir_part_years", true, false},    {"YR", "weir_part_years", true, false},
        {"YRS", "weir_part_years", true, false},      {"MONTH", "weir_part_months", true, false},
        {"MON", "weir_part_months", true, false},     {"MONS", "weir_part_months", true, false},
        {"MONTHS", "weir_part_months", true, false},  {"DAY", "weir_part_days", false, true},
        {"D", "weir_part_days", false, true},         {"DAYS", "weir_part_days", false, true},
        {"HOUR", "weir_part_hours", false, true},     {"H", "weir_part_hours", false, true},
        {"HOURS", "weir_part_hours", false, true},    {"HR", "weir_part_hours", false, true},
        {"HRS", "weir_part_hours", false, true},      {"MINUTE", "weir_part_minutes", false, true},
        {"M", "weir_part_minutes", false, true},      {"MIN", "weir_part_minutes", false, true},
        {"MINS", "weir_part_minutes", false, true},   {"MINUTES", "weir_part_minutes", false, true},
        {"SECOND", "weir_part_seconds", false, true}, {"S", "weir_part_seconds", false, true},
        {"SEC", "weir_part_seconds", false, true},    {"SECONDS", "weir_part_seconds", false, true},
        {"SECS", "weir_part_seconds", false, true},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(fields); i++)
        if (weir_str_equal_nocase(field, weir_str_from(fields[i].field)))
            return (type->kind == WEIR_TYPE_INTERVAL_YEAR_MONTH && !fields[i].months) ||
                           (type->kind == WEIR_TYPE_INTERVAL_DAY_TIME && !fields[i].time)
                       ? NULL
                       : fields[i].function;
    return NULL;
}

#define TIME_FLAGS (WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEEDS_TIMEZONE)
#define TIME_FUNCTION(sql_name, kernel, resolver, low, high, types) \
    { \
        .name = sql_name, .args_min = low, .args_max = high, .flags = TIME_FLAGS, .resolve = resolver, \
        .eval = kernel, .signature = types \
    }
#define INTERVAL_PART(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, .flags = WEIR_FN_NULL_PROPAGATES | WEIR_FN_HIDDEN, \
        .resolve = resolve_part, .eval = kernel \
    }
#define PLAIN weir_resolve_signature

const weir_function weir_calendar_functions[] = {
    TIME_FUNCTION("months_between", months_between_kernel, PLAIN, 2, 3,
                  "timestamp; timestamp; boolean -> double"),
    TIME_FUNCTION("next_day", next_day_kernel, PLAIN, 2, 2, "date; string -> date"),
    TIME_FUNCTION("from_utc_timestamp", from_utc_kernel, PLAIN, 2, 2, "timestamp; string -> timestamp"),
    TIME_FUNCTION("to_utc_timestamp", to_utc_kernel, PLAIN, 2, 2, "timestamp; string -> timestamp"),
    TIME_FUNCTION("convert_timezone", convert_timezone_kernel, resolve_convert_timezone, 2, 3,
                  "string; string; ntz -> ntz"),
    TIME_FUNCTION("timestampadd", timestampadd_kernel, resolve_units, 3, 3,
                  "string; long; anytimestamp -> =3"),
    TIME_FUNCTION("timestampdiff", timestampdiff_kernel, resolve_units, 3, 3,
                  "string; anytimestamp; anytimestamp -> long"),
    INTERVAL_PART("weir_part_years", part_years_kernel),
    INTERVAL_PART("weir_part_months", part_months_kernel),
    INTERVAL_PART("weir_part_days", part_days_kernel),
    INTERVAL_PART("weir_part_hours", part_hours_kernel),
    INTERVAL_PART("weir_part_minutes", part_minutes_kernel),
    INTERVAL_PART("weir_part_seconds", part_seconds_kernel),
};
WEIR_FAMILY_COUNT(calendar)
