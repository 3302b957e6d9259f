/* Scratch directories: private, locked while their process lives, swept after it was killed. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fs/fs.h"
#include "tests/lib/temp_directory.h"
#include "tests/lib/weir_test.h"

static int entries_of(const char *path) {
    DIR *directory = opendir(path);
    int count = -2;
    while (directory && readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* A process that opens one and is killed, with a file that still has its name. */
static void leave_one(const char *parent) {
    pid_t child = fork();
    if (child == 0) {
        weir_scratch_directory *directory = NULL;
        if (weir_scratch_directory_open(parent, &directory, NULL) == WEIR_OK) {
            char name[512];
            snprintf(name, sizeof name, "%s/scratch-0", weir_scratch_directory_path(directory));
            fclose(fopen(name, "w"));
        }
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
}

WEIR_TEST(scratch_directory, is_private_and_swept_after_a_kill) {
    weir_arena *arena = weir_arena_new();
    weir_error *err = NULL;
    _cleanup_temp_directory_ const char *root = weir_temp_directory_new(arena);
    const char *parent = weir_fs_join(arena, root, "made/here");
    weir_scratch_directory *one, *two;
    CHECK_OK(weir_scratch_directory_open(parent, &one, &err));
    CHECK_OK(weir_scratch_directory_open(parent, &two, &err));
    struct stat st;
    cr_assert(stat(weir_scratch_directory_path(one), &st) == 0 && (st.st_mode & 0777) == 0700);
    leave_one(parent);
    cr_assert_eq(entries_of(parent), 3);
    weir_scratch_directory_sweep(parent);
    cr_assert_eq(entries_of(parent), 2, "those of the living stay, the dead one's goes");
    weir_scratch_directory_close(one);
    weir_scratch_directory_close(two);
    weir_scratch_directory_close(NULL);
    cr_assert_eq(entries_of(parent), 0);
    weir_scratch_directory_sweep("/nowhere/at/all");
    weir_arena_free(arena);
}
