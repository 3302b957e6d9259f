/* Executors as a driver sees them, over tcp: a driver of the test's own registers them, beats or fences them,
 * sends epochs of a small aggregation in every order that a network can make, and reads their counters. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/json_value.h"
#include "common/expr/aggregate.h"
#include "common/fs/fs.h"
#include "common/rpc/error_wire.h"
#include "common/rpc/frame.h"
#include "executor/task/executor.h"
#include "proto/engine.pb-c.h"
#include "tests/lib/plan_nodes.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

#define SPLITS 6
#define PARTITIONS 4
#define ROWS 3000

/* ---- the driver ---- */

typedef struct test_driver {
    weir_env env;
    weir_log log;
    weir_arena *arena;
    const char *directory;
    weir_fs *fs;
    weir_transport *transport;
    weir_server *server;
    const char *url;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    int32_t registrations, heartbeats;
    char incarnations[8][40];
    char urls[8][64];
    bool refuse, fence, drain_seen, drained;
    int32_t drained_calls, refused_calls;
    char refused_text[256];
} test_driver;

static void send_reply(test_driver *d, weir_call *call, weir_frame_kind kind,
                       const ProtobufCMessage *message) {
    weir_error *err = NULL;
    weir_buffer *out = NULL;
    CHECK_OK(weir_frame_encode(d->transport, kind, 0, message, NULL, 0, &out, &err));
    d->transport->ops->reply(call, out);
}

static void serve_register(test_driver *d, weir_call *call, const Weir__Register *m) {
    Weir__Registered reply = WEIR__REGISTERED__INIT;
    Weir__ErrorInfo info = WEIR__ERROR_INFO__INIT;
    info.condition = (char *)(uintptr_t) "NOT_SUPPORTED";
    info.message = (char *)(uintptr_t) "no common version";
    if (d->refuse)
        reply.error = &info;
    snprintf(d->incarnations[d->registrations % 8], 40, "%s", m->incarnation);
    snprintf(d->urls[d->registrations % 8], 64, "%s", m->url);
    d->registrations++;
    d->fence = false;
    reply.executor_id = (uint32_t)d->registrations;
    reply.driver_id = (char *)(uintptr_t) "driver";
    reply.has_version = reply.has_heartbeat_ms = reply.has_timeout_ms = 1;
    reply.version = WEIR_RPC_VERSION;
    reply.heartbeat_ms = 20;
    reply.timeout_ms = 300;
    send_reply(d, call, WEIR_FRAME_REGISTERED, &reply.base);
}

static void serve_heartbeat(test_driver *d, weir_call *call, const Weir__Heartbeat *m) {
    Weir__HeartbeatReply reply = WEIR__HEARTBEAT_REPLY__INIT;
    Weir__ErrorInfo info = WEIR__ERROR_INFO__INIT;
    info.condition = (char *)(uintptr_t) "FENCED";
    info.message = (char *)(uintptr_t) "declared lost";
    cr_assert(m->executor_id && strlen(m->incarnation) == 36);
    d->heartbeats++;
    d->drain_seen |= m->draining;
    if (d->fence)
        reply.error = &info;
    reply.has_drained = 1;
    reply.drained = d->drained;
    send_reply(d, call, WEIR_FRAME_HEARTBEAT_REPLY, &reply.base);
}

static void serve(void *data, weir_call *call, weir_buffer *buffer) {
    test_driver *d = data;
    weir_error *err = NULL;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    CHECK_OK(weir_frame_decode(buffer, &frame, &err));
    bool registers = frame.kind == WEIR_FRAME_REGISTER;
    CHECK_OK(weir_frame_unpack(&frame, registers ? WEIR_FRAME_REGISTER : WEIR_FRAME_HEARTBEAT,
                               registers ? &weir__register__descriptor : &weir__heartbeat__descriptor,
                               &message, &err));
    pthread_mutex_lock(&d->lock);
    if (registers)
        serve_register(d, call, (const Weir__Register *)message);
    else
        serve_heartbeat(d, call, (const Weir__Heartbeat *)message);
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void listen_at(test_driver *d, const char *url) {
    weir_error *err = NULL;
    CHECK_OK(d->transport->ops->listen(d->transport, url, serve, d, &d->server, &err));
    d->url = weir_arena_strdup(d->arena, d->transport->ops->server_url(d->server));
}

static void open_driver(test_driver *d) {
    weir_error *err = NULL;
    *d = (test_driver){.log = {.level = WEIR_LOG_ERROR, .fd = 2}};
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    d->arena = weir_arena_new();
    d->directory = weir_temp_directory_new(d->arena);
    d->fs = weir_local_fs_new();
    CHECK_OK(weir_nng_transport_new(NULL, &d->transport, &err));
    d->env = (weir_env){.clock = &weir_system_clock_ops,
                        .random_bytes = weir_system_random,
                        .local_fs = d->fs,
                        .transport = d->transport};
    listen_at(d, "tcp://127.0.0.1:0");
}

static void close_driver(test_driver *d) {
    d->transport->ops->server_close(d->server);
    d->transport->ops->free(d->transport);
    d->fs->ops->free(d->fs);
    weir_temp_directory_remove(d->directory);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    weir_arena_free(d->arena);
}

static weir_executor *start_executor(test_driver *d) {
    weir_error *err = NULL;
    weir_executor_options options = {.env = &d->env,
                                     .log = &d->log,
                                     .driver_url = d->url,
                                     .listen_url = "tcp://127.0.0.1:0",
                                     .host = "here",
                                     .local_dir = d->directory,
                                     .cores = 2,
                                     .memory_bytes = 64 << 20};
    weir_executor *executor = NULL;
    CHECK_OK(weir_executor_start(&options, &executor, &err));
    return executor;
}

/* Waits until *value, which the driver's threads change, is at least that. */
static void wait_for(test_driver *d, const int32_t *value, int32_t least) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&d->lock);
    while (*value < least)
        cr_assert_eq(pthread_cond_timedwait(&d->changed, &d->lock, &until), 0, "it does not come to %d",
                     least);
    pthread_mutex_unlock(&d->lock);
}

/* Registered in this order: the n-th is at d->urls[n]. */
static void start_two(test_driver *d, weir_executor *ret[2]) {
    for (int32_t i = 0; i < 2; i++) {
        ret[i] = start_executor(d);
        wait_for(d, &d->registrations, i + 1);
    }
}

static int64_t counter_of(weir_executor *executor, const char *name) {
    weir_error *err = NULL;
    weir_arena *arena = weir_arena_new();
    _cleanup_strbuf_ weir_strbuf json = {0};
    weir_json *parsed = NULL;
    weir_executor_status_json(executor, &json);
    CHECK_OK(weir_json_parse(arena, weir_strbuf_view(&json), "status", &parsed, &err));
    const weir_json *counters = weir_json_get(parsed, "counters");
    cr_assert(counters && weir_json_get(counters, name), "%s in %s", name, json.data);
    int64_t value = weir_json_get_int(counters, name, -1);
    weir_arena_free(arena);
    return value;
}

/* ---- questions ---- */

typedef struct question {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    weir_buffer *reply;
    weir_error *error;
} question;

static void question_done(void *data, weir_buffer *reply, weir_error *error) {
    question *q = data;
    pthread_mutex_lock(&q->lock);
    q->reply = reply;
    q->error = error;
    q->done = true;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

static void send_question(test_driver *d, weir_client *client, question *q, weir_frame_kind kind,
                          uint64_t epoch, const ProtobufCMessage *message) {
    weir_error *err = NULL;
    weir_buffer *out = NULL;
    *q = (question){.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    CHECK_OK(weir_frame_encode(d->transport, kind, epoch, message, NULL, 0, &out, &err));
    d->transport->ops->request(client, out, 10000, question_done, q);
}

/* The unpacked reply; the caller frees it. */
static ProtobufCMessage *take_answer(question *q, weir_frame_kind kind,
                                     const ProtobufCMessageDescriptor *descriptor, size_t *ret_payload) {
    weir_error *err = NULL;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    pthread_mutex_lock(&q->lock);
    while (!q->done)
        pthread_cond_wait(&q->wake, &q->lock);
    pthread_mutex_unlock(&q->lock);
    cr_assert_null(q->error, "%s", q->error ? weir_error_text(q->error) : "");
    CHECK_OK(weir_frame_decode(q->reply, &frame, &err));
    CHECK_OK(weir_frame_unpack(&frame, kind, descriptor, &message, &err));
    if (ret_payload)
        *ret_payload = frame.payload_size;
    weir_buffer_unref(q->reply);
    return message;
}

static weir_code code_of(const Weir__ErrorInfo *info) {
    return info ? weir_code_from_condition(weir_str_from(info->condition)) : WEIR_OK;
}

static weir_code ask_ack(test_driver *d, weir_client *client, weir_frame_kind kind, uint64_t epoch,
                         const ProtobufCMessage *message) {
    question q;
    send_question(d, client, &q, kind, epoch, message);
    ProtobufCMessage *answer = take_answer(&q, WEIR_FRAME_ACK, &weir__ack__descriptor, NULL);
    weir_code code = code_of(((Weir__Ack *)answer)->error);
    protobuf_c_message_free_unpacked(answer, NULL);
    return code;
}

static weir_client *connect_to(test_driver *d, const char *url) {
    weir_error *err = NULL;
    weir_client *client = NULL;
    CHECK_OK(d->transport->ops->connect(d->transport, url, &client, &err));
    return client;
}

/* ---- an aggregation: value % 100 counted, of rate's numbers ---- */

static ProtobufCBinaryData make_plan(weir_arena *arena) {
    weir_field fields[] = {{.name = WEIR_STR("timestamp"), .type = weir_type_of(WEIR_TYPE_TIMESTAMP)},
                           {.name = WEIR_STR("value"), .type = weir_type_of(WEIR_TYPE_LONG)}};
    const weir_type *schema = weir_type_struct(arena, fields, 2);
    weir_node_scan *scan = WEIR_NODE_NEW(arena, SCAN, scan);
    scan->format = WEIR_STR("rate");
    scan->schema = scan->projection = schema;
    weir_node *key = weir_test_input(arena, schema, 1), *one = weir_literal_int(arena, 1);
    weir_node *count = weir_test_aggregate(arena, "count", &one, 1, NULL);
    weir_node_partial_agg *partial = WEIR_NODE_NEW(arena, PARTIAL_AGG, partial_agg);
    partial->child = &scan->node;
    partial->keys = weir_node_list_of(arena, &key, 1);
    partial->aggregates = weir_node_list_of(arena, &count, 1);
    weir_node_shuffle_write *write = WEIR_NODE_NEW(arena, SHUFFLE_WRITE, shuffle_write);
    write->child = &partial->node;
    write->keys_count = 1;
    write->partitions = PARTITIONS;
    weir_node_shuffle_read *read = WEIR_NODE_NEW(arena, SHUFFLE_READ, shuffle_read);
    read->schema = weir_aggregate_partial_schema(arena, partial->keys, partial->aggregates);
    weir_node_state_agg *state = WEIR_NODE_NEW(arena, STATE_AGG, state_agg);
    state->child = &read->node;
    state->keys_count = 1;
    state->aggregates = partial->aggregates;
    state->output_mode = WEIR_STR("complete");
    weir_node_sink_write *sink = WEIR_NODE_NEW(arena, SINK_WRITE, sink_write);
    sink->child = &state->node;
    sink->format = WEIR_STR("memory");
    sink->schema = weir_aggregate_final_schema(arena, partial->keys, partial->aggregates);
    weir_node *roots[] = {&write->node, &sink->node};
    weir_node *stages[2];
    for (int s = 0; s < 2; s++) {
        weir_node_stage *stage = WEIR_NODE_NEW(arena, STAGE, stage);
        stage->root = roots[s];
        stages[s] = &stage->node;
    }
    weir_node_query_plan *plan = WEIR_NODE_NEW(arena, QUERY_PLAN, query_plan);
    plan->stages = weir_node_list_of(arena, stages, 2);
    weir_strbuf *bytes = WEIR_NEW(arena, weir_strbuf);
    weir_node_encode(bytes, &plan->node);
    char *copy = weir_arena_strndup(arena, bytes->data, bytes->size);
    size_t size = bytes->size;
    weir_strbuf_fini(bytes);
    return (ProtobufCBinaryData){size, (uint8_t *)copy};
}

static void fill_start(test_driver *d, Weir__StartQuery *m, const char *run_id) {
    *m = (Weir__StartQuery)WEIR__START_QUERY__INIT;
    m->run_id = (char *)(uintptr_t)run_id;
    m->query_id = (char *)(uintptr_t) "query";
    m->plan = make_plan(d->arena);
    m->checkpoint = weir_arena_printf(d->arena, "%s/checkpoint-%s", d->directory, run_id);
    m->time_zone = (char *)(uintptr_t) "UTC";
    m->ansi = 1;
}

/* Batch 0 on the executors at `urls`; splits and partitions go round. */
static void fill_epoch(test_driver *d, Weir__RunEpoch *m, const char *run_id, uint32_t attempt, char **urls,
                       uint32_t count, uint32_t self) {
    weir_arena *arena = d->arena;
    *m = (Weir__RunEpoch)WEIR__RUN_EPOCH__INIT;
    m->run_id = (char *)(uintptr_t)run_id;
    m->attempt = attempt;
    m->attempt_name = weir_arena_printf(arena, "0-%u", attempt);
    m->base_batch = -1;
    m->base_attempt = (char *)(uintptr_t) "";
    m->executor_urls = urls;
    m->n_executor_urls = count;
    m->self = self;
    m->n_splits = m->n_split_owner = m->n_split_source = SPLITS;
    m->n_partition_owner = PARTITIONS;
    m->splits = WEIR_NEW_ARRAY(arena, ProtobufCBinaryData, SPLITS);
    m->split_owner = WEIR_NEW_ARRAY(arena, uint32_t, SPLITS);
    m->split_source = WEIR_NEW_ARRAY(arena, uint32_t, SPLITS);
    m->partition_owner = WEIR_NEW_ARRAY(arena, uint32_t, PARTITIONS);
    for (uint32_t i = 0; i < SPLITS; i++) {
        char *text = weir_arena_printf(
            arena,
            "{\"start\":0,\"end\":%d,\"startMs\":0,\"spanMs\":1000,\"partition\":%u,\"partitions\":%d}", ROWS,
            i, SPLITS);
        m->splits[i] = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
        m->split_owner[i] = i % count;
    }
    for (uint32_t p = 0; p < PARTITIONS; p++)
        m->partition_owner[p] = (p + 1) % count;
}

typedef struct epoch_result {
    weir_code code;
    int64_t rows;
    uint64_t fetched;
    int64_t failed_peer;
} epoch_result;

static epoch_result take_report(question *q) {
    size_t payload = 0;
    ProtobufCMessage *message =
        take_answer(q, WEIR_FRAME_EPOCH_REPORT, &weir__epoch_report__descriptor, &payload);
    const Weir__EpochReport *report = (const Weir__EpochReport *)message;
    epoch_result result = {.code = code_of(report->error),
                           .fetched = report->shuffle_bytes_received,
                           .failed_peer = report->has_failed_peer ? (int64_t)report->failed_peer : -1};
    if (report->n_operators)
        result.rows = (int64_t)report->operators[0]->rows_total;
    protobuf_c_message_free_unpacked(message, NULL);
    return result;
}

static void ask_epoch(test_driver *d, weir_client *client, question *q, uint64_t epoch,
                      const Weir__RunEpoch *m) {
    send_question(d, client, q, WEIR_FRAME_RUN_EPOCH, epoch, &m->base);
}

/* ---- life ---- */

WEIR_TEST(executor, registers_beats_begins_anew_when_fenced_and_outlives_its_driver) {
    test_driver d;
    open_driver(&d);
    /* Nobody listens there yet. */
    const char *url = d.url;
    d.transport->ops->server_close(d.server);
    weir_executor *executor = start_executor(&d);
    usleep(100000);
    listen_at(&d, url);
    wait_for(&d, &d.registrations, 1);
    wait_for(&d, &d.heartbeats, 3);
    Weir__StartQuery start;
    weir_client *client = connect_to(&d, d.urls[0]);
    fill_start(&d, &start, "run");
    cr_assert_eq(ask_ack(&d, client, WEIR_FRAME_START_QUERY, 7, &start.base), WEIR_OK);
    d.transport->ops->client_close(client);
    cr_assert_eq(counter_of(executor, "queries"), 1);
    pthread_mutex_lock(&d.lock);
    d.fence = true;
    pthread_mutex_unlock(&d.lock);
    wait_for(&d, &d.registrations, 2);
    cr_assert_eq(counter_of(executor, "queries"), 0, "a new incarnation knows nothing");
    cr_assert_str_neq(d.incarnations[0], d.incarnations[1]);
    cr_assert_str_eq(d.urls[0], d.urls[1]);
    int32_t heartbeats = d.heartbeats;
    wait_for(&d, &d.heartbeats, heartbeats + 2);
    cr_assert_eq(counter_of(executor, "fencedByDriver"), 1);
    cr_assert_eq(counter_of(executor, "incarnations"), 2);
    /* Another driver at the same place knows no one. */
    d.transport->ops->server_close(d.server);
    usleep(400000);
    pthread_mutex_lock(&d.lock);
    d.fence = true;
    pthread_mutex_unlock(&d.lock);
    listen_at(&d, url);
    wait_for(&d, &d.registrations, 3);
    cr_assert_str_neq(d.incarnations[1], d.incarnations[2]);
    weir_executor_stop(executor);
    close_driver(&d);
}

static void note_refused(void *data, const weir_error *error) {
    test_driver *d = data;
    pthread_mutex_lock(&d->lock);
    d->refused_calls++;
    snprintf(d->refused_text, sizeof d->refused_text, "%s", weir_error_text(error));
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static void note_drained(void *data) {
    test_driver *d = data;
    pthread_mutex_lock(&d->lock);
    d->drained_calls++;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

WEIR_TEST(executor, says_once_that_it_is_refused) {
    test_driver d;
    open_driver(&d);
    d.refuse = true;
    weir_executor *executor = start_executor(&d);
    weir_executor_on_refused(executor, note_refused, &d);
    wait_for(&d, &d.refused_calls, 1);
    usleep(300000);
    cr_assert(d.refused_calls == 1 && d.registrations == 1);
    cr_assert(strstr(d.refused_text, "no common version"), "%s", d.refused_text);
    weir_executor_stop(executor);
    close_driver(&d);
}

WEIR_TEST(executor, drains_with_its_driver_and_without_one) {
    test_driver d;
    open_driver(&d);
    weir_executor *one = start_executor(&d), *two = start_executor(&d);
    wait_for(&d, &d.heartbeats, 4);
    weir_executor_drain(one, note_drained, &d);
    usleep(100000);
    pthread_mutex_lock(&d.lock);
    cr_assert(d.drain_seen && !d.drained_calls, "the driver decides");
    d.drained = true;
    pthread_mutex_unlock(&d.lock);
    wait_for(&d, &d.drained_calls, 1);
    d.transport->ops->server_stop(d.server);
    weir_executor_drain(two, note_drained, &d);
    wait_for(&d, &d.drained_calls, 2);
    usleep(100000);
    cr_assert_eq(d.drained_calls, 2);
    weir_executor_stop(one);
    weir_executor_stop(two);
    close_driver(&d);
}

WEIR_TEST(executor, two_of_them_run_an_epoch_and_refuse_what_is_over) {
    test_driver d;
    open_driver(&d);
    weir_executor *executors[2];
    start_two(&d, executors);
    char *urls[2] = {d.urls[0], d.urls[1]};
    weir_client *clients[2] = {connect_to(&d, urls[0]), connect_to(&d, urls[1])};
    Weir__StartQuery start;
    Weir__RunEpoch epochs[2];
    question q[2];
    fill_start(&d, &start, "run");
    for (uint32_t i = 0; i < 2; i++)
        fill_epoch(&d, &epochs[i], "run", 2, urls, 2, i);
    ask_epoch(&d, clients[0], &q[0], 7, &epochs[0]);
    cr_assert_eq(take_report(&q[0]).code, WEIR_EXECUTOR_LOST, "an epoch of a run that is not here");
    for (int i = 0; i < 2; i++)
        for (int twice = 0; twice < 2; twice++)
            cr_assert_eq(ask_ack(&d, clients[i], WEIR_FRAME_START_QUERY, 7, &start.base), WEIR_OK);
    ask_epoch(&d, clients[0], &q[0], 6, &epochs[0]);
    cr_assert_eq(take_report(&q[0]).code, WEIR_FENCED, "an epoch of an older driver");

    for (int i = 0; i < 2; i++)
        ask_epoch(&d, clients[i], &q[i], 7, &epochs[i]);
    int64_t rows = 0, rows_of_first = 0;
    for (int i = 0; i < 2; i++) {
        epoch_result result = take_report(&q[i]);
        cr_assert_eq(result.code, WEIR_OK);
        cr_assert_gt(result.fetched, 0u);
        rows += result.rows;
        rows_of_first = i == 0 ? result.rows : rows_of_first;
    }
    cr_assert_eq(rows, ROWS, "every key is somewhere, once");
    int64_t owned = counter_of(executors[0], "keysOwned") + counter_of(executors[1], "keysOwned");
    cr_assert_eq(owned, ROWS);
    cr_assert_gt(counter_of(executors[0], "shuffleBytesSent"), 0);

    ask_epoch(&d, clients[0], &q[0], 7, &epochs[0]);
    epoch_result again = take_report(&q[0]);
    cr_assert_eq(again.code, WEIR_OK, "the same epoch, after its answer: the answer may have been lost");
    cr_assert_eq(again.rows, rows_of_first);
    epochs[0].attempt = 1;
    ask_epoch(&d, clients[0], &q[0], 7, &epochs[0]);
    cr_assert_eq(take_report(&q[0]).code, WEIR_CANCELLED, "an older attempt");
    Weir__CancelEpoch cancel = WEIR__CANCEL_EPOCH__INIT;
    cancel.run_id = (char *)(uintptr_t) "run";
    cancel.attempt = 3;
    cr_assert_eq(ask_ack(&d, clients[0], WEIR_FRAME_CANCEL_EPOCH, 7, &cancel.base), WEIR_OK);
    epochs[0].attempt = 3;
    ask_epoch(&d, clients[0], &q[0], 7, &epochs[0]);
    cr_assert_eq(take_report(&q[0]).code, WEIR_CANCELLED, "an attempt that was cancelled before it came");
    cr_assert_eq(counter_of(executors[0], "refusedOlderAttempt"), 1);
    cr_assert_eq(counter_of(executors[0], "refusedOlderDriver"), 1);
    cr_assert_eq(counter_of(executors[0], "refusedUnknownRun"), 1);
    cr_assert_eq(counter_of(executors[0], "duplicateRequests"), 2);

    /* A newer driver's run of the query ends the older one. */
    fill_start(&d, &start, "newer");
    cr_assert_eq(ask_ack(&d, clients[0], WEIR_FRAME_START_QUERY, 8, &start.base), WEIR_OK);
    fill_start(&d, &start, "older");
    cr_assert_eq(ask_ack(&d, clients[0], WEIR_FRAME_START_QUERY, 7, &start.base), WEIR_FENCED);
    cr_assert_eq(counter_of(executors[0], "queries"), 1);
    Weir__StopQuery stop = WEIR__STOP_QUERY__INIT;
    stop.run_id = (char *)(uintptr_t) "run";
    for (int i = 0; i < 2; i++)
        cr_assert_eq(ask_ack(&d, clients[i], WEIR_FRAME_STOP_QUERY, 0, &stop.base), WEIR_OK);
    for (int i = 0; i < 2; i++) {
        d.transport->ops->client_close(clients[i]);
        weir_executor_stop(executors[i]);
    }
    close_driver(&d);
}

/* The peer's half of the attempt never comes: it answers not_ready, so the link is known to be whole; then a
 * newer attempt takes over and a fetch of the older one is refused. */
WEIR_TEST(executor, a_newer_attempt_takes_over_from_one_that_waits) {
    test_driver d;
    open_driver(&d);
    weir_executor *executors[2];
    start_two(&d, executors);
    char *urls[2] = {d.urls[0], d.urls[1]};
    weir_client *client = connect_to(&d, urls[0]);
    Weir__StartQuery start;
    Weir__RunEpoch epoch, alone;
    question waiting, copy, newer;
    fill_start(&d, &start, "run");
    cr_assert_eq(ask_ack(&d, client, WEIR_FRAME_START_QUERY, 7, &start.base), WEIR_OK);
    fill_epoch(&d, &epoch, "run", 1, urls, 2, 0);
    ask_epoch(&d, client, &waiting, 7, &epoch);
    ask_epoch(&d, client, &copy, 7, &epoch);
    usleep(3200000); /* longer than the deadline of one answer */
    cr_assert_not(waiting.done, "the stage's wait is nobody's failure");
    cr_assert_gt(counter_of(executors[1], "fetchesNotReady") + counter_of(executors[0], "fetchesNotReady"),
                 2);
    fill_epoch(&d, &alone, "run", 2, urls, 1, 0);
    ask_epoch(&d, client, &newer, 7, &alone);
    epoch_result result = take_report(&newer);
    cr_assert(result.code == WEIR_OK && result.rows == ROWS);
    cr_assert_eq(take_report(&waiting).code, WEIR_CANCELLED);
    cr_assert_eq(take_report(&copy).code, WEIR_CANCELLED, "a copy gets the same answer");

    Weir__FetchBlocks fetch = WEIR__FETCH_BLOCKS__INIT;
    fetch.run_id = (char *)(uintptr_t) "run";
    fetch.attempt = 1;
    uint32_t partition = 0;
    fetch.partitions = &partition;
    fetch.n_partitions = 1;
    send_question(&d, client, &copy, WEIR_FRAME_FETCH_BLOCKS, 7, &fetch.base);
    ProtobufCMessage *blocks = take_answer(&copy, WEIR_FRAME_BLOCKS, &weir__blocks__descriptor, NULL);
    cr_assert_eq(code_of(((Weir__Blocks *)blocks)->error), WEIR_CANCELLED);
    protobuf_c_message_free_unpacked(blocks, NULL);
    cr_assert_eq(counter_of(executors[0], "refusedFetch"), 1);
    d.transport->ops->client_close(client);
    for (int i = 0; i < 2; i++)
        weir_executor_stop(executors[i]);
    close_driver(&d);
}

WEIR_TEST(executor, names_the_peer_that_is_gone) {
    test_driver d;
    open_driver(&d);
    weir_executor *executors[2];
    start_two(&d, executors);
    char *urls[2] = {d.urls[0], d.urls[1]};
    weir_client *client = connect_to(&d, urls[0]);
    Weir__StartQuery start;
    Weir__RunEpoch epoch;
    question q;
    fill_start(&d, &start, "run");
    cr_assert_eq(ask_ack(&d, client, WEIR_FRAME_START_QUERY, 7, &start.base), WEIR_OK);
    weir_executor_stop(executors[1]);
    fill_epoch(&d, &epoch, "run", 1, urls, 2, 0);
    ask_epoch(&d, client, &q, 7, &epoch);
    epoch_result result = take_report(&q);
    cr_assert_eq(result.code, WEIR_RPC_ERROR);
    cr_assert_eq(result.failed_peer, 1);
    d.transport->ops->client_close(client);
    weir_executor_stop(executors[0]);
    close_driver(&d);
}
