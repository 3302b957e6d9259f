/* INTERVAL literals (parser_int.h): '1' HOUR, 1 HOUR 2 MINUTES, '1-2' YEAR TO MONTH, '1 day 2 hours'. The
 * units decide the type: year-month or day-time with exactly the fields that were named. */
#include "common/types/datetime.h"
#include "driver/sql/parser_int.h"

/* Fields in the order of Spark's types: year-month 0..1, day-time 0..3. */
typedef struct unit_info {
    const char *name;
    bool months;   /* a year-month unit */
    int8_t field;  /* WEIR_UNIT_* */
    bool in_range; /* may stand in FROM TO TO */
} unit_info;

static const unit_info units[] = {
    {"YEAR", true, WEIR_UNIT_YEAR, true},
    {"MONTH", true, WEIR_UNIT_MONTH, true},
    {"WEEK", false, WEIR_UNIT_DAY, false},
    {"DAY", false, WEIR_UNIT_DAY, true},
    {"HOUR", false, WEIR_UNIT_HOUR, true},
    {"MINUTE", false, WEIR_UNIT_MINUTE, true},
    {"SECOND", false, WEIR_UNIT_SECOND, true},
    {"MILLISECOND", false, WEIR_UNIT_SECOND, false},
    {"MICROSECOND", false, WEIR_UNIT_SECOND, false},
    {"NANOSECOND", false, WEIR_UNIT_SECOND, false},
};

static const unit_info *find_unit(weir_str word) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(units); i++) {
        weir_str name = weir_str_from(units[i].name);
        if (weir_str_equal_nocase(word, name))
            return &units[i];
        if (word.size == name.size + 1 && (word.data[name.size] | 32) == 's' &&
            weir_str_equal_nocase(weir_str_make(word.data, name.size), name))
            return &units[i];
    }
    return NULL;
}

static const unit_info *unit_at(const weir_parse *p, int32_t ahead) {
    const weir_token *token = weir_parse_peek(p, ahead);
    return token->kind == WEIR_TOKEN_WORD ? find_unit(weir_parse_text(p, token)) : NULL;
}

typedef struct unit_range {
    bool any, months, mixed;
    int8_t first, last;
} unit_range;

static void widen(unit_range *range, const unit_info *unit) {
    if (!range->any)
        *range = (unit_range){true, unit->months, false, unit->field, unit->field};
    range->mixed |= range->months != unit->months;
    range->first = WEIR_MIN(range->first, unit->field);
    range->last = WEIR_MAX(range->last, unit->field);
}

static weir_node *interval_literal(weir_parse *p, int32_t from, unit_range range,
                                   weir_calendar_interval value) {
    weir_type_kind kind = range.months ? WEIR_TYPE_INTERVAL_YEAR_MONTH : WEIR_TYPE_INTERVAL_DAY_TIME;
    const weir_type *type = weir_type_interval(p->arena, kind, range.first, range.last);
    weir_node *node;
    int64_t micros;
    if (range.months)
        node = weir_parse_fixed_literal(p, type, &value.months, sizeof value.months);
    else if (__builtin_mul_overflow((int64_t)value.days, WEIR_MICROS_PER_DAY, &micros) ||
             __builtin_add_overflow(micros, value.micros, &micros))
        return weir_parse_fail_here(
            p, from, weir_error_raise(p->err, WEIR_INTERVAL_ARITHMETIC_OVERFLOW__WITHOUT_SUGGESTION, NULL));
    else
        node = weir_parse_fixed_literal(p, type, &micros, sizeof micros);
    return weir_parse_mark(p, from, node);
}

static weir_node *refuse_mixed(weir_parse *p, int32_t from) {
    int32_t start = p->tokens[from].start;
    char *text =
        weir_arena_strndup(p->arena, p->sql.data + start, (size_t)(p->tokens[p->at - 1].end - start));
    return weir_parse_fail_here(
        p, from, weir_error_raise(p->err, WEIR__LEGACY_ERROR_TEMP_0029, "literal", text, NULL));
}

/* INTERVAL '1 day 2 hours': the words of the text name the units. */
static weir_node *parse_text_interval(weir_parse *p, int32_t from) {
    p->at++;
    weir_str text = weir_lexer_string_value(p->arena, weir_parse_text(p, weir_parse_peek(p, 0)));
    p->at++;
    weir_calendar_interval value;
    unit_range range = {0};
    for (size_t at = 0; at < text.size;) {
        size_t end = at;
        while (end < text.size && text.data[end] > ' ')
            end++;
        const unit_info *unit = find_unit(weir_str_make(text.data + at, end - at));
        if (unit)
            widen(&range, unit);
        at = end + 1;
    }
    if (!weir_calendar_interval_parse(text, &value) || !range.any) {
        const char *quoted = weir_arena_printf(p->arena, "'" WEIR_STR_FMT "'", WEIR_STR_ARG(text));
        return weir_parse_fail_here(p, from,
                                    weir_error_raise(p->err, WEIR_INVALID_TYPED_LITERAL, "valueType",
                                                     "\"INTERVAL\"", "value", quoted, NULL));
    }
    return range.mixed ? refuse_mixed(p, from) : interval_literal(p, from, range, value);
}

/* [+-] number-or-string: gives its text with the sign folded in. */
static weir_str parse_amount(weir_parse *p, bool *ret_string) {
    bool negative = weir_parse_accept(p, WEIR_TOKEN_MINUS);
    if (!negative)
        weir_parse_accept(p, WEIR_TOKEN_PLUS);
    const weir_token *token = weir_parse_peek(p, 0);
    weir_str text = weir_parse_text(p, token);
    *ret_string = token->kind == WEIR_TOKEN_STRING;
    if (*ret_string)
        text = weir_lexer_string_value(p->arena, text);
    p->at++;
    if (!negative)
        return text;
    if (text.size > 0 && text.data[0] == '-')
        return weir_str_make(text.data + 1, text.size - 1);
    return weir_str_from(weir_arena_printf(p->arena, "-" WEIR_STR_FMT, WEIR_STR_ARG(text)));
}

static bool amount_at(const weir_parse *p, int32_t ahead) {
    weir_token_kind kind = weir_parse_peek(p, ahead)->kind;
    if (kind == WEIR_TOKEN_MINUS || kind == WEIR_TOKEN_PLUS)
        kind = weir_parse_peek(p, ahead + 1)->kind;
    return kind == WEIR_TOKEN_INTEGER || kind == WEIR_TOKEN_DECIMAL || kind == WEIR_TOKEN_STRING;
}

static const char *lower_word(weir_parse *p, const unit_info *unit) {
    char *text = weir_arena_strdup(p->arena, unit->name);
    for (char *c = text; *c; c++)
        *c = (char)(*c | 32);
    return text;
}

static weir_node *range_failure(weir_parse *p, int32_t from, const unit_info *first, const unit_info *last,
                                const char *text) {
    if (first->months)
        return weir_parse_fail_here(p, from,
                                    weir_error_raise(p->err, WEIR_INVALID_INTERVAL_FORMAT__INTERVAL_PARSING,
                                                     "input", text, "interval", "year-month", NULL));
    const char *names = weir_arena_printf(p->arena, "%s to %s", lower_word(p, first), lower_word(p, last));
    const char *type = weir_arena_printf(p->arena, "interval %s", names);
    return weir_parse_fail_here(
        p, from,
        weir_error_raise(p->err, WEIR_INVALID_INTERVAL_FORMAT__UNMATCHED_FORMAT_STRING, "input", text,
                         "intervalStr", "day-time", "supportedFormat", names, "typeName", type, NULL));
}

/* value FROM TO TO; `from` is the amount's token: Spark places errors there. */
static weir_node *parse_range(weir_parse *p, int32_t begin) {
    int32_t from = p->at;
    bool string;
    weir_str text = parse_amount(p, &string);
    const unit_info *first = unit_at(p, 0), *last = unit_at(p, 2);
    p->at += 3;
    const char *copy = weir_arena_strndup(p->arena, text.data, text.size);
    if (first->months != last->months || first->field >= last->field || !first->in_range || !last->in_range)
        return weir_parse_fail_here(
            p, from,
            weir_error_raise(p->err, WEIR_INVALID_INTERVAL_FORMAT__UNSUPPORTED_FROM_TO_EXPRESSION, "input",
                             copy, "from", lower_word(p, first), "to", lower_word(p, last), NULL));
    unit_range range = {true, first->months, false, first->field, last->field};
    weir_type_kind kind = range.months ? WEIR_TYPE_INTERVAL_YEAR_MONTH : WEIR_TYPE_INTERVAL_DAY_TIME;
    const weir_type *type = weir_type_interval(p->arena, kind, range.first, range.last);
    weir_calendar_interval value = {0};
    bool ok = range.months ? weir_interval_parse_year_month(text, type, &value.months)
                           : weir_interval_parse_day_time(text, type, &value.micros);
    return ok ? interval_literal(p, begin, range, value) : range_failure(p, from, first, last, copy);
}

static weir_node *parse_units(weir_parse *p, int32_t begin) {
    unit_range range = {0};
    weir_strbuf text _cleanup_strbuf_ = {0};
    do {
        bool string;
        weir_str amount = parse_amount(p, &string);
        const unit_info *unit = unit_at(p, 0);
        if (!unit)
            return weir_parse_fail_syntax(p, "");
        widen(&range, unit);
        weir_str word = weir_parse_text(p, weir_parse_peek(p, 0));
        weir_strbuf_addf(&text, " " WEIR_STR_FMT " " WEIR_STR_FMT, WEIR_STR_ARG(amount), WEIR_STR_ARG(word));
        p->at++;
    } while (
        amount_at(p, 0) &&
        unit_at(p, 1 + (weir_parse_kind(p) == WEIR_TOKEN_MINUS || weir_parse_kind(p) == WEIR_TOKEN_PLUS)) &&
        weir_parse_kind(p) != WEIR_TOKEN_MINUS && weir_parse_kind(p) != WEIR_TOKEN_PLUS);
    weir_calendar_interval value;
    if (!weir_calendar_interval_parse(weir_strbuf_view(&text), &value)) {
        p->code = weir_error_raise(p->err, WEIR_INVALID_INTERVAL_FORMAT__ARITHMETIC_EXCEPTION, "input",
                                   text.data, NULL);
        return NULL;
    }
    return range.mixed ? refuse_mixed(p, begin) : interval_literal(p, begin, range, value);
}

weir_node *weir_parse_interval(weir_parse *p, bool *ret_is) {
    *ret_is = false;
    if (!weir_parse_is_keyword(p, 0, WEIR_KW_INTERVAL) || !amount_at(p, 1))
        return NULL;
    weir_token_kind sign = weir_parse_peek(p, 1)->kind;
    int32_t unit = sign == WEIR_TOKEN_MINUS || sign == WEIR_TOKEN_PLUS ? 3 : 2;
    if (unit == 3 && !unit_at(p, 3))
        return NULL; /* a column named interval in "interval - 1" */
    *ret_is = true;
    int32_t begin = p->at;
    if (!unit_at(p, unit) && weir_parse_peek(p, 1)->kind == WEIR_TOKEN_STRING)
        return parse_text_interval(p, begin);
    p->at++;
    bool range = unit_at(p, unit - 1) && weir_parse_is_keyword(p, unit, WEIR_KW_TO) && unit_at(p, unit + 1);
    return range ? parse_range(p, begin) : parse_units(p, begin);
}
