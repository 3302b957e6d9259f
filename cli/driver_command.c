/* `weir driver`: a driver as a process of its own. With --job it runs that job and ends with its status;
 * without, it takes the jobs that `weir run --master nng://...` submits until SIGTERM. Main thread. */
#include <unistd.h>

#include "cli/command_flags.h"
#include "cli/commands.h"
#include "cli/driver_host.h"

typedef struct driver_arguments {
    const char *listen, *master, *job_path, *http, *progress;
    weir_options conf;
    weir_wire_flags wire;
    bool help;
} driver_arguments;

static const char usage[] =
    "usage: weir driver [FLAG...]\n"
    "\n"
    "Plans and commits the micro-batches of jobs; executors that register at --listen run them.\n"
    "With --job it runs that job and ends as it ends; without, it takes jobs from\n"
    "weir run --master nng://HOST:PORT until SIGTERM. Doors are closed unless named.\n"
    "\n";

static weir_code check_arguments(weir_arena *arena, const driver_arguments *arguments,
                                 weir_driver_host_options *options, weir_error **err) {
    weir_progress_kind progress;
    WEIR_TRY(weir_driver_host_progress("weir driver", arguments->progress, &progress, err));
    if (!arguments->listen && !arguments->master)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "weir driver: nothing can run: --listen tcp://HOST:PORT lets executors register, --master "
                  "local[N] makes task threads here");
    if (!arguments->listen && !arguments->job_path)
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "weir driver: there is nothing to do: --job JOB.yaml runs a job, --listen tcp://HOST:PORT "
                  "takes jobs");
    if (arguments->master)
        WEIR_TRY(weir_command_master("weir driver", arguments->master, &options->cores, err));
    if (arguments->listen)
        WEIR_TRY(weir_wire_url(arena, &arguments->wire, arguments->listen, &options->listen_url, err));
    return WEIR_OK;
}

int weir_driver_command(int argc, char **argv) {
    driver_arguments arguments = {.progress = "line"};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    int32_t count = 0;
    weir_flag items[9 + WEIR_WIRE_FLAGS] = {
        {"--listen", WEIR_FLAG_TEXT, &arguments.listen, 0, 0, "tcp://HOST:PORT",
         "where executors register and jobs come in; port 0: any"},
        {"--master", WEIR_FLAG_TEXT, &arguments.master, 0, 0, "local[N]", "task threads in this process"},
        {"--job", WEIR_FLAG_TEXT, &arguments.job_path, 0, 0, "JOB.yaml", "runs this job and ends with it"},
        {"--http", WEIR_FLAG_TEXT, &arguments.http, 0, 0, "HOST:PORT", "serves /healthz"},
        {"--conf", WEIR_FLAG_PAIRS, &arguments.conf, 0, 0, "K=V",
         "configuration over that of every job; repeatable"},
        {"--progress", WEIR_FLAG_TEXT, &arguments.progress, 0, 0, "line",
         "of --job: line, json or none; on standard error"},
        {"--help", WEIR_FLAG_SWITCH, &arguments.help, 0, 0, NULL, "print this text"},
        {"--connect", WEIR_FLAG_REFUSED, NULL, 0, 0, "HOST:PORT", "the Spark Connect server is not built"},
        {"--warehouse", WEIR_FLAG_REFUSED, NULL, 0, 0, "DIR", "there is no catalog of tables"},
    };
    weir_wire_flags_table(&arguments.wire, WEIR_WIRE_SERVER, items + 9);
    const weir_flags flags = {"weir driver", items, WEIR_ARRAY_LEN(items)};
    const weir_log log = {.level = WEIR_LOG_INFO, .fd = STDERR_FILENO};
    if (weir_command_flags_parse(&flags, arena, argc, argv, NULL, 0, &count, &err) != WEIR_OK)
        return weir_command_refused(err);
    if (arguments.help)
        return weir_command_help(usage, &flags);
    weir_driver_host_options options = {
        .job_path = arguments.job_path,
        .progress = arguments.progress,
        .conf = &arguments.conf,
        .http_address = arguments.http,
        .wire = &arguments.wire,
        .log = &log,
    };
    if (check_arguments(arena, &arguments, &options, &err) != WEIR_OK)
        return weir_command_refused(err);
    return weir_driver_host_run(&options, &err) == WEIR_OK ? WEIR_EXIT_OK : weir_command_failed(err);
}
