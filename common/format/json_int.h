/* Private to common/format: what the pieces of the JSON reader and writer share.
 *
 *   json_options.c  options and schema -> weir_json_spec (immutable, shared by tasks)
 *   json_reader.c   bytes -> records: chunks, line ends, split borders, modes, batches
 *   json_fast.c     a record that is plain JSON of the expected types -> builders; gives up otherwise
 *   json_token.c    pull parser with Jackson's answers, byte for byte, after errors too
 *   json_record.c   a record through json_token.c -> builders, with Spark's partial results
 *   json_convert.c  one scalar's text -> a builder (both paths end here)
 *   json_infer.c    records -> their schema, where the user gives none
 *   json_variant.c  a value through json_token.c -> Spark's variant encoding
 */
#pragma once

#include "common/column/builder.h"
#include "common/format/format.h"
#include "common/format/input_stream.h"
#include "common/format/json_write.h"
#include "common/types/datetime.h"

/* Bytes that may be read behind every record's end; they hold '\n'. */
#define WEIR_JSON_PAD 64

typedef enum weir_json_mode { WEIR_JSON_PERMISSIVE, WEIR_JSON_DROP, WEIR_JSON_FAIL } weir_json_mode;

typedef enum weir_json_charset {
    WEIR_JSON_UTF8,  /* and what Jackson detects: UTF-16 and UTF-32 by BOM or by zero bytes */
    WEIR_JSON_UTF16, /* big-endian unless a BOM says otherwise */
    WEIR_JSON_UTF16BE,
    WEIR_JSON_UTF16LE,
    WEIR_JSON_UTF32,
    WEIR_JSON_LATIN1,
    WEIR_JSON_ASCII,
} weir_json_charset;

/* A type of the schema, ready for conversion. */
typedef struct weir_json_node weir_json_node;
struct weir_json_node {
    const weir_type *type;
    weir_type_kind kind;
    int32_t children_count;
    weir_json_node *children; /* STRUCT fields | ARRAY element | MAP value */
    int32_t order;            /* STRUCT: index of its field-order prediction in a reader */
    uint32_t names_mask;      /* STRUCT: open addressing over field names */
    int16_t *names;           /* field index or -1 */
};

typedef struct weir_json_inference weir_json_inference;

typedef struct weir_json_spec {
    /* Jackson's switches */
    bool allow_comments, allow_single_quotes, allow_unquoted_names, allow_leading_zeros;
    bool allow_non_numeric, allow_any_escape, allow_control;
    int32_t depth_max, number_max, string_max;
    /* Spark's */
    weir_json_mode mode;
    bool multi_line, partial;
    weir_json_charset charset;
    weir_str line_sep; /* empty: \n, \r\n or \r */
    const weir_timezone *zone;
    const weir_datetime_pattern *date_pattern, *timestamp_pattern, *ntz_pattern, *time_pattern;
    bool date_fallback, timestamp_fallback;
    /* schema */
    const weir_type *projection; /* columns of the batches */
    int32_t corrupt;             /* index of the corrupt-record column in it, or -1 */
    weir_json_node root;         /* STRUCT of the columns that are parsed */
    int32_t *columns;            /* root child -> column of the projection */
    int32_t orders_count;        /* STRUCT nodes in root, itself included */
    bool fast;                   /* the fast path may be tried */
    bool copied; /* nested values as text are written anew, as Jackson does it without the record's bytes */
    bool count_only;                /* no column: a record is a non-blank line and is not parsed */
    int32_t chunk_size;             /* bytes asked from the file at once */
    weir_json_inference *inference; /* takes the records instead of the builders; else NULL */
} weir_json_spec;

/* Field index by exact name, -1 where unknown. */
int32_t weir_json_node_find(const weir_json_node *node, const char *name, size_t size);
static inline uint32_t weir_json_name_hash(const char *name, size_t size) {
    uint64_t a = 0, b = 0;
    if (size >= 8) {
        a = weir_load64(name);
        b = weir_load64(name + size - 8);
    } else if (size >= 4) {
        a = weir_load32(name);
        b = weir_load32(name + size - 4);
    } else if (size) {
        a = (uint8_t)name[0] | (uint64_t)(uint8_t)name[size / 2] << 8 |
            (uint64_t)(uint8_t)name[size - 1] << 16;
    }
    a = (a ^ (b << 1 | b >> 63) ^ size) * 0x9E3779B97F4A7C15ull;
    return (uint32_t)(a >> 32);
}

weir_code weir_json_read_spec(weir_arena *arena, const weir_read_request *request, weir_read_spec **ret,
                              weir_error **err);
bool weir_json_splittable(const weir_read_spec *spec, const char *path);
/* Tests compare the two paths and small chunks; not for others. */
void weir_json_spec_tune(weir_read_spec *spec, bool fast, int32_t chunk_size);

/* ---- json_convert.c ---- */
typedef enum weir_json_result {
    WEIR_JSON_OK,
    WEIR_JSON_BAD,     /* the value does not convert, or the text is not JSON; nothing was appended */
    WEIR_JSON_PARTIAL, /* a nested value was appended without its bad parts */
    WEIR_JSON_NOMEM,
} weir_json_result;

/* The decoded text of a JSON string, or of a number, as the node's type. */
weir_json_result weir_json_convert_string(const weir_json_spec *spec, const weir_json_node *node,
                                          weir_str text, weir_builder *builder);
/* `integral`: no fraction, no exponent. The text may be NaN, Infinity, -INF, ... */
weir_json_result weir_json_convert_number(const weir_json_node *node, weir_str text, bool integral,
                                          weir_builder *builder);

/* ---- json_token.c ---- */
typedef enum weir_json_token {
    WEIR_TOKEN_END, /* of input */
    WEIR_TOKEN_FIELD,
    WEIR_TOKEN_OBJECT,
    WEIR_TOKEN_OBJECT_END,
    WEIR_TOKEN_ARRAY,
    WEIR_TOKEN_ARRAY_END,
    WEIR_TOKEN_STRING,
    WEIR_TOKEN_INT,
    WEIR_TOKEN_FLOAT,
    WEIR_TOKEN_TRUE,
    WEIR_TOKEN_FALSE,
    WEIR_TOKEN_NULL,
    WEIR_TOKEN_ERROR, /* returned, never current */
} weir_json_token;

typedef struct weir_json_scope {
    uint8_t kind;  /* 0 root, '{' or '[' */
    int32_t index; /* entries seen, from -1 */
    bool named;
    bool lone; /* the name holds a surrogate without its half */
    size_t name_start, name_size;
} weir_json_scope;

/* Buffers of the variant encoder, kept from value to value. */
typedef struct weir_json_variant_scratch {
    weir_strbuf value; /* bytes written so far */
    weir_strbuf metadata;
    weir_strbuf keys;    /* dictionary strings back to back */
    weir_strbuf ends;    /* uint32_t: end of key i */
    weir_strbuf entries; /* stack of {key, offset} of the open objects and arrays */
    weir_strbuf table;   /* int32_t: open addressing over keys, id + 1 */
} weir_json_variant_scratch;

/* The state is Jackson's UTF8StreamJsonParser's: after an error the next call goes on where Jackson
 * would, because Spark catches errors inside nested values and goes on. */
typedef struct weir_json_parser {
    const weir_json_spec *spec;
    const uint8_t *data;
    size_t pos, end;
    weir_json_token token, next;
    bool incomplete; /* a string whose text is not decoded yet */
    size_t token_start;
    weir_strbuf text; /* decoded string or number */
    uint32_t high;    /* pending high surrogate of `text` */
    bool lone;
    int64_t units;     /* UTF-16 units in `text` */
    weir_strbuf raw;   /* bytes of a name before decoding */
    weir_strbuf names; /* of the open scopes, back to back */
    weir_json_scope *scopes;
    int32_t depth, scopes_capacity;
    weir_json_variant_scratch variant;
} weir_json_parser;

void weir_json_parser_fini(weir_json_parser *parser);
void weir_json_parser_start(weir_json_parser *parser, const weir_json_spec *spec, const uint8_t *data,
                            size_t size);
weir_json_token weir_json_parser_next(weir_json_parser *parser);
bool weir_json_parser_skip_children(weir_json_parser *parser); /* false: error */
/* The current token's text: decodes a string now. False: error. */
bool weir_json_parser_text(weir_json_parser *parser, weir_str *ret);
/* Base64 of the current string. False: error. */
bool weir_json_parser_binary(weir_json_parser *parser, weir_strbuf *ret);
/* The current field name as Jackson's currentName(); NULL data where there is none. */
weir_str weir_json_parser_name(const weir_json_parser *parser, bool *ret_lone);

/* ---- json_charset.c ---- */
/* Whether a record is in UTF-8; else its text as UTF-8 is put into `ret`. Detects as Jackson does where
 * no encoding is given. *ret_bad: no text in any encoding that Jackson reads. */
bool weir_json_charset_is_utf8(weir_json_charset charset, const uint8_t *data, size_t size, weir_strbuf *ret,
                               bool *ret_bad);

/* ---- json_record.c ---- */
/* Parses one record into root.children_count builders, each `*ret_rows` rows longer afterwards (0 for
 * WEIR_JSON_BAD). `cause`, where not NULL, gets the reason of a field that does not convert. */
weir_json_result weir_json_record_parse(weir_json_parser *parser, const weir_json_spec *spec,
                                        const uint8_t *data, size_t size, weir_builder *builders,
                                        int32_t *ret_rows, weir_strbuf *cause);
/* The text's first value as the only field of the spec's schema; an object stands for an array of one. */
weir_json_result weir_json_value_parse(weir_json_parser *parser, const weir_json_spec *spec,
                                       const uint8_t *data, size_t size, weir_builder *builder);

/* Appends the value at the parser's current token as Jackson's generator copies it (json_path.c). False:
 * error. */
bool weir_json_copy_value(weir_json_parser *parser, weir_strbuf *out);

/* ---- json_fast.c ---- */
typedef struct weir_json_fast weir_json_fast;
weir_json_fast *weir_json_fast_new(const weir_json_spec *spec);
void weir_json_fast_free(weir_json_fast *fast);
/* One object at `p` (record text followed by WEIR_JSON_PAD readable bytes) into builders that all have
 * `row` rows. Returns the byte behind it, or NULL with the builders as before. */
const uint8_t *weir_json_fast_record(weir_json_fast *fast, const uint8_t *p, weir_builder *builders,
                                     int32_t row);

/* ---- json_variant.c ---- */
/* Encodes the value at the parser's current token. */
weir_json_result weir_json_variant_encode(weir_json_parser *parser, weir_builder *builder);
void weir_json_variant_scratch_fini(weir_json_variant_scratch *scratch);

/* ---- json_reader.c ---- */
weir_code weir_json_reader_open(const weir_read_spec *spec, weir_fs *fs, const weir_split *split,
                                weir_budget *budget, weir_reader **ret, weir_error **err);
weir_code weir_json_reader_next(weir_reader *reader, int32_t rows, weir_batch **ret, int64_t *ret_records,
                                weir_error **err);
void weir_json_reader_close(weir_reader *reader);

/* ---- json_infer.c ---- */
weir_code weir_json_infer(weir_arena *arena, const weir_read_request *request, weir_fs *fs,
                          const weir_split *splits, int32_t count, weir_budget *budget, const weir_type **ret,
                          weir_error **err);
/* One record, in UTF-8. */
weir_code weir_json_inference_add(weir_json_inference *inference, const uint8_t *text, size_t size,
                                  weir_error **err);

/* ---- json_write_options.c, json_writer.c ---- */
typedef struct weir_json_write_spec {
    const weir_type *schema;
    weir_json_style style;
    weir_str line_sep;
    weir_codec codec;
} weir_json_write_spec;

weir_code weir_json_write_spec_parse(weir_arena *arena, const weir_type *schema, const weir_options *options,
                                     const weir_timezone *zone, weir_write_spec **ret, weir_error **err);
const char *weir_json_write_extension(const weir_write_spec *spec);
weir_code weir_json_writer_open(const weir_write_spec *spec, weir_fs *fs, const char *path,
                                weir_budget *budget, weir_writer **ret, weir_error **err);
weir_code weir_json_writer_write(weir_writer *writer, const weir_batch *batch, weir_error **err);
weir_code weir_json_writer_finish(weir_writer *writer, int64_t *ret_size, weir_error **err);
void weir_json_writer_abort(weir_writer *writer);
/* Appends a text with malformed UTF-8 as U+FFFD, as Java's decoder has it. */
void weir_json_repair_utf8(weir_strbuf *buf, weir_str text);
/* ---- option helpers (json_options.c) ---- */
/* The last of equal keys counts. */
bool weir_json_option(const weir_options *options, const char *name, weir_str *ret);
weir_code weir_json_option_bool(const weir_options *options, const char *name, bool *value, weir_error **err);
weir_code weir_json_check_names(const weir_type *type, bool case_sensitive, weir_error **err);
weir_code weir_json_refuse_type(weir_str column, const weir_type *type, weir_error **err);
weir_code weir_json_refuse_locale(const weir_options *options, weir_error **err);
