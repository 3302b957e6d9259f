/* A cluster over a transport without a network and a clock that the test moves. */
#include "driver/cluster/cluster.h"

#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "tests/lib/fake_transport.h"
#include "tests/lib/weir_test.h"

#define DRIVER "tcp://driver:1"
#define A "tcp://a:1"
#define B "tcp://b:1"

typedef struct world {
    weir_env env;
    int64_t now_us;
    weir_fake_transport *fake;
    weir_loop *loop;
    weir_pool *pool;
    weir_cluster *cluster;
    weir_arena *arena;
    int changes, unknown;
} world;

typedef struct answer {
    int count;
    weir_code code; /* of the error */
    char text[256];
} answer;

static int64_t world_now(void *self) {
    return ((world *)self)->now_us;
}

static void world_sleep(void *self, int64_t micros) {
    (void)self;
    (void)micros;
}

static const weir_clock_ops clock_ops = {"still", world_now, world_now, world_sleep};

static void changed(void *data) {
    ((world *)data)->changes++;
}

static bool serve(void *data, weir_call *call, const weir_frame *frame) {
    (void)call;
    (void)frame;
    ((world *)data)->unknown++;
    return false;
}

static void begin(world *w) {
    weir_error *err = NULL;
    *w = (world){.now_us = 1000000, .fake = weir_fake_transport_new(), .arena = weir_arena_new()};
    w->env = (weir_env){.clock = &clock_ops,
                        .clock_self = w,
                        .random_bytes = weir_system_random,
                        .transport = weir_fake_transport_seam(w->fake)};
    w->loop = weir_loop_new(&w->env);
    CHECK_OK(weir_pool_new("test", 1, &w->pool, &err));
    weir_cluster_options options = {.env = &w->env,
                                    .loop = w->loop,
                                    .pool = w->pool,
                                    .urls = {DRIVER},
                                    .heartbeat_ms = 250,
                                    .timeout_ms = 1500,
                                    .hooks = {changed, serve, w}};
    CHECK_OK(weir_cluster_new(&options, &w->cluster, &err));
}

static void end(world *w) {
    weir_cluster_shut(w->cluster);
    weir_pool_free(w->pool);
    weir_loop_drain(w->loop);
    weir_cluster_free(w->cluster);
    weir_loop_free(w->loop);
    weir_fake_transport_free(w->fake);
    weir_arena_free(w->arena);
}

static void pass(world *w, int64_t ms) {
    w->now_us += ms * 1000;
    weir_loop_turn(w->loop);
}

static uint32_t join(world *w, const char *url, const char *incarnation) {
    Weir__Register message = WEIR__REGISTER__INIT;
    message.url = (char *)(uintptr_t)url;
    message.incarnation = (char *)(uintptr_t)incarnation;
    message.cores = 2;
    message.version = 1;
    weir_fake_transport_send(w->fake, DRIVER, WEIR_FRAME_REGISTER, &message.base);
    weir_loop_turn(w->loop);
    Weir__Registered *reply = (Weir__Registered *)weir_fake_transport_reply(w->fake, WEIR_FRAME_REGISTERED,
                                                                            &weir__registered__descriptor);
    cr_assert(reply && !reply->error);
    uint32_t id = reply->executor_id;
    cr_assert_eq(reply->heartbeat_ms, 250);
    cr_assert_str_eq(reply->driver_id, weir_cluster_driver_id(w->cluster));
    weir__registered__free_unpacked(reply, NULL);
    return id;
}

/* The condition that the heartbeat was refused with, "" = it was not. */
static void beat(world *w, uint32_t id, const char *incarnation, char *ret_condition) {
    Weir__Heartbeat message = WEIR__HEARTBEAT__INIT;
    message.executor_id = id;
    message.incarnation = (char *)(uintptr_t)incarnation;
    message.driver_id = (char *)(uintptr_t)weir_cluster_driver_id(w->cluster);
    weir_fake_transport_send(w->fake, DRIVER, WEIR_FRAME_HEARTBEAT, &message.base);
    weir_loop_turn(w->loop);
    Weir__HeartbeatReply *reply = (Weir__HeartbeatReply *)weir_fake_transport_reply(
        w->fake, WEIR_FRAME_HEARTBEAT_REPLY, &weir__heartbeat_reply__descriptor);
    cr_assert(reply);
    strcpy(ret_condition, reply->error ? reply->error->condition : "");
    weir__heartbeat_reply__free_unpacked(reply, NULL);
}

static void answer_ping(world *w, const char *url) {
    weir_fake_request *ping = weir_fake_transport_find(w->fake, url, WEIR_FRAME_GET_STATUS);
    cr_assert(ping, "%s is asked whether it is there", url);
    Weir__Status status = WEIR__STATUS__INIT;
    status.json = "{}";
    weir_fake_transport_answer(w->fake, ping, WEIR_FRAME_STATUS, &status.base);
    weir_loop_turn(w->loop);
}

static int32_t usable(world *w) {
    weir_cluster_member *members;
    return weir_cluster_members(w->cluster, w->arena, &members);
}

static void take(void *data, const weir_frame *reply, const weir_error *error) {
    answer *a = data;
    (void)reply;
    a->count++;
    a->code = weir_error_code(error);
    strncpy(a->text, error ? weir_error_message(error) : "", sizeof a->text - 1);
}

static void ask(world *w, uint32_t id, int32_t timeout_ms, answer *a) {
    Weir__StopQuery message = WEIR__STOP_QUERY__INIT;
    message.run_id = "r";
    weir_cluster_request(w->cluster, id, WEIR_FRAME_STOP_QUERY, 0, &message.base, timeout_ms, take, a);
}

/* Waits for a pool thread that closes a connection. */
static void wait_closed(world *w, const char *url) {
    for (int i = 0; i < 2000 && weir_fake_transport_is_connected(w->fake, url); i++)
        usleep(1000);
    cr_assert_not(weir_fake_transport_is_connected(w->fake, url));
    weir_loop_turn(w->loop);
}

WEIR_TEST(cluster, an_executor_is_used_once_it_has_answered) {
    world w;
    char condition[64];
    begin(&w);
    uint32_t a = join(&w, A, "ia");
    cr_assert_eq(usable(&w), 0);
    beat(&w, a, "ia", condition);
    cr_assert_eq(usable(&w), 0, "a heartbeat does not show that its address is right");
    answer_ping(&w, A);
    cr_assert_eq(usable(&w), 1);
    cr_assert_eq(w.changes, 1);
    join(&w, B, "ib"); /* announces an address that cannot be reached */
    for (int i = 0; i < 10; i++) {
        pass(&w, 250);
        beat(&w, 1, "ia", condition);
        beat(&w, 2, "ib", condition);
        weir_fake_request *ping = weir_fake_transport_find(w.fake, B, WEIR_FRAME_GET_STATUS);
        if (ping && i % 7 == 6)
            weir_fake_transport_break(w.fake, ping);
        weir_loop_turn(w.loop);
    }
    cr_assert_eq(usable(&w), 1);
    cr_assert(weir_cluster_has(w.cluster, 2), "it is not lost either: it may be reached later");
    beat(&w, 2, "ib", condition);
    cr_assert_str_empty(condition);
    pass(&w, 1000);
    answer_ping(&w, B);
    beat(&w, 2, "ib", condition); /* the broken ping had made it suspect */
    cr_assert_eq(usable(&w), 2);
    end(&w);
}

WEIR_TEST(cluster, silence_ends_requests_at_once) {
    world w;
    char condition[64];
    answer of_a = {0}, of_b = {0}, later = {0};
    begin(&w);
    uint32_t a = join(&w, A, "ia"), b = join(&w, B, "ib");
    answer_ping(&w, A);
    answer_ping(&w, B);
    ask(&w, a, 5000, &of_a);
    ask(&w, b, 5000, &of_b);
    for (int i = 0; i < 7; i++) {
        pass(&w, 250);
        beat(&w, b, "ib", condition);
    }
    cr_assert_eq(of_a.count, 1);
    cr_assert_eq(of_a.code, WEIR_EXECUTOR_LOST);
    cr_assert(strstr(of_a.text, A), "%s", of_a.text);
    cr_assert_eq(of_b.count, 0);
    cr_assert_not(weir_cluster_has(w.cluster, a));
    wait_closed(&w, A);
    cr_assert_eq(of_a.count, 1, "the transport's own end of it is not told again");
    ask(&w, a, 5000, &later);
    weir_loop_turn(w.loop);
    cr_assert_eq(later.code, WEIR_EXECUTOR_LOST);
    beat(&w, a, "ia", condition);
    cr_assert_str_eq(condition, "FENCED");
    cr_assert_eq(join(&w, A, "ia2"), 3, "an id is never used twice");
    end(&w);
    cr_assert_eq(of_b.count, 1, "what is open at the end ends");
    cr_assert_eq(of_b.code, WEIR_CANCELLED);
}

WEIR_TEST(cluster, a_broken_connection_makes_suspect_until_the_next_heartbeat) {
    world w;
    char condition[64];
    answer got = {0};
    begin(&w);
    uint32_t a = join(&w, A, "ia");
    answer_ping(&w, A);
    ask(&w, a, -1, &got);
    weir_fake_transport_break(w.fake, weir_fake_transport_find(w.fake, A, WEIR_FRAME_STOP_QUERY));
    weir_loop_turn(w.loop);
    cr_assert_eq(got.code, WEIR_RPC_ERROR);
    cr_assert(strstr(got.text, "executor 1"), "%s", got.text);
    cr_assert_eq(usable(&w), 0);
    cr_assert(weir_cluster_has(w.cluster, a));
    beat(&w, a, "ia", condition);
    cr_assert_eq(usable(&w), 1);
    cr_assert_eq(w.changes, 2, "whoever waits for executors hears of it");
    weir_fake_transport_cut(w.fake, A, true); /* while nothing was asked of it */
    cr_assert_eq(usable(&w), 0, "killed between two epochs");
    weir_fake_transport_cut(w.fake, A, false);
    cr_assert_eq(usable(&w), 0);
    beat(&w, a, "ia", condition);
    cr_assert_eq(usable(&w), 1);
    end(&w);
}

/* Heartbeats come, but nothing that we send arrives: a request without a deadline would wait for ever. */
WEIR_TEST(cluster, a_link_that_is_cut_one_way_loses_the_executor) {
    world w;
    char condition[64];
    answer got = {0};
    begin(&w);
    uint32_t a = join(&w, A, "ia");
    answer_ping(&w, A);
    for (int i = 0; i < 20; i++) {
        pass(&w, 250);
        beat(&w, a, "ia", condition);
    }
    cr_assert_eq(weir_fake_transport_open(w.fake, A), 0, "who has nothing to do is left alone");
    ask(&w, a, -1, &got);
    int waited = 0;
    for (; waited < 40 && !got.count; waited++) {
        pass(&w, 250);
        beat(&w, a, "ia", condition);
        weir_fake_request *ping = weir_fake_transport_find(w.fake, A, WEIR_FRAME_GET_STATUS);
        if (ping && waited >= 7) { /* its deadline */
            cr_assert_eq(ping->timeout_ms, 1500);
            weir_fake_transport_break(w.fake, ping);
            weir_loop_turn(w.loop);
        }
    }
    cr_assert_eq(got.code, WEIR_EXECUTOR_LOST);
    cr_assert_lt(waited, 12);
    wait_closed(&w, A);
    beat(&w, a, "ia", condition);
    cr_assert_str_eq(condition, "FENCED");
    end(&w);
}

WEIR_TEST(cluster, messages_that_are_not_for_it_are_refused) {
    world w;
    begin(&w);
    Weir__StopQuery message = WEIR__STOP_QUERY__INIT;
    message.run_id = "r";
    weir_fake_transport_send(w.fake, DRIVER, WEIR_FRAME_STOP_QUERY, &message.base);
    weir_loop_turn(w.loop);
    Weir__Ack *reply = (Weir__Ack *)weir_fake_transport_reply(w.fake, WEIR_FRAME_ACK, &weir__ack__descriptor);
    cr_assert(reply && reply->error);
    cr_assert_str_eq(reply->error->condition, "RPC_ERROR");
    cr_assert_eq(w.unknown, 1);
    weir__ack__free_unpacked(reply, NULL);
    Weir__Register future = WEIR__REGISTER__INIT;
    future.url = A;
    future.cores = 1;
    future.version = 8;
    future.has_version_min = 1;
    future.version_min = 7;
    weir_fake_transport_send(w.fake, DRIVER, WEIR_FRAME_REGISTER, &future.base);
    weir_loop_turn(w.loop);
    Weir__Registered *registered = (Weir__Registered *)weir_fake_transport_reply(
        w.fake, WEIR_FRAME_REGISTERED, &weir__registered__descriptor);
    cr_assert(registered && registered->error);
    cr_assert_str_eq(registered->error->condition, "NOT_SUPPORTED");
    cr_assert(strstr(registered->error->message, "7 to 8"), "%s", registered->error->message);
    weir__registered__free_unpacked(registered, NULL);
    end(&w);
}
