/* `weir executor`: an executor as a process of its own.
 *
 *   flags -> where to listen -> executor (registers, and again after each loss of the driver) -> SIGTERM:
 *   drained -> status 0
 *
 * It ends by itself only where the driver refuses it for good (versions, secret). Main thread waits; the
 * executor has threads of its own. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/command_flags.h"
#include "cli/commands.h"
#include "cli/reachable_host.h"
#include "cli/stop_signals.h"
#include "cli/wire_flags.h"
#include "common/base/json_value.h"
#include "common/conf/conf.h"
#include "common/fs/fs.h"
#include "executor/task/executor.h"

#define DRAIN_US INT64_C(30000000)
#define RESOLVE_MS 500
#define MESSAGE_TRIES 10 /* a message every this many tries */

typedef struct executor_arguments {
    const char *driver, *listen, *advertise, *memory;
    int64_t cores;
    weir_wire_flags wire;
    bool help;
} executor_arguments;

typedef struct executor_host {
    weir_arena *arena;
    const weir_log *log;
    weir_env env;
    weir_stop_signals signals;
    weir_executor *executor;
    int wake_fd; /* eventfd: something below has changed */
    _Atomic bool drained, was_refused;
    weir_error *refused; /* set before was_refused */
} executor_host;

static const char usage[] =
    "usage: weir executor --driver tcp://HOST:PORT [FLAG...]\n"
    "\n"
    "Runs tasks for the driver: keeps trying until it is there, and again after it was\n"
    "restarted. SIGTERM lets the running micro-batch end, then the executor ends with 0.\n"
    "\n";

static void wake(executor_host *host) {
    uint64_t one = 1;
    if (write(host->wake_fd, &one, sizeof one) < 0)
        return; /* the counter is full: the reader is awake anyway */
}

/* On the executor's control loop. */
static void executor_drained(void *data) {
    executor_host *host = data;
    host->drained = true;
    wake(host);
}

static void executor_refused(void *data, const weir_error *error) {
    executor_host *host = data;
    host->refused = weir_error_clone(error);
    host->was_refused = true;
    wake(host);
}

/* Sleeps until a signal, an event of the executor or the time-out (-1 = none). */
static void wait_event(executor_host *host, int timeout_ms) {
    struct pollfd fds[2] = {{.fd = host->signals.stop_fd, .events = POLLIN},
                            {.fd = host->wake_fd, .events = POLLIN}};
    uint64_t count;
    if (poll(fds, 2, timeout_ms) <= 0)
        return;
    for (int i = 0; i < 2; i++)
        if (fds[i].revents && read(fds[i].fd, &count, sizeof count) < 0)
            continue; /* taken already */
}

/* ---- where to listen ---- */

/* The address that the driver's answers come to; waits for a driver whose name is not known yet, as it
 * happens while containers start. NULL where a signal came first. */
static const char *find_own_host(executor_host *host, const char *driver_url) {
    const char *peer, *port, *own = NULL;
    weir_wire_split(host->arena, driver_url, &peer, &port);
    for (int tries = 0; host->signals.level == 0; tries++) {
        weir_error *err = NULL;
        if (weir_reachable_host(host->arena, peer, port, &own, &err) == WEIR_OK)
            return own;
        if (tries % MESSAGE_TRIES == 0)
            weir_log_write(host->log, WEIR_LOG_WARN, "executor", "cannot reach the driver %s yet: %s",
                           driver_url, weir_error_message(err));
        weir_error_free(err);
        wait_event(host, RESOLVE_MS);
    }
    return NULL;
}

/* Without --listen the executor listens at the address by which it reaches the driver alone, at any port. One
 * that listens everywhere tells that address. False where a signal came first. */
static bool find_addresses(executor_host *host, const executor_arguments *arguments,
                           weir_executor_options *options) {
    weir_arena *arena = host->arena;
    const char *scheme =
        weir_str_starts_with(weir_str_from(options->driver_url), WEIR_STR("tls+")) ? "tls+" : "";
    const char *own_host = NULL, *own_port = "0";
    if (arguments->listen)
        weir_wire_split(arena, options->listen_url, &own_host, &own_port);
    bool anywhere = !own_host || weir_reachable_host_is_any(own_host);
    if (!anywhere || options->advertise_url) {
        if (!arguments->listen)
            options->listen_url = weir_arena_printf(arena, "%stcp://0.0.0.0:0", scheme);
        return true;
    }
    const char *own = find_own_host(host, options->driver_url);
    if (!own)
        return false;
    const char *url = weir_arena_printf(arena, "%stcp://%s:%s", scheme, own, own_port);
    if (arguments->listen)
        options->advertise_url = url;
    else
        options->listen_url = url;
    return true;
}

/* ---- life ---- */

/* Until the driver refuses it or a signal has drained it. */
static weir_code serve(executor_host *host, weir_error **err) {
    int64_t drain_ends_us = 0;
    while (!host->was_refused && !host->drained) {
        int64_t now = weir_env_monotonic_us(&host->env);
        int32_t level = host->signals.level;
        if (level >= 2 || (drain_ends_us && now >= drain_ends_us))
            return WEIR_OK;
        if (level == 1 && !drain_ends_us) {
            drain_ends_us = now + DRAIN_US;
            weir_executor_drain(host->executor, executor_drained, host);
        }
        wait_event(host, drain_ends_us ? (int)((drain_ends_us - now) / 1000 + 1) : -1);
    }
    return host->was_refused ? weir_error_move(err, host->refused) : WEIR_OK;
}

/* Port 0 has become a number: what others reach it by is known now. */
static void log_address(executor_host *host) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_json *status = NULL;
    weir_executor_status_json(host->executor, &text);
    if (weir_json_parse(host->arena, weir_strbuf_view(&text), "the status", &status, NULL) == WEIR_OK)
        weir_log_write(host->log, WEIR_LOG_INFO, "executor", "listens at " WEIR_STR_FMT,
                       WEIR_STR_ARG(weir_json_get_str(status, "url", WEIR_STR(""))));
}

static weir_code run_executor(executor_host *host, const executor_arguments *arguments,
                              weir_executor_options *options, weir_error **err) {
    if (!find_addresses(host, arguments, options))
        return WEIR_OK;
    options->env = &host->env;
    options->log = host->log;
    options->host = weir_reachable_host_identity(host->arena);
    options->cores = (int32_t)arguments->cores;
    WEIR_TRY(weir_executor_start(options, &host->executor, err));
    log_address(host);
    weir_executor_on_refused(host->executor, executor_refused, host);
    weir_code code = serve(host, err);
    weir_executor_stop(host->executor);
    return code;
}

static weir_code run(executor_host *host, const executor_arguments *arguments, weir_executor_options *options,
                     weir_error **err) {
    weir_wire wire = {0};
    host->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (host->wake_fd < 0)
        return weir_error_fail_errno(err, errno, "cannot make an eventfd");
    weir_code code = weir_stop_signals_start(&host->signals, "draining", err);
    if (code == WEIR_OK) {
        host->env.local_fs = weir_local_fs_new();
        code = weir_wire_open(&arguments->wire, host->log, &wire, err);
        host->env.transport = wire.transport;
        if (code == WEIR_OK)
            code = run_executor(host, arguments, options, err);
        weir_wire_close(&wire);
        host->env.local_fs->ops->free(host->env.local_fs);
        weir_stop_signals_stop(&host->signals);
    }
    close(host->wake_fd);
    return code;
}

/* HOST:PORT or a url. */
static weir_code advertised_url(weir_arena *arena, const executor_arguments *arguments, const char **ret,
                                weir_error **err) {
    const char *text = arguments->advertise;
    if (!strstr(text, "://"))
        text = weir_arena_printf(arena, "tcp://%s", text);
    return weir_wire_url(arena, &arguments->wire, text, ret, err);
}

static weir_code check_arguments(weir_arena *arena, const executor_arguments *arguments,
                                 weir_executor_options *options, weir_error **err) {
    const char *key = "spark.executor.memory";
    weir_conf *conf = weir_conf_new(arena);
    if (!arguments->driver)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir executor: --driver tcp://HOST:PORT is missing");
    if (arguments->memory)
        WEIR_TRY(weir_conf_set(conf, weir_str_from(key), weir_str_from(arguments->memory), err));
    options->memory_bytes = weir_conf_int(conf, WEIR_CONF_EXECUTOR_MEMORY);
    WEIR_TRY(weir_wire_url(arena, &arguments->wire, arguments->driver, &options->driver_url, err));
    if (arguments->listen)
        WEIR_TRY(weir_wire_url(arena, &arguments->wire, arguments->listen, &options->listen_url, err));
    return arguments->advertise ? advertised_url(arena, arguments, &options->advertise_url, err) : WEIR_OK;
}

int weir_executor_command(int argc, char **argv) {
    executor_arguments arguments = {.cores = weir_command_cores()};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    int32_t count = 0;
    weir_flag items[6 + WEIR_WIRE_FLAGS] = {
        {"--driver", WEIR_FLAG_TEXT, &arguments.driver, 0, 0, "tcp://HOST:PORT", "the driver's --listen"},
        {"--cores", WEIR_FLAG_INT, &arguments.cores, 1, 1024, "N", "task threads (one a core)"},
        {"--memory", WEIR_FLAG_TEXT, &arguments.memory, 0, 0, "2g", "hard cap of data memory (1g)"},
        {"--listen", WEIR_FLAG_TEXT, &arguments.listen, 0, 0, "tcp://HOST:PORT",
         "where driver and executors reach it (the address that reaches the driver, any port)"},
        {"--advertise", WEIR_FLAG_TEXT, &arguments.advertise, 0, 0, "HOST:PORT",
         "what they are told instead of --listen"},
        {"--help", WEIR_FLAG_SWITCH, &arguments.help, 0, 0, NULL, "print this text"},
    };
    weir_wire_flags_table(&arguments.wire, WEIR_WIRE_SERVER, items + 6);
    const weir_flags flags = {"weir executor", items, WEIR_ARRAY_LEN(items)};
    const weir_log log = {.level = WEIR_LOG_INFO, .fd = STDERR_FILENO};
    if (weir_command_flags_parse(&flags, arena, argc, argv, NULL, 0, &count, &err) != WEIR_OK)
        return weir_command_refused(err);
    if (arguments.help)
        return weir_command_help(usage, &flags);
    weir_executor_options options = {.local_dir = getenv("TMPDIR")};
    if (check_arguments(arena, &arguments, &options, &err) != WEIR_OK)
        return weir_command_refused(err);
    executor_host host = {
        .arena = arena,
        .log = &log,
        .env = {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random},
    };
    return run(&host, &arguments, &options, &err) == WEIR_OK ? WEIR_EXIT_OK : weir_command_failed(err);
}
