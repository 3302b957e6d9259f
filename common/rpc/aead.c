/* AES-256-GCM (aead.h). EVP contexts with the key schedule inside are kept on a stack: a call takes one, or
 * makes one where more threads are here than ever before, and puts it back. */
#include "common/rpc/aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/env.h"

#define KEPT_MAX 32            /* contexts kept; more are freed after use */
#define STEP ((size_t)1 << 30) /* EVP counts in int */
#define COUNTER_MAX (UINT64_MAX - 1)

struct weir_aead_key {
    uint8_t bytes[WEIR_AEAD_KEY_SIZE];
};

struct weir_aead {
    weir_aead_key key;
    uint32_t sender;
    _Atomic uint64_t counter;
    pthread_mutex_t lock;
    int32_t kept_count;
    EVP_CIPHER_CTX *kept[KEPT_MAX];
};

/* ---- keys ---- */

weir_aead_key *weir_aead_key_generate(const struct weir_env *env) {
    weir_aead_key *key = weir_alloc(sizeof *key);
    env->random_bytes(env->random_self, key->bytes, sizeof key->bytes);
    return key;
}

weir_code weir_aead_key_from_bytes(weir_str bytes, weir_aead_key **ret, weir_error **err) {
    if (bytes.size != WEIR_AEAD_KEY_SIZE)
        WEIR_FAIL(err, RPC_ERROR, "a data key of %zu bytes, expected %d", bytes.size, WEIR_AEAD_KEY_SIZE);
    weir_aead_key *key = weir_alloc(sizeof *key);
    memcpy(key->bytes, bytes.data, WEIR_AEAD_KEY_SIZE);
    *ret = key;
    return WEIR_OK;
}

weir_str weir_aead_key_bytes(const weir_aead_key *key) {
    return weir_str_make((const char *)key->bytes, sizeof key->bytes);
}

void weir_aead_key_free(weir_aead_key *key) {
    if (key)
        OPENSSL_cleanse(key, sizeof *key);
    weir_free(key);
}

/* ---- contexts ---- */

weir_aead *weir_aead_new(const weir_aead_key *key, uint32_t sender) {
    weir_aead *aead = weir_alloc_zero(1, sizeof *aead);
    aead->key = *key;
    aead->sender = sender;
    pthread_mutex_init(&aead->lock, NULL);
    return aead;
}

void weir_aead_free(weir_aead *aead) {
    if (!aead)
        return;
    for (int32_t i = 0; i < aead->kept_count; i++)
        EVP_CIPHER_CTX_free(aead->kept[i]);
    pthread_mutex_destroy(&aead->lock);
    OPENSSL_cleanse(aead, sizeof *aead);
    weir_free(aead);
}

/* A context that holds the key; NULL where OpenSSL cannot make one. */
static EVP_CIPHER_CTX *take_context(weir_aead *aead) {
    pthread_mutex_lock(&aead->lock);
    EVP_CIPHER_CTX *context = aead->kept_count ? aead->kept[--aead->kept_count] : NULL;
    pthread_mutex_unlock(&aead->lock);
    if (context)
        return context;
    context = EVP_CIPHER_CTX_new();
    if (context && EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, aead->key.bytes, NULL, 1) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

static void put_context(weir_aead *aead, EVP_CIPHER_CTX *context) {
    pthread_mutex_lock(&aead->lock);
    bool keep = aead->kept_count < KEPT_MAX;
    if (keep)
        aead->kept[aead->kept_count++] = context;
    pthread_mutex_unlock(&aead->lock);
    if (!keep)
        EVP_CIPHER_CTX_free(context);
}

/* The stream itself: additional data, then the bytes. False where OpenSSL fails. */
static bool run_cipher(EVP_CIPHER_CTX *context, bool sealing, const uint8_t *nonce, weir_str aad,
                       weir_str bytes, uint8_t *out) {
    int written = 0;
    if (EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, sealing) != 1)
        return false;
    if (aad.size && EVP_CipherUpdate(context, NULL, &written, (const uint8_t *)aad.data, (int)aad.size) != 1)
        return false;
    for (size_t at = 0; at < bytes.size; at += STEP) {
        size_t size = WEIR_MIN(bytes.size - at, STEP);
        if (EVP_CipherUpdate(context, out + at, &written, (const uint8_t *)bytes.data + at, (int)size) != 1)
            return false;
    }
    return true;
}

/* ---- seal and open ---- */

weir_code weir_aead_seal(weir_aead *aead, weir_str aad, weir_str plain, uint8_t *ret_sealed,
                         uint8_t ret_seal[WEIR_AEAD_SEAL_SIZE], weir_error **err) {
    uint64_t counter = atomic_fetch_add_explicit(&aead->counter, 1, memory_order_relaxed);
    if (counter >= COUNTER_MAX)
        WEIR_FAIL(err, INTERNAL_ERROR, "a data key has sealed as many blocks as it may");
    EVP_CIPHER_CTX *context = take_context(aead);
    if (!context)
        WEIR_FAIL_OOM(err);
    memcpy(ret_seal, &aead->sender, 4);
    memcpy(ret_seal + 4, &counter, 8);
    uint8_t rest[16];
    int written = 0;
    bool ok = run_cipher(context, true, ret_seal, aad, plain, ret_sealed) &&
              EVP_CipherFinal_ex(context, rest, &written) == 1 &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, WEIR_AEAD_TAG_SIZE,
                                  ret_seal + WEIR_AEAD_NONCE_SIZE) == 1;
    put_context(aead, context);
    if (!ok)
        WEIR_FAIL(err, INTERNAL_ERROR, "AES-256-GCM failed to seal %zu bytes", plain.size);
    return WEIR_OK;
}

weir_code weir_aead_open(weir_aead *aead, weir_str aad, weir_str seal, weir_str sealed, uint8_t *ret_plain,
                         weir_error **err) {
    if (seal.size != WEIR_AEAD_SEAL_SIZE)
        WEIR_FAIL(err, RPC_ERROR, "a seal of %zu bytes, expected %d", seal.size, WEIR_AEAD_SEAL_SIZE);
    EVP_CIPHER_CTX *context = take_context(aead);
    if (!context)
        WEIR_FAIL_OOM(err);
    uint8_t tag[WEIR_AEAD_TAG_SIZE], rest[16];
    memcpy(tag, seal.data + WEIR_AEAD_NONCE_SIZE, sizeof tag);
    int written = 0;
    bool ok = run_cipher(context, false, (const uint8_t *)seal.data, aad, sealed, ret_plain) &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
              EVP_CipherFinal_ex(context, rest, &written) == 1;
    put_context(aead, context);
    if (ok)
        return WEIR_OK;
    if (sealed.size)
        memset(ret_plain, 0, sealed.size);
    WEIR_FAIL(err, RPC_ERROR, "%zu sealed bytes do not open: another key, another place, or changed",
              sealed.size);
}
