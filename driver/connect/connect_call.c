/* A call from the door to its handler and back: admission, reading, the pre-scan and unpacking of the
 * request, the answer or the error. Short handlers run on the door's thread; what may block, and every large
 * request, goes to a worker. A client that streams (AddArtifacts) is read one message at a time, the next one
 * only when the last was dealt with: that is its back-pressure. */
#include <stdio.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/rpc/prescan.h"
#include "driver/connect/connect_server_int.h"

#define SERVICE "/spark.connect.SparkConnectService/"
#define INLINE_BYTES_MAX 65536
#define DEPTH_MAX 1024 /* as Spark's spark.connect.grpc.marshallerRecursionLimit */

const connect_method connect_methods[] = {
    {"Config", &spark__connect__config_request__descriptor, false, false, connect_handle_config},
    {"AnalyzePlan", &spark__connect__analyze_plan_request__descriptor, true, false, connect_handle_analyze},
    {"ExecutePlan", &spark__connect__execute_plan_request__descriptor, true, false, connect_handle_execute},
    {"ReattachExecute", &spark__connect__reattach_execute_request__descriptor, false, false,
     connect_handle_reattach},
    {"ReleaseExecute", &spark__connect__release_execute_request__descriptor, false, false,
     connect_handle_release_execute},
    {"Interrupt", &spark__connect__interrupt_request__descriptor, true, false, connect_handle_interrupt},
    {"GetStatus", &spark__connect__get_status_request__descriptor, false, false, connect_handle_get_status},
    {"AddArtifacts", &spark__connect__add_artifacts_request__descriptor, true, true,
     connect_handle_add_artifacts},
    {"ArtifactStatus", &spark__connect__artifact_statuses_request__descriptor, false, false,
     connect_handle_artifact_status},
    {"FetchErrorDetails", &spark__connect__fetch_error_details_request__descriptor, false, false,
     connect_handle_fetch_error_details},
    {"CloneSession", &spark__connect__clone_session_request__descriptor, true, false,
     connect_handle_clone_session},
    {"ReleaseSession", &spark__connect__release_session_request__descriptor, false, false,
     connect_handle_release_session},
};
const int connect_methods_count = WEIR_ARRAY_LEN(connect_methods);

static const connect_method *find_method(const char *path) {
    if (strncmp(path, SERVICE, sizeof SERVICE - 1) != 0)
        return NULL;
    for (int i = 0; i < connect_methods_count; i++)
        if (strcmp(path + sizeof SERVICE - 1, connect_methods[i].name) == 0)
            return &connect_methods[i];
    return NULL;
}

/* --- begin and end --- */

static weir_door_status admit(weir_connect_server *server, const weir_door_head *head,
                              const char **ret_message) {
    switch (weir_connect_auth_check(server->auth, head->authorization, head->peer, head->host)) {
    case WEIR_CONNECT_ADMITTED:
        break;
    case WEIR_CONNECT_REFUSED: /* Spark's text */
        *ret_message =
            *head->authorization ? "Invalid authentication token" : "No authentication token provided";
        return WEIR_DOOR_UNAUTHENTICATED;
    case WEIR_CONNECT_THROTTLED:
        *ret_message = "Too many failed attempts to authenticate from this address";
        return WEIR_DOOR_RESOURCE_EXHAUSTED;
    }
    if (find_method(head->method))
        return WEIR_DOOR_OK;
    *ret_message = "There is no such method";
    return WEIR_DOOR_UNIMPLEMENTED;
}

/* Under the server's lock. */
static void unlink_waiting(connect_call *call) {
    if (!call->waits)
        return;
    call->waits = false;
    *(call->waiting_prev ? &call->waiting_prev->waiting_next : &call->server->waiting) = call->waiting_next;
    if (call->waiting_next)
        call->waiting_next->waiting_prev = call->waiting_prev;
}

/* From now on a message is due. */
static void link_waiting(connect_call *call) {
    weir_connect_server *server = call->server;
    call->begun_us = connect_now(server);
    pthread_mutex_lock(&server->lock);
    call->waits = true;
    call->waiting_prev = NULL;
    call->waiting_next = server->waiting;
    if (call->waiting_next)
        call->waiting_next->waiting_prev = call;
    server->waiting = call;
    pthread_mutex_unlock(&server->lock);
    connect_clock_wake(server);
}

void connect_call_read_more(connect_call *call) {
    connect_call_drop_request(call);
    link_waiting(call);
    call->server->ops->read(call->door_call);
}

static weir_door_status begin(void *self, weir_door_call *door_call, const weir_door_head *head,
                              void **ret_context, const char **ret_message) {
    weir_connect_server *server = self;
    weir_door_status refused = admit(server, head, ret_message);
    if (refused != WEIR_DOOR_OK)
        return refused;
    connect_call *call = weir_alloc_zero(1, sizeof *call);
    call->server = server;
    call->door_call = door_call;
    call->method = find_method(head->method);
    link_waiting(call);
    *ret_context = call;
    return WEIR_DOOR_OK;
}

void connect_call_drop_request(connect_call *call) {
    call->request = NULL;
    if (call->bytes.release)
        call->bytes.release(call->bytes.owner);
    call->bytes = (weir_door_bytes){0};
    weir_arena_free(call->arena);
    call->arena = NULL;
}

static void gone(void *context) {
    connect_call *call = context;
    pthread_mutex_lock(&call->server->lock);
    unlink_waiting(call);
    pthread_mutex_unlock(&call->server->lock);
    weir_connect_operation *operation = atomic_load(&call->operation);
    if (operation && !operation->reattachable)
        connect_operation_remove(operation, false); /* nobody can come back for the rest */
    connect_operation_unref_ptr(&operation);
    connect_upload_free(call->upload);
    connect_call_drop_request(call);
    weir_free(call);
}

/* --- requests --- */

static void *arena_allocate(void *data, size_t size) {
    return weir_arena_alloc(data, size);
}

static void arena_release(void *data, void *pointer) {
    (void)data;
    (void)pointer;
}

weir_code connect_unpack(weir_arena *arena, weir_str bytes, const ProtobufCMessageDescriptor *descriptor,
                         ProtobufCMessage **ret, weir_error **err) {
    _cleanup_error_ weir_error *reason = NULL;
    weir_prescan_limits limits = {
        .depth_max = DEPTH_MAX,
        .elements_max = 1000000 + (int64_t)bytes.size / 16,
        .bytes_max = ((int64_t)64 << 20) + (int64_t)bytes.size * 8,
    };
    ProtobufCAllocator allocator = {arena_allocate, arena_release, arena};
    ProtobufCMessage *message = NULL;
    if (weir_prescan(bytes, descriptor, &limits, &reason) == WEIR_OK)
        message = protobuf_c_message_unpack(descriptor, &allocator, bytes.size, (const uint8_t *)bytes.data);
    if (!message)
        WEIR_RAISE(err, CONNECT_INVALID_PLAN__CANNOT_PARSE, "errorMsg",
                   reason ? weir_error_message(reason) : "malformed message");
    *ret = message;
    return WEIR_OK;
}

static void run_request(connect_call *call) {
    if (call->bytes.data || !call->method->streamed) {
        _cleanup_error_ weir_error *err = NULL;
        call->arena = weir_arena_new();
        weir_str bytes = weir_str_make((const char *)call->bytes.data, call->bytes.size);
        if (connect_unpack(call->arena, bytes, call->method->request, &call->request, &err) != WEIR_OK) {
            connect_call_fail(call, NULL, &err);
            return;
        }
    }
    call->method->handle(call);
}

static void run_on_worker(weir_job *job) {
    run_request((connect_call *)((char *)job - offsetof(connect_call, job)));
}

/* True where the call goes on; false where its time was up already. */
static bool stop_waiting(connect_call *call) {
    pthread_mutex_lock(&call->server->lock);
    bool waited = call->waits;
    unlink_waiting(call);
    pthread_mutex_unlock(&call->server->lock);
    return waited;
}

static void take_message(void *context, weir_door_bytes bytes) {
    connect_call *call = context;
    if (!stop_waiting(call)) { /* its time was up: it is finished */
        if (bytes.release)
            bytes.release(bytes.owner);
        return;
    }
    if (!bytes.data && !call->method->streamed) {
        call->server->ops->finish(call->door_call, WEIR_DOOR_INTERNAL, "Half-closed without a request", NULL,
                                  0);
        return;
    }
    call->bytes = bytes;
    if (call->method->on_worker || bytes.size > INLINE_BYTES_MAX) {
        call->job.run = run_on_worker;
        weir_connect_workers_submit(call->server->workers, &call->job);
    } else {
        run_request(call);
    }
}

static void written(void *context, bool ok) {
    connect_call *call = context;
    connect_stream_written(call, ok); /* unary answers are never told: they end with their status */
}

static void cancelled(void *context) {
    connect_call *call = context;
    atomic_store(&call->cancelled, true);
    connect_stream_cancelled(call);
}

const weir_door_service connect_service = {
    .begin = begin,
    .message = take_message,
    .written = written,
    .cancelled = cancelled,
    .gone = gone,
};

bool connect_calls_expire(weir_connect_server *server, int64_t now_us) {
    int64_t limit_us = server->config.request_timeout_ms * 1000;
    pthread_mutex_lock(&server->lock);
    for (connect_call *call = server->waiting, *next; call; call = next) {
        next = call->waiting_next;
        if (call->begun_us + limit_us > now_us)
            continue;
        unlink_waiting(call);
        server->ops->finish(call->door_call, WEIR_DOOR_RESOURCE_EXHAUSTED,
                            "The request did not arrive in time", NULL, 0);
    }
    bool any = server->waiting != NULL;
    pthread_mutex_unlock(&server->lock);
    return any;
}

/* --- answers --- */

static void release_memory(void *owner) {
    weir_free(owner);
}

void connect_call_reply(connect_call *call, const ProtobufCMessage *response) {
    size_t size = protobuf_c_message_get_packed_size(response);
    uint8_t *bytes = weir_alloc(size ? size : 1);
    protobuf_c_message_pack(response, bytes);
    weir_door_bytes part = {bytes, size, release_memory, bytes};
    connect_call_drop_request(call);
    call->server->ops->reply(call->door_call, &part, 1);
}

void connect_call_fail(connect_call *call, weir_client_session *session, weir_error **err) {
    WEIR_ASSERT(*err);
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    char id[CONNECT_ID_SIZE];
    if (session)
        connect_session_keep_error(session, *err, id);
    weir_connect_status status = weir_connect_error_status(arena, *err, session ? id : NULL);
    weir_log_write(call->server->log, WEIR_LOG_DEBUG, "connect", "%s fails: %s", call->method->name,
                   status.message);
    weir_error_free_ptr(err);
    connect_call_drop_request(call);
    call->server->ops->finish(call->door_call, status.code, status.message, status.details,
                              status.details_size);
}
