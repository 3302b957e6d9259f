/* Decimals to and from text: java.math.BigDecimal's grammar, plain and scientific forms. Digits are
 * counted and rounded in the text itself, so no length loses precision. Any thread. */
#include "common/types/decimal.h"

typedef unsigned __int128 u128;

/* A number as written: the significant digits stand in `text` from `first` on (with at most one point
 * among them); value = digits * 10^-scale. */
typedef struct written {
    bool negative;
    const char *first;
    int32_t digits; /* significant; 0 for zero */
    int64_t scale;
} written;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The exponent behind 'e'; false where it is malformed or no int. */
static bool take_exponent(const char *at, const char *end, int64_t *ret) {
    bool negative = at < end && *at == '-';
    int64_t value = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at >= end || end - at > 30)
        return false;
    for (; at < end; at++) {
        if (!is_digit(*at))
            return false;
        value = value * 10 + (*at - '0');
        if (value > INT32_MAX)
            return false;
    }
    *ret = negative ? -value : value;
    return true;
}

static bool scan(weir_str text, written *ret) {
    text = weir_str_trim(text);
    const char *at = text.data, *end = at + text.size;
    *ret = (written){0};
    if (text.size == 0 || text.size > INT32_MAX)
        return false;
    if (*at == '-' || *at == '+')
        ret->negative = *at++ == '-';
    int32_t seen = 0, behind = 0;
    bool point = false;
    for (; at < end && (is_digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        seen++;
        behind += point;
        if (ret->digits == 0 && *at == '0')
            continue;
        if (ret->digits++ == 0)
            ret->first = at;
    }
    if (seen == 0)
        return false;
    int64_t exponent = 0;
    if (at < end) {
        if (*at != 'e' && *at != 'E')
            return false;
        if (!take_exponent(at + 1, end, &exponent))
            return false;
    }
    ret->scale = behind - exponent;
    return ret->scale <= INT32_MAX && ret->scale >= INT32_MIN;
}

/* Digits in front of the point as BigDecimal counts them: precision - scale. */
static bool is_too_large(const written *w) {
    return w->digits > 0 && w->digits - w->scale > WEIR_DECIMAL_MAX_PRECISION;
}

/* The first `count` significant digits as an integer (count <= 38), HALF_UP by the digit behind them. */
static u128 take_digits(const written *w, int64_t count) {
    u128 value = 0;
    const char *p = w->first;
    for (int64_t i = 0; i < w->digits; p++) {
        if (*p == '.')
            continue;
        if (i == count)
            return value + (*p >= '5');
        value = value * 10 + (unsigned)(*p - '0');
        i++;
    }
    return value;
}

bool weir_decimal_parse(weir_str text, weir_int128 *ret_unscaled, int32_t *ret_scale, bool *too_large) {
    written w;
    *too_large = false;
    if (!scan(text, &w))
        return false;
    *ret_unscaled = 0;
    *ret_scale = 0;
    if (is_too_large(&w)) {
        *too_large = true;
        return true;
    }
    /* Fraction digits beyond 38 in all are rounded away: no decimal type could hold them. */
    int64_t kept = w.digits, scale = w.scale;
    if (kept > WEIR_DECIMAL_MAX_PRECISION) {
        scale -= kept - WEIR_DECIMAL_MAX_PRECISION;
        kept = WEIR_DECIMAL_MAX_PRECISION;
    }
    if (scale - WEIR_DECIMAL_MAX_PRECISION > kept) {
        kept = scale = 0; /* below half of the smallest decimal */
        w.digits = 0;
    }
    u128 value = take_digits(&w, kept);
    *ret_unscaled = w.negative ? -(weir_int128)value : (weir_int128)value;
    *ret_scale = (int32_t)scale;
    return true;
}

int weir_decimal_parse_as(weir_str text, int32_t precision, int32_t scale, weir_int128 *ret) {
    written w;
    if (!scan(text, &w))
        return 1;
    if (is_too_large(&w))
        return 2;
    u128 value = 0;
    /* digits that remain at the wanted scale; all integer digits together are at most 38 */
    int64_t kept = w.digits - (w.scale - scale);
    if (w.digits > 0 && kept >= 0) {
        if (kept > precision)
            return 2;
        value = take_digits(&w, kept);
        if (kept > w.digits)
            value *= (u128)weir_decimal_pow10[kept - w.digits];
    }
    if (value >= (u128)weir_decimal_pow10[precision])
        return 2;
    *ret = w.negative ? -(weir_int128)value : (weir_int128)value;
    return 0;
}

/* Decimal digits of a magnitude, most significant first; at least one. */
static int put_digits(u128 value, char *ret) {
    char reversed[40];
    int count = 0;
    while (value >> 64) {
        uint64_t low = (uint64_t)(value % 10000000000000000000u);
        value /= 10000000000000000000u;
        for (int i = 0; i < 19; i++, low /= 10)
            reversed[count++] = (char)('0' + low % 10);
    }
    uint64_t rest = (uint64_t)value;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    for (int i = 0; i < count; i++)
        ret[i] = reversed[count - 1 - i];
    return count;
}

/* Digits with the point `scale` digits from the right, zeros in front where needed. */
static int put_plain(const char *digits, int count, int32_t scale, char *ret) {
    int size = 0;
    if (count <= scale) {
        ret[size++] = '0';
        ret[size++] = '.';
        for (int32_t i = count; i < scale; i++)
            ret[size++] = '0';
        memcpy(ret + size, digits, (size_t)count);
        return size + count;
    }
    memcpy(ret, digits, (size_t)(count - scale));
    size = count - scale;
    if (scale > 0)
        ret[size++] = '.';
    memcpy(ret + size, digits + count - scale, (size_t)scale);
    return size + scale;
}

int weir_decimal_format(weir_int128 value, int32_t scale, char *ret) {
    char digits[40];
    int count = put_digits(value < 0 ? -(u128)value : (u128)value, digits), size = 0;
    if (value < 0)
        ret[size++] = '-';
    return size + put_plain(digits, count, scale, ret + size);
}

int weir_decimal_format_scientific(weir_int128 value, int32_t scale, char *ret) {
    char digits[40];
    int count = put_digits(value < 0 ? -(u128)value : (u128)value, digits), size = 0;
    int32_t exponent = count - 1 - scale;
    if (exponent >= -6)
        return weir_decimal_format(value, scale, ret);
    if (value < 0)
        ret[size++] = '-';
    ret[size++] = digits[0];
    if (count > 1) {
        ret[size++] = '.';
        memcpy(ret + size, digits + 1, (size_t)count - 1);
        size += count - 1;
    }
    ret[size++] = 'E';
    ret[size++] = '-';
    exponent = -exponent;
    if (exponent > 9)
        ret[size++] = (char)('0' + exponent / 10);
    ret[size++] = (char)('0' + exponent % 10);
    return size;
}
