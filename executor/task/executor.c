/* An executor's life and its messages (executor.h): transport threads post requests to the control loop,
 * which decodes and dispatches them. A request that is refused is answered with an error; the others are
 * unharmed. */
#include "executor/task/executor.h"

#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "executor/task/executor_int.h"

#define REQUEST_TIMEOUT_MS 10000

/* ---- replies ---- */

void weir_executor_reply(weir_executor *executor, weir_call *call, weir_frame_kind kind,
                         const ProtobufCMessage *message, const weir_str *payload, int32_t payload_count) {
    weir_transport *transport = executor->options.env->transport;
    weir_buffer *out = NULL;
    _cleanup_error_ weir_error *err = NULL;
    if (weir_frame_encode(transport, kind, 0, message, payload, payload_count, &out, &err) != WEIR_OK) {
        /* An empty reply is no frame: the caller sees a malformed one and fails its request. */
        weir_log_write(executor->options.log, WEIR_LOG_ERROR, "executor", "reply: %s", weir_error_text(err));
        out = transport->ops->alloc(transport, 0);
    }
    if (out)
        transport->ops->reply(call, out);
}

void weir_executor_reply_ack(weir_executor *executor, weir_call *call, const weir_error *error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__Ack reply = WEIR__ACK__INIT;
    Weir__ErrorInfo info;
    if (error) {
        weir_error_to_wire(arena, error, &info);
        reply.error = &info;
    }
    weir_executor_reply(executor, call, WEIR_FRAME_ACK, &reply.base, NULL, 0);
}

/* ---- peers ---- */

weir_client *weir_executor_peer(weir_executor *executor, const char *url, int32_t index, weir_error **err) {
    if (index >= executor->peers_count) {
        executor->peers = weir_realloc(executor->peers, sizeof(weir_client *) * (size_t)(index + 1));
        executor->peer_urls = weir_realloc(executor->peer_urls, sizeof(char *) * (size_t)(index + 1));
        for (int32_t i = executor->peers_count; i <= index; i++) {
            executor->peers[i] = NULL;
            executor->peer_urls[i] = NULL;
        }
        executor->peers_count = index + 1;
    }
    const weir_transport_ops *ops = executor->options.env->transport->ops;
    if (executor->peers[index] && strcmp(executor->peer_urls[index], url) != 0) {
        ops->client_close(executor->peers[index]);
        executor->peers[index] = NULL;
    }
    if (!executor->peers[index]) {
        weir_client *client = NULL;
        if (ops->connect(executor->options.env->transport, url, &client, err) != WEIR_OK)
            return NULL;
        weir_free(executor->peer_urls[index]);
        executor->peer_urls[index] = weir_strdup(url);
        executor->peers[index] = client;
    }
    return executor->peers[index];
}

/* ---- requests ---- */

typedef struct incoming {
    weir_event event;
    weir_executor *executor;
    weir_call *call;
    weir_buffer *message;
} incoming;

static weir_query_run *find_query(weir_executor *executor, const char *run_id) {
    weir_query_run *query = executor->queries;
    while (query && strcmp(query->run_id, run_id) != 0)
        query = query->next;
    return query;
}

static weir_code refuse_older_driver(weir_executor *executor, const Weir__StartQuery *message,
                                     uint64_t driver_epoch, weir_error **err) {
    for (weir_query_run *query = executor->queries; query; query = query->next)
        if (strcmp(query->query_id, message->query_id) == 0 && query->driver_epoch > driver_epoch)
            WEIR_FAIL(err, FENCED, "a newer driver (epoch %llu) runs query %s; this one has epoch %llu",
                      (unsigned long long)query->driver_epoch, query->query_id,
                      (unsigned long long)driver_epoch);
    return WEIR_OK;
}

static weir_code start_query(weir_executor *executor, const weir_frame *frame, weir_call *call,
                             weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_START_QUERY, &weir__start_query__descriptor, &message, err));
    const Weir__StartQuery *start = (const Weir__StartQuery *)message;
    weir_query_run *query = NULL;
    weir_code code = refuse_older_driver(executor, start, frame->driver_epoch, err);
    if (code == WEIR_OK)
        code = weir_query_run_new(executor, start, frame->driver_epoch, &query, err);
    protobuf_c_message_free_unpacked(message, NULL);
    if (code != WEIR_OK)
        return code;
    query->next = executor->queries;
    executor->queries = query;
    weir_executor_reply_ack(executor, call, NULL);
    return WEIR_OK;
}

static weir_code run_epoch(weir_executor *executor, const weir_frame *frame, weir_call *call,
                           weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_RUN_EPOCH, &weir__run_epoch__descriptor, &message, err));
    Weir__RunEpoch *run = (Weir__RunEpoch *)message;
    weir_query_run *query = find_query(executor, run->run_id);
    bool busy = query && query->epoch && !query->epoch->replied;
    if (!query || busy) {
        weir_error_failf(err, busy ? WEIR_RPC_ERROR : WEIR_FENCED,
                         busy ? "an epoch of query run %s is running" : "query run %s is not known here",
                         run->run_id);
        protobuf_c_message_free_unpacked(message, NULL);
        return weir_error_code(*err);
    }
    weir_epoch_run_start(query, call, run);
    weir_epoch_serve_fetches(executor);
    return WEIR_OK;
}

static weir_code fetch_blocks(weir_executor *executor, const weir_frame *frame, weir_call *call,
                              weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(
        weir_frame_unpack(frame, WEIR_FRAME_FETCH_BLOCKS, &weir__fetch_blocks__descriptor, &message, err));
    weir_waiting_fetch *wait = weir_alloc_zero(1, sizeof *wait);
    wait->call = call;
    wait->message = (Weir__FetchBlocks *)message;
    wait->next = executor->waiting;
    executor->waiting = wait;
    weir_epoch_serve_fetches(executor);
    return WEIR_OK;
}

static weir_code cancel_epoch(weir_executor *executor, const weir_frame *frame, weir_call *call,
                              weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(
        weir_frame_unpack(frame, WEIR_FRAME_CANCEL_EPOCH, &weir__cancel_epoch__descriptor, &message, err));
    const Weir__CancelEpoch *cancel = (const Weir__CancelEpoch *)message;
    weir_query_run *query = find_query(executor, cancel->run_id);
    weir_epoch_run *epoch = query ? query->epoch : NULL;
    if (epoch && epoch->message->batch_id == cancel->batch_id && epoch->message->attempt == cancel->attempt)
        weir_epoch_run_cancel(epoch);
    protobuf_c_message_free_unpacked(message, NULL);
    weir_executor_reply_ack(executor, call, NULL);
    return WEIR_OK;
}

static weir_code stop_query(weir_executor *executor, const weir_frame *frame, weir_call *call,
                            weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_STOP_QUERY, &weir__stop_query__descriptor, &message, err));
    const Weir__StopQuery *stop = (const Weir__StopQuery *)message;
    for (weir_query_run **at = &executor->queries; *at; at = &(*at)->next) {
        weir_query_run *query = *at;
        if (strcmp(query->run_id, stop->run_id) != 0)
            continue;
        if (query->epoch && !weir_epoch_run_idle(query->epoch)) {
            weir_error_failf(err, WEIR_RPC_ERROR, "an epoch of query run %s is running", stop->run_id);
            break;
        }
        *at = query->next;
        weir_query_run_free(query);
        break;
    }
    protobuf_c_message_free_unpacked(message, NULL);
    if (*err)
        return weir_error_code(*err);
    weir_executor_reply_ack(executor, call, NULL);
    return WEIR_OK;
}

static weir_code dispatch(weir_executor *executor, weir_call *call, weir_buffer *message, weir_error **err) {
    weir_frame frame;
    WEIR_TRY(weir_frame_decode(message, &frame, err));
    switch ((int)frame.kind) {
    case WEIR_FRAME_START_QUERY:
        return start_query(executor, &frame, call, err);
    case WEIR_FRAME_RUN_EPOCH:
        return run_epoch(executor, &frame, call, err);
    case WEIR_FRAME_FETCH_BLOCKS:
        return fetch_blocks(executor, &frame, call, err);
    case WEIR_FRAME_CANCEL_EPOCH:
        return cancel_epoch(executor, &frame, call, err);
    case WEIR_FRAME_STOP_QUERY:
        return stop_query(executor, &frame, call, err);
    default:
        WEIR_FAIL(err, RPC_ERROR, "message kind %d is not for an executor", (int)frame.kind);
    }
}

/* An error before the request was taken over is answered in the form that its caller expects. */
static void refuse(weir_executor *executor, weir_call *call, weir_buffer *message, const weir_error *error) {
    weir_frame frame;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__ErrorInfo info;
    weir_error_to_wire(arena, error, &info);
    bool sound = weir_frame_decode(message, &frame, NULL) == WEIR_OK;
    if (sound && frame.kind == WEIR_FRAME_RUN_EPOCH) {
        Weir__EpochReport report = WEIR__EPOCH_REPORT__INIT;
        report.error = &info;
        weir_executor_reply(executor, call, WEIR_FRAME_EPOCH_REPORT, &report.base, NULL, 0);
    } else if (sound && frame.kind == WEIR_FRAME_FETCH_BLOCKS) {
        Weir__Blocks blocks = WEIR__BLOCKS__INIT;
        blocks.error = &info;
        weir_executor_reply(executor, call, WEIR_FRAME_BLOCKS, &blocks.base, NULL, 0);
    } else {
        weir_executor_reply_ack(executor, call, error);
    }
}

static void incoming_event(weir_event *event) {
    incoming *in = (incoming *)event;
    _cleanup_error_ weir_error *err = NULL;
    if (dispatch(in->executor, in->call, in->message, &err) != WEIR_OK)
        refuse(in->executor, in->call, in->message, err);
    weir_buffer_unref(in->message);
    weir_free(in);
}

/* On a transport thread. */
static void serve(void *data, weir_call *call, weir_buffer *message) {
    incoming *in = weir_alloc_zero(1, sizeof *in);
    in->event.run = incoming_event;
    in->executor = data;
    in->call = call;
    in->message = weir_buffer_ref(message);
    weir_loop_post(in->executor->loop, &in->event);
}

/* ---- registration ---- */

typedef struct registration {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    weir_buffer *reply;
    weir_error *error;
} registration;

static void registered(void *data, weir_buffer *reply, weir_error *error) {
    registration *r = data;
    pthread_mutex_lock(&r->lock);
    r->reply = reply;
    r->error = error;
    r->done = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static weir_code check_registered(weir_buffer *reply, weir_error **err) {
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_decode(reply, &frame, err));
    WEIR_TRY(weir_frame_unpack(&frame, WEIR_FRAME_REGISTERED, &weir__registered__descriptor, &message, err));
    weir_code code = weir_error_from_wire(((Weir__Registered *)message)->error, err);
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

static weir_code register_at_driver(weir_executor *executor, weir_error **err) {
    weir_transport *transport = executor->options.env->transport;
    Weir__Register message = WEIR__REGISTER__INIT;
    message.url = executor->listen_url;
    message.cores = (uint32_t)executor->options.cores;
    message.has_index = 1;
    message.index = (uint32_t)executor->options.index;
    message.version = WEIR_RPC_VERSION;
    weir_buffer *out = NULL;
    WEIR_TRY(transport->ops->connect(transport, executor->options.driver_url, &executor->driver, err));
    WEIR_TRY(weir_frame_encode(transport, WEIR_FRAME_REGISTER, 0, &message.base, NULL, 0, &out, err));
    registration r = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    transport->ops->request(executor->driver, out, REQUEST_TIMEOUT_MS, registered, &r);
    pthread_mutex_lock(&r.lock);
    while (!r.done)
        pthread_cond_wait(&r.wake, &r.lock);
    pthread_mutex_unlock(&r.lock);
    if (r.error)
        return weir_error_move(err, r.error);
    weir_code code = check_registered(r.reply, err);
    weir_buffer_unref(r.reply);
    return code;
}

/* ---- life ---- */

static void *loop_main(void *data) {
    weir_executor *executor = data;
    weir_loop_run(executor->loop);
    return NULL;
}

static weir_code start_threads(weir_executor *executor, weir_error **err) {
    const weir_env *env = executor->options.env;
    WEIR_TRY(weir_pool_new("task", executor->options.cores, &executor->pool, err));
    WEIR_TRY(weir_pool_new("step", 2, &executor->step_pool, err));
    WEIR_TRY(weir_thread_start(&executor->loop_thread, "executor", loop_main, executor, err));
    WEIR_TRY(env->transport->ops->listen(env->transport, executor->listen_url, serve, executor,
                                         &executor->server, err));
    return register_at_driver(executor, err);
}

weir_code weir_executor_start(const weir_executor_options *options, weir_executor **ret, weir_error **err) {
    weir_executor *executor = weir_alloc_zero(1, sizeof *executor);
    executor->options = *options;
    executor->listen_url = weir_strdup(options->listen_url);
    executor->loop = weir_loop_new(options->env);
    weir_budget_init(&executor->budget, NULL, options->memory_bytes);
    weir_code code = start_threads(executor, err);
    if (code != WEIR_OK) {
        weir_executor_stop(executor);
        return code;
    }
    *ret = executor;
    return WEIR_OK;
}

typedef struct stop_message {
    weir_event event;
    weir_executor *executor;
} stop_message;

/* Attempts that run are abandoned; the loop ends when their steps have. */
static void stop_event(weir_event *event) {
    weir_executor *executor = ((stop_message *)event)->executor;
    for (weir_query_run *query = executor->queries; query; query = query->next)
        if (query->epoch)
            atomic_store(&query->epoch->cancelled, true);
    weir_loop_stop(executor->loop);
}

static void stop_loop(weir_executor *executor) {
    stop_message stop = {{stop_event}, executor};
    weir_loop_post(executor->loop, &stop.event);
    pthread_join(executor->loop_thread, NULL);
}

void weir_executor_stop(weir_executor *executor) {
    if (!executor)
        return;
    const weir_transport_ops *ops = executor->options.env->transport->ops;
    if (executor->loop_thread)
        stop_loop(executor);
    weir_pool_free(executor->pool);
    weir_pool_free(executor->step_pool);
    for (int32_t i = 0; i < executor->peers_count; i++) {
        ops->client_close(executor->peers[i]);
        weir_free(executor->peer_urls[i]);
    }
    ops->client_close(executor->driver);
    ops->server_stop(executor->server);
    weir_loop_drain(executor->loop);
    ops->server_close(executor->server);
    while (executor->queries) {
        weir_query_run *query = executor->queries;
        executor->queries = query->next;
        weir_query_run_free(query);
    }
    weir_loop_free(executor->loop);
    weir_free(executor->peers);
    weir_free(executor->peer_urls);
    weir_free(executor->listen_url);
    weir_free(executor);
}
