/* ARRAY and MAP results by gathering (list_int.h), and columns joined end to end. Charged to the task's
 * budget; a refused allocation is OUT_OF_MEMORY. Any thread. */
#include "common/expr/list_int.h"

#include <limits.h>

#include "common/column/builder.h"

weir_code weir_list_begin(weir_list_writer *writer, const weir_kernel_call *call, int64_t estimate,
                          weir_error **err) {
    int64_t capacity = WEIR_MIN(WEIR_MAX(estimate, 16), INT_MAX / 8);
    *writer = (weir_list_writer){.call = call};
    writer->column = weir_column_new(call->type, call->rows, weir_type_children_count(call->type));
    writer->column->null_count = 0;
    writer->column->offsets_buffer =
        weir_buffer_new(call->eval->budget, ((size_t)call->rows + 1) * sizeof(int32_t));
    writer->buffer = weir_buffer_new(call->eval->budget, (size_t)capacity * sizeof(int32_t));
    if (!writer->column->offsets_buffer || !writer->buffer)
        return weir_error_oom(err);
    writer->offsets = (int32_t *)(void *)writer->column->offsets_buffer->data;
    writer->offsets[0] = 0;
    writer->positions = (int32_t *)(void *)writer->buffer->data;
    writer->capacity = (int32_t)capacity;
    return WEIR_OK;
}

weir_code weir_list_room(weir_list_writer *writer, int64_t count, weir_error **err) {
    int64_t needed = writer->count + count;
    if (needed <= writer->capacity)
        return WEIR_OK;
    if (needed > INT_MAX / 4)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a column of one batch with %lld elements", (long long)needed);
    int64_t capacity = WEIR_MAX(needed, (int64_t)writer->capacity * 2);
    if (!weir_buffer_reserve(writer->buffer, (size_t)capacity * sizeof(int32_t)))
        return weir_error_oom(err);
    writer->buffer->size = (size_t)capacity * sizeof(int32_t);
    writer->positions = (int32_t *)(void *)writer->buffer->data;
    writer->capacity = (int32_t)capacity;
    return WEIR_OK;
}

weir_code weir_list_add_range(weir_list_writer *writer, int32_t from, int32_t to, weir_error **err) {
    WEIR_TRY(weir_list_room(writer, to - from, err));
    for (int32_t e = from; e < to; e++)
        writer->positions[writer->count++] = e;
    return WEIR_OK;
}

weir_code weir_list_null(weir_list_writer *writer, int32_t row, weir_error **err) {
    for (; writer->next < row; writer->next++)
        writer->offsets[writer->next + 1] = writer->offsets[writer->next];
    writer->count = writer->offsets[writer->next];
    writer->offsets[++writer->next] = writer->count;
    return weir_result_null(writer->call, writer->column, row, err);
}

static weir_code finish_child(weir_list_writer *writer, int32_t index, weir_column *source,
                              const int32_t *positions, weir_error **err) {
    weir_column *column = writer->column;
    _cleanup_column_ weir_column *child = NULL;
    WEIR_TRY(weir_column_gather(writer->call->eval->budget, source, positions, writer->count, &child, err));
    column->children[index] = weir_column_reshell(child, weir_type_child(column->type, index));
    return WEIR_OK;
}

static void finish_rows(weir_list_writer *writer, weir_column **ret) {
    for (; writer->next < writer->column->length; writer->next++)
        writer->offsets[writer->next + 1] = writer->offsets[writer->next];
    writer->column->offsets = writer->offsets;
    *ret = writer->column;
    writer->column = NULL;
}

weir_code weir_list_finish(weir_list_writer *writer, weir_column *const *sources, weir_column **ret,
                           weir_error **err) {
    for (int32_t i = 0; i < writer->column->children_count; i++)
        WEIR_TRY(finish_child(writer, i, sources[i], writer->positions, err));
    finish_rows(writer, ret);
    return WEIR_OK;
}

weir_code weir_list_finish_map(weir_list_writer *writer, weir_column *keys, weir_column *values,
                               const int32_t *value_positions, weir_column **ret, weir_error **err) {
    WEIR_TRY(finish_child(writer, 0, keys, writer->positions, err));
    WEIR_TRY(finish_child(writer, 1, values, value_positions, err));
    finish_rows(writer, ret);
    return WEIR_OK;
}

void weir_list_fini(weir_list_writer *writer) {
    weir_column_unref(writer->column);
    weir_buffer_unref(writer->buffer);
    *writer = (weir_list_writer){0};
}

weir_code weir_columns_join(weir_budget *budget, const weir_type *type, weir_column *const *columns,
                            int32_t count, int32_t *bases, weir_column **ret, weir_error **err) {
    int64_t total = 0;
    for (int32_t i = 0; i < count; i++) {
        bases[i] = (int32_t)total;
        total += columns[i]->encoding == WEIR_CONSTANT ? 1 : columns[i]->length;
    }
    if (total > INT_MAX / 4)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a column of one batch with %lld elements", (long long)total);
    if (count == 1 && columns[0]->encoding == WEIR_FLAT) {
        *ret = weir_column_ref(columns[0]);
        return WEIR_OK;
    }
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, budget, type, (int32_t)total, err));
    bool ok = true;
    for (int32_t i = 0; i < count && ok; i++) {
        int32_t rows = columns[i]->encoding == WEIR_CONSTANT ? 1 : columns[i]->length;
        for (int32_t row = 0; row < rows && ok; row++)
            ok = weir_builder_copy(&builder, columns[i], row);
    }
    weir_code code = ok ? weir_builder_finish(&builder, ret, err) : weir_error_oom(err);
    weir_builder_fini(&builder);
    return code;
}

int64_t weir_list_total(const weir_kernel_call *call, const weir_column *list) {
    int64_t total = 0;
    WEIR_EACH(call, i) {
        weir_span span = weir_list_span(list, i);
        total += span.to - span.from;
    }
    return total;
}
