/* The fast path and the pull parser must give the same rows for any bytes: generated records, then damaged.
 */
#include <stdio.h>
#include <string.h>

#include "tests/lib/weir_test.h"
#include "tests/unit/common/format/json_case.h"

static uint64_t random_state = 88172645463325252ull;

static uint32_t pick(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static void add_space(weir_strbuf *buf) {
    if (pick(4) == 0)
        weir_strbuf_add_text(buf, pick(3) ? " " : pick(2) ? "\t " : "   ");
}

static void add_string(weir_strbuf *buf) {
    static const char *const pieces[] = {"a",
                                         "Open",
                                         "x y",
                                         "\\n",
                                         "\\\"",
                                         "\\u0041",
                                         "\\ud83d\\ude00",
                                         "\xC3\xA9",
                                         "\xE6\xBC\xA2",
                                         "\xF0\x9F\x98\x80",
                                         "0123456789abcdef",
                                         "\\/",
                                         "\\ud800",
                                         "'",
                                         "2016-07-25",
                                         "\x7F"};
    weir_strbuf_add_char(buf, '"');
    for (uint32_t n = pick(5); n > 0; n--)
        weir_strbuf_add_text(buf, pieces[pick(WEIR_ARRAY_LEN(pieces))]);
    weir_strbuf_add_char(buf, '"');
}

static void add_number(weir_strbuf *buf) {
    static const char *const odd[] = {"0",
                                      "-0",
                                      "-0.0",
                                      "1e5",
                                      "1E+2",
                                      "123456789012345678",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "-9223372036854775808",
                                      "0.1",
                                      "1.5e-7",
                                      "12345678901234567890.123",
                                      "1e400",
                                      "3.4028236e38",
                                      "2147483648",
                                      "255",
                                      "128",
                                      "-129",
                                      "0.30000000000000004",
                                      "179769313486231570000.5"};
    if (pick(3) == 0)
        weir_strbuf_add_text(buf, odd[pick(WEIR_ARRAY_LEN(odd))]);
    else if (pick(3) == 0)
        weir_strbuf_addf(buf, "%d.%u", (int)pick(2000000) - 1000000, pick(100000));
    else
        weir_strbuf_addf(buf, "%d", (int)pick(2000000000) - 1000000000);
}

static void add_value(weir_strbuf *buf, int depth) {
    static const char *const texts[] = {"\"2016-07-25\"",
                                        "\"2016-07-25T21:45:07.123Z\"",
                                        "\"2016-07-25 21:45:07\"",
                                        "\"12.50\"",
                                        "\"NaN\"",
                                        "\"1 day\"",
                                        "\"-Infinity\"",
                                        "\"true\""};
    uint32_t kind = pick(depth > 3 ? 6 : 9);
    add_space(buf);
    if (kind < 2) {
        add_number(buf);
    } else if (kind < 4) {
        add_string(buf);
    } else if (kind == 4) {
        weir_strbuf_add_text(buf, pick(3) == 0 ? "null" : pick(2) ? "true" : "false");
    } else if (kind == 5) {
        weir_strbuf_add_text(buf, texts[pick(WEIR_ARRAY_LEN(texts))]);
    } else {
        bool object = pick(2);
        uint32_t n = pick(4);
        weir_strbuf_add_char(buf, object ? '{' : '[');
        for (uint32_t i = 0; i < n; i++) {
            if (i)
                weir_strbuf_add_char(buf, ',');
            if (object)
                weir_strbuf_addf(buf, "\"%c\":", 'a' + pick(6));
            add_value(buf, depth + 1);
        }
        weir_strbuf_add_char(buf, object ? '}' : ']');
    }
    add_space(buf);
}

static void add_record(weir_strbuf *buf) {
    add_space(buf);
    weir_strbuf_add_char(buf, '{');
    for (uint32_t n = pick(8), i = 0; i < n; i++) {
        if (i)
            weir_strbuf_add_char(buf, ',');
        add_space(buf);
        weir_strbuf_addf(buf, pick(20) ? "\"%c\"" : "\"\\u00%x\"", pick(3) ? 'a' + i : 'a' + pick(10));
        add_space(buf);
        weir_strbuf_add_char(buf, ':');
        add_value(buf, 0);
    }
    weir_strbuf_add_char(buf, '}');
    add_space(buf);
}

/* Changes, drops or doubles a few bytes. */
static void damage(weir_strbuf *buf, size_t from) {
    static const char bytes[] = "{}[]\",:\\u0e-+.tn \x80\xC3\xFF\x01'/";
    for (uint32_t n = pick(3); n > 0 && buf->size > from + 1; n--) {
        size_t at = from + pick((uint32_t)(buf->size - from));
        switch (pick(3)) {
        case 0:
            buf->data[at] = bytes[pick(sizeof bytes - 1)];
            break;
        case 1:
            memmove(buf->data + at, buf->data + at + 1, buf->size - at - 1);
            buf->size--;
            break;
        default:
            buf->size = at; /* cut */
        }
    }
}

static const json_case cases[] = {
    {.schema = "a INT, b STRING, c BIGINT, d DOUBLE, _corrupt_record STRING"},
    {.schema = "a TIMESTAMP, b STRING, _corrupt_record STRING"},
    {.schema = "a STRING, b STRING, c STRING, d STRING, e STRING, f STRING"},
    {.schema = "a SMALLINT, b TINYINT, c FLOAT, d DECIMAL(12,3), e BOOLEAN, f DATE, _corrupt_record STRING"},
    {.schema = "a STRUCT<a: INT, b: STRING, c: STRUCT<a: DOUBLE>>, b ARRAY<INT>, c MAP<STRING, STRING>, "
               "d ARRAY<STRUCT<a: INT, b: STRING>>, "
               "_corrupt_record STRING"},
    {.schema =
         "a STRUCT<a: INT, b: STRING>, b ARRAY<INT>, c MAP<STRING, INT>, d STRING, _corrupt_record STRING",
     .no_partial = true},
    {.schema = "b DECIMAL(38,18), c MAP<STRING, ARRAY<DOUBLE>>, e ARRAY<ARRAY<STRING>>",
     .options = {"mode", "DROPMALFORMED"}},
    {.schema = "a INT, b STRING, c INT, d INT, e INT", .projection = "e INT"},
    {.schema = "a INT, d TIMESTAMP_NTZ, c TIMESTAMP, _corrupt_record STRING",
     .options = {"allowComments", "true", "allowNumericLeadingZeros", "true", "allowUnquotedControlChars",
                 "true"}},
};

static void compare(const json_case *c, weir_str text) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf fast = {0}, slow = {0}, small = {0};
    json_case other = *c;
    CHECK_OK(json_case_read(c, text, &fast, &err));
    other.slow = true;
    CHECK_OK(json_case_read(&other, text, &slow, &err));
    other.slow = false;
    other.chunk = 1 + (int32_t)pick(64);
    CHECK_OK(json_case_read(&other, text, &small, &err));
    bool same = weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&slow)) &&
                weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&small));
    cr_assert(same, "schema %s\n%.*s\nfast:\n%s\nslow:\n%s\nchunks of %d:\n%s", c->schema, (int)text.size,
              text.data, fast.data, slow.data, other.chunk, small.data);
}

WEIR_TEST(json_paths, fast_and_slow_agree_on_any_record) {
    for (int round = 0; round < 400; round++) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        for (uint32_t n = 1 + pick(12); n > 0; n--) {
            size_t from = text.size;
            add_record(&text);
            if (pick(3) == 0)
                damage(&text, from);
            weir_strbuf_add_text(&text, pick(10) ? "\n" : pick(2) ? "\r\n" : "\r");
        }
        compare(&cases[(size_t)round % WEIR_ARRAY_LEN(cases)], weir_strbuf_view(&text));
    }
}

/* Long strings, names and numbers around the widths of vectors and limits. */
WEIR_TEST(json_paths, fast_and_slow_agree_at_every_length) {
    json_case c = {.schema = "a STRING, b INT, _corrupt_record STRING"};
    for (size_t length = 0; length < 140; length++) {
        _cleanup_strbuf_ weir_strbuf text = {0};
        weir_strbuf_add_text(&text, "{\"a\":\"");
        weir_strbuf_add_repeat(&text, 'x', length);
        weir_strbuf_add_text(&text, "\",\"b\":1}\n{\"");
        weir_strbuf_add_repeat(&text, 'n', length);
        weir_strbuf_add_text(&text, "\":\"\xC3\xA9\",\"b\":2,\"a\":\"\\u00e9");
        weir_strbuf_add_repeat(&text, 'y', length);
        weir_strbuf_add_text(&text, "\"}\n{\"b\":");
        weir_strbuf_add_repeat(&text, '1', length);
        weir_strbuf_add_text(&text, "}\n{\"z\":0.");
        weir_strbuf_add_repeat(&text, '7', length * 8);
        weir_strbuf_add_text(&text, ",\"b\":3}\n");
        compare(&c, weir_strbuf_view(&text));
    }
}

WEIR_TEST(json_paths, field_order_may_change_from_record_to_record) {
    weir_error *err = NULL;
    json_case c = {.schema = "a INT, b INT, c INT"};
    _cleanup_strbuf_ weir_strbuf text = {0}, out = {0}, want = {0};
    for (int i = 0; i < 3000; i++) {
        const char *const order[] = {
            "{\"a\":1,\"b\":2,\"c\":3}\n", "{\"c\":3,\"a\":1,\"b\":2}\n", "{\"b\":2,\"c\":3}\n", "{}\n",
            "{\"x\":[{}],\"b\":2,\"averyveryverylongfieldnamethatisnotpredicted\":1,\"a\":1}\n"};
        const char *const rows[] = {"[1,2,3]\n", "[1,2,3]\n", "[null,2,3]\n", "[null,null,null]\n",
                                    "[1,2,null]\n"};
        uint32_t k = pick(5);
        weir_strbuf_add_text(&text, order[k]);
        weir_strbuf_add_text(&want, rows[k]);
    }
    CHECK_OK(json_case_read(&c, weir_strbuf_view(&text), &out, &err));
    CHECK_TEXT(out.data, want.data);
}
