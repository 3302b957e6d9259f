/* Opening, watching and closing the Connect server (connect_server.h).
 *
 * Closing: the door refuses and cancels its calls, all sessions are closed and their operations interrupted,
 * the workers finish what is left; only when the last session is gone are locks and tables freed. */
#include <arpa/inet.h>
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "driver/connect/connect_server_int.h"

#define TICK_MS 200
#define SLOW_TICK_MS 5000
#define TOMBSTONES_SESSIONS 1000 /* as Spark's closedSessionsTombstonesSize */
#define TOMBSTONES_OPERATIONS 10000

static void take_defaults(weir_connect_config *config) {
#define DEFAULT(member, value) config->member = config->member ? config->member : (value)
    DEFAULT(host, "127.0.0.1");
    DEFAULT(version, "4.3.0");
    DEFAULT(door_threads, 2);
    DEFAULT(workers_max, 256);
    DEFAULT(sessions_max, 1000);
    DEFAULT(operations_max, 2000);
    DEFAULT(connections_max, 2000);
    DEFAULT(streams_max, 1000);
    DEFAULT(message_bytes_max, INT64_C(128) << 20);
    DEFAULT(buffer_bytes_max, INT64_C(32) << 20);
    DEFAULT(buffers_bytes_max, INT64_C(512) << 20);
    DEFAULT(retry_bytes_max, INT64_C(10) << 20);
    DEFAULT(artifact_bytes_max, INT64_C(1) << 30);
    DEFAULT(handshake_timeout_ms, 10000);
    DEFAULT(request_timeout_ms, 120000);
    DEFAULT(session_timeout_ms, 3600000);
    DEFAULT(operation_timeout_ms, 300000);
    DEFAULT(stream_duration_ms, 120000);
    DEFAULT(stream_bytes_max, INT64_C(1) << 30);
#undef DEFAULT
}

static bool is_loopback(const char *host) {
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

static weir_code check_config(const weir_connect_config *config, weir_error **err) {
    if ((config->certificate != NULL) != (config->private_key != NULL))
        WEIR_FAIL(err, INVALID_ARGUMENT, "Connect over TLS needs a certificate and its private key.");
    if (!config->token && !config->client_ca && !is_loopback(config->host))
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Connect on %s would let anybody run programs: it needs a token or a CA of its clients.",
                  config->host);
    return WEIR_OK;
}

/* --- the clock --- */

int64_t weir_connect_server_tick(weir_connect_server *server) {
    int64_t now_us = connect_now(server);
    bool waiting = connect_calls_expire(server, now_us);
    bool sessions = connect_sessions_expire(server, now_us);
    pthread_mutex_lock(&server->lock);
    bool operations = server->operations_count > 0;
    pthread_mutex_unlock(&server->lock);
    return waiting || operations ? TICK_MS : sessions ? SLOW_TICK_MS : -1;
}

void connect_clock_wake(weir_connect_server *server) {
    if (atomic_exchange(&server->clock_sleeps, false))
        weir_mailbox_post(server->clock, server);
}

static void *clock_thread(void *data) {
    weir_connect_server *server = data;
    for (;;) {
        atomic_store(&server->clock_sleeps, true); /* before looking, so that nothing new is missed */
        int64_t wait_ms = weir_connect_server_tick(server);
        if (wait_ms == TICK_MS)
            atomic_store(&server->clock_sleeps, false);
        void *woken = weir_mailbox_take(server->clock, wait_ms < 0 ? -1 : wait_ms * 1000);
        if (!woken && wait_ms < 0) /* closed */
            return NULL;
        pthread_mutex_lock(&server->lock);
        bool closing = server->closing;
        pthread_mutex_unlock(&server->lock);
        if (closing)
            return NULL;
    }
}

/* --- open and close --- */

static void free_server(weir_connect_server *server) {
    if (server->clock_started) {
        weir_mailbox_close(server->clock);
        pthread_join(server->clock_thread, NULL);
    }
    weir_connect_workers_free(server->workers);
    weir_mailbox_free(server->clock);
    weir_connect_auth_free(server->auth);
    weir_connect_graves_fini(&server->closed_sessions);
    weir_connect_graves_fini(&server->abandoned_operations);
    weir_connect_table_fini(&server->sessions);
    weir_arena_free(server->conf_arena);
    pthread_cond_destroy(&server->empty);
    pthread_mutex_destroy(&server->lock);
    weir_free(server);
}

static weir_connect_server *make_server(const weir_env *env, const weir_log *log,
                                        const weir_connect_config *config, const weir_door_ops *ops,
                                        const weir_connect_backend *backend) {
    weir_connect_server *server = weir_alloc_zero(1, sizeof *server);
    server->env = env;
    server->log = log;
    server->config = *config;
    server->ops = ops;
    server->backend = *backend;
    server->auth = weir_connect_auth_new(env, config->token);
    server->conf_arena = weir_arena_new();
    server->conf = config->conf ? config->conf : weir_conf_new(server->conf_arena);
    server->config.version = weir_arena_strdup(server->conf_arena, config->version);
    server->clock = weir_mailbox_new();
    weir_budget_init(&server->artifact_budget, NULL, config->artifact_bytes_max);
    weir_connect_graves_init(&server->closed_sessions, TOMBSTONES_SESSIONS);
    weir_connect_graves_init(&server->abandoned_operations, TOMBSTONES_OPERATIONS);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->empty, NULL);
    return server;
}

static weir_code open_door(weir_connect_server *server, const weir_connect_config *config, weir_error **err) {
    char problem[512] = "";
    weir_door_config door = {
        .host = config->host,
        .port = config->port,
        .threads = config->door_threads,
        .message_bytes_max = config->message_bytes_max,
        .connections_max = config->connections_max,
        .streams_max = config->streams_max,
        .handshake_timeout_ms = config->handshake_timeout_ms,
        .certificate = config->certificate,
        .private_key = config->private_key,
        .client_ca = config->client_ca,
    };
    weir_door_service service = connect_service;
    service.self = server;
    server->door = server->ops->open(&door, &service, problem, sizeof problem);
    if (!server->door)
        WEIR_FAIL(err, IO_ERROR, "cannot listen on %s:%d for Spark Connect: %s", config->host, config->port,
                  problem);
    return WEIR_OK;
}

weir_code weir_connect_server_open(const weir_env *env, const weir_log *log,
                                   const weir_connect_config *config, const weir_door_ops *ops,
                                   const weir_connect_backend *backend, weir_connect_server **ret,
                                   weir_error **err) {
    weir_connect_config full = *config;
    take_defaults(&full);
    WEIR_TRY(check_config(&full, err));
    weir_connect_server *server = make_server(env, log, &full, ops, backend);
    weir_code code = weir_connect_workers_new(full.workers_max, &server->workers, err);
    if (code == WEIR_OK)
        code = weir_thread_start(&server->clock_thread, "connect-clock", clock_thread, server, err);
    server->clock_started = code == WEIR_OK;
    if (code == WEIR_OK)
        code = open_door(server, &full, err);
    if (code != WEIR_OK) {
        free_server(server);
        return code;
    }
    /* The caller's texts end here; the token lives in auth, the rest with the door. */
    server->config.host = server->config.token = NULL;
    server->config.certificate = server->config.private_key = server->config.client_ca = NULL;
    *ret = server;
    return WEIR_OK;
}

int weir_connect_server_port(const weir_connect_server *server) {
    return server->ops->port(server->door);
}

void weir_connect_server_close(weir_connect_server *server) {
    if (!server)
        return;
    connect_sessions_close_all(server); /* first, so that analyses and executions of theirs end soon */
    server->ops->close(server->door);
    connect_sessions_close_all(server); /* what a call has made since */
    pthread_mutex_lock(&server->lock);
    while (server->sessions_live > 0)
        pthread_cond_wait(&server->empty, &server->lock);
    pthread_mutex_unlock(&server->lock);
    free_server(server);
}

void weir_connect_server_stats(weir_connect_server *server, weir_connect_stats *ret) {
    *ret = (weir_connect_stats){0};
    pthread_mutex_lock(&server->lock);
    ret->sessions = (int64_t)server->sessions.count;
    ret->operations = server->operations_count;
    pthread_mutex_unlock(&server->lock);
    ret->workers = weir_connect_workers_count(server->workers);
    ret->buffered_bytes = atomic_load(&server->buffered_bytes);
    ret->artifact_bytes = atomic_load(&server->artifact_budget.used);
    server->ops->stats(server->door, &ret->door);
}

weir_code weir_connect_server_clone_session(weir_connect_server *server, weir_client_session *source,
                                            char ret_session_id[37], weir_error **err) {
    char id[CONNECT_ID_SIZE];
    _cleanup_session_ weir_client_session *session = NULL;
    weir_env_uuid(server->env, id);
    WEIR_TRY(connect_session_clone(source, id, &session, err));
    pthread_mutex_lock(&server->lock);
    session->never_expires = true;
    pthread_mutex_unlock(&server->lock);
    memcpy(ret_session_id, id, sizeof id);
    return WEIR_OK;
}

void weir_connect_server_release_session(weir_connect_server *server, const char *user_id,
                                         const char *session_id) {
    char ignored[CONNECT_ID_SIZE];
    connect_session_release(server, user_id, session_id, false, ignored);
}
