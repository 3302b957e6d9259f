/* Seen files (seen_files.h): an open-addressing table of (hash, time, name). An entry older than the limit
 * counts as absent at once and is dropped when the table next grows, so a purge costs nothing. */
#include "connectors/file/seen_files.h"

#include "common/base/alloc.h"
#include "common/base/hash.h"

typedef struct seen_entry {
    uint64_t hash;
    int64_t modified_ms;
    char *name; /* NULL: free */
    size_t size;
} seen_entry;

struct weir_seen_files {
    int64_t age_ms_max;
    bool name_only;
    int64_t youngest_ms, limit_ms;
    size_t used, capacity; /* a power of two */
    seen_entry *entries;
};

weir_seen_files *weir_seen_files_new(int64_t age_ms_max, bool name_only) {
    weir_seen_files *seen = weir_alloc_zero(1, sizeof *seen);
    seen->age_ms_max = age_ms_max;
    seen->name_only = name_only;
    seen->capacity = 64;
    seen->entries = weir_alloc_zero(seen->capacity, sizeof *seen->entries);
    return seen;
}

void weir_seen_files_free(weir_seen_files *seen) {
    if (!seen)
        return;
    for (size_t i = 0; i < seen->capacity; i++)
        weir_free(seen->entries[i].name);
    weir_free(seen->entries);
    weir_free(seen);
}

static weir_str key_of(const weir_seen_files *seen, weir_str path) {
    const char *slash = seen->name_only && path.size ? memrchr(path.data, '/', path.size) : NULL;
    size_t skip = slash ? (size_t)(slash + 1 - path.data) : 0;
    return (weir_str){path.data + skip, path.size - skip};
}

/* The slot of the key, or the free one where it would go. */
static seen_entry *slot_of(seen_entry *entries, size_t capacity, uint64_t hash, weir_str key) {
    for (size_t i = hash & (capacity - 1);; i = (i + 1) & (capacity - 1)) {
        seen_entry *entry = &entries[i];
        if (!entry->name ||
            (entry->hash == hash && weir_str_equal((weir_str){entry->name, entry->size}, key)))
            return entry;
    }
}

static void grow(weir_seen_files *seen) {
    size_t live = 0;
    for (size_t i = 0; i < seen->capacity; i++)
        live += seen->entries[i].name && seen->entries[i].modified_ms >= seen->limit_ms;
    size_t capacity = 64;
    while (capacity < 3 * live)
        capacity *= 2;
    seen_entry *entries = weir_alloc_zero(capacity, sizeof *entries);
    for (size_t i = 0; i < seen->capacity; i++) {
        seen_entry *entry = &seen->entries[i];
        if (!entry->name)
            continue;
        if (entry->modified_ms >= seen->limit_ms)
            *slot_of(entries, capacity, entry->hash, (weir_str){entry->name, entry->size}) = *entry;
        else
            weir_free(entry->name);
    }
    weir_free(seen->entries);
    seen->entries = entries;
    seen->capacity = capacity;
    seen->used = live;
}

void weir_seen_files_add(weir_seen_files *seen, weir_str path, int64_t modified_ms) {
    weir_str key = key_of(seen, path);
    uint64_t hash = weir_hash_bytes(key.data, key.size, 0);
    seen_entry *entry = slot_of(seen->entries, seen->capacity, hash, key);
    if (!entry->name) {
        *entry = (seen_entry){.hash = hash, .name = weir_strndup(key.data, key.size), .size = key.size};
        seen->used++;
    }
    entry->modified_ms = modified_ms;
    if (modified_ms > seen->youngest_ms)
        seen->youngest_ms = modified_ms;
    if (seen->used * 2 > seen->capacity)
        grow(seen);
}

bool weir_seen_files_is_aged(const weir_seen_files *seen, int64_t modified_ms) {
    return modified_ms < seen->limit_ms;
}

bool weir_seen_files_is_new(const weir_seen_files *seen, weir_str path, int64_t modified_ms) {
    if (modified_ms < seen->limit_ms)
        return false;
    weir_str key = key_of(seen, path);
    const seen_entry *entry =
        slot_of(seen->entries, seen->capacity, weir_hash_bytes(key.data, key.size, 0), key);
    return !entry->name || entry->modified_ms < seen->limit_ms;
}

void weir_seen_files_purge(weir_seen_files *seen) {
    if (__builtin_sub_overflow(seen->youngest_ms, seen->age_ms_max, &seen->limit_ms))
        seen->limit_ms = INT64_MIN;
}

int64_t weir_seen_files_count(const weir_seen_files *seen) {
    int64_t count = 0;
    for (size_t i = 0; i < seen->capacity; i++)
        count += seen->entries[i].name && seen->entries[i].modified_ms >= seen->limit_ms;
    return count;
}
