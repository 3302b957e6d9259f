/* `weir run --master nng://HOST:PORT`: hands a job to a driver, prints what it prints, ends as it ends. */
#pragma once

#include "cli/stop_signals.h"
#include "cli/wire_flags.h"
#include "common/base/env.h"
#include "common/base/log.h"
#include "common/plan/plan.h"

typedef struct weir_submit_options {
    const weir_wire_flags *wire;
    const weir_log *log;
    const char *url;       /* of the driver, as the transport takes it */
    const char *job_path;  /* as given: names the spec in errors */
    const char *directory; /* absolute: relative paths of the spec start here */
    const char *zone;      /* TZ; NULL = not set */
    const char *progress;  /* line, json, none */
    const weir_options *conf;
} weir_submit_options;

/* Blocks until the job has ended: WEIR_OK where all of its queries ended well. */
weir_code weir_submit_client_run(const weir_submit_options *options, weir_error **err);
