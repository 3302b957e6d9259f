/* An event loop: one thread that owns all control state of a driver or an executor. Others only post events;
 * blocking work runs as steps on a pool and comes back as an event. Nothing on the loop blocks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/env.h"
#include "common/base/thread.h"

typedef struct weir_loop weir_loop;

/* Embed it; `run` is called on the loop's thread once per post. */
typedef struct weir_event {
    void (*run)(struct weir_event *event);
} weir_event;

/* A one-shot timer, embedded in its owner; armed at most once at a time. */
typedef struct weir_timer {
    weir_event event;
    int64_t at_us; /* monotonic */
    struct weir_timer *next;
    bool armed;
} weir_timer;

/* Blocking work: `work` runs on a pool thread, then `done` on the loop. Embedded; not reused before done. */
typedef struct weir_step {
    weir_job job;
    weir_event event;
    weir_loop *loop;
    void (*work)(struct weir_step *step);
    void (*done)(struct weir_step *step);
} weir_step;

weir_loop *weir_loop_new(const weir_env *env);
void weir_loop_free(weir_loop *loop);                                  /* accepts NULL */
void weir_loop_post(weir_loop *loop, weir_event *event);               /* any thread */
void weir_loop_arm(weir_loop *loop, weir_timer *timer, int64_t at_us); /* loop thread; re-arms */
void weir_loop_disarm(weir_loop *loop, weir_timer *timer);
void weir_loop_start_step(weir_loop *loop, weir_pool *pool, weir_step *step); /* loop thread */
void weir_loop_run(weir_loop *loop);  /* until weir_loop_stop and no step is running */
void weir_loop_stop(weir_loop *loop); /* loop thread */
/* Runs the timers that are due and what is posted, without waiting: for a clock that a test moves. */
void weir_loop_turn(weir_loop *loop);
/* Runs what is still posted, once no thread posts any more: before the loop is freed. */
void weir_loop_drain(weir_loop *loop);
