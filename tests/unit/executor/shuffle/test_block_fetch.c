/* The fetch protocol over a transport of the test's own: peers answer from real stores, or with what a case
 * scripts. Whatever the credits, the compression and the seals, the same blocks arrive; every failure ends
 * the fetch once, and nothing is left behind. */
#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "executor/shuffle/block_fetch.h"
#include "executor/shuffle/block_serve.h"
#include "executor/shuffle/block_wire.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

#define PEERS 2
#define TASKS 6 /* task t belongs to executor t % 3; executor 2 is this one */
#define PARTITIONS 3
#define SELF 2u

typedef enum behaviour {
    SERVES,
    NOT_READY_FIRST, /* three times */
    STALE,
    GONE,
    WRONG_PARTITION,
    WRONG_TASK,
    WRONG_SIZE,
    WRONG_SEAL,
    BACKWARDS,
    GARBAGE,
    BOMB,
} behaviour;

/* A peer of the fake transport. */
struct weir_client {
    struct fetch_world *world;
    weir_block_store *store;
    behaviour behaviour;
    int32_t questions, not_ready;
    int64_t last_credit;
    weir_aead *aead;
};

typedef struct fetch_world {
    weir_transport transport;
    weir_env env;
    weir_arena *arena;
    const char *directory;
    weir_fs *fs;
    weir_budget budget, peer_budget;
    weir_block_pool *pool, *peer_pool;
    weir_block_store *store;
    weir_loop *loop;
    weir_pool *threads;
    weir_client peers[PEERS];
    _Atomic int64_t received, total;
    bool done, freed;
    weir_error *error;
    int64_t failed_peer;
    weir_block_fetch *fetch;
    bool abandon;
    weir_timer watchdog;
} fetch_world;

/* ---- the transport ---- */

static weir_buffer *fake_alloc(weir_transport *transport, size_t size) {
    (void)transport;
    weir_buffer *buffer = weir_buffer_new(NULL, size);
    buffer->size = size;
    return buffer;
}

static weir_buffer *reply_of(fetch_world *world, Weir__Blocks *blocks) {
    weir_error *err = NULL;
    weir_buffer *out = NULL;
    CHECK_OK(weir_frame_encode(&world->transport, WEIR_FRAME_BLOCKS, 0, &blocks->base, NULL, 0, &out, &err));
    return out;
}

static weir_buffer *serve_question(weir_client *peer, const Weir__FetchBlocks *m) {
    weir_error *err = NULL;
    weir_buffer *reply = NULL;
    int64_t bytes = 0;
    weir_block_serve serve = {.transport = &peer->world->transport,
                              .store = peer->store,
                              .budget = &peer->world->peer_budget,
                              .message = m,
                              .compress = m->compress,
                              .aead = peer->aead};
    CHECK_OK(weir_block_serve_reply(&serve, &reply, &bytes, &err));
    return reply;
}

/* One entry that does not fit. */
static weir_buffer *wrong_reply(weir_client *peer, const Weir__FetchBlocks *m) {
    Weir__Blocks blocks = WEIR__BLOCKS__INIT;
    uint32_t partition = m->partitions[0], task = (uint32_t)(peer - peer->world->peers);
    uint64_t size = 0, raw = 0;
    blocks.n_partitions = blocks.n_tasks = blocks.n_sizes = 1;
    blocks.partitions = &partition;
    blocks.tasks = &task;
    blocks.sizes = &size;
    partition = peer->behaviour == WRONG_PARTITION ? PARTITIONS + 1 : partition;
    task = peer->behaviour == WRONG_TASK ? SELF : task;
    size = peer->behaviour == WRONG_SIZE ? UINT64_MAX - 3 : size;
    if (peer->behaviour == BOMB) {
        blocks.n_raw_sizes = 1;
        blocks.raw_sizes = &raw;
        raw = UINT64_C(1) << 40;
    }
    if (peer->behaviour == BACKWARDS) {
        blocks.n_partitions = blocks.n_tasks = blocks.n_sizes = 0;
        blocks.has_next = 1;
        blocks.next = m->position;
    }
    return reply_of(peer->world, &blocks);
}

static weir_buffer *answer(weir_client *peer, const Weir__FetchBlocks *m, weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__Blocks blocks = WEIR__BLOCKS__INIT;
    Weir__ErrorInfo info;
    _cleanup_error_ weir_error *stale = NULL;
    weir_buffer *garbage = NULL;
    switch (peer->behaviour) {
    case NOT_READY_FIRST:
        if (peer->not_ready++ >= 3)
            return serve_question(peer, m);
        blocks.has_not_ready = blocks.not_ready = 1;
        return reply_of(peer->world, &blocks);
    case STALE:
        weir_error_failf(&stale, WEIR_CANCELLED, "the peer's epoch attempt is over");
        weir_error_to_wire(arena, stale, &info);
        blocks.error = &info;
        return reply_of(peer->world, &blocks);
    case GONE:
        weir_error_failf(err, WEIR_RPC_ERROR, "no answer");
        return NULL;
    case GARBAGE:
        garbage = fake_alloc(NULL, 64);
        memset(garbage->data, 7, 64);
        return garbage;
    case SERVES:
    case WRONG_SEAL:
        return serve_question(peer, m);
    default:
        return wrong_reply(peer, m);
    }
}

static void fake_request(weir_client *peer, weir_buffer *message, int32_t timeout_ms, weir_client_done done,
                         void *data) {
    weir_frame frame;
    ProtobufCMessage *unpacked = NULL;
    weir_error *err = NULL;
    cr_assert_geq(timeout_ms, WEIR_FETCH_ANSWER_MS);
    CHECK_OK(weir_frame_decode(message, &frame, &err));
    cr_assert_eq(frame.driver_epoch, 9u);
    CHECK_OK(
        weir_frame_unpack(&frame, WEIR_FRAME_FETCH_BLOCKS, &weir__fetch_blocks__descriptor, &unpacked, &err));
    const Weir__FetchBlocks *m = (const Weir__FetchBlocks *)unpacked;
    peer->questions++;
    peer->last_credit = (int64_t)m->credit;
    weir_error *error = NULL;
    weir_buffer *reply = answer(peer, m, &error);
    if (reply && peer->behaviour == SERVES && weir_frame_decode(reply, &frame, &err) == WEIR_OK) {
        ProtobufCMessage *blocks = NULL;
        CHECK_OK(weir_frame_unpack(&frame, WEIR_FRAME_BLOCKS, &weir__blocks__descriptor, &blocks, &err));
        cr_assert(frame.payload_size <= m->credit + 8 * 1024 || ((Weir__Blocks *)blocks)->n_sizes == 1,
                  "%zu bytes for a credit of %llu", frame.payload_size, (unsigned long long)m->credit);
        protobuf_c_message_free_unpacked(blocks, NULL);
    }
    protobuf_c_message_free_unpacked(unpacked, NULL);
    weir_buffer_unref(message);
    done(data, reply, error);
    if (peer->world->abandon && peer->questions == 2 && peer->world->fetch) {
        weir_block_fetch *fetch = peer->world->fetch;
        peer->world->fetch = NULL;
        weir_block_fetch_abandon(fetch);
    }
}

static const weir_transport_ops fake_ops = {.name = "fake", .alloc = fake_alloc, .request = fake_request};

/* ---- the world ---- */

static weir_aead *make_aead(const weir_env *env, uint8_t first) {
    weir_error *err = NULL;
    uint8_t bytes[WEIR_AEAD_KEY_SIZE] = {first};
    weir_aead_key *key = NULL;
    CHECK_OK(weir_aead_key_from_bytes((weir_str){(char *)bytes, sizeof bytes}, &key, &err));
    weir_aead *aead = weir_aead_new(key, first);
    weir_aead_key_free(key);
    (void)env;
    return aead;
}

/* Blocks of task t for partition p: as many and as large as the numbers say. */
static void fill_store(weir_block_store *store, int32_t executor, size_t scale) {
    weir_error *err = NULL;
    for (int32_t p = 0; p < PARTITIONS; p++)
        for (int32_t t = 0; t < TASKS; t++)
            for (int32_t i = 0; t % 3 == executor && i < (p + t) % 4; i++) {
                _cleanup_strbuf_ weir_strbuf text = {0};
                for (size_t k = 0; text.size < scale * (size_t)(1 + p + i); k++)
                    weir_strbuf_addf(&text, "p%d t%d i%d %zu;", p, t, i, k * k * 2654435761u);
                while (text.size % 8)
                    weir_strbuf_add_char(&text, '.');
                CHECK_OK(weir_block_store_add(store, (weir_block_slot_id){0, p, t}, &text, &err));
            }
}

static void watchdog(weir_event *event) {
    (void)event;
    cr_assert_fail("the fetch does not end");
}

static void open_world(fetch_world *w, int64_t memory, size_t scale) {
    static const int32_t tasks[] = {TASKS}, partitions[] = {PARTITIONS};
    *w = (fetch_world){.transport = {&fake_ops}, .failed_peer = -1};
    w->env = (weir_env){
        .clock = &weir_system_clock_ops, .random_bytes = weir_system_random, .transport = &w->transport};
    w->arena = weir_arena_new();
    w->directory = weir_temp_directory_new(w->arena);
    w->fs = weir_local_fs_new();
    weir_budget_init(&w->budget, NULL, memory);
    weir_budget_init(&w->peer_budget, NULL, INT64_MAX);
    w->pool = weir_block_pool_new(w->fs, w->directory, &w->budget);
    w->peer_pool = weir_block_pool_new(w->fs, w->directory, &w->peer_budget);
    w->store = weir_block_store_new(w->pool, 1, tasks, partitions);
    for (int i = 0; i < PEERS; i++) {
        w->peers[i] =
            (weir_client){.world = w, .store = weir_block_store_new(w->peer_pool, 1, tasks, partitions)};
        fill_store(w->peers[i].store, i, scale);
    }
    fill_store(w->store, (int32_t)SELF, scale);
    weir_error *err = NULL;
    w->loop = weir_loop_new(&w->env);
    w->watchdog.event.run = watchdog;
    weir_loop_arm(w->loop, &w->watchdog, weir_env_monotonic_us(&w->env) + 20000000);
    CHECK_OK(weir_pool_new("shuffle", 3, &w->threads, &err));
}

static void close_world(fetch_world *w) {
    weir_pool_free(w->threads);
    weir_loop_drain(w->loop);
    weir_loop_free(w->loop);
    weir_block_store_unref(w->store);
    for (int i = 0; i < PEERS; i++) {
        weir_block_store_unref(w->peers[i].store);
        weir_aead_free(w->peers[i].aead);
    }
    cr_assert_eq(w->budget.used, 0, "%lld bytes are left", (long long)w->budget.used);
    weir_block_pool_free(w->pool);
    weir_block_pool_free(w->peer_pool);
    weir_error_free(w->error);
    w->fs->ops->free(w->fs);
    weir_temp_directory_remove(w->directory);
    weir_arena_free(w->arena);
}

static void done(void *data, const weir_fetch_result *result) {
    fetch_world *w = data;
    cr_assert_not(w->done, "it ends once");
    w->done = true;
    w->fetch = NULL;
    w->error = result->error;
    w->failed_peer = result->failed_peer;
}

static void freed(void *data) {
    fetch_world *w = data;
    w->freed = true;
    weir_loop_disarm(w->loop, &w->watchdog);
    weir_loop_stop(w->loop);
}

static void run_fetch(fetch_world *w, bool compress, weir_aead *aead) {
    static const uint32_t partitions[] = {0, 2}, owner[TASKS] = {0, 1, 2, 0, 1, 2};
    weir_fetch_peer peers[PEERS];
    for (uint32_t i = 0; i < PEERS; i++)
        peers[i] = (weir_fetch_peer){&w->peers[i], i, compress};
    weir_fetch_options options = {.env = &w->env,
                                  .loop = w->loop,
                                  .pool = w->threads,
                                  .budget = &w->budget,
                                  .aead = aead,
                                  .store = w->store,
                                  .run_id = "run",
                                  .batch_id = 3,
                                  .attempt = 1,
                                  .driver_epoch = 9,
                                  .partitions = partitions,
                                  .partitions_count = 2,
                                  .task_owner = owner,
                                  .peers = peers,
                                  .peers_count = PEERS,
                                  .bytes_received = &w->received,
                                  .bytes_total = &w->total,
                                  .done = done,
                                  .freed = freed,
                                  .data = w};
    w->fetch = weir_block_fetch_start(&options);
    weir_loop_run(w->loop);
    cr_assert(w->freed);
}

/* Every block of the fetched partitions is here, in its place, byte for byte; of the others only the own. */
static void check_store(fetch_world *w) {
    weir_error *err = NULL;
    for (int32_t p = 0; p < PARTITIONS; p++)
        for (int32_t t = 0; t < TASKS; t++) {
            weir_block_slot_id slot = {0, p, t};
            bool own = t % 3 == (int32_t)SELF;
            int32_t expected = own || p != 1 ? (p + t) % 4 : 0;
            for (int32_t i = 0; i < expected && !own; i++) {
                weir_buffer *there = NULL, *here = NULL;
                CHECK_OK(weir_block_store_read(w->peers[t % 3].store, slot, i, false, NULL, &there, &err));
                CHECK_OK(weir_block_store_read(w->store, slot, i, false, NULL, &here, &err));
                cr_assert(here->size == there->size && memcmp(here->data, there->data, here->size) == 0);
                weir_buffer_unref(there);
                weir_buffer_unref(here);
            }
            cr_assert_eq(weir_block_store_size(w->store, slot, expected), -1, "p %d t %d", p, t);
        }
}

WEIR_TEST(block_fetch, brings_the_same_blocks_whatever_the_credits_and_the_wire) {
    static const struct {
        int64_t memory;
        size_t scale;
        bool compress, sealed, spills, not_ready;
    } table[] = {
        {INT64_MAX, 100, false, false, false, false},   {INT64_MAX, 300000, false, false, false, false},
        {INT64_MAX, 300000, true, false, false, false}, {INT64_MAX, 50000, false, true, false, true},
        {INT64_MAX, 50000, true, true, false, false},   {2 << 20, 200000, false, false, true, false},
        {6 << 20, 300000, true, true, true, true},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        fetch_world w;
        open_world(&w, table[i].memory, table[i].scale);
        weir_aead *aead = table[i].sealed ? make_aead(&w.env, 1) : NULL;
        for (int p = 0; p < PEERS; p++) {
            w.peers[p].aead = table[i].sealed ? make_aead(&w.env, 1) : NULL;
            w.peers[p].behaviour = table[i].not_ready ? NOT_READY_FIRST : SERVES;
        }
        run_fetch(&w, table[i].compress, aead);
        cr_assert(w.done && !w.error, "case %zu: %s", i, w.error ? weir_error_text(w.error) : "");
        check_store(&w);
        cr_assert_eq(weir_block_store_spilled(w.store) > 0, table[i].spills, "case %zu", i);
        cr_assert_eq(w.received, w.total);
        cr_assert_gt(w.received, 0);
        if (table[i].scale > 100000 && !table[i].compress)
            cr_assert_gt(w.peers[0].questions, 1, "more than a credit's worth takes several questions");
        weir_aead_free(aead);
        close_world(&w);
    }
}

WEIR_TEST(block_fetch, ends_once_with_one_error) {
    static const struct {
        behaviour behaviour;
        weir_code code;
        int64_t failed_peer;
    } table[] = {
        {STALE, WEIR_CANCELLED, -1},           {GONE, WEIR_RPC_ERROR, 1},
        {WRONG_PARTITION, WEIR_RPC_ERROR, -1}, {WRONG_TASK, WEIR_RPC_ERROR, -1},
        {WRONG_SIZE, WEIR_RPC_ERROR, -1},      {BACKWARDS, WEIR_RPC_ERROR, -1},
        {GARBAGE, WEIR_RPC_ERROR, -1},         {BOMB, WEIR_RPC_ERROR, -1},
        {WRONG_SEAL, WEIR_RPC_ERROR, -1},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        fetch_world w;
        open_world(&w, INT64_MAX, 1000);
        bool sealed = table[i].behaviour == WRONG_SEAL;
        weir_aead *aead = sealed ? make_aead(&w.env, 1) : NULL;
        w.peers[0].aead = sealed ? make_aead(&w.env, 1) : NULL;
        w.peers[1].aead = sealed ? make_aead(&w.env, 2) : NULL;
        w.peers[1].behaviour = table[i].behaviour;
        run_fetch(&w, false, aead);
        cr_assert(w.done);
        cr_assert_eq(weir_error_code(w.error), table[i].code, "case %zu: %s", i,
                     w.error ? weir_error_text(w.error) : "no error");
        cr_assert_eq(w.failed_peer, table[i].failed_peer, "case %zu", i);
        weir_aead_free(aead);
        close_world(&w);
    }
}

WEIR_TEST(block_fetch, says_when_there_is_no_memory_at_all) {
    fetch_world w;
    open_world(&w, 30000, 100);
    run_fetch(&w, false, NULL);
    cr_assert_eq(weir_error_code(w.error), WEIR_OUT_OF_MEMORY);
    cr_assert_eq(w.failed_peer, -1);
    close_world(&w);
}

WEIR_TEST(block_fetch, is_abandoned_in_the_middle) {
    fetch_world w;
    open_world(&w, INT64_MAX, 200000);
    w.abandon = true;
    run_fetch(&w, false, NULL);
    cr_assert_not(w.done, "nobody is told");
    close_world(&w);
}
