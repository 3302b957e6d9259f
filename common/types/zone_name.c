/* Names of time zones as Java prints and reads them ("CDT", "Central Daylight Time"), from a generated
 * table. Any thread. */
#include "common/types/zone_name_int.h"

#include "common/types/datetime_pattern_int.h"

weir_str weir_zone_name_find(weir_str id, weir_zone_name_form form, bool full) {
    int32_t low = 0, high = weir_zone_name_regions_count;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        int order = weir_str_compare(weir_str_from(weir_zone_name_regions[middle].id), id);
        if (order == 0) {
            const weir_zone_name_set *set = &weir_zone_name_sets[weir_zone_name_regions[middle].set];
            return weir_str_from(full ? set->long_names[form] : set->short_names[form]);
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (weir_str){0};
}

size_t weir_zone_name_match(weir_str text, bool full, weir_str *ret_id) {
    const weir_zone_name_text *texts = full ? weir_zone_name_long_texts : weir_zone_name_short_texts;
    int32_t count = full ? weir_zone_name_long_count : weir_zone_name_short_count;
    size_t best = 0;
    for (int32_t i = 0; i < count; i++) {
        weir_str name = weir_str_from(texts[i].name);
        if (name.size > best && name.size <= text.size &&
            weir_str_equal_nocase(name, weir_str_make(text.data, name.size))) {
            best = name.size;
            *ret_id = weir_str_from(weir_zone_name_regions[texts[i].region].id);
        }
    }
    return best;
}
