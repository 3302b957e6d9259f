/* Fetch throughput between two processes over loopback: one serves 256 MB of shuffle blocks from memory or
 * from spilled files, the other fetches them into a store of its own. MB/s of raw block bytes, end to end.
 *
 *   bench/shuffle_fetch            plain, compressed, sealed, from files */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "executor/shuffle/block_fetch.h"
#include "executor/shuffle/block_serve.h"

#define BLOCKS 1024

typedef struct bench_case {
    const char *name;
    int64_t server_memory;
    bool compress, sealed;
} bench_case;

typedef struct bench_side {
    weir_env env;
    weir_budget budget;
    weir_fs *fs;
    weir_transport *transport;
    weir_block_pool *pool;
    weir_block_store *store;
    weir_aead *aead;
    weir_loop *loop;
    weir_error *error;
} bench_side;

static void check(weir_code code, weir_error *err) {
    if (code == WEIR_OK)
        return;
    fprintf(stderr, "%s\n", weir_error_text(err));
    _exit(1);
}

static void open_side(bench_side *side, int64_t memory, bool sealed) {
    static const int32_t one[] = {1};
    weir_error *err = NULL;
    side->fs = weir_local_fs_new();
    check(weir_nng_transport_new(NULL, &side->transport, &err), err);
    side->env = (weir_env){.clock = &weir_system_clock_ops,
                           .random_bytes = weir_system_random,
                           .local_fs = side->fs,
                           .transport = side->transport};
    weir_budget_init(&side->budget, NULL, memory);
    side->pool = weir_block_pool_new(side->fs, "/tmp", &side->budget);
    side->store = weir_block_store_new(side->pool, 1, one, one);
    if (!sealed)
        return;
    uint8_t bytes[WEIR_AEAD_KEY_SIZE] = {42};
    weir_aead_key *key = NULL;
    check(weir_aead_key_from_bytes((weir_str){(char *)bytes, sizeof bytes}, &key, &err), err);
    side->aead = weir_aead_new(key, (uint32_t)getpid());
    weir_aead_key_free(key);
}

/* ---- the serving process ---- */

static void serve(void *data, weir_call *call, weir_buffer *buffer) {
    bench_side *side = data;
    weir_error *err = NULL;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    weir_buffer *reply = NULL;
    int64_t bytes = 0;
    check(weir_frame_decode(buffer, &frame, &err), err);
    check(weir_frame_unpack(&frame, WEIR_FRAME_FETCH_BLOCKS, &weir__fetch_blocks__descriptor, &message, &err),
          err);
    const Weir__FetchBlocks *question = (const Weir__FetchBlocks *)message;
    weir_block_serve job = {.transport = side->transport,
                            .store = side->store,
                            .budget = &side->budget,
                            .message = question,
                            .compress = question->compress,
                            .aead = side->aead};
    check(weir_block_serve_reply(&job, &reply, &bytes, &err), err);
    protobuf_c_message_free_unpacked(message, NULL);
    side->transport->ops->reply(call, reply);
}

/* Rows of numbers and short texts, as a partial aggregation sends them. */
static void fill_store(bench_side *side) {
    weir_error *err = NULL;
    for (uint64_t b = 0; b < BLOCKS; b++) {
        weir_strbuf text = {0};
        for (uint64_t i = 0; text.size < WEIR_BLOCK_BYTES; i++) {
            uint64_t row[3] = {(b * 9973 + i) * 1000003 % 5000000, i % 97, UINT64_C(0x7075626D6F432020)};
            weir_strbuf_add(&text, (weir_str){(const char *)row, sizeof row});
        }
        check(weir_block_store_add(side->store, (weir_block_slot_id){0}, &text, &err), err);
        weir_strbuf_fini(&text);
    }
}

static void run_server(const bench_case *c, int ready) {
    bench_side side = {0};
    weir_error *err = NULL;
    weir_server *server = NULL;
    open_side(&side, c->server_memory, c->sealed);
    fill_store(&side);
    check(side.transport->ops->listen(side.transport, "tcp://127.0.0.1:0", serve, &side, &server, &err), err);
    const char *url = side.transport->ops->server_url(server);
    WEIR_ASSERT(write(ready, url, strlen(url) + 1) > 0);
    for (;;)
        pause();
}

/* ---- the fetching process ---- */

static void done(void *data, const weir_fetch_result *result) {
    ((bench_side *)data)->error = result->error;
}

static void freed(void *data) {
    weir_loop_stop(((bench_side *)data)->loop);
}

static double fetch_all(const bench_case *c, const char *url) {
    static const uint32_t zero[] = {0};
    bench_side side = {0};
    weir_error *err = NULL;
    weir_pool *threads = NULL;
    weir_client *client = NULL;
    _Atomic int64_t bytes = 0;
    open_side(&side, INT64_MAX, c->sealed);
    side.loop = weir_loop_new(&side.env);
    check(weir_pool_new("shuffle", 2, &threads, &err), err);
    check(side.transport->ops->connect(side.transport, url, &client, &err), err);
    weir_fetch_peer peer = {client, 0, c->compress};
    weir_fetch_options options = {.env = &side.env,
                                  .loop = side.loop,
                                  .pool = threads,
                                  .budget = &side.budget,
                                  .aead = side.aead,
                                  .store = side.store,
                                  .run_id = "bench",
                                  .attempt = 1,
                                  .partitions = zero,
                                  .partitions_count = 1,
                                  .task_owner = zero,
                                  .peers = &peer,
                                  .peers_count = 1,
                                  .bytes_received = &bytes,
                                  .bytes_total = &bytes,
                                  .done = done,
                                  .freed = freed,
                                  .data = &side};
    int64_t start = weir_env_monotonic_us(&side.env);
    weir_block_fetch_start(&options);
    weir_loop_run(side.loop);
    double seconds = (double)(weir_env_monotonic_us(&side.env) - start) / 1e6;
    check(weir_error_code(side.error), side.error);
    WEIR_ASSERT(weir_block_store_size(side.store, (weir_block_slot_id){0}, BLOCKS - 1) > 0);
    return (double)BLOCKS * (double)WEIR_BLOCK_BYTES / 1e6 / seconds;
}

static void run_case(const bench_case *c) {
    int ready[2];
    char url[128] = "";
    WEIR_ASSERT(pipe(ready) == 0);
    pid_t server = fork();
    if (server == 0)
        run_server(c, ready[1]);
    close(ready[1]);
    WEIR_ASSERT(read(ready[0], url, sizeof url - 1) > 0);
    close(ready[0]);
    for (int i = 0; i < 3; i++) {
        pid_t client = fork();
        if (client == 0) {
            printf("%-24s %6.0f MB/s\n", c->name, fetch_all(c, url));
            fflush(stdout);
            _exit(0);
        }
        waitpid(client, NULL, 0);
    }
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

int main(void) {
    static const bench_case cases[] = {
        {"plain", INT64_MAX, false, false},           {"sealed", INT64_MAX, false, true},
        {"compressed", INT64_MAX, true, false},       {"compressed and sealed", INT64_MAX, true, true},
        {"plain, from files", 8 << 20, false, false},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        run_case(&cases[i]);
    return 0;
}
