/* Data types: an immutable tree, Spark's set. Nodes live in an arena or are static singletons, so a
 * type is borrowed for as long as its plan, schema or column's owner lives. Any thread.
 *
 * Physical layout per kind (common/column/column.h has the buffers):
 *   NULL none | BOOLEAN bitmap | BYTE..LONG int8..int64 | FLOAT DOUBLE | DECIMAL 16-byte two's complement
 *   STRING CHAR VARCHAR BINARY int32 offsets + bytes | DATE int32 days since 1970-01-01
 *   TIME int64 nanos of day | TIMESTAMP int64 micros since the epoch, UTC | TIMESTAMP_NTZ int64 micros
 *   INTERVAL_YEAR_MONTH int32 months | INTERVAL_DAY_TIME int64 micros
 *   INTERVAL_CALENDAR 16 bytes {int32 months, int32 days, int64 micros}
 *   STRUCT children | ARRAY int32 offsets + 1 child | MAP int32 offsets + 2 children (key, value)
 *   VARIANT 2 binary children (value, metadata) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef enum weir_type_kind {
    WEIR_TYPE_NULL, /* Spark: void */
    WEIR_TYPE_BOOLEAN,
    WEIR_TYPE_BYTE,
    WEIR_TYPE_SHORT,
    WEIR_TYPE_INT,
    WEIR_TYPE_LONG,
    WEIR_TYPE_FLOAT,
    WEIR_TYPE_DOUBLE,
    WEIR_TYPE_DECIMAL,
    WEIR_TYPE_STRING,
    WEIR_TYPE_CHAR,
    WEIR_TYPE_VARCHAR,
    WEIR_TYPE_BINARY,
    WEIR_TYPE_DATE,
    WEIR_TYPE_TIME,
    WEIR_TYPE_TIMESTAMP,
    WEIR_TYPE_TIMESTAMP_NTZ,
    WEIR_TYPE_INTERVAL_YEAR_MONTH,
    WEIR_TYPE_INTERVAL_DAY_TIME,
    WEIR_TYPE_INTERVAL_CALENDAR,
    WEIR_TYPE_STRUCT,
    WEIR_TYPE_ARRAY,
    WEIR_TYPE_MAP,
    WEIR_TYPE_VARIANT,
    WEIR_TYPE_COUNT
} weir_type_kind;

/* Interval units: YEAR MONTH for year-month; DAY HOUR MINUTE SECOND for day-time. */
enum { WEIR_UNIT_YEAR = 0, WEIR_UNIT_MONTH = 1 };
enum { WEIR_UNIT_DAY = 0, WEIR_UNIT_HOUR = 1, WEIR_UNIT_MINUTE = 2, WEIR_UNIT_SECOND = 3 };

typedef struct weir_type weir_type;

typedef struct weir_field {
    weir_str name;
    const weir_type *type;
    bool nullable;
    weir_str metadata; /* JSON object text; empty = {} */
} weir_field;

struct weir_type {
    weir_type_kind kind;
    int32_t precision;    /* DECIMAL 1..38; TIME 0..9; CHAR/VARCHAR: length; interval: start unit */
    int32_t scale;        /* DECIMAL 0..precision; interval: end unit */
    int32_t collation;    /* STRING: Spark's collation id, 0 = UTF8_BINARY */
    bool contains_null;   /* ARRAY element / MAP value */
    int32_t fields_count; /* STRUCT */
    const weir_field *fields;
    const weir_type *element; /* ARRAY element; MAP key */
    const weir_type *value;   /* MAP value */
};

/* Static singletons for kinds without parameters (STRING is UTF8_BINARY, TIME is time(6),
 * DECIMAL is decimal(10,0), day-time is DAY TO SECOND, year-month is YEAR TO MONTH). */
const weir_type *weir_type_of(weir_type_kind kind);
const weir_type *weir_type_decimal(weir_arena *arena, int32_t precision, int32_t scale);
const weir_type *weir_type_string_of(weir_arena *arena, weir_type_kind kind, int32_t length);
const weir_type *weir_type_time(weir_arena *arena, int32_t precision);
const weir_type *weir_type_interval(weir_arena *arena, weir_type_kind kind, int32_t start_unit,
                                    int32_t end_unit);
const weir_type *weir_type_array(weir_arena *arena, const weir_type *element, bool contains_null);
const weir_type *weir_type_map(weir_arena *arena, const weir_type *key, const weir_type *value,
                               bool value_contains_null);
/* `fields` is copied (names too). */
const weir_type *weir_type_struct(weir_arena *arena, const weir_field *fields, int32_t count);
const weir_type *weir_type_clone(weir_arena *arena, const weir_type *type); /* deep */

/* Equal including nullability, names (case-sensitive) and parameters; metadata is not compared. */
bool weir_type_equal(const weir_type *a, const weir_type *b);
/* As Spark's sameType/DataType.equalsStructurally: ignores nullability. */
bool weir_type_same(const weir_type *a, const weir_type *b);

static inline bool weir_type_is_integral(const weir_type *t) {
    return t->kind >= WEIR_TYPE_BYTE && t->kind <= WEIR_TYPE_LONG;
}
static inline bool weir_type_is_numeric(const weir_type *t) {
    return t->kind >= WEIR_TYPE_BYTE && t->kind <= WEIR_TYPE_DECIMAL;
}
static inline bool weir_type_is_string(const weir_type *t) {
    return t->kind >= WEIR_TYPE_STRING && t->kind <= WEIR_TYPE_VARCHAR;
}
/* Has int32 offsets and bytes. */
static inline bool weir_type_is_bytes(const weir_type *t) {
    return t->kind >= WEIR_TYPE_STRING && t->kind <= WEIR_TYPE_BINARY;
}
static inline bool weir_type_is_nested(const weir_type *t) {
    return t->kind >= WEIR_TYPE_STRUCT && t->kind <= WEIR_TYPE_MAP;
}
/* STRUCT and VARIANT: children have one row per row. */
static inline bool weir_type_is_record(const weir_type *t) {
    return t->kind == WEIR_TYPE_STRUCT || t->kind == WEIR_TYPE_VARIANT;
}
/* ARRAY and MAP: offsets into children. */
static inline bool weir_type_is_list(const weir_type *t) {
    return t->kind == WEIR_TYPE_ARRAY || t->kind == WEIR_TYPE_MAP;
}
static inline bool weir_type_has_offsets(const weir_type *t) {
    return weir_type_is_bytes(t) || weir_type_is_list(t);
}
/* Child columns of a flat column of this type, and their types. */
int32_t weir_type_children_count(const weir_type *type);
const weir_type *weir_type_child(const weir_type *type, int32_t i);
/* Bytes per value in the values buffer; 0 for NULL, BOOLEAN, bytes and nested kinds. */
int32_t weir_type_width(const weir_type *type);

/* Field position by name (ASCII case-insensitive unless `case_sensitive`); -1 if absent, -2 if
 * ambiguous. */
int32_t weir_type_field_index(const weir_type *struct_type, weir_str name, bool case_sensitive);

/* ---- texts (type_text.c): all as Spark prints them ---- */
/* "struct<a:int,b:array<string>>": DataType.simpleString (catalogString untruncated). */
void weir_type_simple(weir_strbuf *buf, const weir_type *type);
/* "STRUCT<a: INT NOT NULL, b: ARRAY<STRING>>": DataType.sql, used in error messages. */
void weir_type_sql(weir_strbuf *buf, const weir_type *type);
/* DataType.json: the compact JSON form that checkpoints and Connect clients know. */
void weir_type_json(weir_strbuf *buf, const weir_type *type);
/* "root\n |-- a: integer (nullable = true)\n": StructType.treeString. */
void weir_type_tree(weir_strbuf *buf, const weir_type *struct_type);
/* The same down to `level` (1 = top-level fields); 0 and below: all. */
void weir_type_tree_to(weir_strbuf *buf, const weir_type *struct_type, int32_t level);

/* ---- parsers (type_parse.c) ---- */
/* A schema as DataFrameReader.schema takes it: "a INT NOT NULL, b STRUCT<x: INT> COMMENT 'c'", also
 * "struct<...>", backquoted names, and a JSON schema (text starting with '{'). */
weir_code weir_schema_parse(weir_arena *arena, weir_str text, const weir_type **ret_struct, weir_error **err);
/* One type: "decimal(10,2)", "map<string,array<int>>", "interval day to second". */
weir_code weir_type_parse(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err);
weir_code weir_type_parse_json(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err);
