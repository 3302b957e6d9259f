/* Scratch files of the local file system: made with O_EXCL and O_NOFOLLOW under a name that is taken away at
 * once, so that nobody finds them and nothing is left when the process dies. Errors name the directory.
 *
 * Possible failures: NO_SPACE and IO_ERROR of any call; a file that is shorter than what was written to it
 * is CORRUPT_FILE. All functions block; any thread, on ranges that do not overlap. */
#include "common/fs/local_scratch_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/alloc.h"

#define NAMES_MAX 1000

typedef struct local_scratch {
    int fd;
    char directory[];
} local_scratch;

weir_code weir_local_scratch_open(weir_fs *fs, const char *directory, weir_scratch **ret, weir_error **err) {
    (void)fs;
    int fd = -1;
    for (int i = 0; fd < 0 && i < NAMES_MAX; i++) {
        _cleanup_free_ char *name = weir_asprintf("%s/scratch-%d", directory, i);
        fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0)
            unlink(name);
        else if (errno != EEXIST && errno != EINTR)
            return weir_error_fail_errno(err, errno, "cannot make a scratch file in %s", directory);
    }
    if (fd < 0)
        WEIR_FAIL(err, IO_ERROR, "cannot make a scratch file in %s: all names are taken", directory);
    size_t size = strlen(directory) + 1;
    local_scratch *scratch = weir_alloc(sizeof *scratch + size);
    scratch->fd = fd;
    memcpy(scratch->directory, directory, size);
    *ret = (weir_scratch *)scratch;
    return WEIR_OK;
}

weir_code weir_local_scratch_write(weir_scratch *scratch, int64_t offset, weir_str data, weir_error **err) {
    local_scratch *self = (local_scratch *)scratch;
    while (data.size > 0) {
        ssize_t written = pwrite(self->fd, data.data, WEIR_MIN(data.size, (size_t)1 << 30), offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return weir_error_fail_errno(err, errno, "cannot write a scratch file in %s", self->directory);
        data.data += written;
        data.size -= (size_t)written;
        offset += written;
    }
    return WEIR_OK;
}

weir_code weir_local_scratch_read(weir_scratch *scratch, int64_t offset, void *data, size_t size,
                                  weir_error **err) {
    local_scratch *self = (local_scratch *)scratch;
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(self->fd, (char *)data + done, WEIR_MIN(size - done, (size_t)1 << 30),
                            offset + (int64_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return weir_error_fail_errno(err, errno, "cannot read a scratch file in %s", self->directory);
        if (got == 0) {
            _cleanup_free_ char *path = weir_asprintf("scratch file in %s", self->directory);
            WEIR_RAISE(err, CORRUPT_FILE, "path", path, "reason", "it is cut off");
        }
        done += (size_t)got;
    }
    return WEIR_OK;
}

void weir_local_scratch_close(weir_scratch *scratch) {
    if (!scratch)
        return;
    close(((local_scratch *)scratch)->fd);
    weir_free(scratch);
}
