/* The Spark Connect server of a driver in this process (connect_host.h).
 *
 *   HOST:PORT, token, certificates -> module (dlopen) -> engine -> server
 *
 * The module brings gRPC and is loaded only here. Main thread. */
#include "cli/connect_host.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/rpc/secret.h"
#include "common/types/number_text.h"
#include "driver/connect/connect_engine.h"
#include "driver/connect/connect_server.h"
#include "driver/stream_planner.h"

#define PEM_MAX ((size_t)1 << 20)

struct weir_connect_host {
    weir_arena *arena;
    weir_fd_output fds;
    weir_output output;
    weir_connect_engine *engine;
    weir_connect_server *server;
};

/* PEM texts, wiped after the server has its own copy. */
typedef struct pem_file {
    char *text;
    size_t size;
} pem_file;

static weir_code read_pem(const char *path, bool is_private, pem_file *ret, weir_error **err) {
    return path ? weir_secret_file_read(path, PEM_MAX, is_private, &ret->text, &ret->size, err) : WEIR_OK;
}

/* The colon before the port; NULL where the address is none. */
static const char *find_port(const char *address, int *ret_port) {
    const char *colon = strrchr(address, ':');
    int64_t port = -1;
    if (!colon || colon == address || !weir_int64_parse(weir_str_from(colon + 1), &port) || port < 0 ||
        port > 65535)
        return NULL;
    *ret_port = (int)port;
    return colon;
}

weir_code weir_connect_host_check(const char *address, weir_error **err) {
    int port;
    if (find_port(address, &port))
        return WEIR_OK;
    WEIR_FAIL(err, INVALID_ARGUMENT, "weir driver: --connect takes HOST:PORT, not '%s'", address);
}

static weir_code split_address(weir_arena *arena, const char *address, weir_connect_config *config,
                               weir_error **err) {
    WEIR_TRY(weir_connect_host_check(address, err));
    size_t size = (size_t)(find_port(address, &config->port) - address);
    bool bracketed = size > 2 && address[0] == '[' && address[size - 1] == ']';
    config->host = weir_arena_strndup(arena, address + bracketed, size - 2 * (size_t)bracketed);
    return WEIR_OK;
}

/* The base of every session: Weir's defaults with --conf, and a time zone that clients can ask for. */
static weir_code base_conf(weir_arena *arena, const weir_options *entries, const weir_conf **ret,
                           weir_error **err) {
    weir_conf *conf = weir_conf_new(arena);
    for (int32_t i = 0; entries && i < entries->count; i++)
        WEIR_TRY(weir_conf_set(conf, entries->items[i].key, entries->items[i].value, err));
    const char *fallback = getenv("TZ");
    const weir_timezone *zone = NULL;
    *ret = conf;
    WEIR_TRY(weir_stream_planner_zone(arena, conf, fallback && *fallback ? fallback : NULL, &zone, err));
    return weir_conf_set(conf, WEIR_STR("spark.sql.session.timeZone"), weir_timezone_id(zone), err);
}

/* Spark's static keys for how long what nobody asks for stays. */
static weir_code read_limits(const weir_conf *conf, weir_connect_config *config, weir_error **err) {
    const struct {
        const char *key;
        int64_t *limit_ms;
    } limits[] = {
        {"spark.connect.session.manager.defaultSessionTimeout", &config->session_timeout_ms},
        {"spark.connect.execute.manager.detachedTimeout", &config->operation_timeout_ms},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(limits); i++) {
        weir_str text = weir_conf_get(conf, weir_str_from(limits[i].key));
        if (text.size && (!weir_conf_parse_duration_ms(text, limits[i].limit_ms) || *limits[i].limit_ms <= 0))
            WEIR_FAIL(err, INVALID_ARGUMENT, "%s: '" WEIR_STR_FMT "' is no time such as 60m", limits[i].key,
                      WEIR_STR_ARG(text));
    }
    return WEIR_OK;
}

static weir_code open_server(weir_connect_host *host, const weir_connect_host_options *options,
                             weir_connect_config *config, weir_error **err) {
    const weir_door_ops *door = NULL;
    WEIR_TRY(weir_connect_door_load(NULL, &door, err));
    weir_connect_backend backend = weir_connect_engine_backend(host->engine);
    WEIR_TRY(
        weir_connect_server_open(options->env, options->log, config, door, &backend, &host->server, err));
    weir_log_write(options->log, WEIR_LOG_INFO, "connect", "listens at sc://%s:%d", config->host,
                   weir_connect_server_port(host->server));
    return WEIR_OK;
}

static weir_code open_with_secret(weir_connect_host *host, const weir_connect_host_options *options,
                                  weir_error **err) {
    _cleanup_secret_ weir_secret *secret = NULL;
    pem_file certificate = {0}, key = {0}, ca = {0};
    weir_connect_config config = {0};
    const weir_wire_flags *wire = options->wire;
    const char *secret_file = wire->secret_file ? wire->secret_file : getenv("WEIR_SECRET_FILE");
    WEIR_TRY(split_address(host->arena, options->address, &config, err));
    WEIR_TRY(base_conf(host->arena, options->conf, &config.conf, err));
    WEIR_TRY(read_limits(config.conf, &config, err));
    weir_code code = secret_file ? weir_secret_read(secret_file, &secret, err) : WEIR_OK;
    if (code == WEIR_OK)
        code = read_pem(wire->tls_cert, false, &certificate, err);
    if (code == WEIR_OK)
        code = read_pem(wire->tls_key, true, &key, err);
    if (code == WEIR_OK)
        code = read_pem(wire->tls_ca, false, &ca, err);
    char *token = NULL;
    if (secret) {
        weir_str bytes = weir_secret_bytes(secret);
        token = weir_strndup(bytes.data, bytes.size);
        config.token = token;
    }
    config.certificate = certificate.text;
    config.private_key = key.text;
    config.client_ca = ca.text;
    if (code == WEIR_OK)
        code = open_server(host, options, &config, err);
    if (token)
        explicit_bzero(token, strlen(token));
    weir_free(token);
    weir_secret_wipe_free(certificate.text, certificate.size);
    weir_secret_wipe_free(key.text, key.size);
    weir_secret_wipe_free(ca.text, ca.size);
    return code;
}

weir_code weir_connect_host_open(const weir_connect_host_options *options, weir_connect_host **ret,
                                 weir_error **err) {
    weir_connect_host *host = weir_alloc_zero(1, sizeof *host);
    char directory[PATH_MAX];
    const char *zone = getenv("TZ");
    host->arena = weir_arena_new();
    host->fds = (weir_fd_output){STDOUT_FILENO, STDERR_FILENO};
    host->output = weir_fd_output_open(&host->fds);
    weir_connect_engine_options engine = {
        .env = options->env,
        .log = options->log,
        .driver = options->driver,
        .default_zone = zone && *zone ? weir_arena_strdup(host->arena, zone) : NULL,
        .directory = getcwd(directory, sizeof directory) ? weir_arena_strdup(host->arena, directory) : "/",
        .temporary_directory = getenv("TMPDIR"),
        .output = &host->output,
    };
    host->engine = weir_connect_engine_new(&engine);
    weir_code code = open_with_secret(host, options, err);
    if (code != WEIR_OK) {
        weir_connect_host_free(host);
        return code;
    }
    *ret = host;
    return WEIR_OK;
}

void weir_connect_host_free(weir_connect_host *host) {
    if (!host)
        return;
    weir_connect_server_close(host->server);
    weir_connect_engine_free(host->engine);
    weir_arena_free(host->arena);
    weir_free(host);
}
