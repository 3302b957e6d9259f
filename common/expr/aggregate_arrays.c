/* Arrays and cells per group for the aggregates (aggregate_int.h): growth charged to the task's budget,
 * values of any type kept as encoded rows in chunks. A cell that outgrows its slot gets one twice as large;
 * what it leaves behind is bounded by the size of what it holds. One task thread. */
#include <string.h>

#include "common/column/builder.h"
#include "common/column/row_codec.h"
#include "common/expr/aggregate_int.h"

#define CHUNK_BYTES ((size_t)64 * 1024)
#define CHUNK_HEAD 16

bool weir_group_array_resize(weir_group_array *array, weir_budget *budget, int32_t count) {
    if (array->buffer && count <= array->count)
        return true;
    size_t used = array->width * (size_t)array->count, need = array->width * (size_t)count;
    if (!array->buffer) {
        array->buffer = weir_buffer_new(budget, WEIR_MAX(need, 64 * array->width));
        if (!array->buffer)
            return false;
    } else if (need > array->buffer->capacity) {
        array->buffer->size = used;
        if (!weir_buffer_reserve(array->buffer, WEIR_MAX(need, 2 * array->buffer->capacity)))
            return false;
    }
    memset(array->buffer->data + used, 0, need - used);
    array->count = count;
    return true;
}

void weir_group_array_fini(weir_group_array *array) {
    array->buffer = weir_buffer_unref(array->buffer);
    array->count = 0;
}

weir_code weir_aggregate_refused(weir_budget *budget, const char *name, weir_error **err) {
    WEIR_FAIL(err, OUT_OF_MEMORY, "the groups of %s do not fit the task's memory budget of %lld bytes", name,
              budget ? (long long)budget->limit : -1ll);
}

weir_code weir_aggregate_column(weir_budget *budget, const weir_type *type, const void *values,
                                const uint8_t *present, int32_t from, int32_t count, weir_column **ret,
                                weir_error **err) {
    if (type->kind == WEIR_TYPE_NULL)
        return weir_column_new_nulls(budget, type, count, ret, err);
    _cleanup_column_ weir_column *column = NULL;
    WEIR_TRY(weir_column_new_fixed(budget, type, count, &column, err));
    uint8_t *target = weir_column_values(column);
    if (type->kind == WEIR_TYPE_BOOLEAN) {
        const uint8_t *bytes = (const uint8_t *)values + from;
        for (int32_t i = 0; i < count; i++)
            weir_bit_put(target, i, bytes[i]);
    } else {
        size_t width = (size_t)weir_type_width(type);
        memcpy(target, (const uint8_t *)values + width * (size_t)from, width * (size_t)count);
    }
    if (present && count && memchr(present + from, 0, (size_t)count)) {
        uint8_t *validity;
        WEIR_TRY(weir_column_make_validity(budget, column, &validity, err));
        for (int32_t i = 0; i < count; i++)
            weir_bit_put(validity, i, present[from + i]);
    }
    *ret = column;
    column = NULL;
    return WEIR_OK;
}

void weir_cells_init(weir_cells *cells, weir_budget *budget) {
    *cells = (weir_cells){.budget = budget, .slots = {.width = sizeof(uint8_t *)}};
}

void weir_cells_fini(weir_cells *cells) {
    while (cells->chunk) {
        uint8_t *next;
        memcpy(&next, cells->chunk, sizeof next);
        weir_free(cells->chunk);
        cells->chunk = next;
    }
    weir_budget_release(cells->budget, (int64_t)cells->bytes_charged);
    weir_group_array_fini(&cells->slots);
    weir_cells_init(cells, cells->budget);
}

bool weir_cells_resize(weir_cells *cells, int32_t count) {
    return weir_group_array_resize(&cells->slots, cells->budget, count);
}

static uint8_t *new_slot(weir_cells *cells, size_t size) {
    size_t capacity = 8;
    while (capacity < size)
        capacity *= 2;
    size_t need = capacity + 8;
    if (cells->chunk_used + need > cells->chunk_size) {
        size_t bytes = WEIR_MAX(CHUNK_BYTES, need + CHUNK_HEAD);
        if (!weir_budget_charge(cells->budget, (int64_t)bytes))
            return NULL;
        uint8_t *chunk = weir_alloc(bytes);
        memcpy(chunk, &cells->chunk, sizeof cells->chunk);
        cells->chunk = chunk;
        cells->chunk_size = bytes;
        cells->chunk_used = CHUNK_HEAD;
        cells->bytes_charged += bytes;
    }
    uint8_t *slot = cells->chunk + cells->chunk_used;
    cells->chunk_used += need;
    weir_store32(slot, (uint32_t)capacity);
    return slot;
}

uint8_t *weir_cells_reserve(weir_cells *cells, int32_t group, size_t size) {
    uint8_t **slots = WEIR_GROUP_ARRAY(cells->slots, uint8_t *);
    uint8_t *slot = slots[group];
    if (!slot || weir_load32(slot) < size) {
        slot = new_slot(cells, size);
        if (!slot)
            return NULL;
        slots[group] = slot;
    }
    weir_store32(slot + 4, (uint32_t)size);
    return slot + 8;
}

uint8_t *weir_cells_extend(weir_cells *cells, int32_t group, size_t size) {
    weir_str old = weir_cells_get(cells, group);
    uint8_t *cell = weir_cells_reserve(cells, group, old.size + size);
    if (!cell)
        return NULL;
    if (old.size && cell != (const uint8_t *)old.data)
        memcpy(cell, old.data, old.size); /* what a cell leaves behind stays readable */
    return cell + old.size;
}

weir_code weir_cells_bytes_column(const weir_cells *cells, weir_budget *budget, int32_t from, int32_t count,
                                  weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, budget, weir_type_of(WEIR_TYPE_BINARY), count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++) {
        weir_str cell = weir_cells_get(cells, from + i);
        bool ok =
            cell.data ? weir_builder_bytes(&builder, cell.data, cell.size) : weir_builder_null(&builder);
        if (!ok)
            code = weir_error_oom(err);
    }
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

int32_t weir_aggregate_bytes_state(weir_arena *arena, const weir_type *const *arg_types, int32_t args_count,
                                   const weir_type *type, const weir_type **ret_types) {
    (void)arena, (void)arg_types, (void)args_count, (void)type;
    ret_types[0] = weir_type_of(WEIR_TYPE_BINARY);
    return 1;
}

weir_code weir_cells_column(const weir_cells *cells, weir_budget *budget, const weir_type *type, int32_t from,
                            int32_t count, weir_column **ret, weir_error **err) {
    weir_builder builder;
    WEIR_TRY(weir_builder_init(&builder, budget, type, count, err));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < count && code == WEIR_OK; i++) {
        weir_str cell = weir_cells_get(cells, from + i);
        if (cell.data)
            code = weir_row_decode((const uint8_t *)cell.data, cell.size, &builder, 1, err);
        else if (!weir_builder_null(&builder))
            code = weir_error_oom(err);
    }
    if (code == WEIR_OK)
        code = weir_builder_finish(&builder, ret, err);
    weir_builder_fini(&builder);
    return code;
}

weir_code weir_aggregate_overflow(weir_error **err, const char *message, const char *alternative) {
    WEIR_RAISE(err, ARITHMETIC_OVERFLOW, "message", message, "alternative", alternative, "config",
               "\"spark.sql.ansi.enabled\"");
}

weir_code weir_aggregate_interval_overflow(weir_error **err) {
    WEIR_RAISE(err, INTERVAL_ARITHMETIC_OVERFLOW__WITH_SUGGESTION, "functionName", "`try_add`");
}
