/* DDL and JSON schemas: no crash, and what is accepted is printed and read back as the same type. */
#include <stdint.h>
#include <stdlib.h>

#include "common/types/types.h"

static void check(int holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    const weir_type *type = NULL, *again = NULL;
    weir_strbuf text = {0};
    weir_str input = weir_str_make((const char *)data, size);
    if (weir_schema_parse(arena, input, &type, &err) == WEIR_OK) {
        weir_type_json(&text, type);
        check(weir_type_parse_json(arena, weir_strbuf_view(&text), &again, &err) == WEIR_OK);
        check(weir_type_equal(type, again));
        weir_strbuf_clear(&text);
        weir_type_sql(&text, type);
        weir_type_tree(&text, type);
    } else {
        check(err != NULL);
    }
    weir_error_free_ptr(&err);
    if (weir_type_parse(arena, input, &type, NULL) == WEIR_OK) {
        weir_strbuf_clear(&text);
        weir_type_simple(&text, type);
    }
    weir_strbuf_fini(&text);
    weir_arena_free(arena);
    return 0;
}
