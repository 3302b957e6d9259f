/* Columns and batches (column.h): life, constants, nulls, verification. Copying (gather, slice, concat) is in
 * column_copy.c. Any thread; a column is written by its maker only. */
#include "common/column/column.h"

#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

weir_column *weir_column_new(const weir_type *type, int32_t length, int32_t children_count) {
    size_t size = sizeof(weir_column) + sizeof(weir_column *) * (size_t)children_count;
    weir_column *column = weir_alloc_zero(1, size);
    column->type = type;
    column->length = length;
    column->null_count = -1;
    column->children_count = children_count;
    column->children = children_count ? (weir_column **)(column + 1) : NULL;
    atomic_init(&column->refs, 1);
    return column;
}

weir_column *weir_column_ref(weir_column *column) {
    if (column)
        atomic_fetch_add_explicit(&column->refs, 1, memory_order_relaxed);
    return column;
}

weir_column *weir_column_unref(weir_column *column) {
    if (!column || atomic_fetch_sub_explicit(&column->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    weir_buffer_unref(column->validity_buffer);
    weir_buffer_unref(column->values_buffer);
    weir_buffer_unref(column->offsets_buffer);
    for (int32_t i = 0; i < column->children_count; i++)
        weir_column_unref(column->children[i]);
    weir_free(column);
    return NULL;
}

void weir_column_unref_ptr(weir_column **column) {
    weir_column_unref(*column);
}

static size_t values_bytes(const weir_type *type, int32_t length) {
    if (type->kind == WEIR_TYPE_BOOLEAN)
        return (size_t)weir_bits_bytes(length);
    return (size_t)weir_type_width(type) * (size_t)length;
}

weir_code weir_column_new_fixed(weir_budget *budget, const weir_type *type, int32_t length, weir_column **ret,
                                weir_error **err) {
    size_t bytes = values_bytes(type, length);
    weir_buffer *values = weir_buffer_new(budget, bytes);
    if (!values)
        WEIR_FAIL_OOM(err);
    if (type->kind == WEIR_TYPE_BOOLEAN)
        memset(values->data, 0, bytes);
    weir_column *column = weir_column_new(type, length, 0);
    column->values_buffer = values;
    column->values = values->data;
    column->null_count = 0;
    *ret = column;
    return WEIR_OK;
}

weir_code weir_column_make_validity(weir_budget *budget, weir_column *column, uint8_t **ret,
                                    weir_error **err) {
    if (!column->validity_buffer) {
        size_t bytes = (size_t)weir_bits_bytes(column->length);
        weir_buffer *validity = weir_buffer_new(budget, bytes);
        if (!validity)
            WEIR_FAIL_OOM(err);
        memset(validity->data, 0xFF, bytes);
        column->validity_buffer = validity;
        column->validity = validity->data;
    }
    column->null_count = -1;
    *ret = column->validity_buffer->data;
    return WEIR_OK;
}

static weir_buffer *zeroed(weir_budget *budget, size_t bytes) {
    weir_buffer *buffer = weir_buffer_new(budget, bytes);
    if (buffer)
        memset(buffer->data, 0, bytes);
    return buffer;
}

/* Children of a null column: STRUCT and VARIANT have one row per row, lists none. */
static weir_code add_null_children(weir_budget *budget, weir_column *column, weir_error **err) {
    const weir_type *type = column->type;
    for (int32_t i = 0; i < column->children_count; i++) {
        bool per_row = weir_type_is_record(type);
        const weir_type *child = weir_type_child(type, i);
        WEIR_TRY(
            weir_column_new_nulls(budget, child, per_row ? column->length : 0, &column->children[i], err));
    }
    return WEIR_OK;
}

weir_code weir_column_new_nulls(weir_budget *budget, const weir_type *type, int32_t length, weir_column **ret,
                                weir_error **err) {
    _cleanup_column_ weir_column *column = weir_column_new(type, length, weir_type_children_count(type));
    column->null_count = length;
    if (type->kind != WEIR_TYPE_NULL) {
        column->validity_buffer = zeroed(budget, (size_t)weir_bits_bytes(length));
        if (!column->validity_buffer)
            WEIR_FAIL_OOM(err);
        column->validity = column->validity_buffer->data;
        column->values_buffer = zeroed(budget, values_bytes(type, length));
        if (!column->values_buffer)
            WEIR_FAIL_OOM(err);
        column->values = column->values_buffer->data;
    }
    if (weir_type_has_offsets(type)) {
        column->offsets_buffer = zeroed(budget, sizeof(int32_t) * ((size_t)length + 1));
        if (!column->offsets_buffer)
            WEIR_FAIL_OOM(err);
        column->offsets = (const int32_t *)column->offsets_buffer->data;
    }
    WEIR_TRY(add_null_children(budget, column, err));
    *ret = column;
    column = NULL;
    return WEIR_OK;
}

static void share(weir_column *to, const weir_column *from) {
    to->validity = from->validity;
    to->values = from->values;
    to->offsets = from->offsets;
    to->validity_buffer = weir_buffer_ref(from->validity_buffer);
    to->values_buffer = weir_buffer_ref(from->values_buffer);
    to->offsets_buffer = weir_buffer_ref(from->offsets_buffer);
}

weir_column *weir_column_constant(weir_column *one, int32_t length) {
    WEIR_ASSERT(one->length >= 1 && one->encoding != WEIR_DICTIONARY);
    weir_column *column = weir_column_new(one->type, length, one->children_count);
    column->encoding = WEIR_CONSTANT;
    column->null_count = weir_column_is_null(one, 0) ? length : 0;
    share(column, one);
    /* A list's children hold the elements of row 0 and stay flat; a struct's are one row each. */
    bool per_row = weir_type_is_record(one->type);
    for (int32_t i = 0; i < one->children_count; i++)
        column->children[i] =
            per_row ? weir_column_constant(one->children[i], length) : weir_column_ref(one->children[i]);
    return column;
}

static weir_code damaged(const char *what, const char *reason, weir_error **err) {
    WEIR_RAISE(err, CORRUPT_FILE, "path", what, "reason", reason);
}

static weir_code verify_offsets(const weir_column *column, int32_t rows, size_t limit, const char *what,
                                weir_error **err) {
    if (!column->offsets)
        return damaged(what, "a column without offsets", err);
    for (int32_t i = 0; i < rows; i++)
        if (column->offsets[i] > column->offsets[i + 1])
            return damaged(what, "offsets that go back", err);
    if (column->offsets[0] < 0 || (size_t)column->offsets[rows] > limit)
        return damaged(what, "offsets out of bounds", err);
    return WEIR_OK;
}

static weir_code verify_dictionary(const weir_column *column, const char *what, weir_error **err) {
    if (column->children_count != 1)
        return damaged(what, "a dictionary column without dictionary", err);
    const int32_t *codes = (const int32_t *)column->values;
    for (int32_t i = 0; i < column->length; i++)
        if ((!column->validity || weir_bit_get(column->validity, i)) &&
            (codes[i] < 0 || codes[i] >= column->children[0]->length))
            return damaged(what, "a dictionary code out of range", err);
    return weir_column_verify(column->children[0], what, err);
}

weir_code weir_column_verify(const weir_column *column, const char *what, weir_error **err) {
    const weir_type *type = column->type;
    int32_t rows = column->encoding == WEIR_CONSTANT ? 1 : column->length;
    if (column->validity_buffer && column->validity_buffer->size < (size_t)weir_bits_bytes(rows))
        return damaged(what, "a short validity bitmap", err);
    if (column->encoding == WEIR_DICTIONARY)
        return verify_dictionary(column, what, err);
    if (column->children_count != weir_type_children_count(type))
        return damaged(what, "a column with the wrong number of children", err);
    if (type->kind != WEIR_TYPE_NULL && !weir_type_is_nested(type) && !weir_type_is_bytes(type) &&
        type->kind != WEIR_TYPE_VARIANT &&
        (!column->values_buffer || column->values_buffer->size < values_bytes(type, rows)))
        return damaged(what, "a short values buffer", err);
    if (weir_type_is_bytes(type))
        WEIR_TRY(
            verify_offsets(column, rows, column->values_buffer ? column->values_buffer->size : 0, what, err));
    if (type->kind == WEIR_TYPE_ARRAY || type->kind == WEIR_TYPE_MAP)
        WEIR_TRY(verify_offsets(column, rows, (size_t)column->children[0]->length, what, err));
    if (type->kind == WEIR_TYPE_MAP && column->children[0]->length != column->children[1]->length)
        return damaged(what, "a map with unequal children", err);
    for (int32_t i = 0; i < column->children_count; i++) {
        bool per_row = weir_type_is_record(type);
        if (per_row && column->children[i]->length < column->length)
            return damaged(what, "a struct with a short child", err);
        WEIR_TRY(weir_column_verify(column->children[i], what, err));
    }
    return WEIR_OK;
}

weir_batch *weir_batch_new(const weir_type *schema, int32_t rows, weir_column *const *columns,
                           int32_t columns_count) {
    weir_batch *batch = weir_alloc(sizeof *batch + sizeof(weir_column *) * (size_t)columns_count);
    batch->schema = schema;
    batch->rows = rows;
    batch->columns_count = columns_count;
    atomic_init(&batch->refs, 1);
    for (int32_t i = 0; i < columns_count; i++)
        batch->columns[i] = columns[i];
    return batch;
}

weir_batch *weir_batch_ref(weir_batch *batch) {
    if (batch)
        atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
    return batch;
}

weir_batch *weir_batch_unref(weir_batch *batch) {
    if (!batch || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    for (int32_t i = 0; i < batch->columns_count; i++)
        weir_column_unref(batch->columns[i]);
    weir_free(batch);
    return NULL;
}

void weir_batch_unref_ptr(weir_batch **batch) {
    weir_batch_unref(*batch);
}
