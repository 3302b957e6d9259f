/* Dates and times: the proleptic Gregorian calendar, Spark's text forms, and Java's
 * DateTimeFormatter patterns. Years -999999..999999 as Spark. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/types/timezone.h"
#include "common/types/types.h"

#define WEIR_MICROS_PER_SECOND INT64_C(1000000)
#define WEIR_MICROS_PER_DAY INT64_C(86400000000)

/* floor division and modulus, for negative times */
static inline int64_t weir_floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - (a % b != 0 && (a ^ b) < 0);
}
static inline int64_t weir_floor_mod(int64_t a, int64_t b) {
    int64_t rest = a % b; /* not by multiplying back, which overflows near INT64_MIN */
    return rest + (rest != 0 && (rest ^ b) < 0 ? b : 0);
}

void weir_date_to_civil(int64_t days, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
int64_t weir_date_from_civil(int32_t year, int32_t month, int32_t day); /* no validation */
/* ISO 8601 in UTC with milliseconds: 2026-01-31T00:00:00.000Z, as progress and events print it. */
void weir_instant_text(weir_strbuf *buf, int64_t micros);
int32_t weir_days_in_month(int32_t year, int32_t month);
bool weir_year_is_leap(int32_t year);

/* ---- Spark's cast forms (DateTimeUtils.stringToDate, stringToTimestamp, ...) ----
 * They trim, accept [+-]yyyy*[-[m]m[-[d]d]][T ][h]h:[m]m:[s]s.[us][zone] and return false otherwise. */
bool weir_date_parse(weir_str text, int32_t *ret_days);
/* A time of day alone ("10:30") stands for that time of the current day in Spark: without a clock it is
 * refused, weir_timestamp_parse_at takes the day of `now_micros`. */
bool weir_timestamp_parse(weir_str text, const weir_timezone *zone, int64_t *ret_micros);
bool weir_timestamp_parse_at(weir_str text, const weir_timezone *zone, int64_t now_micros,
                             int64_t *ret_micros);
/* allow_zone: a zone in the text is accepted and ignored (CAST); else it makes the text invalid. */
bool weir_timestamp_ntz_parse(weir_str text, bool allow_zone, int64_t *ret_micros);
/* TIME '10:11:12.123456789', AM/PM forms; all nine digits: the caller cuts to the type's precision. */
bool weir_time_parse(weir_str text, int64_t *ret_nanos);
bool weir_interval_parse_year_month(weir_str text, const weir_type *type, int32_t *ret_months);
bool weir_interval_parse_day_time(weir_str text, const weir_type *type, int64_t *ret_micros);
typedef struct weir_calendar_interval {
    int32_t months;
    int32_t days;
    int64_t micros;
} weir_calendar_interval;
/* "1 hour", "interval 2 days 3 minutes", "-1 week", "1.5 seconds": IntervalUtils.stringToInterval. */
bool weir_calendar_interval_parse(weir_str text, weir_calendar_interval *ret);

/* ---- Spark's text forms (CAST to STRING, show) ---- each returns bytes written, at most 64 */
#define WEIR_DATETIME_TEXT_MAX 64
int weir_date_format(int32_t days, char *ret); /* 2016-07-25 */
/* fraction without trailing zeros */
int weir_timestamp_format(int64_t micros, const weir_timezone *zone, char *ret);
int weir_timestamp_ntz_format(int64_t micros, char *ret);
int weir_time_format(int64_t nanos, char *ret);
/* "INTERVAL '1 02:03:04' DAY TO SECOND": ANSI style, as show and CAST print. */
void weir_interval_year_month_text(weir_strbuf *buf, int32_t months, const weir_type *type);
void weir_interval_day_time_text(weir_strbuf *buf, int64_t micros, const weir_type *type);
void weir_calendar_interval_text(weir_strbuf *buf, weir_calendar_interval value); /* "1 months 2 days" */

/* ---- Java DateTimeFormatter patterns (datetime_pattern.c), Spark's rules for them ---- */
typedef struct weir_datetime_pattern weir_datetime_pattern;
/* Compiles "yyyy-MM-dd HH:mm:ss[.SSS][XXX]"; Spark refuses some letters (INCONSISTENT_BEHAVIOR...,
 * INVALID_DATETIME_PATTERN). `parsing` selects the rules for parsing. Lives in the arena. */
weir_code weir_datetime_pattern_compile(weir_arena *arena, weir_str pattern, bool parsing,
                                        const weir_datetime_pattern **ret, weir_error **err);
void weir_datetime_pattern_format(const weir_datetime_pattern *pattern, int64_t utc_micros,
                                  const weir_timezone *zone, weir_strbuf *buf);
/* Parses the whole text to an instant (zone of the text if the pattern has one, else `zone`) and to
 * local micros. False where the text does not match. */
bool weir_datetime_pattern_parse(const weir_datetime_pattern *pattern, weir_str text,
                                 const weir_timezone *zone, int64_t *ret_utc_micros,
                                 int64_t *ret_local_micros, bool *ret_has_zone);
/* Why such a text does not match, as java.time words it: "Text '2016' could not be parsed at index 4".
 * Nothing is appended where it does match. */
void weir_datetime_pattern_explain(const weir_datetime_pattern *pattern, weir_str text,
                                   const weir_timezone *zone, weir_strbuf *buf);
