/* The Spark Connect server: sessions and operations behind the service spark.connect.SparkConnectService,
 * served through a door (connect_door.h) in front of a backend (connect_backend.h).
 *
 * Threads: the door's threads run what is short (Config, ReleaseExecute, Interrupt, ...); everything that may
 * block (Analyze, Execute, artifacts, closing sessions) runs on the server's workers; one clock thread ends
 * streams whose time is up, abandoned operations and idle sessions. Failure modes: see connect_errors.h for
 * what a client sees; limits refuse with a condition and leave other clients alone. */
#pragma once

#include "common/base/env.h"
#include "common/base/log.h"
#include "driver/connect/connect_backend.h"
#include "driver/connect/connect_door.h"

typedef struct weir_connect_server weir_connect_server;

/* All zero members take the defaults in brackets. Texts are borrowed during open only. */
typedef struct weir_connect_config {
    const char *host;  /* [127.0.0.1] */
    int port;          /* 0: any free one */
    const char *token; /* NULL: no authentication; then only a loopback host is accepted */
    /* TLS: PEM texts. Without a token another host than loopback needs client_ca. */
    const char *certificate, *private_key, *client_ca;
    const char *version;          /* [4.3.0] what spark.version says and the client compares nothing with */
    const weir_conf *conf;        /* the base of every session; borrowed until close; may be NULL */
    int door_threads;             /* [2] */
    int workers_max;              /* [256] operations and analyses that run at a time */
    int32_t sessions_max;         /* [1000] */
    int32_t operations_max;       /* [2000] running or kept for their clients */
    int32_t connections_max;      /* [2000] */
    int32_t streams_max;          /* [1000] calls at a time on one connection */
    int64_t message_bytes_max;    /* [128 MiB] */
    int64_t buffer_bytes_max;     /* [32 MiB] unsent responses of one operation */
    int64_t buffers_bytes_max;    /* [512 MiB] of all of them */
    int64_t retry_bytes_max;      /* [10 MiB] sent responses kept for a reattach */
    int64_t artifact_bytes_max;   /* [1 GiB] artifacts of all sessions */
    int64_t handshake_timeout_ms; /* [10 s] */
    int64_t request_timeout_ms;   /* [120 s] until a call's message has arrived */
    int64_t session_timeout_ms;   /* [60 min] without a request; -1: never */
    int64_t operation_timeout_ms; /* [5 min] without a stream */
    int64_t stream_duration_ms;   /* [2 min] a stream is ended on purpose, the client reattaches */
    int64_t stream_bytes_max;     /* [1 GiB] */
} weir_connect_config;

/* Opens the door `ops` (weir_connect_door_load, or a test's own). Blocks for the bind. */
weir_code weir_connect_server_open(const weir_env *env, const weir_log *log,
                                   const weir_connect_config *config, const weir_door_ops *ops,
                                   const weir_connect_backend *backend, weir_connect_server **ret,
                                   weir_error **err);
int weir_connect_server_port(const weir_connect_server *server);
/* Refuses new calls, interrupts all operations, closes all sessions, returns when nothing is left. Not on a
 * thread of the server. */
void weir_connect_server_close(weir_connect_server *server); /* accepts NULL */

typedef struct weir_connect_stats {
    int64_t sessions, operations, workers, buffered_bytes, artifact_bytes;
    weir_door_stats door;
} weir_connect_stats;
void weir_connect_server_stats(weir_connect_server *server, weir_connect_stats *ret);

/* Opens a session for a worker process of the engine's own (foreachBatch): as a clone of `source` under a new
 * session id, which the worker's client then uses. It does not expire. Pool thread; may block. */
weir_code weir_connect_server_clone_session(weir_connect_server *server, weir_client_session *source,
                                            char ret_session_id[37], weir_error **err);
/* Releases it. */
void weir_connect_server_release_session(weir_connect_server *server, const char *user_id,
                                         const char *session_id);

/* What is due by now: ended streams, abandoned operations, idle sessions. The clock thread calls it; tests
 * with a clock of their own do too. Returns the wait in ms until the next time something can be due. */
int64_t weir_connect_server_tick(weir_connect_server *server);

/* Loads weir-connect.so from beside the program (once; it stays). One clear error where it is missing. */
weir_code weir_connect_door_load(const char *directory, const weir_door_ops **ret, weir_error **err);
