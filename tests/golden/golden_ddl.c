/* Replays ddl.jsonl: schemas as DDL and JSON, and the texts of their types. */
#include <stdio.h>

#include "common/base/json_value.h"
#include "common/types/types.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

/* Refused by name where Spark takes them, or taken where Spark refuses. */
static const struct {
    const char *part, *reason;
} skipped[] = {
    {"COLLATE", "collations are not built"},
    {"collate", "collations are not built"},
    {"COLLATION", "collations are not built"},
    {"GEO", "geometry is not built"},
    {"geo", "geometry is not built"},
    {"\"udt\"", "user-defined types are refused by name"},
    {"TIMESTAMP(", "nanosecond timestamps are not built"},
    {"TIMESTAMP_LTZ(", "nanosecond timestamps are not built"},
    {"TIMESTAMP_NTZ(", "nanosecond timestamps are not built"},
};

static bool is_skipped(weir_str text) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(skipped); i++) {
        if (memmem(text.data, text.size, skipped[i].part, strlen(skipped[i].part)))
            return true;
    }
    /* a whole schema as struct<...> or as JSON is taken as well (types.h) */
    return weir_str_starts_with(text, WEIR_STR("struct<")) || weir_str_starts_with(text, WEIR_STR("STRUCT<"));
}

static void check_text(const weir_json *record, const char *form, weir_str asked, const weir_type *type,
                       void (*write)(weir_strbuf *, const weir_type *)) {
    const weir_json *expected = weir_json_get(record, form);
    _cleanup_strbuf_ weir_strbuf buf = {0};
    if (!expected)
        return;
    write(&buf, type);
    cr_expect(weir_str_equal(weir_strbuf_view(&buf), expected->text), "%s of %.*s\n  Spark %.*s\n  Weir  %s",
              form, WEIR_STR_ARG(asked), WEIR_STR_ARG(expected->text), buf.data);
}

/* "[CONDITION] message SQLSTATE: ..." with "(line 1, pos 7)" where the parser knows the place. */
static void check_error(const weir_json *record, weir_str asked, weir_code code, const weir_error *err) {
    const weir_json *error = weir_json_get(record, "error");
    weir_str condition = weir_json_get_str(error, "condition", WEIR_STR("")),
             message = weir_json_get_str(error, "message", WEIR_STR(""));
    cr_expect_neq(code, WEIR_OK, "%.*s is accepted", WEIR_STR_ARG(asked));
    if (condition.size == 0 || code == WEIR_OK)
        return;
    cr_expect(weir_str_equal(weir_str_from(weir_code_condition(code)), condition),
              "%.*s: Spark %.*s, Weir %s", WEIR_STR_ARG(asked), WEIR_STR_ARG(condition),
              weir_code_condition(code));
    cr_expect(memmem(message.data, message.size, weir_error_message(err), strlen(weir_error_message(err))),
              "%.*s\n  Spark %.*s\n  Weir  %s", WEIR_STR_ARG(asked), WEIR_STR_ARG(message),
              weir_error_message(err));
    const weir_query_context *context = weir_error_get_context(err);
    char place[40];
    if (!context || !memmem(message.data, message.size, "(line ", 6))
        return;
    snprintf(place, sizeof place, "(line %d, pos %d)", context->line, context->column);
    cr_expect(memmem(message.data, message.size, place, strlen(place)), "%.*s\n  Spark %.*s\n  Weir  %s",
              WEIR_STR_ARG(asked), WEIR_STR_ARG(message), place);
}

static void check_record(const weir_json *record, int32_t *compared) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_json *ddl = weir_json_get(record, "ddl"), *json = weir_json_get(record, "input_json");
    const weir_type *type = NULL;
    const weir_json *conf = weir_json_get(record, "conf");
    if ((!ddl && !json) || (conf && weir_json_get(conf, "spark.sql.timestampType")))
        return;
    weir_str asked = ddl ? ddl->text : json->text;
    if (is_skipped(asked) || (ddl && asked.size > 0 && asked.data[0] == '{'))
        return;
    ++*compared;
    weir_code code =
        ddl ? weir_schema_parse(arena, asked, &type, &err) : weir_type_parse_json(arena, asked, &type, &err);
    if (weir_json_get(record, "error")) {
        check_error(record, asked, code, err);
        return;
    }
    cr_expect_eq(code, WEIR_OK, "%.*s: %s", WEIR_STR_ARG(asked), err ? weir_error_text(err) : "");
    if (code != WEIR_OK)
        return;
    check_text(record, "json", asked, type, weir_type_json);
    check_text(record, "sql", asked, type, weir_type_sql);
    check_text(record, "catalog", asked, type, weir_type_simple);
    _cleanup_strbuf_ weir_strbuf text = {0};
    const weir_type *again = NULL;
    weir_type_json(&text, type);
    CHECK_OK(weir_type_parse_json(arena, weir_strbuf_view(&text), &again, &err));
    cr_expect(weir_type_equal(type, again), "%s is not read back as it was", text.data);
}

WEIR_TEST(golden_ddl, schemas_are_read_and_printed_as_spark_does) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_str text = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/ddl.jsonl");
    int32_t compared = 0;
    cr_assert_not_null(text.data);
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        weir_json *record = NULL;
        CHECK_OK(weir_json_parse(arena, weir_str_make(text.data + at, size), "ddl.jsonl", &record, &err));
        check_record(record, &compared);
        at += size + 1;
    }
    cr_expect_gt(compared, 150, "only %d compared", compared);
}
