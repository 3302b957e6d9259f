/* The event loop (loop.h): a mailbox and a short list of timers. */
#include "common/base/loop.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"

struct weir_loop {
    const weir_env *env;
    weir_mailbox *mailbox;
    weir_timer *timers; /* sorted by at_us; a handful */
    int32_t steps_running;
    bool stopping;
};

weir_loop *weir_loop_new(const weir_env *env) {
    weir_loop *loop = weir_alloc_zero(1, sizeof *loop);
    loop->env = env;
    loop->mailbox = weir_mailbox_new();
    return loop;
}

void weir_loop_free(weir_loop *loop) {
    if (!loop)
        return;
    weir_mailbox_free(loop->mailbox);
    weir_free(loop);
}

void weir_loop_post(weir_loop *loop, weir_event *event) {
    weir_mailbox_post(loop->mailbox, event);
}

void weir_loop_disarm(weir_loop *loop, weir_timer *timer) {
    if (!timer->armed)
        return;
    weir_timer **at = &loop->timers;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    timer->armed = false;
}

void weir_loop_arm(weir_loop *loop, weir_timer *timer, int64_t at_us) {
    weir_loop_disarm(loop, timer);
    weir_timer **at = &loop->timers;
    while (*at && (*at)->at_us <= at_us)
        at = &(*at)->next;
    timer->at_us = at_us;
    timer->next = *at;
    timer->armed = true;
    *at = timer;
}

static void step_work(weir_job *job) {
    weir_step *step = (weir_step *)((char *)job - offsetof(weir_step, job));
    step->work(step);
    weir_loop_post(step->loop, &step->event);
}

static void step_event(weir_event *event) {
    weir_step *step = (weir_step *)((char *)event - offsetof(weir_step, event));
    step->loop->steps_running--;
    step->done(step);
}

void weir_loop_start_step(weir_loop *loop, weir_pool *pool, weir_step *step) {
    step->job.run = step_work;
    step->event.run = step_event;
    step->loop = loop;
    loop->steps_running++;
    weir_pool_submit(pool, &step->job);
}

static int64_t run_due_timers(weir_loop *loop) {
    for (;;) {
        weir_timer *timer = loop->timers;
        if (!timer)
            return -1;
        int64_t wait = timer->at_us - weir_env_monotonic_us(loop->env);
        if (wait > 0)
            return wait;
        weir_loop_disarm(loop, timer);
        timer->event.run(&timer->event);
    }
}

void weir_loop_run(weir_loop *loop) {
    while (!loop->stopping || loop->steps_running) {
        int64_t wait = run_due_timers(loop);
        if (loop->stopping && !loop->steps_running)
            break;
        weir_event *event = weir_mailbox_take(loop->mailbox, wait);
        if (event)
            event->run(event);
    }
}

void weir_loop_stop(weir_loop *loop) {
    loop->stopping = true;
}

void weir_loop_drain(weir_loop *loop) {
    weir_event *event;
    while ((event = weir_mailbox_take(loop->mailbox, 0)))
        event->run(event);
}

void weir_loop_turn(weir_loop *loop) {
    run_due_timers(loop);
    weir_loop_drain(loop);
}
