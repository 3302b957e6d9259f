/* Path and URI texts, sealed log texts, and what is the local file system's own: durability under failpoints
 * and leftovers. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fs/fs.h"
#include "common/fs/log_text.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

WEIR_TEST(fs_path, normalizes_to_absolute_paths) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    char *here = getcwd(NULL, 0);
    static const char *const table[][2] = {
        {"file:///a//b/../c", "/a/c"},
        {"file:/a/b/", "/a/b"},
        {"/", "/"},
        {"/..", "/"},
        {"/a/./b", "/a/b"},
        {"/../../x", "/x"},
        {"/a b%20", "/a b%20"},
        {"file://host/x", "/x"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++)
        CHECK_TEXT(weir_fs_normalize(arena, weir_str_from(table[i][0])), table[i][1]);
    CHECK_TEXT(weir_fs_normalize(arena, WEIR_STR("x/y")), weir_arena_printf(arena, "%s/x/y", here));
    CHECK_TEXT(weir_fs_normalize(arena, WEIR_STR("file:x")), weir_arena_printf(arena, "%s/x", here));
    CHECK_TEXT(weir_fs_normalize(arena, WEIR_STR("")), here);
    CHECK_TEXT(weir_fs_join(arena, "/", "a"), "/a");
    CHECK_TEXT(weir_fs_join(arena, "/b", "a"), "/b/a");
    free(here);
}

/* The texts are what Spark 4.3 wrote for such names. */
WEIR_TEST(fs_path, writes_uris_as_java_does) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    static const char *const table[][2] = {
        {"/tmp/in dir/f 00\xC3\xA9%.json", "file:///tmp/in%20dir/f%2000\xC3\xA9%25.json"},
        {"/a/b:c@d&e=f+g$h,i;j", "file:///a/b:c@d&e=f+g$h,i;j"},
        {"/q?#[]{}|\\^`\"<>", "file:///q%3F%23%5B%5D%7B%7D%7C%5C%5E%60%22%3C%3E"},
        {"/-_.!~*'()", "file:///-_.!~*'()"},
        {"/nl\n\x7F", "file:///nl%0A%7F"},
        {"/nbsp\xC2\xA0|\xE3\x80\x80", "file:///nbsp%C2%A0%7C%E3%80%80"},
        {"/bad\xFF\xC3", "file:///bad%FF%C3"},
        {"/\xF0\x9F\x98\x80", "file:///\xF0\x9F\x98\x80"},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(table); i++) {
        char *uri = weir_fs_uri(arena, table[i][0]);
        CHECK_TEXT(uri, table[i][1]);
        CHECK_TEXT(weir_fs_from_uri(arena, weir_str_from(uri)), table[i][0]);
    }
    CHECK_TEXT(weir_fs_from_uri(arena, WEIR_STR("/plain%20path")), "/plain%20path");
    CHECK_TEXT(weir_fs_from_uri(arena, WEIR_STR("file:/a%2")), "/a%2");
}

static void make_sealed(weir_strbuf *buf) {
    weir_strbuf_add_text(buf, "v1\n{\"a\":1,\"b\":{\"c\":[]}}");
    weir_log_text_reserve(buf);
    weir_strbuf_add_text(buf, "\n{\"logOffset\":7}\n-");
    weir_log_text_seal(buf, "/x/offsets/3");
}

WEIR_TEST(log_text, finds_every_single_change) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf good = {0};
    make_sealed(&good);
    weir_str rest;
    bool sealed;
    CHECK_OK(weir_log_text_open(weir_strbuf_view(&good), "/y/offsets/3", &rest, &sealed, &err));
    cr_assert(sealed);
    int accepted_unsealed = 0;
    for (size_t at = 0; at < good.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            good.data[at] ^= (char)(1 << bit);
            weir_code code =
                weir_log_text_open(weir_strbuf_view(&good), "/y/offsets/3", &rest, &sealed, &err);
            cr_assert(code == WEIR_CORRUPT_FILE || !sealed, "byte %zu bit %d", at, bit);
            accepted_unsealed += code == WEIR_OK; /* the seal's own key was hit: an unknown key is left */
            weir_error_free_ptr(&err);
            good.data[at] ^= (char)(1 << bit);
        }
    cr_assert(accepted_unsealed <= 15 * 8, "%d", accepted_unsealed);
    CHECK_FAILS(CORRUPT_FILE,
                weir_log_text_open(weir_strbuf_view(&good), "/x/offsets/4", &rest, &sealed, &err));
    CHECK_FAILS(CORRUPT_FILE,
                weir_log_text_open(weir_strbuf_view(&good), "/x/commits/3", &rest, &sealed, &err));
    weir_strbuf_add_char(&good, 'x');
    CHECK_FAILS(CORRUPT_FILE,
                weir_log_text_open(weir_strbuf_view(&good), "/y/offsets/3", &rest, &sealed, &err));
}

WEIR_TEST(log_text, reads_versions_lines_and_ids) {
    weir_error *err = NULL;
    weir_str rest, line;
    bool sealed;
    static const char *const bad[] = {"", "1", "v", "v2\n{}", "v1x\n{}", "w1\n", "\n", "v11\n{}"};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(bad); i++)
        CHECK_FAILS(CORRUPT_FILE,
                    weir_log_text_open(weir_str_from(bad[i]), "/y/offsets/3", &rest, &sealed, &err));
    CHECK_OK(weir_log_text_open(WEIR_STR("v1\n{}\n1\n"), "/y/offsets/3", &rest, &sealed, &err));
    cr_assert(!sealed);
    cr_assert(weir_log_text_next(&rest, &line) && weir_str_equal(line, WEIR_STR("{}")));
    cr_assert(weir_log_text_next(&rest, &line) && weir_str_equal(line, WEIR_STR("1")));
    cr_assert(!weir_log_text_next(&rest, &line));
    _cleanup_strbuf_ weir_strbuf text = {0}, scratch = {0};
    make_sealed(&text);
    weir_str all = weir_strbuf_view(&text);
    weir_log_text_next(&all, &line);
    weir_log_text_next(&all, &line);
    cr_assert(weir_str_equal(weir_log_text_strip(line, &scratch), WEIR_STR("{\"a\":1,\"b\":{\"c\":[]}}")));
    static const struct {
        const char *name;
        int64_t id;
    } ids[] = {{"0", 0},
               {"17", 17},
               {"", -1},
               {"01", -1},
               {"1.compact", -1},
               {".1.crc", -1},
               {"-1", -1},
               {"1x", -1},
               {"9223372036854775807", INT64_MAX},
               {"9223372036854775808", -1},
               {"99999999999999999999", -1}};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(ids); i++)
        cr_assert_eq(weir_log_text_id(weir_str_from(ids[i].name)), ids[i].id, "%s", ids[i].name);
}

static weir_code count_entry(const weir_file_info *info, void *data, weir_error **err) {
    (void)info, (void)err;
    ++*(int *)data;
    return WEIR_OK;
}

/* Runs a create in a child that a failpoint ends; what the next process then finds. */
static void create_and_die(const char *failpoint, const char *directory, const char *path) {
    (void)directory;
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        setenv("WEIR_FAIL", failpoint, 1);
        weir_fs *fs = weir_local_fs_new();
        fs->ops->create_new(fs, path, WEIR_STR("content"), NULL);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the failpoint did not fire");
}

WEIR_TEST(local_fs, leaves_nothing_or_everything_when_killed) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *root = weir_temp_directory_new(arena);
    weir_fs *fs = weir_local_fs_new();
    char *path = weir_fs_join(arena, root, "0");
    weir_file_info info;
    create_and_die("fs.create.before_link:kill", root, path);
    CHECK_FAILS(NOT_FOUND, fs->ops->stat(fs, path, arena, &info, &err));
    int entries = 0;
    CHECK_OK(fs->ops->list(fs, root, arena, count_entry, &entries, &err));
    cr_assert_eq(entries, 0, "a leftover is listed");
    CHECK_OK(fs->ops->sweep(fs, root, 1000, &err)); /* too young to be swept */
    cr_assert_eq(rmdir(root), -1);
    CHECK_OK(fs->ops->sweep(fs, root, INT64_MAX, &err));
    cr_assert_eq(rmdir(root), 0, "the sweep leaves something");
    create_and_die("fs.create.after_link:kill", root, path);
    weir_str text;
    CHECK_OK(weir_fs_read_all(fs, path, 100, arena, &text, &err));
    CHECK_TEXT(text.data, "content");
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->create_new(fs, path, WEIR_STR("x"), &err));
    fs->ops->free(fs);
}

WEIR_TEST(local_fs, gives_up_cleanly_on_errors) {
    weir_error *err = NULL;
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    _cleanup_temp_directory_ const char *root = weir_temp_directory_new(arena);
    weir_fs *fs = weir_local_fs_new();
    char *path = weir_fs_join(arena, root, "0");
    setenv("WEIR_FAIL", "fs.create.before_link:error;fs.create.after_link:error", 1);
    CHECK_FAILS(IO_ERROR, fs->ops->create_new(fs, path, WEIR_STR("x"), &err));
    cr_assert_eq(rmdir(root), 0, "a failed create leaves its temporary file");
    CHECK_FAILS(IO_ERROR, fs->ops->create_new(fs, path, WEIR_STR("x"), &err)); /* done, but not known to be */
    CHECK_FAILS(ALREADY_EXISTS, fs->ops->create_new(fs, path, WEIR_STR("x"), &err));
    char *link = weir_fs_join(arena, root, "link");
    cr_assert_eq(symlink("/", link), 0);
    CHECK_OK(fs->ops->remove_tree(fs, link, &err)); /* the link goes, what it points to stays */
    cr_assert_eq(access("/tmp", F_OK), 0);
    weir_code code = fs->ops->create_new(fs, "/proc/none/x", WEIR_STR("x"), &err);
    cr_assert(code != WEIR_OK);
    weir_error_free_ptr(&err);
    fs->ops->free(fs);
}
