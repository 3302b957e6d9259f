/* Inside of a time zone; private to common/types. */
#pragma once

#include <stdbool.h>

#include "common/types/timezone.h"

/* One half of a POSIX TZ rule: when a change happens within a year. */
typedef struct weir_zone_change {
    char form; /* 'M' month.week.day, 'J' day 1..365 without leap days, 'D' day 0..365 */
    int32_t month, week, day;
    int32_t seconds; /* local time of day, may be negative or above a day */
} weir_zone_change;

/* The footer of a TZif file: what holds behind the last explicit transition. */
typedef struct weir_zone_rule {
    bool has_dst;
    int32_t std_offset, dst_offset; /* seconds east */
    char std_name[12], dst_name[12];
    weir_zone_change to_dst, to_std;
} weir_zone_rule;

struct weir_timezone {
    weir_str id;
    bool fixed;          /* one offset for ever */
    int32_t count;       /* explicit transitions */
    int64_t *utc;        /* seconds; transition k leads from offsets[k] to offsets[k + 1] */
    int64_t *local_ends; /* local seconds below which offsets[k] is the one to take */
    int32_t *offsets;    /* count + 1 */
    weir_str *names;     /* count + 1 */
    char *name_block;    /* bytes of the names */
    bool *dst;           /* count + 1 */
    weir_zone_rule rule; /* behind the last transition, where has_dst */
};

/* Fills everything but the id; NOT_FOUND where there is no such zone file. `path` names the file. */
weir_code weir_tzif_read(const char *path, weir_timezone *zone, weir_error **err);
void weir_tzif_free(weir_timezone *zone);
/* "CST6CDT,M3.2.0,M11.1.0"; false where the text is malformed. */
bool weir_tzif_parse_rule(weir_str text, weir_zone_rule *ret);
/* Both changes of a year as UTC seconds, in time order: *ret_first_is_dst tells which comes first. */
void weir_tzif_rule_year(const weir_zone_rule *rule, int64_t year, int64_t ret_utc[2],
                         bool *ret_first_is_dst);

/* Whether daylight saving is in force, as Java sees it. */
bool weir_timezone_is_dst(const weir_timezone *zone, int64_t utc_micros);
/* "+01:00", "-8", "Z", "UTC+1": seconds east of a fixed offset. False where the text names a region or
 * nothing. Spark's one-digit forms ("+1:00", "+01:0") are accepted. */
bool weir_timezone_parse_fixed(weir_str id, int32_t *ret_seconds);
/* The zone of a data value: a fixed offset, or *ret_zone of a region. False where unknown. */
bool weir_timezone_resolve(weir_str id, int32_t *ret_seconds, const weir_timezone **ret_zone);
