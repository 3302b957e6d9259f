/* Path patterns (glob.h). Matching backtracks over '*' only and keeps one position to return to, so it is
 * linear times quadratic at worst, and never recurses. */
#include "connectors/file/glob.h"

#define ALTERNATIVES_MAX 10000

bool weir_glob_is_pattern(weir_str path) {
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] && strchr("{}[]*?\\", path.data[i]))
            return true;
    return false;
}

static weir_code illegal(weir_error **err, const char *what, weir_str pattern) {
    WEIR_FAIL(err, INVALID_ARGUMENT, "Illegal file pattern: %s: `" WEIR_STR_FMT "`", what,
              WEIR_STR_ARG(pattern));
}

/* Position of the ']' that closes the class opened at `at`; 0 where there is none. */
static size_t class_end(weir_str pattern, size_t at) {
    size_t i = at + 1;
    if (i < pattern.size && (pattern.data[i] == '^' || pattern.data[i] == '!'))
        i++;
    for (size_t first = i; i < pattern.size && pattern.data[i] != '/'; i++) {
        if (pattern.data[i] == '\\')
            i++;
        else if (pattern.data[i] == ']' && i > first)
            return i;
    }
    return 0;
}

/* Finds the first brace group: [*open, *close]; false where there is none. */
static weir_code find_group(weir_str pattern, size_t *open, size_t *close, bool *ret_found,
                            weir_error **err) {
    *ret_found = false;
    int depth = 0;
    for (size_t i = 0; i < pattern.size; i++) {
        char c = pattern.data[i];
        if (c == '\\') {
            i++;
        } else if (c == '[') {
            i = class_end(pattern, i);
            if (!i)
                return illegal(err, "error parsing regexp: Unclosed character class", pattern);
        } else if (c == '{' && depth++ == 0) {
            *open = i;
        } else if (c == '}' && depth > 0 && --depth == 0) {
            *close = i;
            *ret_found = true;
            return WEIR_OK;
        }
    }
    return depth ? illegal(err, "error parsing regexp: Unclosed group", pattern) : WEIR_OK;
}

/* End of the alternative that begins at `at`: the next ',' of this depth, or `close`. */
static size_t alternative_end(weir_str pattern, size_t at, size_t close) {
    int depth = 0;
    for (; at < close; at++) {
        char c = pattern.data[at];
        if (c == '\\')
            at++;
        else if (c == '{')
            depth++;
        else if (c == '}')
            depth--;
        else if (c == ',' && depth == 0)
            return at;
    }
    return close;
}

static void push(weir_arena *arena, weir_str_list *list, int32_t *capacity, weir_str item) {
    if (list->count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 8;
        weir_str *items = WEIR_NEW_ARRAY(arena, weir_str, *capacity);
        if (list->count)
            memcpy(items, list->items, (size_t)list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = item;
}

weir_code weir_glob_expand(weir_arena *arena, weir_str pattern, weir_str_list *ret, weir_error **err) {
    weir_str_list work = {0}, done = {0};
    int32_t work_capacity = 0, done_capacity = 0;
    push(arena, &work, &work_capacity, pattern);
    while (work.count > 0) { /* a stack: alternatives are pushed last first, so they come out in order */
        weir_str item = work.items[--work.count];
        size_t open = 0, close = 0;
        bool found;
        WEIR_TRY(find_group(item, &open, &close, &found, err));
        if (!found) {
            push(arena, &done, &done_capacity, item);
            continue;
        }
        int32_t base = work.count;
        for (size_t at = open + 1; at <= close;) {
            size_t end = alternative_end(item, at, close);
            char *text =
                weir_arena_printf(arena, "%.*s%.*s%.*s", (int)open, item.data, (int)(end - at),
                                  item.data + at, (int)(item.size - close - 1), item.data + close + 1);
            push(arena, &work, &work_capacity, weir_str_from(text));
            at = end + 1;
        }
        if (work.count + done.count > ALTERNATIVES_MAX)
            return illegal(err, "too many alternatives", pattern);
        for (int32_t i = base, k = work.count - 1; i < k; i++, k--) {
            weir_str swap = work.items[i];
            work.items[i] = work.items[k];
            work.items[k] = swap;
        }
    }
    *ret = done;
    return WEIR_OK;
}

char *weir_glob_unescape(weir_arena *arena, weir_str component) {
    char *text = weir_arena_strndup(arena, component.data, component.size);
    size_t size = 0;
    for (size_t i = 0; i < component.size; i++) {
        if (text[i] == '\\' && i + 1 < component.size)
            i++;
        text[size++] = text[i];
    }
    text[size] = 0;
    return text;
}

/* The next character (a code point where the text is UTF-8, else a byte). */
static uint32_t next_char(weir_str text, size_t *at) {
    uint8_t c = (uint8_t)text.data[(*at)++];
    size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
    uint32_t value = more ? c & (0x3Fu >> more) : c;
    while (more-- > 0 && *at < text.size && ((uint8_t)text.data[*at] & 0xC0) == 0x80)
        value = value << 6 | ((uint8_t)text.data[(*at)++] & 0x3Fu);
    return value;
}

static bool class_has(weir_str body, uint32_t c) {
    size_t i = 0;
    bool negated = body.size && (body.data[0] == '^' || body.data[0] == '!');
    i += negated;
    bool found = false;
    while (i < body.size) {
        if (body.data[i] == '\\' && i + 1 < body.size)
            i++;
        uint32_t low = next_char(body, &i), high = low;
        if (i + 1 < body.size && body.data[i] == '-') {
            i++;
            if (body.data[i] == '\\' && i + 1 < body.size)
                i++;
            high = next_char(body, &i);
        }
        found |= c >= low && c <= high;
    }
    return found != negated;
}

/* Matches one pattern element other than '*' against the next character; moves both on. */
static bool match_one(weir_str pattern, size_t *p, weir_str name, size_t *n) {
    uint32_t c = next_char(name, n);
    if (pattern.data[*p] == '?') {
        ++*p;
        return true;
    }
    if (pattern.data[*p] == '[') {
        size_t end = class_end(pattern, *p);
        if (end) {
            weir_str body = {pattern.data + *p + 1, end - *p - 1};
            *p = end + 1;
            return class_has(body, c);
        }
    }
    if (pattern.data[*p] == '\\' && *p + 1 < pattern.size)
        ++*p;
    return next_char(pattern, p) == c;
}

bool weir_glob_match(weir_str pattern, weir_str name) {
    size_t p = 0, n = 0, star = SIZE_MAX, resume = 0;
    while (n < name.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            star = ++p;
            resume = n;
            continue;
        }
        if (p < pattern.size && match_one(pattern, &p, name, &n))
            continue;
        if (star == SIZE_MAX)
            return false;
        next_char(name, &resume); /* the star takes one character more */
        p = star;
        n = resume;
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}
