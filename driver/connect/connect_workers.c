/* The elastic pool (connect_workers.h): one mailbox, any number of takers. A connection to a running query
 * may hold a thread for hours, so a fixed small pool would starve nested requests; a large one costs an idle
 * process its memory. Any thread. */
#include "driver/connect/connect_workers.h"

#include "common/base/alloc.h"

#define IDLE_US 10000000

struct weir_connect_workers {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    weir_mailbox *mailbox;
    int threads, threads_max, idle;
    int64_t pending; /* posted, not taken */
    bool closing;
};

/* Under the lock. The last thread stays, so that a job never waits for one that cannot be started. */
static bool may_end(weir_connect_workers *workers) {
    return workers->pending == 0 && (workers->closing || workers->threads > 1);
}

static void *worker_thread(void *data) {
    weir_connect_workers *workers = data;
    for (;;) {
        pthread_mutex_lock(&workers->lock);
        workers->idle++;
        pthread_mutex_unlock(&workers->lock);
        weir_job *job = weir_mailbox_take(workers->mailbox, IDLE_US);
        pthread_mutex_lock(&workers->lock);
        workers->idle--;
        if (job)
            workers->pending--;
        bool end = !job && may_end(workers);
        if (end) {
            workers->threads--;
            pthread_cond_broadcast(&workers->ended);
        }
        pthread_mutex_unlock(&workers->lock);
        if (end)
            return NULL;
        if (job)
            job->run(job);
    }
}

/* Under the lock. */
static weir_code start_thread(weir_connect_workers *workers, weir_error **err) {
    pthread_t thread;
    WEIR_TRY(weir_thread_start(&thread, "connect-work", worker_thread, workers, err));
    pthread_detach(thread);
    workers->threads++;
    return WEIR_OK;
}

weir_code weir_connect_workers_new(int threads_max, weir_connect_workers **ret, weir_error **err) {
    weir_connect_workers *workers = weir_alloc_zero(1, sizeof *workers);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->ended, NULL);
    workers->mailbox = weir_mailbox_new();
    workers->threads_max = threads_max;
    pthread_mutex_lock(&workers->lock);
    weir_code code = start_thread(workers, err);
    pthread_mutex_unlock(&workers->lock);
    if (code == WEIR_OK)
        *ret = workers;
    else
        weir_connect_workers_free(workers);
    return code;
}

void weir_connect_workers_submit(weir_connect_workers *workers, weir_job *job) {
    pthread_mutex_lock(&workers->lock);
    workers->pending++;
    if (workers->pending > workers->idle && workers->threads < workers->threads_max)
        (void)start_thread(workers, NULL); /* where it fails, another one takes the job */
    pthread_mutex_unlock(&workers->lock);
    weir_mailbox_post(workers->mailbox, job);
}

int weir_connect_workers_count(weir_connect_workers *workers) {
    pthread_mutex_lock(&workers->lock);
    int count = workers->threads;
    pthread_mutex_unlock(&workers->lock);
    return count;
}

void weir_connect_workers_free(weir_connect_workers *workers) {
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    weir_mailbox_close(workers->mailbox);
    while (workers->threads > 0)
        pthread_cond_wait(&workers->ended, &workers->lock);
    pthread_mutex_unlock(&workers->lock);
    weir_mailbox_free(workers->mailbox);
    pthread_cond_destroy(&workers->ended);
    pthread_mutex_destroy(&workers->lock);
    weir_free(workers);
}
