/* A batch query: one run of a plan without streams, whose rows come back to the driver.
 *
 *   PLANNING (splits of the sources: a step) -> STARTING (START_QUERY) -> RUNNING (RUN_EPOCH) -> STOPPING
 * (STOP_QUERY) -> ENDED
 *
 * There is no checkpoint and no state: an attempt that fails for a reason that trying again may mend begins
 * anew, under another run id, on the executors of that moment; where there is none, it waits. All transitions happen on the loop; whoever
 * wants the rows waits on a thread of its own. */
#pragma once

#include "common/base/log.h"
#include "connectors/connector.h"
#include "driver/cluster/cluster.h"
#include "driver/physical/physical.h"

typedef struct weir_batch_query weir_batch_query;

/* Borrowed for the query's life. */
typedef struct weir_batch_host {
    const weir_env *env;
    weir_loop *loop;
    weir_pool *pool;
    weir_cluster *cluster;
    const weir_log *log;
    /* On the loop, once, as its last act there: the query may be freed when `wait` has returned. */
    void (*ended)(void *data, weir_batch_query *query);
    void *data;
} weir_batch_host;

typedef struct weir_batch_spec {
    const weir_physical *physical;
    const weir_conf *conf;
    const weir_timezone *zone;
} weir_batch_spec;

/* `spec` and all in it live longer than the query. */
weir_batch_query *weir_batch_query_new(const weir_batch_spec *spec);
const weir_conf *weir_batch_query_conf(const weir_batch_query *query);
/* Loop. An error there (no executors could be started) ends it. */
void weir_batch_query_start(weir_batch_query *query, const weir_batch_host *host, const weir_error *error);
/* An executor can be used that could not before. Loop. */
void weir_batch_query_members_changed(weir_batch_query *query);
/* Any thread: the query ends soon, with OPERATION_CANCELED. Also before it has started. */
void weir_batch_query_cancel(weir_batch_query *query);
/* Blocks until it has ended; not on the loop. */
weir_code weir_batch_query_wait(weir_batch_query *query, weir_error **err);
/* The rows, in the order of tasks, after a wait that succeeded; `take` gets borrowed batches. */
typedef weir_code (*weir_batch_take)(void *data, weir_batch *batch, weir_error **err);
weir_code weir_batch_query_each(weir_batch_query *query, weir_batch_take take, void *data, weir_error **err);
void weir_batch_query_free(weir_batch_query *query); /* after wait, or never started; accepts NULL */
