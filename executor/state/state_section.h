/* State sections: the changes of one epoch (changelog) or all entries (snapshot) of one store as
 * self-checking bytes. Layout: docs/formats/state.md. Pure functions; any thread. */
#pragma once

#include "common/base/buffer.h"
#include "executor/state/state_store.h"

typedef enum weir_state_section_kind {
    WEIR_STATE_CHANGELOG = 1,
    WEIR_STATE_SNAPSHOT = 2
} weir_state_section_kind;

/* ---- writing: entries in key-group order ---- */
typedef struct weir_state_section_group {
    uint32_t group;
    uint32_t entries;
    uint64_t offset; /* in the raw payload */
} weir_state_section_group;

typedef struct weir_state_writer {
    weir_strbuf payload;
    weir_state_section_group *groups; /* groups_count used of WEIR_STATE_GROUPS */
    int32_t groups_count;
    uint64_t entries;
} weir_state_writer;

void weir_state_writer_init(weir_state_writer *writer);
void weir_state_writer_fini(weir_state_writer *writer);
/* value.data NULL = removed (changelogs only). Groups must not go back. */
void weir_state_writer_add(weir_state_writer *writer, int32_t group, weir_str key, weir_str value);
/* Appends the section; snapshots are compressed. */
weir_code weir_state_writer_finish(weir_state_writer *writer, weir_state_section_kind kind,
                                   const weir_state_spec *spec, int64_t base_version, int64_t version,
                                   weir_strbuf *buf, weir_error **err);

/* ---- reading ---- */
typedef struct weir_state_section {
    weir_state_section_kind kind;
    weir_state_spec spec; /* texts point into the section's bytes */
    int64_t base_version, version;
    int64_t entries;
    int32_t groups_count;
    const uint8_t *groups; /* index: 16 bytes a group */
    weir_str payload;      /* raw */
    weir_buffer *raw;      /* owner of a decompressed payload, or NULL */
} weir_state_section;

/* Checks everything (sizes, checksums, index, every entry); CORRUPT_FILE with `what`. Borrows `bytes`. */
weir_code weir_state_section_parse(weir_str bytes, const char *what, weir_budget *budget,
                                   weir_state_section *ret, weir_error **err);
void weir_state_section_fini(weir_state_section *section);
/* Calls back for every entry in order; value.data NULL = removed. */
weir_code weir_state_section_each(const weir_state_section *section,
                                  weir_code (*each)(void *data, int32_t group, weir_str key, weir_str value,
                                                    weir_error **err),
                                  void *data, weir_error **err);
