/* xxHash64 (hash.h), from its specification: four lanes over 32-byte stripes, then the rest by 8, 4 and 1
 * bytes. Pure; any thread. */
#include "common/base/bits.h"
#include "common/base/hash.h"

#define PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME_3 UINT64_C(0x165667B19E3779F9)
#define PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME_5 UINT64_C(0x27D4EB2F165667C5)

static inline uint64_t rotate(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

static inline uint64_t round_of(uint64_t lane, uint64_t input) {
    return rotate(lane + input * PRIME_2, 31) * PRIME_1;
}

static inline uint64_t add_eight(uint64_t hash, uint64_t value) {
    return rotate(hash ^ round_of(0, value), 27) * PRIME_1 + PRIME_4;
}

static inline uint64_t add_four(uint64_t hash, uint32_t value) {
    return rotate(hash ^ (uint64_t)value * PRIME_1, 23) * PRIME_2 + PRIME_3;
}

static inline uint64_t avalanche(uint64_t hash) {
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

uint64_t weir_xxhash64_int(uint32_t value, uint64_t seed) {
    return avalanche(add_four(seed + PRIME_5 + 4, value));
}

uint64_t weir_xxhash64_long(uint64_t value, uint64_t seed) {
    return avalanche(add_eight(seed + PRIME_5 + 8, value));
}

static uint64_t add_stripes(const uint8_t **at, const uint8_t *end, uint64_t seed) {
    static const int turns[] = {1, 7, 12, 18};
    uint64_t lanes[4] = {seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1}, hash = 0;
    for (; end - *at >= 32; *at += 32)
        for (int i = 0; i < 4; i++)
            lanes[i] = round_of(lanes[i], weir_load64(*at + 8 * i));
    for (int i = 0; i < 4; i++)
        hash += rotate(lanes[i], turns[i]);
    for (int i = 0; i < 4; i++)
        hash = (hash ^ round_of(0, lanes[i])) * PRIME_1 + PRIME_4;
    return hash;
}

uint64_t weir_xxhash64_bytes(const void *data, size_t size, uint64_t seed) {
    const uint8_t *at = data, *end = at + size;
    uint64_t hash = size >= 32 ? add_stripes(&at, end, seed) : seed + PRIME_5;
    hash += size;
    for (; end - at >= 8; at += 8)
        hash = add_eight(hash, weir_load64(at));
    if (end - at >= 4) {
        hash = add_four(hash, weir_load32(at));
        at += 4;
    }
    for (; at < end; at++)
        hash = rotate(hash ^ *at * PRIME_5, 11) * PRIME_1;
    return avalanche(hash);
}
