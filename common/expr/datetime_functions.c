/* Calendar functions over DATE and TIMESTAMP: fields, truncation, date arithmetic, make_date, extract.
 *
 * Dates repeat from row to row, so field kernels keep the last day's parts; timestamps are converted to
 * local time through a zone cursor that holds the current offset. */
#include <stdio.h>

#include "common/expr/expr_int.h"

typedef struct civil {
    int32_t year, month, day;
} civil;

static civil civil_of(int64_t days) {
    civil date;
    weir_date_to_civil((int32_t)days, &date.year, &date.month, &date.day);
    return date;
}

static int32_t day_of_week(int64_t days) { /* 0 = Monday */
    return (int32_t)weir_floor_mod(days + 3, 7);
}

static int32_t day_of_year(int64_t days) {
    return (int32_t)(days - weir_date_from_civil(civil_of(days).year, 1, 1)) + 1;
}

/* The Thursday of an ISO week decides its year and number. */
static int32_t iso_week_year(int64_t days) {
    return civil_of(days - day_of_week(days) + 3).year;
}

static int32_t iso_week(int64_t days) {
    return (day_of_year(days - day_of_week(days) + 3) - 1) / 7 + 1;
}

/* EXPR sees `days`. */
#define DATE_FIELD(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const int32_t *restrict a = WEIR_VALUES(call->args[0], int32_t); \
        int32_t *restrict out = weir_column_values(column); \
        int32_t last_days = 0, last = 0; \
        bool known = false; \
        WEIR_LOOP1(call, { \
            if (!known || a[x] != last_days) { \
                const int64_t days = last_days = a[x]; \
                last = (int32_t)(EXPR); \
                known = true; \
            } \
            out[i] = last; \
        }); \
        *ret = column; \
        return WEIR_OK; \
    }
DATE_FIELD(year_kernel, civil_of(days).year)
DATE_FIELD(quarter_kernel, (civil_of(days).month + 2) / 3)
DATE_FIELD(month_kernel, civil_of(days).month)
DATE_FIELD(day_kernel, civil_of(days).day)
DATE_FIELD(dayofweek_kernel, (day_of_week(days) + 1) % 7 + 1)
DATE_FIELD(dayofweek_iso_kernel, day_of_week(days) + 1)
DATE_FIELD(weekday_kernel, day_of_week(days))
DATE_FIELD(dayofyear_kernel, day_of_year(days))
DATE_FIELD(weekofyear_kernel, iso_week(days))
DATE_FIELD(yearofweek_kernel, iso_week_year(days))
DATE_FIELD(last_day_kernel,
           weir_date_from_civil(civil_of(days).year, civil_of(days).month,
                                weir_days_in_month(civil_of(days).year, civil_of(days).month)))
DATE_FIELD(unix_date_kernel, days)

/* Micros of the local day. */
#define TIME_FIELD(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        const int64_t *restrict a = WEIR_VALUES(call->args[0], int64_t); \
        int32_t *restrict out = weir_column_values(column); \
        const bool zoned = call->args[0]->type->kind == WEIR_TYPE_TIMESTAMP; \
        weir_timezone_cursor cursor = {.zone = zoned ? call->eval->zone : weir_timezone_utc(), \
                                       .from_micros = 1}; \
        WEIR_LOOP1(call, { \
            const int64_t time = \
                weir_floor_mod(weir_timezone_cursor_local(&cursor, a[x]), WEIR_MICROS_PER_DAY); \
            out[i] = (int32_t)(EXPR); \
        }); \
        *ret = column; \
        return WEIR_OK; \
    }
TIME_FIELD(hour_kernel, time / INT64_C(3600000000))
TIME_FIELD(minute_kernel, time / 60000000 % 60)
TIME_FIELD(second_kernel, time / 1000000 % 60)

static weir_code second_fraction_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int64_t *a = WEIR_VALUES(call->args[0], int64_t);
    const bool zoned = call->args[0]->type->kind == WEIR_TYPE_TIMESTAMP;
    weir_timezone_cursor cursor = {.zone = zoned ? call->eval->zone : weir_timezone_utc(), .from_micros = 1};
    WEIR_EACH(call, i) {
        int64_t local = weir_timezone_cursor_local(&cursor, a[weir_column_slot(call->args[0], i)]);
        weir_store128((uint8_t *)weir_column_values(column) + (size_t)i * 16,
                      (__uint128_t)weir_floor_mod(local, INT64_C(60000000)));
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code name_rows(const weir_kernel_call *call, bool month, weir_column **ret, weir_error **err) {
    static const char names[] = "MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDec";
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 3, err));
    WEIR_EACH(call, i) {
        int64_t days = WEIR_VALUES(call->args[0], int32_t)[weir_column_slot(call->args[0], i)];
        int32_t index = month ? 6 + civil_of(days).month : day_of_week(days);
        WEIR_TRY(weir_bytes_put(&writer, i, weir_str_make(names + 3 * index, 3), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code dayname_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return name_rows(call, false, ret, err);
}

static weir_code monthname_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return name_rows(call, true, ret, err);
}

/* ---- truncation ---- */
typedef enum trunc_level {
    TRUNC_NONE,
    TRUNC_MICROSECOND,
    TRUNC_MILLISECOND,
    TRUNC_SECOND,
    TRUNC_MINUTE,
    TRUNC_HOUR,
    TRUNC_DAY,
    TRUNC_WEEK,
    TRUNC_MONTH,
    TRUNC_QUARTER,
    TRUNC_YEAR,
} trunc_level;

static trunc_level trunc_level_of(weir_str name) {
    static const struct {
        const char *name;
        trunc_level level;
    } names[] = {
        {"MICROSECOND", TRUNC_MICROSECOND},
        {"MILLISECOND", TRUNC_MILLISECOND},
        {"SECOND", TRUNC_SECOND},
        {"MINUTE", TRUNC_MINUTE},
        {"HOUR", TRUNC_HOUR},
        {"DAY", TRUNC_DAY},
        {"DD", TRUNC_DAY},
        {"WEEK", TRUNC_WEEK},
        {"MONTH", TRUNC_MONTH},
        {"MON", TRUNC_MONTH},
        {"MM", TRUNC_MONTH},
        {"QUARTER", TRUNC_QUARTER},
        {"YEAR", TRUNC_YEAR},
        {"YYYY", TRUNC_YEAR},
        {"YY", TRUNC_YEAR},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (weir_str_equal_nocase(name, weir_str_from(names[i].name)))
            return names[i].level;
    return TRUNC_NONE;
}

static int64_t trunc_days(int64_t days, trunc_level level) {
    civil date = civil_of(days);
    switch (level) {
    case TRUNC_WEEK:
        return days - day_of_week(days);
    case TRUNC_MONTH:
        return days - (date.day - 1);
    case TRUNC_QUARTER:
        return weir_date_from_civil(date.year, (date.month - 1) / 3 * 3 + 1, 1);
    case TRUNC_YEAR:
        return weir_date_from_civil(date.year, 1, 1);
    default:
        return days;
    }
}

static int64_t trunc_micros(weir_timezone_cursor *cursor, int64_t micros, trunc_level level) {
    static const int64_t units[] = {[TRUNC_MILLISECOND] = 1000,
                                    [TRUNC_SECOND] = 1000000,
                                    [TRUNC_MINUTE] = 60000000,
                                    [TRUNC_HOUR] = INT64_C(3600000000),
                                    [TRUNC_DAY] = WEIR_MICROS_PER_DAY};
    if (level == TRUNC_MICROSECOND)
        return micros;
    if (level <= TRUNC_SECOND)
        return micros - weir_floor_mod(micros, units[level]);
    int64_t local = weir_timezone_cursor_local(cursor, micros), offset = cursor->offset_micros, start;
    if (level <= TRUNC_DAY)
        start = local - weir_floor_mod(local, units[level]);
    else
        start = trunc_days(weir_floor_div(local, WEIR_MICROS_PER_DAY), level) * WEIR_MICROS_PER_DAY;
    /* the same offset where it still holds there, else by the zone's rules */
    if (level <= TRUNC_DAY && (int64_t)weir_timezone_offset(cursor->zone, start - offset) * 1000000 == offset)
        return start - offset;
    return weir_timezone_to_utc(cursor->zone, start);
}

static weir_code date_trunc_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int64_t *a = WEIR_VALUES(call->args[1], int64_t);
    int64_t *out = weir_column_values(column);
    weir_timezone_cursor cursor = {.zone = call->eval->zone, .from_micros = 1};
    bool constant = weir_is_constant(call->args[0]), known = false;
    trunc_level level = TRUNC_NONE;
    WEIR_EACH(call, i) {
        if (!constant || !known)
            level = trunc_level_of(weir_column_bytes(call->args[0], i));
        known = true;
        int64_t micros = a[weir_column_slot(call->args[1], i)];
        out[i] = level == TRUNC_NONE ? 0 : trunc_micros(&cursor, micros, level);
        weir_code code = level == TRUNC_NONE ? weir_result_null(call, column, i, err) : WEIR_OK;
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

static weir_code trunc_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    const int32_t *a = WEIR_VALUES(call->args[0], int32_t);
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        trunc_level level = trunc_level_of(weir_column_bytes(call->args[1], i));
        out[i] = (int32_t)trunc_days(a[weir_column_slot(call->args[0], i)], level);
        weir_code code = level < TRUNC_WEEK ? weir_result_null(call, column, i, err) : WEIR_OK;
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- date arithmetic ---- */
static int32_t small_int(const weir_column *column, int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    switch (column->type->kind) {
    case WEIR_TYPE_BYTE:
        return WEIR_VALUES(column, int8_t)[slot];
    case WEIR_TYPE_SHORT:
        return WEIR_VALUES(column, int16_t)[slot];
    default:
        return WEIR_VALUES(column, int32_t)[slot];
    }
}

int32_t weir_date_add_months(int32_t days, int64_t months) {
    civil date = civil_of(days);
    int64_t month = (int64_t)date.year * 12 + date.month - 1 + months;
    int32_t year = (int32_t)weir_floor_div(month, 12), index = (int32_t)weir_floor_mod(month, 12) + 1;
    return (int32_t)weir_date_from_civil(year, index, WEIR_MIN(date.day, weir_days_in_month(year, index)));
}

#define DATE_SHIFT(name, EXPR) \
    static weir_code name(const weir_kernel_call *call, weir_column **ret, weir_error **err) { \
        weir_column *column; \
        WEIR_TRY(weir_result_fixed(call, &column, err)); \
        int32_t *out = weir_column_values(column); \
        WEIR_EACH(call, i) { \
            int32_t days = WEIR_VALUES(call->args[0], int32_t)[weir_column_slot(call->args[0], i)]; \
            int32_t amount = small_int(call->args[1], i); \
            out[i] = (int32_t)(EXPR); \
        } \
        *ret = column; \
        return WEIR_OK; \
    }
DATE_SHIFT(date_add_kernel, (uint32_t)days + (uint32_t)amount)
DATE_SHIFT(date_sub_kernel, (uint32_t)days - (uint32_t)amount)
DATE_SHIFT(add_months_kernel, weir_date_add_months(days, amount))

/* A literal text counts as its integer; other types than the small integers are refused. */
static weir_code resolve_shift(WEIR_RESOLVE_PARAMS) {
    if (weir_type_is_string(args[1]->type) && weir_is_foldable(args[1]))
        args[1] = weir_coerce_cast(resolve, args[1], weir_type_of(WEIR_TYPE_INT));
    return weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                  err);
}

/* ---- make_date ---- */
static weir_code fail_make_date(int32_t year, int32_t month, int32_t day, weir_error **err) {
    static const char *const names[] = {"JANUARY",   "FEBRUARY", "MARCH",    "APRIL",
                                        "MAY",       "JUNE",     "JULY",     "AUGUST",
                                        "SEPTEMBER", "OCTOBER",  "NOVEMBER", "DECEMBER"};
    char text[128];
    if (year < -999999999 || year > 999999999)
        snprintf(text, sizeof(text), "Invalid value for Year (valid values -999999999 - 999999999): %d",
                 (int)year);
    else if (month < 1 || month > 12)
        snprintf(text, sizeof(text), "Invalid value for MonthOfYear (valid values 1 - 12): %d", (int)month);
    else if (day < 1 || day > 31)
        snprintf(text, sizeof(text), "Invalid value for DayOfMonth (valid values 1 - 28/31): %d", (int)day);
    else if (day == 29)
        snprintf(text, sizeof(text), "Invalid date 'February 29' as '%d' is not a leap year", (int)year);
    else
        snprintf(text, sizeof(text), "Invalid date '%s %d'", names[month - 1], (int)day);
    WEIR_RAISE(err, DATETIME_FIELD_OUT_OF_BOUNDS__WITHOUT_SUGGESTION, "rangeMessage", text);
}

static weir_code make_date_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    weir_column *column;
    WEIR_TRY(weir_result_fixed(call, &column, err));
    int32_t *out = weir_column_values(column);
    WEIR_EACH(call, i) {
        int32_t year = small_int(call->args[0], i), month = small_int(call->args[1], i),
                day = small_int(call->args[2], i);
        bool valid = year >= -999999999 && year <= 999999999 && month >= 1 && month <= 12 && day >= 1 &&
                     day <= weir_days_in_month(year, month);
        out[i] = valid ? (int32_t)weir_date_from_civil(year, month, day) : 0;
        weir_code code = WEIR_OK;
        if (!valid)
            code = call->eval->ansi ? fail_make_date(year, month, day, err)
                                    : weir_result_null(call, column, i, err);
        if (code != WEIR_OK) {
            weir_column_unref(column);
            return code;
        }
    }
    *ret = column;
    return WEIR_OK;
}

/* ---- extract(unit FROM x), date_part('unit', x) ---- */
static const char *extract_function(weir_str unit) {
    static const struct {
        const char *unit, *function;
    } units[] = {
        {"YEAR", "year"},
        {"Y", "year"},
        {"YEARS", "year"},
        {"YR", "year"},
        {"YRS", "year"},
        {"YEAROFWEEK", "weir_year_of_week"},
        {"QUARTER", "quarter"},
        {"QTR", "quarter"},
        {"MONTH", "month"},
        {"MON", "month"},
        {"MONS", "month"},
        {"MONTHS", "month"},
        {"WEEK", "weekofyear"},
        {"W", "weekofyear"},
        {"WEEKS", "weekofyear"},
        {"DAY", "day"},
        {"D", "day"},
        {"DAYS", "day"},
        {"DAYOFWEEK", "dayofweek"},
        {"DOW", "dayofweek"},
        {"DAYOFWEEK_ISO", "weir_day_of_week_iso"},
        {"DOW_ISO", "weir_day_of_week_iso"},
        {"DOY", "dayofyear"},
        {"HOUR", "hour"},
        {"H", "hour"},
        {"HOURS", "hour"},
        {"HR", "hour"},
        {"HRS", "hour"},
        {"MINUTE", "minute"},
        {"M", "minute"},
        {"MIN", "minute"},
        {"MINS", "minute"},
        {"MINUTES", "minute"},
        {"SECOND", "weir_second_fraction"},
        {"S", "weir_second_fraction"},
        {"SEC", "weir_second_fraction"},
        {"SECONDS", "weir_second_fraction"},
        {"SECS", "weir_second_fraction"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(units); i++)
        if (weir_str_equal_nocase(unit, weir_str_from(units[i].unit)))
            return units[i].function;
    return NULL;
}

const char *weir_interval_part_function(const weir_type *type, weir_str field); /* calendar_functions.c */

static weir_code resolve_extract(WEIR_RESOLVE_PARAMS) {
    (void)function, (void)args_count, (void)ret_type, (void)ret_nullable;
    if (args[0]->kind != WEIR_NODE_LITERAL || !weir_type_is_string(args[0]->type))
        WEIR_FAIL(err, NOT_SUPPORTED, "extract and date_part need a literal field in Weir");
    weir_str unit = weir_column_bytes(((weir_node_literal *)args[0])->value, 0);
    weir_type_kind kind = args[1]->type->kind;
    bool interval = kind == WEIR_TYPE_INTERVAL_YEAR_MONTH || kind == WEIR_TYPE_INTERVAL_DAY_TIME ||
                    kind == WEIR_TYPE_INTERVAL_CALENDAR;
    const char *name = interval ? weir_interval_part_function(args[1]->type, unit) : extract_function(unit);
    if (name == NULL)
        WEIR_RAISE(err, INVALID_EXTRACT_FIELD, "field",
                   weir_arena_printf(resolve->arena, "`" WEIR_STR_FMT "`", WEIR_STR_ARG(unit)), "expr",
                   weir_quoted_sql(resolve->arena, args[1]));
    *ret_rewrite = weir_make_call(resolve, name, 1, &args[1]);
    return WEIR_OK;
}

static weir_code resolve_second_fraction(WEIR_RESOLVE_PARAMS) {
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_type = weir_type_decimal(resolve->arena, 8, 6);
    return WEIR_OK;
}

#define DATE_FLAGS (WEIR_FN_NULL_PROPAGATES | WEIR_FN_NEVER_RAISES)
#define DATE_FUNCTION(sql_name, kernel, types) \
    { \
        .name = sql_name, .args_min = 1, .args_max = 1, .flags = DATE_FLAGS, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = types \
    }
#define PAIR_FUNCTION(sql_name, kernel, types) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .flags = DATE_FLAGS, \
        .resolve = weir_resolve_signature, .eval = kernel, .signature = types \
    }

#define SHIFT_FUNCTION(sql_name, kernel) \
    { \
        .name = sql_name, .args_min = 2, .args_max = 2, .flags = DATE_FLAGS, .resolve = resolve_shift, \
        .eval = kernel, .signature = "date; !int|short|byte -> date" \
    }

const weir_function weir_datetime_functions[] = {
    DATE_FUNCTION("year", year_kernel, "date -> int"),
    DATE_FUNCTION("quarter", quarter_kernel, "date -> int"),
    DATE_FUNCTION("month", month_kernel, "date -> int"),
    DATE_FUNCTION("day", day_kernel, "date -> int"),
    DATE_FUNCTION("dayofmonth", day_kernel, "date -> int"),
    DATE_FUNCTION("dayofweek", dayofweek_kernel, "date -> int"),
    DATE_FUNCTION("weekday", weekday_kernel, "date -> int"),
    DATE_FUNCTION("dayofyear", dayofyear_kernel, "date -> int"),
    DATE_FUNCTION("weekofyear", weekofyear_kernel, "date -> int"),
    DATE_FUNCTION("weir_year_of_week", yearofweek_kernel, "date -> int"),
    DATE_FUNCTION("weir_day_of_week_iso", dayofweek_iso_kernel, "date -> int"),
    DATE_FUNCTION("dayname", dayname_kernel, "date -> string"),
    DATE_FUNCTION("monthname", monthname_kernel, "date -> string"),
    DATE_FUNCTION("last_day", last_day_kernel, "date -> date"),
    DATE_FUNCTION("unix_date", unix_date_kernel, "!date -> int"),
    DATE_FUNCTION("date_from_unix_date", unix_date_kernel, "int -> date"),
    DATE_FUNCTION("hour", hour_kernel, "anytimestamp -> int"),
    DATE_FUNCTION("minute", minute_kernel, "anytimestamp -> int"),
    DATE_FUNCTION("second", second_kernel, "anytimestamp -> int"),
    {.name = "weir_second_fraction",
     .args_min = 1,
     .args_max = 1,
     .flags = DATE_FLAGS | WEIR_FN_HIDDEN,
     .resolve = resolve_second_fraction,
     .eval = second_fraction_kernel,
     .signature = "anytimestamp -> decimal"},
    PAIR_FUNCTION("date_trunc", date_trunc_kernel, "string; timestamp|nanos -> timestamp"),
    PAIR_FUNCTION("trunc", trunc_kernel, "date; string -> date"),
    SHIFT_FUNCTION("date_add", date_add_kernel),
    SHIFT_FUNCTION("dateadd", date_add_kernel),
    SHIFT_FUNCTION("date_sub", date_sub_kernel),
    PAIR_FUNCTION("datediff", date_sub_kernel, "date; date -> int"),
    PAIR_FUNCTION("date_diff", date_sub_kernel, "date; date -> int"),
    PAIR_FUNCTION("add_months", add_months_kernel, "date; int -> date"),
    {.name = "make_date",
     .args_min = 3,
     .args_max = 3,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = weir_resolve_signature,
     .eval = make_date_kernel,
     .signature = "int; int; int -> date"},
    {.name = "extract", .args_min = 2, .args_max = 2, .resolve = resolve_extract},
    {.name = "date_part", .args_min = 2, .args_max = 2, .resolve = resolve_extract},
    {.name = "datepart", .args_min = 2, .args_max = 2, .resolve = resolve_extract},
};
WEIR_FAMILY_COUNT(datetime)
