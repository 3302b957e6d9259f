/* Copies of columns: gather, slice, flatten, concat. Vectorised per physical kind, recursive for nested
 * types; values under nulls are copied as they are. Any thread. */
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/column/builder.h"

/* The rows of a CONSTANT or DICTIONARY column as positions in its flat storage. */
static void storage_rows(const weir_column *column, const int32_t *rows, int32_t count, int32_t *ret) {
    const int32_t *codes = (const int32_t *)column->values;
    for (int32_t i = 0; i < count; i++) {
        int32_t row = rows[i];
        if (row < 0)
            ret[i] = -1;
        else if (column->encoding == WEIR_CONSTANT)
            ret[i] = 0;
        else
            ret[i] = column->validity && !weir_bit_get(column->validity, row) ? -1 : codes[row];
    }
}

static weir_code gather_validity(weir_budget *budget, const weir_column *column, const int32_t *rows,
                                 int32_t count, weir_column *target, weir_error **err) {
    bool any = column->validity && column->null_count != 0;
    for (int32_t i = 0; i < count && !any; i++)
        any = rows[i] < 0;
    if (!any) {
        target->null_count = 0;
        return WEIR_OK;
    }
    uint8_t *bits;
    WEIR_TRY(weir_column_make_validity(budget, target, &bits, err));
    int32_t nulls = 0;
    for (int32_t i = 0; i < count; i++)
        if (rows[i] < 0 || (column->validity && !weir_bit_get(column->validity, rows[i]))) {
            weir_bit_clear(bits, i);
            nulls++;
        }
    target->null_count = nulls;
    return WEIR_OK;
}

#define GATHER_LOOP(ctype) \
    do { \
        const ctype *from = (const ctype *)column->values; \
        ctype *to = (ctype *)target->values_buffer->data; \
        for (int32_t i = 0; i < count; i++) \
            to[i] = from[rows[i] < 0 ? 0 : rows[i]]; \
    } while (0)

static weir_code gather_fixed(weir_budget *budget, const weir_column *column, const int32_t *rows,
                              int32_t count, weir_column **ret, weir_error **err) {
    weir_column *target;
    if (column->length == 0)
        return weir_column_new_nulls(budget, column->type, count, ret, err);
    WEIR_TRY(weir_column_new_fixed(budget, column->type, count, &target, err));
    *ret = target;
    switch (weir_type_width(column->type)) {
    case 0:
        for (int32_t i = 0; i < count; i++)
            if (rows[i] >= 0 && weir_bit_get(column->values, rows[i]))
                weir_bit_set(target->values_buffer->data, i);
        break;
    case 1:
        GATHER_LOOP(uint8_t);
        break;
    case 2:
        GATHER_LOOP(uint16_t);
        break;
    case 4:
        GATHER_LOOP(uint32_t);
        break;
    case 8:
        GATHER_LOOP(uint64_t);
        break;
    default:
        for (int32_t i = 0; i < count; i++)
            memcpy(target->values_buffer->data + 16 * (size_t)i,
                   column->values + 16 * (size_t)(rows[i] < 0 ? 0 : rows[i]), 16);
    }
    return WEIR_OK;
}

/* Offsets of the gathered rows; the total may not pass int32. */
static weir_code gather_offsets(weir_budget *budget, const weir_column *column, const int32_t *rows,
                                int32_t count, weir_column *target, int64_t *ret_total, weir_error **err) {
    target->offsets_buffer = weir_buffer_new(budget, sizeof(int32_t) * ((size_t)count + 1));
    if (!target->offsets_buffer)
        WEIR_FAIL_OOM(err);
    int32_t *offsets = (int32_t *)target->offsets_buffer->data;
    int64_t total = 0;
    for (int32_t i = 0; i < count; i++) {
        offsets[i] = (int32_t)total;
        if (rows[i] >= 0)
            total += column->offsets[rows[i] + 1] - column->offsets[rows[i]];
        if (total > INT32_MAX)
            WEIR_FAIL(err, OUT_OF_MEMORY, "a column of more than 2 GiB");
    }
    offsets[count] = (int32_t)total;
    target->offsets = offsets;
    *ret_total = total;
    return WEIR_OK;
}

static weir_code gather_bytes(weir_budget *budget, const weir_column *column, const int32_t *rows,
                              int32_t count, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *target = weir_column_new(column->type, count, 0);
    int64_t total;
    WEIR_TRY(gather_offsets(budget, column, rows, count, target, &total, err));
    target->values_buffer = weir_buffer_new(budget, (size_t)total);
    if (!target->values_buffer)
        WEIR_FAIL_OOM(err);
    uint8_t *to = target->values_buffer->data;
    for (int32_t i = 0; i < count; i++) {
        if (rows[i] < 0)
            continue;
        int32_t from = column->offsets[rows[i]];
        size_t size = (size_t)(target->offsets[i + 1] - target->offsets[i]);
        if (size) /* a column of empty strings has no values at all */
            memcpy(to + target->offsets[i], column->values + from, size);
    }
    target->values = to;
    *ret = target;
    target = NULL;
    return WEIR_OK;
}

static weir_code gather_list(weir_budget *budget, const weir_column *column, const int32_t *rows,
                             int32_t count, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *target = weir_column_new(column->type, count, column->children_count);
    int64_t total;
    WEIR_TRY(gather_offsets(budget, column, rows, count, target, &total, err));
    _cleanup_free_ int32_t *elements = weir_alloc(sizeof(int32_t) * (size_t)total);
    int32_t at = 0;
    for (int32_t i = 0; i < count; i++)
        for (int32_t e = rows[i] < 0 ? 0 : column->offsets[rows[i]];
             rows[i] >= 0 && e < column->offsets[rows[i] + 1]; e++)
            elements[at++] = e;
    for (int32_t i = 0; i < column->children_count; i++)
        WEIR_TRY(weir_column_gather(budget, column->children[i], elements, at, &target->children[i], err));
    *ret = target;
    target = NULL;
    return WEIR_OK;
}

static weir_code gather_record(weir_budget *budget, const weir_column *column, const int32_t *rows,
                               int32_t count, weir_column **ret, weir_error **err) {
    _cleanup_column_ weir_column *target = weir_column_new(column->type, count, column->children_count);
    for (int32_t i = 0; i < column->children_count; i++)
        WEIR_TRY(weir_column_gather(budget, column->children[i], rows, count, &target->children[i], err));
    *ret = target;
    target = NULL;
    return WEIR_OK;
}

static weir_code gather_flat(weir_budget *budget, const weir_column *column, const int32_t *rows,
                             int32_t count, weir_column **ret, weir_error **err) {
    const weir_type *type = column->type;
    _cleanup_column_ weir_column *target = NULL;
    if (type->kind == WEIR_TYPE_NULL)
        return weir_column_new_nulls(budget, type, count, ret, err);
    if (weir_type_is_bytes(type))
        WEIR_TRY(gather_bytes(budget, column, rows, count, &target, err));
    else if (type->kind == WEIR_TYPE_ARRAY || type->kind == WEIR_TYPE_MAP)
        WEIR_TRY(gather_list(budget, column, rows, count, &target, err));
    else if (column->children_count || type->kind == WEIR_TYPE_STRUCT)
        WEIR_TRY(gather_record(budget, column, rows, count, &target, err));
    else
        WEIR_TRY(gather_fixed(budget, column, rows, count, &target, err));
    if (target->null_count != target->length || count == 0)
        WEIR_TRY(gather_validity(budget, column, rows, count, target, err));
    *ret = target;
    target = NULL;
    return WEIR_OK;
}

weir_code weir_column_gather(weir_budget *budget, const weir_column *column, const int32_t *rows,
                             int32_t count, weir_column **ret, weir_error **err) {
    if (column->encoding == WEIR_FLAT)
        return gather_flat(budget, column, rows, count, ret, err);
    if (column->type->kind == WEIR_TYPE_NULL)
        return weir_column_new_nulls(budget, column->type, count, ret, err);
    _cleanup_free_ int32_t *stored = weir_alloc(sizeof(int32_t) * (size_t)count);
    storage_rows(column, rows, count, stored);
    if (column->encoding == WEIR_DICTIONARY)
        return weir_column_gather(budget, column->children[0], stored, count, ret, err);
    return gather_flat(budget, column, stored, count, ret, err);
}

static int32_t *row_range(int32_t from, int32_t count) {
    int32_t *rows = weir_alloc(sizeof(int32_t) * (size_t)count);
    for (int32_t i = 0; i < count; i++)
        rows[i] = from + i;
    return rows;
}

weir_code weir_column_slice(weir_budget *budget, weir_column *column, int32_t from, int32_t count,
                            weir_column **ret, weir_error **err) {
    WEIR_ASSERT(from >= 0 && count >= 0 && from + count <= column->length);
    if (from == 0 && count == column->length && column->encoding == WEIR_FLAT) {
        *ret = weir_column_ref(column);
        return WEIR_OK;
    }
    _cleanup_free_ int32_t *rows = row_range(from, count);
    return weir_column_gather(budget, column, rows, count, ret, err);
}

weir_code weir_column_flatten(weir_budget *budget, weir_column *column, weir_column **ret, weir_error **err) {
    if (column->encoding == WEIR_FLAT) {
        *ret = weir_column_ref(column);
        return WEIR_OK;
    }
    _cleanup_free_ int32_t *rows = row_range(0, column->length);
    return weir_column_gather(budget, column, rows, column->length, ret, err);
}

static void unref_columns(weir_column **columns, int32_t count) {
    for (int32_t i = 0; i < count; i++)
        columns[i] = weir_column_unref(columns[i]);
}

static weir_code concat_column(weir_budget *budget, const weir_type *type, weir_batch *const *batches,
                               int32_t count, int32_t column, int32_t rows, weir_column **ret,
                               weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, budget, type, rows, err));
    weir_code code = WEIR_OK;
    for (int32_t b = 0; b < count && code == WEIR_OK; b++)
        for (int32_t row = 0; row < batches[b]->rows; row++)
            if (!weir_builder_copy(&builder, batches[b]->columns[column], row)) {
                code = weir_error_oom(err);
                break;
            }
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

weir_code weir_batch_concat(weir_budget *budget, const weir_type *schema, weir_batch *const *batches,
                            int32_t count, weir_batch **ret, weir_error **err) {
    if (count == 1) {
        *ret = weir_batch_ref(batches[0]);
        return WEIR_OK;
    }
    int64_t rows = 0;
    for (int32_t b = 0; b < count; b++)
        rows += batches[b]->rows;
    if (rows > INT32_MAX / 2)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a batch of %lld rows", (long long)rows);
    int32_t width = schema->fields_count;
    _cleanup_free_ weir_column **columns = weir_alloc_zero((size_t)width, sizeof(*columns));
    for (int32_t i = 0; i < width; i++) {
        weir_code code =
            concat_column(budget, schema->fields[i].type, batches, count, i, (int32_t)rows, &columns[i], err);
        if (code != WEIR_OK) {
            unref_columns(columns, i);
            return code;
        }
    }
    *ret = weir_batch_new(schema, (int32_t)rows, columns, width);
    return WEIR_OK;
}

weir_code weir_batch_gather(weir_budget *budget, const weir_batch *batch, const int32_t *rows, int32_t count,
                            weir_batch **ret, weir_error **err) {
    _cleanup_free_ weir_column **columns = weir_alloc_zero((size_t)batch->columns_count, sizeof(*columns));
    for (int32_t i = 0; i < batch->columns_count; i++) {
        weir_code code = weir_column_gather(budget, batch->columns[i], rows, count, &columns[i], err);
        if (code != WEIR_OK) {
            unref_columns(columns, i);
            return code;
        }
    }
    *ret = weir_batch_new(batch->schema, count, columns, batch->columns_count);
    return WEIR_OK;
}
