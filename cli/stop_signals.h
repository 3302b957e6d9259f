/* SIGTERM and SIGINT as a stop level: the first asks for an orderly end (after the running micro-batch,
 * drained), the second for one at once, a third ends the process. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "common/base/error.h"

typedef struct weir_stop_signals {
    int stop_fd;           /* eventfd: readable when the level has changed */
    _Atomic int32_t level; /* 0, 1 or 2 (weir_stop_level) */
    const char *first;     /* what the first signal does, for the message */
    pthread_t thread;
} weir_stop_signals;

/* Blocks the signals and starts the thread that takes them. Call it before any other thread is started,
 * since threads inherit the mask. `first` says what the first signal does ("stopping after ..."). */
weir_code weir_stop_signals_start(weir_stop_signals *signals, const char *first, weir_error **err);
void weir_stop_signals_stop(weir_stop_signals *signals);
