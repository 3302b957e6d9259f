/* Group table: encoded keys -> dense group numbers in first-seen order.
 *
 *   slots     open addressing, power of two: {hash, group + 1}; linear probing
 *   entries   per group 32 bytes: size and up to 28 key bytes, longer keys by pointer into chunks
 *
 * A batch against a large table goes through in three passes (hash, candidate, verify), so that the cache
 * misses of many rows overlap; only rows whose candidate is wrong or missing take the slow path, in row
 * order, which keeps group numbers deterministic. Grows without limit but the budget's. One task thread. */
#pragma once

#include "common/column/row_codec.h"

typedef struct weir_group_slot {
    uint32_t hash;
    uint32_t group; /* + 1; 0 = free */
} weir_group_slot;

#define WEIR_GROUP_INLINE 28
typedef struct weir_group_entry {
    uint32_t size;
    uint8_t bytes[WEIR_GROUP_INLINE]; /* the key, or its address at bytes + 4 */
} weir_group_entry;

typedef struct weir_group_table {
    weir_budget *budget;
    weir_buffer *slots, *entries;
    uint32_t mask; /* slots - 1 */
    int32_t count;
    uint8_t *chunk; /* long keys; chunks are linked by their first word */
    size_t chunk_used, chunk_size, chunk_bytes;
    weir_buffer *scratch; /* hashes and candidates of a batch */
} weir_group_table;

void weir_group_table_init(weir_group_table *table, weir_budget *budget);
void weir_group_table_fini(weir_group_table *table);
/* groups[i] for the i-th encoded row; new keys get the next numbers. False where memory is refused. */
bool weir_group_table_add(weir_group_table *table, const weir_rows *rows, int32_t *groups);
/* The same without adding: -1 where a key is not there. False where memory is refused. */
bool weir_group_table_find(weir_group_table *table, const weir_rows *rows, int32_t *groups);
static inline weir_str weir_group_table_key(const weir_group_table *table, int32_t group) {
    const weir_group_entry *entry = (const weir_group_entry *)table->entries->data + group;
    const uint8_t *bytes = entry->bytes;
    if (entry->size > WEIR_GROUP_INLINE)
        memcpy(&bytes, entry->bytes + 4, sizeof bytes);
    return (weir_str){(const char *)bytes, entry->size};
}
/* Key columns (one per type) of groups [from, from + count). */
weir_code weir_group_table_keys(const weir_group_table *table, weir_budget *budget,
                                const weir_type *const *types, int32_t types_count, int32_t from,
                                int32_t count, weir_column **ret, weir_error **err);
