/* The growing byte area behind weir_rows, shared by row_codec.c and sort_key.c. Private to the folder. */
#pragma once

#include <stdlib.h>

#include "common/base/compiler.h"
#include "common/column/row_codec.h"

/* Grows the area so that `extra` more bytes (and the spare) fit. False where memory is refused. */
bool weir_row_buffer_grow(weir_rows *rows, size_t extra);
/* Empties it and makes room for `count` offsets. */
bool weir_row_buffer_reset(weir_rows *rows, int32_t count);
weir_code weir_row_buffer_refused(const weir_rows *rows, weir_error **err);

/* True where the type holds a string with a collation other than UTF8_BINARY. */
bool weir_row_buffer_collated(const weir_type *type);

static inline bool weir_row_buffer_room(weir_rows *rows, size_t extra) {
    return WEIR_LIKELY(rows->size + extra + WEIR_BUFFER_SPARE <= rows->capacity) ||
           weir_row_buffer_grow(rows, extra);
}
static inline bool weir_row_buffer_put(weir_rows *rows, const void *data, size_t size) {
    if (!weir_row_buffer_room(rows, size))
        return false;
    if (size)
        memcpy(rows->data + rows->size, data, size);
    rows->size += size;
    return true;
}
static inline bool weir_row_buffer_u32(weir_rows *rows, uint32_t value) {
    return weir_row_buffer_put(rows, &value, 4);
}

/* Row of `column` -> row of its children (a CONSTANT column's children hold one row). */
static inline int32_t weir_row_buffer_slot(const weir_column *column, int32_t row) {
    return column->encoding == WEIR_CONSTANT ? 0 : row;
}
