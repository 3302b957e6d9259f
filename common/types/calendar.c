/* The proleptic Gregorian calendar: days since 1970-01-01 to year, month, day and back, by the integer
 * arithmetic of Neri and Schneider (years shifted to start in March, eras of 400 years). Any thread. */
#include "common/types/datetime.h"

/* Shift so that every int32 day and a good deal of int64 days become non-negative: a multiple of 400
 * years. */
#define ERA_DAYS 146097
#define SHIFT_ERAS 14705
#define SHIFT_DAYS (719468 + (int64_t)SHIFT_ERAS * ERA_DAYS)

void weir_date_to_civil(int64_t days, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day) {
    uint64_t n = (uint64_t)(days + SHIFT_DAYS);
    /* century and day of century */
    uint64_t n1 = 4 * n + 3;
    uint64_t century = n1 / ERA_DAYS;
    uint32_t day_of_century = (uint32_t)(n1 % ERA_DAYS) / 4;
    /* year of century and day of year */
    uint32_t n2 = 4 * day_of_century + 3;
    uint64_t p2 = (uint64_t)2939745 * n2;
    uint32_t year_of_century = (uint32_t)(p2 >> 32);
    uint32_t day_of_year = (uint32_t)p2 / 2939745 / 4;
    /* month and day, March first */
    uint32_t n3 = 2141 * day_of_year + 197913;
    uint32_t month = n3 >> 16, day = (n3 & 0xFFFF) / 2141;
    uint32_t next_year = day_of_year >= 306;
    *ret_year = (int32_t)((int64_t)(100 * century + year_of_century) - (int64_t)SHIFT_ERAS * 400 + next_year);
    *ret_month = (int32_t)(next_year ? month - 12 : month);
    *ret_day = (int32_t)(day + 1);
}

int64_t weir_date_from_civil(int32_t year, int32_t month, int32_t day) {
    uint32_t before_march = month <= 2;
    uint64_t y = (uint64_t)((int64_t)year + (int64_t)SHIFT_ERAS * 400 * 100 - before_march);
    uint32_t m = before_march ? (uint32_t)month + 12 : (uint32_t)month;
    uint64_t century = y / 100;
    uint64_t year_days = 1461 * y / 4 - century + century / 4;
    uint32_t month_days = (979 * m - 2919) / 32;
    return (int64_t)(year_days + month_days) + day - 1 - (719468 + (int64_t)SHIFT_ERAS * 100 * ERA_DAYS);
}

bool weir_year_is_leap(int32_t year) {
    return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t weir_days_in_month(int32_t year, int32_t month) {
    static const int8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && weir_year_is_leap(year) ? 29 : days[month];
}

void weir_instant_text(weir_strbuf *buf, int64_t micros) {
    int32_t year, month, day;
    int64_t ms = weir_floor_div(micros, 1000);
    int64_t of_day = weir_floor_mod(ms, 86400000);
    weir_date_to_civil(weir_floor_div(ms, 86400000), &year, &month, &day);
    weir_strbuf_addf(buf, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, (int)(of_day / 3600000),
                     (int)(of_day / 60000 % 60), (int)(of_day / 1000 % 60), (int)(of_day % 1000));
}
