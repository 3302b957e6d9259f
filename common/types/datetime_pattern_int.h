/* A compiled DateTimeFormatter pattern; private to common/types.
 *
 * The pattern is a flat list of elements; an optional section is a pair of OPTION and OPTION_END, where
 * OPTION knows the index behind its end. Numbers carry java.time's widths and sign rules, including those of
 * adjacent values ("yyyyMMdd"): `fixed` and `subsequent` as NumberPrinterParser has them. */
#pragma once

#include "common/types/datetime.h"

typedef enum weir_pattern_kind {
    WEIR_PATTERN_LITERAL,
    WEIR_PATTERN_NUMBER,
    WEIR_PATTERN_REDUCED, /* two-digit year, 2000..2099 */
    WEIR_PATTERN_FRACTION,
    WEIR_PATTERN_TEXT, /* names of months, days, quarters, eras, AM/PM */
    WEIR_PATTERN_ZONE_ID,
    WEIR_PATTERN_ZONE_NAME,
    WEIR_PATTERN_OFFSET,
    WEIR_PATTERN_OFFSET_NAME, /* GMT+1 */
    WEIR_PATTERN_OPTION,
    WEIR_PATTERN_OPTION_END,
} weir_pattern_kind;

typedef enum weir_pattern_field {
    WEIR_FIELD_ERA,
    WEIR_FIELD_YEAR,
    WEIR_FIELD_YEAR_OF_ERA,
    WEIR_FIELD_QUARTER,
    WEIR_FIELD_MONTH,
    WEIR_FIELD_DAY,
    WEIR_FIELD_DAY_OF_YEAR,
    WEIR_FIELD_DAY_OF_WEEK,
    WEIR_FIELD_ALIGNED_DAY, /* day of week in month, F */
    WEIR_FIELD_JULIAN_DAY,  /* modified julian day, g */
    WEIR_FIELD_AMPM,
    WEIR_FIELD_HOUR,            /* H 0..23 */
    WEIR_FIELD_CLOCK_HOUR,      /* k 1..24 */
    WEIR_FIELD_HOUR_AMPM,       /* K 0..11 */
    WEIR_FIELD_CLOCK_HOUR_AMPM, /* h 1..12 */
    WEIR_FIELD_MINUTE,
    WEIR_FIELD_SECOND,
    WEIR_FIELD_NANO,
    WEIR_FIELD_OFFSET,
    WEIR_FIELD_COUNT
} weir_pattern_field;

typedef enum weir_pattern_sign {
    WEIR_SIGN_NORMAL,
    WEIR_SIGN_NOT_NEGATIVE,
    WEIR_SIGN_EXCEEDS_PAD
} weir_pattern_sign;

typedef struct weir_pattern_element {
    weir_pattern_kind kind;
    weir_pattern_field field;
    weir_pattern_sign sign;
    int8_t width_min, width_max; /* numbers and fractions */
    int32_t subsequent;          /* digits of the fixed numbers behind; -1 = fixed width itself */
    bool full;                   /* TEXT, names: the long form */
    bool generic;                /* ZONE_NAME: "Central Time" */
    int8_t offset_form;          /* java's OffsetId pattern number 1, 3, 4, 5, 6 */
    weir_str text;               /* LITERAL; OFFSET: text of a zero offset */
    int32_t skip;                /* OPTION: index behind its OPTION_END */
} weir_pattern_element;

struct weir_datetime_pattern {
    const weir_pattern_element *elements;
    int32_t count;
};

extern const char *const weir_month_names[13];
extern const char *const weir_day_names[8]; /* 1 = Monday */
extern const char *const weir_quarter_names[5];
extern const char *const weir_era_names[2];

/* zone_name.c: names of a region as Java (CLDR, en_US) prints them; NULL data where it has none. */
typedef enum weir_zone_name_form {
    WEIR_ZONE_NAME_STANDARD,
    WEIR_ZONE_NAME_DAYLIGHT,
    WEIR_ZONE_NAME_GENERIC,
} weir_zone_name_form;
weir_str weir_zone_name_find(weir_str id, weir_zone_name_form form, bool full);
/* The longest zone name that `text` begins with (ASCII case-insensitive): its size, and the region that
 * Java takes it for. 0 where there is none. */
size_t weir_zone_name_match(weir_str text, bool full, weir_str *ret_id);
