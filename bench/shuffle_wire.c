/* What a shuffle block costs on the wire: MB/s end to end over loopback, plain, with nng's TLS, and sealed.
 *
 *   shuffle_wire [--directory CERTIFICATES] [--seconds S] [--block BYTES] [--in-flight N]
 *
 * Both sides are in this process, so both share its cores, as two executors on a machine do. A client asks
 * for blocks over C connections with N requests in flight each; the server answers a frame with the block as
 * its payload; sealed blocks are sealed into the frame's payload and opened where they arrive. Every block is
 * checked by the frame's CRC on arrival, as in the engine. The certificates are those of
 * tests/lib/make_certificates.sh. One line a case: mode, connections, MB/s (10^6), CPU seconds a GB. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/env.h"
#include "common/rpc/aead.h"
#include "common/rpc/frame.h"
#include "common/rpc/secret.h"
#include "proto/engine.pb-c.h"

#define CONNECTIONS_MAX 8
#define IN_FLIGHT_MAX 16

typedef struct bench {
    const char *directory;
    double seconds;
    size_t block_size;
    int in_flight;
    weir_transport *transport;
    weir_server *server;
    weir_aead *sender, *receiver; /* NULL: not sealed */
    uint8_t *block;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int running;
    _Atomic bool stopping;
    _Atomic int64_t bytes;
} bench;

typedef struct lane {
    bench *b;
    weir_client *client;
} lane;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static weir_buffer *frame_of(bench *b, weir_frame_kind kind, const ProtobufCMessage *message,
                             weir_str payload) {
    weir_buffer *frame = NULL;
    WEIR_ASSERT(weir_frame_encode(b->transport, kind, 1, message, &payload, 1, &frame, NULL) == WEIR_OK);
    return frame;
}

/* Sealed from where it lies straight into the frame. */
static weir_buffer *sealed_reply(bench *b) {
    Weir__Blocks message = WEIR__BLOCKS__INIT;
    uint8_t seal[WEIR_AEAD_SEAL_SIZE] = {0}, *payload = NULL;
    ProtobufCBinaryData seals = {sizeof seal, seal};
    weir_buffer *frame = NULL;
    message.n_seals = 1;
    message.seals = &seals;
    size_t message_size = protobuf_c_message_get_packed_size(&message.base);
    WEIR_ASSERT(weir_frame_begin(b->transport, message_size, b->block_size, &frame, &payload, NULL) ==
                WEIR_OK);
    weir_str plain = weir_str_make((const char *)b->block, b->block_size);
    WEIR_ASSERT(weir_aead_seal(b->sender, WEIR_STR("place"), plain, payload, seal, NULL) == WEIR_OK);
    weir_frame_finish(frame, WEIR_FRAME_BLOCKS, 1, &message.base);
    return frame;
}

static void serve(void *data, weir_call *call, weir_buffer *request) {
    bench *b = data;
    (void)request;
    Weir__Blocks message = WEIR__BLOCKS__INIT;
    weir_str plain = weir_str_make((const char *)b->block, b->block_size);
    weir_buffer *reply = b->sender ? sealed_reply(b) : frame_of(b, WEIR_FRAME_BLOCKS, &message.base, plain);
    b->transport->ops->reply(call, reply);
}

static void ask(lane *l);

static void open_block(const lane *l, const weir_frame *frame) {
    ProtobufCMessage *message = NULL;
    WEIR_ASSERT(weir_frame_unpack(frame, WEIR_FRAME_BLOCKS, &weir__blocks__descriptor, &message, NULL) ==
                WEIR_OK);
    const ProtobufCBinaryData *seal = &((Weir__Blocks *)message)->seals[0];
    uint8_t *payload = frame->carrier->data + frame->payload_offset; /* in place: nobody else has it */
    WEIR_ASSERT(
        weir_aead_open(l->b->receiver, WEIR_STR("place"), weir_str_make((char *)seal->data, seal->len),
                       weir_str_make((char *)payload, frame->payload_size), payload, NULL) == WEIR_OK);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void answered(void *data, weir_buffer *reply, weir_error *error) {
    lane *l = data;
    bench *b = l->b;
    weir_frame frame;
    if (error)
        fprintf(stderr, "shuffle_wire: %s\n", weir_error_text(error));
    WEIR_ASSERT(!error && weir_frame_decode(reply, &frame, NULL) == WEIR_OK);
    if (b->receiver)
        open_block(l, &frame);
    b->bytes += (int64_t)frame.payload_size;
    weir_buffer_unref(reply);
    if (!b->stopping) {
        ask(l);
        return;
    }
    pthread_mutex_lock(&b->lock);
    b->running--;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

static void ask(lane *l) {
    Weir__GetStatus message = WEIR__GET_STATUS__INIT;
    weir_buffer *request = frame_of(l->b, WEIR_FRAME_GET_STATUS, &message.base, WEIR_STR(""));
    l->b->transport->ops->request(l->client, request, 60000, answered, l);
}

static void run_lanes(bench *b, const char *mode, int connections) {
    lane lanes[CONNECTIONS_MAX];
    const weir_transport_ops *ops = b->transport->ops;
    for (int i = 0; i < connections; i++) {
        lanes[i] = (lane){.b = b};
        WEIR_ASSERT(ops->connect(b->transport, ops->server_url(b->server), &lanes[i].client, NULL) ==
                    WEIR_OK);
    }
    b->stopping = false;
    b->running = connections * b->in_flight;
    for (int i = 0; i < connections * b->in_flight; i++)
        ask(&lanes[i % connections]);
    struct timespec warm = {.tv_nsec = 300000000};
    nanosleep(&warm, NULL);
    int64_t bytes = b->bytes;
    double begin = now(), cpu_begin = cpu();
    struct timespec length = {(time_t)b->seconds, (long)((b->seconds - (double)(time_t)b->seconds) * 1e9)};
    nanosleep(&length, NULL);
    double done = (double)(b->bytes - bytes), seconds = now() - begin, used = cpu() - cpu_begin;
    b->stopping = true;
    pthread_mutex_lock(&b->lock);
    while (b->running)
        pthread_cond_wait(&b->wake, &b->lock);
    pthread_mutex_unlock(&b->lock);
    for (int i = 0; i < connections; i++)
        ops->client_close(lanes[i].client);
    printf("%-6s %d connections %8.0f MB/s  %.2f cpu s/GB\n", mode, connections, done / seconds * 1e-6,
           used / done * 1e9);
    fflush(stdout);
}

static void run_mode(bench *b, const char *mode, const weir_transport_options *options) {
    weir_error *err = NULL;
    bool tls = options->tls_ca_file != NULL;
    weir_code code = weir_nng_transport_new(options, &b->transport, &err);
    if (code == WEIR_OK)
        code = b->transport->ops->listen(b->transport, tls ? "tls+tcp://127.0.0.1:0" : "tcp://127.0.0.1:0",
                                         serve, b, &b->server, &err);
    if (code != WEIR_OK) {
        fprintf(stderr, "shuffle_wire: %s\n", weir_error_text(err));
        _Exit(1);
    }
    for (int connections = 1; connections <= 4; connections *= 2)
        run_lanes(b, mode, connections);
    b->transport->ops->server_close(b->server);
    b->transport->ops->free(b->transport);
}

static void parse(bench *b, int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--directory") == 0)
            b->directory = argv[i + 1];
        else if (strcmp(argv[i], "--seconds") == 0)
            b->seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--block") == 0)
            b->block_size = strtoul(argv[i + 1], NULL, 10) / 8 * 8;
        else if (strcmp(argv[i], "--in-flight") == 0)
            b->in_flight = WEIR_MAX(1, WEIR_MIN(IN_FLIGHT_MAX, (int)strtol(argv[i + 1], NULL, 10)));
    }
}

int main(int argc, char **argv) {
    bench b = {.seconds = 2, .block_size = 1 << 20, .in_flight = 2};
    pthread_mutex_init(&b.lock, NULL);
    pthread_cond_init(&b.wake, NULL);
    parse(&b, argc, argv);
    weir_env env = {.random_bytes = weir_system_random};
    b.block = weir_alloc(b.block_size);
    weir_system_random(NULL, b.block, b.block_size < 256 ? b.block_size : 256);
    weir_secret *secret = weir_secret_new("0123456789abcdef", 16);
    weir_aead_key *key = weir_aead_key_generate(&env);
    weir_transport_options options = {.secret = secret};
    run_mode(&b, "plain", &options);
    b.sender = weir_aead_new(key, 1);
    b.receiver = weir_aead_new(key, 2);
    run_mode(&b, "sealed", &options);
    weir_aead_free(b.sender);
    weir_aead_free(b.receiver);
    b.sender = b.receiver = NULL;
    if (b.directory) {
        char paths[3][4096];
        static const char *const names[] = {"node.pem", "node.key", "ca.pem"};
        for (int i = 0; i < 3; i++)
            snprintf(paths[i], sizeof paths[i], "%s/%s", b.directory, names[i]);
        options.tls_certificate_file = paths[0];
        options.tls_key_file = paths[1];
        options.tls_ca_file = paths[2];
        options.tls_server_name = "node.weir";
        run_mode(&b, "tls", &options);
    }
    weir_aead_key_free(key);
    weir_secret_free(secret);
    weir_free(b.block);
    return 0;
}
