/* Replays json_infer.jsonl: the schema of JSON files for which the user gives none. */
#include <stdio.h>

#include "common/base/json_value.h"
#include "common/format/format.h"
#include "common/fs/fs.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

/* prefersDecimal and a number that is no DECIMAL: Spark fails the file or takes the record for broken; here
 * it is a double, as without the option. */
static bool is_accident(weir_str name) {
    return weir_str_equal(name, WEIR_STR("exp #3")) || weir_str_equal(name, WEIR_STR("nan #3"));
}

static void read_case(weir_arena *arena, const weir_json *record, weir_options *options, weir_str *ret_text) {
    weir_strbuf text = {0};
    for (const weir_json *o = weir_json_get(record, "options")->first; o; o = o->next)
        weir_options_set(arena, options, o->name, o->text);
    for (const weir_json *line = weir_json_get(record, "lines")->first; line; line = line->next) {
        weir_strbuf_add(&text, line->text);
        weir_strbuf_add_char(&text, '\n');
    }
    *ret_text = weir_arena_str(arena, weir_strbuf_view(&text));
    weir_strbuf_fini(&text);
}

static void check_record(const weir_json *record, int32_t *compared) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf json = {0};
    weir_str name = weir_json_get_str(record, "name", WEIR_STR("")), text;
    weir_options options = {0};
    if (!weir_json_get(record, "lines") || is_accident(name))
        return;
    read_case(arena, record, &options, &text);
    weir_fs *fs = weir_memory_fs_new();
    CHECK_OK(fs->ops->create_new(fs, "/f.json", text, &err));
    weir_read_request request = {.options = &options,
                                 .zone = weir_timezone_utc(),
                                 .partial_results = true,
                                 .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_split split = {.path = "/f.json", .end = -1, .size = -1, .modified_ms = -1};
    const weir_type *type = NULL;
    weir_code code = weir_json_format_ops.infer(arena, &request, fs, &split, 1, NULL, &type, &err);
    const weir_json *error = weir_json_get(record, "error"), *schema = weir_json_get(record, "schema");
    ++*compared;
    if (error) {
        weir_str condition = weir_json_get_str(error, "condition", WEIR_STR(""));
        cr_expect(code != WEIR_OK && weir_str_equal(weir_str_from(weir_code_condition(code)), condition),
                  "%.*s: Spark %.*s, Weir %s", WEIR_STR_ARG(name), WEIR_STR_ARG(condition),
                  code == WEIR_OK ? "a schema" : weir_error_text(err));
    } else if (code != WEIR_OK) {
        cr_expect(false, "%.*s: %s", WEIR_STR_ARG(name), weir_error_text(err));
    } else {
        const weir_type *expected = NULL;
        CHECK_OK(weir_type_parse_json(arena, schema->text, &expected, &err));
        weir_type_json(&json, type);
        cr_expect(weir_type_equal(type, expected), "%.*s\n  Spark %.*s\n  Weir  %s", WEIR_STR_ARG(name),
                  WEIR_STR_ARG(schema->text), json.data);
    }
    fs->ops->free(fs);
}

WEIR_TEST(golden_json_infer, schemas_are_those_that_spark_infers) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    weir_str text = weir_temp_file_read(arena, WEIR_SOURCE_DIR "/tests/golden/json_infer.jsonl");
    int32_t compared = 0;
    cr_assert_not_null(text.data);
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        weir_json *record = NULL;
        CHECK_OK(
            weir_json_parse(arena, weir_str_make(text.data + at, size), "json_infer.jsonl", &record, &err));
        check_record(record, &compared);
        at += size + 1;
    }
    cr_expect_gt(compared, 250, "only %d compared", compared);
}
