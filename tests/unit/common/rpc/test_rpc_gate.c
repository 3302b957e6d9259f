/* The challenge and the gate of a server, without a socket: messages, proofs, patience and places. */
#include "common/rpc/rpc_gate.h"

#include <stdio.h>

#include "common/base/env.h"
#include "common/rpc/frame.h"
#include "proto/engine.pb-c.h"
#include "tests/lib/weir_test.h"

typedef struct fixture {
    weir_secret *secret;
    weir_gate_counters counters;
    weir_gate *gate;
    uint8_t reply[WEIR_AUTH_MESSAGE_MAX];
    size_t reply_size;
} fixture;

static void open_gate(fixture *f, const char *secret, int32_t connections_max) {
    *f = (fixture){.secret = secret ? weir_secret_new(secret, strlen(secret)) : NULL};
    weir_gate_options options = {.secret = f->secret,
                                 .connections_max = connections_max,
                                 .random_bytes = weir_system_random,
                                 .counters = &f->counters};
    f->gate = weir_gate_new(&options);
}

static void close_gate(fixture *f) {
    weir_gate_free(f->gate);
    weir_secret_free(f->secret);
}

static weir_gate_verdict judge(fixture *f, uint32_t connection, const void *data, size_t size) {
    return weir_gate_judge(f->gate, connection, weir_str_make(data, size), f->reply, &f->reply_size);
}

static weir_auth_message reply(const fixture *f) {
    return weir_auth_parse(weir_str_make((const char *)f->reply, f->reply_size));
}

/* One challenge as a client with this secret takes it; the last verdict. */
static weir_gate_verdict shake(fixture *f, uint32_t connection, const weir_secret *secret) {
    uint8_t nonce[WEIR_AUTH_NONCE_SIZE] = {1, 2, 3}, message[WEIR_AUTH_MESSAGE_MAX];
    uint8_t proof[WEIR_AUTH_PROOF_SIZE];
    cr_assert_eq(judge(f, connection, message, weir_auth_write_hello(message, nonce)), WEIR_GATE_ANSWER);
    weir_auth_message challenge = reply(f);
    cr_assert_eq(challenge.kind, WEIR_AUTH_CHALLENGE);
    cr_assert_eq(weir_auth_check(secret, WEIR_AUTH_SERVER, nonce, challenge.nonce, challenge.proof),
                 weir_str_equal(weir_secret_bytes(secret), weir_secret_bytes(f->secret)));
    weir_auth_prove(secret, WEIR_AUTH_CLIENT, nonce, challenge.nonce, proof);
    return judge(f, connection, message, weir_auth_write_proof(message, proof));
}

static weir_buffer *sound_frame(void) {
    Weir__Ack message = WEIR__ACK__INIT;
    weir_transport *transport = NULL;
    weir_buffer *frame = NULL;
    cr_assert_eq(weir_nng_transport_new(NULL, &transport, NULL), WEIR_OK);
    cr_assert_eq(weir_frame_encode(transport, WEIR_FRAME_ACK, 1, &message.base, NULL, 0, &frame, NULL),
                 WEIR_OK);
    transport->ops->free(transport);
    return frame;
}

/* Computed by Python's hmac with SHA-256. */
WEIR_TEST(rpc_auth, proves_with_hmac_sha256_of_role_and_nonces) {
    static const uint8_t expected[2][WEIR_AUTH_PROOF_SIZE] = {
        {0x87, 0x4d, 0xcb, 0x08, 0x2a, 0x67, 0xbb, 0xe3, 0xcc, 0xba, 0x53, 0x91, 0x0f, 0x1b, 0xa6, 0x69,
         0x29, 0xf6, 0x90, 0xf7, 0x3d, 0x83, 0xd7, 0xd0, 0xc0, 0xef, 0xf3, 0x2e, 0xe9, 0xa9, 0x35, 0x31},
        {0xae, 0xa2, 0xaa, 0x38, 0xa9, 0x4b, 0x77, 0x9e, 0x85, 0xd2, 0xe2, 0xe5, 0x8d, 0x28, 0x3f, 0x27,
         0x85, 0x35, 0xbe, 0xb0, 0xab, 0x0c, 0xce, 0x53, 0x91, 0x53, 0xe0, 0xf1, 0x1a, 0xef, 0xd7, 0x83}};
    weir_secret *secret = weir_secret_new("0123456789abcdef", 16);
    uint8_t nonces[64], proof[WEIR_AUTH_PROOF_SIZE];
    for (size_t i = 0; i < sizeof nonces; i++)
        nonces[i] = (uint8_t)i;
    static const weir_auth_role roles[] = {WEIR_AUTH_SERVER, WEIR_AUTH_CLIENT};
    for (size_t i = 0; i < 2; i++) {
        weir_auth_prove(secret, roles[i], nonces, nonces + 32, proof);
        cr_assert_eq(memcmp(proof, expected[i], sizeof proof), 0, "role %zu", i);
        cr_assert(weir_auth_check(secret, roles[i], nonces, nonces + 32, proof));
        cr_assert_not(weir_auth_check(secret, roles[1 - i], nonces, nonces + 32, proof), "the role counts");
        cr_assert_not(weir_auth_check(secret, roles[i], nonces + 32, nonces, proof), "the order counts");
    }
    weir_secret_free(secret);
}

WEIR_TEST(rpc_auth, takes_only_messages_of_the_right_size) {
    uint8_t filler[64] = {9}, message[WEIR_AUTH_MESSAGE_MAX + 8] = {0};
    const struct {
        size_t size;
        weir_auth_kind kind;
    } cases[] = {
        {weir_auth_write_hello(message, filler), WEIR_AUTH_HELLO},
        {weir_auth_write_challenge(message, filler, filler), WEIR_AUTH_CHALLENGE},
        {weir_auth_write_proof(message, filler), WEIR_AUTH_PROOF},
        {weir_auth_write_welcome(message), WEIR_AUTH_WELCOME},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_auth_write_hello(message, filler);
        message[5] = (uint8_t)cases[i].kind;
        for (size_t size = 0; size < sizeof message; size++) {
            weir_auth_kind kind = weir_auth_parse(weir_str_make((const char *)message, size)).kind;
            weir_auth_kind expected = size < 8                ? WEIR_AUTH_NONE
                                      : size == cases[i].size ? cases[i].kind
                                                              : WEIR_AUTH_MALFORMED;
            cr_assert_eq(kind, expected, "kind %d of %zu bytes: %d", cases[i].kind, size, kind);
        }
        message[4] = 2; /* a later format */
        cr_assert_eq(weir_auth_parse(weir_str_make((const char *)message, cases[i].size)).kind,
                     WEIR_AUTH_MALFORMED);
    }
    char text[400];
    memset(text, 'a', sizeof text);
    text[399] = 0;
    size_t size = weir_auth_write_refusal(message, WEIR_AUTH_REASON_FRAME, text);
    cr_assert_eq(size, WEIR_AUTH_MESSAGE_MAX, "a long text is cut");
    message[4] = 2;
    cr_assert_eq(weir_auth_parse(weir_str_make((const char *)message, size)).kind, WEIR_AUTH_REFUSAL,
                 "a refusal is read in every format");
}

WEIR_TEST(rpc_gate, passes_frames_of_those_who_know_the_secret) {
    fixture f;
    uint32_t displaced = 0;
    open_gate(&f, "0123456789abcdef", 8);
    weir_buffer *frame = sound_frame();
    weir_secret *wrong = weir_secret_new("0123456789abcdeF", 16);
    cr_assert(weir_gate_admit(f.gate, 11, 0, &displaced));
    cr_assert(weir_gate_admit(f.gate, 12, 0, &displaced));
    cr_assert_eq(judge(&f, 11, frame->data, frame->size), WEIR_GATE_ANSWER);
    cr_assert_eq(reply(&f).reason, WEIR_AUTH_REASON_UNAUTHENTICATED);
    cr_assert_eq(shake(&f, 11, f.secret), WEIR_GATE_ANSWER);
    cr_assert_eq(reply(&f).kind, WEIR_AUTH_WELCOME);
    cr_assert_eq(judge(&f, 11, frame->data, frame->size), WEIR_GATE_PASS);
    cr_assert_eq(judge(&f, 12, frame->data, frame->size), WEIR_GATE_ANSWER, "the other one has not");
    cr_assert_eq(shake(&f, 12, wrong), WEIR_GATE_REFUSE);
    cr_assert_eq(reply(&f).reason, WEIR_AUTH_REASON_WRONG_SECRET);
    cr_assert_eq(judge(&f, 12, frame->data, frame->size), WEIR_GATE_ANSWER);
    cr_assert_eq(shake(&f, 12, f.secret), WEIR_GATE_ANSWER, "a new HELLO begins anew");
    cr_assert_eq(reply(&f).kind, WEIR_AUTH_WELCOME);
    weir_gate_leave(f.gate, 11);
    cr_assert_eq(judge(&f, 11, frame->data, frame->size), WEIR_GATE_ANSWER, "a left one is forgotten");
    cr_assert_eq(f.counters.authentications, 2);
    cr_assert_eq(f.counters.authentication_errors, 1);
    cr_assert_eq(f.counters.unauthenticated, 4);
    weir_buffer_unref(frame);
    weir_secret_free(wrong);
    close_gate(&f);
}

WEIR_TEST(rpc_gate, a_proof_is_good_for_one_challenge) {
    fixture f;
    uint32_t displaced = 0;
    open_gate(&f, "0123456789abcdef", 8);
    uint8_t nonce[WEIR_AUTH_NONCE_SIZE] = {7}, message[WEIR_AUTH_MESSAGE_MAX], proof[WEIR_AUTH_PROOF_SIZE];
    uint8_t first[WEIR_AUTH_PROOF_SIZE];
    cr_assert(weir_gate_admit(f.gate, 1, 0, &displaced));
    cr_assert(weir_gate_admit(f.gate, 2, 0, &displaced));
    size_t size = weir_auth_write_proof(message, nonce);
    cr_assert_eq(judge(&f, 1, message, size), WEIR_GATE_ANSWER);
    cr_assert_eq(reply(&f).reason, WEIR_AUTH_REASON_ORDER, "a proof without a challenge");
    judge(&f, 1, message, weir_auth_write_hello(message, nonce));
    memcpy(first, reply(&f).proof, sizeof first);
    size = weir_auth_write_proof(message, first);
    cr_assert_eq(judge(&f, 1, message, size), WEIR_GATE_REFUSE, "the server's own proof, sent back");
    judge(&f, 1, message, weir_auth_write_hello(message, nonce));
    weir_auth_prove(f.secret, WEIR_AUTH_CLIENT, nonce, reply(&f).nonce, proof);
    judge(&f, 2, message, weir_auth_write_hello(message, nonce));
    size = weir_auth_write_proof(message, proof);
    cr_assert_eq(judge(&f, 2, message, size), WEIR_GATE_REFUSE, "the proof of another connection");
    cr_assert_eq(judge(&f, 2, message, size), WEIR_GATE_ANSWER);
    cr_assert_eq(reply(&f).reason, WEIR_AUTH_REASON_ORDER, "one try a challenge");
    cr_assert_eq(judge(&f, 1, message, size), WEIR_GATE_ANSWER);
    cr_assert_eq(reply(&f).kind, WEIR_AUTH_WELCOME);
    close_gate(&f);
}

WEIR_TEST(rpc_gate, patience_and_places_end) {
    fixture f;
    uint32_t displaced = 0;
    open_gate(&f, "0123456789abcdef", 2);
    for (uint32_t i = 1; i <= WEIR_GATE_STRANGERS_MAX; i++) {
        cr_assert(weir_gate_admit(f.gate, i, 100 + i, &displaced));
        cr_assert_eq(displaced, 0);
    }
    cr_assert(weir_gate_admit(f.gate, 50, 200, &displaced));
    cr_assert_eq(displaced, 1, "the oldest makes room");
    cr_assert_eq(weir_gate_expire(f.gate, 102 + WEIR_GATE_PATIENCE_MS - 1), 0);
    cr_assert_eq(weir_gate_expire(f.gate, 102 + WEIR_GATE_PATIENCE_MS), 2);
    cr_assert_eq(weir_gate_expire(f.gate, 102 + WEIR_GATE_PATIENCE_MS), 0);
    shake(&f, 3, f.secret);
    shake(&f, 4, f.secret);
    cr_assert_not(weir_gate_admit(f.gate, 60, 300, &displaced), "all places are taken");
    weir_gate_leave(f.gate, 3);
    weir_gate_leave(f.gate, 999);
    cr_assert(weir_gate_admit(f.gate, 60, 300, &displaced));
    while (weir_gate_expire(f.gate, 1000000))
        ;
    cr_assert_eq(weir_gate_strangers(f.gate), 0);
    weir_buffer *frame = sound_frame();
    cr_assert_eq(judge(&f, 4, frame->data, frame->size), WEIR_GATE_PASS, "members stay");
    cr_assert_eq(f.counters.connections, WEIR_GATE_STRANGERS_MAX + 3);
    cr_assert_eq(f.counters.connections_refused, 2);
    cr_assert_eq(f.counters.connections_expired, WEIR_GATE_STRANGERS_MAX - 1);
    weir_buffer_unref(frame);
    close_gate(&f);
}

WEIR_TEST(rpc_gate, finds_members_whoever_came_and_left) {
    fixture f;
    uint32_t displaced = 0, next = 1;
    static uint32_t members[64];
    uint64_t seed = 7;
    open_gate(&f, NULL, 64);
    weir_buffer *frame = sound_frame();
    for (int step = 0; step < 20000; step++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint32_t at = (uint32_t)(seed >> 33) % 64;
        if (members[at]) {
            cr_assert_eq(judge(&f, members[at], frame->data, frame->size), WEIR_GATE_PASS, "step %d", step);
            weir_gate_leave(f.gate, members[at]);
            cr_assert_eq(judge(&f, members[at], frame->data, frame->size), WEIR_GATE_ANSWER, "step %d", step);
            members[at] = 0;
        } else {
            members[at] = next;
            next += (uint32_t)(seed >> 60) + 1;
            cr_assert(weir_gate_admit(f.gate, members[at], 0, &displaced));
        }
    }
    weir_buffer_unref(frame);
    close_gate(&f);
}

WEIR_TEST(rpc_gate, counts_what_is_wrong_with_frames) {
    fixture f;
    uint32_t displaced = 0;
    open_gate(&f, NULL, 8);
    cr_assert(weir_gate_admit(f.gate, 1, 0, &displaced));
    weir_buffer *frame = sound_frame();
    static const struct {
        size_t at; /* the byte that is changed */
        weir_frame_fault fault;
        const char *text;
    } cases[] = {{0, WEIR_FRAME_BAD_MAGIC, "not a Weir frame"},
                 {4, WEIR_FRAME_BAD_VERSION, "version 17; this process speaks version 1"},
                 {16, WEIR_FRAME_BAD_SIZE, "wrong sizes"},
                 {21, WEIR_FRAME_BAD_CRC, "wrong checksum"},
                 {8, WEIR_FRAME_BAD_CRC, "wrong checksum"}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        int64_t before = f.counters.frame_faults[cases[i].fault];
        frame->data[cases[i].at] ^= 0x10;
        cr_assert_eq(judge(&f, 1, frame->data, frame->size), WEIR_GATE_ANSWER);
        frame->data[cases[i].at] ^= 0x10;
        char text[WEIR_AUTH_TEXT_MAX + 1];
        snprintf(text, sizeof text, WEIR_STR_FMT, WEIR_STR_ARG(reply(&f).text));
        cr_assert_eq(reply(&f).reason, WEIR_AUTH_REASON_FRAME);
        cr_assert(strstr(text, cases[i].text), "%s", text);
        cr_assert_eq(f.counters.frame_faults[cases[i].fault], before + 1);
    }
    cr_assert_eq(judge(&f, 1, frame->data, 0), WEIR_GATE_ANSWER);
    uint8_t message[WEIR_AUTH_MESSAGE_MAX];
    cr_assert_eq(judge(&f, 1, message, weir_auth_write_hello(message, frame->data)), WEIR_GATE_ANSWER);
    cr_assert_eq(reply(&f).reason, WEIR_AUTH_REASON_NO_SECRET);
    cr_assert_eq(judge(&f, 1, frame->data, frame->size), WEIR_GATE_PASS);
    weir_buffer_unref(frame);
    close_gate(&f);
}
