/* Decimals: 128-bit unscaled integers with a scale, Spark's rounding (HALF_UP) and bounds. Stored
 * little-endian two's complement, 16 bytes; load and store through weir_load128/weir_store128. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

typedef __int128 weir_int128;

#define WEIR_DECIMAL_MAX_PRECISION 38

extern const weir_int128 weir_decimal_pow10[39]; /* 10^0 .. 10^38 */

static inline bool weir_decimal_fits(weir_int128 value, int32_t precision) {
    return value < weir_decimal_pow10[precision] && value > -weir_decimal_pow10[precision];
}
/* Changes the scale with HALF_UP; false where the result does not fit `precision`. */
bool weir_decimal_rescale(weir_int128 value, int32_t from_scale, int32_t to_scale, int32_t precision,
                          weir_int128 *ret);
/* Exact arithmetic at Spark's result type (scale/precision given); false on overflow. */
bool weir_decimal_add(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                      int32_t scale, weir_int128 *ret);
bool weir_decimal_subtract(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                           int32_t scale, weir_int128 *ret);
bool weir_decimal_multiply(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                           int32_t scale, weir_int128 *ret);
/* b != 0 */
bool weir_decimal_divide(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                         int32_t scale, weir_int128 *ret);
bool weir_decimal_remainder(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale, int32_t precision,
                            int32_t scale, weir_int128 *ret);
int weir_decimal_compare(weir_int128 a, int32_t a_scale, weir_int128 b, int32_t b_scale);

/* java.math.BigDecimal's text grammar ("-1.5", "1e10", ".5", "5."), trimmed. Gives the value as
 * written (unscaled digits and scale, which may be negative; fraction digits beyond 38 digits in all
 * are rounded HALF_UP); `too_large` where it needs more than 38 digits before the
 * point. False where the text is no number. */
bool weir_decimal_parse(weir_str text, weir_int128 *ret_unscaled, int32_t *ret_scale, bool *too_large);
/* Parses and brings to (precision, scale) with HALF_UP. 0 ok, 1 malformed, 2 does not fit. */
int weir_decimal_parse_as(weir_str text, int32_t precision, int32_t scale, weir_int128 *ret);
/* BigDecimal.toPlainString ("0.00", "-12.30"): Spark's CAST to STRING. At most WEIR_DECIMAL_TEXT_MAX. */
#define WEIR_DECIMAL_TEXT_MAX 64
int weir_decimal_format(weir_int128 value, int32_t scale, char *ret);
/* BigDecimal.toString ("1E-7" where the plain form needs more than six leading zeros): the CAST to
 * STRING without ANSI mode. */
int weir_decimal_format_scientific(weir_int128 value, int32_t scale, char *ret);
double weir_decimal_to_double(weir_int128 value, int32_t scale);
/* Spark's Decimal(double): via Java's text of the double, then HALF_UP. False: NaN, infinite, no fit. */
bool weir_decimal_from_double(double value, int32_t precision, int32_t scale, weir_int128 *ret);
