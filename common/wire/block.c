/* Blocks (block.h): flat columns to 8-aligned bytes and back without copying. */
#include "common/wire/block.h"

#include "common/base/alloc.h"

#define MAGIC 0x4B4C4257u /* "WBLK" */
#define DEPTH_MAX 200

static void pad(weir_strbuf *buf) {
    weir_strbuf_add_repeat(buf, 0, (8 - (buf->size & 7)) & 7);
}

static void put(weir_strbuf *buf, const void *data, size_t size) {
    weir_strbuf_add(buf, (weir_str){data, size});
    pad(buf);
}

/* Offsets rebased to start at 0. */
static void put_offsets(weir_strbuf *buf, const int32_t *offsets, int32_t length) {
    if (offsets[0] == 0) {
        put(buf, offsets, sizeof(int32_t) * ((size_t)length + 1));
        return;
    }
    for (int32_t i = 0; i <= length; i++) {
        int32_t offset = offsets[i] - offsets[0];
        weir_strbuf_add(buf, (weir_str){(const char *)&offset, 4});
    }
    pad(buf);
}

static size_t fixed_bytes(const weir_type *type, int32_t length) {
    if (type->kind == WEIR_TYPE_BOOLEAN)
        return (size_t)weir_bits_bytes(length);
    return (size_t)weir_type_width(type) * (size_t)length;
}

static weir_code put_column(weir_strbuf *buf, weir_column *any, int32_t length, weir_error **err);

/* Children of lists: only the elements that the offsets cover. */
static weir_code put_elements(weir_strbuf *buf, const weir_column *column, int32_t length, weir_error **err) {
    int32_t from = column->offsets[0], count = column->offsets[length] - from;
    for (int32_t i = 0; i < column->children_count; i++) {
        _cleanup_column_ weir_column *part = NULL;
        WEIR_TRY(weir_column_slice(NULL, column->children[i], from, count, &part, err));
        WEIR_TRY(put_column(buf, part, count, err));
    }
    return WEIR_OK;
}

static weir_code put_column(weir_strbuf *buf, weir_column *any, int32_t length, weir_error **err) {
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_column_flatten(NULL, any, &column, err));
    const weir_type *type = column->type;
    bool validity = column->validity && column->null_count != 0;
    uint32_t head[2] = {validity ? 1 : 0, (uint32_t)length};
    put(buf, head, sizeof head);
    if (validity)
        put(buf, column->validity, (size_t)weir_bits_bytes(length));
    if (weir_type_is_bytes(type)) {
        put_offsets(buf, column->offsets, length);
        put(buf, column->values + column->offsets[0], (size_t)(column->offsets[length] - column->offsets[0]));
    } else if (weir_type_is_list(type)) {
        put_offsets(buf, column->offsets, length);
        return put_elements(buf, column, length, err);
    } else if (weir_type_is_record(type)) {
        for (int32_t i = 0; i < column->children_count; i++)
            WEIR_TRY(put_column(buf, column->children[i], length, err));
    } else if (type->kind != WEIR_TYPE_NULL) {
        put(buf, column->values, fixed_bytes(type, length));
    }
    return WEIR_OK;
}

weir_code weir_block_encode(weir_strbuf *buf, const weir_batch *batch, weir_error **err) {
    uint32_t head[4] = {MAGIC, (uint32_t)batch->rows, (uint32_t)batch->columns_count, 0};
    put(buf, head, sizeof head);
    for (int32_t i = 0; i < batch->columns_count; i++)
        WEIR_TRY(put_column(buf, batch->columns[i], batch->rows, err));
    return WEIR_OK;
}

weir_code weir_block_encode_column(weir_strbuf *buf, weir_column *column, weir_error **err) {
    return put_column(buf, column, column->length, err);
}

typedef struct reader {
    weir_buffer *buffer;
    size_t at;
    const char *what;
    weir_error **err;
} reader;

static weir_code bad(reader *r, const char *reason) {
    WEIR_RAISE(r->err, CORRUPT_FILE, "path", r->what, "reason", reason);
}

static void release_buffer(void *buffer) {
    weir_buffer_unref(buffer);
}

/* A view of the next `size` bytes that keeps the carrier alive; moves behind the padding. */
static weir_code take(reader *r, size_t size, weir_buffer **ret) {
    size_t padded = (size + 7) & ~(size_t)7;
    if (r->at > r->buffer->size || padded < size || r->buffer->size - r->at < padded)
        return bad(r, "a block passes its end");
    *ret = weir_buffer_borrow(r->buffer->data + r->at, size, release_buffer, weir_buffer_ref(r->buffer));
    r->at += padded;
    return WEIR_OK;
}

static weir_code take_head(reader *r, void *ret, size_t size) {
    if (r->at > r->buffer->size || r->buffer->size - r->at < size)
        return bad(r, "a block ends too early");
    memcpy(ret, r->buffer->data + r->at, size);
    r->at += size;
    return WEIR_OK;
}

static weir_code take_column(reader *r, const weir_type *type, int32_t rows, int depth, weir_column **ret);

static weir_code take_offsets(reader *r, weir_column *column, int32_t *ret_end) {
    WEIR_TRY(take(r, sizeof(int32_t) * ((size_t)column->length + 1), &column->offsets_buffer));
    column->offsets = (const int32_t *)column->offsets_buffer->data;
    if (column->offsets[0] != 0)
        return bad(r, "offsets that do not start at 0");
    for (int32_t i = 0; i < column->length; i++)
        if (column->offsets[i] > column->offsets[i + 1])
            return bad(r, "offsets that go back");
    *ret_end = column->offsets[column->length];
    return WEIR_OK;
}

static weir_code take_values(reader *r, weir_column *column, int depth) {
    const weir_type *type = column->type;
    int32_t end = column->length;
    if (weir_type_is_bytes(type) || weir_type_is_list(type))
        WEIR_TRY(take_offsets(r, column, &end));
    if (!weir_type_is_list(type) && !weir_type_is_record(type) && type->kind != WEIR_TYPE_NULL) {
        size_t size = weir_type_is_bytes(type) ? (size_t)end : fixed_bytes(type, column->length);
        WEIR_TRY(take(r, size, &column->values_buffer));
        column->values = column->values_buffer->data;
    }
    for (int32_t i = 0; i < column->children_count; i++)
        WEIR_TRY(take_column(r, weir_type_child(type, i), end, depth + 1, &column->children[i]));
    return WEIR_OK;
}

static weir_code take_column(reader *r, const weir_type *type, int32_t rows, int depth, weir_column **ret) {
    uint32_t head[2];
    if (depth > DEPTH_MAX)
        return bad(r, "nested too deeply");
    WEIR_TRY(take_head(r, head, sizeof head));
    if (head[0] > 1 || head[1] != (uint32_t)rows)
        return bad(r, "a column with a wrong head");
    _cleanup_column_ weir_column *column = weir_column_new(type, rows, weir_type_children_count(type));
    column->null_count = head[0] ? -1 : 0;
    if (head[0]) {
        WEIR_TRY(take(r, (size_t)weir_bits_bytes(rows), &column->validity_buffer));
        column->validity = column->validity_buffer->data;
    }
    if (type->kind == WEIR_TYPE_NULL)
        column->null_count = rows;
    WEIR_TRY(take_values(r, column, depth));
    *ret = column;
    column = NULL;
    return WEIR_OK;
}

static weir_code take_batch(reader *r, const weir_type *schema, weir_column **columns, weir_batch **ret) {
    uint32_t head[4];
    WEIR_TRY(take_head(r, head, sizeof head));
    if (head[0] != MAGIC || head[1] > INT32_MAX || head[2] != (uint32_t)schema->fields_count)
        return bad(r, "a wrong block head");
    for (int32_t i = 0; i < schema->fields_count; i++)
        WEIR_TRY(take_column(r, schema->fields[i].type, (int32_t)head[1], 0, &columns[i]));
    *ret = weir_batch_new(schema, (int32_t)head[1], columns, schema->fields_count);
    return WEIR_OK;
}

weir_code weir_block_decode(const weir_type *schema, weir_buffer *buffer, size_t offset, const char *what,
                            weir_batch **ret, size_t *ret_end, weir_error **err) {
    reader r = {buffer, offset, what, err};
    _cleanup_free_ weir_column **columns = weir_alloc_zero((size_t)schema->fields_count, sizeof(*columns));
    weir_code code = take_batch(&r, schema, columns, ret);
    for (int32_t i = 0; code != WEIR_OK && i < schema->fields_count; i++)
        weir_column_unref(columns[i]);
    *ret_end = r.at;
    return code;
}

weir_code weir_block_decode_column(const weir_type *type, int32_t rows, weir_str bytes, const char *what,
                                   weir_column **ret, weir_error **err) {
    _cleanup_buffer_ weir_buffer *copy = weir_buffer_new(NULL, bytes.size);
    if (!copy)
        WEIR_FAIL_OOM(err);
    if (bytes.size)
        memcpy(copy->data, bytes.data, bytes.size);
    reader r = {copy, 0, what, err};
    return take_column(&r, type, rows, 0, ret);
}
