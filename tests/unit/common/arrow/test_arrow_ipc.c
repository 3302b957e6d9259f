/* Arrow IPC: limits of streams, selections and encodings, alignment, budgets, and damage of every kind. What
 * the bytes mean is proved by tests/golden/golden_arrow.c. */
#include "common/arrow/arrow_ipc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/column/builder.h"
#include "common/types/datetime.h"
#include "tests/lib/arrow_streams.h"
#include "tests/lib/json_rows.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

#define CORPUS WEIR_SOURCE_DIR "/tests/fuzz/corpus/arrow_ipc"

static const char all_types[] =
    "b BOOLEAN, y TINYINT, h SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(20,3), s STRING,"
    "x BINARY, a DATE, t TIMESTAMP, w TIMESTAMP_NTZ, u INTERVAL YEAR TO MONTH, v INTERVAL DAY TO SECOND,"
    "r ARRAY<STRING>, k MAP<STRING,ARRAY<INT>>, q STRUCT<a:INT,b:STRUCT<c:BOOLEAN>>, z VARIANT";

/* 23 rows: full ones, rows of nulls, and rows with nulls inside. */
static weir_batch *all_rows(weir_arena *arena) {
    const char *lines[23];
    for (int i = 0; i < 23; i++)
        lines[i] =
            i % 5 == 2 ? "{}"
            : i % 5 == 4
                ? "{\"i\":7,\"r\":[null,\"\"],\"k\":{\"x\":null},\"q\":{\"b\":{}},\"s\":\"\"}"
                : weir_arena_printf(
                      arena,
                      "{\"b\":%s,\"y\":%d,\"h\":%d,\"i\":%d,\"l\":%d,\"f\":0.5,\"d\":%d.25,\"n\":%d.125,"
                      "\"s\":\"row %d\",\"x\":\"YWJj\",\"a\":\"2016-07-%02d\","
                      "\"t\":\"2016-07-25T21:45:%02dZ\","
                      "\"w\":\"2016-07-25T21:45:%02d\",\"u\":\"INTERVAL '1-%d' YEAR TO MONTH\","
                      "\"v\":\"INTERVAL '%d 02:03:04' DAY TO SECOND\",\"r\":[\"a\",\"%d\"],"
                      "\"k\":{\"k%d\":[1,null,%d]},\"q\":{\"a\":%d,\"b\":{\"c\":true}},\"z\":[%d,\"v\"]}",
                      i % 3 ? "true" : "false", i, i, i, i, i, i, i, i + 1, i, i, i % 12, i, i, i, i, i, i);
    return weir_json_rows(arena, all_types, lines, 23);
}

/* Everything that a writer gives, read again; checks each stream against the limits. */
static void read_back(weir_arrow_writer *writer, int32_t rows_max, weir_strbuf *ret, int32_t *ret_streams) {
    _cleanup_error_ weir_error *err = NULL;
    *ret_streams = 0;
    for (;;) {
        _cleanup_buffer_ weir_buffer *stream = NULL;
        int32_t rows;
        CHECK_OK(weir_arrow_writer_next(writer, true, &stream, &rows, &err));
        if (!stream)
            return;
        ++*ret_streams;
        cr_expect_eq(stream->size % 8, 0);
        cr_expect_leq(rows, rows_max);
        CHECK_OK(weir_arrow_rows(ret, stream, &err));
    }
}

static weir_batch *selected(const weir_batch *batch, const weir_sel *sel) {
    _cleanup_error_ weir_error *err = NULL;
    int32_t rows[64];
    weir_batch *ret = NULL;
    for (int32_t i = 0; i < sel->count; i++)
        rows[i] = weir_sel_row(sel, i);
    CHECK_OK(weir_batch_gather(NULL, batch, rows, sel->count, &ret, &err));
    return ret;
}

WEIR_TEST(arrow_ipc, streams_keep_the_rows_and_the_limits) {
    static const int32_t some[] = {0, 2, 3, 4, 9, 17, 18, 22};
    static const struct {
        int32_t rows_max;
        int64_t bytes_max;
        bool large_vars;
        weir_sel sel;
        int32_t streams;
    } cases[] = {
        {0, 0, false, {NULL, 23}, 1},    {0, 0, true, {NULL, 23}, 1},   {23, 0, false, {NULL, 23}, 1},
        {22, 0, false, {NULL, 23}, 2},   {1, 0, false, {NULL, 23}, 23}, {3, 0, true, {NULL, 23}, 8},
        {9, 0, false, {NULL, 20}, 3},    {0, 1, false, {NULL, 23}, 23}, {0, 0, false, {some, 8}, 1},
        {3, 0, false, {some, 8}, 3},     {0, 0, false, {NULL, 0}, 1},   {1, 1, false, {some, 1}, 1},
        {0, 1600, false, {NULL, 23}, 0},
    };
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_batch_ weir_batch *batch = all_rows(arena);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_error_ weir_error *err = NULL;
        _cleanup_strbuf_ weir_strbuf expected = {0}, actual = {0};
        _cleanup_batch_ weir_batch *live = selected(batch, &cases[i].sel);
        weir_arrow_options options = {.rows_max = cases[i].rows_max,
                                      .bytes_max = cases[i].bytes_max,
                                      .large_vars = cases[i].large_vars};
        int32_t streams;
        _cleanup_arrow_writer_ weir_arrow_writer *writer =
            weir_arrow_writer_new(batch->schema, &options, NULL);
        weir_strbuf_reserve(&expected, 1);
        weir_strbuf_reserve(&actual, 1);
        weir_rows_text(&expected, live);
        CHECK_OK(weir_arrow_writer_put(writer, batch, &cases[i].sel, &err));
        read_back(writer, cases[i].rows_max ? cases[i].rows_max : WEIR_ARROW_ROWS_MAX, &actual, &streams);
        cr_expect(weir_str_equal(weir_strbuf_view(&actual), weir_strbuf_view(&expected)),
                  "case %zu\n%s\nnot\n%s", i, actual.data, expected.data);
        if (cases[i].streams)
            cr_expect_eq(streams, cases[i].streams, "case %zu: %d streams", i, streams);
        else
            cr_expect(streams > 1 && streams < 23, "case %zu: %d streams", i, streams);
    }
}

WEIR_TEST(arrow_ipc, batches_share_a_stream_until_it_is_full) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_batch_ weir_batch *batch = all_rows(arena);
    _cleanup_error_ weir_error *err = NULL;
    static const int32_t expected[] = {0, 0, 69, 0, 69}; /* after each put; 92 rows at most */
    weir_arrow_options options = {.rows_max = 80};
    _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(batch->schema, &options, NULL);
    for (size_t i = 0; i < 5; i++) {
        _cleanup_buffer_ weir_buffer *stream = NULL;
        int32_t rows, puts = i == 2 ? 2 : i == 4 ? 2 : 1;
        for (int32_t k = 0; k < puts; k++)
            CHECK_OK(weir_arrow_writer_put(writer, batch, NULL, &err));
        CHECK_OK(weir_arrow_writer_next(writer, false, &stream, &rows, &err));
        cr_expect_eq(rows, expected[i], "put %zu gave %d rows", i, rows);
        cr_expect_eq(stream != NULL, expected[i] > 0);
        if (!stream)
            continue;
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
        _cleanup_batch_ weir_batch *first = NULL, *second = NULL;
        CHECK_OK(weir_arrow_reader_open(arena, NULL, stream, "a stream", &reader, &err));
        CHECK_OK(weir_arrow_reader_next(reader, &first, &err));
        CHECK_OK(weir_arrow_reader_next(reader, &second, &err));
        cr_expect(first && first->rows == rows && !second, "a stream has one record batch");
    }
    _cleanup_buffer_ weir_buffer *last = NULL;
    int32_t rows;
    CHECK_OK(weir_arrow_writer_next(writer, true, &last, &rows, &err));
    cr_expect_eq(rows, 7 * 23 - 2 * 69);
}

WEIR_TEST(arrow_ipc, a_writer_without_rows_gives_one_empty_batch) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    const weir_type *schema;
    static const int64_t limits[] = {0, 1};
    CHECK_OK(weir_schema_parse(arena, weir_str_from(all_types), &schema, &err));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(limits); i++) {
        weir_arrow_options options = {.bytes_max = limits[i]};
        _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(schema, &options, NULL);
        _cleanup_buffer_ weir_buffer *stream = NULL, *none = NULL, *schema_only = NULL;
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL, *schema_reader = NULL;
        _cleanup_batch_ weir_batch *batch = NULL, *end = NULL, *nothing = NULL;
        int32_t rows;
        CHECK_OK(weir_arrow_writer_next(writer, false, &none, &rows, &err));
        cr_expect_null(none);
        CHECK_OK(weir_arrow_writer_next(writer, true, &stream, &rows, &err));
        CHECK_OK(weir_arrow_reader_open(arena, NULL, stream, "a test", &reader, &err));
        CHECK_OK(weir_arrow_reader_next(reader, &batch, &err));
        CHECK_OK(weir_arrow_reader_next(reader, &end, &err));
        cr_expect(batch && batch->rows == 0 && !end);
        cr_expect(weir_type_equal(schema, weir_arrow_reader_schema(reader)));
        CHECK_OK(weir_arrow_writer_next(writer, true, &none, &rows, &err));
        cr_expect_null(none);
        CHECK_OK(weir_arrow_writer_schema(writer, &schema_only, &err));
        CHECK_OK(weir_arrow_reader_open(arena, NULL, schema_only, "a test", &schema_reader, &err));
        CHECK_OK(weir_arrow_reader_next(schema_reader, &nothing, &err));
        cr_expect_null(nothing);
    }
}

WEIR_TEST(arrow_ipc, constants_and_dictionaries_are_written_like_flat_columns) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    static const char *const lines[] = {"{\"s\":\"b\"}", "{}"};
    _cleanup_batch_ weir_batch *words = weir_json_rows(arena, "s STRING", lines, 2);
    const weir_type *schema;
    CHECK_OK(weir_schema_parse(arena, WEIR_STR("c STRING, d STRING, q STRUCT<x: STRING, y: STRING>"), &schema,
                               &err));
    weir_column *dictionary = weir_column_new(weir_type_of(WEIR_TYPE_STRING), 3, 1);
    dictionary->encoding = WEIR_DICTIONARY;
    dictionary->values_buffer = weir_buffer_new(NULL, 12);
    memcpy(dictionary->values_buffer->data, (const int32_t[]){0, 1, 0}, 12);
    dictionary->values = dictionary->values_buffer->data;
    dictionary->children[0] = weir_column_ref(words->columns[0]);
    weir_column *constant = weir_column_constant(words->columns[0], 3);
    weir_column *record = weir_column_new(schema->fields[2].type, 3, 2);
    record->children[0] = weir_column_ref(constant);
    record->children[1] = weir_column_ref(dictionary);
    _cleanup_batch_ weir_batch *batch =
        weir_batch_new(schema, 3, (weir_column *[]){constant, dictionary, record}, 3);
    weir_arrow_options options = {0};
    _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(schema, &options, NULL);
    int32_t streams;
    CHECK_OK(weir_arrow_writer_put(writer, batch, NULL, &err));
    read_back(writer, 3, &text, &streams);
    CHECK_TEXT(text.data, "b|b|{b, b}\nb|NULL|{b, NULL}\nb|b|{b, b}\n");
}

WEIR_TEST(arrow_ipc, calendar_intervals_of_too_many_microseconds_are_refused) {
    static const struct {
        int64_t micros;
        bool null;
        weir_code code;
    } cases[] = {
        {INT64_MAX / 1000, false, WEIR_OK},
        {INT64_MIN / 1000, false, WEIR_OK},
        {INT64_MAX / 1000 + 1, false, WEIR_ARITHMETIC_OVERFLOW},
        {INT64_MAX, true, WEIR_OK},
    };
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_field field = {
        .name = WEIR_STR("c"), .type = weir_type_of(WEIR_TYPE_INTERVAL_CALENDAR), .nullable = true};
    const weir_type *schema = weir_type_struct(arena, &field, 1);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_error_ weir_error *err = NULL;
        weir_calendar_interval interval = {1, 2, cases[i].micros};
        weir_column *column;
        uint8_t *bits;
        CHECK_OK(weir_column_new_fixed(NULL, field.type, 1, &column, &err));
        memcpy(weir_column_values(column), &interval, sizeof interval);
        CHECK_OK(weir_column_make_validity(NULL, column, &bits, &err));
        weir_bit_put(bits, 0, !cases[i].null);
        _cleanup_batch_ weir_batch *batch = weir_batch_new(schema, 1, &column, 1);
        weir_arrow_options options = {0};
        _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(schema, &options, NULL);
        _cleanup_buffer_ weir_buffer *stream = NULL;
        int32_t rows;
        CHECK_OK(weir_arrow_writer_put(writer, batch, NULL, &err));
        cr_expect_eq(weir_arrow_writer_next(writer, true, &stream, &rows, &err), cases[i].code, "case %zu",
                     i);
    }
}

/* ---- carriers ---- */

WEIR_TEST(arrow_ipc, buffers_are_borrowed_where_they_are_aligned) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_batch_ weir_batch *batch = all_rows(arena);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_buffer_ weir_buffer *stream = NULL;
    _cleanup_strbuf_ weir_strbuf expected = {0};
    weir_arrow_options options = {0};
    _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(batch->schema, &options, NULL);
    int32_t rows;
    CHECK_OK(weir_arrow_writer_put(writer, batch, NULL, &err));
    CHECK_OK(weir_arrow_writer_next(writer, true, &stream, &rows, &err));
    weir_rows_text(&expected, batch);
    for (size_t shift = 0; shift < 9; shift++) {
        _cleanup_buffer_ weir_buffer *moved = weir_buffer_new(NULL, stream->size + shift), *carrier = NULL;
        memcpy(moved->data + shift, stream->data, stream->size);
        carrier = weir_buffer_borrow(moved->data + shift, stream->size, NULL, NULL);
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
        _cleanup_batch_ weir_batch *got = NULL;
        _cleanup_strbuf_ weir_strbuf text = {0};
        CHECK_OK(weir_arrow_reader_open(arena, NULL, carrier, "a test", &reader, &err));
        CHECK_OK(weir_arrow_reader_next(reader, &got, &err));
        weir_rows_text(&text, got);
        CHECK_TEXT(text.data, expected.data);
        const uint8_t *values = got->columns[4]->values; /* BIGINT */
        bool inside = values >= moved->data && values < moved->data + moved->size;
        cr_expect_eq(inside, shift % 8 == 0, "shift %zu", shift);
        cr_expect_eq((uintptr_t)values % 8, 0);
    }
}

WEIR_TEST(arrow_ipc, a_budget_refuses_streams_and_copies) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_batch_ weir_batch *batch = all_rows(arena);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_buffer_ weir_buffer *stream = NULL;
    weir_arrow_options options = {.large_vars = true}; /* narrowing the offsets needs memory */
    bool refused_write = false, refused_read = false;
    for (int64_t limit = 0; limit < 8192; limit += 64) {
        weir_budget budget;
        weir_budget_init(&budget, NULL, limit);
        _cleanup_arrow_writer_ weir_arrow_writer *writer =
            weir_arrow_writer_new(batch->schema, &options, &budget);
        int32_t rows;
        CHECK_OK(weir_arrow_writer_put(writer, batch, NULL, &err));
        weir_code code = weir_arrow_writer_next(writer, true, &stream, &rows, &err);
        cr_assert(code == WEIR_OK || code == WEIR_OUT_OF_MEMORY);
        refused_write |= code != WEIR_OK;
        if (code == WEIR_OK) {
            weir_buffer_unref(stream);
            stream = NULL;
        }
        cr_expect_eq(atomic_load(&budget.used), 0);
    }
    _cleanup_arrow_writer_ weir_arrow_writer *free_writer =
        weir_arrow_writer_new(batch->schema, &options, NULL);
    int32_t rows;
    CHECK_OK(weir_arrow_writer_put(free_writer, batch, NULL, &err));
    CHECK_OK(weir_arrow_writer_next(free_writer, true, &stream, &rows, &err));
    for (int64_t limit = 0; limit < 512; limit += 16) {
        weir_budget budget;
        weir_budget_init(&budget, NULL, limit);
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
        weir_batch *got = NULL;
        CHECK_OK(weir_arrow_reader_open(arena, &budget, stream, "a test", &reader, &err));
        weir_code code = weir_arrow_reader_next(reader, &got, &err);
        cr_assert(code == WEIR_OK || code == WEIR_OUT_OF_MEMORY);
        refused_read |= code != WEIR_OK;
        weir_batch_unref(got);
        cr_expect_eq(atomic_load(&budget.used), 0);
    }
    cr_expect(refused_write && refused_read);
}

/* ---- damage ---- */

static weir_str corpus_file(weir_arena *arena, const char *name) {
    weir_str bytes = weir_temp_file_read(arena, weir_arena_printf(arena, "%s/%s", CORPUS, name));
    cr_assert(bytes.size > 0, "no %s", name);
    return bytes;
}

static bool is_refusal(weir_code code) {
    static const weir_code codes[] = {
        WEIR_OK,
        WEIR_MALFORMED_ARROW_DATA,
        WEIR_UNSUPPORTED_ARROWTYPE,
        WEIR_NOT_SUPPORTED,
        WEIR_OUT_OF_MEMORY,
        WEIR_ARITHMETIC_OVERFLOW,
        WEIR_NEGATIVE_SCALE_DISALLOWED,
        WEIR_DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION,
        WEIR_DECIMAL_SCALE_EXCEEDS_PRECISION,
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(codes); i++)
        if (code == codes[i])
            return true;
    return false;
}

static void truncate_everywhere(weir_str bytes, const char *name) {
    int32_t accepted = 0;
    for (size_t size = 0; size < bytes.size; size++) {
        _cleanup_error_ weir_error *err = NULL;
        weir_code code = weir_arrow_walk((const uint8_t *)bytes.data, size, &err);
        cr_assert(is_refusal(code), "%s cut to %zu: %s", name, size, weir_error_text(err));
        accepted += code == WEIR_OK;
    }
    /* a stream may lack its end mark (8 bytes) and whole batches, nothing else */
    cr_expect_leq(accepted, 4, "%s: %d prefixes are accepted", name, accepted);
}

static void flip_everywhere(weir_str bytes) {
    static const uint8_t masks[] = {0xFF, 0x01, 0x80};
    uint8_t *copy = weir_alloc(bytes.size);
    memcpy(copy, bytes.data, bytes.size);
    for (size_t i = 0; i < bytes.size; i++) {
        for (size_t k = 0; k < WEIR_ARRAY_LEN(masks); k++) {
            _cleanup_error_ weir_error *err = NULL;
            copy[i] ^= masks[k];
            weir_code code = weir_arrow_walk(copy, bytes.size, &err);
            cr_assert(is_refusal(code), "byte %zu ^ %02x: %s", i, masks[k], weir_error_text(err));
            copy[i] ^= masks[k];
        }
    }
    weir_free(copy);
}

WEIR_TEST(arrow_ipc, damage_anywhere_is_one_named_error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    DIR *directory = opendir(CORPUS);
    int32_t files = 0;
    cr_assert_not_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        weir_str bytes = corpus_file(arena, entry->d_name);
        truncate_everywhere(bytes, entry->d_name);
        flip_everywhere(bytes);
        files++;
    }
    closedir(directory);
    cr_expect_geq(files, 20);
}

WEIR_TEST(arrow_ipc, seeds_are_read_or_refused_by_name) {
    static const struct {
        const char *name;
        weir_code code;
        const char *message;
    } cases[] = {
        {"lz4", WEIR_NOT_SUPPORTED,
         "LZ4 compression of Arrow data is not supported by Weir; use zstd or none"},
        {"unsigned", WEIR_UNSUPPORTED_ARROWTYPE, "Unsupported arrow type Int(32, false)."},
        {"zstd", WEIR_OK, NULL},
        {"dictionary", WEIR_OK, NULL},
        {"views", WEIR_OK, NULL},
        {"file", WEIR_OK, NULL},
    };
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_error_ weir_error *err = NULL;
        weir_str bytes = corpus_file(arena, cases[i].name);
        cr_expect_eq(weir_arrow_walk((const uint8_t *)bytes.data, bytes.size, &err), cases[i].code);
        if (cases[i].message)
            CHECK_TEXT(weir_error_message(err), cases[i].message);
    }
}

WEIR_TEST(arrow_ipc, schemas_nested_too_deeply_are_refused) {
    static const struct {
        int depth;
        weir_code code;
    } cases[] = {
        {60, WEIR_OK}, {64, WEIR_OK}, {65, WEIR_MALFORMED_ARROW_DATA}, {3000, WEIR_MALFORMED_ARROW_DATA}};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_error_ weir_error *err = NULL;
        const weir_type *type = weir_type_of(WEIR_TYPE_INT);
        for (int k = 0; k < cases[i].depth; k++)
            type = weir_type_array(arena, type, true);
        weir_field field = {.name = WEIR_STR("r"), .type = type, .nullable = true};
        const weir_type *schema = weir_type_struct(arena, &field, 1);
        weir_arrow_options options = {0};
        _cleanup_arrow_writer_ weir_arrow_writer *writer = weir_arrow_writer_new(schema, &options, NULL);
        _cleanup_buffer_ weir_buffer *stream = NULL;
        _cleanup_arrow_reader_ weir_arrow_reader *reader = NULL;
        CHECK_OK(weir_arrow_writer_schema(writer, &stream, &err));
        cr_expect_eq(weir_arrow_reader_open(arena, NULL, stream, "a test", &reader, &err), cases[i].code,
                     "depth %d: %s", cases[i].depth, err ? weir_error_text(err) : "accepted");
    }
}
