/* Internals of a running query, shared by the files of this folder only: stream_query.c (transitions),
 * query_members.c (executors of an attempt, START_QUERY, STOP_QUERY), batch_plan.c (opening, P0, P1),
 * epoch_dispatch.c (P2..P7), attempt_failure.c, batch_commit.c (P8..P10), state_chain.c (which state objects
 * count), snapshot_parts.c, progress.c. The loop and the one running step never touch the query at the same
 * time.
 */
#pragma once

#include "driver/checkpoint/checkpoint.h"
#include "driver/stream/stream_query.h"
#include "proto/engine.pb-c.h"

typedef struct weir_state_object {
    const char *name; /* below <checkpoint>/state */
    uint64_t size;
    uint32_t crc;
    int64_t batch; /* whose changes, or whose version, it holds */
} weir_state_object;

typedef struct weir_state_objects {
    weir_state_object *items;
    int32_t count;
} weir_state_objects;

/* What the stateful operators of the last batch reported, summed over executors. */
typedef struct weir_state_totals {
    bool any;
    uint64_t rows_total, rows_updated, rows_removed, memory_bytes, rows_dropped_by_watermark;
    uint32_t partitions;
} weir_state_totals;

/* Which objects make up the committed state: a snapshot (batch -1 = none) and the changelogs of every later
 * batch. Owned texts live in `arena`, renewed at each snapshot. */
typedef struct weir_state_chain {
    weir_arena *arena;
    int64_t snapshot_batch;
    weir_state_objects snapshot;
    weir_state_objects changelogs; /* oldest first */
} weir_state_chain;

/* What happened in the running batch, for the progress line. Times in microseconds. */
typedef struct weir_batch_times {
    int64_t trigger_start_us, trigger_realtime_us;
    int64_t latest_offset_us, wal_commit_us, get_batch_us, add_batch_us, commit_offsets_us;
    int64_t previous_trigger_us; /* start of the trigger before, 0 = none */
} weir_batch_times;

/* One executor's part of an epoch attempt. */
typedef struct weir_epoch_reply {
    struct weir_stream_query *query;
    int32_t executor; /* index of the member */
    uint32_t attempt;
    bool unreached;       /* no report came: the executor is gone, or its connection broke */
    weir_buffer *carrier; /* of the reply: keeps the payload */
    size_t payload_offset;
    Weir__EpochReport *report; /* unpacked; NULL until it came */
    weir_error *error;
} weir_epoch_reply;

typedef enum weir_query_state {
    WEIR_QUERY_OPENING,
    WEIR_QUERY_GATHERING, /* waits for executors, or for their answers to START_QUERY */
    WEIR_QUERY_WAITING,   /* for the trigger */
    WEIR_QUERY_PLANNING,
    WEIR_QUERY_RUNNING,
    WEIR_QUERY_COMMITTING,
    WEIR_QUERY_ABORTING, /* what a failed attempt staged is dropped */
    WEIR_QUERY_CLOSING,
    WEIR_QUERY_ENDED,
} weir_query_state;

/* An executor that START_QUERY was sent to. */
typedef struct weir_known_executor {
    uint32_t id;
    bool acknowledged;
} weir_known_executor;

/* The snapshot that executors were asked for. Its parts are of one placement and come with later reports;
 * together they are one whole version, or it is given up. */
typedef struct weir_snapshot_request {
    int64_t batch;       /* -1 = none */
    weir_str_list names; /* attempts that asked for it under the same placement */
    uint32_t *owners;    /* that placement: executor ids by partition */
    uint32_t *executors; /* that were asked */
    bool *taken;         /* their part is in `parts` */
    int32_t executors_count;
    weir_state_objects parts;
    weir_arena *arena; /* of all that; NULL = none */
} weir_snapshot_request;

struct weir_stream_query {
    weir_query_host host;
    const weir_query_spec *spec;
    weir_arena *arena;       /* life of the run */
    weir_arena *epoch_arena; /* life of a batch */
    weir_query_state state;
    bool stop_requested, stop_now;
    weir_error *error; /* the first; ends the query */
    char run_id[37];
    weir_timer timer;
    weir_step step;
    weir_code (*work)(struct weir_stream_query *query, weir_error **err); /* of the running step */

    /* blocking objects: touched by steps only */
    weir_connector_context context;
    weir_checkpoint *checkpoint;
    const weir_source_ops **source_ops;
    weir_source **sources;
    const weir_sink_ops *sink_ops;
    weir_sink *sink;

    /* position in the stream */
    int64_t batch_id;        /* of the running or next batch */
    int64_t committed;       /* last committed batch, -1 = none */
    char *committed_attempt; /* attempt name that counted for it */
    weir_str *offsets_from;  /* per source; heap texts, empty = nothing read */
    weir_str *offsets_to;
    bool batch_logged;   /* offsets/batch_id exists already (a re-run) */
    bool has_batch;      /* PLANNING found something to run */
    bool commit_pending; /* sources are to be told of `offsets_from` once the next offsets are durable */
    int64_t watermark_ms, timestamp_ms;
    int64_t purged_below;
    weir_state_chain chain;
    weir_snapshot_request snapshot;

    /* executors */
    uint8_t data_key[32]; /* seals shuffle blocks; where control messages are encrypted */
    bool has_data_key;
    weir_known_executor *known; /* heap */
    int32_t known_count, known_capacity;
    uint32_t *owners;       /* of state partitions in the last attempt, executor ids; 0 = none */
    int64_t gather_from_us; /* when it began to wait for an executor; 0 = it does not */
    void (*gathered)(struct weir_stream_query *query);

    /* the running epoch */
    uint32_t attempt;
    char *attempt_name;
    weir_str_list splits;
    uint32_t *split_sources;
    weir_cluster_member *members; /* of the attempt; epoch arena */
    int32_t executors_count;      /* of them */
    weir_epoch_reply *replies;    /* of each */
    uint32_t *split_owners;       /* indexes of members */
    uint8_t *lost_splits; /* 1 = read by a lost executor in every failed attempt so far; NULL = none failed */
    int32_t replies_missing;
    int64_t rows_out; /* of the last batch; -1 = none ran */
    weir_batch_times times;
    weir_state_totals state_totals;
    int64_t told_progress_us; /* when progress was told last, with a batch or without; 0 = never */
};

/* batch_plan.c: blocking steps. */
weir_code weir_query_open(weir_stream_query *query, weir_error **err);
weir_code weir_query_plan_batch(weir_stream_query *query, weir_error **err);
void weir_query_close(weir_stream_query *query);
/* query_members.c: on the loop. */
/* Finds the executors of the next attempt and makes sure that they know the query, then calls
 * query->gathered with them held; weir_query_gather_failed where one of them could not be told. Waits where
 * there is none. */
void weir_query_gather(weir_stream_query *query);
bool weir_query_waits_for_executors(const weir_stream_query *query);
void weir_query_release_members(weir_stream_query *query);
void weir_query_forget_executor(weir_stream_query *query, uint32_t executor);
/* STOP_QUERY to all that may know the run; the number of answers that will come to `done`. */
int32_t weir_query_stop_executors(weir_stream_query *query, weir_cluster_done done);
/* attempt_failure.c */
/* The error that stands for a failed attempt (NULL = it did not fail); what it tells of executors is noted.
 */
weir_error *weir_query_judge_attempt(weir_stream_query *query);
bool weir_query_may_retry(const weir_stream_query *query);
/* Says in the error of the last attempt what all attempts had in common. */
void weir_query_explain_failure(weir_stream_query *query);
/* snapshot_parts.c */
/* Whether executor `index` of the attempt is to write its part of a snapshot of the committed version. */
void weir_snapshot_parts_ask(weir_stream_query *query);
bool weir_snapshot_parts_wanted(const weir_stream_query *query, int32_t index);
void weir_snapshot_parts_take(weir_stream_query *query, int32_t index, const Weir__EpochReport *report);
bool weir_snapshot_parts_complete(const weir_stream_query *query);
void weir_snapshot_parts_drop(weir_stream_query *query);
/* epoch_dispatch.c: on the loop; `done` continues in stream_query.c. */
void weir_query_run_epoch(weir_stream_query *query);
void weir_query_cancel_epoch(weir_stream_query *query);
void weir_query_drop_replies(weir_stream_query *query);
/* batch_commit.c: blocking steps. */
weir_code weir_query_commit_batch(weir_stream_query *query, weir_error **err);
weir_code weir_query_abort_batch(weir_stream_query *query, weir_error **err);
/* state_chain.c */
weir_code weir_state_chain_load(weir_stream_query *query, weir_error **err);
void weir_state_chain_extend(weir_stream_query *query);
void weir_state_objects_add(weir_arena *arena, weir_state_objects *list, const Weir__StateObject *object,
                            int64_t batch); /* copies; nothing where object is NULL */
void weir_state_chain_json(weir_stream_query *query, weir_strbuf *buf);
void weir_state_chain_purge(weir_stream_query *query, const weir_commit_entry *entry);
/* progress.c */
void weir_query_report_progress(weir_stream_query *query); /* of the batch that was just committed */
void weir_query_report_no_data(
    weir_stream_query *query); /* where it is time to, after a trigger without a batch */
/* stream_query.c: continuations, on the loop. */
void weir_query_gather_failed(weir_stream_query *query);
void weir_query_epoch_done(weir_stream_query *query);
void weir_query_fail(weir_stream_query *query, const weir_error *error);
