/* The driver of one job (engine.h): plans every query, starts the local executors, runs the queries side by
 * side on the loop (the caller's thread), and takes everything down in the opposite order. */
#include "driver/engine.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/loop.h"
#include "driver/cluster/cluster.h"
#include "driver/query_planner.h"
#include "driver/stream/stream_query.h"

#define POOL_THREADS 4

typedef struct engine {
    const weir_engine_options *options;
    weir_arena *arena;
    weir_loop *loop;
    weir_pool *pool;
    weir_cluster *cluster;
    char *url;
    weir_step step; /* launching and stopping executors */
    void **executors;
    int32_t executors_wanted, executors_count;
    weir_query_spec *specs;
    weir_stream_query **queries;
    int32_t queries_count, queries_running;
    weir_error *error; /* the first of any query */
    /* the watcher of stop signals */
    pthread_t watcher;
    bool watching;
    int32_t watch_pipe[2];
    weir_event stop_event;
} engine;

/* ---- stop signals ---- */

static engine *engine_of_stop(weir_event *event) {
    return (engine *)((char *)event - offsetof(engine, stop_event));
}

static void stop_queries(weir_event *event) {
    engine *e = engine_of_stop(event);
    int32_t level = e->options->stop_level ? *e->options->stop_level : WEIR_STOP_NONE;
    for (int32_t i = 0; i < e->queries_count && level > WEIR_STOP_NONE && e->queries; i++)
        if (e->queries[i])
            weir_stream_query_stop(e->queries[i], level >= WEIR_STOP_NOW);
}

static void *watch(void *data) {
    engine *e = data;
    struct pollfd fds[2] = {{.fd = e->options->stop_fd, .events = POLLIN},
                            {.fd = e->watch_pipe[0], .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents)
            return NULL;
        char drained[16];
        if (fds[0].revents && read(e->options->stop_fd, drained, sizeof drained) > 0)
            weir_loop_post(e->loop, &e->stop_event);
    }
}

static weir_code start_watcher(engine *e, weir_error **err) {
    e->stop_event.run = stop_queries;
    if (e->options->stop_fd < 0)
        return WEIR_OK;
    if (pipe(e->watch_pipe) != 0)
        WEIR_FAIL(err, IO_ERROR, "cannot make a pipe");
    WEIR_TRY(weir_thread_start(&e->watcher, "signals", watch, e, err));
    e->watching = true;
    return WEIR_OK;
}

static void stop_watcher(engine *e) {
    if (!e->watching)
        return;
    if (write(e->watch_pipe[1], "x", 1) == 1)
        pthread_join(e->watcher, NULL);
    close(e->watch_pipe[0]);
    close(e->watch_pipe[1]);
}

/* ---- executors ---- */

static void launch_work(weir_step *step) {
    engine *e = (engine *)((char *)step - offsetof(engine, step));
    const weir_launcher *launcher = e->options->launcher;
    int32_t count = e->executors_wanted;
    int64_t memory = weir_conf_int(e->specs[0].conf, WEIR_CONF_EXECUTOR_MEMORY);
    for (int32_t i = 0; i < count && !e->error; i++) {
        int32_t cores = e->options->cores / count + (i < e->options->cores % count);
        if (launcher->start(launcher->self, e->url, i, WEIR_MAX(cores, 1), memory, &e->executors[i],
                            &e->error) == WEIR_OK)
            e->executors_count++;
    }
}

static void stop_work(weir_step *step) {
    engine *e = (engine *)((char *)step - offsetof(engine, step));
    weir_cluster_disconnect(e->cluster);
    for (int32_t i = 0; i < e->executors_count; i++)
        e->options->launcher->stop(e->options->launcher->self, e->executors[i]);
}

static void stop_done(weir_step *step) {
    engine *e = (engine *)((char *)step - offsetof(engine, step));
    weir_loop_stop(e->loop);
}

static void stop_executors(engine *e) {
    e->step.work = stop_work;
    e->step.done = stop_done;
    weir_loop_start_step(e->loop, e->pool, &e->step);
}

static void executor_registered(void *data, int32_t count) {
    (void)data;
    (void)count; /* a local master waits for its launcher instead */
}

/* ---- queries ---- */

static void query_ended(void *data, weir_stream_query *query, const weir_error *error) {
    engine *e = data;
    /* The first error is the job's and is printed by the caller; with other queries going on, it is logged
     * too. */
    if (error && e->queries_count > 1)
        weir_log_write(e->options->log, WEIR_LOG_ERROR, "driver", "query " WEIR_STR_FMT " failed: %s",
                       WEIR_STR_ARG(weir_stream_query_name(query)), weir_error_text(error));
    if (error && !e->error) {
        e->error = weir_error_clone(error);
        weir_error_contextf(&e->error, "query " WEIR_STR_FMT, WEIR_STR_ARG(weir_stream_query_name(query)));
    }
    if (--e->queries_running == 0)
        stop_executors(e);
}

static void launch_done(weir_step *step) {
    engine *e = (engine *)((char *)step - offsetof(engine, step));
    if (e->error) {
        stop_executors(e);
        return;
    }
    weir_query_host host = {
        .env = e->options->env,
        .loop = e->loop,
        .pool = e->pool,
        .cluster = e->cluster,
        .log = e->options->log,
        .output_fd = e->options->output_fd,
        .progress_fd = e->options->progress_fd,
        .progress_json = e->options->progress_json,
        .progress_line = e->options->progress_line,
        .ended = query_ended,
        .data = e,
    };
    e->queries = WEIR_NEW_ARRAY(e->arena, weir_stream_query *, e->queries_count);
    e->queries_running = e->queries_count;
    for (int32_t i = 0; i < e->queries_count; i++) {
        e->queries[i] = weir_stream_query_new(&host, &e->specs[i]);
        weir_stream_query_start(e->queries[i]);
    }
    stop_queries(&e->stop_event); /* a signal may have come before */
}

/* ---- the whole ---- */

static weir_code run(engine *e, weir_error **err) {
    const weir_env *env = e->options->env;
    char uuid[37];
    weir_env_uuid(env, uuid);
    e->url = weir_arena_printf(e->arena, "inproc://driver-%s", uuid);
    e->loop = weir_loop_new(env);
    e->executors = WEIR_NEW_ARRAY(e->arena, void *, e->executors_wanted);
    WEIR_TRY(weir_pool_new("driver", POOL_THREADS, &e->pool, err));
    WEIR_TRY(weir_cluster_new(env, e->loop, e->url, executor_registered, e, &e->cluster, err));
    WEIR_TRY(start_watcher(e, err));
    e->step.work = launch_work;
    e->step.done = launch_done;
    weir_loop_start_step(e->loop, e->pool, &e->step);
    weir_loop_run(e->loop);
    if (e->error) {
        weir_error *error = e->error;
        e->error = NULL;
        return weir_error_move(err, error);
    }
    return WEIR_OK;
}

static void take_down(engine *e) {
    stop_watcher(e);
    if (e->cluster)
        weir_cluster_disconnect(e->cluster);
    if (e->loop)
        weir_loop_drain(e->loop);
    for (int32_t i = 0; e->queries && i < e->queries_count; i++)
        weir_stream_query_free(e->queries[i]);
    weir_cluster_free(e->cluster);
    weir_pool_free(e->pool);
    weir_loop_free(e->loop);
    weir_error_free(e->error);
}

weir_code weir_engine_run(const weir_job_spec *job, const weir_engine_options *options, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    engine e = {.options = options, .arena = arena, .queries_count = job->queries_count};
    WEIR_TRY(weir_query_planner_plan(arena, job, options, &e.specs, err));
    int64_t executors = weir_conf_int(e.specs[0].conf, WEIR_CONF_EXECUTORS);
    if (executors < 1 || executors > WEIR_EXECUTORS_MAX)
        WEIR_FAIL(err, INVALID_ARGUMENT, "spark.weir.local.executors must be between 1 and %d",
                  WEIR_EXECUTORS_MAX);
    e.executors_wanted = (int32_t)executors;
    weir_code code = run(&e, err);
    take_down(&e);
    return code;
}
