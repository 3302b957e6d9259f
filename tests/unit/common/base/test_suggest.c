/* The nearest known word. */
#include "common/base/suggest.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(suggest, finds_what_was_meant_and_nothing_else) {
    static const char *const known[] = {"format", "schema", "watermark", "options", "outputMode", "name"};
    static const struct {
        const char *word;
        const char *meant; /* NULL = nothing */
    } cases[] = {
        {"fromat", "format"},
        {"formt", "format"},
        {"Format", "format"},
        {"OUTPUTMODE", "outputMode"},
        {"output_mode", "outputMode"},
        {"watermrak", "watermark"},
        {"option", "options"},
        {"nmae", "name"},
        {"sql", NULL},
        {"x", NULL},
        {"", NULL},
        {"checkpointLocation", NULL},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        int32_t near = weir_suggest(weir_str_from(cases[i].word), known, WEIR_ARRAY_LEN(known));
        const char *got = near < 0 ? NULL : known[near];
        cr_expect(got == cases[i].meant || (got && cases[i].meant && strcmp(got, cases[i].meant) == 0),
                  "%s gives %s, not %s", cases[i].word, got ? got : "nothing",
                  cases[i].meant ? cases[i].meant : "nothing");
    }
}
