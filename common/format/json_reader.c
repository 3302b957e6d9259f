/* The JSON reader: a split of a file to batches. Task thread.
 *
 *   chunks -> lines -> json_fast.c, or json_record.c where that gives up -> builders -> batch
 *
 * Chunks and line ends are line_buffer.c's: a record's text always lies whole in its buffer, with a pad of
 * '\n' behind the data. multiLine reads the whole file as one record.
 *
 * Modes as in Spark's FailureSafeParser: PERMISSIVE keeps what could be read and puts the record's text
 * into the corrupt-record column, DROPMALFORMED drops the record, FAILFAST fails the task. Failure:
 * FAILED_READ_FILE.NO_HINT with the file's name, OUT_OF_MEMORY, what the file system reports. */
#include "common/base/alloc.h"
#include "common/format/json_int.h"
#include "common/format/json_scan.h"
#include "common/format/line_buffer.h"
#include "common/format/row_text.h"

_Static_assert(WEIR_LINE_PAD >= WEIR_JSON_PAD, "the parsers read behind a record");

typedef struct weir_json_reader {
    const weir_json_spec *spec;
    weir_budget *budget;
    weir_line_buffer lines;
    bool done;
    weir_json_fast *fast; /* NULL: slow path only */
    weir_json_parser parser;
    weir_strbuf decoded, cause;
    weir_builder *builders; /* of spec->root's children */
    weir_builder corrupt;
    bool built;
    int32_t rows; /* in the batch being built */
    int64_t records;
} weir_json_reader;

/* ---- records ---- */

static weir_code out_of_memory(weir_error **err) {
    WEIR_FAIL(err, OUT_OF_MEMORY, "a batch of JSON rows does not fit the task's budget");
}

/* Rows from `from` on carry `text` in the corrupt-record column; rows before it nothing. */
static weir_code set_corrupt(weir_json_reader *r, int32_t from, const uint8_t *text, size_t size,
                             weir_error **err) {
    if (r->spec->corrupt < 0)
        return WEIR_OK;
    while (r->corrupt.length < from)
        if (!weir_builder_null(&r->corrupt))
            return out_of_memory(err);
    while (r->corrupt.length < r->rows)
        if (!weir_builder_bytes(&r->corrupt, text, size))
            return out_of_memory(err);
    return WEIR_OK;
}

static weir_code add_null_row(weir_json_reader *r, weir_error **err) {
    for (int32_t i = 0; i < r->spec->root.children_count; i++)
        if (!weir_builder_null(&r->builders[i]))
            return out_of_memory(err);
    r->rows++;
    return WEIR_OK;
}

/* ---- FAILFAST ---- */

/* Row `row` of the builders in the projection's order; `parsed` false: all null. */
static weir_code row_text(weir_json_reader *r, int32_t row, bool parsed, weir_str record, weir_strbuf *buf,
                          weir_error **err) {
    const weir_json_spec *spec = r->spec;
    int32_t next = 0;
    if (spec->projection->fields_count == 0)
        weir_strbuf_add_text(buf, "[empty row]");
    for (int32_t i = 0; i < spec->projection->fields_count; i++) {
        weir_strbuf_add_char(buf, i ? ',' : '[');
        if (i == spec->corrupt) {
            weir_strbuf_add(buf, record);
        } else if (!parsed) {
            weir_strbuf_add_text(buf, "null");
        } else {
            _cleanup_column_ weir_column *column = NULL;
            WEIR_TRY(weir_builder_finish(&r->builders[next++], &column, err));
            weir_row_text_value(buf, column, row);
        }
    }
    if (spec->projection->fields_count)
        weir_strbuf_add_char(buf, ']');
    return WEIR_OK;
}

static weir_code fail_fast(weir_json_reader *r, int32_t row, bool parsed, weir_str record, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_error_ weir_error *cause = NULL;
    WEIR_TRY(row_text(r, row, parsed, record, &text, err));
    weir_error_raise(&cause, WEIR_MALFORMED_RECORD_IN_PARSING__WITHOUT_SUGGESTION, "badRecord",
                     text.data ? text.data : "", "failFastMode", "FAILFAST", NULL);
    weir_strbuf_clear(&text);
    weir_strbuf_add_text(&text, weir_error_text(cause));
    if (r->cause.size) {
        weir_strbuf_add_char(&text, '\n');
        weir_strbuf_add(&text, weir_strbuf_view(&r->cause));
    }
    return weir_line_buffer_fail(&r->lines, text.data, err);
}

/* One record by the slow path, with the mode's rules. */
static weir_code take_record(weir_json_reader *r, const uint8_t *text, size_t size, weir_error **err) {
    const weir_json_spec *spec = r->spec;
    const uint8_t *parsed_text = text;
    size_t parsed_size = size;
    bool bad_text = false;
    if (!weir_json_charset_is_utf8(spec->charset, text, size, &r->decoded, &bad_text)) {
        parsed_text = (const uint8_t *)(r->decoded.data ? r->decoded.data : "");
        parsed_size = r->decoded.size;
    } else if (size >= 4 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        parsed_text += 3; /* Jackson skips a byte order mark before text */
        parsed_size -= 3;
    }
    if (spec->inference)
        return weir_json_inference_add(spec->inference, parsed_text, bad_text ? 0 : parsed_size, err);
    int32_t from = r->rows, rows = 0;
    weir_json_result result = WEIR_JSON_BAD;
    weir_strbuf_clear(&r->cause);
    if (!bad_text)
        result = weir_json_record_parse(&r->parser, spec, parsed_text, parsed_size, r->builders, &rows,
                                        spec->mode == WEIR_JSON_FAIL ? &r->cause : NULL);
    if (result == WEIR_JSON_NOMEM)
        return out_of_memory(err);
    if (result == WEIR_JSON_OK) {
        r->rows += rows;
        return WEIR_OK;
    }
    if (spec->mode == WEIR_JSON_FAIL)
        return fail_fast(r, from, rows > 0, weir_str_make((const char *)text, size), err);
    if (spec->mode == WEIR_JSON_DROP) {
        for (int32_t i = 0; i < spec->root.children_count; i++)
            weir_builder_truncate(&r->builders[i], from);
        return WEIR_OK;
    }
    if (rows > 0)
        r->rows += rows;
    else
        WEIR_TRY(add_null_row(r, err));
    return set_corrupt(r, from, text, size, err);
}

static bool is_blank(const uint8_t *p, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (p[i] > ' ')
            return false;
    return true;
}

/* One line, already cut. */
static weir_code take_line(weir_json_reader *r, size_t from, size_t end, weir_error **err) {
    const uint8_t *p = r->lines.data + from;
    size_t size = end - from;
    if (r->lines.base + (int64_t)from == 0 && size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
        p += 3; /* the line reader drops a byte order mark at the file's start */
        size -= 3;
    }
    if (size == 0)
        return WEIR_OK;
    r->records++;
    if (!r->spec->count_only)
        return take_record(r, p, size, err);
    r->rows += !is_blank(p, size);
    return WEIR_OK;
}

/* Whole lines up to `limit` with standard line ends, until the batch has `rows`. */
static weir_code take_lines(weir_json_reader *r, size_t limit, int32_t rows, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    while (lines->pos < limit && r->rows < rows) {
        if (r->fast) {
            const uint8_t *p = lines->data + lines->pos;
            const uint8_t *end = weir_json_fast_record(r->fast, p, r->builders, r->rows);
            if (WEIR_LIKELY(end != NULL)) {
                r->rows++;
                r->records++;
                if (WEIR_LIKELY(*end == '\n')) {
                    lines->pos = (size_t)(end + 1 - lines->data);
                } else { /* white space or anything else behind the object is not looked at */
                    end = weir_json_scan_line_end(end, lines->data + lines->size);
                    lines->pos = weir_line_buffer_behind(lines, (size_t)(end - lines->data));
                }
                continue;
            }
        }
        const uint8_t *end = weir_json_scan_line_end(lines->data + lines->pos, lines->data + lines->size);
        size_t from = lines->pos, at = (size_t)(end - lines->data);
        lines->pos = weir_line_buffer_behind(lines, at);
        WEIR_TRY(take_line(r, from, at, err));
    }
    if (lines->pos > lines->size)
        lines->pos = lines->size; /* the last line had no end: the pad served */
    return WEIR_OK;
}

static weir_code take_separated(weir_json_reader *r, int32_t rows, bool *ret_more, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    while (r->rows < rows) {
        size_t end, next, from = lines->pos;
        if (weir_line_buffer_done(lines)) {
            r->done = true;
            return WEIR_OK;
        }
        if (!weir_line_buffer_find(lines, &end, &next)) {
            *ret_more = true;
            return WEIR_OK;
        }
        lines->pos = next;
        if (r->fast) {
            const uint8_t *p = weir_json_fast_record(r->fast, lines->data + from, r->builders, r->rows);
            if (p && p <= lines->data + end) {
                r->rows++;
                r->records++;
                continue;
            }
            for (int32_t i = 0; p && i < r->spec->root.children_count; i++)
                weir_builder_truncate(&r->builders[i], r->rows);
        }
        WEIR_TRY(take_line(r, from, end, err));
    }
    return WEIR_OK;
}

/* The whole file is one record. */
static weir_code take_file(weir_json_reader *r, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    while (!lines->eof)
        WEIR_TRY(weir_line_buffer_fill(lines, err));
    r->done = true;
    if (lines->size == 0)
        return WEIR_OK;
    r->records++;
    return take_record(r, lines->data, lines->size, err);
}

/* ---- batches ---- */

static weir_code build_builders(weir_json_reader *r, int32_t rows, weir_error **err) {
    const weir_json_node *root = &r->spec->root;
    r->builders = weir_alloc_zero((size_t)root->children_count + 1, sizeof(weir_builder));
    r->built = true;
    for (int32_t i = 0; i < root->children_count; i++)
        WEIR_TRY(weir_builder_init(&r->builders[i], r->budget, root->children[i].type, rows, err));
    if (r->spec->corrupt >= 0)
        WEIR_TRY(weir_builder_init(&r->corrupt, r->budget, r->spec->projection->fields[r->spec->corrupt].type,
                                   rows, err));
    return WEIR_OK;
}

static weir_code finish_batch(weir_json_reader *r, weir_batch **ret, weir_error **err) {
    const weir_json_spec *spec = r->spec;
    int32_t count = spec->projection->fields_count;
    WEIR_TRY(set_corrupt(r, r->rows, NULL, 0, err));
    weir_column **columns = weir_alloc_zero((size_t)count + 1, sizeof(weir_column *));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < spec->root.children_count && code == WEIR_OK; i++)
        code = weir_builder_finish(&r->builders[i], &columns[spec->columns[i]], err);
    if (code == WEIR_OK && spec->corrupt >= 0)
        code = weir_builder_finish(&r->corrupt, &columns[spec->corrupt], err);
    if (code == WEIR_OK)
        *ret = weir_batch_new(spec->projection, r->rows, columns, count);
    else
        for (int32_t i = 0; i < count; i++)
            weir_column_unref(columns[i]);
    weir_free(columns);
    r->rows = 0;
    return code;
}

static weir_code read_rows(weir_json_reader *r, int32_t rows, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    WEIR_TRY(weir_line_buffer_skip_first(lines, err));
    if (r->spec->multi_line)
        return r->done ? WEIR_OK : take_file(r, err);
    while (!r->done && r->rows < rows) {
        bool more = false;
        if (r->spec->line_sep.size) {
            WEIR_TRY(take_separated(r, rows, &more, err));
            if (more)
                WEIR_TRY(weir_line_buffer_fill(lines, err));
            continue;
        }
        size_t limit = weir_line_buffer_limit(lines);
        WEIR_TRY(take_lines(r, limit, rows, err));
        if (lines->pos < limit)
            continue; /* the batch is full */
        if (weir_line_buffer_done(lines))
            r->done = true;
        else
            WEIR_TRY(weir_line_buffer_fill(lines, err));
    }
    return WEIR_OK;
}

weir_code weir_json_reader_next(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                                weir_error **err) {
    weir_json_reader *r = (weir_json_reader *)reader;
    rows = WEIR_MAX(rows, 1);
    *ret = NULL;
    r->records = 0;
    if (!r->built)
        WEIR_TRY(build_builders(r, rows, err));
    WEIR_TRY(read_rows(r, rows, err));
    *ret_records = r->records;
    return r->rows ? finish_batch(r, ret, err) : WEIR_OK;
}

weir_code weir_json_reader_open(const weir_read_spec *read_spec, weir_fs *fs, const weir_split *split,
                                weir_budget *budget, weir_reader **ret, weir_error **err) {
    const weir_json_spec *spec = (const weir_json_spec *)read_spec;
    bool whole = !weir_json_splittable(read_spec, split->path);
    bool wide = spec->charset == WEIR_JSON_UTF16BE || spec->charset == WEIR_JSON_UTF16LE;
    weir_line_buffer lines = {
        .separator = spec->line_sep, .unit = wide ? 2 : 1, .chunk_size = spec->chunk_size, .budget = budget};
    WEIR_TRY(weir_line_buffer_open(&lines, fs, split, whole, err));
    weir_json_reader *r = weir_alloc_zero(1, sizeof *r);
    r->spec = spec;
    r->budget = budget;
    r->lines = lines;
    r->fast = spec->fast && !spec->count_only ? weir_json_fast_new(spec) : NULL;
    *ret = (weir_reader *)r;
    return WEIR_OK;
}

void weir_json_reader_close(weir_reader *reader) {
    weir_json_reader *r = (weir_json_reader *)reader;
    if (!r)
        return;
    for (int32_t i = 0; r->builders && i < r->spec->root.children_count; i++)
        weir_builder_fini(&r->builders[i]);
    weir_free(r->builders);
    weir_builder_fini(&r->corrupt);
    weir_json_parser_fini(&r->parser);
    weir_json_fast_free(r->fast);
    weir_strbuf_fini(&r->decoded);
    weir_strbuf_fini(&r->cause);
    weir_line_buffer_close(&r->lines);
    weir_free(r);
}
