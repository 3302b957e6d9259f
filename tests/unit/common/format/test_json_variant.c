/* VARIANT: the bytes are those of Spark's parse_json (tests/golden/json_variant.jsonl). */
#include <stdio.h>
#include <string.h>

#include "common/base/json_value.h"
#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

static weir_str from_hex(weir_arena *arena, weir_str hex) {
    char *out = weir_arena_alloc(arena, hex.size / 2 + 1);
    for (size_t i = 0; i + 1 < hex.size; i += 2) {
        unsigned value;
        sscanf(hex.data + i, "%2x", &value);
        out[i / 2] = (char)value;
    }
    return weir_str_make(out, hex.size / 2);
}

static void check(weir_arena *arena, const weir_json *record) {
    weir_error *err = NULL;
    json_case c = {.schema = "v VARIANT"};
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_fs *fs = weir_memory_fs_new();
    weir_read_spec *spec = NULL;
    weir_reader *reader = NULL;
    weir_batch *batch = NULL;
    weir_split split = {.path = "/in.json", .end = -1};
    int64_t records;
    weir_str name = weir_json_get_str(record, "name", WEIR_STR(""));
    weir_strbuf_add_text(&text, "{\"v\":");
    weir_strbuf_add(&text, weir_json_get_str(record, "text", WEIR_STR("")));
    weir_strbuf_add_text(&text, "}\n");
    CHECK_OK(fs->ops->put(fs, "/in.json", weir_strbuf_view(&text), &err));
    CHECK_OK(json_case_spec(arena, &c, &spec, &err));
    CHECK_OK(weir_json_format_ops.reader_open(spec, fs, &split, NULL, &reader, &err));
    CHECK_OK(weir_json_format_ops.reader_next(reader, 10, &batch, &records, &err));
    cr_assert(batch && batch->rows == 1 && !weir_column_is_null(batch->columns[0], 0), WEIR_STR_FMT,
              WEIR_STR_ARG(name));
    weir_str value = weir_column_bytes(batch->columns[0]->children[0], 0);
    weir_str metadata = weir_column_bytes(batch->columns[0]->children[1], 0);
    cr_expect(weir_str_equal(value, from_hex(arena, weir_json_get_str(record, "value", WEIR_STR("")))),
              "value of " WEIR_STR_FMT, WEIR_STR_ARG(name));
    cr_expect(weir_str_equal(metadata, from_hex(arena, weir_json_get_str(record, "metadata", WEIR_STR("")))),
              "metadata of " WEIR_STR_FMT, WEIR_STR_ARG(name));
    weir_strbuf_clear(&text);
    weir_json_style style = {.zone = weir_timezone_utc()};
    cr_assert(weir_json_write_value(&text, batch->columns[0], 0, &style));
    cr_expect(weir_str_equal(weir_strbuf_view(&text), weir_json_get_str(record, "json", WEIR_STR(""))),
              "text of " WEIR_STR_FMT ": %s", WEIR_STR_ARG(name), text.data);
    weir_batch_unref(batch);
    weir_json_format_ops.reader_close(reader);
    fs->ops->free(fs);
}

WEIR_TEST(json_variant, bytes_and_text_are_sparks) {
    FILE *file = fopen(WEIR_SOURCE_DIR "/tests/golden/json_variant.jsonl", "rb");
    cr_assert(file);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    int checked = 0;
    while ((size = getline(&line, &capacity, file)) > 0) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        weir_json *record = NULL;
        weir_error *err = NULL;
        CHECK_OK(
            weir_json_parse(arena, weir_str_make(line, (size_t)size), "json_variant.jsonl", &record, &err));
        if (weir_json_get(record, "text")) {
            check(arena, record);
            checked++;
        }
    }
    free(line);
    fclose(file);
    cr_assert(checked >= 30, "%d", checked);
}
