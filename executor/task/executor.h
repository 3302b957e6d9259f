/* An executor: registers at a driver, serves its requests on one REP socket, runs tasks on N threads. The
 * control loop owns all state; transport threads only post to it, task threads only run tasks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/env.h"
#include "common/base/error.h"
#include "common/base/log.h"
#include "common/base/str.h"

typedef struct weir_executor weir_executor;

typedef struct weir_executor_options {
    const weir_env *env;
    const weir_log *log;
    const char *driver_url;
    const char *listen_url;    /* where it listens; port 0 = any */
    const char *advertise_url; /* what the driver and peers are told; port 0 = as bound; NULL = listen_url */
    const char *host;          /* machine identity (Register.host); NULL = none */
    const char *local_dir;     /* spilled shuffle blocks; NULL = spark.local.dir's default */
    int32_t index;
    int32_t cores;
    int64_t memory_bytes; /* hard cap of data memory */
    bool in_process;      /* of a local master: one registration, no heartbeats, no retries */
} weir_executor_options;

/* Starts threads and listens. In process: returns when the driver has accepted. Else it returns at once and
 * goes on trying to reach the driver, with a message every few seconds, now and after each loss of it. */
weir_code weir_executor_start(const weir_executor_options *options, weir_executor **ret, weir_error **err);
/* Asks the driver to be drained; `drained` is called once on the control loop when no running epoch needs
 * this executor (also where no driver is there). Any thread. */
void weir_executor_drain(weir_executor *executor, void (*drained)(void *data), void *data);
/* A refusal that trying again does not mend (versions, secret): called at most once, on the control loop. */
void weir_executor_on_refused(weir_executor *executor, void (*refused)(void *data, const weir_error *error),
                              void *data);
/* {"role":"executor","status":"ok","id":..,"counters":{"shuffleBytesReceived":..,"keysOwned":..,...}}; any
 * thread. The same text answers GET_STATUS. */
void weir_executor_status_json(weir_executor *executor, weir_strbuf *ret);
void weir_executor_stop(
    weir_executor *executor); /* cancels and waits for running tasks; frees; accepts NULL */
