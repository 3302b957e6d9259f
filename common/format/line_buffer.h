/* A split of a file, chunk by chunk, cut into lines: what the readers of text, json and csv share.
 *
 *     taken      the next lines        a line's beginning
 *   |---------|------------------------|-----------------|  pad: WEIR_LINE_PAD bytes of '\n'
 *   0        pos                    complete            size
 *
 * The buffer holds one chunk plus the line that began in the one before; a line longer than the buffer
 * doubles it, up to 1 GiB. A line belongs to the split in which it starts: a split that does not start the
 * file begins one separator earlier and passes over the line that ends there. Failure:
 * FAILED_READ_FILE.NO_HINT with the file's name, OUT_OF_MEMORY, what the file system reports. One task
 * thread. */
#pragma once

#include "common/base/buffer.h"
#include "common/format/format.h"
#include "common/format/input_stream.h"

#define WEIR_LINE_PAD 64

typedef struct weir_line_buffer {
    /* settings */
    weir_str separator; /* empty: \n, \r\n or \r */
    size_t unit;        /* separators stand on multiples of it (UTF-16: 2); else 1 */
    int32_t chunk_size; /* bytes asked from the file at once */
    weir_budget *budget;
    /* state */
    char *path;
    int64_t split_end; /* -1: to the end of the file */
    weir_input_stream *stream;
    weir_buffer *buffer;
    uint8_t *data;
    size_t capacity;  /* without the pad */
    size_t pos, size; /* next byte to take, end of the data */
    size_t complete;  /* end of the whole lines in the data; with a separator of its own only at the end */
    size_t searched;  /* no separator starts in [pos, searched) */
    int64_t base;     /* file offset of data[0] */
    bool eof;
    bool skip_first; /* the line that ends at the split's start is still to be passed over */
} weir_line_buffer;

/* The settings are made before. `whole`: the split's range is not looked at. */
weir_code weir_line_buffer_open(weir_line_buffer *lines, weir_fs *fs, const weir_split *split, bool whole,
                                weir_error **err);
void weir_line_buffer_close(weir_line_buffer *lines); /* accepts one that was not opened */
/* Drops what was taken and reads the next chunk. */
weir_code weir_line_buffer_fill(weir_line_buffer *lines, weir_error **err);
/* The end of the line at `pos` and the start of the next; false where more data is needed. */
bool weir_line_buffer_find(weir_line_buffer *lines, size_t *ret_end, size_t *ret_next);
/* Moves to the first line that starts in the split (once); needs no data to be there. */
weir_code weir_line_buffer_skip_first(weir_line_buffer *lines, weir_error **err);
/* Is there no further line that starts in the split? (A last line may still have to be read.) */
bool weir_line_buffer_done(const weir_line_buffer *lines);
/* The end of the whole lines of the data that start in the split, or a place before `pos`: standard line ends
 * only. */
size_t weir_line_buffer_limit(const weir_line_buffer *lines);
/* Behind the standard line end at `at`, or `at` itself at the end of the data. */
static inline size_t weir_line_buffer_behind(const weir_line_buffer *lines, size_t at) {
    if (at >= lines->size)
        return lines->size;
    if (lines->data[at] == '\r' && at + 1 < lines->size && lines->data[at + 1] == '\n')
        return at + 2;
    return at + 1;
}
/* FAILED_READ_FILE.NO_HINT with the file's name. */
weir_code weir_line_buffer_fail(const weir_line_buffer *lines, const char *reason, weir_error **err);
