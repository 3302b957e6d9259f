/* Secrets between live sockets: who is let in, what the others are told, and that nobody else notices. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/secret.h"
#include "tests/lib/rpc_pair.h"
#include "tests/lib/weir_test.h"

#define SECRET "canary: the cluster's secret"
#define OTHER "canary: another secret of it"

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static weir_transport_options with_secret(const char *text) {
    return (weir_transport_options){.secret = text ? weir_secret_new(text, strlen(text)) : NULL};
}

static void free_options(weir_transport_options *options) {
    weir_secret_free((weir_secret *)(uintptr_t)options->secret);
}

static weir_transport_counters counters(const rpc_pair *pair) {
    weir_transport_counters ret;
    pair->server_side->ops->counters(pair->server_side, &ret);
    return ret;
}

WEIR_TEST(rpc_authentication, tells_what_is_wrong_at_once) {
    static const struct {
        const char *server, *client, *text;
    } cases[] = {
        {SECRET, OTHER, "has another shared secret"},
        {SECRET, NULL, "asks for a shared secret (--secret-file), and there is none here"},
        {NULL, SECRET, "has no shared secret, and this process trusts nobody without"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_transport_options server = with_secret(cases[i].server), client = with_secret(cases[i].client);
        rpc_pair good, bad;
        rpc_pair_init(&good, &server, &server);
        rpc_pair_init(&bad, &server, &client);
        rpc_pair_listen(&good, "tcp://127.0.0.1:0");
        const char *url = good.server_side->ops->server_url(good.server);
        rpc_pair_connect(&good, url);
        rpc_pair_connect(&bad, url);
        for (int round = 0; round < 3; round++) {
            int64_t begin = now_ms();
            rpc_pair_fails(&bad, 20000, WEIR_AUTHENTICATION_FAILED, cases[i].text);
            cr_assert(strstr(bad.message, url), "%s", bad.message);
            cr_assert_not(strstr(bad.message, "canary"), "%s", bad.message);
            cr_assert_lt(now_ms() - begin, 4000, "at once, not at the deadline");
            rpc_pair_exchange(&good);
        }
        cr_assert_eq(good.served, 3, "only those who may reach the handler");
        rpc_pair_fini(&bad);
        rpc_pair_fini(&good);
        free_options(&server);
        free_options(&client);
    }
}

WEIR_TEST(rpc_authentication, a_corrected_server_is_trusted_by_itself) {
    weir_transport_options right = with_secret(SECRET), wrong = with_secret(OTHER);
    rpc_pair first, second;
    rpc_pair_init(&first, &wrong, &right);
    rpc_pair_init(&second, &right, &right);
    rpc_pair_listen(&first, "tcp://127.0.0.1:0");
    char url[64];
    snprintf(url, sizeof url, "%s", first.server_side->ops->server_url(first.server));
    rpc_pair_connect(&first, url);
    rpc_pair_fails(&first, 20000, WEIR_AUTHENTICATION_FAILED, "another shared secret");
    first.server_side->ops->server_close(first.server);
    first.server = NULL;
    rpc_pair_listen(&second, url);
    int64_t begin = now_ms();
    while (first.answered == 0 && now_ms() - begin < 15000) {
        int32_t ended = first.answered + first.failed;
        rpc_pair_ask(&first, "hello", 0, 5000);
        rpc_pair_wait(&first, ended + 1);
    }
    cr_assert_eq(first.answered, 1, "%s", first.message);
    rpc_pair_fini(&first);
    rpc_pair_fini(&second);
    free_options(&right);
    free_options(&wrong);
}

WEIR_TEST(rpc_authentication, counts_and_logs_once) {
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    weir_log log = {.level = WEIR_LOG_WARN, .fd = ends[1]};
    weir_transport_options server = with_secret(SECRET), client = with_secret(OTHER);
    server.log = &log;
    rpc_pair pair;
    rpc_pair_init(&pair, &server, &client);
    rpc_pair_listen(&pair, "tcp://127.0.0.1:0");
    for (int i = 0; i < 5; i++) {
        rpc_pair_connect(&pair, pair.server_side->ops->server_url(pair.server));
        rpc_pair_fails(&pair, 20000, WEIR_AUTHENTICATION_FAILED, "another shared secret");
        for (int64_t begin = now_ms(); counters(&pair).authentication_errors <= i; usleep(1000))
            cr_assert_lt(now_ms() - begin, 5000, "the server hears of it");
        pair.client_side->ops->client_close(pair.client);
        pair.client = NULL;
    }
    weir_transport_counters seen = counters(&pair);
    cr_assert_eq(seen.authentication_errors, 5);
    cr_assert_eq(seen.authentications, 0);
    cr_assert_geq(seen.connections, 5);
    char text[4096] = "";
    ssize_t size = read(ends[0], text, sizeof text - 1);
    cr_assert_gt(size, 0);
    cr_assert_eq(strchr(text, '\n'), text + size - 1, "one line: %s", text);
    cr_assert(strstr(text, "127.0.0.1 has another shared secret"), "%s", text);
    cr_assert_not(strstr(text, "canary"), "%s", text);
    rpc_pair_fini(&pair);
    close(ends[0]);
    close(ends[1]);
    free_options(&server);
    free_options(&client);
}

WEIR_TEST(rpc_authentication, other_machines_need_a_secret) {
    static const struct {
        const char *url;
        bool secret, insecure, allowed;
    } cases[] = {
        {"tcp://0.0.0.0:0", false, false, false},  {"tcp://*:0", false, false, false},
        {"tcp://[::]:0", false, false, false},     {"tcp://somewhere:0", false, false, false},
        {"tcp://0.0.0.0:0", true, false, true},    {"tcp://0.0.0.0:0", false, true, true},
        {"tcp://127.0.0.1:0", false, false, true}, {"tcp://localhost:0", false, false, true},
        {"inproc://here", false, false, true},
    };
    weir_error *err = NULL;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_transport_options options = with_secret(cases[i].secret ? SECRET : NULL);
        options.insecure = cases[i].insecure;
        weir_transport *transport = NULL;
        weir_server *server = NULL;
        CHECK_OK(weir_nng_transport_new(&options, &transport, &err));
        weir_code code = transport->ops->listen(transport, cases[i].url, NULL, NULL, &server, &err);
        cr_assert_eq(code, cases[i].allowed ? WEIR_OK : WEIR_INVALID_ARGUMENT, "%s: %s", cases[i].url,
                     err ? weir_error_text(err) : "");
        if (!cases[i].allowed)
            cr_assert(strstr(weir_error_text(err), "needs a shared secret"), "%s", weir_error_text(err));
        weir_error_free_ptr(&err);
        transport->ops->server_close(server);
        transport->ops->free(transport);
        free_options(&options);
    }
}

WEIR_TEST(rpc_authentication, places_are_limited) {
    weir_transport_options server = with_secret(SECRET);
    server.connections_max = 2;
    rpc_pair pairs[3];
    for (int i = 0; i < 3; i++)
        rpc_pair_init(&pairs[i], &server, &server);
    rpc_pair_listen(&pairs[0], "tcp://127.0.0.1:0");
    const char *url = pairs[0].server_side->ops->server_url(pairs[0].server);
    for (int i = 0; i < 2; i++) {
        rpc_pair_connect(&pairs[i], url);
        rpc_pair_exchange(&pairs[i]);
    }
    rpc_pair_connect(&pairs[2], url);
    rpc_pair_fails(&pairs[2], 300, WEIR_RPC_ERROR, "no connection within 300 ms");
    cr_assert_gt(counters(&pairs[0]).connections_refused, 0);
    rpc_pair_exchange(&pairs[0]);
    pairs[1].client_side->ops->client_close(pairs[1].client);
    pairs[1].client = NULL;
    rpc_pair_exchange(&pairs[2]);
    rpc_pair_fini(&pairs[2]);
    rpc_pair_fini(&pairs[1]);
    rpc_pair_fini(&pairs[0]);
    free_options(&server);
}
