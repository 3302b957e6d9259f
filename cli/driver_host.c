/* A driver in this process (driver_host.h).
 *
 *   job spec -> env, signals, transport -> driver -> HTTP door -> the job -> loop -> everything back
 *
 * Main thread runs the driver's loop; signals, HTTP and transport have threads of their own. */
#include "cli/driver_host.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/http/http_door.h"
#include "cli/local_launcher.h"
#include "cli/stop_signals.h"
#include "common/fs/fs.h"

typedef struct driver_host {
    const weir_driver_host_options *options;
    weir_env env;
    const weir_job_spec *job; /* NULL = none */
    weir_stop_signals signals;
    weir_launcher launcher;
    weir_driver *driver;
    weir_http_door *door;
    weir_error *job_error;
} driver_host;

weir_code weir_driver_host_progress(const char *command, const char *text, weir_progress_kind *ret,
                                    weir_error **err) {
    static const char *const names[] = {
        [WEIR_PROGRESS_NONE] = "none", [WEIR_PROGRESS_LINE] = "line", [WEIR_PROGRESS_JSON] = "json"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = (weir_progress_kind)i;
            return WEIR_OK;
        }
    }
    WEIR_FAIL(err, INVALID_ARGUMENT, "%s: --progress must be line, json or none, not '%s'", command, text);
}

/* On the loop. */
static void job_ended(void *self, weir_driver_job *job, const weir_error *error) {
    driver_host *host = self;
    (void)job;
    if (error)
        host->job_error = weir_error_clone(error);
}

/* ---- HTTP ---- */

/* On a thread of a connection. */
static void serve_health(void *self, weir_http_reply *reply) {
    driver_host *host = self;
    weir_driver_status_json(host->driver, &reply->body);
    reply->status = host->signals.level > WEIR_STOP_NONE ? 503 : 200;
    reply->content_type = "application/json";
}

static weir_code open_door(driver_host *host, weir_error **err) {
    if (!host->options->http_address)
        return WEIR_OK;
    const weir_http_route routes[] = {{"/healthz", serve_health, host}};
    return weir_http_door_open(host->options->http_address, routes, WEIR_ARRAY_LEN(routes),
                               host->options->log, &host->door, err);
}

/* ---- the driver ---- */

static weir_code start_job(driver_host *host, weir_error **err) {
    static const weir_fd_output fds = {STDOUT_FILENO, STDERR_FILENO};
    if (!host->job)
        return WEIR_OK;
    const char *zone = getenv("TZ");
    char directory[PATH_MAX];
    if (!getcwd(directory, sizeof directory))
        return weir_error_fail_errno(err, errno, "cannot tell the working directory");
    weir_job_options options = {
        .output = weir_fd_output_open(&fds),
        .conf = NULL, /* --conf is the driver's */
        .default_zone = zone && *zone ? zone : NULL,
        .directory = directory,
        .ended = job_ended,
        .self = host,
    };
    weir_driver_job *job = NULL;
    WEIR_TRY(weir_driver_host_progress("weir", host->options->progress, &options.progress, err));
    return weir_driver_start_job(host->driver, host->job, &options, &job, err);
}

static weir_code run_driver(driver_host *host, weir_error **err) {
    const weir_driver_host_options *options = host->options;
    weir_driver_options driver_options = {
        .env = &host->env,
        .log = options->log,
        .launcher = options->cores ? &host->launcher : NULL,
        .cores = options->cores,
        .listen_url = options->listen_url,
        .conf = options->conf,
        .temporary_directory = getenv("TMPDIR"),
        .accepts_jobs = !options->job_path && options->listen_url,
        .ends_with_jobs = options->job_path != NULL,
        .stop_fd = host->signals.stop_fd,
        .stop_level = &host->signals.level,
    };
    WEIR_TRY(weir_driver_new(&driver_options, &host->driver, err));
    if (options->listen_url)
        weir_log_write(options->log, WEIR_LOG_INFO, "driver", "listens at %s", weir_driver_url(host->driver));
    WEIR_TRY(open_door(host, err));
    WEIR_TRY(start_job(host, err));
    return weir_driver_run(host->driver, err);
}

static weir_code run_with_signals(driver_host *host, weir_error **err) {
    weir_wire wire = {0};
    WEIR_TRY(weir_wire_open(host->options->wire, host->options->log, &wire, err));
    host->env.transport = wire.transport;
    weir_local_launcher_init(&host->launcher, &host->env, host->options->log);
    weir_code code = run_driver(host, err);
    weir_http_door_close(host->door);
    weir_driver_free(host->driver);
    weir_local_launcher_fini(&host->launcher);
    weir_wire_close(&wire);
    if (code == WEIR_OK && host->job_error)
        return weir_error_move(err, host->job_error);
    weir_error_free(host->job_error);
    return code;
}

static weir_code read_job(driver_host *host, weir_arena *arena, weir_error **err) {
    const char *path = host->options->job_path;
    weir_str text;
    if (!path)
        return WEIR_OK;
    WEIR_TRY(weir_fs_read_all(host->env.local_fs, path, WEIR_JOB_SPEC_BYTES_MAX, arena, &text, err));
    return weir_job_spec_parse(arena, text, path, &host->job, err);
}

weir_code weir_driver_host_run(const weir_driver_host_options *options, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    driver_host host = {
        .options = options,
        .env = {.clock = &weir_system_clock_ops,
                .random_bytes = weir_system_random,
                .local_fs = weir_local_fs_new()},
    };
    const char *stops = options->job_path ? "stopping after the running micro-batch"
                                          : "stopping after the running micro-batches";
    weir_code code = read_job(&host, arena, err);
    if (code == WEIR_OK)
        code = weir_stop_signals_start(&host.signals, stops, err);
    if (code == WEIR_OK) {
        code = run_with_signals(&host, err);
        weir_stop_signals_stop(&host.signals);
    }
    host.env.local_fs->ops->free(host.env.local_fs);
    return code;
}
