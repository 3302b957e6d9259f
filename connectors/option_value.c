/* Option and configuration values (option_value.h). Pure functions of texts; any thread. */
#include "connectors/option_value.h"

#include <stdio.h>

#include "common/base/compiler.h"

bool weir_option_value_long(weir_str text, int64_t *ret) {
    size_t i = text.size && (text.data[0] == '-' || text.data[0] == '+');
    bool negative = i && text.data[0] == '-';
    if (i == text.size)
        return false;
    int64_t value = 0;
    for (; i < text.size; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            (negative ? __builtin_sub_overflow(value, digit, &value)
                      : __builtin_add_overflow(value, digit, &value)))
            return false;
    }
    *ret = value;
    return true;
}

bool weir_option_value_bool(weir_str text, bool *ret) {
    if (!weir_str_equal_nocase(text, WEIR_STR("true")) && !weir_str_equal_nocase(text, WEIR_STR("false")))
        return false;
    *ret = text.size == 4;
    return true;
}

typedef struct unit {
    const char *suffix;
    int64_t factor;
} unit;

/* Cuts "123abc" into number and factor; false where it is not of that form. */
static bool parse_with_unit(weir_str text, const unit *units, size_t count, int64_t *ret_number,
                            int64_t *ret_factor, weir_str *ret_suffix) {
    text = weir_str_trim(text);
    size_t digits = text.size && text.data[0] == '-';
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    *ret_suffix = (weir_str){text.data + digits, text.size - digits};
    if (!weir_option_value_long((weir_str){text.data, digits}, ret_number))
        return false;
    for (size_t i = 0; i < count && ret_suffix->size; i++)
        if (weir_str_equal_nocase(*ret_suffix, weir_str_from(units[i].suffix))) {
            *ret_factor = units[i].factor;
            *ret_suffix = (weir_str){0};
        }
    return true;
}

static bool is_letters(weir_str text) {
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] | 0x20) < 'a' || (text.data[i] | 0x20) > 'z')
            return false;
    return true;
}

weir_code weir_option_value_micros(weir_str text, int64_t unit_us, int64_t *ret, weir_error **err) {
    static const unit units[] = {{"us", 1},         {"ms", 1000},      {"s", 1000000},    {"m", 60000000},
                                 {"min", 60000000}, {"h", 3600000000}, {"d", 86400000000}};
    static const char help[] = "Time must be specified as seconds (s), milliseconds (ms), microseconds (us), "
                               "minutes (m or min), hour (h), or day (d). E.g. 50s, 100ms, or 250us.";
    int64_t number, factor = unit_us;
    weir_str suffix;
    bool parsed = parse_with_unit(text, units, WEIR_ARRAY_LEN(units), &number, &factor, &suffix);
    if (parsed && suffix.size && is_letters(suffix))
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s\nInvalid suffix: \"" WEIR_STR_FMT "\"", help,
                  WEIR_STR_ARG(suffix));
    if (!parsed || suffix.size || __builtin_mul_overflow(number, factor, ret))
        WEIR_FAIL(err, INVALID_ARGUMENT, "%s\nFailed to parse time string: " WEIR_STR_FMT, help,
                  WEIR_STR_ARG(text));
    return WEIR_OK;
}

weir_code weir_option_value_bytes(weir_str text, int64_t *ret, weir_error **err) {
    static const unit units[] = {{"b", 1},           {"k", 1 << 10},   {"kb", 1 << 10},  {"kib", 1 << 10},
                                 {"m", 1 << 20},     {"mb", 1 << 20},  {"mib", 1 << 20}, {"g", 1 << 30},
                                 {"gb", 1 << 30},    {"gib", 1 << 30}, {"t", 1LL << 40}, {"tb", 1LL << 40},
                                 {"tib", 1LL << 40}, {"p", 1LL << 50}, {"pb", 1LL << 50}};
    int64_t number, factor = 1;
    weir_str suffix;
    bool parsed = parse_with_unit(text, units, WEIR_ARRAY_LEN(units), &number, &factor, &suffix);
    if (!parsed || suffix.size || number < 0 || __builtin_mul_overflow(number, factor, ret))
        WEIR_FAIL(err, INVALID_ARGUMENT,
                  "Size must be specified as bytes (b), kibibytes (k), mebibytes (m), gibibytes (g), "
                  "tebibytes (t), "
                  "or pebibytes(p). E.g. 50b, 100k, or 250m.\nFailed to parse byte string: " WEIR_STR_FMT,
                  WEIR_STR_ARG(text));
    return WEIR_OK;
}

static weir_code bad_conf(weir_error **err, const char *key, weir_str value, const char *reason) {
    char text[256];
    snprintf(text, sizeof text, WEIR_STR_FMT, (int)WEIR_MIN(value.size, sizeof text - 1), value.data);
    WEIR_RAISE(err, INVALID_CONF_VALUE__REQUIREMENT, "confValue", text, "confName", key, "confRequirement",
               reason);
}

weir_code weir_option_value_conf_long(const weir_options *conf, const char *key, int64_t fallback,
                                      int64_t *ret, weir_error **err) {
    weir_str text = conf ? weir_options_get(conf, key) : (weir_str){0};
    *ret = fallback;
    if (text.data && !weir_option_value_long(weir_str_trim(text), ret))
        return bad_conf(err, key, text, "It should be an integer.");
    return WEIR_OK;
}

weir_code weir_option_value_conf_bytes(const weir_options *conf, const char *key, int64_t fallback,
                                       int64_t *ret, weir_error **err) {
    weir_str text = conf ? weir_options_get(conf, key) : (weir_str){0};
    *ret = fallback;
    if (text.data && weir_option_value_bytes(text, ret, NULL) != WEIR_OK)
        return bad_conf(err, key, text, "It should be a size in bytes, as 128MB.");
    return WEIR_OK;
}

weir_code weir_option_value_conf_ms(const weir_options *conf, const char *key, int64_t fallback, int64_t *ret,
                                    weir_error **err) {
    weir_str text = conf ? weir_options_get(conf, key) : (weir_str){0};
    *ret = fallback;
    if (!text.data)
        return WEIR_OK;
    int64_t micros;
    if (weir_option_value_micros(text, 1000, &micros, NULL) != WEIR_OK)
        return bad_conf(err, key, text, "It should be a duration, as 10m.");
    *ret = micros / 1000;
    return WEIR_OK;
}

weir_code weir_option_value_conf_bool(const weir_options *conf, const char *key, bool fallback, bool *ret,
                                      weir_error **err) {
    weir_str text = conf ? weir_options_get(conf, key) : (weir_str){0};
    *ret = fallback;
    if (text.data && !weir_option_value_bool(weir_str_trim(text), ret))
        return bad_conf(err, key, text, "It should be true or false.");
    return WEIR_OK;
}
