/* Option values: Spark's spellings. */
#include "connectors/option_value.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(option_value, parses_numbers_and_truth) {
    static const struct {
        const char *text;
        bool valid;
        int64_t value;
    } table[] = {{"0", true, 0},
                 {"+5", true, 5},
                 {"-7", true, -7},
                 {"", false, 0},
                 {"-", false, 0},
                 {" 1", false, 0},
                 {"1x", false, 0},
                 {"9223372036854775807", true, INT64_MAX},
                 {"-9223372036854775808", true, INT64_MIN},
                 {"9223372036854775808", false, 0}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        int64_t value = 0;
        cr_assert_eq(weir_option_value_long(weir_str_from(table[i].text), &value), table[i].valid, "%s",
                     table[i].text);
        cr_assert(!table[i].valid || value == table[i].value, "%s", table[i].text);
    }
    bool truth = false;
    cr_assert(weir_option_value_bool(WEIR_STR("TRUE"), &truth) && truth);
    cr_assert(weir_option_value_bool(WEIR_STR("False"), &truth) && !truth);
    cr_assert(!weir_option_value_bool(WEIR_STR("yes"), &truth) &&
              !weir_option_value_bool(WEIR_STR(""), &truth));
}

WEIR_TEST(option_value, parses_times_and_sizes) {
    weir_error *err = NULL;
    static const struct {
        const char *text;
        int64_t micros; /* -1 = refused */
    } times[] = {
        {"7d", 604800000000}, {"100ms", 100000},           {"250us", 250}, {"5", 5000}, {"2min", 120000000},
        {"3M", 180000000},    {" 1h ", 3600000000},        {"1 day", -1},  {"x", -1},   {"", -1},
        {"1x", -1},           {"9223372036854775807d", -1}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(times); i++) {
        int64_t micros = -1;
        weir_code code = weir_option_value_micros(weir_str_from(times[i].text), 1000, &micros, &err);
        cr_assert_eq(code == WEIR_OK, times[i].micros >= 0, "%s", times[i].text);
        cr_assert(times[i].micros < 0 || micros == times[i].micros, "%s", times[i].text);
        weir_error_free_ptr(&err);
    }
    static const struct {
        const char *text;
        int64_t bytes;
    } sizes[] = {{"128MB", 134217728}, {"8m", 8388608}, {"1024", 1024}, {"1kib", 1024},  {"2g", 2147483648},
                 {"-1", -1},           {"1.5m", -1},    {"mb", -1},     {"8388608p", -1}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
        int64_t bytes = -1;
        weir_code code = weir_option_value_bytes(weir_str_from(sizes[i].text), &bytes, &err);
        cr_assert_eq(code == WEIR_OK, sizes[i].bytes >= 0, "%s", sizes[i].text);
        cr_assert(sizes[i].bytes < 0 || bytes == sizes[i].bytes, "%s", sizes[i].text);
        weir_error_free_ptr(&err);
    }
}
