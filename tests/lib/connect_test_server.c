/* A Connect server with the test backend, for scripts: prints its port, then what standard input asks for.
 *
 *   connect_test_server [key=value...]     module=DIR token=T host=H port=N cert=F key=F ca=F
 *                                          connections=N sessions=N request_ms=N handshake_ms=N
 * operation_ms=N stats -> one JSON line; end of input -> closes and ends */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "driver/connect/connect_server.h"
#include "tests/lib/connect_fake_backend.h"

static char *read_text(const char *path) {
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    if (file && fread(text, 1, 65535, file) == 0)
        text[0] = '\0';
    if (file)
        fclose(file);
    return text;
}

static void set_number(weir_connect_config *config, const char *key, int64_t value) {
    if (strcmp(key, "port") == 0)
        config->port = (int)value;
    else if (strcmp(key, "connections") == 0)
        config->connections_max = (int32_t)value;
    else if (strcmp(key, "sessions") == 0)
        config->sessions_max = (int32_t)value;
    else if (strcmp(key, "request_ms") == 0)
        config->request_timeout_ms = value;
    else if (strcmp(key, "handshake_ms") == 0)
        config->handshake_timeout_ms = value;
    else if (strcmp(key, "operation_ms") == 0)
        config->operation_timeout_ms = value;
    else if (strcmp(key, "session_ms") == 0)
        config->session_timeout_ms = value;
}

static void set_option(weir_connect_config *config, const char **module, char *option) {
    char *value = strchr(option, '=');
    if (!value)
        return;
    *value++ = '\0';
    if (strcmp(option, "module") == 0)
        *module = value;
    else if (strcmp(option, "token") == 0)
        config->token = value;
    else if (strcmp(option, "host") == 0)
        config->host = value;
    else if (strcmp(option, "cert") == 0)
        config->certificate = read_text(value);
    else if (strcmp(option, "key") == 0)
        config->private_key = read_text(value);
    else if (strcmp(option, "ca") == 0)
        config->client_ca = read_text(value);
    else
        set_number(config, option, atoll(value));
}

static void print_stats(weir_connect_server *server, const fake_backend *backend) {
    weir_connect_stats stats;
    weir_connect_server_stats(server, &stats);
    printf("{\"sessions\": %" PRId64 ", \"operations\": %" PRId64 ", \"workers\": %" PRId64
           ", \"buffered\": %" PRId64 ", \"connections\": %" PRId64 ", \"refused\": %" PRId64
           ", \"calls\": %" PRId64 ", \"executions\": %d, \"running\": %d}\n",
           stats.sessions, stats.operations, stats.workers, stats.buffered_bytes, stats.door.connections_open,
           stats.door.connections_refused, stats.door.calls_open, backend->executions, backend->running);
    fflush(stdout);
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
    weir_connect_config config = {0};
    const char *module = NULL;
    for (int i = 1; i < argc; i++)
        set_option(&config, &module, argv[i]);
    weir_env env = {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random};
    weir_log log = {WEIR_LOG_INFO, 2};
    fake_backend backend;
    fake_backend_init(&backend);
    weir_connect_backend seam = {&fake_backend_ops, &backend};
    const weir_door_ops *ops;
    weir_connect_server *server = NULL;
    weir_error *err = NULL;
    double started = now_ms();
    if (weir_connect_door_load(module, &ops, &err) != WEIR_OK ||
        weir_connect_server_open(&env, &log, &config, ops, &seam, &server, &err) != WEIR_OK) {
        fprintf(stderr, "connect_test_server: %s\n", weir_error_text(err));
        weir_error_free(err);
        fake_backend_fini(&backend);
        return 1;
    }
    printf("port %d open_ms %.1f\n", weir_connect_server_port(server), now_ms() - started);
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin))
        print_stats(server, &backend);
    weir_connect_server_close(server);
    printf("closed open %d closed %d freed %d\n", backend.sessions_open, backend.sessions_closed,
           backend.sessions_freed);
    fake_backend_fini(&backend);
    free((void *)config.certificate);
    free((void *)config.private_key);
    free((void *)config.client_ca);
    return 0;
}
