/* format_string (printf) with java.util.Formatter's conversions, and format_number with
 * java.text.DecimalFormat's rules: numbers as decimal digits, rounded by hand (HALF_UP there, HALF_EVEN of
 * the exact value here). */
#include <math.h>
#include <stdio.h>

#include "common/expr/text_kernel_int.h"
#include "common/types/number_text.h"

/* ---- decimal digits: 0.d1d2d3... * 10^point ---- */
enum { DIGITS_MAX = 80 };

typedef struct digits {
    char at[DIGITS_MAX];
    int32_t count, point;
    bool negative;
} digits;

/* Of Java's text of a number: "-1.2345E-7". */
static digits digits_of(weir_str text) {
    digits d = {0};
    size_t i = 0;
    bool seen = false;
    if (text.size && text.data[0] == '-') {
        d.negative = true;
        i++;
    }
    for (; i < text.size && text.data[i] != 'E'; i++) {
        if (text.data[i] == '.') {
            seen = true;
            continue;
        }
        if (d.count == 0 && text.data[i] == '0') {
            d.point -= seen;
            continue;
        }
        d.at[d.count++] = text.data[i];
        d.point += !seen;
    }
    int64_t exponent = 0;
    if (i < text.size)
        weir_int64_parse(weir_text_sub(text, i + 1, text.size), &exponent);
    d.point = d.count ? d.point + (int32_t)exponent : 0;
    while (d.count && d.at[d.count - 1] == '0')
        d.count--;
    return d;
}

static digits digits_of_double(double value) {
    char text[WEIR_NUMBER_TEXT_MAX];
    return digits_of(weir_str_make(text, (size_t)weir_double_format(value, text)));
}

/* Keeps `keep` digits (may be negative: none); `up` adds one in the last place. */
static void cut(digits *d, int32_t keep, bool up) {
    if (keep < 0) {
        d->count = 0;
        return;
    }
    d->count = keep;
    if (!up)
        return;
    while (d->count > 0 && d->at[d->count - 1] == '9')
        d->count--;
    if (d->count > 0) {
        d->at[d->count - 1]++;
    } else {
        d->at[0] = '1';
        d->count = 1;
        d->point++;
    }
}

static void round_half_up(digits *d, int32_t fraction) {
    int32_t keep = d->point + fraction;
    if (keep < d->count)
        cut(d, keep, keep >= 0 && d->at[keep] >= '5');
}

/* HALF_EVEN; `tie` tells how a value that reads as a tie lies to it: -1 below, 1 above, 0 exactly there. */
static void round_half_even(digits *d, int32_t fraction, int32_t tie) {
    int32_t keep = d->point + fraction;
    if (keep >= d->count)
        return;
    bool up = keep >= 0 && d->at[keep] >= '5';
    if (up && d->at[keep] == '5' && keep + 1 == d->count)
        up = tie > 0 || (tie == 0 && keep > 0 && (d->at[keep - 1] - '0') % 2 == 1);
    cut(d, keep, up);
}

static char digit_at(const digits *d, int32_t index) {
    return index >= 0 && index < d->count ? d->at[index] : '0';
}

/* Integer part with `group` digits a comma (0 = none), at least `whole` digits; then the fraction. */
static void add_plain(weir_strbuf *out, const digits *d, int32_t whole, int32_t group, int32_t fraction) {
    int32_t size = d->count ? WEIR_MAX(d->point, whole) : whole;
    for (int32_t i = size; i > 0; i--) {
        weir_strbuf_add_char(out, digit_at(d, d->point - i));
        if (group && i > 1 && (i - 1) % group == 0)
            weir_strbuf_add_char(out, ',');
    }
    if (fraction > 0)
        weir_strbuf_add_char(out, '.');
    for (int32_t i = 0; i < fraction; i++)
        weir_strbuf_add_char(out, digit_at(d, d->point + i));
}

/* ---- format_string ---- */
typedef struct conversion {
    int32_t index; /* N$, 0 = the next one, -1 = '<' */
    bool left, plus, space, zero, comma, paren, sharp;
    int32_t width, precision; /* -1 = not given */
    char letter;
} conversion;

static bool read_flag(conversion *c, char flag) {
    switch (flag) {
    case '-':
        return c->left = true;
    case '+':
        return c->plus = true;
    case ' ':
        return c->space = true;
    case '0':
        return c->zero = true;
    case ',':
        return c->comma = true;
    case '(':
        return c->paren = true;
    case '#':
        return c->sharp = true;
    default:
        return false;
    }
}

static int32_t read_number(weir_str format, size_t *at) {
    int64_t value = -1;
    for (; *at < format.size && format.data[*at] >= '0' && format.data[*at] <= '9'; (*at)++)
        value = WEIR_MIN((value < 0 ? 0 : value * 10) + format.data[*at] - '0', 100000000);
    return (int32_t)value;
}

/* The conversion behind the '%' at *at; false where there is none. */
static bool read_conversion(weir_str format, size_t *at, conversion *c) {
    *c = (conversion){.width = -1, .precision = -1};
    size_t start = ++*at;
    int32_t number = read_number(format, at);
    if (number > 0 && *at < format.size && format.data[*at] == '$') {
        c->index = number;
        ++*at;
    } else {
        *at = start;
        if (*at < format.size && format.data[*at] == '<') {
            c->index = -1;
            ++*at;
        }
    }
    while (*at < format.size && read_flag(c, format.data[*at]))
        ++*at;
    c->width = read_number(format, at);
    if (*at < format.size && format.data[*at] == '.') {
        ++*at;
        c->precision = read_number(format, at);
        if (c->precision < 0)
            return false;
    }
    if (*at >= format.size)
        return false;
    c->letter = format.data[(*at)++];
    return true;
}

static void add_padded(weir_strbuf *out, const conversion *c, weir_str text) {
    int32_t size = weir_text_count(text), fill = c->width > size ? c->width - size : 0;
    if (!c->left)
        weir_strbuf_add_repeat(out, ' ', (size_t)fill);
    weir_strbuf_add(out, text);
    if (c->left)
        weir_strbuf_add_repeat(out, ' ', (size_t)fill);
}

/* Sign, zero padding and brackets around the digits `body`. */
static void add_signed(weir_strbuf *out, const conversion *c, weir_str body, bool negative, bool finite) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, negative ? (c->paren ? "(" : "-") : c->plus ? "+" : c->space ? " " : "");
    int32_t size = (int32_t)(text.size + body.size) + (negative && c->paren);
    if (c->zero && finite && c->width > size)
        weir_strbuf_add_repeat(&text, '0', (size_t)(c->width - size));
    weir_strbuf_add(&text, body);
    if (negative && c->paren)
        weir_strbuf_add_char(&text, ')');
    add_padded(out, c, weir_strbuf_view(&text));
}

static void add_exponent(weir_strbuf *out, digits *d, int32_t precision) {
    if (precision + 1 < d->count) {
        int32_t fraction = precision + 1 - d->point;
        round_half_up(d, fraction);
    }
    weir_strbuf_add_char(out, digit_at(d, 0));
    if (precision > 0)
        weir_strbuf_add_char(out, '.');
    for (int32_t i = 1; i <= precision; i++)
        weir_strbuf_add_char(out, digit_at(d, i));
    int32_t exponent = d->count ? d->point - 1 : 0;
    weir_strbuf_addf(out, "e%c%02d", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void add_real(weir_strbuf *out, const conversion *c, double value) {
    _cleanup_strbuf_ weir_strbuf body = {0};
    bool upper = c->letter == 'E' || c->letter == 'G';
    int32_t precision = c->precision < 0 ? 6 : c->precision;
    if (value != value || isinf(value)) {
        conversion plain = *c;
        plain.plus &= !isnan(value);
        plain.space &= !isnan(value);
        add_signed(out, &plain,
                   weir_str_from(isnan(value) ? (upper ? "NAN" : "NaN")
                                 : upper      ? "INFINITY"
                                              : "Infinity"),
                   value < 0, false);
        return;
    }
    digits d = digits_of_double(value);
    bool negative = d.negative || signbit(value);
    char letter = (char)(upper ? c->letter + 32 : c->letter);
    if (letter == 'g') {
        precision = c->precision < 0 ? 6 : WEIR_MAX(c->precision, 1);
        digits rounded = d;
        if (precision < d.count)
            round_half_up(&rounded, precision - d.point);
        bool plain = rounded.count == 0 || (rounded.point > -4 && rounded.point <= precision);
        letter = plain ? 'f' : 'e';
        precision = plain ? precision - (rounded.count ? rounded.point : 1) : precision - 1;
        d = rounded;
    }
    if (letter == 'e') {
        add_exponent(&body, &d, precision);
    } else {
        round_half_up(&d, precision);
        add_plain(&body, &d, 1, c->comma ? 3 : 0, precision);
    }
    for (size_t i = 0; upper && i < body.size; i++)
        body.data[i] = (char)(body.data[i] == 'e' ? 'E' : body.data[i]);
    add_signed(out, c, weir_strbuf_view(&body), negative, true);
}

static void add_integer(weir_strbuf *out, const conversion *c, int64_t value, int32_t width) {
    _cleanup_strbuf_ weir_strbuf body = {0};
    if (c->letter == 'd') {
        char text[32];
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        digits d = {.point = snprintf(text, sizeof(text), "%llu", (unsigned long long)magnitude)};
        memcpy(d.at, text, (size_t)d.point);
        d.count = d.point;
        add_plain(&body, &d, 1, c->comma ? 3 : 0, 0);
        add_signed(out, c, weir_strbuf_view(&body), value < 0, true);
        return;
    }
    uint64_t bits = width == 8 ? (uint64_t)value : (uint64_t)value & ((UINT64_C(1) << (width * 8)) - 1);
    char text[32];
    int size = snprintf(text, sizeof(text),
                        c->letter == 'o'   ? "%llo"
                        : c->letter == 'x' ? "%llx"
                                           : "%llX",
                        (unsigned long long)bits);
    if (c->sharp)
        weir_strbuf_add_text(&body, c->letter == 'o' ? "0" : c->letter == 'x' ? "0x" : "0X");
    if (c->zero && c->width > (int32_t)body.size + size)
        weir_strbuf_add_repeat(&body, '0', (size_t)c->width - body.size - (size_t)size);
    weir_strbuf_add(&body, weir_str_make(text, (size_t)size));
    add_padded(out, c, weir_strbuf_view(&body));
}

static int64_t load_whole(const weir_column *column, int32_t row) {
    return column->type->kind == WEIR_TYPE_DATE ? WEIR_VALUES(column, int32_t)[weir_column_slot(column, row)]
                                                : weir_load_integer(column, row);
}

/* A value as Java prints the object that Spark hands over. */
static void add_value_text(weir_strbuf *out, const weir_column *column, int32_t row) {
    char text[WEIR_DECIMAL_TEXT_MAX];
    int32_t slot = weir_column_slot(column, row);
    if (weir_type_is_string(column->type))
        weir_strbuf_add(out, weir_column_bytes(column, row));
    else if (column->type->kind == WEIR_TYPE_BOOLEAN)
        weir_strbuf_add_text(out, weir_bit_get(column->values, slot) ? "true" : "false");
    else if (column->type->kind == WEIR_TYPE_DOUBLE)
        weir_strbuf_add(
            out, weir_str_make(text, (size_t)weir_double_format(WEIR_VALUES(column, double)[slot], text)));
    else if (column->type->kind == WEIR_TYPE_FLOAT)
        weir_strbuf_add(
            out, weir_str_make(text, (size_t)weir_float_format(WEIR_VALUES(column, float)[slot], text)));
    else if (column->type->kind == WEIR_TYPE_DECIMAL)
        weir_strbuf_add(out,
                        weir_str_make(text, (size_t)weir_decimal_format(
                                                (weir_int128)weir_load128(column->values + (size_t)slot * 16),
                                                column->type->scale, text)));
    else
        weir_strbuf_addf(out, "%lld", (long long)load_whole(column, row));
}

static weir_code fail_format(const conversion *c, const char *why, weir_error **err) {
    WEIR_FAIL(err, INVALID_ARGUMENT, "format_string: %s with %%%c", why, c->letter);
}

static weir_code add_text_conversion(weir_strbuf *out, const conversion *c, const weir_column *column,
                                     int32_t row, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    bool null = weir_column_is_null(column, row), boolean = c->letter == 'b' || c->letter == 'B';
    if (c->plus || c->space || c->zero || c->comma || c->paren || c->sharp || (c->left && c->width < 0))
        return fail_format(c, "these flags do not go", err);
    if (boolean && column->type->kind != WEIR_TYPE_BOOLEAN)
        weir_strbuf_add_text(&text, null ? "false" : "true");
    else if (null)
        weir_strbuf_add_text(&text, boolean ? "false" : "null");
    else
        add_value_text(&text, column, row);
    weir_str shown = weir_strbuf_view(&text);
    if (c->precision >= 0)
        shown.size = weir_text_offset(shown, c->precision);
    for (size_t i = 0; (c->letter == 'S' || c->letter == 'B') && i < shown.size; i++) {
        if ((uint8_t)text.data[i] >= 0x80)
            WEIR_FAIL(err, NOT_SUPPORTED,
                      "format_string with %%S of other than ASCII is not supported by Weir");
        text.data[i] = (char)(text.data[i] >= 'a' && text.data[i] <= 'z' ? text.data[i] - 32 : text.data[i]);
    }
    add_padded(out, c, shown);
    return WEIR_OK;
}

static weir_code add_character(weir_strbuf *out, const conversion *c, const weir_column *column, int32_t row,
                               weir_error **err) {
    weir_type_kind kind = column->type->kind;
    if (kind != WEIR_TYPE_BYTE && kind != WEIR_TYPE_SHORT && kind != WEIR_TYPE_INT)
        return fail_format(c, "the type does not go", err);
    int64_t code = weir_load_integer(column, row);
    char bytes[4];
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return fail_format(c, "no code point goes", err);
    add_padded(out, c, weir_str_make(bytes, weir_text_put((uint32_t)code, bytes)));
    return WEIR_OK;
}

static weir_code add_number(weir_strbuf *out, const conversion *c, const weir_column *column, int32_t row,
                            weir_error **err) {
    weir_type_kind kind = column->type->kind;
    bool real = strchr("eEfgG", c->letter) != NULL;
    if (c->width < 0 && (c->left || c->zero))
        return fail_format(c, "a missing width does not go", err);
    if ((c->left && c->zero) || (c->plus && c->space))
        return fail_format(c, "these flags do not go", err);
    if (weir_column_is_null(column, row)) {
        conversion plain = {.width = c->width,
                            .left = c->left,
                            .precision = -1,
                            .letter = strchr("XEG", c->letter) ? 'S' : 's'};
        return add_text_conversion(out, &plain, column, row, err);
    }
    if (real && (kind == WEIR_TYPE_DOUBLE || kind == WEIR_TYPE_FLOAT)) {
        int32_t slot = weir_column_slot(column, row);
        char text[WEIR_NUMBER_TEXT_MAX];
        double value = kind == WEIR_TYPE_DOUBLE ? WEIR_VALUES(column, double)[slot]
                                                : (double)WEIR_VALUES(column, float)[slot];
        if (kind == WEIR_TYPE_FLOAT && isfinite(value)) /* Java formats Float.toString's digits */
            weir_double_parse(
                weir_str_make(text, (size_t)weir_float_format(WEIR_VALUES(column, float)[slot], text)),
                &value);
        add_real(out, c, value);
        return WEIR_OK;
    }
    bool integral = weir_type_is_integral(column->type) || kind == WEIR_TYPE_DATE ||
                    kind == WEIR_TYPE_TIMESTAMP || kind == WEIR_TYPE_TIMESTAMP_NTZ;
    if (real || !integral || c->precision >= 0 || (c->sharp && c->letter == 'd'))
        return fail_format(c, "the type does not go", err);
    if (c->letter != 'd' && (c->plus || c->space || c->comma || c->paren))
        return fail_format(c, "these flags do not go", err);
    add_integer(out, c, load_whole(column, row), weir_type_width(column->type));
    return WEIR_OK;
}

static weir_code add_conversion(const weir_kernel_call *call, int32_t row, const conversion *c, int32_t *next,
                                int32_t *last, weir_strbuf *out, weir_error **err) {
    if (c->letter == 'n' || c->letter == '%') {
        add_padded(out, c, weir_str_from(c->letter == 'n' ? "\n" : "%"));
        return WEIR_OK;
    }
    if (!strchr("bBsScCdoxXeEfgG", c->letter)) {
        if (strchr("hHaAtT", c->letter))
            WEIR_FAIL(err, NOT_SUPPORTED, "format_string with %%%c is not supported by Weir", c->letter);
        WEIR_FAIL(err, INVALID_ARGUMENT, "Conversion = '%c'", c->letter);
    }
    int32_t index = c->index > 0 ? c->index : c->index < 0 ? *last : ++*next;
    if (index < 1 || index >= call->args_count)
        WEIR_FAIL(err, INVALID_ARGUMENT, "Format specifier '%%%c'", c->letter);
    *last = index;
    const weir_column *column = call->args[index];
    if (strchr("bBsS", c->letter))
        return add_text_conversion(out, c, column, row, err);
    if ((c->letter == 'c' || c->letter == 'C') && !weir_column_is_null(column, row))
        return add_character(out, c, column, row, err);
    return add_number(out, c, column, row, err);
}

static weir_code format_row(const weir_kernel_call *call, int32_t row, weir_strbuf *out, weir_error **err) {
    weir_str format = weir_column_bytes(call->args[0], row);
    int32_t next = 0, last = 0;
    weir_strbuf_clear(out);
    for (size_t at = 0; at < format.size;) {
        conversion c;
        if (format.data[at] != '%') {
            weir_strbuf_add_char(out, format.data[at++]);
            continue;
        }
        if (!read_conversion(format, &at, &c))
            WEIR_FAIL(err, INVALID_ARGUMENT, "Conversion = '%%'");
        WEIR_TRY(add_conversion(call, row, &c, &next, &last, out, err));
    }
    return WEIR_OK;
}

static weir_code format_string_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 24, err));
    WEIR_EACH(call, i) {
        if (weir_column_is_null(call->args[0], i)) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
            continue;
        }
        WEIR_TRY(format_row(call, i, &text, err));
        WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&text), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code resolve_format_string(WEIR_RESOLVE_PARAMS) {
    (void)ret_rewrite;
    if (!weir_implicit_cast(resolve, &args[0], weir_type_of(WEIR_TYPE_STRING)))
        return weir_fail_input_type(resolve, args, 0, "\"STRING\"", err);
    for (int32_t i = 1; i < args_count; i++) {
        weir_type_kind kind = args[i]->type->kind;
        if (kind == WEIR_TYPE_NULL)
            args[i] = weir_coerce_cast(resolve, args[i], weir_type_of(WEIR_TYPE_STRING));
        else if (!weir_type_is_numeric(args[i]->type) && !weir_type_is_string(args[i]->type) &&
                 kind != WEIR_TYPE_BOOLEAN && kind != WEIR_TYPE_DATE && kind != WEIR_TYPE_TIMESTAMP &&
                 kind != WEIR_TYPE_TIMESTAMP_NTZ)
            WEIR_FAIL(err, NOT_SUPPORTED, "%s of a %s is not supported by Weir", function->name,
                      weir_quoted_type(resolve->arena, args[i]->type));
    }
    *ret_type = weir_type_of(WEIR_TYPE_STRING);
    *ret_nullable = args[0]->nullable;
    return WEIR_OK;
}

/* ---- format_number ---- */
typedef struct number_format {
    int32_t whole_min, group, fraction_min, fraction_max;
} number_format;

/* "#,##0.00": digits, one point, commas in the integer part. */
static bool read_pattern(weir_str pattern, number_format *ret) {
    *ret = (number_format){0};
    bool fraction = false, comma = false;
    int32_t since = 0;
    for (size_t i = 0; i < pattern.size; i++) {
        char c = pattern.data[i];
        if (c == '.' && !fraction) {
            fraction = true;
        } else if (c == ',' && !fraction) {
            comma = true;
            since = 0;
        } else if (c == '0' || c == '#') {
            since++;
            if (fraction && c == '0' && ret->fraction_max > ret->fraction_min)
                return false;
            if (!fraction && c == '#' && ret->whole_min)
                return false;
            ret->fraction_max += fraction;
            ret->fraction_min += fraction && c == '0';
            ret->whole_min += !fraction && c == '0';
            since -= fraction;
        } else {
            return false;
        }
    }
    ret->group = comma ? since : 0;
    return pattern.size > 0 && (!comma || since > 0);
}

/* How the exact value lies to the digits that print it. */
static int32_t tie_of(double value, const digits *d) {
    char exact[1600];
    snprintf(exact, sizeof(exact), "%.1100f", fabs(value));
    const char *at = exact;
    while (*at == '0' || *at == '.')
        at++;
    for (int32_t i = 0; *at; at++) {
        if (*at == '.')
            continue;
        char want = digit_at(d, i++);
        if (*at != want)
            return *at < want ? -1 : 1;
    }
    return 0;
}

static void add_formatted(weir_strbuf *out, const number_format *format, digits d, int32_t tie) {
    bool negative = d.negative;
    round_half_even(&d, format->fraction_max, tie);
    int32_t fraction = WEIR_MAX(format->fraction_min, WEIR_MIN(format->fraction_max, d.count - d.point));
    if (negative)
        weir_strbuf_add_char(out, '-');
    bool nothing = format->whole_min == 0 && fraction == 0 && (d.count == 0 || d.point <= 0);
    add_plain(out, &d, nothing ? 1 : format->whole_min, format->group, fraction);
}

static void add_number_text(weir_strbuf *out, const number_format *format, const weir_column *column,
                            int32_t row) {
    int32_t slot = weir_column_slot(column, row);
    char text[WEIR_DECIMAL_TEXT_MAX];
    if (column->type->kind == WEIR_TYPE_DOUBLE) {
        double value = WEIR_VALUES(column, double)[slot];
        if (!isfinite(value)) {
            weir_strbuf_add_text(out, isnan(value) ? "NaN" : value < 0 ? "-\xE2\x88\x9E" : "\xE2\x88\x9E");
            return;
        }
        digits d = digits_of_double(value);
        d.negative = signbit(value);
        int32_t keep = d.point + format->fraction_max;
        bool reads_as_tie = keep >= 0 && keep + 1 == d.count && d.at[keep] == '5';
        add_formatted(out, format, d, reads_as_tie ? tie_of(value, &d) : 0);
        return;
    }
    int size = column->type->kind == WEIR_TYPE_DECIMAL
                   ? weir_decimal_format((weir_int128)weir_load128(column->values + (size_t)slot * 16),
                                         column->type->scale, text)
                   : weir_int64_format(weir_load_integer(column, row), text);
    add_formatted(out, format, digits_of(weir_str_make(text, (size_t)size)), 0);
}

static weir_code format_number_kernel(const weir_kernel_call *call, weir_column **ret, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_bytes_ weir_bytes_writer writer;
    WEIR_TRY(weir_bytes_begin(&writer, call, (size_t)call->rows * 24, err));
    bool places = call->args[1]->type->kind == WEIR_TYPE_INT;
    WEIR_EACH(call, i) {
        number_format format = {.whole_min = 1, .group = 3};
        if (places && weir_int_arg(call, 1, i) < 0) {
            WEIR_TRY(weir_bytes_null(call, &writer, i, err));
            continue;
        }
        if (places) {
            format.fraction_min = format.fraction_max = weir_int_arg(call, 1, i);
        } else if (weir_column_bytes(call->args[1], i).size == 0) {
            format.fraction_max = 0;
        } else if (!read_pattern(weir_column_bytes(call->args[1], i), &format)) {
            WEIR_FAIL(err, NOT_SUPPORTED, "format_number with this pattern is not supported by Weir");
        }
        weir_strbuf_clear(&text);
        add_number_text(&text, &format, call->args[0], i);
        WEIR_TRY(weir_bytes_put(&writer, i, weir_strbuf_view(&text), err));
    }
    *ret = weir_bytes_finish(&writer);
    return WEIR_OK;
}

static weir_code resolve_format_number(WEIR_RESOLVE_PARAMS) {
    if (args[0]->type->kind == WEIR_TYPE_FLOAT)
        args[0] = weir_coerce_cast(resolve, args[0], weir_type_of(WEIR_TYPE_DOUBLE));
    WEIR_TRY(weir_resolve_signature(resolve, function, args, args_count, ret_type, ret_nullable, ret_rewrite,
                                    err));
    *ret_nullable = true;
    return WEIR_OK;
}

/* to_char of times is date_format, of bytes one of three encodings; of numbers it is not built. */
static weir_code resolve_to_char(WEIR_RESOLVE_PARAMS) {
    (void)args_count, (void)ret_type, (void)ret_nullable;
    weir_type_kind kind = args[0]->type->kind;
    if (kind == WEIR_TYPE_DATE || kind == WEIR_TYPE_TIMESTAMP || kind == WEIR_TYPE_TIMESTAMP_NTZ) {
        *ret_rewrite = weir_make_call(resolve, "date_format", 2, args);
        return WEIR_OK;
    }
    if (kind != WEIR_TYPE_BINARY)
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of numbers is not supported by Weir yet", function->name);
    const weir_column *value =
        args[1]->kind == WEIR_NODE_LITERAL ? ((weir_node_literal *)args[1])->value : NULL;
    if (value == NULL || !weir_type_is_string(value->type) || weir_column_is_null(value, 0))
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of BINARY needs a literal format in Weir", function->name);
    weir_str format = weir_column_bytes(value, 0);
    weir_node *parts[] = {args[0], weir_literal_string(resolve->arena, WEIR_STR("UTF-8"))};
    if (weir_str_equal_nocase(format, WEIR_STR("hex")))
        *ret_rewrite = weir_make_call(resolve, "hex", 1, args);
    else if (weir_str_equal_nocase(format, WEIR_STR("base64")))
        *ret_rewrite = weir_make_call(resolve, "base64", 1, args);
    else if (weir_str_equal_nocase(format, WEIR_STR("utf-8")))
        *ret_rewrite = weir_make_call(resolve, "weir_decode", 2, parts);
    else
        WEIR_FAIL(err, NOT_SUPPORTED, "%s of BINARY knows the formats hex, base64 and utf-8 only",
                  function->name);
    return WEIR_OK;
}

#define FORMAT_STRING(sql_name) \
    { \
        .name = sql_name, .args_min = 1, .args_max = -1, .resolve = resolve_format_string, \
        .eval = format_string_kernel \
    }

const weir_function weir_format_functions[] = {
    FORMAT_STRING("format_string"),
    FORMAT_STRING("printf"),
    {.name = "to_char", .args_min = 2, .args_max = 2, .resolve = resolve_to_char},
    {.name = "to_varchar", .args_min = 2, .args_max = 2, .resolve = resolve_to_char},
    {.name = "format_number",
     .args_min = 2,
     .args_max = 2,
     .flags = WEIR_FN_NULL_PROPAGATES,
     .resolve = resolve_format_number,
     .eval = format_number_kernel,
     .signature = "!numeric; int|string -> string"},
};
WEIR_FAMILY_COUNT(format)
