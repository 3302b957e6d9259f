/* Java's regular expressions (java_regex_int.h): translation to PCRE2's dialect, and matching.
 *
 * What differs and is translated: nested classes, unions and intersections of classes ([a-z&&[^b]] becomes a
 * group with a lookahead), \p{Alpha} and kin (ASCII in Java), \p{IsX} and \p{javaX}, \uXXXX, octal \0n,
 * braces that are no quantifier (Java refuses them). What cannot be translated is refused by name. */
#include "common/expr/java_regex_int.h"

#include "common/base/utf8.h"

enum {
    MATCH_LIMIT = 10000000,
    DEPTH_LIMIT = 20000,
    HEAP_LIMIT_KIB = 65536,
    PATTERN_SIZE_MAX = 32768,
    CLASS_DEPTH_MAX = 50
};

typedef struct translation {
    weir_str in;
    size_t at;
    weir_strbuf out;
    const char *unsupported;
    bool bad;
} translation;

static bool more(const translation *t) {
    return t->at < t->in.size && !t->bad && !t->unsupported;
}

static char peek(const translation *t, size_t ahead) {
    return t->at + ahead < t->in.size ? t->in.data[t->at + ahead] : 0;
}

static int32_t digit_of(char c, int32_t base) {
    int32_t value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : 99;
    return value < base ? value : -1;
}

/* `count` hexadecimal digits. */
static bool hex_number(translation *t, int32_t count, uint32_t *ret) {
    *ret = 0;
    for (int32_t i = 0; i < count; i++) {
        int32_t digit = digit_of(peek(t, 0), 16);
        if (digit < 0)
            return !(t->bad = true);
        *ret = *ret << 4 | (uint32_t)digit;
        t->at++;
    }
    return true;
}

static void unicode_escape(translation *t) {
    uint32_t code, low;
    if (!hex_number(t, 4, &code))
        return;
    if (code >= 0xD800 && code < 0xDC00 && peek(t, 0) == '\\' && peek(t, 1) == 'u') {
        t->at += 2;
        if (!hex_number(t, 4, &low))
            return;
        code = 0x10000 + ((code - 0xD800) << 10) + ((low - 0xDC00) & 0x3FF);
    } else if (code >= 0xD800 && code < 0xE000) {
        t->unsupported = "half a surrogate pair";
        return;
    }
    weir_strbuf_addf(&t->out, "\\x{%x}", code);
}

static void octal_escape(translation *t) {
    uint32_t code = 0;
    int32_t count = 0;
    while (count < 3 && digit_of(peek(t, 0), 8) >= 0 &&
           code * 8 + (uint32_t)digit_of(peek(t, 0), 8) <= 0377) {
        code = code * 8 + (uint32_t)digit_of(peek(t, 0), 8);
        t->at++;
        count++;
    }
    t->bad |= count == 0;
    weir_strbuf_addf(&t->out, "\\x{%x}", code);
}

/* The set of \p{name}: PCRE2's spelling, for use within a class. */
static const char *property_of(weir_str name) {
    static const struct {
        const char *java, *pcre;
    } names[] = {
        {"Lower", "[:lower:]"},
        {"Upper", "[:upper:]"},
        {"ASCII", "\\x{0}-\\x{7f}"},
        {"Alpha", "[:alpha:]"},
        {"Digit", "[:digit:]"},
        {"Alnum", "[:alnum:]"},
        {"Punct", "[:punct:]"},
        {"Graph", "[:graph:]"},
        {"Print", "[:print:]"},
        {"Blank", "[:blank:]"},
        {"Cntrl", "[:cntrl:]"},
        {"XDigit", "[:xdigit:]"},
        {"Space", "\\s"},
        {"javaLowerCase", "\\p{Ll}"},
        {"javaUpperCase", "\\p{Lu}"},
        {"javaWhitespace", "\\s\\x{1c}-\\x{1f}"},
        {"IsAlphabetic", "\\p{L}\\p{Nl}"},
        {"IsLetter", "\\p{L}"},
        {"IsDigit", "\\p{Nd}"},
        {"IsLowercase", "\\p{Ll}"},
        {"IsUppercase", "\\p{Lu}"},
        {"IsPunctuation", "\\p{P}"},
        {"IsWhite_Space", "\\p{Z}\\s\\x{85}"},
        {"LC", "\\p{Lu}\\p{Ll}\\p{Lt}"},
        {"IsLC", "\\p{Lu}\\p{Ll}\\p{Lt}"},
        {"javaLetter", "\\p{L}"},
        {"javaDigit", "\\p{Nd}"},
        {"javaLetterOrDigit", "\\p{L}\\p{Nd}"},
        {"javaAlphabetic", "\\p{L}\\p{Nl}"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (weir_str_equal(name, weir_str_from(names[i].java)))
            return names[i].pcre;
    return NULL;
}

static void property_escape(translation *t, bool negated, bool in_class) {
    weir_str name = {t->in.data + t->at, 1};
    if (peek(t, 0) == '{') {
        const char *end = memchr(t->in.data + t->at, '}', t->in.size - t->at);
        if (end == NULL) {
            t->bad = true;
            return;
        }
        name = weir_str_make(t->in.data + t->at + 1, (size_t)(end - t->in.data) - t->at - 1);
        t->at += name.size + 2;
    } else {
        t->at++;
    }
    const char *set = property_of(name);
    if (set && (!in_class || !negated)) {
        weir_strbuf_addf(&t->out, in_class ? "%s%s%s" : "[%s%s%s",
                         in_class  ? ""
                         : negated ? "^"
                                   : "",
                         set, in_class ? "" : "]");
        return;
    }
    if (set || weir_str_starts_with(name, WEIR_STR("In")) || memchr(name.data, '=', name.size)) {
        t->unsupported = "this \\p{...}";
        return;
    }
    if (weir_str_starts_with(name, WEIR_STR("Is")))
        name = weir_text_sub(name, 2, name.size);
    weir_strbuf_addf(&t->out, "\\%c{" WEIR_STR_FMT "}", negated ? 'P' : 'p', WEIR_STR_ARG(name));
}

static void quoted_run(translation *t) {
    const char *end = memmem(t->in.data + t->at, t->in.size - t->at, "\\E", 2);
    size_t to = end ? (size_t)(end - t->in.data) : t->in.size;
    for (; t->at < to; t->at++) {
        uint8_t c = (uint8_t)t->in.data[t->at];
        if (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
            weir_strbuf_add_char(&t->out, '\\');
        weir_strbuf_add_char(&t->out, (char)c);
    }
    t->at = end ? to + 2 : to;
}

/* The escape at t->at, which stands at its backslash. */
static void escape(translation *t, bool in_class) {
    char c = peek(t, 1);
    t->at += 2;
    if (t->at > t->in.size) {
        t->bad = true;
        return;
    }
    switch (c) {
    case 'u':
        unicode_escape(t);
        return;
    case '0':
        octal_escape(t);
        return;
    case 'p':
    case 'P':
        property_escape(t, c == 'P', in_class);
        return;
    case 'Q':
        quoted_run(t);
        return;
    case 'N':
    case 'X':
        t->unsupported = "\\N and \\X";
        return;
    case 'E':
        return; /* without a \Q */
    default:
        break;
    }
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && !strchr(in_class ? "tnrfaexcdDhHsSvVwW" : "tnrfaexcdDhHsSvVwWbBAGZzRk", c)) {
        t->bad = true; /* Java keeps other letters for later */
        return;
    }
    weir_strbuf_add_char(&t->out, '\\');
    weir_strbuf_add_char(&t->out, c);
}

static void class_items(translation *t, int32_t depth);

/* A class that stands at its '[' as one PCRE2 atom. */
static void class_atom(translation *t, int32_t depth) {
    t->at++;
    if (depth > CLASS_DEPTH_MAX) {
        t->unsupported = "classes nested so deep";
        return;
    }
    bool negated = peek(t, 0) == '^';
    t->at += negated;
    weir_strbuf_add_text(&t->out, negated ? "(?:(?!" : "(?:");
    class_items(t, depth);
    weir_strbuf_add_text(&t->out, negated ? ")(?s:.))" : ")");
}

/* Items up to the closing bracket: alternatives of plain classes and nested ones; && makes a lookahead of
 * what stands left of it. */
static void class_items(translation *t, int32_t depth) {
    size_t left = t->out.size; /* where the current operand starts */
    bool first = true, open = false, any = false;
    while (more(t) && (peek(t, 0) != ']' || first)) {
        if (peek(t, 0) == '&' && peek(t, 1) == '&') {
            t->at += 2;
            if (open)
                weir_strbuf_add_char(&t->out, ']');
            if (any) { /* (?=left)right */
                _cleanup_strbuf_ weir_strbuf copy = {0};
                weir_strbuf_add(&copy, weir_str_make(t->out.data + left, t->out.size - left));
                t->out.size = left;
                weir_strbuf_addf(&t->out, "(?=" WEIR_STR_FMT ")(?:", WEIR_STR_ARG(weir_strbuf_view(&copy)));
                class_items(t, depth); /* the rest, with the bracket */
                weir_strbuf_add_char(&t->out, ')');
                return;
            }
            open = false;
            continue;
        }
        if (peek(t, 0) == '[') {
            weir_strbuf_add_text(&t->out, open ? "]|" : any ? "|" : "");
            class_atom(t, depth + 1);
            open = false;
        } else {
            if (!open)
                weir_strbuf_add_text(&t->out, any ? "|[" : "[");
            open = true;
            char c = peek(t, 0);
            if (c == '\\') {
                escape(t, true);
            } else {
                if (c == '^' || c == ':' || c == ']' || c == '.' || c == '=')
                    weir_strbuf_add_char(&t->out, '\\');
                weir_strbuf_add_char(&t->out, c);
                t->at++;
            }
        }
        any = true;
        first = false;
    }
    if (open)
        weir_strbuf_add_char(&t->out, ']');
    t->bad |= !any || peek(t, 0) != ']';
    t->at++;
}

/* Whether the class at t->at is the same in both dialects: no '[' within and no "&&". */
static size_t plain_class_size(const translation *t) {
    size_t at = t->at + 1;
    if (at < t->in.size && t->in.data[at] == '^')
        at++;
    if (at < t->in.size && t->in.data[at] == ']')
        at++;
    for (; at < t->in.size && t->in.data[at] != ']'; at++) {
        char c = t->in.data[at], next = at + 1 < t->in.size ? t->in.data[at + 1] : 0;
        if (c == '[' || (c == '&' && next == '&') ||
            (c == '\\' && !strchr("wWdDsStnrf.-]\\[/^$|+*?(){}\"'#:,@!%&=<>~ ", next)))
            return 0;
        at += c == '\\';
    }
    return at < t->in.size ? at + 1 - t->at : 0;
}

static void class_top(translation *t) {
    size_t plain = plain_class_size(t);
    if (plain) {
        weir_strbuf_add(&t->out, weir_str_make(t->in.data + t->at, plain));
        t->at += plain;
    } else {
        class_atom(t, 0);
    }
}

/* '{' must start {n}, {n,} or {n,m}. */
static void brace(translation *t) {
    size_t at = t->at + 1, digits = at;
    while (at < t->in.size && t->in.data[at] >= '0' && t->in.data[at] <= '9')
        at++;
    bool valid = at > digits;
    if (valid && at < t->in.size && t->in.data[at] == ',')
        for (at++; at < t->in.size && t->in.data[at] >= '0' && t->in.data[at] <= '9';)
            at++;
    if (!valid || at >= t->in.size || t->in.data[at] != '}') {
        t->bad = true;
        return;
    }
    weir_strbuf_add(&t->out, weir_str_make(t->in.data + t->at, at + 1 - t->at));
    t->at = at + 1;
}

/* (?iu) and the like: d and u have no letter in PCRE2, U none with the same meaning. */
static void group_start(translation *t) {
    weir_strbuf_add_char(&t->out, '(');
    t->at++;
    if (peek(t, 0) != '?') {
        if (peek(t, 0) == '*')
            t->bad = true; /* a verb of PCRE2's */
        return;
    }
    size_t end = t->at + 1;
    while (end < t->in.size && strchr("idmsuxU-", t->in.data[end]))
        end++;
    if (end < t->in.size && end > t->at + 1 && (t->in.data[end] == ')' || t->in.data[end] == ':')) {
        weir_strbuf_add_char(&t->out, '?');
        for (t->at++; t->at < end; t->at++) {
            if (t->in.data[t->at] == 'U' || t->in.data[t->at] == 'd')
                t->unsupported = "the flags d and U";
            else if (t->in.data[t->at] != 'u')
                weir_strbuf_add_char(&t->out, t->in.data[t->at]);
        }
        return;
    }
    if (!(peek(t, 1) && strchr(":=!<>", peek(t, 1))))
        t->bad = true;
}

bool weir_java_regex_translate(weir_arena *arena, weir_str pattern, weir_str *ret,
                               const char **ret_unsupported) {
    translation t = {.in = pattern};
    while (more(&t)) {
        char c = peek(&t, 0);
        if (c == '\\') {
            escape(&t, false);
        } else if (c == '[') {
            class_top(&t);
        } else if (c == '{') {
            brace(&t);
        } else if (c == '(') {
            group_start(&t);
        } else {
            weir_strbuf_add_char(&t.out, c);
            t.at++;
        }
    }
    *ret_unsupported = t.unsupported;
    *ret = weir_arena_str(arena, weir_strbuf_view(&t.out));
    weir_strbuf_fini(&t.out);
    return !t.bad && !t.unsupported;
}

/* ---- compiling ---- */
static weir_code fail_pattern(weir_arena *arena, weir_str pattern, const char *function, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf buf = {0};
    weir_strbuf_add_char(&buf, '\'');
    for (size_t i = 0; i < pattern.size; i++) {
        if (pattern.data[i] == '\\' || pattern.data[i] == '\'')
            weir_strbuf_add_char(&buf, '\\');
        weir_strbuf_add_char(&buf, pattern.data[i]);
    }
    weir_strbuf_add_char(&buf, '\'');
    WEIR_RAISE(err, INVALID_PARAMETER_VALUE__PATTERN, "parameter", "`regexp`", "functionName", function,
               "value", weir_arena_strdup(arena, buf.data));
}

static weir_code regex_compile(weir_arena *arena, weir_str pattern, const char *function, pcre2_code **ret,
                               weir_error **err) {
    const char *unsupported = NULL;
    weir_str translated;
    if (pattern.size > PATTERN_SIZE_MAX)
        WEIR_FAIL(err, NOT_SUPPORTED, "regular expressions longer than %d bytes are not supported by Weir",
                  PATTERN_SIZE_MAX);
    if (!weir_java_regex_translate(arena, weir_text_valid(arena, pattern), &translated, &unsupported)) {
        if (unsupported)
            WEIR_FAIL(err, NOT_SUPPORTED, "regular expressions with %s are not supported by Weir",
                      unsupported);
        return fail_pattern(arena, pattern, function, err);
    }
    int status;
    PCRE2_SIZE offset;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        return weir_error_oom(err);
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    *ret = pcre2_compile((PCRE2_SPTR)translated.data, translated.size, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                         &status, &offset, context);
    pcre2_compile_context_free(context);
    if (*ret == NULL) {
        if (status == 125 || status == 115) /* lookbehind that is not fixed length; reference to no group */
            WEIR_FAIL(
                err, NOT_SUPPORTED,
                "lookbehind of varying length and references to missing groups are not supported by Weir");
        return fail_pattern(arena, pattern, function, err);
    }
    pcre2_jit_compile(*ret, PCRE2_JIT_COMPLETE); /* without JIT it runs all the same */
    return WEIR_OK;
}

static void free_code(void *code) {
    pcre2_code_free(code);
}

weir_code weir_regex_bind(weir_arena *arena, const weir_type *type, const weir_type *const *arg_types,
                          weir_column *const *literals, int32_t args_count, const weir_timezone *zone,
                          bool ansi, const void **ret_bound, weir_error **err) {
    (void)type, (void)arg_types, (void)zone, (void)ansi, (void)args_count, (void)err;
    pcre2_code *code;
    *ret_bound = NULL;
    if (literals[1] == NULL || weir_column_is_null(literals[1], 0) ||
        regex_compile(arena, weir_column_bytes(literals[1], 0), "", &code, NULL) != WEIR_OK)
        return WEIR_OK; /* a bad pattern is raised by the rows that use it */
    weir_arena_on_reset(arena, free_code, code);
    *ret_bound = code;
    return WEIR_OK;
}

/* ---- matching ---- */
static weir_code take_code(weir_regex_run *run, const pcre2_code *code, weir_error **err) {
    uint32_t groups = 0;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_match_data_free(run->match);
    run->match = pcre2_match_data_create_from_pattern(code, NULL);
    if (run->match == NULL)
        return weir_error_oom(err);
    run->code = code;
    run->groups = (int32_t)groups;
    run->places = pcre2_get_ovector_pointer(run->match);
    return WEIR_OK;
}

weir_code weir_regex_begin(weir_regex_run *run, const weir_kernel_call *call, const char *function,
                           weir_error **err) {
    *run = (weir_regex_run){.call = call, .function = function, .context = pcre2_match_context_create(NULL)};
    if (run->context == NULL)
        return weir_error_oom(err);
    pcre2_set_match_limit(run->context, MATCH_LIMIT);
    pcre2_set_depth_limit(run->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(run->context, HEAP_LIMIT_KIB);
    return call->bound ? take_code(run, call->bound, err) : WEIR_OK;
}

void weir_regex_fini(weir_regex_run *run) {
    pcre2_match_data_free(run->match);
    pcre2_match_context_free(run->context);
    pcre2_code_free(run->own);
}

weir_code weir_regex_row(weir_regex_run *run, int32_t row, weir_error **err) {
    run->text = weir_text_valid(run->call->eval->arena, weir_column_bytes(run->call->args[0], row));
    if (run->text.data == NULL)
        run->text.data = "";
    if (run->call->bound)
        return WEIR_OK;
    weir_str pattern = weir_column_bytes(run->call->args[1], row);
    if (run->own && weir_str_equal(pattern, run->own_text))
        return WEIR_OK;
    pcre2_code_free(run->own);
    run->own = NULL;
    WEIR_TRY(regex_compile(run->call->eval->arena, pattern, run->function, &run->own, err));
    run->own_text = pattern;
    return take_code(run, run->own, err);
}

weir_code weir_regex_find(weir_regex_run *run, size_t from, bool *ret_found, weir_error **err) {
    *ret_found = false;
    if (from > run->text.size)
        return WEIR_OK;
    PCRE2_SPTR data = (PCRE2_SPTR)run->text.data;
    int status =
        pcre2_match(run->code, data, run->text.size, from, PCRE2_NO_UTF_CHECK, run->match, run->context);
    if (status == PCRE2_ERROR_JIT_STACKLIMIT)
        status = pcre2_match(run->code, data, run->text.size, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                             run->match, run->context);
    if (status < 0 && status != PCRE2_ERROR_NOMATCH) {
        PCRE2_UCHAR message[128];
        pcre2_get_error_message(status, message, sizeof(message));
        WEIR_FAIL(err, NOT_SUPPORTED, "a regular expression was stopped: %s", (const char *)message);
    }
    *ret_found = status >= 0;
    return WEIR_OK;
}
