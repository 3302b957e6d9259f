/* The jobs of a driver (driver.h): each has its queries, which run side by side on the loop.
 *
 *   start_job (any thread): copy, plan, add -> loop: NEW -> queries made and started: RUNNING -> the last
 * query ends: ENDED -> `ended` is called, the job is freed
 *
 * An error of one query does not stop the others; the first is the job's. */
#include "common/base/alloc.h"
#include "driver/driver_int.h"
#include "driver/query_planner.h"

/* ---- from outside ---- */

static weir_code plan_job(weir_driver *driver, weir_driver_job *job, weir_error **err) {
    weir_planner_options options = {
        .env = driver->options.env,
        .log = driver->options.log,
        .job_conf = job->options.conf,
        .driver_conf = driver->options.conf,
        .default_zone = job->options.default_zone,
        .directory = job->options.directory,
        .temporary_directory = driver->options.temporary_directory,
    };
    weir_query_spec *specs;
    WEIR_TRY(weir_query_planner_plan(job->arena, job->spec, &options, &specs, err));
    job->specs = specs;
    int64_t executors = weir_conf_int(job->specs[0].conf, WEIR_CONF_EXECUTORS);
    if (driver->options.launcher && executors > WEIR_EXECUTORS_MAX)
        WEIR_FAIL(err, INVALID_ARGUMENT, "spark.weir.local.executors must be between 1 and %d",
                  WEIR_EXECUTORS_MAX);
    return WEIR_OK;
}

static void free_job(weir_driver_job *job) {
    for (int32_t i = 0; job->queries && i < job->queries_count; i++)
        weir_stream_query_free(job->queries[i]);
    weir_error_free(job->error);
    weir_arena_free(job->arena);
}

static weir_code add_job(weir_driver *driver, weir_driver_job *job, weir_error **err) {
    pthread_mutex_lock(&driver->lock);
    bool ending = driver->ending;
    if (!ending) {
        weir_driver_job **at = &driver->jobs;
        while (*at)
            at = &(*at)->next;
        *at = job;
    }
    pthread_mutex_unlock(&driver->lock);
    if (ending)
        WEIR_FAIL(err, CANCELLED, "the driver is ending");
    return WEIR_OK;
}

weir_code weir_driver_start_job(weir_driver *driver, const weir_job_spec *job,
                                const weir_job_options *options, weir_driver_job **ret, weir_error **err) {
    weir_arena *arena = weir_arena_new();
    weir_driver_job *made = WEIR_NEW(arena, weir_driver_job);
    made->arena = arena;
    made->driver = driver;
    made->options = *options;
    made->spec = weir_job_spec_clone(arena, job);
    made->queries_count = job->queries_count;
    weir_code code = plan_job(driver, made, err);
    made->options.conf = NULL; /* planned: it is the caller's */
    made->options.default_zone = made->options.directory = NULL;
    if (code == WEIR_OK) {
        *ret = made; /* before `ended` can be called */
        code = add_job(driver, made, err);
    }
    if (code != WEIR_OK) {
        free_job(made);
        return code;
    }
    weir_driver_jobs_changed(driver);
    return WEIR_OK;
}

static weir_driver_job *new_job(weir_driver *driver) {
    weir_arena *arena = weir_arena_new();
    weir_driver_job *job = WEIR_NEW(arena, weir_driver_job);
    job->arena = arena;
    job->driver = driver;
    return job;
}

static weir_code add_or_free(weir_driver *driver, weir_driver_job *job, weir_error **err) {
    weir_code code = add_job(driver, job, err);
    if (code == WEIR_OK)
        weir_driver_jobs_changed(driver);
    else
        free_job(job);
    return code;
}

weir_code weir_driver_start_stream(weir_driver *driver, const weir_query_spec *spec,
                                   const weir_job_options *options, const weir_stream_events *events,
                                   weir_driver_job **ret, weir_error **err) {
    weir_driver_job *job = new_job(driver);
    job->options = *options;
    job->events = events;
    job->specs = spec;
    job->queries_count = 1;
    *ret = job; /* before `ended` can be called */
    return add_or_free(driver, job, err);
}

weir_code weir_driver_start_batch(weir_driver *driver, weir_batch_query *query, weir_error **err) {
    weir_driver_job *job = new_job(driver);
    job->batch = query;
    return add_or_free(driver, job, err);
}

void weir_driver_stop_job(weir_driver *driver, weir_driver_job *job, weir_stop_level level) {
    pthread_mutex_lock(&driver->lock);
    weir_driver_job *at = driver->jobs;
    while (at && at != job)
        at = at->next;
    if (at && atomic_load(&at->stop_level) < (int32_t)level)
        atomic_store(&at->stop_level, (int32_t)level);
    pthread_mutex_unlock(&driver->lock);
    if (at)
        weir_driver_jobs_changed(driver);
}

/* ---- on the loop ---- */

static void query_ended(void *data, weir_stream_query *query, const weir_error *error) {
    weir_driver_job *job = data;
    /* The first error is the job's and is told by whoever started it; with other queries going on, it is
     * logged too. */
    if (error && job->queries_count > 1)
        weir_log_write(job->driver->options.log, WEIR_LOG_ERROR, "driver",
                       "query " WEIR_STR_FMT " failed: %s", WEIR_STR_ARG(weir_stream_query_name(query)),
                       weir_error_text(error));
    if (error && !job->error) {
        job->error = weir_error_clone(error);
        weir_error_contextf(&job->error, "query " WEIR_STR_FMT, WEIR_STR_ARG(weir_stream_query_name(query)));
    }
    if (--job->queries_running > 0)
        return;
    job->state = WEIR_JOB_ENDED;
    weir_driver_jobs_changed(job->driver); /* the query is not freed in its own callback */
}

static void batch_ended(void *data, weir_batch_query *query) {
    (void)query;
    weir_driver_job *job = data;
    job->batch = NULL; /* its owner frees it */
    job->state = WEIR_JOB_ENDED;
    weir_driver_jobs_changed(job->driver);
}

static void begin_batch(weir_driver_job *job, const weir_error *error) {
    weir_driver *driver = job->driver;
    weir_batch_host host = {.env = driver->options.env,
                            .loop = driver->loop,
                            .pool = driver->pool,
                            .cluster = driver->cluster,
                            .log = driver->options.log,
                            .ended = batch_ended,
                            .data = job};
    job->state = WEIR_JOB_RUNNING;
    weir_batch_query_start(job->batch, &host, error);
}

static void begin_job(weir_driver_job *job) {
    weir_driver *driver = job->driver;
    if (job->batch) {
        begin_batch(job, NULL);
        return;
    }
    weir_query_host host = {
        .env = driver->options.env,
        .loop = driver->loop,
        .pool = driver->pool,
        .cluster = driver->cluster,
        .log = driver->options.log,
        .output = &job->options.output,
        .progress = job->options.progress,
        .events = job->events,
        .ended = query_ended,
        .data = job,
    };
    job->state = WEIR_JOB_RUNNING;
    job->queries = WEIR_NEW_ARRAY(job->arena, weir_stream_query *, job->queries_count);
    job->queries_running = job->queries_count;
    for (int32_t i = 0; i < job->queries_count; i++) {
        job->queries[i] = weir_stream_query_new(&host, &job->specs[i]);
        weir_stream_query_start(job->queries[i]);
    }
}

static void stop_job(weir_driver_job *job, int32_t level) {
    if (job->batch) {
        weir_batch_query_cancel(job->batch);
        if (job->state == WEIR_JOB_NEW)
            begin_batch(job, NULL); /* it sees that it is cancelled, and its owner hears of the end */
        return;
    }
    if (job->state == WEIR_JOB_NEW)
        job->state = WEIR_JOB_ENDED;
    for (int32_t i = 0; i < job->queries_count && job->state == WEIR_JOB_RUNNING; i++)
        weir_stream_query_stop(job->queries[i], level >= WEIR_STOP_NOW);
}

static void tend_job(weir_driver_job *job, bool may_start, const weir_error *launch_error) {
    int32_t level = WEIR_MAX(atomic_load(&job->stop_level), job->driver->stop_level);
    if (job->state == WEIR_JOB_NEW && launch_error && job->batch) {
        begin_batch(job, launch_error);
    } else if (job->state == WEIR_JOB_NEW && launch_error) {
        job->error = weir_error_clone(launch_error);
        job->state = WEIR_JOB_ENDED;
    }
    if (job->state == WEIR_JOB_NEW && may_start && level == WEIR_STOP_NONE)
        begin_job(job);
    if (level > WEIR_STOP_NONE)
        stop_job(job, level);
}

static weir_driver_job *unlink_ended(weir_driver *driver) {
    pthread_mutex_lock(&driver->lock);
    weir_driver_job **at = &driver->jobs;
    while (*at && (*at)->state != WEIR_JOB_ENDED)
        at = &(*at)->next;
    weir_driver_job *job = *at;
    if (job)
        *at = job->next;
    pthread_mutex_unlock(&driver->lock);
    return job;
}

static weir_driver_job *next_job(weir_driver *driver, const weir_driver_job *job) {
    pthread_mutex_lock(&driver->lock);
    weir_driver_job *next = job ? job->next : driver->jobs;
    pthread_mutex_unlock(&driver->lock);
    return next;
}

void weir_driver_tend_jobs(weir_driver *driver, bool may_start, const weir_error *launch_error) {
    for (weir_driver_job *job = next_job(driver, NULL); job; job = next_job(driver, job))
        tend_job(job, may_start, launch_error);
    weir_driver_job *ended;
    while ((ended = unlink_ended(driver))) {
        if (ended->options.ended)
            ended->options.ended(ended->options.self, ended, ended->error);
        free_job(ended);
    }
}

const weir_driver_job *weir_driver_new_job(weir_driver *driver) {
    weir_driver_job *job = next_job(driver, NULL);
    while (job && job->state != WEIR_JOB_NEW)
        job = next_job(driver, job);
    return job;
}

void weir_driver_members_changed(weir_driver *driver) {
    for (weir_driver_job *job = next_job(driver, NULL); job; job = next_job(driver, job)) {
        if (job->state != WEIR_JOB_RUNNING)
            continue;
        if (job->batch)
            weir_batch_query_members_changed(job->batch);
        for (int32_t i = 0; i < job->queries_count; i++)
            weir_stream_query_members_changed(job->queries[i]);
    }
}

/* What never ran: the loop was not started, or failed to. */
void weir_driver_free_jobs(weir_driver *driver) {
    for (weir_driver_job *job = driver->jobs, *next; job; job = next) {
        next = job->next;
        free_job(job);
    }
    driver->jobs = NULL;
}
