/* The text format: lines and whole files, separators, split borders, marks, codecs; what a real Spark 4.3
 * answered for the same bytes. */
#include <string.h>

#include "common/base/alloc.h"
#include "common/column/builder.h"
#include "common/format/text_int.h"
#include "tests/lib/weir_test.h"

typedef struct text_case {
    const char *schema;  /* NULL: the format's own */
    const char *project; /* NULL: all of it */
    const char *options[8];
    const char *path; /* NULL: "/in.txt" */
    int32_t chunk;    /* 0: default */
    int64_t start, end;
} text_case;

static weir_options *make_options(weir_arena *arena, const char *const *pairs) {
    weir_options *options = WEIR_NEW(arena, weir_options);
    for (int i = 0; i + 1 < 8 && pairs[i]; i += 2)
        weir_options_set(arena, options, weir_str_from(pairs[i]), weir_str_from(pairs[i + 1]));
    return options;
}

/* The rows, each between brackets. */
static weir_code read_rows(weir_fs *fs, const text_case *c, int32_t rows, weir_strbuf *out,
                           weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_read_request request = {.zone = weir_timezone_utc(), .options = make_options(arena, c->options)};
    const char *ddl = c->schema ? c->schema : weir_text_format_ops.schema;
    weir_read_spec *spec = NULL;
    weir_reader *reader = NULL;
    WEIR_TRY(weir_schema_parse(arena, weir_str_from(ddl), &request.schema, err));
    request.projection = request.schema;
    if (c->project && !*c->project)
        request.projection = weir_type_struct(arena, NULL, 0);
    else if (c->project)
        WEIR_TRY(weir_schema_parse(arena, weir_str_from(c->project), &request.projection, err));
    WEIR_TRY(weir_text_format_ops.read_spec(arena, &request, &spec, err));
    weir_text_spec_tune(spec, c->chunk ? c->chunk : 4096);
    weir_split split = {
        .path = c->path ? c->path : "/in.txt", .start = c->start, .end = c->end ? c->end : -1};
    WEIR_TRY(weir_text_format_ops.reader_open(spec, fs, &split, NULL, &reader, err));
    weir_code code;
    for (;;) {
        _cleanup_batch_ weir_batch *batch = NULL;
        int64_t records = 0;
        code = weir_text_format_ops.reader_next(reader, rows, &batch, &records, err);
        if (code != WEIR_OK || !batch)
            break;
        cr_assert_eq(records, batch->rows);
        for (int32_t row = 0; row < batch->rows; row++) {
            weir_strbuf_add_char(out, '[');
            if (batch->columns_count)
                weir_strbuf_add(out, weir_column_bytes(batch->columns[0], row));
            weir_strbuf_add_char(out, ']');
        }
    }
    weir_text_format_ops.reader_close(reader);
    return code;
}

static const struct {
    text_case c;
    const char *data, *rows;
} reads[] = {
    {{0}, "a\nb\r\nc\rd\n\n\r\ne", "[a][b][c][d][][][e]"},
    {{0}, "", ""},
    {{0}, "a", "[a]"},
    {{0}, "a\n", "[a]"},
    {{0}, "\r", "[]"},
    {{0}, "\n\r", "[][]"},
    {{0},
     "\xEF\xBB\xBF"
     "a\nb\n",
     "[a][b]"},
    {{.options = {"lineSep", "\n"}},
     "\xEF\xBB\xBF"
     "a\nb\n",
     "[a][b]"},
    {{0},
     "a\xFF\xC3"
     "b\n\xE4\xBD",
     "[a\xFF\xC3"
     "b][\xE4\xBD]"},
    {{.options = {"lineSep", "b"}}, "a\nb\r\nc", "[a\n][\r\nc]"},
    {{.options = {"lineSep", "||"}}, "a||b|c|||d||", "[a][b|c][|d]"},
    {{.options = {"wholetext", "true"}}, "a\nb\r\nc", "[a\nb\r\nc]"},
    {{.options = {"wholetext", "true"}},
     "\xEF\xBB\xBF"
     "a",
     "[\xEF\xBB\xBF"
     "a]"},
    {{.options = {"wholetext", "true"}}, "", ""},
    {{.schema = "a STRING, b STRING", .project = "a STRING"}, "x\ny", "[x][y]"},
    {{.schema = "a STRING", .project = ""}, "x\ny", "[][]"},
};

WEIR_TEST(text_format, rows_are_sparks_for_any_chunk_and_batch) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(reads); i++) {
        weir_fs *fs = weir_memory_fs_new();
        weir_error *err = NULL;
        CHECK_OK(fs->ops->put(fs, "/in.txt", weir_str_from(reads[i].data), &err));
        for (int32_t chunk = 16; chunk <= 64; chunk *= 2)
            for (int32_t rows = 1; rows < 4; rows++) {
                _cleanup_strbuf_ weir_strbuf out = {0};
                text_case c = reads[i].c;
                c.chunk = chunk;
                CHECK_OK(read_rows(fs, &c, rows, &out, &err));
                cr_expect_str_eq(out.data ? out.data : "", reads[i].rows, "case %zu, chunk %d, rows %d: %s",
                                 i, chunk, rows, out.data);
            }
        fs->ops->free(fs);
    }
}

/* Every way to cut the file in two, and every chunk size, gives the rows of the whole. */
WEIR_TEST(text_format, a_line_belongs_to_the_split_in_which_it_starts) {
    static const struct {
        const char *sep, *data;
    } cases[] = {
        {NULL, "\xEF\xBB\xBF"
               "one\r\n\ntwo, which is longer than a chunk\rthree\r\r\nfour\n\n"},
        {"<>", "one<><>two<and more of it than sixteen<>three<<>four<>"},
        {"x", "xonextwoxxthree and so on and so forthx"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_fs *fs = weir_memory_fs_new();
        weir_error *err = NULL;
        _cleanup_strbuf_ weir_strbuf whole = {0};
        text_case c = {.chunk = 16};
        c.options[0] = cases[i].sep ? "lineSep" : NULL;
        c.options[1] = cases[i].sep;
        CHECK_OK(fs->ops->put(fs, "/in.txt", weir_str_from(cases[i].data), &err));
        CHECK_OK(read_rows(fs, &c, 100, &whole, &err));
        for (int64_t cut = 1; cut < (int64_t)strlen(cases[i].data); cut++) {
            _cleanup_strbuf_ weir_strbuf parts = {0};
            c.start = 0;
            c.end = cut;
            CHECK_OK(read_rows(fs, &c, 100, &parts, &err));
            c.start = cut;
            c.end = 0;
            CHECK_OK(read_rows(fs, &c, 100, &parts, &err));
            cr_expect_str_eq(parts.data, whole.data, "case %zu, cut at %d: %s", i, (int)cut, parts.data);
        }
        fs->ops->free(fs);
    }
}

WEIR_TEST(text_format, a_file_is_cut_only_where_lines_can_be_found) {
    static const struct {
        const char *options[8], *path;
        bool splits;
    } cases[] = {
        {{0}, "/a.txt", true},
        {{0}, "/a.txt.gz", false},
        {{"wholetext", "true"}, "/a.txt", false},
        {{"lineSep", "||"}, "/a.txt", false},
        {{"lineSep", "\r\n"}, "/a.txt", true},
        {{"lineSep", "aba"}, "/a.txt", false},
    };
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_error *err = NULL;
        weir_read_spec *spec = NULL;
        weir_read_request request = {.options = make_options(arena, cases[i].options)};
        CHECK_OK(weir_schema_parse(arena, WEIR_STR("value STRING"), &request.schema, &err));
        request.projection = request.schema;
        CHECK_OK(weir_text_format_ops.read_spec(arena, &request, &spec, &err));
        cr_expect_eq(weir_text_format_ops.splittable(spec, cases[i].path), cases[i].splits, "case %zu", i);
    }
}

WEIR_TEST(text_format, what_it_cannot_read_is_refused) {
    weir_fs *fs = weir_memory_fs_new();
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf out = {0};
    CHECK_OK(fs->ops->put(fs, "/in.txt", WEIR_STR("a\n"), &err));
    CHECK_FAILS(_LEGACY_ERROR_TEMP_1290,
                read_rows(fs, &(text_case){.schema = "a STRING, b STRING"}, 9, &out, &err));
    CHECK_FAILS(UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
                read_rows(fs, &(text_case){.schema = "a INT"}, 9, &out, &err));
    CHECK_FAILS(INVALID_ARGUMENT, read_rows(fs, &(text_case){.options = {"lineSep", ""}}, 9, &out, &err));
    CHECK_FAILS(INVALID_ARGUMENT, read_rows(fs, &(text_case){.options = {"wholetext", "x"}}, 9, &out, &err));
    CHECK_FAILS(UNSUPPORTED_OPTION,
                read_rows(fs, &(text_case){.options = {"encoding", "UTF-16"}}, 9, &out, &err));
    fs->ops->free(fs);
}

/* ---- writing ---- */

static weir_code write_rows(weir_fs *fs, weir_arena *arena, const char *const *pairs, const char *path,
                            weir_error **err) {
    static const char *const values[] = {"a", NULL, "b\nc"};
    weir_field field = {.name = WEIR_STR("v"), .type = weir_type_of(WEIR_TYPE_STRING), .nullable = true};
    const weir_type *schema = weir_type_struct(arena, &field, 1);
    weir_write_spec *spec = NULL;
    weir_writer *writer = NULL;
    weir_column *column = NULL;
    weir_builder builder = {0};
    int64_t size = 0;
    WEIR_TRY(weir_text_format_ops.write_spec(arena, schema, make_options(arena, pairs), NULL, &spec, err));
    WEIR_TRY(weir_builder_init(&builder, NULL, field.type, 3, err));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(values); i++)
        cr_assert(values[i] ? weir_builder_bytes(&builder, values[i], strlen(values[i]))
                            : weir_builder_null(&builder));
    WEIR_TRY(weir_builder_finish(&builder, &column, err));
    weir_builder_fini(&builder);
    _cleanup_batch_ weir_batch *batch = weir_batch_new(schema, 3, &column, 1);
    WEIR_TRY(weir_text_format_ops.writer_open(spec, fs, path, NULL, &writer, err));
    WEIR_TRY(weir_text_format_ops.writer_write(writer, batch, err));
    WEIR_TRY(weir_text_format_ops.writer_finish(writer, &size, err));
    cr_expect_str_eq(weir_text_format_ops.write_extension(spec), strchr(path, '.'));
    return WEIR_OK;
}

WEIR_TEST(text_format, a_row_is_written_as_a_line) {
    static const struct {
        const char *options[8], *path, *sep, *rows;
    } cases[] = {
        {{0}, "/o.txt", "\n", "[a][][b][c]"},
        {{"compression", "gzip"}, "/o.txt.gz", "\n", "[a][][b][c]"},
        {{"compression", "ZSTD"}, "/o.txt.zst", "\n", "[a][][b][c]"},
        {{"lineSep", "|"}, "/o.txt", "|", "[a][][b\nc]"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        _cleanup_strbuf_ weir_strbuf out = {0};
        weir_fs *fs = weir_memory_fs_new();
        weir_error *err = NULL;
        CHECK_OK(write_rows(fs, arena, cases[i].options, cases[i].path, &err));
        text_case c = {.options = {"lineSep", cases[i].sep}, .path = cases[i].path};
        CHECK_OK(read_rows(fs, &c, 100, &out, &err));
        CHECK_TEXT(out.data, cases[i].rows);
        fs->ops->free(fs);
    }
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    CHECK_FAILS(CODEC_NOT_AVAILABLE__WITH_AVAILABLE_CODECS_SUGGESTION,
                write_rows(NULL, arena, (const char *const[8]){"compression", "nope"}, "/o.txt", &err));
    CHECK_FAILS(NOT_SUPPORTED,
                write_rows(NULL, arena, (const char *const[8]){"compression", "bzip2"}, "/o.txt", &err));
}
