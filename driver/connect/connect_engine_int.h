/* Shared by the files of the engine behind the Connect server: connect_engine.c (life, dispatch),
 * engine_scope.c (sessions' views, plans and the memory they live in), engine_rows.c (rows and their texts),
 * engine_write.c (batch writes), engine_streams.c (queries), engine_commands.c (questions to queries),
 * engine_listeners.c (events), engine_catalog.c (catalogue), engine_statements.c (SQL that is no query). One
 * lock, `engine->lock`, guards sessions' lists and queries' states; `changed` is broadcast whenever something
 * that a worker waits for may have happened.
 */
#pragma once

#include <pthread.h>

#include "connectors/memory/memory_sink.h"
#include "driver/batch/batch_query.h"
#include "driver/connect/connect_engine.h"
#include "driver/connect/connect_plan.h"
#include "driver/physical/physical.h"
#include "driver/stream/stream_query.h"

struct weir_connect_engine {
    weir_connect_engine_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;   /* of CLOCK_MONOTONIC */
    _Atomic int64_t next_ids; /* attribute ids: each plan takes a range */
};

/* Memory of a resolved plan, shared by the view it became and by whatever was built upon it. */
typedef struct weir_plan_memory weir_plan_memory;
struct weir_plan_memory {
    _Atomic int32_t refs;
    weir_arena *arena;
    weir_plan_memory **uses; /* of the views that the plan refers to */
    int32_t uses_count, uses_capacity;
};
weir_plan_memory *weir_plan_memory_new(void);
weir_plan_memory *weir_plan_memory_ref(weir_plan_memory *memory);
void weir_plan_memory_unref(weir_plan_memory *memory);                       /* accepts NULL */
void weir_plan_memory_use(weir_plan_memory *memory, weir_plan_memory *used); /* takes a new reference */

/* A temporary view, or the table of a memory sink. */
typedef struct weir_engine_view {
    struct weir_engine_view *next;
    char *name;
    bool global;
    weir_node *plan; /* NULL for a memory table */
    weir_str sql;    /* what its places refer to, in its memory */
    weir_plan_memory *memory;
    weir_memory_table *table;
} weir_engine_view;

typedef struct weir_engine_query weir_engine_query;
typedef struct weir_engine_event weir_engine_event;

typedef struct weir_engine_session {
    weir_connect_engine *engine;
    weir_client_session *connect;
    weir_engine_view *views;
    weir_engine_query *queries; /* newest first; ended ones stay addressable */
    bool closed;
    /* the stream of events */
    bool has_listeners;
    weir_engine_event *events, **events_end;
    int32_t events_count;
    int64_t terminations; /* queries that have ended since resetTerminated */
    weir_error *failure;  /* STREAM_FAILED of the last one that failed */
} weir_engine_session;

/* One plan being decoded, analysed and run: memory, configuration and what the decoder asks. */
typedef struct weir_engine_scope {
    weir_engine_session *session;
    weir_plan_memory *memory;
    weir_arena *arena; /* the memory's */
    weir_conf *conf;
    const weir_timezone *zone;
    int64_t next_id;
    weir_catalog catalog;
    weir_sql_texts texts;
    weir_connect_scope decoder;
} weir_engine_scope;

/* Takes a snapshot of the session's configuration. */
weir_code weir_engine_scope_open(weir_engine_session *session, weir_engine_scope *ret, weir_error **err);
void weir_engine_scope_close(weir_engine_scope *scope);
/* What the decoder is given; points into the scope, so ask again after it was moved. */
weir_connect_scope *weir_engine_scope_decoder(weir_engine_scope *scope);

/* ---- views (engine_scope.c) ---- */
/* Takes a reference of the scope's memory, in which `plan` lives with all its texts.
 * TEMP_TABLE_OR_VIEW_ALREADY_EXISTS without `replace`. */
weir_code weir_engine_view_add(weir_engine_scope *scope, const weir_connect_view *view, weir_node *plan,
                               weir_error **err);
void weir_engine_view_add_table(weir_engine_session *session, const char *name, weir_memory_table *table);
bool weir_engine_view_drop(weir_engine_session *session, weir_str name, bool global);
/* Copies of all views of one session in another. */
void weir_engine_views_copy(const weir_engine_session *from, weir_engine_session *to);
void weir_engine_views_free(weir_engine_session *session);

/* ---- rows (engine_rows.c) ---- */
/* The physical plan of a resolved plan without streams, whose rows go to a sink. */
weir_code weir_engine_rows_plan(weir_engine_scope *scope, weir_node *root, weir_str sink_format,
                                const weir_options *sink_options, weir_physical *ret, weir_error **err);
/* Runs it to its end; an interrupt of the operation cancels it. */
weir_code weir_engine_rows_execute(weir_engine_scope *scope, weir_connect_operation *operation,
                                   weir_batch_query *query, weir_error **err);
/* Runs a plan without streams. `limit` >= 0: no more rows are needed. */
weir_code weir_engine_rows_run(weir_engine_scope *scope, weir_connect_operation *operation, weir_node *root,
                               int64_t limit, weir_batch_take take, void *data, weir_error **err);
/* The rows as responses: schema, then Arrow batches. */
weir_code weir_engine_rows_emit(weir_engine_scope *scope, weir_connect_operation *operation, weir_node *root,
                                weir_error **err);
weir_code weir_engine_rows_show(weir_engine_scope *scope, weir_connect_operation *operation,
                                const weir_connect_plan *plan, weir_error **err);
/* One batch that is here already. */
weir_code weir_engine_rows_emit_batch(weir_engine_scope *scope, weir_connect_operation *operation,
                                      weir_batch *batch, weir_error **err);

/* ---- batch writes (engine_write.c) ---- */
weir_code weir_engine_write(weir_engine_scope *scope, weir_connect_operation *operation,
                            const weir_connect_plan *plan, weir_error **err);

/* ---- streams (engine_streams.c) ---- */
struct weir_engine_query {
    weir_engine_query *next;
    _Atomic int32_t refs;
    weir_engine_session *session; /* NULL once that is gone */
    weir_connect_engine *engine;
    weir_engine_scope scope; /* the plan's */
    weir_query_spec spec;
    weir_stream_events events;
    weir_driver_job *job;
    char id[37], run_id[37];
    char *name;  /* "" = unnamed */
    char **tags; /* of the operation that started it */
    int32_t tags_count;
    bool opened, ended, stopping;
    weir_error *error; /* what ended it; NULL = it was stopped, or came to its end */
    const char *status;
    bool trigger_active;
    int64_t batches; /* committed in this run */
    int64_t idles;   /* triggers that found nothing */
    char **progress; /* ring of JSON texts */
    int32_t progress_count, progress_next, progress_max;
    weir_node *plan; /* resolved; lives in the scope */
};
weir_code weir_engine_stream_start(weir_engine_session *session, weir_connect_operation *operation,
                                   weir_engine_scope *scope /* taken */, weir_connect_plan *plan,
                                   weir_error **err);
/* A query by run id (`id` must fit), or by id alone where run_id is empty; a new reference or NULL. */
weir_engine_query *weir_engine_query_find(weir_engine_session *session, const char *id, const char *run_id);
void weir_engine_query_unref(weir_engine_query *query); /* accepts NULL */
/* Asks it to end; does not wait. Under the lock. */
void weir_engine_query_stop(weir_engine_query *query);
/* Waits until it has ended; false where `timeout_ms` (< 0: none) or an interrupt came first. */
bool weir_engine_query_await(weir_engine_query *query, weir_connect_operation *operation, int64_t timeout_ms);
/* STREAM_FAILED with what ended it; returns its code. */
weir_code weir_engine_query_raise(const weir_engine_query *query, weir_error **err);
/* What Spark's StreamingQueryException prints of itself. */
void weir_engine_query_exception(const weir_engine_query *query, weir_strbuf *ret);

/* ---- commands (engine_commands.c) ---- */
weir_code weir_engine_command_query(weir_engine_session *session, weir_connect_operation *operation,
                                    const weir_connect_plan *plan, weir_error **err);
weir_code weir_engine_command_manager(weir_engine_session *session, weir_connect_operation *operation,
                                      const weir_connect_plan *plan, weir_error **err);

/* ---- listeners (engine_listeners.c) ---- */
weir_code weir_engine_listener_bus(weir_engine_session *session, weir_connect_operation *operation,
                                   const weir_connect_plan *plan, weir_error **err);
/* Under the lock; nothing without listeners. The JSON is copied. */
void weir_engine_event_add(weir_engine_session *session, Spark__Connect__StreamingQueryEventType type,
                           weir_str json);
void weir_engine_events_free(weir_engine_session *session);

/* ---- SQL statements (engine_statements.c) ---- */
weir_code weir_engine_statement(weir_engine_scope *scope, weir_connect_operation *operation,
                                const weir_connect_plan *plan, weir_error **err);

/* ---- catalogue (engine_catalog.c) ---- */
/* Catalog patterns: '*' for any text, '|' between alternatives, no case. */
bool weir_engine_catalog_matches(const char *pattern, const char *name);
weir_code weir_engine_catalog_answer(weir_engine_scope *scope, weir_connect_operation *operation,
                                     const Spark__Connect__Catalog *catalog, weir_error **err);

/* ---- waiting ---- */
/* Under the lock: sleeps until something changed or the time is over; false when it is over. deadline_us < 0:
 * none. */
bool weir_engine_wait(weir_connect_engine *engine, int64_t deadline_us);
