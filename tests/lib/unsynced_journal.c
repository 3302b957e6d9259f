/* A preloaded library that writes down what a power loss would take: LD_PRELOAD with
 * UNSYNCED_ROOT=DIRECTORY and UNSYNCED_JOURNAL=FILE. Everything below the root counts. One line an operation,
 * in its order:
 *
 *   write INODE SIZE        the file was written to; SIZE = what an fsync has made durable before
 *   sync INODE SIZE         fsync of a file
 *   create PATH | mkdir PATH | link PATH | rename FROM <tab> TO     names that are there now
 *   unlink PATH <tab> COPY  a name that is gone; COPY is another link to the file, beside the journal
 *   syncdir PATH            fsync of a directory: its names so far are durable
 *
 * tests/chaos/power_cells.py kills every process, then takes back a part of what was not synced. Any thread.
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
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(type, name) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))
#define TEXT_MAX 4096

static struct {
    pthread_once_t once;
    const char *root, *journal_path;
    int journal;
    _Atomic long copies;
} state = {.once = PTHREAD_ONCE_INIT, .journal = -1};

static void open_journal(void) {
    int (*real)(const char *, int, ...) = REAL(int (*)(const char *, int, ...), "open");
    state.root = getenv("UNSYNCED_ROOT");
    state.journal_path = getenv("UNSYNCED_JOURNAL");
    if (state.root && state.journal_path)
        state.journal = real(state.journal_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool below_root(const char *path) {
    pthread_once(&state.once, open_journal);
    return state.journal >= 0 && strncmp(path, state.root, strlen(state.root)) == 0;
}

static void note(const char *form, ...) {
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t(*)(int, const void *, size_t), "write");
    char line[3 * TEXT_MAX];
    va_list list;
    va_start(list, form);
    int size = vsnprintf(line, sizeof line, form, list);
    va_end(list);
    if (size < 0 || size >= (int)sizeof line || real(state.journal, line, (size_t)size) != size)
        _exit(99);
}

/* The path of an open file or directory below the root. */
static bool path_of(int fd, char *ret) {
    char link_name[48];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link_name, ret, TEXT_MAX - 1);
    ret[got > 0 ? got : 0] = 0;
    return got > 0 && below_root(ret);
}

static bool path_at(int directory, const char *path, char *ret) {
    if (path[0] == '/' || directory == AT_FDCWD) {
        snprintf(ret, TEXT_MAX, "%s", path);
        return below_root(ret);
    }
    char parent[TEXT_MAX];
    if (!path_of(directory, parent))
        return false;
    return snprintf(ret, TEXT_MAX, "%s/%s", parent, path) < TEXT_MAX;
}

/* ---- files ---- */

EXPORT int open(const char *path, int flags, ...) {
    int (*real)(const char *, int, ...) = REAL(int (*)(const char *, int, ...), "open");
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
    va_end(list);
    bool is_new = (flags & O_CREAT) && below_root(path) && access(path, F_OK) != 0;
    int fd = real(path, flags, mode);
    if (fd >= 0 && is_new)
        note("create %s\n", path);
    return fd;
}

EXPORT int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open(path, flags, mode);
}

EXPORT ssize_t write(int fd, const void *data, size_t size) {
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t(*)(int, const void *, size_t), "write");
    char path[TEXT_MAX];
    struct stat st;
    if (fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && path_of(fd, path))
        note("write %llu %lld\n", (unsigned long long)st.st_ino, (long long)st.st_size);
    return real(fd, data, size);
}

static int sync_file(int fd, const char *name) {
    int (*real)(int) = REAL(int (*)(int), name);
    char path[TEXT_MAX];
    struct stat st;
    int result = real(fd);
    if (result == 0 && fstat(fd, &st) == 0 && path_of(fd, path)) {
        if (S_ISDIR(st.st_mode))
            note("syncdir %s\n", path);
        else
            note("sync %llu %lld\n", (unsigned long long)st.st_ino, (long long)st.st_size);
    }
    return result;
}

EXPORT int fsync(int fd) {
    return sync_file(fd, "fsync");
}

EXPORT int fdatasync(int fd) {
    return sync_file(fd, "fdatasync");
}

/* ---- names ---- */

EXPORT int mkdir(const char *path, mode_t mode) {
    int (*real)(const char *, mode_t) = REAL(int (*)(const char *, mode_t), "mkdir");
    int result = real(path, mode);
    if (result == 0 && below_root(path))
        note("mkdir %s\n", path);
    return result;
}

EXPORT int link(const char *from, const char *to) {
    int (*real)(const char *, const char *) = REAL(int (*)(const char *, const char *), "link");
    int result = real(from, to);
    if (result == 0 && below_root(to))
        note("link %s\n", to);
    return result;
}

EXPORT int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = REAL(int (*)(const char *, const char *), "rename");
    int result = real(from, to);
    if (result == 0 && below_root(to))
        note("rename %s\t%s\n", from, to);
    return result;
}

EXPORT int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    int (*real)(int, const char *, int, const char *, unsigned) =
        REAL(int (*)(int, const char *, int, const char *, unsigned), "renameat2");
    int result = real(from_directory, from, to_directory, to, flags);
    if (result == 0 && below_root(to))
        note("rename %s\t%s\n", from, to);
    return result;
}

/* The name goes, the file stays under another one, so that the loss of the unlink can be played. */
static bool keep_copy(const char *path, char *ret) {
    int (*real)(const char *, const char *) = REAL(int (*)(const char *, const char *), "link");
    struct stat st;
    if (!below_root(path) || lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    long number = atomic_fetch_add(&state.copies, 1);
    snprintf(ret, TEXT_MAX, "%s.%ld.%ld", state.journal_path, (long)getpid(), number);
    return real(path, ret) == 0;
}

EXPORT int unlink(const char *path) {
    int (*real)(const char *) = REAL(int (*)(const char *), "unlink");
    char copy[TEXT_MAX];
    bool kept = keep_copy(path, copy);
    int result = real(path);
    if (kept && result == 0)
        note("unlink %s\t%s\n", path, copy);
    return result;
}

EXPORT int unlinkat(int directory, const char *name, int flags) {
    int (*real)(int, const char *, int) = REAL(int (*)(int, const char *, int), "unlinkat");
    char copy[TEXT_MAX], path[TEXT_MAX];
    bool kept = !(flags & AT_REMOVEDIR) && path_at(directory, name, path) && keep_copy(path, copy);
    int result = real(directory, name, flags);
    if (kept && result == 0)
        note("unlink %s\t%s\n", path, copy);
    return result;
}
