/* Threads, pool and mailbox (thread.h). Stacks of 8 MiB: recursive decoders rely on it. */
#include "common/base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

#define STACK_BYTES ((size_t)8 << 20)

weir_code weir_thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *), void *arg,
                            weir_error **err) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int failed = pthread_create(ret_thread, &attributes, fn, arg);
    pthread_attr_destroy(&attributes);
    if (failed)
        return weir_error_fail_errno(err, failed, "cannot start thread %s", name);
    pthread_setname_np(*ret_thread, name);
    return WEIR_OK;
}

struct weir_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    weir_job *first, *last;
    bool closing;
    int threads_count;
    pthread_t threads[];
};

static void *pool_thread(void *data) {
    weir_pool *pool = data;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->first && !pool->closing)
            pthread_cond_wait(&pool->wake, &pool->lock);
        weir_job *job = pool->first;
        if (!job)
            break;
        pool->first = job->next;
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

weir_code weir_pool_new(const char *name, int threads, weir_pool **ret, weir_error **err) {
    weir_pool *pool = weir_alloc_zero(1, sizeof *pool + sizeof(pthread_t) * (size_t)threads);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (int i = 0; i < threads; i++) {
        char label[16];
        snprintf(label, sizeof label, "%.10s-%d", name, i % 1000);
        weir_code code = weir_thread_start(&pool->threads[i], label, pool_thread, pool, err);
        if (code != WEIR_OK) {
            weir_pool_free(pool);
            return code;
        }
        pool->threads_count++;
    }
    *ret = pool;
    return WEIR_OK;
}

void weir_pool_submit(weir_pool *pool, weir_job *job) {
    job->next = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->first)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

void weir_pool_free(weir_pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    weir_free(pool);
}

struct weir_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    void **items; /* ring */
    size_t capacity, from, count;
    bool closed;
};

weir_mailbox *weir_mailbox_new(void) {
    weir_mailbox *mailbox = weir_alloc_zero(1, sizeof *mailbox);
    pthread_mutex_init(&mailbox->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&mailbox->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return mailbox;
}

static void mailbox_grow(weir_mailbox *mailbox) {
    size_t capacity = mailbox->capacity ? mailbox->capacity * 2 : 16;
    void **items = weir_alloc(capacity * sizeof *items);
    for (size_t i = 0; i < mailbox->count; i++)
        items[i] = mailbox->items[(mailbox->from + i) % mailbox->capacity];
    weir_free(mailbox->items);
    mailbox->items = items;
    mailbox->capacity = capacity;
    mailbox->from = 0;
}

void weir_mailbox_post(weir_mailbox *mailbox, void *message) {
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->count == mailbox->capacity)
        mailbox_grow(mailbox);
    mailbox->items[(mailbox->from + mailbox->count++) % mailbox->capacity] = message;
    pthread_cond_signal(&mailbox->wake);
    pthread_mutex_unlock(&mailbox->lock);
}

void *weir_mailbox_take(weir_mailbox *mailbox, int64_t timeout_us) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_us / 1000000;
    until.tv_nsec += timeout_us % 1000000 * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    void *message = NULL;
    pthread_mutex_lock(&mailbox->lock);
    while (!mailbox->count && !mailbox->closed) {
        if (timeout_us < 0)
            pthread_cond_wait(&mailbox->wake, &mailbox->lock);
        else if (pthread_cond_timedwait(&mailbox->wake, &mailbox->lock, &until) == ETIMEDOUT)
            break;
    }
    if (mailbox->count) {
        message = mailbox->items[mailbox->from];
        mailbox->from = (mailbox->from + 1) % mailbox->capacity;
        mailbox->count--;
    }
    pthread_mutex_unlock(&mailbox->lock);
    return message;
}

void weir_mailbox_close(weir_mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    pthread_cond_broadcast(&mailbox->wake);
    pthread_mutex_unlock(&mailbox->lock);
}

void weir_mailbox_free(weir_mailbox *mailbox) {
    if (!mailbox)
        return;
    pthread_cond_destroy(&mailbox->wake);
    pthread_mutex_destroy(&mailbox->lock);
    weir_free(mailbox->items);
    weir_free(mailbox);
}
