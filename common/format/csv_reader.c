/* The CSV reader: a split of a file to batches. Task thread.
 *
 *   line_buffer.c -> csv_fast.c, or csv_token.c where a record is not plain -> weir_csv_rows
 *                 -> csv_convert.c, a column at a time -> builders -> batch
 *
 * The rows of a batch are gathered until it is full or the buffer needs its next chunk, then converted.
 * Without multiLine a record is a line, which Spark cuts first: quotes do not hold it together, and lines
 * that are blank or comments are none. With multiLine the parser finds the records of the whole file, a line
 * end being what the first one of the file is.
 *
 * The header is the first line of a file that is not blank. Modes as in Spark's FailureSafeParser: PERMISSIVE
 * keeps what could be read and puts the record's text into the corrupt-record column, DROPMALFORMED drops the
 * record, FAILFAST fails the task. Failure: FAILED_READ_FILE.NO_HINT with the file's name, OUT_OF_MEMORY,
 * what the file system reports. */
#include "common/base/alloc.h"
#include "common/base/utf8.h"
#include "common/format/csv_int.h"
#include "common/format/json_scan.h"
#include "common/format/line_buffer.h"
#include "common/format/row_text.h"

#define SEPARATOR_SEARCH ((size_t)1 << 20) /* the first line end is looked for in so much of a file */
#define TEXT_MAX ((size_t)64 << 20)        /* rows are converted earlier: a batch's offsets have 32 bits */

typedef struct csv_reader {
    const weir_csv_spec *spec;
    weir_budget *budget;
    weir_line_buffer lines;
    weir_csv_tokenizer tokens;
    weir_csv_rows rows;
    weir_strbuf decoded, repaired;
    weir_builder *builders; /* of spec->parsed's columns */
    weir_builder corrupt;
    bool built, done;
    bool header;    /* is still to come */
    bool first;     /* the first record of the file is still to come */
    bool separated; /* tokens.separator is settled */
    int32_t built_rows;
    int64_t records;
} csv_reader;

static weir_code out_of_memory(weir_error **err) {
    WEIR_FAIL(err, OUT_OF_MEMORY, "a batch of CSV rows does not fit the task's budget");
}

/* ---- rows ---- */

weir_code weir_csv_rows_init(weir_csv_rows *rows, weir_budget *budget, int32_t capacity, int32_t width,
                             weir_error **err) {
    size_t fields = (size_t)capacity * (size_t)width * sizeof *rows->fields;
    *rows = (weir_csv_rows){.capacity = capacity, .width = width, .budget = budget};
    rows->memory = weir_buffer_new(budget, fields + (size_t)capacity * sizeof *rows->records);
    rows->text_buffer = weir_buffer_new(budget, WEIR_LINE_PAD);
    if (!rows->memory || !rows->text_buffer)
        return out_of_memory(err);
    rows->fields = (weir_csv_field *)rows->memory->data;
    rows->records = (weir_csv_record *)(rows->memory->data + fields);
    rows->text = rows->text_buffer->data;
    memset(rows->text, 0, WEIR_LINE_PAD);
    return WEIR_OK;
}

void weir_csv_rows_fini(weir_csv_rows *rows) {
    weir_buffer_unref(rows->memory);
    weir_buffer_unref(rows->text_buffer);
    *rows = (weir_csv_rows){0};
}

void weir_csv_rows_clear(weir_csv_rows *rows) {
    rows->count = 0;
    rows->text_size = 0;
}

weir_code weir_csv_rows_text(weir_csv_rows *rows, const void *text, size_t size, weir_csv_field *ret,
                             weir_error **err) {
    size_t need = rows->text_size + size + WEIR_LINE_PAD;
    if (need >= WEIR_CSV_IN_TEXT)
        return out_of_memory(err);
    if (need > rows->text_buffer->capacity &&
        !weir_buffer_reserve(rows->text_buffer, WEIR_MAX(need, 2 * rows->text_buffer->capacity)))
        return out_of_memory(err);
    rows->text = rows->text_buffer->data;
    if (size)
        memcpy(rows->text + rows->text_size, text, size);
    memset(rows->text + rows->text_size + size, 0, WEIR_LINE_PAD);
    *ret = (weir_csv_field){(uint32_t)rows->text_size | WEIR_CSV_IN_TEXT, (uint32_t)size};
    rows->text_size += size;
    return WEIR_OK;
}

/* Bytes that are no UTF-8 are U+FFFD, as where Java decodes a line. */
static weir_str repair(csv_reader *r, weir_str text) {
    if (weir_utf8_valid(text))
        return text;
    weir_strbuf_clear(&r->repaired);
    weir_json_repair_utf8(&r->repaired, text);
    return weir_strbuf_view(&r->repaired);
}

/* The tokenizer's record as a row. */
static weir_code add_tokens(csv_reader *r, weir_str raw, weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    const weir_csv_tokenizer *t = &r->tokens;
    weir_csv_rows *rows = &r->rows;
    weir_csv_field *fields = rows->fields + (size_t)rows->count * (size_t)rows->width;
    weir_csv_record *record = &rows->records[rows->count];
    for (int32_t i = 0; i < spec->data->fields_count; i++) {
        if (spec->slots[i] < 0)
            continue;
        weir_csv_field *field = &fields[spec->slots[i]];
        *field = (weir_csv_field){0, WEIR_CSV_NULL};
        if (i >= t->count || t->tokens[i].size == WEIR_CSV_NULL)
            continue;
        weir_str text = {t->text.data + t->tokens[i].at, t->tokens[i].size};
        text = repair(r, text);
        WEIR_TRY(weir_csv_rows_text(rows, text.data, text.size, field, err));
    }
    bool short_or_long = t->count != spec->data->fields_count && !spec->pruned;
    record->fault = short_or_long ? WEIR_CSV_COUNT : WEIR_CSV_SOUND;
    record->failed = false;
    record->raw = (weir_csv_field){0, 0};
    if (spec->corrupt >= 0 || spec->mode == WEIR_CSV_FAIL) {
        raw = repair(r, raw);
        WEIR_TRY(weir_csv_rows_text(rows, raw.data, raw.size, &record->raw, err));
    }
    rows->count++;
    return WEIR_OK;
}

/* ---- FAILFAST ---- */

static weir_code fail_fast(csv_reader *r, int32_t base, const weir_csv_record *record, int32_t row,
                           weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    _cleanup_strbuf_ weir_strbuf text = {0};
    _cleanup_error_ weir_error *cause = NULL;
    if (spec->parsed->fields_count == 0)
        weir_strbuf_add_text(&text, "[empty row]");
    for (int32_t i = 0; i < spec->parsed->fields_count; i++) {
        _cleanup_column_ weir_column *column = NULL;
        weir_strbuf_add_char(&text, i ? ',' : '[');
        WEIR_TRY(weir_builder_finish(&r->builders[i], &column, err));
        weir_row_text_value(&text, column, base + row);
    }
    if (spec->parsed->fields_count)
        weir_strbuf_add_char(&text, ']');
    weir_error_raise(&cause, WEIR_MALFORMED_RECORD_IN_PARSING__WITHOUT_SUGGESTION, "badRecord",
                     text.data ? text.data : "", "failFastMode", "FAILFAST", NULL);
    if (record->fault == WEIR_CSV_COUNT) {
        weir_str raw = weir_csv_rows_get(&r->rows, r->lines.data, record->raw);
        _cleanup_error_ weir_error *inner = NULL;
        weir_strbuf_clear(&text);
        weir_strbuf_add(&text, raw);
        weir_error_raise(&inner, WEIR_MALFORMED_CSV_RECORD, "badRecord", text.data ? text.data : "", NULL);
        weir_strbuf_clear(&text);
        weir_strbuf_addf(&text, "%s\n%s", weir_error_text(cause), weir_error_text(inner));
        return weir_line_buffer_fail(&r->lines, text.data, err);
    }
    return weir_line_buffer_fail(&r->lines, weir_error_text(cause), err);
}

/* ---- conversion ---- */

/* The rows gathered so far become rows of the batch; the buffer may move then. */
static weir_code convert(csv_reader *r, weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    if (r->rows.count == 0)
        return WEIR_OK;
    WEIR_TRY(weir_csv_convert(spec, &r->rows, r->lines.data, r->builders, err));
    for (int32_t i = 0; i < r->rows.count; i++) {
        const weir_csv_record *record = &r->rows.records[i];
        bool bad = record->fault != WEIR_CSV_SOUND;
        if (WEIR_UNLIKELY(bad && spec->mode == WEIR_CSV_FAIL))
            return fail_fast(r, r->built_rows, record, i, err);
        if (spec->corrupt < 0)
            continue;
        weir_str raw = weir_csv_rows_get(&r->rows, r->lines.data, record->raw);
        if (!(bad ? weir_builder_bytes(&r->corrupt, raw.data, raw.size) : weir_builder_null(&r->corrupt)))
            return out_of_memory(err);
    }
    r->built_rows += r->rows.count;
    weir_csv_rows_clear(&r->rows);
    return WEIR_OK;
}

/* ---- headers ---- */

static bool names_equal(weir_str a, weir_str b, bool case_sensitive) {
    return case_sensitive ? weir_str_equal(a, b) : weir_str_equal_nocase(a, b);
}

static void add_names(weir_strbuf *buf, const weir_csv_spec *spec) {
    const weir_type *schema = spec->pruned ? spec->parsed : spec->data;
    for (int32_t i = 0; i < schema->fields_count; i++)
        weir_strbuf_addf(buf, "%s" WEIR_STR_FMT, i ? ", " : "", WEIR_STR_ARG(schema->fields[i].name));
}

static weir_str token_of(const weir_csv_tokenizer *t, int32_t i) {
    if (i >= t->count || t->tokens[i].size == WEIR_CSV_NULL)
        return WEIR_STR("");
    return weir_str_make(t->text.data + t->tokens[i].at, t->tokens[i].size);
}

/* The header's name for column `i` of the file. */
static bool header_fits(const csv_reader *r, int32_t *ret_wrong) {
    const weir_csv_spec *spec = r->spec;
    for (int32_t i = 0; i < spec->data->fields_count; i++) {
        if (spec->pruned && spec->slots[i] < 0)
            continue;
        *ret_wrong = i;
        if (!names_equal(token_of(&r->tokens, i), spec->data->fields[i].name, spec->case_sensitive))
            return false;
    }
    return true;
}

/* With enforceSchema the header is not looked at (Spark warns). */
static weir_code check_header(csv_reader *r, weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    int32_t wrong = 0, length = r->tokens.count;
    if (spec->enforce_schema || spec->inference)
        return WEIR_OK;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    const char *path = weir_fs_uri(arena, r->lines.path);
    _cleanup_strbuf_ weir_strbuf reason = {0}, header = {0}, schema = {0};
    if (!spec->pruned && length != spec->data->fields_count) {
        weir_strbuf_addf(
            &reason,
            "Number of column in CSV header is not equal to number of fields in the schema:\n Header "
            "length: %d, schema size: %d\nCSV file: %s",
            length, spec->data->fields_count, path);
        return weir_line_buffer_fail(&r->lines, reason.data, err);
    }
    if (header_fits(r, &wrong))
        return WEIR_OK;
    for (int32_t i = 0, shown = 0; i < length; i++)
        if (!spec->pruned || (i < spec->data->fields_count && spec->slots[i] >= 0))
            weir_strbuf_addf(&header, "%s" WEIR_STR_FMT, shown++ ? ", " : "",
                             WEIR_STR_ARG(token_of(&r->tokens, i)));
    add_names(&schema, spec);
    weir_strbuf_addf(
        &reason,
        "CSV header does not conform to the schema.\n Header: %s\n Schema: %s\nExpected: " WEIR_STR_FMT
        " but found: " WEIR_STR_FMT "\nCSV file: %s",
        header.data ? header.data : "", schema.data ? schema.data : "",
        WEIR_STR_ARG(spec->data->fields[wrong].name), WEIR_STR_ARG(token_of(&r->tokens, wrong)), path);
    return weir_line_buffer_fail(&r->lines, reason.data, err);
}

/* ---- records ---- */

/* More values than maxColumns, or longer ones than maxCharsPerColumn: whatever the mode. */
static weir_code refuse_record(csv_reader *r, weir_str raw, weir_error **err) {
    _cleanup_error_ weir_error *cause = NULL;
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add(&text, raw);
    weir_error_raise(&cause, WEIR_MALFORMED_CSV_RECORD, "badRecord", text.data ? text.data : "", NULL);
    if (r->spec->inference)
        return weir_error_move(err, weir_error_clone(cause));
    if (r->spec->dialect.unescaped == WEIR_CSV_RAISE_ERROR)
        return weir_line_buffer_fail(&r->lines, r->tokens.reason, err);
    return weir_line_buffer_fail(&r->lines, weir_error_text(cause), err);
}

static weir_code take_outcome(csv_reader *r, weir_csv_outcome outcome, weir_str raw, weir_error **err) {
    r->records++;
    if (r->spec->inference) {
        r->records -= r->header;
        r->header = false;
        bool first = r->first;
        r->first = false;
        if (outcome != WEIR_CSV_ROW)
            return refuse_record(r, raw, err);
        WEIR_TRY(weir_csv_inference_add(r->spec->inference, &r->tokens, first, err));
        r->done = weir_csv_inference_satisfied(r->spec->inference);
        return WEIR_OK;
    }
    if (outcome != WEIR_CSV_ROW)
        return refuse_record(r, raw, err);
    if (r->header) {
        r->header = false;
        r->records--;
        return check_header(r, err);
    }
    return add_tokens(r, raw, err);
}

static bool is_blank(weir_str text) {
    for (size_t i = 0; i < text.size; i++)
        if ((uint8_t)text.data[i] > ' ')
            return false;
    return true;
}

/* One line, without its end. */
static weir_code take_line(csv_reader *r, size_t from, size_t end, weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    weir_str text = {(const char *)r->lines.data + from, end - from};
    bool bad_text;
    size_t next;
    if (r->lines.base + (int64_t)from == 0 && weir_str_starts_with(text, WEIR_STR("\xEF\xBB\xBF")))
        text = weir_str_make(text.data + 3, text.size - 3);
    if (spec->charset != WEIR_JSON_UTF8 &&
        !weir_json_charset_is_utf8(spec->charset, (const uint8_t *)text.data, text.size, &r->decoded,
                                   &bad_text))
        text = weir_strbuf_view(&r->decoded);
    uint8_t comment = spec->dialect.comment;
    weir_str shown = r->header ? weir_str_trim(text) : text;
    if (is_blank(text) || (comment && (uint8_t)shown.data[0] == comment))
        return WEIR_OK;
    if (spec->count_only && !r->header) {
        r->rows.count++;
        r->records++;
        return WEIR_OK;
    }
    weir_csv_outcome outcome =
        weir_csv_tokenize(&r->tokens, (const uint8_t *)text.data, 0, text.size, true, true, &next);
    return take_outcome(r, outcome, text, err);
}

/* ---- lines ---- */

static bool is_full(const csv_reader *r, int32_t rows) {
    return r->built_rows + r->rows.count >= rows || r->rows.text_size > TEXT_MAX;
}

/* Lines of the buffer up to `limit`. */
static weir_code take_lines(csv_reader *r, size_t limit, int32_t rows, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    const weir_csv_spec *spec = r->spec;
    while (lines->pos < limit && !is_full(r, rows)) {
        bool marked = lines->base + (int64_t)lines->pos == 0;
        if (spec->fast && !r->header && !spec->inference && !spec->count_only && !marked) {
            int32_t before = r->rows.count;
            bool plain =
                weir_csv_fast(spec, lines->data, &lines->pos, limit, true, rows - r->built_rows, &r->rows);
            r->records += r->rows.count - before;
            if (plain)
                continue;
        }
        const uint8_t *end = weir_json_scan_line_end(lines->data + lines->pos, lines->data + lines->size);
        size_t from = lines->pos, at = (size_t)(end - lines->data);
        lines->pos = weir_line_buffer_behind(lines, at);
        WEIR_TRY(take_line(r, from, at, err));
    }
    return WEIR_OK;
}

static weir_code take_separated(csv_reader *r, int32_t rows, bool *ret_more, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    size_t end, next;
    while (!is_full(r, rows)) {
        if (weir_line_buffer_done(lines)) {
            r->done = true;
            return WEIR_OK;
        }
        if (!weir_line_buffer_find(lines, &end, &next)) {
            *ret_more = true;
            return WEIR_OK;
        }
        size_t from = lines->pos;
        lines->pos = next;
        WEIR_TRY(take_line(r, from, end, err));
    }
    return WEIR_OK;
}

/* ---- multiLine ---- */

/* A line end is what the first one of the file is. */
static void settle_separator(csv_reader *r, const uint8_t *data, size_t size) {
    weir_csv_tokenizer *t = &r->tokens;
    weir_str sep = r->spec->line_sep;
    r->separated = true;
    if (sep.size) {
        t->separator[0] = (uint8_t)sep.data[0];
        t->separator[1] = sep.size > 1 ? (uint8_t)sep.data[1] : 0;
        return;
    }
    const uint8_t *end = data + size, *at = data;
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    t->separator[0] = at < end ? *at : '\n';
    t->separator[1] = at + 1 < end && at[0] == '\r' && at[1] == '\n' ? '\n' : 0;
}

/* Behind the last '\n' of the data: what csv_fast.c may take. */
static size_t plain_limit(const csv_reader *r) {
    const weir_line_buffer *lines = &r->lines;
    const weir_csv_tokenizer *t = &r->tokens;
    if (!r->spec->fast || r->spec->inference || t->separator[0] != '\n')
        return 0;
    if (lines->eof)
        return lines->size;
    const uint8_t *at = memrchr(lines->data, '\n', lines->size);
    return at ? (size_t)(at - lines->data) + 1 : 0;
}

/* Scala's stripLineEnd. */
static weir_str without_line_end(weir_str text) {
    if (weir_str_ends_with(text, WEIR_STR("\r\n")))
        text.size -= 2;
    else if (text.size && memchr("\n\r\f", text.data[text.size - 1], 3))
        text.size--;
    return text;
}

/* Records of [*pos, size) of the whole file or of the buffer. */
static weir_code take_records(csv_reader *r, const uint8_t *data, size_t *pos, size_t size, bool eof,
                              int32_t rows, bool *ret_more, weir_error **err) {
    size_t next, limit = data == r->lines.data ? plain_limit(r) : 0;
    while (!is_full(r, rows)) {
        if (*pos < limit && !r->header) {
            int32_t before = r->rows.count;
            bool plain = weir_csv_fast(r->spec, data, pos, limit, false, rows - r->built_rows, &r->rows);
            r->records += r->rows.count - before;
            if (plain && *pos < limit)
                continue;
        }
        weir_csv_outcome outcome = weir_csv_tokenize(&r->tokens, data, *pos, size, eof, false, &next);
        if (outcome == WEIR_CSV_MORE) {
            *ret_more = true;
            return WEIR_OK;
        }
        if (outcome == WEIR_CSV_NONE) {
            r->done = true;
            return WEIR_OK;
        }
        weir_str raw = {(const char *)data + r->tokens.record, next - r->tokens.record};
        *pos = next;
        WEIR_TRY(take_outcome(r, outcome, without_line_end(raw), err));
    }
    return WEIR_OK;
}

static bool is_marked(const uint8_t *data, size_t size) {
    return size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
}

/* Another encoding than UTF-8: the whole file is decoded first. */
static weir_code decode_file(csv_reader *r, weir_error **err) {
    bool bad_text = false;
    while (!r->lines.eof)
        WEIR_TRY(weir_line_buffer_fill(&r->lines, err));
    if (weir_json_charset_is_utf8(r->spec->charset, r->lines.data, r->lines.size, &r->decoded, &bad_text))
        weir_strbuf_add(&r->decoded, weir_str_make((const char *)r->lines.data, r->lines.size));
    weir_strbuf_reserve(&r->decoded, WEIR_LINE_PAD);
    r->lines.pos = 0;
    return WEIR_OK;
}

static weir_code read_decoded(csv_reader *r, int32_t rows, weir_error **err) {
    bool more = false;
    if (!r->separated) {
        WEIR_TRY(decode_file(r, err));
        weir_str text = weir_strbuf_view(&r->decoded);
        settle_separator(r, (const uint8_t *)text.data, WEIR_MIN(text.size, SEPARATOR_SEARCH));
        r->lines.pos = is_marked((const uint8_t *)text.data, text.size) ? 3 : 0;
    }
    weir_str text = weir_strbuf_view(&r->decoded);
    size_t pos = r->lines.pos;
    weir_code code = take_records(r, (const uint8_t *)text.data, &pos, text.size, true, rows, &more, err);
    r->lines.pos = pos;
    return code;
}

static weir_code read_multi(csv_reader *r, int32_t rows, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    if (r->spec->charset != WEIR_JSON_UTF8)
        return read_decoded(r, rows, err);
    while (!r->separated) {
        WEIR_TRY(weir_line_buffer_fill(lines, err));
        bool found = lines->size > 1 && (memchr(lines->data, '\n', lines->size - 1) ||
                                         memchr(lines->data, '\r', lines->size - 1));
        if (found || lines->eof || lines->size >= SEPARATOR_SEARCH) {
            settle_separator(r, lines->data, lines->size);
            lines->pos = is_marked(lines->data, lines->size) ? 3 : 0;
        }
    }
    while (!r->done && !is_full(r, rows)) {
        bool more = false;
        WEIR_TRY(take_records(r, lines->data, &lines->pos, lines->size, lines->eof, rows, &more, err));
        if (more) {
            WEIR_TRY(convert(r, err));
            WEIR_TRY(weir_line_buffer_fill(lines, err));
        }
    }
    return WEIR_OK;
}

/* ---- batches ---- */

static weir_code read_rows(csv_reader *r, int32_t rows, weir_error **err) {
    weir_line_buffer *lines = &r->lines;
    if (r->spec->multi_line)
        return read_multi(r, rows, err);
    WEIR_TRY(weir_line_buffer_skip_first(lines, err));
    while (!r->done && !is_full(r, rows)) {
        bool more = false;
        if (r->spec->line_sep.size) {
            WEIR_TRY(take_separated(r, rows, &more, err));
        } else {
            size_t limit = weir_line_buffer_limit(lines);
            WEIR_TRY(take_lines(r, limit, rows, err));
            if (lines->pos >= limit && weir_line_buffer_done(lines))
                r->done = true;
            more = lines->pos >= limit && !r->done;
        }
        if (more) {
            WEIR_TRY(r->spec->count_only ? WEIR_OK : convert(r, err));
            WEIR_TRY(weir_line_buffer_fill(lines, err));
        }
    }
    return WEIR_OK;
}

static weir_code build_builders(csv_reader *r, int32_t rows, weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    int32_t count = spec->parsed->fields_count;
    WEIR_TRY(weir_csv_rows_init(&r->rows, r->budget, rows, count, err));
    r->builders = weir_alloc_zero((size_t)count + 1, sizeof(weir_builder));
    r->built = true;
    for (int32_t i = 0; i < count; i++)
        WEIR_TRY(weir_builder_init(&r->builders[i], r->budget, spec->parsed->fields[i].type, rows, err));
    if (spec->corrupt >= 0)
        WEIR_TRY(weir_builder_init(&r->corrupt, r->budget, spec->projection->fields[spec->corrupt].type, rows,
                                   err));
    return WEIR_OK;
}

static weir_code finish_batch(csv_reader *r, weir_batch **ret, weir_error **err) {
    const weir_csv_spec *spec = r->spec;
    int32_t count = spec->projection->fields_count;
    weir_column **columns = weir_alloc_zero((size_t)count + 1, sizeof(weir_column *));
    weir_code code = WEIR_OK;
    for (int32_t i = 0; i < spec->parsed->fields_count && code == WEIR_OK; i++)
        code = weir_builder_finish(&r->builders[i], &columns[spec->columns[i]], err);
    if (code == WEIR_OK && spec->corrupt >= 0)
        code = weir_builder_finish(&r->corrupt, &columns[spec->corrupt], err);
    if (code == WEIR_OK)
        *ret = weir_batch_new(spec->projection, r->built_rows, columns, count);
    else
        for (int32_t i = 0; i < count; i++)
            weir_column_unref(columns[i]);
    weir_free(columns);
    r->built_rows = 0;
    return code;
}

weir_code weir_csv_reader_next(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                               weir_error **err) {
    csv_reader *r = (csv_reader *)reader;
    rows = WEIR_MAX(rows, 1);
    *ret = NULL;
    r->records = 0;
    if (!r->built)
        WEIR_TRY(build_builders(r, rows, err));
    rows = WEIR_MIN(rows, r->rows.capacity);
    do { /* DROPMALFORMED may leave nothing of what was read */
        WEIR_TRY(read_rows(r, rows, err));
        if (r->spec->count_only) {
            r->built_rows += r->rows.count;
            weir_csv_rows_clear(&r->rows);
        } else {
            WEIR_TRY(convert(r, err));
        }
    } while (!r->done && r->built_rows == 0);
    *ret_records = r->records;
    return r->built_rows ? finish_batch(r, ret, err) : WEIR_OK;
}

/* ---- life ---- */

weir_code weir_csv_reader_open(const weir_read_spec *read_spec, weir_fs *fs, const weir_split *split,
                               weir_budget *budget, weir_reader **ret, weir_error **err) {
    const weir_csv_spec *spec = (const weir_csv_spec *)read_spec;
    bool whole = !weir_csv_splittable(read_spec, split->path);
    weir_line_buffer lines = {
        .separator = spec->line_sep, .unit = 1, .chunk_size = spec->chunk_size, .budget = budget};
    WEIR_TRY(weir_line_buffer_open(&lines, fs, split, whole, err));
    csv_reader *r = weir_alloc_zero(1, sizeof *r);
    r->spec = spec;
    r->budget = budget;
    r->lines = lines;
    r->tokens.dialect = &spec->dialect;
    if (!spec->multi_line) /* lines have none in them */
        r->tokens.separator[0] = spec->dialect.newline;
    r->header = spec->header && !lines.skip_first;
    r->first = !lines.skip_first;
    *ret = (weir_reader *)r;
    return WEIR_OK;
}

void weir_csv_reader_close(weir_reader *reader) {
    csv_reader *r = (csv_reader *)reader;
    if (!r)
        return;
    for (int32_t i = 0; r->builders && i < r->spec->parsed->fields_count; i++)
        weir_builder_fini(&r->builders[i]);
    weir_free(r->builders);
    weir_builder_fini(&r->corrupt);
    weir_csv_rows_fini(&r->rows);
    weir_csv_tokenizer_fini(&r->tokens);
    weir_strbuf_fini(&r->decoded);
    weir_strbuf_fini(&r->repaired);
    weir_line_buffer_close(&r->lines);
    weir_free(r);
}
