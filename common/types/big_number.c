/* Big unsigned integers for exact number texts (see big_number_int.h). A result that does not fit is a
 * bug of the caller, whose exponents and digit counts are bounded, and asserts. Any thread. */
#include "common/types/big_number_int.h"

#include <string.h>

#include "common/base/assert.h"

void weir_big_number_set(weir_big_number *n, uint64_t value) {
    n->limbs[0] = value;
    n->size = value != 0;
}

void weir_big_number_multiply_add(weir_big_number *n, uint64_t factor, uint64_t addend) {
    unsigned __int128 carry = addend;
    for (int32_t i = 0; i < n->size; i++) {
        carry += (unsigned __int128)n->limbs[i] * factor;
        n->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry) {
        WEIR_ASSERT(n->size < WEIR_BIG_LIMBS);
        n->limbs[n->size++] = (uint64_t)carry;
    }
    while (n->size > 0 && n->limbs[n->size - 1] == 0)
        n->size--;
}

void weir_big_number_multiply_pow5(weir_big_number *n, int32_t power) {
    static const uint64_t five_27 = 7450580596923828125u;
    for (; power >= 27; power -= 27)
        weir_big_number_multiply_add(n, five_27, 0);
    uint64_t factor = 1;
    for (; power > 0; power--)
        factor *= 5;
    weir_big_number_multiply_add(n, factor, 0);
}

void weir_big_number_shift_left(weir_big_number *n, int32_t bits) {
    if (n->size == 0 || bits == 0)
        return;
    int32_t words = bits / 64, rest = bits % 64;
    WEIR_ASSERT(n->size + words + 1 <= WEIR_BIG_LIMBS);
    uint64_t top = rest ? n->limbs[n->size - 1] >> (64 - rest) : 0;
    for (int32_t i = n->size - 1; i >= 0; i--) {
        uint64_t below = rest && i > 0 ? n->limbs[i - 1] >> (64 - rest) : 0;
        n->limbs[i + words] = n->limbs[i] << rest | below;
    }
    memset(n->limbs, 0, (size_t)words * sizeof *n->limbs);
    n->size += words;
    if (top)
        n->limbs[n->size++] = top;
}

int weir_big_number_compare(const weir_big_number *a, const weir_big_number *b) {
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    for (int32_t i = a->size - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

int weir_big_number_compare_sum(const weir_big_number *a, const weir_big_number *b,
                                const weir_big_number *c) {
    weir_big_number sum;
    const weir_big_number *larger = a->size >= b->size ? a : b, *smaller = larger == a ? b : a;
    unsigned __int128 carry = 0;
    for (int32_t i = 0; i < larger->size; i++) {
        carry += larger->limbs[i];
        if (i < smaller->size)
            carry += smaller->limbs[i];
        sum.limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
    sum.size = larger->size;
    if (carry) {
        WEIR_ASSERT(sum.size < WEIR_BIG_LIMBS);
        sum.limbs[sum.size++] = (uint64_t)carry;
    }
    return weir_big_number_compare(&sum, c);
}

static void subtract(weir_big_number *n, const weir_big_number *b) {
    uint64_t borrow = 0;
    for (int32_t i = 0; i < n->size; i++) {
        uint64_t other = i < b->size ? b->limbs[i] : 0;
        uint64_t difference = n->limbs[i] - other;
        uint64_t next = difference > n->limbs[i];
        n->limbs[i] = difference - borrow;
        borrow = next | (difference < borrow);
    }
    while (n->size > 0 && n->limbs[n->size - 1] == 0)
        n->size--;
}

int weir_big_number_divide_digit(weir_big_number *n, const weir_big_number *divisor) {
    int digit = 0;
    while (weir_big_number_compare(n, divisor) >= 0) {
        subtract(n, divisor);
        digit++;
        WEIR_ASSERT(digit < 10);
    }
    return digit;
}
