/* What a read or write refuses, and with which condition. */
#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

WEIR_TEST(json_options, bad_schemas_and_options_are_refused_by_name) {
    static const struct {
        json_case c;
        const char *condition, *says;
    } rows[] = {
        {{.schema = "a INT", .options = {"multiLine", "maybe"}}, "INVALID_ARGUMENT", "maybe"},
        {{.schema = "a INT", .options = {"allowComments", "1"}}, "INVALID_ARGUMENT", "allowComments"},
        {{.schema = "a INT", .options = {"lineSep", ""}}, "INVALID_ARGUMENT", "lineSep"},
        {{.schema = "a INT", .options = {"encoding", "nonsense"}},
         "INVALID_PARAMETER_VALUE.CHARSET",
         "nonsense"},
        {{.schema = "a INT", .options = {"encoding", "UTF-32"}}, "INVALID_ARGUMENT", "UTF-32"},
        {{.schema = "a INT", .options = {"ENCODING", "ISO-8859-1"}}, "INVALID_ARGUMENT", "lineSep"},
        {{.schema = "a INT", .options = {"singleVariantColumn", "v"}},
         "UNSUPPORTED_OPTION",
         "singleVariantColumn"},
        {{.schema = "a INT", .options = {"locale", "de-DE"}}, "NOT_SUPPORTED", "locale"},
        {{.schema = "a INT", .options = {"timeZone", "Mars/Base"}}, "INVALID_TIMEZONE", "Mars/Base"},
        {{.schema = "a INT", .options = {"maxStringLen", "x"}}, "INVALID_ARGUMENT", "maxStringLen"},
        {{.schema = "a INT, A INT"}, "COLUMN_ALREADY_EXISTS", "`a`"},
        {{.schema = "m MAP<INT, INT>"}, "INVALID_JSON_SCHEMA_MAP_TYPE", "MAP<INT, INT>"},
        {{.schema = "s STRUCT<i: INTERVAL>"}, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "`s`"},
        {{.schema = "a INT, _corrupt_record INT"}, "INVALID_CORRUPT_RECORD_TYPE", "_corrupt_record"},
        {{.schema = "a INT, _corrupt_record STRING", .projection = "_corrupt_record STRING"},
         "UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN",
         "corrupt"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        weir_read_spec *spec = NULL;
        weir_code code = json_case_spec(arena, &rows[i].c, &spec, &err);
        cr_expect(weir_str_equal(weir_str_from(weir_code_condition(code)), weir_str_from(rows[i].condition)),
                  "%s %s: %s", rows[i].c.schema, rows[i].c.options[0], weir_code_condition(code));
        cr_expect(err && strstr(weir_error_text(err), rows[i].says), "%s", err ? weir_error_text(err) : "");
    }
}

WEIR_TEST(json_options, unknown_options_and_modes_are_ignored) {
    static const json_case rows[] = {
        {.schema = "a INT", .options = {"nonsense", "1"}},
        {.schema = "a INT", .options = {"mode", "nonsense"}},
        {.schema = "a INT", .options = {"primitivesAsString", "x"}},
        {.schema = "a INT", .options = {"path", "/x"}},
        {.schema = "a INT", .options = {"MULTILINE", "TRUE"}},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
        weir_error *err = NULL;
        _cleanup_strbuf_ weir_strbuf out = {0};
        CHECK_OK(json_case_read(&rows[i], WEIR_STR("{\"a\":1}"), &out, &err));
        CHECK_TEXT(out.data, "[1]\n");
    }
}

WEIR_TEST(json_options, limits_of_depth_and_length_can_be_set) {
    static const struct {
        json_case c;
        const char *text, *want;
    } rows[] = {
        {{.schema = "a STRING", .options = {"maxNestingDepth", "3"}},
         "{\"z\":[[1]],\"a\":\"x\"}",
         "[\"x\"]\n"},
        {{.schema = "a STRING", .options = {"maxNestingDepth", "2"}},
         "{\"z\":[[1]],\"a\":\"x\"}",
         "[null]\n"},
        {{.schema = "a STRING", .options = {"maxNumLen", "3"}}, "{\"z\":1234,\"a\":\"x\"}", "[null]\n"},
        {{.schema = "a STRING", .options = {"maxStringLen", "3"}}, "{\"a\":\"abcd\"}", "[null]\n"},
        {{.schema = "a STRING", .options = {"maxStringLen", "4"}}, "{\"a\":\"abcd\"}", "[\"abcd\"]\n"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
        weir_error *err = NULL;
        _cleanup_strbuf_ weir_strbuf out = {0};
        CHECK_OK(json_case_read(&rows[i].c, weir_str_from(rows[i].text), &out, &err));
        CHECK_TEXT(out.data, rows[i].want);
    }
}

WEIR_TEST(json_options, writes_refuse_what_is_not_written) {
    static const struct {
        const char *schema, *name, *value, *condition;
    } rows[] = {
        {"a INT", "compression", "nonsense", "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION"},
        {"a INT", "compression", "bzip2", "NOT_SUPPORTED"},
        {"a INT", "encoding", "UTF-16", "NOT_SUPPORTED"},
        {"a INT", "ignoreNullFields", "maybe", "INVALID_ARGUMENT"},
        {"a INT", "sortKeys", "true", "UNSUPPORTED_OPTION"},
        {"a INT", "lineSep", "", "INVALID_ARGUMENT"},
        {"s STRUCT<>", "x", "y", "EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE"},
        {"m MAP<BINARY, INT>", "x", "y", "NOT_SUPPORTED"},
        {"i INTERVAL", "x", "y", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_error_ weir_error *err = NULL;
        const weir_type *schema = NULL;
        weir_option option = {weir_str_from(rows[i].name), weir_str_from(rows[i].value)};
        weir_options options = {&option, 1};
        weir_write_spec *spec = NULL;
        CHECK_OK(weir_schema_parse(arena, weir_str_from(rows[i].schema), &schema, &err));
        weir_code code =
            weir_json_format_ops.write_spec(arena, schema, &options, weir_timezone_utc(), &spec, &err);
        cr_expect(weir_str_equal(weir_str_from(weir_code_condition(code)), weir_str_from(rows[i].condition)),
                  "%s=%s: %s", rows[i].name, rows[i].value, weir_code_condition(code));
    }
}

WEIR_TEST(json_options, formats_are_found_by_name_in_any_case) {
    cr_assert(weir_format_find(WEIR_STR("json")) == &weir_json_format_ops);
    cr_assert(weir_format_find(WEIR_STR("JSON")) == &weir_json_format_ops);
    cr_assert(!weir_format_find(WEIR_STR("jsonl")));
}
