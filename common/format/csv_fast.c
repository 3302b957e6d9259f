/* Plain CSV records, sixteen bytes at a time: bare values, and quoted ones without a quote, an escape or a
 * line end in them. Delimiters and line ends of 64 bytes become the bits of a mask, over which the values of
 * a record are cut. Anything else, csv_token.c takes. Task thread, no state. */
#include <emmintrin.h>

#include "common/base/utf8.h"
#include "common/format/csv_int.h"
#include "common/format/json_scan.h"

typedef struct scanner {
    const weir_csv_spec *spec;
    const uint8_t *data, *limit;
    const uint8_t *block;      /* 64 bytes whose marks are in `mask` */
    uint64_t mask;             /* delimiters and line ends not yet taken */
    uint64_t high, block_high; /* bytes of other than ASCII: in the blocks of this record, in the last one */
    __m128i delimiter, carriage;
    weir_csv_rows *rows;
} scanner;

/* Reads up to 63 bytes behind the limit, where the pad is. */
static inline void scan_block(scanner *s, const uint8_t *p) {
    const __m128i newline = _mm_set1_epi8('\n');
    uint64_t mask = 0, high = 0;
    for (int i = 0; i < 4; i++) {
        __m128i v = weir_json_scan_load(p + 16 * i);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, s->delimiter), _mm_cmpeq_epi8(v, newline)),
                                   _mm_cmpeq_epi8(v, s->carriage));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << (16 * i);
        high |= (uint64_t)(uint32_t)_mm_movemask_epi8(v) << (16 * i);
    }
    s->block = p;
    s->mask = mask;
    s->block_high = high;
    s->high |= high;
}

/* The next delimiter or line end. There is one: the pad. */
static inline const uint8_t *next_mark(scanner *s) {
    while (WEIR_UNLIKELY(!s->mask))
        scan_block(s, s->block + 64);
    const uint8_t *at = s->block + __builtin_ctzll(s->mask);
    s->mask &= s->mask - 1;
    return at;
}

/* The closing quote of the plain quoted value that begins behind `p`; NULL where it is not plain. */
static const uint8_t *closing_quote(scanner *s, const uint8_t *p) {
    const weir_csv_dialect *d = &s->spec->dialect;
    const __m128i quote = _mm_set1_epi8((char)d->quote), escape = _mm_set1_epi8((char)d->escape);
    const __m128i newline = _mm_set1_epi8('\n'), carriage = _mm_set1_epi8('\r');
    for (; p < s->limit; p += 16) {
        __m128i v = weir_json_scan_load(p);
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, escape)),
                                   _mm_or_si128(_mm_cmpeq_epi8(v, newline), _mm_cmpeq_epi8(v, carriage)));
        uint32_t mask = (uint32_t)_mm_movemask_epi8(hit);
        s->high |= (uint32_t)_mm_movemask_epi8(v);
        if (mask) {
            p += __builtin_ctz(mask);
            return p < s->limit && *p == d->quote ? p : NULL;
        }
    }
    return NULL;
}

static bool is_blank(const uint8_t *p, const uint8_t *end) {
    while (p < end && *p <= ' ')
        p++;
    return p == end;
}

static inline void set(weir_csv_field *field, const scanner *s, const uint8_t *from, const uint8_t *end) {
    field->at = (uint32_t)(from - s->data);
    field->size = from == end ? WEIR_CSV_NULL : (uint32_t)(end - from);
}

/* One value from `from` up to `*end`, a mark; a quoted one moves it. False: not plain. */
static inline bool take_value(scanner *s, const uint8_t *from, const uint8_t **end, weir_csv_field *field) {
    const weir_csv_dialect *d = &s->spec->dialect;
    const uint8_t *to = *end;
    if (d->trim_left)
        while (from < to && *from <= ' ')
            from++;
    if (WEIR_UNLIKELY(from < to && *from == d->quote)) {
        const uint8_t *close = closing_quote(s, from + 1);
        if (!close || (close == from + 1 && d->empty_value.size))
            return false;
        if (close > to) {
            scan_block(s, close);
            *end = next_mark(s);
        }
        field->at = (uint32_t)(from + 1 - s->data);
        field->size = (uint32_t)(close - from - 1);
        return *end == close + 1;
    }
    if (d->trim_right) {
        const uint8_t *back = to;
        while (back > from && back[-1] <= ' ')
            back--;
        if (back == from && from < to)
            return false; /* it is empty, not absent */
        to = back;
    }
    set(field, s, from, to);
    return true;
}

typedef enum taken { TAKEN, PASSED_OVER, NOT_PLAIN } taken;

/* The record at `p`; *ret_end is its line end. */
static taken take_record(scanner *s, const uint8_t *p, bool cr, const uint8_t **ret_end) {
    const weir_csv_spec *spec = s->spec;
    weir_csv_rows *rows = s->rows;
    weir_csv_field *fields = rows->fields + (size_t)rows->count * (size_t)rows->width, scratch;
    const uint8_t *from = p, *end;
    int32_t columns = spec->data->fields_count, count = 0;
    for (;; from = end + 1) {
        end = next_mark(s);
        int32_t slot = count < columns ? spec->slots[count] : -1;
        if (!take_value(s, from, &end, slot >= 0 ? fields + slot : &scratch))
            return NOT_PLAIN;
        count++;
        if (*end == '\n' || (cr && *end == '\r'))
            break;
    }
    *ret_end = end;
    if (WEIR_UNLIKELY(*p <= ' ') && is_blank(p, end)) {
        if (!cr && p < end && end == s->limit)
            return NOT_PLAIN; /* the file ends in it: univocity takes that for a value */
        if (cr || p == end || spec->dialect.trim_left)
            return PASSED_OVER;
    }
    if (WEIR_UNLIKELY(spec->dialect.comment && *p == spec->dialect.comment))
        return PASSED_OVER;
    if (WEIR_UNLIKELY(count > spec->dialect.columns_max))
        return NOT_PLAIN;
    if (WEIR_UNLIKELY(s->high) && !weir_utf8_valid(weir_str_make((const char *)p, (size_t)(end - p))))
        return NOT_PLAIN;
    weir_csv_record *record = &rows->records[rows->count];
    bool crlf = !cr && end > p && end[-1] == '\r'; /* no line end of the file's, but not shown */
    record->raw = (weir_csv_field){(uint32_t)(p - s->data), (uint32_t)(end - p - crlf)};
    record->fault = WEIR_CSV_SOUND;
    record->failed = false;
    if (WEIR_UNLIKELY(count != columns)) {
        for (int32_t i = count; i < columns; i++)
            if (spec->slots[i] >= 0)
                fields[spec->slots[i]].size = WEIR_CSV_NULL;
        record->fault = spec->pruned ? WEIR_CSV_SOUND : WEIR_CSV_COUNT;
    }
    rows->count++;
    return TAKEN;
}

bool weir_csv_fast(const weir_csv_spec *spec, const uint8_t *data, size_t *pos, size_t limit, bool cr,
                   int32_t rows_max, weir_csv_rows *rows) {
    char delimiter = spec->dialect.delimiter.data[0];
    scanner s = {.spec = spec,
                 .data = data,
                 .limit = data + limit,
                 .delimiter = _mm_set1_epi8(delimiter),
                 .carriage = _mm_set1_epi8(cr ? '\r' : '\n'),
                 .rows = rows};
    const uint8_t *p = data + *pos, *end = p;
    if (p < s.limit)
        scan_block(&s, p);
    while (p < s.limit && rows->count < rows_max) {
        s.high = s.block_high;
        taken result = take_record(&s, p, cr, &end);
        if (result == NOT_PLAIN) {
            *pos = (size_t)(p - data);
            return false;
        }
        if (WEIR_UNLIKELY(cr && *end == '\r' && end[1] == '\n') && end + 1 < s.limit)
            end = next_mark(&s);
        p = end + 1;
    }
    *pos = WEIR_MIN((size_t)(p - data), limit);
    return true;
}
