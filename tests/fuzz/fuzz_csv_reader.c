/* The CSV reader on arbitrary bytes: the first byte picks a schema and options, the second a chunk size and a
 * place to split at. Whatever the bytes are, the fast path and the tokenizer must give the same rows, in one
 * piece and in two, and every column must be sound. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/format/csv_int.h"

#define CASE_OPS weir_csv_format_ops
#define CASE_TUNE weir_csv_spec_tune
#include "tests/unit/common/format/json_case.h"

static const json_case cases[] = {
    {.schema = "a STRING, b STRING, c STRING, _corrupt_record STRING"},
    {.schema = "a INT, b BIGINT, c DOUBLE, d STRING, _corrupt_record STRING"},
    {.schema = "a SMALLINT, b TINYINT, c FLOAT, d DECIMAL(12,3), e BOOLEAN, f DATE, g TIMESTAMP, "
               "h TIMESTAMP_NTZ, _corrupt_record STRING"},
    {.schema = "a STRING, b STRING", .options = {"mode", "DROPMALFORMED"}},
    {.schema = "a STRING, b INT, c STRING", .projection = "b INT"},
    {.schema = "a STRING, b STRING, c STRING, _corrupt_record STRING",
     .options = {"ignoreLeadingWhiteSpace", "true", "ignoreTrailingWhiteSpace", "true", "comment", "#"}},
    {.schema = "a STRING, b STRING, c STRING, _corrupt_record STRING",
     .options = {"escape", "\"", "nullValue", "a", "emptyValue", "b"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING",
     .options = {"unescapedQuoteHandling", "STOP_AT_CLOSING_QUOTE"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING",
     .options = {"unescapedQuoteHandling", "BACK_TO_DELIMITER"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING",
     .options = {"unescapedQuoteHandling", "SKIP_VALUE"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING", .options = {"sep", "::"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING", .options = {"sep", "\xC3\xA9"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING", .options = {"lineSep", "|"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING", .options = {"multiLine", "true"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING",
     .options = {"multiLine", "true", "escape", "\"", "ignoreLeadingWhiteSpace", "true"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING",
     .options = {"multiLine", "true", "lineSep", "\n", "comment", "#"}},
    {.schema = "a STRING, b STRING, _corrupt_record STRING",
     .options = {"multiLine", "true", "encoding", "UTF-16LE"}},
    {.schema = "a INT", .path = "/in.csv.gz"},
};

static void infer(weir_str text, const char *multi_line) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_fs *fs = weir_memory_fs_new();
    const weir_type *type = NULL;
    weir_options options = {0};
    weir_options_set(arena, &options, WEIR_STR("inferSchema"), WEIR_STR("true"));
    weir_options_set(arena, &options, WEIR_STR("header"), WEIR_STR("true"));
    weir_options_set(arena, &options, WEIR_STR("multiLine"), weir_str_from(multi_line));
    weir_read_request request = {
        .options = &options, .zone = weir_timezone_utc(), .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_split split = {.path = "/in.csv", .end = -1};
    if (fs->ops->put(fs, "/in.csv", text, &err) != WEIR_OK ||
        (CASE_OPS.infer(arena, &request, fs, &split, 1, NULL, &type, &err) == WEIR_OK && !type))
        abort();
    weir_error_free(err);
    fs->ops->free(fs);
}

/* The rows of two splits of the file. */
static weir_code read_split(const json_case *c, weir_str text, int64_t at, weir_strbuf *out,
                            weir_error **err) {
    weir_fs *fs = weir_memory_fs_new();
    json_case first = *c, second = *c;
    first.end = second.start = at;
    weir_code code = fs->ops->put(fs, "/in.json", text, err);
    if (code == WEIR_OK)
        code = json_case_read_file(fs, &first, 5, out, err);
    if (code == WEIR_OK)
        code = json_case_read_file(fs, &second, 5, out, err);
    fs->ops->free(fs);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3)
        return 0;
    json_case c = cases[data[0] % WEIR_ARRAY_LEN(cases)], small = c, other = c;
    small.chunk = 1 + data[1] % 100;
    other.slow = true;
    weir_str text = weir_str_make((const char *)data + 2, size - 2);
    weir_strbuf fast = {0}, slow = {0}, chunks = {0}, split = {0};
    weir_error *err = NULL;
    weir_code a = json_case_read(&c, text, &fast, &err), b = json_case_read(&other, text, &slow, &err);
    weir_code d = json_case_read(&small, text, &chunks, &err);
    bool same = a == b && b == d &&
                (a != WEIR_OK || (weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&slow)) &&
                                  weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&chunks))));
    int64_t at = 1 + (int64_t)(data[1] % text.size);
    if (same && a == WEIR_OK && !c.path && (size_t)at < text.size &&
        (read_split(&c, text, at, &split, &err) != WEIR_OK ||
         (!c.options[0] && !weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&split)))))
        same = false;
    if (!same || a == WEIR_INTERNAL_ERROR || a == WEIR_CORRUPT_FILE) {
        fprintf(stderr, "case %zu: fast %s, slow %s, chunks %s\n%s\n--\n%s\n--\n%s\n--\n%s\n",
                data[0] % WEIR_ARRAY_LEN(cases), weir_code_condition(a), weir_code_condition(b),
                weir_code_condition(d), fast.data, slow.data, chunks.data, split.data);
        abort();
    }
    infer(text, data[1] & 1 ? "true" : "false");
    weir_error_free(err);
    weir_strbuf_fini(&fast);
    weir_strbuf_fini(&slow);
    weir_strbuf_fini(&chunks);
    weir_strbuf_fini(&split);
    return 0;
}
