/* Plans of Spark Connect: bytes of a request to the one logical plan, or to a command in plain structures.
 *
 *   bytes --weir_connect_unpack--> message --weir_connect_decode--> unresolved nodes (the same that
 * driver/sql makes) --weir_connect_resolve--> a resolved plan (driver/analyze)
 *
 * What a client may send and Weir does not run is refused by name (UNSUPPORTED_FEATURE); the table of all of
 * it is connect_coverage.def. Everything lives in the caller's arena, messages included: a protobuf-c message
 * made here is never freed on its own. The scope is borrowed for the call. Any thread. */
#pragma once

#include "common/conf/conf.h"
#include "common/plan/plan.h"
#include "common/plan/sql_context.h"
#include "common/types/timezone.h"
#include "connectors/connector.h"
#include "driver/analyze/analyzer.h"
#include "driver/job/job_spec.h"
#include "driver/sql/parser.h"
#include "proto/connect_base.pb-c.h"

struct weir_env;

/* What decoding asks the session. A callback that is NULL knows nothing. */
typedef struct weir_connect_scope {
    const struct weir_env *env;
    const weir_conf *conf;
    const weir_timezone *zone; /* spark.sql.session.timeZone, resolved */
    bool ansi, case_sensitive;
    int64_t *next_id; /* attribute ids are unique in a session */
    /* Temporary views: analyzer.h has the contract. */
    const weir_catalog *catalog;
    /* The bytes of the artifact cache/<hash>; *ret has NULL data where there is none. They must outlive the
     * arena (or be copied into it). */
    weir_code (*find_blob)(void *self, weir_arena *arena, weir_str hash, weir_str *ret, weir_error **err);
    /* The resolved plan behind a CachedRemoteRelation; *ret is NULL where there is none. */
    weir_code (*find_relation)(void *self, weir_arena *arena, weir_str id, weir_node **ret, weir_error **err);
    void *self;
    /* What the places of the nodes refer to: grows while plans are decoded, and by the catalogue for the
     * plans of views. In the arena of the nodes; required. */
    weir_sql_texts *texts;
} weir_connect_scope;

/* ---- bytes ---- */

/* Pre-scan with the limits of Connect (depth 1024, elements, allocation; texts must be UTF-8 without NUL),
 * then unpack into the arena. Bytes fields are copied: `bytes` is free afterwards. */
weir_code weir_connect_unpack(weir_arena *arena, weir_str bytes, const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCMessage **ret, weir_error **err);
/* The message as bytes, for responses. */
void weir_connect_pack(weir_strbuf *buf, const ProtobufCMessage *message);

/* ---- plans ---- */

typedef enum weir_connect_action {
    WEIR_CONNECT_ROWS,            /* the rows of `root` */
    WEIR_CONNECT_SHOW_STRING,     /* `show`: one row, one column "show_string" */
    WEIR_CONNECT_HTML_STRING,     /* `show`: one row, one column "html_string" */
    WEIR_CONNECT_CATALOG,         /* `catalog`: rows of the session's catalogue */
    WEIR_CONNECT_CREATE_VIEW,     /* `view` of `root` */
    WEIR_CONNECT_SQL_COMMAND,     /* a query by spark.sql: analysed now, run later; answer `sql_relation` */
    WEIR_CONNECT_STATEMENT,       /* `statement`, whose query (but that of EXPLAIN) is `root` */
    WEIR_CONNECT_WRITE,           /* `write` the rows of `root` */
    WEIR_CONNECT_START_STREAM,    /* `stream` of `root` */
    WEIR_CONNECT_QUERY_COMMAND,   /* `query_command` */
    WEIR_CONNECT_MANAGER_COMMAND, /* `manager_command` */
    WEIR_CONNECT_LISTENER_BUS,    /* `listener_bus` */
    WEIR_CONNECT_GET_RESOURCES,
    WEIR_CONNECT_REMOVE_RELATION, /* forget the cached relation `relation_id` */
    WEIR_CONNECT_CLEAN_CACHE,     /* sent at the exit of a client: nothing to do */
} weir_connect_action;

typedef struct weir_connect_show {
    int32_t rows, truncate; /* as DataFrame.show: truncate 0 = not at all */
    bool vertical;
} weir_connect_show;

typedef struct weir_connect_view {
    weir_str name;
    bool global, replace;
} weir_connect_view;

typedef struct weir_connect_write {
    weir_str format; /* spark.sql.sources.default where the client named none */
    weir_str path;   /* empty where the format needs none */
    weir_save_mode mode;
    weir_str_list partition_by;
    weir_options options;
} weir_connect_write;

typedef struct weir_connect_stream {
    weir_str name; /* empty = unnamed */
    weir_str format;
    weir_options options; /* with `path` where start(path) gave one */
    weir_str_list partition_by;
    weir_str output_mode; /* append, complete or update */
    weir_trigger_kind trigger;
    int64_t interval_ms;
} weir_connect_stream;

typedef struct weir_connect_plan {
    weir_connect_action action;
    weir_node *root; /* unresolved after decode, resolved after resolve; NULL where the action has none */
    weir_connect_show show;
    weir_connect_view view;
    weir_connect_write write;
    weir_connect_stream stream;
    weir_statement statement;
    weir_str relation_id;
    const Spark__Connect__Catalog *catalog;
    const Spark__Connect__Relation *sql_relation;
    const Spark__Connect__StreamingQueryCommand *query_command;
    const Spark__Connect__StreamingQueryManagerCommand *manager_command;
    const Spark__Connect__StreamingQueryListenerBusCommand *listener_bus;
} weir_connect_plan;

/* A whole plan: decompresses it where it is compressed. */
weir_code weir_connect_decode(weir_arena *arena, const weir_connect_scope *scope,
                              const Spark__Connect__Plan *plan, weir_connect_plan *ret, weir_error **err);
/* One relation (Persist and its kin carry no Plan). */
weir_code weir_connect_decode_relation(weir_arena *arena, const weir_connect_scope *scope,
                                       const Spark__Connect__Relation *relation, weir_connect_plan *ret,
                                       weir_error **err);
/* Analyses plan->root in place; no-op without one. */
weir_code weir_connect_resolve(weir_arena *arena, const weir_connect_scope *scope, weir_connect_plan *plan,
                               weir_error **err);

/* ---- types ---- */

/* For schemas in answers. Comments and other field metadata travel along. */
Spark__Connect__DataType *weir_connect_type_message(weir_arena *arena, const weir_type *type);
weir_code weir_connect_type_decode(weir_arena *arena, const Spark__Connect__DataType *message,
                                   const weir_type **ret, weir_error **err);

/* ---- AnalyzePlan (connect_analyze.c) ---- */

/* Fills the result of `ret` (initialised here; session ids are the caller's). Persist, Unpersist and
 * GetStorageLevel are answered for plans that analyse: nothing is ever persisted. */
weir_code weir_connect_analyze(weir_arena *arena, const weir_connect_scope *scope,
                               const Spark__Connect__AnalyzePlanRequest *request,
                               Spark__Connect__AnalyzePlanResponse *ret, weir_error **err);
