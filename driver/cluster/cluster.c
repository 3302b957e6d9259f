/* Addresses and membership of a cluster (cluster.h): REGISTER and HEARTBEAT are answered here, other messages
 * go to the driver; a tick looks for executors that are silent.
 *
 * Failure modes: a message that is no frame, of a wrong kind or of somebody unknown is answered with an error
 * and changes nothing. Losing an executor ends its requests first, then tells nobody: who waited for an
 * answer has one, and the next attempt asks who is there. */
#include "driver/cluster/cluster.h"

#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "driver/cluster/cluster_int.h"

#define APART_US (INT64_C(30) * 1000 * 1000)
#define TICK_US_MIN (INT64_C(10) * 1000)
#define TICK_US_MAX (INT64_C(200) * 1000)

static int64_t now_of(const weir_cluster *cluster) {
    return weir_env_monotonic_us(cluster->options.env);
}

/* ---- losing ---- */

void weir_cluster_lose(weir_cluster *cluster, uint32_t executor, const char *reason) {
    weir_member *member = weir_membership_find(cluster->membership, executor);
    if (!member)
        return;
    _cleanup_error_ weir_error *err = NULL;
    weir_error_failf(&err, WEIR_EXECUTOR_LOST, "executor %u (%s) is lost: %s", executor, member->url, reason);
    weir_log_write(cluster->options.log, member->drained_told ? WEIR_LOG_INFO : WEIR_LOG_WARN, "cluster",
                   "%s", member->drained_told ? "a drained executor has left" : weir_error_message(err));
    weir_membership_remove(cluster->membership, executor);
    weir_connection *connection = weir_connection_find(cluster, executor);
    if (connection)
        weir_connection_end(connection, err);
}

void weir_cluster_suspect(weir_cluster *cluster, uint32_t executor) {
    if (weir_membership_suspect(cluster->membership, executor))
        weir_log_write(cluster->options.log, WEIR_LOG_INFO, "cluster",
                       "executor %u: its connection broke; it waits for its next heartbeat", executor);
}

/* ---- the tick ---- */

static int64_t tick_us(const weir_cluster_options *options) {
    return WEIR_MIN(WEIR_MAX(options->heartbeat_ms * 500, TICK_US_MIN), TICK_US_MAX);
}

static void tick_event(weir_event *event) {
    weir_cluster *cluster =
        (weir_cluster *)((char *)event - offsetof(weir_cluster, tick) - offsetof(weir_timer, event));
    uint32_t silent[WEIR_EXECUTORS_MAX];
    int64_t now_us = now_of(cluster);
    int32_t count = weir_membership_tick(cluster->membership, now_us, silent, WEIR_EXECUTORS_MAX);
    for (int32_t i = 0; i < count; i++)
        weir_cluster_lose(cluster, silent[i], "it has sent no heartbeat in time");
    bool again = false;
    for (weir_connection *c = cluster->connections, *next; c; c = next) {
        next = c->next;
        weir_connection_check(c, now_us);
    }
    for (int32_t i = 0; i < weir_membership_count(cluster->membership); i++) {
        weir_member *member = weir_membership_at(cluster->membership, i);
        again |= !member->in_process;
        if (member->apart_until_us && member->apart_until_us <= now_us) {
            member->apart_until_us = 0;
            cluster->options.hooks.changed(cluster->options.hooks.data);
        }
    }
    if (again && !cluster->closing)
        weir_loop_arm(cluster->options.loop, &cluster->tick, now_us + tick_us(&cluster->options));
}

/* ---- messages ---- */

void weir_cluster_reply(weir_cluster *cluster, weir_call *call, weir_frame_kind kind,
                        const ProtobufCMessage *message) {
    weir_transport *transport = cluster->options.env->transport;
    weir_buffer *out = NULL;
    _cleanup_error_ weir_error *err = NULL;
    if (weir_frame_encode(transport, kind, 0, message, NULL, 0, &out, &err) != WEIR_OK) {
        weir_log_write(cluster->options.log, WEIR_LOG_ERROR, "cluster", "reply: %s", weir_error_text(err));
        out = transport->ops->alloc(transport, 0);
    }
    if (out)
        transport->ops->reply(call, out);
}

static weir_code accept_executor(weir_cluster *cluster, const Weir__Register *message, uint32_t *ret_id,
                                 weir_error **err) {
    uint32_t replaced = 0;
    WEIR_TRY(weir_membership_register(cluster->membership, message, now_of(cluster), ret_id, &replaced, err));
    if (replaced)
        weir_cluster_lose(cluster, replaced, "another one has registered at its address");
    if (weir_connection_find(cluster, *ret_id))
        return WEIR_OK;
    weir_code code = weir_connection_open(cluster, *ret_id, message->url, err);
    if (code != WEIR_OK) {
        weir_membership_remove(cluster->membership, *ret_id);
        return code;
    }
    const weir_member *member = weir_membership_find(cluster->membership, *ret_id);
    weir_log_write(cluster->options.log, WEIR_LOG_INFO, "cluster", "executor %u has registered: %s, %u cores",
                   member->id, member->url, member->cores);
    if (member->in_process) {
        cluster->options.hooks.changed(cluster->options.hooks.data);
        return WEIR_OK;
    }
    weir_connection_check(weir_connection_find(cluster, *ret_id), now_of(cluster));
    if (!cluster->tick.armed)
        weir_loop_arm(cluster->options.loop, &cluster->tick, now_of(cluster) + tick_us(&cluster->options));
    return WEIR_OK;
}

static weir_code serve_register(weir_cluster *cluster, weir_call *call, const weir_frame *frame,
                                weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_REGISTER, &weir__register__descriptor, &message, err));
    Weir__Registered reply = WEIR__REGISTERED__INIT;
    weir_code code = accept_executor(cluster, (const Weir__Register *)message, &reply.executor_id, err);
    protobuf_c_message_free_unpacked(message, NULL);
    if (code != WEIR_OK) {
        weir_log_write(cluster->options.log, WEIR_LOG_WARN, "cluster", "an executor is refused: %s",
                       err ? weir_error_text(*err) : "");
        return code;
    }
    const weir_member *member = weir_membership_find(cluster->membership, reply.executor_id);
    reply.driver_id = cluster->driver_id;
    reply.has_version = reply.has_heartbeat_ms = reply.has_timeout_ms = 1;
    reply.version = member->version;
    reply.heartbeat_ms = member->in_process ? 0 : (uint32_t)cluster->options.heartbeat_ms;
    reply.timeout_ms = (uint32_t)cluster->options.timeout_ms;
    weir_cluster_reply(cluster, call, WEIR_FRAME_REGISTERED, &reply.base);
    return WEIR_OK;
}

static weir_code serve_heartbeat(weir_cluster *cluster, weir_call *call, const weir_frame *frame,
                                 weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_HEARTBEAT, &weir__heartbeat__descriptor, &message, err));
    bool back = false, drained = false;
    weir_code code = weir_membership_heartbeat(cluster->membership, (const Weir__Heartbeat *)message,
                                               cluster->driver_id, now_of(cluster), &back, &drained, err);
    protobuf_c_message_free_unpacked(message, NULL);
    if (code != WEIR_OK)
        return code;
    Weir__HeartbeatReply reply = WEIR__HEARTBEAT_REPLY__INIT;
    reply.has_drained = drained;
    reply.drained = drained;
    weir_cluster_reply(cluster, call, WEIR_FRAME_HEARTBEAT_REPLY, &reply.base);
    if (back)
        cluster->options.hooks.changed(cluster->options.hooks.data);
    return WEIR_OK;
}

/* In the form that the caller of this kind expects. */
static void refuse(weir_cluster *cluster, weir_call *call, weir_frame_kind kind, const weir_error *error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__ErrorInfo info;
    weir_error_to_wire(arena, error, &info);
    Weir__Registered registered = WEIR__REGISTERED__INIT;
    Weir__HeartbeatReply heartbeat = WEIR__HEARTBEAT_REPLY__INIT;
    Weir__Ack ack = WEIR__ACK__INIT;
    registered.error = heartbeat.error = ack.error = &info;
    if (kind == WEIR_FRAME_REGISTER)
        weir_cluster_reply(cluster, call, WEIR_FRAME_REGISTERED, &registered.base);
    else if (kind == WEIR_FRAME_HEARTBEAT)
        weir_cluster_reply(cluster, call, WEIR_FRAME_HEARTBEAT_REPLY, &heartbeat.base);
    else
        weir_cluster_reply(cluster, call, WEIR_FRAME_ACK, &ack.base);
}

static weir_code dispatch(weir_cluster *cluster, weir_call *call, const weir_frame *frame, weir_error **err) {
    if (frame->kind == WEIR_FRAME_REGISTER)
        return serve_register(cluster, call, frame, err);
    if (frame->kind == WEIR_FRAME_HEARTBEAT)
        return serve_heartbeat(cluster, call, frame, err);
    if (cluster->options.hooks.serve(cluster->options.hooks.data, call, frame))
        return WEIR_OK;
    WEIR_FAIL(err, RPC_ERROR, "message kind %d is not for a driver", (int)frame->kind);
}

typedef struct incoming {
    weir_event event;
    weir_cluster *cluster;
    weir_call *call;
    weir_buffer *message;
} incoming;

static void incoming_event(weir_event *event) {
    incoming *in = (incoming *)event;
    _cleanup_error_ weir_error *err = NULL;
    weir_frame frame = {0};
    if (!in->cluster->closing && (weir_frame_decode(in->message, &frame, &err) != WEIR_OK ||
                                  dispatch(in->cluster, in->call, &frame, &err) != WEIR_OK))
        refuse(in->cluster, in->call, frame.kind, err);
    weir_buffer_unref(in->message);
    weir_free(in);
}

/* On a transport thread; the transport bounds how many calls are served at once. */
static void serve(void *data, weir_call *call, weir_buffer *message) {
    weir_cluster *cluster = data;
    incoming *in = weir_alloc_zero(1, sizeof *in);
    in->event.run = incoming_event;
    in->cluster = cluster;
    in->call = call;
    in->message = weir_buffer_ref(message);
    weir_loop_post(cluster->options.loop, &in->event);
}

/* ---- life ---- */

static weir_code listen_all(weir_cluster *cluster, weir_error **err) {
    weir_transport *transport = cluster->options.env->transport;
    for (int32_t i = 0; i < WEIR_CLUSTER_URLS_MAX && cluster->options.urls[i]; i++) {
        const char *url = cluster->options.urls[i];
        WEIR_TRY(transport->ops->listen(transport, url, serve, cluster, &cluster->servers[i], err));
        cluster->urls[i] = weir_strdup(transport->ops->server_url(cluster->servers[i]));
        cluster->servers_count++;
    }
    return WEIR_OK;
}

weir_code weir_cluster_new(const weir_cluster_options *options, weir_cluster **ret, weir_error **err) {
    weir_cluster *cluster = weir_alloc_zero(1, sizeof *cluster);
    cluster->options = *options;
    cluster->tick.event.run = tick_event;
    weir_env_uuid(options->env, cluster->driver_id);
    weir_membership_options rules = {options->timeout_ms * 1000, tick_us(options), APART_US};
    cluster->membership = weir_membership_new(&rules);
    weir_code code = listen_all(cluster, err);
    if (code != WEIR_OK) {
        weir_cluster_free(cluster);
        return code;
    }
    *ret = cluster;
    return WEIR_OK;
}

static void close_all(weir_cluster *cluster) {
    const weir_transport_ops *ops = cluster->options.env->transport->ops;
    for (int32_t i = 0; i < cluster->closing_count; i++)
        ops->client_close(cluster->closing_clients[i]);
    cluster->closing_count = 0;
    for (int32_t i = 0; i < cluster->servers_count; i++)
        ops->server_stop(cluster->servers[i]);
}

static void disconnect_work(weir_step *step) {
    close_all((weir_cluster *)((char *)step - offsetof(weir_cluster, close_step)));
}

static void disconnect_done(weir_step *step) {
    weir_cluster *cluster = (weir_cluster *)((char *)step - offsetof(weir_cluster, close_step));
    cluster->closed(cluster->closed_data);
}

static void begin_closing(weir_cluster *cluster) {
    cluster->closing = true;
    weir_connections_take(cluster);
}

void weir_cluster_disconnect(weir_cluster *cluster, void (*done)(void *data), void *data) {
    cluster->closed = done;
    cluster->closed_data = data;
    weir_loop_disarm(cluster->options.loop, &cluster->tick);
    begin_closing(cluster);
    cluster->close_step.work = disconnect_work;
    cluster->close_step.done = disconnect_done;
    weir_loop_start_step(cluster->options.loop, cluster->options.pool, &cluster->close_step);
}

void weir_cluster_shut(weir_cluster *cluster) {
    if (!cluster->closing)
        begin_closing(cluster);
    close_all(cluster);
}

void weir_cluster_free(weir_cluster *cluster) {
    if (!cluster)
        return;
    weir_cluster_shut(cluster);
    for (int32_t i = 0; i < cluster->servers_count; i++) {
        cluster->options.env->transport->ops->server_close(cluster->servers[i]);
        weir_free(cluster->urls[i]);
    }
    weir_free(cluster->closing_clients);
    weir_membership_free(cluster->membership);
    weir_free(cluster);
}

const char *weir_cluster_url(const weir_cluster *cluster, int32_t index) {
    return index < cluster->servers_count ? cluster->urls[index] : NULL;
}

const char *weir_cluster_driver_id(const weir_cluster *cluster) {
    return cluster->driver_id;
}

bool weir_cluster_is_tls(const weir_cluster *cluster) {
    for (int32_t i = 0; i < cluster->servers_count; i++)
        if (strncmp(cluster->urls[i], "tls+", 4) == 0)
            return true;
    return false;
}

/* ---- members of attempts ---- */

int32_t weir_cluster_members(weir_cluster *cluster, weir_arena *arena, weir_cluster_member **ret) {
    int32_t all = weir_membership_count(cluster->membership), count = 0;
    int64_t now_us = now_of(cluster);
    *ret = WEIR_NEW_ARRAY(arena, weir_cluster_member, all);
    for (int32_t i = 0; i < all; i++) {
        const weir_member *member = weir_membership_at(cluster->membership, i);
        if (weir_membership_usable(member, now_us))
            (*ret)[count++] =
                (weir_cluster_member){member->id, member->cores, weir_arena_strdup(arena, member->url),
                                      weir_arena_strdup(arena, member->host)};
    }
    return count;
}

bool weir_cluster_has(weir_cluster *cluster, uint32_t executor) {
    return weir_membership_find(cluster->membership, executor) != NULL;
}

void weir_cluster_hold(weir_cluster *cluster, uint32_t executor) {
    weir_member *member = weir_membership_find(cluster->membership, executor);
    if (member)
        member->epochs++;
}

void weir_cluster_release(weir_cluster *cluster, uint32_t executor) {
    weir_member *member = weir_membership_find(cluster->membership, executor);
    if (member)
        member->epochs--;
}

void weir_cluster_accuse(weir_cluster *cluster, uint32_t reporter, uint32_t accused) {
    uint32_t out = weir_membership_accuse(cluster->membership, reporter, accused, now_of(cluster));
    if (out)
        weir_log_write(cluster->options.log, WEIR_LOG_WARN, "cluster",
                       "executor %u cannot reach executor %u: executor %u gets no work for 30 s", reporter,
                       accused, out);
}
