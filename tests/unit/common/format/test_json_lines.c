/* Where lines begin and end: splits, line ends, chunks, blank lines, the last line. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

/* Reads the text cut at every position, in two and in many pieces: the rows must come once and in order. */
static void check_splits(const char *text, size_t size, const char *line_sep, const char *want) {
    weir_error *err = NULL;
    for (int32_t chunk = 1; chunk <= 64; chunk *= 4) {
        for (size_t cut = 1; cut < size; cut++) {
            _cleanup_strbuf_ weir_strbuf out = {0};
            weir_fs *fs = weir_memory_fs_new();
            CHECK_OK(fs->ops->put(fs, "/in.json", weir_str_make(text, size), &err));
            json_case c = {.schema = "a INT", .chunk = chunk, .end = (int64_t)cut};
            if (line_sep) {
                c.options[0] = "lineSep";
                c.options[1] = line_sep;
            }
            CHECK_OK(json_case_read_file(fs, &c, 2, &out, &err));
            c.start = (int64_t)cut;
            c.end = (int64_t)size;
            CHECK_OK(json_case_read_file(fs, &c, 100, &out, &err));
            fs->ops->free(fs);
            cr_assert(strcmp(out.data ? out.data : "", want) == 0, "cut at %zu, chunk %d: %s not %s", cut,
                      chunk, out.data, want);
        }
        _cleanup_strbuf_ weir_strbuf out = {0};
        weir_fs *fs = weir_memory_fs_new();
        CHECK_OK(fs->ops->put(fs, "/in.json", weir_str_make(text, size), &err));
        for (size_t at = 0; at < size; at += 3) {
            json_case c = {.schema = "a INT",
                           .chunk = chunk,
                           .start = (int64_t)at,
                           .end = (int64_t)WEIR_MIN(at + 3, size)};
            if (line_sep) {
                c.options[0] = "lineSep";
                c.options[1] = line_sep;
            }
            CHECK_OK(json_case_read_file(fs, &c, 2, &out, &err));
        }
        fs->ops->free(fs);
        CHECK_TEXT(out.data ? out.data : "", want);
    }
}

WEIR_TEST(json_lines, every_line_belongs_to_one_split) {
    static const struct {
        const char *text, *line_sep, *want;
    } rows[] = {
        {"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", NULL, "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}\n{\"a\":2}\n{\"a\":3}", NULL, "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}\r\n{\"a\":2}\r\n\r\n{\"a\":3}\r\n", NULL, "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}\r{\"a\":2}\r\r{\"a\":3}\r", NULL, "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}\n\r{\"a\":2}\r\r\n\n{\"a\":3}\n\n", NULL, "[1]\n[2]\n[3]\n"},
        {"\n\n  \n{\"a\":1}   \n\t\n{\"a\":2}", NULL, "[1]\n[2]\n"},
        {"{\"a\":1}|{\"a\":2}|\n{\"a\":3}", "|", "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}--{\"a\":2}--{\"a\":3}--", "--", "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}\r\n{\"a\":2}\r\n{\"a\":3}", "\r\n", "[1]\n[2]\n[3]\n"},
        {"{\"a\":1}\n", NULL, "[1]\n"},
        {"\xEF\xBB\xBF{\"a\":1}\n{\"a\":2}\n", NULL, "[1]\n[2]\n"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(rows); i++)
        check_splits(rows[i].text, strlen(rows[i].text), rows[i].line_sep, rows[i].want);
}

WEIR_TEST(json_lines, a_line_may_be_longer_than_many_chunks) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0}, out = {0};
    weir_strbuf_add_text(&text, "{\"a\":1}\n{\"z\":\"");
    weir_strbuf_add_repeat(&text, 'x', 3 << 20);
    weir_strbuf_add_text(&text, "\",\"a\":2}\n{\"a\":3}\n");
    json_case c = {.schema = "a INT", .chunk = 4096};
    CHECK_OK(json_case_read(&c, weir_strbuf_view(&text), &out, &err));
    CHECK_TEXT(out.data, "[1]\n[2]\n[3]\n");
}

WEIR_TEST(json_lines, records_are_counted_even_where_rows_are_dropped) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    json_case c = {.schema = "a INT", .options = {"mode", "DROPMALFORMED"}};
    weir_fs *fs = weir_memory_fs_new();
    weir_read_spec *spec = NULL;
    weir_reader *reader = NULL;
    weir_batch *batch = NULL;
    weir_split split = {.path = "/in.json", .end = -1};
    int64_t records = 0;
    CHECK_OK(fs->ops->put(fs, "/in.json", WEIR_STR("{\"a\":1}\nbad\n{\"a\":\"x\"}\n{\"a\":2}\n"), &err));
    CHECK_OK(json_case_spec(arena, &c, &spec, &err));
    CHECK_OK(weir_json_format_ops.reader_open(spec, fs, &split, NULL, &reader, &err));
    CHECK_OK(weir_json_format_ops.reader_next(reader, 100, &batch, &records, &err));
    cr_assert(records == 4 && batch->rows == 2);
    weir_batch_unref(batch);
    CHECK_OK(weir_json_format_ops.reader_next(reader, 100, &batch, &records, &err));
    cr_assert(!batch && records == 0);
    weir_json_format_ops.reader_close(reader);
    fs->ops->free(fs);
}

WEIR_TEST(json_lines, the_budget_bounds_a_record) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf text = {0};
    json_case c = {.schema = "a STRING"};
    weir_budget budget;
    weir_budget_init(&budget, NULL, 4 << 20);
    weir_fs *fs = weir_memory_fs_new();
    weir_read_spec *spec = NULL;
    weir_reader *reader = NULL;
    weir_batch *batch = NULL;
    weir_split split = {.path = "/in.json", .end = -1};
    int64_t records;
    weir_strbuf_add_text(&text, "{\"a\":\"");
    weir_strbuf_add_repeat(&text, 'x', 8 << 20);
    CHECK_OK(fs->ops->put(fs, "/in.json", weir_strbuf_view(&text), &err));
    CHECK_OK(json_case_spec(arena, &c, &spec, &err));
    CHECK_OK(weir_json_format_ops.reader_open(spec, fs, &split, &budget, &reader, &err));
    CHECK_FAILS(OUT_OF_MEMORY, weir_json_format_ops.reader_next(reader, 100, &batch, &records, &err));
    weir_json_format_ops.reader_close(reader);
    fs->ops->free(fs);
    cr_assert(budget.used == 0);
}

WEIR_TEST(json_lines, compressed_files_and_multi_line_ones_are_not_split) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_read_spec *spec = NULL;
    json_case c = {.schema = "a INT"};
    CHECK_OK(json_case_spec(arena, &c, &spec, &err));
    cr_assert(weir_json_format_ops.splittable(spec, "x.json"));
    cr_assert(!weir_json_format_ops.splittable(spec, "x.json.gz"));
    cr_assert(!weir_json_format_ops.splittable(spec, "x.zst"));
    c.options[0] = "multiLine";
    c.options[1] = "true";
    CHECK_OK(json_case_spec(arena, &c, &spec, &err));
    cr_assert(!weir_json_format_ops.splittable(spec, "x.json"));
}
