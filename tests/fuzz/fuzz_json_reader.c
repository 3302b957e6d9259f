/* The JSON reader on arbitrary bytes: the first byte picks a schema and options, the second a chunk size.
 * Whatever the bytes are, the fast path and the pull parser must give the same rows, and every column must be
 * sound. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/common/format/json_case.h"

static const json_case cases[] = {
    {.schema = "a INT, b STRING, c BIGINT, d DOUBLE, _corrupt_record STRING"},
    {.schema = "time TIMESTAMP, action STRING"},
    {.schema = "a SMALLINT, b TINYINT, c FLOAT, d DECIMAL(12,3), e BOOLEAN, f DATE, g TIMESTAMP_NTZ, "
               "_corrupt_record STRING"},
    {.schema = "a STRUCT<a: INT, b: STRING, c: STRUCT<a: DOUBLE>>, b ARRAY<INT>, c MAP<STRING, STRING>, "
               "d ARRAY<STRUCT<a: INT>>, "
               "_corrupt_record STRING"},
    {.schema =
         "a STRUCT<a: INT, b: STRING>, b ARRAY<INT>, c MAP<STRING, INT>, d STRING, _corrupt_record STRING",
     .no_partial = true},
    {.schema = "a STRING, b STRING", .projection = "b STRING", .options = {"mode", "DROPMALFORMED"}},
    {.schema = "a VARIANT, b BINARY, c VOID, d INTERVAL DAY TO SECOND, _corrupt_record STRING"},
    {.schema = "a STRING, b VARIANT, _corrupt_record STRING",
     .options = {"multiLine", "true", "allowComments", "true"}},
    {.schema = "a STRING, b INT, _corrupt_record STRING",
     .options = {"allowUnquotedFieldNames", "true", "allowNumericLeadingZeros", "true",
                 "allowBackslashEscapingAnyCharacter", "true", "allowUnquotedControlChars", "true",
                 "allowComments", "true"}},
    {.schema = "a STRING, b INT, _corrupt_record STRING", .options = {"lineSep", "}"}},
    {.schema = "a STRING, b INT, _corrupt_record STRING",
     .options = {"encoding", "UTF-16LE", "lineSep", "\n"}},
    {.schema = "a INT", .path = "/in.json.gz"},
    {.schema = "a INT", .path = "/in.json.zst"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    json_case c = cases[data[0] % WEIR_ARRAY_LEN(cases)];
    json_case small = c;
    small.chunk = 1 + data[1] % 100;
    weir_str text = weir_str_make((const char *)data + 2, size - 2);
    weir_strbuf fast = {0}, slow = {0}, chunks = {0};
    weir_error *err = NULL;
    json_case other = c;
    other.slow = true;
    weir_code a = json_case_read(&c, text, &fast, &err), b = json_case_read(&other, text, &slow, &err);
    weir_code d = json_case_read(&small, text, &chunks, &err);
    bool same = a == b && b == d &&
                (a != WEIR_OK || (weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&slow)) &&
                                  weir_str_equal(weir_strbuf_view(&fast), weir_strbuf_view(&chunks))));
    if (!same || a == WEIR_INTERNAL_ERROR || a == WEIR_CORRUPT_FILE) {
        fprintf(stderr, "fast %s, slow %s, chunks %s\n%s\n--\n%s\n--\n%s\n", weir_code_condition(a),
                weir_code_condition(b), weir_code_condition(d), fast.data, slow.data, chunks.data);
        abort();
    }
    weir_error_free(err);
    weir_strbuf_fini(&fast);
    weir_strbuf_fini(&slow);
    weir_strbuf_fini(&chunks);
    return 0;
}
