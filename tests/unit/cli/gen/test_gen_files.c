/* Generated files: the same bytes for any number of threads, in order of time, nothing half-written. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/gen/gen.h"
#include "common/base/hash.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

static uint32_t files_crc(weir_arena *arena, const char *directory, int32_t files, int64_t *ret_lines) {
    uint32_t crc = 0;
    for (int32_t i = 0; i < files; i++) {
        weir_str text = weir_temp_file_read(arena, weir_arena_printf(arena, "%s/file-%d.json", directory, i));
        cr_assert(text.data, "file-%d.json is missing", i);
        for (size_t j = 0; j < text.size; j++)
            *ret_lines += text.data[j] == '\n';
        crc = weir_crc32c(crc, text.data, text.size);
    }
    return crc;
}

WEIR_TEST(gen_files, bytes_do_not_depend_on_threads_or_cuts) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *base = weir_temp_directory_new(arena);
    _cleanup_error_ weir_error *err = NULL;
    static const struct { int32_t files, threads; } cases[] = {{1, 1}, {1, 4}, {7, 3}, {50, 2}};
    uint32_t first = 0;
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++) {
        weir_gen_plan plan = {.rows = 50001,
                              .seed = 3,
                              .files = cases[i].files,
                              .threads = cases[i].threads,
                              .hours = 53,
                              .out_of_order = 1,
                              .directory = weir_arena_printf(arena, "%s/deep/case-%zu", base, i)};
        int64_t bytes = 0, lines = 0;
        CHECK_OK(weir_gen_files_write(&weir_gen_nexmark_ops, &plan, &bytes, &err));
        uint32_t crc = files_crc(arena, plan.directory, plan.files, &lines);
        cr_expect_eq(lines, 50001);
        cr_expect(i == 0 || crc == first, "%d files by %d threads differ", cases[i].files, cases[i].threads);
        first = crc;
    }
}

WEIR_TEST(gen_files, modification_times_rise_with_the_number) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *base = weir_temp_directory_new(arena);
    _cleanup_error_ weir_error *err = NULL;
    weir_gen_plan plan = {.rows = 1000,
                          .seed = 3,
                          .files = 20,
                          .threads = 4,
                          .hours = 53,
                          .out_of_order = 1,
                          .directory = base};
    int64_t bytes = 0, last = 0;
    CHECK_OK(weir_gen_files_write(&weir_gen_events_ops, &plan, &bytes, &err));
    for (int32_t i = 0; i < plan.files; i++) {
        struct stat info;
        cr_assert_eq(stat(weir_arena_printf(arena, "%s/file-%d.json", base, i), &info), 0);
        int64_t ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
        cr_expect(ms > last);
        last = ms;
    }
}

WEIR_TEST(gen_files, a_directory_with_files_and_an_unwritable_place_are_refused) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *base = weir_temp_directory_new(arena);
    weir_error *err = NULL;
    weir_gen_plan plan = {
        .rows = 10, .seed = 3, .files = 1, .threads = 1, .hours = 53, .out_of_order = 1, .directory = base};
    int64_t bytes = 0;
    weir_temp_file_write(weir_arena_printf(arena, "%s/old.json", base), WEIR_STR("{}\n"));
    CHECK_FAILS(ALREADY_EXISTS, weir_gen_files_write(&weir_gen_events_ops, &plan, &bytes, &err));
    plan.directory = weir_arena_printf(arena, "%s/old.json/below", base);
    CHECK_FAILS(IO_ERROR, weir_gen_files_write(&weir_gen_events_ops, &plan, &bytes, &err));
}

WEIR_TEST(gen_files, ysb_writes_a_campaign_for_each_advertisement) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *base = weir_temp_directory_new(arena);
    _cleanup_error_ weir_error *err = NULL;
    weir_gen_plan plan = {
        .rows = 10, .seed = 3, .files = 1, .threads = 1, .out_of_order = 1, .directory = base};
    int64_t bytes = 0, lines = 0;
    CHECK_OK(weir_gen_files_write(&weir_gen_ysb_ops, &plan, &bytes, &err));
    weir_str ads = weir_temp_file_read(arena, weir_arena_printf(arena, "%s/campaigns/ads.json", base));
    cr_assert(ads.data);
    for (size_t i = 0; i < ads.size; i++)
        lines += ads.data[i] == '\n';
    cr_expect_eq(lines, 1000);
}
