/* Messages and proofs of the challenge (rpc_auth.h). */
#include "common/rpc/rpc_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/base/assert.h"

#define MAGIC 0x48545557u /* "WUTH" */
#define FORMAT 1
#define HEAD_SIZE 8

typedef struct head {
    uint32_t magic;
    uint8_t format;
    uint8_t kind;
    uint16_t reason;
} head;
_Static_assert(sizeof(head) == HEAD_SIZE, "the head has no padding");

/* ---- reading ---- */

static bool has_body(weir_str bytes, size_t size) {
    return bytes.size == HEAD_SIZE + size;
}

weir_auth_message weir_auth_parse(weir_str bytes) {
    weir_auth_message message = {.kind = WEIR_AUTH_NONE};
    head h;
    if (bytes.size < HEAD_SIZE)
        return message;
    memcpy(&h, bytes.data, HEAD_SIZE);
    if (h.magic != MAGIC)
        return message;
    const uint8_t *body = (const uint8_t *)bytes.data + HEAD_SIZE;
    message.kind = WEIR_AUTH_MALFORMED;
    message.reason = (weir_auth_reason)h.reason;
    /* A refusal reads the same in every format, so that its text always arrives. */
    bool known = h.format == FORMAT;
    if (h.kind == WEIR_AUTH_REFUSAL && bytes.size <= WEIR_AUTH_MESSAGE_MAX) {
        message.text = weir_str_make((const char *)body, bytes.size - HEAD_SIZE);
        message.kind = WEIR_AUTH_REFUSAL;
    } else if (known && h.kind == WEIR_AUTH_HELLO && has_body(bytes, WEIR_AUTH_NONCE_SIZE)) {
        message.nonce = body;
        message.kind = WEIR_AUTH_HELLO;
    } else if (known && h.kind == WEIR_AUTH_CHALLENGE &&
               has_body(bytes, WEIR_AUTH_NONCE_SIZE + WEIR_AUTH_PROOF_SIZE)) {
        message.nonce = body;
        message.proof = body + WEIR_AUTH_NONCE_SIZE;
        message.kind = WEIR_AUTH_CHALLENGE;
    } else if (known && h.kind == WEIR_AUTH_PROOF && has_body(bytes, WEIR_AUTH_PROOF_SIZE)) {
        message.proof = body;
        message.kind = WEIR_AUTH_PROOF;
    } else if (known && h.kind == WEIR_AUTH_WELCOME && has_body(bytes, 0)) {
        message.kind = WEIR_AUTH_WELCOME;
    }
    return message;
}

/* ---- writing ---- */

static size_t write_head(uint8_t *ret, weir_auth_kind kind, weir_auth_reason reason) {
    head h = {.magic = MAGIC, .format = FORMAT, .kind = (uint8_t)kind, .reason = (uint16_t)reason};
    memcpy(ret, &h, HEAD_SIZE);
    return HEAD_SIZE;
}

size_t weir_auth_write_hello(uint8_t *ret, const uint8_t *nonce) {
    size_t at = write_head(ret, WEIR_AUTH_HELLO, 0);
    memcpy(ret + at, nonce, WEIR_AUTH_NONCE_SIZE);
    return at + WEIR_AUTH_NONCE_SIZE;
}

size_t weir_auth_write_challenge(uint8_t *ret, const uint8_t *nonce, const uint8_t *proof) {
    size_t at = write_head(ret, WEIR_AUTH_CHALLENGE, 0);
    memcpy(ret + at, nonce, WEIR_AUTH_NONCE_SIZE);
    memcpy(ret + at + WEIR_AUTH_NONCE_SIZE, proof, WEIR_AUTH_PROOF_SIZE);
    return at + WEIR_AUTH_NONCE_SIZE + WEIR_AUTH_PROOF_SIZE;
}

size_t weir_auth_write_proof(uint8_t *ret, const uint8_t *proof) {
    size_t at = write_head(ret, WEIR_AUTH_PROOF, 0);
    memcpy(ret + at, proof, WEIR_AUTH_PROOF_SIZE);
    return at + WEIR_AUTH_PROOF_SIZE;
}

size_t weir_auth_write_welcome(uint8_t *ret) {
    return write_head(ret, WEIR_AUTH_WELCOME, 0);
}

size_t weir_auth_write_refusal(uint8_t *ret, weir_auth_reason reason, const char *text) {
    size_t at = write_head(ret, WEIR_AUTH_REFUSAL, reason), size = strnlen(text, WEIR_AUTH_TEXT_MAX);
    memcpy(ret + at, text, size);
    return at + size;
}

/* ---- proofs ---- */

void weir_auth_prove(const weir_secret *secret, weir_auth_role role, const uint8_t *client_nonce,
                     const uint8_t *server_nonce, uint8_t ret_proof[WEIR_AUTH_PROOF_SIZE]) {
    static const char *const labels[] = {
        [WEIR_AUTH_SERVER] = "weir rpc 1 server", [WEIR_AUTH_CLIENT] = "weir rpc 1 client"};
    enum { LABEL_SIZE = 17 };
    uint8_t text[LABEL_SIZE + 2 * WEIR_AUTH_NONCE_SIZE];
    memcpy(text, labels[role], LABEL_SIZE);
    memcpy(text + LABEL_SIZE, client_nonce, WEIR_AUTH_NONCE_SIZE);
    memcpy(text + LABEL_SIZE + WEIR_AUTH_NONCE_SIZE, server_nonce, WEIR_AUTH_NONCE_SIZE);
    weir_str key = weir_secret_bytes(secret);
    unsigned size = 0;
    /* Fails only without memory: then nobody may be let in with a proof of zeroes. */
    const uint8_t *done = HMAC(EVP_sha256(), key.data, (int)key.size, text, sizeof text, ret_proof, &size);
    WEIR_ASSERT(done && size == WEIR_AUTH_PROOF_SIZE);
}

bool weir_auth_check(const weir_secret *secret, weir_auth_role role, const uint8_t *client_nonce,
                     const uint8_t *server_nonce, const uint8_t *proof) {
    uint8_t expected[WEIR_AUTH_PROOF_SIZE];
    weir_auth_prove(secret, role, client_nonce, server_nonce, expected);
    return CRYPTO_memcmp(expected, proof, sizeof expected) == 0;
}
