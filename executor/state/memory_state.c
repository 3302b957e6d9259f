/* The in-memory state store (state_store.h).
 *
 *   slots    open addressing over 32-bit hashes -> entry number
 *   entries  in chunks (never moved): key, value of the open view, links of its key group's list
 *   lists    one per key group, in insertion order: what scan, changelog and snapshot walk
 *   changes  the epoch's touched entries with their committed values: commit frees those, abort puts them
 *            back; so the view costs what changes, not a copy
 *
 * An entry removed in an epoch stays in its list until the commit and keeps its place if the key comes back
 * in the same epoch; replaying the changelog gives the same order, since it lists the changes of a group in
 * the order in which entries were made. Keys and values live in a slab with size classes of 8 bytes. All
 * memory is charged to the store's budget: a refused charge is OUT_OF_MEMORY and the epoch must be aborted.
 * One task thread. */
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/bits.h"
#include "common/base/buffer.h"
#include "common/base/hash.h"
#include "executor/state/state_section.h"
#include "executor/state/state_slab.h"

#define NONE (-1)
#define ENTRIES_PER_CHUNK 1024
#define SLOTS_MIN 64u

typedef struct entry {
    uint8_t *key;
    uint8_t *value; /* of the view; NULL = absent */
    uint32_t key_size, value_size;
    uint32_t hash;
    int32_t next, previous; /* in the group's list; next also links free entries */
    int32_t change;         /* number + 1 in changes; 0 = untouched in this epoch */
    int32_t group;
} entry;

typedef struct slot {
    uint32_t hash;
    uint32_t entry; /* + 1; 0 = free */
} slot;

typedef struct change {
    int32_t entry;
    uint32_t value_size;
    uint8_t *value; /* committed; NULL = the entry is new */
} change;

struct weir_state_store {
    weir_budget *budget;
    weir_state_spec spec;
    weir_state_slab slab;
    slot *slots;
    uint32_t mask;
    entry **chunks;
    int32_t chunks_count, chunks_capacity;
    int32_t entries_used; /* high-water mark */
    int32_t free_entry;   /* list of free entries */
    int64_t entries_live; /* in the index, removed ones of the epoch included */
    int64_t rows;
    change *changes;
    int32_t changes_count, changes_capacity;
    int32_t heads[WEIR_STATE_GROUPS], tails[WEIR_STATE_GROUPS];
    int64_t version;
    int64_t group_versions[WEIR_STATE_GROUPS];
    int64_t charged;
};

static inline entry *entry_at(const weir_state_store *store, int32_t number) {
    return &store->chunks[number / ENTRIES_PER_CHUNK][number % ENTRIES_PER_CHUNK];
}

static weir_code refused(const weir_state_store *store, weir_error **err) {
    WEIR_FAIL(err, OUT_OF_MEMORY, "the state of operator %d does not fit the memory budget of %lld bytes",
              store->spec.operator_id, store->budget ? (long long)store->budget->limit : -1ll);
}

static bool charge(weir_state_store *store, int64_t bytes) {
    if (!weir_budget_charge(store->budget, bytes))
        return false;
    store->charged += bytes;
    return true;
}

/* ---- life ---- */

weir_code weir_state_store_new(weir_budget *budget, const weir_state_spec *spec, weir_state_store **ret,
                               weir_error **err) {
    WEIR_ASSERT(spec->group_from >= 0 && spec->group_from < spec->group_to &&
                spec->group_to <= WEIR_STATE_GROUPS);
    int64_t fixed = (int64_t)(sizeof(weir_state_store) + sizeof(slot) * SLOTS_MIN);
    if (!weir_budget_charge(budget, fixed))
        WEIR_FAIL(err, OUT_OF_MEMORY, "a state store does not fit the memory budget");
    weir_state_store *store = weir_alloc_zero(1, sizeof *store);
    store->budget = budget;
    store->charged = fixed;
    store->spec = *spec;
    store->spec.key_schema =
        (weir_str){weir_strndup(spec->key_schema.data ? spec->key_schema.data : "", spec->key_schema.size),
                   spec->key_schema.size};
    store->spec.value_schema = (weir_str){
        weir_strndup(spec->value_schema.data ? spec->value_schema.data : "", spec->value_schema.size),
        spec->value_schema.size};
    weir_state_slab_init(&store->slab, budget);
    store->slots = weir_alloc_zero(SLOTS_MIN, sizeof(slot));
    store->mask = SLOTS_MIN - 1;
    store->free_entry = NONE;
    for (int32_t g = 0; g < WEIR_STATE_GROUPS; g++)
        store->heads[g] = store->tails[g] = NONE;
    *ret = store;
    return WEIR_OK;
}

void weir_state_store_free(weir_state_store *store) {
    if (!store)
        return;
    weir_state_slab_fini(&store->slab);
    for (int32_t i = 0; i < store->chunks_count; i++)
        weir_free(store->chunks[i]);
    weir_free(store->chunks);
    weir_free(store->slots);
    weir_free(store->changes);
    weir_free((char *)(uintptr_t)store->spec.key_schema.data);
    weir_free((char *)(uintptr_t)store->spec.value_schema.data);
    weir_budget_release(store->budget, store->charged);
    weir_free(store);
}

const weir_state_spec *weir_state_store_spec(const weir_state_store *store) {
    return &store->spec;
}
int64_t weir_state_version(const weir_state_store *store) {
    return store->version;
}
int64_t weir_state_rows(const weir_state_store *store) {
    return store->rows;
}
int64_t weir_state_bytes(const weir_state_store *store) {
    return store->charged + store->slab.bytes;
}

/* ---- the index ---- */

static inline uint32_t hash_key(weir_str key, int32_t group) {
    uint64_t hash = weir_hash_bytes(key.data, key.size, (uint64_t)group);
    return (uint32_t)(hash ^ hash >> 32);
}

static inline bool entry_is(const entry *e, weir_str key, int32_t group) {
    return e->key_size == key.size && e->group == group && memcmp(e->key, key.data, key.size) == 0;
}

static int32_t find(const weir_state_store *store, weir_str key, int32_t group, uint32_t hash) {
    for (uint32_t at = hash & store->mask; store->slots[at].entry; at = (at + 1) & store->mask) {
        if (store->slots[at].hash != hash)
            continue;
        int32_t number = (int32_t)store->slots[at].entry - 1;
        if (entry_is(entry_at(store, number), key, group))
            return number;
    }
    return NONE;
}

static bool grow_slots(weir_state_store *store) {
    uint32_t count = 2 * (store->mask + 1);
    if (!charge(store, (int64_t)sizeof(slot) * (store->mask + 1)))
        return false;
    slot *fresh = weir_alloc_zero(count, sizeof(slot));
    for (uint32_t i = 0; i <= store->mask; i++) {
        if (!store->slots[i].entry)
            continue;
        uint32_t at = store->slots[i].hash & (count - 1);
        while (fresh[at].entry)
            at = (at + 1) & (count - 1);
        fresh[at] = store->slots[i];
    }
    weir_free(store->slots);
    store->slots = fresh;
    store->mask = count - 1;
    return true;
}

static void index_add(weir_state_store *store, int32_t number, uint32_t hash) {
    uint32_t at = hash & store->mask;
    while (store->slots[at].entry)
        at = (at + 1) & store->mask;
    store->slots[at] = (slot){hash, (uint32_t)number + 1};
}

/* Backward shift: what follows closes the gap, so that no tombstones pile up. */
static void index_remove(weir_state_store *store, int32_t number, uint32_t hash) {
    uint32_t at = hash & store->mask;
    while (store->slots[at].entry != (uint32_t)number + 1)
        at = (at + 1) & store->mask;
    for (uint32_t next = (at + 1) & store->mask; store->slots[next].entry; next = (next + 1) & store->mask) {
        uint32_t home = store->slots[next].hash & store->mask;
        if (((next - home) & store->mask) < ((next - at) & store->mask))
            continue;
        store->slots[at] = store->slots[next];
        at = next;
    }
    store->slots[at] = (slot){0};
}

/* ---- entries ---- */

static bool new_chunk(weir_state_store *store) {
    int64_t bytes = (int64_t)sizeof(entry) * ENTRIES_PER_CHUNK;
    if (store->chunks_count == store->chunks_capacity) {
        int32_t capacity = WEIR_MAX(16, 2 * store->chunks_capacity);
        if (!charge(store, (int64_t)sizeof(entry *) * (capacity - store->chunks_capacity)))
            return false;
        store->chunks = weir_realloc(store->chunks, sizeof(entry *) * (size_t)capacity);
        store->chunks_capacity = capacity;
    }
    if (!charge(store, bytes))
        return false;
    store->chunks[store->chunks_count++] = weir_alloc((size_t)bytes);
    return true;
}

static int32_t take_entry(weir_state_store *store) {
    int32_t number = store->free_entry;
    if (number != NONE) {
        store->free_entry = entry_at(store, number)->next;
        return number;
    }
    if (store->entries_used == store->chunks_count * ENTRIES_PER_CHUNK &&
        (store->entries_used > INT32_MAX - 2 * ENTRIES_PER_CHUNK || !new_chunk(store)))
        return NONE;
    return store->entries_used++;
}

/* A new entry without value at the end of its group's list; NONE where memory is refused. */
static int32_t insert(weir_state_store *store, weir_str key, int32_t group, uint32_t hash) {
    if ((uint64_t)(store->entries_live + 1) * 4 > ((uint64_t)store->mask + 1) * 3 && !grow_slots(store))
        return NONE;
    uint8_t *copy = weir_state_slab_take(&store->slab, key.size);
    int32_t number = copy ? take_entry(store) : NONE;
    if (number == NONE) {
        weir_state_slab_give(&store->slab, copy, key.size);
        return NONE;
    }
    if (key.size)
        memcpy(copy, key.data, key.size);
    *entry_at(store, number) = (entry){.key = copy,
                                       .key_size = (uint32_t)key.size,
                                       .hash = hash,
                                       .next = NONE,
                                       .previous = store->tails[group],
                                       .group = group};
    if (store->tails[group] == NONE)
        store->heads[group] = number;
    else
        entry_at(store, store->tails[group])->next = number;
    store->tails[group] = number;
    index_add(store, number, hash);
    store->entries_live++;
    return number;
}

static void erase(weir_state_store *store, int32_t number) {
    entry *e = entry_at(store, number);
    index_remove(store, number, e->hash);
    if (e->previous == NONE)
        store->heads[e->group] = e->next;
    else
        entry_at(store, e->previous)->next = e->next;
    if (e->next == NONE)
        store->tails[e->group] = e->previous;
    else
        entry_at(store, e->next)->previous = e->previous;
    weir_state_slab_give(&store->slab, e->key, e->key_size);
    e->next = store->free_entry;
    store->free_entry = number;
    store->entries_live--;
}

/* ---- the view ---- */

/* Remembers the committed value at the first change in an epoch. */
static bool touch(weir_state_store *store, int32_t number) {
    entry *e = entry_at(store, number);
    if (e->change)
        return true;
    if (store->changes_count == store->changes_capacity) {
        int32_t capacity = WEIR_MAX(256, 2 * store->changes_capacity);
        if (!charge(store, (int64_t)sizeof(change) * (capacity - store->changes_capacity)))
            return false;
        store->changes = weir_realloc(store->changes, sizeof(change) * (size_t)capacity);
        store->changes_capacity = capacity;
    }
    store->changes[store->changes_count++] = (change){number, e->value_size, e->value};
    e->change = store->changes_count;
    e->value = NULL;
    e->value_size = 0;
    return true;
}

static bool put_value(weir_state_store *store, int32_t number, weir_str value) {
    entry *e = entry_at(store, number);
    bool was_live = e->value != NULL;
    uint8_t *copy = weir_state_slab_take(&store->slab, value.size);
    if (!copy || !touch(store, number)) {
        weir_state_slab_give(&store->slab, copy, value.size);
        return false;
    }
    if (value.size)
        memcpy(copy, value.data, value.size);
    weir_state_slab_give(&store->slab, e->value, e->value_size);
    e->value = copy;
    e->value_size = (uint32_t)value.size;
    store->rows += !was_live;
    return true;
}

static bool put_one(weir_state_store *store, weir_str key, int32_t group, uint32_t hash, weir_str value) {
    int32_t number = find(store, key, group, hash);
    if (number == NONE) {
        number = insert(store, key, group, hash);
        if (number == NONE)
            return false;
        if (!touch(store, number)) { /* not yet a change: it would outlive an abort */
            erase(store, number);
            return false;
        }
    }
    return put_value(store, number, value);
}

static bool remove_one(weir_state_store *store, weir_str key, int32_t group, uint32_t hash) {
    int32_t number = find(store, key, group, hash);
    if (number == NONE || !entry_at(store, number)->value)
        return true;
    if (!touch(store, number))
        return false;
    entry *e = entry_at(store, number);
    weir_state_slab_give(&store->slab, e->value, e->value_size);
    e->value = NULL;
    e->value_size = 0;
    store->rows--;
    return true;
}

static weir_code check_groups(const weir_state_store *store, const weir_state_keys *keys, weir_error **err) {
    for (int32_t i = 0; i < keys->count; i++) {
        if (keys->groups[i] < store->spec.group_from || keys->groups[i] >= store->spec.group_to)
            WEIR_FAIL(err, INTERNAL_ERROR, "key group %d does not belong to the state partition [%d, %d)",
                      keys->groups[i], store->spec.group_from, store->spec.group_to);
    }
    return WEIR_OK;
}

/* Hashes a batch and prefetches its slots, so that the probes' cache misses overlap. */
static uint32_t *hash_keys(const weir_state_store *store, const weir_state_keys *keys) {
    uint32_t *hashes = weir_alloc(sizeof(uint32_t) * ((size_t)keys->count + 1));
    for (int32_t i = 0; i < keys->count; i++) {
        hashes[i] = hash_key(keys->keys[i], keys->groups[i]);
        __builtin_prefetch(&store->slots[hashes[i] & store->mask]);
    }
    return hashes;
}

#define PREFETCH_AHEAD 8

static void prefetch_entry(const weir_state_store *store, const uint32_t *hashes, int32_t count, int32_t i) {
    if (i + PREFETCH_AHEAD >= count)
        return;
    uint32_t number = store->slots[hashes[i + PREFETCH_AHEAD] & store->mask].entry;
    if (number)
        __builtin_prefetch(entry_at(store, (int32_t)number - 1));
}

weir_code weir_state_get(weir_state_store *store, const weir_state_keys *keys, weir_str *ret_values,
                         weir_error **err) {
    WEIR_TRY(check_groups(store, keys, err));
    _cleanup_free_ uint32_t *hashes = hash_keys(store, keys);
    for (int32_t i = 0; i < keys->count; i++) {
        prefetch_entry(store, hashes, keys->count, i);
        int32_t number = find(store, keys->keys[i], keys->groups[i], hashes[i]);
        const entry *e = number == NONE ? NULL : entry_at(store, number);
        ret_values[i] = e && e->value ? (weir_str){(const char *)e->value, e->value_size} : (weir_str){0};
    }
    return WEIR_OK;
}

weir_code weir_state_put(weir_state_store *store, const weir_state_keys *keys, const weir_str *values,
                         weir_error **err) {
    WEIR_TRY(check_groups(store, keys, err));
    _cleanup_free_ uint32_t *hashes = hash_keys(store, keys);
    for (int32_t i = 0; i < keys->count; i++) {
        prefetch_entry(store, hashes, keys->count, i);
        if (!put_one(store, keys->keys[i], keys->groups[i], hashes[i], values[i]))
            return refused(store, err);
    }
    return WEIR_OK;
}

weir_code weir_state_remove(weir_state_store *store, const weir_state_keys *keys, weir_error **err) {
    WEIR_TRY(check_groups(store, keys, err));
    _cleanup_free_ uint32_t *hashes = hash_keys(store, keys);
    for (int32_t i = 0; i < keys->count; i++) {
        if (!remove_one(store, keys->keys[i], keys->groups[i], hashes[i]))
            return refused(store, err);
    }
    return WEIR_OK;
}

/* First entry of the groups from `group` on. */
static int32_t first_from(const weir_state_store *store, int32_t group) {
    for (; group < store->spec.group_to; group++) {
        if (store->heads[group] != NONE)
            return store->heads[group];
    }
    return NONE;
}

static int32_t after(const weir_state_store *store, int32_t number) {
    const entry *e = entry_at(store, number);
    return e->next != NONE ? e->next : first_from(store, e->group + 1);
}

weir_code weir_state_scan(weir_state_store *store, int64_t *cursor, int32_t max, weir_str *ret_keys,
                          weir_str *ret_values, int32_t *ret_count, weir_error **err) {
    (void)err;
    int32_t count = 0;
    int32_t number = *cursor ? (int32_t)(*cursor - 1) : first_from(store, store->spec.group_from);
    for (; number != NONE && count < max; number = after(store, number)) {
        const entry *e = entry_at(store, number);
        if (!e->value)
            continue;
        ret_keys[count] = (weir_str){(const char *)e->key, e->key_size};
        ret_values[count++] = (weir_str){(const char *)e->value, e->value_size};
    }
    *cursor = number == NONE ? 0 : (int64_t)number + 1;
    *ret_count = count;
    return WEIR_OK;
}

static int64_t changes_with(const weir_state_store *store, bool present) {
    int64_t count = 0;
    for (int32_t i = 0; i < store->changes_count; i++) {
        const change *c = &store->changes[i];
        bool now = entry_at(store, c->entry)->value != NULL;
        count += present ? now : !now && c->value;
    }
    return count;
}

int64_t weir_state_rows_updated(const weir_state_store *store) {
    return changes_with(store, true);
}
int64_t weir_state_rows_removed(const weir_state_store *store) {
    return changes_with(store, false);
}

static void end_epoch(weir_state_store *store) {
    store->changes_count = 0;
    weir_budget_release(store->budget, (int64_t)sizeof(change) * store->changes_capacity);
    store->charged -= (int64_t)sizeof(change) * store->changes_capacity;
    weir_free(store->changes);
    store->changes = NULL;
    store->changes_capacity = 0;
}

static void fold(weir_state_store *store) {
    for (int32_t i = 0; i < store->changes_count; i++) {
        change *c = &store->changes[i];
        entry *e = entry_at(store, c->entry);
        weir_state_slab_give(&store->slab, c->value, c->value_size);
        e->change = 0;
        if (!e->value)
            erase(store, c->entry);
    }
    end_epoch(store);
}

void weir_state_commit(weir_state_store *store) {
    fold(store);
    store->version++;
    for (int32_t g = store->spec.group_from; g < store->spec.group_to; g++)
        store->group_versions[g] = store->version;
}

void weir_state_abort(weir_state_store *store) {
    for (int32_t i = store->changes_count - 1; i >= 0; i--) {
        change *c = &store->changes[i];
        entry *e = entry_at(store, c->entry);
        store->rows += (c->value != NULL) - (e->value != NULL);
        weir_state_slab_give(&store->slab, e->value, e->value_size);
        e->change = 0;
        e->value = c->value;
        e->value_size = c->value_size;
        if (!e->value)
            erase(store, c->entry);
    }
    end_epoch(store);
}

/* ---- sections ---- */

/* Changes by key group, stable: within a group new entries stand in the order of their making. */
static int32_t *changes_by_group(const weir_state_store *store) {
    int32_t starts[WEIR_STATE_GROUPS + 1] = {0};
    int32_t *order = weir_alloc(sizeof(int32_t) * ((size_t)store->changes_count + 1));
    for (int32_t i = 0; i < store->changes_count; i++)
        starts[entry_at(store, store->changes[i].entry)->group + 1]++;
    for (int32_t g = 0; g < WEIR_STATE_GROUPS; g++)
        starts[g + 1] += starts[g];
    for (int32_t i = 0; i < store->changes_count; i++)
        order[starts[entry_at(store, store->changes[i].entry)->group]++] = i;
    return order;
}

weir_code weir_state_changelog(weir_state_store *store, weir_strbuf *buf, weir_error **err) {
    weir_state_writer writer;
    weir_state_writer_init(&writer);
    _cleanup_free_ int32_t *order = changes_by_group(store);
    for (int32_t i = 0; i < store->changes_count; i++) {
        const change *c = &store->changes[order[i]];
        const entry *e = entry_at(store, c->entry);
        if (!e->value && !c->value)
            continue; /* came and went within the epoch */
        weir_state_writer_add(&writer, e->group, (weir_str){(const char *)e->key, e->key_size},
                              (weir_str){(const char *)e->value, e->value_size});
    }
    weir_code code = weir_state_writer_finish(&writer, WEIR_STATE_CHANGELOG, &store->spec, store->version,
                                              store->version + 1, buf, err);
    weir_state_writer_fini(&writer);
    return code;
}

weir_code weir_state_snapshot(weir_state_store *store, weir_strbuf *buf, weir_error **err) {
    weir_state_writer writer;
    weir_state_writer_init(&writer);
    for (int32_t n = first_from(store, store->spec.group_from); n != NONE; n = after(store, n)) {
        const entry *e = entry_at(store, n);
        weir_str value = {(const char *)e->value, e->value_size};
        if (e->change) {
            const change *c = &store->changes[e->change - 1];
            value = (weir_str){(const char *)c->value, c->value_size};
        }
        if (value.data)
            weir_state_writer_add(&writer, e->group, (weir_str){(const char *)e->key, e->key_size}, value);
    }
    weir_code code = weir_state_writer_finish(&writer, WEIR_STATE_SNAPSHOT, &store->spec, store->version,
                                              store->version, buf, err);
    weir_state_writer_fini(&writer);
    return code;
}

/* ---- recovery ---- */

static weir_code damaged(const char *what, const char *reason, weir_error **err) {
    WEIR_RAISE(err, CORRUPT_FILE, "path", what, "reason", reason);
}

static weir_code check_section(const weir_state_store *store, const weir_state_section *section,
                               const char *what, weir_error **err) {
    const weir_state_spec *mine = &store->spec, *theirs = &section->spec;
    if (theirs->operator_id != mine->operator_id)
        return damaged(what, "it holds the state of another operator", err);
    _cleanup_free_ char *stored_key = weir_strndup(theirs->key_schema.data, theirs->key_schema.size);
    _cleanup_free_ char *stored_value = weir_strndup(theirs->value_schema.data, theirs->value_schema.size);
    if (!weir_str_equal(theirs->key_schema, mine->key_schema))
        WEIR_RAISE(err, STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE, "storedKeySchema", stored_key, "newKeySchema",
                   mine->key_schema.data);
    if (!weir_str_equal(theirs->value_schema, mine->value_schema))
        WEIR_RAISE(err, STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE, "storedValueSchema", stored_value,
                   "newValueSchema", mine->value_schema.data);
    int32_t from = WEIR_MAX(mine->group_from, theirs->group_from),
            to = WEIR_MIN(mine->group_to, theirs->group_to);
    for (int32_t g = from; g < to; g++) {
        if (section->kind == WEIR_STATE_SNAPSHOT ? store->group_versions[g] != 0 || store->heads[g] != NONE
                                                 : store->group_versions[g] != section->base_version ||
                                                       section->version <= section->base_version)
            return damaged(what, "it does not continue the state read so far", err);
    }
    return WEIR_OK;
}

static weir_code apply_entry(void *data, int32_t group, weir_str key, weir_str value, weir_error **err) {
    weir_state_store *store = data;
    if (group < store->spec.group_from || group >= store->spec.group_to)
        return WEIR_OK;
    uint32_t hash = hash_key(key, group);
    bool ok = value.data ? put_one(store, key, group, hash, value) : remove_one(store, key, group, hash);
    return ok ? WEIR_OK : refused(store, err);
}

static weir_code apply(weir_state_store *store, const weir_state_section *section, const char *what,
                       weir_error **err) {
    WEIR_TRY(check_section(store, section, what, err));
    weir_code code = weir_state_section_each(section, apply_entry, store, err);
    if (code != WEIR_OK) {
        weir_state_abort(store);
        return code;
    }
    fold(store);
    int32_t from = WEIR_MAX(store->spec.group_from, section->spec.group_from);
    int32_t to = WEIR_MIN(store->spec.group_to, section->spec.group_to);
    for (int32_t g = from; g < to; g++)
        store->group_versions[g] = section->version;
    return WEIR_OK;
}

weir_code weir_state_replay(weir_state_store *store, weir_str section, const char *what, weir_error **err) {
    WEIR_ASSERT(store->changes_count == 0);
    weir_state_section parsed;
    WEIR_TRY(weir_state_section_parse(section, what, store->budget, &parsed, err));
    weir_code code = apply(store, &parsed, what, err);
    weir_state_section_fini(&parsed);
    return code;
}

weir_code weir_state_loaded(weir_state_store *store, int64_t version, const char *what, weir_error **err) {
    for (int32_t g = store->spec.group_from; g < store->spec.group_to; g++) {
        if (store->group_versions[g] != version)
            return damaged(what, "the state of some key groups is missing or of another version", err);
    }
    store->version = version;
    return WEIR_OK;
}
