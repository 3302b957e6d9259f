/* Internals of an executor, shared by the files of this folder only: executor.c (server, messages),
 * query_run.c (a query's plan and state), epoch_run.c (an epoch attempt's stages), stage_task.c (one task).
 * Unless it says otherwise, everything here belongs to the control loop. */
#pragma once

#include <stdatomic.h>

#include "common/base/loop.h"
#include "common/rpc/frame.h"
#include "connectors/connector.h"
#include "executor/operator/operator.h"
#include "executor/shuffle/block_store.h"
#include "executor/task/executor.h"
#include "proto/engine.pb-c.h"

#define WEIR_STAGES_MAX 16

/* A stage of the plan, compiled once; read-only for tasks. */
typedef struct weir_stage_spec {
    weir_chain_spec chain;
    enum { WEIR_DISTRIBUTION_SPLITS, WEIR_DISTRIBUTION_HASH, WEIR_DISTRIBUTION_SINGLE } distribution;
    int32_t partitions_out; /* shuffle partitions; 0 = the stage ends in the sink */
    bool emits_groups;      /* the root is a partial aggregation: its output is split by key group */
    bool has_state;
    const weir_node_sink_write *sink;
} weir_stage_spec;

/* A background snapshot being written. */
typedef struct weir_snapshot_job {
    weir_job job;
    struct weir_query_run *query;
    char *path, *name;
    weir_strbuf bytes;
    int64_t batch;
    uint32_t crc;
    weir_error *error;
    _Atomic bool done;
} weir_snapshot_job;

/* A query that this executor takes part in. */
typedef struct weir_query_run {
    struct weir_query_run *next;
    weir_executor *executor;
    weir_arena *arena;
    char *run_id, *query_id, *checkpoint;
    uint64_t driver_epoch; /* of the checkpoint: messages of an older driver are refused */
    bool ansi;
    int64_t task_memory; /* bytes; spark.weir.task.memory */
    const weir_timezone *zone;
    weir_connector_context context;
    int32_t stages_count;
    weir_stage_spec stages[WEIR_STAGES_MAX];
    /* State: one store per state partition, NULL where another executor owns it. */
    int32_t state_partitions;
    weir_state_spec state_spec; /* schemas of the stateful operator */
    weir_state_store **stores;
    int64_t state_batch; /* committed version of all stores; -1 = empty */
    int64_t open_batch;  /* whose changes are in the open views; -1 = none */
    char *open_attempt;
    weir_snapshot_job *snapshot;  /* running or not yet reported */
    int64_t snapshot_refused;     /* asked for while another was written: reported as failed; -1 = none */
    struct weir_epoch_run *epoch; /* the latest attempt; its blocks serve peers until the next one */
} weir_query_run;

/* One task of a stage: run on a task thread. */
typedef struct weir_stage_task {
    weir_job job;
    weir_event event; /* posted to the control loop at the end */
    struct weir_epoch_run *epoch;
    int32_t stage, index; /* index: split or partition */
    /* results */
    weir_error *error;
    int64_t rows_in, rows_out;
    weir_strbuf sink_message;
    weir_strbuf rows; /* blocks of a collecting sink */
    int32_t rows_blocks;
} weir_stage_task;

typedef struct weir_waiting_fetch {
    struct weir_waiting_fetch *next;
    weir_call *call;
    Weir__FetchBlocks *message;
} weir_waiting_fetch;

/* An epoch attempt: PREPARE -> stage 0 -> [fetch -> stage k]... -> FINISH -> replied. */
typedef struct weir_epoch_run {
    weir_query_run *query;
    weir_call *call; /* answered with the report; NULL afterwards */
    Weir__RunEpoch *message;
    weir_budget budget; /* of the attempt's blocks, below the executor's */
    _Atomic bool cancelled;
    weir_error *error; /* the first */
    weir_block_store *blocks;
    int32_t stage;       /* running */
    int32_t stages_done; /* stages whose local tasks have all ended */
    weir_stage_task **tasks[WEIR_STAGES_MAX];
    int32_t tasks_count[WEIR_STAGES_MAX];
    int32_t tasks_left;
    int32_t fetches_left;
    bool finishing, replied;
    weir_step step; /* PREPARE and FINISH */
    Weir__StateObject changelog;
    bool has_changelog;
    char *changelog_name;
    uint64_t shuffle_bytes;
    weir_error *step_error;
} weir_epoch_run;

struct weir_executor {
    weir_executor_options options;
    char *listen_url;
    weir_loop *loop;
    pthread_t loop_thread;
    weir_pool *pool;      /* task threads */
    weir_pool *step_pool; /* blocking steps: state restore, changelogs, snapshots */
    weir_server *server;
    weir_client *driver;
    weir_budget budget; /* spark.executor.memory */
    weir_query_run *queries;
    weir_waiting_fetch *waiting; /* fetches for stages that are not done yet */
    weir_client **peers;         /* by executor index, connected when first needed */
    char **peer_urls;
    int32_t peers_count;
};

/* executor.c */
void weir_executor_reply(weir_executor *executor, weir_call *call, weir_frame_kind kind,
                         const ProtobufCMessage *message, const weir_str *payload, int32_t payload_count);
void weir_executor_reply_ack(weir_executor *executor, weir_call *call, const weir_error *error);
weir_client *weir_executor_peer(weir_executor *executor, const char *url, int32_t index, weir_error **err);
/* query_run.c */
weir_code weir_query_run_new(weir_executor *executor, const Weir__StartQuery *message, uint64_t driver_epoch,
                             weir_query_run **ret, weir_error **err);
void weir_query_run_free(weir_query_run *query);
/* Blocking: brings the stores to the base version of the attempt. */
weir_code weir_query_run_prepare(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err);
/* Blocking: writes the attempt's changelog object. */
weir_code weir_query_run_changelog(weir_query_run *query, weir_epoch_run *epoch, weir_error **err);
void weir_snapshot_job_free(weir_snapshot_job *job); /* accepts NULL */
/* epoch_run.c; takes call and message */
void weir_epoch_run_start(weir_query_run *query, weir_call *call, Weir__RunEpoch *message);
void weir_epoch_run_cancel(weir_epoch_run *epoch);
void weir_epoch_run_free(weir_epoch_run *epoch);
bool weir_epoch_run_idle(const weir_epoch_run *epoch); /* no task, step or fetch is running */
void weir_epoch_serve_fetches(weir_executor *executor);
/* stage_task.c: on a task thread */
void weir_stage_task_run(weir_job *job);
