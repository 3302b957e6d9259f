/* State stores from the objects that the commit log names: a snapshot's parts, or none, and the changelogs
 * after it (docs/formats/state.md).
 *
 *   index of each object -> for each missing partition, in parallel: make the store, read and replay the
 *   sections that cover its key groups, object after object
 *
 * Only the sections that are needed are read. That they belong to the object which the commit log means
 * follows from its checksum: the header's and the sections' own, which the header lists, make up the
 * object's. The step's thread works along with the task threads, so that it never waits for tasks of other
 * queries.
 *
 * Possible failures: an object that is missing or damaged (CORRUPT_FILE and NOT_FOUND name it), no memory.
 * The error is that of the first partition that has one. Blocking step of the executor. */
#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "executor/state/state_object.h"
#include "executor/task/executor_int.h"

#define HEADER_GUESS ((size_t)16 << 10)
#define HEADER_MAX ((size_t)64 << 20)

typedef struct restore_object {
    const char *path;
    weir_file *file;
    weir_state_object index;
} restore_object;

/* Shared with the helpers, of which some may only come when all is done. */
typedef struct restore_run {
    _Atomic int32_t refs, next;
    weir_query_run *query;
    weir_arena *arena;
    restore_object *objects;
    int32_t objects_count;
    const int32_t *partitions;
    int32_t count;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int32_t ended_count;
    weir_error *error;
    int32_t error_at; /* the partition's place: the first one's error stands */
} restore_run;

typedef struct restore_helper {
    weir_job job;
    restore_run *run;
} restore_helper;

/* ---- objects ---- */

static weir_code read_range(weir_fs *fs, const restore_object *object, int64_t offset, void *data,
                            size_t size, weir_error **err) {
    size_t got = 0;
    WEIR_TRY(fs->ops->read(object->file, offset, data, size, &got, err));
    if (got != size)
        WEIR_RAISE(err, CORRUPT_FILE, "path", object->path, "reason", "it is cut off");
    return WEIR_OK;
}

static weir_code not_as_logged(const restore_object *object, weir_error **err) {
    WEIR_RAISE(err, CORRUPT_FILE, "path", object->path, "reason",
               "its size or checksum is not what the commit log says");
}

static weir_code check_object(const restore_object *object, weir_str header, const Weir__StateObject *logged,
                              weir_error **err) {
    uint32_t crc = weir_crc32c(0, header.data, header.size);
    for (int32_t i = 0; i < object->index.count; i++)
        crc = weir_crc32c_combine(crc, object->index.parts[i].crc, (uint64_t)object->index.parts[i].size);
    if ((uint64_t)object->index.size != logged->size || crc != logged->crc)
        return not_as_logged(object, err);
    return WEIR_OK;
}

static weir_code open_object(restore_run *run, restore_object *object, const Weir__StateObject *logged,
                             weir_error **err) {
    weir_fs *fs = run->query->context.fs;
    object->path = weir_arena_printf(run->arena, "%s/state/%s", run->query->checkpoint, logged->name);
    WEIR_TRY(fs->ops->open(fs, object->path, &object->file, err));
    int64_t size = fs->ops->size(object->file);
    if ((uint64_t)size != logged->size)
        return not_as_logged(object, err);
    size_t need = WEIR_MIN(HEADER_GUESS, (size_t)size);
    for (;;) {
        char *header = weir_arena_alloc(run->arena, need);
        size_t had = need;
        WEIR_TRY(read_range(fs, object, 0, header, had, err));
        WEIR_TRY(weir_state_object_read_index(run->arena, (weir_str){header, had}, object->path, &need,
                                              &object->index, err));
        if (need <= had)
            return check_object(object, (weir_str){header, need}, logged, err);
        if (need > HEADER_MAX || need > (size_t)size)
            WEIR_RAISE(err, CORRUPT_FILE, "path", object->path, "reason", "it is cut off");
    }
}

/* ---- one partition ---- */

static weir_code replay_part(restore_run *run, const restore_object *object,
                             const weir_state_object_part *part, weir_state_store *store, weir_error **err) {
    weir_executor *executor = run->query->executor;
    weir_buffer *bytes = weir_buffer_new(&executor->budget, (size_t)part->size);
    if (!bytes)
        WEIR_FAIL(err, OUT_OF_MEMORY, "a section of %lld bytes of %s does not fit spark.executor.memory",
                  (long long)part->size, object->path);
    weir_str view = {(const char *)bytes->data, (size_t)part->size};
    weir_code code = read_range(run->query->context.fs, object, part->offset, bytes->data, view.size, err);
    if (code == WEIR_OK)
        code = weir_state_object_check(part, view, object->path, err);
    if (code == WEIR_OK)
        code = weir_state_replay(store, view, object->path, err);
    weir_buffer_unref(bytes);
    weir_count(&executor->counters.restored_bytes, part->size);
    return code;
}

static weir_code restore_partition(restore_run *run, int32_t partition, weir_error **err) {
    weir_query_run *query = run->query;
    weir_state_spec spec = query->state_spec;
    spec.group_from = weir_partition_group_from(partition, query->state_partitions);
    spec.group_to = weir_partition_group_from(partition + 1, query->state_partitions);
    WEIR_TRY(weir_state_store_new(&query->executor->budget, &spec, &query->stores[partition], err));
    for (int32_t i = 0; i < run->objects_count; i++) {
        const restore_object *object = &run->objects[i];
        for (int32_t k = 0; k < object->index.count; k++) {
            const weir_state_object_part *part = &object->index.parts[k];
            if (part->group_from < spec.group_to && part->group_to > spec.group_from)
                WEIR_TRY(replay_part(run, object, part, query->stores[partition], err));
        }
    }
    weir_count(&query->executor->counters.restored_partitions, 1);
    return WEIR_OK;
}

static void keep_error(restore_run *run, int32_t at, weir_error *error /* takes */) {
    if (error && (!run->error || at < run->error_at)) {
        weir_error *older = run->error;
        run->error = error;
        run->error_at = at;
        error = older;
    }
    weir_error_free(error);
}

static void work_along(restore_run *run) {
    for (;;) {
        int32_t at = atomic_fetch_add(&run->next, 1);
        if (at >= run->count)
            return;
        weir_error *error = NULL;
        restore_partition(run, run->partitions[at], &error);
        pthread_mutex_lock(&run->lock);
        keep_error(run, at, error);
        if (++run->ended_count == run->count)
            pthread_cond_signal(&run->ended);
        pthread_mutex_unlock(&run->lock);
    }
}

/* ---- the run ---- */

static void unref_run(restore_run *run) {
    if (atomic_fetch_sub(&run->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&run->lock);
    pthread_cond_destroy(&run->ended);
    weir_free(run);
}

static void help(weir_job *job) {
    restore_helper *helper = (restore_helper *)job;
    work_along(helper->run);
    unref_run(helper->run);
    weir_free(helper);
}

static void restore_all(restore_run *run) {
    weir_executor *executor = run->query->executor;
    int32_t helpers = WEIR_MIN(executor->options.cores, run->count - 1);
    for (int32_t i = 0; i < helpers; i++) {
        restore_helper *helper = weir_alloc_zero(1, sizeof *helper);
        helper->job.run = help;
        helper->run = run;
        atomic_fetch_add(&run->refs, 1);
        weir_pool_submit(executor->pool, &helper->job);
    }
    work_along(run);
    pthread_mutex_lock(&run->lock);
    while (run->ended_count < run->count)
        pthread_cond_wait(&run->ended, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

weir_code weir_state_restore(weir_query_run *query, const Weir__RunEpoch *message, const int32_t *partitions,
                             int32_t count, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    restore_run *run = weir_alloc_zero(1, sizeof *run);
    atomic_init(&run->refs, 1);
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->ended, NULL);
    run->query = query;
    run->arena = arena;
    run->partitions = partitions;
    run->count = count;
    run->objects = WEIR_NEW_ARRAY(arena, restore_object, message->n_restore + 1);
    weir_code code = WEIR_OK;
    for (size_t i = 0; code == WEIR_OK && i < message->n_restore; i++, run->objects_count++)
        code = open_object(run, &run->objects[i], message->restore[i], err);
    if (code == WEIR_OK) {
        restore_all(run);
        code = run->error ? weir_error_move(err, run->error) : WEIR_OK;
        run->error = NULL;
    }
    weir_fs *fs = query->context.fs;
    for (int32_t i = 0; i < run->objects_count; i++)
        fs->ops->close(run->objects[i].file);
    const char *last =
        message->n_restore ? message->restore[message->n_restore - 1]->name : query->checkpoint;
    for (int32_t i = 0; code == WEIR_OK && i < count; i++) /* version N + 1 is the state after batch N */
        code = weir_state_loaded(query->stores[partitions[i]], message->base_batch + 1, last, err);
    unref_run(run);
    return code;
}
