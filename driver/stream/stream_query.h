/* A running streaming query: the micro-batch state machine over phases P0 to P10 (reliability.md).
 *
 *   OPENING -> GATHERING -> WAITING -> PLANNING (P0, P1) -> GATHERING -> RUNNING (P2..P7) -> COMMITTING
 * (P8..P10) ^                              ^             |                     | | +- ABORTING <-+ (an
 * attempt failed) |
 *                              +------------------------------------------------------------------+
 *   any -> CLOSING -> ENDED
 *
 * OPENING, PLANNING, COMMITTING and ABORTING are blocking steps on the driver's pool; GATHERING waits until
 * there are executors and all of them know the query; RUNNING waits for their reports. All transitions happen
 * on the loop. One object a query run. */
#pragma once

#include "common/base/log.h"
#include "common/conf/conf.h"
#include "connectors/connector.h"
#include "driver/cluster/cluster.h"
#include "driver/driver.h"
#include "driver/job/job_spec.h"
#include "common/base/loop.h"

typedef struct weir_stream_query weir_stream_query;
struct weir_memory_table; /* connectors/memory/memory_sink.h */

/* What a listener hears of a query: on the loop, which it must not hold up. Any member may be NULL. */
typedef struct weir_stream_events {
    /* It is open: `id` is the checkpoint's, `table` (borrowed, NULL but for the memory sink) what it fills.
     */
    void (*opened)(void *data, weir_stream_query *query, const char *id, const char *run_id,
                   struct weir_memory_table *table);
    void (*progress)(void *data, weir_str json); /* a batch was committed */
    void (*idle)(void *data);                    /* a trigger found nothing new */
    /* So it has been for spark.sql.streaming.noDataProgressEventInterval, or from the start (`first`): a
     * progress without a batch, and the time of its trigger. */
    void (*no_data)(void *data, weir_str json, const char *timestamp, bool first);
    void (*status)(void *data, const char *message, bool trigger_active);
    void *data;
} weir_stream_events;

/* What the query needs of its driver; borrowed for its life. */
typedef struct weir_query_host {
    const weir_env *env;
    weir_loop *loop;
    weir_pool *pool;
    weir_cluster *cluster;
    const weir_log *log;
    const weir_stream_events *events; /* NULL = nobody listens */
    const weir_output *output;
    weir_progress_kind progress;
    /* On the loop, once, as the query's last act; `error` (NULL = ended well) is borrowed. */
    void (*ended)(void *data, weir_stream_query *query, const weir_error *error);
    void *data;
} weir_query_host;

typedef struct weir_query_source {
    weir_str format;
    weir_options options;
    const weir_type *schema; /* the user's; NULL where none */
} weir_query_source;

/* What to run: made by the engine, lives in its arena as long as the query. */
typedef struct weir_query_spec {
    weir_str name;
    const weir_node_query_plan *plan;
    const weir_query_source *sources;
    int32_t sources_count;
    weir_str sink_format;
    weir_options sink_options;
    const weir_type *schema; /* of the result */
    weir_str output_mode;
    weir_trigger_kind trigger;
    int64_t interval_ms;
    const char *checkpoint;       /* directory; empty = temporary */
    bool checkpoint_is_temporary; /* removed at the end */
    const char *signature;        /* of the state and its sources: must match the checkpoint's */
    bool stateful;
    int32_t state_partitions;
    const weir_conf *conf;
    const weir_timezone *zone;
} weir_query_spec;

weir_stream_query *weir_stream_query_new(const weir_query_host *host, const weir_query_spec *spec);
void weir_stream_query_start(weir_stream_query *query); /* loop */
/* An executor can be used that could not before: a query that waits for one goes on. Loop. */
void weir_stream_query_members_changed(weir_stream_query *query);
/* Ends after the running batch (now = false) or as soon as it can be abandoned. Loop. */
void weir_stream_query_stop(weir_stream_query *query, bool now);
void weir_stream_query_free(weir_stream_query *query); /* after it has ended */
weir_str weir_stream_query_name(const weir_stream_query *query);
/* {"name":..,"id":..,"runId":..,"state":..,"batchId":..,...}; loop. */
void weir_stream_query_status_json(const weir_stream_query *query, weir_strbuf *buf);
