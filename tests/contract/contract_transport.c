/* The cases of the transport contract (contract_transport.h). */
#include "tests/contract/contract_transport.h"

#include <time.h>

#include "tests/lib/temp_directory.h"

#define REQUESTS 200

/* nng 1.5.2 loses the few KB of a connection whose endpoint is closed in the middle of its making. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:tcptran_\nleak:tlstran_\nleak:tls_conn_cb\nleak:tls_listener_accept\nleak:nni_tcp_dial\n"
           "leak:tcp_listener_\nleak:tcp_dial_\nleak:nni_dialer_create\nleak:nni_listener_create\n";
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void contract_transport_run(void (*setup)(contract_transport *), void (*run)(contract_transport *)) {
    contract_transport t = {.arena = weir_arena_new()};
    setup(&t);
    rpc_pair_init(&t.pair, &t.server, &t.client);
    run(&t);
    rpc_pair_fini(&t.pair);
    weir_secret_free(t.secret);
    weir_temp_directory_remove(t.directory);
    weir_arena_free(t.arena);
}

static const char *open_both(contract_transport *t) {
    rpc_pair_listen(&t->pair, t->url);
    const char *url = t->pair.server_side->ops->server_url(t->pair.server);
    cr_assert(!strstr(url, ":0"), "%s has no port", url);
    rpc_pair_connect(&t->pair, url);
    return url;
}

static void close_server(rpc_pair *pair) {
    pair->server_side->ops->server_close(pair->server);
    pair->server = NULL;
}

/* An address where nobody listens, though somebody did. */
static const char *free_url(contract_transport *t) {
    rpc_pair_listen(&t->pair, t->url);
    const char *url = weir_arena_strdup(t->arena, t->pair.server_side->ops->server_url(t->pair.server));
    close_server(&t->pair);
    return url;
}

/* ---- every transport ---- */

void contract_transport_carries_many_messages_at_once(contract_transport *t) {
    open_both(t);
    for (int i = 0; i < REQUESTS; i++)
        rpc_pair_ask(&t->pair, "hello", 3, 10000);
    rpc_pair_wait(&t->pair, REQUESTS);
    cr_assert_eq(t->pair.answered, REQUESTS, "%s", t->pair.message);
    cr_assert_eq(t->pair.misaligned, 0);
}

void contract_transport_carries_large_payloads_aligned(contract_transport *t) {
    static const size_t sizes[] = {0, 1, 7, 8, 1000, 4096, 65536 - 48, 65536, 1 << 20, 5 << 20};
    open_both(t);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(sizes); i++) {
        rpc_pair_ask(&t->pair, "block", sizes[i], 15000);
        rpc_pair_wait(&t->pair, (int32_t)i + 1);
        cr_assert_eq(t->pair.answered, (int32_t)i + 1, "%s", t->pair.message);
        cr_assert_eq(t->pair.payload, sizes[i]);
    }
    cr_assert_eq(t->pair.misaligned, 0);
}

void contract_transport_a_late_reply_is_dropped(contract_transport *t) {
    open_both(t);
    rpc_pair_exchange(&t->pair);
    int64_t begin = now_ms();
    rpc_pair_ask(&t->pair, "keep", 0, 200);
    rpc_pair_wait(&t->pair, 2);
    cr_assert_eq(t->pair.failed, 1, "a request that nobody answers ends");
    cr_assert_eq(t->pair.code, WEIR_RPC_ERROR);
    cr_assert(strstr(t->pair.message, "no answer within 200 ms"), "%s", t->pair.message);
    cr_assert_geq(now_ms() - begin, 190);
    cr_assert_lt(now_ms() - begin, 5000);
    rpc_pair_answer_kept(&t->pair); /* dropped, not taken for the answer to the next */
    t->pair.payload = 0;
    rpc_pair_exchange(&t->pair);
    cr_assert_eq(t->pair.payload, 100);
}

void contract_transport_closing_ends_what_is_pending(contract_transport *t) {
    open_both(t);
    rpc_pair_exchange(&t->pair);
    for (int i = 0; i < 10; i++)
        rpc_pair_ask(&t->pair, "keep", 0, i % 2 ? -1 : 60000);
    rpc_pair_wait_kept(&t->pair, 10);
    t->pair.client_side->ops->client_close(t->pair.client);
    t->pair.client = NULL;
    cr_assert_eq(t->pair.failed, 10, "closing ends what is pending");
    cr_assert_eq(t->pair.code, WEIR_CANCELLED, "%s", t->pair.message);
}

void contract_transport_a_closed_server_ends_its_requests(contract_transport *t) {
    const char *url = weir_arena_strdup(t->arena, open_both(t));
    rpc_pair_exchange(&t->pair);
    rpc_pair_ask(&t->pair, "keep", 0, 60000);
    rpc_pair_wait_kept(&t->pair, 1);
    int64_t begin = now_ms();
    close_server(&t->pair);
    rpc_pair_wait(&t->pair, 2);
    cr_assert_lt(now_ms() - begin, 5000, "at once, not at the deadline");
    cr_assert_eq(t->pair.code, WEIR_RPC_ERROR, "%s", t->pair.message);
    cr_assert(weir_code_retriable(t->pair.code));
    cr_assert(strstr(t->pair.message, url), "%s", t->pair.message);
}

/* ---- networks ---- */

void contract_transport_a_missing_peer_costs_the_deadline(contract_transport *t) {
    const char *url = free_url(t);
    int64_t begin = now_ms();
    rpc_pair_connect(&t->pair, url);
    cr_assert_lt(now_ms() - begin, 1000, "connecting does not wait");
    rpc_pair_fails(&t->pair, 300, WEIR_RPC_ERROR, "no connection within 300 ms");
    cr_assert(strstr(t->pair.message, url), "%s", t->pair.message);
    cr_assert_geq(now_ms() - begin, 290);
    cr_assert_lt(now_ms() - begin, 5000);
}

void contract_transport_requests_wait_for_a_peer_that_starts_late(contract_transport *t) {
    const char *url = free_url(t);
    rpc_pair_connect(&t->pair, url);
    for (int i = 0; i < 20; i++)
        rpc_pair_ask(&t->pair, "hello", 0, 15000);
    rpc_pair_ask(&t->pair, "hello", 0, -1);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    cr_assert_eq(t->pair.failed, 0);
    rpc_pair_listen(&t->pair, url);
    rpc_pair_wait(&t->pair, 21);
    cr_assert_eq(t->pair.answered, 21, "%s", t->pair.message);
}

void contract_transport_a_restarted_peer_is_found_again(contract_transport *t) {
    const char *url = weir_arena_strdup(t->arena, open_both(t));
    for (int32_t round = 0; round < 3; round++) {
        rpc_pair_exchange(&t->pair);
        rpc_pair_ask(&t->pair, "keep", 0, 60000);
        rpc_pair_wait_kept(&t->pair, round + 1);
        close_server(&t->pair);
        rpc_pair_wait(&t->pair, 2 * round + 2);
        cr_assert_eq(t->pair.code, WEIR_RPC_ERROR);
        cr_assert(strstr(t->pair.message, "the connection broke"), "%s", t->pair.message);
        int64_t begin = now_ms();
        rpc_pair_listen(&t->pair, url);
        rpc_pair_exchange(&t->pair);
        cr_assert_lt(now_ms() - begin, 3000, "found after %lld ms", (long long)(now_ms() - begin));
        t->pair.answered--; /* so that every round counts two */
    }
    cr_assert_eq(t->pair.served, 9, "nothing is sent twice");
}

void contract_transport_a_taken_port_and_bad_urls_are_errors(contract_transport *t) {
    rpc_pair_listen(&t->pair, t->url);
    const weir_transport_ops *ops = t->pair.server_side->ops;
    const char *taken = ops->server_url(t->pair.server);
    weir_error *err = NULL;
    weir_server *server = NULL;
    weir_client *client = NULL;
    cr_assert_eq(ops->listen(t->pair.server_side, taken, NULL, NULL, &server, &err), WEIR_RPC_ERROR);
    cr_assert(strstr(weir_error_message(err), "the port is in use"), "%s", weir_error_message(err));
    cr_assert(strstr(weir_error_message(err), taken), "%s", weir_error_message(err));
    weir_error_free_ptr(&err);
    static const char *const urls[] = {
        "",           "tcp://",         "tcp://x",       "tcp://:1", "tcp://x:",          "tcp://x:65536",
        "tcp://x:1x", "tcp://x/y:1",    "tcp://a:b:1",   "ws://x:1", "ipc:///tmp/socket", "tcp://u@x:1",
        "inproc://",  "tls+tcp://x:-1", "localhost:7077"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(urls); i++) {
        CHECK_FAILS(INVALID_ARGUMENT, ops->listen(t->pair.server_side, urls[i], NULL, NULL, &server, &err));
        CHECK_FAILS(INVALID_ARGUMENT, ops->connect(t->pair.server_side, urls[i], &client, &err));
    }
    const char *port = strrchr(t->url, ':');
    const char *elsewhere = weir_arena_printf(t->arena, "%.*s//192.0.2.1%s",
                                              (int)(strchr(t->url, ':') - t->url + 1), t->url, port);
    weir_transport *insecure = NULL;
    weir_transport_options options = t->server;
    options.insecure = true;
    CHECK_OK(weir_nng_transport_new(&options, &insecure, &err));
    CHECK_FAILS(INVALID_ARGUMENT, ops->listen(insecure, elsewhere, NULL, NULL, &server, &err));
    ops->free(insecure);
}

void contract_transport_opening_and_closing_leaves_nothing(contract_transport *t) {
    for (int i = 0; i < 20; i++) {
        open_both(t);
        for (int k = 0; k < i; k++)
            rpc_pair_ask(&t->pair, k % 2 ? "keep" : "hello", 10, 5000);
        if (i % 2)
            close_server(&t->pair);
        t->pair.client_side->ops->client_close(t->pair.client);
        t->pair.client = NULL;
        if (t->pair.server)
            close_server(&t->pair);
    }
    cr_assert_eq(t->pair.answered + t->pair.failed, 190);
}
