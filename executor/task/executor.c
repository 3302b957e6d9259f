/* An executor's life and its messages (executor.h): transport threads post requests to the control loop,
 * which decodes and dispatches them. A request that is refused is answered with an error; the others are
 * unharmed. */
#include "executor/task/executor.h"

#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "executor/task/executor_int.h"

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

void weir_executor_reply_report_error(weir_executor *executor, weir_call *call, const weir_error *error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__EpochReport report = WEIR__EPOCH_REPORT__INIT;
    Weir__ErrorInfo info;
    weir_error_to_wire(arena, error, &info);
    report.error = &info;
    weir_executor_reply(executor, call, WEIR_FRAME_EPOCH_REPORT, &report.base, NULL, 0);
}

/* ---- requests ---- */

typedef struct incoming {
    weir_event event;
    weir_executor *executor;
    weir_call *call;
    weir_buffer *message;
} incoming;

static weir_code start_query(weir_executor *executor, const weir_frame *frame, weir_call *call,
                             weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_START_QUERY, &weir__start_query__descriptor, &message, err));
    weir_code code =
        weir_executor_start_query(executor, (const Weir__StartQuery *)message, frame->driver_epoch, err);
    protobuf_c_message_free_unpacked(message, NULL);
    WEIR_TRY(code);
    weir_executor_reply_ack(executor, call, NULL);
    return WEIR_OK;
}

/* Of an older driver, for a run that is not here, or of an attempt that is over. */
static weir_code check_epoch(weir_executor *executor, const weir_query_run *query, const Weir__RunEpoch *run,
                             uint64_t driver_epoch, weir_error **err) {
    if (!query) {
        weir_count(&executor->counters.refused_run, 1);
        WEIR_FAIL(err, EXECUTOR_LOST, "query run %s is not known here: the executor began anew", run->run_id);
    }
    if (driver_epoch < query->driver_epoch) {
        weir_count(&executor->counters.refused_driver, 1);
        WEIR_FAIL(err, FENCED, "a newer driver (epoch %llu) runs query %s",
                  (unsigned long long)query->driver_epoch, query->query_id);
    }
    weir_attempt_id id = {run->batch_id, run->attempt};
    weir_attempt_id newest = query->epoch ? query->epoch->id : (weir_attempt_id){-1, 0};
    if (query->next_message)
        newest = (weir_attempt_id){query->next_message->batch_id, query->next_message->attempt};
    if (weir_attempt_compare(id, newest) < 0) {
        weir_count(&executor->counters.refused_attempt, 1);
        WEIR_FAIL(err, CANCELLED, "attempt %u of batch %lld is over", run->attempt, (long long)run->batch_id);
    }
    return WEIR_OK;
}

/* The same epoch asked for again: one answer for all, as long as there is none yet. */
static weir_code join_epoch(weir_executor *executor, weir_epoch_run *epoch, weir_call *call,
                            weir_error **err) {
    weir_count(&executor->counters.duplicates, 1);
    if (epoch->replied || epoch->calls_count == WEIR_EPOCH_CALLS_MAX)
        WEIR_FAIL(err, RPC_ERROR, "attempt %u of batch %lld was asked for again", epoch->id.attempt,
                  (long long)epoch->id.batch);
    epoch->calls[epoch->calls_count++] = call;
    return WEIR_OK;
}

/* A newer attempt cancels the older one and starts when nothing of that runs any more. */
static void queue_epoch(weir_query_run *query, weir_call *call, Weir__RunEpoch *run) {
    if (query->next_call) {
        _cleanup_error_ weir_error *err = NULL;
        weir_error_failf(&err, WEIR_CANCELLED, "a newer attempt of batch %lld came",
                         (long long)run->batch_id);
        weir_executor_reply_report_error(query->executor, query->next_call, err);
        weir__run_epoch__free_unpacked(query->next_message, NULL);
    }
    query->next_call = call;
    query->next_message = run;
    weir_epoch_run_cancel(query->epoch);
}

static weir_code run_epoch(weir_executor *executor, const weir_frame *frame, weir_call *call,
                           weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_RUN_EPOCH, &weir__run_epoch__descriptor, &message, err));
    Weir__RunEpoch *run = (Weir__RunEpoch *)message;
    weir_query_run *query = weir_executor_find_query(executor, run->run_id);
    weir_code code = check_epoch(executor, query, run, frame->driver_epoch, err);
    weir_epoch_run *epoch = code == WEIR_OK ? query->epoch : NULL;
    bool again =
        epoch && weir_attempt_compare((weir_attempt_id){run->batch_id, run->attempt}, epoch->id) == 0;
    if (again)
        code = join_epoch(executor, epoch, call, err);
    if (code != WEIR_OK || again) {
        protobuf_c_message_free_unpacked(message, NULL);
        return code;
    }
    if (epoch && !epoch->replied) {
        queue_epoch(query, call, run);
        return WEIR_OK;
    }
    weir_epoch_run_start(query, call, run);
    weir_executor_serve_fetches(executor);
    return WEIR_OK;
}

static weir_code fetch_blocks(weir_executor *executor, const weir_frame *frame, weir_call *call,
                              weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(
        weir_frame_unpack(frame, WEIR_FRAME_FETCH_BLOCKS, &weir__fetch_blocks__descriptor, &message, err));
    weir_executor_fetch_blocks(executor, call, (Weir__FetchBlocks *)message, frame->driver_epoch);
    return WEIR_OK;
}

/* May come before its epoch: that one is refused then. */
static weir_code cancel_epoch(weir_executor *executor, const weir_frame *frame, weir_call *call,
                              weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(
        weir_frame_unpack(frame, WEIR_FRAME_CANCEL_EPOCH, &weir__cancel_epoch__descriptor, &message, err));
    const Weir__CancelEpoch *cancel = (const Weir__CancelEpoch *)message;
    weir_query_run *query = weir_executor_find_query(executor, cancel->run_id);
    weir_attempt_id id = {cancel->batch_id, cancel->attempt};
    protobuf_c_message_free_unpacked(message, NULL);
    weir_executor_reply_ack(executor, call, NULL);
    if (!query)
        return WEIR_OK;
    if (weir_attempt_compare(id, query->cancelled) > 0)
        query->cancelled = id;
    if (query->epoch && weir_attempt_compare(query->epoch->id, id) <= 0)
        weir_epoch_run_cancel(query->epoch);
    return WEIR_OK;
}

/* Answered when nothing of the run is left here, so that nobody writes into its checkpoint afterwards. */
static weir_code stop_query(weir_executor *executor, const weir_frame *frame, weir_call *call,
                            weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_STOP_QUERY, &weir__stop_query__descriptor, &message, err));
    const char *run_id = ((const Weir__StopQuery *)message)->run_id;
    weir_query_run *query = weir_executor_find_query(executor, run_id);
    for (weir_query_run *dropped = executor->dropped; dropped && !query; dropped = dropped->next)
        if (strcmp(dropped->run_id, run_id) == 0)
            query = dropped;
    protobuf_c_message_free_unpacked(message, NULL);
    if (query)
        weir_executor_drop_query(executor, query, call);
    else
        weir_executor_reply_ack(executor, call, NULL);
    return WEIR_OK;
}

static weir_code get_status(weir_executor *executor, weir_call *call) {
    _cleanup_strbuf_ weir_strbuf json = {0};
    weir_executor_status_json(executor, &json);
    Weir__Status reply = WEIR__STATUS__INIT;
    reply.json = json.data;
    weir_executor_reply(executor, call, WEIR_FRAME_STATUS, &reply.base, NULL, 0);
    return WEIR_OK;
}

static weir_code dispatch(weir_executor *executor, weir_call *call, weir_buffer *message, weir_error **err) {
    weir_frame frame;
    weir_code code = weir_frame_decode(message, &frame, err);
    if (code != WEIR_OK) {
        weir_count(&executor->counters.refused_message, 1);
        return code;
    }
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
    case WEIR_FRAME_GET_STATUS:
        return get_status(executor, call);
    default:
        weir_count(&executor->counters.refused_message, 1);
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
        weir_executor_reply_report_error(executor, call, error);
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
    /* While it stops nothing is begun any more; the transport drops what is not answered. */
    if (!in->executor->stopping && dispatch(in->executor, in->call, in->message, &err) != WEIR_OK)
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

/* ---- life ---- */

static void *loop_main(void *data) {
    weir_executor *executor = data;
    weir_loop_run(executor->loop);
    return NULL;
}

/* What the driver and peers are told: the address with the port that was bound. */
static weir_code listen_at(weir_executor *executor, weir_error **err) {
    const weir_executor_options *options = &executor->options;
    weir_transport *transport = options->env->transport;
    WEIR_TRY(
        transport->ops->listen(transport, executor->listen_url, serve, executor, &executor->server, err));
    const char *bound = transport->ops->server_url(executor->server), *told = options->advertise_url;
    if (told && weir_str_ends_with(weir_str_from(told), WEIR_STR(":0")))
        executor->advertise_url = weir_asprintf("%.*s%s", (int)(strlen(told) - 2), told, strrchr(bound, ':'));
    else
        executor->advertise_url = weir_strdup(told ? told : bound);
    return WEIR_OK;
}

static weir_code start_threads(weir_executor *executor, weir_error **err) {
    WEIR_TRY(weir_pool_new("task", executor->options.cores, &executor->pool, err));
    WEIR_TRY(weir_pool_new("step", 2, &executor->step_pool, err));
    WEIR_TRY(weir_thread_start(&executor->loop_thread, "executor", loop_main, executor, err));
    WEIR_TRY(listen_at(executor, err));
    return weir_executor_life_start(executor, err);
}

/* The texts of the options need not outlive the start. */
static void copy_options(weir_executor *executor, const weir_executor_options *options) {
    const char *local_dir = options->local_dir ? options->local_dir : "/tmp";
    executor->options = *options;
    executor->options.listen_url = executor->listen_url = weir_strdup(options->listen_url);
    executor->options.driver_url = executor->driver_url = weir_strdup(options->driver_url);
    executor->options.host = executor->host = weir_strdup(options->host ? options->host : "");
    executor->options.local_dir = executor->local_dir = weir_strdup(local_dir);
}

weir_code weir_executor_start(const weir_executor_options *options, weir_executor **ret, weir_error **err) {
    weir_executor *executor = weir_alloc_zero(1, sizeof *executor);
    copy_options(executor, options);
    executor->loop = weir_loop_new(options->env);
    weir_budget_init(&executor->budget, NULL, options->memory_bytes);
    executor->blocks = weir_block_pool_new(options->env->local_fs, executor->local_dir, &executor->budget);
    weir_executor_life_init(executor);
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
    executor->stopping = true;
    weir_executor_life_stop(executor);
    weir_loop_disarm(executor->loop, &executor->waiting_timer);
    for (weir_query_run *query = executor->queries; query; query = query->next)
        if (query->epoch)
            weir_epoch_run_abandon(query->epoch);
    for (weir_query_run *query = executor->dropped; query; query = query->next)
        if (query->epoch)
            weir_epoch_run_abandon(query->epoch);
    weir_loop_stop(executor->loop);
}

static void stop_loop(weir_executor *executor) {
    stop_message stop = {{stop_event}, executor};
    weir_loop_post(executor->loop, &stop.event);
    pthread_join(executor->loop_thread, NULL);
}

static void free_waiting(weir_executor *executor) {
    while (executor->waiting) {
        weir_waiting_fetch *wait = executor->waiting;
        executor->waiting = wait->next;
        weir__fetch_blocks__free_unpacked(wait->message, NULL);
        weir_free(wait);
    }
}

/* In this order: nothing is begun any more, tasks and steps end, requests come back, then what they used
 * goes. */
void weir_executor_stop(weir_executor *executor) {
    if (!executor)
        return;
    const weir_transport_ops *ops = executor->options.env->transport->ops;
    if (executor->loop_thread)
        stop_loop(executor);
    executor->stopping = true;
    weir_pool_free(executor->pool);
    weir_pool_free(executor->step_pool);
    weir_pool_free(executor->shuffle_pool);
    weir_executor_peers_close(executor);
    ops->client_close(executor->driver);
    ops->server_stop(executor->server);
    weir_loop_drain(executor->loop);
    ops->server_close(executor->server);
    weir_executor_peers_free(executor);
    free_waiting(executor);
    weir_executor_queries_free(executor);
    weir_block_pool_free(executor->blocks);
    weir_loop_free(executor->loop);
    weir_executor_life_fini(executor);
    weir_free(executor->listen_url);
    weir_free(executor->advertise_url);
    weir_free(executor->driver_url);
    weir_free(executor->host);
    weir_free(executor->local_dir);
    weir_free(executor);
}
