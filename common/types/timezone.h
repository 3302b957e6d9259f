/* Time zones: our own reader of the system's IANA files (/usr/share/zoneinfo, TZif v2+), Java's zone
 * ids ("America/Chicago", "UTC", "Z", "GMT+1", "UTC+01:00", "+01:00", "-8", short ids such as "PST")
 * and fixed offsets up to +-18:00. A zone is immutable and cached for the life of its `zones`. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

typedef struct weir_timezone weir_timezone;

/* Opens (or finds) a zone; zones live until the process ends (a bounded, locked table). Unknown ids:
 * INVALID_TIMEZONE. */
weir_code weir_timezone_open(weir_str id, const weir_timezone **ret, weir_error **err);
const weir_timezone *weir_timezone_utc(void);
weir_str weir_timezone_id(const weir_timezone *zone);
/* Seconds east of UTC at the instant. */
int32_t weir_timezone_offset(const weir_timezone *zone, int64_t utc_micros);
/* Local wall-clock micros to the instant, by java.time's ZonedDateTime.ofLocal: in a gap the local
 * time moves forward by the gap's length; in an overlap the earlier offset is taken. */
int64_t weir_timezone_to_utc(const weir_timezone *zone, int64_t local_micros);
static inline int64_t weir_timezone_to_local(const weir_timezone *zone, int64_t utc_micros) {
    return utc_micros + (int64_t)weir_timezone_offset(zone, utc_micros) * 1000000;
}
/* Short name at the instant ("CST", "CDT", "UTC") and whether DST is in force, for patterns. */
weir_str weir_timezone_short_name(const weir_timezone *zone, int64_t utc_micros);
/* A cursor for vectorised conversion: caches the last transition interval. Not shared by threads. */
typedef struct weir_timezone_cursor {
    const weir_timezone *zone;
    int64_t from_micros, to_micros; /* the offset holds for from <= utc < to */
    int64_t offset_micros;
} weir_timezone_cursor;
void weir_timezone_seek(weir_timezone_cursor *cursor, int64_t utc_micros);
static inline int64_t weir_timezone_cursor_local(weir_timezone_cursor *cursor, int64_t utc_micros) {
    if (utc_micros < cursor->from_micros || utc_micros >= cursor->to_micros)
        weir_timezone_seek(cursor, utc_micros);
    return utc_micros + cursor->offset_micros;
}
