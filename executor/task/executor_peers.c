/* Connections to other executors: one an url, made when it is first needed, closed when it was not used for a
 * minute (a lost executor comes back under another address). Closing may block, so a pool thread does it.
 * Control loop. */
#include "common/base/alloc.h"
#include "executor/task/executor_int.h"

#define IDLE_US ((int64_t)60 * 1000000)
#define SHUFFLE_THREADS_MAX 4

weir_peer *weir_executor_peer_use(weir_executor *executor, const char *url, weir_error **err) {
    weir_peer *peer = executor->peers;
    while (peer && strcmp(peer->url, url) != 0)
        peer = peer->next;
    if (!peer) {
        weir_transport *transport = executor->options.env->transport;
        weir_client *client = NULL;
        if (transport->ops->connect(transport, url, &client, err) != WEIR_OK)
            return NULL;
        peer = weir_alloc_zero(1, sizeof *peer);
        peer->url = weir_strdup(url);
        peer->client = client;
        peer->ops = transport->ops;
        peer->next = executor->peers;
        executor->peers = peer;
    }
    peer->users++;
    return peer;
}

void weir_executor_peer_release(weir_executor *executor, weir_peer *peer) {
    if (--peer->users == 0)
        peer->idle_since_us = weir_env_monotonic_us(executor->options.env);
}

static void free_peer(weir_peer *peer) {
    peer->ops->client_close(peer->client);
    weir_free(peer->url);
    weir_free(peer);
}

static weir_peer *peer_of_step(weir_step *step) {
    return (weir_peer *)((char *)step - offsetof(weir_peer, close_step));
}

static void close_work(weir_step *step) {
    weir_peer *peer = peer_of_step(step);
    peer->ops->client_close(peer->client);
    peer->client = NULL;
}

static void close_done(weir_step *step) {
    free_peer(peer_of_step(step));
}

void weir_executor_peers_sweep(weir_executor *executor, int64_t now_us) {
    weir_peer **at = &executor->peers;
    while (*at) {
        weir_peer *peer = *at;
        if (peer->users || now_us - peer->idle_since_us < IDLE_US) {
            at = &peer->next;
            continue;
        }
        *at = peer->next;
        peer->close_step.work = close_work;
        peer->close_step.done = close_done;
        weir_loop_start_step(executor->loop, executor->step_pool, &peer->close_step);
    }
}

void weir_executor_peers_close(weir_executor *executor) {
    for (weir_peer *peer = executor->peers; peer; peer = peer->next) {
        peer->ops->client_close(peer->client);
        peer->client = NULL;
    }
}

void weir_executor_peers_free(weir_executor *executor) {
    while (executor->peers) {
        weir_peer *peer = executor->peers;
        executor->peers = peer->next;
        free_peer(peer);
    }
}

weir_code weir_executor_shuffle_pool(weir_executor *executor, weir_pool **ret, weir_error **err) {
    int threads = WEIR_MIN(WEIR_MAX(executor->options.cores, 2), SHUFFLE_THREADS_MAX);
    if (!executor->shuffle_pool)
        WEIR_TRY(weir_pool_new("shuffle", threads, &executor->shuffle_pool, err));
    *ret = executor->shuffle_pool;
    return WEIR_OK;
}
