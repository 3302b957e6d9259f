/* Integers to and from text: plain forms and Spark's CAST forms. Any thread; never fails but by its
 * return value. */
#include "common/types/number_text.h"

static const char digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

int weir_int64_format(int64_t value, char *ret) {
    char text[24];
    int at = 24;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    while (rest >= 100) {
        at -= 2;
        memcpy(text + at, digit_pairs + rest % 100 * 2, 2);
        rest /= 100;
    }
    if (rest >= 10) {
        at -= 2;
        memcpy(text + at, digit_pairs + rest * 2, 2);
    } else {
        text[--at] = (char)('0' + rest);
    }
    if (value < 0)
        text[--at] = '-';
    memcpy(ret, text + at, (size_t)(24 - at));
    return 24 - at;
}

/* Digits of [at, end) as a magnitude; false on another byte or above `max`. */
static bool take_digits(const char *at, const char *end, uint64_t max, uint64_t *ret) {
    uint64_t value = 0;
    if (end - at <= 18) { /* cannot overflow */
        for (; at < end; at++) {
            unsigned digit = (unsigned)(unsigned char)*at - '0';
            if (digit > 9)
                return false;
            value = value * 10 + digit;
        }
        *ret = value;
        return true;
    }
    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9 || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

static bool parse_signed(const char *at, const char *end, int64_t *ret) {
    bool negative = at < end && *at == '-';
    uint64_t value;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !take_digits(at, end, (uint64_t)INT64_MAX + negative, &value))
        return false;
    *ret = negative ? (int64_t)-value : (int64_t)value;
    return true;
}

bool weir_int64_parse(weir_str text, int64_t *ret) {
    return parse_signed(text.data, text.data + text.size, ret);
}

static bool is_space(char c) {
    return (unsigned char)c <= 0x20 || c == 0x7F;
}

bool weir_int64_parse_cast(weir_str text, bool allow_decimal, int64_t *ret) {
    const char *at = text.data, *end = at + text.size;
    while (at < end && is_space(*at))
        at++;
    while (end > at && is_space(end[-1]))
        end--;
    const char *point = allow_decimal && at < end ? memchr(at, '.', (size_t)(end - at)) : NULL;
    if (!point)
        return parse_signed(at, end, ret);
    for (const char *p = point + 1; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
    }
    /* Spark reads "." and "-." as 0: the sign must only not stand alone. */
    bool only_sign = point - at == 1 && (*at == '-' || *at == '+');
    if (point == at || only_sign) {
        *ret = 0;
        return true;
    }
    return parse_signed(at, point, ret);
}
