/* The system's clock and randomness behind env (env.h). Any thread. */
#include "common/base/env.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "common/base/assert.h"

static int64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t system_monotonic_us(void *self) {
    (void)self;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t system_realtime_us(void *self) {
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

static void system_sleep_us(void *self, int64_t micros) {
    (void)self;
    struct timespec t = {micros / 1000000, (micros % 1000000) * 1000};
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

const weir_clock_ops weir_system_clock_ops = {
    .name = "system",
    .monotonic_us = system_monotonic_us,
    .realtime_us = system_realtime_us,
    .sleep_us = system_sleep_us,
};

void weir_system_random(void *self, void *data, size_t size) {
    (void)self;
    uint8_t *at = data;
    while (size) {
        ssize_t got = getrandom(at, size, 0);
        WEIR_ASSERT(got > 0 || errno == EINTR);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

void weir_env_uuid(const weir_env *env, char ret_text[37]) {
    uint8_t b[16];
    env->random_bytes(env->random_self, b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(ret_text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
