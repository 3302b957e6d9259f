/* Validity and boolean bitmaps in Arrow's order (bit i = byte i/8, least significant first), and
 * unaligned loads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool weir_bit_get(const uint8_t *bits, int64_t i) {
    return (bits[i >> 3] >> (i & 7)) & 1;
}
static inline void weir_bit_set(uint8_t *bits, int64_t i) {
    bits[i >> 3] |= (uint8_t)(1u << (i & 7));
}
static inline void weir_bit_clear(uint8_t *bits, int64_t i) {
    bits[i >> 3] &= (uint8_t) ~(1u << (i & 7));
}
static inline void weir_bit_put(uint8_t *bits, int64_t i, bool value) {
    if (value)
        weir_bit_set(bits, i);
    else
        weir_bit_clear(bits, i);
}
static inline int64_t weir_bits_bytes(int64_t bits) {
    return (bits + 7) >> 3;
}
static inline uint64_t weir_load64(const void *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}
static inline uint32_t weir_load32(const void *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}
static inline __int128 weir_load128(const void *p) {
    __int128 v;
    memcpy(&v, p, 16);
    return v;
}
static inline void weir_store64(void *p, uint64_t v) {
    memcpy(p, &v, 8);
}
static inline void weir_store32(void *p, uint32_t v) {
    memcpy(p, &v, 4);
}
static inline void weir_store128(void *p, __int128 v) {
    memcpy(p, &v, 16);
}
