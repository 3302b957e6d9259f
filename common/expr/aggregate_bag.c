/* The bags of collect_list, collect_set and mode (aggregate_bag.h). */
#include "common/expr/aggregate_bag.h"

#include "common/base/assert.h"
#include "common/base/hash.h"

#define THIN_BYTES_MIN 1024

static bool holds_reals(const weir_type *type) {
    bool found = type->kind == WEIR_TYPE_FLOAT || type->kind == WEIR_TYPE_DOUBLE;
    for (int32_t i = 0; i < type->fields_count && !found; i++)
        found = holds_reals(type->fields[i].type);
    return found || (type->element && holds_reals(type->element)) ||
           (type->value && holds_reals(type->value));
}

void weir_bag_init(weir_bag *bag, weir_budget *budget, const weir_type *type, weir_bag_kind kind) {
    *bag = (weir_bag){.budget = budget, .type = type, .kind = kind};
    bag->keyed = kind != WEIR_BAG_LIST && holds_reals(type);
    bag->limit.width = sizeof(uint32_t);
    bag->rows.budget = bag->keys.budget = budget;
    weir_cells_init(&bag->cells, budget);
}

void weir_bag_fini(weir_bag *bag) {
    weir_cells_fini(&bag->cells);
    weir_group_array_fini(&bag->limit);
    weir_rows_fini(&bag->rows);
    weir_rows_fini(&bag->keys);
}

bool weir_bag_resize(weir_bag *bag, int32_t groups_count) {
    return weir_cells_resize(&bag->cells, groups_count) &&
           weir_group_array_resize(&bag->limit, bag->budget, groups_count);
}

weir_code weir_bag_refused(const weir_bag *bag, weir_error **err) {
    static const char *const names[] = {"collect_list", "collect_set", "mode"};
    return weir_aggregate_refused(bag->budget, names[bag->kind], err);
}

static size_t head_size(const weir_bag *bag) {
    return bag->kind == WEIR_BAG_COUNTS ? 12 : 4;
}

bool weir_bag_next(const weir_bag *bag, weir_str cell, size_t *at, weir_bag_entry *ret) {
    size_t head = head_size(bag);
    if (*at + head > cell.size)
        return false;
    const char *from = cell.data + *at;
    size_t size = weir_load32((const uint8_t *)from), forms = bag->keyed ? 2 : 1;
    if (size > (cell.size - *at - head) / forms)
        return false;
    ret->count = bag->kind == WEIR_BAG_COUNTS ? (int64_t)weir_load64((const uint8_t *)from + 4) : 1;
    ret->value = ret->key = (weir_str){from + head, size};
    if (bag->keyed)
        ret->key.data += size;
    *at += head + forms * size;
    return true;
}

static uint8_t *put_entry(const weir_bag *bag, uint8_t *at, const weir_bag_entry *entry) {
    weir_store32(at, (uint32_t)entry->value.size);
    if (bag->kind == WEIR_BAG_COUNTS)
        weir_store64(at + 4, (uint64_t)entry->count);
    at += head_size(bag);
    memcpy(at, entry->value.data, entry->value.size);
    at += entry->value.size;
    if (bag->keyed) {
        memcpy(at, entry->key.data, entry->key.size);
        at += entry->key.size;
    }
    return at;
}

/* ---- thinning out ---- */

static int32_t count_entries(const weir_bag *bag, weir_str cell) {
    weir_bag_entry entry;
    int32_t count = 0;
    for (size_t at = 0; weir_bag_next(bag, cell, &at, &entry);)
        count++;
    return count;
}

/* Which earlier entry has this key: its index, or `index` itself, which takes the slot. */
static int32_t find_entry(const weir_bag_entry *entries, int32_t *slots, uint32_t mask, int32_t index) {
    weir_str key = entries[index].key;
    uint32_t at = (uint32_t)weir_hash_bytes(key.data, key.size, 0) & mask;
    for (; slots[at]; at = (at + 1) & mask)
        if (weir_str_equal(entries[slots[at] - 1].key, key))
            return slots[at] - 1;
    slots[at] = index + 1;
    return index;
}

/* Entries of equal keys become their first one. They are written over what they were read from, in order. */
static size_t join_entries(const weir_bag *bag, weir_str cell, weir_bag_entry *entries, int32_t *slots,
                           uint32_t mask) {
    int32_t kept = 0;
    for (size_t at = 0; weir_bag_next(bag, cell, &at, &entries[kept]);) {
        int32_t first = find_entry(entries, slots, mask, kept);
        if (first == kept)
            kept++;
        else
            entries[first].count += entries[kept].count;
    }
    uint8_t *to = (uint8_t *)(uintptr_t)cell.data;
    for (int32_t i = 0; i < kept; i++) {
        size_t size = entries[i].value.size;
        if (bag->kind == WEIR_BAG_COUNTS)
            weir_store64((uint8_t *)(uintptr_t)entries[i].value.data - 8, (uint64_t)entries[i].count);
        const char *from = entries[i].value.data - head_size(bag);
        size_t bytes = head_size(bag) + (bag->keyed ? 2 : 1) * size;
        memmove(to, from, bytes);
        to += bytes;
    }
    return (size_t)(to - (const uint8_t *)cell.data);
}

static weir_code thin_out(weir_bag *bag, int32_t group, weir_error **err) {
    weir_str cell = weir_cells_get(&bag->cells, group);
    int32_t count = count_entries(bag, cell);
    uint32_t slots_count = 16;
    while (slots_count < 2 * (uint32_t)count)
        slots_count *= 2;
    size_t bytes = sizeof(weir_bag_entry) * ((size_t)count + 1) + sizeof(int32_t) * (size_t)slots_count;
    if (!weir_budget_charge(bag->budget, (int64_t)bytes))
        return weir_bag_refused(bag, err);
    weir_bag_entry *entries = weir_alloc(sizeof(weir_bag_entry) * ((size_t)count + 1));
    int32_t *slots = weir_alloc_zero(slots_count, sizeof *slots);
    size_t size = join_entries(bag, cell, entries, slots, slots_count - 1);
    weir_free(entries);
    weir_free(slots);
    weir_budget_release(bag->budget, (int64_t)bytes);
    uint8_t *kept = weir_cells_reserve(&bag->cells, group, size); /* shorter: it stays where it is */
    WEIR_ASSERT(kept == (const uint8_t *)cell.data);
    WEIR_GROUP_ARRAY(bag->limit, uint32_t)
    [group] = (uint32_t)WEIR_MIN(2 * size + THIN_BYTES_MIN, (size_t)UINT32_MAX);
    return WEIR_OK;
}

weir_code weir_bag_thin_all(weir_bag *bag, int32_t from, int32_t count, weir_error **err) {
    for (int32_t g = from; g < from + count && bag->kind != WEIR_BAG_LIST; g++)
        if (weir_cells_get(&bag->cells, g).data)
            WEIR_TRY(thin_out(bag, g, err));
    return WEIR_OK;
}

static weir_code grown(weir_bag *bag, int32_t group, weir_error **err) {
    size_t limit = WEIR_GROUP_ARRAY(bag->limit, uint32_t)[group];
    size_t size = weir_cells_get(&bag->cells, group).size;
    if (bag->kind == WEIR_BAG_LIST || size <= WEIR_MAX(limit, (size_t)THIN_BYTES_MIN))
        return WEIR_OK;
    return thin_out(bag, group, err);
}

/* ---- adding ---- */

weir_code weir_bag_update(weir_bag *bag, weir_column *column, const weir_sel *sel, const int32_t *groups,
                          weir_error **err) {
    WEIR_TRY(weir_rows_encode_values(&bag->rows, &column, 1, sel, err));
    if (bag->keyed)
        WEIR_TRY(weir_rows_encode(&bag->keys, &column, 1, sel, err));
    for (int32_t i = 0; i < sel->count; i++) {
        if (weir_column_is_null(column, weir_sel_row(sel, i)))
            continue;
        weir_bag_entry entry = {.value = weir_rows_at(&bag->rows, i), .count = 1};
        if (bag->keyed)
            entry.key = weir_rows_at(&bag->keys, i);
        size_t size = head_size(bag) + entry.value.size + entry.key.size;
        uint8_t *to = weir_cells_extend(&bag->cells, groups[i], size);
        if (!to)
            return weir_bag_refused(bag, err);
        put_entry(bag, to, &entry);
        WEIR_TRY(grown(bag, groups[i], err));
    }
    return WEIR_OK;
}

weir_code weir_bag_merge(weir_bag *bag, const weir_column *states, const weir_sel *sel, const int32_t *groups,
                         weir_error **err) {
    for (int32_t i = 0; i < sel->count; i++) {
        int32_t row = weir_sel_row(sel, i);
        if (weir_column_is_null(states, row))
            continue;
        weir_str bytes = weir_column_bytes(states, row);
        uint8_t *to = weir_cells_extend(&bag->cells, groups[i], bytes.size);
        if (!to)
            return weir_bag_refused(bag, err);
        if (bytes.size)
            memcpy(to, bytes.data, bytes.size);
        WEIR_TRY(grown(bag, groups[i], err));
    }
    return WEIR_OK;
}
