/* The registry: the families' arrays in one list, searched by name. */
#include "common/expr/expr_int.h"

typedef struct family {
    const weir_function *functions;
    const int32_t *count;
} family;

#define FAMILY_ENTRY(name) {weir_##name##_functions, &weir_##name##_functions_count},
static const family families[] = {WEIR_FAMILIES(FAMILY_ENTRY)};

const weir_function *weir_function_find(weir_str name) {
    for (size_t f = 0; f < WEIR_ARRAY_LEN(families); f++)
        for (int32_t i = 0; i < *families[f].count; i++)
            if (weir_str_equal_nocase(name, weir_str_from(families[f].functions[i].name)))
                return &families[f].functions[i];
    return NULL;
}

const weir_function *weir_function_at(int32_t index) {
    for (size_t f = 0; f < WEIR_ARRAY_LEN(families); f++) {
        if (index < *families[f].count)
            return index < 0 ? NULL : &families[f].functions[index];
        index -= *families[f].count;
    }
    return NULL;
}
