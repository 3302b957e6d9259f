/* The small strict JSON: what it takes, what it refuses, what it writes. */
#include "common/base/json_value.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(json_value, round_trips_documents) {
    static const char *const documents[] = {
        "null",
        "true",
        "[]",
        "{}",
        "{\"a\":1,\"b\":[1,-2.5e10,\"x\"],\"c\":{\"d\":null}}",
        "\"\\\"\\\\\\n\\u0001\"",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551616",
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(documents); i++) {
        weir_arena *arena = weir_arena_new();
        weir_json *json;
        weir_error *err = NULL;
        weir_strbuf out = {0};
        CHECK_OK(weir_json_parse(arena, weir_str_from(documents[i]), "doc", &json, &err));
        weir_json_write(&out, json);
        CHECK_TEXT(out.data, documents[i]);
        weir_strbuf_fini(&out);
        weir_arena_free(arena);
    }
}

WEIR_TEST(json_value, decodes_escapes_and_keeps_integers_exact) {
    weir_arena *arena = weir_arena_new();
    weir_json *json;
    weir_error *err = NULL;
    CHECK_OK(weir_json_parse(arena, WEIR_STR(" {\"s\":\"\\u00e9\\ud83d\\ude00\",\"n\":9007199254740993} "),
                             "doc", &json, &err));
    cr_assert(
        weir_str_equal(weir_json_get_str(json, "s", (weir_str){0}), WEIR_STR("\xc3\xa9\xf0\x9f\x98\x80")));
    cr_assert_eq(weir_json_get_int(json, "n", 0), 9007199254740993);
    cr_assert_eq(weir_json_get_int(json, "absent", -5), -5);
    weir_arena_free(arena);
}

WEIR_TEST(json_value, names_the_document_and_the_byte_of_an_error) {
    static const char *const bad[] = {"",           "{",   "[1,]", "{\"a\"}",    "01",     "1.",
                                      "\"a",        "tru", "{} x", "\"\\x\"",    "\"\n\"", "[1 2]",
                                      "{\"a\":1,}", "-",   "1e",   "\"\\u12g4\""};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(bad); i++) {
        weir_arena *arena = weir_arena_new();
        weir_json *json;
        weir_error *err = NULL;
        cr_assert_eq(weir_json_parse(arena, weir_str_from(bad[i]), "offsets/3", &json, &err),
                     WEIR_CORRUPT_FILE, "%s", bad[i]);
        cr_assert(strstr(weir_error_message(err), "offsets/3"));
        weir_error_free(err);
        weir_arena_free(arena);
    }
}

WEIR_TEST(json_value, refuses_deep_nesting) {
    char text[4000];
    memset(text, '[', sizeof text);
    weir_arena *arena = weir_arena_new();
    weir_json *json;
    weir_error *err = NULL;
    CHECK_FAILS(CORRUPT_FILE, weir_json_parse(arena, weir_str_make(text, sizeof text), "doc", &json, &err));
    weir_arena_free(arena);
}
