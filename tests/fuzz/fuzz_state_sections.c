/* Fuzz target: state sections and objects. The checksums of the input are put right first, so that mutations
 * reach the checks behind them. Whatever comes: an error or a store that scans, never a crash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "executor/state/state_object.h"
#include "executor/state/state_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_u32(uint8_t *at, uint32_t value) {
    memcpy(at, &value, 4);
}

static uint32_t get_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

static void fix_section(uint8_t *bytes, size_t size) {
    if (size < 84)
        return;
    size_t header = get_u32(bytes + 12);
    if (header < 84 || header > size)
        return;
    put_u32(bytes + 52, weir_crc32c(0, bytes + header, size - header));
    put_u32(bytes + header - 4, weir_crc32c(0, bytes, header - 4));
}

static void fix_object(uint8_t *bytes, size_t size) {
    if (size < 28)
        return;
    size_t header = get_u32(bytes + 20), count = get_u32(bytes + 16);
    if (header > size || count > 1000 || header != 24 + 32 * count + 4)
        return;
    for (size_t i = 0; i < count; i++) {
        uint64_t offset, part;
        memcpy(&offset, bytes + 24 + 32 * i + 16, 8);
        memcpy(&part, bytes + 24 + 32 * i + 24, 8);
        if (offset <= size && part <= size - offset)
            put_u32(bytes + 24 + 32 * i + 12, weir_crc32c(0, bytes + offset, part));
    }
    put_u32(bytes + header - 4, weir_crc32c(0, bytes, header - 4));
}

static weir_state_store *new_store(weir_budget *budget, weir_str key_schema, weir_str value_schema,
                                   int32_t id) {
    weir_state_store *store = NULL;
    weir_state_spec spec = {id, 100, 900, key_schema, value_schema};
    if (weir_state_store_new(budget, &spec, &store, NULL) != WEIR_OK)
        abort();
    return store;
}

static void try_section(const uint8_t *bytes, size_t size) {
    weir_budget budget;
    weir_error *err = NULL;
    weir_budget_init(&budget, NULL, 64 << 20);
    weir_state_store *store =
        new_store(&budget, WEIR_STR("struct<string>"), WEIR_STR("struct<bigint> count"), 3);
    if (weir_state_replay(store, (weir_str){(const char *)bytes, size}, "section", &err) == WEIR_OK) {
        weir_str keys[16], values[16];
        int64_t cursor = 0, rows = 0;
        int32_t count;
        do {
            if (weir_state_scan(store, &cursor, 16, keys, values, &count, NULL) != WEIR_OK)
                abort();
            rows += count;
        } while (cursor);
        if (rows != weir_state_rows(store))
            abort();
    }
    weir_error_free(err);
    weir_state_store_free(store);
    if (budget.used != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, data, size);
    if (size >= 4 && memcmp(bytes, "WSO1", 4) == 0) {
        weir_arena *arena = weir_arena_new();
        weir_error *err = NULL;
        weir_state_object object;
        fix_object(bytes, size);
        if (weir_state_object_read(arena, (weir_str){(const char *)bytes, size}, "object", &object, &err) ==
            WEIR_OK) {
            for (int32_t i = 0; i < object.count; i++)
                try_section((const uint8_t *)object.parts[i].section.data, object.parts[i].section.size);
        }
        weir_error_free(err);
        weir_arena_free(arena);
    } else {
        fix_section(bytes, size);
        try_section(bytes, size);
    }
    free(bytes);
    return 0;
}
