/* The executors of a driver as others use them: who may run an epoch now, and requests to them. It serves the
 * driver's addresses, keeps the membership (membership.h), and connects to each executor. Transport threads
 * only post; everything else happens on the loop.
 *
 * Whoever sends a request gets one answer on the loop: a reply, or an error. When an executor is lost, its
 * requests end at once with EXECUTOR_LOST. */
#pragma once

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/rpc/frame.h"
#include "driver/cluster/membership.h"

#define WEIR_CLUSTER_URLS_MAX 2

typedef struct weir_cluster weir_cluster;

/* All on the loop. */
typedef struct weir_cluster_hooks {
    /* An executor can be used that could not before. */
    void (*changed)(void *data);
    /* A request that is not about membership. Takes the call where it returns true; the frame is borrowed. */
    bool (*serve)(void *data, weir_call *call, const weir_frame *frame);
    void *data;
} weir_cluster_hooks;

typedef struct weir_cluster_options {
    const weir_env *env;
    const weir_log *log;
    weir_loop *loop;
    weir_pool *pool;                         /* connections are closed there */
    const char *urls[WEIR_CLUSTER_URLS_MAX]; /* to listen at; NULL = one less */
    int64_t heartbeat_ms, timeout_ms;
    weir_cluster_hooks hooks;
} weir_cluster_options;

/* What an epoch attempt knows of an executor; texts live in the arena that was given. */
typedef struct weir_cluster_member {
    uint32_t id;
    uint32_t cores;
    const char *url;
    const char *host; /* "" = not known */
} weir_cluster_member;

/* Called on the loop: `reply` is a frame (borrowed until it returns) or `error` is set (borrowed); then the
 * request may have been executed or not. */
typedef void (*weir_cluster_done)(void *data, const weir_frame *reply, const weir_error *error);

weir_code weir_cluster_new(const weir_cluster_options *options, weir_cluster **ret, weir_error **err);
/* Takes no more messages and closes all connections, on the pool; then `done`, on the loop. Requests that are
 * still out end with CANCELLED. */
void weir_cluster_disconnect(weir_cluster *cluster, void (*done)(void *data), void *data);
/* The same where the loop does not run. Blocks. Idempotent. What is posted to the loop must run
 * (weir_loop_drain) before the cluster is freed. */
void weir_cluster_shut(weir_cluster *cluster);
void weir_cluster_free(weir_cluster *cluster); /* accepts NULL */
/* Where it listens, as bound. */
const char *weir_cluster_url(const weir_cluster *cluster, int32_t index);
/* A UUID of this process: heartbeats that another one answered are refused. */
const char *weir_cluster_driver_id(const weir_cluster *cluster);
/* Whether control messages are encrypted (the first address for executors is tls+tcp://). */
bool weir_cluster_is_tls(const weir_cluster *cluster);

/* Executors that may run an epoch now, by id; none of them = 0. */
int32_t weir_cluster_members(weir_cluster *cluster, weir_arena *arena, weir_cluster_member **ret);
/* Whether the executor is a member at all, usable or not. */
bool weir_cluster_has(weir_cluster *cluster, uint32_t executor);
/* A running epoch attempt needs it: a draining executor waits for that. Pairs; a lost one is ignored. */
void weir_cluster_hold(weir_cluster *cluster, uint32_t executor);
void weir_cluster_release(weir_cluster *cluster, uint32_t executor);
/* `reporter` could not fetch from `accused`. */
void weir_cluster_accuse(weir_cluster *cluster, uint32_t reporter, uint32_t accused);

/* Sends a message to an executor; `done` is called once. timeout_ms < 0: none, but the executor is asked for
 * a life sign while it has such requests. */
void weir_cluster_request(weir_cluster *cluster, uint32_t executor, weir_frame_kind kind,
                          uint64_t driver_epoch, const ProtobufCMessage *message, int32_t timeout_ms,
                          weir_cluster_done done, void *data);
/* Answers a call that `serve` took. */
void weir_cluster_reply(weir_cluster *cluster, weir_call *call, weir_frame_kind kind,
                        const ProtobufCMessage *message);
/* "executors":[{...}],"membership":{...} without the braces around. */
void weir_cluster_status_json(weir_cluster *cluster, weir_strbuf *buf);
