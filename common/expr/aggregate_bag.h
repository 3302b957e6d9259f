/* A bag of encoded values per group: what collect_list, collect_set and mode keep. Private to the folder.
 *
 *   entry   u32 size | [i64 count] | value form, size bytes | [key form, size bytes]
 *
 * A list keeps every value in its order. A set keeps one entry a value, a counting bag one with its count:
 * both take values in as they come and are thinned out whenever they have doubled, so that a group holds at
 * most twice what it needs. The key form is there where it differs from the value form (types with
 * floating-point numbers). One task thread. */
#pragma once

#include "common/column/row_codec.h"
#include "common/expr/aggregate_int.h"

typedef enum weir_bag_kind { WEIR_BAG_LIST, WEIR_BAG_SET, WEIR_BAG_COUNTS } weir_bag_kind;

typedef struct weir_bag {
    weir_budget *budget;
    const weir_type *type; /* of the values */
    weir_bag_kind kind;
    bool keyed;             /* entries have a key form */
    weir_cells cells;       /* entries, back to back */
    weir_group_array limit; /* uint32_t: the size at which the group is thinned out next */
    weir_rows rows, keys;
} weir_bag;

typedef struct weir_bag_entry {
    weir_str value, key; /* key: the value where the bag has no keys */
    int64_t count;
} weir_bag_entry;

void weir_bag_init(weir_bag *bag, weir_budget *budget, const weir_type *type, weir_bag_kind kind);
void weir_bag_fini(weir_bag *bag);
bool weir_bag_resize(weir_bag *bag, int32_t groups_count);
/* Adds the values of the selected rows that are not NULL. */
weir_code weir_bag_update(weir_bag *bag, weir_column *column, const weir_sel *sel, const int32_t *groups,
                          weir_error **err);
/* Adds the entries of another bag's groups: a BINARY column. */
weir_code weir_bag_merge(weir_bag *bag, const weir_column *states, const weir_sel *sel, const int32_t *groups,
                         weir_error **err);
/* Before states and finish: what is there twice goes. */
weir_code weir_bag_thin_all(weir_bag *bag, int32_t from, int32_t count, weir_error **err);
/* The entry at `*at`, which moves on; false at the end. */
bool weir_bag_next(const weir_bag *bag, weir_str cell, size_t *at, weir_bag_entry *ret);
weir_code weir_bag_refused(const weir_bag *bag, weir_error **err);
