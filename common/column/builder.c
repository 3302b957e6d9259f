/* Column builders (builder.h): buffers that double, finish hands them out. One thread. */
#include "common/column/builder.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"

static size_t fixed_bytes(const weir_type *type, int32_t rows) {
    if (type->kind == WEIR_TYPE_BOOLEAN)
        return (size_t)weir_bits_bytes(rows);
    return (size_t)weir_type_width(type) * (size_t)rows;
}

/* Makes *buffer hold `bytes`; zeroes what was added where bits are set one by one. */
static bool ensure(weir_buffer **buffer, weir_budget *budget, size_t bytes, bool zero_new) {
    size_t had = *buffer ? (*buffer)->capacity : 0;
    if (!*buffer)
        *buffer = weir_buffer_new(budget, bytes);
    else if (!weir_buffer_reserve(*buffer, bytes))
        return false;
    if (!*buffer)
        return false;
    if (zero_new && (*buffer)->capacity > had)
        memset((*buffer)->data + had, 0, (*buffer)->capacity - had);
    return true;
}

static bool set_capacity(weir_builder *b, int32_t capacity) {
    const weir_type *type = b->type;
    if (!ensure(&b->validity_buffer, b->budget, (size_t)weir_bits_bytes(capacity), true))
        return false;
    b->validity = b->validity_buffer->data;
    size_t bytes = fixed_bytes(type, capacity);
    if (bytes) {
        if (!ensure(&b->values_buffer, b->budget, bytes, type->kind == WEIR_TYPE_BOOLEAN))
            return false;
        b->values = b->values_buffer->data;
    }
    if (weir_type_is_bytes(type) && !b->values_buffer) { /* never NULL: offsets are added to it */
        if (!ensure(&b->values_buffer, b->budget, 16, false))
            return false;
        b->values = b->values_buffer->data;
        b->bytes_capacity = b->values_buffer->capacity;
    }
    if (weir_type_has_offsets(type)) {
        bool fresh = !b->offsets_buffer;
        if (!ensure(&b->offsets_buffer, b->budget, sizeof(int32_t) * ((size_t)capacity + 1), false))
            return false;
        b->offsets = (int32_t *)b->offsets_buffer->data;
        if (fresh)
            b->offsets[0] = 0;
    }
    b->capacity = capacity;
    return true;
}

weir_code weir_builder_init(weir_builder *b, weir_budget *budget, const weir_type *type, int32_t capacity,
                            weir_error **err) {
    *b = (weir_builder){.type = type, .budget = budget};
    b->children_count = weir_type_children_count(type);
    if (b->children_count)
        b->children = weir_alloc_zero((size_t)b->children_count, sizeof(weir_builder));
    if (!set_capacity(b, WEIR_MAX(capacity, 8))) {
        weir_builder_fini(b);
        WEIR_FAIL_OOM(err);
    }
    for (int32_t i = 0; i < b->children_count; i++) {
        weir_code code = weir_builder_init(&b->children[i], budget, weir_type_child(type, i), capacity, err);
        if (code != WEIR_OK) {
            weir_builder_fini(b);
            return code;
        }
    }
    return WEIR_OK;
}

void weir_builder_fini(weir_builder *b) {
    for (int32_t i = 0; i < b->children_count && b->children; i++)
        weir_builder_fini(&b->children[i]);
    weir_free(b->children);
    weir_buffer_unref(b->validity_buffer);
    weir_buffer_unref(b->values_buffer);
    weir_buffer_unref(b->offsets_buffer);
    *b = (weir_builder){0};
}

bool weir_builder_grow(weir_builder *b, int32_t rows_extra) {
    int64_t need = (int64_t)b->length + rows_extra;
    if (need <= b->capacity)
        return true;
    if (need > INT32_MAX / 2)
        return false;
    return set_capacity(b, (int32_t)WEIR_MAX(need, (int64_t)b->capacity * 2));
}

bool weir_builder_grow_bytes(weir_builder *b, size_t bytes_extra) {
    size_t need = b->bytes_size + bytes_extra;
    if (need <= b->bytes_capacity)
        return true;
    if (need > INT32_MAX)
        return false;
    size_t capacity = WEIR_MAX(need, WEIR_MAX(b->bytes_capacity * 2, (size_t)256));
    if (!ensure(&b->values_buffer, b->budget, capacity, false))
        return false;
    b->values = b->values_buffer->data;
    b->bytes_capacity = b->values_buffer->capacity;
    return true;
}

bool weir_builder_null(weir_builder *b) {
    if (b->length == b->capacity && !weir_builder_grow(b, 1))
        return false;
    if (weir_type_is_record(b->type))
        for (int32_t i = 0; i < b->children_count; i++)
            if (!weir_builder_null(&b->children[i]))
                return false;
    size_t width = (size_t)weir_type_width(b->type);
    if (width)
        memset(b->values + width * (size_t)b->length, 0, width);
    weir_bit_clear(b->validity, b->length);
    b->length++;
    b->null_count++;
    if (b->offsets)
        b->offsets[b->length] = b->offsets[b->length - 1];
    return true;
}

bool weir_builder_bytes(weir_builder *b, const void *data, size_t size) {
    if (b->length == b->capacity && !weir_builder_grow(b, 1))
        return false;
    if (b->bytes_capacity - b->bytes_size < size && !weir_builder_grow_bytes(b, size))
        return false;
    if (size)
        memcpy(b->values + b->bytes_size, data, size);
    b->bytes_size += size;
    weir_bit_set(b->validity, b->length++);
    b->offsets[b->length] = (int32_t)b->bytes_size;
    return true;
}

bool weir_builder_bool(weir_builder *b, bool value) {
    if (b->length == b->capacity && !weir_builder_grow(b, 1))
        return false;
    weir_bit_put(b->values, b->length, value);
    weir_bit_set(b->validity, b->length++);
    return true;
}

bool weir_builder_struct_end(weir_builder *b) {
    if (b->length == b->capacity && !weir_builder_grow(b, 1))
        return false;
    weir_bit_set(b->validity, b->length++);
    return true;
}

bool weir_builder_list_end(weir_builder *b) {
    if (b->length == b->capacity && !weir_builder_grow(b, 1))
        return false;
    weir_bit_set(b->validity, b->length++);
    b->offsets[b->length] = b->children[0].length;
    return true;
}

bool weir_builder_copy(weir_builder *b, const weir_column *column, int32_t row) {
    if (column->encoding == WEIR_DICTIONARY) {
        if (column->validity && !weir_bit_get(column->validity, row))
            return weir_builder_null(b);
        return weir_builder_copy(b, column->children[0], ((const int32_t *)column->values)[row]);
    }
    if (weir_column_is_null(column, row))
        return weir_builder_null(b);
    int32_t slot = weir_column_slot(column, row);
    const weir_type *type = b->type;
    if (weir_type_is_bytes(type)) {
        weir_str bytes = weir_column_bytes(column, row);
        return weir_builder_bytes(b, bytes.data, bytes.size);
    }
    if (type->kind == WEIR_TYPE_BOOLEAN)
        return weir_builder_bool(b, weir_bit_get(column->values, slot));
    if (weir_type_is_record(type)) {
        for (int32_t i = 0; i < b->children_count; i++)
            if (!weir_builder_copy(&b->children[i], column->children[i], row))
                return false;
        return weir_builder_struct_end(b);
    }
    if (b->offsets) {
        for (int32_t i = 0; i < b->children_count; i++)
            for (int32_t at = column->offsets[slot]; at < column->offsets[slot + 1]; at++)
                if (!weir_builder_copy(&b->children[i], column->children[i], at))
                    return false;
        return weir_builder_list_end(b);
    }
    if (b->length == b->capacity && !weir_builder_grow(b, 1))
        return false;
    size_t width = (size_t)weir_type_width(type);
    memcpy(b->values + width * (size_t)b->length, column->values + width * (size_t)slot, width);
    weir_bit_set(b->validity, b->length++);
    return true;
}

void weir_builder_truncate(weir_builder *b, int32_t length) {
    WEIR_ASSERT(length <= b->length);
    for (int32_t row = length; row < b->length; row++) {
        b->null_count -= !weir_bit_get(b->validity, row);
        weir_bit_clear(b->validity, row);
        if (b->type->kind == WEIR_TYPE_BOOLEAN)
            weir_bit_clear(b->values, row);
    }
    b->length = length;
    if (weir_type_is_bytes(b->type))
        b->bytes_size = (size_t)b->offsets[length];
    for (int32_t i = 0; i < b->children_count; i++) {
        int32_t rows = b->offsets ? b->offsets[length] : length;
        if (b->children[i].length > rows)
            weir_builder_truncate(&b->children[i], rows);
    }
}

static void hand_out(weir_builder *b, weir_column *column) {
    const weir_type *type = b->type;
    if (type->kind != WEIR_TYPE_NULL && b->null_count) {
        b->validity_buffer->size = (size_t)weir_bits_bytes(b->length);
        column->validity_buffer = b->validity_buffer;
        column->validity = b->validity;
        b->validity_buffer = NULL;
    }
    if (b->values_buffer) {
        b->values_buffer->size = weir_type_is_bytes(type) ? b->bytes_size : fixed_bytes(type, b->length);
        column->values_buffer = b->values_buffer;
        column->values = b->values;
        b->values_buffer = NULL;
    }
    if (b->offsets_buffer) {
        b->offsets_buffer->size = sizeof(int32_t) * ((size_t)b->length + 1);
        column->offsets_buffer = b->offsets_buffer;
        column->offsets = b->offsets;
        b->offsets_buffer = NULL;
    }
}

weir_code weir_builder_finish(weir_builder *b, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *column = weir_column_new(b->type, b->length, b->children_count);
    column->null_count = b->null_count;
    for (int32_t i = 0; i < b->children_count; i++)
        WEIR_TRY(weir_builder_finish(&b->children[i], &column->children[i], err));
    size_t bytes_capacity = b->bytes_capacity;
    hand_out(b, column);
    if (b->validity_buffer) { /* no nulls: it stays here for the next column */
        memset(b->validity, 0, b->validity_buffer->capacity);
    }
    b->values = NULL;
    b->offsets = NULL;
    b->length = b->null_count = 0;
    b->bytes_size = b->bytes_capacity = 0;
    if (!set_capacity(b, b->capacity) || (bytes_capacity && !weir_builder_grow_bytes(b, bytes_capacity)))
        WEIR_FAIL_OOM(err);
    *ret = column;
    column = NULL;
    return WEIR_OK;
}
