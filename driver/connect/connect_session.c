/* Sessions, by (user id, session id): made on first use, since the protocol has no call for it; released by
 * the client, or expired when nobody has asked for long. A released id does not come back (the newest 1,000
 * are remembered). The server-side id lets a client notice that the server has restarted.
 *
 * The backend's half is opened on a worker, on first need, so that Config answers at once. Closing: out of
 * the table -> operations interrupted -> backend session_close on a worker -> last reference gone ->
 * session_free, on a worker too. */
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "driver/connect/connect_server_int.h"

bool connect_is_uuid(const char *text) {
    for (int i = 0; i < CONNECT_ID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = text[i];
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !digit)
            return false;
    }
    return text[CONNECT_ID_SIZE - 1] == '\0';
}

static char *make_key(const char *user_id, const char *session_id) {
    return weir_asprintf("%s" CONNECT_KEY_SEPARATOR "%s", user_id, session_id);
}

weir_client_session *connect_session_ref(weir_client_session *session) {
    atomic_fetch_add(&session->refs, 1);
    return session;
}

static void free_session(weir_job *job) {
    weir_client_session *session =
        (weir_client_session *)((char *)job - offsetof(weir_client_session, free_job));
    weir_connect_server *server = session->server;
    if (session->backend_state)
        server->backend.ops->session_free(server->backend.self, session->backend_state);
    connect_settings_free(session->settings);
    connect_artifacts_free(session);
    for (int i = 0; i < CONNECT_ERRORS_KEPT; i++)
        weir_error_free(session->errors[i].error);
    weir_connect_table_fini(&session->operations);
    pthread_mutex_destroy(&session->lock);
    pthread_mutex_destroy(&session->state_lock);
    weir_free(session->key);
    weir_free(session->user_id);
    weir_free(session->id);
    weir_free(session);
    pthread_mutex_lock(&server->lock);
    server->sessions_live--;
    pthread_cond_broadcast(&server->empty);
    pthread_mutex_unlock(&server->lock);
}

void connect_session_unref_ptr(weir_client_session **session) {
    if (*session && atomic_fetch_sub(&(*session)->refs, 1) == 1) {
        (*session)->free_job.run = free_session;
        weir_connect_workers_submit((*session)->server->workers, &(*session)->free_job);
    }
    *session = NULL;
}

/* Under the server's lock: a new session in the table. */
static weir_client_session *make_session(weir_connect_server *server, const char *user_id, const char *id,
                                         char *key /* takes */) {
    weir_client_session *session = weir_alloc_zero(1, sizeof *session);
    session->server = server;
    session->refs = 1; /* the table's */
    session->key = key;
    session->item.key = key;
    session->user_id = weir_strdup(user_id);
    session->id = weir_strdup(id);
    session->used_us = connect_now(server);
    weir_env_uuid(server->env, session->server_id);
    pthread_mutex_init(&session->lock, NULL);
    pthread_mutex_init(&session->state_lock, NULL);
    weir_connect_table_add(&server->sessions, &session->item);
    server->sessions_live++;
    return session;
}

static weir_code check_limit(const weir_connect_server *server, weir_error **err) {
    if ((int64_t)server->sessions.count < server->config.sessions_max && !server->closing)
        return WEIR_OK;
    char limit[16];
    snprintf(limit, sizeof limit, "%d", server->closing ? 0 : server->config.sessions_max);
    WEIR_RAISE(err, CONNECT_LIMIT, "limit", limit, "what", "sessions");
}

/* Under the server's lock. */
static weir_code find_or_make(weir_connect_server *server, const connect_head *head, bool create,
                              weir_client_session **ret, weir_error **err) {
    if (!connect_is_uuid(head->session_id)) { /* also: no separator can hide in it */
        if (create)
            WEIR_RAISE(err, INVALID_HANDLE__FORMAT, "handle", head->session_id);
        WEIR_RAISE(err, INVALID_HANDLE__SESSION_NOT_FOUND, "handle", head->session_id);
    }
    _cleanup_free_ char *key = make_key(head->user_id, head->session_id);
    weir_client_session *session = (weir_client_session *)weir_connect_table_find(&server->sessions, key);
    if (!session) {
        if (weir_connect_graves_get(&server->closed_sessions, key))
            WEIR_RAISE(err, INVALID_HANDLE__SESSION_CLOSED, "handle", head->session_id);
        if (!create)
            WEIR_RAISE(err, INVALID_HANDLE__SESSION_NOT_FOUND, "handle", head->session_id);
        WEIR_TRY(check_limit(server, err));
        session = make_session(server, head->user_id, head->session_id, key);
        key = NULL;
    }
    atomic_store(&session->used_us, connect_now(server));
    if (head->observed && *head->observed && strcmp(head->observed, session->server_id) != 0)
        WEIR_RAISE(err, INVALID_HANDLE__SESSION_CHANGED, "handle", head->session_id);
    *ret = connect_session_ref(session);
    return WEIR_OK;
}

weir_code connect_session_get(weir_connect_server *server, const connect_head *head, bool create,
                              weir_client_session **ret, weir_error **err) {
    pthread_mutex_lock(&server->lock);
    weir_code code = find_or_make(server, head, create, ret, err);
    pthread_mutex_unlock(&server->lock);
    if (code == WEIR_OK)
        connect_clock_wake(server);
    return code;
}

/* --- the backend's half --- */

/* Under the state lock. */
static void show_state(weir_client_session *session, void *state) {
    session->backend_state = state;
    session->state = STATE_OPEN;
    pthread_mutex_lock(&session->lock);
    session->shown_state = state;
    pthread_mutex_unlock(&session->lock);
}

weir_code connect_session_state(weir_client_session *session, void **ret_state, weir_error **err) {
    const weir_connect_backend *backend = &session->server->backend;
    weir_code code = WEIR_OK;
    pthread_mutex_lock(&session->state_lock);
    if (session->state == STATE_NEW) {
        void *state = NULL;
        code = backend->ops->session_open(backend->self, session, &state, err);
        if (code == WEIR_OK)
            show_state(session, state);
    } else if (session->state == STATE_CLOSED) {
        code = weir_error_raise(err, WEIR_INVALID_HANDLE__SESSION_CLOSED, "handle", session->id, NULL);
    }
    if (code == WEIR_OK)
        *ret_state = session->backend_state;
    pthread_mutex_unlock(&session->state_lock);
    return code;
}

static void close_session(weir_job *job) {
    weir_client_session *session =
        (weir_client_session *)((char *)job - offsetof(weir_client_session, close_job));
    const weir_connect_backend *backend = &session->server->backend;
    pthread_mutex_lock(&session->state_lock);
    bool open = session->state == STATE_OPEN;
    session->state = STATE_CLOSED;
    pthread_mutex_unlock(&session->state_lock);
    if (open)
        backend->ops->session_close(backend->self, session->backend_state);
    connect_session_unref_ptr(&session); /* the table's reference */
}

/* Removes each operation; they are collected first, as removing takes the lock. */
static void remove_operations(weir_client_session *session) {
    weir_connect_server *server = session->server;
    for (;;) {
        pthread_mutex_lock(&server->lock);
        weir_connect_operation *operation =
            (weir_connect_operation *)weir_connect_table_next(&session->operations, NULL);
        if (operation)
            connect_operation_ref(operation);
        pthread_mutex_unlock(&server->lock);
        if (!operation)
            return;
        connect_operation_remove(operation, true);
        connect_operation_unref_ptr(&operation);
    }
}

/* Under the server's lock: the session leaves the table; end_session does the rest without it. */
static void leave_table(weir_connect_server *server, weir_client_session *session, bool reopen) {
    weir_connect_table_remove(&server->sessions, &session->item);
    atomic_store(&session->closed, true);
    if (!reopen)
        weir_connect_graves_put(&server->closed_sessions, session->key, 1);
}

static void end_session(weir_client_session *session) {
    remove_operations(session);
    session->close_job.run = close_session;
    weir_connect_workers_submit(session->server->workers, &session->close_job);
}

bool connect_session_release(weir_connect_server *server, const char *user_id, const char *session_id,
                             bool reopen, char ret_server_id[CONNECT_ID_SIZE]) {
    if (!connect_is_uuid(session_id))
        return false;
    _cleanup_free_ char *key = make_key(user_id, session_id);
    pthread_mutex_lock(&server->lock);
    weir_client_session *session = (weir_client_session *)weir_connect_table_find(&server->sessions, key);
    if (session)
        leave_table(server, session, reopen);
    pthread_mutex_unlock(&server->lock);
    if (!session)
        return false;
    memcpy(ret_server_id, session->server_id, CONNECT_ID_SIZE);
    end_session(session);
    return true;
}

void connect_sessions_close_all(weir_connect_server *server) {
    for (;;) {
        pthread_mutex_lock(&server->lock);
        server->closing = true;
        weir_client_session *session =
            (weir_client_session *)weir_connect_table_next(&server->sessions, NULL);
        if (session)
            leave_table(server, session, false);
        pthread_mutex_unlock(&server->lock);
        if (!session)
            return;
        end_session(session);
    }
}

/* Ends streams and operations of the session that are due. A session with operations is not idle. */
static void expire_operations(weir_client_session *session, int64_t now_us) {
    weir_connect_server *server = session->server;
    int64_t limit_us = server->config.operation_timeout_ms * 1000;
    pthread_mutex_lock(&server->lock);
    size_t count = session->operations.count, at = 0;
    weir_connect_operation **all = weir_alloc(sizeof *all * (count + 1));
    for (weir_connect_item *item = NULL; (item = weir_connect_table_next(&session->operations, item));)
        all[at++] = connect_operation_ref((weir_connect_operation *)item);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < at; i++) {
        if (connect_stream_expire(all[i]))
            atomic_store(&session->used_us, now_us);
        else if (connect_operation_detached_us(all[i]) + limit_us <= now_us)
            connect_operation_remove(all[i], true);
        connect_operation_unref_ptr(&all[i]);
    }
    weir_free(all);
}

static bool is_idle(const weir_connect_server *server, const weir_client_session *session, int64_t now_us) {
    int64_t limit_ms = server->config.session_timeout_ms;
    return limit_ms >= 0 && !session->never_expires &&
           atomic_load(&session->used_us) + limit_ms * 1000 <= now_us;
}

bool connect_sessions_expire(weir_connect_server *server, int64_t now_us) {
    pthread_mutex_lock(&server->lock);
    size_t count = server->sessions.count, at = 0;
    weir_client_session **all = weir_alloc(sizeof *all * (count + 1));
    for (weir_connect_item *item = NULL; (item = weir_connect_table_next(&server->sessions, item));)
        all[at++] = connect_session_ref((weir_client_session *)item);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < at; i++) {
        expire_operations(all[i], now_us);
        pthread_mutex_lock(&server->lock);
        bool expired = !atomic_load(&all[i]->closed) && is_idle(server, all[i], now_us);
        if (expired)
            leave_table(server, all[i], false);
        pthread_mutex_unlock(&server->lock);
        if (expired)
            end_session(all[i]);
        connect_session_unref_ptr(&all[i]);
    }
    weir_free(all);
    return at > 0;
}

/* --- clones --- */

static weir_code check_target(weir_connect_server *server, const char *key, const char *id,
                              weir_error **err) {
    if (!connect_is_uuid(id))
        WEIR_RAISE(err, INVALID_CLONE_SESSION_REQUEST__TARGET_SESSION_ID_FORMAT, "targetSessionId", id);
    if (weir_connect_graves_get(&server->closed_sessions, key))
        WEIR_RAISE(err, INVALID_CLONE_SESSION_REQUEST__TARGET_SESSION_ID_ALREADY_CLOSED, "targetSessionId",
                   id);
    if (weir_connect_table_find(&server->sessions, key))
        WEIR_RAISE(err, INVALID_CLONE_SESSION_REQUEST__TARGET_SESSION_ID_ALREADY_EXISTS, "targetSessionId",
                   id);
    return check_limit(server, err);
}

/* The new session, in the table, its state lock taken: others of its users wait until it is filled. */
static weir_code make_clone(weir_client_session *source, const char *id, weir_client_session **ret,
                            weir_error **err) {
    weir_connect_server *server = source->server;
    _cleanup_free_ char *key = make_key(source->user_id, id);
    pthread_mutex_lock(&server->lock);
    weir_code code = check_target(server, key, id, err);
    if (code == WEIR_OK) {
        *ret = connect_session_ref(make_session(server, source->user_id, id, key));
        key = NULL;
        pthread_mutex_lock(&(*ret)->state_lock);
    }
    pthread_mutex_unlock(&server->lock);
    return code;
}

weir_code connect_session_clone(weir_client_session *source, const char *new_id, weir_client_session **ret,
                                weir_error **err) {
    const weir_connect_backend *backend = &source->server->backend;
    _cleanup_session_ weir_client_session *session = NULL;
    void *source_state, *state = NULL;
    WEIR_TRY(connect_session_state(source, &source_state, err));
    WEIR_TRY(make_clone(source, new_id, &session, err));
    pthread_mutex_lock(&source->lock);
    connect_setting *settings = connect_settings_copy(source->settings);
    pthread_mutex_unlock(&source->lock);
    pthread_mutex_lock(&session->lock);
    connect_settings_free(session->settings);
    session->settings = settings;
    pthread_mutex_unlock(&session->lock);
    connect_artifacts_copy(session, source);
    weir_code code = backend->ops->session_clone(backend->self, session, source_state, &state, err);
    if (code == WEIR_OK)
        show_state(session, state);
    pthread_mutex_unlock(&session->state_lock);
    if (code != WEIR_OK) {
        char ignored[CONNECT_ID_SIZE];
        connect_session_release(session->server, session->user_id, session->id, true, ignored);
        return code;
    }
    *ret = connect_session_ref(session);
    return WEIR_OK;
}

/* --- errors kept for FetchErrorDetails --- */

void connect_session_keep_error(weir_client_session *session, const weir_error *error,
                                char ret_id[CONNECT_ID_SIZE]) {
    weir_error *copy = weir_error_clone(error);
    weir_env_uuid(session->server->env, ret_id);
    pthread_mutex_lock(&session->lock);
    connect_kept_error *kept = &session->errors[session->errors_next++ % CONNECT_ERRORS_KEPT];
    weir_error *older = kept->error;
    kept->error = copy;
    memcpy(kept->id, ret_id, CONNECT_ID_SIZE);
    pthread_mutex_unlock(&session->lock);
    weir_error_free(older);
}

weir_error *connect_session_find_error(weir_client_session *session, const char *id) {
    weir_error *found = NULL;
    pthread_mutex_lock(&session->lock);
    for (int i = 0; i < CONNECT_ERRORS_KEPT && !found; i++)
        if (session->errors[i].error && strcmp(session->errors[i].id, id) == 0)
            found = weir_error_clone(session->errors[i].error);
    pthread_mutex_unlock(&session->lock);
    return found;
}

const char *weir_client_session_id(const weir_client_session *session) {
    return session->id;
}

const char *weir_client_session_user_id(const weir_client_session *session) {
    return session->user_id;
}

const char *weir_client_session_server_id(const weir_client_session *session) {
    return session->server_id;
}
