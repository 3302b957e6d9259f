/* The calls about sessions: ReleaseSession, CloneSession, FetchErrorDetails. */
#include "common/base/alloc.h"
#include "driver/connect/connect_server_int.h"

void connect_handle_fetch_error_details(connect_call *call) {
    const Spark__Connect__FetchErrorDetailsRequest *request =
        (Spark__Connect__FetchErrorDetailsRequest *)call->request;
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    if (connect_session_get(call->server, &head, false, &session, &err) != WEIR_OK) {
        connect_call_fail(call, NULL, &err);
        return;
    }
    Spark__Connect__FetchErrorDetailsResponse response = SPARK__CONNECT__FETCH_ERROR_DETAILS_RESPONSE__INIT;
    CONNECT_ANSWER(&response, session);
    /* An error that is no longer kept: an answer without errors, and the client makes do with the trailer. */
    _cleanup_error_ weir_error *found =
        connect_session_find_error(session, request->error_id ? request->error_id : "");
    if (found)
        weir_connect_error_details(call->arena, found, &response);
    connect_call_reply(call, &response.base);
}

void connect_handle_clone_session(connect_call *call) {
    const Spark__Connect__CloneSessionRequest *request = (Spark__Connect__CloneSessionRequest *)call->request;
    connect_head head = CONNECT_HEAD(request);
    _cleanup_error_ weir_error *err = NULL;
    _cleanup_session_ weir_client_session *source = NULL;
    _cleanup_session_ weir_client_session *session = NULL;
    char made[CONNECT_ID_SIZE];
    weir_env_uuid(call->server->env, made);
    if (connect_session_get(call->server, &head, false, &source, &err) != WEIR_OK ||
        connect_session_clone(source, request->new_session_id ? request->new_session_id : made, &session,
                              &err) != WEIR_OK) {
        connect_call_fail(call, source, &err);
        return;
    }
    Spark__Connect__CloneSessionResponse response = SPARK__CONNECT__CLONE_SESSION_RESPONSE__INIT;
    CONNECT_ANSWER(&response, source);
    response.new_session_id = session->id;
    response.new_server_side_session_id = session->server_id;
    connect_call_reply(call, &response.base);
}

void connect_handle_release_session(connect_call *call) {
    const Spark__Connect__ReleaseSessionRequest *request =
        (Spark__Connect__ReleaseSessionRequest *)call->request;
    const char *user =
        request->user_context && request->user_context->user_id ? request->user_context->user_id : "";
    char server_id[CONNECT_ID_SIZE] = "";
    Spark__Connect__ReleaseSessionResponse response = SPARK__CONNECT__RELEASE_SESSION_RESPONSE__INIT;
    /* Of an unknown session: a quiet success. */
    connect_session_release(call->server, user, request->session_id ? request->session_id : "",
                            request->allow_reconnect, server_id);
    response.session_id = request->session_id;
    response.server_side_session_id = server_id;
    connect_call_reply(call, &response.base);
}
