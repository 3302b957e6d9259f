/* A file system in memory: tests, simulation. A sorted array of entries under one lock; contents are
 * counted buffers, so an open file outlives its removal. Times are a counter: an entry made later is
 * younger, and nothing depends on the clock. Nothing fails but what the contract asks for. Any thread. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buffer.h"
#include "common/fs/fs.h"

typedef struct memory_entry {
    char *path;
    weir_buffer *data; /* NULL: a directory */
    int64_t modified_ms;
} memory_entry;

typedef struct memory_fs {
    weir_fs base;
    pthread_mutex_t lock;
    int64_t ticks;
    size_t count, capacity;
    memory_entry *entries; /* by path */
} memory_fs;

typedef struct memory_file {
    weir_buffer *data;
} memory_file;

typedef struct memory_put {
    memory_fs *fs;
    char *path;
    weir_strbuf data;
} memory_put;

/* Position of `path`, or where it would be put in. */
static size_t position(const memory_fs *fs, const char *path, bool *ret_found) {
    size_t low = 0, high = fs->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(fs->entries[middle].path, path);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

static memory_entry *find(memory_fs *fs, const char *path) {
    bool found;
    size_t at = position(fs, path, &found);
    return found ? &fs->entries[at] : NULL;
}

/* A directory is as young as the last change among its entries. */
static void touch_parent(memory_fs *fs, const char *path) {
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *parent = slash ? weir_strndup(path, (size_t)(slash - path)) : weir_strdup("");
    memory_entry *entry = find(fs, parent);
    if (entry)
        entry->modified_ms = ++fs->ticks;
}

static void insert(memory_fs *fs, const char *path, weir_buffer *data /* takes */) {
    bool found;
    size_t at = position(fs, path, &found);
    if (!found) {
        if (fs->count == fs->capacity) {
            fs->capacity = fs->capacity ? 2 * fs->capacity : 16;
            fs->entries = weir_realloc(fs->entries, fs->capacity * sizeof *fs->entries);
        }
        memmove(fs->entries + at + 1, fs->entries + at, (fs->count - at) * sizeof *fs->entries);
        fs->entries[at] = (memory_entry){.path = weir_strdup(path)};
        fs->count++;
    }
    weir_buffer_unref(fs->entries[at].data);
    fs->entries[at].data = data;
    fs->entries[at].modified_ms = ++fs->ticks;
    if (!found)
        touch_parent(fs, path);
}

static void erase(memory_fs *fs, size_t at) {
    touch_parent(fs, fs->entries[at].path);
    weir_free(fs->entries[at].path);
    weir_buffer_unref(fs->entries[at].data);
    memmove(fs->entries + at, fs->entries + at + 1, (--fs->count - at) * sizeof *fs->entries);
}

/* Makes the directories above `path`; a file among them is an error. */
static weir_code make_parents(memory_fs *fs, const char *path, weir_error **err) {
    for (const char *slash = strchr(path + (path[0] == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
        _cleanup_free_ char *parent = weir_strndup(path, (size_t)(slash - path));
        memory_entry *entry = find(fs, parent);
        if (entry && entry->data)
            return weir_error_fail_errno(err, ENOTDIR, "cannot create %s", path);
        if (!entry)
            insert(fs, parent, NULL);
    }
    return WEIR_OK;
}

static weir_code store(memory_fs *fs, const char *path, weir_str data, bool replace, weir_error **err) {
    weir_buffer *buffer = weir_buffer_new(NULL, data.size);
    if (!buffer)
        WEIR_FAIL_OOM(err);
    if (data.size)
        memcpy(buffer->data, data.data, data.size);
    buffer->size = data.size;
    pthread_mutex_lock(&fs->lock);
    memory_entry *entry = find(fs, path);
    weir_code code = WEIR_OK;
    if (entry && (!replace || !entry->data))
        code = weir_error_failf(err, WEIR_ALREADY_EXISTS, "%s exists already", path);
    if (code == WEIR_OK)
        code = make_parents(fs, path, err);
    if (code == WEIR_OK)
        insert(fs, path, buffer);
    else
        weir_buffer_unref(buffer);
    pthread_mutex_unlock(&fs->lock);
    return code;
}

static weir_code memory_create_new(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    return store((memory_fs *)fs, path, data, false, err);
}

static weir_code memory_put_whole(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    return store((memory_fs *)fs, path, data, true, err);
}

static weir_code memory_put_open(weir_fs *fs, const char *path, weir_put **ret, weir_error **err) {
    (void)err;
    memory_put *put = weir_alloc_zero(1, sizeof *put);
    put->fs = (memory_fs *)fs;
    put->path = weir_strdup(path);
    *ret = (weir_put *)put;
    return WEIR_OK;
}

static weir_code memory_put_write(weir_put *put, weir_str data, weir_error **err) {
    (void)err;
    weir_strbuf_add(&((memory_put *)put)->data, data);
    return WEIR_OK;
}

static void memory_put_abort(weir_put *put) {
    memory_put *self = (memory_put *)put;
    weir_strbuf_fini(&self->data);
    weir_free(self->path);
    weir_free(self);
}

static weir_code memory_put_finish(weir_put *put, weir_error **err) {
    memory_put *self = (memory_put *)put;
    weir_code code = store(self->fs, self->path, weir_strbuf_view(&self->data), false, err);
    memory_put_abort(put);
    return code;
}

static weir_code memory_open(weir_fs *fs, const char *path, weir_file **ret, weir_error **err) {
    memory_fs *self = (memory_fs *)fs;
    pthread_mutex_lock(&self->lock);
    memory_entry *entry = find(self, path);
    bool is_directory = entry && !entry->data;
    weir_buffer *data = entry ? weir_buffer_ref(entry->data) : NULL;
    pthread_mutex_unlock(&self->lock);
    if (is_directory)
        return weir_error_fail_errno(err, EISDIR, "cannot open %s", path);
    if (!data)
        return weir_error_failf(err, WEIR_NOT_FOUND, "%s does not exist", path);
    memory_file *file = weir_alloc(sizeof *file);
    file->data = data;
    *ret = (weir_file *)file;
    return WEIR_OK;
}

static int64_t memory_size(weir_file *file) {
    return (int64_t)((memory_file *)file)->data->size;
}

static weir_code memory_read(weir_file *file, int64_t offset, void *data, size_t size, size_t *ret_size,
                             weir_error **err) {
    (void)err;
    weir_buffer *buffer = ((memory_file *)file)->data;
    size_t from = WEIR_MIN((size_t)offset, buffer->size);
    size_t count = WEIR_MIN(size, buffer->size - from);
    if (count)
        memcpy(data, buffer->data + from, count);
    *ret_size = count;
    return WEIR_OK;
}

static void memory_close(weir_file *file) {
    if (!file)
        return;
    weir_buffer_unref(((memory_file *)file)->data);
    weir_free(file);
}

static weir_file_info entry_info(const memory_entry *entry, weir_arena *arena) {
    return (weir_file_info){
        .path = weir_arena_str(arena, weir_str_from(entry->path)),
        .size = entry->data ? (int64_t)entry->data->size : 0,
        .modified_ms = entry->modified_ms,
        .is_directory = !entry->data,
    };
}

static weir_code memory_stat(weir_fs *fs, const char *path, weir_arena *arena, weir_file_info *ret,
                             weir_error **err) {
    memory_fs *self = (memory_fs *)fs;
    pthread_mutex_lock(&self->lock);
    memory_entry *entry = find(self, path);
    bool found = entry;
    if (found)
        *ret = entry_info(entry, arena);
    pthread_mutex_unlock(&self->lock);
    if (found)
        return WEIR_OK;
    if (strcmp(path, "/") == 0) {
        *ret = (weir_file_info){.path = WEIR_STR("/"), .is_directory = true};
        return WEIR_OK;
    }
    return weir_error_failf(err, WEIR_NOT_FOUND, "%s does not exist", path);
}

typedef struct listing {
    weir_file_info *infos;
    size_t count;
} listing;

/* The entries right below `path`, copied so that callbacks may use the file system. */
static weir_code collect(memory_fs *fs, const char *path, weir_arena *arena, listing *ret, weir_error **err) {
    bool is_root = strcmp(path, "/") == 0;
    size_t size = is_root ? 0 : strlen(path);
    pthread_mutex_lock(&fs->lock);
    memory_entry *entry = find(fs, path);
    bool is_directory = is_root || (entry && !entry->data);
    if (is_directory)
        ret->infos = weir_arena_alloc(arena, sizeof *ret->infos * (fs->count + 1));
    for (size_t i = 0; is_directory && i < fs->count; i++) {
        const char *name = fs->entries[i].path;
        if (strncmp(name, path, size) == 0 && name[size] == '/' && name[size + 1] &&
            !strchr(name + size + 1, '/'))
            ret->infos[ret->count++] = entry_info(&fs->entries[i], arena);
    }
    pthread_mutex_unlock(&fs->lock);
    if (is_directory)
        return WEIR_OK;
    if (entry)
        return weir_error_fail_errno(err, ENOTDIR, "cannot list %s", path);
    return weir_error_failf(err, WEIR_NOT_FOUND, "%s does not exist", path);
}

static weir_code memory_list(weir_fs *fs, const char *path, weir_arena *arena,
                             weir_code (*each)(const weir_file_info *, void *, weir_error **), void *data,
                             weir_error **err) {
    listing found = {0};
    WEIR_TRY(collect((memory_fs *)fs, path, arena, &found, err));
    for (size_t i = 0; i < found.count; i++)
        WEIR_TRY(each(&found.infos[i], data, err));
    return WEIR_OK;
}

static weir_code memory_remove(weir_fs *fs, const char *path, weir_error **err) {
    memory_fs *self = (memory_fs *)fs;
    pthread_mutex_lock(&self->lock);
    bool found;
    size_t at = position(self, path, &found);
    bool is_directory = found && !self->entries[at].data;
    if (found && !is_directory)
        erase(self, at);
    pthread_mutex_unlock(&self->lock);
    if (is_directory)
        return weir_error_fail_errno(err, EISDIR, "cannot remove %s", path);
    return WEIR_OK;
}

static weir_code memory_make_directory(weir_fs *fs, const char *path, weir_error **err) {
    memory_fs *self = (memory_fs *)fs;
    pthread_mutex_lock(&self->lock);
    memory_entry *entry = find(self, path);
    weir_code code = WEIR_OK;
    if (entry && entry->data)
        code = weir_error_failf(err, WEIR_ALREADY_EXISTS, "%s exists and is not a directory", path);
    else if (!entry && strcmp(path, "/") != 0)
        code = make_parents(self, path, err);
    if (code == WEIR_OK && !entry && strcmp(path, "/") != 0)
        insert(self, path, NULL);
    pthread_mutex_unlock(&self->lock);
    return code;
}

static weir_code memory_remove_tree(weir_fs *fs, const char *path, weir_error **err) {
    (void)err;
    memory_fs *self = (memory_fs *)fs;
    size_t size = strlen(path);
    pthread_mutex_lock(&self->lock);
    for (size_t i = self->count; i-- > 0;) {
        const char *name = self->entries[i].path;
        if (strncmp(name, path, size) == 0 && (name[size] == 0 || name[size] == '/'))
            erase(self, i);
    }
    pthread_mutex_unlock(&self->lock);
    return WEIR_OK;
}

static weir_code memory_move(weir_fs *fs, const char *from, const char *to, weir_error **err) {
    memory_fs *self = (memory_fs *)fs;
    pthread_mutex_lock(&self->lock);
    memory_entry *entry = find(self, from);
    weir_code code = WEIR_OK;
    if (!entry || !entry->data)
        code = weir_error_failf(err, WEIR_NOT_FOUND, "%s does not exist", from);
    else if (find(self, to))
        code = weir_error_failf(err, WEIR_ALREADY_EXISTS, "%s exists already", to);
    else
        code = make_parents(self, to, err);
    if (code == WEIR_OK) {
        bool found;
        size_t at = position(self, from, &found);
        int64_t modified_ms = self->entries[at].modified_ms;
        insert(self, to, weir_buffer_ref(self->entries[at].data));
        find(self, to)->modified_ms = modified_ms;
        erase(self, position(self, from, &found));
    }
    pthread_mutex_unlock(&self->lock);
    return code;
}

static weir_code memory_sweep(weir_fs *fs, const char *path, int64_t before_ms, weir_error **err) {
    (void)fs, (void)path, (void)before_ms, (void)err; /* an unfinished put is no entry */
    return WEIR_OK;
}

/* ---- scratch ---- */

typedef struct memory_scratch {
    pthread_mutex_t lock;
    weir_strbuf data;
} memory_scratch;

static weir_code memory_scratch_open(weir_fs *fs, const char *directory, weir_scratch **ret,
                                     weir_error **err) {
    weir_file_info info;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    WEIR_TRY(memory_stat(fs, directory, arena, &info, err));
    memory_scratch *scratch = weir_alloc_zero(1, sizeof *scratch);
    pthread_mutex_init(&scratch->lock, NULL);
    *ret = (weir_scratch *)scratch;
    return WEIR_OK;
}

static weir_code memory_scratch_write(weir_scratch *scratch, int64_t offset, weir_str data,
                                      weir_error **err) {
    (void)err;
    memory_scratch *self = (memory_scratch *)scratch;
    size_t end = (size_t)offset + data.size;
    pthread_mutex_lock(&self->lock);
    if (end > self->data.size)
        weir_strbuf_add_repeat(&self->data, 0, end - self->data.size);
    memcpy(self->data.data + offset, data.data, data.size);
    pthread_mutex_unlock(&self->lock);
    return WEIR_OK;
}

static weir_code memory_scratch_read(weir_scratch *scratch, int64_t offset, void *data, size_t size,
                                     weir_error **err) {
    memory_scratch *self = (memory_scratch *)scratch;
    pthread_mutex_lock(&self->lock);
    bool whole = (size_t)offset + size <= self->data.size;
    if (whole && size)
        memcpy(data, self->data.data + offset, size);
    pthread_mutex_unlock(&self->lock);
    if (!whole)
        WEIR_RAISE(err, CORRUPT_FILE, "path", "scratch file", "reason", "it is cut off");
    return WEIR_OK;
}

static void memory_scratch_close(weir_scratch *scratch) {
    memory_scratch *self = (memory_scratch *)scratch;
    if (!self)
        return;
    weir_strbuf_fini(&self->data);
    pthread_mutex_destroy(&self->lock);
    weir_free(self);
}

static void memory_free(weir_fs *fs) {
    memory_fs *self = (memory_fs *)fs;
    while (self->count)
        erase(self, self->count - 1);
    weir_free(self->entries);
    pthread_mutex_destroy(&self->lock);
    weir_free(self);
}

static const weir_fs_ops memory_fs_ops = {
    .name = "memory",
    .create_new = memory_create_new,
    .put = memory_put_whole,
    .put_open = memory_put_open,
    .put_write = memory_put_write,
    .put_finish = memory_put_finish,
    .put_abort = memory_put_abort,
    .open = memory_open,
    .size = memory_size,
    .read = memory_read,
    .close = memory_close,
    .stat = memory_stat,
    .list = memory_list,
    .remove = memory_remove,
    .make_directory = memory_make_directory,
    .remove_tree = memory_remove_tree,
    .move = memory_move,
    .sweep = memory_sweep,
    .scratch_open = memory_scratch_open,
    .scratch_write = memory_scratch_write,
    .scratch_read = memory_scratch_read,
    .scratch_close = memory_scratch_close,
    .free = memory_free,
};

weir_fs *weir_memory_fs_new(void) {
    memory_fs *fs = weir_alloc_zero(1, sizeof *fs);
    fs->base.ops = &memory_fs_ops;
    pthread_mutex_init(&fs->lock, NULL);
    return &fs->base;
}
