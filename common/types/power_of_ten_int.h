/* The table of powers of ten for number texts; private to common/types. */
#pragma once

#include <stdint.h>

#define WEIR_POWER_OF_TEN_FIRST (-342)
#define WEIR_POWER_OF_TEN_LAST 324

/* 10^q = (high:low) * 2^(weir_power_of_ten_exponent(q)), the 128-bit value being normalised and off by
 * less than one unit. */
extern const uint64_t weir_power_of_ten[WEIR_POWER_OF_TEN_LAST - WEIR_POWER_OF_TEN_FIRST + 1][2];

/* floor(q * log2(10)) - 127, exact over the range of the table. */
static inline int32_t weir_power_of_ten_exponent(int32_t q) {
    return (int32_t)(((int64_t)q * 217706) >> 16) - 127;
}
