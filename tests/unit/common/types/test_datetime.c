/* Calendar, cast texts of dates and times at their bounds, patterns. Thousands of spellings are compared with
 * Spark in tests/golden/golden_types.c. */
#include "common/types/datetime.h"

#include "tests/lib/weir_test.h"

static const weir_timezone *open_zone(const char *id) {
    _cleanup_error_ weir_error *err = NULL;
    const weir_timezone *zone = NULL;
    CHECK_OK(weir_timezone_open(weir_str_from(id), &zone, &err));
    return zone;
}

WEIR_TEST(datetime, the_calendar_is_its_own_inverse) {
    int32_t year, month, day, last_year = 0, last_month = 0, last_day = 0;
    for (int64_t days = -900000; days<4000000; days += days> - 100000 && days < 100000 ? 1 : 97) {
        weir_date_to_civil(days, &year, &month, &day);
        cr_assert(weir_date_from_civil(year, month, day) == days && day <= weir_days_in_month(year, month));
        cr_assert(year > last_year || month > last_month || day > last_day || days == -900000);
        last_year = year - (days < 0);
        last_month = last_day = 0;
    }
    static const int64_t ends[] = {INT32_MIN, INT32_MAX, -719528, -719529, 0};
    static const int32_t years[] = {-5877641, 5881580, 0, -1, 1970};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(ends); i++) {
        weir_date_to_civil(ends[i], &year, &month, &day);
        cr_expect_eq(year, years[i]);
        cr_expect_eq(weir_date_from_civil(year, month, day), ends[i]);
    }
    cr_expect(weir_year_is_leap(2000) && !weir_year_is_leap(1900) && weir_year_is_leap(0) &&
              weir_year_is_leap(-4));
}

WEIR_TEST(datetime, timestamps_reach_the_ends_of_int64) {
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, 0, -1};
    static const char *const zones[] = {"UTC", "+18:00", "-18:00", "America/Chicago", "Asia/Tokyo"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(ends); i++) {
        for (size_t z = 0; z < WEIR_ARRAY_LEN(zones); z++) {
            const weir_timezone *zone = open_zone(zones[z]);
            char text[WEIR_DATETIME_TEXT_MAX + 1];
            int size = weir_timestamp_format(ends[i], zone, text);
            text[size] = '\0';
            int64_t back = 0;
            bool ok = weir_timestamp_parse(weir_str_from(text), zone, &back);
            cr_expect(!ok || back == ends[i], "%s %s", zones[z], text);
            cr_expect(ok || z > 0, "%s %s", zones[z], text);
        }
    }
    int64_t micros;
    cr_expect_not(
        weir_timestamp_parse(WEIR_STR("294247-01-10 04:00:54.775808"), weir_timezone_utc(), &micros));
    cr_expect(weir_timestamp_parse(WEIR_STR("294247-01-10 04:00:54.775807"), weir_timezone_utc(), &micros));
    cr_expect_eq(micros, INT64_MAX);
}

WEIR_TEST(datetime, a_time_alone_needs_the_day) {
    const weir_timezone *zone = open_zone("America/Chicago");
    int64_t micros = 0, now = INT64_C(1469501107) * 1000000; /* 2016-07-25 21:45:07 in Chicago */
    cr_expect_not(weir_timestamp_parse(WEIR_STR("10:30"), zone, &micros));
    cr_expect(weir_timestamp_parse_at(WEIR_STR("10:30"), zone, now, &micros));
    cr_expect_eq(micros, INT64_C(1469460600) * 1000000);
    cr_expect(weir_timestamp_parse_at(WEIR_STR("T10:30:00Z"), zone, now, &micros));
    cr_expect_eq(micros, INT64_C(1469529000) * 1000000); /* it is the 26th in UTC */
    cr_expect_not(weir_timestamp_parse_at(WEIR_STR("24:30"), zone, now, &micros));
}

WEIR_TEST(datetime, patterns_refuse_what_spark_refuses) {
    static const struct {
        const char *pattern;
        bool parsing;
        weir_code code;
    } cases[] = {
        {"yyyy-MM-dd", true, WEIR_OK},
        {"E", false, WEIR_OK},
        {"E", true, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_PATTERN_RECOGNITION},
        {"q", true, WEIR_INVALID_DATETIME_PATTERN__ILLEGAL_CHARACTER},
        {"e", false, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_WEEK_BASED_PATTERN},
        {"YYYY", false, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_PATTERN_RECOGNITION},
        {"qqqqq", false, WEIR_INVALID_DATETIME_PATTERN__LENGTH},
        {"V", false, WEIR_INVALID_DATETIME_PATTERN__WITH_SUGGESTION},
        {"B", false, WEIR_INVALID_DATETIME_PATTERN__ILLEGAL_CHARACTER},
        {"'open", false, WEIR_INVALID_DATETIME_PATTERN__WITH_SUGGESTION},
        {"yyyy]", false, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_PATTERN_RECOGNITION},
        {"[yyyy", false, WEIR_OK},
        {"SSSSSSSSSS", true, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_PATTERN_RECOGNITION},
        {"", false, WEIR_OK},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        const weir_datetime_pattern *pattern;
        weir_code code = weir_datetime_pattern_compile(arena, weir_str_from(cases[i].pattern),
                                                       cases[i].parsing, &pattern, NULL);
        cr_expect_eq(code, cases[i].code, "%s: %s", cases[i].pattern, weir_code_condition(code));
    }
}

WEIR_TEST(datetime, failures_are_worded_as_java_words_them) {
    static const struct {
        const char *pattern, *text, *message;
    } cases[] = {
        {"yyyy-MM-dd HH:mm:ss", "2016", "Text '2016' could not be parsed at index 4"},
        {"yyyy-MM-dd", "2016-7-5", "Text '2016-7-5' could not be parsed at index 5"},
        {"yyyy-MM-dd", "2016-07-25 garbage",
         "Text '2016-07-25 garbage' could not be parsed, "
         "unparsed text found at index 10"},
        {"yyyy-MM-dd HH:mm", "2016-07-25 24:00",
         "Text '2016-07-25 24:00' could not be parsed: "
         "Invalid value for HourOfDay (valid values 0 - 23): 24"},
        {"yyyy-MM-dd", "2016-02-30", "Text '2016-02-30' could not be parsed: Invalid date 'FEBRUARY 30'"},
        {"yyyy-MM-dd", "2015-02-29",
         "Text '2015-02-29' could not be parsed: Invalid date 'February 29' as '2015' is not a leap year"},
        {"yyyy-MM-dd", "+2016-07-25", "Text '+2016-07-25' could not be parsed at index 0"},
        {"s", "1469501107",
         "Text '1469501107' could not be parsed: "
         "Invalid value for SecondOfMinute (valid values 0 - 59): 1469501107"},
        {"yyyy", "", "Text '' could not be parsed at index 0"},
        {"yyyy-MM-dd", "2016-07-25", ""},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_strbuf_ weir_strbuf buf = {0};
        _cleanup_error_ weir_error *err = NULL;
        const weir_datetime_pattern *pattern;
        CHECK_OK(weir_datetime_pattern_compile(arena, weir_str_from(cases[i].pattern), true, &pattern, &err));
        weir_datetime_pattern_explain(pattern, weir_str_from(cases[i].text), weir_timezone_utc(), &buf);
        cr_expect_str_eq(buf.data ? buf.data : "", cases[i].message);
    }
}

WEIR_TEST(datetime, intervals_print_their_least_values) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_interval_day_time_text(&buf, INT64_MIN, weir_type_of(WEIR_TYPE_INTERVAL_DAY_TIME));
    CHECK_TEXT(buf.data, "INTERVAL '-106751991 04:00:54.775808' DAY TO SECOND");
    weir_strbuf_clear(&buf);
    weir_interval_year_month_text(&buf, INT32_MIN, weir_type_of(WEIR_TYPE_INTERVAL_YEAR_MONTH));
    CHECK_TEXT(buf.data, "INTERVAL '-178956970-8' YEAR TO MONTH");
    weir_strbuf_clear(&buf);
    weir_calendar_interval_text(&buf, (weir_calendar_interval){-14, 3, -1500000});
    CHECK_TEXT(buf.data, "-1 years -2 months 3 days -1.5 seconds");
}
