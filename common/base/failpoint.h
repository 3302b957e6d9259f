/* Named failpoints for crash tests: WEIR_FAIL="P5.mid:kill" or "P8.before:error@3;P1.after:kill".
 *
 * Compiled in where WEIR_FAILPOINTS is defined (debug, asan, tsan and the `fault` build), nothing
 * otherwise. An entry is NAME:ACTION[@N] - the N-th hit (default 1) fires once. Actions: kill
 * (SIGKILL to the own process), error (the caller gets IO_ERROR), stop (SIGSTOP), exit (_exit 42),
 * delay (200 ms). A fired failpoint writes "failpoint NAME fired" to standard error first. */
#pragma once

#include "common/base/error.h"

#ifdef WEIR_FAILPOINTS
weir_code weir_failpoint_hit(const char *name, weir_error **err);
#define WEIR_FAILPOINT(name, err) WEIR_TRY(weir_failpoint_hit((name), (err)))
/* Where nothing can fail: for kill, stop, exit and delay; an error is dropped. */
#define WEIR_FAILPOINT_HERE(name) \
    do { \
        weir_error *dropped_ = NULL; \
        if (weir_failpoint_hit((name), &dropped_) != WEIR_OK) \
            weir_error_free(dropped_); \
    } while (0)
#else
#define WEIR_FAILPOINT_HERE(name) \
    do { \
    } while (0)
#define WEIR_FAILPOINT(name, err) \
    do { \
        (void)(err); \
    } while (0)
#endif
