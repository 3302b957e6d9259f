/* Values of options and configuration keys as texts: Spark's spellings and its messages for bad ones. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/plan/plan.h"

/* Long.parseLong: a sign, digits, no spaces. */
bool weir_option_value_long(weir_str text, int64_t *ret);
/* "true" or "false" in any case. */
bool weir_option_value_bool(weir_str text, bool *ret);
/* "7d", "100ms", "5 m" is wrong: JavaUtils.timeStringAs. Without a unit: `unit_us` micros each. The result
 * is in micros. */
weir_code weir_option_value_micros(weir_str text, int64_t unit_us, int64_t *ret, weir_error **err);
/* "128MB", "8m", "1048576": JavaUtils.byteStringAsBytes. */
weir_code weir_option_value_bytes(weir_str text, int64_t *ret, weir_error **err);

/* Configuration with a default where the key is not set; INVALID_CONF_VALUE names key and value. */
weir_code weir_option_value_conf_long(const weir_options *conf, const char *key, int64_t fallback,
                                      int64_t *ret, weir_error **err);
weir_code weir_option_value_conf_bytes(const weir_options *conf, const char *key, int64_t fallback,
                                       int64_t *ret, weir_error **err);
weir_code weir_option_value_conf_ms(const weir_options *conf, const char *key, int64_t fallback, int64_t *ret,
                                    weir_error **err);
weir_code weir_option_value_conf_bool(const weir_options *conf, const char *key, bool fallback, bool *ret,
                                      weir_error **err);
