/* The submitting client (submit_client.h). Main thread; stop signals are passed on by a thread of their own,
 * so that they do not wait for an answer that is under way.
 *
 *   read and check the spec -> wait for the driver -> SUBMIT_JOB, once -> JOB_EVENTS until finished
 *
 * A driver that is not there is waited for, with a message, for WAIT_US. SUBMIT_JOB is never repeated: a lost
 * answer may mean a running job. While the job runs, a driver that does not answer is asked again for
 * WAIT_US; one that answers but does not know the job was started anew, and the job with it is gone. */
#include "cli/submit_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/peer_call.h"
#include "common/base/thread.h"
#include "common/fs/fs.h"
#include "common/rpc/error_wire.h"
#include "driver/job/job_spec.h"

#define WAIT_US INT64_C(30000000)
#define MESSAGE_US INT64_C(5000000) /* between two messages of a wait */
#define PAUSE_US INT64_C(100000)    /* between two tries */
#define PING_MS 1000
#define SUBMIT_MS 120000 /* the driver plans the job before it answers */
#define EVENTS_MS 5000   /* a long poll that is answered within 1 s */
#define STOP_MS 5000

typedef struct submit_client {
    const weir_submit_options *options;
    weir_env env;
    weir_wire wire;
    weir_arena *arena;
    weir_peer *peer;
    weir_stop_signals signals;
    const char *job_id; /* NULL until submitted */
    /* the thread that passes stop signals on */
    pthread_t stopper;
    int end_fd; /* eventfd: ends it */
    bool stopping;
} submit_client;

/* ---- waiting for a driver ---- */

typedef struct patience {
    int64_t started_us, told_us;
} patience;

static patience patience_new(submit_client *client) {
    int64_t now = weir_env_monotonic_us(&client->env);
    return (patience){now, now - MESSAGE_US + WEIR_MIN(MESSAGE_US, INT64_C(1000000))};
}

/* Sleeps before the next try; the error comes back where trying again is no use. */
static weir_code wait_more(submit_client *client, patience *p, weir_error *failed, weir_error **err) {
    int64_t now = weir_env_monotonic_us(&client->env), waited = now - p->started_us;
    weir_code code = weir_error_code(failed);
    if (!weir_code_retriable(code))
        return weir_error_move(err, failed);
    if (waited >= WAIT_US || client->signals.level > (client->job_id ? 1 : 0)) {
        weir_error_move(err, failed);
        return weir_error_contextf(err, "the driver at %s did not answer for %lld s", client->options->url,
                                   (long long)(waited / 1000000));
    }
    if (now - p->told_us >= MESSAGE_US) {
        p->told_us = now;
        weir_log_write(client->options->log, WEIR_LOG_WARN, "run",
                       "the driver at %s does not answer (%s); trying for %lld s more", client->options->url,
                       weir_error_message(failed), (long long)((WAIT_US - waited) / 1000000));
    }
    weir_error_free(failed);
    client->env.clock->sleep_us(client->env.clock_self, PAUSE_US);
    return WEIR_OK;
}

/* Until it answers a question that changes nothing. */
static weir_code wait_for_driver(submit_client *client, weir_error **err) {
    patience p = patience_new(client);
    for (;;) {
        weir_error *failed = NULL;
        weir_str text = {0};
        weir_json *status = NULL;
        if (weir_status_fetch(client->peer, PING_MS, client->arena, &text, &status, &failed) == WEIR_OK) {
            if (!weir_str_equal(weir_json_get_str(status, "role", WEIR_STR("")), WEIR_STR("driver")))
                WEIR_FAIL(err, INVALID_ARGUMENT, "%s is not a driver: jobs are submitted to the driver",
                          client->options->url);
            return WEIR_OK;
        }
        WEIR_TRY(wait_more(client, &p, failed, err));
    }
}

/* ---- submission ---- */

static weir_code read_spec(submit_client *client, weir_str *ret, weir_error **err) {
    const weir_job_spec *job = NULL;
    const char *path = client->options->job_path;
    WEIR_TRY(weir_fs_read_all(client->env.local_fs, path, WEIR_JOB_SPEC_BYTES_MAX, client->arena, ret, err));
    /* What is wrong in the text itself needs no driver to be told. */
    return weir_job_spec_parse(client->arena, *ret, path, &job, err);
}

static weir_code submit(submit_client *client, weir_str spec, weir_error **err) {
    const weir_submit_options *options = client->options;
    size_t count = (size_t)options->conf->count;
    char **keys = WEIR_NEW_ARRAY(client->arena, char *, count + 1);
    char **values = WEIR_NEW_ARRAY(client->arena, char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        keys[i] = (char *)weir_arena_str(client->arena, options->conf->items[i].key).data;
        values[i] = (char *)weir_arena_str(client->arena, options->conf->items[i].value).data;
    }
    Weir__SubmitJob request = WEIR__SUBMIT_JOB__INIT;
    request.file = (char *)options->job_path;
    request.spec = (ProtobufCBinaryData){spec.size, (uint8_t *)spec.data};
    request.directory = (char *)options->directory;
    request.n_conf_keys = request.n_conf_values = count;
    request.conf_keys = keys;
    request.conf_values = values;
    request.time_zone = (char *)options->zone;
    request.progress = (char *)options->progress;
    ProtobufCMessage *message = NULL;
    WEIR_TRY(weir_peer_call(client->peer, WEIR_FRAME_SUBMIT_JOB, &request.base, SUBMIT_MS,
                            WEIR_FRAME_SUBMITTED, &weir__submitted__descriptor, &message, err));
    const Weir__Submitted *submitted = (const Weir__Submitted *)message;
    weir_code code = weir_error_from_wire(submitted->error, err);
    if (code == WEIR_OK && !submitted->job_id)
        code = weir_error_failf(err, WEIR_RPC_ERROR, "%s gave no job id", options->url);
    if (code == WEIR_OK)
        client->job_id = weir_arena_strdup(client->arena, submitted->job_id);
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

/* ---- stop signals ---- */

static void send_stop(submit_client *client, int32_t level) {
    Weir__StopJob request = WEIR__STOP_JOB__INIT;
    request.job_id = (char *)client->job_id;
    request.level = (uint32_t)level;
    ProtobufCMessage *message = NULL;
    weir_error *err = NULL;
    if (weir_peer_call(client->peer, WEIR_FRAME_STOP_JOB, &request.base, STOP_MS, WEIR_FRAME_ACK,
                       &weir__ack__descriptor, &message, &err) == WEIR_OK) {
        weir_error_from_wire(((const Weir__Ack *)message)->error, &err);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    /* A job that has just ended is no error here: the events say how it ended. */
    if (err && weir_error_code(err) != WEIR_NOT_FOUND)
        weir_log_write(client->options->log, WEIR_LOG_WARN, "run", "cannot stop the job: %s",
                       weir_error_text(err));
    weir_error_free(err);
}

static void *pass_stops(void *data) {
    submit_client *client = data;
    int32_t sent = 0;
    struct pollfd fds[2] = {{.fd = client->signals.stop_fd, .events = POLLIN},
                            {.fd = client->end_fd, .events = POLLIN}};
    for (;;) {
        int32_t level = client->signals.level;
        if (level > sent) {
            sent = level;
            send_stop(client, level);
            continue;
        }
        uint64_t drained;
        if (poll(fds, 2, -1) > 0 && fds[1].revents)
            return NULL;
        if (fds[0].revents && read(client->signals.stop_fd, &drained, sizeof drained) < 0)
            continue; /* the level says it all */
    }
}

static weir_code start_stopper(submit_client *client, weir_error **err) {
    client->end_fd = eventfd(0, EFD_CLOEXEC);
    if (client->end_fd < 0)
        return weir_error_fail_errno(err, errno, "cannot make an eventfd");
    WEIR_TRY(weir_thread_start(&client->stopper, "weir-stopper", pass_stops, client, err));
    client->stopping = true;
    return WEIR_OK;
}

static void end_stopper(submit_client *client) {
    uint64_t one = 1;
    if (client->stopping && write(client->end_fd, &one, sizeof one) > 0)
        pthread_join(client->stopper, NULL);
    if (client->end_fd >= 0)
        close(client->end_fd);
}

/* ---- events ---- */

static weir_code print_event(const Weir__JobEvent *event, weir_error **err) {
    int fd = event->stream == 1 ? STDOUT_FILENO : STDERR_FILENO;
    const uint8_t *at = event->data.data;
    size_t left = event->data.len;
    while (left) {
        ssize_t wrote = write(fd, at, left);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return weir_error_fail_errno(err, errno, "cannot write the job's output");
        at += wrote;
        left -= (size_t)wrote;
    }
    return WEIR_OK;
}

/* Prints a list of events; *sequence is the last that was printed. */
static weir_code take_events(submit_client *client, const Weir__JobEventList *list, uint64_t *sequence,
                             bool *ret_finished, weir_error **err) {
    if (list->error) {
        weir_code code = weir_error_from_wire(list->error, err);
        if (code != WEIR_NOT_FOUND)
            return code;
        weir_error_free_ptr(err);
        WEIR_FAIL(err, NOT_FOUND,
                  "the driver at %s does not know job %s any more: it was started anew. What the job has "
                  "committed is kept; submitted again, it goes on from there",
                  client->options->url, client->job_id);
    }
    for (size_t i = 0; i < list->n_events; i++) {
        if (list->events[i]->sequence <= *sequence)
            continue;
        WEIR_TRY(print_event(list->events[i], err));
        *sequence = list->events[i]->sequence;
    }
    if (!list->finished)
        return WEIR_OK;
    *ret_finished = true;
    if (list->has_dropped_bytes && list->dropped_bytes)
        weir_log_write(client->options->log, WEIR_LOG_WARN, "run",
                       "%llu bytes of output were dropped while nobody took them",
                       (unsigned long long)list->dropped_bytes);
    return weir_error_from_wire(list->job_error, err);
}

static weir_code follow(submit_client *client, weir_error **err) {
    uint64_t sequence = 0;
    patience p = patience_new(client);
    for (bool finished = false; !finished;) {
        Weir__JobEvents request = WEIR__JOB_EVENTS__INIT;
        request.job_id = (char *)client->job_id;
        request.acknowledged = sequence;
        ProtobufCMessage *message = NULL;
        weir_error *failed = NULL;
        if (weir_peer_call(client->peer, WEIR_FRAME_JOB_EVENTS, &request.base, EVENTS_MS,
                           WEIR_FRAME_JOB_EVENT_LIST, &weir__job_event_list__descriptor, &message,
                           &failed) != WEIR_OK) {
            WEIR_TRY(wait_more(client, &p, failed, err));
            continue;
        }
        p = patience_new(client);
        weir_code code = take_events(client, (const Weir__JobEventList *)message, &sequence, &finished, err);
        protobuf_c_message_free_unpacked(message, NULL);
        WEIR_TRY(code);
    }
    return WEIR_OK;
}

/* ---- the whole ---- */

static weir_code run_submission(submit_client *client, weir_error **err) {
    weir_str spec = {0};
    WEIR_TRY(read_spec(client, &spec, err));
    WEIR_TRY(weir_wire_open(client->options->wire, client->options->log, &client->wire, err));
    WEIR_TRY(weir_peer_open(client->wire.transport, client->options->url, &client->peer, err));
    WEIR_TRY(wait_for_driver(client, err));
    WEIR_TRY(submit(client, spec, err));
    WEIR_TRY(start_stopper(client, err));
    return follow(client, err);
}

weir_code weir_submit_client_run(const weir_submit_options *options, weir_error **err) {
    submit_client client = {
        .options = options,
        .env = {.clock = &weir_system_clock_ops, .random_bytes = weir_system_random},
        .end_fd = -1,
    };
    WEIR_TRY(weir_stop_signals_start(&client.signals, "stopping after the running micro-batch", err));
    client.arena = weir_arena_new();
    client.env.local_fs = weir_local_fs_new();
    weir_code code = run_submission(&client, err);
    end_stopper(&client);
    weir_peer_close(client.peer);
    weir_wire_close(&client.wire);
    client.env.local_fs->ops->free(client.env.local_fs);
    weir_arena_free(client.arena);
    weir_stop_signals_stop(&client.signals);
    return code;
}
