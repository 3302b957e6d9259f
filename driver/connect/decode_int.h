/* Private to driver/connect: what the files that decode plans share. A decode function returns its code and
 * fills d->err; nodes live in d->arena. The recursion of these files follows the nesting of the message,
 * which the pre-scan limits. */
#pragma once

#include "driver/connect/connect_plan.h"

/* A relation that WithRelations brings along: by its alias (SQL text). */
typedef struct weir_decode_reference {
    weir_str name;
    weir_node *relation;
    struct weir_decode_reference *outer;
} weir_decode_reference;

typedef struct weir_decode {
    weir_arena *arena;
    const weir_connect_scope *scope;
    weir_error **err;
    weir_decode_reference *references;
} weir_decode;

/* ---- refusals (connect_coverage.c) ---- */

typedef enum weir_coverage { WEIR_COVERAGE_SERVED, WEIR_COVERAGE_REFUSED } weir_coverage;
typedef struct weir_coverage_entry {
    const char *message; /* "Relation" */
    const char *field;   /* "join" */
    weir_coverage verdict;
    const char *what; /* in the words of a refusal */
} weir_coverage_entry;
/* NULL past the end. */
const weir_coverage_entry *weir_coverage_at(int32_t index);
/* The member of the oneof of `message` with this field number, by name: UNSUPPORTED_FEATURE where the table
 * refuses it, INVALID_ONE_OF_FIELD_NOT_SET for 0. */
weir_code weir_coverage_refuse(const ProtobufCMessage *message, const char *oneof, int number,
                               weir_error **err);

/* OK where the table serves the member; else as above. */
weir_code weir_coverage_check(const ProtobufCMessage *message, const char *oneof, int number,
                              weir_error **err);

/* "This enum value of ... is invalid". */
weir_code weir_decode_bad_enum(weir_error **err, const char *name, int number);
/* "The feature is not supported: <what>." */
weir_code weir_decode_unsupported(weir_error **err, const char *what);
/* A message that must be there is not. */
weir_code weir_decode_missing(weir_error **err, const char *message, const char *field);

/* ---- texts and lists ---- */

static inline weir_str weir_decode_text(const char *text) {
    return weir_str_from(text ? text : "");
}
weir_str_list weir_decode_texts(weir_arena *arena, char *const *items, size_t count);
weir_code weir_decode_options(weir_decode *d, Spark__Connect__StringEntry *const *items, size_t count,
                              weir_options *ret);
/* a.`b c`.d as its parts. */
weir_code weir_decode_name(weir_decode *d, const char *text, weir_str_list *ret);
/* The nodes of a SQL text carry places in that text: makes them places in the texts of the scope. */
weir_code weir_decode_move_places(weir_decode *d, weir_str text, weir_node *node, weir_node **ret);

/* ---- bytes (connect_unpack.c) ---- */
weir_code weir_decode_compressed(weir_arena *arena,
                                 const Spark__Connect__Plan__CompressedOperation *operation,
                                 Spark__Connect__Plan *ret, weir_error **err);

/* ---- types (decode_type.c) ---- */
/* DDL text as Spark's parseDatatypeString takes it: columns, else a type, else the fields of a struct. */
weir_code weir_decode_ddl(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err);
/* A schema as texts hold it: DDL or JSON; must be a STRUCT. */
weir_code weir_decode_schema(weir_arena *arena, weir_str text, const weir_type **ret, weir_error **err);

/* A JSON object in the compact form that schemas have; {} is empty. */
weir_code weir_decode_metadata(weir_arena *arena, const char *text, weir_str *ret, weir_error **err);

/* ---- expressions (decode_expression.c, decode_literal.c) ---- */
weir_code weir_decode_expression(weir_decode *d, const Spark__Connect__Expression *message, weir_node **ret);
weir_code weir_decode_expressions(weir_decode *d, Spark__Connect__Expression *const *items, size_t count,
                                  weir_node_list *ret);
weir_code weir_decode_literal(weir_decode *d, const Spark__Connect__Expression__Literal *message,
                              weir_node **ret);
weir_code weir_decode_sort_order(weir_decode *d, const Spark__Connect__Expression__SortOrder *message,
                                 weir_node **ret);
weir_code weir_decode_alias(weir_decode *d, const Spark__Connect__Expression__Alias *message,
                            weir_node **ret);
/* An unresolved call of a registry function. */
weir_node *weir_decode_call(weir_decode *d, const char *name, weir_node *const *args, int32_t count);
weir_code weir_decode_window(weir_decode *d, const Spark__Connect__Expression__Window *message,
                             weir_node **ret); /* decode_over.c */
weir_node *weir_decode_attribute(weir_decode *d, weir_str_list parts, bool has_plan_id, int64_t plan_id);

/* ---- relations (decode_relation.c, decode_methods.c, decode_read.c, decode_local.c) ---- */
weir_code weir_decode_relation(weir_decode *d, const Spark__Connect__Relation *message, weir_node **ret);
/* The input of a relation; a missing one is refused. */
weir_code weir_decode_input(weir_decode *d, const Spark__Connect__Relation *input, const char *of,
                            weir_node **ret);
weir_code weir_decode_read(weir_decode *d, const Spark__Connect__Read *message, weir_node **ret);
weir_code weir_decode_sql(weir_decode *d, const Spark__Connect__SQL *message, weir_node **ret);
/* A statement that is no query, or WEIR_STATEMENT_QUERY. */
weir_code weir_decode_statement(weir_decode *d, const Spark__Connect__SQL *message, weir_statement *ret);
weir_code weir_decode_local(weir_decode *d, const Spark__Connect__Relation *message, weir_node **ret);
/* with_columns, drop, na.* and the like; *ret_is is false for other relations. */
weir_code weir_decode_method(weir_decode *d, const Spark__Connect__Relation *message, bool *ret_is,
                             weir_node **ret);
weir_code weir_decode_aggregate(weir_decode *d, const Spark__Connect__Aggregate *message, weir_node **ret);

/* ---- commands (decode_command.c) ---- */
weir_code weir_decode_command(weir_decode *d, const Spark__Connect__Command *message, weir_connect_plan *ret);
