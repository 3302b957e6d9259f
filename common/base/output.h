/* Where results and progress of a job go: standard output and standard error of a process, or a buffer that a
 * submitter pulls from. Connectors (the console sink) and the driver only see this. */
#pragma once

#include "common/base/error.h"
#include "common/base/str.h"

typedef enum weir_output_stream {
    WEIR_OUTPUT_RESULTS = 1, /* the console sink */
    WEIR_OUTPUT_PROGRESS = 2,
} weir_output_stream;

/* `write` takes the bytes as a whole or fails. It may block for results (pool threads call it) and must not
 * for progress (the loop calls it; an error there is not looked at). Several queries of a job may write at
 * once. */
typedef struct weir_output {
    weir_code (*write)(void *self, weir_output_stream stream, weir_str bytes, weir_error **err);
    void *self;
} weir_output;

/* Two file descriptors of this process. */
typedef struct weir_fd_output {
    int32_t results_fd;
    int32_t progress_fd;
} weir_fd_output;

/* `fds` is borrowed. Results are written to the last byte (IO_ERROR, NO_SPACE); progress in one write. */
weir_output weir_fd_output_open(const weir_fd_output *fds);
