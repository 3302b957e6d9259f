/* The wire form of errors, the token, the tables. */
#include <stdio.h>

#include "driver/connect/connect_auth.h"
#include "driver/connect/connect_errors.h"
#include "driver/connect/connect_table.h"
#include "proto/connect_status.pb-c.h"
#include "tests/lib/weir_test.h"

#include "common/base/alloc.h"

static const char *metadata(const Weir__Connect__ErrorInfo *info, const char *key) {
    for (size_t i = 0; i < info->n_metadata; i++)
        if (strcmp(info->metadata[i]->key, key) == 0)
            return info->metadata[i]->value;
    return "(none)";
}

static Weir__Connect__ErrorInfo *read_info(const weir_connect_status *status) {
    Weir__Connect__Status *wire = weir__connect__status__unpack(NULL, status->details_size, status->details);
    cr_assert(wire && wire->code == WEIR_DOOR_INTERNAL && wire->n_details == 1);
    CHECK_TEXT(wire->message, status->message);
    CHECK_TEXT(wire->details[0]->type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    Weir__Connect__ErrorInfo *info =
        weir__connect__error_info__unpack(NULL, wire->details[0]->value.len, wire->details[0]->value.data);
    weir__connect__status__free_unpacked(wire, NULL);
    return info;
}

WEIR_TEST(connect_errors, the_trailer_says_what_the_client_maps) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_error_raise(&err, WEIR_INVALID_HANDLE__SESSION_CLOSED, "handle", "x\"y", NULL);
    weir_connect_status status = weir_connect_error_status(arena, err, "some-id");
    Weir__Connect__ErrorInfo *info = read_info(&status);
    CHECK_TEXT(info->reason, "org.apache.spark.SparkSQLException");
    CHECK_TEXT(info->domain, "org.apache.spark");
    CHECK_TEXT(metadata(info, "classes"),
               "[\"org.apache.spark.SparkSQLException\",\"java.sql.SQLException\",\"java.lang.Exception\","
               "\"java.lang.Throwable\",\"java.lang.Object\"]");
    CHECK_TEXT(metadata(info, "errorClass"), "INVALID_HANDLE.SESSION_CLOSED");
    CHECK_TEXT(metadata(info, "sqlState"), "HY000");
    CHECK_TEXT(metadata(info, "messageParameters"), "{\"handle\":\"x\\\"y\"}");
    CHECK_TEXT(metadata(info, "errorId"), "some-id");
    weir__connect__error_info__free_unpacked(info, NULL);
    weir_error_free_ptr(&err);

    weir_error_raise(&err, WEIR_CAST_INVALID_INPUT, "expression", "'a'", "targetType", "\"DATE\"", NULL);
    status = weir_connect_error_status(arena, err, NULL);
    info = read_info(&status);
    CHECK_TEXT(info->reason, "org.apache.spark.SparkDateTimeException");
    CHECK_TEXT(metadata(info, "errorId"), "(none)");
    weir__connect__error_info__free_unpacked(info, NULL);
    weir_error_free(err);
    weir_arena_free(arena);
}

WEIR_TEST(connect_errors, every_condition_has_a_class) {
    for (int code = 1; code < WEIR_CODE_COUNT; code++) {
        weir_error *err = NULL;
        weir_error_restore(&err, (weir_code)code, "text");
        const char *const *chain = weir_connect_error_classes(err);
        int count = 0;
        while (chain[count])
            count++;
        cr_assert(count >= 4 && strcmp(chain[count - 1], "java.lang.Object") == 0, "%s",
                  weir_code_condition((weir_code)code));
        weir_error_free(err);
    }
}

WEIR_TEST(connect_errors, classes_are_those_that_spark_throws) {
#define SPARK "org.apache.spark."
    static const struct {
        weir_code code;
        const char *target; /* of casts */
        const char *first, *second;
    } cases[] = {
        {WEIR_DIVIDE_BY_ZERO, NULL, SPARK "SparkArithmeticException", "java.lang.ArithmeticException"},
        {WEIR_DUPLICATED_MAP_KEY, NULL, SPARK "SparkRuntimeException", "java.lang.RuntimeException"},
        {WEIR_PARSE_SYNTAX_ERROR, NULL, SPARK "sql.catalyst.parser.ParseException",
         SPARK "sql.AnalysisException"},
        {WEIR_PARSE_EMPTY_STATEMENT, NULL, SPARK "sql.catalyst.parser.ParseException",
         SPARK "sql.AnalysisException"},
        {WEIR__LEGACY_ERROR_TEMP_3102, NULL, SPARK "sql.catalyst.ExtendedAnalysisException",
         SPARK "sql.AnalysisException"},
        {WEIR_DATATYPE_MISMATCH__UNEXPECTED_INPUT_TYPE, NULL, SPARK "sql.catalyst.ExtendedAnalysisException",
         SPARK "sql.AnalysisException"},
        {WEIR_DATA_SOURCE_NOT_FOUND, NULL, SPARK "SparkClassNotFoundException",
         "java.lang.ClassNotFoundException"},
        {WEIR_CONNECT_INVALID_PLAN__CANNOT_PARSE, NULL, SPARK "SparkSQLException", "java.sql.SQLException"},
        {WEIR_CAST_INVALID_INPUT, "\"INT\"", SPARK "SparkNumberFormatException",
         "java.lang.NumberFormatException"},
        {WEIR_CAST_INVALID_INPUT, "\"TIMESTAMP\"", SPARK "SparkDateTimeException",
         "java.time.DateTimeException"},
        {WEIR_CAST_INVALID_INPUT, "\"BOOLEAN\"", SPARK "SparkRuntimeException", "java.lang.RuntimeException"},
        {WEIR_NOT_SUPPORTED, NULL, SPARK "SparkUnsupportedOperationException",
         "java.lang.UnsupportedOperationException"}, /* a condition of Weir's own */
    };
#undef SPARK
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_error *err = NULL;
        if (cases[i].target)
            weir_error_raise(&err, cases[i].code, "targetType", cases[i].target, NULL);
        else
            weir_error_restore(&err, cases[i].code, "text");
        const char *const *chain = weir_connect_error_classes(err);
        CHECK_TEXT(chain[0], cases[i].first);
        CHECK_TEXT(chain[1], cases[i].second);
        weir_error_free(err);
    }
}

static size_t percent_size(const char *text) {
    size_t size = 0;
    for (; *text; text++)
        size += (unsigned char)*text < 0x20 || (unsigned char)*text > 0x7E || *text == '%' ? 3 : 1;
    return size;
}

static bool is_utf8_cut(const char *text) {
    size_t size = strlen(text);
    return size >= 3 && strcmp(text + size - 3, "...") == 0 && !strchr(text, '\xFF');
}

WEIR_TEST(connect_errors, long_and_broken_texts_fit_the_trailer) {
    static const char *const pieces[] = {"x", "\xC3\xA4", "\xF0\x9F\x98\x80", "\xFF", "%", "\n"};
    weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(pieces); i++) {
        weir_strbuf text = {0};
        while (text.size < 300000)
            weir_strbuf_add_text(&text, pieces[i]);
        weir_error *err = NULL;
        weir_error_failf(&err, WEIR_INTERNAL_ERROR, "%s", text.data);
        weir_connect_status status = weir_connect_error_status(arena, err, "some-id");
        cr_assert(percent_size(status.message) + status.details_size * 4 / 3 < 8000 - 100);
        cr_assert(is_utf8_cut(status.message) && strlen(status.message) > 400, "%zu", strlen(status.message));
        Weir__Connect__ErrorInfo *info = read_info(&status);
        CHECK_TEXT(metadata(info, "errorClass"), "INTERNAL_ERROR");
        weir__connect__error_info__free_unpacked(info, NULL);
        Spark__Connect__FetchErrorDetailsResponse details =
            SPARK__CONNECT__FETCH_ERROR_DETAILS_RESPONSE__INIT;
        weir_connect_error_details(arena, err, &details);
        cr_assert(strlen(details.errors[0]->message) >= 299990, "the details have all of it");
        weir_error_free(err);
        weir_strbuf_fini(&text);
    }
    weir_arena_free(arena);
}

WEIR_TEST(connect_errors, details_have_parameters_and_the_query_context) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_error_raise(&err, WEIR_DIVIDE_BY_ZERO, "config", "\"spark.sql.ansi.enabled\"", NULL);
    weir_query_context context = {.start = 7,
                                  .stop = 11,
                                  .line = 2,
                                  .column = 3,
                                  .fragment = "1 / 0",
                                  .summary = "== SQL (line 2, position 4) ==\n  (1 / 0)\n   ^^^^^\n"};
    weir_error_set_context(err, &context);
    Spark__Connect__FetchErrorDetailsResponse details = SPARK__CONNECT__FETCH_ERROR_DETAILS_RESPONSE__INIT;
    weir_connect_error_details(arena, err, &details);
    cr_assert(details.has_root_error_idx && details.root_error_idx == 0 && details.n_errors == 1);
    const Spark__Connect__FetchErrorDetailsResponse__Error *wire = details.errors[0];
    CHECK_TEXT(wire->error_type_hierarchy[0], "org.apache.spark.SparkArithmeticException");
    cr_assert(wire->n_error_type_hierarchy == 6);
    CHECK_TEXT(wire->message, weir_error_text(err));
    CHECK_TEXT(wire->spark_throwable->error_class, "DIVIDE_BY_ZERO");
    CHECK_TEXT(wire->spark_throwable->sql_state, "22012");
    CHECK_TEXT(wire->spark_throwable->message_parameters[0]->value, "\"spark.sql.ansi.enabled\"");
    const Spark__Connect__FetchErrorDetailsResponse__QueryContext *where =
        wire->spark_throwable->query_contexts[0];
    cr_assert(where->start_index == 7 && where->stop_index == 11);
    CHECK_TEXT(where->fragment, "1 / 0");
    CHECK_TEXT(where->summary, "== SQL (line 2, position 4) ==\n  (1 / 0)\n   ^^^^^\n");
    weir_error_free(err);
    weir_arena_free(arena);
}

/* --- the token --- */

static int64_t now_us;

static int64_t test_monotonic(void *self) {
    (void)self;
    return now_us;
}

WEIR_TEST(connect_auth, a_wrong_token_is_refused_and_guessing_is_slowed_down) {
    static const weir_clock_ops clock = {"test", test_monotonic, test_monotonic, NULL};
    weir_env env = {.clock = &clock, .random_bytes = weir_system_random};
    static const struct {
        const char *shown;
        weir_connect_admission answer;
    } cases[] = {
        {"Bearer secret", WEIR_CONNECT_ADMITTED},
        {"bearer secret", WEIR_CONNECT_ADMITTED},
        {"Bearer secre", WEIR_CONNECT_REFUSED},
        {"Bearer secrets", WEIR_CONNECT_REFUSED},
        {"Bearer secretsecret", WEIR_CONNECT_REFUSED},
        {"Bearer ", WEIR_CONNECT_REFUSED},
        {"secret", WEIR_CONNECT_REFUSED},
        {"", WEIR_CONNECT_REFUSED},
        {"Basic secret", WEIR_CONNECT_REFUSED},
    };
    weir_connect_auth *auth = weir_connect_auth_new(&env, "secret");
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        cr_assert(weir_connect_auth_check(auth, cases[i].shown, "fd:1", "10.0.0.1") == cases[i].answer, "%s",
                  cases[i].shown);
    cr_assert(weir_connect_auth_check(auth, "Bearer secret", "fd:9", "10.0.0.1") == WEIR_CONNECT_ADMITTED);
    int refused = 0;
    while (weir_connect_auth_check(auth, "Bearer guess", "fd:2", "10.0.0.1") == WEIR_CONNECT_REFUSED)
        refused++;
    cr_assert(refused > 5 && refused < 30, "%d", refused);
    /* Not even the right one is looked at from there, but a connection that showed it before goes on. */
    cr_assert(weir_connect_auth_check(auth, "Bearer secret", "fd:3", "10.0.0.1") == WEIR_CONNECT_THROTTLED);
    cr_assert(weir_connect_auth_check(auth, "Bearer secret", "fd:9", "10.0.0.1") == WEIR_CONNECT_ADMITTED);
    cr_assert(weir_connect_auth_check(auth, "Bearer secret", "fd:4", "10.0.0.2") == WEIR_CONNECT_ADMITTED);
    now_us += 1500000;
    cr_assert(weir_connect_auth_check(auth, "Bearer secret", "fd:3", "10.0.0.1") == WEIR_CONNECT_ADMITTED);
    weir_connect_auth_free(auth);
    auth = weir_connect_auth_new(&env, NULL);
    cr_assert(weir_connect_auth_check(auth, "", "fd:1", "10.0.0.1") == WEIR_CONNECT_ADMITTED);
    weir_connect_auth_free(auth);
}

/* --- tables --- */

WEIR_TEST(connect_table, items_are_found_by_key_and_the_oldest_graves_are_forgotten) {
    enum { COUNT = 1000, GRAVES = 100 };
    weir_connect_table table = {0};
    weir_connect_item *items = weir_alloc_zero(COUNT, sizeof *items);
    char(*keys)[16] = weir_alloc_zero(COUNT, sizeof *keys);
    cr_assert(!weir_connect_table_find(&table, "0") && !weir_connect_table_next(&table, NULL));
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        items[i].key = keys[i];
        weir_connect_table_add(&table, &items[i]);
    }
    int seen = 0;
    for (weir_connect_item *item = NULL; (item = weir_connect_table_next(&table, item));)
        seen++;
    cr_assert(seen == COUNT && table.count == COUNT);
    for (int i = 0; i < COUNT; i += 2)
        weir_connect_table_remove(&table, &items[i]);
    for (int i = 0; i < COUNT; i++)
        cr_assert(weir_connect_table_find(&table, keys[i]) == (i % 2 ? &items[i] : NULL));
    weir_connect_table_fini(&table);

    weir_connect_graves graves;
    weir_connect_graves_init(&graves, GRAVES);
    for (int i = 0; i < COUNT; i++)
        weir_connect_graves_put(&graves, keys[i], i + 1);
    weir_connect_graves_put(&graves, keys[COUNT - 1], 7);
    for (int i = 0; i < COUNT; i++)
        cr_assert(weir_connect_graves_get(&graves, keys[i]) == (i < COUNT - GRAVES ? 0
                                                                : i == COUNT - 1   ? 7
                                                                                   : i + 1));
    weir_connect_graves_fini(&graves);
    weir_free(items);
    weir_free(keys);
}
