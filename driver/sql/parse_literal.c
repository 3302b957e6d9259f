/* Literals and data types (parser_int.h): Spark's types and ranges for numbers, typed literals in the
 * session's time zone. */
#include <math.h>

#include "common/column/builder.h"
#include "common/types/datetime.h"
#include "common/types/decimal.h"
#include "common/types/number_text.h"
#include "driver/sql/parser_int.h"

weir_node *weir_parse_fixed_literal(weir_parse *p, const weir_type *type, const void *bytes, size_t size) {
    weir_column *value;
    p->code = weir_column_new_fixed(NULL, type, 1, &value, p->err);
    if (p->code != WEIR_OK)
        return NULL;
    memcpy(weir_column_values(value), bytes, size);
    return weir_literal_new(p->arena, value);
}

static weir_node *binary_literal(weir_parse *p, const uint8_t *bytes, size_t size) {
    weir_builder builder;
    weir_column *column = NULL;
    p->code = weir_builder_init(&builder, NULL, weir_type_of(WEIR_TYPE_BINARY), 1, p->err);
    if (p->code != WEIR_OK)
        return NULL;
    p->code = weir_builder_bytes(&builder, bytes, size) ? weir_builder_finish(&builder, &column, p->err)
                                                        : weir_error_oom(p->err);
    weir_builder_fini(&builder);
    return p->code == WEIR_OK ? weir_literal_new(p->arena, column) : NULL;
}

/* ---- numbers ---- */

typedef struct numeral {
    weir_str text;      /* sign and digits, no suffix */
    weir_int128 digits; /* of all digits; valid where `precision` <= 38 */
    int32_t precision, scale;
} numeral;

/* Reads "-12.50e3" as digits and scale, as java.math.BigDecimal does, with the scale brought to >= 0. */
static numeral read_numeral(weir_str text) {
    numeral n = {.text = text};
    int64_t exponent = 0;
    size_t i = text.size > 0 && text.data[0] == '-';
    bool negative = i == 1, point = false;
    for (; i < text.size && text.data[i] != 'e' && text.data[i] != 'E'; i++) {
        if (text.data[i] == '.') {
            point = true;
            continue;
        }
        n.scale += point;
        if (n.precision > 0 || text.data[i] != '0')
            n.precision++;
        if (n.precision <= 38)
            n.digits = n.digits * 10 + (text.data[i] - '0');
    }
    if (i < text.size) {
        weir_str power = {text.data + i + 1, text.size - i - 1};
        if (power.size > 0 && power.data[0] == '+')
            power = weir_str_make(power.data + 1, power.size - 1);
        if (!weir_int64_parse(power, &exponent) || exponent > 100000 || exponent < -100000)
            exponent = text.data[i + 1] == '-' ? -100000 : 100000;
    }
    n.precision = WEIR_MAX(n.precision, 1);
    int64_t scale = n.scale - exponent;
    for (; scale < 0 && n.precision <= 38; scale++, n.precision += n.digits != 0)
        n.digits = n.precision < 38 ? n.digits * 10 : n.digits;
    n.scale = (int32_t)WEIR_MAX(scale, 0);
    n.precision = WEIR_MAX(n.precision, n.scale);
    n.digits = negative ? -n.digits : n.digits;
    return n;
}

static weir_node *decimal_literal(weir_parse *p, numeral n) {
    if (n.precision > WEIR_DECIMAL_MAX_PRECISION) {
        p->code =
            weir_error_raise(p->err, WEIR_DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, "precision",
                             weir_arena_printf(p->arena, "%d", n.precision), "maxPrecision", "38", NULL);
        return NULL;
    }
    const weir_type *type = weir_type_decimal(p->arena, n.precision, n.scale);
    return weir_parse_fixed_literal(p, type, &n.digits, sizeof n.digits);
}

static weir_node *out_of_range(weir_parse *p, int32_t from, weir_str text, const char *type, const char *low,
                               const char *high) {
    const char *raw = weir_arena_strndup(p->arena, text.data, text.size);
    return weir_parse_fail_here(p, from,
                                weir_error_raise(p->err, WEIR_INVALID_NUMERIC_LITERAL_RANGE,
                                                 "rawStrippedQualifier", raw, "typeName", type, "minValue",
                                                 low, "maxValue", high, NULL));
}

static weir_node *integer_literal(weir_parse *p, weir_str text) {
    int64_t value;
    if (!weir_int64_parse(text, &value))
        return decimal_literal(p, read_numeral(text));
    return value >= INT32_MIN && value <= INT32_MAX ? weir_literal_int(p->arena, (int32_t)value)
                                                    : weir_literal_long(p->arena, value);
}

static weir_node *sized_literal(weir_parse *p, int32_t from, weir_token_kind kind, weir_str text) {
    int64_t value;
    bool fits = weir_int64_parse(text, &value);
    if (kind == WEIR_TOKEN_BIGINT)
        return fits ? weir_literal_long(p->arena, value)
                    : out_of_range(p, from, text, "bigint", "-9223372036854775808", "9223372036854775807");
    if (kind == WEIR_TOKEN_SMALLINT) {
        if (!fits || value < INT16_MIN || value > INT16_MAX)
            return out_of_range(p, from, text, "smallint", "-32768", "32767");
        int16_t small = (int16_t)value;
        return weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_SHORT), &small, sizeof small);
    }
    if (!fits || value < INT8_MIN || value > INT8_MAX)
        return out_of_range(p, from, text, "tinyint", "-128", "127");
    int8_t tiny = (int8_t)value;
    return weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_BYTE), &tiny, sizeof tiny);
}

static weir_node *floating_literal(weir_parse *p, int32_t from, bool is_float, weir_str text) {
    double value = 0;
    float single = 0;
    const char *point = memchr(text.data, '.', text.size);
    size_t behind = point ? (size_t)(point - text.data) + 1 : 0;
    weir_str plain = text;
    if (point && (behind == text.size || (text.data[behind] | 32) == 'e')) /* "1." and "1.e3" */
        plain = weir_str_from(weir_arena_printf(p->arena, "%.*s%.*s", (int)behind - 1, text.data,
                                                (int)(text.size - behind), text.data + behind));
    bool ok = is_float ? weir_float_parse(plain, &single) : weir_double_parse(plain, &value);
    if (!ok || isinf(value) || isinf(single))
        return is_float
                   ? out_of_range(p, from, text, "float", "-3.4028234663852886E+38", "3.4028234663852886E+38")
                   : out_of_range(p, from, text, "double", "-1.7976931348623157E+308",
                                  "1.7976931348623157E+308");
    return is_float ? weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_FLOAT), &single, sizeof single)
                    : weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_DOUBLE), &value, sizeof value);
}

weir_node *weir_parse_number(weir_parse *p) {
    int32_t from = p->at;
    bool negative = weir_parse_accept(p, WEIR_TOKEN_MINUS);
    const weir_token *token = weir_parse_peek(p, 0);
    weir_token_kind kind = token->kind;
    weir_str text = weir_parse_text(p, token);
    p->at++;
    static const uint8_t suffixes[WEIR_TOKEN_BIGDECIMAL + 1] = {
        [WEIR_TOKEN_BIGINT] = 1, [WEIR_TOKEN_SMALLINT] = 1, [WEIR_TOKEN_TINYINT] = 1,
        [WEIR_TOKEN_FLOAT] = 1,  [WEIR_TOKEN_DOUBLE] = 1,   [WEIR_TOKEN_BIGDECIMAL] = 2,
    };
    text.size -= suffixes[kind];
    text = weir_str_from(
        weir_arena_printf(p->arena, "%s" WEIR_STR_FMT, negative ? "-" : "", WEIR_STR_ARG(text)));
    weir_node *node;
    switch (kind) {
    case WEIR_TOKEN_INTEGER:
        node = integer_literal(p, text);
        break;
    case WEIR_TOKEN_BIGINT:
    case WEIR_TOKEN_SMALLINT:
    case WEIR_TOKEN_TINYINT:
        node = sized_literal(p, from, kind, text);
        break;
    case WEIR_TOKEN_FLOAT:
    case WEIR_TOKEN_DOUBLE:
    case WEIR_TOKEN_EXPONENT:
        node = floating_literal(p, from, kind == WEIR_TOKEN_FLOAT, text);
        break;
    default:
        node = decimal_literal(p, read_numeral(text));
        break;
    }
    return weir_parse_mark(p, from, node);
}

/* ---- strings and typed literals ---- */

weir_node *weir_parse_strings(weir_parse *p) {
    int32_t from = p->at;
    weir_strbuf buf _cleanup_strbuf_ = {0};
    while (weir_parse_kind(p) == WEIR_TOKEN_STRING) {
        weir_strbuf_add(&buf, weir_lexer_string_value(p->arena, weir_parse_text(p, weir_parse_peek(p, 0))));
        p->at++;
    }
    return weir_parse_mark(p, from, weir_literal_string(p->arena, weir_strbuf_view(&buf)));
}

static weir_node *invalid_typed(weir_parse *p, int32_t from, const char *type, weir_str value) {
    const char *quoted = weir_arena_printf(p->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(value));
    const char *name = weir_arena_printf(p->arena, "\"%s\"", type);
    return weir_parse_fail_here(
        p, from,
        weir_error_raise(p->err, WEIR_INVALID_TYPED_LITERAL, "valueType", name, "value", quoted, NULL));
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static weir_node *hex_literal(weir_parse *p, int32_t from, weir_str value) {
    uint8_t *bytes = weir_arena_alloc(p->arena, value.size / 2 + 1);
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        int digit = hex_digit(value.data[i]);
        if (digit < 0)
            return invalid_typed(p, from, "X", value);
        /* An odd count of digits is padded on the left. */
        bool high = (i + value.size) % 2 == 0;
        if (high)
            bytes[size] = (uint8_t)(digit << 4);
        else
            bytes[size] = (uint8_t)((i == 0 ? 0 : bytes[size]) | digit);
        size += !high;
    }
    return binary_literal(p, bytes, size);
}

static weir_node *time_literal(weir_parse *p, int32_t from, weir_str value) {
    int64_t nanos;
    if (!weir_time_parse(value, &nanos))
        return invalid_typed(p, from, "TIME", value);
    const weir_type *type = nanos % 1000 ? weir_type_time(p->arena, 9) : weir_type_of(WEIR_TYPE_TIME);
    return weir_parse_fixed_literal(p, type, &nanos, sizeof nanos);
}

static weir_node *typed_literal(weir_parse *p, int32_t from, weir_keyword keyword, weir_str value) {
    int32_t days;
    int64_t micros;
    switch (keyword) {
    case WEIR_KW_DATE:
        return weir_date_parse(value, &days)
                   ? weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_DATE), &days, sizeof days)
                   : invalid_typed(p, from, "DATE", value);
    case WEIR_KW_TIMESTAMP:
    case WEIR_KW_TIMESTAMP_LTZ:
        return p->zone && weir_timestamp_parse(value, p->zone, &micros)
                   ? weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_TIMESTAMP), &micros, sizeof micros)
                   : invalid_typed(p, from, keyword == WEIR_KW_TIMESTAMP ? "TIMESTAMP" : "TIMESTAMP_LTZ",
                                   value);
    case WEIR_KW_TIMESTAMP_NTZ:
        return weir_timestamp_ntz_parse(value, true, &micros)
                   ? weir_parse_fixed_literal(p, weir_type_of(WEIR_TYPE_TIMESTAMP_NTZ), &micros,
                                              sizeof micros)
                   : invalid_typed(p, from, "TIMESTAMP_NTZ", value);
    case WEIR_KW_TIME:
        return time_literal(p, from, value);
    default:
        return hex_literal(p, from, value);
    }
}

weir_node *weir_parse_typed_literal(weir_parse *p, bool *ret_is) {
    int32_t from = p->at;
    const weir_token *token = weir_parse_peek(p, 0);
    weir_keyword keyword = token->keyword;
    *ret_is = weir_parse_peek(p, 1)->kind == WEIR_TOKEN_STRING && keyword != WEIR_KW_CASE;
    if (!*ret_is)
        return NULL;
    weir_str value = weir_lexer_string_value(p->arena, weir_parse_text(p, weir_parse_peek(p, 1)));
    p->at += 2;
    if (keyword == WEIR_KW_DATE || keyword == WEIR_KW_TIMESTAMP || keyword == WEIR_KW_TIMESTAMP_LTZ ||
        keyword == WEIR_KW_TIMESTAMP_NTZ || keyword == WEIR_KW_TIME || keyword == WEIR_KW_X)
        return weir_parse_mark(p, from, typed_literal(p, from, keyword, value));
    weir_str word = weir_parse_text(p, token);
    char *name = weir_arena_printf(p->arena, "\"" WEIR_STR_FMT "\"", WEIR_STR_ARG(word));
    for (char *c = name; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    return weir_parse_fail_here(
        p, from,
        weir_error_raise(
            p->err, WEIR_UNSUPPORTED_TYPED_LITERAL, "unsupportedType", name, "supportedTypes",
            "\"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\", \"TIME\"",
            NULL));
}

/* ---- types: the parser finds their end, common/types reads them ---- */

/* ARRAY<..>, MAP<..>, STRUCT<..>: up to the '>' that closes the first '<'. */
static bool skip_angles(weir_parse *p) {
    int32_t level = 0;
    do {
        weir_token_kind kind = weir_parse_kind(p);
        if (kind == WEIR_TOKEN_EOF || kind == WEIR_TOKEN_SEMICOLON || level > WEIR_PARSE_DEPTH_MAX)
            return false;
        level += (kind == WEIR_TOKEN_LT) - (kind == WEIR_TOKEN_GT);
        p->at++;
    } while (level > 0);
    return true;
}

static bool skip_type(weir_parse *p) {
    weir_keyword keyword = weir_parse_peek(p, 0)->keyword;
    p->at++;
    weir_token_kind next = weir_parse_kind(p);
    bool nested = keyword == WEIR_KW_ARRAY || keyword == WEIR_KW_MAP || keyword == WEIR_KW_STRUCT;
    if (nested && next == WEIR_TOKEN_NEQ) { /* STRUCT<> */
        p->at++;
        return true;
    }
    if (nested && next == WEIR_TOKEN_LT) {
        int32_t at = p->at;
        if (skip_angles(p))
            return true;
        p->at = at;
        weir_parse_fail_syntax(p, ": missing ')'");
        return false;
    }
    if (keyword == WEIR_KW_INTERVAL && weir_parse_kind(p) == WEIR_TOKEN_WORD) {
        p->at++;
        if (weir_parse_accept_keyword(p, WEIR_KW_TO))
            p->at += weir_parse_kind(p) == WEIR_TOKEN_WORD;
        return true;
    }
    if (weir_parse_accept(p, WEIR_TOKEN_LPAREN)) {
        do {
            if (!weir_parse_accept(p, WEIR_TOKEN_INTEGER)) {
                weir_parse_fail_syntax(p, "");
                return false;
            }
        } while (weir_parse_accept(p, WEIR_TOKEN_COMMA));
        return weir_parse_expect(p, WEIR_TOKEN_RPAREN);
    }
    if (weir_parse_is_keyword(p, 0, WEIR_KW_COLLATE) && weir_parse_starts_identifier(weir_parse_peek(p, 1)))
        p->at += 2;
    return true;
}

const weir_type *weir_parse_type(weir_parse *p) {
    int32_t from = p->at;
    if (weir_parse_kind(p) != WEIR_TOKEN_WORD)
        return weir_parse_fail_syntax(p, "");
    if (!skip_type(p))
        return NULL;
    int32_t start = p->tokens[from].start;
    weir_str text = {p->sql.data + start, (size_t)(p->tokens[p->at - 1].end - start)};
    const weir_type *type;
    weir_code code = weir_type_parse(p->arena, text, &type, p->err);
    if (code == WEIR_OK)
        return type;
    if (code == WEIR_DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION ||
        code == WEIR_DECIMAL_SCALE_EXCEEDS_PRECISION) {
        p->code = code; /* Spark gives no place for these */
        if (p->err && code == WEIR_DECIMAL_SCALE_EXCEEDS_PRECISION)
            weir_error_set_tail(
                *p->err, weir_arena_printf(p->arena, "\n== SQL ==\n" WEIR_STR_FMT, WEIR_STR_ARG(p->sql)));
        return NULL;
    }
    if (code == WEIR_PARSE_SYNTAX_ERROR && p->tokens[from + 1].kind == WEIR_TOKEN_LT) {
        p->at = from + 1; /* Spark takes the word for the whole type then */
        return weir_parse_fail_syntax(p, ": missing ')'");
    }
    return weir_parse_fail_here(p, from, code);
}
