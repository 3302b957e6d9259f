/* The shuffle blocks of an epoch attempt (block_store.h): an array of slots a stage, a slot a growing list.
 *
 *   block: IN MEMORY --read(take)--> GONE
 *             |  `--spill--> (written while readers may still take references) --> IN FILE
 *             `-- never, where the budget has no room: straight IN FILE
 *
 * A slot's entries move when the list grows, so nothing outside of the lock points into it: a spill holds the
 * block's buffer and its place by number. Files are written and read without the lock. */
#include "executor/shuffle/block_store.h"

#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/failpoint.h"
#include "common/base/hash.h"

#define SHRINK_FROM 4096 /* smaller texts are not worth a copy */

typedef struct block_entry {
    weir_buffer *buffer; /* NULL: in the file, or gone */
    int64_t offset;      /* in the stage's file; -1 = not there */
    int64_t size;
    uint32_t crc;
    bool spilling;
} block_entry;

typedef struct block_slot {
    int32_t count, capacity;
    block_entry entries[];
} block_slot;

typedef struct block_place {
    weir_block_slot_id slot;
    int32_t index;
} block_place;

typedef struct stage_blocks {
    int32_t tasks, partitions;
    block_slot **slots; /* [partition * tasks + task]; NULL = no blocks */
    weir_scratch *scratch;
    int64_t scratch_end;
} stage_blocks;

struct weir_block_store {
    _Atomic int32_t refs;
    weir_block_pool *pool;
    _Atomic int64_t spilled;
    pthread_mutex_t lock;
    block_place *resident; /* in memory, or were once; the newest last */
    int32_t resident_count, resident_capacity;
    int32_t stages_count;
    stage_blocks stages[];
};

weir_block_store *weir_block_store_new(weir_block_pool *pool, int32_t stages, const int32_t *tasks,
                                       const int32_t *partitions) {
    weir_block_store *store = weir_alloc_zero(1, sizeof *store + sizeof(stage_blocks) * (size_t)stages);
    atomic_init(&store->refs, 1);
    store->pool = pool;
    pthread_mutex_init(&store->lock, NULL);
    store->stages_count = stages;
    for (int32_t s = 0; s < stages; s++) {
        store->stages[s].tasks = tasks[s];
        store->stages[s].partitions = partitions[s];
        store->stages[s].slots =
            weir_alloc_zero((size_t)tasks[s] * (size_t)partitions[s], sizeof(block_slot *));
    }
    weir_block_pool_add(pool, store);
    return store;
}

weir_block_store *weir_block_store_ref(weir_block_store *store) {
    atomic_fetch_add(&store->refs, 1);
    return store;
}

bool weir_block_store_try_ref(weir_block_store *store) {
    int32_t refs = atomic_load(&store->refs);
    while (refs > 0)
        if (atomic_compare_exchange_weak(&store->refs, &refs, refs + 1))
            return true;
    return false;
}

static void free_slot(block_slot *slot) {
    for (int32_t i = 0; slot && i < slot->count; i++)
        weir_buffer_unref(slot->entries[i].buffer);
    weir_free(slot);
}

void weir_block_store_unref(weir_block_store *store) {
    if (!store || atomic_fetch_sub(&store->refs, 1) > 1)
        return;
    weir_block_pool_remove(store->pool, store);
    weir_fs *fs = weir_block_pool_fs(store->pool);
    for (int32_t s = 0; s < store->stages_count; s++) {
        stage_blocks *stage = &store->stages[s];
        for (size_t i = 0; i < (size_t)stage->tasks * (size_t)stage->partitions; i++)
            free_slot(stage->slots[i]);
        weir_free(stage->slots);
        fs->ops->scratch_close(stage->scratch);
    }
    pthread_mutex_destroy(&store->lock);
    weir_free(store->resident);
    weir_free(store);
}

/* ---- slots; under the lock ---- */

static block_slot **slot_at(const weir_block_store *store, weir_block_slot_id id) {
    WEIR_ASSERT(id.stage >= 0 && id.stage < store->stages_count);
    const stage_blocks *s = &store->stages[id.stage];
    WEIR_ASSERT(id.partition >= 0 && id.partition < s->partitions && id.task >= 0 && id.task < s->tasks);
    return &s->slots[(size_t)id.partition * (size_t)s->tasks + (size_t)id.task];
}

static block_entry *entry_at(const weir_block_store *store, weir_block_slot_id id, int32_t index) {
    block_slot *slot = *slot_at(store, id);
    return slot && index >= 0 && index < slot->count ? &slot->entries[index] : NULL;
}

static void append(weir_block_store *store, weir_block_slot_id id, const block_entry *entry) {
    block_slot **at = slot_at(store, id);
    block_slot *slot = *at;
    if (!slot || slot->count == slot->capacity) {
        int32_t count = slot ? slot->count : 0, capacity = count ? count * 2 : 1;
        *at = slot = weir_realloc(slot, sizeof *slot + sizeof *entry * (size_t)capacity);
        slot->count = count;
        slot->capacity = capacity;
    }
    slot->entries[slot->count++] = *entry;
    if (!entry->buffer)
        return;
    if (store->resident_count == store->resident_capacity) {
        store->resident_capacity = WEIR_MAX(store->resident_capacity * 2, 64);
        store->resident =
            weir_realloc(store->resident, sizeof *store->resident * (size_t)store->resident_capacity);
    }
    store->resident[store->resident_count++] = (block_place){id, slot->count - 1};
}

/* ---- files ---- */

/* The stage's file and a place of its own in it. */
static weir_code reserve_file(weir_block_store *store, int32_t stage, size_t size, weir_scratch **ret,
                              int64_t *ret_offset, weir_error **err) {
    stage_blocks *s = &store->stages[stage];
    pthread_mutex_lock(&store->lock);
    weir_scratch *scratch = s->scratch;
    pthread_mutex_unlock(&store->lock);
    weir_scratch *extra = NULL;
    if (!scratch)
        WEIR_TRY(weir_block_pool_open_scratch(store->pool, &extra, err));
    pthread_mutex_lock(&store->lock);
    if (!s->scratch) {
        s->scratch = extra;
        extra = NULL;
    }
    *ret = s->scratch;
    *ret_offset = s->scratch_end;
    s->scratch_end += (int64_t)size;
    pthread_mutex_unlock(&store->lock);
    weir_block_pool_fs(store->pool)->ops->scratch_close(extra); /* another thread was faster */
    return WEIR_OK;
}

static weir_code write_block(weir_block_store *store, int32_t stage, weir_str bytes, block_entry *ret,
                             weir_error **err) {
    weir_scratch *scratch = NULL;
    int64_t offset = 0;
    WEIR_FAILPOINT("P4.spill", err);
    WEIR_TRY(reserve_file(store, stage, bytes.size, &scratch, &offset, err));
    WEIR_TRY(weir_block_pool_fs(store->pool)->ops->scratch_write(scratch, offset, bytes, err));
    *ret = (block_entry){
        .offset = offset, .size = (int64_t)bytes.size, .crc = weir_crc32c(0, bytes.data, bytes.size)};
    atomic_fetch_add_explicit(&store->spilled, (int64_t)bytes.size, memory_order_relaxed);
    weir_block_pool_note_spilled(store->pool, (int64_t)bytes.size);
    return WEIR_OK;
}

static weir_code read_block(weir_block_store *store, const block_entry *entry, weir_scratch *scratch,
                            weir_budget *budget, weir_buffer **ret, weir_error **err) {
    weir_buffer *buffer = weir_buffer_new(budget, (size_t)entry->size);
    if (!buffer)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a shuffle block of %lld bytes does not fit the memory of its task",
                  (long long)entry->size);
    weir_fs *fs = weir_block_pool_fs(store->pool);
    weir_code code = fs->ops->scratch_read(scratch, entry->offset, buffer->data, (size_t)entry->size, err);
    if (code == WEIR_OK && weir_crc32c(0, buffer->data, (size_t)entry->size) != entry->crc) {
        _cleanup_free_ char *path =
            weir_asprintf("%s (spilled shuffle block)", weir_block_pool_directory(store->pool));
        code = weir_error_raise(err, WEIR_CORRUPT_FILE, "path", path, "reason", "a block fails its checksum",
                                NULL);
    }
    if (code != WEIR_OK) {
        weir_buffer_unref(buffer);
        return code;
    }
    buffer->size = (size_t)entry->size;
    *ret = buffer;
    return WEIR_OK;
}

/* ---- blocks in memory ---- */

typedef struct owned_bytes {
    weir_budget *budget;
    char *data;
    int64_t charged;
} owned_bytes;

static void release_bytes(void *owner) {
    owned_bytes *bytes = owner;
    weir_budget_release(bytes->budget, bytes->charged);
    weir_free(bytes->data);
    weir_free(bytes);
}

/* Moves the text into a charged buffer; NULL where there is no room. */
static weir_buffer *keep_in_memory(weir_budget *budget, weir_strbuf *bytes) {
    size_t size = bytes->size;
    if (bytes->capacity >= SHRINK_FROM && bytes->capacity - size > size / 4) {
        bytes->capacity = size + 1;
        bytes->data = weir_realloc(bytes->data, bytes->capacity);
    }
    int64_t charged = (int64_t)bytes->capacity;
    if (!weir_budget_try(budget, charged))
        return NULL;
    owned_bytes *owner = weir_alloc(sizeof *owner);
    *owner = (owned_bytes){budget, weir_strbuf_steal(bytes), charged};
    return weir_buffer_borrow(owner->data, size, release_bytes, owner);
}

weir_code weir_block_store_add(weir_block_store *store, weir_block_slot_id slot, weir_strbuf *bytes,
                               weir_error **err) {
    block_entry entry = {.offset = -1, .size = (int64_t)bytes->size};
    entry.buffer = keep_in_memory(weir_block_pool_budget(store->pool), bytes);
    if (!entry.buffer) {
        WEIR_TRY(write_block(store, slot.stage, weir_strbuf_view(bytes), &entry, err));
        weir_strbuf_clear(bytes);
    }
    pthread_mutex_lock(&store->lock);
    append(store, slot, &entry);
    pthread_mutex_unlock(&store->lock);
    return WEIR_OK;
}

int64_t weir_block_store_size(weir_block_store *store, weir_block_slot_id slot, int32_t index) {
    pthread_mutex_lock(&store->lock);
    const block_entry *entry = entry_at(store, slot, index);
    int64_t size = entry ? entry->size : -1;
    pthread_mutex_unlock(&store->lock);
    return size;
}

weir_code weir_block_store_read(weir_block_store *store, weir_block_slot_id slot, int32_t index, bool take,
                                weir_budget *budget, weir_buffer **ret, weir_error **err) {
    pthread_mutex_lock(&store->lock);
    block_entry *entry = entry_at(store, slot, index);
    if (!entry || (!entry->buffer && entry->offset < 0)) { /* a peer may ask for anything */
        pthread_mutex_unlock(&store->lock);
        WEIR_FAIL(err, RPC_ERROR, "a shuffle block that is not there, or was taken already");
    }
    weir_buffer *buffer = entry->buffer;
    if (buffer && !take)
        weir_buffer_ref(buffer);
    else
        entry->buffer = NULL;
    block_entry copy = *entry;
    weir_scratch *scratch = store->stages[slot.stage].scratch;
    pthread_mutex_unlock(&store->lock);
    if (!buffer)
        return read_block(store, &copy, scratch, budget, ret, err);
    *ret = buffer;
    return WEIR_OK;
}

int32_t weir_block_store_stages(const weir_block_store *store) {
    return store->stages_count;
}

int32_t weir_block_store_tasks(const weir_block_store *store, int32_t stage) {
    return store->stages[stage].tasks;
}

int32_t weir_block_store_partitions(const weir_block_store *store, int32_t stage) {
    return store->stages[stage].partitions;
}

int64_t weir_block_store_spilled(const weir_block_store *store) {
    return atomic_load_explicit(&store->spilled, memory_order_relaxed);
}

/* ---- giving memory back ---- */

/* The newest block in memory, marked and referenced; false where there is none. */
static bool pick_victim(weir_block_store *store, block_place *ret_place, weir_buffer **ret) {
    bool found = false;
    pthread_mutex_lock(&store->lock);
    while (!found && store->resident_count) {
        block_place place = store->resident[--store->resident_count];
        block_entry *entry = entry_at(store, place.slot, place.index);
        if (!entry->buffer || entry->spilling)
            continue;
        entry->spilling = true;
        *ret = weir_buffer_ref(entry->buffer);
        *ret_place = place;
        found = true;
    }
    pthread_mutex_unlock(&store->lock);
    return found;
}

static void settle_victim(weir_block_store *store, const block_place *place, const block_entry *written) {
    pthread_mutex_lock(&store->lock);
    block_entry *entry = entry_at(store, place->slot, place->index);
    entry->spilling = false;
    weir_buffer *buffer = NULL;
    if (written && entry->buffer) { /* else it was taken meanwhile */
        entry->offset = written->offset;
        entry->crc = written->crc;
        buffer = entry->buffer;
        entry->buffer = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    weir_buffer_unref(buffer);
}

weir_code weir_block_store_spill(weir_block_store *store, int64_t bytes, int64_t *freed, weir_error **err) {
    block_place place;
    weir_buffer *buffer = NULL;
    weir_code code = WEIR_OK;
    for (int64_t done = 0; code == WEIR_OK && done < bytes && pick_victim(store, &place, &buffer);) {
        block_entry written = {0};
        weir_str view = {(const char *)buffer->data, buffer->size};
        code = write_block(store, place.slot.stage, view, &written, err);
        settle_victim(store, &place, code == WEIR_OK ? &written : NULL);
        done += (int64_t)buffer->size;
        *freed += code == WEIR_OK ? (int64_t)buffer->size : 0;
        weir_buffer_unref(buffer);
    }
    return code;
}
