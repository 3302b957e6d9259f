/* The text reader: a split of a file to batches of one STRING column, a line a row. Task thread.
 *
 *   chunks -> line ends -> builder -> batch
 *
 * The buffer holds one chunk plus the line that began in the one before; a line longer than the buffer
 * doubles it, up to LINE_MAX. A line belongs to the split in which it starts: a split that does not start the
 * file begins one separator earlier and passes over the line that ends there. Bytes are taken as they are; a
 * UTF-8 byte order mark at the start of a file is dropped, as Hadoop's line reader does. wholetext takes the
 * whole file, mark and all, as one row. Failure: FAILED_READ_FILE.NO_HINT with the file's name,
 * OUT_OF_MEMORY, what the file system reports. */
#include "common/base/alloc.h"
#include "common/column/builder.h"
#include "common/format/json_scan.h"
#include "common/format/text_int.h"

#define LINE_MAX_BYTES ((size_t)1 << 30)
#define BATCH_MAX_BYTES ((size_t)64 << 20) /* a batch ends early: its offsets have 32 bits */
#define PAD 64                             /* readable bytes behind the data */

typedef struct text_reader {
    const weir_text_spec *spec;
    weir_budget *budget;
    char *path;
    int64_t split_end; /* -1: to the end of the file */
    weir_input_stream *stream;
    weir_buffer *buffer;
    uint8_t *data;
    size_t capacity;  /* without the pad */
    size_t pos, size; /* next byte to take, end of the data */
    size_t searched;  /* no separator starts in [pos, searched) */
    int64_t base;     /* file offset of data[0] */
    bool eof, done, skip_first;
    weir_builder values;
    bool built;
    int32_t rows;
} text_reader;

/* ---- buffer ---- */

static weir_code grow(text_reader *r, weir_error **err) {
    size_t capacity = r->capacity ? r->capacity * 2 : WEIR_MAX((size_t)r->spec->chunk_size, (size_t)16);
    if (capacity > LINE_MAX_BYTES) {
        _cleanup_arena_ weir_arena *arena = weir_arena_new();
        WEIR_RAISE(err, FAILED_READ_FILE__NO_HINT, "path", weir_fs_uri(arena, r->path), "reason",
                   "A line is longer than 1 GiB.");
    }
    if (!r->buffer)
        r->buffer = weir_buffer_new(r->budget, capacity + PAD);
    else if (!weir_buffer_reserve(r->buffer, capacity + PAD))
        WEIR_FAIL_OOM(err);
    if (!r->buffer)
        WEIR_FAIL_OOM(err);
    r->data = r->buffer->data;
    r->capacity = capacity;
    return WEIR_OK;
}

/* Drops what was taken, reads the next chunk. */
static weir_code fill(text_reader *r, weir_error **err) {
    if (r->pos) {
        memmove(r->data, r->data + r->pos, r->size - r->pos);
        r->base += (int64_t)r->pos;
        r->searched -= WEIR_MIN(r->searched, r->pos);
        r->size -= r->pos;
        r->pos = 0;
    }
    if (r->size == r->capacity)
        WEIR_TRY(grow(r, err));
    size_t got = 0, want = WEIR_MIN(r->capacity - r->size, (size_t)r->spec->chunk_size);
    WEIR_TRY(weir_input_stream_read(r->stream, r->data + r->size, want, &got, err));
    r->size += got;
    r->eof = got == 0;
    memset(r->data + r->size, '\n', PAD);
    return WEIR_OK;
}

/* ---- lines ---- */

/* The end of the line at `pos` and the start of the next; false where more data is needed. */
static bool find_any_line_end(text_reader *r, size_t *ret_end, size_t *ret_next) {
    const uint8_t *limit = r->data + r->size;
    size_t at = (size_t)(weir_json_scan_line_end(r->data + WEIR_MAX(r->pos, r->searched), limit) - r->data);
    r->searched = at;
    if (!r->eof && (at == r->size || (r->data[at] == '\r' && at + 1 == r->size)))
        return false; /* a '\r' may be half of a line end */
    *ret_end = at;
    *ret_next = at == r->size ? at : at + 1;
    if (at + 1 < r->size && r->data[at] == '\r' && r->data[at + 1] == '\n')
        *ret_next = at + 2;
    return true;
}

static bool find_line_end(text_reader *r, size_t *ret_end, size_t *ret_next) {
    weir_str sep = r->spec->line_sep;
    if (sep.size == 0)
        return find_any_line_end(r, ret_end, ret_next);
    size_t from = WEIR_MAX(r->pos, r->searched);
    const uint8_t *hit = r->size > from ? memmem(r->data + from, r->size - from, sep.data, sep.size) : NULL;
    if (hit) {
        *ret_end = (size_t)(hit - r->data);
        *ret_next = *ret_end + sep.size;
        return true;
    }
    if (r->size >= sep.size)
        r->searched = WEIR_MAX(from, r->size - sep.size + 1);
    *ret_end = *ret_next = r->size;
    return r->eof;
}

static weir_code skip_first_line(text_reader *r, weir_error **err) {
    size_t end, next;
    while (!find_line_end(r, &end, &next)) {
        /* What cannot begin a separator is not kept. */
        r->pos = r->searched;
        WEIR_TRY(fill(r, err));
    }
    r->pos = next;
    return WEIR_OK;
}

/* The bytes of a mark at the start of the file: they belong to its first line, and are not shown. */
static size_t mark_size(const text_reader *r, size_t end) {
    bool marked = r->base + (int64_t)r->pos == 0 && end - r->pos >= 3 &&
                  memcmp(r->data + r->pos, "\xEF\xBB\xBF", 3) == 0;
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
    size_t end, next;
    while (r->rows < rows && r->values.bytes_size < BATCH_MAX_BYTES) {
        bool outside = r->split_end >= 0 && r->base + (int64_t)r->pos >= r->split_end;
        if (outside || (r->eof && r->pos >= r->size)) {
            r->done = true;
            return WEIR_OK;
        }
        if (!find_line_end(r, &end, &next)) {
            WEIR_TRY(fill(r, err));
            continue;
        }
        size_t from = r->pos + mark_size(r, end);
        if (from < r->size || r->pos == from) /* a file of a mark alone has no line */
            WEIR_TRY(add_row(r, r->data + from, end - from, err));
        r->pos = r->searched = next;
    }
    return WEIR_OK;
}

static weir_code take_file(text_reader *r, weir_error **err) {
    while (!r->eof)
        WEIR_TRY(fill(r, err));
    r->done = true;
    if (r->size == 0 && weir_codec_of_path(r->path) == WEIR_CODEC_NONE)
        return WEIR_OK; /* Spark passes over files without bytes */
    return add_row(r, r->data, r->size, err);
}

static weir_code read_rows(text_reader *r, int32_t rows, weir_error **err) {
    if (r->spec->whole)
        return take_file(r, err);
    if (r->skip_first) {
        r->skip_first = false;
        WEIR_TRY(skip_first_line(r, err));
    }
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
    int64_t back = spec->line_sep.size ? (int64_t)spec->line_sep.size : 1;
    int64_t from = WEIR_MAX(split->start - back, (int64_t)0);
    weir_input_stream *stream = NULL;
    if (spec->projection->fields_count > 1)
        return weir_text_refuse_width(spec->projection->fields_count, err);
    WEIR_TRY(weir_input_stream_open(fs, split->path, from, &stream, err));
    text_reader *r = weir_alloc_zero(1, sizeof *r);
    r->spec = spec;
    r->budget = budget;
    r->path = weir_strdup(split->path);
    r->split_end = split->end;
    r->stream = stream;
    r->base = from;
    r->skip_first = split->start > 0;
    *ret = (weir_reader *)r;
    return WEIR_OK;
}

void weir_text_reader_close(weir_reader *reader) {
    text_reader *r = (text_reader *)reader;
    if (!r)
        return;
    if (r->built)
        weir_builder_fini(&r->values);
    weir_input_stream_close(r->stream);
    weir_buffer_unref(r->buffer);
    weir_free(r->path);
    weir_free(r);
}
