/* Who may speak on a connection: the messages and proofs of the challenge, and refusals. Pure functions over
 * bytes; rpc_gate.h keeps the server's state, nng_client.c drives the client's.
 *
 *   client                                      server
 *   HELLO    client nonce           ->
 *                                   <-  CHALLENGE  server nonce, server's proof
 *   PROOF    client's proof         ->                (or REFUSAL, where the server's proof is wrong)
 *                                   <-  WELCOME, or REFUSAL with a reason and a text
 *
 *   proof = HMAC-SHA256(secret, "weir rpc 1" | role | client nonce | server nonce)
 *
 * Each side proves that it knows the secret before the other goes on; the role keeps a proof from being sent
 * back to its maker. The nonces are 32 random bytes. It proves who opened the connection, and does not
 * encrypt what follows: that is TLS's task. All messages have a fixed layout, little-endian, and a magic
 * number that no frame has; they are understood before anything is allocated. REFUSAL also answers a frame
 * that is malformed, so that a peer of another version gets a text.
 *
 *   u32 magic | u8 format | u8 kind | u16 reason | by kind: nonce 32 / nonce 32, proof 32 / proof 32 / - /
 * text */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/rpc/secret.h"

#define WEIR_AUTH_NONCE_SIZE 32
#define WEIR_AUTH_PROOF_SIZE 32
#define WEIR_AUTH_TEXT_MAX 240
#define WEIR_AUTH_MESSAGE_MAX (8 + WEIR_AUTH_TEXT_MAX)

typedef enum weir_auth_kind {
    WEIR_AUTH_NONE, /* not a message of this file */
    WEIR_AUTH_HELLO,
    WEIR_AUTH_CHALLENGE,
    WEIR_AUTH_PROOF,
    WEIR_AUTH_WELCOME,
    WEIR_AUTH_REFUSAL,
    WEIR_AUTH_MALFORMED,
} weir_auth_kind;

typedef enum weir_auth_reason {
    WEIR_AUTH_REASON_FRAME = 1,       /* the request is no frame that the server takes */
    WEIR_AUTH_REASON_UNAUTHENTICATED, /* a request before the challenge was passed */
    WEIR_AUTH_REASON_WRONG_SECRET,
    WEIR_AUTH_REASON_NO_SECRET, /* the server has none */
    WEIR_AUTH_REASON_ORDER,     /* PROOF without HELLO on this connection: begin again */
} weir_auth_reason;

typedef enum weir_auth_role { WEIR_AUTH_SERVER, WEIR_AUTH_CLIENT } weir_auth_role;

typedef struct weir_auth_message {
    weir_auth_kind kind;
    weir_auth_reason reason;
    const uint8_t *nonce; /* HELLO, CHALLENGE */
    const uint8_t *proof; /* CHALLENGE, PROOF */
    weir_str text;        /* REFUSAL */
} weir_auth_message;

/* What the bytes are; views into them. */
weir_auth_message weir_auth_parse(weir_str bytes);

/* Each writes a message and returns its size. */
size_t weir_auth_write_hello(uint8_t *ret, const uint8_t *nonce);
size_t weir_auth_write_challenge(uint8_t *ret, const uint8_t *nonce, const uint8_t *proof);
size_t weir_auth_write_proof(uint8_t *ret, const uint8_t *proof);
size_t weir_auth_write_welcome(uint8_t *ret);
size_t weir_auth_write_refusal(uint8_t *ret, weir_auth_reason reason, const char *text); /* cut to its room */

void weir_auth_prove(const weir_secret *secret, weir_auth_role role, const uint8_t *client_nonce,
                     const uint8_t *server_nonce, uint8_t ret_proof[WEIR_AUTH_PROOF_SIZE]);
/* In constant time. */
bool weir_auth_check(const weir_secret *secret, weir_auth_role role, const uint8_t *client_nonce,
                     const uint8_t *server_nonce, const uint8_t *proof);
