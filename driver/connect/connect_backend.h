/* The seam between the Connect server and the engine: what the server asks of a backend, and what a backend
 * may do with the session and the operation that it was given.
 *
 *   client --gRPC--> connect_server (sessions, operations, reattach, errors, conf, artifacts)
 *                        |  weir_connect_backend_ops              ^  weir_connect_operation_emit...
 *                        v                                        |
 *                    backend: decodes plans, analyses, runs, answers
 *
 * The backend knows nothing of gRPC, streams, retries or response ids: it answers one analysis, or emits the
 * responses of one execution in order. Errors are weir_errors: the server makes Spark's wire form of them
 * (Java class, SQLSTATE, parameters, query context), see connect_errors.h.
 *
 * Life of an operation: execute() on a pool thread -> emit* -> returns. The server adds ids and, where the
 * client can reattach, ResultComplete. The operation outlives its streams; emit blocks while more than the
 * buffer's limit waits unsent, and fails with OPERATION_CANCELED once the operation was interrupted, released
 * or abandoned: the backend then returns soon. */
#pragma once

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/conf/conf.h"
#include "proto/connect_base.pb-c.h"

typedef struct weir_client_session weir_client_session;
typedef struct weir_connect_operation weir_connect_operation;

/* All members are called with no lock of the server held. `state` is what session_open gave. */
typedef struct weir_connect_backend_ops {
    const char *name;
    /* A session begins: before its first analyze or execute, on a pool thread; may block. */
    weir_code (*session_open)(void *self, weir_client_session *session, void **ret_state, weir_error **err);
    /* A session begins as a copy of another: temporary views and the like (its configuration and artifacts
     * are copied by the server). The source may be in use by other threads. Pool thread; may block. */
    weir_code (*session_clone)(void *self, weir_client_session *session, void *source_state, void **ret_state,
                               weir_error **err);
    /* The session was released or has expired: its streaming queries stop here. Its operations are
     * interrupted but may still be running. Once, on a pool thread; may block. */
    void (*session_close)(void *self, void *state);
    /* All operations have returned and nobody will use the state again. Once; pool thread. */
    void (*session_free)(void *self, void *state);

    /* Answers one analysis: fills `response`'s result (session fields are the server's). What it points to
     * lives in `arena` or the request. Runs on a pool thread, several at once per session; may block. */
    weir_code (*analyze)(void *self, void *state, const Spark__Connect__AnalyzePlanRequest *request,
                         weir_arena *arena, Spark__Connect__AnalyzePlanResponse *response, weir_error **err);
    /* Runs one plan, emitting its responses through `operation`. Pool thread; may block for hours, but then
     * deferring is kinder (below). `plan` lives as long as the operation. An error that is returned ends the
     * client's stream after the responses emitted so far. */
    weir_code (*execute)(void *self, void *state, weir_connect_operation *operation,
                         const Spark__Connect__Plan *plan, weir_error **err);
    /* The operation has just been interrupted: wakes whatever execute or a deferred operation waits for. Also
     * for an operation whose execute has just returned. Any thread; must not block. */
    void (*interrupt)(void *self, void *state, weir_connect_operation *operation);
    /* Stops the session's streaming queries that were started under `tag` (NULL: all), without waiting; their
     * ids as text go to `ret_ids` (in `arena`). Pool thread. May be NULL. */
    int (*interrupt_queries)(void *self, void *state, const char *tag, weir_arena *arena, char ***ret_ids);
} weir_connect_backend_ops;

typedef struct weir_connect_backend {
    const weir_connect_backend_ops *ops;
    void *self;
} weir_connect_backend;

/* --- the session; any thread --- */

const char *weir_client_session_id(const weir_client_session *session);
const char *weir_client_session_user_id(const weir_client_session *session);
const char *weir_client_session_server_id(const weir_client_session *session); /* server-side id */
/* The configuration as it is now: the server's own with what the session has set. */
weir_conf *weir_client_session_conf(weir_client_session *session, weir_arena *arena);
/* What the session answers for a key: set, or Spark's default; data NULL where there is none. */
weir_str weir_client_session_conf_get(weir_client_session *session, weir_arena *arena, weir_str key);
/* As conf.set of the session (SET key=value): validates, refuses static keys. */
weir_code weir_client_session_conf_set(weir_client_session *session, weir_str key, weir_str value,
                                       weir_error **err);
void weir_client_session_conf_unset(weir_client_session *session, weir_str key);
/* Forgets what the session has set, so that the server's value holds again; an empty key: all of it. */
void weir_client_session_conf_reset(weir_client_session *session, weir_str key);
/* Looks like a password or a token: not to be shown. */
bool weir_client_conf_is_secret(const char *key, const char *value);
/* An uploaded artifact ("cache/<sha256 hex>", "pyfiles/a.py"); a new reference, or NULL. */
weir_buffer *weir_client_session_artifact(weir_client_session *session, const char *name);
/* Calls `fn` for each artifact whose name begins with `prefix`, in no order. */
void weir_client_session_each_artifact(weir_client_session *session, const char *prefix,
                                       void (*fn)(void *self, const char *name, weir_buffer *bytes),
                                       void *self);

/* --- the operation; any thread, emits of one operation one at a time --- */

const char *weir_connect_operation_id(const weir_connect_operation *operation);
weir_client_session *weir_connect_operation_session(const weir_connect_operation *operation);
int weir_connect_operation_tag_count(const weir_connect_operation *operation);
const char *weir_connect_operation_tag(const weir_connect_operation *operation, int i);
/* The client's interrupts (all, by tag, by id) pass it over from now on: the stream of a listener's events
 * must outlive them to tell of the queries that they end. Release and abandonment still end it. */
void weir_connect_operation_shield(weir_connect_operation *operation);
/* True once it was interrupted, released or abandoned: long work asks now and then. */
bool weir_connect_operation_interrupted(const weir_connect_operation *operation);
/* A place for the backend's own pointer of this operation (interrupt finds it there). */
void weir_connect_operation_set_user(weir_connect_operation *operation, void *user);
void *weir_connect_operation_user(const weir_connect_operation *operation);

/* Appends one response: result or schema or metrics are set; ids are filled in here. Blocks while the buffer
 * is full; OPERATION_CANCELED once interrupted. `response` may go afterwards. */
weir_code weir_connect_operation_emit(weir_connect_operation *operation,
                                      Spark__Connect__ExecutePlanResponse *response, weir_error **err);
/* Appends one result batch: `stream` is a whole Arrow IPC stream of `row_count` rows, referenced and sent
 * without a copy, in chunks where the client allows and the size asks for them. The row offset is counted
 * here. */
weir_code weir_connect_operation_emit_arrow(weir_connect_operation *operation, int64_t row_count,
                                            weir_buffer *stream, weir_error **err);
/* Appends a progress message (execution_progress); never blocks, dropped where the client is behind. */
void weir_connect_operation_emit_progress(weir_connect_operation *operation,
                                          Spark__Connect__ExecutePlanResponse__ExecutionProgress *progress);

/* Called within execute: the operation goes on when execute returns WEIR_OK and ends with
 * weir_connect_operation_finish, from any thread. For what waits long: awaitTermination, the listener bus. */
void weir_connect_operation_defer(weir_connect_operation *operation);
/* Ends a deferred operation, once; takes `error` (NULL: it succeeded). The backend then no longer uses it. */
void weir_connect_operation_finish(weir_connect_operation *operation, weir_error *error);
/* The client's limit for one chunk of an Arrow batch (bytes): a backend need not make larger streams. */
int64_t weir_connect_operation_chunk_bytes(const weir_connect_operation *operation);
