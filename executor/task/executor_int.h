/* Internals of an executor, shared by the files of this folder only:
 *
 *   executor.c         start, stop, requests        query_registry.c  which query runs are here
 *   executor_life.c    registration, heartbeats     query_run.c       a query's compiled plan
 *   executor_peers.c   connections to peers         query_state.c     its state stores' versions
 *   executor_status.c  counters                     state_restore.c   state objects to stores
 *   epoch_run.c        an epoch attempt's stages    epoch_report.c    what it reports
 *   epoch_shuffle.c    its blocks, both ways        stage_task.c      one task
 *
 * Unless it says otherwise, everything here belongs to the control loop. */
#pragma once

#include <stdatomic.h>

#include "common/base/loop.h"
#include "common/rpc/aead.h"
#include "common/rpc/frame.h"
#include "connectors/connector.h"
#include "executor/operator/operator.h"
#include "executor/shuffle/block_fetch.h"
#include "executor/shuffle/block_store.h"
#include "executor/task/executor.h"
#include "proto/engine.pb-c.h"

#define WEIR_STAGES_MAX 128
#define WEIR_SOURCES_MAX 10000
#define WEIR_EPOCH_CALLS_MAX 4   /* copies of one RUN_EPOCH that are answered */
#define WEIR_DROPPED_RUNS_MAX 64 /* that are remembered */

/* A pipeline of a stage, from its leaf to the stage's root. Its tasks are the splits of a source, or the
 * partitions of an earlier stage. */
typedef struct weir_stage_input {
    weir_chain_spec chain;
    int32_t source; /* -1 = reads a stage */
    int32_t reads;  /* that stage; -1 = reads a source */
} weir_stage_input;

/* Blocks that a stage needs before its tasks run. */
typedef struct weir_stage_need {
    int32_t stage, input; /* of that stage, for the tasks of this input: */
    bool whole;           /* partition 0 for each of them, else their own partitions */
} weir_stage_need;

/* A stage of the plan, compiled once; read-only for tasks. Its tasks are those of its inputs, one input after
 * the other. */
typedef struct weir_stage_spec {
    weir_stage_input *inputs;
    int32_t inputs_count;
    weir_stage_need *needs;
    int32_t needs_count;
    int32_t partitions_out; /* shuffle partitions; 0 = the stage ends in the sink */
    bool emits_groups;      /* the root is a partial aggregation: its output is split by key group */
    const weir_program *shuffle_keys; /* rows are split by these; NULL = not by expressions */
    int32_t shuffle_keys_count;
    bool has_state;
    const weir_node_sink_write *sink;
} weir_stage_spec;

/* A background snapshot being written. */
typedef struct weir_snapshot_job {
    weir_step step;
    struct weir_query_run *query;
    char *path, *name;
    weir_strbuf bytes;
    int64_t batch;
    uint32_t crc;
    weir_error *error;
    bool done;
} weir_snapshot_job;

/* Attempts of a query run follow each other in this order. */
typedef struct weir_attempt_id {
    int64_t batch;
    uint32_t attempt;
} weir_attempt_id;

static inline int weir_attempt_compare(weir_attempt_id a, weir_attempt_id b) {
    if (a.batch != b.batch)
        return a.batch < b.batch ? -1 : 1;
    return (a.attempt > b.attempt) - (a.attempt < b.attempt);
}

/* A call that waits for something to end. */
typedef struct weir_waiting_call {
    struct weir_waiting_call *next;
    weir_call *call;
} weir_waiting_call;

/* A query that this executor takes part in. */
typedef struct weir_query_run {
    struct weir_query_run *next;
    weir_executor *executor;
    weir_arena *arena;
    char *run_id, *query_id, *checkpoint;
    uint64_t driver_epoch; /* of the checkpoint: messages of an older driver are refused */
    bool ansi, compress;
    int64_t task_memory; /* bytes; spark.weir.task.memory */
    weir_aead *aead;     /* seals shuffle blocks; NULL = no data key */
    const weir_timezone *zone;
    weir_connector_context context;
    int32_t stages_count;
    weir_stage_spec stages[WEIR_STAGES_MAX];
    int32_t sources_count;
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
    weir_attempt_id cancelled;    /* the newest attempt that was cancelled, started here or not */
    weir_call *next_call;         /* a newer attempt waits until nothing of the older one runs */
    Weir__RunEpoch *next_message;
    int32_t users; /* fetches and replies to fetches that are under way */
    int64_t keys_owned;
    int32_t partitions_owned;
    bool dropped;             /* freed when idle */
    weir_waiting_call *stops; /* answered then */
} weir_query_run;

/* One task of a stage: run on a task thread. */
typedef struct weir_stage_task {
    weir_job job;
    weir_event event; /* posted to the control loop at the end */
    struct weir_epoch_run *epoch;
    int32_t stage, index;
    int32_t input, local; /* of the stage's inputs; local: split of its source, or partition */
    _Atomic bool started;
    bool ended;
    _Atomic int64_t progress; /* rows read, while it runs */
    /* results */
    weir_error *error;
    int64_t rows_in, rows_out;
    weir_strbuf sink_message;
    weir_strbuf rows; /* blocks of a collecting sink */
    int32_t rows_blocks;
} weir_stage_task;

/* An epoch attempt: PREPARE -> stage 0 -> [fetch -> stage k]... -> FINISH -> replied. */
typedef struct weir_epoch_run {
    weir_query_run *query;
    weir_call *calls[WEIR_EPOCH_CALLS_MAX]; /* answered with the report */
    int32_t calls_count;
    weir_buffer *kept_report; /* once replied, unless it is large */
    Weir__RunEpoch *message;
    weir_attempt_id id;
    _Atomic bool cancelled;
    weir_error *error; /* the first */
    weir_block_store *blocks;
    weir_block_fetch *fetch; /* under way, for */
    int32_t need;            /* of the stage */
    int32_t *source_from;    /* by source: its first split; one more at the end */
    int64_t failed_peer;     /* -1 = none */
    int32_t stage;           /* running */
    int32_t stages_done;     /* stages whose local tasks have all ended */
    weir_stage_task **tasks[WEIR_STAGES_MAX];
    int32_t tasks_count[WEIR_STAGES_MAX];
    int32_t tasks_left;
    bool finishing, replied;
    weir_step step; /* PREPARE and FINISH */
    Weir__StateObject changelog;
    bool has_changelog;
    char *changelog_name;
    _Atomic int64_t shuffle_bytes;
    weir_error *step_error;
} weir_epoch_run;

/* A FETCH_BLOCKS that is not answered yet. */
typedef struct weir_waiting_fetch {
    struct weir_waiting_fetch *next;
    weir_call *call;
    Weir__FetchBlocks *message;
    uint64_t driver_epoch;
    int64_t due_us; /* answered with not_ready then */
} weir_waiting_fetch;

/* A connection to another executor. */
typedef struct weir_peer {
    struct weir_peer *next;
    char *url;
    weir_client *client;
    int32_t users;
    int64_t idle_since_us;
    weir_step close_step;
    const weir_transport_ops *ops;
} weir_peer;

/* What GET_STATUS counts; any thread. */
typedef struct weir_executor_counters {
    _Atomic int64_t shuffle_received, shuffle_sent;
    _Atomic int64_t epochs_run, epochs_failed, tasks_run;
    _Atomic int64_t keys_owned, partitions_owned, queries;
    _Atomic int64_t incarnations, registrations, heartbeats, heartbeats_failed;
    _Atomic int64_t fenced;         /* by the driver: this executor was declared lost, or the driver is new */
    _Atomic int64_t refused_driver; /* requests of a driver with an older epoch */
    _Atomic int64_t refused_run;    /* for a query run that is not here */
    _Atomic int64_t refused_attempt; /* of an attempt that is over */
    _Atomic int64_t refused_fetch;   /* of an attempt that is over, or of a run that was dropped */
    _Atomic int64_t refused_message; /* malformed, or not for an executor */
    _Atomic int64_t duplicates;      /* the same epoch asked for again */
    _Atomic int64_t not_ready;       /* fetches that came before their stage was done */
    _Atomic int64_t restored_partitions, restored_bytes;
} weir_executor_counters;

typedef enum weir_life_state {
    WEIR_LIFE_REGISTERING, /* asks, or waits to ask again */
    WEIR_LIFE_REGISTERED,
    WEIR_LIFE_REFUSED,
    WEIR_LIFE_DRAINED,
} weir_life_state;

/* executor_life.c */
typedef struct weir_executor_life {
    weir_timer timer;    /* the next registration or heartbeat */
    weir_step sweep;     /* of what dead processes left in the local directory */
    uint64_t generation; /* answers to an older incarnation's questions are ignored */
    uint32_t heartbeat_ms, timeout_ms;
    int32_t heartbeats_in_flight;
    int64_t answered_us; /* the last answer of the driver */
    int64_t said_us;     /* the last message about a driver that is not there; 0 = none */
    int32_t backoff_ms;
    bool draining;
    void (*drained)(void *data);
    void *drained_data;
    void (*refused)(void *data, const weir_error *error);
    void *refused_data;
    weir_error *refusal;
    /* Read by weir_executor_status_json on any thread. */
    pthread_mutex_t lock;
    weir_life_state state;
    char incarnation[37];
    uint32_t executor_id;
    char *driver_id;
} weir_executor_life;

struct weir_executor {
    weir_executor_options options;
    char *listen_url, *advertise_url, *driver_url, *host, *local_dir;
    weir_loop *loop;
    pthread_t loop_thread;
    bool stopping;
    weir_pool *pool;         /* task threads */
    weir_pool *step_pool;    /* blocking steps: state restore, changelogs, snapshots */
    weir_pool *shuffle_pool; /* made when first needed: blocks to and from peers */
    weir_server *server;
    weir_client *driver;
    weir_budget budget; /* spark.executor.memory */
    weir_block_pool *blocks;
    weir_query_run *queries, *dropped;
    char *dropped_runs[WEIR_DROPPED_RUNS_MAX]; /* a ring: their fetches are refused at once */
    int32_t dropped_runs_next;
    weir_waiting_fetch *waiting; /* fetches for stages that are not done yet; the oldest first */
    weir_timer waiting_timer;
    weir_peer *peers;
    weir_executor_life life;
    weir_executor_counters counters;
};

static inline void weir_count(_Atomic int64_t *counter, int64_t n) {
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
static inline int64_t weir_counted(const _Atomic int64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* executor.c */
void weir_executor_reply(weir_executor *executor, weir_call *call, weir_frame_kind kind,
                         const ProtobufCMessage *message, const weir_str *payload, int32_t payload_count);
void weir_executor_reply_ack(weir_executor *executor, weir_call *call, const weir_error *error);
void weir_executor_reply_report_error(weir_executor *executor, weir_call *call, const weir_error *error);
/* executor_life.c */
void weir_executor_life_init(weir_executor *executor);
void weir_executor_life_fini(weir_executor *executor);
/* In process: blocks until the driver has accepted. Else the first connection only; the loop does the rest.
 */
weir_code weir_executor_life_start(weir_executor *executor, weir_error **err);
void weir_executor_life_stop(weir_executor *executor); /* no timer fires any more */
void weir_executor_maybe_drained(weir_executor *executor);
uint32_t weir_executor_id(weir_executor *executor); /* any thread */
/* executor_peers.c */
weir_peer *weir_executor_peer_use(weir_executor *executor, const char *url, weir_error **err);
void weir_executor_peer_release(weir_executor *executor, weir_peer *peer);
void weir_executor_peers_sweep(weir_executor *executor, int64_t now_us);
/* After the loop, both: ends what is asked; frees. */
void weir_executor_peers_close(weir_executor *executor);
void weir_executor_peers_free(weir_executor *executor);
weir_code weir_executor_shuffle_pool(weir_executor *executor, weir_pool **ret, weir_error **err);
/* executor_status.c */
void weir_executor_count_state(weir_executor *executor);
/* query_registry.c */
weir_query_run *weir_executor_find_query(weir_executor *executor, const char *run_id);
bool weir_executor_has_dropped(const weir_executor *executor, const char *run_id);
weir_code weir_executor_start_query(weir_executor *executor, const Weir__StartQuery *message,
                                    uint64_t driver_epoch, weir_error **err);
/* `stop`: a call that is answered when nothing of the run is left; may be NULL. */
void weir_executor_drop_query(weir_executor *executor, weir_query_run *query, weir_call *stop);
void weir_executor_drop_all(weir_executor *executor);
bool weir_executor_is_idle(const weir_executor *executor); /* no epoch is running */
/* Something of the query ended: it may be freed now, or its next attempt may start. */
void weir_query_run_settle(weir_query_run *query);
void weir_executor_queries_free(weir_executor *executor); /* after loop and pools */
/* query_run.c */
weir_code weir_query_run_new(weir_executor *executor, const Weir__StartQuery *message, uint64_t driver_epoch,
                             weir_query_run **ret, weir_error **err);
void weir_query_run_free(weir_query_run *query); /* nothing of it may be running; any thread */
/* query_state.c. Blocking: brings the stores to the base version of the attempt. */
weir_code weir_query_run_prepare(weir_query_run *query, const Weir__RunEpoch *message, weir_error **err);
/* Blocking: writes the attempt's changelog object. */
weir_code weir_query_run_changelog(weir_query_run *query, weir_epoch_run *epoch, weir_error **err);
void weir_snapshot_job_free(weir_snapshot_job *job); /* accepts NULL */
/* A snapshot that weir_query_run_prepare serialised is written in the background. */
void weir_query_run_start_snapshot(weir_query_run *query);
/* state_restore.c. Blocking: makes stores for the partitions and replays the objects that they need. */
weir_code weir_state_restore(weir_query_run *query, const Weir__RunEpoch *message, const int32_t *partitions,
                             int32_t count, weir_error **err);
/* epoch_run.c; takes call and message */
void weir_epoch_run_start(weir_query_run *query, weir_call *call, Weir__RunEpoch *message);
void weir_epoch_run_cancel(weir_epoch_run *epoch);
void weir_epoch_run_abandon(weir_epoch_run *epoch);    /* without an answer: the executor stops */
void weir_epoch_run_free(weir_epoch_run *epoch);       /* accepts NULL */
bool weir_epoch_run_idle(const weir_epoch_run *epoch); /* no task, step or fetch is running */
void weir_epoch_run_fail(weir_epoch_run *epoch, weir_error *error /* takes; accepts NULL */);
void weir_epoch_run_next_need(weir_epoch_run *epoch); /* its fetch ended, well or not */
int32_t weir_epoch_run_input_tasks(const weir_epoch_run *epoch, int32_t stage, int32_t input);
int32_t weir_epoch_run_tasks(const weir_epoch_run *epoch, int32_t stage);
uint32_t weir_epoch_run_task_owner(const weir_epoch_run *epoch, int32_t stage, int32_t index);
static inline bool weir_epoch_run_owns(const weir_epoch_run *epoch, int32_t stage, int32_t index) {
    return weir_epoch_run_task_owner(epoch, stage, index) == epoch->message->self;
}
/* epoch_report.c: answers RUN_EPOCH */
void weir_epoch_run_report(weir_epoch_run *epoch);
/* The report once more, where it was kept. */
bool weir_epoch_run_report_again(const weir_epoch_run *epoch, weir_call *call);
/* epoch_shuffle.c */
bool weir_epoch_run_fetch(weir_epoch_run *epoch,
                          const weir_stage_need *need); /* false: there is nothing to fetch */
/* Takes call and message. */
void weir_executor_fetch_blocks(weir_executor *executor, weir_call *call, Weir__FetchBlocks *message,
                                uint64_t driver_epoch);
void weir_executor_serve_fetches(weir_executor *executor);
/* stage_task.c: on a task thread */
void weir_stage_task_run(weir_job *job);
