/* The local file system: directories of this machine, shared mounts included.
 *
 * A durable create is: unique temporary file in the same directory (".weir-<pid>-<nonce>-<n>.tmp"), write
 * all, fsync, renameat2(RENAME_NOREPLACE) (link + unlink where the file system has no such rename), fsync
 * of the directory. So a name is either absent or complete, whatever kills the process or the machine.
 *
 * Possible failures: any call may fail with an errno, which comes back as IO_ERROR or NO_SPACE with the
 * path. After a failed fsync the file is given up (its pages may be gone: a second fsync would lie); after
 * a failed directory fsync the new name may or may not last, and the caller re-reads to decide. A crash
 * leaves temporary files, which list does not show and sweep removes.
 *
 * All functions block; any thread; the object holds a counter and a nonce only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/failpoint.h"
#include "common/fs/fs.h"
#include "common/fs/local_scratch_int.h"

#define TEMPORARY_PREFIX ".weir-"
#define TEMPORARY_SUFFIX ".tmp"
#define DEPTH_MAX 128 /* of remove_tree: deeper trees are refused, not followed */

typedef struct local_fs {
    weir_fs base;
    uint64_t nonce; /* keeps names apart where processes of several machines share a directory */
    _Atomic uint64_t counter;
} local_fs;

typedef struct local_file {
    int fd;
    int64_t size;
    char path[];
} local_file;

typedef struct local_put {
    int fd;
    bool replace;
    char *path;
    char *temporary;
} local_put;

static char *parent_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return weir_strdup(".");
    return slash == path ? weir_strdup("/") : weir_strndup(path, (size_t)(slash - path));
}

static bool is_temporary(const char *name) {
    size_t size = strlen(name);
    return strncmp(name, TEMPORARY_PREFIX, sizeof TEMPORARY_PREFIX - 1) == 0 &&
           size > sizeof TEMPORARY_SUFFIX - 1 &&
           strcmp(name + size - (sizeof TEMPORARY_SUFFIX - 1), TEMPORARY_SUFFIX) == 0;
}

static weir_code fail(weir_error **err, int errnum, const char *what, const char *path) {
    if (errnum == ENOENT)
        return weir_error_failf(err, WEIR_NOT_FOUND, "%s does not exist (%s)", path, what);
    return weir_error_fail_errno(err, errnum, "cannot %s %s", what, path);
}

static weir_code sync_directory(const char *path, weir_error **err) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, errno, "open directory", path);
    int errnum = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    /* Some mounts cannot sync a directory (EINVAL); their renames are as durable as they get. */
    if (errnum && errnum != EINVAL)
        return fail(err, errnum, "sync directory", path);
    return WEIR_OK;
}

/* Makes one missing directory after the other; each new name is durable. */
static weir_code local_make_directory(weir_fs *fs, const char *path, weir_error **err) {
    if (mkdir(path, 0777) == 0) {
        _cleanup_free_ char *parent = parent_of(path);
        return sync_directory(parent, err);
    }
    if (errno == EEXIST) {
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return WEIR_OK;
        return weir_error_failf(err, WEIR_ALREADY_EXISTS, "%s exists and is not a directory", path);
    }
    if (errno != ENOENT)
        return fail(err, errno, "make directory", path);
    _cleanup_free_ char *parent = parent_of(path);
    if (strcmp(parent, path) == 0 || strcmp(parent, ".") == 0)
        return fail(err, ENOENT, "make directory", path);
    WEIR_TRY(local_make_directory(fs, parent, err));
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail(err, errno, "make directory", path);
    return sync_directory(parent, err);
}

/* Opens a new temporary file beside `path`; makes the directory where it is missing. */
static weir_code open_temporary(local_fs *fs, const char *path, int *ret_fd, char **ret_name,
                                weir_error **err) {
    _cleanup_free_ char *directory = parent_of(path);
    for (bool made = false;;) {
        _cleanup_free_ char *name = weir_asprintf("%s/" TEMPORARY_PREFIX "%d-%016llx-%llu" TEMPORARY_SUFFIX,
                                                  directory, (int)getpid(), (unsigned long long)fs->nonce,
                                                  (unsigned long long)atomic_fetch_add(&fs->counter, 1));
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0) {
            *ret_fd = fd;
            *ret_name = name;
            name = NULL;
            return WEIR_OK;
        }
        if (errno == ENOENT && !made) {
            made = true;
            WEIR_TRY(local_make_directory(&fs->base, directory, err));
        } else if (errno != EEXIST && errno != EINTR) {
            return fail(err, errno, "create a file in", directory);
        }
    }
}

static weir_code write_all(int fd, weir_str data, const char *path, weir_error **err) {
    while (data.size > 0) {
        ssize_t written = write(fd, data.data, WEIR_MIN(data.size, (size_t)1 << 30));
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return fail(err, errno, "write", path);
        }
        data.data += written;
        data.size -= (size_t)written;
    }
    return WEIR_OK;
}

/* Gives the temporary file its name. No fall-back where the error is anything but "not offered here". */
static weir_code publish(const char *temporary, const char *path, bool replace, weir_error **err) {
    if (replace) {
        if (rename(temporary, path) != 0)
            return weir_error_fail_errno(err, errno, "cannot replace %s", path);
        return WEIR_OK;
    }
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return WEIR_OK;
    if (errno == EINVAL || errno == ENOSYS) {
        if (link(temporary, path) == 0) {
            unlink(temporary);
            return WEIR_OK;
        }
    }
    if (errno == EEXIST)
        return weir_error_failf(err, WEIR_ALREADY_EXISTS, "%s exists already", path);
    /* Also where the temporary file is gone (another driver's sweep): not NOT_FOUND, which has a meaning. */
    return weir_error_fail_errno(err, errno, "cannot create %s", path);
}

static weir_code sync_and_publish(int fd, const char *temporary, const char *path, bool replace,
                                  weir_error **err) {
    if (fsync(fd) != 0)
        return fail(err, errno, "sync", path);
    WEIR_FAILPOINT("fs.create.before_link", err);
    WEIR_TRY(publish(temporary, path, replace, err));
    WEIR_FAILPOINT("fs.create.after_link", err);
    _cleanup_free_ char *directory = parent_of(path);
    return sync_directory(directory, err);
}

static weir_code put_open(weir_fs *fs, const char *path, bool replace, local_put *ret, weir_error **err) {
    ret->replace = replace;
    WEIR_TRY(open_temporary((local_fs *)fs, path, &ret->fd, &ret->temporary, err));
    ret->path = weir_strdup(path);
    return WEIR_OK;
}

/* Ends the put: on any failure the temporary file goes, unless it has become the file itself. */
static weir_code put_close(local_put *put, weir_code code) {
    if (code != WEIR_OK)
        unlink(put->temporary); /* after a successful rename this name is gone: no harm */
    close(put->fd);
    weir_free(put->path);
    weir_free(put->temporary);
    return code;
}

static weir_code create(weir_fs *fs, const char *path, weir_str data, bool replace, weir_error **err) {
    local_put put;
    WEIR_TRY(put_open(fs, path, replace, &put, err));
    weir_code code = write_all(put.fd, data, path, err);
    if (code == WEIR_OK)
        code = sync_and_publish(put.fd, put.temporary, path, replace, err);
    return put_close(&put, code);
}

static weir_code local_create_new(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    return create(fs, path, data, false, err);
}

static weir_code local_put_whole(weir_fs *fs, const char *path, weir_str data, weir_error **err) {
    return create(fs, path, data, true, err);
}

static weir_code local_put_open(weir_fs *fs, const char *path, weir_put **ret, weir_error **err) {
    local_put put;
    WEIR_TRY(put_open(fs, path, false, &put, err));
    local_put *heap = weir_alloc(sizeof *heap);
    *heap = put;
    *ret = (weir_put *)heap;
    return WEIR_OK;
}

static weir_code local_put_write(weir_put *put, weir_str data, weir_error **err) {
    local_put *self = (local_put *)put;
    return write_all(self->fd, data, self->path, err);
}

static weir_code local_put_finish(weir_put *put, weir_error **err) {
    local_put *self = (local_put *)put;
    weir_code code = put_close(self, sync_and_publish(self->fd, self->temporary, self->path, false, err));
    weir_free(self);
    return code;
}

static void local_put_abort(weir_put *put) {
    put_close((local_put *)put, WEIR_CANCELLED);
    weir_free(put);
}

static weir_code local_open(weir_fs *fs, const char *path, weir_file **ret, weir_error **err) {
    (void)fs;
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail(err, errno, "open", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        int errnum = S_ISDIR(st.st_mode) ? EISDIR : errno;
        close(fd);
        return fail(err, errnum, "open", path);
    }
    size_t path_size = strlen(path) + 1;
    local_file *file = weir_alloc(sizeof *file + path_size);
    file->fd = fd;
    file->size = st.st_size;
    memcpy(file->path, path, path_size);
    *ret = (weir_file *)file;
    return WEIR_OK;
}

static int64_t local_size(weir_file *file) {
    return ((local_file *)file)->size;
}

static weir_code local_read(weir_file *file, int64_t offset, void *data, size_t size, size_t *ret_size,
                            weir_error **err) {
    local_file *self = (local_file *)file;
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(self->fd, (char *)data + done, WEIR_MIN(size - done, (size_t)1 << 30),
                            offset + (int64_t)done);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            return fail(err, errno, "read", self->path);
        }
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_size = done;
    return WEIR_OK;
}

static void local_close(weir_file *file) {
    if (!file)
        return;
    close(((local_file *)file)->fd);
    weir_free(file);
}

static int64_t modified_ms(const struct stat *st) {
    return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static weir_code local_stat(weir_fs *fs, const char *path, weir_arena *arena, weir_file_info *ret,
                            weir_error **err) {
    (void)fs;
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(err, errno == ENOTDIR ? ENOENT : errno, "look at", path);
    ret->path = weir_arena_str(arena, weir_str_from(path));
    ret->size = st.st_size;
    ret->modified_ms = modified_ms(&st);
    ret->is_directory = S_ISDIR(st.st_mode);
    return WEIR_OK;
}

static weir_code list_entry(int directory_fd, const char *directory, const char *name, weir_arena *arena,
                            weir_code (*each)(const weir_file_info *, void *, weir_error **), void *data,
                            weir_error **err) {
    struct stat st;
    if (fstatat(directory_fd, name, &st, 0) != 0) {
        if (errno == ENOENT) /* removed meanwhile, or a link that points nowhere */
            return WEIR_OK;
        _cleanup_free_ char *path = weir_asprintf("%s/%s", directory, name);
        return fail(err, errno, "look at", path);
    }
    weir_file_info info = {
        .path = weir_str_from(weir_fs_join(arena, directory, name)),
        .size = st.st_size,
        .modified_ms = modified_ms(&st),
        .is_directory = S_ISDIR(st.st_mode),
    };
    return each(&info, data, err);
}

static weir_code local_list(weir_fs *fs, const char *path, weir_arena *arena,
                            weir_code (*each)(const weir_file_info *, void *, weir_error **), void *data,
                            weir_error **err) {
    (void)fs;
    DIR *directory = opendir(path);
    if (!directory)
        return fail(err, errno, "list", path);
    weir_code code = WEIR_OK;
    while (code == WEIR_OK) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry) {
            if (errno)
                code = fail(err, errno, "list", path);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            is_temporary(entry->d_name))
            continue;
        code = list_entry(dirfd(directory), path, entry->d_name, arena, each, data, err);
    }
    closedir(directory);
    return code;
}

static weir_code local_remove(weir_fs *fs, const char *path, weir_error **err) {
    (void)fs;
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return WEIR_OK;
    return fail(err, errno, "remove", path);
}

static weir_code remove_below(int parent_fd, const char *name, const char *path, int depth, weir_error **err);

static weir_code remove_entries(DIR *directory, const char *path, int depth, weir_error **err) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry)
            return errno ? fail(err, errno, "list", path) : WEIR_OK;
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            WEIR_TRY(remove_below(dirfd(directory), entry->d_name, path, depth + 1, err));
    }
}

/* Links are removed, never followed. */
static weir_code remove_below(int parent_fd, const char *name, const char *path, int depth,
                              weir_error **err) {
    if (depth > DEPTH_MAX)
        return weir_error_failf(err, WEIR_IO_ERROR, "%s is nested deeper than %d directories", path,
                                DEPTH_MAX);
    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT || errno == ENOTDIR)
        return WEIR_OK;
    if (errno != EISDIR && errno != EPERM)
        return fail(err, errno, "remove a file of", path);
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        int errnum = errno;
        if (fd >= 0)
            close(fd);
        return errnum == ENOENT ? WEIR_OK : fail(err, errnum, "remove a directory of", path);
    }
    weir_code code = remove_entries(directory, path, depth, err);
    closedir(directory);
    if (code == WEIR_OK && unlinkat(parent_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        code = fail(err, errno, "remove a directory of", path);
    return code;
}

static weir_code local_remove_tree(weir_fs *fs, const char *path, weir_error **err) {
    (void)fs;
    return remove_below(AT_FDCWD, path, path, 0, err);
}

static weir_code local_move(weir_fs *fs, const char *from, const char *to, weir_error **err) {
    _cleanup_free_ char *directory = parent_of(to);
    WEIR_TRY(local_make_directory(fs, directory, err));
    if (access(from, F_OK) != 0)
        return fail(err, errno, "move", from);
    return publish(from, to, false, err);
}

static weir_code local_sweep(weir_fs *fs, const char *path, int64_t before_ms, weir_error **err) {
    (void)fs;
    DIR *directory = opendir(path);
    if (!directory)
        return errno == ENOENT || errno == ENOTDIR ? WEIR_OK : fail(err, errno, "list", path);
    weir_code code = WEIR_OK;
    struct dirent *entry;
    while (code == WEIR_OK && (errno = 0, entry = readdir(directory))) {
        struct stat st;
        if (!is_temporary(entry->d_name) || fstatat(dirfd(directory), entry->d_name, &st, 0) != 0 ||
            modified_ms(&st) >= before_ms)
            continue;
        if (unlinkat(dirfd(directory), entry->d_name, 0) != 0 && errno != ENOENT)
            code = fail(err, errno, "remove a temporary file of", path);
    }
    if (code == WEIR_OK && errno)
        code = fail(err, errno, "list", path);
    closedir(directory);
    return code;
}

static void local_free(weir_fs *fs) {
    weir_free(fs);
}

static const weir_fs_ops local_fs_ops = {
    .name = "local",
    .create_new = local_create_new,
    .put = local_put_whole,
    .put_open = local_put_open,
    .put_write = local_put_write,
    .put_finish = local_put_finish,
    .put_abort = local_put_abort,
    .open = local_open,
    .size = local_size,
    .read = local_read,
    .close = local_close,
    .stat = local_stat,
    .list = local_list,
    .remove = local_remove,
    .make_directory = local_make_directory,
    .remove_tree = local_remove_tree,
    .move = local_move,
    .sweep = local_sweep,
    .scratch_open = weir_local_scratch_open,
    .scratch_write = weir_local_scratch_write,
    .scratch_read = weir_local_scratch_read,
    .scratch_close = weir_local_scratch_close,
    .free = local_free,
};

weir_fs *weir_local_fs_new(void) {
    local_fs *fs = weir_alloc_zero(1, sizeof *fs);
    fs->base.ops = &local_fs_ops;
    /* Names only: where the kernel has no randomness yet, pid and counter still keep them apart. */
    if (getrandom(&fs->nonce, sizeof fs->nonce, GRND_NONBLOCK) != sizeof fs->nonce)
        fs->nonce = (uintptr_t)fs;
    return &fs->base;
}
