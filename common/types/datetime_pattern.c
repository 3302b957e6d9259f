/* Compiles Java DateTimeFormatter patterns by Spark's rules.
 *
 * Spark takes java.time's letters without the week-based ones and some others, reads y as the proleptic
 * year where there is no era, and lets a fraction S..S match one to n digits when it parses. A pattern that
 * is refused but that Java's older SimpleDateFormat understands is reported as
 * INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION, as Spark does. Elements go to the
 * arena; any thread. */
#include "common/types/datetime_pattern_int.h"

const char *const weir_month_names[13] = {"",        "January",  "February", "March",  "April",
                                          "May",     "June",     "July",     "August", "September",
                                          "October", "November", "December"};
const char *const weir_day_names[8] = {"",         "Monday", "Tuesday",  "Wednesday",
                                       "Thursday", "Friday", "Saturday", "Sunday"};
const char *const weir_quarter_names[5] = {"", "1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};
const char *const weir_era_names[2] = {"Before Christ", "Anno Domini"};

#define ELEMENTS_MAX 512
#define NESTING_MAX 64

typedef enum refusal {
    REFUSED_NOT,
    REFUSED_WEEK,    /* a week-based letter */
    REFUSED_LETTER,  /* a letter that Spark excludes */
    REFUSED_LENGTH,  /* a run that Spark excludes */
    REFUSED_PATTERN, /* java.time refuses it */
} refusal;

typedef struct compiler {
    weir_pattern_element elements[ELEMENTS_MAX];
    int32_t count;
    int32_t open[NESTING_MAX]; /* OPTION elements not yet closed */
    int32_t open_count;
    int32_t value; /* the number that adjacent fixed numbers belong to, -1 = none */
    bool parsing;
    bool era; /* y stays the year of the era */
    refusal refused;
    char letter;        /* REFUSED_WEEK, REFUSED_LETTER */
    const char *length; /* REFUSED_LENGTH */
    weir_arena *arena;
} compiler;

static weir_pattern_element *add(compiler *c, weir_pattern_kind kind) {
    if (c->count == ELEMENTS_MAX) {
        c->refused = REFUSED_PATTERN;
        c->count--;
    }
    weir_pattern_element *element = &c->elements[c->count++];
    *element = (weir_pattern_element){.kind = kind};
    c->value = -1;
    return element;
}

/* A number, as java.time's builder does it: fixed-width ones behind another number hand it their width. */
static void add_number(compiler *c, weir_pattern_element number) {
    int32_t base = c->value;
    *add(c, number.kind) = number;
    int32_t own = c->count - 1;
    c->value = own;
    if (base < 0)
        return;
    weir_pattern_element *first = &c->elements[base];
    if (number.width_min == number.width_max && number.sign == WEIR_SIGN_NOT_NEGATIVE) {
        first->subsequent += number.width_max;
        c->elements[own].subsequent = -1;
        c->value = base;
    } else {
        first->subsequent = -1;
    }
}

static void add_value(compiler *c, weir_pattern_field field, int32_t min, int32_t max,
                      weir_pattern_sign sign) {
    add_number(c, (weir_pattern_element){.kind = WEIR_PATTERN_NUMBER,
                                         .field = field,
                                         .sign = sign,
                                         .width_min = (int8_t)min,
                                         .width_max = (int8_t)max});
}

static void add_text(compiler *c, weir_pattern_field field, bool full) {
    weir_pattern_element *element = add(c, WEIR_PATTERN_TEXT);
    element->field = field;
    element->full = full;
}

static void add_literal(compiler *c, weir_str text) {
    if (text.size > 0)
        add(c, WEIR_PATTERN_LITERAL)->text = weir_arena_str(c->arena, text);
}

static void add_offset(compiler *c, int8_t form, const char *zero) {
    weir_pattern_element *element = add(c, WEIR_PATTERN_OFFSET);
    element->offset_form = form;
    element->text = weir_str_from(zero);
}

static void add_year(compiler *c, weir_pattern_field field, int32_t count) {
    if (count == 2)
        add_number(c, (weir_pattern_element){.kind = WEIR_PATTERN_REDUCED,
                                             .field = field,
                                             .sign = WEIR_SIGN_NOT_NEGATIVE,
                                             .width_min = 2,
                                             .width_max = 2});
    else
        add_value(c, field, count, 19, count < 4 ? WEIR_SIGN_NORMAL : WEIR_SIGN_EXCEEDS_PAD);
}

static void add_fraction(compiler *c, int32_t count) {
    if (count > 9) {
        c->refused = REFUSED_PATTERN;
        return;
    }
    weir_pattern_element element = {.kind = WEIR_PATTERN_FRACTION,
                                    .field = WEIR_FIELD_NANO,
                                    .sign = WEIR_SIGN_NOT_NEGATIVE,
                                    .width_min = (int8_t)(c->parsing ? 1 : count),
                                    .width_max = (int8_t)count};
    if (element.width_min == element.width_max)
        add_number(c, element);
    else
        *add(c, WEIR_PATTERN_FRACTION) = element;
}

/* Letters of offsets and zones; false for other letters and for runs that Java refuses. */
static bool add_zone_letter(compiler *c, char letter, int32_t count) {
    static const int8_t forms[6] = {0, 1, 3, 4, 5, 6};
    weir_pattern_element *element;
    switch (letter) {
    case 'z':
    case 'v':
        if (count > 4 || (letter == 'v' && count != 1 && count != 4))
            return false;
        element = add(c, WEIR_PATTERN_ZONE_NAME);
        element->full = count == 4;
        element->generic = letter == 'v';
        return true;
    case 'V':
        if (count == 2)
            add(c, WEIR_PATTERN_ZONE_ID);
        return count == 2;
    case 'O':
        if (count == 1 || count == 4)
            add(c, WEIR_PATTERN_OFFSET_NAME)->full = count == 4;
        return count == 1 || count == 4;
    case 'Z':
        if (count == 4)
            add(c, WEIR_PATTERN_OFFSET_NAME)->full = true;
        else if (count <= 5)
            add_offset(c, count < 4 ? 3 : 6, count < 4 ? "+0000" : "Z");
        return count <= 5;
    case 'X':
        if (count <= 5)
            add_offset(c, forms[count], "Z");
        return count <= 5;
    case 'x':
        if (count <= 5)
            add_offset(c, forms[count], count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00");
        return count <= 5;
    default:
        return false;
    }
}

/* Letters of plain two-digit numbers. */
static weir_pattern_field short_field(char letter) {
    static const struct {
        char letter;
        weir_pattern_field field;
    } fields[] = {{'d', WEIR_FIELD_DAY},       {'H', WEIR_FIELD_HOUR},   {'k', WEIR_FIELD_CLOCK_HOUR},
                  {'K', WEIR_FIELD_HOUR_AMPM}, {'m', WEIR_FIELD_MINUTE}, {'h', WEIR_FIELD_CLOCK_HOUR_AMPM},
                  {'s', WEIR_FIELD_SECOND}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(fields); i++) {
        if (fields[i].letter == letter)
            return fields[i].field;
    }
    return WEIR_FIELD_COUNT;
}

static bool add_letter(compiler *c, char letter, int32_t count) {
    weir_pattern_field field = short_field(letter);
    if (field != WEIR_FIELD_COUNT) {
        if (count <= 2)
            add_value(c, field, count, count == 1 ? 19 : 2,
                      count == 1 ? WEIR_SIGN_NORMAL : WEIR_SIGN_NOT_NEGATIVE);
        return count <= 2;
    }
    switch (letter) {
    case 'y':
        add_year(c, c->era ? WEIR_FIELD_YEAR_OF_ERA : WEIR_FIELD_YEAR, count);
        return true;
    case 'G':
        add_text(c, WEIR_FIELD_ERA, count == 4);
        return true;
    case 'M':
    case 'L':
    case 'Q':
    case 'q':
        field = letter == 'M' || letter == 'L' ? WEIR_FIELD_MONTH : WEIR_FIELD_QUARTER;
        if (count <= 2)
            add_value(c, field, count, count == 1 ? 19 : 2,
                      count == 1 ? WEIR_SIGN_NORMAL : WEIR_SIGN_NOT_NEGATIVE);
        else
            add_text(c, field, count == 4);
        return true;
    case 'E':
        add_text(c, WEIR_FIELD_DAY_OF_WEEK, count == 4);
        return true;
    case 'a':
        add_text(c, WEIR_FIELD_AMPM, false);
        return count == 1;
    case 'D':
        add_value(c, WEIR_FIELD_DAY_OF_YEAR, count, count == 1 ? 19 : 3,
                  count == 1 ? WEIR_SIGN_NORMAL : WEIR_SIGN_NOT_NEGATIVE);
        return count <= 3;
    case 'F':
        add_value(c, WEIR_FIELD_ALIGNED_DAY, 1, 19, WEIR_SIGN_NORMAL);
        return count == 1;
    case 'g':
        add_value(c, WEIR_FIELD_JULIAN_DAY, count > 19 ? 19 : count, 19, WEIR_SIGN_NORMAL);
        return count <= 19;
    case 'S':
        add_fraction(c, count);
        return true;
    default:
        return add_zone_letter(c, letter, count);
    }
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void open_option(compiler *c) {
    if (c->open_count == NESTING_MAX) {
        c->refused = REFUSED_PATTERN;
        return;
    }
    add(c, WEIR_PATTERN_OPTION);
    c->open[c->open_count++] = c->count - 1;
}

static void close_option(compiler *c) {
    if (c->open_count == 0) {
        c->refused = REFUSED_PATTERN;
        return;
    }
    add(c, WEIR_PATTERN_OPTION_END);
    c->elements[c->open[--c->open_count]].skip = c->count;
}

/* The part of a pattern outside of quotes. */
static void compile_part(compiler *c, weir_str part) {
    for (size_t i = 0; i < part.size && c->refused == REFUSED_NOT; i++) {
        char letter = part.data[i];
        if (is_letter(letter)) {
            size_t end = i + 1;
            while (end < part.size && part.data[end] == letter)
                end++;
            if (end - i > 100 || !add_letter(c, letter, (int32_t)(end - i)))
                c->refused = REFUSED_PATTERN;
            i = end - 1;
        } else if (letter == '[') {
            open_option(c);
        } else if (letter == ']') {
            close_option(c);
        } else if (letter == '{' || letter == '}' || letter == '#') {
            c->refused = REFUSED_PATTERN;
        } else {
            add_literal(c, weir_str_make(part.data + i, 1));
        }
    }
}

/* The next text between quotes: gives false at the end. Parts alternate: outside, inside, ... */
static bool next_part(weir_str pattern, size_t *at, weir_str *ret) {
    if (*at > pattern.size)
        return false;
    const char *from = pattern.data + *at, *quote = NULL;
    if (*at < pattern.size)
        quote = memchr(from, '\'', pattern.size - *at);
    size_t size = quote ? (size_t)(quote - from) : pattern.size - *at;
    *ret = weir_str_make(from, size);
    *at += size + 1;
    return true;
}

/* Spark's own refusals, looked for in all unquoted parts in front of everything else. */
static void check_letters(compiler *c, weir_str pattern) {
    static const char *const lengths[] = {"GGGGG", "MMMMM", "LLLLL", "EEEEE", "QQQQQ", "qqqqq", "yyyyyyy"};
    size_t at = 0;
    weir_str part;
    for (bool quoted = false; next_part(pattern, &at, &part); quoted = !quoted) {
        if (quoted)
            continue;
        for (size_t i = 0; i < part.size; i++) {
            if (part.data[i] && strchr("YWwuec", part.data[i])) {
                c->refused = REFUSED_WEEK;
                c->letter = part.data[i];
                return;
            }
        }
        for (size_t i = 0; i < part.size; i++) {
            if (part.data[i] &&
                (strchr("ABnNp", part.data[i]) || (c->parsing && strchr("EFqQ", part.data[i])))) {
                c->refused = REFUSED_LETTER;
                c->letter = part.data[i];
                return;
            }
        }
        for (size_t i = 0; i < WEIR_ARRAY_LEN(lengths); i++) {
            if (memmem(part.data, part.size, lengths[i], strlen(lengths[i]))) {
                c->refused = REFUSED_LENGTH;
                c->length = lengths[i];
                return;
            }
        }
        c->era = c->era || (part.size > 0 && memchr(part.data, 'G', part.size));
    }
}

/* "''" is a quote, within quotes as well as outside; Spark's own splitting for parsing with S forgives an
 * open quote at the end, java.time does not. */
static void compile_text(compiler *c, weir_str pattern) {
    bool lenient = c->parsing && pattern.size > 0 && memchr(pattern.data, 'S', pattern.size);
    while (lenient && pattern.size > 0 && pattern.data[pattern.size - 1] == '\'')
        pattern.size--; /* String.split drops empty parts at the end */
    size_t at = 0;
    weir_str part;
    bool quoted = false;
    for (int32_t index = 0; next_part(pattern, &at, &part) && c->refused == REFUSED_NOT; index++) {
        quoted = index % 2 == 1;
        if (part.size == 0 && index > 0 && at <= pattern.size)
            add_literal(c, WEIR_STR("'"));
        else if (quoted)
            add_literal(c, part);
        else
            compile_part(c, part);
    }
    if (quoted && !lenient)
        c->refused = REFUSED_PATTERN;
    while (c->refused == REFUSED_NOT && c->open_count > 0)
        close_option(c);
}

/* Would java.text.SimpleDateFormat (lenient, as Spark builds it) take the pattern? */
static bool is_legacy_pattern(weir_str pattern) {
    bool quoted = false;
    for (size_t i = 0; i < pattern.size; i++) {
        char letter = pattern.data[i];
        if (letter == '\'') {
            quoted = !quoted;
        } else if (!quoted && is_letter(letter)) {
            size_t end = i + 1;
            while (end < pattern.size && pattern.data[end] == letter)
                end++;
            if (!strchr("GyMwWDdFEaHkKhmsSzZYuXL", letter) || (letter == 'X' && end - i > 3))
                return false;
            i = end - 1;
        }
    }
    return !quoted;
}

static weir_code fail_pattern(const compiler *c, weir_str pattern, weir_error **err) {
    const char *text = weir_arena_strndup(c->arena, pattern.data ? pattern.data : "", pattern.size);
    const char letter[2] = {c->letter, '\0'};
    if (is_legacy_pattern(pattern)) {
        const char *quoted = weir_arena_printf(c->arena, "'%s'", text);
        return weir_error_raise(err, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_PATTERN_RECOGNITION,
                                "pattern", quoted, "config", "\"spark.sql.legacy.timeParserPolicy\"",
                                "docroot", "https://spark.apache.org/docs/latest", NULL);
    }
    switch (c->refused) {
    case REFUSED_WEEK:
        return weir_error_raise(err, WEIR_INCONSISTENT_BEHAVIOR_CROSS_VERSION__DATETIME_WEEK_BASED_PATTERN,
                                "c", letter, NULL);
    case REFUSED_LETTER:
        return weir_error_raise(err, WEIR_INVALID_DATETIME_PATTERN__ILLEGAL_CHARACTER, "pattern", text, "c",
                                letter, NULL);
    case REFUSED_LENGTH:
        return weir_error_raise(err, WEIR_INVALID_DATETIME_PATTERN__LENGTH, "pattern", c->length, NULL);
    default:
        return weir_error_raise(err, WEIR_INVALID_DATETIME_PATTERN__WITH_SUGGESTION, "pattern",
                                weir_arena_printf(c->arena, "'%s'", text), "docroot",
                                "https://spark.apache.org/docs/latest", NULL);
    }
}

weir_code weir_datetime_pattern_compile(weir_arena *arena, weir_str pattern, bool parsing,
                                        const weir_datetime_pattern **ret, weir_error **err) {
    compiler *c = WEIR_NEW(arena, compiler);
    c->arena = arena;
    c->parsing = parsing;
    c->value = -1;
    check_letters(c, pattern);
    if (c->refused == REFUSED_NOT)
        compile_text(c, pattern);
    if (c->refused != REFUSED_NOT)
        return fail_pattern(c, pattern, err);
    weir_datetime_pattern *compiled = WEIR_NEW(arena, weir_datetime_pattern);
    weir_pattern_element *elements = WEIR_NEW_ARRAY(arena, weir_pattern_element, c->count + 1);
    memcpy(elements, c->elements, sizeof *elements * (size_t)c->count);
    compiled->elements = elements;
    compiled->count = c->count;
    *ret = compiled;
    return WEIR_OK;
}
