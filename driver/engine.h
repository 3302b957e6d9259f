/* The driver's entry point for a job: analyses every query, starts one micro-batch loop a query, waits for
 * all of them. cli/ calls it; executors reach it over the transport of `env` and are started through the
 * launcher, so that driver/ never includes executor/. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/env.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "driver/job/job_spec.h"

/* Starts executors in this process (or elsewhere); cli/ provides it. */
typedef struct weir_launcher {
    /* Starts executor `index` with `cores` task threads, which registers at driver_url. */
    weir_code (*start)(void *self, const char *driver_url, int32_t index, int32_t cores, int64_t memory_bytes,
                       void **ret_executor, weir_error **err);
    /* Blocks until the executor's threads are gone. */
    void (*stop)(void *self, void *executor);
    void *self;
} weir_launcher;

typedef enum weir_stop_level {
    WEIR_STOP_NONE = 0,
    WEIR_STOP_AFTER_BATCH = 1, /* SIGTERM, Ctrl-C: end after the running micro-batch */
    WEIR_STOP_NOW = 2,         /* the second signal */
} weir_stop_level;

typedef struct weir_engine_options {
    const weir_env *env;
    const weir_launcher *launcher;
    const weir_log *log;
    int32_t cores;      /* task threads of the local master, shared out over spark.weir.local.executors */
    bool progress_json; /* one StreamingQueryProgress JSON line a batch on `progress_fd` */
    bool progress_line; /* a human progress line a batch on `progress_fd` */
    int32_t progress_fd;
    int32_t output_fd;        /* console sink */
    const char *default_zone; /* where spark.sql.session.timeZone is not set: TZ; NULL = the system's */
    const char *temporary_directory; /* for temporary checkpoints; NULL = /tmp */
    /* Session configuration over the job's own (--conf): pairs in order. */
    const weir_options *conf;
    /* Readable when the stop level changed (a pipe or eventfd written by the signal handler); the level
     * itself is read through the pointer. */
    int32_t stop_fd;
    const _Atomic int32_t *stop_level;
} weir_engine_options;

/* Runs the job to its end. Nothing starts unless every query analyses. The first error of a query is
 * returned when all queries have ended; each query's error is logged as it happens. */
weir_code weir_engine_run(const weir_job_spec *job, const weir_engine_options *options, weir_error **err);
