/* The life of an operation: registered under its session, run once by a worker, interrupted, ended, removed.
 *
 *   registered --execute()--> running --returns or finish()--> SUCCEEDED | FAILED | CANCELED --> removed
 *
 * It is removed when the client releases it, when its session closes, when nobody has attached for too long
 * (then its id is remembered: a retry must not run it twice), and without reattach when its only stream ends.
 * Removal interrupts; the run keeps its own reference until the backend has returned. */
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "driver/connect/connect_server_int.h"

weir_connect_operation *connect_operation_ref(weir_connect_operation *operation) {
    atomic_fetch_add(&operation->refs, 1);
    return operation;
}

static void free_operation(weir_connect_operation *operation) {
    connect_buffer_clear(operation);
    weir_free(operation->ring);
    weir_error_free(operation->error);
    pthread_cond_destroy(&operation->room);
    pthread_mutex_destroy(&operation->lock);
    weir_arena_free(operation->arena);
    connect_session_unref_ptr(&operation->session);
    weir_free(operation);
}

void connect_operation_unref_ptr(weir_connect_operation **operation) {
    if (*operation && atomic_fetch_sub(&(*operation)->refs, 1) == 1)
        free_operation(*operation);
    *operation = NULL;
}

weir_connect_operation *connect_operation_new(weir_client_session *session, weir_arena *arena,
                                              const char *id) {
    weir_connect_server *server = session->server;
    weir_connect_operation *operation = weir_alloc_zero(1, sizeof *operation);
    operation->server = server;
    operation->session = connect_session_ref(session);
    operation->refs = 1;
    operation->arena = arena;
    memcpy(operation->id, id, CONNECT_ID_SIZE);
    operation->item.key = operation->id;
    operation->first = operation->next = 1;
    operation->detached_us = connect_now(server);
    server->env->random_bytes(server->env->random_self, &operation->id_seed, sizeof operation->id_seed);
    pthread_mutex_init(&operation->lock, NULL);
    pthread_cond_init(&operation->room, NULL);
    return operation;
}

static char *full_key(const weir_connect_operation *operation) {
    return weir_asprintf("%s" CONNECT_KEY_SEPARATOR "%s", operation->session->key, operation->id);
}

static weir_code check_new(weir_connect_server *server, weir_connect_operation *operation, weir_error **err) {
    _cleanup_free_ char *key = full_key(operation);
    if (atomic_load(&operation->session->closed))
        WEIR_RAISE(err, INVALID_HANDLE__SESSION_CLOSED, "handle", operation->session->id);
    if (weir_connect_table_find(&operation->session->operations, operation->id))
        WEIR_RAISE(err, INVALID_HANDLE__OPERATION_ALREADY_EXISTS, "handle", operation->id);
    if (weir_connect_graves_get(&server->abandoned_operations, key))
        WEIR_RAISE(err, INVALID_HANDLE__OPERATION_ABANDONED, "handle", operation->id);
    if (server->operations_count >= server->config.operations_max) {
        char limit[16];
        snprintf(limit, sizeof limit, "%d", server->config.operations_max);
        WEIR_RAISE(err, CONNECT_LIMIT, "limit", limit, "what", "operations");
    }
    return WEIR_OK;
}

weir_code connect_operation_register(weir_connect_operation *operation, weir_error **err) {
    weir_connect_server *server = operation->server;
    pthread_mutex_lock(&server->lock);
    weir_code code = check_new(server, operation, err);
    if (code == WEIR_OK) {
        weir_connect_table_add(&operation->session->operations, &connect_operation_ref(operation)->item);
        operation->in_table = true;
        server->operations_count++;
    }
    pthread_mutex_unlock(&server->lock);
    return code;
}

weir_connect_operation *connect_operation_find(weir_client_session *session, const char *id) {
    pthread_mutex_lock(&session->server->lock);
    weir_connect_operation *found =
        (weir_connect_operation *)weir_connect_table_find(&session->operations, id);
    if (found)
        connect_operation_ref(found);
    pthread_mutex_unlock(&session->server->lock);
    return found;
}

bool connect_operation_was_abandoned(weir_client_session *session, const char *id) {
    _cleanup_free_ char *key = weir_asprintf("%s" CONNECT_KEY_SEPARATOR "%s", session->key, id);
    pthread_mutex_lock(&session->server->lock);
    bool found = weir_connect_graves_get(&session->server->abandoned_operations, key) != 0;
    pthread_mutex_unlock(&session->server->lock);
    return found;
}

/* --- running --- */

static void emit_complete(weir_connect_operation *operation) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    Spark__Connect__ExecutePlanResponse__ResultComplete complete =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESULT_COMPLETE__INIT;
    response.response_type_case = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_RESULT_COMPLETE;
    response.result_complete = &complete;
    (void)weir_connect_operation_emit(operation, &response,
                                      NULL); /* fails where it was interrupted just now */
}

/* Takes `error`. The run's end, whatever thread it is on. */
static void end_run(weir_connect_operation *operation, weir_error *error) {
    connect_phase phase = PHASE_SUCCEEDED;
    if (atomic_load(&operation->interrupted)) {
        /* Whatever the backend's work failed with on the way: the client asked for this. */
        weir_error_free_ptr(&error);
        weir_error_raise(&error, WEIR_OPERATION_CANCELED, NULL);
        phase = PHASE_CANCELED;
    } else if (error) {
        phase = PHASE_FAILED;
    } else if (operation->reattachable) {
        emit_complete(operation);
    }
    connect_buffer_end(operation, phase, error);
}

void weir_connect_operation_defer(weir_connect_operation *operation) {
    operation->deferred = true;
    connect_operation_ref(operation); /* until weir_connect_operation_finish */
}

void weir_connect_operation_finish(weir_connect_operation *operation, weir_error *error) {
    end_run(operation, error);
    connect_operation_unref_ptr(&operation);
}

void connect_operation_run(weir_connect_operation *operation) {
    const weir_connect_backend *backend = &operation->server->backend;
    _cleanup_error_ weir_error *err = NULL;
    void *state = NULL;
    weir_code code = WEIR_OK;
    if (!atomic_load(&operation->interrupted))
        code = connect_session_state(operation->session, &state, &err);
    bool run = code == WEIR_OK && !atomic_load(&operation->interrupted);
    if (run)
        code = backend->ops->execute(backend->self, state, operation, operation->plan, &err);
    if (code == WEIR_OK && operation->deferred)
        return; /* `operation` may be finished, and gone but for the caller's reference */
    WEIR_ASSERT(code == WEIR_OK || err);
    bool deferred = operation->deferred;
    weir_error *moved = err;
    err = NULL;
    end_run(operation, moved);
    if (deferred) { /* it failed after all: the deferral's reference is ours */
        weir_connect_operation *again = operation;
        connect_operation_unref_ptr(&again);
    }
}

bool connect_operation_interrupt(weir_connect_operation *operation) {
    const weir_connect_backend *backend = &operation->server->backend;
    pthread_mutex_lock(&operation->lock);
    bool running = !operation->finished;
    bool first = !atomic_exchange(&operation->interrupted, true);
    pthread_cond_broadcast(&operation->room);
    pthread_mutex_unlock(&operation->lock);
    if (running && first) {
        pthread_mutex_lock(&operation->session->lock);
        void *state = operation->session->shown_state;
        pthread_mutex_unlock(&operation->session->lock);
        if (state)
            backend->ops->interrupt(backend->self, state, operation);
    }
    return running && first;
}

void connect_operation_remove(weir_connect_operation *operation, bool abandoned) {
    weir_connect_server *server = operation->server;
    pthread_mutex_lock(&server->lock);
    bool was_in_table = operation->in_table;
    operation->in_table = false;
    if (was_in_table) {
        if (abandoned) {
            _cleanup_free_ char *key = full_key(operation);
            weir_connect_graves_put(&server->abandoned_operations, key, 1);
        }
        weir_connect_table_remove(&operation->session->operations, &operation->item);
        server->operations_count--;
    }
    pthread_mutex_unlock(&server->lock);
    connect_operation_interrupt(operation);
    if (was_in_table) {
        connect_buffer_clear(operation);
        connect_operation_unref_ptr(&operation);
    }
}

/* --- what the backend asks --- */

const char *weir_connect_operation_id(const weir_connect_operation *operation) {
    return operation->id;
}

weir_client_session *weir_connect_operation_session(const weir_connect_operation *operation) {
    return operation->session;
}

int weir_connect_operation_tag_count(const weir_connect_operation *operation) {
    return operation->tags_count;
}

const char *weir_connect_operation_tag(const weir_connect_operation *operation, int i) {
    return operation->tags[i];
}

bool weir_connect_operation_interrupted(const weir_connect_operation *operation) {
    return atomic_load(&operation->interrupted);
}

void weir_connect_operation_set_user(weir_connect_operation *operation, void *user) {
    atomic_store(&operation->user, user);
}

void *weir_connect_operation_user(const weir_connect_operation *operation) {
    return atomic_load(&operation->user);
}
