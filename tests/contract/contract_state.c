/* The cases of the state store contract (contract_state.h). */
#include "tests/contract/contract_state.h"

#include "common/base/alloc.h"

/* ---- the model ---- */

static contract_state_entry *model_find(contract_state_model *model, int32_t group, const char *key) {
    for (int32_t i = 0; i < model->count; i++) {
        if (model->entries[i].group == group && strcmp(model->entries[i].key, key) == 0)
            return &model->entries[i];
    }
    return NULL;
}

void contract_state_model_put(contract_state_model *model, int32_t group, const char *key, int64_t value) {
    contract_state_entry *entry = model_find(model, group, key);
    if (!entry) {
        cr_assert(model->count < (int32_t)WEIR_ARRAY_LEN(model->entries));
        entry = &model->entries[model->count++];
        entry->group = group;
        snprintf(entry->key, sizeof entry->key, "%s", key);
    }
    entry->value = value;
}

void contract_state_model_remove(contract_state_model *model, int32_t group, const char *key) {
    contract_state_entry *entry = model_find(model, group, key);
    if (!entry)
        return;
    memmove(entry, entry + 1, sizeof(*entry) * (size_t)(model->entries + model->count - entry - 1));
    model->count--;
}

static int64_t number_of(weir_str value) {
    int64_t number;
    cr_assert(value.size == sizeof number);
    memcpy(&number, value.data, sizeof number);
    return number;
}

void contract_state_check(weir_state_store *store, const contract_state_model *model, int32_t from,
                          int32_t to) {
    weir_error *err = NULL;
    weir_str keys[7], values[7];
    int32_t count = 0, at = 0, rows = 0;
    int64_t cursor = 0;
    for (int32_t group = from; group < to; group++) {
        for (int32_t i = 0; i < model->count; i++) {
            const contract_state_entry *entry = &model->entries[i];
            if (entry->group != group)
                continue;
            while (at == count) {
                cr_assert(rows == 0 || cursor != 0, "the scan ends before key %s", entry->key);
                CHECK_OK(weir_state_scan(store, &cursor, 7, keys, values, &count, &err));
                at = 0;
                cr_assert(count > 0 || cursor != 0, "the scan ends before key %s", entry->key);
            }
            cr_assert(weir_str_equal(keys[at], weir_str_from(entry->key)), "%.*s where %s should be",
                      WEIR_STR_ARG(keys[at]), entry->key);
            cr_assert(number_of(values[at]) == entry->value);
            at++;
            rows++;
        }
    }
    while (at == count && cursor) {
        CHECK_OK(weir_state_scan(store, &cursor, 7, keys, values, &count, &err));
        at = 0;
    }
    cr_assert(at == count && cursor == 0, "the scan gives more than the model has");
    cr_assert(weir_state_rows(store) == rows);
}

void contract_state_put(weir_state_store *store, int32_t group, const char *key, int64_t value) {
    weir_error *err = NULL;
    weir_str keys[] = {weir_str_from(key)}, values[] = {{(const char *)&value, sizeof value}};
    CHECK_OK(weir_state_put(store, &(weir_state_keys){keys, &group, 1}, values, &err));
}

void contract_state_remove(weir_state_store *store, int32_t group, const char *key) {
    weir_error *err = NULL;
    weir_str keys[] = {weir_str_from(key)};
    CHECK_OK(weir_state_remove(store, &(weir_state_keys){keys, &group, 1}, &err));
}

int64_t contract_state_get(weir_state_store *store, int32_t group, const char *key) {
    weir_error *err = NULL;
    weir_str keys[] = {weir_str_from(key)}, values[1];
    CHECK_OK(weir_state_get(store, &(weir_state_keys){keys, &group, 1}, values, &err));
    return values[0].data ? number_of(values[0]) : -1;
}

static uint32_t next_random(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* One random epoch on store and model: `changes` puts and removes over 300 keys in 40 groups. */
static void random_epoch(weir_state_store *store, contract_state_model *model, int32_t changes,
                         uint32_t *seed) {
    contract_state_model *before = malloc(sizeof *before);
    *before = *model;
    for (int32_t i = 0; i < changes; i++) {
        uint32_t random = next_random(seed);
        char key[24];
        int32_t group = (int32_t)(random % 300 % 40) * 25;
        snprintf(key, sizeof key, "key%u", random % 300);
        if (random >> 16 & 1 || random >> 17 & 1) {
            contract_state_put(store, group, key, (int64_t)(random >> 8));
            contract_state_model_put(model, group, key, (int64_t)(random >> 8));
        } else {
            contract_state_remove(store, group, key);
            /* A key that comes back in its epoch keeps its place: the model must know. */
            contract_state_entry *entry = model_find(model, group, key);
            if (entry && model_find(before, group, key))
                entry->value = -1;
            else if (entry)
                entry->value = -2;
        }
    }
    for (int32_t i = 0; i < model->count;) {
        if (model->entries[i].value < 0)
            contract_state_model_remove(model, model->entries[i].group, model->entries[i].key);
        else
            i++;
    }
    free(before);
}

/* ---- the cases ---- */

void contract_state_put_get_remove(contract_state_make make) {
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    cr_assert(contract_state_get(store, 5, "a") == -1);
    contract_state_put(store, 5, "a", 1);
    contract_state_put(store, 5, "", 2);
    contract_state_put(store, 6, "a", 3);
    cr_assert(contract_state_get(store, 5, "a") == 1 && contract_state_get(store, 5, "") == 2);
    cr_assert(contract_state_get(store, 6, "a") == 3);
    contract_state_put(store, 5, "a", 4);
    weir_state_commit(store);
    cr_assert(contract_state_get(store, 5, "a") == 4);
    contract_state_remove(store, 5, "a");
    contract_state_remove(store, 5, "never there");
    cr_assert(contract_state_get(store, 5, "a") == -1 && weir_state_rows(store) == 2);
    weir_state_commit(store);
    cr_assert(contract_state_get(store, 5, "a") == -1 && contract_state_get(store, 6, "a") == 3);
    cr_assert(weir_state_version(store) == 2);
    weir_state_store_free(store);
}

void contract_state_abort_restores(contract_state_make make) {
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    contract_state_model model = {.count = 0};
    uint32_t seed = 7;
    random_epoch(store, &model, 200, &seed);
    weir_state_commit(store);
    contract_state_model *aborted = malloc(sizeof *aborted);
    for (int i = 0; i < 5; i++) {
        *aborted = model;
        random_epoch(store, aborted, 300, &seed);
        weir_state_abort(store);
        contract_state_check(store, &model, 0, WEIR_STATE_GROUPS);
    }
    free(aborted);
    cr_assert(weir_state_version(store) == 1 && weir_state_rows_updated(store) == 0);
    weir_state_store_free(store);
}

void contract_state_order_is_group_then_insertion(contract_state_make make) {
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    contract_state_model model = {.count = 0};
    static const struct {
        int32_t group;
        const char *key;
    } puts[] = {{900, "z"}, {3, "b"}, {3, "a"}, {1023, "m"}, {0, "q"}, {3, "c"}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(puts); i++) {
        contract_state_put(store, puts[i].group, puts[i].key, (int64_t)i);
        contract_state_model_put(&model, puts[i].group, puts[i].key, (int64_t)i);
    }
    contract_state_check(store, &model, 0, WEIR_STATE_GROUPS);
    weir_state_commit(store);
    contract_state_remove(store, 3, "b"); /* comes back in its epoch: keeps its place */
    contract_state_put(store, 3, "b", 10);
    contract_state_model_put(&model, 3, "b", 10);
    contract_state_check(store, &model, 0, WEIR_STATE_GROUPS);
    weir_state_commit(store);
    contract_state_remove(store, 3, "b");
    contract_state_model_remove(&model, 3, "b");
    weir_state_commit(store);
    contract_state_put(store, 3, "b", 11); /* a new key: last */
    contract_state_model_put(&model, 3, "b", 11);
    contract_state_check(store, &model, 0, WEIR_STATE_GROUPS);
    weir_state_store_free(store);
}

void contract_state_random_epochs_equal_the_model(contract_state_make make) {
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    contract_state_model model = {.count = 0};
    uint32_t seed = 42;
    for (int32_t epoch = 0; epoch < 30; epoch++) {
        random_epoch(store, &model, 100, &seed);
        contract_state_check(store, &model, 0, WEIR_STATE_GROUPS);
        weir_state_commit(store);
        contract_state_check(store, &model, 0, WEIR_STATE_GROUPS);
    }
    weir_state_store_free(store);
}

void contract_state_changelogs_rebuild_the_store(contract_state_make make) {
    weir_error *err = NULL;
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS), *again = make(NULL, 0, WEIR_STATE_GROUPS);
    contract_state_model model = {.count = 0};
    uint32_t seed = 9;
    for (int32_t epoch = 0; epoch < 12; epoch++) {
        weir_strbuf log = {0};
        if (epoch != 5) /* an epoch without changes */
            random_epoch(store, &model, 150, &seed);
        CHECK_OK(weir_state_changelog(store, &log, &err));
        weir_state_commit(store);
        CHECK_OK(weir_state_replay(again, weir_strbuf_view(&log), "log", &err));
        contract_state_check(again, &model, 0, WEIR_STATE_GROUPS);
        weir_strbuf_fini(&log);
    }
    CHECK_OK(weir_state_loaded(again, 12, "log", &err));
    weir_strbuf one = {0}, two = {0};
    CHECK_OK(weir_state_snapshot(store, &one, &err));
    CHECK_OK(weir_state_snapshot(again, &two, &err));
    cr_assert(weir_str_equal(weir_strbuf_view(&one), weir_strbuf_view(&two)), "snapshots differ");
    weir_strbuf_fini(&one);
    weir_strbuf_fini(&two);
    weir_state_store_free(store);
    weir_state_store_free(again);
}

/* Two stores [0, 400) and [400, 1024) run; a snapshot of one and changelogs of both load into [100, 800). */
void contract_state_snapshot_and_changelogs_rebuild_any_partitioning(contract_state_make make) {
    weir_error *err = NULL;
    weir_state_store *low = make(NULL, 0, 400), *high = make(NULL, 400, WEIR_STATE_GROUPS);
    weir_state_store *other = make(NULL, 100, 800);
    contract_state_model model = {.count = 0};
    weir_strbuf snapshot = {0}, logs[20] = {{0}};
    int32_t logs_count = 0;
    uint32_t seed = 3;
    for (int32_t epoch = 0; epoch < 8; epoch++) {
        for (int32_t i = 0; i < 60; i++) {
            uint32_t random = next_random(&seed);
            char key[24];
            int32_t group = (int32_t)(random % 200 * 37 % WEIR_STATE_GROUPS);
            snprintf(key, sizeof key, "key%u", random % 200);
            contract_state_put(group < 400 ? low : high, group, key, epoch * 1000 + i);
            contract_state_model_put(&model, group, key, epoch * 1000 + i);
        }
        if (epoch >= 5)
            CHECK_OK(weir_state_changelog(low, &logs[logs_count++], &err));
        CHECK_OK(weir_state_changelog(high, &logs[logs_count++], &err));
        weir_state_commit(low);
        weir_state_commit(high);
        if (epoch == 4)
            CHECK_OK(weir_state_snapshot(low, &snapshot, &err));
    }
    CHECK_OK(weir_state_replay(other, weir_strbuf_view(&snapshot), "snapshot", &err));
    for (int32_t i = 0; i < logs_count; i++)
        CHECK_OK(weir_state_replay(other, weir_strbuf_view(&logs[i]), "log", &err));
    CHECK_OK(weir_state_loaded(other, 8, "state", &err));
    contract_state_check(other, &model, 100, 800);
    weir_strbuf_fini(&snapshot);
    for (int32_t i = 0; i < logs_count; i++)
        weir_strbuf_fini(&logs[i]);
    weir_state_store_free(low);
    weir_state_store_free(high);
    weir_state_store_free(other);
}

void contract_state_snapshot_leaves_the_open_epoch_out(contract_state_make make) {
    weir_error *err = NULL;
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS), *again = make(NULL, 0, WEIR_STATE_GROUPS);
    contract_state_model model = {.count = 0};
    contract_state_put(store, 1, "kept", 1);
    contract_state_put(store, 1, "removed", 2);
    contract_state_model_put(&model, 1, "kept", 1);
    contract_state_model_put(&model, 1, "removed", 2);
    weir_state_commit(store);
    contract_state_put(store, 1, "kept", 9);
    contract_state_put(store, 1, "new", 9);
    contract_state_remove(store, 1, "removed");
    weir_strbuf snapshot = {0};
    CHECK_OK(weir_state_snapshot(store, &snapshot, &err));
    CHECK_OK(weir_state_replay(again, weir_strbuf_view(&snapshot), "snapshot", &err));
    contract_state_check(again, &model, 0, WEIR_STATE_GROUPS);
    cr_assert(contract_state_get(store, 1, "kept") == 9);
    weir_strbuf_fini(&snapshot);
    weir_state_store_free(store);
    weir_state_store_free(again);
}

/* Sections of `epochs` epochs with one put each, and a snapshot after the last. */
static void sections(contract_state_make make, int32_t epochs, weir_strbuf *logs, weir_strbuf *snapshot) {
    weir_error *err = NULL;
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    for (int32_t i = 0; i < epochs; i++) {
        char key[24];
        snprintf(key, sizeof key, "key%d", i);
        contract_state_put(store, i * 17, key, i);
        if (i == 2)
            contract_state_remove(store, 0, "key0");
        CHECK_OK(weir_state_changelog(store, &logs[i], &err));
        weir_state_commit(store);
    }
    CHECK_OK(weir_state_snapshot(store, snapshot, &err));
    weir_state_store_free(store);
}

void contract_state_gaps_and_repeats_are_refused(contract_state_make make) {
    weir_error *err = NULL;
    weir_strbuf logs[4] = {{0}}, snapshot = {0};
    sections(make, 4, logs, &snapshot);
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    CHECK_FAILS(CORRUPT_FILE, weir_state_replay(store, weir_strbuf_view(&logs[1]), "logs/1", &err));
    CHECK_OK(weir_state_replay(store, weir_strbuf_view(&logs[0]), "logs/0", &err));
    CHECK_FAILS(CORRUPT_FILE, weir_state_replay(store, weir_strbuf_view(&logs[0]), "logs/0", &err));
    CHECK_FAILS(CORRUPT_FILE, weir_state_replay(store, weir_strbuf_view(&logs[2]), "logs/2", &err));
    CHECK_FAILS(CORRUPT_FILE, weir_state_replay(store, weir_strbuf_view(&snapshot), "snapshot", &err));
    CHECK_FAILS(CORRUPT_FILE, weir_state_loaded(store, 4, "state", &err));
    CHECK_OK(weir_state_replay(store, weir_strbuf_view(&logs[1]), "logs/1", &err));
    CHECK_OK(weir_state_loaded(store, 2, "state", &err));
    cr_assert(contract_state_get(store, 17, "key1") == 1 && weir_state_rows(store) == 2);
    for (int i = 0; i < 4; i++)
        weir_strbuf_fini(&logs[i]);
    weir_strbuf_fini(&snapshot);
    weir_state_store_free(store);
}

void contract_state_other_schemas_and_operators_are_refused(contract_state_make make) {
    weir_error *err = NULL;
    weir_strbuf logs[1] = {{0}}, snapshot = {0};
    sections(make, 1, logs, &snapshot);
    weir_state_store *model = make(NULL, 0, WEIR_STATE_GROUPS), *store;
    const struct {
        weir_state_spec spec;
        weir_code code;
    } others[] = {
        {{7, 0, 1024, WEIR_STR("struct<string>"), WEIR_STR("struct<bigint> count")}, WEIR_CORRUPT_FILE},
        {{weir_state_store_spec(model)->operator_id, 0, 1024, WEIR_STR("struct<int>"),
          weir_state_store_spec(model)->value_schema},
         WEIR_STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE},
        {{weir_state_store_spec(model)->operator_id, 0, 1024, weir_state_store_spec(model)->key_schema,
          WEIR_STR("struct<int>")},
         WEIR_STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(others); i++) {
        CHECK_OK(weir_state_store_new(NULL, &others[i].spec, &store, &err));
        cr_assert(weir_state_replay(store, weir_strbuf_view(&logs[0]), "log", &err) == others[i].code);
        weir_error_free_ptr(&err);
        err = NULL;
        cr_assert(weir_state_rows(store) == 0);
        weir_state_store_free(store);
    }
    weir_state_store_free(model);
    weir_strbuf_fini(&logs[0]);
    weir_strbuf_fini(&snapshot);
}

/* Every truncation and every flipped bit position of both kinds of section, in blocks of their own for asan.
 */
void contract_state_damage_is_refused_and_changes_nothing(contract_state_make make) {
    weir_error *err = NULL;
    weir_strbuf logs[3] = {{0}}, snapshot = {0};
    sections(make, 3, logs, &snapshot);
    const weir_strbuf *all[] = {&logs[0], &snapshot};
    for (size_t s = 0; s < WEIR_ARRAY_LEN(all); s++) {
        weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
        for (size_t size = 0; size < all[s]->size; size++) {
            char *copy = malloc(size + 1);
            memcpy(copy, all[s]->data, size);
            CHECK_FAILS(CORRUPT_FILE, weir_state_replay(store, (weir_str){copy, size}, "cut", &err));
            free(copy);
        }
        for (size_t bit = 0; bit < 8 * all[s]->size; bit++) {
            char *copy = malloc(all[s]->size);
            memcpy(copy, all[s]->data, all[s]->size);
            copy[bit / 8] ^= (char)(1u << bit % 8);
            CHECK_FAILS(CORRUPT_FILE,
                        weir_state_replay(store, (weir_str){copy, all[s]->size}, "flipped", &err));
            free(copy);
        }
        char *longer = malloc(all[s]->size + 1);
        memcpy(longer, all[s]->data, all[s]->size);
        longer[all[s]->size] = 0;
        CHECK_FAILS(CORRUPT_FILE,
                    weir_state_replay(store, (weir_str){longer, all[s]->size + 1}, "longer", &err));
        free(longer);
        cr_assert(weir_state_rows(store) == 0);
        CHECK_OK(weir_state_replay(store, weir_strbuf_view(all[s]), "whole", &err));
        weir_state_store_free(store);
    }
    for (int i = 0; i < 3; i++)
        weir_strbuf_fini(&logs[i]);
    weir_strbuf_fini(&snapshot);
}

/* Puts many keys under growing budgets: each refusal is OUT_OF_MEMORY and an abort brings the version back.
 */
void contract_state_refused_memory_aborts_cleanly(contract_state_make make) {
    weir_error *err = NULL;
    for (int64_t limit = 200000; limit < 4000000; limit = limit * 5 / 4) {
        weir_budget budget;
        weir_budget_init(&budget, NULL, limit);
        weir_state_store *store = make(&budget, 0, WEIR_STATE_GROUPS);
        weir_code code = WEIR_OK;
        contract_state_put(store, 1, "before", 1);
        weir_state_commit(store);
        for (int32_t i = 0; i < 5000 && code == WEIR_OK; i++) {
            char text[600];
            snprintf(text, sizeof text, "%0*d", i % 50 == 0 ? 550 : 10, i);
            weir_str key = weir_str_from(text);
            int32_t group = i % WEIR_STATE_GROUPS;
            code = weir_state_put(store, &(weir_state_keys){&key, &group, 1}, &key, &err);
        }
        if (code == WEIR_OK)
            limit = INT64_MAX / 2;
        cr_assert(code == WEIR_OK || code == WEIR_OUT_OF_MEMORY);
        weir_error_free_ptr(&err);
        err = NULL;
        weir_state_abort(store);
        cr_assert(weir_state_rows(store) == 1 && contract_state_get(store, 1, "before") == 1);
        weir_state_store_free(store);
        cr_assert(budget.used == 0, "%lld bytes stay charged", (long long)budget.used);
        if (code == WEIR_OK)
            return;
    }
    cr_assert(false, "5000 keys never fitted");
}

void contract_state_counts_rows_and_memory(contract_state_make make) {
    weir_state_store *store = make(NULL, 0, WEIR_STATE_GROUPS);
    contract_state_put(store, 1, "a", 1);
    contract_state_put(store, 1, "b", 1);
    contract_state_put(store, 1, "b", 2);
    cr_assert(weir_state_rows(store) == 2 && weir_state_rows_updated(store) == 2);
    cr_assert(weir_state_rows_removed(store) == 0);
    weir_state_commit(store);
    cr_assert(weir_state_rows_updated(store) == 0);
    contract_state_put(store, 1, "a", 5);
    contract_state_remove(store, 1, "b");
    contract_state_put(store, 1, "c", 1);
    contract_state_remove(store, 1, "c");
    cr_assert(weir_state_rows(store) == 1 && weir_state_rows_updated(store) == 1);
    cr_assert(weir_state_rows_removed(store) == 1);
    weir_state_abort(store);
    int64_t empty = weir_state_bytes(store);
    char key[32];
    for (int32_t i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "a key of 20 b %06d", i);
        contract_state_put(store, i % WEIR_STATE_GROUPS, key, i);
    }
    weir_state_commit(store);
    int64_t each = (weir_state_bytes(store) - empty) / 20000;
    cr_assert(each < 139, "%lld bytes a key", (long long)each); /* 180,000 keys in 25 MB */
    weir_state_store_free(store);
}
