/* Byte scanning for the JSON fast path: SSE2, which every x86-64 has. All functions may read up to
 * WEIR_JSON_PAD bytes behind the text, where they find '\n' and stop. */
#pragma once

#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bits.h"
#include "common/base/compiler.h"

/* Bytes of the 16 at `v` that end a plain run inside a string: '"', '\\', controls, 0x80 and above. */
static inline uint32_t weir_json_scan_special(__m128i v) {
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i other = _mm_cmplt_epi8(v, _mm_set1_epi8(' ')); /* signed: 0x80.. is below too */
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), other));
}

static inline __m128i weir_json_scan_load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

/* The first special byte at or behind `p`. */
static inline const uint8_t *weir_json_scan_string(const uint8_t *p) {
    for (;; p += 16) {
        uint32_t mask = weir_json_scan_special(weir_json_scan_load(p));
        if (WEIR_LIKELY(mask))
            return p + __builtin_ctz(mask);
    }
}

/* Digits at `p`, counted up to 16. */
static inline int weir_json_scan_digits(const uint8_t *p) {
    __m128i v = _mm_sub_epi8(weir_json_scan_load(p), _mm_set1_epi8('0'));
    __m128i is = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v);
    return __builtin_ctz(~(uint32_t)_mm_movemask_epi8(is));
}

/* The value of 1 to 8 digits at `p`. */
static inline uint64_t weir_json_scan_number8(const uint8_t *p, int digits) {
    uint64_t v = (weir_load64(p) - UINT64_C(0x3030303030303030)) << (64 - 8 * digits);
    v = v * 10 + (v >> 8);
    return ((v & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
            (v >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >>
           32;
}

/* The value of 1 to 19 digits. */
static inline uint64_t weir_json_scan_number(const uint8_t *p, int digits) {
    if (WEIR_LIKELY(digits <= 8))
        return weir_json_scan_number8(p, digits);
    uint64_t value = weir_json_scan_number8(p, 8);
    p += 8;
    digits -= 8;
    if (digits > 8) {
        value = value * 100000000 + weir_json_scan_number8(p, 8);
        p += 8;
        digits -= 8;
    }
    static const uint64_t scale[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    return value * scale[digits] + weir_json_scan_number8(p, digits);
}

/* Bytes of the UTF-8 character at `p` (0x80 and above), strictly as Unicode defines it; 0 if it is none. */
static inline int weir_json_scan_utf8(const uint8_t *p) {
    uint32_t a = p[0], b = p[1];
    if ((b & 0xC0) != 0x80)
        return 0;
    if (a >= 0xC2 && a <= 0xDF)
        return 2;
    if ((p[2] & 0xC0) != 0x80)
        return 0;
    if ((a & 0xF0) == 0xE0)
        return (a == 0xE0 && b < 0xA0) || (a == 0xED && b >= 0xA0) ? 0 : 3;
    if ((p[3] & 0xC0) != 0x80)
        return 0;
    if (a >= 0xF0 && a <= 0xF4)
        return (a == 0xF0 && b < 0x90) || (a == 0xF4 && b >= 0x90) ? 0 : 4;
    return 0;
}

/* The first '\n' or '\r' in [p, end), or end. */
static inline const uint8_t *weir_json_scan_line_end(const uint8_t *p, const uint8_t *end) {
    for (; p < end; p += 16) {
        __m128i v = weir_json_scan_load(p);
        __m128i hit =
            _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
        uint32_t mask = (uint32_t)_mm_movemask_epi8(hit);
        if (mask) {
            p += __builtin_ctz(mask);
            return p < end ? p : end;
        }
    }
    return end;
}
