/* Decimal arithmetic with Spark's results: exact in up to 512 bits, then rounded HALF_UP.
 *
 * Spark cuts in between: a product to its first 39 digits, a quotient at scale 39; then both are rounded
 * to the result type, and so they are here. What fits 128 bits takes the short way. Overflow is the only
 * failure. Any thread. */
#include "common/types/decimal.h"

#include "common/base/compiler.h"
#include "common/types/number_text.h"

typedef unsigned __int128 u128;

#define P(hi, lo) ((weir_int128)(((u128)UINT64_C(hi) << 64) | UINT64_C(lo)))

const weir_int128 weir_decimal_pow10[39] = {
    P(0, 1),
    P(0, 10),
    P(0, 100),
    P(0, 1000),
    P(0, 10000),
    P(0, 100000),
    P(0, 1000000),
    P(0, 10000000),
    P(0, 100000000),
    P(0, 1000000000),
    P(0, 10000000000),
    P(0, 100000000000),
    P(0, 1000000000000),
    P(0, 10000000000000),
    P(0, 100000000000000),
    P(0, 1000000000000000),
    P(0, 10000000000000000),
    P(0, 100000000000000000),
    P(0, 1000000000000000000),
    P(0x0, 0x8ac7230489e80000),
    P(0x5, 0x6bc75e2d63100000),
    P(0x36, 0x35c9adc5dea00000),
    P(0x21e, 0x19e0c9bab2400000),
    P(0x152d, 0x02c7e14af6800000),
    P(0xd3c2, 0x1bcecceda1000000),
    P(0x84595, 0x161401484a000000),
    P(0x52b7d2, 0xdcc80cd2e4000000),
    P(0x33b2e3c, 0x9fd0803ce8000000),
    P(0x204fce5e, 0x3e25026110000000),
    P(0x1431e0fae, 0x6d7217caa0000000),
    P(0xc9f2c9cd0, 0x4674edea40000000),
    P(0x7e37be2022, 0xc0914b2680000000),
    P(0x4ee2d6d415b, 0x85acef8100000000),
    P(0x314dc6448d93, 0x38c15b0a00000000),
    P(0x1ed09bead87c0, 0x378d8e6400000000),
    P(0x13426172c74d82, 0x2b878fe800000000),
    P(0xc097ce7bc90715, 0xb34b9f1000000000),
    P(0x785ee10d5da46d9, 0x00f436a000000000),
    P(0x4b3b4ca85a86c47a, 0x098a224000000000),
};

/* ---- wide magnitudes ---- */

#define LIMBS 8

typedef struct wide {
    uint64_t limbs[LIMBS]; /* least significant first */
} wide;

static u128 magnitude(weir_int128 value) {
    return value < 0 ? -(u128)value : (u128)value;
}

static wide wide_of(u128 value) {
    return (wide){{(uint64_t)value, (uint64_t)(value >> 64)}};
}

static void wide_multiply(wide *w, uint64_t factor) {
    u128 carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (u128)w->limbs[i] * factor;
        w->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* Divides in place; returns the rest. */
static uint64_t wide_divide(wide *w, uint64_t divisor) {
    u128 rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 64 | w->limbs[i];
        w->limbs[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

static void wide_multiply_pow10(wide *w, int32_t power) {
    for (; power > 18; power -= 18)
        wide_multiply(w, 1000000000000000000u);
    wide_multiply(w, (uint64_t)weir_decimal_pow10[power]);
}

static void wide_increment(wide *w) {
    for (int i = 0; i < LIMBS && ++w->limbs[i] == 0; i++)
        ;
}

/* Divides by a power of ten, towards zero. */
static void wide_cut_digits(wide *w, int32_t count) {
    for (; count > 18; count -= 18)
        wide_divide(w, 1000000000000000000u);
    if (count > 0)
        wide_divide(w, (uint64_t)weir_decimal_pow10[count]);
}

/* Divides by a power of ten, HALF_UP: only the highest dropped digit decides. */
static void wide_drop_digits(wide *w, int32_t count) {
    if (count <= 0)
        return;
    wide_cut_digits(w, count - 1);
    if (wide_divide(w, 10) >= 5)
        wide_increment(w);
}

static void wide_rescale(wide *w, int32_t from_scale, int32_t to_scale) {
    if (to_scale >= from_scale)
        wide_multiply_pow10(w, to_scale - from_scale);
    else
        wide_drop_digits(w, from_scale - to_scale);
}

static int wide_compare(const wide *a, const wide *b) {
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

static void wide_add(wide *a, const wide *b) {
    u128 carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (u128)a->limbs[i] + b->limbs[i];
        a->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* a >= b */
static void wide_subtract(wide *a, const wide *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t difference = a->limbs[i] - b->limbs[i], next = a->limbs[i] < b->limbs[i];
        a->limbs[i] = difference - borrow;
        borrow = next | (difference < borrow);
    }
}

static wide wide_product(u128 a, u128 b) {
    uint64_t al = (uint64_t)a, ah = (uint64_t)(a >> 64), bl = (uint64_t)b, bh = (uint64_t)(b >> 64);
    u128 low = (u128)al * bl, m1 = (u128)al * bh, m2 = (u128)ah * bl, high = (u128)ah * bh;
    u128 middle = (low >> 64) + (uint64_t)m1 + (uint64_t)m2;
    high += (m1 >> 64) + (m2 >> 64) + (middle >> 64);
    return (wide){{(uint64_t)low, (uint64_t)middle, (uint64_t)high, (uint64_t)(high >> 64)}};
}

/* Schoolbook division by two limbs (Knuth's algorithm D): quotient in place, the rest returned. */
static u128 wide_divide_128(wide *w, u128 divisor) {
    if (divisor >> 64 == 0)
        return wide_divide(w, (uint64_t)divisor);
    int shift = __builtin_clzll((uint64_t)(divisor >> 64));
    u128 d = divisor << shift;
    uint64_t d1 = (uint64_t)(d >> 64), d0 = (uint64_t)d;
    uint64_t n[LIMBS + 1];
    n[LIMBS] = shift ? w->limbs[LIMBS - 1] >> (64 - shift) : 0;
    for (int i = LIMBS - 1; i >= 0; i--)
        n[i] = w->limbs[i] << shift | (shift && i > 0 ? w->limbs[i - 1] >> (64 - shift) : 0);
    w->limbs[LIMBS - 1] = 0;
    for (int i = LIMBS - 2; i >= 0; i--) {
        u128 top = (u128)n[i + 2] << 64 | n[i + 1];
        u128 guess = n[i + 2] >= d1 ? UINT64_MAX : top / d1;
        u128 rest = top - guess * d1;
        while (rest >> 64 == 0 && guess * d0 > (rest << 64 | n[i])) {
            guess--;
            rest += d1;
        }
        /* n[i..i+2] -= guess * d */
        u128 p0 = guess * d0, p1 = guess * d1 + (p0 >> 64);
        uint64_t q0 = (uint64_t)p0, q1 = (uint64_t)p1, q2 = (uint64_t)(p1 >> 64);
        u128 low = ((u128)n[i + 1] << 64 | n[i]);
        u128 part = (u128)q1 << 64 | q0;
        uint64_t borrow = low < part;
        low -= part;
        uint64_t high = n[i + 2] - q2 - borrow;
        if (n[i + 2] < (u128)q2 + borrow) { /* the guess was one too high */
            guess--;
            u128 sum = low + d;
            high += sum < low;
            low = sum;
        }
        n[i + 2] = high;
        n[i + 1] = (uint64_t)(low >> 64);
        n[i] = (uint64_t)low;
        w->limbs[i] = (uint64_t)guess;
    }
    return ((u128)n[1] << 64 | n[0]) >> shift;
}

static bool wide_to_decimal(const wide *w, bool negative, int32_t precision, weir_int128 *ret) {
    for (int i = 2; i < LIMBS; i++) {
        if (w->limbs[i])
            return false;
    }
    u128 value = (u128)w->limbs[1] << 64 | w->limbs[0];
    if (value >= (u128)weir_decimal_pow10[precision])
        return false;
    *ret = negative ? -(weir_int128)value : (weir_int128)value;
    return true;
}

/* ---- operations ---- */

bool weir_decimal_rescale(weir_int128 value, int32_t from_scale, int32_t to_scale, int32_t precision,
                          weir_int128 *ret) {
    weir_int128 result = value;
    if (to_scale > from_scale) {
        int32_t up = to_scale - from_scale;
        if (up > 38)
            return value == 0 ? (*ret = 0, true) : false;
        if (__builtin_mul_overflow(value, weir_decimal_pow10[up], &result))
            return false;
    } else if (to_scale < from_scale) {
        int32_t down = from_scale - to_scale;
        if (down > 39) {
            *ret = 0;
            return true;
        }
        weir_int128 kept = value / weir_decimal_pow10[down - 1];
        int32_t last = (int32_t)(kept % 10);
        result = kept / 10 + (last >= 5) - (last <= -5);
    }
    *ret = result;
    return weir_decimal_fits(result, precision);
}

static bool add_signed(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, bool negate_b,
                       int32_t precision, int32_t scale, weir_int128 *ret) {
    weir_int128 sum;
    if (a_scale == b_scale &&
        !(negate_b ? __builtin_sub_overflow(a, b, &sum) : __builtin_add_overflow(a, b, &sum)))
        return weir_decimal_rescale(sum, a_scale, scale, precision, ret);
    int32_t common = a_scale > b_scale ? a_scale : b_scale;
    bool a_negative = a < 0, b_negative = (b < 0) != (negate_b && b != 0);
    wide left = wide_of(magnitude(a)), right = wide_of(magnitude(b));
    wide_multiply_pow10(&left, common - a_scale);
    wide_multiply_pow10(&right, common - b_scale);
    if (a_negative == b_negative) {
        wide_add(&left, &right);
    } else if (wide_compare(&left, &right) >= 0) {
        wide_subtract(&left, &right);
    } else {
        wide_subtract(&right, &left);
        left = right;
        a_negative = b_negative;
    }
    wide_rescale(&left, common, scale);
    return wide_to_decimal(&left, a_negative, precision, ret);
}

bool weir_decimal_add(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                      int32_t scale, weir_int128 *ret) {
    return add_signed(a, a_scale, b, b_scale, false, precision, scale, ret);
}

bool weir_decimal_subtract(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                           int32_t scale, weir_int128 *ret) {
    return add_signed(a, a_scale, b, b_scale, true, precision, scale, ret);
}

static int32_t wide_digits(const wide *w) {
    wide rest = *w;
    int32_t digits = 0;
    while (rest.limbs[1] | rest.limbs[2] | rest.limbs[3] | rest.limbs[4] | rest.limbs[5]) {
        wide_divide(&rest, 1000000000000000000u);
        digits += 18;
    }
    for (uint64_t value = rest.limbs[0]; value > 0; value /= 10)
        digits++;
    return digits;
}

bool weir_decimal_multiply(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                           int32_t scale, weir_int128 *ret) {
    weir_int128 small;
    if (!__builtin_mul_overflow(a, b, &small))
        return weir_decimal_rescale(small, a_scale + b_scale, scale, precision, ret);
    wide product = wide_product(magnitude(a), magnitude(b));
    int32_t digits = wide_digits(&product), product_scale = a_scale + b_scale;
    if (digits > 39) {
        wide_cut_digits(&product, digits - 39);
        product_scale -= digits - 39;
    }
    wide_rescale(&product, product_scale, scale);
    return wide_to_decimal(&product, (a < 0) != (b < 0), precision, ret);
}

bool weir_decimal_divide(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                         int32_t scale, weir_int128 *ret) {
    wide quotient = wide_of(magnitude(a));
    u128 divisor = magnitude(b);
    wide_multiply_pow10(&quotient, 39 - a_scale + b_scale);
    wide_divide_128(&quotient, divisor);
    wide_rescale(&quotient, 39, scale);
    return wide_to_decimal(&quotient, (a < 0) != (b < 0), precision, ret);
}

bool weir_decimal_remainder(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                            int32_t scale, weir_int128 *ret) {
    if (a_scale == b_scale)
        return weir_decimal_rescale(a % b, a_scale, scale, precision, ret);
    int32_t common = a_scale > b_scale ? a_scale : b_scale;
    wide left = wide_of(magnitude(a)), right = wide_of(magnitude(b));
    wide_multiply_pow10(&left, common - a_scale);
    wide_multiply_pow10(&right, common - b_scale);
    if (wide_compare(&left, &right) >= 0) {
        /* Only one side was scaled up; were it the divisor, to beyond 128 bits, it would be larger. */
        u128 rest = wide_divide_128(&left, (u128)right.limbs[1] << 64 | right.limbs[0]);
        if (wide_digits(&left) > 39)
            return false; /* java.math refuses a quotient of more digits than its context */
        left = wide_of(rest);
    }
    wide_rescale(&left, common, scale);
    return wide_to_decimal(&left, a < 0, precision, ret);
}

int weir_decimal_compare(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale) {
    if (a_scale == b_scale)
        return (a > b) - (a < b);
    if ((a < 0) != (b < 0))
        return a < 0 ? -1 : 1;
    int32_t common = a_scale > b_scale ? a_scale : b_scale;
    wide left = wide_of(magnitude(a)), right = wide_of(magnitude(b));
    wide_multiply_pow10(&left, common - a_scale);
    wide_multiply_pow10(&right, common - b_scale);
    int order = wide_compare(&left, &right);
    return a < 0 ? -order : order;
}

double weir_decimal_to_double(weir_int128 value, int32_t scale) {
    static const double powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    u128 abs = magnitude(value);
    if (abs <= (u128)1 << 53 && scale <= 22)
        return (double)(int64_t)value / powers[scale];
    char text[WEIR_DECIMAL_TEXT_MAX];
    int size = weir_decimal_format(value, scale, text);
    double result = 0;
    weir_double_parse(weir_str_make(text, (size_t)size), &result);
    return result;
}

bool weir_decimal_from_double(double value, int32_t precision, int32_t scale, weir_int128 *ret) {
    char text[WEIR_NUMBER_TEXT_MAX];
    int size = weir_double_format(value, text);
    return weir_decimal_parse_as(weir_str_make(text, (size_t)size), precision, scale, ret) == 0;
}
