/* The contract of a state store, as macros that instantiate one suite per implementation:
 *
 *   WEIR_CONTRACT_STATE(memory, make_store)   weir_state_store *make_store(weir_budget *, from, to)
 *
 * Every case compares the store with a model: a list of (group, key, value) in insertion order. */
#pragma once

#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "executor/state/state_store.h"

typedef weir_state_store *(*contract_state_make)(weir_budget *budget, int32_t from, int32_t to);

/* ---- the model ---- */
typedef struct contract_state_entry {
    int32_t group;
    char key[24];
    int64_t value;
} contract_state_entry;

typedef struct contract_state_model {
    contract_state_entry entries[4096];
    int32_t count;
} contract_state_model;

void contract_state_model_put(contract_state_model *model, int32_t group, const char *key, int64_t value);
void contract_state_model_remove(contract_state_model *model, int32_t group, const char *key);
/* The store's scan equals the model's entries with from <= group < to, by (group, insertion). */
void contract_state_check(weir_state_store *store, const contract_state_model *model, int32_t from,
                          int32_t to);
void contract_state_put(weir_state_store *store, int32_t group, const char *key, int64_t value);
void contract_state_remove(weir_state_store *store, int32_t group, const char *key);
/* -1 where absent */
int64_t contract_state_get(weir_state_store *store, int32_t group, const char *key);

/* ---- the cases (contract_state.c) ---- */
void contract_state_put_get_remove(contract_state_make make);
void contract_state_abort_restores(contract_state_make make);
void contract_state_order_is_group_then_insertion(contract_state_make make);
void contract_state_random_epochs_equal_the_model(contract_state_make make);
void contract_state_changelogs_rebuild_the_store(contract_state_make make);
void contract_state_snapshot_and_changelogs_rebuild_any_partitioning(contract_state_make make);
void contract_state_snapshot_leaves_the_open_epoch_out(contract_state_make make);
void contract_state_gaps_and_repeats_are_refused(contract_state_make make);
void contract_state_other_schemas_and_operators_are_refused(contract_state_make make);
void contract_state_damage_is_refused_and_changes_nothing(contract_state_make make);
void contract_state_refused_memory_aborts_cleanly(contract_state_make make);
void contract_state_counts_rows_and_memory(contract_state_make make);

#define WEIR_CONTRACT_STATE_CASE(impl, name, make) \
    WEIR_TEST(state_##impl, name) { \
        contract_state_##name(make); \
    }
#define WEIR_CONTRACT_STATE(impl, make) \
    WEIR_CONTRACT_STATE_CASE(impl, put_get_remove, make) \
    WEIR_CONTRACT_STATE_CASE(impl, abort_restores, make) \
    WEIR_CONTRACT_STATE_CASE(impl, order_is_group_then_insertion, make) \
    WEIR_CONTRACT_STATE_CASE(impl, random_epochs_equal_the_model, make) \
    WEIR_CONTRACT_STATE_CASE(impl, changelogs_rebuild_the_store, make) \
    WEIR_CONTRACT_STATE_CASE(impl, snapshot_and_changelogs_rebuild_any_partitioning, make) \
    WEIR_CONTRACT_STATE_CASE(impl, snapshot_leaves_the_open_epoch_out, make) \
    WEIR_CONTRACT_STATE_CASE(impl, gaps_and_repeats_are_refused, make) \
    WEIR_CONTRACT_STATE_CASE(impl, other_schemas_and_operators_are_refused, make) \
    WEIR_CONTRACT_STATE_CASE(impl, damage_is_refused_and_changes_nothing, make) \
    WEIR_CONTRACT_STATE_CASE(impl, refused_memory_aborts_cleanly, make) \
    WEIR_CONTRACT_STATE_CASE(impl, counts_rows_and_memory, make)
