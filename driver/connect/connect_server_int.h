/* What the files of the Connect server share: calls, sessions, operations, and the locks that guard them.
 *
 *   server->lock      the tables of sessions and operations, tombstones, the list of calls, limits
 *   session->lock     configuration, artifacts, errors          (taken alone or under server->lock)
 *   operation->lock   the response buffer and its stream        (the same; session->lock may follow)
 *   session->state_lock   opening the backend's half; held while the backend works, never on a door thread
 *
 * References: a session is held by the table, its operations and running calls; an operation by the table,
 * its run and its stream. A call belongs to who owes its finish; afterwards only its `gone` touches it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/budget.h"
#include "driver/connect/connect_auth.h"
#include "driver/connect/connect_errors.h"
#include "driver/connect/connect_server.h"
#include "driver/connect/connect_table.h"
#include "driver/connect/connect_workers.h"

#define CONNECT_KEY_SEPARATOR "\x1f"
#define CONNECT_ERRORS_KEPT 20
#define CONNECT_ID_SIZE 37

typedef struct connect_call connect_call;

struct weir_connect_server {
    const weir_env *env;
    const weir_log *log;
    weir_connect_config config;
    weir_connect_backend backend;
    const weir_door_ops *ops;
    weir_door *door;
    weir_connect_auth *auth;
    weir_connect_workers *workers;
    weir_arena *conf_arena;
    const weir_conf *conf;
    weir_budget artifact_budget;
    pthread_t clock_thread;
    weir_mailbox *clock;
    bool clock_started;
    _Atomic bool clock_sleeps; /* longer than a tick: wake it for a new deadline */

    pthread_mutex_t lock;
    pthread_cond_t empty; /* the last session is gone */
    weir_connect_table sessions;
    weir_connect_graves closed_sessions, abandoned_operations;
    int64_t sessions_live; /* also those that are closed but still referenced */
    int32_t operations_count;
    connect_call *waiting; /* calls whose first message has not arrived, the newest first */
    bool closing;
    _Atomic int64_t buffered_bytes;
};

/* --- sessions (connect_session.c) --- */

typedef enum connect_state {
    STATE_NEW,
    STATE_OPEN,
    STATE_CLOSED,
} connect_state;

typedef struct connect_setting {
    char *key, *value;
    struct connect_setting *next;
} connect_setting;

typedef struct connect_artifact {
    weir_connect_item item;
    weir_buffer *bytes;
    char name[];
} connect_artifact;

typedef struct connect_kept_error {
    char id[CONNECT_ID_SIZE];
    weir_error *error;
} connect_kept_error;

struct weir_client_session {
    weir_connect_item item; /* in server->sessions by `key` */
    weir_connect_server *server;
    _Atomic int32_t refs;
    char *key, *user_id, *id;
    char server_id[CONNECT_ID_SIZE];
    _Atomic int64_t used_us;
    bool never_expires;
    _Atomic bool closed;           /* out of the table */
    weir_connect_table operations; /* server->lock */
    weir_job close_job, free_job;

    pthread_mutex_t state_lock;
    connect_state state;
    void *backend_state;

    pthread_mutex_t lock;
    void *shown_state;         /* backend_state for who may not wait for state_lock: interrupts */
    connect_setting *settings; /* sorted by key */
    weir_connect_table artifacts;
    connect_kept_error errors[CONNECT_ERRORS_KEPT];
    unsigned errors_next;
};

/* What every request begins with. */
typedef struct connect_head {
    const char *user_id, *session_id;
    const char *observed; /* server-side id that the client has seen, or NULL */
} connect_head;

#define CONNECT_HEAD(request) \
    ((connect_head){ \
        (request)->user_context && (request)->user_context->user_id ? (request)->user_context->user_id : "", \
        (request)->session_id ? (request)->session_id : "", \
        (request)->client_observed_server_side_session_id})

/* Fills the session fields of a response. */
#define CONNECT_ANSWER(response, session) \
    do { \
        (response)->session_id = (session)->id; \
        (response)->server_side_session_id = (session)->server_id; \
    } while (0)

bool connect_is_uuid(const char *text);
/* A new reference. `create`: makes it where it is not there. */
weir_code connect_session_get(weir_connect_server *server, const connect_head *head, bool create,
                              weir_client_session **ret, weir_error **err);
weir_client_session *connect_session_ref(weir_client_session *session);
void connect_session_unref_ptr(weir_client_session **session);
#define _cleanup_session_ _cleanup_(connect_session_unref_ptr)
/* The backend's half, opened on first use. On workers only. */
weir_code connect_session_state(weir_client_session *session, void **ret_state, weir_error **err);
/* Takes it out of the table, interrupts its operations, closes the backend's half on a worker. `reopen`: the
 * same id may come back. False where it is not there. */
bool connect_session_release(weir_connect_server *server, const char *user_id, const char *session_id,
                             bool reopen, char ret_server_id[CONNECT_ID_SIZE]);
/* A copy of `source` under a new id. On a worker. */
weir_code connect_session_clone(weir_client_session *source, const char *new_id, weir_client_session **ret,
                                weir_error **err);
/* Keeps a clone of the error for FetchErrorDetails. */
void connect_session_keep_error(weir_client_session *session, const weir_error *error,
                                char ret_id[CONNECT_ID_SIZE]);
weir_error *connect_session_find_error(weir_client_session *session, const char *id); /* clone, or NULL */
void connect_sessions_close_all(weir_connect_server *server);
/* Idle sessions at `now`; true where any session is there. */
bool connect_sessions_expire(weir_connect_server *server, int64_t now_us);

/* --- configuration and artifacts (connect_session_conf.c, connect_artifacts.c) --- */

/* What the session itself has set; data NULL where it has not. */
weir_str weir_client_session_setting(weir_client_session *session, weir_arena *arena, weir_str key);
void connect_settings_free(connect_setting *settings);
connect_setting *connect_settings_copy(const connect_setting *settings);
/* Whether the session holds it, under any name but chunk by chunk. */
bool connect_artifact_exists(weir_client_session *session, const char *name);
weir_code connect_artifact_add(weir_client_session *session, const char *name, weir_buffer *bytes,
                               weir_error **err); /* takes bytes on success */
void connect_artifacts_copy(weir_client_session *target, weir_client_session *source);
void connect_artifacts_free(weir_client_session *session);

/* --- operations (connect_operation.c: life; connect_buffer.c: responses and streams) --- */

typedef struct connect_response {
    weir_buffer *head, *body; /* one message: head, then body where there is one */
    size_t size;
    bool progress;
} connect_response;

typedef enum connect_phase {
    PHASE_RUNNING,
    PHASE_SUCCEEDED,
    PHASE_FAILED,
    PHASE_CANCELED,
} connect_phase;

struct weir_connect_operation {
    weir_connect_item item; /* in session->operations by `id` */
    weir_connect_server *server;
    weir_client_session *session;
    _Atomic int32_t refs;
    char id[CONNECT_ID_SIZE];
    weir_arena *arena; /* request, tags */
    const Spark__Connect__Plan *plan;
    uint64_t plan_hash[2];
    int tags_count;
    char **tags;
    bool reattachable, chunking;
    int64_t chunk_bytes;
    uint64_t id_seed; /* of response ids */
    int64_t stream_duration_us, stream_bytes_max;
    bool in_table; /* server->lock */
    _Atomic bool interrupted;
    _Atomic(void *) user;

    pthread_mutex_t lock;
    pthread_cond_t room;
    connect_response *ring; /* of the responses [first, next), numbered from 1 */
    size_t ring_capacity;
    int64_t first, next, sent; /* sent: the highest that a stream has delivered */
    int64_t unsent_bytes, kept_bytes;
    int64_t rows; /* of the Arrow batches so far */
    int64_t progress_waiting;
    connect_phase phase;
    weir_error *error; /* of a phase that failed or was canceled */
    bool deferred, finished;
    connect_call *stream;
    int64_t detached_us; /* since when no stream is attached */
};

weir_connect_operation *connect_operation_ref(weir_connect_operation *operation);
void connect_operation_unref_ptr(weir_connect_operation **operation);
#define _cleanup_operation_ _cleanup_(connect_operation_unref_ptr)
/* The session's operation of this id, or NULL; a new reference. */
weir_connect_operation *connect_operation_find(weir_client_session *session, const char *id);
weir_connect_operation *connect_operation_new(weir_client_session *session, weir_arena *arena /* takes */,
                                              const char *id);
/* Puts it into the table (a reference), within the limits. */
weir_code connect_operation_register(weir_connect_operation *operation, weir_error **err);
/* Runs the backend's execute; on a worker. */
void connect_operation_run(weir_connect_operation *operation);
/* Its id is remembered as one that was given up. */
bool connect_operation_was_abandoned(weir_client_session *session, const char *id);
/* True where it was still running. */
bool connect_operation_interrupt(weir_connect_operation *operation);
/* Out of the table, interrupted, its buffer freed, its stream ended. `abandoned`: its id is remembered so. */
void connect_operation_remove(weir_connect_operation *operation, bool abandoned);

/* connect_buffer.c; the operation's lock is taken inside */
weir_code connect_buffer_attach(weir_connect_operation *operation, connect_call *call, const char *last_id,
                                weir_error **err);
void connect_buffer_release_until(weir_connect_operation *operation, const char *response_id);
void connect_buffer_end(weir_connect_operation *operation, connect_phase phase,
                        weir_error *error /* takes */);
void connect_buffer_clear(weir_connect_operation *operation); /* drops all and ends the stream */
void connect_stream_written(connect_call *call, bool ok);
void connect_stream_cancelled(connect_call *call);
/* Ends the stream whose time is up; true where one is attached afterwards. */
bool connect_stream_expire(weir_connect_operation *operation);
int64_t connect_operation_detached_us(weir_connect_operation *operation);

/* --- calls (connect_call.c) --- */

typedef struct connect_method connect_method;
struct connect_upload;

struct connect_call {
    weir_connect_server *server;
    weir_door_call *door_call;
    const connect_method *method;
    weir_arena *arena;
    weir_door_bytes bytes;     /* of the request, while it is worked on */
    ProtobufCMessage *request; /* in `arena` */
    weir_job job;
    int64_t begun_us;
    connect_call *waiting_next, *waiting_prev; /* server->lock */
    bool waits;
    _Atomic bool cancelled;
    struct connect_upload *upload; /* of AddArtifacts */

    /* Of a stream; operation->lock. `operation` is set once, when it attaches, and is a reference until gone.
     */
    _Atomic(weir_connect_operation *) operation;
    int64_t next, sent_bytes, until_us;
    bool writing, attached;
};

struct connect_method {
    const char *name;
    const ProtobufCMessageDescriptor *request;
    bool on_worker;                     /* it may block */
    bool streamed;                      /* the client sends several messages */
    void (*handle)(connect_call *call); /* answers or fails the call, or attaches it */
};

extern const connect_method connect_methods[];
extern const int connect_methods_count;
extern const weir_door_service connect_service; /* without self */

/* Answers with one message and OK. */
void connect_call_reply(connect_call *call, const ProtobufCMessage *response);
/* Ends the call with an error; `session` (may be NULL) keeps it for FetchErrorDetails. Frees *err. */
void connect_call_fail(connect_call *call, weir_client_session *session, weir_error **err);
/* Reads a streaming client's next message. */
void connect_call_read_more(connect_call *call);
/* Frees the request once nobody needs it. */
void connect_call_drop_request(connect_call *call);
/* Unpacks `bytes` into `arena` after the pre-scan; *ret lives there. */
weir_code connect_unpack(weir_arena *arena, weir_str bytes, const ProtobufCMessageDescriptor *descriptor,
                         ProtobufCMessage **ret, weir_error **err);
/* The calls that wait longer than the limit for their first message are ended; true where any waits. */
bool connect_calls_expire(weir_connect_server *server, int64_t now_us);

/* Handlers, by file. */
void connect_handle_config(connect_call *call);
void connect_handle_analyze(connect_call *call);
void connect_handle_execute(connect_call *call);
void connect_handle_reattach(connect_call *call);
void connect_handle_release_execute(connect_call *call);
void connect_handle_interrupt(connect_call *call);
void connect_handle_get_status(connect_call *call);
void connect_handle_add_artifacts(connect_call *call);
void connect_handle_artifact_status(connect_call *call);
void connect_handle_fetch_error_details(connect_call *call);
void connect_handle_clone_session(connect_call *call);
void connect_handle_release_session(connect_call *call);
void connect_upload_free(struct connect_upload *upload); /* accepts NULL */

static inline int64_t connect_now(const weir_connect_server *server) {
    return weir_env_monotonic_us(server->env);
}
void connect_clock_wake(weir_connect_server *server);
