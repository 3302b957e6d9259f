/* The output of a process: file descriptors (output.h). Any thread. */
#include "common/base/output.h"

#include <errno.h>
#include <unistd.h>

static weir_code write_all(int32_t fd, weir_str bytes, weir_error **err) {
    while (bytes.size > 0) {
        ssize_t written = write(fd, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return weir_error_fail_errno(err, errno, "cannot write to standard output");
        bytes.data += written;
        bytes.size -= (size_t)written;
    }
    return WEIR_OK;
}

static weir_code fd_write(void *self, weir_output_stream stream, weir_str bytes, weir_error **err) {
    const weir_fd_output *fds = self;
    if (stream == WEIR_OUTPUT_RESULTS)
        return write_all(fds->results_fd, bytes, err);
    if (write(fds->progress_fd, bytes.data, bytes.size) < 0) {
        /* Progress has nowhere to go; the query goes on. */
    }
    return WEIR_OK;
}

weir_output weir_fd_output_open(const weir_fd_output *fds) {
    return (weir_output){fd_write, (void *)(uintptr_t)fds};
}
