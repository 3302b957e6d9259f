/* A process's own directory for scratch files (fs.h): made 0700, locked while it is open, removed at the end.
 *
 * The lock says whether its process lives, whatever became of the pid: a sweep that gets the lock of a
 * directory removes it. A sweep may come between another process's mkdir and its lock, so the maker looks
 * whether the name still leads to what it has locked, and takes the next name where it does not. Any
 * thread; blocking. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/fs/fs.h"

#define PREFIX "weir-scratch-"
#define NAMES_MAX 1000

struct weir_scratch_directory {
    int fd; /* holds the lock */
    char *path;
};

static int open_directory(const char *path) {
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_same(int fd, const char *path) {
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

/* Ticks after boot at which this process started, field 22 of its stat line: with the pid unique on a
 * machine; 0 where there is no /proc. */
static unsigned long long start_time(void) {
    char line[1024] = "";
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, line, sizeof line - 1);
    close(fd);
    line[got > 0 ? got : 0] = 0;
    const char *at = strrchr(line, ')'); /* the name before it may hold anything */
    unsigned long long ticks = 0;
    if (!at ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &ticks) != 1)
        return 0;
    return ticks;
}

static weir_code make_parents(const char *parent, weir_error **err) {
    weir_fs *fs = weir_local_fs_new();
    weir_code code = fs->ops->make_directory(fs, parent, err);
    fs->ops->free(fs);
    return code;
}

weir_code weir_scratch_directory_open(const char *parent, weir_scratch_directory **ret, weir_error **err) {
    WEIR_TRY(make_parents(parent, err));
    unsigned long long started = start_time();
    for (int i = 0; i < NAMES_MAX; i++) {
        _cleanup_free_ char *path =
            weir_asprintf("%s/" PREFIX "%d-%llu-%d", parent, (int)getpid(), started, i);
        if (mkdir(path, 0700) != 0) {
            if (errno == EEXIST)
                continue;
            return weir_error_fail_errno(err, errno, "cannot make directory %s", path);
        }
        int fd = open_directory(path);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_same(fd, path)) {
            weir_scratch_directory *directory = weir_alloc(sizeof *directory);
            *directory = (weir_scratch_directory){fd, path};
            path = NULL;
            *ret = directory;
            return WEIR_OK;
        }
        if (fd >= 0)
            close(fd);
    }
    WEIR_FAIL(err, IO_ERROR, "cannot make a scratch directory in %s: all names are taken", parent);
}

const char *weir_scratch_directory_path(const weir_scratch_directory *directory) {
    return directory->path;
}

void weir_scratch_directory_close(weir_scratch_directory *directory) {
    if (!directory)
        return;
    rmdir(directory->path);
    close(directory->fd);
    weir_free(directory->path);
    weir_free(directory);
}

/* Of a dead process: empty, or with the file that it had not yet taken the name from. */
static void remove_dead(const char *path) {
    int fd = open_directory(path);
    if (fd < 0)
        return;
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return;
    }
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            unlinkat(fd, entry->d_name, 0);
    rmdir(path);
    closedir(directory);
}

void weir_scratch_directory_sweep(const char *parent) {
    DIR *directory = opendir(parent);
    if (!directory)
        return;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        _cleanup_free_ char *path = weir_asprintf("%s/%s", parent, entry->d_name);
        remove_dead(path);
    }
    closedir(directory);
}
