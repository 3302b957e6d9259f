/* env: the one door to the world outside - clock, randomness, file systems, transport.
 *
 * Logic never calls clock_gettime, rand, open or socket functions directly; it asks the env that it
 * was given. The real env is made in cli/; tests make their own, and a simulated cluster can run in
 * one thread under a seed. All members may be called from any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct weir_fs;
struct weir_transport;

typedef struct weir_clock_ops {
    const char *name;
    int64_t (*monotonic_us)(void *self); /* for time-outs and durations; never goes back */
    int64_t (*realtime_us)(void *self);  /* micros since the epoch, UTC; sampled once per batch */
    void (*sleep_us)(void *self, int64_t micros);
} weir_clock_ops;

typedef struct weir_env {
    const weir_clock_ops *clock;
    void *clock_self;
    void (*random_bytes)(void *self, void *data, size_t size); /* ids and jitter */
    void *random_self;
    struct weir_fs *local_fs;         /* scheme-less paths and file:// (common/fs/fs.h) */
    struct weir_transport *transport; /* common/rpc/transport.h */
} weir_env;

static inline int64_t weir_env_monotonic_us(const weir_env *env) {
    return env->clock->monotonic_us(env->clock_self);
}
static inline int64_t weir_env_realtime_us(const weir_env *env) {
    return env->clock->realtime_us(env->clock_self);
}

extern const weir_clock_ops weir_system_clock_ops;
void weir_system_random(void *self, void *data, size_t size); /* getrandom(2) */
/* A random (version 4) UUID as 36 characters and NUL. */
void weir_env_uuid(const weir_env *env, char ret_text[37]);
