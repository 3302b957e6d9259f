/* An executor's life beside its driver (docs/adr/0008-cluster.md).
 *
 *   REGISTERING --accepted--> REGISTERED --heartbeats--> ... --drained--> DRAINED
 *     ^   | no answer: again, with a message every few seconds
 *     |   `--refused for good (versions, secret)--> REFUSED
 *     `-- FENCED: declared lost, or another driver process answers: cancel, forget, begin anew
 *
 * A new incarnation has a new UUID and knows nothing: what the older one was told or asked is void
 * (generation). A driver that does not answer is asked for ever: it may come back, and what runs here
 * meanwhile can only end as an attempt that nobody counts. In process there is one registration and nothing
 * else. Control loop, but for the calls that executor.h offers to any thread. */
#include "common/base/alloc.h"
#include "common/rpc/error_wire.h"
#include "executor/task/executor_int.h"

#define REGISTER_TIMEOUT_MS 2000
#define IN_PROCESS_TIMEOUT_MS 10000
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 1000
#define SAY_US ((int64_t)5 * 1000000)
#define HEARTBEATS_IN_FLIGHT_MAX 8
#define PROGRESS_MAX 256 /* tasks in a heartbeat */

static void register_now(weir_executor *executor);
static void send_heartbeat(weir_executor *executor);

static int64_t now_us(const weir_executor *executor) {
    return weir_env_monotonic_us(executor->options.env);
}

static void set_state(weir_executor *executor, weir_life_state state) {
    pthread_mutex_lock(&executor->life.lock);
    executor->life.state = state;
    pthread_mutex_unlock(&executor->life.lock);
}

static void new_incarnation(weir_executor *executor) {
    weir_executor_life *life = &executor->life;
    pthread_mutex_lock(&life->lock);
    weir_env_uuid(executor->options.env, life->incarnation);
    life->state = WEIR_LIFE_REGISTERING;
    pthread_mutex_unlock(&life->lock);
    life->generation++;
    life->heartbeats_in_flight = 0;
    life->backoff_ms = BACKOFF_FIRST_MS;
    weir_count(&executor->counters.incarnations, 1);
}

uint32_t weir_executor_id(weir_executor *executor) {
    pthread_mutex_lock(&executor->life.lock);
    uint32_t id = executor->life.executor_id;
    pthread_mutex_unlock(&executor->life.lock);
    return id;
}

/* At most one line every few seconds about one trouble. */
static void say(weir_executor *executor, const char *what, const weir_error *error) {
    weir_executor_life *life = &executor->life;
    int64_t now = now_us(executor);
    if (life->said_us && now - life->said_us < SAY_US)
        return;
    life->said_us = now;
    weir_log_write(executor->options.log, WEIR_LOG_WARN, "executor", "%s %s; still trying%s%s", what,
                   executor->driver_url, error ? ": " : "", error ? weir_error_message(error) : "");
}

/* ---- questions to the driver ---- */

typedef struct driver_reply {
    weir_event event;
    weir_executor *executor;
    uint64_t generation;
    weir_frame_kind kind;
    const ProtobufCMessageDescriptor *descriptor;
    void (*answered)(weir_executor *executor, ProtobufCMessage *message, const weir_error *error);
    weir_buffer *reply;
    weir_error *error;
} driver_reply;

static void reply_event(weir_event *event) {
    driver_reply *r = (driver_reply *)event;
    weir_executor *executor = r->executor;
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    if (!executor->stopping && r->generation == executor->life.generation) {
        if (!r->error && weir_frame_decode(r->reply, &frame, &r->error) == WEIR_OK)
            weir_frame_unpack(&frame, r->kind, r->descriptor, &message, &r->error);
        r->answered(executor, message, r->error);
    }
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    weir_buffer_unref(r->reply);
    weir_error_free(r->error);
    weir_free(r);
}

/* On a transport thread. */
static void reply_done(void *data, weir_buffer *reply, weir_error *error) {
    driver_reply *r = data;
    r->reply = reply;
    r->error = error;
    weir_loop_post(r->executor->loop, &r->event);
}

static driver_reply *new_reply(weir_executor *executor, weir_frame_kind kind,
                               const ProtobufCMessageDescriptor *descriptor,
                               void (*answered)(weir_executor *, ProtobufCMessage *, const weir_error *)) {
    driver_reply *r = weir_alloc_zero(1, sizeof *r);
    r->event.run = reply_event;
    r->executor = executor;
    r->generation = executor->life.generation;
    r->kind = kind;
    r->descriptor = descriptor;
    r->answered = answered;
    return r;
}

static void ask_driver(driver_reply *r, weir_frame_kind kind, const ProtobufCMessage *message,
                       int32_t timeout_ms) {
    weir_transport *transport = r->executor->options.env->transport;
    weir_buffer *out = NULL;
    if (weir_frame_encode(transport, kind, 0, message, NULL, 0, &out, &r->error) == WEIR_OK)
        transport->ops->request(r->executor->driver, out, timeout_ms, reply_done, r);
    else
        weir_loop_post(r->executor->loop, &r->event);
}

/* ---- registration ---- */

static void arm(weir_executor *executor, void (*run)(weir_event *event), int64_t in_ms) {
    executor->life.timer.event.run = run;
    weir_loop_arm(executor->loop, &executor->life.timer, now_us(executor) + in_ms * 1000);
}

static weir_executor *executor_of_timer(weir_event *event) {
    return (weir_executor *)((char *)event - offsetof(weir_executor, life) -
                             offsetof(weir_executor_life, timer) - offsetof(weir_timer, event));
}

static void register_timer(weir_event *event) {
    register_now(executor_of_timer(event));
}

static void refused_for_good(weir_executor *executor, const weir_error *error) {
    weir_executor_life *life = &executor->life;
    set_state(executor, WEIR_LIFE_REFUSED);
    life->refusal = weir_error_clone(error);
    if (life->refused)
        life->refused(life->refused_data, life->refusal);
    weir_executor_maybe_drained(executor);
}

/* What trying again does not mend: other versions, another secret. A driver that stops, or takes this
 * incarnation for a lost one, is asked again. */
static bool is_final(const weir_error *error) {
    weir_code code = weir_error_code(error);
    return !weir_code_retriable(code) && code != WEIR_FENCED && code != WEIR_CANCELLED;
}

static weir_code take_registration(weir_executor *executor, const Weir__Registered *message,
                                   weir_error **err) {
    weir_executor_life *life = &executor->life;
    WEIR_TRY(weir_error_from_wire(message->error, err));
    if (message->has_version && message->version != WEIR_RPC_VERSION)
        WEIR_FAIL(err, NOT_SUPPORTED, "the driver at %s chose protocol version %u; this program speaks %d",
                  executor->driver_url, message->version, WEIR_RPC_VERSION);
    pthread_mutex_lock(&life->lock);
    life->state = WEIR_LIFE_REGISTERED;
    life->executor_id = message->executor_id;
    weir_free(life->driver_id);
    life->driver_id = weir_strdup(message->driver_id ? message->driver_id : "");
    pthread_mutex_unlock(&life->lock);
    life->heartbeat_ms = message->heartbeat_ms;
    life->timeout_ms = message->has_timeout_ms ? message->timeout_ms : 10 * message->heartbeat_ms;
    life->answered_us = now_us(executor);
    life->said_us = 0;
    weir_count(&executor->counters.registrations, 1);
    return WEIR_OK;
}

static void heartbeat_timer(weir_event *event) {
    send_heartbeat(executor_of_timer(event));
}

static void registered(weir_executor *executor, ProtobufCMessage *message, const weir_error *error) {
    weir_executor_life *life = &executor->life;
    _cleanup_error_ weir_error *err = error ? weir_error_clone(error) : NULL;
    if (!err && take_registration(executor, (const Weir__Registered *)message, &err) == WEIR_OK) {
        weir_log_write(executor->options.log, WEIR_LOG_INFO, "executor", "registered at %s as executor %u",
                       executor->driver_url, life->executor_id);
        if (life->heartbeat_ms)
            arm(executor, heartbeat_timer, life->heartbeat_ms);
        return;
    }
    if (is_final(err)) {
        refused_for_good(executor, err);
        return;
    }
    say(executor, "cannot register at driver", err);
    arm(executor, register_timer, life->backoff_ms);
    life->backoff_ms = WEIR_MIN(life->backoff_ms * 2, BACKOFF_MAX_MS);
}

static void fill_register(weir_executor *executor, Weir__Register *message) {
    *message = (Weir__Register)WEIR__REGISTER__INIT;
    message->url = executor->advertise_url;
    message->cores = (uint32_t)executor->options.cores;
    message->has_index = executor->options.in_process;
    message->index = (uint32_t)executor->options.index;
    message->version = WEIR_RPC_VERSION;
    message->has_version_min = 1;
    message->version_min = WEIR_RPC_VERSION;
    message->incarnation = executor->life.incarnation;
    message->host = executor->host;
    message->has_memory = 1;
    message->memory = (uint64_t)executor->options.memory_bytes;
    message->software = (char *)(uintptr_t) "weir " WEIR_VERSION;
}

static void register_now(weir_executor *executor) {
    Weir__Register message;
    fill_register(executor, &message);
    driver_reply *r = new_reply(executor, WEIR_FRAME_REGISTERED, &weir__registered__descriptor, registered);
    ask_driver(r, WEIR_FRAME_REGISTER, &message.base, REGISTER_TIMEOUT_MS);
}

/* ---- fencing ---- */

static void begin_anew(weir_executor *executor, const weir_error *error) {
    weir_count(&executor->counters.fenced, 1);
    weir_log_write(executor->options.log, WEIR_LOG_WARN, "executor", "begins anew: %s",
                   weir_error_message(error));
    weir_loop_disarm(executor->loop, &executor->life.timer);
    new_incarnation(executor);
    weir_executor_drop_all(executor);
    if (executor->life.draining)
        weir_executor_maybe_drained(executor);
    else
        register_now(executor);
}

/* ---- heartbeats ---- */

static void add_tasks(const weir_epoch_run *epoch, weir_arena *arena, Weir__Heartbeat *message) {
    int32_t stage = epoch->stage;
    for (int32_t i = 0; i < epoch->tasks_count[stage] && message->n_tasks < PROGRESS_MAX; i++) {
        const weir_stage_task *task = epoch->tasks[stage][i];
        if (task->ended || !atomic_load_explicit(&task->started, memory_order_relaxed))
            continue;
        Weir__TaskProgress *progress = WEIR_NEW(arena, Weir__TaskProgress);
        weir__task_progress__init(progress);
        progress->run_id = epoch->query->run_id;
        progress->batch_id = epoch->id.batch;
        progress->attempt = epoch->id.attempt;
        progress->stage = (uint32_t)stage;
        progress->task = (uint32_t)task->index;
        progress->rows = (uint64_t)weir_counted(&task->progress);
        message->tasks[message->n_tasks++] = progress;
    }
}

static void fill_heartbeat(weir_executor *executor, weir_arena *arena, Weir__Heartbeat *message) {
    weir_executor_life *life = &executor->life;
    *message = (Weir__Heartbeat)WEIR__HEARTBEAT__INIT;
    message->executor_id = life->executor_id;
    message->incarnation = life->incarnation;
    message->driver_id = life->driver_id;
    message->has_memory_used = message->has_memory_peak = message->has_draining = 1;
    message->memory_used = (uint64_t)weir_counted(&executor->budget.used);
    message->memory_peak = (uint64_t)weir_counted(&executor->budget.peak);
    message->draining = life->draining;
    message->tasks = WEIR_NEW_ARRAY(arena, Weir__TaskProgress *, PROGRESS_MAX);
    message->running = WEIR_NEW_ARRAY(arena, char *, executor->counters.queries + 1);
    for (weir_query_run *query = executor->queries; query; query = query->next) {
        message->running[message->n_running++] = query->run_id;
        if (query->epoch && !query->epoch->replied)
            add_tasks(query->epoch, arena, message);
    }
}

static void end_drain(weir_executor *executor) {
    weir_executor_life *life = &executor->life;
    set_state(executor, WEIR_LIFE_DRAINED);
    life->generation++;
    weir_loop_disarm(executor->loop, &life->timer);
    life->drained(life->drained_data);
}

static void heartbeat_answered(weir_executor *executor, ProtobufCMessage *message, const weir_error *error) {
    weir_executor_life *life = &executor->life;
    _cleanup_error_ weir_error *err = error ? weir_error_clone(error) : NULL;
    const Weir__HeartbeatReply *reply = (const Weir__HeartbeatReply *)message;
    life->heartbeats_in_flight--;
    if (!err && weir_error_from_wire(reply->error, &err) == WEIR_OK) {
        life->answered_us = now_us(executor);
        life->said_us = 0;
        if (reply->drained && life->draining)
            end_drain(executor);
        return;
    }
    if (weir_error_code(err) == WEIR_FENCED) {
        begin_anew(executor, err);
        return;
    }
    weir_count(&executor->counters.heartbeats_failed, 1);
    if (now_us(executor) - life->answered_us > (int64_t)life->timeout_ms * 1000)
        say(executor, "no answer from driver", err);
    weir_executor_maybe_drained(executor);
}

static void send_heartbeat(weir_executor *executor) {
    weir_executor_life *life = &executor->life;
    weir_executor_peers_sweep(executor, now_us(executor));
    arm(executor, heartbeat_timer, life->heartbeat_ms);
    if (life->heartbeats_in_flight >= HEARTBEATS_IN_FLIGHT_MAX)
        return;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    Weir__Heartbeat message;
    fill_heartbeat(executor, arena, &message);
    life->heartbeats_in_flight++;
    weir_count(&executor->counters.heartbeats, 1);
    driver_reply *r = new_reply(executor, WEIR_FRAME_HEARTBEAT_REPLY, &weir__heartbeat_reply__descriptor,
                                heartbeat_answered);
    ask_driver(r, WEIR_FRAME_HEARTBEAT, &message.base, (int32_t)life->timeout_ms);
}

/* ---- drain, refusal ---- */

/* A driver that answers decides; without one the running epochs do. */
void weir_executor_maybe_drained(weir_executor *executor) {
    const weir_executor_life *life = &executor->life;
    if (!life->draining || life->state == WEIR_LIFE_DRAINED || executor->stopping)
        return;
    bool answers = life->state == WEIR_LIFE_REGISTERED && life->heartbeat_ms &&
                   now_us(executor) - life->answered_us <= (int64_t)life->timeout_ms * 1000;
    if (!answers && weir_executor_is_idle(executor))
        end_drain(executor);
}

typedef struct life_request {
    weir_event event;
    weir_executor *executor;
    void (*drained)(void *data);
    void (*refused)(void *data, const weir_error *error);
    void *data;
} life_request;

static void drain_event(weir_event *event) {
    life_request *request = (life_request *)event;
    weir_executor *executor = request->executor;
    weir_executor_life *life = &executor->life;
    bool first = !life->draining;
    if (first) {
        pthread_mutex_lock(&life->lock);
        life->draining = true;
        pthread_mutex_unlock(&life->lock);
        life->drained = request->drained;
        life->drained_data = request->data;
    }
    weir_free(request);
    if (!first || executor->stopping)
        return;
    if (life->state == WEIR_LIFE_REGISTERED && life->heartbeat_ms)
        send_heartbeat(executor);
    weir_executor_maybe_drained(executor);
}

void weir_executor_drain(weir_executor *executor, void (*drained)(void *data), void *data) {
    life_request *request = weir_alloc_zero(1, sizeof *request);
    *request = (life_request){.event = {drain_event}, .executor = executor, .drained = drained, .data = data};
    weir_loop_post(executor->loop, &request->event);
}

static void refused_event(weir_event *event) {
    life_request *request = (life_request *)event;
    weir_executor_life *life = &request->executor->life;
    life->refused = request->refused;
    life->refused_data = request->data;
    bool stopping = request->executor->stopping;
    weir_free(request);
    if (life->refusal && !stopping) /* it was faster */
        life->refused(life->refused_data, life->refusal);
}

void weir_executor_on_refused(weir_executor *executor, void (*refused)(void *data, const weir_error *error),
                              void *data) {
    life_request *request = weir_alloc_zero(1, sizeof *request);
    *request =
        (life_request){.event = {refused_event}, .executor = executor, .refused = refused, .data = data};
    weir_loop_post(executor->loop, &request->event);
}

/* ---- start and end ---- */

typedef struct blocking_reply {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    weir_buffer *reply;
    weir_error *error;
} blocking_reply;

static void blocking_done(void *data, weir_buffer *reply, weir_error *error) {
    blocking_reply *r = data;
    pthread_mutex_lock(&r->lock);
    r->reply = reply;
    r->error = error;
    r->done = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static weir_code take_blocking(weir_executor *executor, weir_buffer *reply, weir_error **err) {
    weir_frame frame;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_frame_decode(reply, &frame, err));
    WEIR_TRY(weir_frame_unpack(&frame, WEIR_FRAME_REGISTERED, &weir__registered__descriptor, &message, err));
    weir_code code = take_registration(executor, (const Weir__Registered *)message, err);
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

static weir_code register_in_process(weir_executor *executor, weir_error **err) {
    weir_transport *transport = executor->options.env->transport;
    Weir__Register message;
    fill_register(executor, &message);
    weir_buffer *out = NULL;
    WEIR_TRY(weir_frame_encode(transport, WEIR_FRAME_REGISTER, 0, &message.base, NULL, 0, &out, err));
    blocking_reply r = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    transport->ops->request(executor->driver, out, IN_PROCESS_TIMEOUT_MS, blocking_done, &r);
    pthread_mutex_lock(&r.lock);
    while (!r.done)
        pthread_cond_wait(&r.wake, &r.lock);
    pthread_mutex_unlock(&r.lock);
    if (r.error)
        return weir_error_move(err, r.error);
    weir_code code = take_blocking(executor, r.reply, err);
    weir_buffer_unref(r.reply);
    return code;
}

/* Blocking, off the loop: what an earlier process left behind. */
static void sweep_work(weir_step *step) {
    weir_executor *executor =
        (weir_executor *)((char *)step - offsetof(weir_executor, life) - offsetof(weir_executor_life, sweep));
    weir_scratch_directory_sweep(executor->local_dir);
}

static void sweep_done(weir_step *step) {
    (void)step;
}

static void begin_event(weir_event *event) {
    life_request *request = (life_request *)event;
    weir_executor *executor = request->executor;
    weir_free(request);
    if (executor->stopping)
        return;
    executor->life.sweep.work = sweep_work;
    executor->life.sweep.done = sweep_done;
    weir_loop_start_step(executor->loop, executor->step_pool, &executor->life.sweep);
    register_now(executor);
}

void weir_executor_life_init(weir_executor *executor) {
    pthread_mutex_init(&executor->life.lock, NULL);
    new_incarnation(executor);
}

void weir_executor_life_fini(weir_executor *executor) {
    pthread_mutex_destroy(&executor->life.lock);
    weir_error_free(executor->life.refusal);
    weir_free(executor->life.driver_id);
}

weir_code weir_executor_life_start(weir_executor *executor, weir_error **err) {
    weir_transport *transport = executor->options.env->transport;
    WEIR_TRY(transport->ops->connect(transport, executor->driver_url, &executor->driver, err));
    if (executor->options.in_process)
        return register_in_process(executor, err);
    life_request *request = weir_alloc_zero(1, sizeof *request);
    *request = (life_request){.event = {begin_event}, .executor = executor};
    weir_loop_post(executor->loop, &request->event);
    return WEIR_OK;
}

void weir_executor_life_stop(weir_executor *executor) {
    weir_loop_disarm(executor->loop, &executor->life.timer);
}
