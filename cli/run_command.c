/* `weir run JOB.yaml`: reads the job, makes the real env and a driver for it.
 *
 *   flags -> job spec -> configuration (job, then --conf) -> env, signals -> driver with the job -> exit
 * status
 *
 * The status is 0 only where every query ended without an error; a stop by SIGTERM or Ctrl-C is such an
 * end. Main thread; signals have a thread of their own (stop_signals.c). */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command_flags.h"
#include "cli/commands.h"
#include "cli/local_launcher.h"
#include "cli/stop_signals.h"
#include "common/fs/fs.h"
#include "common/rpc/transport.h"
#include "common/types/number_text.h"
#include "driver/driver.h"

#define CORES_MAX 1024

typedef struct run_arguments {
    const char *job_path;
    const char *master;
    const char *progress;
    weir_options conf;
    bool help;
} run_arguments;

static const char usage[] =
    "usage: weir run JOB.yaml [FLAG...]\n"
    "\n"
    "Runs the queries of a job spec to their end, or until SIGTERM or Ctrl-C: the first one\n"
    "stops after the running micro-batch, a second one at once. Ends with 0 only where\n"
    "every query ended without an error.\n"
    "\n";

/* "local", "local[4]", "local[*]" */
static weir_code parse_master(const char *master, int32_t *ret_cores, weir_error **err) {
    weir_str text = weir_str_from(master);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t cores = 1;
    if (weir_str_starts_with(text, WEIR_STR("nng://")) || weir_str_starts_with(text, WEIR_STR("spark://")))
        WEIR_FAIL(err, NOT_SUPPORTED,
                  "weir run: --master %s is not supported: jobs run in this process (local[N])", master);
    if (strcmp(master, "local[*]") == 0) {
        cores = WEIR_MIN(WEIR_MAX(online, 1), CORES_MAX);
    } else if (strcmp(master, "local") != 0) {
        bool shape =
            weir_str_starts_with(text, WEIR_STR("local[")) && weir_str_ends_with(text, WEIR_STR("]"));
        weir_str number = shape ? weir_str_make(text.data + 6, text.size - 7) : WEIR_STR("");
        if (!weir_int64_parse(number, &cores) || cores < 1 || cores > CORES_MAX)
            WEIR_FAIL(err, INVALID_ARGUMENT,
                      "weir run: --master must be local[*] or local[N] with N from 1 to %d, not '%s'",
                      CORES_MAX, master);
    }
    *ret_cores = (int32_t)cores;
    return WEIR_OK;
}

static weir_code parse_progress(const char *progress, weir_job_options *options, weir_error **err) {
    bool json = strcmp(progress, "json") == 0, line = strcmp(progress, "line") == 0;
    options->progress = json ? WEIR_PROGRESS_JSON : line ? WEIR_PROGRESS_LINE : WEIR_PROGRESS_NONE;
    if (!json && !line && strcmp(progress, "none") != 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir run: --progress must be line, json or none, not '%s'",
                  progress);
    return WEIR_OK;
}

static weir_code read_job(weir_arena *arena, weir_fs *fs, const char *path, const weir_job_spec **ret,
                          weir_error **err) {
    weir_str text;
    WEIR_TRY(weir_fs_read_all(fs, path, WEIR_JOB_SPEC_BYTES_MAX, arena, &text, err));
    return weir_job_spec_parse(arena, text, path, ret, err);
}

static void job_ended(void *self, weir_driver_job *job, const weir_error *error) {
    (void)job;
    if (error)
        *(weir_error **)self = weir_error_clone(error);
}

static weir_code run_driver(const weir_job_spec *job, const weir_driver_options *driver_options,
                            weir_job_options *options, weir_error **err) {
    const weir_fd_output fds = {STDOUT_FILENO, STDERR_FILENO};
    weir_error *failed = NULL;
    weir_driver *driver = NULL;
    weir_driver_job *started = NULL;
    options->output = weir_fd_output_open(&fds);
    options->ended = job_ended;
    options->self = &failed;
    WEIR_TRY(weir_driver_new(driver_options, &driver, err));
    weir_code code = weir_driver_start_job(driver, job, options, &started, err);
    if (code == WEIR_OK)
        code = weir_driver_run(driver, err);
    weir_driver_free(driver);
    if (code == WEIR_OK && failed)
        return weir_error_move(err, failed);
    weir_error_free(failed);
    return code;
}

static weir_code run_job(const weir_job_spec *job, weir_env *env, weir_driver_options *driver_options,
                         weir_job_options *options, weir_error **err) {
    const weir_log log = {.level = WEIR_LOG_WARN, .fd = STDERR_FILENO};
    weir_launcher launcher;
    weir_stop_signals signals;
    WEIR_TRY(weir_stop_signals_start(&signals, err));
    weir_code code = weir_nng_transport_new(&env->transport, err);
    if (code == WEIR_OK) {
        weir_local_launcher_init(&launcher, env, &log);
        driver_options->env = env;
        driver_options->log = &log;
        driver_options->launcher = &launcher;
        driver_options->ends_with_jobs = true;
        driver_options->stop_fd = signals.stop_fd;
        driver_options->stop_level = &signals.level;
        code = run_driver(job, driver_options, options, err);
        weir_local_launcher_fini(&launcher);
        env->transport->ops->free(env->transport);
    }
    weir_stop_signals_stop(&signals);
    return code;
}

static weir_code run(weir_arena *arena, const run_arguments *arguments, weir_driver_options *driver_options,
                     weir_job_options *options, weir_error **err) {
    const weir_job_spec *job = NULL;
    const char *zone = getenv("TZ");
    char directory[PATH_MAX];
    options->default_zone = zone && *zone ? zone : NULL;
    options->directory = getcwd(directory, sizeof directory);
    driver_options->temporary_directory = getenv("TMPDIR");
    driver_options->conf = &arguments->conf;
    weir_env env = {
        .clock = &weir_system_clock_ops, .random_bytes = weir_system_random, .local_fs = weir_local_fs_new()};
    weir_code code = read_job(arena, env.local_fs, arguments->job_path, &job, err);
    if (code == WEIR_OK)
        code = run_job(job, &env, driver_options, options, err);
    env.local_fs->ops->free(env.local_fs);
    return code;
}

static int print_help(const weir_flags *flags) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, usage);
    weir_command_flags_help(flags, &text);
    return weir_command_print(weir_strbuf_view(&text));
}

static weir_code check_arguments(const run_arguments *arguments, int32_t count,
                                 weir_driver_options *driver_options, weir_job_options *options,
                                 weir_error **err) {
    if (count == 0)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir run: the job spec is missing: weir run JOB.yaml");
    WEIR_TRY(parse_master(arguments->master, &driver_options->cores, err));
    return parse_progress(arguments->progress, options, err);
}

int weir_run_command(int argc, char **argv) {
    run_arguments arguments = {.master = "local[*]", .progress = "line"};
    weir_driver_options driver_options = {0};
    weir_job_options options = {0};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    int32_t count = 0;
    const weir_flag items[] = {
        {"--master", WEIR_FLAG_TEXT, &arguments.master, 0, 0, "local[N]",
         "task threads; local[*] is one a core"},
        {"--conf", WEIR_FLAG_PAIRS, &arguments.conf, 0, 0, "K=V",
         "configuration over the job's own; repeatable"},
        {"--progress", WEIR_FLAG_TEXT, &arguments.progress, 0, 0, "line",
         "line, json or none; on standard error"},
        {"--help", WEIR_FLAG_SWITCH, &arguments.help, 0, 0, NULL, "print this text"},
        {"--warehouse", WEIR_FLAG_REFUSED, NULL, 0, 0, "DIR", "there is no catalog of tables"},
        {"--secret-file", WEIR_FLAG_REFUSED, NULL, 0, 0, "F", "a local master opens no port"},
    };
    const weir_flags flags = {"weir run", items, WEIR_ARRAY_LEN(items)};
    if (weir_command_flags_parse(&flags, arena, argc, argv, &arguments.job_path, 1, &count, &err) != WEIR_OK)
        return weir_command_refused(err);
    if (arguments.help)
        return print_help(&flags);
    if (check_arguments(&arguments, count, &driver_options, &options, &err) != WEIR_OK)
        return weir_command_refused(err);
    return run(arena, &arguments, &driver_options, &options, &err) == WEIR_OK ? WEIR_EXIT_OK
                                                                              : weir_command_failed(err);
}
