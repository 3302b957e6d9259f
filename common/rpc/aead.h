/* Sealed bytes: AES-256-GCM over OpenSSL's EVP, for shuffle blocks between hosts (docs/adr/0009).
 *
 *   driver:   weir_aead_key_generate, one key a query run, handed out in START_QUERY over TLS
 *   executor: weir_aead_new(key, executor id) -> seal in reply to FETCH_BLOCKS, open what was fetched
 *
 * A seal is the nonce and the tag, 28 bytes beside bytes of the same length as before. The nonce is the
 * sender's number (32 bits) and a counter (64 bits) that only grows, so it never repeats under a key as long
 * as no two senders of one key have the same number and a sender makes one weir_aead a key: use the executor
 * id, which the driver never gives twice. The additional data (which block of which attempt this is) is not
 * sent: both sides know it, and a block in the wrong place does not open.
 *
 * One weir_aead serves any number of threads at once; cipher contexts are kept and reused inside. */
#pragma once

#include "common/base/error.h"
#include "common/base/str.h"

#define WEIR_AEAD_KEY_SIZE 32
#define WEIR_AEAD_NONCE_SIZE 12
#define WEIR_AEAD_TAG_SIZE 16
#define WEIR_AEAD_SEAL_SIZE (WEIR_AEAD_NONCE_SIZE + WEIR_AEAD_TAG_SIZE)

struct weir_env;

/* A key is never formatted and wiped when it is freed. */
typedef struct weir_aead_key weir_aead_key;
weir_aead_key *weir_aead_key_generate(const struct weir_env *env);
/* RPC_ERROR unless there are WEIR_AEAD_KEY_SIZE bytes. */
weir_code weir_aead_key_from_bytes(weir_str bytes, weir_aead_key **ret, weir_error **err);
weir_str weir_aead_key_bytes(const weir_aead_key *key); /* to hand out; valid while the key lives */
void weir_aead_key_free(weir_aead_key *key);            /* accepts NULL */

typedef struct weir_aead weir_aead;
/* Copies the key. */
weir_aead *weir_aead_new(const weir_aead_key *key, uint32_t sender);
void weir_aead_free(weir_aead *aead); /* wipes; no call may be running; accepts NULL */

/* Encrypts to `ret_sealed` (plain.size bytes; plain's own place is allowed). Fails only where OpenSSL cannot
 * work at all (OUT_OF_MEMORY, INTERNAL_ERROR) or the counter is at its end. */
weir_code weir_aead_seal(weir_aead *aead, weir_str aad, weir_str plain, uint8_t *ret_sealed,
                         uint8_t ret_seal[WEIR_AEAD_SEAL_SIZE], weir_error **err);
/* Decrypts to `ret_plain` (sealed.size bytes; its own place is allowed). RPC_ERROR where key, seal,
 * additional data or bytes are not those of the sealing; `ret_plain` holds zeroes then. */
weir_code weir_aead_open(weir_aead *aead, weir_str aad, weir_str seal, weir_str sealed, uint8_t *ret_plain,
                         weir_error **err);
