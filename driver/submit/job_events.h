/* What a submitted job has to say, held until its submitter has taken it: console output and progress as
 * numbered events, at most WEIR_JOB_EVENTS_BYTES_MAX of them, then how the job ended.
 *
 * Writers are pool threads (results) and the loop (progress); the reader is the loop. Results wait for room:
 * as long as the submitter comes back, and WEIR_JOB_EVENTS_PATIENCE_US for one that does not; after that they
 * are dropped and counted until it is there again, and the job goes on. Progress never waits: without room it
 * is dropped. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/env.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/output.h"

#define WEIR_JOB_EVENTS_BYTES_MAX (1 << 20)
#define WEIR_JOB_EVENT_BYTES_MAX (256 << 10) /* larger output becomes several events */
#define WEIR_JOB_EVENTS_PATIENCE_US (INT64_C(30) * 1000 * 1000)

typedef struct weir_job_events weir_job_events;

typedef struct weir_job_event {
    uint64_t sequence; /* counts from 1 */
    weir_output_stream stream;
    weir_str bytes; /* valid until a later acknowledgement */
} weir_job_event;

typedef struct weir_job_events_view {
    const weir_job_event *items; /* those that are not acknowledged, in order; arena */
    int32_t count;
    bool finished; /* no event follows these */
    uint64_t dropped_bytes;
    const weir_error *error; /* with finished: how the job ended; NULL = well */
} weir_job_events_view;

/* `changed` is called when there is something to tell while a reader waits: on the writer's thread, under a
 * lock, so it may only post. */
weir_job_events *weir_job_events_new(const weir_env *env, const weir_log *log, void (*changed)(void *data),
                                     void *data);
void weir_job_events_free(weir_job_events *events); /* accepts NULL; no writer may be left */
/* The events as a job's output. */
weir_output weir_job_events_output(weir_job_events *events);
/* The job has ended (NULL = well); nothing is written afterwards. Loop. */
void weir_job_events_finish(weir_job_events *events, const weir_error *error);

/* Drops what is acknowledged and gives what is not. Where that is nothing and the job goes on, `changed` is
 * called once there is something. The submitter is there. Loop. */
void weir_job_events_take(weir_job_events *events, weir_arena *arena, uint64_t acknowledged,
                          weir_job_events_view *ret);
/* Writers wait no more: the driver ends. Any thread. */
void weir_job_events_abandon(weir_job_events *events);
