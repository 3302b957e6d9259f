/* Texts of dates, times, zones, intervals, numbers and patterns: no crash, and what is read is printed and
 * read back as the same value. The first line is a pattern, the rest a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"
#include "common/types/timezone_int.h"

static void check(int holds) {
    if (!holds)
        abort();
}

static void try_times(weir_str text, const weir_timezone *zone) {
    char out[WEIR_DATETIME_TEXT_MAX];
    int32_t days, days_again;
    int64_t value, again;
    if (weir_date_parse(text, &days))
        check(weir_date_parse(weir_str_make(out, (size_t)weir_date_format(days, out)), &days_again) &&
              days == days_again);
    if (weir_timestamp_parse(text, zone, &value))
        weir_timestamp_format(value, zone, out);
    if (weir_timestamp_ntz_parse(text, true, &value)) {
        int size = weir_timestamp_ntz_format(value, out);
        check(weir_timestamp_ntz_parse(weir_str_make(out, (size_t)size), false, &again) && again == value);
    }
    if (weir_time_parse(text, &value)) {
        int size = weir_time_format(value, out);
        check(weir_time_parse(weir_str_make(out, (size_t)size), &again) && again == value);
    }
    weir_timestamp_parse_at(text, zone, INT64_C(1469501107000000), &value);
    weir_timezone_open(text, &zone, NULL);
    weir_zone_rule rule;
    weir_tzif_parse_rule(text, &rule);
}

static void try_numbers(weir_str text) {
    char out[WEIR_DECIMAL_TEXT_MAX];
    double real, real_again;
    float single;
    int64_t whole;
    weir_int128 decimal, decimal_again;
    int32_t scale;
    bool too_large;
    if (weir_double_parse_cast(text, &real) && real == real && real - real == 0) {
        int size = weir_double_format(real, out);
        check(weir_double_parse_cast(weir_str_make(out, (size_t)size), &real_again) && real == real_again);
    }
    weir_float_parse_cast(text, &single);
    weir_int64_parse_cast(text, true, &whole);
    if (weir_decimal_parse(text, &decimal, &scale, &too_large) && !too_large && scale >= 0 && scale <= 38)
        weir_decimal_format(decimal, scale, out);
    if (weir_decimal_parse_as(text, 38, 18, &decimal) == 0) {
        int size = weir_decimal_format(decimal, 18, out);
        check(weir_decimal_parse_as(weir_str_make(out, (size_t)size), 38, 18, &decimal_again) == 0 &&
              decimal == decimal_again);
    }
}

static void try_intervals(weir_str text) {
    weir_strbuf buf = {0};
    weir_calendar_interval interval, interval_again;
    int32_t months;
    int64_t micros, micros_again;
    const weir_type *day_time = weir_type_of(WEIR_TYPE_INTERVAL_DAY_TIME);
    if (weir_calendar_interval_parse(text, &interval)) {
        weir_calendar_interval_text(&buf, interval);
        if (weir_calendar_interval_parse(weir_strbuf_view(&buf), &interval_again))
            check(memcmp(&interval, &interval_again, sizeof interval) == 0);
    }
    weir_interval_parse_year_month(text, weir_type_of(WEIR_TYPE_INTERVAL_YEAR_MONTH), &months);
    weir_strbuf_clear(&buf);
    if (weir_interval_parse_day_time(text, day_time, &micros)) {
        weir_interval_day_time_text(&buf, micros, day_time);
        check(weir_interval_parse_day_time(weir_strbuf_view(&buf), day_time, &micros_again) &&
              micros == micros_again);
    }
    weir_strbuf_fini(&buf);
}

static void try_pattern(weir_str pattern_text, weir_str text, const weir_timezone *zone) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_strbuf buf = {0};
    const weir_datetime_pattern *pattern;
    int64_t utc = 0, local;
    bool has_zone;
    if (weir_datetime_pattern_compile(arena, pattern_text, true, &pattern, &err) == WEIR_OK) {
        bool ok = weir_datetime_pattern_parse(pattern, text, zone, &utc, &local, &has_zone);
        weir_datetime_pattern_explain(pattern, text, zone, &buf);
        check(ok == (buf.size == 0));
    }
    weir_error_free_ptr(&err);
    if (weir_datetime_pattern_compile(arena, pattern_text, false, &pattern, NULL) == WEIR_OK)
        weir_datetime_pattern_format(pattern, utc, zone, &buf);
    weir_strbuf_fini(&buf);
    weir_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const weir_timezone *zone = NULL;
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t first = end ? (size_t)(end - data) : 0;
    weir_str text = weir_str_make((const char *)data + (end ? first + 1 : 0), size - (end ? first + 1 : 0));
    check(weir_timezone_open(WEIR_STR("America/Chicago"), &zone, NULL) == WEIR_OK);
    try_times(text, zone);
    try_numbers(text);
    try_intervals(text);
    try_pattern(weir_str_make((const char *)data, first), text, zone);
    return 0;
}
