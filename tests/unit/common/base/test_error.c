/* Errors: templates, parameters, contexts, texts. */
#include "common/base/error.h"

#include <errno.h>

#include "tests/lib/weir_test.h"

static weir_code divide(weir_error **err) {
    WEIR_RAISE(err, DIVIDE_BY_ZERO, "config", "\"spark.sql.ansi.enabled\"");
}

static weir_code outer(weir_error **err) {
    WEIR_TRY(divide(err));
    return WEIR_OK;
}

WEIR_TEST(error, fills_the_template_and_prints_as_spark) {
    weir_error *err = NULL;
    cr_assert_eq(outer(&err), WEIR_DIVIDE_BY_ZERO);
    CHECK_TEXT(
        weir_error_text(err),
        "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL "
        "instead. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error. SQLSTATE: "
        "22012");
    cr_assert_eq(weir_error_param_count(err), 1);
    weir_error *copy = weir_error_clone(err);
    CHECK_TEXT(weir_error_text(copy), weir_error_text(err));
    weir_error_free(copy);
    weir_error_contextf(&err, "job.yaml:%d", 7);
    cr_assert(strstr(weir_error_text(err), "[DIVIDE_BY_ZERO] job.yaml:7: Division"));
    weir_error_free(err);
}

WEIR_TEST(error, every_condition_is_found_by_its_name) {
    for (int code = 1; code < WEIR_CODE_COUNT; code++) {
        weir_str name = weir_str_from(weir_code_condition((weir_code)code));
        cr_assert_eq(weir_code_from_condition(name), (weir_code)code, WEIR_STR_FMT, WEIR_STR_ARG(name));
        cr_assert_eq(strlen(weir_code_sqlstate((weir_code)code)), 5, WEIR_STR_FMT, WEIR_STR_ARG(name));
        cr_assert_null(strstr(name.data, "__"));
    }
    CHECK_TEXT(weir_code_condition(WEIR_FAILED_READ_FILE__NO_HINT), "FAILED_READ_FILE.NO_HINT");
}

WEIR_TEST(error, out_of_memory_and_full_disks_have_their_own_codes) {
    weir_error *err = NULL;
    cr_assert_eq(weir_error_oom(&err), WEIR_OUT_OF_MEMORY);
    cr_assert(strstr(weir_error_text(err), "OUT_OF_MEMORY"));
    weir_error_contextf(&err, "more");
    cr_assert_eq(weir_error_fail_errno(&err, ENOSPC, "writing %s", "x"), WEIR_NO_SPACE);
    cr_assert_eq(weir_error_fail_errno(&err, EIO, "writing %s", "x"), WEIR_IO_ERROR);
    CHECK_TEXT(weir_error_message(err), "writing x: Input/output error");
    weir_error_free_ptr(&err);
    cr_assert_null(err);
    cr_assert_eq(weir_error_failf(NULL, WEIR_IO_ERROR, "nobody listens"), WEIR_IO_ERROR);
}

WEIR_TEST(error, shows_where_the_expression_stands) {
    weir_error *err = NULL;
    divide(&err);
    weir_error_set_context(
        err, &(weir_query_context){.start = 7, .stop = 9, .line = 1, .column = 7, .fragment = "1/0"});
    cr_assert(strstr(weir_error_text(err), "== SQL (line 1, position 8) =="));
    weir_error_free(err);
}
