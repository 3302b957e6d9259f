/* Hash functions (hash.h). Murmur3 x86_32 by Austin Appleby (public domain algorithm) in the variant that
 * Spark's Murmur3_x86_32.hashUnsafeBytes computes. CRC32C by the SSE4.2 instruction where the processor has
 * it, else by table. */
#include "common/base/hash.h"

#include <string.h>

#include "common/base/bits.h"
#include "common/base/compiler.h"

static inline uint32_t rotate_left(uint32_t x, int r) {
    return (x << r) | (x >> (32 - r));
}
static inline uint32_t mix_k1(uint32_t k1) {
    return rotate_left(k1 * 0xcc9e2d51u, 15) * 0x1b873593u;
}
static inline uint32_t mix_h1(uint32_t h1, uint32_t k1) {
    return rotate_left(h1 ^ k1, 13) * 5 + 0xe6546b64u;
}
static inline uint32_t finish(uint32_t h1, uint32_t size) {
    h1 ^= size;
    h1 ^= h1 >> 16;
    h1 *= 0x85ebca6bu;
    h1 ^= h1 >> 13;
    h1 *= 0xc2b2ae35u;
    return h1 ^ (h1 >> 16);
}

uint32_t weir_murmur3_int(uint32_t value, uint32_t seed) {
    return finish(mix_h1(seed, mix_k1(value)), 4);
}

uint32_t weir_murmur3_long(uint64_t value, uint32_t seed) {
    uint32_t h1 = mix_h1(seed, mix_k1((uint32_t)value));
    return finish(mix_h1(h1, mix_k1((uint32_t)(value >> 32))), 8);
}

uint32_t weir_murmur3_bytes(const void *data, size_t size, uint32_t seed) {
    const uint8_t *bytes = data;
    uint32_t h1 = seed;
    size_t i = 0;
    for (; i + 4 <= size; i += 4)
        h1 = mix_h1(h1, mix_k1(weir_load32(bytes + i)));
    for (; i < size; i++)
        h1 = mix_h1(h1, mix_k1((uint32_t)(int32_t)(int8_t)bytes[i]));
    return finish(h1, (uint32_t)size);
}

uint64_t weir_hash_bytes(const void *data, size_t size, uint64_t seed) {
    const uint8_t *bytes = data;
    uint64_t h = seed ^ (size * 0x9E3779B97F4A7C15ull);
    for (; size >= 16; size -= 16, bytes += 16)
        h = weir_hash_mix(h ^ weir_load64(bytes), weir_load64(bytes + 8));
    if (size >= 8) {
        h = weir_hash_mix(h ^ weir_load64(bytes), weir_load64(bytes + size - 8));
    } else if (size >= 4) {
        h = weir_hash_mix(h ^ weir_load32(bytes), weir_load32(bytes + size - 4));
    } else if (size) {
        uint64_t tail = (uint64_t)bytes[0] | (uint64_t)bytes[size / 2] << 8 | (uint64_t)bytes[size - 1] << 16;
        h = weir_hash_mix(h, tail);
    }
    return weir_hash_mix(h, 0xA0761D6478BD642Full);
}

#define CRC32C_POLYNOMIAL 0x82F63B78u

static uint32_t crc32c_table_step(uint32_t crc, uint8_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ (CRC32C_POLYNOMIAL & (0u - (crc & 1)));
    return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes,
                                                                  size_t size) {
    uint64_t c = crc;
    for (; size >= 8; size -= 8, bytes += 8)
        c = __builtin_ia32_crc32di(c, weir_load64(bytes));
    for (; size; size--, bytes++)
        c = __builtin_ia32_crc32qi((uint32_t)c, *bytes);
    return (uint32_t)c;
}
#endif

uint32_t weir_crc32c(uint32_t crc, const void *data, size_t size) {
    const uint8_t *bytes = data;
    crc = ~crc;
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_hardware(crc, bytes, size);
#endif
    for (; size; size--, bytes++)
        crc = crc32c_table_step(crc, *bytes);
    return ~crc;
}

/* A CRC is linear over GF(2): appending zero bytes is a 32x32 matrix, applied by squaring. */
static uint32_t matrix_times(const uint32_t matrix[32], uint32_t vector) {
    uint32_t sum = 0;
    for (int i = 0; vector; i++, vector >>= 1)
        if (vector & 1)
            sum ^= matrix[i];
    return sum;
}

static void matrix_square(uint32_t matrix[32]) {
    uint32_t square[32];
    for (int i = 0; i < 32; i++)
        square[i] = matrix_times(matrix, matrix[i]);
    memcpy(matrix, square, sizeof square);
}

uint32_t weir_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_size) {
    uint32_t matrix[32] = {CRC32C_POLYNOMIAL}; /* one zero bit */
    for (int i = 1; i < 32; i++)
        matrix[i] = UINT32_C(1) << (i - 1);
    for (int i = 0; i < 3; i++) /* one zero byte */
        matrix_square(matrix);
    for (; second_size; second_size >>= 1) {
        if (second_size & 1)
            first = matrix_times(matrix, first);
        matrix_square(matrix);
    }
    return first ^ second;
}
