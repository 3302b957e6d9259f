/* The text reader: a split of a file to batches of one STRING column, a line a row. Task thread.
 *
 *   line_buffer.c -> builder -> batch
 *
 * Bytes are taken as they are; a UTF-8 byte order mark at the start of a file is dropped, as Hadoop's line
 * reader does. wholetext takes the whole file, mark and all, as one row. Failure: FAILED_READ_FILE.NO_HINT
 * with the file's name, OUT_OF_MEMORY, what the file system reports. */
#include "common/base/alloc.h"
#include "common/column/builder.h"
#include "common/format/line_buffer.h"
#include "common/format/text_int.h"

#define BATCH_MAX_BYTES ((size_t)64 << 20) /* a batch ends early: its offsets have 32 bits */

typedef struct text_reader {
    const weir_text_spec *spec;
    weir_budget *budget;
    weir_line_buffer lines;
    bool done;
    weir_builder values;
    bool built;
    int32_t rows;
} text_reader;

/* The bytes of a mark at the start of the file: they belong to its first line, and are not shown. */
static size_t mark_size(const weir_line_buffer *lines, size_t end) {
    bool marked = lines->base + (int64_t)lines->pos == 0 && end - lines->pos >= 3 &&
                  memcmp(lines->data + lines->pos, "\xEF\xBB\xBF", 3) == 0;
    return marked ? 3 : 0;
}

/* ---- rows ---- */

static weir_code add_row(text_reader *r, const void *text, size_t size, weir_error **err) {
    if (r->spec->projection->fields_count && !weir_builder_bytes(&r->values, text, size))
        WEIR_FAIL(err, OUT_OF_MEMORY, "a batch of text lines does not fit the task's budget");
    r->rows++;
    return WEIR_OK;
}

static weir_code take_lines(text_reader *r, int32_t rows, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    size_t end, next;
    while (r->rows < rows && r->values.bytes_size < BATCH_MAX_BYTES) {
        if (weir_line_buffer_done(lines)) {
            r->done = true;
            return WEIR_OK;
        }
        if (!weir_line_buffer_find(lines, &end, &next)) {
            WEIR_TRY(weir_line_buffer_fill(lines, err));
            continue;
        }
        size_t from = lines->pos + mark_size(lines, end);
        if (from < lines->size || lines->pos == from) /* a file of a mark alone has no line */
            WEIR_TRY(add_row(r, lines->data + from, end - from, err));
        lines->pos = next;
    }
    return WEIR_OK;
}

static weir_code take_file(text_reader *r, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    while (!lines->eof)
        WEIR_TRY(weir_line_buffer_fill(lines, err));
    r->done = true;
    if (lines->size == 0 && weir_codec_of_path(lines->path) == WEIR_CODEC_NONE)
        return WEIR_OK; /* Spark passes over files without bytes */
    return add_row(r, lines->data, lines->size, err);
}

static weir_code read_rows(text_reader *r, int32_t rows, weir_error **err) {
    if (r->spec->whole)
        return take_file(r, err);
    WEIR_TRY(weir_line_buffer_skip_first(&r->lines, err));
    return take_lines(r, rows, err);
}

weir_code weir_text_reader_next(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                                weir_error **err) {
    text_reader *r = (text_reader *)reader;
    const weir_type *schema = r->spec->projection;
    *ret = NULL;
    *ret_records = 0;
    if (!r->built && schema->fields_count) {
        r->built = true;
        WEIR_TRY(weir_builder_init(&r->values, r->budget, schema->fields[0].type, rows, err));
    }
    if (!r->done)
        WEIR_TRY(read_rows(r, rows, err));
    if (r->rows == 0)
        return WEIR_OK;
    weir_column *column = NULL;
    if (schema->fields_count)
        WEIR_TRY(weir_builder_finish(&r->values, &column, err));
    *ret_records = r->rows;
    *ret = weir_batch_new(schema, r->rows, &column, schema->fields_count);
    r->rows = 0;
    return WEIR_OK;
}

/* ---- life ---- */

weir_code weir_text_reader_open(const weir_read_spec *read_spec, weir_fs *fs, const weir_split *split,
                                weir_budget *budget, weir_reader **ret, weir_error **err) {
    const weir_text_spec *spec = (const weir_text_spec *)read_spec;
    if (spec->projection->fields_count > 1)
        return weir_text_refuse_width(spec->projection->fields_count, err);
    weir_line_buffer lines = {.separator = spec->line_sep, .chunk_size = spec->chunk_size, .budget = budget};
    WEIR_TRY(weir_line_buffer_open(&lines, fs, split, false, err));
    text_reader *r = weir_alloc_zero(1, sizeof *r);
    r->spec = spec;
    r->budget = budget;
    r->lines = lines;
    *ret = (weir_reader *)r;
    return WEIR_OK;
}

void weir_text_reader_close(weir_reader *reader) {
    text_reader *r = (text_reader *)reader;
    if (!r)
        return;
    if (r->built)
        weir_builder_fini(&r->values);
    weir_line_buffer_close(&r->lines);
    weir_free(r);
}
