/* The buffer between a job and its submitter: order, limits, who waits for whom. */
#include "driver/submit/job_events.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "tests/lib/weir_test.h"

typedef struct world {
    weir_env env;
    _Atomic int64_t now_us;
    _Atomic int changes;
    weir_job_events *events;
    weir_output output;
    weir_arena *arena;
    weir_job_events_view view;
} world;

static int64_t world_now(void *self) {
    return ((world *)self)->now_us;
}

static void world_sleep(void *self, int64_t micros) {
    (void)self;
    (void)micros;
    usleep(200);
}

static const weir_clock_ops clock_ops = {"still", world_now, world_now, world_sleep};

static void changed(void *data) {
    ((world *)data)->changes++;
}

static void begin(world *w) {
    *w = (world){.now_us = 1000000, .arena = weir_arena_new()};
    w->env = (weir_env){.clock = &clock_ops, .clock_self = w};
    w->events = weir_job_events_new(&w->env, NULL, changed, w);
    w->output = weir_job_events_output(w->events);
}

static void end(world *w) {
    weir_job_events_free(w->events);
    weir_arena_free(w->arena);
}

static void put(world *w, weir_output_stream stream, const char *text) {
    weir_error *err = NULL;
    CHECK_OK(w->output.write(w->output.self, stream, weir_str_from(text), &err));
}

static void put_many(world *w, weir_output_stream stream, size_t size) {
    weir_error *err = NULL;
    _cleanup_free_ char *bytes = weir_alloc(size);
    memset(bytes, 'x', size);
    CHECK_OK(w->output.write(w->output.self, stream, (weir_str){bytes, size}, &err));
}

/* "1:a 2:b" of what a poll gives; P before progress. */
static const char *take(world *w, uint64_t acknowledged) {
    weir_job_events_take(w->events, w->arena, acknowledged, &w->view);
    weir_strbuf text = {0};
    for (int32_t i = 0; i < w->view.count; i++)
        weir_strbuf_addf(
            &text, "%s%llu:%s" WEIR_STR_FMT, i ? " " : "", (unsigned long long)w->view.items[i].sequence,
            w->view.items[i].stream == WEIR_OUTPUT_PROGRESS ? "P" : "", WEIR_STR_ARG(w->view.items[i].bytes));
    const char *kept = weir_arena_strndup(w->arena, text.data ? text.data : "", text.size);
    weir_strbuf_fini(&text);
    return kept;
}

static size_t bytes_of(const world *w) {
    size_t bytes = 0;
    for (int32_t i = 0; i < w->view.count; i++)
        bytes += w->view.items[i].bytes.size;
    return bytes;
}

WEIR_TEST(job_events, come_again_until_acknowledged) {
    world w;
    begin(&w);
    CHECK_TEXT(take(&w, 0), "");
    cr_assert_eq(w.changes, 0);
    put(&w, WEIR_OUTPUT_RESULTS, "a");
    put(&w, WEIR_OUTPUT_PROGRESS, "b");
    cr_assert_eq(w.changes, 1, "who waits is told once");
    CHECK_TEXT(take(&w, 0), "1:a 2:Pb");
    CHECK_TEXT(take(&w, 0), "1:a 2:Pb");
    put(&w, WEIR_OUTPUT_RESULTS, "c");
    cr_assert_eq(w.changes, 1, "nobody waits");
    CHECK_TEXT(take(&w, 1), "2:Pb 3:c");
    CHECK_TEXT(take(&w, 3), "");
    cr_assert_not(w.view.finished);
    weir_error *error = NULL;
    weir_error_failf(&error, WEIR_IO_ERROR, "gone");
    weir_job_events_finish(w.events, error);
    cr_assert_eq(w.changes, 2);
    CHECK_TEXT(take(&w, 3), "");
    cr_assert(w.view.finished);
    cr_assert_eq(weir_error_code(w.view.error), WEIR_IO_ERROR);
    weir_error_free(error);
    end(&w);
}

WEIR_TEST(job_events, progress_never_waits) {
    world w;
    begin(&w);
    put_many(&w, WEIR_OUTPUT_PROGRESS, 3 << 20);
    take(&w, 0);
    cr_assert_gt(bytes_of(&w), (size_t)WEIR_JOB_EVENTS_BYTES_MAX / 2);
    cr_assert_leq(bytes_of(&w), (size_t)WEIR_JOB_EVENTS_BYTES_MAX);
    cr_assert_eq(w.view.dropped_bytes + bytes_of(&w), 3 << 20);
    for (int i = 0; i < 100000; i++) /* small ones count with what they cost */
        put(&w, WEIR_OUTPUT_PROGRESS, "x");
    take(&w, UINT64_MAX);
    for (int i = 0; i < 100000; i++)
        put(&w, WEIR_OUTPUT_PROGRESS, "x");
    take(&w, 0);
    cr_assert_lt(w.view.count, 50000);
    end(&w);
}

typedef struct writer {
    world *w;
    _Atomic bool done;
} writer;

static void *write_much(void *data) {
    writer *self = data;
    put_many(self->w, WEIR_OUTPUT_RESULTS, 4 << 20);
    self->done = true;
    return NULL;
}

static void settle(const _Atomic bool *flag, int ms) {
    for (int i = 0; i < ms && !*flag; i++)
        usleep(1000);
}

WEIR_TEST(job_events, results_wait_for_a_submitter_that_comes_back) {
    world w;
    begin(&w);
    writer self = {&w, false};
    pthread_t thread;
    pthread_create(&thread, NULL, write_much, &self);
    size_t taken = 0;
    uint64_t acknowledged = 0;
    for (int i = 0; i < 20000 && (!self.done || w.view.count); i++) {
        usleep(500);
        w.now_us += 20 * 1000 * 1000; /* slow, but there */
        take(&w, acknowledged);
        cr_assert_leq(bytes_of(&w), (size_t)WEIR_JOB_EVENTS_BYTES_MAX);
        taken += bytes_of(&w);
        if (w.view.count)
            acknowledged = w.view.items[w.view.count - 1].sequence;
    }
    pthread_join(thread, NULL);
    take(&w, acknowledged);
    taken += bytes_of(&w);
    cr_assert_eq(taken, 4 << 20, "%zu", taken);
    cr_assert_eq(w.view.dropped_bytes, 0);
    end(&w);
}

WEIR_TEST(job_events, results_are_dropped_for_one_that_is_gone) {
    world w;
    begin(&w);
    writer self = {&w, false};
    pthread_t thread;
    pthread_create(&thread, NULL, write_much, &self);
    settle(&self.done, 50);
    cr_assert_not(self.done, "it waits");
    w.now_us += WEIR_JOB_EVENTS_PATIENCE_US + 1;
    settle(&self.done, 5000);
    cr_assert(self.done);
    pthread_join(thread, NULL);
    put_many(&w, WEIR_OUTPUT_RESULTS, 1 << 20); /* at once now */
    take(&w, 0);
    cr_assert_eq(w.view.dropped_bytes + bytes_of(&w), 5 << 20);
    take(&w, UINT64_MAX);
    put(&w, WEIR_OUTPUT_RESULTS, "again");
    take(&w, 0);
    cr_assert_eq(w.view.count, 1, "it is back");
    end(&w);
}

WEIR_TEST(job_events, nobody_waits_when_the_driver_ends) {
    world w;
    begin(&w);
    writer self = {&w, false};
    pthread_t thread;
    pthread_create(&thread, NULL, write_much, &self);
    settle(&self.done, 20);
    weir_job_events_abandon(w.events);
    settle(&self.done, 5000);
    cr_assert(self.done);
    pthread_join(thread, NULL);
    end(&w);
}
