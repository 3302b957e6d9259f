/* Java 17's Double.toString and Float.toString, digit for digit.
 *
 * Java 17 does not always print the shortest text: it generates digits until the rest is within half a
 * unit of the last place of the binary value, by a test that it never made exact at powers of two, and
 * always asks for two digits in the exponent form. The decisions of that generator are taken here
 * (FloatingDecimal's dtoa): values whose terms fit an int or a long go through wrapping int and long
 * arithmetic as Java's do; all others run in 128-bit fixed point with a tracked error, and fall back to
 * exact big integers where the error could change a decision. Any thread; never fails. */
#include <math.h>

#include "common/types/big_number_int.h"
#include "common/types/number_text.h"
#include "common/types/power_of_ten_int.h"

typedef unsigned __int128 u128;

#define FRACTION_BITS 52
#define ONE_SHIFT 120 /* fixed point: 1.0 is 2^120, so that 100.0 still fits */

static const int8_t five_bits[27] = {0,  3,  5,  7,  10, 12, 14, 17, 19, 21, 24, 26, 28, 31,
                                     33, 35, 38, 40, 42, 45, 47, 49, 52, 54, 56, 59, 61};
static const uint64_t five_powers[27] = {1u,
                                         5u,
                                         25u,
                                         125u,
                                         625u,
                                         3125u,
                                         15625u,
                                         78125u,
                                         390625u,
                                         1953125u,
                                         9765625u,
                                         48828125u,
                                         244140625u,
                                         1220703125u,
                                         6103515625u,
                                         30517578125u,
                                         152587890625u,
                                         762939453125u,
                                         3814697265625u,
                                         19073486328125u,
                                         95367431640625u,
                                         476837158203125u,
                                         2384185791015625u,
                                         11920928955078125u,
                                         59604644775390625u,
                                         298023223876953125u,
                                         1490116119384765625u};

/* Digits found so far: 0.d1d2d3... * 10^exponent */
typedef struct decimal_digits {
    char digits[24];
    int32_t count;
    int32_t exponent;
} decimal_digits;

/* The value as binary: fraction (bit 52 set) * 2^(exponent - 52). */
typedef struct binary_value {
    uint64_t fraction;
    int32_t exponent;
    int32_t significant_bits;
    int32_t fraction_bits; /* without trailing zeros */
    int32_t tiny_bits;     /* bits behind the binary point */
} binary_value;

/* The generator's state of decision after a digit. */
typedef struct stop_test {
    bool low, high;
    int difference; /* sign of 2 * rest - 1, where low and high */
} stop_test;

static int32_t estimate_exponent(const binary_value *v) {
    union {
        uint64_t bits;
        double value;
    } mantissa = {.bits = (v->fraction & ((UINT64_C(1) << FRACTION_BITS) - 1)) | UINT64_C(0x3FF) << 52};
    double d = (mantissa.value - 1.5) * 0.289529654 + 0.176091259 + (double)v->exponent * 0.301029995663981;
    return (int32_t)floor(d);
}

static void round_up(decimal_digits *d) {
    int32_t i = d->count - 1;
    while (i > 0 && d->digits[i] == '9')
        d->digits[i--] = '0';
    if (d->digits[i] == '9') {
        d->digits[0] = '1';
        d->exponent++;
        return;
    }
    d->digits[i]++;
}

static void finish(decimal_digits *d, stop_test stop) {
    if (!stop.high)
        return;
    bool odd = d->digits[d->count - 1] & 1;
    if (!stop.low || stop.difference > 0 || (stop.difference == 0 && odd))
        round_up(d);
}

/* The first digit: a leading zero is dropped; the exponent form asks for a second digit in any case. */
static void first_digit(decimal_digits *d, int digit, stop_test *stop) {
    if (digit == 0 && !stop->high)
        d->exponent--;
    else
        d->digits[d->count++] = (char)('0' + digit);
    if (d->exponent < -3 || d->exponent >= 8)
        stop->low = stop->high = false;
}

/* ---- integers of at most 63 bits ---- */

static const int8_t insignificant_of_bits[64] = {
    0,  0,  0,  0,  1,  1,  1,  2,  2,  2,  3,  3,  3,  3,  4,  4,  4,  5,  5,  5,  6,
    6,  6,  6,  7,  7,  7,  8,  8,  8,  9,  9,  9,  9,  10, 10, 10, 11, 11, 11, 12, 12,
    12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18, 19};

static void integer_digits(decimal_digits *d, const binary_value *v) {
    uint64_t value = v->exponent >= FRACTION_BITS ? v->fraction << (v->exponent - FRACTION_BITS)
                                                  : v->fraction >> (FRACTION_BITS - v->exponent);
    int32_t dropped = 0, beyond = v->exponent - v->significant_bits - 1;
    if (v->exponent > v->significant_bits && beyond > 1)
        dropped = insignificant_of_bits[beyond];
    if (dropped > 0) {
        uint64_t pow10 = five_powers[dropped] << dropped;
        uint64_t rest = value % pow10;
        value = value / pow10 + (rest >= pow10 >> 1);
    }
    while (value % 10 == 0) {
        value /= 10;
        dropped++;
    }
    char reversed[20];
    int32_t count = 0;
    for (; value > 0; value /= 10)
        reversed[count++] = (char)('0' + value % 10);
    for (int32_t i = 0; i < count; i++)
        d->digits[i] = reversed[count - 1 - i];
    d->count = count;
    d->exponent = count + dropped;
}

/* ---- terms that fit an int or a long: Java's own arithmetic, wrap-around included ---- */

#define SMALL_DIGITS(name, type, unsigned_type) \
    static void name(decimal_digits *d, uint64_t fraction, int32_t b5, int32_t b2, int32_t s5, int32_t s2, \
                     int32_t m2) { \
        type b = (type)(((unsigned_type)fraction * (unsigned_type)five_powers[b5]) << b2); \
        type s = (type)((unsigned_type)five_powers[s5] << s2); \
        type m = (type)((unsigned_type)five_powers[b5] << m2); \
        type tens = (type)((unsigned_type)s * 10u); \
        const double inverse = 1.0 / (double)s; /* b / s is below ten: no need of a division a digit */ \
        int digit = (int)((double)b * inverse); \
        type rest = (type)(b - (type)digit * s); \
        digit += (rest >= s) - (rest < 0); \
        b = (type)(10u * (unsigned_type)(rest < 0 ? rest + s : rest >= s ? rest - s : rest)); \
        m = (type)((unsigned_type)m * 10u); \
        stop_test stop = {.low = b<m, .high = (type)((unsigned_type)b + (unsigned_type)m)> tens}; \
        first_digit(d, digit, &stop); \
        while (!stop.low && !stop.high) { \
            digit = (int)((double)b * inverse); \
            rest = (type)(b - (type)digit * s); \
            digit += (rest >= s) - (rest < 0); \
            b = (type)(10u * (unsigned_type)(rest < 0 ? rest + s : rest >= s ? rest - s : rest)); \
            m = (type)((unsigned_type)m * 10u); \
            stop.low = m <= 0 || b < m; \
            stop.high = m <= 0 || (type)((unsigned_type)b + (unsigned_type)m) > tens; \
            d->digits[d->count++] = (char)('0' + digit); \
        } \
        type difference = (type)(((unsigned_type)b << 1) - (unsigned_type)tens); \
        stop.difference = (difference > 0) - (difference < 0); \
        d->exponent++; \
        finish(d, stop); \
    }
SMALL_DIGITS(int_digits, int32_t, uint32_t)
SMALL_DIGITS(long_digits, int64_t, uint64_t)

/* ---- 128-bit fixed point ---- */

/* (high:low) * factor * 2^-shift, 0 < shift < 192; `factor` has at most 53 bits. */
static u128 scale_product(const uint64_t power[2], uint64_t factor, int32_t shift) {
    u128 low = (u128)power[1] * factor, high = (u128)power[0] * factor + (uint64_t)(low >> 64);
    uint64_t lowest = (uint64_t)low;
    if (shift >= 64)
        return high >> (shift - 64);
    return high << (64 - shift) | (lowest >> shift);
}

#define FIXED_ERROR ((u128)16) /* of the scaled value and of half a unit, generously */

/* Is the digit just taken, the `count`-th, the last one? `b` is ten times the rest behind it. False where the
 * error, which grew by ten with every digit, leaves that open. */
static bool decide(u128 b, u128 half_unit, int count, stop_test *stop) {
    if (count < 1 || count > 18)
        return false;
    const u128 tens = (u128)10 << ONE_SHIFT;
    u128 power = (u128)five_powers[count] << count, m = half_unit * power, error = FIXED_ERROR * power;
    u128 above = tens - b; /* high where m reaches it */
    u128 to_low = b > m ? b - m : m - b, to_high = above > m ? above - m : m - above;
    u128 twice = 2 * b, to_middle = twice > tens ? twice - tens : tens - twice;
    if (b < error || above < error || to_low < 2 * error || to_high < 2 * error)
        return false;
    stop->low = b < m;
    stop->high = m > above;
    stop->difference = twice > tens ? 1 : -1;
    return !(stop->low && stop->high) || to_middle >= 2 * error;
}

/* False where the error leaves a decision open; *d is unspecified then. */
static bool fixed_digits(decimal_digits *d, const binary_value *v) {
    const u128 one = (u128)1 << ONE_SHIFT, tens = 10 * one;
    int32_t q = -d->exponent;
    const uint64_t *power = weir_power_of_ten[q - WEIR_POWER_OF_TEN_FIRST];
    /* value = fraction * 2^(exponent - 52), half a unit in the last place = 2^half */
    int32_t scale = weir_power_of_ten_exponent(q) + ONE_SHIFT;
    int32_t half = v->exponent - v->significant_bits - (v->fraction_bits == 1);
    int32_t value_shift = -(v->exponent - FRACTION_BITS + scale), half_shift = -(half + scale);
    if (v->significant_bits < 8) /* a half unit of more than a hundredth of the value could overflow */
        return false;
    if (value_shift <= 0 || value_shift >= 128 || half_shift <= 0 || half_shift >= 128)
        return false;
    u128 b = scale_product(power, v->fraction, value_shift);
    u128 half_unit = (((u128)power[0] << 64) | power[1]) >> half_shift;
    /* Within `near` of either end a digit may be the last one, or the error may matter. */
    u128 near = half_unit + 2 * FIXED_ERROR;
    stop_test stop = {0};
    for (int count = 1; !stop.low && !stop.high; count++) {
        int digit = (int)(b >> ONE_SHIFT);
        b = 10 * (b & (one - 1));
        near *= 10;
        bool inside = b > near && b < tens - near;
        if (WEIR_UNLIKELY(!inside) && !decide(b, half_unit, count, &stop))
            return false;
        if (count == 1)
            first_digit(d, digit, &stop);
        else
            d->digits[d->count++] = (char)('0' + digit);
    }
    d->exponent++;
    finish(d, stop);
    return true;
}

/* ---- exact ---- */

static void exact_digits(decimal_digits *d, uint64_t fraction, int32_t b5, int32_t b2, int32_t s5, int32_t s2,
                         int32_t m2) {
    weir_big_number b, s, m, tens;
    weir_big_number_set(&b, fraction);
    weir_big_number_multiply_pow5(&b, b5);
    weir_big_number_shift_left(&b, b2);
    weir_big_number_set(&s, 1);
    weir_big_number_multiply_pow5(&s, s5);
    weir_big_number_shift_left(&s, s2);
    weir_big_number_set(&m, 1);
    weir_big_number_multiply_pow5(&m, b5);
    weir_big_number_shift_left(&m, m2);
    tens = s;
    weir_big_number_multiply_add(&tens, 10, 0);
    stop_test stop = {0};
    for (bool first = true; first || (!stop.low && !stop.high); first = false) {
        int digit = weir_big_number_divide_digit(&b, &s);
        weir_big_number_multiply_add(&b, 10, 0);
        weir_big_number_multiply_add(&m, 10, 0);
        stop.low = weir_big_number_compare(&b, &m) < 0;
        stop.high = weir_big_number_compare_sum(&b, &m, &tens) >= 0;
        if (first)
            first_digit(d, digit, &stop);
        else
            d->digits[d->count++] = (char)('0' + digit);
    }
    weir_big_number_shift_left(&b, 1);
    stop.difference = weir_big_number_compare(&b, &tens);
    d->exponent++;
    finish(d, stop);
}

static int32_t max32(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static void develop(decimal_digits *d, binary_value *v) {
    int32_t tail = __builtin_ctzll(v->fraction);
    v->fraction_bits = FRACTION_BITS + 1 - tail;
    v->tiny_bits = max32(0, v->fraction_bits - v->exponent - 1);
    if (v->tiny_bits == 0 && v->exponent <= 62 && v->fraction_bits < 64) {
        integer_digits(d, v);
        return;
    }
    int32_t estimate = estimate_exponent(v);
    int32_t b5 = max32(0, -estimate), s5 = max32(0, estimate);
    int32_t b2 = b5 + v->tiny_bits + v->exponent, s2 = s5 + v->tiny_bits;
    int32_t m2 = b2 - v->significant_bits;
    b2 -= v->fraction_bits - 1;
    int32_t common = b2 < s2 ? b2 : s2;
    b2 -= common;
    s2 -= common;
    m2 -= common + (v->fraction_bits == 1);
    if (m2 < 0) {
        b2 -= m2;
        s2 -= m2;
        m2 = 0;
    }
    d->count = 0;
    d->exponent = estimate;
    int32_t b_bits = v->fraction_bits + b2 + (b5 < 27 ? five_bits[b5] : b5 * 3);
    int32_t s_bits = s2 + 1 + (s5 + 1 < 27 ? five_bits[s5 + 1] : (s5 + 1) * 3);
    uint64_t odd_fraction = v->fraction >> tail;
    if (b_bits < 32 && s_bits < 32) {
        int_digits(d, odd_fraction, b5, b2, s5, s2, m2);
        return;
    }
    bool is_long = b_bits < 64 && s_bits < 64;
    /* With ten times the divisor below 2^60 nothing in Java's long arithmetic can wrap around, so that it
     * decides like exact arithmetic but for ties, which fixed_digits leaves open. */
    if ((!is_long || s_bits <= 60) && fixed_digits(d, v))
        return;
    d->count = 0;
    d->exponent = estimate;
    if (is_long)
        long_digits(d, odd_fraction, b5, b2, s5, s2, m2);
    else
        exact_digits(d, odd_fraction, b5, b2, s5, s2, m2);
}

/* ---- the text ---- */

static int write_exponent(char *p, int32_t exponent) {
    int size = 0;
    p[size++] = 'E';
    if (exponent < 0) {
        p[size++] = '-';
        exponent = -exponent;
    }
    if (exponent > 99)
        p[size++] = (char)('0' + exponent / 100);
    if (exponent > 9)
        p[size++] = (char)('0' + exponent / 10 % 10);
    p[size++] = (char)('0' + exponent % 10);
    return size;
}

static int write_digits(const decimal_digits *d, char *p) {
    int32_t point = d->exponent, count = d->count, size = 0;
    if (point > 0 && point < 8) {
        int32_t before = count < point ? count : point;
        memcpy(p, d->digits, (size_t)before);
        memset(p + before, '0', (size_t)(point - before));
        size = point;
        p[size++] = '.';
        if (before == count)
            p[size++] = '0';
        memcpy(p + size, d->digits + before, (size_t)(count - before));
        return size + count - before;
    }
    if (point <= 0 && point > -3) {
        p[size++] = '0';
        p[size++] = '.';
        for (int32_t i = 0; i < -point; i++)
            p[size++] = '0';
        memcpy(p + size, d->digits, (size_t)count);
        return size + count;
    }
    p[size++] = d->digits[0];
    p[size++] = '.';
    if (count == 1)
        p[size++] = '0';
    memcpy(p + size, d->digits + 1, (size_t)count - 1);
    size += count - 1;
    return size + write_exponent(p + size, point - 1);
}

static int write_special(char *ret, bool negative, const char *text) {
    int size = 0;
    if (negative)
        ret[size++] = '-';
    size_t length = strlen(text);
    memcpy(ret + size, text, length);
    return size + (int)length;
}

/* Formats fraction * 2^(biased exponent) given the field widths of the format. */
static int format_bits(uint64_t fraction, int32_t biased, bool negative, int32_t width, int32_t bias,
                       int32_t biased_max, char *ret) {
    if (biased == biased_max)
        return fraction == 0 ? write_special(ret, negative, "Infinity") : write_special(ret, false, "NaN");
    if (biased == 0 && fraction == 0)
        return write_special(ret, negative, "0.0");
    binary_value v = {.significant_bits = width + 1};
    if (biased == 0) {
        int32_t shift = width - (63 - __builtin_clzll(fraction));
        fraction <<= shift;
        biased = 1 - shift;
        v.significant_bits = width + 1 - shift;
    } else {
        fraction |= UINT64_C(1) << width;
    }
    v.fraction = fraction << (FRACTION_BITS - width);
    v.exponent = biased - bias;
    decimal_digits d;
    develop(&d, &v);
    int size = 0;
    if (negative)
        ret[size++] = '-';
    return size + write_digits(&d, ret + size);
}

int weir_double_format(double value, char *ret) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return format_bits(bits & ((UINT64_C(1) << 52) - 1), (int32_t)(bits >> 52 & 0x7FF), bits >> 63, 52, 1023,
                       0x7FF, ret);
}

int weir_float_format(float value, char *ret) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return format_bits(bits & ((1u << 23) - 1), (int32_t)(bits >> 23 & 0xFF), bits >> 31, 23, 127, 0xFF, ret);
}
