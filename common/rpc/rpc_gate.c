/* The gate of a server (rpc_gate.h): an open-addressed table of connections and a list of the strangers. */
#include "common/rpc/rpc_gate.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/rpc/frame.h"

typedef struct stranger {
    uint32_t connection; /* 0 = free */
    bool greeted;        /* the nonces are valid */
    int64_t since_ms;
    uint8_t client_nonce[WEIR_AUTH_NONCE_SIZE];
    uint8_t server_nonce[WEIR_AUTH_NONCE_SIZE];
} stranger;

struct weir_gate {
    weir_gate_options options;
    pthread_mutex_t lock;
    stranger strangers[WEIR_GATE_STRANGERS_MAX];
    int32_t strangers_count, members_count;
    uint32_t mask;
    uint32_t members[]; /* by hash, linear probing; 0 = free */
};

weir_gate *weir_gate_new(const weir_gate_options *options) {
    uint32_t room = 16;
    while (room < 2 * ((uint32_t)options->connections_max + WEIR_GATE_STRANGERS_MAX))
        room *= 2;
    weir_gate *gate = weir_alloc_zero(1, sizeof *gate + room * sizeof *gate->members);
    gate->options = *options;
    gate->mask = room - 1;
    pthread_mutex_init(&gate->lock, NULL);
    return gate;
}

void weir_gate_free(weir_gate *gate) {
    if (!gate)
        return;
    pthread_mutex_destroy(&gate->lock);
    weir_free(gate);
}

/* ---- members: connections that may speak ---- */

static uint32_t home(const weir_gate *gate, uint32_t connection) {
    return (connection * 0x9E3779B1u >> 7) & gate->mask;
}

/* The member's slot, or the free one where it would be. */
static uint32_t find_member(const weir_gate *gate, uint32_t connection) {
    uint32_t at = home(gate, connection);
    while (gate->members[at] && gate->members[at] != connection)
        at = (at + 1) & gate->mask;
    return at;
}

static void add_member(weir_gate *gate, uint32_t connection) {
    gate->members[find_member(gate, connection)] = connection;
    gate->members_count++;
}

/* Closes the gap: what stands behind it and could not be found across it moves up. */
static void remove_member(weir_gate *gate, uint32_t at) {
    gate->members[at] = 0;
    gate->members_count--;
    for (uint32_t next = (at + 1) & gate->mask; gate->members[next]; next = (next + 1) & gate->mask) {
        uint32_t connection = gate->members[next];
        gate->members[next] = 0;
        gate->members[find_member(gate, connection)] = connection;
    }
}

/* ---- strangers: connections that have not passed the challenge ---- */

static stranger *find_stranger(weir_gate *gate, uint32_t connection) {
    for (int32_t i = 0; i < WEIR_GATE_STRANGERS_MAX; i++)
        if (gate->strangers[i].connection == connection)
            return &gate->strangers[i];
    return NULL;
}

static stranger *oldest_stranger(weir_gate *gate) {
    stranger *oldest = NULL;
    for (int32_t i = 0; i < WEIR_GATE_STRANGERS_MAX; i++) {
        stranger *s = &gate->strangers[i];
        if (s->connection && (!oldest || s->since_ms < oldest->since_ms))
            oldest = s;
    }
    return oldest;
}

static void remove_stranger(weir_gate *gate, stranger *s) {
    *s = (stranger){0};
    gate->strangers_count--;
}

static void add_stranger(weir_gate *gate, uint32_t connection, int64_t now_ms) {
    stranger *s = find_stranger(gate, 0);
    WEIR_ASSERT(s);
    *s = (stranger){.connection = connection, .since_ms = now_ms};
    gate->strangers_count++;
}

bool weir_gate_admit(weir_gate *gate, uint32_t connection, int64_t now_ms, uint32_t *ret_displaced) {
    *ret_displaced = 0;
    pthread_mutex_lock(&gate->lock);
    bool admitted = gate->members_count < gate->options.connections_max;
    if (admitted && !gate->options.secret) {
        add_member(gate, connection);
    } else if (admitted) {
        if (gate->strangers_count == WEIR_GATE_STRANGERS_MAX) {
            stranger *oldest = oldest_stranger(gate);
            *ret_displaced = oldest->connection;
            remove_stranger(gate, oldest);
        }
        add_stranger(gate, connection, now_ms);
    }
    pthread_mutex_unlock(&gate->lock);
    weir_gate_counters *counters = gate->options.counters;
    atomic_fetch_add(&counters->connections, 1);
    atomic_fetch_add(&counters->connections_refused, !admitted || *ret_displaced);
    return admitted;
}

void weir_gate_leave(weir_gate *gate, uint32_t connection) {
    pthread_mutex_lock(&gate->lock);
    stranger *s = find_stranger(gate, connection);
    uint32_t at = find_member(gate, connection);
    if (s)
        remove_stranger(gate, s);
    else if (gate->members[at])
        remove_member(gate, at);
    pthread_mutex_unlock(&gate->lock);
}

uint32_t weir_gate_expire(weir_gate *gate, int64_t now_ms) {
    uint32_t connection = 0;
    pthread_mutex_lock(&gate->lock);
    stranger *s = oldest_stranger(gate);
    if (s && now_ms - s->since_ms >= WEIR_GATE_PATIENCE_MS) {
        connection = s->connection;
        remove_stranger(gate, s);
    }
    pthread_mutex_unlock(&gate->lock);
    if (connection)
        atomic_fetch_add(&gate->options.counters->connections_expired, 1);
    return connection;
}

int32_t weir_gate_strangers(weir_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    int32_t count = gate->strangers_count;
    pthread_mutex_unlock(&gate->lock);
    return count;
}

/* ---- messages ---- */

static weir_gate_verdict refuse(uint8_t *ret, size_t *ret_size, weir_auth_reason reason, const char *text) {
    *ret_size = weir_auth_write_refusal(ret, reason, text);
    return reason == WEIR_AUTH_REASON_WRONG_SECRET ? WEIR_GATE_REFUSE : WEIR_GATE_ANSWER;
}

static weir_gate_verdict answer_hello(weir_gate *gate, uint32_t connection, const uint8_t *client_nonce,
                                      uint8_t *ret, size_t *ret_size) {
    uint8_t nonce[WEIR_AUTH_NONCE_SIZE], proof[WEIR_AUTH_PROOF_SIZE];
    gate->options.random_bytes(gate->options.random_self, nonce, sizeof nonce);
    pthread_mutex_lock(&gate->lock);
    stranger *s = find_stranger(gate, connection);
    if (s) {
        memcpy(s->client_nonce, client_nonce, sizeof s->client_nonce);
        memcpy(s->server_nonce, nonce, sizeof nonce);
        s->greeted = true;
    }
    pthread_mutex_unlock(&gate->lock);
    if (!s)
        return refuse(ret, ret_size, WEIR_AUTH_REASON_ORDER,
                      "this connection is not waiting for a challenge");
    weir_auth_prove(gate->options.secret, WEIR_AUTH_SERVER, client_nonce, nonce, proof);
    *ret_size = weir_auth_write_challenge(ret, nonce, proof);
    return WEIR_GATE_ANSWER;
}

/* One proof a challenge: a wrong one costs a new HELLO. */
static weir_gate_verdict answer_proof(weir_gate *gate, uint32_t connection, const uint8_t *proof,
                                      uint8_t *ret, size_t *ret_size) {
    stranger claim = {0};
    pthread_mutex_lock(&gate->lock);
    stranger *s = find_stranger(gate, connection);
    if (s && s->greeted) {
        claim = *s;
        s->greeted = false;
    }
    pthread_mutex_unlock(&gate->lock);
    if (!claim.greeted)
        return refuse(ret, ret_size, WEIR_AUTH_REASON_ORDER, "a proof without a challenge");
    bool right = weir_auth_check(gate->options.secret, WEIR_AUTH_CLIENT, claim.client_nonce,
                                 claim.server_nonce, proof);
    pthread_mutex_lock(&gate->lock);
    s = find_stranger(gate, connection); /* it may have left */
    if (right && s) {
        remove_stranger(gate, s);
        add_member(gate, connection);
    }
    pthread_mutex_unlock(&gate->lock);
    weir_gate_counters *counters = gate->options.counters;
    atomic_fetch_add(right ? &counters->authentications : &counters->authentication_errors, 1);
    if (!right)
        return refuse(ret, ret_size, WEIR_AUTH_REASON_WRONG_SECRET, "the shared secrets differ");
    *ret_size = weir_auth_write_welcome(ret);
    return WEIR_GATE_ANSWER;
}

static weir_gate_verdict judge_frame(weir_gate *gate, uint32_t connection, weir_str message, uint8_t *ret,
                                     size_t *ret_size) {
    weir_gate_counters *counters = gate->options.counters;
    pthread_mutex_lock(&gate->lock);
    bool member = gate->members[find_member(gate, connection)] == connection;
    pthread_mutex_unlock(&gate->lock);
    if (!member) {
        atomic_fetch_add(&counters->unauthenticated, 1);
        return refuse(ret, ret_size, WEIR_AUTH_REASON_UNAUTHENTICATED, "the connection is not authenticated");
    }
    _cleanup_error_ weir_error *err = NULL;
    weir_frame_fault fault = weir_frame_check(message, &err);
    if (fault == WEIR_FRAME_SOUND)
        return WEIR_GATE_PASS;
    atomic_fetch_add(&counters->frame_faults[fault], 1);
    return refuse(ret, ret_size, WEIR_AUTH_REASON_FRAME, weir_error_message(err));
}

weir_gate_verdict weir_gate_judge(weir_gate *gate, uint32_t connection, weir_str message,
                                  uint8_t ret_reply[WEIR_AUTH_MESSAGE_MAX], size_t *ret_size) {
    weir_auth_message auth = weir_auth_parse(message);
    if (auth.kind == WEIR_AUTH_NONE)
        return judge_frame(gate, connection, message, ret_reply, ret_size);
    if (!gate->options.secret)
        return refuse(ret_reply, ret_size, WEIR_AUTH_REASON_NO_SECRET, "no shared secret is set there");
    if (auth.kind == WEIR_AUTH_HELLO)
        return answer_hello(gate, connection, auth.nonce, ret_reply, ret_size);
    if (auth.kind == WEIR_AUTH_PROOF)
        return answer_proof(gate, connection, auth.proof, ret_reply, ret_size);
    if (auth.kind == WEIR_AUTH_REFUSAL && auth.reason == WEIR_AUTH_REASON_WRONG_SECRET) {
        atomic_fetch_add(&gate->options.counters->authentication_errors, 1);
        return refuse(ret_reply, ret_size, WEIR_AUTH_REASON_WRONG_SECRET, "the shared secrets differ");
    }
    return refuse(ret_reply, ret_size, WEIR_AUTH_REASON_ORDER, "this message is not for a server");
}
