/* The DDL parser: "a INT NOT NULL, b ARRAY<STRING> COMMENT 'c'" and single types, as Spark's
 * DataType.fromDDL and StructType.fromDDL read them.
 *
 * A hand-written lexer (identifiers, back-quoted names, integers, string literals, comments,
 * punctuation) under a recursive descent. Failure modes: PARSE_SYNTAX_ERROR with Spark's token and
 * position (inside a complex type Spark blames its '<', so does this), INVALID_IDENTIFIER,
 * UNSUPPORTED_DATATYPE, the conditions of lengths and precisions, and NOT_SUPPORTED for the types of
 * Spark that Weir does not have. Any thread. */
#include <stdlib.h>

#include "common/base/json_value.h"
#include "common/types/type_parse_int.h"

#define DEPTH_MAX 200 /* nested complex types; bounds the recursion */

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_QUOTED, /* `name` */
    TOKEN_INTEGER,
    TOKEN_STRING,
    TOKEN_PUNCT,    /* one byte, or "<>" */
    TOKEN_UNCLOSED, /* a bracketed comment without its end */
    TOKEN_BAD,      /* a byte that starts no token, or a non-ASCII name */
} token_kind;

typedef struct token {
    token_kind kind;
    weir_str text;
    int32_t at; /* byte offset in the source */
} token;

typedef struct parser {
    weir_arena *arena;
    weir_str source;
    size_t position;
    token current;
    int32_t complex_at; /* offset of the outermost '<' being parsed, -1 = none */
    int32_t depth;
    bool open_end; /* the last type was complex or no keyword: one token too many is "extra input" */
    weir_error **err;
    weir_error *refused; /* the first type that parses but is refused: syntax errors come first */
} parser;

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Skips white space and comments; false where a bracketed comment has no end. */
static bool skip_space(parser *p) {
    const char *data = p->source.data;
    size_t size = p->source.size;
    while (p->position < size) {
        char c = data[p->position];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            p->position++;
        } else if (c == '-' && p->position + 1 < size && data[p->position + 1] == '-') {
            while (p->position < size && data[p->position] != '\n' && data[p->position] != '\r')
                p->position++;
        } else if (c == '/' && p->position + 1 < size && data[p->position + 1] == '*') {
            size_t i = p->position + 2;
            int level = 1;
            for (; i < size && level > 0; i++) {
                if (data[i] == '*' && i + 1 < size && data[i + 1] == '/') {
                    level--;
                    i++;
                } else if (data[i] == '/' && i + 1 < size && data[i + 1] == '*') {
                    level++;
                    i++;
                }
            }
            if (level > 0)
                return false;
            p->position = i;
        } else {
            return true;
        }
    }
    return true;
}

/* End of a literal that starts at its quote; 0 where it has none. Raw literals have no escapes. */
static size_t string_end(const parser *p, size_t from, bool raw) {
    char quote = p->source.data[from];
    for (size_t i = from + 1; i < p->source.size; i++) {
        char c = p->source.data[i];
        if (c == '\\' && !raw) {
            i++;
        } else if (c == quote) {
            if (!raw && i + 1 < p->source.size && p->source.data[i + 1] == quote)
                i++;
            else
                return i + 1;
        }
    }
    return 0;
}

static token_kind scan(parser *p, size_t *ret_end) {
    const char *data = p->source.data;
    size_t i = p->position, size = p->source.size;
    char c = data[i];
    bool raw = (c == 'r' || c == 'R') && i + 1 < size && (data[i + 1] == '\'' || data[i + 1] == '"');
    if (c == '\'' || c == '"' || raw) {
        *ret_end = string_end(p, i + raw, raw);
        return *ret_end ? TOKEN_STRING : TOKEN_BAD;
    }
    if (c == '`') {
        for (size_t j = i + 1; j < size; j++) {
            if (data[j] != '`')
                continue;
            if (j + 1 < size && data[j + 1] == '`') {
                j++;
                continue;
            }
            *ret_end = j + 1;
            return TOKEN_QUOTED;
        }
        return TOKEN_BAD;
    }
    if (is_name_byte(c) || (unsigned char)c >= 0x80) {
        bool digits = true, ascii = true;
        size_t j = i;
        for (; j < size && (is_name_byte(data[j]) || (unsigned char)data[j] >= 0x80); j++) {
            digits = digits && data[j] >= '0' && data[j] <= '9';
            ascii = ascii && (unsigned char)data[j] < 0x80;
        }
        *ret_end = j;
        return !ascii ? TOKEN_BAD : digits ? TOKEN_INTEGER : TOKEN_NAME;
    }
    *ret_end = c == '<' && i + 1 < size && data[i + 1] == '>' ? i + 2 : i + 1;
    return TOKEN_PUNCT;
}

static void advance(parser *p) {
    bool closed = skip_space(p);
    p->current.at = (int32_t)p->position;
    if (!closed || p->position >= p->source.size) {
        p->current.kind = closed ? TOKEN_END : TOKEN_UNCLOSED;
        p->current.text = weir_str_make(p->source.data + p->position, 0);
        return;
    }
    size_t end = p->position + 1;
    p->current.kind = scan(p, &end);
    if (end == 0) /* unclosed quote: the quote alone is the offending text */
        end = p->position + 1;
    p->current.text = weir_str_make(p->source.data + p->position, end - p->position);
    p->position = end;
}

static bool at_word(const parser *p, const char *word) {
    return p->current.kind == TOKEN_NAME && weir_str_equal_nocase(p->current.text, weir_str_from(word));
}

static bool at_punct(const parser *p, const char *text) {
    return p->current.kind == TOKEN_PUNCT && weir_str_equal(p->current.text, weir_str_from(text));
}

static void set_position(parser *p, weir_error *error, int32_t at, int32_t stop) {
    if (!error)
        return;
    weir_query_context context = {.start = at, .stop = stop, .line = 1, .column = 0};
    for (int32_t i = 0; i < at; i++) {
        if (p->source.data[i] == '\n') {
            context.line++;
            context.column = 0;
        } else if (((unsigned char)p->source.data[i] & 0xC0) != 0x80) {
            context.column++;
        }
    }
    context.fragment = weir_arena_strndup(p->arena, p->source.data, p->source.size);
    weir_error_set_context(error, &context);
}

static weir_code fail_identifier(parser *p, weir_str name, int32_t at) {
    char *text = weir_arena_strndup(p->arena, name.data, name.size);
    weir_error_raise(p->err, WEIR_INVALID_IDENTIFIER, "ident", text, NULL);
    set_position(p, p->err ? *p->err : NULL, at, at + (int32_t)name.size - 1);
    return WEIR_INVALID_IDENTIFIER;
}

static weir_code fail_syntax(parser *p) {
    if (p->current.kind == TOKEN_UNCLOSED) {
        weir_error_raise(p->err, WEIR_UNCLOSED_BRACKETED_COMMENT, NULL);
        return WEIR_UNCLOSED_BRACKETED_COMMENT;
    }
    if (p->current.kind == TOKEN_BAD && (unsigned char)p->current.text.data[0] >= 0x80)
        return fail_identifier(p, p->current.text, p->current.at);
    int32_t at = p->current.at;
    weir_str text = p->current.text;
    if (p->complex_at >= 0) {
        at = p->complex_at;
        bool empty = (size_t)at + 1 < p->source.size && p->source.data[at + 1] == '>';
        text = weir_str_make(p->source.data + at, empty ? 2 : 1);
    }
    const char *where = text.size == 0
                            ? "end of input"
                            : weir_arena_printf(p->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(text));
    const char *hint = "";
    if (p->open_end && p->complex_at < 0 && text.size > 0) {
        parser ahead = *p;
        advance(&ahead);
        if (ahead.current.kind == TOKEN_END)
            hint = weir_arena_printf(p->arena, ": extra input %s", where);
    }
    weir_error_raise(p->err, WEIR_PARSE_SYNTAX_ERROR, "error", where, "hint", hint, NULL);
    set_position(p, p->err ? *p->err : NULL, at, at + (text.size > 0 ? (int32_t)text.size - 1 : 0));
    return WEIR_PARSE_SYNTAX_ERROR;
}

static weir_code expect_punct(parser *p, const char *text) {
    if (!at_punct(p, text))
        return fail_syntax(p);
    advance(p);
    return WEIR_OK;
}

/* Where a refusal goes: the first one is kept until the whole text is known to parse. */
static weir_error **refusal(parser *p) {
    return p->refused ? NULL : &p->refused;
}

/* Refuses a type; parsing goes on with a stand-in. */
static weir_code refuse_type(parser *p, weir_code code, const char *name, const char *value, int32_t at,
                             const weir_type **ret) {
    weir_error **kept = refusal(p);
    weir_error_raise(kept, code, name, value, NULL);
    set_position(p, kept ? *kept : NULL, at, (int32_t)p->position - 1);
    *ret = weir_type_of(WEIR_TYPE_NULL);
    return WEIR_OK;
}

/* "( 10 , 2 )": up to `max` integers; *ret_count 0 where there is no parenthesis. Values that do not
 * fit are clamped: every use refuses them by its own bound. */
static weir_code parse_integers(parser *p, int32_t *values, weir_str *texts, int32_t max,
                                int32_t *ret_count) {
    *ret_count = 0;
    if (!at_punct(p, "("))
        return WEIR_OK;
    int32_t count = 0;
    do {
        advance(p);
        if (p->current.kind != TOKEN_INTEGER || count == max)
            return fail_syntax(p);
        int64_t value = 0;
        for (size_t i = 0; i < p->current.text.size && value < INT32_MAX; i++)
            value = value * 10 + (p->current.text.data[i] - '0');
        values[count] = value > INT32_MAX ? INT32_MAX : (int32_t)value;
        texts[count++] = p->current.text;
        advance(p);
    } while (at_punct(p, ","));
    WEIR_TRY(expect_punct(p, ")"));
    *ret_count = count;
    return WEIR_OK;
}

typedef struct simple_type {
    const char *name;
    weir_type_kind kind;
} simple_type;

static const simple_type simple_types[] = {
    {"boolean", WEIR_TYPE_BOOLEAN}, {"tinyint", WEIR_TYPE_BYTE},  {"byte", WEIR_TYPE_BYTE},
    {"smallint", WEIR_TYPE_SHORT},  {"short", WEIR_TYPE_SHORT},   {"int", WEIR_TYPE_INT},
    {"integer", WEIR_TYPE_INT},     {"bigint", WEIR_TYPE_LONG},   {"long", WEIR_TYPE_LONG},
    {"float", WEIR_TYPE_FLOAT},     {"real", WEIR_TYPE_FLOAT},    {"double", WEIR_TYPE_DOUBLE},
    {"date", WEIR_TYPE_DATE},       {"binary", WEIR_TYPE_BINARY}, {"void", WEIR_TYPE_NULL},
    {"variant", WEIR_TYPE_VARIANT},
};

/* "without time zone" behind TIMESTAMP or TIME. */
static weir_code parse_without_zone(parser *p, bool *ret_without) {
    *ret_without = at_word(p, "without");
    if (!*ret_without)
        return WEIR_OK;
    static const char *const words[] = {"time", "zone"};
    advance(p);
    for (int i = 0; i < 2; i++) {
        if (!at_word(p, words[i]))
            return fail_syntax(p);
        advance(p);
    }
    return WEIR_OK;
}

static int32_t interval_unit(const parser *p, bool *ret_year_month) {
    static const char *const units[] = {"year", "month", "day", "hour", "minute", "second"};
    for (int32_t i = 0; i < 6; i++) {
        if (at_word(p, units[i])) {
            *ret_year_month = i < 2;
            return i < 2 ? i : i - 2;
        }
    }
    return -1;
}

static weir_code parse_interval(parser *p, const weir_type **ret) {
    bool year_month = false, end_year_month = false;
    int32_t start = interval_unit(p, &year_month);
    if (start < 0) {
        *ret = weir_type_of(WEIR_TYPE_INTERVAL_CALENDAR);
        return WEIR_OK;
    }
    advance(p);
    int32_t end = start;
    if (at_word(p, "to")) {
        token to = p->current;
        advance(p);
        end = interval_unit(p, &end_year_month);
        if (end <= start || end_year_month != year_month) {
            p->current = to; /* Spark's grammar stops in front of TO here */
            return fail_syntax(p);
        }
        advance(p);
    }
    *ret = weir_type_interval(
        p->arena, year_month ? WEIR_TYPE_INTERVAL_YEAR_MONTH : WEIR_TYPE_INTERVAL_DAY_TIME, start, end);
    return WEIR_OK;
}

static weir_code make_decimal(parser *p, const int32_t *values, const weir_str *texts, int32_t count,
                              const weir_type **ret) {
    int32_t precision = count > 0 ? values[0] : 10, scale = count > 1 ? values[1] : 0;
    if (precision > 38) {
        char *text = weir_arena_strndup(p->arena, texts[0].data, texts[0].size);
        weir_error_raise(refusal(p), WEIR_DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, "precision", text,
                         "maxPrecision", "38", NULL);
        precision = scale = 1;
    }
    if (scale > precision) {
        char *scale_text = weir_arena_strndup(p->arena, texts[1].data, texts[1].size);
        char *precision_text = weir_arena_strndup(p->arena, texts[0].data, texts[0].size);
        weir_error_raise(refusal(p), WEIR_DECIMAL_SCALE_EXCEEDS_PRECISION, "scale", scale_text, "precision",
                         precision_text, NULL);
    }
    *ret = weir_type_decimal(p->arena, precision, scale);
    return WEIR_OK;
}

static weir_code make_timestamp(parser *p, const int32_t *values, int32_t count, bool ntz,
                                const weir_type **ret) {
    if (count > 0 && values[0] != 6) {
        const char *name = ntz ? "TIMESTAMP_NTZ" : "TIMESTAMP_LTZ";
        if (values[0] >= 7 && values[0] <= 9)
            weir_error_failf(refusal(p), WEIR_NOT_SUPPORTED,
                             "Type %s(%d) with nanosecond precision is not supported.", name, values[0]);
        char *precision = weir_arena_printf(p->arena, "%d", values[0]);
        weir_error_raise(refusal(p), WEIR_INVALID_TIMESTAMP_PRECISION, "precision", precision, "type", name,
                         NULL);
    }
    *ret = weir_type_of(ntz ? WEIR_TYPE_TIMESTAMP_NTZ : WEIR_TYPE_TIMESTAMP);
    return WEIR_OK;
}

static weir_code make_time(parser *p, const int32_t *values, int32_t count, const weir_type **ret) {
    if (count > 0 && values[0] > 9) {
        char *precision = weir_arena_printf(p->arena, "%d", values[0]);
        weir_error_raise(refusal(p), WEIR_UNSUPPORTED_TIME_PRECISION, "precision", precision, NULL);
        count = 0;
    }
    *ret = count > 0 ? weir_type_time(p->arena, values[0]) : weir_type_of(WEIR_TYPE_TIME);
    return WEIR_OK;
}

static weir_code parse_collation(parser *p) {
    advance(p);
    if (p->current.kind != TOKEN_NAME && p->current.kind != TOKEN_QUOTED)
        return fail_syntax(p);
    if (!at_word(p, "utf8_binary"))
        weir_error_failf(refusal(p), WEIR_NOT_SUPPORTED,
                         "Collation " WEIR_STR_FMT " is not supported; strings compare by UTF8_BINARY.",
                         WEIR_STR_ARG(p->current.text));
    advance(p);
    return WEIR_OK;
}

/* `name` with the integers behind it, upper case and quoted, as UNSUPPORTED_DATATYPE prints it. */
static weir_code refuse_unsupported(parser *p, token name, const weir_str *texts, int32_t count,
                                    const weir_type **ret) {
    weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '"');
    weir_strbuf_add(&buf, name.text);
    for (int32_t i = 0; i < count; i++) {
        weir_strbuf_add_char(&buf, i == 0 ? '(' : ',');
        weir_strbuf_add(&buf, texts[i]);
    }
    weir_strbuf_add_text(&buf, count > 0 ? ")\"" : "\"");
    for (size_t i = 0; i < buf.size; i++) {
        if (buf.data[i] >= 'a' && buf.data[i] <= 'z')
            buf.data[i] -= 'a' - 'A';
    }
    weir_code code = refuse_type(p, WEIR_UNSUPPORTED_DATATYPE, "typeName", buf.data, name.at, ret);
    weir_strbuf_fini(&buf);
    p->open_end = true;
    return code;
}

static bool name_is(token name, const char *text) {
    return name.kind == TOKEN_NAME && weir_str_equal_nocase(name.text, weir_str_from(text));
}

static weir_code parse_primitive(parser *p, token name, const weir_type **ret) {
    int32_t values[8], count = 0;
    weir_str texts[8];
    if (name_is(name, "interval"))
        return parse_interval(p, ret);
    WEIR_TRY(parse_integers(p, values, texts, 8, &count));
    for (size_t i = 0; i < WEIR_ARRAY_LEN(simple_types) && count == 0; i++) {
        if (name_is(name, simple_types[i].name)) {
            *ret = weir_type_of(simple_types[i].kind);
            return WEIR_OK;
        }
    }
    if (name_is(name, "string") && count == 0) {
        if (at_word(p, "collate"))
            WEIR_TRY(parse_collation(p));
        *ret = weir_type_of(WEIR_TYPE_STRING);
        return WEIR_OK;
    }
    bool is_char = name_is(name, "char") || name_is(name, "character"), is_varchar = name_is(name, "varchar");
    if ((is_char || is_varchar) && count == 0) {
        const char *type = is_varchar ? "\"VARCHAR\"" : name_is(name, "char") ? "\"CHAR\"" : "\"CHARACTER\"";
        return refuse_type(p, WEIR_DATATYPE_MISSING_SIZE, "type", type, name.at, ret);
    }
    if ((is_char || is_varchar) && count == 1) {
        *ret = weir_type_string_of(p->arena, is_char ? WEIR_TYPE_CHAR : WEIR_TYPE_VARCHAR, values[0]);
        return WEIR_OK;
    }
    if ((name_is(name, "decimal") || name_is(name, "dec") || name_is(name, "numeric")) && count <= 2)
        return make_decimal(p, values, texts, count, ret);
    bool without = false;
    if (name_is(name, "timestamp") && count <= 1) {
        WEIR_TRY(parse_without_zone(p, &without));
        return make_timestamp(p, values, count, without, ret);
    }
    if (name_is(name, "timestamp_ltz") && count <= 1)
        return make_timestamp(p, values, count, false, ret);
    if (name_is(name, "timestamp_ntz") && count <= 1)
        return make_timestamp(p, values, count, true, ret);
    if (name_is(name, "time") && count <= 1) {
        WEIR_TRY(parse_without_zone(p, &without));
        return make_time(p, values, count, ret);
    }
    return refuse_unsupported(p, name, texts, count, ret);
}

static weir_code parse_fields(parser *p, bool nested, weir_field **ret_fields, int32_t *ret_count);

static weir_code parse_type(parser *p, const weir_type **ret);

static weir_code parse_complex(parser *p, token name, const weir_type **ret) {
    bool is_array = name_is(name, "array"), is_map = name_is(name, "map");
    if (!is_array && !is_map && at_punct(p, "<>")) {
        advance(p);
        *ret = weir_type_struct(p->arena, NULL, 0);
        return WEIR_OK;
    }
    if (!at_punct(p, "<") && !at_punct(p, "<>")) {
        weir_code code = is_array ? WEIR_INCOMPLETE_TYPE_DEFINITION__ARRAY
                         : is_map ? WEIR_INCOMPLETE_TYPE_DEFINITION__MAP
                                  : WEIR_INCOMPLETE_TYPE_DEFINITION__STRUCT;
        return refuse_type(p, code, "elementType", "<INT>", name.at, ret);
    }
    int32_t outer = p->complex_at;
    if (outer < 0)
        p->complex_at = p->current.at;
    WEIR_TRY(expect_punct(p, "<"));
    if (is_array) {
        const weir_type *element = NULL;
        WEIR_TRY(parse_type(p, &element));
        *ret = weir_type_array(p->arena, element, true);
    } else if (is_map) {
        const weir_type *key = NULL, *value = NULL;
        WEIR_TRY(parse_type(p, &key));
        WEIR_TRY(expect_punct(p, ","));
        WEIR_TRY(parse_type(p, &value));
        *ret = weir_type_map(p->arena, key, value, true);
    } else {
        weir_field *fields = NULL;
        int32_t count = 0;
        if (!at_punct(p, ">"))
            WEIR_TRY(parse_fields(p, true, &fields, &count));
        *ret = weir_type_struct(p->arena, fields, count);
    }
    WEIR_TRY(expect_punct(p, ">"));
    p->complex_at = outer;
    return WEIR_OK;
}

static weir_code parse_type(parser *p, const weir_type **ret) {
    token name = p->current;
    if (name.kind != TOKEN_NAME && name.kind != TOKEN_QUOTED)
        return fail_syntax(p);
    if (++p->depth > DEPTH_MAX)
        WEIR_FAIL(p->err, INVALID_ARGUMENT, "The type is nested more than %d levels deep.", DEPTH_MAX);
    advance(p);
    weir_code code;
    p->open_end = false;
    if (name_is(name, "array") || name_is(name, "map") || name_is(name, "struct")) {
        code = parse_complex(p, name, ret);
        p->open_end = true;
    } else {
        code = parse_primitive(p, name, ret);
    }
    p->depth--;
    return code;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape sequence of a literal behind its backslash at `*i`; moves *i to its last byte. */
static void add_escape(weir_strbuf *buf, weir_str text, size_t *i) {
    char c = text.data[*i];
    size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0 && *i + digits < text.size) {
        uint32_t code = 0;
        size_t n = 0;
        for (int digit; n < digits && (digit = hex_digit(text.data[*i + 1 + n])) >= 0; n++)
            code = code << 4 | (uint32_t)digit;
        if (n == digits && code <= 0x10FFFF) {
            weir_type_parse_add_utf8(buf, code);
            *i += digits;
            return;
        }
    }
    if (c >= '0' && c <= '1' && *i + 2 < text.size) {
        int value = 0, n = 0;
        for (; n < 3 && text.data[*i + (size_t)n] >= '0' && text.data[*i + (size_t)n] <= '7'; n++)
            value = value * 8 + (text.data[*i + (size_t)n] - '0');
        if (n == 3) {
            weir_type_parse_add_utf8(buf, (uint32_t)value);
            *i += 2;
            return;
        }
    }
    static const char from[] = "0bnrtZ", to[] = "\0\b\n\r\t\032";
    const char *found = strchr(from, c);
    if (found && c != '\0') {
        weir_strbuf_add_char(buf, to[found - from]);
    } else {
        if (c == '%' || c == '_')
            weir_strbuf_add_char(buf, '\\');
        weir_strbuf_add_char(buf, c);
    }
}

static void add_literal(weir_strbuf *buf, weir_str token_text) {
    bool raw = token_text.data[0] == 'r' || token_text.data[0] == 'R';
    weir_str text = weir_str_make(token_text.data + 1 + raw, token_text.size - 2 - raw);
    char quote = token_text.data[raw];
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (raw) {
            weir_strbuf_add_char(buf, c);
        } else if (c == '\\' && i + 1 < text.size) {
            i++;
            add_escape(buf, text, &i);
        } else {
            if (c == quote)
                i++; /* doubled */
            weir_strbuf_add_char(buf, c);
        }
    }
}

void weir_type_parse_add_utf8(weir_strbuf *buf, uint32_t code) {
    if (code < 0x80) {
        weir_strbuf_add_char(buf, (char)code);
    } else if (code < 0x800) {
        weir_strbuf_add_char(buf, (char)(0xC0 | (code >> 6)));
        weir_strbuf_add_char(buf, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        weir_strbuf_add_char(buf, (char)(0xE0 | (code >> 12)));
        weir_strbuf_add_char(buf, (char)(0x80 | ((code >> 6) & 0x3F)));
        weir_strbuf_add_char(buf, (char)(0x80 | (code & 0x3F)));
    } else {
        weir_strbuf_add_char(buf, (char)(0xF0 | (code >> 18)));
        weir_strbuf_add_char(buf, (char)(0x80 | ((code >> 12) & 0x3F)));
        weir_strbuf_add_char(buf, (char)(0x80 | ((code >> 6) & 0x3F)));
        weir_strbuf_add_char(buf, (char)(0x80 | (code & 0x3F)));
    }
}

/* COMMENT 'a' 'b' -> {"comment":"ab"} as metadata. */
static weir_code parse_comment(parser *p, weir_str *ret_metadata) {
    advance(p);
    if (p->current.kind != TOKEN_STRING)
        return fail_syntax(p);
    _cleanup_strbuf_ weir_strbuf text = {0};
    while (p->current.kind == TOKEN_STRING) {
        add_literal(&text, p->current.text);
        advance(p);
    }
    _cleanup_strbuf_ weir_strbuf json = {0};
    weir_strbuf_add_text(&json, "{\"comment\":");
    weir_json_write_string(&json, weir_strbuf_view(&text));
    weir_strbuf_add_char(&json, '}');
    *ret_metadata = weir_arena_str(p->arena, weir_strbuf_view(&json));
    return WEIR_OK;
}

static weir_str unquote(parser *p, weir_str text) {
    char *name = weir_arena_alloc(p->arena, text.size);
    size_t size = 0;
    for (size_t i = 1; i + 1 < text.size; i++) {
        name[size++] = text.data[i];
        if (text.data[i] == '`')
            i++;
    }
    return weir_str_make(name, size);
}

static weir_code parse_field(parser *p, bool nested, weir_field *ret) {
    token name = p->current;
    if (name.kind != TOKEN_NAME && name.kind != TOKEN_QUOTED)
        return fail_syntax(p);
    ret->name = name.kind == TOKEN_QUOTED ? unquote(p, name.text) : name.text;
    advance(p);
    if (name.kind == TOKEN_NAME && at_punct(p, "-") && p->current.at == name.at + (int32_t)name.text.size) {
        int32_t dash = p->current.at;
        advance(p);
        if (p->current.kind == TOKEN_NAME || p->current.kind == TOKEN_INTEGER) {
            size_t size = (size_t)(p->current.at - name.at) + p->current.text.size;
            return fail_identifier(p, weir_str_make(name.text.data, size), dash);
        }
        return fail_syntax(p);
    }
    if (nested && at_punct(p, ":"))
        advance(p);
    WEIR_TRY(parse_type(p, &ret->type));
    ret->nullable = true;
    ret->metadata = (weir_str){0};
    if (at_word(p, "not")) {
        advance(p);
        if (!at_word(p, "null"))
            return fail_syntax(p);
        ret->nullable = false;
        advance(p);
    }
    if (at_word(p, "comment"))
        WEIR_TRY(parse_comment(p, &ret->metadata));
    return WEIR_OK;
}

static weir_code parse_fields(parser *p, bool nested, weir_field **ret_fields, int32_t *ret_count) {
    int32_t count = 0, capacity = 8;
    weir_field *fields = WEIR_NEW_ARRAY(p->arena, weir_field, capacity);
    for (;;) {
        if (count == capacity) {
            weir_field *more = WEIR_NEW_ARRAY(p->arena, weir_field, capacity * 2);
            memcpy(more, fields, sizeof *fields * (size_t)count);
            fields = more;
            capacity *= 2;
        }
        WEIR_TRY(parse_field(p, nested, &fields[count++]));
        if (!at_punct(p, ","))
            break;
        advance(p);
    }
    *ret_fields = fields;
    *ret_count = count;
    return WEIR_OK;
}

static weir_code parser_init(parser *p, weir_arena *arena, weir_str text, weir_error **err) {
    if (text.size > INT32_MAX / 2)
        WEIR_FAIL(err, INVALID_ARGUMENT, "The type text has %zu bytes.", text.size);
    *p = (parser){.arena = arena, .source = text, .complex_at = -1, .err = err};
    if (!text.data)
        p->source = WEIR_STR("");
    advance(p);
    if (p->current.kind != TOKEN_END)
        return WEIR_OK;
    weir_error_raise(err, WEIR_PARSE_EMPTY_STATEMENT, NULL);
    set_position(p, err ? *err : NULL, p->current.at, p->current.at);
    return WEIR_PARSE_EMPTY_STATEMENT;
}

/* The end of the text, and the end of the parser: a refusal kept so far is raised here. */
static weir_code finish(parser *p, weir_code code) {
    if (code == WEIR_OK && p->current.kind != TOKEN_END)
        code = fail_syntax(p);
    if (code == WEIR_OK && p->refused)
        return weir_error_move(p->err, p->refused);
    weir_error_free(p->refused);
    return code;
}

weir_code weir_type_parse(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err) {
    parser p;
    const weir_type *type = NULL;
    WEIR_TRY(parser_init(&p, arena, text, err));
    WEIR_TRY(finish(&p, parse_type(&p, &type)));
    *ret = type;
    return WEIR_OK;
}

/* "struct<...>" as a whole schema, which Spark's from_json and job authors write. */
static bool is_struct_text(weir_str text) {
    weir_str trimmed = weir_str_trim(text);
    if (trimmed.size < 7 || !weir_str_equal_nocase(weir_str_make(trimmed.data, 6), WEIR_STR("struct")))
        return false;
    size_t i = 6;
    while (i < trimmed.size && trimmed.data[i] == ' ')
        i++;
    return i < trimmed.size && trimmed.data[i] == '<';
}

weir_code weir_schema_parse(weir_arena *arena, weir_str text, const weir_type **ret_struct,
                            weir_error **err) {
    weir_str trimmed = weir_str_trim(text);
    if (trimmed.size > 0 && trimmed.data[0] == '{') {
        const weir_type *type = NULL;
        WEIR_TRY(weir_type_parse_json(arena, text, &type, err));
        if (type->kind != WEIR_TYPE_STRUCT)
            WEIR_FAIL(err, INVALID_ARGUMENT, "The schema is not a struct: " WEIR_STR_FMT, WEIR_STR_ARG(text));
        *ret_struct = type;
        return WEIR_OK;
    }
    if (is_struct_text(text))
        return weir_type_parse(arena, text, ret_struct, err);
    parser p;
    weir_field *fields = NULL;
    int32_t count = 0;
    WEIR_TRY(parser_init(&p, arena, text, err));
    WEIR_TRY(finish(&p, parse_fields(&p, false, &fields, &count)));
    *ret_struct = weir_type_struct(arena, fields, count);
    return WEIR_OK;
}
