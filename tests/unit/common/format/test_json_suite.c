/* nst/JSONTestSuite (tests/data/json_test_suite, MIT) through the reader: every file must be taken or refused
 * as Spark does, which spark.jsonl there records; y_ files must be taken and n_ files refused. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json_value.h"
#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

#define FOLDER WEIR_SOURCE_DIR "/tests/data/json_test_suite"

/* The file's bytes; two large ones are made here. */
static void load(weir_str name, weir_strbuf *out) {
    if (weir_str_equal(name, WEIR_STR("n_structure_100000_opening_arrays.json"))) {
        weir_strbuf_add_repeat(out, '[', 100000);
        return;
    }
    if (weir_str_equal(name, WEIR_STR("n_structure_open_array_object.json"))) {
        for (int i = 0; i < 50000; i++)
            weir_strbuf_add_text(out, "[{\"\":");
        return;
    }
    char path[4096], chunk[4096];
    snprintf(path, sizeof path, "%s/" WEIR_STR_FMT, FOLDER, WEIR_STR_ARG(name));
    FILE *file = fopen(path, "rb");
    cr_assert(file, "no %s", path);
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        weir_strbuf_add(out, weir_str_make(chunk, got));
    fclose(file);
}

static void check(const weir_json *record, weir_str text, bool wrapped, bool strict) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf out = {0}, input = {0};
    static const char *const keys[2][2] = {{"bare", "bare_strict"}, {"wrapped", "wrapped_strict"}};
    const weir_json *want = weir_json_get(record, keys[wrapped][strict]);
    json_case c = {.schema = "v STRING, _corrupt_record STRING", .options = {"multiLine", "true"}};
    if (strict) {
        static const char *const options[] = {
            "multiLine", "true", "allowSingleQuotes", "false", "allowNonNumericNumbers", "false"};
        memcpy(c.options, options, sizeof options);
    }
    if (wrapped)
        weir_strbuf_add_text(&input, "{\"v\":");
    weir_strbuf_add(&input, text);
    if (wrapped)
        weir_strbuf_add_text(&input, "}");
    CHECK_OK(json_case_read(&c, weir_strbuf_view(&input), &out, &err));
    int64_t rows = 0;
    bool good = true;
    for (const char *line = out.data; line && *line; line = strchr(line, '\n') + 1, rows++) {
        const char *end = strchr(line, '\n');
        good &= (size_t)(end - line) >= 6 && memcmp(end - 6, ",null]", 6) == 0;
    }
    weir_str name = weir_json_get_str(record, "name", WEIR_STR(""));
    cr_expect(rows == weir_json_get_int(want, "rows", -1) && good == weir_json_get_bool(want, "good", false),
              WEIR_STR_FMT " %s: %lld rows, %s; Spark %lld, %s", WEIR_STR_ARG(name), keys[wrapped][strict],
              (long long)rows, good ? "taken" : "refused", (long long)weir_json_get_int(want, "rows", -1),
              weir_json_get_bool(want, "good", false) ? "taken" : "refused");
    /* One closing brace too many is text behind the wrapping object, which nobody looks at. */
    bool closing = weir_str_equal(name, WEIR_STR("n_structure_object_followed_by_closing_object.json"));
    if (wrapped && strict && name.data[0] != 'i' && !closing)
        cr_expect(good == (name.data[0] == 'y'), WEIR_STR_FMT " is %s", WEIR_STR_ARG(name),
                  good ? "taken" : "refused");
}

WEIR_TEST(json_suite, every_file_is_taken_or_refused_as_by_spark) {
    _cleanup_strbuf_ weir_strbuf recorded = {0};
    int files = 0;
    load(WEIR_STR("spark.jsonl"), &recorded);
    for (char *line = recorded.data; line && *line;) {
        char *end = strchr(line, '\n');
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        weir_json *record = NULL;
        weir_error *err = NULL;
        CHECK_OK(
            weir_json_parse(arena, weir_str_make(line, (size_t)(end - line)), "spark.jsonl", &record, &err));
        line = end + 1;
        if (!weir_json_get(record, "name"))
            continue;
        _cleanup_strbuf_ weir_strbuf text = {0};
        load(weir_json_get_str(record, "name", WEIR_STR("")), &text);
        for (int way = 0; way < 4; way++)
            check(record, weir_strbuf_view(&text), way & 1, way & 2);
        files++;
    }
    cr_assert(files == 318, "%d files", files);
}
