/* One CSV record as univocity's parser reads it, which is what Spark's users have their files read with:
 * quotes that are not closed, text behind a closing quote, escapes of escapes and lines that end in the
 * middle all have its answers. A character a time; plain records never come here (csv_fast.c). Task thread.
 *
 *   record:   value { delimiter value } line end
 *   value:    quoted, by parse_quoted, which looks at the character before as well (`prev`)
 *             bare, up to the next delimiter or line end
 *
 * Every step may meet the end of the data; it then returns false, and finish_at_end gives what there is. */
#include "common/base/alloc.h"
#include "common/format/csv_int.h"

void weir_csv_tokenizer_fini(weir_csv_tokenizer *t) {
    weir_free(t->tokens);
    weir_strbuf_fini(&t->text);
    weir_strbuf_fini(&t->spaces);
}

/* ---- input ---- */

/* A delimiter that is one character of several bytes is one character here, too. */
#define WIDE_DELIMITER 0x100

static bool is_wide(const weir_csv_tokenizer *t) {
    return t->dialect->delimiter.size > 1 && (uint8_t)t->dialect->delimiter.data[0] >= 0xC2 &&
           t->dialect->delimiter_units == 1;
}

static bool bytes_at(const weir_csv_tokenizer *t, size_t at, weir_str text) {
    return t->end - at >= text.size && memcmp(t->data + at, text.data, text.size) == 0;
}

static bool next(weir_csv_tokenizer *t) {
    if (t->pos >= t->end) {
        t->ended = true;
        return false;
    }
    uint8_t c = t->data[t->pos];
    if (c == t->separator[0]) {
        bool two = t->separator[1] != 0;
        if (two && t->pos + 1 >= t->end && !t->eof) {
            t->ended = true; /* perhaps half of a line end */
            return false;
        }
        if ((!two || (t->pos + 1 < t->end && t->data[t->pos + 1] == t->separator[1])) && t->normalize) {
            c = t->dialect->newline;
            t->pos += two;
        }
    }
    if (is_wide(t) && bytes_at(t, t->pos, t->dialect->delimiter)) {
        t->pos += t->dialect->delimiter.size;
        t->ch = WIDE_DELIMITER;
        return true;
    }
    t->pos++;
    t->ch = c;
    return true;
}

static bool is_space(int c) {
    return c <= ' ';
}

/* Behind spaces that follow a closing quote, univocity looks at a long delimiter's first character alone. */
static bool long_delimiter(const weir_csv_tokenizer *t) {
    return t->dialect->delimiter_units > 1 && !t->first_alone;
}

static int delimiter(const weir_csv_tokenizer *t) {
    return is_wide(t) ? WIDE_DELIMITER : (uint8_t)t->dialect->delimiter.data[0];
}

/* ---- the open value ---- */

static void append(weir_csv_tokenizer *t, int c) {
    if (c == WIDE_DELIMITER)
        weir_strbuf_add(&t->text, t->dialect->delimiter);
    else
        weir_strbuf_add_char(&t->text, (char)c);
}

static size_t open_size(const weir_csv_tokenizer *t) {
    return t->text.size - t->start;
}

static void prepend(weir_csv_tokenizer *t, int c) {
    append(t, c);
    char *from = t->text.data + t->start;
    memmove(from + 1, from, open_size(t) - 1);
    *from = (char)c;
}

/* Java chars: two of them for what lies beyond the BMP. */
static int32_t count_units(const char *p, size_t size) {
    int32_t units = 0;
    for (size_t i = 0; i < size; i++)
        units += ((uint8_t)p[i] & 0xC0) != 0x80 ? 1 + ((uint8_t)p[i] >= 0xF0) : 0;
    return units;
}

static void push(weir_csv_tokenizer *t, size_t from, size_t size, bool null) {
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 32;
        t->tokens = weir_realloc(t->tokens, (size_t)t->capacity * sizeof *t->tokens);
    }
    int32_t max = t->dialect->chars_max;
    if (max >= 0 && size > (size_t)max && !null && count_units(t->text.data + from, size) > max)
        t->reason = "a value is longer than maxCharsPerColumn";
    if (t->count >= t->dialect->columns_max)
        t->reason = "there are more values than maxColumns";
    t->tokens[t->count++] = (weir_csv_field){(uint32_t)from, null ? WEIR_CSV_NULL : (uint32_t)size};
}

static void push_empty(weir_csv_tokenizer *t) {
    push(t, 0, 0, true);
}

/* Ends the open value; nothing in it is the empty value. */
static void push_value(weir_csv_tokenizer *t) {
    while (t->trim && open_size(t) && is_space((uint8_t)t->text.data[t->text.size - 1]))
        t->text.size--;
    if (open_size(t) == 0)
        weir_strbuf_add(&t->text, t->dialect->empty_value);
    push(t, t->start, open_size(t), false);
    t->start = t->text.size;
}

/* ---- delimiters of several bytes ---- */

static void keep_partial(weir_csv_tokenizer *t) {
    if (t->match && t->match < t->dialect->delimiter.size)
        weir_strbuf_add(&t->text, weir_str_make(t->dialect->delimiter.data, t->match));
    t->match = 0;
}

/* Whether the delimiter stands here; what only began like one belongs to the value. *ret_ok: no end of data.
 */
static bool match_delimiter(weir_csv_tokenizer *t, bool keep, bool *ret_ok) {
    weir_str sep = t->dialect->delimiter;
    *ret_ok = true;
    while (t->ch == (uint8_t)sep.data[t->match]) {
        if (++t->match == sep.size)
            break;
        if (!next(t)) {
            *ret_ok = false;
            return false;
        }
    }
    if (t->match == sep.size) {
        t->match = 0;
        return true;
    }
    if (keep)
        keep_partial(t);
    return false;
}

static bool append_until_long_delimiter(weir_csv_tokenizer *t) {
    weir_str sep = t->dialect->delimiter;
    while (t->match < sep.size && t->ch != t->dialect->newline) {
        if ((uint8_t)sep.data[t->match] == t->ch) {
            if (++t->match == sep.size)
                break;
        } else if (t->match) {
            keep_partial(t);
            continue;
        } else {
            append(t, t->ch);
        }
        if (!next(t))
            return false;
    }
    keep_partial(t);
    return true;
}

/* ---- values ---- */

/* Up to the delimiter or the line end, which becomes the current character; at the end of the data that is
 * what it was before. */
static bool append_bare(weir_csv_tokenizer *t) {
    if (long_delimiter(t))
        return append_until_long_delimiter(t);
    int stop = delimiter(t), before = t->ch;
    while (t->ch != stop && t->ch != t->dialect->newline) {
        append(t, t->ch);
        if (!next(t)) {
            t->ch = before;
            return false;
        }
    }
    return true;
}

/* Whether the file's line end stands there: a lone '\n' is none where lines end with '\r' and '\n'. */
static bool separator_at(const weir_csv_tokenizer *t, size_t at) {
    if (t->data[at] != t->separator[0])
        return false;
    return !t->separator[1] || (at + 1 < t->end && t->data[at + 1] == t->separator[1]);
}

typedef enum taken { TAKEN, NOT_TAKEN, CUT } taken; /* CUT: more data is needed to know */

/* A bare value that a delimiter or a line end follows, taken as it stands. */
static taken take_bare(weir_csv_tokenizer *t) {
    weir_str sep = t->dialect->delimiter;
    size_t from = t->pos - 1, at = from;
    while (at < t->end && !bytes_at(t, at, sep) && !separator_at(t, at))
        at++;
    if (at == t->end)
        return t->eof ? NOT_TAKEN : CUT;
    size_t size = at - from;
    while (t->dialect->trim_right && size && is_space(t->data[from + size - 1]))
        size--;
    weir_strbuf_add(&t->text, weir_str_make((const char *)t->data + from, size));
    push(t, t->start, size, size == 0);
    t->start = t->text.size;
    t->pos = at;
    return TAKEN;
}

/* A quoted value without escapes that a delimiter or a line end follows. */
static taken take_quoted(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    size_t at = t->pos;
    for (; at < t->end && t->data[at] != d->quote; at++) {
        bool escapes = t->data[at] == d->escape && at + 1 < t->end &&
                       (t->data[at + 1] == d->quote || t->data[at + 1] == d->escape_escape);
        if (escapes || (t->normalize && separator_at(t, at)))
            return NOT_TAKEN;
    }
    if (at + 1 + d->delimiter.size > t->end && !t->eof)
        return CUT;
    if (at + 1 >= t->end || t->data[at - 1] == d->escape)
        return NOT_TAKEN;
    if (!bytes_at(t, at + 1, d->delimiter) && t->data[at + 1] != d->newline)
        return NOT_TAKEN;
    weir_strbuf_add(&t->text, weir_str_make((const char *)t->data + t->pos, at - t->pos));
    t->trim = false;
    push_value(t);
    t->pos = at + 1;
    return TAKEN;
}

static bool parse_quoted(weir_csv_tokenizer *t);

static bool skip_value(weir_csv_tokenizer *t) {
    t->text.size = t->start;
    bool ok = append_bare(t);
    t->text.size = t->start;
    return ok;
}

/* The place of the first delimiter or line end in the open value, or -1. */
static ptrdiff_t find_in_open(const weir_csv_tokenizer *t, size_t *ret_size) {
    weir_str sep = t->dialect->delimiter;
    const char *from = t->text.data + t->start;
    const char *at = open_size(t) ? memmem(from, open_size(t), sep.data, sep.size) : NULL;
    const char *line = open_size(t) ? memchr(from, t->dialect->newline, open_size(t)) : NULL;
    *ret_size = sep.size;
    if (line && (!at || line < at)) {
        at = line;
        *ret_size = 1;
    }
    return at ? at - from : -1;
}

/* What was taken for a quoted value so far is bare values; parsing goes on behind the last delimiter. */
static void back_to_delimiter(weir_csv_tokenizer *t) {
    ptrdiff_t at;
    size_t size;
    while ((at = find_in_open(t, &size)) >= 0) {
        push(t, t->start, (size_t)at, false);
        t->start += (size_t)at + size;
    }
}

/* A quoted value goes on behind its closing quote. */
static bool handle_unescaped(weir_csv_tokenizer *t) {
    t->unescaped = true;
    switch (t->dialect->unescaped) {
    case WEIR_CSV_BACK_TO_DELIMITER:
        back_to_delimiter(t);
        append(t, t->ch);
        t->prev = 0;
        return parse_quoted(t);
    case WEIR_CSV_STOP_AT_CLOSING_QUOTE:
    case WEIR_CSV_STOP_AT_DELIMITER:
        append(t, t->dialect->quote);
        append(t, t->ch);
        t->prev = t->ch;
        return parse_quoted(t);
    case WEIR_CSV_SKIP_VALUE:
        return skip_value(t);
    default:
        t->reason = "Unescaped quote character inside quoted value of CSV field.";
        return true;
    }
}

/* The current character is the quote or the escape. False: the end of the data. */
static bool process_escape(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    if (t->ch == d->escape && t->prev == d->escape_escape && d->escape_escape) {
        append(t, d->escape);
        t->ch = 0;
    } else if (t->prev == d->escape) {
        if (t->ch == d->quote) {
            append(t, d->quote);
            t->ch = 0;
        } else {
            append(t, t->prev);
        }
    } else if (t->ch == d->quote && t->prev == d->quote) {
        append(t, d->quote);
    } else if (t->prev == d->quote) { /* an escape behind the closing quote */
        if (d->unescaped == WEIR_CSV_SKIP_VALUE)
            return skip_value(t);
        if (d->unescaped == WEIR_CSV_RAISE_ERROR) {
            t->reason = "Unescaped quote character inside value of CSV field.";
            return true;
        }
        append(t, d->quote);
        t->prev = t->ch;
        while (t->ch != delimiter(t) && t->ch != d->newline) {
            append(t, t->ch);
            t->prev = t->ch;
            if (!next(t))
                return false;
        }
    }
    return true;
}

/* Spaces behind a closing quote are dropped, unless something else than a delimiter follows. */
static bool parse_behind_quote(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    bool ok;
    weir_strbuf_clear(&t->spaces);
    do {
        weir_strbuf_add_char(&t->spaces, (char)t->ch);
        if (!next(t))
            return false;
        if (t->ch == d->newline)
            return true;
        if (long_delimiter(t) && match_delimiter(t, false, &ok))
            return true;
        if (long_delimiter(t) && !ok)
            return false;
    } while (is_space(t->ch) && t->ch != delimiter(t));
    if ((!long_delimiter(t) && t->ch == delimiter(t)) || d->unescaped == WEIR_CSV_RAISE_ERROR)
        return true;
    append(t, d->quote);
    weir_strbuf_add(&t->text, weir_strbuf_view(&t->spaces));
    if (d->unescaped != WEIR_CSV_STOP_AT_CLOSING_QUOTE || (t->ch != d->quote && t->ch != d->escape))
        append(t, t->ch);
    t->prev = t->ch;
    t->first_alone = true;
    ok = parse_quoted(t);
    t->first_alone = false;
    return ok;
}

/* From the character behind the opening quote on, or, where the value turned out to be none (`prev`), the
 * rest of it up to the delimiter. */
static bool parse_quoted(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    bool ok;
    if (t->prev && d->unescaped != WEIR_CSV_STOP_AT_CLOSING_QUOTE && d->unescaped != WEIR_CSV_RAISE_ERROR) {
        if (d->unescaped == WEIR_CSV_SKIP_VALUE)
            return skip_value(t);
        prepend(t, d->quote);
        if (!next(t))
            return false;
        t->trim = d->trim_right;
        return append_bare(t);
    }
    if (!next(t))
        return false;
    for (;;) {
        bool closed = t->prev == d->quote;
        if (closed &&
            (is_space(t->ch) || t->ch == d->newline || (!long_delimiter(t) && t->ch == delimiter(t))))
            break;
        if (closed && long_delimiter(t)) {
            if (match_delimiter(t, true, &ok))
                return true;
            if (!ok)
                return false;
        }
        if (t->ch != d->quote && t->ch != d->escape) {
            if (closed)
                return handle_unescaped(t);
            if (t->prev == d->escape && d->escape)
                append(t, d->escape);
            int before = t->ch;
            while (t->ch != d->quote && t->ch != d->escape && t->ch != d->escape_escape) {
                append(t, t->ch);
                if (!next(t)) {
                    t->ch = before;
                    return false;
                }
            }
            t->prev = t->ch;
            if (!next(t))
                return false;
        } else {
            if (!process_escape(t))
                return false;
            t->prev = t->ch;
            if (!next(t))
                return false;
            if (t->unescaped && (t->ch == d->newline || (!long_delimiter(t) && t->ch == delimiter(t))))
                return true;
        }
    }
    if (t->ch != delimiter(t) && t->ch != d->newline && is_space(t->ch))
        return parse_behind_quote(t);
    return true;
}

/* ---- records ---- */

static bool skip_spaces(weir_csv_tokenizer *t) {
    while (is_space(t->ch) && t->ch != delimiter(t) && t->ch != t->dialect->newline &&
           t->ch != t->dialect->quote)
        if (!next(t))
            return false;
    return true;
}

static bool parse_value(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    bool ok = true;
    t->unescaped = false;
    t->prev = 0;
    if (t->ch == d->quote) {
        t->normalize = d->normalize_quoted;
        taken result = long_delimiter(t) ? NOT_TAKEN : take_quoted(t);
        if (result != NOT_TAKEN) {
            t->normalize = true;
            return result == TAKEN && next(t);
        }
        t->trim = false;
        ok = parse_quoted(t);
        t->normalize = true;
        if (ok && !(t->unescaped && d->unescaped == WEIR_CSV_BACK_TO_DELIMITER && open_size(t) == 0))
            push_value(t);
        return ok;
    }
    taken result = long_delimiter(t) ? NOT_TAKEN : take_bare(t);
    if (result != NOT_TAKEN)
        return result == TAKEN && next(t);
    if (!long_delimiter(t))
        t->trim = d->trim_right;
    if (!append_bare(t))
        return false;
    while (long_delimiter(t) && d->trim_right && open_size(t) &&
           is_space((uint8_t)t->text.data[t->text.size - 1]))
        t->text.size--;
    push_value(t);
    return true;
}

static bool parse_record(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    bool ok = true;
    if (d->trim_left && is_space(t->ch) && !skip_spaces(t))
        return false;
    while (t->ch != d->newline && !t->reason) {
        if (d->trim_left && is_space(t->ch) && !skip_spaces(t))
            return false;
        bool empty = t->ch == d->newline;
        if (!empty)
            empty = long_delimiter(t) ? match_delimiter(t, true, &ok) : t->ch == delimiter(t);
        if (!ok)
            return false;
        if (empty)
            push_empty(t);
        else if (!parse_value(t))
            return false;
        if (t->ch == d->newline)
            break;
        if (!next(t))
            return false;
        if (t->ch == d->newline)
            push_empty(t);
    }
    return true;
}

/* The data ended within a record: what univocity makes of it. */
static void finish_at_end(weir_csv_tokenizer *t) {
    const weir_csv_dialect *d = t->dialect;
    bool take = false;
    if (t->ch == d->quote && t->prev == d->quote) {
        take = true;
    } else {
        if (t->ch == d->quote && !t->unescaped)
            append(t, d->quote);
        take =
            t->prev && t->ch != delimiter(t) && t->ch != d->newline && (!d->comment || t->ch != d->comment);
        if (t->match) {
            keep_partial(t);
            take = true;
        }
    }
    t->normalize = true;
    if (open_size(t) || take)
        push_value(t);
    else
        push_empty(t);
}

static void start_record(weir_csv_tokenizer *t) {
    t->count = 0;
    weir_strbuf_clear(&t->text);
    t->start = t->match = 0;
    t->reason = NULL;
    t->record = t->pos;
    t->ended = false;
    t->normalize = true;
    t->first_alone = false;
    t->prev = 0;
}

/* A comment goes up to the line's end. */
static bool skip_line(weir_csv_tokenizer *t) {
    do
        if (!next(t))
            return false;
    while (t->ch != t->dialect->newline);
    return true;
}

weir_csv_outcome weir_csv_tokenize(weir_csv_tokenizer *t, const uint8_t *data, size_t pos, size_t end,
                                   bool eof, bool line, size_t *ret_next) {
    t->data = data;
    t->pos = pos;
    t->end = end;
    t->eof = eof;
    for (;;) {
        start_record(t);
        if (!next(t))
            return eof ? WEIR_CSV_NONE : WEIR_CSV_MORE;
        if (t->dialect->comment && t->ch == t->dialect->comment && !line) {
            if (skip_line(t))
                continue;
            return eof ? WEIR_CSV_NONE : WEIR_CSV_MORE;
        }
        bool whole = parse_record(t);
        if (!whole && !eof)
            return WEIR_CSV_MORE;
        if (!whole)
            finish_at_end(t);
        if (t->count || line)
            break;
    }
    *ret_next = t->pos;
    return t->reason ? WEIR_CSV_LIMIT : WEIR_CSV_ROW;
}
