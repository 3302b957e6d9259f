/* The JSON reader: a split of a file to batches. Task thread.
 *
 *   chunks -> lines -> json_fast.c, or json_record.c where that gives up -> builders -> batch
 *
 * The buffer holds one chunk plus the line that began in the one before; a line longer than the buffer
 * doubles it, up to RECORD_MAX. `complete` is the end of the last whole line in it, so a record's text
 * always lies there whole, with WEIR_JSON_PAD bytes of '\n' behind the data. A line belongs to the split
 * in which it starts. multiLine reads the whole file as one record.
 *
 * Modes as in Spark's FailureSafeParser: PERMISSIVE keeps what could be read and puts the record's text
 * into the corrupt-record column, DROPMALFORMED drops the record, FAILFAST fails the task. Failure:
 * FAILED_READ_FILE.NO_HINT with the file's name, OUT_OF_MEMORY, what the file system reports. */
#include "common/base/alloc.h"
#include "common/format/input_stream.h"
#include "common/format/json_int.h"
#include "common/format/json_scan.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"

#define RECORD_MAX ((size_t)1 << 30)

typedef struct weir_json_reader {
    const weir_json_spec *spec;
    weir_budget *budget;
    char *path;
    int64_t split_end; /* -1: to the end of the file */
    weir_input_stream *stream;
    weir_buffer *buffer;
    uint8_t *data;
    size_t capacity;  /* without the pad */
    size_t pos, size; /* next byte to take, end of the data */
    size_t complete;  /* end of the whole lines in the data */
    size_t searched;  /* custom separator: none starts in [pos, searched) */
    int64_t base;     /* file offset of data[0] */
    bool eof, done, skip_first;
    weir_json_fast *fast; /* NULL: slow path only */
    weir_json_parser parser;
    weir_strbuf decoded, cause;
    weir_builder *builders; /* of spec->root's children */
    weir_builder corrupt;
    bool built;
    int32_t rows; /* in the batch being built */
    int64_t records;
} weir_json_reader;

/* ---- buffer ---- */

static weir_code fail_file(const weir_json_reader *r, const char *reason, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    WEIR_RAISE(err, FAILED_READ_FILE__NO_HINT, "path", weir_fs_uri(arena, r->path), "reason", reason);
}

static weir_code grow_buffer(weir_json_reader *r, weir_error **err) {
    size_t capacity = r->capacity ? r->capacity * 2 : WEIR_MAX((size_t)r->spec->chunk_size, (size_t)16);
    if (capacity > RECORD_MAX)
        return fail_file(r, "A record is longer than 1 GiB.", err);
    if (!r->buffer)
        r->buffer = weir_buffer_new(r->budget, capacity + WEIR_JSON_PAD);
    else if (!weir_buffer_reserve(r->buffer, capacity + WEIR_JSON_PAD))
        WEIR_FAIL_OOM(err);
    if (!r->buffer)
        WEIR_FAIL_OOM(err);
    r->data = r->buffer->data;
    r->capacity = capacity;
    return WEIR_OK;
}

/* Bytes to ask for: a chunk, but not far beyond the split's end. */
static size_t want_bytes(const weir_json_reader *r) {
    size_t want = WEIR_MIN(r->capacity - r->size, (size_t)r->spec->chunk_size);
    if (r->split_end >= 0) {
        int64_t left = WEIR_MAX(r->split_end - (r->base + (int64_t)r->size), (int64_t)0) + (16 << 10);
        want = (size_t)WEIR_MIN((int64_t)want, left);
    }
    return WEIR_MAX(want, (size_t)1);
}

/* End of the last whole line in the data, given that none ended before `from`. */
static size_t find_complete(const weir_json_reader *r, size_t from) {
    const uint8_t *newline = memrchr(r->data + from, '\n', r->size - from);
    if (newline)
        return (size_t)(newline - r->data) + 1;
    size_t limit = r->size > from && r->data[r->size - 1] == '\r' ? r->size - 1 : r->size;
    if (from && r->data[from - 1] == '\r' && limit >= from) /* it was the last byte then */
        from--;
    const uint8_t *cr = memrchr(r->data + from, '\r', limit > from ? limit - from : 0);
    return cr ? (size_t)(cr - r->data) + 1 : 0;
}

/* Drops what was taken, reads the next chunk. */
static weir_code fill(weir_json_reader *r, weir_error **err) {
    size_t tail = r->size - r->pos;
    if (r->pos) {
        memmove(r->data, r->data + r->pos, tail);
        r->base += (int64_t)r->pos;
        r->searched -= WEIR_MIN(r->searched, r->pos);
        r->pos = 0;
        r->size = tail;
    }
    if (r->size == r->capacity)
        WEIR_TRY(grow_buffer(r, err));
    size_t got = 0;
    WEIR_TRY(weir_input_stream_read(r->stream, r->data + r->size, want_bytes(r), &got, err));
    r->size += got;
    r->eof = got == 0;
    memset(r->data + r->size, '\n', WEIR_JSON_PAD);
    if (r->eof)
        r->complete = r->size;
    else if (!r->spec->line_sep.size)
        r->complete = find_complete(r, tail);
    return WEIR_OK;
}

/* ---- lines ---- */

/* Behind the line end at `at` (or `at` itself at the end of the data). */
static size_t behind_line_end(const weir_json_reader *r, size_t at) {
    if (at >= r->size)
        return r->size;
    if (r->data[at] == '\r' && at + 1 < r->size && r->data[at + 1] == '\n')
        return at + 2;
    return at + 1;
}

/* Next custom separator from `searched` on; false where more data is needed. */
static bool find_separator(weir_json_reader *r, size_t *ret_end, size_t *ret_next) {
    weir_str sep = r->spec->line_sep;
    size_t from = WEIR_MAX(r->searched, r->pos);
    /* UTF-16 separators stand on whole units. */
    size_t step = r->spec->charset == WEIR_JSON_UTF16BE || r->spec->charset == WEIR_JSON_UTF16LE ? 2 : 1;
    while (from + sep.size <= r->size) {
        const uint8_t *hit = memmem(r->data + from, r->size - from, sep.data, sep.size);
        if (!hit)
            break;
        size_t at = (size_t)(hit - r->data);
        if ((r->base + (int64_t)at) % (int64_t)step == 0) {
            *ret_end = at;
            *ret_next = r->searched = at + sep.size;
            return true;
        }
        from = at + 1;
    }
    r->searched = r->size >= sep.size ? WEIR_MAX(r->size - sep.size + 1, r->pos) : r->pos;
    if (!r->eof)
        return false;
    *ret_end = *ret_next = r->size;
    return true;
}

/* Moves to the first line that starts in the split. */
static weir_code skip_first_line(weir_json_reader *r, weir_error **err) {
    for (;;) {
        WEIR_TRY(fill(r, err));
        size_t end, next;
        if (r->spec->line_sep.size) {
            if (find_separator(r, &end, &next)) {
                r->pos = next;
                return WEIR_OK;
            }
            r->pos = r->searched;
        } else {
            end = (size_t)(weir_json_scan_line_end(r->data + r->pos, r->data + r->size) - r->data);
            bool cut = end + 1 == r->size && r->data[end] == '\r'; /* perhaps half of \r\n */
            if (r->eof || (end < r->size && !cut)) {
                r->pos = behind_line_end(r, end);
                return WEIR_OK;
            }
            r->pos = cut ? end : r->size;
        }
        if (r->base + (int64_t)r->pos >= r->split_end && r->split_end >= 0 && !r->eof) {
            /* A line end that straddles the split's end still starts no line in it. */
            r->done = true;
            return WEIR_OK;
        }
    }
}

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

/* ---- FAILFAST: the row as InternalRow prints it ---- */

static void value_text(weir_strbuf *buf, const weir_column *column, int32_t row);

static void list_text(weir_strbuf *buf, const weir_column *child, int32_t from, int32_t to) {
    weir_strbuf_add_char(buf, '[');
    for (int32_t i = from; i < to; i++) {
        if (i > from)
            weir_strbuf_add_char(buf, ',');
        value_text(buf, child, i);
    }
    weir_strbuf_add_char(buf, ']');
}

static void value_text(weir_strbuf *buf, const weir_column *column, int32_t row) {
    char text[64];
    size_t width = (size_t)weir_type_width(column->type);
    const uint8_t *at = width ? column->values + width * (size_t)row : column->values;
    if (weir_column_is_null(column, row)) {
        weir_strbuf_add_text(buf, "null");
        return;
    }
    switch (column->type->kind) {
    case WEIR_TYPE_BOOLEAN:
        weir_strbuf_add_text(buf, weir_bit_get(column->values, row) ? "true" : "false");
        return;
    case WEIR_TYPE_BYTE:
        weir_strbuf_addf(buf, "%d", *(const int8_t *)at);
        return;
    case WEIR_TYPE_SHORT:
        weir_strbuf_addf(buf, "%d", *(const int16_t *)at);
        return;
    case WEIR_TYPE_INT:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_INTERVAL_YEAR_MONTH:
        weir_strbuf_addf(buf, "%d", (int32_t)weir_load32(at));
        return;
    case WEIR_TYPE_FLOAT:
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_float_format(*(const float *)at, text)));
        return;
    case WEIR_TYPE_DOUBLE:
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_double_format(*(const double *)at, text)));
        return;
    case WEIR_TYPE_DECIMAL:
        weir_strbuf_add(buf, weir_str_make(text, (size_t)weir_decimal_format(weir_load128(at),
                                                                             column->type->scale, text)));
        return;
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        weir_strbuf_add(buf, weir_column_bytes(column, row));
        return;
    case WEIR_TYPE_STRUCT:
        weir_strbuf_add_char(buf, '[');
        for (int32_t i = 0; i < column->children_count; i++) {
            if (i)
                weir_strbuf_add_char(buf, ',');
            value_text(buf, column->children[i], row);
        }
        weir_strbuf_add_char(buf, ']');
        return;
    case WEIR_TYPE_ARRAY:
        list_text(buf, column->children[0], column->offsets[row], column->offsets[row + 1]);
        return;
    case WEIR_TYPE_MAP:
        weir_strbuf_add_text(buf, "keys: ");
        list_text(buf, column->children[0], column->offsets[row], column->offsets[row + 1]);
        weir_strbuf_add_text(buf, ", values: ");
        list_text(buf, column->children[1], column->offsets[row], column->offsets[row + 1]);
        return;
    case WEIR_TYPE_BINARY:
    case WEIR_TYPE_VARIANT:
        weir_strbuf_addf(buf, "<%s>", column->type->kind == WEIR_TYPE_BINARY ? "binary" : "variant");
        return;
    default:
        weir_strbuf_addf(buf, "%lld", (long long)weir_load64(at));
    }
}

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
            value_text(buf, column, row);
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
    return fail_file(r, text.data, err);
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
    const uint8_t *p = r->data + from;
    size_t size = end - from;
    if (r->base + (int64_t)from == 0 && size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) {
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
    while (r->pos < limit && r->rows < rows) {
        if (r->fast) {
            const uint8_t *p = r->data + r->pos;
            const uint8_t *end = weir_json_fast_record(r->fast, p, r->builders, r->rows);
            if (WEIR_LIKELY(end != NULL)) {
                r->rows++;
                r->records++;
                if (WEIR_LIKELY(*end == '\n')) {
                    r->pos = (size_t)(end + 1 - r->data);
                } else { /* white space or anything else behind the object is not looked at */
                    end = weir_json_scan_line_end(end, r->data + r->size);
                    r->pos = behind_line_end(r, (size_t)(end - r->data));
                }
                continue;
            }
        }
        size_t end = (size_t)(weir_json_scan_line_end(r->data + r->pos, r->data + r->size) - r->data);
        size_t from = r->pos;
        r->pos = behind_line_end(r, end);
        WEIR_TRY(take_line(r, from, end, err));
    }
    if (r->pos > r->size)
        r->pos = r->size; /* the last line had no end: the pad served */
    return WEIR_OK;
}

static weir_code take_separated(weir_json_reader *r, int32_t rows, bool *ret_more, weir_error **err) {
    while (r->rows < rows) {
        size_t end, next, from = r->pos;
        if (r->split_end >= 0 && r->base + (int64_t)from >= r->split_end) {
            r->done = true;
            return WEIR_OK;
        }
        if (!find_separator(r, &end, &next)) {
            *ret_more = true;
            return WEIR_OK;
        }
        if (r->eof && from == r->size) {
            r->done = true;
            return WEIR_OK;
        }
        r->pos = next;
        if (r->fast) {
            const uint8_t *p = weir_json_fast_record(r->fast, r->data + from, r->builders, r->rows);
            if (p && p <= r->data + end) {
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
    while (!r->eof)
        WEIR_TRY(fill(r, err));
    r->done = true;
    if (r->size == 0)
        return WEIR_OK;
    r->records++;
    return take_record(r, r->data, r->size, err);
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
    if (r->skip_first) {
        r->skip_first = false;
        WEIR_TRY(skip_first_line(r, err));
    }
    if (r->spec->multi_line)
        return r->done ? WEIR_OK : take_file(r, err);
    while (!r->done && r->rows < rows) {
        bool more = false;
        if (r->spec->line_sep.size) {
            WEIR_TRY(take_separated(r, rows, &more, err));
            if (more)
                WEIR_TRY(fill(r, err));
            continue;
        }
        int64_t end = r->split_end >= 0 ? r->split_end - r->base : INT64_MAX;
        size_t limit = end < (int64_t)r->complete ? (size_t)WEIR_MAX(end, (int64_t)0) : r->complete;
        WEIR_TRY(take_lines(r, limit, rows, err));
        if (r->pos < limit)
            continue; /* the batch is full */
        if (end <= (int64_t)r->pos || (r->eof && r->pos >= r->size))
            r->done = true;
        else
            WEIR_TRY(fill(r, err));
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
    int64_t start = whole ? 0 : split->start;
    /* From far enough before the start that a line end which closes there is seen. */
    int64_t before = spec->line_sep.size ? (int64_t)spec->line_sep.size : 1;
    int64_t offset = start > 0 ? WEIR_MAX(start - before, (int64_t)0) : 0;
    weir_input_stream *stream = NULL;
    WEIR_TRY(weir_input_stream_open(fs, split->path, offset, &stream, err));
    weir_json_reader *r = weir_alloc_zero(1, sizeof *r);
    r->spec = spec;
    r->budget = budget;
    r->path = weir_strdup(split->path);
    r->split_end = whole ? -1 : split->end;
    r->stream = stream;
    r->base = offset;
    r->skip_first = start > 0;
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
    weir_input_stream_close(r->stream);
    weir_buffer_unref(r->buffer);
    weir_free(r->path);
    weir_free(r);
}
