/* A wrapper that fails chosen calls: the n-th call of an operation, so often, with a given errno; before
 * it does anything, after it did everything ("applied"), or with half of the data ("torn"). Sweeps run a
 * case with n = 1, 2, 3, ... until it passes with no fault fired. The inner file system is borrowed. Any
 * thread; the count is atomic. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/fs/fs.h"

typedef struct fault_fs {
    weir_fs base;
    weir_fs *inner;
    weir_fault_fs_plan plan;
    _Atomic int32_t calls;
    _Atomic int32_t fired;
} fault_fs;

typedef struct fault_handle { /* a weir_file, a weir_put or a weir_scratch */
    fault_fs *fs;
    void *inner;
} fault_handle;

/* Counts the call; true where it is to fail. */
static bool strikes(fault_fs *fs, const char *op, bool writes) {
    if (fs->plan.op ? strcmp(fs->plan.op, op) != 0 : !writes)
        return false;
    int32_t call = atomic_fetch_add(&fs->calls, 1) + 1;
    if (call < fs->plan.nth || call - fs->plan.nth >= fs->plan.times)
        return false;
    atomic_fetch_add(&fs->fired, 1);
    return true;
}

static weir_code fault(const fault_fs *fs, const char *op, const char *path, weir_error **err) {
    if (fs->plan.errnum == ENOENT)
        return weir_error_failf(err, WEIR_NOT_FOUND, "%s does not exist (injected into %s)", path, op);
    if (fs->plan.errnum == EEXIST)
        return weir_error_failf(err, WEIR_ALREADY_EXISTS, "%s exists already (injected into %s)", path, op);
    return weir_error_fail_errno(err, fs->plan.errnum, "injected fault in %s of %s", op, path);
}

typedef weir_code (*whole_fn)(weir_fs *fs, const char *path, weir_str data, weir_error **err);

static weir_code write_whole(fault_fs *fs, const char *op, whole_fn fn, const char *path, weir_str data,
                             weir_error **err) {
    if (!strikes(fs, op, true))
        return fn(fs->inner, path, data, err);
    if (fs->plan.torn || fs->plan.applied) {
        weir_str part = {data.data, fs->plan.applied ? data.size : data.size / 2};
        WEIR_TRY(fn(fs->inner, path, part, err));
    }
    return fault(fs, op, path, err);
}

static weir_code fault_create_new(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    return write_whole(self, "create_new", self->inner->ops->create_new, path, data, err);
}

static weir_code fault_put_whole(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    return write_whole(self, "put", self->inner->ops->put, path, data, err);
}

static void *handle_new(fault_fs *fs, void *inner) {
    fault_handle *handle = weir_alloc(sizeof *handle);
    *handle = (fault_handle){fs, inner};
    return handle;
}

static weir_code fault_put_open(weir_fs *fs, const char *path, weir_put **ret, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "put_open", true))
        return fault(self, "put_open", path, err);
    weir_put *inner;
    WEIR_TRY(self->inner->ops->put_open(self->inner, path, &inner, err));
    *ret = handle_new(self, inner);
    return WEIR_OK;
}

static weir_code fault_put_write(weir_put *put, weir_str data, weir_error **err) {
    fault_handle *self = (fault_handle *)put;
    const weir_fs_ops *ops = self->fs->inner->ops;
    if (!strikes(self->fs, "put_write", true))
        return ops->put_write(self->inner, data, err);
    if (self->fs->plan.torn)
        WEIR_TRY(ops->put_write(self->inner, (weir_str){data.data, data.size / 2}, err));
    return fault(self->fs, "put_write", "a file", err);
}

static weir_code fault_put_finish(weir_put *put, weir_error **err) {
    fault_handle *self = (fault_handle *)put;
    fault_fs *fs = self->fs;
    void *inner = self->inner;
    weir_free(self);
    if (!strikes(fs, "put_finish", true))
        return fs->inner->ops->put_finish(inner, err);
    if (fs->plan.applied)
        WEIR_TRY(fs->inner->ops->put_finish(inner, err));
    else
        fs->inner->ops->put_abort(inner);
    return fault(fs, "put_finish", "a file", err);
}

static void fault_put_abort(weir_put *put) {
    fault_handle *self = (fault_handle *)put;
    self->fs->inner->ops->put_abort(self->inner);
    weir_free(self);
}

static weir_code fault_open(weir_fs *fs, const char *path, weir_file **ret, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "open", false))
        return fault(self, "open", path, err);
    weir_file *inner;
    WEIR_TRY(self->inner->ops->open(self->inner, path, &inner, err));
    *ret = handle_new(self, inner);
    return WEIR_OK;
}

static int64_t fault_size(weir_file *file) {
    fault_handle *self = (fault_handle *)file;
    return self->fs->inner->ops->size(self->inner);
}

static weir_code fault_read(weir_file *file, int64_t offset, void *data, size_t size, size_t *ret_size,
                            weir_error **err) {
    fault_handle *self = (fault_handle *)file;
    if (strikes(self->fs, "read", false))
        return fault(self->fs, "read", "a file", err);
    return self->fs->inner->ops->read(self->inner, offset, data, size, ret_size, err);
}

static void fault_close(weir_file *file) {
    fault_handle *self = (fault_handle *)file;
    if (!self)
        return;
    self->fs->inner->ops->close(self->inner);
    weir_free(self);
}

static weir_code fault_stat(weir_fs *fs, const char *path, weir_arena *arena, weir_file_info *ret,
                            weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "stat", false))
        return fault(self, "stat", path, err);
    return self->inner->ops->stat(self->inner, path, arena, ret, err);
}

static weir_code fault_list(weir_fs *fs, const char *path, weir_arena *arena,
                            weir_code (*each)(const weir_file_info *, void *, weir_error **), void *data,
                            weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "list", false))
        return fault(self, "list", path, err);
    return self->inner->ops->list(self->inner, path, arena, each, data, err);
}

typedef weir_code (*path_fn)(weir_fs *fs, const char *path, weir_error **err);

static weir_code change(fault_fs *fs, const char *op, path_fn fn, const char *path, weir_error **err) {
    if (!strikes(fs, op, true))
        return fn(fs->inner, path, err);
    if (fs->plan.applied)
        WEIR_TRY(fn(fs->inner, path, err));
    return fault(fs, op, path, err);
}

static weir_code fault_remove(weir_fs *fs, const char *path, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    return change(self, "remove", self->inner->ops->remove, path, err);
}

static weir_code fault_make_directory(weir_fs *fs, const char *path, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    return change(self, "make_directory", self->inner->ops->make_directory, path, err);
}

static weir_code fault_remove_tree(weir_fs *fs, const char *path, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    return change(self, "remove_tree", self->inner->ops->remove_tree, path, err);
}

static weir_code fault_move(weir_fs *fs, const char *from, const char *to, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "move", true))
        return fault(self, "move", from, err);
    return self->inner->ops->move(self->inner, from, to, err);
}

static weir_code fault_sweep(weir_fs *fs, const char *path, int64_t before_ms, weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "sweep", true))
        return fault(self, "sweep", path, err);
    return self->inner->ops->sweep(self->inner, path, before_ms, err);
}

static weir_code fault_scratch_open(weir_fs *fs, const char *directory, weir_scratch **ret,
                                    weir_error **err) {
    fault_fs *self = (fault_fs *)fs;
    if (strikes(self, "scratch_open", true))
        return fault(self, "scratch_open", directory, err);
    weir_scratch *inner;
    WEIR_TRY(self->inner->ops->scratch_open(self->inner, directory, &inner, err));
    *ret = handle_new(self, inner);
    return WEIR_OK;
}

static weir_code fault_scratch_write(weir_scratch *scratch, int64_t offset, weir_str data, weir_error **err) {
    fault_handle *self = (fault_handle *)scratch;
    const weir_fs_ops *ops = self->fs->inner->ops;
    if (!strikes(self->fs, "scratch_write", true))
        return ops->scratch_write(self->inner, offset, data, err);
    if (!self->fs->plan.torn)
        return fault(self->fs, "scratch_write", "a scratch file", err);
    /* A lie that nobody is told about: the second half never arrives. */
    _cleanup_strbuf_ weir_strbuf torn = {0};
    weir_strbuf_add(&torn, (weir_str){data.data, data.size / 2});
    weir_strbuf_add_repeat(&torn, 0, data.size - data.size / 2);
    return ops->scratch_write(self->inner, offset, weir_strbuf_view(&torn), err);
}

static weir_code fault_scratch_read(weir_scratch *scratch, int64_t offset, void *data, size_t size,
                                    weir_error **err) {
    fault_handle *self = (fault_handle *)scratch;
    if (strikes(self->fs, "scratch_read", false))
        return fault(self->fs, "scratch_read", "a scratch file", err);
    return self->fs->inner->ops->scratch_read(self->inner, offset, data, size, err);
}

static void fault_scratch_close(weir_scratch *scratch) {
    fault_handle *self = (fault_handle *)scratch;
    if (!self)
        return;
    self->fs->inner->ops->scratch_close(self->inner);
    weir_free(self);
}

static void fault_free(weir_fs *fs) {
    weir_free(fs);
}

static const weir_fs_ops fault_fs_ops = {
    .name = "fault",
    .create_new = fault_create_new,
    .put = fault_put_whole,
    .put_open = fault_put_open,
    .put_write = fault_put_write,
    .put_finish = fault_put_finish,
    .put_abort = fault_put_abort,
    .open = fault_open,
    .size = fault_size,
    .read = fault_read,
    .close = fault_close,
    .stat = fault_stat,
    .list = fault_list,
    .remove = fault_remove,
    .make_directory = fault_make_directory,
    .remove_tree = fault_remove_tree,
    .move = fault_move,
    .sweep = fault_sweep,
    .scratch_open = fault_scratch_open,
    .scratch_write = fault_scratch_write,
    .scratch_read = fault_scratch_read,
    .scratch_close = fault_scratch_close,
    .free = fault_free,
};

weir_fs *weir_fault_fs_new(weir_fs *inner, const weir_fault_fs_plan *plan) {
    fault_fs *fs = weir_alloc_zero(1, sizeof *fs);
    fs->base.ops = &fault_fs_ops;
    fs->inner = inner;
    fs->plan = *plan;
    if (fs->plan.errnum == 0)
        fs->plan.errnum = EIO;
    return &fs->base;
}

int32_t weir_fault_fs_fired(const weir_fs *fs) {
    return atomic_load(&((fault_fs *)(uintptr_t)fs)->fired);
}
