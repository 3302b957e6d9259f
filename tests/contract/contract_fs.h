/* The conformance suite of file systems (common/fs/fs.h): CONTRACT_FS(noun, make, free) makes its tests for
 * one implementation. `make(arena, &root)` gives a file system and an empty directory to work in. */
#pragma once

#include <errno.h>
#include <stdio.h>

#include "common/fs/fs.h"
#include "tests/lib/weir_test.h"

typedef struct contract_fs {
    weir_arena *arena;
    weir_fs *fs;
    const char *root;
} contract_fs;

typedef struct contract_names {
    char text[1024];
    int count;
} contract_names;

static weir_code contract_note(const weir_file_info *info, void *data, weir_error **err) {
    (void)err;
    contract_names *names = data;
    const char *slash = strrchr(info->path.data, '/');
    snprintf(names->text + strlen(names->text), sizeof names->text - strlen(names->text), "%s:%lld%s;",
             slash + 1, (long long)(info->is_directory ? 0 : info->size), info->is_directory ? "/" : "");
    names->count++;
    return WEIR_OK;
}

static inline int contract_names_count(contract_fs *c, const char *path) {
    weir_error *err = NULL;
    contract_names names = {0};
    CHECK_OK(c->fs->ops->list(c->fs, path, c->arena, contract_note, &names, &err));
    return names.count;
}

static inline char *contract_at(contract_fs *c, const char *name) {
    return weir_fs_join(c->arena, c->root, name);
}

static inline void contract_check_content(contract_fs *c, const char *name, const char *expected) {
    weir_error *err = NULL;
    weir_str text;
    CHECK_OK(weir_fs_read_all(c->fs, contract_at(c, name), 1 << 20, c->arena, &text, &err));
    CHECK_TEXT(text.data, expected);
}

static inline void contract_create(contract_fs *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->fs;
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "a"), WEIR_STR("one"), &err));
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->create_new(fs, contract_at(c, "a"), WEIR_STR("two"), &err));
    contract_check_content(c, "a", "one");
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "deep/er/b"), WEIR_STR(""), &err)); /* parents are made */
    contract_check_content(c, "deep/er/b", "");
    CHECK_OK(fs->ops->put(fs, contract_at(c, "a"), WEIR_STR("three"), &err));
    contract_check_content(c, "a", "three");
    CHECK_OK(fs->ops->put(fs, contract_at(c, "new"), WEIR_STR("x"), &err));
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->create_new(fs, contract_at(c, "deep"), WEIR_STR("x"), &err));
    weir_code code = fs->ops->create_new(fs, contract_at(c, "a/below"), WEIR_STR("x"), &err);
    cr_assert(code != WEIR_OK, "a file is no directory");
    weir_error_free_ptr(&err);
}

static inline void contract_stream(contract_fs *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->fs;
    weir_put *put;
    weir_file_info info;
    CHECK_OK(fs->ops->put_open(fs, contract_at(c, "out/part"), &put, &err));
    CHECK_OK(fs->ops->put_write(put, WEIR_STR("hello "), &err));
    CHECK_OK(fs->ops->put_write(put, WEIR_STR("world"), &err));
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, contract_at(c, "out/part"), c->arena, &info, &err));
    CHECK_OK(fs->ops->put_finish(put, &err));
    contract_check_content(c, "out/part", "hello world");
    CHECK_OK(fs->ops->put_open(fs, contract_at(c, "out/part"), &put, &err));
    CHECK_OK(fs->ops->put_write(put, WEIR_STR("other"), &err));
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->put_finish(put, &err));
    contract_check_content(c, "out/part", "hello world");
    CHECK_OK(fs->ops->put_open(fs, contract_at(c, "out/gone"), &put, &err));
    CHECK_OK(fs->ops->put_write(put, WEIR_STR("x"), &err));
    fs->ops->put_abort(put);
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, contract_at(c, "out/gone"), c->arena, &info, &err));
    cr_assert_eq(contract_names_count(c, contract_at(c, "out")), 1, "an aborted put leaves nothing to see");
}

static inline void contract_read(contract_fs *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->fs;
    weir_file *file;
    char data[16];
    size_t got;
    CHECK_FAILS(NOT_FOUND, fs->ops->open(fs, contract_at(c, "none"), &file, &err));
    CHECK_FAILS(NOT_FOUND, fs->ops->open(fs, contract_at(c, "no/ne"), &file, &err));
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "f"), WEIR_STR("0123456789"), &err));
    CHECK_OK(fs->ops->open(fs, contract_at(c, "f"), &file, &err));
    cr_assert_eq(fs->ops->size(file), 10);
    static const struct {
        int64_t offset;
        size_t size;
        const char *expected;
    } table[] = {{0, 3, "012"}, {7, 3, "789"}, {8, 8, "89"}, {10, 4, ""}, {99, 4, ""}, {4, 0, ""}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        CHECK_OK(fs->ops->read(file, table[i].offset, data, table[i].size, &got, &err));
        data[got] = 0;
        CHECK_TEXT(data, table[i].expected);
    }
    CHECK_OK(fs->ops->remove(fs, contract_at(c, "f"), &err)); /* an open file stays readable */
    CHECK_OK(fs->ops->read(file, 0, data, 4, &got, &err));
    cr_assert_eq(got, 4);
    fs->ops->close(file);
    weir_str text;
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "big"), WEIR_STR("0123456789"), &err));
    CHECK_FAILS(CORRUPT_FILE, weir_fs_read_all(fs, contract_at(c, "big"), 9, c->arena, &text, &err));
    CHECK_OK(fs->ops->make_directory(fs, contract_at(c, "dir"), &err));
    weir_code code = fs->ops->open(fs, contract_at(c, "dir"), &file, &err);
    cr_assert(code != WEIR_OK && code != WEIR_NOT_FOUND, "a directory is no file");
    weir_error_free_ptr(&err);
}

static inline void contract_directories(contract_fs *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->fs;
    contract_names names = {0};
    weir_file_info info;
    CHECK_FAILS(NOT_FOUND, fs->ops->list(fs, contract_at(c, "none"), c->arena, contract_note, &names, &err));
    CHECK_OK(fs->ops->make_directory(fs, contract_at(c, "d/e/f"), &err));
    CHECK_OK(fs->ops->make_directory(fs, contract_at(c, "d/e/f"), &err));
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "d/1"), WEIR_STR("a"), &err));
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "d/e/2"), WEIR_STR("ab"), &err));
    CHECK_OK(fs->ops->list(fs, contract_at(c, "d"), c->arena, contract_note, &names, &err));
    cr_assert_eq(names.count, 2, "%s", names.text);
    cr_assert(strstr(names.text, "1:1;") && strstr(names.text, "e:0/;"), "%s", names.text);
    CHECK_OK(fs->ops->stat(fs, contract_at(c, "d/e/2"), c->arena, &info, &err));
    cr_assert(info.size == 2 && !info.is_directory && info.modified_ms > 0);
    CHECK_TEXT(info.path.data, contract_at(c, "d/e/2"));
    CHECK_OK(fs->ops->stat(fs, contract_at(c, "d"), c->arena, &info, &err));
    cr_assert(info.is_directory);
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, contract_at(c, "d/x"), c->arena, &info, &err));
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->make_directory(fs, contract_at(c, "d/1"), &err));
    CHECK_OK(fs->ops->remove(fs, contract_at(c, "d/1"), &err));
    CHECK_OK(fs->ops->remove(fs, contract_at(c, "d/1"), &err)); /* absent = OK */
    CHECK_OK(fs->ops->remove(fs, contract_at(c, "no/where"), &err));
    weir_code code = fs->ops->remove(fs, contract_at(c, "d/e"), &err);
    cr_assert(code != WEIR_OK, "remove is for files");
    weir_error_free_ptr(&err);
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "dd"), WEIR_STR("stays"), &err));
    CHECK_OK(fs->ops->remove_tree(fs, contract_at(c, "d"), &err));
    CHECK_OK(fs->ops->remove_tree(fs, contract_at(c, "d"), &err));
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, contract_at(c, "d"), c->arena, &info, &err));
    contract_check_content(c, "dd", "stays");
    CHECK_OK(fs->ops->sweep(fs, contract_at(c, "none"), INT64_MAX, &err));
}

static inline void contract_move(contract_fs *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->fs;
    weir_file_info before, after;
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "m"), WEIR_STR("moves"), &err));
    CHECK_OK(fs->ops->stat(fs, contract_at(c, "m"), c->arena, &before, &err));
    CHECK_OK(fs->ops->move(fs, contract_at(c, "m"), contract_at(c, "to/there"), &err));
    contract_check_content(c, "to/there", "moves");
    CHECK_OK(fs->ops->stat(fs, contract_at(c, "to/there"), c->arena, &after, &err));
    cr_assert_eq(before.modified_ms, after.modified_ms);
    CHECK_FAILS(NOT_FOUND, fs->ops->move(fs, contract_at(c, "m"), contract_at(c, "n"), &err));
    CHECK_OK(fs->ops->create_new(fs, contract_at(c, "m"), WEIR_STR("again"), &err));
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->move(fs, contract_at(c, "m"), contract_at(c, "to/there"), &err));
    contract_check_content(c, "m", "again");
    contract_check_content(c, "to/there", "moves");
}

static inline void contract_scratch(contract_fs *c) {
    weir_error *err = NULL;
    weir_fs *fs = c->fs;
    weir_scratch *one, *two;
    char data[8] = "";
    CHECK_OK(fs->ops->make_directory(fs, contract_at(c, "s"), &err));
    CHECK_OK(fs->ops->scratch_open(fs, contract_at(c, "s"), &one, &err));
    CHECK_OK(fs->ops->scratch_open(fs, contract_at(c, "s"), &two, &err));
    CHECK_OK(fs->ops->scratch_write(one, 3, WEIR_STR("def"), &err));
    CHECK_OK(fs->ops->scratch_write(one, 0, WEIR_STR("abc"), &err));
    CHECK_OK(fs->ops->scratch_write(two, 0, WEIR_STR("other"), &err));
    CHECK_OK(fs->ops->scratch_read(one, 1, data, 4, &err));
    CHECK_TEXT(data, "bcde");
    CHECK_FAILS(CORRUPT_FILE, fs->ops->scratch_read(one, 4, data, 4, &err));
    cr_assert_eq(contract_names_count(c, contract_at(c, "s")), 0, "scratch files have no names");
    fs->ops->scratch_close(one);
    fs->ops->scratch_close(two);
    fs->ops->scratch_close(NULL);
    weir_code code = fs->ops->scratch_open(fs, contract_at(c, "none"), &one, &err);
    cr_assert(code != WEIR_OK, "the directory must exist");
    weir_error_free_ptr(&err);
}

/* `setup` makes a contract_fs, `teardown` takes it apart. */
#define CONTRACT_FS(noun, setup, teardown) \
    CONTRACT_FS_TEST(noun, creates_whole_files_once, setup, teardown, contract_create) \
    CONTRACT_FS_TEST(noun, shows_a_stream_only_when_it_is_finished, setup, teardown, contract_stream) \
    CONTRACT_FS_TEST(noun, reads_ranges, setup, teardown, contract_read) \
    CONTRACT_FS_TEST(noun, lists_and_removes, setup, teardown, contract_directories) \
    CONTRACT_FS_TEST(noun, moves_without_replacing, setup, teardown, contract_move) \
    CONTRACT_FS_TEST(noun, keeps_scratch_files_without_names, setup, teardown, contract_scratch)
#define CONTRACT_FS_TEST(noun, sentence, setup, teardown, fn) \
    WEIR_TEST(noun, sentence) { \
        contract_fs c = setup(); \
        fn(&c); \
        teardown(&c); \
    }
