/* The CSV writer: columns to the text that univocity's writer makes of Spark's values, quote by quote. Task
 * thread.
 *
 *   batch -> values as text -> put_value: trimmed, quoted where it must be -> output_stream.c
 *
 * A value is quoted where it has a delimiter, a line end or (escapeQuotes) a quote in it; NULL and "" are
 * written as nullValue and emptyValue. The file becomes visible and durable in finish; abort and every
 * failure leave nothing behind. Failure: what the file system reports. */
#include "common/base/alloc.h"
#include "common/base/utf8.h"
#include "common/column/cell_text.h"
#include "common/format/csv_int.h"
#include "common/format/output_stream.h"

typedef struct csv_writer {
    const weir_csv_write_spec *spec;
    weir_output_stream *stream;
    bool triggers[256]; /* a value with such a byte is quoted (a delimiter of several bytes: its first) */
    bool stops[256];    /* triggers, the quote and the escape */
    bool headed;
    weir_strbuf value; /* the text of one value */
    weir_strbuf put;   /* as it is written, without quotes around it */
    weir_column **flat;
} csv_writer;

/* ---- one value, as it stands in the file ---- */

static bool is_space(char c) {
    return (uint8_t)c <= ' ';
}

static bool delimiter_at(const csv_writer *w, weir_str text, size_t i) {
    weir_str sep = w->spec->dialect.delimiter;
    return text.size - i >= sep.size && memcmp(text.data + i, sep.data, sep.size) == 0;
}

static bool triggers_at(const csv_writer *w, weir_str text, size_t i) {
    uint8_t c = (uint8_t)text.data[i];
    return w->triggers[c] || (c == (uint8_t)w->spec->dialect.delimiter.data[0] && delimiter_at(w, text, i));
}

static bool needs_quotes(const csv_writer *w, weir_str text, size_t from) {
    for (size_t i = from; i < text.size; i++)
        if (w->stops[(uint8_t)text.data[i]] && triggers_at(w, text, i))
            return true;
    return false;
}

static void trim_put(csv_writer *w, weir_str text) {
    if (!w->spec->dialect.trim_right || !text.size || !is_space(text.data[text.size - 1]))
        return;
    while (w->put.size && is_space(w->put.data[w->put.size - 1]))
        w->put.size--;
}

/* A '\n' in a value becomes the file's line end where that has two characters. */
static void put_quoted(csv_writer *w, weir_str text, size_t from) {
    const weir_csv_dialect *d = &w->spec->dialect;
    size_t run = from;
    for (size_t i = from; i < text.size; i++) {
        uint8_t c = (uint8_t)text.data[i];
        if (c != d->quote && c != d->escape && c != d->newline)
            continue;
        weir_strbuf_add(&w->put, weir_str_make(text.data + run, i - run));
        run = i + 1;
        if (c == d->quote)
            weir_strbuf_add_char(&w->put, (char)d->escape);
        else if (c == d->escape && d->escape_escape)
            weir_strbuf_add_char(&w->put, (char)d->escape_escape);
        if (c == d->newline)
            weir_strbuf_add(&w->put, w->spec->line_sep);
        else
            weir_strbuf_add_char(&w->put, (char)c);
    }
    weir_strbuf_add(&w->put, weir_str_make(text.data + run, text.size - run));
    trim_put(w, text);
}

/* Into w->put; true where quotes go around it. `special`: it is nullValue or emptyValue. */
static bool put_text(csv_writer *w, bool first, bool quoted, weir_str text, bool special) {
    const weir_csv_dialect *d = &w->spec->dialect;
    size_t from = 0;
    while (d->trim_left && from < text.size && is_space(text.data[from]))
        from++;
    if (from < text.size &&
        ((uint8_t)text.data[from] == d->quote || (first && (uint8_t)text.data[0] == d->comment)))
        quoted = true;
    if (quoted) {
        bool enclosed = special && text.size >= 2 && (uint8_t)text.data[0] == d->quote &&
                        (uint8_t)text.data[text.size - 1] == d->quote;
        if (enclosed)
            weir_strbuf_add(&w->put, text);
        else
            put_quoted(w, text, from);
        return !enclosed;
    }
    size_t i = from;
    while (i < text.size && !w->stops[(uint8_t)text.data[i]])
        i++;
    for (; i < text.size; i++) {
        uint8_t c = (uint8_t)text.data[i];
        bool marked = c == d->quote || c == d->escape;
        if (!marked && !triggers_at(w, text, i))
            continue;
        if (marked && !needs_quotes(w, text, i))
            break;
        weir_strbuf_add(&w->put, weir_str_make(text.data + from, i - from));
        put_quoted(w, text, i);
        return true;
    }
    weir_strbuf_add(&w->put, weir_str_make(text.data + from, text.size - from));
    trim_put(w, text);
    return false;
}

/* data NULL: no value. */
static void put_value(csv_writer *w, weir_strbuf *out, bool first, weir_str text) {
    const weir_csv_write_spec *spec = w->spec;
    size_t blank = 0;
    while (spec->dialect.trim_left && blank < text.size && is_space(text.data[blank]))
        blank++;
    bool special = !text.data || blank == text.size;
    if (special)
        text = text.data ? spec->empty_value : spec->null_value;
    weir_strbuf_clear(&w->put);
    bool quoted = put_text(w, first, spec->quote_all, text, special);
    if (w->put.size == 0 &&
        !special) { /* blanks that were trimmed: univocity cuts them off behind emptyValue */
        weir_strbuf_add(&w->put, text);
        put_text(w, first, quoted, spec->empty_value, false);
        w->put.size -= WEIR_MIN(text.size, w->put.size);
    }
    if (quoted)
        weir_strbuf_add_char(out, (char)spec->dialect.quote);
    weir_strbuf_add(out, weir_strbuf_view(&w->put));
    if (quoted)
        weir_strbuf_add_char(out, (char)spec->dialect.quote);
}

/* ---- values as text ---- */

static const weir_datetime_pattern *pattern_of(const weir_csv_write_spec *spec, weir_type_kind kind) {
    switch (kind) {
    case WEIR_TYPE_DATE:
        return spec->date_pattern;
    case WEIR_TYPE_TIMESTAMP:
        return spec->timestamp_pattern;
    case WEIR_TYPE_TIMESTAMP_NTZ:
        return spec->ntz_pattern;
    case WEIR_TYPE_TIME:
        return spec->time_pattern;
    default:
        return NULL;
    }
}

static void add_time(csv_writer *w, const weir_column *column, int32_t row,
                     const weir_datetime_pattern *pattern) {
    const uint8_t *at = column->values + (size_t)weir_type_width(column->type) * (size_t)row;
    const weir_timezone *zone = weir_timezone_utc();
    int64_t micros;
    switch (column->type->kind) {
    case WEIR_TYPE_DATE:
        micros = (int32_t)weir_load32(at) * WEIR_MICROS_PER_DAY;
        break;
    case WEIR_TYPE_TIME:
        micros = (int64_t)weir_load64(at) / 1000;
        break;
    case WEIR_TYPE_TIMESTAMP:
        zone = w->spec->zone;
        micros = (int64_t)weir_load64(at);
        break;
    default:
        micros = (int64_t)weir_load64(at);
    }
    weir_datetime_pattern_format(pattern, micros, zone, &w->value);
}

/* Numbers, times and intervals are JSON's without its quotes. */
static weir_str scalar_text(csv_writer *w, const weir_column *column, int32_t row) {
    weir_json_style style = {.zone = w->spec->zone};
    const weir_datetime_pattern *pattern = pattern_of(w->spec, column->type->kind);
    weir_strbuf_clear(&w->value);
    if (pattern) {
        add_time(w, column, row, pattern);
        return weir_strbuf_view(&w->value);
    }
    if (column->type->kind == WEIR_TYPE_BINARY) {
        weir_cell_text(&w->value, column, row, WEIR_TEXT_SHOW, w->spec->zone);
        return weir_strbuf_view(&w->value);
    }
    (void)weir_json_write_value(&w->value, column, row, &style); /* only variants fail */
    weir_str text = weir_strbuf_view(&w->value);
    if (text.size >= 2 && text.data[0] == '"')
        text = weir_str_make(text.data + 1, text.size - 2);
    return text;
}

static weir_str string_text(csv_writer *w, weir_str text) {
    if (WEIR_LIKELY(weir_utf8_valid(text)))
        return text.data ? text : WEIR_STR("");
    weir_strbuf_clear(&w->value);
    weir_json_repair_utf8(&w->value, text);
    return weir_strbuf_view(&w->value);
}

static weir_str text_of(csv_writer *w, const weir_column *column, int32_t row) {
    if (weir_column_is_null(column, row))
        return (weir_str){0};
    switch (column->type->kind) {
    case WEIR_TYPE_STRING:
    case WEIR_TYPE_CHAR:
    case WEIR_TYPE_VARCHAR:
        return string_text(w, weir_column_bytes(column, row));
    default:
        return scalar_text(w, column, row);
    }
}

/* ---- rows ---- */

static void begin_value(csv_writer *w, weir_strbuf *out, int32_t i) {
    if (i)
        weir_strbuf_add(out, w->spec->dialect.delimiter);
}

static void put_header(csv_writer *w) {
    const weir_type *schema = w->spec->schema;
    weir_strbuf *out = weir_output_stream_text(w->stream);
    if (w->headed || !w->spec->header)
        return;
    w->headed = true;
    for (int32_t i = 0; i < schema->fields_count; i++) {
        begin_value(w, out, i);
        put_value(w, out, i == 0, schema->fields[i].name);
    }
    weir_strbuf_add(out, w->spec->line_sep);
}

static weir_code put_rows(csv_writer *w, const weir_batch *batch, weir_error **err) {
    weir_strbuf *out = weir_output_stream_text(w->stream);
    for (int32_t row = 0; row < batch->rows; row++) {
        size_t before = out->size;
        for (int32_t i = 0; i < batch->columns_count; i++) {
            begin_value(w, out, i);
            put_value(w, out, i == 0, text_of(w, w->flat[i], row));
        }
        if (out->size > before) /* Spark writes no empty lines */
            weir_strbuf_add(out, w->spec->line_sep);
        WEIR_TRY(weir_output_stream_spill(w->stream, err));
    }
    return WEIR_OK;
}

weir_code weir_csv_writer_write(weir_writer *writer, const weir_batch *batch, weir_error **err) {
    csv_writer *w = (csv_writer *)writer;
    weir_code code = WEIR_OK;
    put_header(w);
    w->flat = weir_alloc_zero((size_t)batch->columns_count + 1, sizeof *w->flat);
    for (int32_t i = 0; i < batch->columns_count && code == WEIR_OK; i++)
        code = weir_column_flatten(NULL, batch->columns[i], &w->flat[i], err);
    if (code == WEIR_OK)
        code = put_rows(w, batch, err);
    for (int32_t i = 0; i < batch->columns_count; i++)
        weir_column_unref(w->flat[i]);
    weir_free(w->flat);
    w->flat = NULL;
    return code;
}

/* ---- life ---- */

weir_code weir_csv_writer_open(const weir_write_spec *write_spec, weir_fs *fs, const char *path,
                               weir_budget *budget, weir_writer **ret, weir_error **err) {
    (void)budget; /* the buffers are small: a piece of the file and one value */
    const weir_csv_write_spec *spec = (const weir_csv_write_spec *)write_spec;
    weir_output_stream *stream = NULL;
    WEIR_TRY(weir_output_stream_open(fs, path, spec->codec, &stream, err));
    csv_writer *w = weir_alloc_zero(1, sizeof *w);
    w->spec = spec;
    w->stream = stream;
    w->triggers['\n'] = w->triggers['\r'] = true;
    for (size_t i = 0; i < spec->line_sep.size; i++)
        w->triggers[(uint8_t)spec->line_sep.data[i]] = true;
    w->triggers[spec->dialect.quote] |= spec->escape_quotes;
    memcpy(w->stops, w->triggers, sizeof w->stops);
    w->stops[(uint8_t)spec->dialect.delimiter.data[0]] = true;
    w->stops[spec->dialect.quote] = w->stops[spec->dialect.escape] = true;
    *ret = (weir_writer *)w;
    return WEIR_OK;
}

static void free_writer(csv_writer *w) {
    weir_strbuf_fini(&w->value);
    weir_strbuf_fini(&w->put);
    weir_free(w);
}

weir_code weir_csv_writer_finish(weir_writer *writer, int64_t *ret_size, weir_error **err) {
    csv_writer *w = (csv_writer *)writer;
    put_header(w);
    weir_code code = weir_output_stream_finish(w->stream, ret_size, err);
    free_writer(w);
    return code;
}

void weir_csv_writer_abort(weir_writer *writer) {
    csv_writer *w = (csv_writer *)writer;
    if (!w)
        return;
    weir_output_stream_abort(w->stream);
    free_writer(w);
}
