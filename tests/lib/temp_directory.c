/* Temporary directories and files of tests (temp_directory.h). */
#include "tests/lib/temp_directory.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/assert.h"

const char *weir_temp_directory_new(weir_arena *arena) {
    const char *base = getenv("TMPDIR");
    char *path = weir_arena_printf(arena, "%s/weir-test-XXXXXX", base && *base ? base : "/tmp");
    WEIR_ASSERT(mkdtemp(path));
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *position) {
    (void)info;
    (void)position;
    return kind == FTW_DP || kind == FTW_DNR ? rmdir(path) : unlink(path);
}

void weir_temp_directory_remove(const char *path) {
    if (path)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void weir_temp_directory_remove_ptr(const char **path) {
    weir_temp_directory_remove(*path);
    *path = NULL;
}

weir_str weir_temp_file_read(weir_arena *arena, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return (weir_str){0};
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *data = weir_arena_alloc(arena, size + 1);
    size = fread(data, 1, size, file);
    data[size] = 0;
    fclose(file);
    return weir_str_make(data, size);
}

void weir_temp_file_write(const char *path, weir_str text) {
    char part[4096];
    size_t length = strlen(path);
    WEIR_ASSERT(length < sizeof part);
    for (size_t i = 1; i < length; i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        WEIR_ASSERT(mkdir(part, 0777) == 0 || errno == EEXIST);
    }
    FILE *file = fopen(path, "wb");
    WEIR_ASSERT(file);
    WEIR_ASSERT(fwrite(text.data, 1, text.size, file) == text.size);
    WEIR_ASSERT(fclose(file) == 0);
}
