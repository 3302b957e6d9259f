/* The Spark Connect server of a driver in this process: its module, its engine, its address. */
#pragma once

#include "cli/wire_flags.h"
#include "common/base/log.h"
#include "driver/driver.h"

typedef struct weir_connect_host weir_connect_host;

typedef struct weir_connect_host_options {
    const weir_env *env;
    const weir_log *log;
    weir_driver *driver;
    const char *address;         /* HOST:PORT */
    const weir_wire_flags *wire; /* certificates; the bearer token is the content of the secret file */
    const weir_options *conf;
} weir_connect_host_options;

/* INVALID_ARGUMENT where it is not HOST:PORT. */
weir_code weir_connect_host_check(const char *address, weir_error **err);
/* Loads the module and listens; logs where. */
weir_code weir_connect_host_open(const weir_connect_host_options *options, weir_connect_host **ret,
                                 weir_error **err);
/* Ends all sessions; after the driver's loop, which has ended their queries. Accepts NULL. */
void weir_connect_host_free(weir_connect_host *host);
