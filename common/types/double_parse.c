/* Decimal text to double and float, correctly rounded.
 *
 * Short numbers take Clinger's exact path; the others Lemire's 128-bit product, which decides all but
 * texts of more than 19 digits whose two candidates differ: those are settled by big integers. Text of
 * any length is read without a copy. Any thread, no locale. */
#include <math.h>

#include "common/types/big_number_int.h"
#include "common/types/number_text.h"
#include "common/types/power_of_ten_int.h"

typedef unsigned __int128 u128;

/* A format's parameters: 53/24 bits of significand. */
typedef struct float_format {
    int32_t mantissa_bits;      /* without the hidden one */
    int32_t bias;               /* 1023, 127 */
    int32_t infinite;           /* 0x7FF, 0xFF */
    int32_t even_min, even_max; /* powers of ten where a product may be exactly half way */
    int32_t power_min, power_max;
} float_format;

static const float_format double_format = {52, 1023, 0x7FF, -4, 23, -342, 308};
static const float_format single_format = {23, 127, 0xFF, -17, 10, -65, 38};

/* A scanned number: digits * 10^exponent, `digits` holding at most the first 19. */
typedef struct scanned {
    bool negative;
    bool truncated; /* there were more digits, not all zero */
    uint64_t digits;
    int32_t exponent;
    weir_str significand; /* digits and point as written, for the exact path */
    int32_t written_exponent;
} scanned;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Eight ASCII digits at once; false where one of them is none. */
static bool take_eight(const char *p, uint64_t *value) {
    uint64_t word;
    memcpy(&word, p, 8);
    if ((((word & 0xF0F0F0F0F0F0F0F0u) | (((word + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4))) !=
        0x3333333333333333u)
        return false;
    word -= 0x3030303030303030u;
    word = word * 10 + (word >> 8);
    uint64_t low = (word & 0x000000FF000000FFu) * (100 + (UINT64_C(1000000) << 32));
    uint64_t high = ((word >> 16) & 0x000000FF000000FFu) * (1 + (UINT64_C(10000) << 32));
    *value = *value * 100000000u + ((low + high) >> 32);
    return true;
}

/* Digits and at most one point from *at; counts digits in front of the point and all digits. */
static const char *take_significand(const char *at, const char *end, scanned *n, int32_t *ret_before,
                                    int32_t *ret_after) {
    const char *start = at, *point;
    uint64_t value = 0;
    while (end - at >= 8 && take_eight(at, &value))
        at += 8;
    while (at < end && is_digit(*at))
        value = value * 10 + (uint64_t)(*at++ - '0');
    *ret_before = (int32_t)(at - start);
    *ret_after = 0;
    if (at < end && *at == '.') {
        point = ++at;
        while (end - at >= 8 && take_eight(at, &value))
            at += 8;
        while (at < end && is_digit(*at))
            value = value * 10 + (uint64_t)(*at++ - '0');
        *ret_after = (int32_t)(at - point);
    }
    n->digits = value;
    n->exponent = -*ret_after;
    n->significand = weir_str_make(start, (size_t)(at - start));
    return at;
}

/* More than 19 digits were summed up: takes the first 19 significant ones instead. */
static void take_first_digits(scanned *n) {
    const char *p = n->significand.data, *end = p + n->significand.size;
    uint64_t value = 0;
    int32_t taken = 0, skipped = 0, behind = 0;
    bool point = false, rest = false;
    for (; p < end; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        behind += point;
        if (taken < 19) {
            value = value * 10 + (uint64_t)(*p - '0');
            taken += value > 0;
        } else {
            skipped++;
            rest = rest || *p != '0';
        }
    }
    n->digits = value;
    n->exponent = skipped - behind;
    n->truncated = rest;
}

/* [+-]digits[.digits][e[+-]digits]; `loose` accepts ".5" and "5." too. Gives the end, NULL where the
 * text does not begin with a number. */
static const char *scan_number(const char *at, const char *end, bool loose, scanned *ret) {
    *ret = (scanned){0};
    if (at < end && (*at == '-' || *at == '+'))
        ret->negative = *at++ == '-';
    int32_t before, after;
    if (end - at > INT32_MAX / 4)
        return NULL;
    at = take_significand(at, end, ret, &before, &after);
    bool pointed = ret->significand.size > 0 && at[-1] == '.';
    if (before + after == 0 || (!loose && (before == 0 || pointed)))
        return NULL;
    if (before + after > 19)
        take_first_digits(ret);
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char *p = at + 1;
        bool negative = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        if (p >= end || !is_digit(*p))
            return loose ? at : NULL;
        int64_t value = 0;
        for (; p < end && is_digit(*p); p++)
            value = value < 1000000000 ? value * 10 + (*p - '0') : value;
        value = value > 100000000 ? 100000000 : value; /* beyond every text that fits in memory */
        ret->written_exponent = (int32_t)(negative ? -value : value);
        at = p;
    }
    int64_t exponent = (int64_t)ret->exponent + ret->written_exponent;
    ret->exponent = (int32_t)(exponent < -1000000 ? -1000000 : exponent > 1000000 ? 1000000 : exponent);
    return at;
}

/* A result as fields of the format; biased -1 = undecided. */
typedef struct rounded {
    uint64_t mantissa;
    int32_t biased;
} rounded;

static rounded multiply(uint64_t w, int32_t q, const float_format *f) {
    rounded zero = {0, 0}, infinity = {0, f->infinite};
    if (w == 0 || q < f->power_min)
        return zero;
    if (q > f->power_max)
        return infinity;
    int32_t leading = __builtin_clzll(w);
    w <<= leading;
    const uint64_t *power = weir_power_of_ten[q - WEIR_POWER_OF_TEN_FIRST];
    u128 product = (u128)w * power[0];
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    uint64_t mask = UINT64_MAX >> (f->mantissa_bits + 3);
    if ((high & mask) == mask) {
        uint64_t second = (uint64_t)(((u128)w * power[1]) >> 64);
        low += second;
        high += low < second;
    }
    int32_t upper = (int32_t)(high >> 63), shift = upper + 64 - f->mantissa_bits - 3;
    uint64_t mantissa = high >> shift;
    int32_t biased = weir_power_of_ten_exponent(q) + 127 + 63 + upper - leading + f->bias;
    if (biased <= 0) {
        if (-biased + 1 >= 64)
            return zero;
        mantissa >>= -biased + 1;
        mantissa = (mantissa + (mantissa & 1)) >> 1;
        return (rounded){mantissa & ((UINT64_C(1) << f->mantissa_bits) - 1),
                         mantissa >> f->mantissa_bits ? 1 : 0};
    }
    if (low <= 1 && q >= f->even_min && q <= f->even_max && (mantissa & 3) == 1 && mantissa << shift == high)
        mantissa &= ~UINT64_C(1);
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa >= UINT64_C(2) << f->mantissa_bits) {
        mantissa = UINT64_C(1) << f->mantissa_bits;
        biased++;
    }
    mantissa &= ~(UINT64_C(1) << f->mantissa_bits);
    return biased >= f->infinite ? infinity : (rounded){mantissa, biased};
}

/* The written digits as a big integer * 10^*ret_exponent; beyond 780 digits only whether any follows
 * matters, which one more digit stands for. */
static void load_digits(const scanned *n, weir_big_number *ret, int32_t *ret_exponent) {
    const char *p = n->significand.data, *end = p + n->significand.size;
    int32_t taken = 0, dropped = 0, behind = 0;
    bool point = false, rest = false;
    weir_big_number_set(ret, 0);
    for (; p < end; p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        behind += point;
        if (taken < 780) {
            weir_big_number_multiply_add(ret, 10, (uint64_t)(*p - '0'));
            taken += ret->size > 0;
        } else {
            dropped++;
            rest = rest || *p != '0';
        }
    }
    if (rest) {
        weir_big_number_multiply_add(ret, 10, 1);
        dropped--;
    }
    *ret_exponent = n->written_exponent + dropped - behind;
}

/* Compares the written number with the middle between `lower` and its successor; rounds by it. */
static rounded settle(const scanned *n, rounded lower, const float_format *f) {
    weir_big_number written, middle;
    int32_t ten;
    load_digits(n, &written, &ten);
    uint64_t hidden = lower.biased > 0 ? UINT64_C(1) << f->mantissa_bits : 0;
    int32_t biased = lower.biased > 0 ? lower.biased : 1;
    weir_big_number_set(&middle, 2 * (lower.mantissa | hidden) + 1);
    int32_t two = biased - f->bias - f->mantissa_bits - 1;
    /* written * 10^ten against middle * 2^two */
    if (ten >= 0)
        weir_big_number_multiply_pow5(&written, ten);
    else
        weir_big_number_multiply_pow5(&middle, -ten);
    int32_t shift = ten - two;
    if (shift >= 0)
        weir_big_number_shift_left(&written, shift);
    else
        weir_big_number_shift_left(&middle, -shift);
    int order = weir_big_number_compare(&written, &middle);
    if (order < 0 || (order == 0 && (lower.mantissa & 1) == 0))
        return lower;
    if (++lower.mantissa >> f->mantissa_bits) {
        lower.mantissa = 0;
        lower.biased++;
    }
    return lower;
}

static uint64_t assemble(const scanned *n, const float_format *f) {
    rounded r = multiply(n->digits, n->exponent, f);
    if (n->truncated) {
        rounded above = multiply(n->digits + 1, n->exponent, f);
        if (r.mantissa != above.mantissa || r.biased != above.biased)
            r = settle(n, r, f);
    }
    return (uint64_t)(uint32_t)r.biased << f->mantissa_bits | r.mantissa;
}

static double to_double(const scanned *n) {
    static const double exact[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double value;
    if (n->digits <= UINT64_C(1) << 53 && n->exponent >= -22 && n->exponent <= 22 && !n->truncated) {
        value = (double)n->digits;
        value = n->exponent < 0 ? value / exact[-n->exponent] : value * exact[n->exponent];
    } else {
        uint64_t bits = assemble(n, &double_format);
        memcpy(&value, &bits, 8);
    }
    return n->negative ? -value : value;
}

static float to_float(const scanned *n) {
    uint32_t bits = (uint32_t)assemble(n, &single_format);
    float value;
    memcpy(&value, &bits, 4);
    return n->negative ? -value : value;
}

bool weir_double_parse(weir_str text, double *ret) {
    scanned n;
    const char *end = text.data + text.size;
    if (text.size == 0 || scan_number(text.data, end, false, &n) != end)
        return false;
    *ret = to_double(&n);
    return true;
}

bool weir_float_parse(weir_str text, float *ret) {
    scanned n;
    const char *end = text.data + text.size;
    if (text.size == 0 || scan_number(text.data, end, false, &n) != end)
        return false;
    *ret = to_float(&n);
    return true;
}

/* ---- Spark's CAST ---- */

static int hex_digit(char c) {
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* mantissa * 2^exponent (bits lost below the mantissa in `sticky`) to a format, half to even. */
static uint64_t round_binary(uint64_t mantissa, bool sticky, int64_t exponent, const float_format *f) {
    if (mantissa == 0)
        return 0;
    int32_t leading = __builtin_clzll(mantissa);
    mantissa <<= leading;
    int64_t biased = exponent - leading + 63 + f->bias;
    int64_t shift = 63 - f->mantissa_bits;
    if (biased <= 0) {
        shift += 1 - biased;
        biased = 0;
    }
    if (biased >= f->infinite)
        return (uint64_t)(uint32_t)f->infinite << f->mantissa_bits;
    if (shift > 64)
        return 0;
    uint64_t kept = shift == 64 ? 0 : mantissa >> shift;
    uint64_t half = UINT64_C(1) << (shift - 1), rest = shift == 64 ? mantissa : mantissa & (2 * half - 1);
    bool up = rest > half || (rest == half && (sticky || (kept & 1)));
    if (biased > 0)
        kept &= ~(UINT64_C(1) << f->mantissa_bits);
    /* A carry out of the fraction moves into the exponent, as it must. */
    return ((uint64_t)biased << f->mantissa_bits) + kept + up;
}

/* Java's hexadecimal form: 0x1.8p3, exponent required. Gives the end or NULL. */
static const char *scan_hex(const char *at, const char *end, const float_format *f, uint64_t *ret_bits) {
    uint64_t mantissa = 0;
    bool sticky = false, negative = false;
    int64_t exponent = 0, value = 0, digits = 0;
    if (end - at < 3 || at[0] != '0' || (at[1] | 0x20) != 'x')
        return NULL;
    bool point = false;
    for (at += 2; at < end; at++) {
        int digit = hex_digit(*at);
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (digit < 0)
            break;
        digits++;
        if (mantissa >> 60) {
            sticky = sticky || digit != 0;
            exponent += point ? 0 : 4;
        } else {
            mantissa = mantissa << 4 | (uint64_t)digit;
            exponent -= point ? 4 : 0;
        }
    }
    if (digits == 0 || at >= end || (*at | 0x20) != 'p')
        return NULL;
    at++;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    if (at >= end || !is_digit(*at))
        return NULL;
    for (; at < end && is_digit(*at); at++)
        value = value < 1000000000000 ? value * 10 + (*at - '0') : value;
    *ret_bits = round_binary(mantissa, sticky, exponent + (negative ? -value : value), f);
    return at;
}

static bool equal_nocase(weir_str text, const char *word) {
    return weir_str_equal_nocase(text, weir_str_from(word));
}

/* The names Spark accepts beside numbers, any case: 1 infinity, -1 minus infinity, 2 NaN, 0 none. */
static int special_name(weir_str text) {
    if (equal_nocase(text, "nan"))
        return 2;
    bool negative = text.size > 0 && text.data[0] == '-';
    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        text = weir_str_make(text.data + 1, text.size - 1);
    if (equal_nocase(text, "inf") || equal_nocase(text, "infinity"))
        return negative ? -1 : 1;
    return 0;
}

/* Where a Java number ends: an optional suffix f, F, d or D. */
static bool at_end(const char *at, const char *end) {
    if (!at)
        return false;
    if (at < end && ((*at | 0x20) == 'f' || (*at | 0x20) == 'd'))
        at++;
    return at == end;
}

/* The text as bits of the format; false where it is no number. *ret_special as special_name's. */
static bool parse_cast(weir_str text, const float_format *f, scanned *ret, uint64_t *ret_hex,
                       bool *ret_is_hex, int *ret_special) {
    text = weir_str_trim(text);
    const char *end = text.data + text.size, *body = text.data;
    *ret_special = 0;
    *ret_is_hex = false;
    if (text.size == 0)
        return false;
    if (at_end(scan_number(text.data, end, true, ret), end))
        return true;
    *ret_special = special_name(text);
    if (*ret_special)
        return true;
    bool negative = *body == '-';
    if (*body == '-' || *body == '+')
        body++;
    if (text.size >= 4 && (equal_nocase(weir_str_make(body, (size_t)(end - body)), "nan")) &&
        memcmp(body, "NaN", 3) == 0) { /* Java takes a sign before NaN */
        *ret_special = 2;
        return true;
    }
    *ret_is_hex = at_end(scan_hex(body, end, f, ret_hex), end);
    *ret_hex |= *ret_is_hex && negative ? UINT64_C(1) << (f->mantissa_bits == 52 ? 63 : 31) : 0;
    return *ret_is_hex;
}

bool weir_double_parse_cast(weir_str text, double *ret) {
    scanned n;
    uint64_t hex = 0;
    bool is_hex;
    int special;
    if (!parse_cast(text, &double_format, &n, &hex, &is_hex, &special))
        return false;
    if (is_hex)
        memcpy(ret, &hex, 8);
    else
        *ret = special == 2 ? NAN : special ? special * INFINITY : to_double(&n);
    return true;
}

bool weir_float_parse_cast(weir_str text, float *ret) {
    scanned n;
    uint64_t hex = 0;
    bool is_hex;
    int special;
    if (!parse_cast(text, &single_format, &n, &hex, &is_hex, &special))
        return false;
    if (is_hex) {
        uint32_t bits = (uint32_t)hex;
        memcpy(ret, &bits, 4);
    } else {
        *ret = special == 2 ? NAN : special ? (float)special * INFINITY : to_float(&n);
    }
    return true;
}
