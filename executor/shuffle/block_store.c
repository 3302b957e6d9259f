/* The shuffle blocks of an epoch attempt (block_store.h): one flat array of pointers a stage. */
#include "executor/shuffle/block_store.h"

#include <pthread.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

typedef struct stage_blocks {
    int32_t tasks, partitions;
    weir_buffer **blocks; /* [partition * tasks + task] */
} stage_blocks;

struct weir_block_store {
    pthread_mutex_t lock;
    int32_t stages_count;
    stage_blocks stages[];
};

weir_block_store *weir_block_store_new(int32_t stages, const int32_t *tasks, const int32_t *partitions) {
    weir_block_store *store = weir_alloc_zero(1, sizeof *store + sizeof(stage_blocks) * (size_t)stages);
    pthread_mutex_init(&store->lock, NULL);
    store->stages_count = stages;
    for (int32_t s = 0; s < stages; s++) {
        store->stages[s].tasks = tasks[s];
        store->stages[s].partitions = partitions[s];
        store->stages[s].blocks =
            weir_alloc_zero((size_t)tasks[s] * (size_t)partitions[s], sizeof(weir_buffer *));
    }
    return store;
}

void weir_block_store_free(weir_block_store *store) {
    if (!store)
        return;
    for (int32_t s = 0; s < store->stages_count; s++) {
        size_t count = (size_t)store->stages[s].tasks * (size_t)store->stages[s].partitions;
        for (size_t i = 0; i < count; i++)
            weir_buffer_unref(store->stages[s].blocks[i]);
        weir_free(store->stages[s].blocks);
    }
    pthread_mutex_destroy(&store->lock);
    weir_free(store);
}

static weir_buffer **slot(const weir_block_store *store, int32_t stage, int32_t partition, int32_t task) {
    const stage_blocks *s = &store->stages[stage];
    WEIR_ASSERT(stage < store->stages_count && partition >= 0 && partition < s->partitions && task >= 0 &&
                task < s->tasks);
    return &s->blocks[(size_t)partition * (size_t)s->tasks + (size_t)task];
}

void weir_block_store_put(weir_block_store *store, int32_t stage, int32_t partition, int32_t task,
                          weir_buffer *block) {
    pthread_mutex_lock(&store->lock);
    weir_buffer **at = slot(store, stage, partition, task);
    WEIR_ASSERT(!*at);
    *at = block;
    pthread_mutex_unlock(&store->lock);
}

weir_buffer *weir_block_store_get(const weir_block_store *store, int32_t stage, int32_t partition,
                                  int32_t task) {
    return *slot(store, stage, partition, task);
}

int32_t weir_block_store_tasks(const weir_block_store *store, int32_t stage) {
    return store->stages[stage].tasks;
}

typedef struct owned_bytes {
    weir_budget *budget;
    char *data;
    size_t size;
} owned_bytes;

static void release_bytes(void *owner) {
    owned_bytes *bytes = owner;
    weir_budget_release(bytes->budget, (int64_t)bytes->size);
    weir_free(bytes->data);
    weir_free(bytes);
}

weir_code weir_block_buffer(weir_budget *budget, weir_strbuf *bytes, weir_buffer **ret, weir_error **err) {
    if (!weir_budget_charge(budget, (int64_t)bytes->capacity))
        WEIR_FAIL(err, OUT_OF_MEMORY, "a shuffle block of %zu bytes does not fit spark.executor.memory",
                  bytes->size);
    owned_bytes *owner = weir_alloc(sizeof *owner);
    *owner = (owned_bytes){budget, NULL, bytes->capacity};
    size_t size = bytes->size;
    owner->data = weir_strbuf_steal(bytes);
    *ret = weir_buffer_borrow(owner->data, size, release_bytes, owner);
    return WEIR_OK;
}
