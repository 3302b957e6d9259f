/* A snapshot in the making: every executor of one attempt writes the partitions that it owns, in the
 * background, and reports its part with a later epoch. The parts count only together, so they must be of one
 * placement: each carries the name of an attempt that asked under that placement, and comes from an executor
 * that was asked.
 *
 * Executors come and go meanwhile. A part that is late still counts, also when its partitions have moved
 * since: it holds the version that was asked for. The snapshot is given up where a part cannot come any more
 * (its executor is gone, could not write it, or had older work to do), and where it takes too long; a later
 * version is asked for then. What was written for it is swept as garbage. Loop; adopting in the commit step.
 */
#include "common/base/alloc.h"
#include "driver/stream/stream_query_int.h"

#define PATIENCE_BATCHES 10 /* at least */

void weir_snapshot_parts_drop(weir_stream_query *query) {
    weir_arena_free(query->snapshot.arena);
    query->snapshot = (weir_snapshot_request){.batch = -1};
}

static int32_t index_of(const weir_snapshot_request *request, uint32_t executor) {
    for (int32_t i = 0; i < request->executors_count; i++)
        if (request->executors[i] == executor)
            return i;
    return -1;
}

static void add_name(weir_snapshot_request *request, const char *attempt_name) {
    weir_str *names = WEIR_NEW_ARRAY(request->arena, weir_str, request->names.count + 1);
    for (int32_t i = 0; i < request->names.count; i++)
        names[i] = request->names.items[i];
    names[request->names.count] = weir_str_from(weir_arena_strdup(request->arena, attempt_name));
    request->names = (weir_str_list){names, request->names.count + 1};
}

static void begin(weir_stream_query *query) {
    weir_snapshot_request *request = &query->snapshot;
    weir_snapshot_parts_drop(query);
    request->batch = query->committed;
    request->arena = weir_arena_new();
    size_t partitions = (size_t)query->spec->state_partitions;
    request->owners = WEIR_NEW_ARRAY(request->arena, uint32_t, partitions);
    memcpy(request->owners, query->owners, sizeof *request->owners * partitions);
    request->executors_count = query->executors_count;
    request->executors = WEIR_NEW_ARRAY(request->arena, uint32_t, query->executors_count);
    request->taken = WEIR_NEW_ARRAY(request->arena, bool, query->executors_count);
    for (int32_t i = 0; i < query->executors_count; i++)
        request->executors[i] = query->members[i].id;
    add_name(request, query->attempt_name);
}

/* A part that has not come is lost with its executor. */
static bool can_be_completed(const weir_stream_query *query, int64_t interval) {
    const weir_snapshot_request *request = &query->snapshot;
    if (query->committed - request->batch > WEIR_MAX(interval, PATIENCE_BATCHES))
        return false;
    for (int32_t i = 0; i < request->executors_count; i++)
        if (!request->taken[i] && !weir_cluster_has(query->host.cluster, request->executors[i]))
            return false;
    return true;
}

static bool same_placement(const weir_stream_query *query) {
    const weir_snapshot_request *request = &query->snapshot;
    if (request->executors_count != query->executors_count)
        return false;
    for (int32_t i = 0; i < query->executors_count; i++)
        if (request->executors[i] != query->members[i].id)
            return false;
    return memcmp(request->owners, query->owners,
                  sizeof *request->owners * (size_t)query->spec->state_partitions) == 0;
}

/* Before an attempt goes out, with its members, name and placement known. One snapshot at a time, asked for
 * again in the retries of an epoch, since the attempt may have failed before it came to that. */
void weir_snapshot_parts_ask(weir_stream_query *query) {
    int64_t interval = weir_conf_int(query->spec->conf, WEIR_CONF_SNAPSHOT_INTERVAL);
    if (!query->spec->stateful || query->committed < 0)
        return;
    if (query->snapshot.batch >= 0 && !can_be_completed(query, interval))
        weir_snapshot_parts_drop(query);
    if (query->snapshot.batch == query->committed && same_placement(query))
        add_name(&query->snapshot, query->attempt_name);
    else if (query->snapshot.batch < 0 && query->committed - query->chain.snapshot_batch >= interval)
        begin(query);
}

bool weir_snapshot_parts_wanted(const weir_stream_query *query, int32_t index) {
    const weir_snapshot_request *request = &query->snapshot;
    if (request->batch < 0 || request->batch != query->committed || !same_placement(query))
        return false;
    return !request->taken[index_of(request, query->members[index].id)];
}

static bool is_asked_for(const weir_snapshot_request *request, weir_str object) {
    for (int32_t i = 0; i < request->names.count; i++) {
        weir_str name = request->names.items[i];
        if (weir_str_starts_with(object, name) && object.size > name.size && object.data[name.size] == '-')
            return true;
    }
    return false;
}

/* Also out of an attempt that fails. */
void weir_snapshot_parts_take(weir_stream_query *query, int32_t index, const Weir__EpochReport *report) {
    weir_snapshot_request *request = &query->snapshot;
    if (!report->has_snapshot_batch || request->batch < 0 || report->snapshot_batch != request->batch)
        return;
    int32_t at = index_of(request, query->members[index].id);
    if (at < 0 || request->taken[at])
        return;
    if (!report->snapshot || !is_asked_for(request, weir_str_from(report->snapshot->name))) {
        weir_snapshot_parts_drop(query);
        return;
    }
    request->taken[at] = true;
    weir_state_objects_add(request->arena, &request->parts, report->snapshot, request->batch);
}

bool weir_snapshot_parts_complete(const weir_stream_query *query) {
    return query->snapshot.batch >= 0 && query->snapshot.parts.count == query->snapshot.executors_count;
}
