/* An executor: registers at a driver, serves its requests on one REP socket, runs tasks on N threads. The
 * control loop owns all state; transport threads only post to it, task threads only run tasks. */
#pragma once

#include <stdint.h>

#include "common/base/env.h"
#include "common/base/error.h"
#include "common/base/log.h"

typedef struct weir_executor weir_executor;

typedef struct weir_executor_options {
    const weir_env *env;
    const weir_log *log;
    const char *driver_url;
    const char *listen_url; /* announced to the driver */
    int32_t index;
    int32_t cores;
    int64_t memory_bytes; /* hard cap of data memory */
} weir_executor_options;

/* Starts threads, listens and registers; returns when the driver has accepted. */
weir_code weir_executor_start(const weir_executor_options *options, weir_executor **ret, weir_error **err);
void weir_executor_stop(weir_executor *executor); /* waits for running tasks; frees; accepts NULL */
