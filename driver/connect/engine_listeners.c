/* The stream of query events to a client's listeners: one operation a session that stays open until its
 * client removes the last listener (connect_engine_int.h). Events wait in a bounded queue: of a client that
 * does not read, the oldest are dropped. The operation holds a worker. */
#include "common/base/alloc.h"
#include "driver/connect/connect_engine_int.h"

#define EVENTS_MAX 10000

struct weir_engine_event {
    weir_engine_event *next;
    Spark__Connect__StreamingQueryEventType type;
    char *json;
};

static weir_engine_event *take_event(weir_engine_session *session) {
    weir_engine_event *event = session->events;
    if (!event)
        return NULL;
    session->events = event->next;
    if (!session->events)
        session->events_end = NULL;
    session->events_count--;
    return event;
}

static void free_event(weir_engine_event *event) {
    if (!event)
        return;
    weir_free(event->json);
    weir_free(event);
}

void weir_engine_event_add(weir_engine_session *session, Spark__Connect__StreamingQueryEventType type,
                           weir_str json) {
    if (!session->has_listeners)
        return;
    if (session->events_count == EVENTS_MAX)
        free_event(take_event(session));
    weir_engine_event *event = weir_alloc_zero(1, sizeof *event);
    event->type = type;
    event->json = weir_strndup(json.data, json.size);
    if (session->events_end)
        *session->events_end = event;
    else
        session->events = event;
    session->events_end = &event->next;
    session->events_count++;
}

void weir_engine_events_free(weir_engine_session *session) {
    for (weir_engine_event *event; (event = take_event(session));)
        free_event(event);
}

static weir_code emit(weir_connect_operation *operation,
                      Spark__Connect__StreamingQueryListenerEventsResult *result, weir_error **err) {
    Spark__Connect__ExecutePlanResponse response = SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__INIT;
    response.response_type_case =
        SPARK__CONNECT__EXECUTE_PLAN_RESPONSE__RESPONSE_TYPE_STREAMING_QUERY_LISTENER_EVENTS_RESULT;
    response.streaming_query_listener_events_result = result;
    return weir_connect_operation_emit(operation, &response, err);
}

static weir_code emit_added(weir_connect_operation *operation, weir_error **err) {
    Spark__Connect__StreamingQueryListenerEventsResult result =
        SPARK__CONNECT__STREAMING_QUERY_LISTENER_EVENTS_RESULT__INIT;
    result.has_listener_bus_listener_added = 1;
    result.listener_bus_listener_added = 1;
    return emit(operation, &result, err);
}

static weir_code emit_event(weir_connect_operation *operation, const weir_engine_event *event,
                            weir_error **err) {
    Spark__Connect__StreamingQueryListenerEventsResult result =
        SPARK__CONNECT__STREAMING_QUERY_LISTENER_EVENTS_RESULT__INIT;
    Spark__Connect__StreamingQueryListenerEvent message =
        SPARK__CONNECT__STREAMING_QUERY_LISTENER_EVENT__INIT;
    Spark__Connect__StreamingQueryListenerEvent *list[] = {&message};
    message.event_json = event->json;
    message.has_event_type = 1;
    message.event_type = event->type;
    result.events = list;
    result.n_events = 1;
    return emit(operation, &result, err);
}

/* Waits for the next event; NULL where the bus was closed, or interrupted, and nothing is left to tell. */
static weir_engine_event *await_event(weir_engine_session *session, weir_connect_operation *operation) {
    weir_connect_engine *engine = session->engine;
    pthread_mutex_lock(&engine->lock);
    while (!session->events && session->has_listeners && !session->closed &&
           !weir_connect_operation_interrupted(operation))
        weir_engine_wait(engine, -1);
    weir_engine_event *event = take_event(session);
    pthread_mutex_unlock(&engine->lock);
    return event;
}

static weir_code run_bus(weir_engine_session *session, weir_connect_operation *operation, weir_error **err) {
    weir_connect_operation_shield(operation);
    WEIR_TRY(emit_added(operation, err));
    for (weir_engine_event *event; (event = await_event(session, operation));) {
        weir_code code = emit_event(operation, event, err);
        free_event(event);
        WEIR_TRY(code);
    }
    return WEIR_OK;
}

weir_code weir_engine_listener_bus(weir_engine_session *session, weir_connect_operation *operation,
                                   const weir_connect_plan *plan, weir_error **err) {
    weir_connect_engine *engine = session->engine;
    bool add = plan->listener_bus->command_case ==
               SPARK__CONNECT__STREAMING_QUERY_LISTENER_BUS_COMMAND__COMMAND_ADD_LISTENER_BUS_LISTENER;
    pthread_mutex_lock(&engine->lock);
    bool had = session->has_listeners;
    session->has_listeners = add;
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
    if (!add)
        return WEIR_OK;
    if (had)
        return emit_added(operation, err);
    weir_code code = run_bus(session, operation, err);
    pthread_mutex_lock(&engine->lock);
    session->has_listeners = false;
    weir_engine_events_free(session);
    pthread_mutex_unlock(&engine->lock);
    return code;
}
