/* The executors of a driver (cluster.h). In the order of registration: a local master launches one after the
 * other. */
#include "driver/cluster/cluster.h"

#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"

typedef struct executor_ref {
    char *url;
    weir_client *client;
} executor_ref;

struct weir_cluster {
    const weir_env *env;
    weir_loop *loop;
    weir_server *server;
    void (*registered)(void *data, int32_t count);
    void *data;
    int32_t count; /* registered */
    executor_ref executors[WEIR_EXECUTORS_MAX];
};

typedef struct registration {
    weir_event event;
    weir_cluster *cluster;
    weir_call *call;
    weir_buffer *message;
} registration;

static weir_code accept_executor(weir_cluster *cluster, const Weir__Register *message, weir_error **err) {
    if (cluster->count == WEIR_EXECUTORS_MAX)
        WEIR_FAIL(err, RPC_ERROR, "there are %d executors, the most that can register", WEIR_EXECUTORS_MAX);
    executor_ref *ref = &cluster->executors[cluster->count];
    weir_transport *transport = cluster->env->transport;
    WEIR_TRY(transport->ops->connect(transport, message->url, &ref->client, err));
    ref->url = weir_strdup(message->url);
    cluster->count++;
    return WEIR_OK;
}

static weir_code handle_register(weir_cluster *cluster, weir_buffer *buffer, uint32_t *ret_id,
                                 weir_error **err) {
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_decode(buffer, &frame, err));
    WEIR_TRY(weir_frame_unpack(&frame, WEIR_FRAME_REGISTER, &weir__register__descriptor, &message, err));
    const Weir__Register *request = (const Weir__Register *)message;
    weir_code code = accept_executor(cluster, request, err);
    *ret_id = (uint32_t)cluster->count - 1;
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

static void registration_event(weir_event *event) {
    registration *r = (registration *)event;
    weir_cluster *cluster = r->cluster;
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    uint32_t id = 0;
    weir_code code = handle_register(cluster, r->message, &id, &err);
    Weir__Registered reply = WEIR__REGISTERED__INIT;
    Weir__ErrorInfo info;
    reply.executor_id = id;
    if (code != WEIR_OK) {
        weir_error_to_wire(arena, err, &info);
        reply.error = &info;
    }
    weir_buffer *out = NULL;
    if (weir_frame_encode(cluster->env->transport, WEIR_FRAME_REGISTERED, 0, &reply.base, NULL, 0, &out,
                          NULL) == WEIR_OK)
        cluster->env->transport->ops->reply(r->call, out);
    weir_buffer_unref(r->message);
    weir_free(r);
    if (code == WEIR_OK)
        cluster->registered(cluster->data, cluster->count);
}

/* On a transport thread: hands over to the loop. */
static void serve(void *data, weir_call *call, weir_buffer *message) {
    weir_cluster *cluster = data;
    registration *r = weir_alloc_zero(1, sizeof *r);
    r->event.run = registration_event;
    r->cluster = cluster;
    r->call = call;
    r->message = weir_buffer_ref(message);
    weir_loop_post(cluster->loop, &r->event);
}

weir_code weir_cluster_new(const weir_env *env, weir_loop *loop, const char *url,
                           void (*registered)(void *data, int32_t count), void *data, weir_cluster **ret,
                           weir_error **err) {
    weir_cluster *cluster = weir_alloc_zero(1, sizeof *cluster);
    cluster->env = env;
    cluster->loop = loop;
    cluster->registered = registered;
    cluster->data = data;
    weir_code code = env->transport->ops->listen(env->transport, url, serve, cluster, &cluster->server, err);
    if (code != WEIR_OK) {
        weir_free(cluster);
        return code;
    }
    *ret = cluster;
    return WEIR_OK;
}

void weir_cluster_disconnect(weir_cluster *cluster) {
    for (int32_t i = 0; i < WEIR_EXECUTORS_MAX; i++) {
        cluster->env->transport->ops->client_close(cluster->executors[i].client);
        cluster->executors[i].client = NULL;
    }
    cluster->env->transport->ops->server_stop(cluster->server);
}

void weir_cluster_free(weir_cluster *cluster) {
    if (!cluster)
        return;
    weir_cluster_disconnect(cluster);
    for (int32_t i = 0; i < WEIR_EXECUTORS_MAX; i++)
        weir_free(cluster->executors[i].url);
    cluster->env->transport->ops->server_close(cluster->server);
    weir_free(cluster);
}

int32_t weir_cluster_count(const weir_cluster *cluster) {
    return cluster->count;
}

const char *weir_cluster_url(const weir_cluster *cluster, int32_t executor) {
    return cluster->executors[executor].url;
}

typedef struct pending {
    weir_event event;
    weir_loop *loop;
    weir_cluster_done done;
    void *data;
    weir_buffer *reply;
    weir_error *error;
} pending;

static void pending_event(weir_event *event) {
    pending *p = (pending *)event;
    weir_frame frame = {0};
    if (!p->error && weir_frame_decode(p->reply, &frame, &p->error) != WEIR_OK)
        weir_error_contextf(&p->error, "reply of an executor");
    p->done(p->data, p->error ? NULL : &frame, p->error);
    weir_buffer_unref(p->reply);
    weir_error_free(p->error);
    weir_free(p);
}

/* On a transport thread. */
static void request_done(void *data, weir_buffer *reply, weir_error *error) {
    pending *p = data;
    p->reply = reply;
    p->error = error;
    weir_loop_post(p->loop, &p->event);
}

void weir_cluster_request(weir_cluster *cluster, int32_t executor, weir_frame_kind kind,
                          uint64_t driver_epoch, const ProtobufCMessage *message, int32_t timeout_ms,
                          weir_cluster_done done, void *data) {
    pending *p = weir_alloc_zero(1, sizeof *p);
    p->event.run = pending_event;
    p->loop = cluster->loop;
    p->done = done;
    p->data = data;
    weir_transport *transport = cluster->env->transport;
    weir_buffer *out = NULL;
    if (weir_frame_encode(transport, kind, driver_epoch, message, NULL, 0, &out, &p->error) != WEIR_OK) {
        weir_loop_post(p->loop, &p->event);
        return;
    }
    transport->ops->request(cluster->executors[executor].client, out, timeout_ms, request_done, p);
}
