/* The events of a submitted job (job_events.h): a list under a lock, oldest first. The time that a writer
 * waits is the env's; the lock's own clock only wakes it up to look again. */
#include "driver/submit/job_events.h"

#include <pthread.h>

#include "common/base/alloc.h"

#define LOOK_AGAIN_US 10000

typedef struct held_event {
    struct held_event *next;
    uint64_t sequence;
    weir_output_stream stream;
    size_t size;
    char bytes[];
} held_event;

struct weir_job_events {
    const weir_env *env;
    const weir_log *log;
    void (*changed)(void *data);
    void *data;
    pthread_mutex_t lock; /* of all that follows */
    held_event *first, **last;
    size_t bytes; /* held */
    uint64_t sequence, dropped_bytes;
    int64_t seen_us; /* when the submitter was here last */
    bool gone;       /* results do not wait for it any more */
    bool awaited, finished, abandoned;
    weir_error *error;
};

weir_job_events *weir_job_events_new(const weir_env *env, const weir_log *log, void (*changed)(void *data),
                                     void *data) {
    weir_job_events *events = weir_alloc_zero(1, sizeof *events);
    events->env = env;
    events->log = log;
    events->changed = changed;
    events->data = data;
    events->last = &events->first;
    events->seen_us = weir_env_monotonic_us(env);
    pthread_mutex_init(&events->lock, NULL);
    return events;
}

/* In memory: many small events must not outgrow the limit either. */
static size_t weight_of(size_t size) {
    return size + sizeof(held_event);
}

static void drop_until(weir_job_events *events, uint64_t sequence) {
    while (events->first && events->first->sequence <= sequence) {
        held_event *event = events->first;
        events->first = event->next;
        events->bytes -= weight_of(event->size);
        weir_free(event);
    }
    if (!events->first)
        events->last = &events->first;
}

void weir_job_events_free(weir_job_events *events) {
    if (!events)
        return;
    drop_until(events, UINT64_MAX);
    weir_error_free(events->error);
    pthread_mutex_destroy(&events->lock);
    weir_free(events);
}

/* ---- writers; all under the lock ---- */

static bool has_room(const weir_job_events *events, size_t size) {
    return events->bytes + weight_of(size) <= WEIR_JOB_EVENTS_BYTES_MAX;
}

static void wait_a_little(weir_job_events *events) {
    pthread_mutex_unlock(&events->lock);
    events->env->clock->sleep_us(events->env->clock_self, LOOK_AGAIN_US);
    pthread_mutex_lock(&events->lock);
}

/* Whether there is room now. */
static bool wait_for_room(weir_job_events *events, size_t size) {
    while (!has_room(events, size) && !events->gone && !events->abandoned) {
        int64_t silent_us = weir_env_monotonic_us(events->env) - events->seen_us;
        if (silent_us < WEIR_JOB_EVENTS_PATIENCE_US) {
            wait_a_little(events);
            continue;
        }
        events->gone = true;
        weir_log_write(events->log, WEIR_LOG_WARN, "submit",
                       "a job's output is dropped: its submitter has not asked for it for %lld s",
                       (long long)(silent_us / 1000000));
    }
    return has_room(events, size);
}

static void add_event(weir_job_events *events, weir_output_stream stream, weir_str bytes) {
    held_event *event = weir_alloc(sizeof *event + bytes.size);
    *event = (held_event){.sequence = ++events->sequence, .stream = stream, .size = bytes.size};
    memcpy(event->bytes, bytes.data, bytes.size);
    *events->last = event;
    events->last = &event->next;
    events->bytes += weight_of(bytes.size);
    if (events->awaited) {
        events->awaited = false;
        events->changed(events->data);
    }
}

static weir_code write_event(void *self, weir_output_stream stream, weir_str bytes, weir_error **err) {
    (void)err; /* what nobody takes is dropped: the job goes on */
    weir_job_events *events = self;
    pthread_mutex_lock(&events->lock);
    while (bytes.size) {
        weir_str part = {bytes.data, WEIR_MIN(bytes.size, (size_t)WEIR_JOB_EVENT_BYTES_MAX)};
        bool fits =
            stream == WEIR_OUTPUT_RESULTS ? wait_for_room(events, part.size) : has_room(events, part.size);
        if (fits)
            add_event(events, stream, part);
        else
            events->dropped_bytes += part.size;
        bytes = (weir_str){bytes.data + part.size, bytes.size - part.size};
    }
    pthread_mutex_unlock(&events->lock);
    return WEIR_OK;
}

weir_output weir_job_events_output(weir_job_events *events) {
    return (weir_output){write_event, events};
}

/* ---- the loop ---- */

void weir_job_events_finish(weir_job_events *events, const weir_error *error) {
    pthread_mutex_lock(&events->lock);
    events->finished = true;
    events->error = error ? weir_error_clone(error) : NULL;
    if (events->awaited)
        events->changed(events->data);
    events->awaited = false;
    pthread_mutex_unlock(&events->lock);
}

void weir_job_events_take(weir_job_events *events, weir_arena *arena, uint64_t acknowledged,
                          weir_job_events_view *ret) {
    pthread_mutex_lock(&events->lock);
    events->seen_us = weir_env_monotonic_us(events->env);
    events->gone = false;
    drop_until(events, acknowledged);
    events->awaited = !events->first && !events->finished;
    int32_t count = 0;
    for (const held_event *event = events->first; event; event = event->next)
        count++;
    weir_job_event *items = WEIR_NEW_ARRAY(arena, weir_job_event, count);
    count = 0;
    for (const held_event *event = events->first; event; event = event->next)
        items[count++] = (weir_job_event){event->sequence, event->stream, {event->bytes, event->size}};
    *ret = (weir_job_events_view){items, count, events->finished, events->dropped_bytes, events->error};
    pthread_mutex_unlock(&events->lock);
}

void weir_job_events_abandon(weir_job_events *events) {
    pthread_mutex_lock(&events->lock);
    events->abandoned = true;
    pthread_mutex_unlock(&events->lock);
}
