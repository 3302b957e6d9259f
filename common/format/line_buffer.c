/* Chunks and lines of a split (line_buffer.h). */
#include "common/format/line_buffer.h"

#include "common/base/alloc.h"
#include "common/format/json_scan.h"

#define LINE_MAX_BYTES ((size_t)1 << 30)
#define BEYOND_SPLIT 16384 /* bytes read behind the split's end at once: its last line ends there */

weir_code weir_line_buffer_fail(const weir_line_buffer *lines, const char *reason, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    WEIR_RAISE(err, FAILED_READ_FILE__NO_HINT, "path", weir_fs_uri(arena, lines->path), "reason", reason);
}

/* ---- chunks ---- */

static weir_code grow(weir_line_buffer *b, weir_error **err) {
    size_t capacity = b->capacity ? b->capacity * 2 : WEIR_MAX((size_t)b->chunk_size, (size_t)16);
    if (capacity > LINE_MAX_BYTES)
        return weir_line_buffer_fail(b, "A record is longer than 1 GiB.", err);
    if (!b->buffer)
        b->buffer = weir_buffer_new(b->budget, capacity + WEIR_LINE_PAD);
    else if (!weir_buffer_reserve(b->buffer, capacity + WEIR_LINE_PAD))
        WEIR_FAIL_OOM(err);
    if (!b->buffer)
        WEIR_FAIL_OOM(err);
    b->data = b->buffer->data;
    b->capacity = capacity;
    return WEIR_OK;
}

/* Bytes to ask for: a chunk, but not far beyond the split's end. */
static size_t want_bytes(const weir_line_buffer *b) {
    size_t want = WEIR_MIN(b->capacity - b->size, (size_t)b->chunk_size);
    if (b->split_end >= 0) {
        int64_t left = WEIR_MAX(b->split_end - (b->base + (int64_t)b->size), (int64_t)0) + BEYOND_SPLIT;
        want = (size_t)WEIR_MIN((int64_t)want, left);
    }
    return WEIR_MAX(want, (size_t)1);
}

/* End of the last whole line in the data, given that none ended before `from`. */
static size_t find_complete(const weir_line_buffer *b, size_t from) {
    const uint8_t *newline = memrchr(b->data + from, '\n', b->size - from);
    if (newline)
        return (size_t)(newline - b->data) + 1;
    size_t limit = b->size > from && b->data[b->size - 1] == '\r' ? b->size - 1 : b->size;
    if (from && b->data[from - 1] == '\r' && limit >= from) /* it was the last byte then */
        from--;
    const uint8_t *cr = memrchr(b->data + from, '\r', limit > from ? limit - from : 0);
    return cr ? (size_t)(cr - b->data) + 1 : 0;
}

weir_code weir_line_buffer_fill(weir_line_buffer *b, weir_error **err) {
    size_t tail = b->size - b->pos, got = 0;
    if (b->pos) {
        memmove(b->data, b->data + b->pos, tail);
        b->base += (int64_t)b->pos;
        b->searched -= WEIR_MIN(b->searched, b->pos);
        b->pos = 0;
        b->size = tail;
    }
    if (b->size == b->capacity)
        WEIR_TRY(grow(b, err));
    WEIR_TRY(weir_input_stream_read(b->stream, b->data + b->size, want_bytes(b), &got, err));
    b->size += got;
    b->eof = got == 0;
    memset(b->data + b->size, '\n', WEIR_LINE_PAD);
    if (b->eof)
        b->complete = b->size;
    else if (!b->separator.size)
        b->complete = find_complete(b, tail);
    return WEIR_OK;
}

/* ---- lines ---- */

static bool find_any(weir_line_buffer *b, size_t *ret_end, size_t *ret_next) {
    const uint8_t *limit = b->data + b->size;
    size_t at = (size_t)(weir_json_scan_line_end(b->data + WEIR_MAX(b->pos, b->searched), limit) - b->data);
    b->searched = at;
    if (!b->eof && (at == b->size || (b->data[at] == '\r' && at + 1 == b->size)))
        return false; /* a '\r' may be half of a line end */
    *ret_end = at;
    *ret_next = b->searched = weir_line_buffer_behind(b, at);
    return true;
}

bool weir_line_buffer_find(weir_line_buffer *b, size_t *ret_end, size_t *ret_next) {
    weir_str sep = b->separator;
    if (sep.size == 0)
        return find_any(b, ret_end, ret_next);
    size_t from = WEIR_MAX(b->searched, b->pos);
    while (from + sep.size <= b->size) {
        const uint8_t *hit = memmem(b->data + from, b->size - from, sep.data, sep.size);
        if (!hit)
            break;
        size_t at = (size_t)(hit - b->data);
        if (b->unit < 2 || (b->base + (int64_t)at) % (int64_t)b->unit == 0) {
            *ret_end = at;
            *ret_next = b->searched = at + sep.size;
            return true;
        }
        from = at + 1;
    }
    b->searched = b->size >= sep.size ? WEIR_MAX(b->size - sep.size + 1, b->pos) : b->pos;
    *ret_end = *ret_next = b->size;
    return b->eof;
}

weir_code weir_line_buffer_skip_first(weir_line_buffer *b, weir_error **err) {
    size_t end, next;
    if (!b->skip_first)
        return WEIR_OK;
    b->skip_first = false;
    do {
        /* What cannot begin a separator is not kept. */
        b->pos = WEIR_MAX(b->pos, WEIR_MIN(b->searched, b->size));
        WEIR_TRY(weir_line_buffer_fill(b, err));
    } while (!weir_line_buffer_find(b, &end, &next));
    b->pos = next;
    return WEIR_OK;
}

bool weir_line_buffer_done(const weir_line_buffer *b) {
    bool outside = b->split_end >= 0 && b->base + (int64_t)b->pos >= b->split_end;
    return outside || (b->eof && b->pos >= b->size);
}

size_t weir_line_buffer_limit(const weir_line_buffer *b) {
    int64_t end = b->split_end >= 0 ? b->split_end - b->base : INT64_MAX;
    return end < (int64_t)b->complete ? (size_t)WEIR_MAX(end, (int64_t)0) : b->complete;
}

/* ---- life ---- */

weir_code weir_line_buffer_open(weir_line_buffer *b, weir_fs *fs, const weir_split *split, bool whole,
                                weir_error **err) {
    int64_t start = whole ? 0 : split->start;
    /* From far enough before the start that a line end which closes there is seen. */
    int64_t before = b->separator.size ? (int64_t)b->separator.size : 1;
    int64_t offset = start > 0 ? WEIR_MAX(start - before, (int64_t)0) : 0;
    WEIR_TRY(weir_input_stream_open(fs, split->path, offset, &b->stream, err));
    b->path = weir_strdup(split->path);
    b->split_end = whole ? -1 : split->end;
    b->base = offset;
    b->skip_first = start > 0;
    return WEIR_OK;
}

void weir_line_buffer_close(weir_line_buffer *b) {
    weir_input_stream_close(b->stream);
    weir_buffer_unref(b->buffer);
    weir_free(b->path);
    *b = (weir_line_buffer){0};
}
