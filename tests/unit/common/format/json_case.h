/* Reads text of a format (JSON, unless CASE_OPS and CASE_TUNE say otherwise) through the format seam and
 * gives the rows as JSON lines with nulls kept: one text that two ways of reading the same bytes can be
 * compared by. Included by tests of this folder and the fuzz target. */
#pragma once

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/format/json_int.h"

#ifndef CASE_OPS
#define CASE_OPS weir_json_format_ops
#define CASE_TUNE weir_json_spec_tune
#endif

typedef struct json_case {
    const char *schema;
    const char *projection;  /* NULL: all of schema */
    const char *options[12]; /* name, value, ..., NULL */
    const char *path;        /* NULL: "/in.json" */
    bool slow;               /* fast path off */
    bool no_partial;
    int32_t chunk;      /* 0: default */
    int64_t start, end; /* split; end 0 = to the end */
} json_case;

static inline weir_code json_case_spec(weir_arena *arena, const json_case *c, weir_read_spec **ret,
                                       weir_error **err) {
    weir_read_request request = {.zone = weir_timezone_utc(),
                                 .partial_results = !c->no_partial,
                                 .corrupt_column = WEIR_STR("_corrupt_record")};
    weir_options *options = WEIR_NEW(arena, weir_options);
    options->items = WEIR_NEW_ARRAY(arena, weir_option, 8);
    for (int i = 0; i + 1 < 12 && c->options[i]; i += 2)
        options->items[options->count++] =
            (weir_option){weir_str_from(c->options[i]), weir_str_from(c->options[i + 1])};
    request.options = options;
    WEIR_TRY(weir_schema_parse(arena, weir_str_from(c->schema), &request.schema, err));
    request.projection = request.schema;
    if (c->projection)
        WEIR_TRY(weir_schema_parse(arena, weir_str_from(c->projection), &request.projection, err));
    WEIR_TRY(CASE_OPS.read_spec(arena, &request, ret, err));
    CASE_TUNE(*ret, !c->slow, c->chunk ? c->chunk : 256 << 10);
    return WEIR_OK;
}

/* Appends the rows of one split of a file that is there. */
static inline weir_code json_case_read_file(weir_fs *fs, const json_case *c, int32_t rows, weir_strbuf *out,
                                            weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_json_style style = {.keep_nulls = true, .zone = weir_timezone_utc()};
    weir_read_spec *spec = NULL;
    weir_reader *reader = NULL;
    WEIR_TRY(json_case_spec(arena, c, &spec, err));
    weir_split split = {
        .path = c->path ? c->path : "/in.json", .start = c->start, .end = c->end ? c->end : -1};
    WEIR_TRY(CASE_OPS.reader_open(spec, fs, &split, NULL, &reader, err));
    weir_code code;
    for (;;) {
        weir_batch *batch = NULL;
        int64_t records;
        code = CASE_OPS.reader_next(reader, rows, &batch, &records, err);
        if (code != WEIR_OK || !batch)
            break;
        for (int32_t i = 0; i < batch->columns_count && code == WEIR_OK; i++)
            code = weir_column_verify(batch->columns[i], "column", err);
        for (int32_t row = 0; row < batch->rows && code == WEIR_OK; row++) {
            for (int32_t i = 0; i < batch->columns_count; i++) {
                weir_strbuf_add_char(out, i ? ',' : '[');
                weir_json_write_value(out, batch->columns[i], row, &style);
            }
            weir_strbuf_add_text(out, "]\n");
        }
        weir_batch_unref(batch);
        if (code != WEIR_OK)
            break;
    }
    CASE_OPS.reader_close(reader);
    return code;
}

static inline weir_code json_case_read(const json_case *c, weir_str text, weir_strbuf *out,
                                       weir_error **err) {
    weir_fs *fs = weir_memory_fs_new();
    weir_code code = fs->ops->put(fs, c->path ? c->path : "/in.json", text, err);
    if (code == WEIR_OK)
        code = json_case_read_file(fs, c, 5, out, err);
    fs->ops->free(fs);
    return code;
}
