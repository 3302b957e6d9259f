/* Decimals: rescaling, bounds, text. Arithmetic is compared with Spark in tests/golden/golden_types.c. */
#include "common/types/decimal.h"

#include <math.h>

#include "tests/lib/weir_test.h"

WEIR_TEST(decimal, rescaling_rounds_half_up_and_checks_the_bound) {
    static const struct {
        int64_t value;
        int32_t from, to, precision;
        bool ok;
        int64_t result;
    } cases[] = {
        {125, 2, 1, 10, true, 13}, {-125, 2, 1, 10, true, -13}, {124, 2, 1, 10, true, 12},
        {5, 1, 0, 10, true, 1},    {4, 1, 0, 10, true, 0},      {995, 1, 0, 2, false, 0},
        {12, 0, 2, 4, true, 1200}, {12, 0, 2, 3, false, 0},     {0, 0, 38, 38, true, 0},
        {5, 38, 0, 1, true, 0},    {1, 0, 38, 38, false, 0},    {-99, 0, 0, 2, true, -99},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_int128 result = 0;
        bool ok =
            weir_decimal_rescale(cases[i].value, cases[i].from, cases[i].to, cases[i].precision, &result);
        cr_expect_eq(ok, cases[i].ok, "case %zu", i);
        cr_expect(!ok || result == cases[i].result, "case %zu", i);
    }
}

WEIR_TEST(decimal, texts_are_exact_whatever_their_length) {
    static const struct {
        const char *text;
        int32_t precision, scale, code;
        const char *expected;
    } cases[] = {
        {"1.005", 10, 2, 0, "1.01"},
        {"-.5", 10, 0, 0, "-1"},
        {"5.", 10, 1, 0, "5.0"},
        {"1e-3", 10, 2, 0, "0.00"},
        {"12e2", 4, 0, 0, "1200"},
        {"12e3", 4, 0, 2, NULL},
        {"0e99999", 4, 2, 0, "0.00"},
        {" 99999999999999999999999999999999999999 ", 38, 0, 0, "99999999999999999999999999999999999999"},
        {"100000000000000000000000000000000000000", 38, 0, 2, NULL},
        {"0.49999999999999999999999999999999999999999999999999999", 10, 0, 0, "0"},
        {"0.50000000000000000000000000000000000000000000000000000", 10, 0, 0, "1"},
        {"1e2147483648", 10, 0, 1, NULL},
        {"1e", 10, 0, 1, NULL},
        {".", 10, 0, 1, NULL},
        {"", 10, 0, 1, NULL},
        {"1 2", 10, 0, 1, NULL},
    };
    char text[WEIR_DECIMAL_TEXT_MAX + 1];
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_int128 value;
        int code =
            weir_decimal_parse_as(weir_str_from(cases[i].text), cases[i].precision, cases[i].scale, &value);
        cr_expect_eq(code, cases[i].code, "%s: %d", cases[i].text, code);
        if (code != 0 || !cases[i].expected)
            continue;
        text[weir_decimal_format(value, cases[i].scale, text)] = '\0';
        cr_expect_str_eq(text, cases[i].expected);
    }
    text[weir_decimal_format_scientific(1, 7, text)] = '\0';
    cr_expect_str_eq(text, "1E-7");
    text[weir_decimal_format_scientific(-123, 10, text)] = '\0';
    cr_expect_str_eq(text, "-1.23E-8");
    text[weir_decimal_format_scientific(0, 2, text)] = '\0';
    cr_expect_str_eq(text, "0.00");
}

WEIR_TEST(decimal, comparison_and_doubles_are_exact) {
    weir_int128 big = weir_decimal_pow10[38] - 1, value;
    cr_expect_lt(weir_decimal_compare(big, 38, big, 0), 0);
    cr_expect_gt(weir_decimal_compare(-big, 38, -big, 0), 0);
    cr_expect_eq(weir_decimal_compare(10, 1, 1, 0), 0);
    cr_expect_lt(weir_decimal_compare(-1, 0, 1, 38), 0);
    cr_expect_eq(weir_decimal_to_double(1234567890123456789, 10), 123456789.0123456789);
    cr_expect_eq(weir_decimal_to_double(-big, 0), -1e38);
    cr_expect(weir_decimal_from_double(0.1 + 0.2, 38, 17, &value) && value == 30000000000000004);
    cr_expect(weir_decimal_from_double(1e23, 38, 0, &value) &&
              value == (weir_int128)9999999999999999 * 10000000);
    cr_expect_not(weir_decimal_from_double(NAN, 38, 0, &value));
    cr_expect_not(weir_decimal_from_double(1e39, 38, 0, &value));
}
