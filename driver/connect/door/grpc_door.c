/* The gRPC module: gRPC's C core behind weir_door_ops (connect_door.h). One completion queue, a few threads
 * that take its events; each batch of operations has a tag that counts as a reference to its call, so a call
 * is freed when the service has finished it and every batch has come back.
 *
 *   NEW -> service.begin -> batches READ and CLOSE -> service.message -> ops.send: batch WRITE -> written ...
 *       -> ops.finish: batch STATUS -> (all tags back) -> service.gone
 *
 * Limits: message size, streams a connection, metadata (8 KiB of tokens is the service's), connections (see
 * grpc_acceptor.c). Compressed requests are refused: no client of ours sends them, and they are bombs.
 * Failure modes: a client that is gone shows as failed batches; the service finishes as usual. */
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "driver/connect/door/grpc_door_int.h"

#define CALLS_WAITED_FOR 32
#define TEXT_MAX 8192
#define KEEPALIVE_MS 120000
#define KEEPALIVE_TIMEOUT_MS 20000

typedef enum tag_kind {
    TAG_NEW,
    TAG_READ,
    TAG_WRITE,
    TAG_STATUS,
    TAG_CLOSE,
} tag_kind;

typedef struct call_tag {
    weir_door_call *call;
    tag_kind kind;
} call_tag;

struct weir_door_call {
    weir_door *door;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    call_tag tags[TAG_CLOSE + 1];
    _Atomic int refs;
    void *context;
    grpc_byte_buffer *incoming;
    int was_cancelled;

    pthread_mutex_t lock; /* for what follows */
    bool head_sent, writing, finished;
    weir_door_status status;
    grpc_slice message, details_bin;
};

static void start_batch(weir_door_call *call, const grpc_op *ops, size_t count, tag_kind kind) {
    atomic_fetch_add(&call->refs, 1);
    grpc_call_error failed = grpc_call_start_batch(call->call, ops, count, &call->tags[kind], NULL);
    WEIR_ASSERT(failed == GRPC_CALL_OK);
}

static void start_read(weir_door_call *call) {
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};
    op.data.recv_message.recv_message = &call->incoming;
    start_batch(call, &op, 1, TAG_READ);
}

/* Under the call's lock. */
static void start_status(weir_door_call *call) {
    grpc_metadata trailer = {.key = grpc_slice_from_static_string("grpc-status-details-bin"),
                             .value = call->details_bin};
    grpc_op ops[2];
    size_t count = 0;
    memset(ops, 0, sizeof ops);
    if (!call->head_sent)
        ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    call->head_sent = true;
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.status = (grpc_status_code)call->status;
    ops[count].data.send_status_from_server.status_details = &call->message;
    if (GRPC_SLICE_LENGTH(call->details_bin)) {
        ops[count].data.send_status_from_server.trailing_metadata_count = 1;
        ops[count].data.send_status_from_server.trailing_metadata = &trailer;
    }
    start_batch(call, ops, count + 1, TAG_STATUS);
}

static void free_call(weir_door_call *call) {
    if (call->call)
        grpc_call_unref(call->call);
    grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_slice_unref(call->message);
    grpc_slice_unref(call->details_bin);
    pthread_mutex_destroy(&call->lock);
    weir_free(call);
}

static void unref(weir_door_call *call) {
    if (atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    weir_door *door = call->door;
    if (call->context)
        door->service.gone(call->context);
    free_call(call);
    pthread_mutex_lock(&door->lock);
    door->calls_open--;
    pthread_cond_broadcast(&door->idle);
    pthread_mutex_unlock(&door->lock);
}

/* Asks gRPC for one more call. */
static void arm(weir_door *door) {
    weir_door_call *call = weir_alloc_zero(1, sizeof *call);
    call->door = door;
    call->refs = 1; /* the finish that the service owes */
    call->message = grpc_empty_slice();
    call->details_bin = grpc_empty_slice();
    pthread_mutex_init(&call->lock, NULL);
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    for (int kind = 0; kind <= TAG_CLOSE; kind++)
        call->tags[kind] = (call_tag){call, (tag_kind)kind};
    pthread_mutex_lock(&door->lock); /* against close: no request after the shutdown */
    bool closing = door->closing;
    if (!closing) {
        grpc_call_error failed =
            grpc_server_request_call(door->server, &call->call, &call->details, &call->metadata, door->queue,
                                     door->queue, &call->tags[TAG_NEW]);
        WEIR_ASSERT(failed == GRPC_CALL_OK);
        door->calls_open++;
    }
    pthread_mutex_unlock(&door->lock);
    if (closing)
        free_call(call);
}

/* --- a new call --- */

static void copy_text(char *target, grpc_slice slice) {
    size_t size = GRPC_SLICE_LENGTH(slice);
    if (size >= TEXT_MAX)
        size = 0;
    memcpy(target, GRPC_SLICE_START_PTR(slice), size);
    target[size] = '\0';
}

/* Reads "fd:17" and "ipv4:10.0.0.1:4711"; the descriptor, or -1. */
static int parse_peer(const char *peer, char *ret_host, size_t host_size) {
    int fd = -1;
    ret_host[0] = '\0';
    const char *colon = strchr(peer, ':');
    const char *last = strrchr(peer, ':');
    if (sscanf(peer, "fd:%d", &fd) == 1) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        if (getpeername(fd, (struct sockaddr *)&address, &size) != 0 ||
            getnameinfo((struct sockaddr *)&address, size, ret_host, (socklen_t)host_size, NULL, 0,
                        NI_NUMERICHOST) != 0)
            ret_host[0] = '\0';
        return fd;
    }
    if (colon && last > colon)
        snprintf(ret_host, host_size, "%.*s", (int)(last - colon - 1), colon + 1);
    return -1;
}

static void find_header(const weir_door_call *call, const char *name, char *ret_text) {
    ret_text[0] = '\0';
    for (size_t i = 0; i < call->metadata.count; i++)
        if (grpc_slice_str_cmp(call->metadata.metadata[i].key, name) == 0)
            copy_text(ret_text, call->metadata.metadata[i].value);
}

static void begin_call(weir_door_call *call) {
    weir_door *door = call->door;
    char method[TEXT_MAX], authorization[TEXT_MAX], user_agent[TEXT_MAX], host[256];
    char *peer = grpc_call_get_peer(call->call);
    int fd = parse_peer(peer, host, sizeof host);
    copy_text(method, call->details.method);
    find_header(call, "authorization", authorization);
    find_header(call, "user-agent", user_agent);
    weir_door_head head = {method, authorization, user_agent, peer, host};
    const char *message = "";
    weir_door_status status = door->service.begin(door->service.self, call, &head, &call->context, &message);
    explicit_bzero(authorization, sizeof authorization);
    gpr_free(peer);
    if (door->acceptor && status == WEIR_DOOR_OK)
        door_acceptor_saw_call(door->acceptor, fd);

    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    op.data.recv_close_on_server.cancelled = &call->was_cancelled;
    if (status != WEIR_DOOR_OK)
        call->context = NULL;
    atomic_fetch_add(&call->refs, 1); /* until this function is done with it */
    start_batch(call, &op, 1, TAG_CLOSE);
    if (status != WEIR_DOOR_OK) {
        pthread_mutex_lock(&call->lock);
        call->finished = true;
        call->status = status;
        call->message = grpc_slice_from_copied_string(message);
        start_status(call);
        pthread_mutex_unlock(&call->lock);
        unref(call); /* no finish is owed */
    } else {
        start_read(call);
    }
    unref(call);
}

/* --- events --- */

static void release_slice(void *owner) {
    grpc_slice *slice = owner;
    grpc_slice_unref(*slice);
    weir_free(slice);
}

/* The message as one range: without a copy where gRPC has it so. */
static weir_door_bytes take_message(weir_door_call *call, bool ok) {
    weir_door_bytes bytes = {0};
    grpc_byte_buffer *buffer = call->incoming;
    call->incoming = NULL;
    grpc_byte_buffer_reader reader;
    if (!buffer)
        return bytes;
    if (ok && grpc_byte_buffer_reader_init(&reader, buffer)) {
        grpc_slice *slice = weir_alloc(sizeof *slice);
        size_t size = grpc_byte_buffer_length(buffer);
        if (!grpc_byte_buffer_reader_next(&reader, slice)) {
            *slice = grpc_empty_slice();
        } else if (GRPC_SLICE_LENGTH(*slice) < size) {
            grpc_slice whole = grpc_slice_malloc_large(size);
            size_t at = 0;
            do {
                memcpy(GRPC_SLICE_START_PTR(whole) + at, GRPC_SLICE_START_PTR(*slice),
                       GRPC_SLICE_LENGTH(*slice));
                at += GRPC_SLICE_LENGTH(*slice);
                grpc_slice_unref(*slice);
            } while (grpc_byte_buffer_reader_next(&reader, slice));
            *slice = whole;
        }
        /* Small slices hold their bytes inside: the pointer is taken from the copy on the heap. */
        bytes =
            (weir_door_bytes){GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice), release_slice, slice};
        grpc_byte_buffer_reader_destroy(&reader);
    }
    grpc_byte_buffer_destroy(buffer);
    return bytes;
}

static void handle_written(weir_door_call *call, bool ok) {
    pthread_mutex_lock(&call->lock);
    call->writing = false;
    bool finished = call->finished;
    if (finished)
        start_status(call);
    pthread_mutex_unlock(&call->lock);
    if (finished)
        unref(call); /* the finish that was owed is under way */
    else
        call->door->service.written(call->context, ok);
}

static void handle(weir_door_call *call, tag_kind kind, bool ok) {
    switch (kind) {
    case TAG_NEW:
        if (ok) {
            arm(call->door);
            begin_call(call);
        } else { /* the door closes */
            unref(call);
        }
        return; /* NEW holds no reference of its own */
    case TAG_READ:
        call->door->service.message(call->context, take_message(call, ok));
        break;
    case TAG_WRITE:
        handle_written(call, ok);
        break;
    case TAG_CLOSE:
        if (call->was_cancelled && call->context)
            call->door->service.cancelled(call->context);
        break;
    case TAG_STATUS:
        break;
    }
    unref(call);
}

static void *event_thread(void *data) {
    weir_door *door = data;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(door->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.type != GRPC_OP_COMPLETE)
            continue;
        if (event.tag == door) {
            pthread_mutex_lock(&door->lock);
            door->server_down = true;
            pthread_cond_broadcast(&door->idle);
            pthread_mutex_unlock(&door->lock);
            continue;
        }
        call_tag *tag = event.tag;
        handle(tag->call, tag->kind, event.success);
    }
}

/* --- what the service does with a call --- */

static void door_read(weir_door_call *call) {
    pthread_mutex_lock(&call->lock);
    if (!call->finished)
        start_read(call);
    pthread_mutex_unlock(&call->lock);
}

static void release_parts(const weir_door_bytes *parts, int count) {
    for (int i = 0; i < count; i++)
        if (parts[i].release)
            parts[i].release(parts[i].owner);
}

static void ignore_release(void *owner) {
    (void)owner;
}

static grpc_byte_buffer *make_buffer(const weir_door_bytes *parts, int count) {
    enum { PARTS_MAX = 4 };
    WEIR_ASSERT(count >= 1 && count <= PARTS_MAX);
    grpc_slice slices[PARTS_MAX];
    for (int i = 0; i < count; i++)
        slices[i] = grpc_slice_new_with_user_data((void *)parts[i].data, parts[i].size,
                                                  parts[i].release ? parts[i].release : ignore_release,
                                                  parts[i].owner);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(slices, (size_t)count);
    for (int i = 0; i < count; i++)
        grpc_slice_unref(slices[i]);
    return buffer;
}

/* Sends a message, and with `last` the status OK behind it. False: the call is finished already. */
static bool send_message(weir_door_call *call, const weir_door_bytes *parts, int count, bool last) {
    pthread_mutex_lock(&call->lock);
    if (call->finished) {
        pthread_mutex_unlock(&call->lock);
        release_parts(parts, count);
        return false;
    }
    WEIR_ASSERT(!call->writing);
    grpc_byte_buffer *buffer = make_buffer(parts, count);
    grpc_op ops[3];
    size_t ops_count = 0;
    memset(ops, 0, sizeof ops);
    if (!call->head_sent)
        ops[ops_count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[ops_count].op = GRPC_OP_SEND_MESSAGE;
    ops[ops_count++].data.send_message.send_message = buffer;
    if (last)
        ops[ops_count++].op = GRPC_OP_SEND_STATUS_FROM_SERVER; /* zero: OK without text */
    call->head_sent = true;
    call->writing = !last;
    call->finished = last;
    start_batch(call, ops, ops_count, last ? TAG_STATUS : TAG_WRITE);
    pthread_mutex_unlock(&call->lock);
    grpc_byte_buffer_destroy(buffer);
    return true;
}

static void door_send(weir_door_call *call, const weir_door_bytes *parts, int count) {
    send_message(call, parts, count, false);
}

static void door_reply(weir_door_call *call, const weir_door_bytes *parts, int count) {
    bool owed = send_message(call, parts, count, true);
    WEIR_ASSERT(owed);
    unref(call);
}

static void door_finish(weir_door_call *call, weir_door_status status, const char *message,
                        const void *details, size_t details_size) {
    pthread_mutex_lock(&call->lock);
    WEIR_ASSERT(!call->finished);
    call->finished = true;
    call->status = status;
    call->message = grpc_slice_from_copied_string(message ? message : "");
    if (details_size)
        call->details_bin = grpc_slice_from_copied_buffer(details, details_size);
    bool now = !call->writing;
    if (now)
        start_status(call);
    pthread_mutex_unlock(&call->lock);
    if (now)
        unref(call);
}

/* --- the door --- */

static grpc_server_credentials *tls_credentials(const weir_door_config *config) {
    grpc_ssl_pem_key_cert_pair pair = {config->private_key, config->certificate};
    return grpc_ssl_server_credentials_create_ex(
        config->client_ca, &pair, 1,
        config->client_ca ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                          : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
        NULL);
}

static grpc_server *make_server(const weir_door_config *config) {
#define INTEGER(name, number) \
    {.type = GRPC_ARG_INTEGER, .key = (char *)(name), .value.integer = (int)(number)}
    grpc_arg args[] = {
        INTEGER(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, config->message_bytes_max),
        INTEGER(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
        INTEGER(GRPC_ARG_MAX_CONCURRENT_STREAMS, config->streams_max), INTEGER(GRPC_ARG_ALLOW_REUSEPORT, 0),
        INTEGER(GRPC_ARG_MAX_METADATA_SIZE, 16384),
        INTEGER(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, config->handshake_timeout_ms),
        /* Clients ping every 60 s without a call: never GOAWAY them for it. */
        INTEGER(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000),
        INTEGER(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0), INTEGER(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS),
        INTEGER(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
        INTEGER(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        INTEGER(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0),
        INTEGER(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1), /* identity alone */
    };
#undef INTEGER
    return grpc_server_create(&(grpc_channel_args){WEIR_ARRAY_LEN(args), args}, NULL);
}

/* Binds; with TLS the socket only proves that the port is free, and gRPC binds it itself. */
static bool open_port(weir_door *door, const weir_door_config *config, int *ret_listener, char *ret_problem,
                      size_t problem_size) {
    int listener = door_listen(config->host, config->port, ret_problem, problem_size);
    if (listener < 0)
        return false;
    door->port = door_socket_port(listener);
    *ret_listener = listener;
    if (!config->certificate)
        return true;
    close(listener);
    *ret_listener = -1;
    grpc_server_credentials *tls = tls_credentials(config);
    char address[512];
    bool v6 = strchr(config->host, ':') != NULL;
    snprintf(address, sizeof address, v6 ? "[%s]:%d" : "%s:%d", config->host, door->port);
    snprintf(ret_problem, problem_size, "the certificate, its key or the client CA is not usable");
    if (!tls)
        return false;
    int bound = grpc_server_add_http2_port(door->server, address, tls);
    grpc_server_credentials_release(tls);
    return bound != 0;
}

static void free_door(weir_door *door) {
    grpc_server_destroy(door->server);
    grpc_completion_queue_shutdown(door->queue);
    for (int i = 0; i < door->threads_count; i++)
        pthread_join(door->threads[i], NULL);
    while (door->threads_count == 0 &&
           grpc_completion_queue_next(door->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
               GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(door->queue);
    door_acceptor_free(door->acceptor);
    pthread_cond_destroy(&door->idle);
    pthread_mutex_destroy(&door->lock);
    weir_free(door->threads);
    weir_free(door);
    grpc_shutdown_blocking();
}

static void drop_log(gpr_log_func_args *args) {
    (void)args; /* strangers' garbage is no news; what matters reaches the service as an event */
}

static void door_close(weir_door *door) {
    if (door->acceptor)
        door_acceptor_close(door->acceptor);
    pthread_mutex_lock(&door->lock);
    door->closing = true;
    pthread_mutex_unlock(&door->lock);
    grpc_server_shutdown_and_notify(door->server, door->queue, door);
    grpc_server_cancel_all_calls(door->server);
    pthread_mutex_lock(&door->lock);
    while (door->calls_open > 0 || !door->server_down)
        pthread_cond_wait(&door->idle, &door->lock);
    pthread_mutex_unlock(&door->lock);
    free_door(door);
}

static bool start_threads(weir_door *door, int threads) {
    door->threads = weir_alloc_zero((size_t)threads, sizeof *door->threads);
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&door->threads[i], NULL, event_thread, door) != 0)
            return false;
        pthread_setname_np(door->threads[i], "connect-door");
        door->threads_count++;
    }
    return true;
}

static weir_door *door_open(const weir_door_config *config, const weir_door_service *service,
                            char *ret_problem, size_t problem_size) {
    gpr_set_log_function(drop_log);
    grpc_init();
    weir_door *door = weir_alloc_zero(1, sizeof *door);
    door->service = *service;
    door->message_bytes_max = config->message_bytes_max;
    pthread_mutex_init(&door->lock, NULL);
    pthread_cond_init(&door->idle, NULL);
    door->queue = grpc_completion_queue_create_for_next(NULL);
    door->server = make_server(config);
    grpc_server_register_completion_queue(door->server, door->queue, NULL);
    int listener = -1;
    if (!open_port(door, config, &listener, ret_problem, problem_size)) {
        door->server_down = true;
        grpc_server_shutdown_and_notify(door->server, door->queue, door);
        free_door(door);
        return NULL;
    }
    grpc_server_start(door->server);
    for (int i = 0; i < CALLS_WAITED_FOR; i++)
        arm(door);
    bool ok = start_threads(door, config->threads);
    if (ok && listener >= 0) {
        door->acceptor = door_acceptor_new(listener, door->server, config);
        ok = door->acceptor != NULL;
    } else if (listener >= 0) {
        close(listener);
    }
    if (ok)
        return door;
    snprintf(ret_problem, problem_size, "no threads or descriptors left");
    if (door->threads_count || start_threads(door, 1))
        door_close(door);
    return NULL;
}

static int door_port(const weir_door *door) {
    return door->port;
}

static void door_stats(weir_door *door, weir_door_stats *ret) {
    *ret = (weir_door_stats){0};
    if (door->acceptor)
        door_acceptor_stats(door->acceptor, ret);
    pthread_mutex_lock(&door->lock);
    ret->calls_open = door->calls_open - CALLS_WAITED_FOR;
    pthread_mutex_unlock(&door->lock);
}

__attribute__((visibility("default"))) extern const weir_door_ops weir_door_module;
const weir_door_ops weir_door_module = {
    .abi = WEIR_DOOR_ABI,
    .name = "gRPC C core",
    .open = door_open,
    .port = door_port,
    .stats = door_stats,
    .close = door_close,
    .read = door_read,
    .send = door_send,
    .reply = door_reply,
    .finish = door_finish,
};
