/* A driver: the loop, the pool, the cluster of executors and the jobs that run on it. One a process in
 * `weir driver`; `weir run` with a local master makes one for its job. cli/ calls it; executors reach it over
 * the transport of `env`, so that driver/ never includes executor/.
 *
 * new -> (start jobs, run) -> free. Jobs may be started before and while it runs, from any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/env.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/output.h"
#include "driver/job/job_spec.h"

typedef struct weir_driver weir_driver;
typedef struct weir_driver_job weir_driver_job;
struct weir_query_spec;    /* driver/stream/stream_query.h */
struct weir_stream_events; /* the same */
struct weir_batch_query;   /* driver/batch/batch_query.h */

/* Starts executors in this process; cli/ provides it. */
typedef struct weir_launcher {
    /* Starts an executor with `cores` task threads, which registers at driver_url. Blocks until it has. */
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

typedef enum weir_progress_kind {
    WEIR_PROGRESS_NONE,
    WEIR_PROGRESS_LINE,
    WEIR_PROGRESS_JSON
} weir_progress_kind;

typedef struct weir_driver_options {
    const weir_env *env;
    const weir_log *log;
    /* A local master: executors of this process over inproc://, spark.weir.local.executors of them with
     * `cores` task threads in all. NULL: executors register from outside at listen_url. */
    const weir_launcher *launcher;
    int32_t cores;
    const char *listen_url;          /* tcp://HOST:PORT, tls+tcp://...; NULL = this process only */
    const weir_options *conf;        /* --conf: over each job's own */
    const char *temporary_directory; /* for temporary checkpoints; NULL = /tmp */
    bool accepts_jobs;               /* SUBMIT_JOB is served */
    bool ends_with_jobs;             /* weir_driver_run returns when the last job has ended */
    int32_t stop_fd;                 /* readable when the stop level changed; -1 = none */
    const _Atomic int32_t *stop_level;
} weir_driver_options;

typedef struct weir_job_options {
    weir_output output; /* console sink and progress; lives until `ended` was called */
    weir_progress_kind progress;
    const weir_options *conf; /* over the job's own, below the driver's --conf; NULL = none */
    const char *default_zone; /* where spark.sql.session.timeZone is not set; NULL = the system's */
    const char *directory;    /* absolute: relative paths of the spec start here */
    /* On the loop, once, when all queries have ended; `error` (NULL = all ended well) is borrowed: the first
     * of any query. The job is gone when it returns. */
    void (*ended)(void *self, weir_driver_job *job, const weir_error *error);
    void *self;
} weir_job_options;

/* Listens (port in use and the like are errors here). */
weir_code weir_driver_new(const weir_driver_options *options, weir_driver **ret, weir_error **err);
/* Plans every query of the job before it returns: nothing starts unless all analyse. The job's queries then
 * start on the loop. `job` is copied. */
weir_code weir_driver_start_job(weir_driver *driver, const weir_job_spec *job,
                                const weir_job_options *options, weir_driver_job **ret, weir_error **err);
/* A job of one stream that was planned elsewhere (driver/connect): `spec` and all that it points to, and
 * `events`, live until `ended` was called. options->conf, default_zone and directory have served already. */
weir_code weir_driver_start_stream(weir_driver *driver, const struct weir_query_spec *spec,
                                   const weir_job_options *options, const struct weir_stream_events *events,
                                   weir_driver_job **ret, weir_error **err);
/* Runs a batch query: weir_batch_query_wait gives its end. `query` is the caller's; where this fails it was
 * not started. */
weir_code weir_driver_start_batch(weir_driver *driver, struct weir_batch_query *query, weir_error **err);
/* Any thread; nothing happens where the job has ended (the pointer is only compared then). */
void weir_driver_stop_job(weir_driver *driver, weir_driver_job *job, weir_stop_level level);
/* The loop, on the caller's thread, until the stop level or ends_with_jobs ends it; then all jobs have ended
 * and local executors are gone. An error here is the driver's own, not a job's. */
weir_code weir_driver_run(weir_driver *driver, weir_error **err);
void weir_driver_free(weir_driver *driver); /* accepts NULL */
/* What GET_STATUS and /healthz answer; any thread. {"role":"driver","status":"ok","executors":[...],...} */
void weir_driver_status_json(weir_driver *driver, weir_strbuf *ret);
/* Where it listens, with the port that 0 became; NULL where no listen_url was given. */
const char *weir_driver_url(const weir_driver *driver);
