/* Group table (group_table.h). */
#include "executor/operator/group_table.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"

#define SLOTS_MIN 1024u
#define ENTRIES_MIN 256
#define SMALL_GROUPS 4096
#define CHUNK_BYTES ((size_t)64 * 1024)
#define CHUNK_HEAD 16

_Static_assert(sizeof(weir_group_entry) == 32, "half a cache line");

void weir_group_table_init(weir_group_table *table, weir_budget *budget) {
    *table = (weir_group_table){.budget = budget};
}

void weir_group_table_fini(weir_group_table *table) {
    weir_buffer_unref(table->slots);
    weir_buffer_unref(table->entries);
    weir_buffer_unref(table->scratch);
    while (table->chunk) {
        uint8_t *next;
        memcpy(&next, table->chunk, sizeof next);
        weir_free(table->chunk);
        table->chunk = next;
    }
    weir_budget_release(table->budget, (int64_t)table->chunk_bytes);
    weir_group_table_init(table, table->budget);
}

static inline uint32_t hash_key(const uint8_t *key, uint32_t size) {
    uint64_t a, b;
    if (size > 32) {
        a = weir_hash_bytes(key, size, 0);
        return (uint32_t)(a ^ a >> 32);
    }
    if (size > 16) {
        a = weir_hash_mix(weir_load64(key) ^ size, weir_load64(key + 8));
        b = weir_hash_mix(weir_load64(key + size - 16), weir_load64(key + size - 8) ^ a);
        return (uint32_t)(b ^ b >> 32);
    }
    if (size >= 8) {
        a = weir_load64(key);
        b = weir_load64(key + size - 8);
    } else if (size >= 4) {
        a = weir_load32(key);
        b = weir_load32(key + size - 4);
    } else {
        a = size > 0 ? (uint64_t)key[0] | (uint64_t)key[size / 2] << 8 | (uint64_t)key[size - 1] << 16 : 0;
        b = 0;
    }
    a = weir_hash_mix(a ^ size, b);
    return (uint32_t)(a ^ a >> 32);
}

/* memcmp without a call for the sizes that keys have. */
static inline bool equal_bytes(const uint8_t *a, const uint8_t *b, uint32_t size) {
    if (size > 32)
        return memcmp(a, b, size) == 0;
    if (size >= 16)
        return ((weir_load64(a) ^ weir_load64(b)) | (weir_load64(a + 8) ^ weir_load64(b + 8)) |
                (weir_load64(a + size - 16) ^ weir_load64(b + size - 16)) |
                (weir_load64(a + size - 8) ^ weir_load64(b + size - 8))) == 0;
    if (size >= 8)
        return ((weir_load64(a) ^ weir_load64(b)) |
                (weir_load64(a + size - 8) ^ weir_load64(b + size - 8))) == 0;
    if (size >= 4)
        return ((weir_load32(a) ^ weir_load32(b)) |
                (weir_load32(a + size - 4) ^ weir_load32(b + size - 4))) == 0;
    for (uint32_t i = 0; i < size; i++) {
        if (a[i] != b[i])
            return false;
    }
    return true;
}

static inline bool entry_is(const weir_group_entry *entry, const uint8_t *key, uint32_t size) {
    if (entry->size != size)
        return false;
    if (size <= WEIR_GROUP_INLINE)
        return equal_bytes(entry->bytes, key, size);
    const uint8_t *bytes;
    memcpy(&bytes, entry->bytes + 4, sizeof bytes);
    return equal_bytes(bytes, key, size);
}

/* ---- growth ---- */

static bool resize_slots(weir_group_table *table, uint32_t count) {
    weir_buffer *fresh = weir_buffer_new(table->budget, sizeof(weir_group_slot) * (size_t)count);
    if (!fresh)
        return false;
    memset(fresh->data, 0, fresh->size);
    weir_group_slot *slots = (weir_group_slot *)fresh->data;
    const weir_group_slot *old = table->slots ? (const weir_group_slot *)table->slots->data : NULL;
    for (uint32_t i = 0; old && i <= table->mask; i++) {
        if (!old[i].group)
            continue;
        uint32_t at = old[i].hash & (count - 1);
        while (slots[at].group)
            at = (at + 1) & (count - 1);
        slots[at] = old[i];
    }
    weir_buffer_unref(table->slots);
    table->slots = fresh;
    table->mask = count - 1;
    return true;
}

static bool reserve_entry(weir_group_table *table) {
    size_t need = sizeof(weir_group_entry) * ((size_t)table->count + 1);
    if (table->entries && need <= table->entries->capacity)
        return true;
    if (!table->entries) {
        table->entries = weir_buffer_new(table->budget, sizeof(weir_group_entry) * ENTRIES_MIN);
        return table->entries != NULL;
    }
    return weir_buffer_reserve(table->entries, 2 * table->entries->capacity) != 0;
}

/* First use and growth beyond two thirds. */
static bool reserve_slot(weir_group_table *table) {
    if (!table->slots)
        return resize_slots(table, SLOTS_MIN);
    if ((uint64_t)table->count * 3 < (uint64_t)table->mask * 2)
        return true;
    return table->count < INT32_MAX / 2 && resize_slots(table, 2 * (table->mask + 1));
}

static uint8_t *copy_long(weir_group_table *table, const uint8_t *key, uint32_t size) {
    if (table->chunk_used + size > table->chunk_size) {
        size_t bytes = WEIR_MAX(CHUNK_BYTES, (size_t)size + CHUNK_HEAD);
        if (!weir_budget_charge(table->budget, (int64_t)bytes))
            return NULL;
        uint8_t *chunk = weir_alloc(bytes);
        memcpy(chunk, &table->chunk, sizeof table->chunk);
        table->chunk = chunk;
        table->chunk_size = bytes;
        table->chunk_used = CHUNK_HEAD;
        table->chunk_bytes += bytes;
    }
    uint8_t *copy = table->chunk + table->chunk_used;
    table->chunk_used += size;
    memcpy(copy, key, size);
    return copy;
}

/* ---- the slow path: probe to the end, insert where absent ---- */

static bool find_or_insert(weir_group_table *table, const uint8_t *key, uint32_t size, uint32_t hash,
                           int32_t *ret) {
    if (!reserve_slot(table) || !reserve_entry(table))
        return false;
    weir_group_slot *slots = (weir_group_slot *)table->slots->data;
    weir_group_entry *entries = (weir_group_entry *)table->entries->data;
    uint32_t at = hash & table->mask;
    for (; slots[at].group; at = (at + 1) & table->mask) {
        if (slots[at].hash == hash && entry_is(&entries[slots[at].group - 1], key, size)) {
            *ret = (int32_t)slots[at].group - 1;
            return true;
        }
    }
    weir_group_entry *entry = &entries[table->count];
    entry->size = size;
    if (size <= WEIR_GROUP_INLINE) {
        memcpy(entry->bytes, key, size);
    } else {
        const uint8_t *copy = copy_long(table, key, size);
        if (!copy)
            return false;
        memcpy(entry->bytes + 4, &copy, sizeof copy);
    }
    *ret = table->count++;
    slots[at] = (weir_group_slot){hash, (uint32_t)table->count};
    return true;
}

static bool reserve_scratch(weir_group_table *table, int32_t rows) {
    size_t bytes = 8 * (size_t)rows;
    if (table->scratch && table->scratch->capacity >= bytes)
        return true;
    weir_buffer_unref(table->scratch);
    table->scratch = weir_buffer_new(table->budget, bytes);
    return table->scratch != NULL;
}

/* Few groups: slots and entries stay in the first-level cache, one pass does it. */
static bool add_small(weir_group_table *table, const weir_rows *rows, int32_t *groups) {
    for (int32_t i = 0; i < rows->count; i++) {
        uint32_t from = rows->offsets[i], size = rows->offsets[i + 1] - from;
        const uint8_t *key = rows->data + from;
        uint32_t hash = hash_key(key, size);
        const weir_group_slot *slot = (const weir_group_slot *)table->slots->data + (hash & table->mask);
        const weir_group_entry *entries = (const weir_group_entry *)table->entries->data;
        if (WEIR_LIKELY(slot->group && slot->hash == hash && entry_is(&entries[slot->group - 1], key, size)))
            groups[i] = (int32_t)slot->group - 1;
        else if (!find_or_insert(table, key, size, hash, &groups[i]))
            return false;
    }
    return true;
}

/* Many groups: three passes, so that the cache misses of many rows overlap. */
static bool add_large(weir_group_table *table, const weir_rows *rows, int32_t *groups) {
    int32_t count = rows->count;
    uint32_t *hashes = (uint32_t *)table->scratch->data, *candidates = hashes + count;
    const weir_group_slot *slots = (const weir_group_slot *)table->slots->data;
    for (int32_t i = 0; i < count; i++) {
        uint32_t from = rows->offsets[i];
        hashes[i] = hash_key(rows->data + from, rows->offsets[i + 1] - from);
        __builtin_prefetch(&slots[hashes[i] & table->mask]);
    }
    const weir_group_entry *entries = (const weir_group_entry *)table->entries->data;
    for (int32_t i = 0; i < count; i++) {
        uint32_t at = hashes[i] & table->mask;
        while (slots[at].group && slots[at].hash != hashes[i])
            at = (at + 1) & table->mask;
        candidates[i] = slots[at].group;
        if (candidates[i])
            __builtin_prefetch(&entries[candidates[i] - 1]);
    }
    for (int32_t i = 0; i < count; i++) {
        uint32_t from = rows->offsets[i], size = rows->offsets[i + 1] - from;
        const uint8_t *key = rows->data + from;
        entries = (const weir_group_entry *)table->entries->data;
        if (WEIR_LIKELY(candidates[i] && entry_is(&entries[candidates[i] - 1], key, size)))
            groups[i] = (int32_t)candidates[i] - 1;
        else if (!find_or_insert(table, key, size, hashes[i], &groups[i]))
            return false;
    }
    return true;
}

bool weir_group_table_add(weir_group_table *table, const weir_rows *rows, int32_t *groups) {
    if (!reserve_slot(table) || !reserve_entry(table))
        return false;
    if (table->count < SMALL_GROUPS)
        return add_small(table, rows, groups);
    return reserve_scratch(table, rows->count) && add_large(table, rows, groups);
}

/* The first slot from `at` on whose hash fits, or an empty one. */
static inline uint32_t find_slot(const weir_group_table *table, const weir_group_slot *slots, uint32_t at,
                                 uint32_t hash) {
    while (slots[at].group && slots[at].hash != hash)
        at = (at + 1) & table->mask;
    return at;
}

bool weir_group_table_find(weir_group_table *table, const weir_rows *rows, int32_t *groups) {
    int32_t count = rows->count;
    if (!reserve_slot(table) || !reserve_entry(table) || !reserve_scratch(table, count))
        return false;
    uint32_t *hashes = (uint32_t *)table->scratch->data, *found = hashes + count;
    const weir_group_slot *slots = (const weir_group_slot *)table->slots->data;
    const weir_group_entry *entries = (const weir_group_entry *)table->entries->data;
    for (int32_t i = 0; i < count; i++) {
        uint32_t from = rows->offsets[i];
        hashes[i] = hash_key(rows->data + from, rows->offsets[i + 1] - from);
        __builtin_prefetch(&slots[hashes[i] & table->mask]);
    }
    for (int32_t i = 0; i < count; i++) {
        found[i] = find_slot(table, slots, hashes[i] & table->mask, hashes[i]);
        if (slots[found[i]].group)
            __builtin_prefetch(&entries[slots[found[i]].group - 1]);
    }
    for (int32_t i = 0; i < count; i++) {
        uint32_t from = rows->offsets[i], size = rows->offsets[i + 1] - from, at = found[i];
        const uint8_t *key = rows->data + from;
        while (slots[at].group && !entry_is(&entries[slots[at].group - 1], key, size))
            at = find_slot(table, slots, (at + 1) & table->mask, hashes[i]);
        groups[i] = (int32_t)slots[at].group - 1;
    }
    return true;
}

weir_code weir_group_table_keys(const weir_group_table *table, weir_budget *budget,
                                const weir_type *const *types, int32_t types_count, int32_t from,
                                int32_t count, weir_column **ret, weir_error **err) {
    weir_builder *builders = weir_alloc_zero((size_t)types_count + 1, sizeof *builders);
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < types_count && code == WEIR_OK; i++)
        code = weir_builder_init(&builders[i], budget, types[i], count, err);
    for (int32_t g = from; g < from + count && code == WEIR_OK; g++) {
        weir_str key = weir_group_table_key(table, g);
        code = weir_row_decode((const uint8_t *)key.data, key.size, builders, types_count, err);
    }
    for (int32_t i = 0; i < types_count; i++) {
        weir_column *column = NULL;
        if (code == WEIR_OK)
            code = weir_builder_finish(&builders[i], &column, err);
        ret[i] = column;
        weir_builder_fini(&builders[i]);
    }
    for (int32_t i = 0; i < types_count && code != WEIR_OK; i++)
        ret[i] = weir_column_unref(ret[i]);
    weir_free(builders);
    return code;
}
