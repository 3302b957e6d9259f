/* Unsigned integers of up to 6,400 bits on the stack: the exact paths of number texts, which run where
 * 128-bit arithmetic cannot decide. Private to common/types. Never allocates. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WEIR_BIG_LIMBS 100

typedef struct weir_big_number {
    int32_t size;                   /* limbs in use; the highest is not zero */
    uint64_t limbs[WEIR_BIG_LIMBS]; /* least significant first */
} weir_big_number;

void weir_big_number_set(weir_big_number *n, uint64_t value);
void weir_big_number_multiply_add(weir_big_number *n, uint64_t factor, uint64_t addend);
void weir_big_number_multiply_pow5(weir_big_number *n, int32_t power);
void weir_big_number_shift_left(weir_big_number *n, int32_t bits);
int weir_big_number_compare(const weir_big_number *a, const weir_big_number *b);
/* Compares a + b with c. */
int weir_big_number_compare_sum(const weir_big_number *a, const weir_big_number *b, const weir_big_number *c);
/* n %= divisor; returns the quotient, which must be below 10. */
int weir_big_number_divide_digit(weir_big_number *n, const weir_big_number *divisor);
