/* Replays recorded reads and writes of a file format. Before it is included: FORMAT_OPS, FORMAT_TUNE (its
 * spec's tuning), FORMAT_SUFFIX, and is_skipped() with what is not compared; it declares selected(), the rows
 * behind a case's `select`, and replay_file(). */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "common/column/cell_text.h"
#include "common/format/json_int.h"
#include "tests/lib/weir_test.h"

static bool is_skipped(const weir_json *record);
/* NULL: cannot be compared. */
static weir_batch *selected(weir_arena *arena, const weir_json *record, const weir_batch *in);

/* ---- helpers ---- */

static char *read_file(const char *name, size_t *ret_size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/golden/%s", WEIR_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "no %s", path);
    fseek(file, 0, SEEK_END);
    *ret_size = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*ret_size + 1);
    cr_assert(fread(data, 1, *ret_size, file) == *ret_size);
    data[*ret_size] = 0;
    fclose(file);
    return data;
}

static weir_str decode_base64(weir_arena *arena, weir_str text) {
    char *out = weir_arena_alloc(arena, text.size + 1);
    size_t size = 0;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        int v = c >= 'A' && c <= 'Z'   ? c - 'A'
                : c >= 'a' && c <= 'z' ? c - 'a' + 26
                : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '+'             ? 62
                : c == '/'             ? 63
                                       : -1;
        if (v < 0)
            continue;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8)
            out[size++] = (char)(bits >> (have -= 8));
    }
    return weir_str_make(out, size);
}

static weir_options options_of(weir_arena *arena, const weir_json *record) {
    const weir_json *object = weir_json_get(record, "options");
    weir_options options = {WEIR_NEW_ARRAY(arena, weir_option, object ? object->count + 1 : 1), 0};
    for (const weir_json *o = object ? object->first : NULL; o; o = o->next)
        options.items[options.count++] = (weir_option){o->name, o->text};
    return options;
}

static weir_str conf_of(const weir_json *record, const char *key, const char *fallback) {
    const weir_json *conf = weir_json_get(record, "conf");
    return conf ? weir_json_get_str(conf, key, weir_str_from(fallback)) : weir_str_from(fallback);
}

/* What show prints for control characters. */
static void add_escaped(weir_strbuf *buf, weir_str text) {
    for (size_t i = 0; i < text.size; i++) {
        static const char from[] = "\n\r\t\f\b\v\a", to[] = "nrtfbva";
        const char *at = text.data[i] ? strchr(from, text.data[i]) : NULL;
        if (at)
            weir_strbuf_addf(buf, "\\%c", to[at - from]);
        else
            weir_strbuf_add_char(buf, text.data[i]);
    }
}

/* Text with malformed UTF-8 replaced: through the writer, which does that, and back. */
static weir_str clean_text(weir_arena *arena, weir_str text) {
    static const weir_json_style style = {0};
    int32_t offsets[2] = {0, (int32_t)text.size};
    weir_column column = {.type = weir_type_of(WEIR_TYPE_STRING),
                          .length = 1,
                          .values = (const uint8_t *)text.data,
                          .offsets = offsets};
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_json *value = NULL;
    weir_error *err = NULL;
    weir_json_write_value(&buf, &column, 0, &style);
    CHECK_OK(weir_json_parse(arena, weir_arena_str(arena, weir_strbuf_view(&buf)), "text", &value, &err));
    return value->text;
}

static weir_str cell_of(weir_arena *arena, const weir_column *column, int32_t row,
                        const weir_timezone *zone) {
    _cleanup_strbuf_ weir_strbuf buf = {0}, shown = {0};
    weir_json_style style = {.zone = zone};
    if (column->type->kind == WEIR_TYPE_VARIANT)
        weir_json_write_value(&buf, column, row, &style);
    else
        weir_cell_text(&buf, column, row, WEIR_TEXT_SHOW, zone);
    add_escaped(&shown, clean_text(arena, weir_strbuf_view(&buf)));
    return weir_arena_str(arena, weir_strbuf_view(&shown));
}

/* ---- reading ---- */

typedef struct read_case {
    weir_arena *arena;
    const weir_json *record;
    const weir_timezone *zone;
    const weir_type *projection;
    weir_read_spec *spec;
    weir_fs *fs;
    int32_t rows, wrong;
    weir_strbuf report;
} read_case;

/* The columns that `select` needs: plain names and constants. False: another kind of select. */
static bool project(read_case *c, const weir_type *schema, bool *ret_count) {
    const weir_json *select = weir_json_get(c->record, "select");
    *ret_count = false;
    if (!select) {
        c->projection = schema;
        return true;
    }
    weir_field *fields = WEIR_NEW_ARRAY(c->arena, weir_field, select->count + 1);
    int32_t count = 0;
    for (const weir_json *item = select->first; item; item = item->next) {
        if (weir_str_equal(item->text, WEIR_STR("1")))
            continue;
        if (weir_str_equal(item->text, WEIR_STR("count(*)"))) {
            *ret_count = true;
            continue;
        }
        int32_t i = weir_type_field_index(schema, item->text, true);
        if (i < 0)
            return false;
        fields[count++] = schema->fields[i];
    }
    c->projection = weir_type_struct(c->arena, fields, count);
    return true;
}

static void check_row(read_case *c, const weir_batch *batch, int32_t row, const weir_json *want) {
    const weir_json *cell = want->first;
    if (batch->columns_count == 0)
        return;
    for (const weir_json *any = want->first; any; any = any->next)
        if (any->text.size && memmem(any->text.data, any->text.size, "{TODAY}", 7))
            return; /* a time alone is a timestamp of today in Spark; weir_timestamp_parse knows no day */
    for (int32_t i = 0; i < batch->columns_count; i++, cell = cell->next) {
        bool null = weir_column_is_null(batch->columns[i], row);
        weir_str got = null ? WEIR_STR("NULL") : cell_of(c->arena, batch->columns[i], row, c->zone);
        weir_str expected = cell->kind == WEIR_JSON_NULL ? WEIR_STR("NULL") : cell->text;
        if (null == (cell->kind == WEIR_JSON_NULL) && weir_str_equal(got, expected))
            continue;
        if (c->wrong++ < 4)
            weir_strbuf_addf(&c->report, "\n    row %d column %d: got " WEIR_STR_FMT ", Spark " WEIR_STR_FMT,
                             c->rows, i, (int)WEIR_MIN(got.size, (size_t)200), got.data,
                             (int)WEIR_MIN(expected.size, (size_t)200), expected.data);
    }
}

static weir_code read_files(read_case *c, int64_t *ret_rows, weir_error **err) {
    const weir_json *rows = weir_json_get(c->record, "rows");
    const weir_json *want = rows ? rows->first : NULL;
    for (const weir_json *file = weir_json_get(c->record, "files")->first; file; file = file->next) {
        weir_str name = weir_json_get_str(file, "name", WEIR_STR("x.json"));
        char *path = weir_arena_printf(c->arena, "/d/" WEIR_STR_FMT, WEIR_STR_ARG(name));
        weir_split split = {.path = path, .end = -1};
        weir_reader *reader = NULL;
        WEIR_TRY(FORMAT_OPS.reader_open(c->spec, c->fs, &split, NULL, &reader, err));
        for (;;) {
            weir_batch *batch = NULL;
            int64_t records;
            weir_code code = FORMAT_OPS.reader_next(reader, 3, &batch, &records, err);
            if (code != WEIR_OK) {
                FORMAT_OPS.reader_close(reader);
                return code;
            }
            if (!batch)
                break;
            for (int32_t row = 0; row < batch->columns_count; row++) {
                weir_error *bad = NULL;
                weir_code verified = weir_column_verify(batch->columns[row], "column", &bad);
                cr_assert(verified == WEIR_OK, "%s", weir_error_text(bad));
            }
            for (int32_t row = 0; row < batch->rows; row++, c->rows++) {
                if (want)
                    check_row(c, batch, row, want);
                want = want ? want->next : NULL;
            }
            weir_batch_unref(batch);
        }
        FORMAT_OPS.reader_close(reader);
    }
    *ret_rows = c->rows;
    return WEIR_OK;
}

static void put_files(read_case *c) {
    weir_error *err = NULL;
    for (const weir_json *file = weir_json_get(c->record, "files")->first; file; file = file->next) {
        weir_str name = weir_json_get_str(file, "name", WEIR_STR("x.json"));
        const weir_json *b64 = weir_json_get(file, "b64");
        weir_str data =
            b64 ? decode_base64(c->arena, b64->text) : weir_json_get_str(file, "text", WEIR_STR(""));
        CHECK_OK(c->fs->ops->put(c->fs, weir_arena_printf(c->arena, "/d/" WEIR_STR_FMT, WEIR_STR_ARG(name)),
                                 data, &err));
    }
}

/* An error must be Spark's condition, and name what Spark names in its causes. */
static void check_error(read_case *c, const weir_error *err) {
    const weir_json *want = weir_json_get(c->record, "error");
    const weir_json *condition = weir_json_get(want, "condition");
    const char *got = weir_code_condition(weir_error_code(err));
    if (condition->kind == WEIR_JSON_STRING && !weir_str_equal(condition->text, weir_str_from(got))) {
        c->wrong++;
        weir_strbuf_addf(&c->report, "\n    got %s, Spark " WEIR_STR_FMT, weir_error_text(err),
                         WEIR_STR_ARG(condition->text));
    }
    const weir_json *causes = weir_json_get(want, "causes");
    for (const weir_json *cause = causes ? causes->first : NULL; cause; cause = cause->next) {
        weir_str text = weir_json_get_str(cause, "message", WEIR_STR(""));
        const char *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) : text.size;
        if (!memmem(weir_error_text(err), strlen(weir_error_text(err)), text.data, size)) {
            c->wrong++;
            weir_strbuf_addf(&c->report, "\n    got %s, Spark " WEIR_STR_FMT, weir_error_text(err), (int)size,
                             text.data);
        }
    }
}

static weir_code make_spec(read_case *c, bool *ret_count, bool *ret_run, weir_error **err) {
    weir_str schema_text = weir_json_get_str(c->record, "schema", WEIR_STR(""));
    weir_options *options = WEIR_NEW(c->arena, weir_options);
    *options = options_of(c->arena, c->record);
    weir_read_request request = {
        .options = options,
        .case_sensitive =
            weir_str_equal(conf_of(c->record, "spark.sql.caseSensitive", "false"), WEIR_STR("true")),
        .partial_results = weir_str_equal(conf_of(c->record, "spark.sql.json.enablePartialResults", "true"),
                                          WEIR_STR("true")),
        .corrupt_column = conf_of(c->record, "spark.sql.columnNameOfCorruptRecord", "_corrupt_record"),
        .keeps_columns = weir_str_equal(conf_of(c->record, "spark.sql.csv.parser.columnPruning.enabled", ""),
                                        WEIR_STR("false")),
    };
    WEIR_TRY(weir_timezone_open(conf_of(c->record, "spark.sql.session.timeZone", "UTC"), &c->zone, err));
    request.zone = c->zone;
    WEIR_TRY(weir_schema_parse(c->arena, schema_text, &request.schema, err));
    *ret_run = project(c, request.schema, ret_count);
    request.projection = c->projection;
    return *ret_run ? FORMAT_OPS.read_spec(c->arena, &request, &c->spec, err) : WEIR_OK;
}

/* One record under one setting; false where it cannot be compared. */
static bool replay_read(const weir_json *record, bool fast, int32_t chunk, int *wrong) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    read_case c = {.arena = arena, .record = record, .fs = weir_memory_fs_new()};
    bool count = false, run = true;
    put_files(&c);
    int64_t rows = 0;
    weir_code code = make_spec(&c, &count, &run, &err);
    if (code == WEIR_OK && run) {
        FORMAT_TUNE(c.spec, fast, chunk);
        code = read_files(&c, &rows, &err);
    }
    const weir_json *want_rows = weir_json_get(record, "rows");
    if (run && code != WEIR_OK) {
        if (weir_json_get(record, "error"))
            check_error(&c, err);
        else if (++c.wrong)
            weir_strbuf_addf(&c.report, "\n    got error %s", weir_error_text(err));
    } else if (run && !want_rows) {
        c.wrong++;
        weir_strbuf_addf(&c.report, "\n    got %d rows, Spark fails", c.rows);
    } else if (run) {
        int64_t want = want_rows->count;
        if (count) {
            want = strtoll(want_rows->first->first->text.data, NULL, 10);
        }
        if (want != rows && ++c.wrong)
            weir_strbuf_addf(&c.report, "\n    got %lld rows, Spark %lld", (long long)rows, (long long)want);
    }
    if (c.wrong) {
        weir_str name = weir_json_get_str(record, "name", WEIR_STR(""));
        fprintf(stderr, WEIR_STR_FMT " (fast %d, chunk %d):%s\n", WEIR_STR_ARG(name), fast, chunk,
                c.report.data);
        ++*wrong;
    }
    weir_strbuf_fini(&c.report);
    c.fs->ops->free(c.fs);
    return run;
}

typedef bool (*replay_fn)(const weir_json *record, bool fast, int32_t chunk, int *wrong);

/* All records of a file; at least `floor` must be compared, none may differ. */
static void replay_file(const char *name, replay_fn fn, bool fast, int32_t chunk, int floor) {
    size_t size;
    char *data = read_file(name, &size);
    int compared = 0, wrong = 0;
    for (char *line = data; line < data + size;) {
        char *end = memchr(line, '\n', (size_t)(data + size - line));
        end = end ? end : data + size;
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        weir_error *err = NULL;
        weir_json *record = NULL;
        CHECK_OK(weir_json_parse(arena, weir_str_make(line, (size_t)(end - line)), name, &record, &err));
        if (weir_json_get(record, "name") && !is_skipped(record))
            compared += fn(record, fast, chunk, &wrong);
        line = end + 1;
    }
    free(data);
    cr_assert(wrong == 0, "%s: %d of %d records differ from Spark", name, wrong, compared);
    cr_assert(compared >= floor, "%s: only %d records compared", name, compared);
}

/* ---- writing ---- */

/* The case's rows, read with its schema. */
static weir_batch *input_rows(weir_arena *arena, const weir_json *record, weir_fs *fs,
                              const weir_timezone *zone) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_read_request request = {
        .zone = weir_timezone_utc(), .partial_results = true, .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_read_spec *spec = NULL;
    weir_reader *reader = NULL;
    weir_batch *batch = NULL;
    weir_split split = {.path = "/rows.json", .end = -1};
    int64_t records;
    (void)zone;
    for (const weir_json *row = weir_json_get(record, "rows")->first; row; row = row->next) {
        weir_strbuf_add(&text, row->text);
        weir_strbuf_add_char(&text, '\n');
    }
    CHECK_OK(fs->ops->put(fs, "/rows.json", weir_strbuf_view(&text), &err));
    CHECK_OK(
        weir_schema_parse(arena, weir_json_get_str(record, "schema", WEIR_STR("")), &request.schema, &err));
    request.projection = request.schema;
    if (weir_json_format_ops.read_spec(arena, &request, &spec, &err) != WEIR_OK) {
        weir_error_free(err);
        return NULL;
    }
    CHECK_OK(weir_json_format_ops.reader_open(spec, fs, &split, NULL, &reader, &err));
    CHECK_OK(weir_json_format_ops.reader_next(reader, 100000, &batch, &records, &err));
    weir_json_format_ops.reader_close(reader);
    return batch ? batch : weir_batch_new(request.schema, 0, NULL, 0);
}

static weir_code write_batch(weir_arena *arena, weir_fs *fs, const weir_json *record, const weir_batch *batch,
                             weir_str *ret, const char **ret_extension, weir_error **err) {
    const weir_timezone *zone = NULL;
    weir_options *options = WEIR_NEW(arena, weir_options);
    *options = options_of(arena, record);
    weir_str keep = conf_of(record, "spark.sql.jsonGenerator.ignoreNullFields", "");
    if (keep.size)
        options->items[options->count++] = (weir_option){WEIR_STR("ignoreNullFields"), keep};
    weir_write_spec *spec = NULL;
    weir_writer *writer = NULL;
    int64_t size;
    WEIR_TRY(weir_timezone_open(conf_of(record, "spark.sql.session.timeZone", "UTC"), &zone, err));
    WEIR_TRY(FORMAT_OPS.write_spec(arena, batch->schema, options, zone, &spec, err));
    *ret_extension = FORMAT_OPS.write_extension(spec);
    WEIR_TRY(FORMAT_OPS.writer_open(spec, fs, "/out", NULL, &writer, err));
    WEIR_TRY(FORMAT_OPS.writer_write(writer, batch, err));
    WEIR_TRY(FORMAT_OPS.writer_finish(writer, &size, err));
    return weir_fs_read_all(fs, "/out", 1 << 24, arena, ret, err);
}

static void check_text(const weir_json *record, weir_str got, const char *extension, weir_strbuf *report) {
    weir_str want = weir_json_get_str(record, "text", WEIR_STR(""));
    weir_str suffix = weir_json_get_str(record, "suffix", WEIR_STR(FORMAT_SUFFIX));
    if (!weir_str_equal(suffix, weir_str_from(extension + 1)))
        weir_strbuf_addf(report, "\n    extension %s, Spark " WEIR_STR_FMT, extension, WEIR_STR_ARG(suffix));
    if (weir_str_equal(suffix, WEIR_STR(FORMAT_SUFFIX)) && !weir_str_equal(got, want))
        weir_strbuf_addf(report, "\n    got " WEIR_STR_FMT "\n  Spark " WEIR_STR_FMT, WEIR_STR_ARG(got),
                         WEIR_STR_ARG(want));
}

static bool replay_write(const weir_json *record, bool fast, int32_t chunk, int *wrong) {
    (void)fast;
    (void)chunk;
    if (!weir_json_get(record, "schema"))
        return false;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf report = {0};
    weir_fs *fs = weir_memory_fs_new();
    const weir_json *error = weir_json_get(record, "error");
    _cleanup_batch_ weir_batch *in =
        weir_json_get(record, "rows") ? input_rows(arena, record, fs, NULL) : NULL;
    _cleanup_batch_ weir_batch *batch = in ? selected(arena, record, in) : NULL;
    bool run = batch && (batch->rows || weir_json_get(record, "rows")->count == 0);
    if (run && batch->columns_count == 0 && batch->schema->fields_count)
        run = false; /* no rows at all */
    weir_str text = {0};
    const char *extension = "";
    if (run) {
        weir_code code = write_batch(arena, fs, record, batch, &text, &extension, &err);
        const weir_json *condition = error ? weir_json_get(error, "condition") : NULL;
        if (code != WEIR_OK && !error)
            weir_strbuf_addf(&report, "\n    got %s", weir_error_text(err));
        else if (code == WEIR_OK && error)
            weir_strbuf_addf(&report, "\n    no error");
        else if (error && condition->kind == WEIR_JSON_STRING &&
                 !weir_str_equal(condition->text, WEIR_STR("TASK_WRITE_FAILED")) &&
                 !weir_str_equal(condition->text, weir_str_from(weir_code_condition(code))))
            weir_strbuf_addf(&report, "\n    got %s, Spark " WEIR_STR_FMT, weir_error_text(err),
                             WEIR_STR_ARG(condition->text));
        else if (!error)
            check_text(record, text, extension, &report);
    }
    if (report.size) {
        fprintf(stderr, WEIR_STR_FMT ":%s\n", WEIR_STR_ARG(weir_json_get_str(record, "name", WEIR_STR(""))),
                report.data);
        ++*wrong;
    }
    fs->ops->free(fs);
    return run;
}
