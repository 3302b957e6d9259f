/* Result columns of kernels: fixed-width, boolean and variable-width builders over the task's budget.
 * A refused allocation is OUT_OF_MEMORY. Any thread. */
#include "common/expr/expr_int.h"

#include <limits.h>

weir_code weir_result_fixed(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    return weir_column_new_fixed(call->eval->budget, call->type, call->rows, ret, err);
}

weir_code weir_result_null(const weir_kernel_call *call, weir_column *column, int32_t row, weir_error **err) {
    uint8_t *validity;
    if (column->validity_buffer == NULL) {
        WEIR_TRY(weir_column_make_validity(call->eval->budget, column, &validity, err));
        column->null_count = -1;
    }
    weir_bit_clear(column->validity_buffer->data, row);
    return WEIR_OK;
}

uint8_t *weir_result_truth_new(const weir_kernel_call *call) {
    size_t size = (size_t)call->rows + 8;
    if (call->sel.rows || call->sel.count < call->rows)
        return weir_arena_zalloc(call->eval->arena, size);
    uint8_t *truth = weir_arena_alloc(call->eval->arena, size);
    memset(truth + call->rows, 0, 8);
    return truth;
}

/* Eight 0/1 bytes become the eight bits of one byte by one multiplication. */
static void pack_bits(uint8_t *bits, const uint8_t *truth, int32_t rows) {
    for (int32_t i = 0; i < rows; i += 8)
        bits[i >> 3] = (uint8_t)((weir_load64(truth + i) * UINT64_C(0x0102040810204080)) >> 56);
}

weir_code weir_result_truth(const weir_kernel_call *call, const uint8_t *truth, weir_column **ret,
                            weir_error **err) {
    weir_column *column;
    WEIR_TRY(
        weir_column_new_fixed(call->eval->budget, weir_type_of(WEIR_TYPE_BOOLEAN), call->rows, &column, err));
    column->type = call->type;
    pack_bits(weir_column_values(column), truth, call->rows);
    *ret = column;
    return WEIR_OK;
}

weir_code weir_result_all_null(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *one = NULL;
    WEIR_TRY(weir_column_new_nulls(call->eval->budget, call->type, 1, &one, err));
    *ret = weir_column_constant(one, call->rows);
    return WEIR_OK;
}

bool weir_row_is_live(const weir_kernel_call *call, int32_t row) {
    for (int32_t i = 0; i < call->args_count; i++)
        if (weir_column_is_null(call->args[i], row))
            return false;
    return true;
}

weir_code weir_column_plain(weir_budget *budget, weir_column *column, weir_column **ret, weir_error **err) {
    if (column->encoding != WEIR_DICTIONARY) {
        *ret = column;
        return WEIR_OK;
    }
    weir_column *flat;
    weir_code code = weir_column_flatten(budget, column, &flat, err);
    weir_column_unref(column);
    if (code == WEIR_OK)
        *ret = flat;
    return code;
}

weir_column *weir_column_reshell(weir_column *column, const weir_type *type) {
    weir_column *shell = weir_column_new(type, column->length, column->children_count);
    shell->null_count = column->null_count;
    shell->encoding = column->encoding;
    shell->validity = column->validity;
    shell->values = column->values;
    shell->offsets = column->offsets;
    for (int32_t i = 0; i < column->children_count; i++)
        shell->children[i] = weir_column_ref(column->children[i]);
    shell->validity_buffer = weir_buffer_ref(column->validity_buffer);
    shell->values_buffer = weir_buffer_ref(column->values_buffer);
    shell->offsets_buffer = weir_buffer_ref(column->offsets_buffer);
    return shell;
}

weir_code weir_bytes_begin(weir_bytes_writer *writer, const weir_kernel_call *call, size_t estimate,
                           weir_error **err) {
    *writer = (weir_bytes_writer){0};
    weir_budget *budget = call->eval->budget;
    weir_buffer *offsets = weir_buffer_new(budget, ((size_t)call->rows + 1) * sizeof(int32_t));
    weir_buffer *bytes = weir_buffer_new(budget, estimate < 64 ? 64 : estimate);
    if (offsets == NULL || bytes == NULL) {
        weir_buffer_unref(offsets);
        weir_buffer_unref(bytes);
        return weir_error_oom(err);
    }
    writer->column = weir_column_new(call->type, call->rows, 0);
    writer->column->offsets_buffer = offsets;
    writer->buffer = bytes;
    writer->offsets = (int32_t *)(void *)offsets->data;
    writer->offsets[0] = 0;
    return WEIR_OK;
}

uint8_t *weir_bytes_room(weir_bytes_writer *writer, size_t size, weir_error **err) {
    size_t needed = writer->size + size;
    if (WEIR_UNLIKELY(needed > writer->buffer->size)) {
        if (needed > INT32_MAX) {
            weir_error_failf(err, WEIR_NOT_SUPPORTED,
                             "A column of one batch cannot hold more than 2 GiB of text");
            return NULL;
        }
        size_t capacity = WEIR_MAX(needed, writer->buffer->size * 2);
        if (!weir_buffer_reserve(writer->buffer, capacity)) {
            weir_error_oom(err);
            return NULL;
        }
        writer->buffer->size = capacity;
    }
    return writer->buffer->data + writer->size;
}

weir_code weir_bytes_put(weir_bytes_writer *writer, int32_t row, weir_str text, weir_error **err) {
    uint8_t *room = weir_bytes_room(writer, text.size, err);
    if (WEIR_UNLIKELY(room == NULL))
        return err && *err ? weir_error_code(*err) : WEIR_OUT_OF_MEMORY;
    if (text.size)
        memcpy(room, text.data, text.size);
    weir_bytes_end(writer, row, text.size);
    return WEIR_OK;
}

weir_column *weir_bytes_finish(weir_bytes_writer *writer) {
    weir_column *column = writer->column;
    while (writer->next < column->length)
        writer->offsets[++writer->next] = (int32_t)writer->size;
    writer->buffer->size = writer->size;
    memset(writer->buffer->data + writer->size, 0, WEIR_BUFFER_SPARE);
    column->values_buffer = writer->buffer;
    column->values = writer->buffer->data;
    column->offsets = writer->offsets;
    column->null_count = column->validity_buffer ? -1 : 0;
    *writer = (weir_bytes_writer){0};
    return column;
}

void weir_bytes_fini(weir_bytes_writer *writer) {
    writer->column = weir_column_unref(writer->column);
    writer->buffer = weir_buffer_unref(writer->buffer);
}
