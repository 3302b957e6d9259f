/* Time zones: Java's ids, gaps and overlaps, the far future, the POSIX rule. Offsets of all of Java's zones
 * are compared with Spark by tests/peer/types_diff.py. */
#include "common/types/timezone.h"

#include <pthread.h>
#include <stdio.h>

#include "common/types/datetime.h"
#include "common/types/timezone_int.h"
#include "tests/lib/weir_test.h"

static const weir_timezone *open_zone(const char *id) {
    _cleanup_error_ weir_error *err = NULL;
    const weir_timezone *zone = NULL;
    CHECK_OK(weir_timezone_open(weir_str_from(id), &zone, &err));
    return zone;
}

static int64_t at(const char *text) {
    int64_t micros = 0;
    cr_assert(weir_timestamp_parse(weir_str_from(text), weir_timezone_utc(), &micros), "%s", text);
    return micros;
}

WEIR_TEST(timezone, ids_are_those_of_java) {
    static const struct {
        const char *id, *java_id; /* NULL = refused */
    } cases[] = {
        {"UTC", "UTC"},
        {"Z", "Z"},
        {"+00:00", "Z"},
        {"GMT", "GMT"},
        {"UT", "UT"},
        {"GMT+8", "GMT+08:00"},
        {"UTC+01:00", "UTC+01:00"},
        {"UTC-0", "UTC"},
        {"+5", "+05:00"},
        {"+5:30", "+05:30"},
        {"-08:5", "-08:05"},
        {"+0530", "+05:30"},
        {"+053015", "+05:30:15"},
        {"-18:00", "-18:00"},
        {"-18:01", NULL},
        {"+19", NULL},
        {"+1:2:3", NULL},
        {"PST", "America/Los_Angeles"},
        {"EST", "-05:00"},
        {"America/Chicago", "America/Chicago"},
        {"america/chicago", NULL},
        {"America/Nowhere", NULL},
        {"", NULL},
        {"../../../etc/passwd", NULL},
        {"America/../UTC", NULL},
        {"America", NULL},
        {"posixrules", NULL},
        {"right/UTC", NULL},
        {"zone.tab", NULL},
        {"leapseconds", NULL},
        {"UTCZ", NULL},
        {"utc", NULL},
        {"GMT0", "GMT0"},
        {"Etc/GMT+5", "Etc/GMT+5"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_error_ weir_error *err = NULL;
        const weir_timezone *zone = NULL;
        weir_code code = weir_timezone_open(weir_str_from(cases[i].id), &zone, &err);
        if (!cases[i].java_id) {
            cr_expect(code != WEIR_OK, "%s is taken", cases[i].id);
            continue;
        }
        cr_expect_eq(code, WEIR_OK, "%s: %s", cases[i].id, err ? weir_error_text(err) : "");
        cr_expect(code != WEIR_OK || weir_str_equal(weir_timezone_id(zone), weir_str_from(cases[i].java_id)),
                  "%s is %.*s", cases[i].id, WEIR_STR_ARG(weir_timezone_id(zone)));
    }
}

WEIR_TEST(timezone, gaps_move_forward_and_overlaps_take_the_earlier_offset) {
    static const struct {
        const char *zone, *local, *utc;
    } cases[] = {
        {"America/Chicago", "2016-03-13 01:59:59.999999", "2016-03-13 07:59:59.999999"},
        {"America/Chicago", "2016-03-13 02:30:00", "2016-03-13 08:30:00"},
        {"America/Chicago", "2016-03-13 03:00:00", "2016-03-13 08:00:00"},
        {"America/Chicago", "2016-11-06 01:30:00", "2016-11-06 06:30:00"},
        {"America/Chicago", "2016-11-06 02:00:00", "2016-11-06 08:00:00"},
        {"America/Chicago", "1850-01-01 00:00:00", "1850-01-01 05:50:36"},
        {"America/Chicago", "2500-07-01 00:00:00", "2500-07-01 05:00:00"},
        {"America/Chicago", "2500-12-31 23:59:59", "2501-01-01 05:59:59"},
        {"America/Chicago", "9999-03-14 02:30:00", "9999-03-14 08:30:00"},
        {"Australia/Sydney", "2300-01-01 00:00:00", "2299-12-31 13:00:00"},
        {"Australia/Lord_Howe", "2400-07-01 00:00:00", "2400-06-30 13:30:00"},
        {"Asia/Tokyo", "9999-12-31 23:59:59", "9999-12-31 14:59:59"},
        {"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30 22:00:00"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        const weir_timezone *zone = open_zone(cases[i].zone);
        cr_expect_eq(weir_timezone_to_utc(zone, at(cases[i].local)), at(cases[i].utc), "%s %s", cases[i].zone,
                     cases[i].local);
    }
}

WEIR_TEST(timezone, a_cursor_agrees_with_the_lookup) {
    static const char *const zones[] = {"UTC",    "America/Chicago", "Europe/Dublin", "Australia/Lord_Howe",
                                        "+05:30", "Asia/Kathmandu"};
    for (size_t z = 0; z < WEIR_ARRAY_LEN(zones); z++) {
        const weir_timezone *zone = open_zone(zones[z]);
        weir_timezone_cursor cursor = {.zone = zone};
        for (int64_t micros = at("1800-01-01"), i = 0; i < 20000;
             i++, micros += INT64_C(20) * 86400 * 1000003) {
            int64_t local = weir_timezone_to_local(zone, micros);
            cr_assert_eq(weir_timezone_cursor_local(&cursor, micros), local, "%s %lld", zones[z],
                         (long long)micros);
            int64_t back = weir_timezone_to_utc(zone, local);
            cr_assert(back == micros || weir_timezone_to_local(zone, back) == local, "%s", zones[z]);
        }
        weir_timezone_cursor_local(&cursor, INT64_MAX - 1);
        weir_timezone_cursor_local(&cursor, INT64_MIN + WEIR_MICROS_PER_DAY);
    }
}

WEIR_TEST(timezone, rules_are_checked_to_the_last_byte) {
    static const char *const good[] = {"CST6CDT,M3.2.0,M11.1.0", "<-03>3", "IST-1GMT0,M10.5.0,M3.5.0/1",
                                       "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                       "EST5EDT,J60/-1,364/167:59:59"};
    static const char *const bad[] = {"",
                                      "C6",
                                      "CST",
                                      "CST6CDT",
                                      "CST6CDT,M3.2.0",
                                      "CST6CDT,M13.2.0,M11.1.0",
                                      "CST6CDT,M3.2.0,M11.1.0x",
                                      "<-03",
                                      "CST6CDT,J0,J1",
                                      "CST999",
                                      "CST6CDT,M3.2.7,M1.1.0"};
    weir_zone_rule rule;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(good); i++)
        cr_expect(weir_tzif_parse_rule(weir_str_from(good[i]), &rule), "%s", good[i]);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(bad); i++)
        cr_expect_not(weir_tzif_parse_rule(weir_str_from(bad[i]), &rule), "%s", bad[i]);
}

static void *open_many(void *unused) {
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        char id[16];
        snprintf(id, sizeof id, "+%02d:%02d", i % 18, i % 60);
        open_zone(id);
        open_zone(i % 2 ? "Europe/Paris" : "America/Denver");
    }
    return NULL;
}

WEIR_TEST(timezone, zones_may_be_opened_by_many_threads) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, open_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(open_zone("Europe/Paris"), open_zone("Europe/Paris"));
}
