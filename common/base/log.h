/* Log lines on standard error: "YY/MM/DD HH:MM:SS LEVEL room: text", one write(2) a line.
 * Standard output is never used. Only the tops of driver, executor and cli log. Any thread. */
#pragma once

#include "common/base/compiler.h"

typedef enum weir_log_level {
    WEIR_LOG_ERROR,
    WEIR_LOG_WARN,
    WEIR_LOG_INFO,
    WEIR_LOG_DEBUG,
} weir_log_level;

typedef struct weir_log {
    weir_log_level level; /* lines above it are dropped */
    int fd;               /* usually 2 */
} weir_log;

void weir_log_write(const weir_log *log, weir_log_level level, const char *room, const char *fmt, ...)
    WEIR_PRINTF(4, 5);
