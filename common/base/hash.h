/* Hash functions: CRC32C (integrity), Murmur3 x86_32 as Spark computes it (placement; Spark's
 * variant hashes trailing bytes one by one as sign-extended ints), and a fast word hash for tables.
 * Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 B.4). Chain by passing the previous result; start with 0. */
uint32_t weir_crc32c(uint32_t crc, const void *data, size_t size);
/* The CRC32C of two texts behind each other, from those of each. */
uint32_t weir_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_size);

/* Spark's Murmur3_x86_32.hashInt / hashLong / hashUnsafeBytes (the pre-2.x tail, used by `hash()`). */
uint32_t weir_murmur3_int(uint32_t value, uint32_t seed);
uint32_t weir_murmur3_long(uint64_t value, uint32_t seed);
uint32_t weir_murmur3_bytes(const void *data, size_t size, uint32_t seed);

#define WEIR_MURMUR3_SEED 42u

/* Spark's XXH64.hashInt / hashLong / hashUnsafeBytes: xxHash64 of 4, 8 and any number of bytes. (xxhash.c) */
uint64_t weir_xxhash64_int(uint32_t value, uint64_t seed);
uint64_t weir_xxhash64_long(uint64_t value, uint64_t seed);
uint64_t weir_xxhash64_bytes(const void *data, size_t size, uint64_t seed);

/* For in-memory tables only: not stable across versions, never stored. */
uint64_t weir_hash_bytes(const void *data, size_t size, uint64_t seed);
static inline uint64_t weir_hash_mix(uint64_t a, uint64_t b) {
    __uint128_t m = (__uint128_t)(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xD1B54A32D192ED03ull);
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}
