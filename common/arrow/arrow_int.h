/* What the files of the Arrow room share: Arrow's numbers, parsed fields, errors. */
#pragma once

#include "common/arrow/arrow_ipc.h"
#include "common/arrow/flatbuffer_int.h"

/* Numbers of Arrow's Schema.fbs and Message.fbs. */
typedef enum weir_arrow_kind {
    WEIR_ARROW_NONE,
    WEIR_ARROW_NULL,
    WEIR_ARROW_INT,
    WEIR_ARROW_FLOATING_POINT,
    WEIR_ARROW_BINARY,
    WEIR_ARROW_UTF8,
    WEIR_ARROW_BOOL,
    WEIR_ARROW_DECIMAL,
    WEIR_ARROW_DATE,
    WEIR_ARROW_TIME,
    WEIR_ARROW_TIMESTAMP,
    WEIR_ARROW_INTERVAL,
    WEIR_ARROW_LIST,
    WEIR_ARROW_STRUCT,
    WEIR_ARROW_UNION,
    WEIR_ARROW_FIXED_SIZE_BINARY,
    WEIR_ARROW_FIXED_SIZE_LIST,
    WEIR_ARROW_MAP,
    WEIR_ARROW_DURATION,
    WEIR_ARROW_LARGE_BINARY,
    WEIR_ARROW_LARGE_UTF8,
    WEIR_ARROW_LARGE_LIST,
    WEIR_ARROW_RUN_END_ENCODED,
    WEIR_ARROW_BINARY_VIEW,
    WEIR_ARROW_UTF8_VIEW,
    WEIR_ARROW_LIST_VIEW,
    WEIR_ARROW_LARGE_LIST_VIEW,
    WEIR_ARROW_KIND_COUNT
} weir_arrow_kind;

enum { WEIR_ARROW_SECOND, WEIR_ARROW_MILLISECOND, WEIR_ARROW_MICROSECOND, WEIR_ARROW_NANOSECOND };
enum { WEIR_ARROW_YEAR_MONTH, WEIR_ARROW_DAY_TIME, WEIR_ARROW_MONTH_DAY_NANO };
enum { WEIR_ARROW_HEAD_SCHEMA = 1, WEIR_ARROW_HEAD_DICTIONARY = 2, WEIR_ARROW_HEAD_BATCH = 3 };
#define WEIR_ARROW_VERSION 4 /* MetadataVersion.V5 */
#define WEIR_ARROW_DEPTH_MAX 64
#define WEIR_ARROW_FIELDS_MAX 65536 /* of a schema, nested ones too */
#define WEIR_ARROW_TIME_KEY "SPARK::time::precision"
#define WEIR_ARROW_METADATA_KEY "SPARK::metadata::json"

/* A field of a stream that is read. `type` is that of the values where they stand in a dictionary. */
typedef struct weir_arrow_field weir_arrow_field;
struct weir_arrow_field {
    const weir_type *type;
    weir_arrow_kind kind;
    int unit;           /* of TIMESTAMP */
    bool swapped;       /* VARIANT: metadata comes before value */
    bool in_dictionary; /* the buffers hold indices into `dictionary` */
    bool index_signed;
    int index_width;
    int64_t dictionary;
    int32_t children_count;
    weir_arrow_field *children; /* MAP: key and value; their entries struct is implied */
};

/* The metadata of a schema message. */
void weir_arrow_schema_encode(weir_strbuf *buf, const weir_type *schema, const weir_arrow_options *options);
/* Its schema table as fields and types of the arena. */
weir_code weir_arrow_schema_decode(weir_arena *arena, const weir_flat_table *schema, const char *what,
                                   const weir_type **ret, weir_arrow_field **ret_fields, weir_error **err);

/* Appends a message's metadata head (Message.fbs); returns the place of the reference to its header. */
size_t weir_arrow_message_begin(weir_strbuf *buf, int head, int64_t body_bytes);

weir_code weir_arrow_damaged(const char *what, const char *reason, weir_error **err);

/* A body and the lists that describe it, walked in the order of the fields. */
typedef struct weir_arrow_body {
    weir_buffer *carrier;
    weir_budget *budget;
    const char *what;
    weir_error **err;
    size_t from, size; /* the body in the carrier */
    bool compressed;   /* zstd, each buffer behind its length */
    weir_flat_vector nodes, buffers, variadic;
    uint32_t nodes_at, buffers_at, variadic_at; /* nodes and buffers count pairs */
    const struct weir_arrow_dictionary *dictionaries;
} weir_arrow_body;

/* The dictionaries seen so far, newest first. */
typedef struct weir_arrow_dictionary {
    struct weir_arrow_dictionary *next;
    int64_t id;
    weir_column *values;
} weir_arrow_dictionary;

/* The next column of the body, of `rows` rows, FLAT; `plain` ignores that the field is in a dictionary. */
weir_code weir_arrow_take_column(weir_arrow_body *body, const weir_arrow_field *field, int32_t rows,
                                 bool plain, weir_column **ret);
