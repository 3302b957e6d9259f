/* The state store seam: a versioned map (operator, key group, key bytes) -> value bytes, one store per
 * operator and state partition. The first implementation is an in-memory table with a changelog each
 * epoch and snapshots (memory_state.c); a larger-than-memory one has the same ops later.
 *
 * An epoch opens a copy-on-write view over the committed version; batch put/get/remove go to the view;
 * `changelog` serialises the view's changes; commit folds the view in, abort drops it. Iteration order is
 * (key group, insertion order): the same whatever the number of partitions or executors, also after a
 * restart. Every epoch that runs commits every store, changed or not, so versions count epochs: version
 * N + 1 is the state after batch N. One task thread at a time. Formats: docs/formats/state.md. */
#pragma once

#include "common/base/budget.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/fs/fs.h"

#define WEIR_STATE_GROUPS 1024 /* key groups; fixed in every checkpoint (WEIR_KEY_GROUPS) */

typedef struct weir_state_store weir_state_store;

/* What a store holds. Schemas are the types' texts (struct<...>): another text in a checkpoint is
 * STATE_STORE_KEY/VALUE_SCHEMA_NOT_COMPATIBLE. */
typedef struct weir_state_spec {
    int32_t operator_id;
    int32_t group_from, group_to; /* [from, to) of WEIR_STATE_GROUPS */
    weir_str key_schema, value_schema;
} weir_state_spec;

/* `keys[i]` and `groups[i]` (0..1023) describe entry i. */
typedef struct weir_state_keys {
    const weir_str *keys;
    const int32_t *groups;
    int32_t count;
} weir_state_keys;

/* Texts are copied. Starts empty, at version 0. */
weir_code weir_state_store_new(weir_budget *budget, const weir_state_spec *spec, weir_state_store **ret,
                               weir_error **err);
void weir_state_store_free(weir_state_store *store); /* accepts NULL */
const weir_state_spec *weir_state_store_spec(const weir_state_store *store);

/* values[i].data = NULL where absent; views are valid until the next put, remove, commit or abort. */
weir_code weir_state_get(weir_state_store *store, const weir_state_keys *keys, weir_str *ret_values,
                         weir_error **err);
/* On failure the view is as if part of the batch had been put: abort it. */
weir_code weir_state_put(weir_state_store *store, const weir_state_keys *keys, const weir_str *values,
                         weir_error **err);
weir_code weir_state_remove(weir_state_store *store, const weir_state_keys *keys, weir_error **err);
/* Every live entry of the current view, in iteration order, in runs of up to `max` entries; *cursor
 * starts at 0 and comes back as 0 at the end. No put or remove in between. */
weir_code weir_state_scan(weir_state_store *store, int64_t *cursor, int32_t max, weir_str *ret_keys,
                          weir_str *ret_values, int32_t *ret_count, weir_error **err);
int64_t weir_state_rows(const weir_state_store *store);         /* live in the current view */
int64_t weir_state_bytes(const weir_state_store *store);        /* memory held */
int64_t weir_state_rows_updated(const weir_state_store *store); /* put in the open epoch */
int64_t weir_state_rows_removed(const weir_state_store *store);

/* Appends the open epoch's changes as one self-checking section (CRC32C, key groups, schemas). */
weir_code weir_state_changelog(weir_state_store *store, weir_strbuf *buf, weir_error **err);
void weir_state_commit(weir_state_store *store); /* the view becomes the next version */
void weir_state_abort(weir_state_store *store);  /* back to the version */
/* The committed version as one section (zstd); an open epoch's changes are not in it. */
weir_code weir_state_snapshot(weir_state_store *store, weir_strbuf *buf, weir_error **err);

/* ---- recovery: replay one snapshot (or none) and then every changelog after it, in order ---- */
/* Applies a changelog or snapshot section to the committed version; entries outside the store's groups
 * are skipped, so sections of other partitionings may be given. All or nothing: the section is checked
 * whole before its first entry is applied. CORRUPT_FILE (with `what`, the file's name) for damage and for a
 * changelog that does not continue the version of every key group it covers. */
weir_code weir_state_replay(weir_state_store *store, weir_str section, const char *what, weir_error **err);
/* After the replays: every key group must have reached `version`, else CORRUPT_FILE naming `what`. */
weir_code weir_state_loaded(weir_state_store *store, int64_t version, const char *what, weir_error **err);
int64_t weir_state_version(const weir_state_store *store); /* committed */
