/* Pool, mailbox and loop. */
#include "common/base/alloc.h"
#include "common/base/loop.h"
#include "tests/lib/weir_test.h"

typedef struct counted {
    weir_job job;
    _Atomic int *count;
} counted;

static void count_job(weir_job *job) {
    ++*((counted *)job)->count;
}

WEIR_TEST(thread, pool_runs_every_job_before_it_ends) {
    weir_pool *pool;
    weir_error *err = NULL;
    _Atomic int count = 0;
    counted jobs[500];
    CHECK_OK(weir_pool_new("test", 3, &pool, &err));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(jobs); i++) {
        jobs[i] = (counted){{count_job, NULL}, &count};
        weir_pool_submit(pool, &jobs[i].job);
    }
    weir_pool_free(pool);
    cr_assert_eq(count, 500);
}

WEIR_TEST(thread, mailbox_keeps_order_and_times_out) {
    weir_mailbox *mailbox = weir_mailbox_new();
    cr_assert_null(weir_mailbox_take(mailbox, 1000));
    for (intptr_t i = 1; i <= 100; i++)
        weir_mailbox_post(mailbox, (void *)i);
    for (intptr_t i = 1; i <= 100; i++)
        cr_assert_eq((intptr_t)weir_mailbox_take(mailbox, -1), i);
    weir_mailbox_close(mailbox);
    cr_assert_null(weir_mailbox_take(mailbox, -1));
    weir_mailbox_free(mailbox);
}

typedef struct story {
    weir_loop *loop;
    weir_pool *pool;
    weir_step step;
    weir_timer late, early;
    char text[8];
} story;

static void add(story *s, char c) {
    size_t size = strlen(s->text);
    s->text[size] = c;
}
static void work(weir_step *step) {
    (void)step;
}
static void done(weir_step *step) {
    story *s = (story *)((char *)step - offsetof(story, step));
    add(s, 's');
    weir_loop_stop(s->loop);
}
static void late(weir_event *event) {
    story *s = (story *)((char *)event - offsetof(story, late.event));
    add(s, 'l');
    s->step.work = work;
    s->step.done = done;
    weir_loop_start_step(s->loop, s->pool, &s->step);
}
static void early(weir_event *event) {
    add((story *)((char *)event - offsetof(story, early.event)), 'e');
}

WEIR_TEST(loop, runs_timers_in_order_and_waits_for_steps) {
    weir_env env = {.clock = &weir_system_clock_ops};
    weir_error *err = NULL;
    story s = {.loop = weir_loop_new(&env)};
    CHECK_OK(weir_pool_new("test", 1, &s.pool, &err));
    s.late.event.run = late;
    s.early.event.run = early;
    int64_t now = weir_env_monotonic_us(&env);
    weir_loop_arm(s.loop, &s.late, now + 2000);
    weir_loop_arm(s.loop, &s.early, now + 1000);
    weir_loop_run(s.loop);
    CHECK_TEXT(s.text, "els");
    weir_pool_free(s.pool);
    weir_loop_free(s.loop);
}
