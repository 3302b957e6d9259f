/* The calls about operations: ExecutePlan, ReattachExecute, ReleaseExecute, Interrupt, GetStatus; and
 * AnalyzePlan, which has none. ExecutePlan runs on a worker: it registers the operation, attaches the call's
 * stream and then executes on the same thread. ReleaseExecute comes once per response and is O(1) on the
 * door's thread. */
#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "driver/connect/connect_server_int.h"

#define REQUEST(type, call) ((Spark__Connect__##type *)(call)->request)
#define CHUNK_BYTES_MAX (INT64_C(120) << 20) /* 0.9 of the largest message, about as Spark */
#define CHUNK_BYTES_MIN 1024

/* --- execute --- */

static void read_options(const Spark__Connect__ExecutePlanRequest *request,
                         weir_connect_operation *operation) {
    operation->chunk_bytes = CHUNK_BYTES_MAX;
    for (size_t i = 0; i < request->n_request_options; i++) {
        const Spark__Connect__ExecutePlanRequest__RequestOption *option = request->request_options[i];
        switch (option->request_option_case) {
        case SPARK__CONNECT__EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_REATTACH_OPTIONS:
            operation->reattachable = option->reattach_options->reattachable;
            break;
        case SPARK__CONNECT__EXECUTE_PLAN_REQUEST__REQUEST_OPTION__REQUEST_OPTION_RESULT_CHUNKING_OPTIONS:
            operation->chunking = option->result_chunking_options->allow_arrow_batch_chunking;
            if (option->result_chunking_options->has_preferred_arrow_chunk_size)
                operation->chunk_bytes = option->result_chunking_options->preferred_arrow_chunk_size;
            break;
        default:
            break;
        }
    }
    operation->chunk_bytes = WEIR_MAX(WEIR_MIN(operation->chunk_bytes, CHUNK_BYTES_MAX), CHUNK_BYTES_MIN);
}

/* The bytes of the request's field plan (#3), by which a re-sent request is known. */
static weir_str plan_bytes(const weir_door_bytes *bytes) {
    const uint8_t *at = bytes->data, *end = at + bytes->size;
    while (at < end) {
        uint64_t tag = 0, size = 0;
        for (int shift = 0; at < end && shift < 64; shift += 7) {
            tag |= (uint64_t)(*at & 0x7F) << shift;
            if (!(*at++ & 0x80))
                break;
        }
        if ((tag & 7) != 2) /* every field of this message is length-delimited */
            break;
        for (int shift = 0; at < end && shift < 64; shift += 7) {
            size |= (uint64_t)(*at & 0x7F) << shift;
            if (!(*at++ & 0x80))
                break;
        }
        if (size > (uint64_t)(end - at))
            break;
        if (tag >> 3 == 3)
            return weir_str_make((const char *)at, size);
        at += size;
    }
    return (weir_str){0};
}

static void hash_plan(const weir_door_bytes *bytes, uint64_t ret[2]) {
    weir_str plan = plan_bytes(bytes);
    ret[0] = weir_hash_bytes(plan.data, plan.size, 1);
    ret[1] = weir_hash_bytes(plan.data, plan.size, 2);
}

static int64_t stream_limit(weir_client_session *session, weir_arena *arena, const char *key,
                            int64_t fallback, bool (*parse)(weir_str text, int64_t *ret)) {
    weir_str text = weir_client_session_setting(session, arena, weir_str_from(key));
    int64_t value = 0;
    return text.data && parse(text, &value) && value > 0 ? value : fallback;
}

static weir_connect_operation *make_operation(connect_call *call, weir_client_session *session,
                                              const char *id) {
    const weir_connect_config *config = &session->server->config;
    const Spark__Connect__ExecutePlanRequest *request = REQUEST(ExecutePlanRequest, call);
    uint64_t hash[2];
    hash_plan(&call->bytes, hash);
    weir_connect_operation *operation = connect_operation_new(session, call->arena, id);
    call->arena = NULL; /* the operation's from now on: the plan lives in it, with copies of all texts */
    connect_call_drop_request(call);
    operation->plan = request->plan;
    operation->plan_hash[0] = hash[0];
    operation->plan_hash[1] = hash[1];
    operation->tags_count = (int)request->n_tags;
    operation->tags = request->tags;
    read_options(request, operation);
    operation->stream_duration_us =
        1000 * stream_limit(session, operation->arena,
                            "spark.connect.execute.reattachable.senderMaxStreamDuration",
                            config->stream_duration_ms, weir_conf_parse_duration_ms);
    operation->stream_bytes_max =
        stream_limit(session, operation->arena, "spark.connect.execute.reattachable.senderMaxStreamSize",
                     config->stream_bytes_max, weir_conf_parse_bytes);
    return operation;
}

/* The same request came again: the client did not see its first stream begin. */
static weir_code attach_again(connect_call *call, weir_connect_operation *operation, const uint64_t hash[2],
                              weir_error **err) {
    if (operation->plan_hash[0] != hash[0] || operation->plan_hash[1] != hash[1])
        WEIR_RAISE(err, INVALID_HANDLE__OPERATION_ALREADY_EXISTS, "handle", operation->id);
    if (!operation->reattachable)
        return weir_error_raise(err, WEIR_INVALID_CURSOR__NOT_REATTACHABLE, NULL);
    return connect_buffer_attach(operation, call, NULL, err);
}

/* On success the call belongs to its stream, and *ret (if any) is a new operation to run. */
static weir_code start_operation(connect_call *call, weir_client_session *session,
                                 weir_connect_operation **ret, weir_error **err) {
    const Spark__Connect__ExecutePlanRequest *request = REQUEST(ExecutePlanRequest, call);
    char id[CONNECT_ID_SIZE];
    if (request->operation_id && !connect_is_uuid(request->operation_id))
        WEIR_RAISE(err, INVALID_HANDLE__FORMAT, "handle", request->operation_id);
    if (request->operation_id)
        memcpy(id, request->operation_id, CONNECT_ID_SIZE);
    else
        weir_env_uuid(session->server->env, id);
    if (!request->plan)
        WEIR_RAISE(err, CONNECT_INVALID_PLAN__INVALID_ONE_OF_FIELD_NOT_SET, "fullName",
                   "spark.connect.ExecutePlanRequest", "name", "plan");
    _cleanup_operation_ weir_connect_operation *older = connect_operation_find(session, id);
    if (older) {
        uint64_t hash[2];
        hash_plan(&call->bytes, hash);
        return attach_again(call, older, hash, err);
    }
    _cleanup_operation_ weir_connect_operation *operation = make_operation(call, session, id);
    WEIR_TRY(connect_operation_register(operation, err));
    weir_code code = connect_buffer_attach(operation, call, NULL, err);
    WEIR_ASSERT(code == WEIR_OK);
    *ret = connect_operation_ref(operation);
    return WEIR_OK;
}

void connect_handle_execute(connect_call *call) {
    weir_connect_server *server = call->server;
    connect_head head = CONNECT_HEAD(REQUEST(ExecutePlanRequest, call));
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    _cleanup_operation_ weir_connect_operation *operation = NULL;
    if (connect_session_get(server, &head, true, &session, &err) != WEIR_OK ||
        start_operation(call, session, &operation, &err) != WEIR_OK) {
        connect_call_fail(call, session, &err);
        return;
    }
    if (operation)
        connect_operation_run(operation);
}

void connect_handle_reattach(connect_call *call) {
    const Spark__Connect__ReattachExecuteRequest *request = REQUEST(ReattachExecuteRequest, call);
    connect_head head = CONNECT_HEAD(request);
    const char *id = request->operation_id ? request->operation_id : "";
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    _cleanup_operation_ weir_connect_operation *operation = NULL;
    weir_code code = connect_session_get(call->server, &head, false, &session, &err);
    if (code == WEIR_OK) {
        operation = connect_operation_find(session, id);
        if (!operation && connect_operation_was_abandoned(session, id))
            code = weir_error_raise(&err, WEIR_INVALID_HANDLE__OPERATION_ABANDONED, "handle", id, NULL);
        else if (!operation)
            code = weir_error_raise(&err, WEIR_INVALID_HANDLE__OPERATION_NOT_FOUND, "handle", id, NULL);
        else if (!operation->reattachable)
            code = weir_error_raise(&err, WEIR_INVALID_CURSOR__NOT_REATTACHABLE, NULL);
        else
            code = connect_buffer_attach(operation, call, request->last_response_id, &err);
    }
    if (code != WEIR_OK)
        connect_call_fail(call, session, &err);
}

void connect_handle_release_execute(connect_call *call) {
    const Spark__Connect__ReleaseExecuteRequest *request = REQUEST(ReleaseExecuteRequest, call);
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    if (connect_session_get(call->server, &head, false, &session, &err) != WEIR_OK) {
        connect_call_fail(call, NULL, &err);
        return;
    }
    Spark__Connect__ReleaseExecuteResponse response = SPARK__CONNECT__RELEASE_EXECUTE_RESPONSE__INIT;
    CONNECT_ANSWER(&response, session);
    _cleanup_operation_ weir_connect_operation *operation =
        connect_operation_find(session, request->operation_id ? request->operation_id : "");
    if (operation && request->release_case == SPARK__CONNECT__RELEASE_EXECUTE_REQUEST__RELEASE_RELEASE_UNTIL)
        connect_buffer_release_until(
            operation, request->release_until->response_id ? request->release_until->response_id : "");
    else if (operation)
        connect_operation_remove(operation, false);
    if (operation)
        response.operation_id = operation->id;
    connect_call_reply(call, &response.base);
}

/* --- interrupt and status --- */

typedef struct id_list {
    char **items;
    size_t count;
} id_list;

static bool has_tag(const weir_connect_operation *operation, const char *tag) {
    for (int i = 0; i < operation->tags_count; i++)
        if (strcmp(operation->tags[i], tag) == 0)
            return true;
    return false;
}

/* The session's operations; references in `arena`'s array. */
static size_t list_operations(weir_client_session *session, weir_arena *arena,
                              weir_connect_operation ***ret) {
    pthread_mutex_lock(&session->server->lock);
    size_t count = 0;
    *ret = WEIR_NEW_ARRAY(arena, weir_connect_operation *, session->operations.count + 1);
    for (weir_connect_item *item = NULL; (item = weir_connect_table_next(&session->operations, item));)
        (*ret)[count++] = connect_operation_ref((weir_connect_operation *)item);
    pthread_mutex_unlock(&session->server->lock);
    return count;
}

static id_list interrupt_matching(weir_client_session *session,
                                  const Spark__Connect__InterruptRequest *request, weir_arena *arena) {
    weir_connect_operation **all;
    size_t count = list_operations(session, arena, &all);
    id_list ids = {WEIR_NEW_ARRAY(arena, char *, count + 1), 0};
    const char *wanted =
        request->interrupt_case == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_TAG
            ? request->operation_tag
        : request->interrupt_case == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_ID
            ? request->operation_id
            : "";
    for (size_t i = 0; i < count; i++) {
        bool match = request->interrupt_type ==
                         SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_TYPE__INTERRUPT_TYPE_ALL ||
                     (request->interrupt_type ==
                          SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_TYPE__INTERRUPT_TYPE_TAG &&
                      has_tag(all[i], wanted)) ||
                     (request->interrupt_type ==
                          SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_TYPE__INTERRUPT_TYPE_OPERATION_ID &&
                      strcmp(all[i]->id, wanted) == 0);
        if (match && connect_operation_interrupt(all[i]))
            ids.items[ids.count++] = weir_arena_strdup(arena, all[i]->id);
        connect_operation_unref_ptr(&all[i]);
    }
    return ids;
}

/* The queries of the session that the interrupt also stops. */
static void interrupt_queries(weir_client_session *session, const Spark__Connect__InterruptRequest *request,
                              weir_arena *arena, id_list *ids) {
    const weir_connect_backend *backend = &session->server->backend;
    bool tagged = request->interrupt_case == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_TAG;
    pthread_mutex_lock(&session->lock);
    void *state = session->shown_state;
    pthread_mutex_unlock(&session->lock);
    if (!state || !backend->ops->interrupt_queries ||
        request->interrupt_case == SPARK__CONNECT__INTERRUPT_REQUEST__INTERRUPT_OPERATION_ID)
        return;
    char **queries = NULL;
    int count = backend->ops->interrupt_queries(backend->self, state, tagged ? request->operation_tag : NULL,
                                                arena, &queries);
    char **all = WEIR_NEW_ARRAY(arena, char *, ids->count + (size_t)count + 1);
    memcpy(all, ids->items, sizeof *all * ids->count);
    for (int i = 0; i < count; i++)
        all[ids->count++] = queries[i];
    ids->items = all;
}

void connect_handle_interrupt(connect_call *call) {
    const Spark__Connect__InterruptRequest *request = REQUEST(InterruptRequest, call);
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    weir_code code = connect_session_get(call->server, &head, true, &session, &err);
    int type = request->has_interrupt_type ? (int)request->interrupt_type : 0;
    if (code == WEIR_OK && (type < 1 || type > 3))
        code = weir_error_failf(&err, WEIR_NOT_SUPPORTED, "Unknown interrupt type %d.", type);
    if (code != WEIR_OK) {
        connect_call_fail(call, session, &err);
        return;
    }
    id_list ids = interrupt_matching(session, request, call->arena);
    interrupt_queries(session, request, call->arena, &ids);
    Spark__Connect__InterruptResponse response = SPARK__CONNECT__INTERRUPT_RESPONSE__INIT;
    CONNECT_ANSWER(&response, session);
    response.interrupted_ids = ids.items;
    response.n_interrupted_ids = ids.count;
    connect_call_reply(call, &response.base);
}

#define STATE(name) \
    SPARK__CONNECT__GET_STATUS_RESPONSE__OPERATION_STATUS__OPERATION_STATE__OPERATION_STATE_##name

static Spark__Connect__GetStatusResponse__OperationStatus *make_status(weir_arena *arena, const char *id,
                                                                       weir_connect_operation *operation) {
    Spark__Connect__GetStatusResponse__OperationStatus *status =
        WEIR_NEW(arena, Spark__Connect__GetStatusResponse__OperationStatus);
    spark__connect__get_status_response__operation_status__init(status);
    status->operation_id = weir_arena_strdup(arena, id);
    status->has_state = 1;
    status->state = STATE(UNKNOWN);
    if (operation) {
        pthread_mutex_lock(&operation->lock);
        switch (operation->phase) {
        case PHASE_RUNNING:
            status->state = atomic_load(&operation->interrupted) ? STATE(TERMINATING) : STATE(RUNNING);
            break;
        case PHASE_SUCCEEDED:
            status->state = STATE(SUCCEEDED);
            break;
        case PHASE_FAILED:
            status->state = STATE(FAILED);
            break;
        case PHASE_CANCELED:
            status->state = STATE(CANCELLED);
            break;
        }
        pthread_mutex_unlock(&operation->lock);
    }
    return status;
}

static void fill_statuses(connect_call *call, weir_client_session *session,
                          const Spark__Connect__GetStatusRequest__OperationStatusRequest *wanted,
                          Spark__Connect__GetStatusResponse *response) {
    weir_connect_operation **all;
    size_t count = list_operations(session, call->arena, &all);
    size_t rows = wanted->n_operation_ids ? wanted->n_operation_ids : count;
    response->operation_statuses =
        WEIR_NEW_ARRAY(call->arena, Spark__Connect__GetStatusResponse__OperationStatus *, rows + 1);
    for (size_t i = 0; i < rows; i++) {
        const char *id = wanted->n_operation_ids ? wanted->operation_ids[i] : all[i]->id;
        weir_connect_operation *found = NULL;
        for (size_t k = 0; k < count && !found; k++)
            found = strcmp(all[k]->id, id) == 0 ? all[k] : NULL;
        response->operation_statuses[response->n_operation_statuses++] = make_status(call->arena, id, found);
    }
    for (size_t i = 0; i < count; i++)
        connect_operation_unref_ptr(&all[i]);
}

void connect_handle_get_status(connect_call *call) {
    const Spark__Connect__GetStatusRequest *request = REQUEST(GetStatusRequest, call);
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    if (connect_session_get(call->server, &head, false, &session, &err) != WEIR_OK) {
        connect_call_fail(call, NULL, &err);
        return;
    }
    Spark__Connect__GetStatusResponse response = SPARK__CONNECT__GET_STATUS_RESPONSE__INIT;
    CONNECT_ANSWER(&response, session);
    if (request->operation_status)
        fill_statuses(call, session, request->operation_status, &response);
    connect_call_reply(call, &response.base);
}

/* --- analyze --- */

static weir_code analyze(connect_call *call, weir_client_session *session,
                         Spark__Connect__AnalyzePlanResponse *response, weir_error **err) {
    weir_connect_server *server = call->server;
    const Spark__Connect__AnalyzePlanRequest *request = REQUEST(AnalyzePlanRequest, call);
    if (request->analyze_case == SPARK__CONNECT__ANALYZE_PLAN_REQUEST__ANALYZE_SPARK_VERSION) {
        Spark__Connect__AnalyzePlanResponse__SparkVersion *version =
            WEIR_NEW(call->arena, Spark__Connect__AnalyzePlanResponse__SparkVersion);
        spark__connect__analyze_plan_response__spark_version__init(version);
        version->version = (char *)server->config.version;
        response->result_case = SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__RESULT_SPARK_VERSION;
        response->spark_version = version;
        return WEIR_OK;
    }
    void *state;
    WEIR_TRY(connect_session_state(session, &state, err));
    return server->backend.ops->analyze(server->backend.self, state, request, call->arena, response, err);
}

void connect_handle_analyze(connect_call *call) {
    connect_head head = CONNECT_HEAD(REQUEST(AnalyzePlanRequest, call));
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    Spark__Connect__AnalyzePlanResponse response = SPARK__CONNECT__ANALYZE_PLAN_RESPONSE__INIT;
    if (connect_session_get(call->server, &head, true, &session, &err) != WEIR_OK ||
        analyze(call, session, &response, &err) != WEIR_OK) {
        connect_call_fail(call, session, &err);
        return;
    }
    CONNECT_ANSWER(&response, session);
    connect_call_reply(call, &response.base);
}
