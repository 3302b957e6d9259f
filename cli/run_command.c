/* `weir run JOB.yaml`: runs the job in this process (driver_host.c), or hands it to a driver
 * (submit_client.c).
 *
 * The status is 0 only where every query ended without an error; a stop by SIGTERM or Ctrl-C is such an
 * end. Main thread. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command_flags.h"
#include "cli/commands.h"
#include "cli/driver_host.h"
#include "cli/submit_client.h"

typedef struct run_arguments {
    const char *job_path;
    const char *master;
    const char *progress;
    const char *url; /* of the driver, where the master is one */
    int32_t cores;   /* else */
    weir_options conf;
    weir_wire_flags wire;
    bool help;
} run_arguments;

static const char usage[] =
    "usage: weir run JOB.yaml [FLAG...]\n"
    "\n"
    "Runs the queries of a job spec to their end, or until SIGTERM or Ctrl-C: the first one\n"
    "stops after the running micro-batch, a second one at once. Ends with 0 only where\n"
    "every query ended without an error. With --master nng://HOST:PORT the driver there runs\n"
    "the job; its output and progress come back.\n"
    "\n";

static bool is_remote(const char *master) {
    return weir_str_starts_with(weir_str_from(master), WEIR_STR("nng://"));
}

static weir_code run_remote(const run_arguments *arguments, const weir_log *log, weir_error **err) {
    const char *zone = getenv("TZ");
    char directory[PATH_MAX];
    if (!getcwd(directory, sizeof directory))
        return weir_error_fail_errno(err, errno, "cannot tell the working directory");
    weir_submit_options options = {
        .wire = &arguments->wire,
        .log = log,
        .url = arguments->url,
        .job_path = arguments->job_path,
        .directory = directory,
        .zone = zone && *zone ? zone : NULL,
        .progress = arguments->progress,
        .conf = &arguments->conf,
    };
    return weir_submit_client_run(&options, err);
}

static weir_code run_here(const run_arguments *arguments, const weir_log *log, weir_error **err) {
    /* A local master opens no port: neither secret nor certificate would guard anything. */
    static const weir_wire_flags no_wire = {.local = true};
    const weir_driver_host_options options = {
        .job_path = arguments->job_path,
        .progress = arguments->progress,
        .conf = &arguments->conf,
        .cores = arguments->cores,
        .wire = &no_wire,
        .log = log,
    };
    return weir_driver_host_run(&options, err);
}

static weir_code check_arguments(weir_arena *arena, run_arguments *arguments, int32_t count,
                                 weir_error **err) {
    if (count == 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir run: the job spec is missing: weir run JOB.yaml");
    weir_progress_kind progress;
    WEIR_TRY(weir_driver_host_progress("weir run", arguments->progress, &progress, err));
    if (is_remote(arguments->master))
        return weir_wire_url(arena, &arguments->wire, arguments->master, &arguments->url, err);
    if (weir_wire_given(&arguments->wire))
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "weir run: a secret and certificates are for --master nng://HOST:PORT: a local master "
                  "opens no port");
    return weir_command_master("weir run", arguments->master, &arguments->cores, err);
}

int weir_run_command(int argc, char **argv) {
    run_arguments arguments = {.master = "local[*]", .progress = "line"};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    int32_t count = 0;
    weir_flag items[5 + WEIR_WIRE_FLAGS] = {
        {"--master", WEIR_FLAG_TEXT, &arguments.master, 0, 0, "local[N]",
         "task threads in this process (local[*]: one a core), or the driver nng://HOST:PORT"},
        {"--conf", WEIR_FLAG_PAIRS, &arguments.conf, 0, 0, "K=V",
         "configuration over the job's own; repeatable"},
        {"--progress", WEIR_FLAG_TEXT, &arguments.progress, 0, 0, "line",
         "line, json or none; on standard error"},
        {"--help", WEIR_FLAG_SWITCH, &arguments.help, 0, 0, NULL, "print this text"},
        {"--warehouse", WEIR_FLAG_REFUSED, NULL, 0, 0, "DIR", "there is no catalog of tables"},
    };
    weir_wire_flags_table(&arguments.wire, WEIR_WIRE_CLIENT, items + 5);
    const weir_flags flags = {"weir run", items, WEIR_ARRAY_LEN(items)};
    const weir_log log = {.level = WEIR_LOG_WARN, .fd = STDERR_FILENO};
    if (weir_command_flags_parse(&flags, arena, argc, argv, &arguments.job_path, 1, &count, &err) != WEIR_OK)
        return weir_command_refused(err);
    if (arguments.help)
        return weir_command_help(usage, &flags);
    if (check_arguments(arena, &arguments, count, &err) != WEIR_OK)
        return weir_command_refused(err);
    weir_code code = arguments.url ? run_remote(&arguments, &log, &err) : run_here(&arguments, &log, &err);
    return code == WEIR_OK ? WEIR_EXIT_OK : weir_command_failed(err);
}
