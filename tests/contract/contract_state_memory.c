/* The in-memory state store keeps the contract of state stores. */
#include "tests/contract/contract_state.h"

static weir_state_store *make_memory(weir_budget *budget, int32_t from, int32_t to) {
    weir_error *err = NULL;
    weir_state_store *store;
    weir_state_spec spec = {.operator_id = 3,
                            .group_from = from,
                            .group_to = to,
                            .key_schema = WEIR_STR("struct<string>"),
                            .value_schema = WEIR_STR("struct<bigint> count")};
    CHECK_OK(weir_state_store_new(budget, &spec, &store, &err));
    return store;
}

WEIR_CONTRACT_STATE(memory, make_memory)
