/* Hostile bytes at a live port: whatever comes, the process lives, its memory stays bounded, and others are
 * served meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/rpc/frame.h"
#include "common/rpc/rpc_auth.h"
#include "common/rpc/secret.h"
#include "proto/engine.pb-c.h"
#include "tests/lib/raw_peer.h"
#include "tests/lib/rpc_pair.h"
#include "tests/lib/weir_test.h"

#define HEAD_SIZE 32

typedef struct fixture {
    weir_secret *secret;
    rpc_pair pair;
    int port;
    long resident_kb;
} fixture;

static long resident_kb(void) {
    long pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%ld %ld", &all, &pages) == 2);
    fclose(file);
    return pages * 4;
}

static void start(fixture *f, bool with_secret) {
    *f = (fixture){.secret = with_secret ? weir_secret_new("0123456789abcdef", 16) : NULL};
    weir_transport_options options = {.secret = f->secret};
    rpc_pair_init(&f->pair, &options, &options);
    rpc_pair_listen(&f->pair, "tcp://127.0.0.1:0");
    const char *url = f->pair.server_side->ops->server_url(f->pair.server);
    f->port = (int)strtol(strrchr(url, ':') + 1, NULL, 10);
    rpc_pair_connect(&f->pair, url);
    rpc_pair_exchange(&f->pair);
    f->resident_kb = resident_kb();
}

static weir_transport_counters counters(const fixture *f) {
    weir_transport_counters ret;
    f->pair.server_side->ops->counters(f->pair.server_side, &ret);
    return ret;
}

static void end(fixture *f) {
    rpc_pair_exchange(&f->pair);
    long grown = resident_kb() - f->resident_kb;
    cr_assert_lt(grown, 100 * 1024, "memory grew by %ld kB", grown);
    rpc_pair_fini(&f->pair);
    weir_secret_free(f->secret);
}

/* The server closes, and others are served. */
static void dropped(fixture *f, int fd, const char *what) {
    cr_assert(raw_peer_closed(fd, 5000), "%s: the connection is kept", what);
    close(fd);
    rpc_pair_exchange(&f->pair);
}

WEIR_TEST(rpc_hostile, wrong_protocols_and_lengths_are_dropped) {
    static const uint16_t protocols[] = {0x00, 0x10, 0x31, 0x50, 0x99, 0x3000, 0xFFFF};
    static const uint64_t lengths[] = {(64ull << 20) + 1, 1ull << 33, 1ull << 40,        1ull << 62,
                                       1ull << 63,        UINT64_MAX, UINT64_MAX - 0xFFF};
    static const char *const greetings[] = {"GET / HTTP/1.1\r\n\r\n", "\0SP\1\0\x30\0\0", "\0SP\0\0\x30\1\0"};
    char what[64];
    fixture f;
    start(&f, false);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(protocols); i++) {
        int fd = raw_peer_connect(f.port);
        raw_peer_greet(fd, protocols[i]);
        snprintf(what, sizeof what, "protocol %x", protocols[i]);
        dropped(&f, fd, what);
    }
    for (size_t i = 0; i < WEIR_ARRAY_LEN(greetings); i++) {
        int fd = raw_peer_connect(f.port);
        raw_peer_write(fd, greetings[i], 8);
        dropped(&f, fd, "greeting");
    }
    for (size_t i = 0; i < WEIR_ARRAY_LEN(lengths); i++) {
        int fd = raw_peer_connect(f.port);
        raw_peer_greet(fd, 0x30);
        raw_peer_announce(fd, lengths[i]);
        snprintf(what, sizeof what, "length %llx", (unsigned long long)lengths[i]);
        dropped(&f, fd, what);
    }
    /* Announced and never sent: reserved, not used. */
    int held[16];
    for (size_t i = 0; i < WEIR_ARRAY_LEN(held); i++) {
        held[i] = raw_peer_connect(f.port);
        raw_peer_greet(held[i], 0x30);
        raw_peer_announce(held[i], 60u << 20);
        raw_peer_write(held[i], "some", 4);
    }
    rpc_pair_exchange(&f.pair);
    cr_assert_lt(resident_kb() - f.resident_kb, 100 * 1024);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(held); i++)
        close(held[i]);
    end(&f);
}

static weir_buffer *request_frame(fixture *f) {
    Weir__Status message = WEIR__STATUS__INIT;
    weir_buffer *frame = NULL;
    message.json = (char *)"hostile";
    weir_str payload = WEIR_STR("payload");
    cr_assert_eq(weir_frame_encode(f->pair.client_side, WEIR_FRAME_STATUS, 1, &message.base, &payload, 1,
                                   &frame, NULL),
                 WEIR_OK);
    return frame;
}

WEIR_TEST(rpc_hostile, requests_cut_or_changed_at_any_byte_harm_nobody) {
    fixture f;
    start(&f, false);
    weir_buffer *frame = request_frame(&f);
    for (size_t cut = 0; cut < frame->size + 24; cut++) {
        uint8_t bytes[512] = {0, 'S', 'P', 0, 0, 0x30, 0, 0, [15] = (uint8_t)(frame->size + 8), [16] = 0x80};
        memcpy(bytes + 24, frame->data, frame->size);
        int fd = raw_peer_connect(f.port);
        raw_peer_write(fd, bytes, cut);
        close(fd);
    }
    rpc_pair_exchange(&f.pair);
    int32_t served = f.pair.served;
    int fd = raw_peer_connect(f.port);
    raw_peer_greet(fd, 0x30);
    for (size_t at = 0; at < frame->size; at++) {
        uint8_t reply[512];
        frame->data[at] ^= (uint8_t)(1 << at % 8);
        cr_assert(raw_peer_request(fd, frame->data, frame->size));
        frame->data[at] ^= (uint8_t)(1 << at % 8);
        int64_t size = raw_peer_reply(fd, reply, sizeof reply);
        cr_assert_gt(size, 0, "no reply to byte %zu", at);
        weir_auth_message refusal = weir_auth_parse(weir_str_make((const char *)reply, (size_t)size));
        cr_assert_eq(refusal.reason, WEIR_AUTH_REASON_FRAME, "byte %zu is served", at);
    }
    cr_assert_eq(f.pair.served, served, "nothing of it reached the handler");
    weir_transport_counters seen = counters(&f);
    cr_assert_eq(seen.refused_magic, 4);
    cr_assert_eq(seen.refused_version, 2);
    cr_assert_eq(seen.refused_magic + seen.refused_version + seen.refused_size + seen.refused_crc,
                 (int64_t)frame->size);
    cr_assert(raw_peer_request(fd, frame->data, frame->size));
    uint8_t reply[512];
    cr_assert_eq(raw_peer_reply(fd, reply, sizeof reply), (int64_t)frame->size,
                 "the connection is still good");
    close(fd);
    /* Bodies that are shorter than what REP takes off them, or have no end of their route. */
    static const uint8_t zeroes[64];
    for (size_t size = 0; size < 48; size += 3) {
        fd = raw_peer_connect(f.port);
        raw_peer_greet(fd, 0x30);
        raw_peer_announce(fd, size);
        raw_peer_write(fd, zeroes, size);
        rpc_pair_exchange(&f.pair);
        close(fd);
    }
    weir_buffer_unref(frame);
    end(&f);
}

/* ---- messages that are frames, but bombs inside ---- */

static void frame_around(uint8_t *frame, uint16_t kind, size_t message_size) {
    size_t whole = HEAD_SIZE + message_size;
    uint32_t magic = 0x52494557u, size = (uint32_t)message_size, crc = 0;
    uint16_t version = WEIR_RPC_VERSION;
    memset(frame, 0, HEAD_SIZE);
    memcpy(frame, &magic, 4);
    memcpy(frame + 4, &version, 2);
    memcpy(frame + 6, &kind, 2);
    memcpy(frame + 16, &size, 4);
    crc = weir_crc32c(0, frame, whole);
    memcpy(frame + 20, &crc, 4);
}

/* On nng's threads, whose stacks are as the system gives them. */
static void serve_carefully(void *data, weir_call *call, weir_buffer *buffer) {
    weir_transport *transport = data;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    _cleanup_error_ weir_error *err = NULL;
    bool good = weir_frame_decode(buffer, &frame, &err) == WEIR_OK &&
                weir_frame_unpack(&frame, WEIR_FRAME_EPOCH_REPORT, &weir__epoch_report__descriptor, &message,
                                  &err) == WEIR_OK;
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    weir_buffer *reply = transport->ops->alloc(transport, 8);
    memcpy(reply->data, good ? "good    " : "bad     ", 8);
    transport->ops->reply(call, reply);
}

WEIR_TEST(rpc_hostile, deep_and_repeated_messages_are_refused_before_they_are_unpacked) {
    enum { MESSAGE = 8 << 20 };
    weir_transport *transport = NULL;
    weir_server *server = NULL;
    weir_error *err = NULL;
    CHECK_OK(weir_nng_transport_new(NULL, &transport, &err));
    CHECK_OK(
        transport->ops->listen(transport, "tcp://127.0.0.1:0", serve_carefully, transport, &server, &err));
    int port = (int)strtol(strrchr(transport->ops->server_url(server), ':') + 1, NULL, 10);
    long before = resident_kb();
    uint8_t *frame = malloc(HEAD_SIZE + MESSAGE), reply[64];
    static const struct {
        uint8_t bytes[8];
        size_t size;
    } units[] = {
        {{0x0A, 0x00}, 2},             /* an empty sub-message, four million times */
        {{0x0A, 0x02, 0x0A, 0x00}, 4}, /* one in one */
        {{0x12, 0x00}, 2},
        {{0x1A, 0x00}, 2},
        {{0x08, 0x01}, 2},
        {{0x0B}, 1}, /* groups, one in the other */
        {{0xFF}, 1},
        {{0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}, 6}, /* a length past the end */
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(units); i++) {
        size_t size = 0;
        for (; size + units[i].size <= MESSAGE; size += units[i].size)
            memcpy(frame + HEAD_SIZE + size, units[i].bytes, units[i].size);
        size &= ~(size_t)7;
        frame_around(frame, WEIR_FRAME_EPOCH_REPORT, size);
        int fd = raw_peer_connect(port);
        raw_peer_greet(fd, 0x30);
        cr_assert(raw_peer_request(fd, frame, HEAD_SIZE + size));
        cr_assert_eq(raw_peer_reply(fd, reply, sizeof reply), 8, "unit %zu", i);
        cr_assert_eq(memcmp(reply, "bad", 3), 0, "unit %zu is unpacked", i);
        close(fd);
    }
    cr_assert_lt(resident_kb() - before, 300 * 1024);
    free(frame);
    transport->ops->server_close(server);
    transport->ops->free(transport);
}

/* ---- strangers ---- */

WEIR_TEST(rpc_hostile, strangers_reach_no_handler_and_keep_nobody_out) {
    fixture f;
    start(&f, true);
    weir_buffer *frame = request_frame(&f);
    int32_t served = f.pair.served;
    uint8_t reply[512];
    int fd = raw_peer_connect(f.port);
    raw_peer_greet(fd, 0x30);
    for (int i = 0; i < 10; i++) {
        cr_assert(raw_peer_request(fd, frame->data, frame->size));
        int64_t size = raw_peer_reply(fd, reply, sizeof reply);
        weir_auth_message refusal =
            weir_auth_parse(weir_str_make((const char *)reply, (size_t)WEIR_MAX(size, 0)));
        cr_assert_eq(refusal.reason, WEIR_AUTH_REASON_UNAUTHENTICATED);
    }
    cr_assert_eq(counters(&f).refused_unauthenticated, 10);
    close(fd);
    /* Who never reads its answers is closed, and holds up nobody until then. */
    fd = raw_peer_connect(f.port);
    raw_peer_greet(fd, 0x30);
    bool writing = true;
    for (int i = 0; i < 200000 && writing; i++) {
        writing = raw_peer_request(fd, frame->data, frame->size);
        if (i % 20000 == 0)
            rpc_pair_exchange(&f.pair);
    }
    cr_assert_not(writing, "a flood without a reader is closed");
    close(fd);
    /* Messages of the challenge in any order and any form. */
    fd = raw_peer_connect(f.port);
    raw_peer_greet(fd, 0x30);
    for (int i = 0; i < 256; i++) {
        uint8_t message[WEIR_AUTH_MESSAGE_MAX] = {0};
        weir_auth_write_hello(message, frame->data);
        message[5] = (uint8_t)(i % 8);
        cr_assert(raw_peer_request(fd, message, 8 + (size_t)i % 73));
        cr_assert_gt(raw_peer_reply(fd, reply, sizeof reply), 0, "message %d", i);
    }
    close(fd);
    f.pair.served -= served + 10; /* of the exchanges above */
    cr_assert_leq(f.pair.served, 1, "no handler has seen a stranger");
    weir_buffer_unref(frame);
    end(&f);
}

WEIR_TEST(rpc_hostile, silent_strangers_are_closed) {
    fixture f;
    start(&f, true);
    int strangers[100];
    for (size_t i = 0; i < WEIR_ARRAY_LEN(strangers); i++) {
        strangers[i] = raw_peer_connect(f.port);
        raw_peer_greet(strangers[i], 0x30);
    }
    rpc_pair_exchange(&f.pair);
    f.pair.client_side->ops->client_close(f.pair.client); /* a new one gets in, too */
    rpc_pair_connect(&f.pair, f.pair.server_side->ops->server_url(f.pair.server));
    rpc_pair_exchange(&f.pair);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(strangers); i++) {
        cr_assert(raw_peer_closed(strangers[i], 8000), "stranger %zu is kept", i);
        close(strangers[i]);
    }
    weir_transport_counters seen = counters(&f);
    cr_assert_geq(seen.connections_refused, 70, "%lld displaced", (long long)seen.connections_refused);
    cr_assert_geq(seen.connections_expired, 10, "%lld expired", (long long)seen.connections_expired);
    cr_assert_eq(seen.authentications, 2);
    end(&f);
}
