/* Which query runs an executor takes part in, and how one ends.
 *
 *   START_QUERY -> here --drop--> cancelled -> nothing of it runs -> freed on a pool thread -> stops answered
 *
 * Dropped: by STOP_QUERY, by a newer driver's run of the same query, and all of them when the driver has
 * fenced this executor. A dropped run is found by nobody; its id is remembered for a while, so that peers
 * which still ask for its blocks are refused instead of kept waiting. Everything may come twice. Control
 * loop. */
#include "common/base/alloc.h"
#include "executor/task/executor_int.h"

weir_query_run *weir_executor_find_query(weir_executor *executor, const char *run_id) {
    weir_query_run *query = executor->queries;
    while (query && strcmp(query->run_id, run_id) != 0)
        query = query->next;
    return query;
}

bool weir_executor_has_dropped(const weir_executor *executor, const char *run_id) {
    for (int32_t i = 0; i < WEIR_DROPPED_RUNS_MAX; i++)
        if (executor->dropped_runs[i] && strcmp(executor->dropped_runs[i], run_id) == 0)
            return true;
    return false;
}

static void remember_dropped(weir_executor *executor, const char *run_id) {
    char **at = &executor->dropped_runs[executor->dropped_runs_next];
    executor->dropped_runs_next = (executor->dropped_runs_next + 1) % WEIR_DROPPED_RUNS_MAX;
    weir_free(*at);
    *at = weir_strdup(run_id);
}

/* The same run may come back, to an executor that began anew. */
static void forget_dropped(weir_executor *executor, const char *run_id) {
    for (int32_t i = 0; i < WEIR_DROPPED_RUNS_MAX; i++)
        if (executor->dropped_runs[i] && strcmp(executor->dropped_runs[i], run_id) == 0) {
            weir_free(executor->dropped_runs[i]);
            executor->dropped_runs[i] = NULL;
        }
}

weir_code weir_executor_start_query(weir_executor *executor, const Weir__StartQuery *message,
                                    uint64_t driver_epoch, weir_error **err) {
    for (weir_query_run *query = executor->queries; query; query = query->next)
        if (strcmp(query->query_id, message->query_id) == 0 && query->driver_epoch > driver_epoch) {
            weir_count(&executor->counters.refused_driver, 1);
            WEIR_FAIL(err, FENCED, "a newer driver (epoch %llu) runs query %s; this one has epoch %llu",
                      (unsigned long long)query->driver_epoch, query->query_id,
                      (unsigned long long)driver_epoch);
        }
    if (weir_executor_find_query(executor, message->run_id)) {
        weir_count(&executor->counters.duplicates, 1);
        return WEIR_OK;
    }
    weir_query_run *query = NULL;
    WEIR_TRY(weir_query_run_new(executor, message, driver_epoch, &query, err));
    for (weir_query_run *other = executor->queries, *next; other; other = next) {
        next = other->next;
        if (strcmp(other->query_id, query->query_id) == 0 && other->driver_epoch < driver_epoch)
            weir_executor_drop_query(executor, other, NULL);
    }
    query->next = executor->queries;
    executor->queries = query;
    forget_dropped(executor, query->run_id);
    weir_executor_count_state(executor);
    return WEIR_OK;
}

/* ---- the end of a run ---- */

static void unlink_query(weir_query_run **list, weir_query_run *query) {
    while (*list != query)
        list = &(*list)->next;
    *list = query->next;
}

static bool is_idle(const weir_query_run *query) {
    bool writes_snapshot = query->snapshot && !query->snapshot->done;
    return (!query->epoch || (query->epoch->replied && weir_epoch_run_idle(query->epoch))) && !query->users &&
           !writes_snapshot;
}

/* State stores and blocks may be large: they are freed on the pool. */
typedef struct end_of_run {
    weir_step step;
    weir_query_run *query;
    weir_executor *executor;
    weir_waiting_call *stops;
} end_of_run;

static void end_work(weir_step *step) {
    weir_query_run_free(((end_of_run *)step)->query);
}

static void end_done(weir_step *step) {
    end_of_run *end = (end_of_run *)step;
    while (end->stops) {
        weir_waiting_call *wait = end->stops;
        end->stops = wait->next;
        weir_executor_reply_ack(end->executor, wait->call, NULL);
        weir_free(wait);
    }
    weir_executor_maybe_drained(end->executor);
    weir_free(end);
}

static void end_run(weir_query_run *query) {
    weir_executor *executor = query->executor;
    unlink_query(&executor->dropped, query);
    end_of_run *end = weir_alloc_zero(1, sizeof *end);
    end->step.work = end_work;
    end->step.done = end_done;
    end->query = query;
    end->executor = executor;
    end->stops = query->stops;
    query->stops = NULL;
    weir_loop_start_step(executor->loop, executor->step_pool, &end->step);
}

void weir_executor_drop_query(weir_executor *executor, weir_query_run *query, weir_call *stop) {
    if (stop) {
        weir_waiting_call *wait = weir_alloc_zero(1, sizeof *wait);
        *wait = (weir_waiting_call){query->stops, stop};
        query->stops = wait;
    }
    if (query->dropped)
        return;
    unlink_query(&executor->queries, query);
    query->next = executor->dropped;
    executor->dropped = query;
    query->dropped = true;
    remember_dropped(executor, query->run_id);
    query->users++; /* it stays until the end of this function */
    if (query->epoch)
        weir_epoch_run_cancel(query->epoch);
    weir_executor_serve_fetches(executor);
    weir_executor_count_state(executor);
    query->users--;
    weir_query_run_settle(query);
}

void weir_executor_drop_all(weir_executor *executor) {
    while (executor->queries)
        weir_executor_drop_query(executor, executor->queries, NULL);
}

static void refuse_next(weir_query_run *query) {
    if (!query->next_call)
        return;
    _cleanup_error_ weir_error *err = NULL;
    weir_error_failf(&err, WEIR_CANCELLED, "query run %s was dropped", query->run_id);
    weir_executor_reply_report_error(query->executor, query->next_call, err);
    query->next_call = NULL;
    weir__run_epoch__free_unpacked(query->next_message, NULL);
    query->next_message = NULL;
}

void weir_query_run_settle(weir_query_run *query) {
    if (query->executor->stopping)
        return;
    if (query->dropped) {
        refuse_next(query);
        if (is_idle(query))
            end_run(query);
        return;
    }
    bool free_for_next = !query->epoch || (query->epoch->replied && weir_epoch_run_idle(query->epoch));
    if (query->next_call && free_for_next) {
        weir_call *call = query->next_call;
        Weir__RunEpoch *message = query->next_message;
        query->next_call = NULL;
        query->next_message = NULL;
        weir_epoch_run_start(query, call, message);
        weir_executor_serve_fetches(query->executor);
        return;
    }
    weir_executor_maybe_drained(query->executor);
}

bool weir_executor_is_idle(const weir_executor *executor) {
    for (const weir_query_run *query = executor->queries; query; query = query->next)
        if ((query->epoch && !query->epoch->replied) || query->next_call)
            return false;
    return !executor->dropped;
}

static void free_list(weir_query_run *query) {
    while (query) {
        weir_query_run *next = query->next;
        while (query->stops) {
            weir_waiting_call *wait = query->stops;
            query->stops = wait->next;
            weir_free(wait);
        }
        weir_query_run_free(query);
        query = next;
    }
}

void weir_executor_queries_free(weir_executor *executor) {
    free_list(executor->queries);
    free_list(executor->dropped);
    executor->queries = executor->dropped = NULL;
    for (int32_t i = 0; i < WEIR_DROPPED_RUNS_MAX; i++)
        weir_free(executor->dropped_runs[i]);
}
