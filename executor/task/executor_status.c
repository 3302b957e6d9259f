/* What an executor says about itself: GET_STATUS, /healthz. Counters are atomics; the rest is copied under
 * the lock of executor_life.c. Any thread. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/json_value.h"
#include "executor/task/executor_int.h"

/* Resident memory of the process in bytes; 0 where the system does not say. */
static int64_t resident_bytes(void) {
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    long long pages = 0;
    if (got <= 0 || sscanf(text, "%*d %lld", &pages) != 1)
        return 0;
    return pages * sysconf(_SC_PAGESIZE);
}

void weir_executor_count_state(weir_executor *executor) {
    int64_t keys = 0, partitions = 0, queries = 0;
    for (const weir_query_run *query = executor->queries; query; query = query->next) {
        queries++;
        keys += query->keys_owned;
        partitions += query->partitions_owned;
    }
    executor->counters.keys_owned = keys;
    executor->counters.partitions_owned = partitions;
    executor->counters.queries = queries;
}

static const char *state_text(const weir_executor_life *life) {
    switch (life->state) {
    case WEIR_LIFE_REGISTERED:
        return life->draining ? "draining" : "ok";
    case WEIR_LIFE_REFUSED:
        return "refused";
    case WEIR_LIFE_DRAINED:
        return "drained";
    default:
        return "registering";
    }
}

static void add_identity(weir_executor *executor, weir_strbuf *ret) {
    weir_executor_life *life = &executor->life;
    pthread_mutex_lock(&life->lock);
    weir_strbuf_addf(ret, "{\"role\":\"executor\",\"status\":\"%s\",\"version\":\"%s\",\"id\":%u,",
                     state_text(life), WEIR_VERSION, life->executor_id);
    weir_strbuf_addf(ret, "\"incarnation\":\"%s\",\"driverId\":\"%s\",", life->incarnation,
                     life->driver_id ? life->driver_id : "");
    pthread_mutex_unlock(&life->lock);
    weir_strbuf_add_text(ret, "\"url\":");
    weir_json_write_string(ret, weir_str_from(executor->advertise_url));
    weir_strbuf_add_text(ret, ",\"driver\":");
    weir_json_write_string(ret, weir_str_from(executor->driver_url));
    weir_strbuf_addf(ret,
                     ",\"cores\":%d,\"memory\":%lld,\"memoryUsed\":%lld,\"memoryPeak\":%lld,\"rss\":%lld",
                     executor->options.cores, (long long)executor->options.memory_bytes,
                     (long long)weir_counted(&executor->budget.used),
                     (long long)weir_counted(&executor->budget.peak), (long long)resident_bytes());
}

void weir_executor_status_json(weir_executor *executor, weir_strbuf *ret) {
    weir_executor_counters *c = &executor->counters;
    const struct {
        const char *name;
        int64_t value;
    } list[] = {
        {"shuffleBytesReceived", weir_counted(&c->shuffle_received)},
        {"shuffleBytesSent", weir_counted(&c->shuffle_sent)},
        {"spilledBytes", weir_block_pool_spilled(executor->blocks)},
        {"keysOwned", weir_counted(&c->keys_owned)},
        {"partitionsOwned", weir_counted(&c->partitions_owned)},
        {"partitionsRestored", weir_counted(&c->restored_partitions)},
        {"restoredBytes", weir_counted(&c->restored_bytes)},
        {"queries", weir_counted(&c->queries)},
        {"epochsRun", weir_counted(&c->epochs_run)},
        {"epochsFailed", weir_counted(&c->epochs_failed)},
        {"tasksRun", weir_counted(&c->tasks_run)},
        {"incarnations", weir_counted(&c->incarnations)},
        {"registrations", weir_counted(&c->registrations)},
        {"heartbeats", weir_counted(&c->heartbeats)},
        {"heartbeatsFailed", weir_counted(&c->heartbeats_failed)},
        {"fencedByDriver", weir_counted(&c->fenced)},
        {"refusedOlderDriver", weir_counted(&c->refused_driver)},
        {"refusedUnknownRun", weir_counted(&c->refused_run)},
        {"refusedOlderAttempt", weir_counted(&c->refused_attempt)},
        {"refusedFetch", weir_counted(&c->refused_fetch)},
        {"refusedMessage", weir_counted(&c->refused_message)},
        {"duplicateRequests", weir_counted(&c->duplicates)},
        {"fetchesNotReady", weir_counted(&c->not_ready)},
    };
    add_identity(executor, ret);
    weir_strbuf_add_text(ret, ",\"counters\":{");
    for (size_t i = 0; i < WEIR_ARRAY_LEN(list); i++)
        weir_strbuf_addf(ret, "%s\"%s\":%lld", i ? "," : "", list[i].name, (long long)list[i].value);
    weir_transport *transport = executor->options.env->transport;
    weir_transport_counters wire = {0};
    transport->ops->counters(transport, &wire);
    weir_strbuf_addf(
        ret, ",\"authenticationErrors\":%lld,\"refusedUnauthenticated\":%lld,\"refusedFrames\":%lld}}",
        (long long)wire.authentication_errors, (long long)wire.refused_unauthenticated,
        (long long)(wire.refused_magic + wire.refused_version + wire.refused_size + wire.refused_crc));
}
