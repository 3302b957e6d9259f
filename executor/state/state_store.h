/* The state store seam: a versioned map (operator, key group, key bytes) -> value bytes, one store per
 * operator and state partition. The first implementation is an in-memory table with a changelog each
 * epoch and snapshots (memory_state.c); a larger-than-memory one has the same ops later.
 *
 * An epoch opens a copy-on-write view over the committed version; batch put/get/remove go to the view;
 * `changelog` serialises the view's changes; commit folds the view in, abort drops it. Iteration order is
 * (key group, insertion order): the same whatever the number of partitions or executors, also after a
 * restart. One task thread at a time. Formats: docs/formats/state.md. */
#pragma once

#include "common/base/budget.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/fs/fs.h"

typedef struct weir_state_store weir_state_store;

/* `keys[i]` and `groups[i]` (0..1023) describe entry i. */
typedef struct weir_state_keys {
    const weir_str *keys;
    const int32_t *groups;
    int32_t count;
} weir_state_keys;

weir_code weir_state_store_new(weir_budget *budget, int32_t group_from, int32_t group_to,
                               weir_state_store **ret, weir_error **err);
void weir_state_store_free(weir_state_store *store); /* accepts NULL */

/* values[i].data = NULL where absent; views are valid until the next put, commit or abort. */
weir_code weir_state_get(weir_state_store *store, const weir_state_keys *keys, weir_str *ret_values,
                         weir_error **err);
weir_code weir_state_put(weir_state_store *store, const weir_state_keys *keys, const weir_str *values,
                         weir_error **err);
weir_code weir_state_remove(weir_state_store *store, const weir_state_keys *keys, weir_error **err);
/* Every live entry of the current view, in iteration order, in runs of up to `max` entries; *cursor
 * starts at 0 and comes back as 0 at the end. */
weir_code weir_state_scan(weir_state_store *store, int64_t *cursor, int32_t max, weir_str *ret_keys,
                          weir_str *ret_values, int32_t *ret_count, weir_error **err);
int64_t weir_state_rows(const weir_state_store *store);        /* live in the current view */
int64_t weir_state_bytes(const weir_state_store *store);       /* memory held */
int64_t weir_state_rows_updated(const weir_state_store *store); /* changed in the open epoch */
int64_t weir_state_rows_removed(const weir_state_store *store);

/* Appends the open epoch's changes as one self-checking section (CRC32C, key groups, schema id). */
weir_code weir_state_changelog(weir_state_store *store, weir_strbuf *buf, weir_error **err);
void weir_state_commit(weir_state_store *store); /* the view becomes the version */
void weir_state_abort(weir_state_store *store);  /* back to the version */
/* Replays a changelog or snapshot section (entries outside the store's groups are skipped) into the
 * committed version. `what` is the file's name for errors. */
weir_code weir_state_replay(weir_state_store *store, weir_str section, const char *what, weir_error **err);
weir_code weir_state_snapshot(weir_state_store *store, weir_strbuf *buf, weir_error **err);
