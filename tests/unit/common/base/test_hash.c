/* Hash functions against published and recorded values. */
#include "common/base/compiler.h"
#include "common/base/hash.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(hash, crc32c_has_the_check_values_of_rfc_3720) {
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xFF, sizeof ones);
    for (int i = 0; i < 32; i++)
        rising[i] = (uint8_t)i;
    cr_assert_eq(weir_crc32c(0, "123456789", 9), 0xE3069283u);
    cr_assert_eq(weir_crc32c(0, zeros, 32), 0x8A9136AAu);
    cr_assert_eq(weir_crc32c(0, ones, 32), 0x62A8AB43u);
    cr_assert_eq(weir_crc32c(0, rising, 32), 0x46DD794Eu);
    cr_assert_eq(weir_crc32c(weir_crc32c(0, "1234", 4), "56789", 5), 0xE3069283u, "it chains");
    for (size_t cut = 0; cut <= 9; cut++)
        cr_assert_eq(weir_crc32c_combine(weir_crc32c(0, "123456789", cut),
                                         weir_crc32c(0, &"123456789"[cut], 9 - cut), 9 - cut),
                     0xE3069283u, "it combines");
}

WEIR_TEST(hash, words_are_hashed_by_all_their_bytes) {
    char text[40] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t size = 1; size <= 36; size++)
        for (size_t at = 0; at < size; at++) {
            uint64_t before = weir_hash_bytes(text, size, 1);
            text[at] ^= 1;
            cr_assert_neq(weir_hash_bytes(text, size, 1), before, "byte %zu of %zu", at, size);
            text[at] ^= 1;
        }
}

/* The vectors of the algorithm's own documentation. */
WEIR_TEST(hash, xxhash64_is_the_published_function) {
    static const char *const texts[] = {"", "a", "abc", "Nobody inspects the spammish repetition"};
    static const uint64_t hashes[] = {UINT64_C(0xef46db3751d8e999), UINT64_C(0xd24ec4f1a98c6e5b),
                                      UINT64_C(0x44bc2cf5ad770999), UINT64_C(0xfbcea83c8a378bf1)};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(texts); i++)
        cr_assert(weir_xxhash64_bytes(texts[i], strlen(texts[i]), 0) == hashes[i], "%s", texts[i]);
}

WEIR_TEST(hash, xxhash64_of_a_number_is_that_of_its_bytes) {
    static const uint64_t numbers[] = {0, 1, 42, UINT64_C(0x8000000000000000), UINT64_MAX};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(numbers); i++) {
        uint32_t half = (uint32_t)numbers[i];
        cr_assert(weir_xxhash64_long(numbers[i], 42) == weir_xxhash64_bytes(&numbers[i], 8, 42));
        cr_assert(weir_xxhash64_int(half, 42) == weir_xxhash64_bytes(&half, 4, 42));
    }
}
