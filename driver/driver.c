/* The life of a driver (driver.h): its loop, its local executors, the signals that stop it. Jobs are in
 * job_host.c.
 *
 *   new: pool, loop, cluster (listens) -> run: [first job: local executors start] jobs ... -> the last one
 * has ended -> connections close, local executors stop -> the loop ends -> free
 *
 * The loop is the caller's thread of weir_driver_run; starting and stopping executors are steps on the pool.
 * Where local executors cannot be started, the jobs that wait for them end with that error. */
#include "driver/driver.h"

#include <poll.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "driver/driver_int.h"

#define POOL_THREADS 4

static void look_at_jobs(weir_driver *driver);

/* ---- local executors ---- */

static weir_driver *driver_of_step(weir_step *step) {
    return (weir_driver *)((char *)step - offsetof(weir_driver, launch));
}

static void launch_work(weir_step *step) {
    weir_driver *driver = driver_of_step(step);
    const weir_launcher *launcher = driver->options.launcher;
    int32_t count = driver->executors_wanted;
    for (int32_t i = driver->executors_count; i < count; i++) {
        int32_t cores = driver->options.cores / count + (i < driver->options.cores % count);
        if (launcher->start(launcher->self, driver->local_url, i, WEIR_MAX(cores, 1), driver->executor_memory,
                            &driver->executors[i], &driver->launch_error) != WEIR_OK)
            return;
        driver->executors_count++;
    }
}

static void launch_done(weir_step *step) {
    weir_driver *driver = driver_of_step(step);
    driver->launching = false;
    driver->launched = !driver->launch_error;
    weir_driver_tend_jobs(driver, driver->launched, driver->launch_error);
    weir_error_free_ptr(&driver->launch_error);
    look_at_jobs(driver);
}

/* A local master begins with its first job, whose configuration says how many executors there are. */
static void launch(weir_driver *driver, const weir_driver_job *job) {
    driver->launching = true;
    const weir_conf *conf = job->batch ? weir_batch_query_conf(job->batch) : job->specs[0].conf;
    int64_t executors = weir_conf_int(conf, WEIR_CONF_EXECUTORS);
    driver->executors_wanted = (int32_t)WEIR_MAX(WEIR_MIN(executors, WEIR_EXECUTORS_MAX), 1);
    driver->executor_memory = weir_conf_int(conf, WEIR_CONF_EXECUTOR_MEMORY);
    driver->launch.work = launch_work;
    driver->launch.done = launch_done;
    weir_loop_start_step(driver->loop, driver->pool, &driver->launch);
}

static void stop_work(weir_step *step) {
    weir_driver *driver = driver_of_step(step);
    const weir_launcher *launcher = driver->options.launcher;
    for (int32_t i = 0; i < driver->executors_count; i++)
        launcher->stop(launcher->self, driver->executors[i]);
    driver->executors_count = 0;
}

static void stop_done(weir_step *step) {
    weir_loop_stop(driver_of_step(step)->loop);
}

/* Connections to executors close before the executors do. */
static void disconnected(void *data) {
    weir_driver *driver = data;
    driver->launch.work = stop_work;
    driver->launch.done = stop_done;
    weir_loop_start_step(driver->loop, driver->pool, &driver->launch);
}

/* ---- jobs and the end ---- */

void weir_driver_jobs_changed(weir_driver *driver) {
    weir_loop_post(driver->loop, &driver->jobs_changed);
}

/* Whether that was the last job; from then on none is taken. */
static bool begin_ending(weir_driver *driver) {
    pthread_mutex_lock(&driver->lock);
    bool last = !driver->jobs && !driver->ending && (driver->options.ends_with_jobs || driver->stop_level);
    driver->ending |= last;
    pthread_mutex_unlock(&driver->lock);
    return last;
}

static void look_at_jobs(weir_driver *driver) {
    bool has_executors = !driver->options.launcher || driver->launched;
    weir_driver_tend_jobs(driver, has_executors, NULL);
    if (driver->launching)
        return;
    const weir_driver_job *job = weir_driver_new_job(driver);
    if (job) {
        launch(driver, job);
        return;
    }
    if (begin_ending(driver))
        weir_cluster_disconnect(driver->cluster, disconnected, driver);
}

/* ---- messages that are not about membership ---- */

static void members_changed(void *data) {
    weir_driver_members_changed(data);
}

static bool serve(void *data, weir_call *call, const weir_frame *frame) {
    (void)data;
    (void)call;
    (void)frame;
    return false;
}

static void jobs_event(weir_event *event) {
    look_at_jobs((weir_driver *)((char *)event - offsetof(weir_driver, jobs_changed)));
}

/* ---- stop signals ---- */

static void stop_event(weir_event *event) {
    weir_driver *driver = (weir_driver *)((char *)event - offsetof(weir_driver, stop_event));
    driver->stop_level = driver->options.stop_level ? *driver->options.stop_level : WEIR_STOP_NONE;
    look_at_jobs(driver);
}

static void *watch(void *data) {
    weir_driver *driver = data;
    struct pollfd fds[2] = {{.fd = driver->options.stop_fd, .events = POLLIN},
                            {.fd = driver->watch_pipe[0], .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents)
            return NULL;
        char drained[16];
        if (fds[0].revents && read(driver->options.stop_fd, drained, sizeof drained) > 0)
            weir_loop_post(driver->loop, &driver->stop_event);
    }
}

static weir_code start_watcher(weir_driver *driver, weir_error **err) {
    if (driver->options.stop_fd < 0)
        return WEIR_OK;
    if (pipe(driver->watch_pipe) != 0)
        WEIR_FAIL(err, IO_ERROR, "cannot make a pipe");
    WEIR_TRY(weir_thread_start(&driver->watcher, "signals", watch, driver, err));
    driver->watching = true;
    return WEIR_OK;
}

static void stop_watcher(weir_driver *driver) {
    if (driver->watching && write(driver->watch_pipe[1], "x", 1) == 1)
        pthread_join(driver->watcher, NULL);
    driver->watching = false;
    if (driver->watch_pipe[1]) {
        close(driver->watch_pipe[0]);
        close(driver->watch_pipe[1]);
        driver->watch_pipe[1] = 0;
    }
}

/* ---- life ---- */

/* The driver's own settings: what a job sets is the job's. */
static weir_code read_conf(const weir_driver *driver, int64_t *ret_heartbeat_ms, int64_t *ret_timeout_ms,
                           weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_conf *conf = weir_conf_new(arena);
    const weir_options *entries = driver->options.conf;
    for (int32_t i = 0; entries && i < entries->count; i++)
        WEIR_TRY(weir_conf_set(conf, entries->items[i].key, entries->items[i].value, err));
    *ret_heartbeat_ms = weir_conf_int(conf, WEIR_CONF_HEARTBEAT_INTERVAL);
    *ret_timeout_ms = weir_conf_int(conf, WEIR_CONF_NETWORK_TIMEOUT);
    if (*ret_heartbeat_ms < 1 || *ret_timeout_ms < 2 * *ret_heartbeat_ms || *ret_timeout_ms > INT32_MAX)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "spark.network.timeout (%lld ms) must be at least twice spark.executor.heartbeatInterval "
                  "(%lld ms)",
                  (long long)*ret_timeout_ms, (long long)*ret_heartbeat_ms);
    return WEIR_OK;
}

static weir_code open_driver(weir_driver *driver, weir_error **err) {
    const weir_env *env = driver->options.env;
    weir_cluster_options options = {
        .env = env, .log = driver->options.log, .hooks = {members_changed, serve, driver}};
    WEIR_TRY(read_conf(driver, &options.heartbeat_ms, &options.timeout_ms, err));
    int32_t urls = 0;
    if (driver->options.launcher) {
        char uuid[37];
        weir_env_uuid(env, uuid);
        driver->local_url = weir_asprintf("inproc://driver-%s", uuid);
        options.urls[urls++] = driver->local_url;
    }
    options.urls[urls] = driver->options.listen_url;
    driver->loop = weir_loop_new(env);
    WEIR_TRY(weir_pool_new("driver", POOL_THREADS, &driver->pool, err));
    options.loop = driver->loop;
    options.pool = driver->pool;
    return weir_cluster_new(&options, &driver->cluster, err);
}

weir_code weir_driver_new(const weir_driver_options *options, weir_driver **ret, weir_error **err) {
    if (!options->launcher && !options->listen_url)
        WEIR_FAIL(err, INVALID_ARGUMENT, "a driver needs a local master or an address to listen at");
    weir_driver *driver = weir_alloc_zero(1, sizeof *driver);
    driver->options = *options;
    driver->jobs_changed.run = jobs_event;
    driver->stop_event.run = stop_event;
    pthread_mutex_init(&driver->lock, NULL);
    weir_code code = open_driver(driver, err);
    if (code != WEIR_OK) {
        weir_driver_free(driver);
        return code;
    }
    *ret = driver;
    return WEIR_OK;
}

weir_code weir_driver_run(weir_driver *driver, weir_error **err) {
    WEIR_TRY(start_watcher(driver, err));
    weir_driver_jobs_changed(driver);
    weir_loop_post(driver->loop, &driver->stop_event); /* a signal may have come before */
    weir_loop_run(driver->loop);
    stop_watcher(driver);
    return WEIR_OK;
}

void weir_driver_free(weir_driver *driver) {
    if (!driver)
        return;
    if (driver->cluster)
        weir_cluster_shut(driver->cluster);
    if (driver->loop)
        weir_loop_drain(driver->loop);
    weir_driver_free_jobs(driver);
    weir_cluster_free(driver->cluster);
    weir_pool_free(driver->pool);
    weir_loop_free(driver->loop);
    weir_error_free(driver->launch_error);
    pthread_mutex_destroy(&driver->lock);
    weir_free(driver->local_url);
    weir_free(driver);
}

const char *weir_driver_url(const weir_driver *driver) {
    return weir_cluster_url(driver->cluster, driver->options.launcher ? 1 : 0);
}

void weir_driver_status_json(weir_driver *driver, weir_strbuf *ret) {
    pthread_mutex_lock(&driver->lock);
    int32_t jobs = 0;
    for (const weir_driver_job *job = driver->jobs; job; job = job->next)
        jobs++;
    pthread_mutex_unlock(&driver->lock);
    weir_strbuf_addf(ret, "{\"role\":\"driver\",\"status\":\"ok\",\"jobs\":%d}", jobs);
}
