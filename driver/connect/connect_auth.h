/* Who may call: a bearer token, compared in constant time, and a limit of failures by address. A connection
 * that has shown the token is never slowed down by what others do from the same address. Any thread. */
#pragma once

#include <stdbool.h>

#include "common/base/env.h"

typedef struct weir_connect_auth weir_connect_auth;

typedef enum weir_connect_admission {
    WEIR_CONNECT_ADMITTED,
    WEIR_CONNECT_REFUSED,   /* no token, or a wrong one */
    WEIR_CONNECT_THROTTLED, /* too many failures from there: not compared at all */
} weir_connect_admission;

/* `token` NULL: everybody is admitted. Copied. */
weir_connect_auth *weir_connect_auth_new(const weir_env *env, const char *token);
void weir_connect_auth_free(weir_connect_auth *auth); /* wipes the token; accepts NULL */
/* `authorization`: the header as sent; `peer`: the connection; `host`: its address. */
weir_connect_admission weir_connect_auth_check(weir_connect_auth *auth, const char *authorization,
                                               const char *peer, const char *host);
