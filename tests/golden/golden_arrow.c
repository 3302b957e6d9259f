/* Replays arrow_schema.jsonl, arrow_write.jsonl and arrow_read.jsonl: bytes of a real Spark and of pyarrow.
 * Schemas are compared field by field as the metadata says them; rows as the cells that Spark shows. */
#include <stdio.h>

#include "common/arrow/arrow_int.h"
#include "common/base/bits.h"
#include "common/base/json_value.h"
#include "common/column/cell_text.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

static int digit_of(char c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
                                  : 63;
}

static weir_buffer *base64(weir_str text) {
    weir_buffer *buffer = weir_buffer_new(NULL, text.size / 4 * 3);
    size_t at = 0;
    cr_assert_not_null(buffer);
    for (size_t i = 0; i + 4 <= text.size; i += 4) {
        uint32_t word = 0;
        for (int k = 0; k < 4; k++)
            word = word << 6 |
                   (uint32_t)(text.data[i + (size_t)k] == '=' ? 0 : digit_of(text.data[i + (size_t)k]));
        for (int k = 0; k < 3 && text.data[i + (size_t)k + 1] != '='; k++)
            buffer->data[at++] = (uint8_t)(word >> (16 - 8 * k));
    }
    buffer->size = at;
    return buffer;
}

/* ---- the metadata of a schema as text ---- */

static void dump_field(weir_strbuf *text, const weir_flat_table *field, int depth) {
    static const int widths[WEIR_ARROW_KIND_COUNT][3] = {
        [WEIR_ARROW_INT] = {4, 1},   [WEIR_ARROW_FLOATING_POINT] = {2}, [WEIR_ARROW_DECIMAL] = {4, 4, 4},
        [WEIR_ARROW_DATE] = {2},     [WEIR_ARROW_TIME] = {2, 4},        [WEIR_ARROW_TIMESTAMP] = {2},
        [WEIR_ARROW_DURATION] = {2}, [WEIR_ARROW_INTERVAL] = {2},       [WEIR_ARROW_MAP] = {1},
    };
    int kind = (int)weir_flat_unsigned(field, 2, 1, 0);
    weir_flat_table type = weir_flat_child(field, 3);
    weir_flat_vector children = weir_flat_elements(field, 5, 4), pairs = weir_flat_elements(field, 6, 4);
    cr_assert_lt(kind, WEIR_ARROW_KIND_COUNT);
    cr_assert_not_null(type.view);
    weir_strbuf_add_repeat(text, ' ', 2 * (size_t)depth);
    weir_strbuf_add(text, weir_flat_text(field, 0));
    weir_strbuf_addf(text, ": %d nullable %d", kind, (int)weir_flat_unsigned(field, 1, 1, 0));
    for (int i = 0; i < 3 && widths[kind][i]; i++) /* absent: the defaults of Schema.fbs */
        weir_strbuf_addf(text, " %lld",
                         (long long)weir_flat_signed(&type, i, widths[kind][i],
                                                     kind == WEIR_ARROW_DATE || kind == WEIR_ARROW_DURATION ||
                                                             kind == WEIR_ARROW_TIME
                                                         ? (i ? 32 : 1)
                                                         : (kind == WEIR_ARROW_DECIMAL && i == 2 ? 128 : 0)));
    if (kind == WEIR_ARROW_TIMESTAMP && weir_flat_has(&type, 1))
        weir_strbuf_addf(text, " zone " WEIR_STR_FMT, WEIR_STR_ARG(weir_flat_text(&type, 1)));
    for (uint32_t i = 0; i < pairs.count; i++) {
        weir_flat_table pair = weir_flat_element(&pairs, i);
        weir_strbuf_addf(text, " {" WEIR_STR_FMT "=" WEIR_STR_FMT "}", WEIR_STR_ARG(weir_flat_text(&pair, 0)),
                         WEIR_STR_ARG(weir_flat_text(&pair, 1)));
    }
    weir_strbuf_add_char(text, '\n');
    for (uint32_t i = 0; i < children.count; i++) {
        weir_flat_table child = weir_flat_element(&children, i);
        dump_field(text, &child, depth + 1);
    }
}

static void dump_schema(weir_strbuf *text, const weir_buffer *stream) {
    uint32_t size = weir_load32(stream->data + 4);
    weir_flat_view view = {stream->data + 8, size, false};
    weir_flat_table root = weir_flat_root(&view), schema = weir_flat_child(&root, 2);
    weir_flat_vector fields = weir_flat_elements(&schema, 1, 4);
    weir_strbuf_reserve(text, 1);
    for (uint32_t i = 0; i < fields.count; i++) {
        weir_flat_table field = weir_flat_element(&fields, i);
        dump_field(text, &field, 0);
    }
    cr_assert_not(view.bad);
}

static void check_schema(weir_arena *arena, const weir_json *record) {
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf expected = {0}, actual = {0};
    _cleanup_buffer_ weir_buffer *sparks = base64(weir_json_get_str(record, "stream", WEIR_STR(""))),
                                 *ours = NULL;
    weir_str name = weir_json_get_str(record, "name", WEIR_STR(""));
    weir_arrow_options options = {.zone = weir_json_get_str(record, "zone", WEIR_STR("")),
                                  .large_vars = weir_json_get_bool(record, "large", false)};
    const weir_type *schema;
    CHECK_OK(weir_type_parse_json(arena, weir_json_get_str(record, "json", WEIR_STR("")), &schema, &err));
    _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(schema, &options, NULL);
    CHECK_OK(weir_arrow_writer_schema(writer, &ours, &err));
    dump_schema(&expected, sparks);
    dump_schema(&actual, ours);
    cr_expect(weir_str_equal(weir_strbuf_view(&actual), weir_strbuf_view(&expected)),
              "%.*s\nSpark\n%s\nWeir\n%s", WEIR_STR_ARG(name), expected.data, actual.data);
}

/* ---- rows ---- */

typedef struct cells {
    const weir_json *next;
    weir_str name;
    int32_t rows;
} cells;

static void compare_rows(cells *expected, const weir_batch *batch) {
    for (int32_t row = 0; row < batch->rows; row++, expected->rows++) {
        cr_assert_not_null(expected->next, "%.*s: more rows than Spark", WEIR_STR_ARG(expected->name));
        const weir_json *cell = expected->next->first;
        for (int32_t c = 0; c < batch->columns_count; c++, cell = cell->next) {
            _cleanup_strbuf_ weir_strbuf text = {0};
            weir_strbuf_reserve(&text, 1);
            bool null = weir_column_is_null(batch->columns[c], row);
            if (!null)
                weir_cell_text(&text, batch->columns[c], row, WEIR_TEXT_SHOW, weir_timezone_utc());
            bool same =
                null ? cell->kind == WEIR_JSON_NULL
                     : cell->kind == WEIR_JSON_STRING && weir_str_equal(weir_strbuf_view(&text), cell->text);
            cr_expect(same, "%.*s, row %d: Spark %.*s, Weir %s", WEIR_STR_ARG(expected->name), expected->rows,
                      WEIR_STR_ARG(cell->text), null ? "NULL" : text.data);
        }
        expected->next = expected->next->next;
    }
}

/* Reads a stream, compares its rows, writes them anew with `writer` (which may be NULL). */
static void read_stream(weir_arrow_reader *reader, cells *expected, weir_arrow_writer *writer) {
    _cleanup_error_ weir_error *err = NULL;
    for (;;) {
        _cleanup_batch_ weir_batch *batch = NULL;
        CHECK_OK(weir_arrow_reader_next(reader, &batch, &err));
        if (!batch)
            return;
        for (int32_t i = 0; i < batch->columns_count; i++)
            CHECK_OK(weir_column_verify(batch->columns[i], "a golden stream", &err));
        compare_rows(expected, batch);
        if (writer)
            CHECK_OK(weir_arrow_writer_put(writer, batch, NULL, &err));
    }
}

static weir_str type_json(weir_strbuf *buf, const weir_type *type) {
    weir_strbuf_clear(buf);
    weir_type_json(buf, type);
    return weir_strbuf_view(buf);
}

/* Our own stream of the same rows says the same again. */
static void check_rewrite(weir_arena *arena, const weir_json *record, weir_arrow_writer *writer) {
    _cleanup_error_ weir_error *err = NULL;
    cells again = {weir_json_get(record, "cells")->first, weir_json_get_str(record, "name", WEIR_STR("")), 0};
    for (;;) {
        _cleanup_buffer_ weir_buffer *stream = NULL;
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
        int32_t rows, before = again.rows;
        CHECK_OK(weir_arrow_writer_next(writer, true, &stream, &rows, &err));
        if (!stream)
            break;
        CHECK_OK(weir_arrow_reader_open(arena, NULL, stream, "our own stream", &reader, &err));
        read_stream(reader, &again, NULL);
        cr_expect_eq(again.rows - before, rows);
    }
    cr_expect_null(again.next, "%.*s: rows are missing", WEIR_STR_ARG(again.name));
}

static void check_streams(weir_arena *arena, const weir_json *record, const weir_json *first, bool alone) {
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    cells expected = {weir_json_get(record, "cells")->first, weir_json_get_str(record, "name", WEIR_STR("")),
                      0};
    _cleanup_arrow_writer_ weir_arrow_writer *writer = NULL;
    weir_str json = weir_json_get_str(record, "json", WEIR_STR(""));
    const weir_type *schema;
    CHECK_OK(weir_type_parse_json(arena, json, &schema, &err));
    for (const weir_json *stream = first; stream; stream = alone ? NULL : stream->next) {
        _cleanup_buffer_ weir_buffer *carrier = base64(stream->text);
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
        CHECK_OK(weir_arrow_reader_open(arena, NULL, carrier, "a golden stream", &reader, &err));
        cr_expect(weir_str_equal(type_json(&text, weir_arrow_reader_schema(reader)), json),
                  "%.*s\nSpark %.*s\nWeir  %s", WEIR_STR_ARG(expected.name), WEIR_STR_ARG(json), text.data);
        if (!writer)
            writer = weir_arrow_writer_new(weir_arrow_reader_schema(reader), &(weir_arrow_options){0}, NULL);
        read_stream(reader, &expected, writer);
    }
    cr_expect_null(expected.next, "%.*s: rows are missing", WEIR_STR_ARG(expected.name));
    if (writer)
        check_rewrite(arena, record, writer);
}

static void check_refusal(weir_arena *arena, const weir_json *record) {
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
    _cleanup_buffer_ weir_buffer *carrier = base64(weir_json_get_str(record, "stream", WEIR_STR("")));
    const weir_json *error = weir_json_get(record, "error");
    weir_str name = weir_json_get_str(record, "name", WEIR_STR("")),
             message = weir_json_get_str(error, "message", WEIR_STR(""));
    weir_code code = weir_arrow_reader_open(arena, NULL, carrier, "a golden stream", &reader, &err);
    cr_assert_neq(code, WEIR_OK, "%.*s is accepted", WEIR_STR_ARG(name));
    cr_expect(weir_str_equal(weir_str_from(weir_error_text(err)), message), "%.*s\nSpark %.*s\nWeir  %s",
              WEIR_STR_ARG(name), WEIR_STR_ARG(message), weir_error_text(err));
}

static void check_record(const weir_json *record, int32_t *compared) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_str kind = weir_json_get_str(record, "kind", WEIR_STR(""));
    const weir_json *streams = weir_json_get(record, "streams"), *stream = weir_json_get(record, "stream");
    if (kind.size == 0)
        return;
    ++*compared;
    if (weir_str_equal(kind, WEIR_STR("arrow_schema")))
        check_schema(arena, record);
    else if (weir_json_get(record, "error"))
        check_refusal(arena, record);
    else if (streams)
        check_streams(arena, record, streams->first, false);
    else
        check_streams(arena, record, stream, true);
}

WEIR_TEST(golden_arrow, streams_say_what_those_of_spark_say) {
    static const char *const files[] = {"arrow_schema", "arrow_write", "arrow_read"};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    int32_t compared = 0;
    for (size_t f = 0; f < WEIR_ARRAY_LEN(files); f++) {
        char path[512];
        snprintf(path, sizeof path, "%s/tests/golden/%s.jsonl", WEIR_SOURCE_DIR, files[f]);
        weir_str text = weir_temp_file_read(arena, path);
        cr_assert_not_null(text.data);
        for (size_t at = 0; at < text.size;) {
            const char *end = memchr(text.data + at, '\n', text.size - at);
            size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
            weir_json *record = NULL;
            CHECK_OK(weir_json_parse(arena, weir_str_make(text.data + at, size), files[f], &record, &err));
            at += size + 1;
            check_record(record, &compared);
        }
    }
    cr_expect_geq(compared, 140, "only %d compared", compared);
}
