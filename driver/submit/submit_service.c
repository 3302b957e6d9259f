/* The jobs that others submit (submit_service.h).
 *
 *   SUBMIT_JOB -> parse, plan and start (a step) -> Submitted -> JOB_EVENTS ... -> the job ends: the last
 * events carry its error -> forgotten after a minute
 *
 * JOB_EVENTS is a long poll: with nothing to tell it is held for POLL_US. A later poll of the same job ends
 * an earlier one. A submission whose answer is lost leaves a job that runs without anyone reading it: its
 * output is dropped. Bad specs, unknown ids and too many jobs are errors in the reply; nothing else changes.
 */
#include "driver/submit/submit_service.h"

#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "driver/submit/job_events.h"

#define JOBS_MAX 256 /* running or just ended */
#define POLL_US (INT64_C(900) * 1000)
#define KEPT_US (INT64_C(60) * 1000 * 1000)
#define FAREWELL_US (INT64_C(2) * 1000 * 1000) /* for a submitter to ask how its job ended */
#define FAREWELL_SENT_US (INT64_C(100) * 1000) /* for that answer to leave */

typedef struct submitted {
    struct submitted *next;
    weir_submit_service *service;
    char id[37];
    weir_job_events *events;
    weir_driver_job *job; /* NULL once it has ended */
    weir_call *poll;      /* held; NULL = none */
    uint64_t poll_acknowledged;
    weir_timer poll_timer;
    weir_event changed;
    int64_t ended_us, told_us; /* 0 = not yet */
} submitted;

struct weir_submit_service {
    weir_driver *driver;
    submitted *jobs;
    int32_t jobs_count, submissions; /* those being planned */
    weir_timer forget_timer, farewell_timer;
};

static const weir_env *env_of(const weir_submit_service *service) {
    return service->driver->options.env;
}

static int64_t now_of(const weir_submit_service *service) {
    return weir_env_monotonic_us(env_of(service));
}

static submitted *find_job(weir_submit_service *service, const char *id) {
    submitted *job = service->jobs;
    while (job && strcmp(job->id, id) != 0)
        job = job->next;
    return job;
}

/* ---- events ---- */

static void reply_events(weir_submit_service *service, weir_call *call, const weir_job_events_view *view) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__JobEventList reply = WEIR__JOB_EVENT_LIST__INIT;
    Weir__ErrorInfo info;
    reply.events = WEIR_NEW_ARRAY(arena, Weir__JobEvent *, view->count);
    Weir__JobEvent *items = WEIR_NEW_ARRAY(arena, Weir__JobEvent, view->count);
    for (int32_t i = 0; i < view->count; i++) {
        weir__job_event__init(&items[i]);
        items[i].sequence = view->items[i].sequence;
        items[i].stream = (uint32_t)view->items[i].stream;
        items[i].data =
            (ProtobufCBinaryData){view->items[i].bytes.size, (uint8_t *)(uintptr_t)view->items[i].bytes.data};
        reply.events[reply.n_events++] = &items[i];
    }
    reply.finished = view->finished;
    reply.has_dropped_bytes = view->dropped_bytes > 0;
    reply.dropped_bytes = view->dropped_bytes;
    if (view->finished && view->error) {
        weir_error_to_wire(arena, view->error, &info);
        reply.job_error = &info;
    }
    weir_cluster_reply(service->driver->cluster, call, WEIR_FRAME_JOB_EVENT_LIST, &reply.base);
}

/* Answers the poll that is held, with whatever there is. */
static void answer_poll(submitted *job) {
    weir_submit_service *service = job->service;
    if (!job->poll)
        return;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_job_events_view view;
    weir_call *call = job->poll;
    job->poll = NULL;
    weir_loop_disarm(service->driver->loop, &job->poll_timer);
    weir_job_events_take(job->events, arena, job->poll_acknowledged, &view);
    reply_events(service, call, &view);
    if (view.finished && !job->told_us) {
        job->told_us = now_of(service);
        weir_driver_jobs_changed(service->driver);
    }
}

static void changed_event(weir_event *event) {
    answer_poll((submitted *)((char *)event - offsetof(submitted, changed)));
}

static void poll_ended(weir_event *event) {
    answer_poll((submitted *)((char *)event - offsetof(submitted, poll_timer) - offsetof(weir_timer, event)));
}

/* On a writer's thread. */
static void events_changed(void *data) {
    submitted *job = data;
    weir_loop_post(job->service->driver->loop, &job->changed);
}

static weir_code unknown_job(const char *id, weir_error **err) {
    WEIR_FAIL(err, NOT_FOUND, "job %s is not known here", id);
}

static weir_code serve_events(weir_submit_service *service, weir_call *call, const weir_frame *frame,
                              weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_JOB_EVENTS, &weir__job_events__descriptor, &message, err));
    const Weir__JobEvents *request = (const Weir__JobEvents *)message;
    submitted *job = find_job(service, request->job_id);
    weir_code code = job ? WEIR_OK : unknown_job(request->job_id, err);
    uint64_t acknowledged = request->acknowledged;
    protobuf_c_message_free_unpacked(message, NULL);
    if (code != WEIR_OK)
        return code;
    answer_poll(job); /* an earlier one */
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_job_events_view view;
    job->poll = call;
    job->poll_acknowledged = acknowledged;
    weir_job_events_take(job->events, arena, acknowledged, &view);
    if (view.count || view.finished)
        answer_poll(job);
    else
        weir_loop_arm(service->driver->loop, &job->poll_timer, now_of(service) + POLL_US);
    return WEIR_OK;
}

/* ---- the end of jobs ---- */

static void free_submitted(submitted *job) {
    weir_job_events_free(job->events);
    weir_free(job);
}

static void forget(weir_event *event) {
    weir_submit_service *service =
        (weir_submit_service *)((char *)event - offsetof(weir_submit_service, forget_timer) -
                                offsetof(weir_timer, event));
    int64_t now_us = now_of(service), next_us = INT64_MAX;
    for (submitted **at = &service->jobs; *at;) {
        submitted *job = *at;
        if (job->ended_us && !job->poll && now_us >= job->ended_us + KEPT_US) {
            *at = job->next;
            service->jobs_count--;
            free_submitted(job);
            continue;
        }
        if (job->ended_us)
            next_us = WEIR_MIN(next_us, WEIR_MAX(job->ended_us + KEPT_US, now_us + POLL_US));
        at = &job->next;
    }
    if (next_us != INT64_MAX)
        weir_loop_arm(service->driver->loop, &service->forget_timer, next_us);
}

static void job_ended(void *self, weir_driver_job *ended, const weir_error *error) {
    submitted *job = self;
    weir_submit_service *service = job->service;
    (void)ended;
    job->job = NULL;
    job->ended_us = now_of(service);
    weir_job_events_finish(job->events, error);
    if (!service->forget_timer.armed)
        weir_loop_arm(service->driver->loop, &service->forget_timer, job->ended_us + KEPT_US);
}

/* ---- submission ---- */

typedef struct submission {
    weir_step step;
    weir_submit_service *service;
    weir_call *call;
    Weir__SubmitJob *message;
    submitted *job;
    weir_error *error;
} submission;

static weir_code parse_progress(const char *text, weir_progress_kind *ret, weir_error **err) {
    static const char *const names[] = {
        [WEIR_PROGRESS_NONE] = "none", [WEIR_PROGRESS_LINE] = "line", [WEIR_PROGRESS_JSON] = "json"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (strcmp(text ? text : "none", names[i]) == 0) {
            *ret = (weir_progress_kind)i;
            return WEIR_OK;
        }
    WEIR_FAIL(err, INVALID_ARGUMENT, "progress must be line, json or none, not '%s'", text);
}

static weir_code start_submitted(submission *s, weir_error **err) {
    const Weir__SubmitJob *message = s->message;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    if (message->directory[0] != '/')
        WEIR_FAIL(err, INVALID_ARGUMENT, "the directory of a job must be absolute, not '%s'",
                  message->directory);
    if (message->spec.len > WEIR_JOB_SPEC_BYTES_MAX || message->n_conf_keys != message->n_conf_values)
        WEIR_FAIL(err, INVALID_ARGUMENT, "a job spec of more than %d bytes, or keys without values",
                  WEIR_JOB_SPEC_BYTES_MAX);
    weir_options conf = {0};
    for (size_t i = 0; i < message->n_conf_keys; i++)
        weir_options_set(arena, &conf, weir_str_from(message->conf_keys[i]),
                         weir_str_from(message->conf_values[i]));
    const weir_job_spec *spec = NULL;
    weir_str text = {(const char *)message->spec.data, message->spec.len};
    WEIR_TRY(weir_job_spec_parse(arena, text, message->file, &spec, err));
    weir_job_options options = {
        .output = weir_job_events_output(s->job->events),
        .conf = &conf,
        .default_zone = message->time_zone && *message->time_zone ? message->time_zone : NULL,
        .directory = message->directory,
        .ended = job_ended,
        .self = s->job,
    };
    WEIR_TRY(parse_progress(message->progress, &options.progress, err));
    return weir_driver_start_job_apart(s->service->driver, spec, &options, &s->job->job, err);
}

static void submit_work(weir_step *step) {
    submission *s = (submission *)step;
    start_submitted(s, &s->error);
}

static void reply_submitted(weir_submit_service *service, weir_call *call, const char *id,
                            const weir_error *error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__Submitted reply = WEIR__SUBMITTED__INIT;
    Weir__ErrorInfo info;
    reply.job_id = (char *)(uintptr_t)id;
    if (error) {
        weir_error_to_wire(arena, error, &info);
        reply.error = &info;
    }
    weir_cluster_reply(service->driver->cluster, call, WEIR_FRAME_SUBMITTED, &reply.base);
}

static void submit_done(weir_step *step) {
    submission *s = (submission *)step;
    weir_submit_service *service = s->service;
    service->submissions--;
    reply_submitted(service, s->call, s->error ? NULL : s->job->id, s->error);
    if (s->error) {
        free_submitted(s->job);
    } else {
        s->job->next = service->jobs;
        service->jobs = s->job;
        service->jobs_count++;
    }
    weir_error_free(s->error);
    weir__submit_job__free_unpacked(s->message, NULL);
    weir_free(s);
}

static submitted *new_submitted(weir_submit_service *service) {
    submitted *job = weir_alloc_zero(1, sizeof *job);
    job->service = service;
    weir_env_uuid(env_of(service), job->id);
    job->changed.run = changed_event;
    job->poll_timer.event.run = poll_ended;
    job->events = weir_job_events_new(env_of(service), service->driver->options.log, events_changed, job);
    return job;
}

static weir_code serve_submit(weir_submit_service *service, weir_call *call, const weir_frame *frame,
                              weir_error **err) {
    ProtobufCMessage *message = NULL;
    if (!service->driver->options.accepts_jobs)
        WEIR_FAIL(err, NOT_SUPPORTED, "this driver runs a job of its own and takes no others");
    if (service->jobs_count + service->submissions >= JOBS_MAX)
        WEIR_FAIL(err, RPC_ERROR, "the driver has %d jobs, the most that it takes", JOBS_MAX);
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_SUBMIT_JOB, &weir__submit_job__descriptor, &message, err));
    submission *s = weir_alloc_zero(1, sizeof *s);
    s->service = service;
    s->call = call;
    s->message = (Weir__SubmitJob *)message;
    s->job = new_submitted(service);
    s->step.work = submit_work;
    s->step.done = submit_done;
    service->submissions++;
    weir_loop_start_step(service->driver->loop, service->driver->pool, &s->step);
    return WEIR_OK;
}

/* ---- STOP_JOB ---- */

static weir_code serve_stop(weir_submit_service *service, weir_call *call, const weir_frame *frame,
                            weir_error **err) {
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_unpack(frame, WEIR_FRAME_STOP_JOB, &weir__stop_job__descriptor, &message, err));
    const Weir__StopJob *request = (const Weir__StopJob *)message;
    submitted *job = find_job(service, request->job_id);
    weir_stop_level level = request->level >= WEIR_STOP_NOW ? WEIR_STOP_NOW : WEIR_STOP_AFTER_BATCH;
    weir_code code = job ? WEIR_OK : unknown_job(request->job_id, err);
    protobuf_c_message_free_unpacked(message, NULL);
    if (code != WEIR_OK)
        return code;
    if (level == WEIR_STOP_NOW)
        weir_job_events_abandon(job->events);
    if (job->job)
        weir_driver_stop_job(service->driver, job->job, level);
    Weir__Ack reply = WEIR__ACK__INIT;
    weir_cluster_reply(service->driver->cluster, call, WEIR_FRAME_ACK, &reply.base);
    return WEIR_OK;
}

/* ---- the service ---- */

static void refuse(weir_submit_service *service, weir_call *call, weir_frame_kind kind,
                   const weir_error *error) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__ErrorInfo info;
    weir_error_to_wire(arena, error, &info);
    Weir__JobEventList list = WEIR__JOB_EVENT_LIST__INIT;
    Weir__Ack ack = WEIR__ACK__INIT;
    list.error = ack.error = &info;
    if (kind == WEIR_FRAME_SUBMIT_JOB)
        reply_submitted(service, call, NULL, error);
    else if (kind == WEIR_FRAME_JOB_EVENTS)
        weir_cluster_reply(service->driver->cluster, call, WEIR_FRAME_JOB_EVENT_LIST, &list.base);
    else
        weir_cluster_reply(service->driver->cluster, call, WEIR_FRAME_ACK, &ack.base);
}

bool weir_submit_service_serve(weir_submit_service *service, weir_call *call, const weir_frame *frame) {
    _cleanup_error_ weir_error *err = NULL;
    weir_code code = WEIR_OK;
    if (frame->kind == WEIR_FRAME_SUBMIT_JOB)
        code = serve_submit(service, call, frame, &err);
    else if (frame->kind == WEIR_FRAME_JOB_EVENTS)
        code = serve_events(service, call, frame, &err);
    else if (frame->kind == WEIR_FRAME_STOP_JOB)
        code = serve_stop(service, call, frame, &err);
    else
        return false;
    if (code != WEIR_OK)
        refuse(service, call, frame->kind, err);
    return true;
}

static void farewell_ended(weir_event *event) {
    weir_submit_service *service =
        (weir_submit_service *)((char *)event - offsetof(weir_submit_service, farewell_timer) -
                                offsetof(weir_timer, event));
    weir_driver_jobs_changed(service->driver);
}

weir_submit_service *weir_submit_service_new(weir_driver *driver) {
    weir_submit_service *service = weir_alloc_zero(1, sizeof *service);
    service->driver = driver;
    service->forget_timer.event.run = forget;
    service->farewell_timer.event.run = farewell_ended;
    return service;
}

void weir_submit_service_free(weir_submit_service *service) {
    if (!service)
        return;
    for (submitted *job = service->jobs, *next; job; job = next) {
        next = job->next;
        free_submitted(job); /* a call that is held ends with the server */
    }
    weir_free(service);
}

void weir_submit_service_abandon(weir_submit_service *service) {
    for (submitted *job = service->jobs; job; job = job->next)
        weir_job_events_abandon(job->events);
}

bool weir_submit_service_is_settled(weir_submit_service *service) {
    int64_t now_us = now_of(service), wait_until_us = 0;
    for (const submitted *job = service->jobs; job; job = job->next) {
        int64_t until_us = !job->ended_us ? now_us + POLL_US
                           : job->told_us ? job->told_us + FAREWELL_SENT_US
                                          : job->ended_us + FAREWELL_US;
        wait_until_us = WEIR_MAX(wait_until_us, until_us);
    }
    if (wait_until_us <= now_us && !service->submissions)
        return true;
    weir_loop_arm(service->driver->loop, &service->farewell_timer,
                  WEIR_MAX(wait_until_us, now_us + POLL_US / 10));
    return false;
}
