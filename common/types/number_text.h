/* Numbers to and from text, exactly as Java and Spark do it. Any thread, no locale. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/str.h"

#define WEIR_NUMBER_TEXT_MAX 40

/* Java's Double.toString / Float.toString (JDK 17 rules as Spark prints them: "1.0E10", "NaN",
 * "Infinity", shortest digits). Return bytes written. */
int weir_double_format(double value, char *ret);
int weir_float_format(float value, char *ret);
int weir_int64_format(int64_t value, char *ret);

/* Correctly rounded decimal text ("1e400" gives infinity). Plain grammar only: [+-]digits[.digits]
 * [e[+-]digits]; no names, no suffix, no spaces; the whole text must match. */
bool weir_double_parse(weir_str text, double *ret);
bool weir_float_parse(weir_str text, float *ret);
/* Spark's CAST(string AS DOUBLE): trims, accepts Java's suffixes d/f and inf/infinity/nan spellings. */
bool weir_double_parse_cast(weir_str text, double *ret);
bool weir_float_parse_cast(weir_str text, float *ret);
/* [+-]digits, whole text; false on overflow or another byte. */
bool weir_int64_parse(weir_str text, int64_t *ret);
/* Spark's UTF8String.toLong(allowDecimal): ANSI casts refuse a fraction, legacy casts truncate it. */
bool weir_int64_parse_cast(weir_str text, bool allow_decimal, int64_t *ret);
