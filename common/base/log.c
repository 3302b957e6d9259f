/* Log lines on standard error (log.h). One write(2) a line, so lines of several threads never mix. */
#include "common/base/log.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "common/base/str.h"

void weir_log_write(const weir_log *log, weir_log_level level, const char *room, const char *fmt, ...) {
    static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG"};
    if (!log || level > log->level)
        return;
    struct timespec now;
    struct tm parts;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    strftime(stamp, sizeof stamp, "%y/%m/%d %H:%M:%S", &parts);
    weir_strbuf line = {0};
    weir_strbuf_addf(&line, "%s %s %s: ", stamp, names[level], room);
    va_list args;
    va_start(args, fmt);
    weir_strbuf_addv(&line, fmt, args);
    va_end(args);
    weir_strbuf_add_char(&line, '\n');
    if (write(log->fd, line.data, line.size) < 0) {
        /* Standard error is gone: there is nowhere left to say so. */
    }
    weir_strbuf_fini(&line);
}
