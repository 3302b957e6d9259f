/* The generated tables of zone names; private to common/types. */
#pragma once

#include <stdint.h>

typedef struct weir_zone_name_set {
    const char *short_names[3]; /* standard, daylight, generic */
    const char *long_names[3];
} weir_zone_name_set;

typedef struct weir_zone_name_region {
    const char *id; /* ascending by bytes */
    int32_t set;
} weir_zone_name_region;

typedef struct weir_zone_name_text {
    const char *name; /* ascending by lower case */
    int32_t region;
} weir_zone_name_text;

extern const weir_zone_name_set weir_zone_name_sets[];
extern const int32_t weir_zone_name_regions_count;
extern const weir_zone_name_region weir_zone_name_regions[];
extern const int32_t weir_zone_name_short_count, weir_zone_name_long_count;
extern const weir_zone_name_text weir_zone_name_short_texts[], weir_zone_name_long_texts[];
