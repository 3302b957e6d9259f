/* A backend of the Connect server for tests: what it does stands in the text of a SQL query.
 *
 *   batch N [ROWS]    schema, N canned Arrow batches (of ROWS rows, 3 without)
 *   bytes SIZE N      N batches of SIZE bytes that are no Arrow
 *   fail              DIVIDE_BY_ZERO with a query context
 *   longfail SIZE     an error of SIZE bytes of text
 *   sleep MS          sleeps, unless interrupted
 *   wait              waits until it is interrupted
 *   defer             goes on until it is interrupted, without a thread
 *   progress N        N progress messages
 *   set K=V           sets the session's configuration
 *
 * A SqlCommand answers with its own input, as for a query; any other plan is one batch. */
#pragma once

#include "driver/connect/connect_backend.h"

extern const weir_connect_backend_ops fake_backend_ops;

typedef struct fake_backend {
    weir_buffer *batch; /* canned, of three rows */
    _Atomic int sessions_open, sessions_closed, sessions_freed, executions, analyses;
    _Atomic int running; /* executions now */
} fake_backend;

void fake_backend_init(fake_backend *backend);
void fake_backend_fini(fake_backend *backend);
