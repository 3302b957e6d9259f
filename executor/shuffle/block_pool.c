/* The shared half of the block stores (block_pool.h).
 *
 * Reclaiming: stores are asked one after the other, the newest first, for more than was wanted, so that a
 * task at the limit does not come back for every small charge. The list's lock is not held while files are
 * written. Possible failures: the directory cannot be made, the disk is full; the first is kept for the
 * attempt's report, and the charge is refused. */
#include "executor/shuffle/block_pool.h"

#include <pthread.h>

#include "common/base/alloc.h"
#include "executor/shuffle/block_store.h"

#define RECLAIM_SHARE 16 /* of the budget's limit */
#define RECLAIM_MAX ((int64_t)32 << 20)
#define STORES_AT_ONCE 64

struct weir_block_pool {
    weir_fs *fs;
    weir_budget *budget;
    char *local_dir;
    _Atomic int64_t spilled;
    pthread_mutex_t directory_lock; /* of making the directory */
    weir_scratch_directory *directory;
    pthread_mutex_t lock; /* of what follows */
    weir_error *error;
    weir_block_store **stores;
    int32_t stores_count, stores_capacity;
};

static void keep_error(weir_block_pool *pool, weir_error *error /* takes */) {
    pthread_mutex_lock(&pool->lock);
    if (!pool->error) {
        pool->error = error;
        error = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    weir_error_free(error);
}

weir_error *weir_block_pool_take_error(weir_block_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    weir_error *error = pool->error;
    pool->error = NULL;
    pthread_mutex_unlock(&pool->lock);
    return error;
}

/* References to the stores that live, the newest first. */
static int32_t list_stores(weir_block_pool *pool, weir_block_store **ret) {
    int32_t count = 0;
    pthread_mutex_lock(&pool->lock);
    for (int32_t i = pool->stores_count - 1; i >= 0 && count < STORES_AT_ONCE; i--)
        if (weir_block_store_try_ref(pool->stores[i]))
            ret[count++] = pool->stores[i];
    pthread_mutex_unlock(&pool->lock);
    return count;
}

static bool reclaim(void *data, int64_t bytes) {
    weir_block_pool *pool = data;
    weir_block_store *stores[STORES_AT_ONCE];
    int64_t more = WEIR_MIN(pool->budget->limit / RECLAIM_SHARE, RECLAIM_MAX);
    int64_t wanted = WEIR_MAX(bytes, more), freed = 0;
    weir_error *err = NULL;
    int32_t count = list_stores(pool, stores);
    for (int32_t i = 0; i < count; i++) {
        if (freed < wanted && !err)
            weir_block_store_spill(stores[i], wanted - freed, &freed, &err);
        weir_block_store_unref(stores[i]);
    }
    if (err)
        keep_error(pool, err);
    return freed > 0;
}

weir_block_pool *weir_block_pool_new(weir_fs *fs, const char *local_dir, weir_budget *budget) {
    weir_block_pool *pool = weir_alloc_zero(1, sizeof *pool);
    pool->fs = fs;
    pool->budget = budget;
    pool->local_dir = weir_strdup(local_dir);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->directory_lock, NULL);
    weir_budget_set_reclaim(budget, reclaim, pool);
    return pool;
}

void weir_block_pool_free(weir_block_pool *pool) {
    if (!pool)
        return;
    weir_budget_set_reclaim(pool->budget, NULL, NULL);
    weir_scratch_directory_close(pool->directory);
    weir_error_free(pool->error);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->directory_lock);
    weir_free(pool->stores);
    weir_free(pool->local_dir);
    weir_free(pool);
}

weir_budget *weir_block_pool_budget(weir_block_pool *pool) {
    return pool->budget;
}

int64_t weir_block_pool_spilled(const weir_block_pool *pool) {
    return atomic_load_explicit(&pool->spilled, memory_order_relaxed);
}

void weir_block_pool_note_spilled(weir_block_pool *pool, int64_t bytes) {
    atomic_fetch_add_explicit(&pool->spilled, bytes, memory_order_relaxed);
}

weir_fs *weir_block_pool_fs(const weir_block_pool *pool) {
    return pool->fs;
}

const char *weir_block_pool_directory(const weir_block_pool *pool) {
    return pool->local_dir;
}

void weir_block_pool_add(weir_block_pool *pool, weir_block_store *store) {
    pthread_mutex_lock(&pool->lock);
    if (pool->stores_count == pool->stores_capacity) {
        pool->stores_capacity = WEIR_MAX(pool->stores_capacity * 2, 8);
        pool->stores = weir_realloc(pool->stores, sizeof *pool->stores * (size_t)pool->stores_capacity);
    }
    pool->stores[pool->stores_count++] = store;
    pthread_mutex_unlock(&pool->lock);
}

void weir_block_pool_remove(weir_block_pool *pool, weir_block_store *store) {
    pthread_mutex_lock(&pool->lock);
    for (int32_t i = 0; i < pool->stores_count; i++)
        if (pool->stores[i] == store) {
            pool->stores_count--;
            memmove(&pool->stores[i], &pool->stores[i + 1],
                    sizeof *pool->stores * (size_t)(pool->stores_count - i));
            break;
        }
    pthread_mutex_unlock(&pool->lock);
}

weir_code weir_block_pool_open_scratch(weir_block_pool *pool, weir_scratch **ret, weir_error **err) {
    weir_code code = WEIR_OK;
    pthread_mutex_lock(&pool->directory_lock);
    if (!pool->directory) {
        weir_scratch_directory_sweep(pool->local_dir);
        code = weir_scratch_directory_open(pool->local_dir, &pool->directory, err);
    }
    if (code == WEIR_OK)
        code = pool->fs->ops->scratch_open(pool->fs, weir_scratch_directory_path(pool->directory), ret, err);
    pthread_mutex_unlock(&pool->directory_lock);
    if (code != WEIR_OK)
        weir_error_contextf(err, "shuffle blocks that do not fit spark.executor.memory");
    return code;
}
