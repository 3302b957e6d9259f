/* Secrets from files: what is read, and what is refused without showing it. */
#include "common/rpc/secret.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(secret, reads_private_files_and_refuses_others) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *directory = weir_temp_directory_new(arena);
    static const struct {
        const char *text;
        mode_t mode;
        const char *read;  /* NULL: refused */
        const char *error; /* a part of the text */
    } cases[] = {
        {"0123456789abcdef", 0600, "0123456789abcdef", NULL},
        {"0123456789abcdef\n", 0400, "0123456789abcdef", NULL},
        {"0123456789abc\ndef\r\n\n", 0600, "0123456789abc\ndef", NULL},
        {" 0123456789abcdef ", 0600, " 0123456789abcdef ", NULL},
        {"canary-secret-bytes", 0640, NULL, "has mode 0640"},
        {"canary-secret-bytes", 0604, NULL, "has mode 0604"},
        {"canary-secret-bytes", 0610, NULL, "has mode 0610"},
        {"", 0600, NULL, "shorter than 16 bytes"},
        {"canary-short\n\n\n\n\n\n", 0600, NULL, "shorter than 16 bytes"},
    };
    const char *path = weir_arena_printf(arena, "%s/secret", directory);
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        _cleanup_secret_ weir_secret *secret = NULL;
        _cleanup_error_ weir_error *err = NULL;
        weir_temp_file_write(path, weir_str_from(cases[i].text));
        cr_assert_eq(chmod(path, cases[i].mode), 0);
        weir_code code = weir_secret_read(path, &secret, &err);
        cr_assert_eq(code == WEIR_OK, cases[i].read != NULL, "case %zu: %s", i,
                     err ? weir_error_text(err) : "read");
        if (cases[i].read) {
            cr_assert(weir_str_equal(weir_secret_bytes(secret), weir_str_from(cases[i].read)), "case %zu", i);
            continue;
        }
        cr_assert_eq(code, WEIR_INVALID_ARGUMENT);
        cr_assert(strstr(weir_error_text(err), cases[i].error), "%s", weir_error_text(err));
        cr_assert(strstr(weir_error_text(err), path), "%s", weir_error_text(err));
        cr_assert(!strstr(weir_error_text(err), "canary"), "%s", weir_error_text(err));
        remove(path);
    }
}

WEIR_TEST(secret, refuses_what_is_no_small_file) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *directory = weir_temp_directory_new(arena);
    weir_secret *secret = NULL;
    weir_error *err = NULL;
    CHECK_FAILS(INVALID_ARGUMENT, weir_secret_read(directory, &secret, &err));
    cr_assert_neq(weir_secret_read(weir_arena_printf(arena, "%s/none", directory), &secret, &err), WEIR_OK);
    weir_error_free_ptr(&err);
    const char *path = weir_arena_printf(arena, "%s/large", directory);
    char *text = weir_arena_alloc(arena, WEIR_SECRET_SIZE_MAX + 1);
    memset(text, 'x', WEIR_SECRET_SIZE_MAX + 1);
    weir_temp_file_write(path, weir_str_make(text, WEIR_SECRET_SIZE_MAX + 1));
    cr_assert_eq(chmod(path, 0600), 0);
    CHECK_FAILS(INVALID_ARGUMENT, weir_secret_read(path, &secret, &err));
    weir_temp_file_write(path, weir_str_make(text, WEIR_SECRET_SIZE_MAX));
    CHECK_OK(weir_secret_read(path, &secret, &err));
    weir_secret_free(secret);
    weir_secret_free(NULL);
    cr_assert_null(weir_secret_clone(NULL));
}
