/* Counter-based randomness: the numbers of a row depend on (seed, stream, row) alone. splitmix64, which
 * passes BigCrush for a stream as short as a row's. */
#pragma once

#include <stdint.h>
#include <string.h>

typedef struct weir_gen_random {
    uint64_t state;
} weir_gen_random;

static inline uint64_t weir_gen_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}
/* `stream` keeps apart what is drawn for the same number (rows, urls, ids). */
static inline weir_gen_random weir_gen_random_at(uint64_t seed, uint64_t stream, uint64_t number) {
    uint64_t key = weir_gen_mix(seed + 0x9E3779B97F4A7C15ull * (stream + 1));
    return (weir_gen_random){weir_gen_mix(key ^ (number * 0xD1B54A32D192ED03ull + 0x2545F4914F6CDD1Dull))};
}
static inline uint64_t weir_gen_next(weir_gen_random *random) {
    random->state += 0x9E3779B97F4A7C15ull;
    return weir_gen_mix(random->state);
}
/* Uniform in [0, n), n > 0; the bias of the multiplication is below 2^-32 for the n used here. */
static inline int64_t weir_gen_below(weir_gen_random *random, int64_t n) {
    return (int64_t)(((unsigned __int128)weir_gen_next(random) * (uint64_t)n) >> 64);
}
/* Uniform in [0, 1). */
static inline double weir_gen_unit(weir_gen_random *random) {
    return (double)(weir_gen_next(random) >> 11) * 0x1p-53;
}

/* Appends `count` letters a-z; returns the end. May write up to 7 bytes past it. */
static inline char *weir_gen_letters(weir_gen_random *random, char *at, int64_t count) {
    for (int64_t i = 0; i < count; i += 8) {
        uint64_t draw = weir_gen_next(random);
        for (int j = 0; j < 8; j++)
            at[i + j] = (char)('a' + (((draw >> (8 * j)) & 0xFF) * 26 >> 8));
    }
    return at + count;
}

static inline char *weir_gen_put(char *at, const char *text, size_t size) {
    memcpy(at, text, size);
    return at + size;
}
#define WEIR_GEN_PUT(at, literal) weir_gen_put((at), (literal), sizeof(literal) - 1)

static inline char *weir_gen_put_int(char *at, int64_t value) {
    char digits[20];
    int count = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < 0)
        *at++ = '-';
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (count)
        *at++ = digits[--count];
    return at;
}
/* Exactly `width` digits. */
static inline char *weir_gen_put_digits(char *at, uint64_t value, int width) {
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + width;
}
