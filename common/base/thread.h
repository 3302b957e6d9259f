/* Threads, a bounded pool of them, and a bounded queue. All with explicit 8 MiB stacks. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

/* Starts a named thread (name at most 15 characters; shown by ps -L). */
weir_code weir_thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *), void *arg,
                            weir_error **err);

/* A pool runs queued jobs in FIFO order on `threads` threads. */
typedef struct weir_pool weir_pool;
weir_code weir_pool_new(const char *name, int threads, weir_pool **ret, weir_error **err);
/* Never blocks; jobs wait in an intrusive list that the caller bounds (one per task). */
typedef struct weir_job {
    void (*run)(struct weir_job *job);
    struct weir_job *next;
} weir_job;
void weir_pool_submit(weir_pool *pool, weir_job *job);
void weir_pool_free(weir_pool *pool); /* runs what is queued, then joins; accepts NULL */

/* An unbounded-by-type, bounded-by-caller FIFO of pointers with time-out: a loop's mailbox. */
typedef struct weir_mailbox weir_mailbox;
weir_mailbox *weir_mailbox_new(void);
void weir_mailbox_post(weir_mailbox *mailbox, void *message);
/* NULL after `timeout_us` (negative = wait for ever) or once closed and drained. */
void *weir_mailbox_take(weir_mailbox *mailbox, int64_t timeout_us);
void weir_mailbox_close(weir_mailbox *mailbox);
void weir_mailbox_free(weir_mailbox *mailbox);
