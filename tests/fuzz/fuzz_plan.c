/* Plan bytes from the wire: decoding checks every length, kind, type and constant. */
#include "common/plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    weir_node *node;
    if (weir_node_decode(arena, weir_str_make((const char *)data, size), &node, &err) == WEIR_OK) {
        weir_strbuf printed = {0};
        weir_node_print(&printed, node);
        weir_strbuf_fini(&printed);
    }
    weir_error_free(err);
    weir_arena_free(arena);
    return 0;
}
