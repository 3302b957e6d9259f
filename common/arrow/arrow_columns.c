/* Arrow arrays of a message's body as columns.
 *
 * A column takes its nodes and buffers in the order of the fields. Every place is checked against the body
 * and every offset against what it points into before it is used, so nothing is read outside the carrier.
 * Buffers are borrowed where they are aligned to 8; others, and decompressed ones, are copies. 64-bit offsets
 * become 32-bit ones, views become offsets and bytes, nanoseconds become microseconds, dictionaries are
 * decoded. Failure modes: damage (MALFORMED_ARROW_DATA), memory (the budget). Any thread. */
#include <zstd.h>

#include "common/arrow/arrow_int.h"
#include "common/base/alloc.h"
#include "common/types/datetime.h"

static weir_code bad(weir_arrow_body *body, const char *reason) {
    return weir_arrow_damaged(body->what, reason, body->err);
}

static void release_carrier(void *carrier) {
    weir_buffer_unref(carrier);
}

static weir_code copy_bytes(weir_arrow_body *body, const uint8_t *data, size_t size, weir_buffer **ret) {
    weir_buffer *copy = weir_buffer_new(body->budget, size);
    if (!copy)
        WEIR_FAIL_OOM(body->err);
    if (size)
        memcpy(copy->data, data, size);
    *ret = copy;
    return WEIR_OK;
}

/* A buffer of a compressed body: i64 size when decompressed (-1: stored as it is) | bytes. A buffer that
 * would become larger than INT32_MAX is refused before anything is allocated. */
static weir_code decompress(weir_arrow_body *body, const uint8_t *data, size_t size, weir_buffer **ret) {
    if (size < 8)
        return bad(body, "a compressed buffer without its length");
    int64_t length = (int64_t)weir_load64(data);
    if (length == -1)
        return copy_bytes(body, data + 8, size - 8, ret);
    if (length < 0 || length > INT32_MAX)
        return bad(body, "a compressed buffer with an impossible length");
    unsigned long long known = ZSTD_getFrameContentSize(data + 8, size - 8);
    if (known != ZSTD_CONTENTSIZE_UNKNOWN && known != (unsigned long long)length)
        return bad(body, "a compressed buffer with a wrong length");
    _cleanup_buffer_ weir_buffer *plain = weir_buffer_new(body->budget, (size_t)length);
    if (!plain)
        WEIR_FAIL_OOM(body->err);
    if (ZSTD_decompress(plain->data, (size_t)length, data + 8, size - 8) != (size_t)length)
        return bad(body, "a compressed buffer that does not decompress");
    *ret = plain;
    plain = NULL;
    return WEIR_OK;
}

/* The next buffer of the body; NULL where it is empty. */
static weir_code take_buffer(weir_arrow_body *body, weir_buffer **ret) {
    *ret = NULL;
    if (body->buffers_at >= body->buffers.count)
        return bad(body, "a batch with too few buffers");
    uint32_t at = body->buffers_at++;
    int64_t offset = weir_flat_int64(&body->buffers, 2 * at),
            size = weir_flat_int64(&body->buffers, 2 * at + 1);
    if (offset < 0 || size < 0 || (uint64_t)offset > body->size ||
        (uint64_t)size > body->size - (uint64_t)offset)
        return bad(body, "a buffer that passes the end of its message");
    if (size == 0)
        return WEIR_OK;
    const uint8_t *data = body->carrier->data + body->from + offset;
    if (body->compressed)
        return decompress(body, data, (size_t)size, ret);
    if ((uintptr_t)data & 7)
        return copy_bytes(body, data, (size_t)size, ret);
    *ret = weir_buffer_borrow(data, (size_t)size, release_carrier, weir_buffer_ref(body->carrier));
    return WEIR_OK;
}

/* The next buffer, of `size` bytes at least. */
static weir_code take_sized(weir_arrow_body *body, int64_t size, weir_buffer **ret) {
    WEIR_TRY(take_buffer(body, ret));
    if ((int64_t)(*ret ? (*ret)->size : 0) >= size)
        return WEIR_OK;
    *ret = weir_buffer_unref(*ret);
    return bad(body, "a buffer that is shorter than its rows");
}

static weir_code take_node(weir_arrow_body *body, int32_t *ret_rows, int64_t *ret_nulls) {
    if (body->nodes_at >= body->nodes.count)
        return bad(body, "a batch with too few columns");
    uint32_t at = body->nodes_at++;
    int64_t rows = weir_flat_int64(&body->nodes, 2 * at), nulls = weir_flat_int64(&body->nodes, 2 * at + 1);
    if (rows < 0 || rows >= INT32_MAX || nulls < 0 || nulls > rows)
        return bad(body, "a column with an impossible number of rows");
    *ret_rows = (int32_t)rows;
    *ret_nulls = nulls;
    return WEIR_OK;
}

static weir_code take_validity(weir_arrow_body *body, weir_column *column, int64_t nulls) {
    WEIR_TRY(take_sized(body, nulls ? weir_bits_bytes(column->length) : 0, &column->validity_buffer));
    column->null_count = 0;
    if (nulls == 0) {
        column->validity_buffer = weir_buffer_unref(column->validity_buffer);
        return WEIR_OK;
    }
    column->validity = column->validity_buffer->data;
    column->null_count = -1; /* the bitmap counts, not what the message says of it */
    return WEIR_OK;
}

/* Offsets: int32 as they are or int64 narrowed, checked to ascend from 0 at least. *ret_end: the last one. */
static weir_code take_offsets(weir_arrow_body *body, weir_column *column, bool wide, int32_t *ret_end) {
    int32_t rows = column->length;
    _cleanup_buffer_ weir_buffer *source = NULL;
    WEIR_TRY(take_buffer(body, &source));
    size_t size = ((size_t)rows + 1) * (wide ? 8 : 4);
    if (!source && rows == 0) { /* Arrow allows an empty column to have none */
        WEIR_TRY(copy_bytes(body, (const uint8_t *)"\0\0\0\0\0\0\0", 8, &source));
    } else if (!source || source->size < size) {
        return bad(body, "offsets that are shorter than their rows");
    }
    bool ascend = true;
    if (wide) {
        const int64_t *from = (const int64_t *)(const void *)source->data;
        weir_buffer *narrow = weir_buffer_new(body->budget, ((size_t)rows + 1) * 4);
        if (!narrow)
            WEIR_FAIL_OOM(body->err);
        column->offsets_buffer = narrow;
        int32_t *to = (int32_t *)(void *)narrow->data;
        for (int32_t i = 0; i <= rows; i++) {
            ascend &= from[i] >= 0 && from[i] <= INT32_MAX;
            to[i] = (int32_t)from[i];
        }
    } else {
        column->offsets_buffer = source;
        source = NULL;
    }
    const int32_t *offsets = (const int32_t *)(const void *)column->offsets_buffer->data;
    column->offsets = offsets;
    ascend &= offsets[0] >= 0;
    for (int32_t i = 0; i < rows; i++)
        ascend &= offsets[i] <= offsets[i + 1];
    if (!ascend)
        return bad(body, "offsets that do not ascend");
    *ret_end = offsets[rows];
    return WEIR_OK;
}

static weir_code take_bytes(weir_arrow_body *body, weir_column *column, bool wide) {
    int32_t end;
    WEIR_TRY(take_offsets(body, column, wide, &end));
    WEIR_TRY(take_sized(body, end, &column->values_buffer));
    if (!column->values_buffer)
        WEIR_TRY(copy_bytes(body, NULL, 0, &column->values_buffer));
    column->values = column->values_buffer->data;
    return WEIR_OK;
}

/* ---- views: 16 bytes a row: i32 size | 12 bytes, or 4 bytes, i32 buffer, i32 offset ---- */

typedef struct view_source {
    const uint8_t *views;
    weir_buffer **buffers;
    uint32_t count;
} view_source;

/* The bytes behind a view; NULL where it leads out of its buffer. */
static const uint8_t *view_bytes(const view_source *source, int32_t row, int32_t *ret_size) {
    const uint8_t *view = source->views + 16 * (size_t)row;
    int32_t size = (int32_t)weir_load32(view), buffer = (int32_t)weir_load32(view + 8),
            offset = (int32_t)weir_load32(view + 12);
    *ret_size = size;
    if (size < 0)
        return NULL;
    if (size <= 12)
        return view + 4;
    if (buffer < 0 || (uint32_t)buffer >= source->count || offset < 0 || !source->buffers[buffer])
        return NULL;
    const weir_buffer *bytes = source->buffers[buffer];
    if (bytes->size < (size_t)size || bytes->size - (size_t)size < (size_t)offset)
        return NULL;
    return bytes->data + offset;
}

static weir_code copy_views(weir_arrow_body *body, weir_column *column, const view_source *source) {
    int32_t rows = column->length, size;
    int64_t total = 0;
    column->offsets_buffer = weir_buffer_new(body->budget, ((size_t)rows + 1) * 4);
    if (!column->offsets_buffer)
        WEIR_FAIL_OOM(body->err);
    int32_t *offsets = (int32_t *)(void *)column->offsets_buffer->data;
    column->offsets = offsets;
    for (int32_t i = 0; i < rows; i++) {
        offsets[i] = (int32_t)total;
        if (column->validity && !weir_bit_get(column->validity, i))
            continue;
        if (!view_bytes(source, i, &size))
            return bad(body, "a view that leads out of its buffer");
        total += size;
        if (total > INT32_MAX)
            return bad(body, "a column of more than 2 GiB");
    }
    offsets[rows] = (int32_t)total;
    column->values_buffer = weir_buffer_new(body->budget, (size_t)total);
    if (!column->values_buffer)
        WEIR_FAIL_OOM(body->err);
    column->values = column->values_buffer->data;
    for (int32_t i = 0; i < rows; i++)
        if (offsets[i + 1] > offsets[i])
            memcpy(column->values_buffer->data + offsets[i], view_bytes(source, i, &size),
                   (size_t)(offsets[i + 1] - offsets[i]));
    return WEIR_OK;
}

static weir_code take_views(weir_arrow_body *body, weir_column *column) {
    _cleanup_buffer_ weir_buffer *views = NULL;
    WEIR_TRY(take_sized(body, 16 * (int64_t)column->length, &views));
    if (body->variadic_at >= body->variadic.count)
        return bad(body, "views without a count of buffers");
    int64_t count = weir_flat_int64(&body->variadic, body->variadic_at++);
    if (count < 0 || count > (int64_t)(body->buffers.count - body->buffers_at))
        return bad(body, "a batch with too few buffers");
    view_source source = {views ? views->data : NULL,
                          weir_alloc_zero((size_t)count + 1, sizeof(weir_buffer *)), (uint32_t)count};
    weir_code code = WEIR_OK;
    for (int64_t i = 0; i < count && code == WEIR_OK; i++)
        code = take_buffer(body, &source.buffers[i]);
    if (code == WEIR_OK)
        code = copy_views(body, column, &source);
    for (int64_t i = 0; i < count; i++)
        weir_buffer_unref(source.buffers[i]);
    weir_free(source.buffers);
    return code;
}

/* ---- fixed width ---- */

/* Nanoseconds to microseconds, downwards. */
static weir_code cut_nanos(weir_arrow_body *body, weir_column *column) {
    weir_buffer *cut = weir_buffer_new(body->budget, 8 * (size_t)column->length);
    if (!cut)
        WEIR_FAIL_OOM(body->err);
    const int64_t *from = (const int64_t *)(const void *)column->values;
    int64_t *to = (int64_t *)(void *)cut->data;
    for (int32_t i = 0; i < column->length; i++)
        to[i] = from[i] / 1000 - (from[i] % 1000 < 0);
    weir_buffer_unref(column->values_buffer);
    column->values_buffer = cut;
    column->values = cut->data;
    return WEIR_OK;
}

/* month_day_nano: the last word to microseconds. */
static weir_code cut_calendar(weir_arrow_body *body, weir_column *column) {
    weir_buffer *cut = weir_buffer_new(body->budget, 16 * (size_t)column->length);
    if (!cut)
        WEIR_FAIL_OOM(body->err);
    for (int32_t i = 0; i < column->length; i++) {
        weir_calendar_interval interval;
        memcpy(&interval, column->values + 16 * (size_t)i, sizeof interval);
        interval.micros /= 1000;
        memcpy(cut->data + 16 * (size_t)i, &interval, sizeof interval);
    }
    weir_buffer_unref(column->values_buffer);
    column->values_buffer = cut;
    column->values = cut->data;
    return WEIR_OK;
}

static weir_code take_fixed(weir_arrow_body *body, const weir_arrow_field *field, weir_column *column) {
    const weir_type *type = column->type;
    int64_t rows = column->length,
            size = type->kind == WEIR_TYPE_BOOLEAN ? weir_bits_bytes(rows) : rows * weir_type_width(type);
    WEIR_TRY(take_sized(body, size, &column->values_buffer));
    if (!column->values_buffer)
        WEIR_TRY(copy_bytes(body, NULL, 0, &column->values_buffer));
    column->values = column->values_buffer->data;
    if (field->kind == WEIR_ARROW_TIMESTAMP && field->unit == WEIR_ARROW_NANOSECOND)
        return cut_nanos(body, column);
    if (type->kind == WEIR_TYPE_INTERVAL_CALENDAR)
        return cut_calendar(body, column);
    return WEIR_OK;
}

/* ---- nested ---- */

/* The entries struct of a map: its node and (unused) validity; the children are those of the column. */
static weir_code take_entries(weir_arrow_body *body, int32_t *ret_rows) {
    int64_t nulls;
    _cleanup_buffer_ weir_buffer *validity = NULL;
    WEIR_TRY(take_node(body, ret_rows, &nulls));
    WEIR_TRY(take_buffer(body, &validity));
    return nulls ? bad(body, "a map with entries that are null") : WEIR_OK;
}

static int32_t next_rows(const weir_arrow_body *body) {
    int64_t rows =
        body->nodes_at < body->nodes.count ? weir_flat_int64(&body->nodes, 2 * body->nodes_at) : -1;
    return rows >= 0 && rows < INT32_MAX ? (int32_t)rows : -1;
}

static weir_code take_children(weir_arrow_body *body, const weir_arrow_field *field, weir_column *column) {
    int32_t rows = column->length, end = 0;
    bool list = weir_type_is_list(column->type);
    if (list)
        WEIR_TRY(take_offsets(body, column, false, &end));
    if (field->kind == WEIR_ARROW_MAP)
        WEIR_TRY(take_entries(body, &rows));
    else if (list)
        rows = next_rows(body);
    if (list && rows < end)
        return bad(body, "a list that passes its elements");
    for (int32_t i = 0; i < field->children_count; i++) {
        int32_t to = field->swapped ? 1 - i : i;
        WEIR_TRY(weir_arrow_take_column(body, &field->children[i], rows, false, &column->children[to]));
    }
    return WEIR_OK;
}

/* ---- dictionaries ---- */

static int64_t index_at(const weir_arrow_field *field, const uint8_t *indices, int32_t row) {
    uint64_t raw = 0;
    int width = field->index_width, shift = 64 - 8 * width;
    memcpy(&raw, indices + (size_t)row * (size_t)width, (size_t)width);
    return field->index_signed ? (int64_t)(raw << shift) >> shift : (int64_t)raw;
}

static weir_code take_dictionary(weir_arrow_body *body, const weir_arrow_field *field, int32_t rows,
                                 int64_t nulls, weir_column **ret) {
    const weir_arrow_dictionary *dictionary = body->dictionaries;
    while (dictionary && dictionary->id != field->dictionary)
        dictionary = dictionary->next;
    if (!dictionary || !weir_type_equal(dictionary->values->type, field->type))
        return bad(body, "a column without its dictionary");
    _cleanup_column_ weir_column *indices = weir_column_new(weir_type_of(WEIR_TYPE_INT), rows, 0);
    WEIR_TRY(take_validity(body, indices, nulls));
    WEIR_TRY(take_sized(body, (int64_t)rows * field->index_width, &indices->values_buffer));
    _cleanup_free_ int32_t *codes = weir_alloc(sizeof(int32_t) * ((size_t)rows + 1));
    for (int32_t i = 0; i < rows; i++) {
        int64_t code = -1;
        if (!indices->validity || weir_bit_get(indices->validity, i)) {
            code = index_at(field, indices->values_buffer->data, i);
            if (code < 0 || code >= dictionary->values->length)
                return bad(body, "a code that is not in its dictionary");
        }
        codes[i] = (int32_t)code;
    }
    return weir_column_gather(body->budget, dictionary->values, codes, rows, ret, body->err);
}

weir_code weir_arrow_take_column(weir_arrow_body *body, const weir_arrow_field *field, int32_t rows,
                                 bool plain, weir_column **ret) {
    int32_t length;
    int64_t nulls;
    WEIR_TRY(take_node(body, &length, &nulls));
    if (length != rows)
        return bad(body, "a column with another number of rows than its batch");
    if (field->in_dictionary && !plain)
        return take_dictionary(body, field, rows, nulls, ret);
    const weir_type *type = field->type;
    if (type->kind == WEIR_TYPE_NULL) {
        *ret = weir_column_new(type, rows, 0);
        (*ret)->null_count = rows;
        return WEIR_OK;
    }
    _cleanup_column_ weir_column *column = weir_column_new(type, rows, field->children_count);
    WEIR_TRY(take_validity(body, column, nulls));
    if (field->kind == WEIR_ARROW_UTF8_VIEW || field->kind == WEIR_ARROW_BINARY_VIEW)
        WEIR_TRY(take_views(body, column));
    else if (weir_type_is_bytes(type))
        WEIR_TRY(take_bytes(body, column,
                            field->kind == WEIR_ARROW_LARGE_UTF8 || field->kind == WEIR_ARROW_LARGE_BINARY));
    else if (weir_type_is_nested(type) || type->kind == WEIR_TYPE_VARIANT)
        WEIR_TRY(take_children(body, field, column));
    else
        WEIR_TRY(take_fixed(body, field, column));
    *ret = column;
    column = NULL;
    return WEIR_OK;
}
