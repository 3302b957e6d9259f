/* How many of Spark's functions (driver/analyze/spark_functions.def) there are: prints "N of M" and, with
 * FUNCTIONS_SHOW set, the missing ones by name. The number here only grows. */
#include "tests/lib/weir_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/expr/function.h"

/* Made by the analyzer or the grammar, without an entry in the registry. */
static bool is_analyzed(const char *name) {
    static const char *const names[] = {"and", "case", "or", "struct", "when", "window"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

WEIR_TEST(function_coverage, spark_s_functions_are_counted) {
    static const char *const names[] = {
#define SPARK_FUNCTION(text) text,
#include "driver/analyze/spark_functions.def"
#undef SPARK_FUNCTION
    };
    int32_t count = 0, all = (int32_t)WEIR_ARRAY_LEN(names);
    for (int32_t i = 0; i < all; i++) {
        bool there = weir_function_find(weir_str_from(names[i])) || is_analyzed(names[i]);
        count += there;
        if (!there && getenv("FUNCTIONS_SHOW"))
            fprintf(stderr, "%s\n", names[i]);
    }
    fprintf(stderr, "%d of %d functions of Spark\n", count, all);
    cr_expect(count >= 300, "only %d of %d functions", count, all);
}

WEIR_TEST(function_coverage, no_name_stands_twice) {
    for (int32_t i = 0; weir_function_at(i); i++)
        cr_expect(weir_function_find(weir_str_from(weir_function_at(i)->name)) == weir_function_at(i),
                  "%s twice", weir_function_at(i)->name);
}
