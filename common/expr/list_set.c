/* Sets of the elements of one row (list_int.h): the elements of a whole column are encoded once in key form
 * (row_codec.h), so that equality is memcmp for every type, and an open-addressing table of stamps is emptied
 * for the next row by counting its generation up. One thread. */
#include "common/expr/list_int.h"

#include "common/base/hash.h"
#include "common/column/row_codec.h"

weir_code weir_element_set_init(weir_element_set *set, const weir_kernel_call *call, weir_column *source,
                                weir_error **err) {
    *set = (weir_element_set){.arena = call->eval->arena, .rows = WEIR_NEW(call->eval->arena, weir_rows)};
    set->rows->budget = call->eval->budget;
    weir_sel all = {NULL, source->length};
    return weir_rows_encode(set->rows, &source, 1, &all, err);
}

void weir_element_set_fini(weir_element_set *set) {
    if (set->rows)
        weir_rows_fini(set->rows);
    set->rows = NULL;
}

void weir_element_set_clear(weir_element_set *set, int32_t count) {
    uint32_t size = 16;
    while (size < (uint32_t)count * 2 || size < set->mask + 1)
        size *= 2;
    if (set->stamps == NULL || size > set->mask + 1 || set->generation == UINT32_MAX) {
        set->stamps = weir_arena_zalloc(set->arena, sizeof(uint64_t) * size);
        set->generation = 0;
    }
    set->mask = size - 1;
    set->generation++;
    set->has_null = false;
}

/* The slot of an equal element or of none. */
static uint32_t slot_of(const weir_element_set *set, int32_t position) {
    weir_str key = weir_rows_at(set->rows, position);
    uint32_t slot = (uint32_t)weir_hash_bytes(key.data, key.size, 0) & set->mask;
    for (; set->stamps[slot] >> 32 == set->generation; slot = (slot + 1) & set->mask) {
        weir_str other = weir_rows_at(set->rows, (int32_t)(uint32_t)set->stamps[slot]);
        if (key.size == other.size && memcmp(key.data, other.data, key.size) == 0)
            break;
    }
    return slot;
}

int32_t weir_element_set_add(weir_element_set *set, int32_t position) {
    uint32_t slot = slot_of(set, position);
    if (set->stamps[slot] >> 32 == set->generation)
        return (int32_t)(uint32_t)set->stamps[slot];
    set->stamps[slot] = (uint64_t)set->generation << 32 | (uint32_t)position;
    return -1;
}

int32_t weir_element_set_find(const weir_element_set *set, int32_t position) {
    uint32_t slot = slot_of(set, position);
    return set->stamps[slot] >> 32 == set->generation ? (int32_t)(uint32_t)set->stamps[slot] : -1;
}
