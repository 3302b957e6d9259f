/* A driver in this process with what it needs from outside: env, transport, executors of a local master,
 * signals, the HTTP door. `weir run` hosts one for its job, `weir driver` one for whoever comes. */
#pragma once

#include "cli/wire_flags.h"
#include "common/base/log.h"
#include "driver/driver.h"

typedef struct weir_driver_host_options {
    const char *job_path; /* runs, and the driver ends with it; NULL = jobs are submitted */
    const char *progress; /* line, json, none */
    const weir_options *conf;
    int32_t cores;            /* task threads in this process; 0 = none */
    const char *listen_url;   /* executors and submitters; NULL = this process only */
    const char *http_address; /* HOST:PORT; NULL = no HTTP */
    const weir_wire_flags *wire;
    const weir_log *log;
} weir_driver_host_options;

/* Blocks until the job has ended, or until SIGTERM where there is none: WEIR_OK where every query of the job
 * ended well. */
weir_code weir_driver_host_run(const weir_driver_host_options *options, weir_error **err);
/* "line", "json" or "none"; INVALID_ARGUMENT names the command. */
weir_code weir_driver_host_progress(const char *command, const char *text, weir_progress_kind *ret,
                                    weir_error **err);
