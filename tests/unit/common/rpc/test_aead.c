/* Sealed bytes: the cipher is AES-256-GCM as others compute it, and nothing but the sealed bytes opens. */
#include "common/rpc/aead.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/env.h"
#include "tests/lib/weir_test.h"

#define TEXT "forty-two bytes of a shuffle block, or so!"

static weir_aead_key *counted_key(void) {
    uint8_t bytes[WEIR_AEAD_KEY_SIZE];
    weir_aead_key *key = NULL;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    cr_assert_eq(weir_aead_key_from_bytes(weir_str_make((const char *)bytes, sizeof bytes), &key, NULL),
                 WEIR_OK);
    return key;
}

static const char *hex(const uint8_t *bytes, size_t size, char *ret) {
    ret[0] = 0;
    for (size_t i = 0; i < size; i++)
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    return ret;
}

/* Computed by Python's cryptography.hazmat AESGCM with the same key, nonces and additional data. */
WEIR_TEST(aead, seals_as_aes_256_gcm_of_others) {
    weir_error *err = NULL;
    weir_aead_key *key = counted_key();
    weir_aead *aead = weir_aead_new(key, 5);
    uint8_t sealed[64], seal[WEIR_AEAD_SEAL_SIZE];
    char text[256];
    CHECK_OK(weir_aead_seal(aead, WEIR_STR("aad"), WEIR_STR(TEXT), sealed, seal, &err));
    CHECK_TEXT(hex(sealed, 42, text),
               "8004dfb54a8a27aedbaa3f7d7d1b57924a93ebdf3d67150d48cf797695aa2c636433bf9bd75"
               "00286a309");
    CHECK_TEXT(hex(seal, 12, text), "050000000000000000000000");
    CHECK_TEXT(hex(seal + 12, 16, text), "19aa0d9e31ec932a4875f4279bf133ca");
    CHECK_OK(weir_aead_seal(aead, WEIR_STR(""), WEIR_STR(""), sealed, seal, &err));
    CHECK_TEXT(hex(seal, 12, text), "050000000100000000000000");
    CHECK_TEXT(hex(seal + 12, 16, text), "0f2048441c0af9b35388712a89fb38b1");
    weir_aead_free(aead);
    weir_aead_key_free(key);
}

static void open_fails(weir_aead *aead, weir_str aad, const uint8_t *seal, const uint8_t *sealed,
                       size_t size) {
    weir_error *err = NULL;
    uint8_t plain[64], zero[64] = {0};
    memset(plain, 'x', sizeof plain);
    CHECK_FAILS(RPC_ERROR, weir_aead_open(aead, aad, weir_str_make((const char *)seal, WEIR_AEAD_SEAL_SIZE),
                                          weir_str_make((const char *)sealed, size), plain, &err));
    cr_assert_eq(memcmp(plain, zero, size), 0, "nothing of it is shown");
}

WEIR_TEST(aead, opens_only_what_was_sealed_there) {
    weir_error *err = NULL;
    weir_env env = {.random_bytes = weir_system_random};
    weir_aead_key *key = counted_key(), *other_key = weir_aead_key_generate(&env), *again = NULL;
    CHECK_OK(weir_aead_key_from_bytes(weir_aead_key_bytes(key), &again, &err));
    weir_aead *sender = weir_aead_new(key, 1), *receiver = weir_aead_new(again, 2);
    weir_aead *stranger = weir_aead_new(other_key, 2);
    uint8_t sealed[64], seal[WEIR_AEAD_SEAL_SIZE], plain[64];
    weir_str aad = WEIR_STR("run 1 batch 2 attempt 0 stage 1 partition 3 task 4");
    weir_str seal_text = weir_str_make((const char *)seal, sizeof seal);
    weir_str sealed_text = weir_str_make((const char *)sealed, 42);
    for (int round = 0; round < 3; round++) {
        CHECK_OK(weir_aead_seal(sender, aad, WEIR_STR(TEXT), sealed, seal, &err));
        CHECK_OK(weir_aead_open(receiver, aad, seal_text, sealed_text, plain, &err));
        cr_assert_eq(memcmp(plain, TEXT, 42), 0);
    }
    for (size_t bit = 0; bit < 42 * 8; bit += 5) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        open_fails(receiver, aad, seal, sealed, 42);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < sizeof seal * 8; bit += 3) {
        seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
        open_fails(receiver, aad, seal, sealed, 42);
        seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < 42; cut++)
        open_fails(receiver, aad, seal, sealed, cut);
    open_fails(receiver, WEIR_STR("run 1 batch 2 attempt 0 stage 1 partition 3 task 5"), seal, sealed, 42);
    open_fails(receiver, WEIR_STR(""), seal, sealed, 42);
    open_fails(stranger, aad, seal, sealed, 42);
    CHECK_FAILS(RPC_ERROR, weir_aead_open(receiver, aad, WEIR_STR("short"), sealed_text, plain, &err));
    CHECK_OK(weir_aead_open(receiver, aad, seal_text, sealed_text, sealed, &err)); /* in place */
    cr_assert_eq(memcmp(sealed, TEXT, 42), 0);
    CHECK_FAILS(RPC_ERROR, weir_aead_key_from_bytes(WEIR_STR("short"), &again, &err));
    weir_aead_free(sender);
    weir_aead_free(receiver);
    weir_aead_free(stranger);
    weir_aead_key_free(key);
    weir_aead_key_free(other_key);
    weir_aead_key_free(again);
    weir_aead_key_free(NULL);
    weir_aead_free(NULL);
}

#define THREADS 4
#define SEALS 2000

typedef struct sealer {
    weir_aead *aead;
    uint64_t counters[SEALS];
} sealer;

static void *seal_many(void *data) {
    sealer *s = data;
    uint8_t sealed[64], seal[WEIR_AEAD_SEAL_SIZE];
    for (int i = 0; i < SEALS; i++) {
        if (weir_aead_seal(s->aead, WEIR_STR("a"), WEIR_STR(TEXT), sealed, seal, NULL) != WEIR_OK ||
            weir_aead_open(s->aead, WEIR_STR("a"), weir_str_make((const char *)seal, sizeof seal),
                           weir_str_make((const char *)sealed, 42), sealed, NULL) != WEIR_OK)
            return s;
        memcpy(&s->counters[i], seal + 4, 8);
    }
    return NULL;
}

WEIR_TEST(aead, no_nonce_repeats_between_threads) {
    weir_aead_key *key = counted_key();
    weir_aead *aead = weir_aead_new(key, 9);
    pthread_t threads[THREADS];
    static sealer sealers[THREADS];
    static bool seen[THREADS * SEALS];
    for (int i = 0; i < THREADS; i++) {
        sealers[i].aead = aead;
        cr_assert_eq(pthread_create(&threads[i], NULL, seal_many, &sealers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < SEALS; k++) {
            uint64_t counter = sealers[i].counters[k];
            cr_assert(counter < THREADS * SEALS && !seen[counter], "counter %llu",
                      (unsigned long long)counter);
            seen[counter] = true;
        }
    weir_aead_free(aead);
    weir_aead_key_free(key);
}
