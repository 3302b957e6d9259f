/* Numbers to and from text. Values were asked from Java 17. */
#include "common/types/number_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/weir_test.h"

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

WEIR_TEST(number_text, doubles_print_as_java_17_prints_them) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {1e7, "1.0E7"},
        {9999999.0, "9999999.0"},
        {1e-3, "0.001"},
        {9.99e-4, "9.99E-4"},
        {1e22, "1.0E22"},
        {1e23, "9.999999999999999E22"},
        {8.41e21, "8.409999999999999E21"},
        {2e-3, "0.002"},
        {4.9e-324, "4.9E-324"},
        {9.9e-324, "1.0E-323"},
        {2.2250738585072014E-308, "2.2250738585072014E-308"},
        {DBL_MAX, "1.7976931348623157E308"},
        {4611686018427387904.0, "4.6116860184273879E18"},
        {1.9400994884341945e25, "1.9400994884341944E25"},
        {2.98023223876953125e-8, "2.9802322387695312E-8"},
        {0.1 + 0.2, "0.30000000000000004"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
    };
    char text[WEIR_NUMBER_TEXT_MAX + 1];
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        text[weir_double_format(cases[i].value, text)] = '\0';
        cr_expect_str_eq(text, cases[i].text);
    }
    text[weir_float_format(16777216.0f, text)] = '\0';
    cr_expect_str_eq(text, "1.6777216E7");
    text[weir_float_format(0.1f, text)] = '\0';
    cr_expect_str_eq(text, "0.1");
    text[weir_float_format(1.4e-45f, text)] = '\0';
    cr_expect_str_eq(text, "1.4E-45");
}

WEIR_TEST(number_text, what_is_printed_reads_back_and_agrees_with_the_c_library) {
    uint64_t state = 88172645463325252u;
    char text[WEIR_NUMBER_TEXT_MAX + 1], other[900];
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_random(&state);
        double value, back = 0;
        float single, single_back = 0;
        memcpy(&value, &bits, 8);
        memcpy(&single, &bits, 4);
        if (isfinite(value)) {
            int size = weir_double_format(value, text);
            cr_assert(weir_double_parse(weir_str_make(text, (size_t)size), &back) && back == value, "%a",
                      value);
            int digits = snprintf(other, sizeof other, "%.*g", (int)(i % 24) + 1, value);
            cr_assert(weir_double_parse(weir_str_make(other, (size_t)digits), &back) &&
                          back == strtod(other, NULL),
                      "%s", other);
        }
        if (isfinite(single)) {
            int size = weir_float_format(single, text);
            cr_assert(weir_float_parse(weir_str_make(text, (size_t)size), &single_back) &&
                          single_back == single,
                      "%a", (double)single);
            /* exactly between two floats, all digits written out */
            double middle = ((double)single + (double)nextafterf(single, INFINITY)) / 2;
            int digits = snprintf(other, sizeof other, "%.300f", middle);
            if (isfinite(middle) && digits < (int)sizeof other)
                cr_assert(weir_float_parse(weir_str_make(other, (size_t)digits), &single_back) &&
                              single_back == strtof(other, NULL),
                          "%s", other);
        }
    }
}

WEIR_TEST(number_text, long_texts_round_by_their_last_digit) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    double value;
    /* 2^-1074 / 2, exactly, and one digit more behind 1,000 others */
    char half[1200];
    snprintf(half, sizeof half, "%.1075f", ldexp(1.0, -1074));
    cr_expect(weir_double_parse(weir_str_from(half), &value) && value == ldexp(1.0, -1074));
    snprintf(half, sizeof half, "%.1100Lf", ldexpl(1.0L, -1075));
    cr_expect(weir_double_parse(weir_str_from(half), &value) && value == 0);
    weir_strbuf_add_text(&text, half);
    weir_strbuf_add_repeat(&text, '0', 1000);
    weir_strbuf_add_char(&text, '1');
    cr_expect(weir_double_parse(weir_strbuf_view(&text), &value) && value == ldexp(1.0, -1074));
    weir_strbuf_clear(&text);
    weir_strbuf_add_repeat(&text, '9', 100000);
    cr_expect(weir_double_parse(weir_strbuf_view(&text), &value) && isinf(value));
    weir_strbuf_add_text(&text, "e-99999");
    cr_expect(weir_double_parse(weir_strbuf_view(&text), &value) && value == 10.0);
}

WEIR_TEST(number_text, the_plain_grammar_is_strict) {
    static const char *const refused[] = {"",   "-",  "+",  ".",   "5.",  ".5",   "1e",   "1e+", "1.e5",
                                          "1 ", " 1", "1d", "0x1", "nan", "1e5x", "1..2", "--1"};
    double value;
    float single;
    int64_t number;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++) {
        cr_expect_not(weir_double_parse(weir_str_from(refused[i]), &value), "%s", refused[i]);
        cr_expect_not(weir_float_parse(weir_str_from(refused[i]), &single), "%s", refused[i]);
        cr_expect_not(weir_int64_parse(weir_str_from(refused[i]), &number), "%s", refused[i]);
    }
    cr_expect(weir_double_parse(WEIR_STR("1e400"), &value) && isinf(value));
    cr_expect(weir_double_parse(WEIR_STR("-1e-400"), &value) && value == 0 && signbit(value));
    cr_expect(weir_double_parse(WEIR_STR("1e-99999999999999999999"), &value) && value == 0);
}

WEIR_TEST(number_text, integers_keep_their_bounds) {
    static const struct {
        const char *text;
        bool ok, ok_decimal;
        int64_t value;
    } cases[] = {
        {"9223372036854775807", true, true, INT64_MAX},
        {"-9223372036854775808", true, true, INT64_MIN},
        {"9223372036854775808", false, false, 0},
        {"-9223372036854775809", false, false, 0},
        {"00000000000000000000000000012", true, true, 12},
        {"\t+7 \x7f", true, true, 7},
        {"1.9", false, true, 1},
        {".", false, true, 0},
        {"-.5", false, true, 0},
        {"1.x", false, false, 0},
        {"1 2", false, false, 0},
        {"", false, false, 0},
        {" ", false, false, 0},
        {"-", false, false, 0},
    };
    char text[WEIR_NUMBER_TEXT_MAX + 1];
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        int64_t value = 0;
        bool ok = weir_int64_parse_cast(weir_str_from(cases[i].text), false, &value);
        cr_expect(ok == cases[i].ok && (!ok || value == cases[i].value), "%s", cases[i].text);
        ok = weir_int64_parse_cast(weir_str_from(cases[i].text), true, &value);
        cr_expect(ok == cases[i].ok_decimal && (!ok || value == cases[i].value), "%s", cases[i].text);
    }
    for (int64_t value = 1; value > 0 && value < INT64_MAX / 9; value = value * 9 + 1) {
        int64_t back = 0;
        int size = weir_int64_format(-value, text);
        cr_expect(weir_int64_parse(weir_str_make(text, (size_t)size), &back) && back == -value);
    }
    text[weir_int64_format(INT64_MIN, text)] = '\0';
    cr_expect_str_eq(text, "-9223372036854775808");
}
