/* An attempt's shuffle blocks, both ways: fetching those that peers made for this executor's partitions
 * (block_fetch.h), and answering the peers' own questions (block_serve.h).
 *
 *   FETCH_BLOCKS --> stage done here: served on the shuffle pool
 *               |--> of an attempt that is over, of a dropped run, of an older driver: refused at once
 *               `--> stage not done, attempt not started here: waits, at most WAIT_US, then not_ready
 *
 * So an answer always comes soon, however long a stage takes, and silence means a broken link. Control loop.
 */
#include "common/base/alloc.h"
#include "common/base/failpoint.h"
#include "common/rpc/error_wire.h"
#include "executor/shuffle/block_serve.h"
#include "executor/task/executor_int.h"

#define WAIT_US 800000 /* of the fetcher's 1 s */

/* ---- fetching ---- */

typedef struct stage_fetch {
    weir_epoch_run *epoch; /* NULL once it knows the result, or was cancelled */
    weir_query_run *query;
    int32_t peers_count;
    weir_peer *peers[];
} stage_fetch;

static void fetch_done(void *data, const weir_fetch_result *result) {
    stage_fetch *fetch = data;
    weir_epoch_run *epoch = fetch->epoch;
    epoch->fetch = NULL;
    WEIR_FAILPOINT_HERE("P4.fetch");
    if (result->error && epoch->failed_peer < 0 && !epoch->error)
        epoch->failed_peer = result->failed_peer;
    weir_epoch_run_fail(epoch, result->error);
    weir_epoch_run_next_need(epoch);
}

static void fetch_freed(void *data) {
    stage_fetch *fetch = data;
    weir_query_run *query = fetch->query;
    for (int32_t i = 0; i < fetch->peers_count; i++)
        weir_executor_peer_release(query->executor, fetch->peers[i]);
    weir_free(fetch);
    query->users--;
    weir_query_run_settle(query);
}

/* Executors of one machine need not compress for each other. */
static bool is_remote(const weir_epoch_run *epoch, int32_t executor) {
    const Weir__RunEpoch *message = epoch->message;
    if (epoch->query->executor->options.in_process || message->n_executor_hosts != message->n_executor_urls)
        return false;
    const char *host = message->executor_hosts[executor], *own = message->executor_hosts[message->self];
    return !*host || strcmp(host, own) != 0;
}

static void start_fetch(weir_epoch_run *epoch, stage_fetch *fetch, int32_t stage,
                        const weir_fetch_peer *peers, const uint32_t *partitions, int32_t count,
                        weir_pool *pool) {
    weir_query_run *query = epoch->query;
    weir_executor *executor = query->executor;
    int32_t tasks = weir_epoch_run_tasks(epoch, stage);
    _cleanup_free_ uint32_t *owner = weir_alloc(sizeof *owner * (size_t)WEIR_MAX(tasks, 1));
    for (int32_t t = 0; t < tasks; t++)
        owner[t] = weir_epoch_run_task_owner(epoch, stage, t);
    weir_fetch_options options = {
        .env = executor->options.env,
        .loop = executor->loop,
        .pool = pool,
        .budget = &executor->budget,
        .aead = query->aead,
        .store = epoch->blocks,
        .run_id = query->run_id,
        .batch_id = epoch->id.batch,
        .attempt = epoch->id.attempt,
        .driver_epoch = query->driver_epoch,
        .stage = stage,
        .partitions = partitions,
        .partitions_count = count,
        .task_owner = owner,
        .peers = peers,
        .peers_count = fetch->peers_count,
        .bytes_received = &epoch->shuffle_bytes,
        .bytes_total = &executor->counters.shuffle_received,
        .done = fetch_done,
        .freed = fetch_freed,
        .data = fetch,
    };
    fetch->epoch = epoch;
    query->users++;
    epoch->fetch = weir_block_fetch_start(&options);
}

/* Connections to all executors that ran tasks of the stage; false (and the attempt failed) where one cannot
 * even be begun. */
static bool use_peers(weir_epoch_run *epoch, stage_fetch *fetch, int32_t stage, weir_fetch_peer *ret_peers) {
    const Weir__RunEpoch *message = epoch->message;
    int32_t tasks = weir_epoch_run_tasks(epoch, stage);
    _cleanup_free_ bool *has_tasks = weir_alloc_zero(message->n_executor_urls, sizeof *has_tasks);
    for (int32_t t = 0; t < tasks; t++)
        has_tasks[weir_epoch_run_task_owner(epoch, stage, t)] = true;
    for (int32_t e = 0; e < (int32_t)message->n_executor_urls; e++) {
        if ((uint32_t)e == message->self || !has_tasks[e])
            continue;
        weir_error *err = NULL;
        weir_peer *peer = weir_executor_peer_use(epoch->query->executor, message->executor_urls[e], &err);
        if (!peer) {
            epoch->failed_peer = e;
            weir_epoch_run_fail(epoch, err);
            return false;
        }
        ret_peers[fetch->peers_count] =
            (weir_fetch_peer){peer->client, (uint32_t)e, epoch->query->compress && is_remote(epoch, e)};
        fetch->peers[fetch->peers_count++] = peer;
    }
    return true;
}

/* The partitions that own tasks of the input read. */
static int32_t own_partitions(const weir_epoch_run *epoch, const weir_stage_need *need, uint32_t *ret) {
    int32_t from = 0, count = 0;
    for (int32_t i = 0; i < need->input; i++)
        from += weir_epoch_run_input_tasks(epoch, epoch->stage, i);
    int32_t tasks = weir_epoch_run_input_tasks(epoch, epoch->stage, need->input);
    for (int32_t i = 0; i < tasks; i++) {
        if (!weir_epoch_run_owns(epoch, epoch->stage, from + i))
            continue;
        ret[count++] = need->whole ? 0 : (uint32_t)i;
        if (need->whole)
            break;
    }
    return count;
}

bool weir_epoch_run_fetch(weir_epoch_run *epoch, const weir_stage_need *need) {
    weir_query_run *query = epoch->query;
    size_t executors = epoch->message->n_executor_urls;
    int32_t total = weir_epoch_run_input_tasks(epoch, epoch->stage, need->input);
    _cleanup_free_ uint32_t *partitions = weir_alloc(sizeof *partitions * (size_t)WEIR_MAX(total, 1));
    int32_t count = own_partitions(epoch, need, partitions);
    if (!count)
        return false;
    stage_fetch *fetch = weir_alloc_zero(1, sizeof *fetch + sizeof(weir_peer *) * executors);
    _cleanup_free_ weir_fetch_peer *peers = weir_alloc_zero(executors, sizeof *peers);
    weir_pool *pool = NULL;
    weir_error *err = NULL;
    fetch->query = query;
    bool usable = use_peers(epoch, fetch, need->stage, peers);
    if (usable && fetch->peers_count && weir_executor_shuffle_pool(query->executor, &pool, &err) != WEIR_OK)
        weir_epoch_run_fail(epoch, err);
    if (pool) {
        start_fetch(epoch, fetch, need->stage, peers, partitions, count, pool);
        return true;
    }
    for (int32_t i = 0; i < fetch->peers_count; i++)
        weir_executor_peer_release(query->executor, fetch->peers[i]);
    weir_free(fetch);
    return false;
}

/* ---- serving ---- */

typedef struct serving {
    weir_step step;
    weir_query_run *query;
    weir_call *call;
    Weir__FetchBlocks *message;
    weir_block_store *store;
    bool *own_tasks; /* of the stage */
} serving;

static void reply_error(weir_executor *executor, weir_call *call, const weir_error *error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__Blocks reply = WEIR__BLOCKS__INIT;
    Weir__ErrorInfo info;
    weir_error_to_wire(arena, error, &info);
    reply.error = &info;
    weir_executor_reply(executor, call, WEIR_FRAME_BLOCKS, &reply.base, NULL, 0);
}

static void serve_work(weir_step *step) {
    serving *job = (serving *)step;
    weir_executor *executor = job->query->executor;
    weir_transport *transport = executor->options.env->transport;
    const weir_block_serve serve = {
        .transport = transport,
        .store = job->store,
        .own_tasks = job->own_tasks,
        .budget = &executor->budget,
        .message = job->message,
        .compress = job->message->compress && job->query->compress,
        .aead = job->query->aead,
    };
    _cleanup_error_ weir_error *err = NULL;
    weir_buffer *reply = NULL;
    int64_t bytes = 0;
    WEIR_FAILPOINT_HERE("P4.serve");
    if (weir_block_serve_reply(&serve, &reply, &bytes, &err) != WEIR_OK) {
        reply_error(executor, job->call, err);
        return;
    }
    weir_count(&executor->counters.shuffle_sent, bytes);
    transport->ops->reply(job->call, reply);
}

static void serve_done(weir_step *step) {
    serving *job = (serving *)step;
    weir_query_run *query = job->query;
    weir_block_store_unref(job->store);
    weir__fetch_blocks__free_unpacked(job->message, NULL);
    weir_free(job->own_tasks);
    weir_free(job);
    query->users--;
    weir_query_run_settle(query);
}

/* Blocks that came from other executors, for a partition that several of them read, are those executors' to
 * serve. */
static bool *find_own_tasks(const weir_epoch_run *epoch, int32_t stage) {
    int32_t tasks = weir_epoch_run_tasks(epoch, stage);
    bool *own = weir_alloc_zero((size_t)tasks + 1, sizeof *own);
    for (int32_t t = 0; t < tasks; t++)
        own[t] = weir_epoch_run_owns(epoch, stage, t);
    return own;
}

static void serve(weir_query_run *query, weir_waiting_fetch *wait) {
    weir_executor *executor = query->executor;
    weir_pool *pool = NULL;
    _cleanup_error_ weir_error *err = NULL;
    if (weir_executor_shuffle_pool(executor, &pool, &err) != WEIR_OK) {
        reply_error(executor, wait->call, err);
        weir__fetch_blocks__free_unpacked(wait->message, NULL);
        return;
    }
    serving *job = weir_alloc_zero(1, sizeof *job);
    job->query = query;
    job->call = wait->call;
    job->message = wait->message;
    job->store = weir_block_store_ref(query->epoch->blocks);
    job->own_tasks = find_own_tasks(query->epoch, (int32_t)wait->message->stage);
    job->step.work = serve_work;
    job->step.done = serve_done;
    query->users++;
    weir_loop_start_step(executor->loop, pool, &job->step);
}

/* ---- who is served ---- */

typedef enum fetch_answer { ANSWER_LATER, ANSWER_BLOCKS, ANSWER_ERROR } fetch_answer;

static fetch_answer judge(weir_executor *executor, const weir_waiting_fetch *wait, weir_query_run **ret_query,
                          weir_error **err) {
    const Weir__FetchBlocks *m = wait->message;
    weir_query_run *query = weir_executor_find_query(executor, m->run_id);
    weir_attempt_id id = {m->batch_id, m->attempt};
    if (!query && !weir_executor_has_dropped(executor, m->run_id))
        return ANSWER_LATER;
    if (!query) {
        weir_error_failf(err, WEIR_EXECUTOR_LOST, "query run %s was dropped here", m->run_id);
        return ANSWER_ERROR;
    }
    weir_epoch_run *epoch = query->epoch;
    bool over =
        weir_attempt_compare(id, query->cancelled) <= 0 || (epoch && weir_attempt_compare(id, epoch->id) < 0);
    bool now = epoch && weir_attempt_compare(id, epoch->id) == 0;
    if (wait->driver_epoch < query->driver_epoch) {
        weir_error_failf(err, WEIR_FENCED, "a fetch for an older driver");
    } else if (over || (now && (epoch->error || atomic_load(&epoch->cancelled)))) {
        weir_error_failf(err, WEIR_CANCELLED, "the peer's epoch attempt is over");
    } else if (now && m->stage >= (uint32_t)query->stages_count) {
        weir_error_failf(err, WEIR_RPC_ERROR, "a fetch of stage %u of %d", m->stage, query->stages_count);
    } else if (query->aead && !m->seal) {
        weir_error_failf(err, WEIR_RPC_ERROR,
                         "a fetch of blocks that are not sealed, for a query with a data key");
    } else {
        *ret_query = query;
        return now && (int32_t)m->stage < epoch->stages_done ? ANSWER_BLOCKS : ANSWER_LATER;
    }
    return ANSWER_ERROR;
}

static void say_not_ready(weir_executor *executor, weir_waiting_fetch *wait) {
    Weir__Blocks reply = WEIR__BLOCKS__INIT;
    reply.has_not_ready = 1;
    reply.not_ready = 1;
    weir_count(&executor->counters.not_ready, 1);
    weir_executor_reply(executor, wait->call, WEIR_FRAME_BLOCKS, &reply.base, NULL, 0);
    weir__fetch_blocks__free_unpacked(wait->message, NULL);
}

/* True where it was answered, or is being. */
static bool answer(weir_executor *executor, weir_waiting_fetch *wait, int64_t now_us) {
    _cleanup_error_ weir_error *err = NULL;
    weir_query_run *query = NULL;
    switch (judge(executor, wait, &query, &err)) {
    case ANSWER_BLOCKS:
        serve(query, wait);
        return true;
    case ANSWER_ERROR:
        weir_count(&executor->counters.refused_fetch, 1);
        reply_error(executor, wait->call, err);
        weir__fetch_blocks__free_unpacked(wait->message, NULL);
        return true;
    default:
        if (wait->due_us > now_us)
            return false;
        say_not_ready(executor, wait);
        return true;
    }
}

static void waiting_timer(weir_event *event) {
    weir_executor *executor = (weir_executor *)((char *)event - offsetof(weir_executor, waiting_timer) -
                                                offsetof(weir_timer, event));
    weir_executor_serve_fetches(executor);
}

void weir_executor_serve_fetches(weir_executor *executor) {
    int64_t now_us = weir_env_monotonic_us(executor->options.env);
    weir_waiting_fetch **at = &executor->waiting;
    while (*at) {
        weir_waiting_fetch *wait = *at;
        if (!answer(executor, wait, now_us)) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        weir_free(wait);
    }
    executor->waiting_timer.event.run = waiting_timer;
    if (executor->waiting && !executor->stopping)
        weir_loop_arm(executor->loop, &executor->waiting_timer, executor->waiting->due_us);
    else
        weir_loop_disarm(executor->loop, &executor->waiting_timer);
}

void weir_executor_fetch_blocks(weir_executor *executor, weir_call *call, Weir__FetchBlocks *message,
                                uint64_t driver_epoch) {
    weir_waiting_fetch **last = &executor->waiting;
    while (*last)
        last = &(*last)->next;
    weir_waiting_fetch *wait = weir_alloc_zero(1, sizeof *wait);
    wait->call = call;
    wait->message = message;
    wait->driver_epoch = driver_epoch;
    wait->due_us = weir_env_monotonic_us(executor->options.env) + WAIT_US;
    *last = wait;
    weir_executor_serve_fetches(executor);
}
