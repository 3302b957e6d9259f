/* Requests to executors (cluster.h). A request is known to its connection until it is answered, so that
 * losing the executor ends it at once; the transport's own answer, which may come much later, then only frees
 * it.
 *
 * A request without a deadline (an epoch) would hang on a link that swallows packets one way while heartbeats
 * still come the other way. So an executor that has requests out is asked for its status now and then, over
 * the same connection; no answer within the time-out means that it is lost. The same question is put first of
 * all: an executor whose announced address is wrong never gets an epoch. */
#include "common/base/alloc.h"
#include "driver/cluster/cluster_int.h"

struct weir_pending {
    weir_event event;
    weir_loop *loop;
    weir_connection *connection; /* valid until `ended` */
    weir_pending *next, *previous;
    weir_cluster_done done;
    void *data;
    bool ended; /* answered already, or nobody waits any more */
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

static void pending_event(weir_event *event) {
    weir_pending *p = (weir_pending *)event;
    if (p->ended) {
        free_pending(p);
        return;
    }
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
    transport->ops->request(connection->client, out, timeout_ms, request_done, p);
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

void weir_connection_check(weir_connection *connection, int64_t now_us) {
    weir_cluster *cluster = connection->cluster;
    const weir_member *member = weir_membership_find(cluster->membership, connection->executor);
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
