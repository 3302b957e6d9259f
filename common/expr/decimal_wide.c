/* Decimal results beyond 128 bits, for two rare needs: the text of an overflowing result in a message,
 * and the low 64 bits of an integral quotient. Schoolbook arithmetic on base-10^9 digits; never on the
 * path of a value that fits. */
#include "common/expr/arithmetic_int.h"

enum { LIMBS = 20, BASE = 1000000000 };

typedef struct wide { /* magnitude, least significant limb first */
    uint32_t limb[LIMBS];
} wide;

static wide wide_of(weir_int128 value) {
    wide w = {{0}};
    __uint128_t magnitude = value < 0 ? (__uint128_t)0 - (__uint128_t)value : (__uint128_t)value;
    for (int i = 0; magnitude; i++, magnitude /= BASE)
        w.limb[i] = (uint32_t)(magnitude % BASE);
    return w;
}

static int wide_compare(const wide *a, const wide *b) {
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

static wide wide_multiply(const wide *a, const wide *b) {
    uint64_t sum[LIMBS] = {0};
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; i + j < LIMBS; j++) {
            uint64_t value = sum[i + j] + (uint64_t)a->limb[i] * b->limb[j] + carry;
            sum[i + j] = value % BASE;
            carry = value / BASE;
        }
    }
    wide result;
    for (int i = 0; i < LIMBS; i++)
        result.limb[i] = (uint32_t)sum[i];
    return result;
}

static wide wide_add(const wide *a, const wide *b, bool minus) {
    wide result;
    int64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        int64_t value = (int64_t)a->limb[i] + (minus ? -(int64_t)b->limb[i] : (int64_t)b->limb[i]) + carry;
        carry = value < 0 ? -1 : value >= BASE ? 1 : 0;
        result.limb[i] = (uint32_t)(value - carry * BASE);
    }
    return result;
}

static uint32_t wide_divide_small(wide *a, uint32_t divisor) {
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        uint64_t value = rest * BASE + a->limb[i];
        a->limb[i] = (uint32_t)(value / divisor);
        rest = value % divisor;
    }
    return (uint32_t)rest;
}

static void wide_scale_up(wide *a, int32_t digits) {
    while (digits > 0) {
        int32_t step = WEIR_MIN(digits, 9);
        wide factor = wide_of(weir_decimal_pow10[step]);
        *a = wide_multiply(a, &factor);
        digits -= step;
    }
}

/* a / b truncated, by binary search of each limb */
static wide wide_divide(const wide *a, const wide *b, wide *ret_rest) {
    wide quotient = {{0}}, rest = {{0}};
    for (int i = LIMBS - 1; i >= 0; i--) {
        memmove(&rest.limb[1], &rest.limb[0], sizeof(uint32_t) * (LIMBS - 1));
        rest.limb[0] = a->limb[i];
        uint32_t low = 0, high = BASE - 1;
        while (low < high) {
            uint32_t middle = low + (high - low + 1) / 2;
            wide factor = {{middle}}, product = wide_multiply(b, &factor);
            if (wide_compare(&product, &rest) <= 0)
                low = middle;
            else
                high = middle - 1;
        }
        wide factor = {{low}}, product = wide_multiply(b, &factor);
        rest = wide_add(&rest, &product, true);
        quotient.limb[i] = low;
    }
    *ret_rest = rest;
    return quotient;
}

static int32_t wide_digits(const wide *a) {
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a->limb[i]) {
            int32_t digits = i * 9;
            for (uint32_t v = a->limb[i]; v; v /= 10)
                digits++;
            return digits;
        }
    return 1;
}

static void wide_round(wide *a, int32_t digits) {
    bool half = false;
    for (; digits > 0; digits--)
        half = wide_divide_small(a, 10) >= 5;
    if (half) {
        wide one = {{1}};
        *a = wide_add(a, &one, false);
    }
}

/* "-123.45" */
static void wide_text(const wide *a, int32_t scale, bool negative, char *ret) {
    char digits[LIMBS * 9 + 1];
    int32_t count = WEIR_MAX(wide_digits(a), scale + 1);
    for (int32_t i = 0; i < count; i++) {
        uint32_t limb = a->limb[i / 9];
        for (int32_t k = 0; k < i % 9; k++)
            limb /= 10;
        digits[count - 1 - i] = (char)('0' + limb % 10);
    }
    char *out = ret;
    if (negative)
        *out++ = '-';
    for (int32_t i = 0; i < count; i++) {
        if (i == count - scale)
            *out++ = '.';
        *out++ = digits[i];
    }
    *out = 0;
}

void weir_decimal_result_text(weir_arithmetic op, weir_int128 a, int32_t a_scale, weir_int128 b,
                              int32_t b_scale, int32_t scale, char *ret) {
    wide l = wide_of(a), r = wide_of(b), rest, result;
    bool negative = (a < 0) != (b < 0);
    int32_t result_scale = a_scale + b_scale;
    if (op == WEIR_ARITHMETIC_MULTIPLY) {
        result = wide_multiply(&l, &r);
        int32_t over = wide_digits(&result) - 39; /* Spark multiplies with 39 digits */
        if (over > 0) {
            wide_round(&result, over);
            result_scale -= over;
        }
        if (result_scale < 0) {
            wide_scale_up(&result, -result_scale);
            result_scale = 0;
        }
    } else if (op == WEIR_ARITHMETIC_DIVIDE) {
        int32_t up = scale + 1 + b_scale - a_scale;
        wide_scale_up(&l, WEIR_MAX(up, 0));
        result = wide_divide(&l, &r, &rest);
        result_scale = scale + 1 + (up < 0 ? -up : 0);
    } else {
        result_scale = WEIR_MAX(a_scale, b_scale);
        wide_scale_up(&l, result_scale - a_scale);
        wide_scale_up(&r, result_scale - b_scale);
        bool opposite = negative != (op == WEIR_ARITHMETIC_SUBTRACT);
        bool swap = opposite && wide_compare(&l, &r) < 0;
        result = swap ? wide_add(&r, &l, true) : wide_add(&l, &r, opposite);
        negative = swap ? !(a < 0) : a < 0;
    }
    if (result_scale > scale) {
        wide_round(&result, result_scale - scale);
        result_scale = scale;
    }
    wide_text(&result, result_scale, negative, ret);
}

uint64_t weir_decimal_quotient_low(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale) {
    uint64_t low = 0;
    if (a_scale == b_scale) {
        return (uint64_t)(a / b);
    }
    wide l = wide_of(a), r = wide_of(b), rest;
    wide_scale_up(&l, WEIR_MAX(0, b_scale - a_scale));
    wide_scale_up(&r, WEIR_MAX(0, a_scale - b_scale));
    wide quotient = wide_divide(&l, &r, &rest);
    for (int i = LIMBS - 1; i >= 0; i--)
        low = low * BASE + quotient.limb[i];
    return (a < 0) != (b < 0) ? 0 - low : low;
}
