/* Private to common/format: what the pieces of the CSV reader and writer share.
 *
 *   csv_options.c   options and schema -> weir_csv_spec (immutable, shared by tasks)
 *   csv_reader.c    bytes -> records -> weir_csv_rows -> batches; headers, modes, split borders
 *   csv_fast.c      plain records -> weir_csv_rows, sixteen bytes at a time; gives up on the rest
 *   csv_token.c     one record as univocity's parser reads it, whatever its quotes are
 *   csv_convert.c   weir_csv_rows -> builders, a column at a time
 *   csv_infer.c     the schema of files for which the user gives none
 *   csv_write_options.c, csv_writer.c  batches -> text
 */
#pragma once

#include "common/column/builder.h"
#include "common/format/format.h"
#include "common/format/input_stream.h"
#include "common/format/json_int.h"

typedef enum weir_csv_mode { WEIR_CSV_PERMISSIVE, WEIR_CSV_DROP, WEIR_CSV_FAIL } weir_csv_mode;

/* What becomes of a quoted value that goes on behind its closing quote (univocity's names). */
typedef enum weir_csv_unescaped {
    WEIR_CSV_STOP_AT_DELIMITER,
    WEIR_CSV_STOP_AT_CLOSING_QUOTE,
    WEIR_CSV_BACK_TO_DELIMITER,
    WEIR_CSV_SKIP_VALUE,
    WEIR_CSV_RAISE_ERROR,
} weir_csv_unescaped;

/* The characters of the text. Those that are not set are 0, which only a NUL byte equals. */
typedef struct weir_csv_dialect {
    weir_str delimiter;      /* one byte or more */
    int32_t delimiter_units; /* its characters */
    uint8_t quote, escape, escape_escape;
    uint8_t comment; /* 0 = none */
    uint8_t newline; /* what a line end counts as: '\n', or a lineSep of one character */
    weir_csv_unescaped unescaped;
    bool trim_left, trim_right;
    bool normalize_quoted; /* line ends within quotes become `newline` */
    int32_t columns_max;
    int32_t chars_max; /* of a value; -1 = any */
    weir_str null_value, empty_value;
} weir_csv_dialect;

typedef struct weir_csv_inference weir_csv_inference;

typedef struct weir_csv_spec {
    weir_csv_dialect dialect;
    weir_csv_mode mode;
    weir_json_charset charset;
    bool multi_line, header, enforce_schema, case_sensitive;
    weir_str line_sep; /* bytes in the file's encoding; empty: \n, \r\n or \r */
    weir_str nan, positive_inf, negative_inf;
    weir_json_spec times; /* zone and patterns, for json_convert.c; date_fallback is its own here: */
    bool date_fallback;
    /* schema */
    const weir_type *data;         /* columns of the file: the schema without the corrupt-record column */
    const weir_type *parsed;       /* the columns of it that are wanted, in the projection's order */
    const weir_type *projection;   /* columns of the batches */
    int32_t *columns;              /* column of parsed -> column of the projection */
    int32_t *slots;                /* column of the file -> column of parsed, or -1 */
    int32_t corrupt;               /* column of the projection, or -1 */
    bool pruned;                   /* values beyond or short of the schema make no record malformed */
    bool count_only;               /* a record is a line that is not blank */
    int32_t chunk_size;            /* bytes asked from the file at once */
    bool fast;                     /* csv_fast.c may be tried */
    weir_csv_inference *inference; /* takes the values instead of the builders; else NULL */
} weir_csv_spec;

weir_code weir_csv_read_spec(weir_arena *arena, const weir_read_request *request, weir_read_spec **ret,
                             weir_error **err);
bool weir_csv_splittable(const weir_read_spec *spec, const char *path);
/* The options alone: what the reader and the inference need besides a schema. */
weir_code weir_csv_parse_options(weir_csv_spec *spec, weir_arena *arena, const weir_options *options,
                                 weir_error **err);
weir_code weir_csv_bad_option(weir_code code, const char *name, weir_str value, weir_error **err);
weir_code weir_csv_bool_option(const weir_options *options, const char *name, bool *value, weir_error **err);
weir_code weir_csv_check_line_sep(weir_str text, weir_error **err);
/* One Java char of an option, 0 where it is empty; `fallback` where it is not given. */
weir_code weir_csv_char_option(const weir_options *options, const char *name, uint8_t *value,
                               weir_error **err);
weir_code weir_csv_delimiter_option(weir_arena *arena, const weir_options *options, weir_str *ret,
                                    weir_error **err);
weir_code weir_csv_check_types(const weir_type *schema, weir_error **err);
/* Tests compare the two paths and small chunks; not for others. */
void weir_csv_spec_tune(weir_read_spec *spec, bool fast, int32_t chunk_size);

/* ---- rows of values, before they have types ---- */
#define WEIR_CSV_NULL UINT32_MAX
#define WEIR_CSV_IN_TEXT (UINT32_C(1) << 31)

/* size WEIR_CSV_NULL: none. `at` is a place in the reader's buffer, or with WEIR_CSV_IN_TEXT in rows->text.
 */
typedef struct weir_csv_field {
    uint32_t at, size;
} weir_csv_field;

typedef enum weir_csv_fault {
    WEIR_CSV_SOUND,
    WEIR_CSV_COUNT, /* too many values or too few */
    WEIR_CSV_VALUE, /* a value does not convert: it is NULL */
} weir_csv_fault;

typedef struct weir_csv_record {
    weir_csv_field raw; /* the whole record */
    uint8_t fault;      /* weir_csv_fault */
    bool failed;        /* a value did not convert */
} weir_csv_record;

typedef struct weir_csv_rows {
    weir_csv_field *fields; /* rows * width */
    weir_csv_record *records;
    int32_t count, capacity, width;
    weir_budget *budget;
    weir_buffer *memory;      /* holds fields and records */
    weir_buffer *text_buffer; /* values that do not stand in the file as they are */
    uint8_t *text;
    size_t text_size;
} weir_csv_rows;

/* Room for `rows` rows of `width` values. */
weir_code weir_csv_rows_init(weir_csv_rows *rows, weir_budget *budget, int32_t capacity, int32_t width,
                             weir_error **err);
void weir_csv_rows_fini(weir_csv_rows *rows);
void weir_csv_rows_clear(weir_csv_rows *rows);
/* Copies a text behind rows->text; WEIR_LINE_PAD bytes behind it can be read. */
weir_code weir_csv_rows_text(weir_csv_rows *rows, const void *text, size_t size, weir_csv_field *ret,
                             weir_error **err);
static inline weir_str weir_csv_rows_get(const weir_csv_rows *rows, const uint8_t *data,
                                         weir_csv_field field) {
    const uint8_t *base = field.at & WEIR_CSV_IN_TEXT ? rows->text : data;
    return weir_str_make((const char *)base + (field.at & ~WEIR_CSV_IN_TEXT), field.size);
}

/* ---- csv_token.c ---- */
typedef enum weir_csv_outcome {
    WEIR_CSV_ROW,
    WEIR_CSV_NONE,  /* the end of the data: no record */
    WEIR_CSV_MORE,  /* the data ends within the record, and is not at its own end */
    WEIR_CSV_LIMIT, /* more columns or longer values than allowed, or RAISE_ERROR: see `reason` */
} weir_csv_outcome;

typedef struct weir_csv_tokenizer {
    const weir_csv_dialect *dialect;
    uint8_t separator[2]; /* line end in the data; second 0 = none */
    /* the record */
    weir_csv_field *tokens; /* `at` in `text` */
    int32_t count, capacity;
    weir_strbuf text;
    const char *reason;
    size_t record; /* where the record starts */
    /* parsing */
    const uint8_t *data;
    size_t pos, end;
    bool eof, ended; /* the data ended, and whether within a line end */
    int ch, prev;
    bool unescaped, normalize, trim, first_alone;
    size_t match; /* bytes of a long delimiter seen */
    size_t start; /* of the open value in `text` */
    weir_strbuf spaces;
} weir_csv_tokenizer;

void weir_csv_tokenizer_fini(weir_csv_tokenizer *t);
/* The record at `pos` and where the next one begins. Lines without values and comments are passed over,
 * unless `line` says that the data is a line: then it is a record in any case. */
weir_csv_outcome weir_csv_tokenize(weir_csv_tokenizer *t, const uint8_t *data, size_t pos, size_t end,
                                   bool eof, bool line, size_t *ret_next);

/* ---- csv_fast.c ---- */
/* Takes records from data[*pos] until `limit`, until `rows` is full or until one is not plain (false; *pos is
 * there). `limit` is the end of a line, or of the file with a pad of '\n'. `cr`: a '\r' ends a line as well,
 * and blank lines are none. */
bool weir_csv_fast(const weir_csv_spec *spec, const uint8_t *data, size_t *pos, size_t limit, bool cr,
                   int32_t rows_max, weir_csv_rows *rows);

/* ---- csv_convert.c ---- */
/* Appends the rows to builders of spec->parsed's columns; rows are marked faulty where a value does not
 * convert. Under DROPMALFORMED faulty rows go, of `rows` too. */
weir_code weir_csv_convert(const weir_csv_spec *spec, weir_csv_rows *rows, const uint8_t *data,
                           weir_builder *builders, weir_error **err);
/* Java's Integer.parseInt, Long.parseLong, Double.parseDouble and Boolean of a whole text. */
bool weir_csv_parse_int64(weir_str text, int64_t *ret);
bool weir_csv_parse_double(weir_str text, double *ret);
bool weir_csv_parse_boolean(weir_str text, bool *ret);
/* Text with decimal digits of other scripts as ASCII; false where there are none, or other characters. */
bool weir_csv_ascii_digits(weir_str text, char *scratch, size_t scratch_size, weir_str *ret);

/* ---- csv_reader.c ---- */
weir_code weir_csv_reader_open(const weir_read_spec *spec, weir_fs *fs, const weir_split *split,
                               weir_budget *budget, weir_reader **ret, weir_error **err);
weir_code weir_csv_reader_next(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                               weir_error **err);
void weir_csv_reader_close(weir_reader *reader);

/* ---- csv_infer.c ---- */
weir_code weir_csv_infer(weir_arena *arena, const weir_read_request *request, weir_fs *fs,
                         const weir_split *splits, int32_t count, weir_budget *budget, const weir_type **ret,
                         weir_error **err);
/* The values of one record; `first` of its file. */
weir_code weir_csv_inference_add(weir_csv_inference *inference, const weir_csv_tokenizer *tokens, bool first,
                                 weir_error **err);

/* Nothing more is to be learnt. */
bool weir_csv_inference_satisfied(const weir_csv_inference *inference);

/* ---- csv_write_options.c, csv_writer.c ---- */
typedef struct weir_csv_write_spec {
    weir_csv_dialect dialect; /* without what only readers look at */
    const weir_type *schema;
    bool header, quote_all, escape_quotes;
    weir_str line_sep, null_value, empty_value;
    const weir_timezone *zone;
    const weir_datetime_pattern *date_pattern, *timestamp_pattern, *ntz_pattern, *time_pattern;
    weir_codec codec;
    const char *extension;
} weir_csv_write_spec;

weir_code weir_csv_write_spec_parse(weir_arena *arena, const weir_type *schema, const weir_options *options,
                                    const weir_timezone *zone, weir_write_spec **ret, weir_error **err);
const char *weir_csv_write_extension(const weir_write_spec *spec);
weir_code weir_csv_writer_open(const weir_write_spec *spec, weir_fs *fs, const char *path,
                               weir_budget *budget, weir_writer **ret, weir_error **err);
weir_code weir_csv_writer_write(weir_writer *writer, const weir_batch *batch, weir_error **err);
weir_code weir_csv_writer_finish(weir_writer *writer, int64_t *ret_size, weir_error **err);
void weir_csv_writer_abort(weir_writer *writer);
