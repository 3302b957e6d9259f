/* A preloaded library that fails one file operation of a process: LD_PRELOAD with
 * IO_FAULT=OPERATION:KIND:N[:PATH].
 *
 * OPERATION is create (open with O_CREAT), mkdir, write, fsync, link (link, rename and the like) or print
 * (write to standard output); KIND is an errno name (EIO, ENOSPC, EINTR, EDQUOT) or `short` (half of the
 * bytes are written); the N-th call (from 1) fails, of those whose path holds PATH where it is given. Only
 * regular files and directories count, never sockets and pipes. "io_fault fired: ..." goes to standard error,
 * and "io_fault second fsync: ..." where a file is synced again after its fsync failed: its pages may be
 * gone, so that a success would be a lie. Any thread.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(type, name) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))

typedef struct fault_plan {
    char operation[16];
    char kind[16];
    long at;
    char path[64]; /* empty = any */
} fault_plan;

static struct {
    pthread_once_t once;
    fault_plan plan;
    _Atomic long calls;
    /* The file whose fsync failed. */
    _Atomic bool sync_failed;
    dev_t device;
    ino_t inode;
} state = {.once = PTHREAD_ONCE_INIT};

static void load_plan(void) {
    const char *text = getenv("IO_FAULT");
    if (!text || sscanf(text, "%15[^:]:%15[^:]:%ld:%63s", state.plan.operation, state.plan.kind,
                        &state.plan.at, state.plan.path) < 3)
        state.plan.operation[0] = 0;
}

static void say(const char *what, const char *path) {
    char line[4200];
    int size = snprintf(line, sizeof line, "io_fault %s: %s\n", what, path);
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t(*)(int, const void *, size_t), "write");
    if (size > 0 && real(STDERR_FILENO, line, (size_t)size) < 0)
        _exit(99);
}

static const char *path_of(int fd, char *buffer, size_t size) {
    char link_name[48];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link_name, buffer, size - 1);
    buffer[got > 0 ? got : 0] = 0;
    return buffer;
}

/* Is this call of `operation` the one that fails? Sets errno, but for `short`. */
static bool fires(const char *operation, const char *path, bool *ret_short) {
    static const struct {
        const char *name;
        int value;
    } kinds[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT}};
    pthread_once(&state.once, load_plan);
    *ret_short = false;
    if (strcmp(state.plan.operation, operation) != 0 || !strstr(path, state.plan.path) ||
        atomic_fetch_add(&state.calls, 1) + 1 != state.plan.at)
        return false;
    say("fired", path);
    *ret_short = strcmp(state.plan.kind, "short") == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, state.plan.kind) == 0)
            errno = kinds[i].value;
    return true;
}

static bool is_file(int fd, struct stat *ret) {
    return fstat(fd, ret) == 0 && (S_ISREG(ret->st_mode) || S_ISDIR(ret->st_mode));
}

/* ---- write ---- */

static bool write_fires(int fd, bool *ret_short) {
    char path[4096];
    struct stat st;
    *ret_short = false;
    if (fd == STDERR_FILENO)
        return false;
    if (fd == STDOUT_FILENO)
        return fires("print", "standard output", ret_short);
    return is_file(fd, &st) && fires("write", path_of(fd, path, sizeof path), ret_short);
}

EXPORT ssize_t write(int fd, const void *data, size_t size) {
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t(*)(int, const void *, size_t), "write");
    bool is_short;
    if (!write_fires(fd, &is_short))
        return real(fd, data, size);
    return is_short ? real(fd, data, size > 1 ? size / 2 : size) : -1;
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    ssize_t (*real)(int, const void *, size_t, off_t) =
        REAL(ssize_t(*)(int, const void *, size_t, off_t), "pwrite");
    bool is_short;
    if (!write_fires(fd, &is_short))
        return real(fd, data, size, offset);
    return is_short ? real(fd, data, size > 1 ? size / 2 : size, offset) : -1;
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    return pwrite(fd, data, size, offset);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t (*real)(int, const struct iovec *, int) =
        REAL(ssize_t(*)(int, const struct iovec *, int), "writev");
    bool is_short;
    if (!write_fires(fd, &is_short))
        return real(fd, parts, count);
    return is_short ? real(fd, parts, 1) : -1;
}

/* ---- fsync ---- */

static int sync_file(int fd, const char *name) {
    int (*real)(int) = REAL(int (*)(int), name);
    char path[4096];
    struct stat st;
    bool is_short;
    if (!is_file(fd, &st))
        return real(fd);
    path_of(fd, path, sizeof path);
    bool again = atomic_load(&state.sync_failed) && S_ISREG(st.st_mode) && st.st_dev == state.device &&
                 st.st_ino == state.inode;
    if (again)
        say("second fsync", path);
    if (!fires("fsync", path, &is_short))
        return real(fd);
    state.device = st.st_dev;
    state.inode = st.st_ino;
    atomic_store(&state.sync_failed, S_ISREG(st.st_mode));
    return -1;
}

EXPORT int fsync(int fd) {
    return sync_file(fd, "fsync");
}

EXPORT int fdatasync(int fd) {
    return sync_file(fd, "fdatasync");
}

/* ---- names ---- */

EXPORT int link(const char *from, const char *to) {
    int (*real)(const char *, const char *) = REAL(int (*)(const char *, const char *), "link");
    bool is_short;
    return fires("link", to, &is_short) ? -1 : real(from, to);
}

EXPORT int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = REAL(int (*)(const char *, const char *), "rename");
    bool is_short;
    return fires("link", to, &is_short) ? -1 : real(from, to);
}

EXPORT int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    int (*real)(int, const char *, int, const char *, unsigned) =
        REAL(int (*)(int, const char *, int, const char *, unsigned), "renameat2");
    bool is_short;
    return fires("link", to, &is_short) ? -1 : real(from_fd, from, to_fd, to, flags);
}

EXPORT int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    int (*real)(int, const char *, int, const char *, int) =
        REAL(int (*)(int, const char *, int, const char *, int), "linkat");
    bool is_short;
    return fires("link", to, &is_short) ? -1 : real(from_fd, from, to_fd, to, flags);
}

EXPORT int mkdir(const char *path, mode_t mode) {
    int (*real)(const char *, mode_t) = REAL(int (*)(const char *, mode_t), "mkdir");
    bool is_short;
    return fires("mkdir", path, &is_short) ? -1 : real(path, mode);
}

/* ---- open ---- */

static int open_file(int directory, const char *path, int flags, mode_t mode) {
    int (*real)(int, const char *, int, ...) = REAL(int (*)(int, const char *, int, ...), "openat");
    bool is_short;
    if ((flags & O_CREAT) && fires("create", path, &is_short))
        return -1;
    return real(directory, path, flags, mode);
}

#define OPEN_MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list args; \
        va_start(args, flags); \
        mode = (mode_t)va_arg(args, int); \
        va_end(args); \
    }

EXPORT int open(const char *path, int flags, ...) {
    OPEN_MODE(flags, mode)
    return open_file(AT_FDCWD, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) {
    OPEN_MODE(flags, mode)
    return open_file(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int directory, const char *path, int flags, ...) {
    OPEN_MODE(flags, mode)
    return open_file(directory, path, flags, mode);
}

EXPORT int openat64(int directory, const char *path, int flags, ...) {
    OPEN_MODE(flags, mode)
    return open_file(directory, path, flags, mode);
}
