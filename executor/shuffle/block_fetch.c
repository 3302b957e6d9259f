/* Fetching shuffle blocks from peers (block_fetch.h).
 *
 * Each peer has at most two exchanges that hold memory: one whose blocks are being stored (or wait for that,
 * in order), one that is asked. The first failure ends the fetch for its owner at once; exchanges that are
 * still under way come back later and free what is left.
 *
 * Possible failures: no answer, a reset connection (failed_peer names the executor); the peer's attempt
 * failed or is another one (its error); blocks that do not fit the question (RPC_ERROR); no memory for one
 * reply (OUT_OF_MEMORY); a full disk under the store. */
#include "executor/shuffle/block_fetch.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/rpc/error_wire.h"
#include "common/rpc/frame.h"
#include "executor/shuffle/block_wire.h"
#include "proto/engine.pb-c.h"

#define CREDIT_MIN ((int64_t)64 << 10)
#define CREDIT_FIRST ((int64_t)256 << 10)
#define CREDIT_MAX ((int64_t)4 << 20)
#define FAST_US 100000 /* replies as quick as this may be larger, slower than SLOW_US smaller */
#define SLOW_US 1000000
#define TOO_EARLY_US 20000 /* a not_ready that came sooner is not the peer's patience */
#define RAW_SIZE_MAX ((uint64_t)1 << 30)

typedef struct fetch_exchange fetch_exchange;

typedef struct fetch_peer {
    weir_block_fetch *fetch;
    weir_fetch_peer peer;
    uint64_t position;
    bool more;    /* there is something left to ask for */
    bool stalled; /* no memory: goes on when another exchange has given its own back */
    int64_t credit;
    int64_t bytes_per_s;                     /* of the slowest recent reply; 0 = not known */
    int32_t at_partition, at_task, at_index; /* the last block: they come in order */
    fetch_exchange *asking, *storing, *opened;
    weir_timer timer; /* asks again */
} fetch_peer;

struct fetch_exchange {
    weir_event event; /* the reply is here */
    weir_step step;   /* RESERVE, OPEN, STORE */
    fetch_peer *peer;
    int64_t reserved, sent_us;
    weir_buffer *reply;
    weir_error *error;
    weir_frame frame;
    Weir__Blocks *message;
};

struct weir_block_fetch {
    weir_fetch_options options;
    int32_t exchanges; /* that exist */
    bool finished;     /* the owner knows, or does not care any more */
    weir_event start;
    fetch_peer peers[];
};

static void ask(fetch_peer *peer);

/* ---- the end ---- */

static void maybe_free(weir_block_fetch *fetch) {
    if (!fetch->finished || fetch->exchanges)
        return;
    weir_fetch_options *options = &fetch->options;
    weir_block_store_unref(options->store);
    weir_free((void *)(uintptr_t)options->run_id);
    weir_free((void *)(uintptr_t)options->partitions);
    weir_free((void *)(uintptr_t)options->task_owner);
    void (*freed)(void *data) = options->freed;
    void *data = options->data;
    weir_free(fetch);
    if (freed)
        freed(data);
}

static void stop_timers(weir_block_fetch *fetch) {
    for (int32_t i = 0; i < fetch->options.peers_count; i++)
        weir_loop_disarm(fetch->options.loop, &fetch->peers[i].timer);
}

static void finish(weir_block_fetch *fetch, weir_error *error /* takes */, int64_t failed_peer) {
    if (fetch->finished) {
        weir_error_free(error);
        return;
    }
    fetch->finished = true;
    stop_timers(fetch);
    weir_fetch_result result = {error, failed_peer};
    fetch->options.done(fetch->options.data, &result);
}

static void free_exchange(fetch_exchange *exchange) {
    weir_block_fetch *fetch = exchange->peer->fetch;
    weir_budget_release(fetch->options.budget, exchange->reserved);
    if (exchange->message)
        weir__blocks__free_unpacked(exchange->message, NULL);
    weir_buffer_unref(exchange->reply);
    weir_error_free(exchange->error);
    weir_free(exchange);
    fetch->exchanges--;
}

/* Ends an exchange that failed, or whose fetch has ended. */
static void end_exchange(fetch_exchange *exchange, int64_t failed_peer) {
    weir_block_fetch *fetch = exchange->peer->fetch;
    weir_error *error = exchange->error;
    exchange->error = NULL;
    if (error)
        finish(fetch, error, failed_peer);
    free_exchange(exchange);
    maybe_free(fetch);
}

static bool peer_is_done(const fetch_peer *peer) {
    return !peer->more && !peer->asking && !peer->opened && !peer->storing;
}

/* After an exchange ended well: others may have waited for its memory, and it may have been the last. */
static void go_on(weir_block_fetch *fetch) {
    bool done = true;
    for (int32_t i = 0; i < fetch->options.peers_count && !fetch->finished; i++) {
        fetch_peer *peer = &fetch->peers[i];
        if (peer->more && !peer->asking && !peer->opened && !peer->timer.armed)
            ask(peer);
        done &= peer_is_done(peer);
    }
    if (done && !fetch->finished)
        finish(fetch, NULL, -1);
    maybe_free(fetch);
}

/* ---- the reply's blocks ---- */

static weir_code wrong_entries(weir_error **err) {
    WEIR_FAIL(err, RPC_ERROR, "a block list with wrong entries");
}

/* Place of a partition in the question; -1 where it was not asked for. */
static int32_t place_of(const weir_block_fetch *fetch, uint32_t partition, int32_t from) {
    for (int32_t i = from; i < fetch->options.partitions_count; i++)
        if (fetch->options.partitions[i] == partition)
            return i;
    return -1;
}

/* Blocks follow each other in the order of the question; a block's number within its task counts up. */
static weir_code advance(fetch_peer *peer, uint32_t partition, uint32_t task, weir_error **err) {
    const weir_fetch_options *options = &peer->fetch->options;
    int32_t place = place_of(peer->fetch, partition, WEIR_MAX(peer->at_partition, 0));
    bool known = place >= 0 && task < (uint32_t)weir_block_store_tasks(options->store, options->stage) &&
                 options->task_owner[task] == peer->peer.executor;
    if (!known || (place == peer->at_partition && (int32_t)task < peer->at_task))
        return wrong_entries(err);
    bool same = place == peer->at_partition && (int32_t)task == peer->at_task;
    peer->at_index = same ? peer->at_index + 1 : 0;
    peer->at_partition = place;
    peer->at_task = (int32_t)task;
    return WEIR_OK;
}

static weir_code check_lists(const weir_block_fetch *fetch, const Weir__Blocks *m, weir_error **err) {
    bool sealed = fetch->options.aead != NULL;
    if (m->n_partitions != m->n_sizes || m->n_tasks != m->n_sizes ||
        (m->n_raw_sizes && m->n_raw_sizes != m->n_sizes) || m->n_seals != (sealed ? m->n_sizes : 0))
        WEIR_FAIL(err, RPC_ERROR, "a block list with unequal parts");
    return WEIR_OK;
}

static weir_code store_block(fetch_exchange *exchange, weir_block_packer *packer, size_t i, weir_str packed,
                             weir_error **err) {
    fetch_peer *peer = exchange->peer;
    const weir_fetch_options *options = &peer->fetch->options;
    const Weir__Blocks *m = exchange->message;
    uint64_t raw_size = m->n_raw_sizes ? m->raw_sizes[i] : packed.size;
    WEIR_TRY(advance(peer, m->partitions[i], m->tasks[i], err));
    if (raw_size < packed.size || raw_size > RAW_SIZE_MAX)
        return wrong_entries(err);
    weir_block_id id = {options->run_id,          options->batch_id, options->attempt,
                        (uint32_t)options->stage, m->partitions[i],  m->tasks[i],
                        (uint32_t)peer->at_index};
    weir_str seal =
        options->aead ? (weir_str){(const char *)m->seals[i].data, m->seals[i].len} : (weir_str){0};
    if (!weir_budget_charge(options->budget, (int64_t)raw_size))
        WEIR_FAIL(err, OUT_OF_MEMORY, "a shuffle block of %llu bytes does not fit spark.executor.memory",
                  (unsigned long long)raw_size);
    _cleanup_strbuf_ weir_strbuf bytes = {0};
    weir_code code = weir_block_unpack(packer, &id, packed, raw_size, seal, &bytes, err);
    weir_budget_release(options->budget, (int64_t)raw_size); /* the store charges what it keeps */
    WEIR_TRY(code);
    weir_block_slot_id slot = {options->stage, (int32_t)m->partitions[i], (int32_t)m->tasks[i]};
    return weir_block_store_add(options->store, slot, &bytes, err);
}

static weir_code store_blocks(fetch_exchange *exchange, weir_error **err) {
    const Weir__Blocks *m = exchange->message;
    const weir_frame *frame = &exchange->frame;
    size_t at = frame->payload_offset, end = at + frame->payload_size;
    weir_block_packer *packer = weir_block_packer_new(false, exchange->peer->fetch->options.aead);
    weir_code code = check_lists(exchange->peer->fetch, m, err);
    for (size_t i = 0; code == WEIR_OK && i < m->n_sizes; i++) {
        uint64_t size = m->sizes[i], padded = (size + 7) & ~(uint64_t)7;
        if (size > end - at || padded > end - at)
            code = wrong_entries(err);
        else
            code = store_block(exchange, packer, i, (weir_str){(const char *)frame->carrier->data + at, size},
                               err);
        at += padded;
    }
    weir_block_packer_free(packer);
    return code;
}

static fetch_exchange *exchange_of_step(weir_step *step) {
    return (fetch_exchange *)((char *)step - offsetof(fetch_exchange, step));
}

static void store_work(weir_step *step) {
    fetch_exchange *exchange = exchange_of_step(step);
    store_blocks(exchange, &exchange->error);
}

static void start_storing(fetch_peer *peer);

static void store_done(weir_step *step) {
    fetch_exchange *exchange = exchange_of_step(step);
    fetch_peer *peer = exchange->peer;
    peer->storing = NULL;
    bool failed = exchange->error || peer->fetch->finished;
    if (failed) {
        fetch_exchange *opened = peer->opened;
        peer->opened = NULL;
        if (opened)
            free_exchange(opened);
        end_exchange(exchange, -1);
        return;
    }
    weir_block_fetch *fetch = peer->fetch;
    free_exchange(exchange);
    start_storing(peer);
    go_on(fetch);
}

static void start_storing(fetch_peer *peer) {
    if (!peer->opened || peer->storing)
        return;
    peer->storing = peer->opened;
    peer->opened = NULL;
    peer->storing->step.work = store_work;
    peer->storing->step.done = store_done;
    weir_loop_start_step(peer->fetch->options.loop, peer->fetch->options.pool, &peer->storing->step);
}

/* ---- the reply ---- */

static weir_code open_reply(fetch_exchange *exchange, weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_decode(exchange->reply, &exchange->frame, err));
    WEIR_TRY(
        weir_frame_unpack(&exchange->frame, WEIR_FRAME_BLOCKS, &weir__blocks__descriptor, &message, err));
    exchange->message = (Weir__Blocks *)message;
    return weir_error_from_wire(exchange->message->error, err);
}

static void open_work(weir_step *step) {
    fetch_exchange *exchange = exchange_of_step(step);
    open_reply(exchange, &exchange->error);
}

/* The link's speed decides how much is asked for and how long an answer may take. */
static void note_speed(fetch_peer *peer, const fetch_exchange *exchange) {
    int64_t elapsed = weir_env_monotonic_us(peer->fetch->options.env) - exchange->sent_us;
    int64_t bytes = (int64_t)exchange->frame.payload_size;
    if (elapsed < FAST_US && bytes >= peer->credit / 2)
        peer->credit = WEIR_MIN(peer->credit * 2, CREDIT_MAX);
    else if (elapsed > SLOW_US)
        peer->credit = WEIR_MAX(peer->credit / 2, CREDIT_MIN);
    if (bytes >= CREDIT_MIN / 4)
        peer->bytes_per_s = WEIR_MAX(bytes * 1000000 / WEIR_MAX(elapsed, 1), 1);
}

static void ask_later(weir_event *event) {
    fetch_peer *peer =
        (fetch_peer *)((char *)event - offsetof(fetch_peer, timer) - offsetof(weir_timer, event));
    ask(peer);
}

static void not_ready(fetch_exchange *exchange) {
    fetch_peer *peer = exchange->peer;
    weir_block_fetch *fetch = peer->fetch;
    int64_t now = weir_env_monotonic_us(fetch->options.env);
    bool early = now - exchange->sent_us < TOO_EARLY_US;
    free_exchange(exchange);
    if (early && !fetch->finished) {
        peer->timer.event.run = ask_later;
        weir_loop_arm(fetch->options.loop, &peer->timer, now + TOO_EARLY_US);
    }
    go_on(fetch);
}

static void open_done(weir_step *step) {
    fetch_exchange *exchange = exchange_of_step(step);
    fetch_peer *peer = exchange->peer;
    weir_block_fetch *fetch = peer->fetch;
    peer->asking = NULL;
    if (exchange->error || fetch->finished) {
        end_exchange(exchange, -1);
        return;
    }
    if (exchange->message->has_not_ready && exchange->message->not_ready) {
        not_ready(exchange);
        return;
    }
    note_speed(peer, exchange);
    *fetch->options.bytes_received += (int64_t)exchange->frame.payload_size;
    *fetch->options.bytes_total += (int64_t)exchange->frame.payload_size;
    peer->more = exchange->message->has_next;
    if (peer->more && exchange->message->next <= peer->position) {
        wrong_entries(&exchange->error);
        end_exchange(exchange, -1);
        return;
    }
    peer->position = exchange->message->next;
    peer->opened = exchange;
    start_storing(peer);
    go_on(fetch);
}

static void reply_event(weir_event *event) {
    fetch_exchange *exchange = (fetch_exchange *)event;
    fetch_peer *peer = exchange->peer;
    if (exchange->error || peer->fetch->finished) {
        peer->asking = NULL;
        if (exchange->error)
            weir_error_contextf(&exchange->error, "shuffle blocks of executor %u", peer->peer.executor);
        end_exchange(exchange, peer->peer.executor);
        return;
    }
    /* One block always comes, however large: what goes beyond the credit is counted, not refused. */
    int64_t beyond = (int64_t)exchange->reply->size - exchange->reserved;
    if (beyond > 0) {
        weir_budget_force(peer->fetch->options.budget, beyond);
        exchange->reserved += beyond;
    }
    exchange->step.work = open_work;
    exchange->step.done = open_done;
    weir_loop_start_step(peer->fetch->options.loop, peer->fetch->options.pool, &exchange->step);
}

/* On a transport thread, or at once where the request cannot even be sent. */
static void request_done(void *data, weir_buffer *reply, weir_error *error) {
    fetch_exchange *exchange = data;
    exchange->reply = reply;
    exchange->error = error;
    weir_loop_post(exchange->peer->fetch->options.loop, &exchange->event);
}

/* ---- the question ---- */

static int32_t deadline_ms(const fetch_peer *peer) {
    if (!peer->bytes_per_s)
        return WEIR_FETCH_ANSWER_MS;
    int64_t transfer_ms = peer->credit * 1000 / peer->bytes_per_s;
    return WEIR_FETCH_ANSWER_MS + (int32_t)WEIR_MIN(4 * transfer_ms, 60000);
}

static void send_question(fetch_exchange *exchange) {
    fetch_peer *peer = exchange->peer;
    const weir_fetch_options *options = &peer->fetch->options;
    Weir__FetchBlocks message = WEIR__FETCH_BLOCKS__INIT;
    message.run_id = (char *)(uintptr_t)options->run_id;
    message.batch_id = options->batch_id;
    message.attempt = options->attempt;
    message.stage = (uint32_t)options->stage;
    message.partitions = (uint32_t *)(uintptr_t)options->partitions;
    message.n_partitions = (size_t)options->partitions_count;
    message.has_credit = message.has_position = message.has_compress = message.has_seal = 1;
    message.credit = (uint64_t)exchange->reserved;
    message.position = peer->position;
    message.compress = peer->peer.compress;
    message.seal = options->aead != NULL;
    exchange->event.run = reply_event;
    exchange->sent_us = weir_env_monotonic_us(options->env);
    weir_transport *transport = options->env->transport;
    weir_buffer *out = NULL;
    if (weir_frame_encode(transport, WEIR_FRAME_FETCH_BLOCKS, options->driver_epoch, &message.base, NULL, 0,
                          &out, &exchange->error) == WEIR_OK)
        transport->ops->request(peer->peer.client, out, deadline_ms(peer), request_done, exchange);
    else
        weir_loop_post(options->loop, &exchange->event);
}

/* On the pool: room may have to be made by writing blocks to files. */
static void reserve_work(weir_step *step) {
    fetch_exchange *exchange = exchange_of_step(step);
    if (weir_budget_charge(exchange->peer->fetch->options.budget, CREDIT_MIN))
        exchange->reserved = CREDIT_MIN;
}

static void reserve_done(weir_step *step) {
    fetch_exchange *exchange = exchange_of_step(step);
    fetch_peer *peer = exchange->peer;
    weir_block_fetch *fetch = peer->fetch;
    if (exchange->reserved && !fetch->finished) {
        send_question(exchange);
        return;
    }
    peer->asking = NULL;
    if (fetch->exchanges == 1) /* nobody else gives memory back */
        weir_error_failf(&exchange->error, WEIR_OUT_OF_MEMORY,
                         "shuffle blocks of %lld bytes do not fit spark.executor.memory",
                         (long long)CREDIT_MIN);
    end_exchange(exchange, -1);
}

static void ask(fetch_peer *peer) {
    const weir_fetch_options *options = &peer->fetch->options;
    fetch_exchange *exchange = weir_alloc_zero(1, sizeof *exchange);
    exchange->peer = peer;
    peer->asking = exchange;
    peer->fetch->exchanges++;
    for (int64_t credit = peer->credit; credit >= CREDIT_MIN && !exchange->reserved; credit /= 2)
        if (weir_budget_try(options->budget, credit))
            exchange->reserved = credit;
    if (exchange->reserved) {
        send_question(exchange);
        return;
    }
    exchange->step.work = reserve_work;
    exchange->step.done = reserve_done;
    weir_loop_start_step(options->loop, options->pool, &exchange->step);
}

/* ---- start ---- */

static void start_event(weir_event *event) {
    weir_block_fetch *fetch = (weir_block_fetch *)((char *)event - offsetof(weir_block_fetch, start));
    fetch->exchanges--;
    go_on(fetch);
}

static void *copy_of(const void *data, size_t size) {
    void *copy = weir_alloc(WEIR_MAX(size, (size_t)1));
    if (size)
        memcpy(copy, data, size);
    return copy;
}

weir_block_fetch *weir_block_fetch_start(const weir_fetch_options *options) {
    size_t peers = (size_t)options->peers_count;
    size_t tasks = (size_t)weir_block_store_tasks(options->store, options->stage);
    weir_block_fetch *fetch = weir_alloc_zero(1, sizeof *fetch + peers * sizeof(fetch_peer));
    fetch->options = *options;
    fetch->options.run_id = weir_strdup(options->run_id);
    fetch->options.partitions =
        copy_of(options->partitions, sizeof(uint32_t) * (size_t)options->partitions_count);
    fetch->options.task_owner = copy_of(options->task_owner, sizeof(uint32_t) * tasks);
    weir_block_store_ref(options->store);
    for (size_t i = 0; i < peers; i++)
        fetch->peers[i] = (fetch_peer){.fetch = fetch,
                                       .peer = options->peers[i],
                                       .more = true,
                                       .credit = CREDIT_FIRST,
                                       .at_partition = -1,
                                       .at_task = -1};
    fetch->exchanges = 1; /* the start itself */
    fetch->start.run = start_event;
    weir_loop_post(options->loop, &fetch->start);
    return fetch;
}

void weir_block_fetch_abandon(weir_block_fetch *fetch) {
    fetch->finished = true;
    stop_timers(fetch);
    maybe_free(fetch);
}
