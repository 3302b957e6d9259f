/* The configuration table; accepted and refused values are those of a real Spark 4.3. */
#include "common/conf/conf.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(conf, values_are_read_as_spark_reads_them) {
    static const struct {
        const char *key, *value;
        weir_conf_key id;
        int64_t number;
        const char *error; /* NULL = accepted */
    } cases[] = {
        {"spark.sql.shuffle.partitions", " 5 ", WEIR_CONF_SHUFFLE_PARTITIONS, 5, NULL},
        {"spark.sql.shuffle.partitions", "+5", WEIR_CONF_SHUFFLE_PARTITIONS, 5, NULL},
        {"spark.sql.shuffle.partitions", "many", 0, 0,
         "[INVALID_CONF_VALUE.TYPE_MISMATCH] The value 'many' in the config "
         "\"spark.sql.shuffle.partitions\" is "
         "invalid. It should be a/an 'int' value. SQLSTATE: 22022"},
        {"spark.sql.shuffle.partitions", "0", 0, 0,
         "[INVALID_CONF_VALUE.REQUIREMENT] The value '0' in the config "
         "\"spark.sql.shuffle.partitions\" is invalid. "
         "The value of spark.sql.shuffle.partitions must be positive SQLSTATE: 22022"},
        {"spark.sql.shuffle.partitions", "3000000000", 0, 0, "It should be a/an 'int' value."},
        {"spark.sql.ansi.enabled", " FALSE ", WEIR_CONF_ANSI, 0, NULL},
        {"spark.sql.ansi.enabled", "TRUE", WEIR_CONF_ANSI, 1, NULL},
        {"spark.sql.ansi.enabled", "yes", 0, 0, "It should be a/an 'boolean' value."},
        {"spark.sql.session.timeZone", "America/Chicago", WEIR_CONF_TIME_ZONE, 0, NULL},
        {"spark.sql.session.timeZone", "Mars/Base", 0, 0,
         "[INVALID_CONF_VALUE.TIME_ZONE] The value 'Mars/Base' in the config "
         "\"spark.sql.session.timeZone\" is "
         "invalid. Cannot resolve the given timezone. SQLSTATE: 22022"},
        {"spark.sql.files.maxPartitionBytes", "12mb", WEIR_CONF_MAX_PARTITION_BYTES, 12 << 20, NULL},
        {"spark.sql.files.maxPartitionBytes", "1kb", WEIR_CONF_MAX_PARTITION_BYTES, 1024, NULL},
        {"spark.sql.files.maxPartitionBytes", "1KiB", WEIR_CONF_MAX_PARTITION_BYTES, 1024, NULL},
        {"spark.sql.files.maxPartitionBytes", "-5", WEIR_CONF_MAX_PARTITION_BYTES, -5, NULL},
        {"spark.sql.files.maxPartitionBytes", "12 MB", 0, 0, "It should be a/an 'bytes in BYTE' value."},
        {"spark.sql.files.maxPartitionBytes", "1.5m", 0, 0, "It should be a/an 'bytes in BYTE' value."},
        {"spark.sql.files.maxPartitionBytes", "abc", 0, 0, "It should be a/an 'bytes in BYTE' value."},
        {"spark.sql.files.maxPartitionBytes", "5x", 0, 0, "It should be a/an 'bytes in BYTE' value."},
        {"spark.sql.files.maxPartitionBytes", "9999999999g", 0, 0,
         "It should be a/an 'bytes in BYTE' value."},
        {"spark.executor.memory", "512", WEIR_CONF_EXECUTOR_MEMORY, INT64_C(512) << 20, NULL},
        {"spark.executor.memory", "2g", WEIR_CONF_EXECUTOR_MEMORY, INT64_C(2) << 30, NULL},
        {"spark.sql.streaming.pollingDelay", "10ms", WEIR_CONF_POLLING_DELAY, 10, NULL},
        {"spark.sql.streaming.pollingDelay", "2s", WEIR_CONF_POLLING_DELAY, 2000, NULL},
        {"spark.sql.streaming.pollingDelay", "7", WEIR_CONF_POLLING_DELAY, 7, NULL},
        {"spark.sql.streaming.pollingDelay", "1min", WEIR_CONF_POLLING_DELAY, 60000, NULL},
        {"spark.sql.streaming.pollingDelay", "10us", WEIR_CONF_POLLING_DELAY, 0, NULL},
        {"spark.sql.streaming.pollingDelay", "1h", WEIR_CONF_POLLING_DELAY, 3600000, NULL},
        {"spark.sql.streaming.pollingDelay", "1d", WEIR_CONF_POLLING_DELAY, 86400000, NULL},
        {"spark.sql.streaming.pollingDelay", "-1s", WEIR_CONF_POLLING_DELAY, -1000, NULL},
        {"spark.sql.streaming.pollingDelay", "soon", 0, 0, "It should be a/an 'time in MILLISECONDS' value."},
        {"spark.sql.streaming.pollingDelay", "1.5s", 0, 0, "It should be a/an 'time in MILLISECONDS' value."},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        weir_conf *conf = weir_conf_new(arena);
        weir_code code =
            weir_conf_set(conf, weir_str_from(cases[i].key), weir_str_from(cases[i].value), &err);
        if (cases[i].error) {
            cr_expect(code != WEIR_OK && strstr(weir_error_text(err), cases[i].error), "%s = %s: %s",
                      cases[i].key, cases[i].value, err ? weir_error_text(err) : "accepted");
            cr_expect_eq(weir_conf_entries(conf)->count, 0);
            continue;
        }
        cr_expect_eq(code, WEIR_OK, "%s = %s: %s", cases[i].key, cases[i].value,
                     err ? weir_error_text(err) : "");
        cr_expect_eq(weir_conf_int(conf, cases[i].id), cases[i].number, "%s = %s", cases[i].key,
                     cases[i].value);
        weir_str text = weir_conf_get(conf, weir_str_from(cases[i].key));
        cr_expect(weir_str_equal(text, weir_str_from(cases[i].value)), "the text is kept as written");
    }
}

WEIR_TEST(conf, unknown_keys_are_kept_and_copies_are_their_own) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new(), *other = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_conf *conf = weir_conf_new(arena);
    cr_expect_null(weir_conf_get(conf, WEIR_STR("no.such.key")).data);
    CHECK_OK(weir_conf_set(conf, WEIR_STR("no.such.key"), WEIR_STR("x"), &err));
    CHECK_OK(weir_conf_set(conf, WEIR_STR("spark.sql.shuffle.partitions"), WEIR_STR("3"), &err));
    CHECK_OK(weir_conf_set(conf, WEIR_STR("no.such.key"), WEIR_STR("y"), &err));
    weir_conf *copy = weir_conf_copy(other, conf);
    CHECK_OK(weir_conf_set(conf, WEIR_STR("spark.sql.shuffle.partitions"), WEIR_STR("4"), &err));
    CHECK_OK(weir_conf_set(copy, WEIR_STR("another"), WEIR_STR("z"), &err));
    cr_expect_eq(weir_conf_entries(conf)->count, 2);
    cr_expect_eq(weir_conf_entries(copy)->count, 3);
    CHECK_TEXT(weir_conf_get(copy, WEIR_STR("no.such.key")).data, "y");
    cr_expect_eq(weir_conf_int(copy, WEIR_CONF_SHUFFLE_PARTITIONS), 3);
    cr_expect_eq(weir_conf_int(conf, WEIR_CONF_SHUFFLE_PARTITIONS), 4);
}

WEIR_TEST(conf, every_default_is_a_value_of_its_kind) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_conf *conf = weir_conf_new(arena);
    static const char *const keys[] = {
#define WEIR_CONF(id, key, kind, fallback, help) key,
#include "common/conf/conf_keys.def"
#undef WEIR_CONF
    };
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++) {
        weir_str fallback = weir_conf_str(conf, (weir_conf_key)i);
        if (fallback.size)
            CHECK_OK(weir_conf_set(conf, weir_str_from(keys[i]), fallback, &err));
    }
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_conf_document(&text);
    for (int32_t i = 0; i < WEIR_CONF_COUNT; i++)
        cr_expect(strstr(text.data, keys[i]), "%s is not documented", keys[i]);
}
