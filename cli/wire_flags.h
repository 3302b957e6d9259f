/* What the commands of a cluster share: the flags of secret and certificates, addresses, the transport made
 * from them. The secret comes from --secret-file or WEIR_SECRET_FILE, never from the command line itself. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/command_flags.h"
#include "common/base/log.h"

typedef struct weir_wire_flags {
    const char *secret_file; /* NULL: WEIR_SECRET_FILE, where that is set */
    const char *tls_cert, *tls_key, *tls_ca, *tls_name;
    bool insecure; /* listens without a secret on any address */
    bool local;    /* no port is opened: WEIR_SECRET_FILE is not looked at */
} weir_wire_flags;

/* A client needs no permission to listen. */
typedef enum weir_wire_role { WEIR_WIRE_CLIENT, WEIR_WIRE_SERVER } weir_wire_role;

#define WEIR_WIRE_FLAGS 6
/* Fills WEIR_WIRE_FLAGS table entries. */
void weir_wire_flags_table(weir_wire_flags *wire, weir_wire_role role, weir_flag *ret);
bool weir_wire_given(const weir_wire_flags *wire); /* any of secret and certificates, as flags */
/* The transport of a process and what it borrows; zeroes before it is opened. */
typedef struct weir_wire {
    struct weir_transport *transport;
    struct weir_secret *secret;
} weir_wire;

/* Reads the secret's file and the certificates. `log` (may be NULL) hears who was refused. */
weir_code weir_wire_open(const weir_wire_flags *flags, const weir_log *log, weir_wire *wire,
                         weir_error **err);
void weir_wire_close(weir_wire *wire); /* also one that was never opened */

/* The url of an address as the transport takes it: tcp://HOST:PORT, nng://HOST:PORT (the name of a master)
 * and tls+tcp://HOST:PORT; the first two become the last where certificates are given. INVALID_ARGUMENT. */
weir_code weir_wire_url(weir_arena *arena, const weir_wire_flags *wire, const char *address, const char **ret,
                        weir_error **err);
/* HOST of such a url, without the brackets of an IPv6 address, and PORT. */
void weir_wire_split(weir_arena *arena, const char *url, const char **ret_host, const char **ret_port);
