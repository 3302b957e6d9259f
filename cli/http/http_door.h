/* The HTTP door of a process: a table of paths that answer GET. /healthz is one; pages are others. The server
 * is weir-http.so, found beside the program.
 *
 * What is refused before a route sees it: other methods than GET (405), other paths (404), a Host that is not
 * an address, localhost, this machine's name or the name given to --http (403), so that a page elsewhere
 * cannot read answers through a name that it makes point here. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/log.h"

typedef struct weir_http_door weir_http_door;

typedef struct weir_http_reply {
    int32_t status;           /* 200 */
    const char *content_type; /* static; "text/plain; charset=utf-8" */
    weir_strbuf body;
} weir_http_reply;

typedef struct weir_http_route {
    const char *path; /* as a whole: "/healthz"; static */
    /* Any thread, several at once; must not take long. */
    void (*serve)(void *self, weir_http_reply *reply);
    void *self;
} weir_http_route;

/* `address` is HOST:PORT. Routes are copied. INVALID_ARGUMENT (no address), RPC_ERROR (port in use),
 * NOT_FOUND (the module is missing). Logs where it listens. */
weir_code weir_http_door_open(const char *address, const weir_http_route *routes, size_t routes_count,
                              const weir_log *log, weir_http_door **ret, weir_error **err);
/* No route is served after it returns. Accepts NULL. */
void weir_http_door_close(weir_http_door *door);

/* What the door says to a Host header; `own` is the name given to --http. For tests. */
bool weir_http_door_allows_host(const char *header, const char *own);
