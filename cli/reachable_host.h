/* Which address of this machine others use to answer it, and who the machine is. Blocking. */
#pragma once

#include "common/base/arena.h"
#include "common/base/error.h"

/* The local address from which packets to host:port leave, as text; IPv6 in brackets. Nothing is sent.
 * NOT_FOUND where the name has no address (yet), RPC_ERROR where no route leads there. */
weir_code weir_reachable_host(weir_arena *arena, const char *host, const char *port, const char **ret,
                              weir_error **err);
/* "0.0.0.0", "::", "*" */
bool weir_reachable_host_is_any(const char *host);
/* The same text for two processes only where they run on one machine, within one container. */
const char *weir_reachable_host_identity(weir_arena *arena);
