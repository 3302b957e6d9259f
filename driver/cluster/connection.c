/* Requests to executors (cluster.h). A request is known to its connection until it is answered, so that
 * losing the executor ends it at once; the transport's own answer, which may come much later, then only frees
 * it.
 *
 * A request without a deadline (an epoch) would hang on a link that swallows packets one way while heartbeats
 * still come the other way. So an executor that has requests out is asked for its status now and then, over
 * the same connection; no answer within the time-out means that it is lost. The same question is put first of
 * all: an executor whose announced address is wrong never gets an epoch.
 *
 * A message can also get lost where both ends live: its request id arrives changed, or the answer's does. So
 * a request without a deadline is asked again while there is no answer: the executor joins it to the one that
 * runs, starts it where it never came, and answers again where the answer is known. */
#include "common/base/alloc.h"
#include "driver/cluster/cluster_int.h"

#define ASK_AGAIN_MS 4000 /* not with the 3 s of a fetch whose peer is cut off */

struct weir_pending {
    weir_event event;
    weir_loop *loop;
    weir_connection *connection; /* valid until `ended` */
    weir_pending *next, *previous;
    weir_cluster_done done;
    void *data;
    bool ended;           /* answered already, or nobody waits any more */
    weir_buffer *message; /* of a request without a deadline: to ask again */
    int64_t asked_us;
    /* by the transport's thread, before it posts */
    weir_buffer *reply;
    weir_error *error;
};

static weir_transport *transport_of(const weir_cluster *cluster) {
    return cluster->options.env->transport;
}

weir_connection *weir_connection_find(weir_cluster *cluster, uint32_t executor) {
    weir_connection *connection = cluster->connections;
    while (connection && connection->executor != executor)
        connection = connection->next;
    return connection;
}

weir_code weir_connection_open(weir_cluster *cluster, uint32_t executor, const char *url, weir_error **err) {
    weir_client *client = NULL;
    WEIR_TRY(transport_of(cluster)->ops->connect(transport_of(cluster), url, &client, err));
    weir_connection *connection = weir_alloc_zero(1, sizeof *connection);
    connection->cluster = cluster;
    connection->executor = executor;
    connection->client = client;
    connection->next = cluster->connections;
    cluster->connections = connection;
    return WEIR_OK;
}

/* ---- requests ---- */

static void free_pending(weir_pending *p) {
    weir_buffer_unref(p->message);
    weir_buffer_unref(p->reply);
    weir_error_free(p->error);
    weir_free(p);
}

static void link_pending(weir_connection *connection, weir_pending *p) {
    p->connection = connection;
    p->next = connection->pendings;
    if (p->next)
        p->next->previous = p;
    connection->pendings = p;
}

static void unlink_pending(weir_pending *p) {
    if (!p->connection)
        return;
    if (p->previous)
        p->previous->next = p->next;
    else
        p->connection->pendings = p->next;
    if (p->next)
        p->next->previous = p->previous;
}

/* The transport failed: the request may have been executed or not, and the executor may be gone. */
static void blame_executor(weir_pending *p) {
    weir_connection *connection = p->connection;
    if (!connection || weir_error_code(p->error) == WEIR_CANCELLED)
        return;
    weir_error_contextf(&p->error, "executor %u", connection->executor);
    weir_cluster_suspect(connection->cluster, connection->executor);
}

static void request_done(void *data, weir_buffer *reply, weir_error *error);

static bool ask(weir_pending *p) {
    weir_cluster *cluster = p->connection->cluster;
    weir_transport *transport = transport_of(cluster);
    weir_buffer *copy = transport->ops->alloc(transport, p->message->size);
    if (!copy)
        return false;
    memcpy(copy->data, p->message->data, p->message->size);
    p->asked_us = weir_env_monotonic_us(cluster->options.env);
    transport->ops->request(p->connection->client, copy, ASK_AGAIN_MS, request_done, p);
    return true;
}

/* Whether the question was put again: only where it waited its time, not where the connection broke. */
static bool asked_again(weir_pending *p) {
    if (!p->error || !p->message || !p->connection)
        return false;
    const weir_cluster *cluster = p->connection->cluster;
    int64_t waited_us = weir_env_monotonic_us(cluster->options.env) - p->asked_us;
    if (waited_us < ASK_AGAIN_MS * INT64_C(900) || weir_error_code(p->error) != WEIR_RPC_ERROR)
        return false;
    weir_error *error = p->error;
    p->error = NULL;
    if (ask(p)) {
        weir_error_free(error);
        return true;
    }
    p->error = error;
    return false;
}

static void pending_event(weir_event *event) {
    weir_pending *p = (weir_pending *)event;
    if (p->ended) {
        free_pending(p);
        return;
    }
    if (asked_again(p))
        return;
    if (p->error)
        blame_executor(p);
    unlink_pending(p);
    weir_frame frame = {0};
    if (!p->error && weir_frame_decode(p->reply, &frame, &p->error) != WEIR_OK)
        weir_error_contextf(&p->error, "reply of an executor");
    p->done(p->data, p->error ? NULL : &frame, p->error);
    free_pending(p);
}

/* On a transport thread. */
static void request_done(void *data, weir_buffer *reply, weir_error *error) {
    weir_pending *p = data;
    p->reply = reply;
    p->error = error;
    weir_loop_post(p->loop, &p->event);
}

void weir_cluster_request(weir_cluster *cluster, uint32_t executor, weir_frame_kind kind,
                          uint64_t driver_epoch, const ProtobufCMessage *message, int32_t timeout_ms,
                          weir_cluster_done done, void *data) {
    weir_pending *p = weir_alloc_zero(1, sizeof *p);
    p->event.run = pending_event;
    p->loop = cluster->options.loop;
    p->done = done;
    p->data = data;
    weir_connection *connection = weir_connection_find(cluster, executor);
    weir_transport *transport = transport_of(cluster);
    weir_buffer *out = NULL;
    if (!connection)
        weir_error_failf(&p->error, WEIR_EXECUTOR_LOST, "executor %u is lost", executor);
    if (!connection ||
        weir_frame_encode(transport, kind, driver_epoch, message, NULL, 0, &out, &p->error) != WEIR_OK) {
        weir_loop_post(p->loop, &p->event);
        return;
    }
    link_pending(connection, p);
    const weir_member *member = weir_membership_find(cluster->membership, executor);
    if (timeout_ms >= 0 || (member && member->in_process)) { /* nothing gets lost within a process */
        transport->ops->request(connection->client, out, timeout_ms, request_done, p);
        return;
    }
    p->message = out;
    if (!ask(p)) {
        weir_error_failf(&p->error, WEIR_RPC_ERROR, "no memory for a request");
        weir_loop_post(p->loop, &p->event);
    }
}

/* ---- ending ---- */

typedef struct closing {
    weir_step step;
    const weir_transport_ops *ops;
    weir_client *client;
} closing;

static void close_work(weir_step *step) {
    closing *c = (closing *)step;
    c->ops->client_close(c->client); /* waits for its callbacks */
}

static void close_done(weir_step *step) {
    weir_free(step);
}

static void unlink_connection(weir_connection *connection) {
    weir_connection **at = &connection->cluster->connections;
    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
}

static void end_pendings(weir_connection *connection, const weir_error *error) {
    weir_pending *p;
    while ((p = connection->pendings)) {
        unlink_pending(p);
        p->ended = true;
        p->connection = NULL;
        p->done(p->data, NULL, error);
    }
}

void weir_connection_end(weir_connection *connection, const weir_error *error) {
    const weir_cluster_options *options = &connection->cluster->options;
    closing *c = weir_alloc_zero(1, sizeof *c);
    c->step.work = close_work;
    c->step.done = close_done;
    c->ops = transport_of(connection->cluster)->ops;
    c->client = connection->client;
    unlink_connection(connection); /* first: who is answered may ask again */
    end_pendings(connection, error);
    weir_free(connection);
    weir_loop_start_step(options->loop, options->pool, &c->step);
}

void weir_connections_take(weir_cluster *cluster) {
    int32_t count = 0;
    for (weir_connection *c = cluster->connections; c; c = c->next)
        count++;
    cluster->closing_clients = weir_alloc_zero((size_t)WEIR_MAX(count, 1), sizeof(weir_client *));
    _cleanup_error_ weir_error *err = NULL;
    weir_error_failf(&err, WEIR_CANCELLED, "the driver ends");
    weir_connection *c;
    while ((c = cluster->connections)) {
        cluster->connections = c->next;
        cluster->closing_clients[cluster->closing_count++] = c->client;
        end_pendings(c, err);
        weir_free(c);
    }
}

/* ---- life signs ---- */

typedef struct ping {
    weir_cluster *cluster;
    uint32_t executor;
    int64_t sent_us;
} ping;

static void took_no_answer(weir_connection *connection, const ping *question) {
    weir_cluster *cluster = connection->cluster;
    const weir_member *member = weir_membership_find(cluster->membership, question->executor);
    int64_t waited_us = weir_env_monotonic_us(cluster->options.env) - question->sent_us;
    if (waited_us < cluster->options.timeout_ms * 900)
        return; /* a broken connection: it is asked again */
    if (member && !member->reachable)
        weir_log_write(cluster->options.log, WEIR_LOG_WARN, "cluster",
                       "executor %u registered as %s, but does not answer there: it gets no work", member->id,
                       member->url);
    else
        weir_cluster_lose(cluster, question->executor, "it does not answer");
}

static void answered(void *data, const weir_frame *reply, const weir_error *error) {
    ping *question = data;
    (void)error;
    weir_cluster *cluster = question->cluster;
    weir_connection *connection = weir_connection_find(cluster, question->executor);
    weir_member *member = weir_membership_find(cluster->membership, question->executor);
    if (connection)
        connection->pinging = false;
    if (connection && !reply)
        took_no_answer(connection, question);
    if (member && reply && !member->reachable) {
        member->reachable = true;
        cluster->options.hooks.changed(cluster->options.hooks.data);
    }
    weir_free(question);
}

/* A request that was on its way when the connection broke may wait for the next one, unanswered by the
 * transport. Where none has come from one check to the next its executor is taken for gone, and the attempt
 * goes on elsewhere instead of waiting for the heartbeats' time-out. */
static bool end_unsent(weir_connection *connection) {
    weir_cluster *cluster = connection->cluster;
    bool closed = !transport_of(cluster)->ops->client_is_open(connection->client);
    bool twice = closed && connection->closed;
    connection->closed = closed;
    weir_pending *list = connection->pendings;
    if (!twice || !list)
        return false;
    _cleanup_error_ weir_error *err = NULL;
    weir_error_failf(&err, WEIR_RPC_ERROR, "executor %u: the connection is gone", connection->executor);
    weir_cluster_suspect(cluster, connection->executor);
    connection->pendings = NULL; /* who is answered may ask again, or lose the executor */
    for (weir_pending *p = list, *next; p; p = next) {
        next = p->next;
        p->ended = true;
        p->connection = NULL;
        p->done(p->data, NULL, err);
    }
    return true;
}

void weir_connection_check(weir_connection *connection, int64_t now_us) {
    weir_cluster *cluster = connection->cluster;
    const weir_member *member = weir_membership_find(cluster->membership, connection->executor);
    if (member && !member->in_process && member->reachable && end_unsent(connection))
        return;
    bool due = !connection->ping_us || now_us - connection->ping_us >= cluster->options.timeout_ms * 500;
    if (!member || member->in_process || connection->pinging || !due ||
        (member->reachable && !connection->pendings))
        return;
    connection->pinging = true;
    connection->ping_us = now_us;
    ping *question = weir_alloc(sizeof *question);
    *question = (ping){cluster, connection->executor, now_us};
    Weir__GetStatus message = WEIR__GET_STATUS__INIT;
    weir_cluster_request(cluster, connection->executor, WEIR_FRAME_GET_STATUS, 0, &message.base,
                         (int32_t)cluster->options.timeout_ms, answered, question);
}
