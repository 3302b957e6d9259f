/* Internals of a driver, shared by the files of this folder only: driver.c (life, loop, signals, local
 * executors), job_host.c (jobs and their queries). Everything belongs to the loop unless it says otherwise.
 */
#pragma once

#include <pthread.h>

#include "common/base/loop.h"
#include "driver/cluster/cluster.h"
#include "driver/batch/batch_query.h"
#include "driver/driver.h"
#include "driver/stream/stream_query.h"

typedef enum weir_job_state {
    WEIR_JOB_NEW, /* planned; waits for the loop and, with a local master, for the executors */
    WEIR_JOB_RUNNING,
    WEIR_JOB_ENDED,
} weir_job_state;

struct weir_driver_job {
    weir_driver_job *next;
    weir_driver *driver;
    weir_arena *arena;
    const weir_job_spec *spec; /* NULL where the queries were planned elsewhere */
    weir_job_options options;
    const weir_stream_events *events; /* of the queries; NULL = nobody listens */
    weir_batch_query *batch;          /* instead of streams; its owner waits for it */
    const weir_query_spec *specs;
    weir_stream_query **queries; /* once running */
    int32_t queries_count, queries_running;
    weir_job_state state;
    _Atomic int32_t stop_level; /* any thread */
    weir_error *error;          /* the first of any query */
};

struct weir_driver {
    weir_driver_options options;
    weir_loop *loop;
    weir_pool *pool;
    weir_cluster *cluster;
    char *local_url;      /* inproc://, for local executors */
    pthread_mutex_t lock; /* of `jobs`: any thread adds, the loop alone removes */
    weir_driver_job *jobs;
    bool ending; /* takes no more jobs; under the lock */
    int32_t stop_level;
    weir_event jobs_changed; /* jobs were added, told to stop or have ended */
    /* local executors */
    weir_step launch; /* starting or stopping them */
    bool launching, launched;
    int32_t executors_wanted, executors_count;
    int64_t executor_memory;
    void *executors[WEIR_EXECUTORS_MAX];
    weir_error *launch_error;
    /* the watcher of stop signals */
    pthread_t watcher;
    bool watching;
    int32_t watch_pipe[2];
    weir_event stop_event;
};

/* driver.c */
void weir_driver_jobs_changed(weir_driver *driver); /* any thread: wakes the loop to look at its jobs */
/* job_host.c */
/* On the loop: starts what is new, passes stop levels on, takes away what has ended. `launch_error`
 * (borrowed) ends all new jobs. */
void weir_driver_tend_jobs(weir_driver *driver, bool may_start, const weir_error *launch_error);
void weir_driver_members_changed(weir_driver *driver);
void weir_driver_free_jobs(weir_driver *driver);
/* The first job that waits for executors; NULL = none. */
const weir_driver_job *weir_driver_new_job(weir_driver *driver);
