/* Writes generated rows into files with several threads.
 *
 *   threads take chunks of rows in order -> make the chunk's text -> wait for its turn in the file -> write
 *
 * A chunk belongs to one file. Since chunks are handed out in order, the one whose turn it is is always
 * being made, so waiting cannot lock up; one big file is made by all threads together. A file is written
 * under a hidden name and renamed when complete. The first error stops all threads; what was complete by
 * then stays. Nothing is synced: the data can be made again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/gen/gen.h"
#include "common/base/alloc.h"
#include "common/base/thread.h"

#define CHUNK_ROWS 8192

typedef struct gen_file {
    int fd; /* -1 before the first and after the last chunk */
    int64_t next_chunk, chunks;
    int64_t first_row, rows;
} gen_file;

typedef struct gen_writer {
    const weir_gen_ops *ops;
    const weir_gen_plan *plan;
    const void *tables;
    const char *directory;
    int64_t started_ms;
    gen_file *files;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t turn;
    int32_t file; /* next chunk to hand out */
    int64_t chunk;
    int64_t bytes;
    weir_error *error;
} gen_writer;

static weir_code make_directories(const char *path, weir_error **err) {
    char part[4096];
    size_t size = strlen(path);
    if (size >= sizeof part)
        WEIR_FAIL(err, INVALID_ARGUMENT, "the path is too long: %.100s...", path);
    memcpy(part, path, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        char end = part[i];
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return weir_error_fail_errno(err, errno, "cannot make the directory %s", part);
        part[i] = end;
    }
    return WEIR_OK;
}

/* Old files among the new ones would be read as data of this run. */
static weir_code check_empty(const char *path, weir_error **err) {
    DIR *directory = opendir(path);
    if (!directory)
        return weir_error_fail_errno(err, errno, "cannot open the directory %s", path);
    struct dirent *entry;
    bool empty = true;
    while ((entry = readdir(directory)))
        empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(directory);
    if (!empty)
        WEIR_FAIL(err, ALREADY_EXISTS, "the directory %s is not empty", path);
    return WEIR_OK;
}

static weir_code write_all(int fd, weir_str text, const char *path, weir_error **err) {
    while (text.size) {
        ssize_t wrote = write(fd, text.data, text.size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return weir_error_fail_errno(err, errno, "cannot write %s", path);
        text.data += wrote;
        text.size -= (size_t)wrote;
    }
    return WEIR_OK;
}

static void file_paths(const gen_writer *writer, int32_t index, char hidden[4352], char final[4352]) {
    snprintf(hidden, 4352, "%s/.file-%d.json.part", writer->directory, index);
    snprintf(final, 4352, "%s/file-%d.json", writer->directory, index);
}

/* Streaming sources order files by modification time, in milliseconds. */
static weir_code finish_file(gen_writer *writer, int32_t index, weir_error **err) {
    gen_file *file = &writer->files[index];
    char hidden[4352], final[4352];
    file_paths(writer, index, hidden, final);
    int64_t ms = writer->started_ms - writer->plan->files + index;
    struct timespec times[2] = {{ms / 1000, ms % 1000 * 1000000}, {ms / 1000, ms % 1000 * 1000000}};
    int fd = file->fd;
    file->fd = -1;
    bool timed = futimens(fd, times) == 0;
    int failed = timed ? 0 : errno;
    if (close(fd) != 0 && timed)
        failed = errno;
    if (failed || rename(hidden, final) != 0)
        return weir_error_fail_errno(err, failed ? failed : errno, "cannot finish %s", final);
    return WEIR_OK;
}

static weir_code write_chunk(gen_writer *writer, int32_t index, weir_str text, weir_error **err) {
    gen_file *file = &writer->files[index];
    char hidden[4352], final[4352];
    file_paths(writer, index, hidden, final);
    if (file->fd < 0) {
        file->fd = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file->fd < 0)
            return weir_error_fail_errno(err, errno, "cannot create %s", hidden);
    }
    WEIR_TRY(write_all(file->fd, text, final, err));
    return file->next_chunk + 1 == file->chunks ? finish_file(writer, index, err) : WEIR_OK;
}

/* Hands out the next chunk; false at the end or after an error. Called with the lock. */
static bool take_chunk(gen_writer *writer, int32_t *ret_file, int64_t *ret_chunk) {
    if (writer->error || writer->file == writer->plan->files)
        return false;
    *ret_file = writer->file;
    *ret_chunk = writer->chunk++;
    if (writer->chunk == writer->files[writer->file].chunks) {
        writer->file++;
        writer->chunk = 0;
    }
    return true;
}

static void fail_all(gen_writer *writer, weir_error *error) {
    if (writer->error)
        weir_error_free(error);
    else
        writer->error = error;
}

static void *writer_thread(void *arg) {
    gen_writer *writer = arg;
    _cleanup_strbuf_ weir_strbuf text = {0};
    int32_t index;
    int64_t chunk;
    pthread_mutex_lock(&writer->lock);
    while (take_chunk(writer, &index, &chunk)) {
        pthread_mutex_unlock(&writer->lock);
        gen_file *file = &writer->files[index];
        weir_error *error = NULL;
        int64_t from = chunk * CHUNK_ROWS;
        weir_strbuf_clear(&text);
        writer->ops->rows(writer->plan, writer->tables, file->first_row + from,
                          WEIR_MIN(file->rows - from, CHUNK_ROWS), &text);
        pthread_mutex_lock(&writer->lock);
        while (file->next_chunk != chunk && !writer->error)
            pthread_cond_wait(&writer->turn, &writer->lock);
        if (writer->error)
            break;
        /* Nobody else touches this file before next_chunk moves on. */
        pthread_mutex_unlock(&writer->lock);
        weir_code code = write_chunk(writer, index, weir_strbuf_view(&text), &error);
        pthread_mutex_lock(&writer->lock);
        if (code != WEIR_OK)
            fail_all(writer, error);
        file->next_chunk++;
        writer->bytes += (int64_t)text.size;
        pthread_cond_broadcast(&writer->turn);
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

static void plan_files(gen_writer *writer) {
    const weir_gen_plan *plan = writer->plan;
    for (int32_t i = 0; i < plan->files; i++) {
        gen_file *file = &writer->files[i];
        file->fd = -1;
        file->first_row = (int64_t)((__int128)plan->rows * i / plan->files);
        file->rows = (int64_t)((__int128)plan->rows * (i + 1) / plan->files) - file->first_row;
        file->chunks = WEIR_MAX((file->rows + CHUNK_ROWS - 1) / CHUNK_ROWS, 1);
    }
}

static weir_code write_side(const gen_writer *writer, weir_error **err) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    char path[4352];
    if (!writer->ops->side_path)
        return WEIR_OK;
    snprintf(path, sizeof path, "%s/%s", writer->plan->directory, writer->ops->side_path);
    char *slash = strrchr(path, '/');
    *slash = 0;
    WEIR_TRY(make_directories(path, err));
    *slash = '/';
    writer->ops->side(writer->plan, writer->tables, &text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return weir_error_fail_errno(err, errno, "cannot create %s", path);
    weir_code code = write_all(fd, weir_strbuf_view(&text), path, err);
    if (close(fd) != 0 && code == WEIR_OK)
        return weir_error_fail_errno(err, errno, "cannot write %s", path);
    return code;
}

/* Starts as many threads as it can; one is enough. */
static weir_code run_threads(gen_writer *writer, weir_error **err) {
    pthread_t *threads = weir_alloc_zero((size_t)writer->plan->threads, sizeof *threads);
    int32_t started = 0;
    weir_code code = WEIR_OK;
    while (started < writer->plan->threads &&
           (code = weir_thread_start(&threads[started], "weir-gen", writer_thread, writer, err)) == WEIR_OK)
        started++;
    for (int32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    weir_free(threads);
    return started ? WEIR_OK : code;
}

static weir_code write_files(gen_writer *writer, weir_error **err) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    writer->started_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    WEIR_TRY(make_directories(writer->directory, err));
    WEIR_TRY(check_empty(writer->directory, err));
    WEIR_TRY(write_side(writer, err));
    plan_files(writer);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->turn, NULL);
    weir_code code = run_threads(writer, err);
    pthread_cond_destroy(&writer->turn);
    pthread_mutex_destroy(&writer->lock);
    for (int32_t i = 0; i < writer->plan->files; i++) {
        char hidden[4352], final[4352];
        if (writer->files[i].fd < 0)
            continue;
        close(writer->files[i].fd);
        file_paths(writer, i, hidden, final);
        unlink(hidden);
    }
    return writer->error ? weir_error_move(err, writer->error) : code;
}

weir_code weir_gen_files_write(const weir_gen_ops *ops, const weir_gen_plan *plan, int64_t *ret_bytes,
                               weir_error **err) {
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    gen_writer writer = {.ops = ops, .plan = plan};
    WEIR_TRY(ops->prepare(plan, arena, &writer.tables, err));
    writer.directory = *ops->subdirectory
                           ? weir_arena_printf(arena, "%s/%s", plan->directory, ops->subdirectory)
                           : plan->directory;
    writer.files = WEIR_NEW_ARRAY(arena, gen_file, plan->files);
    WEIR_TRY(write_files(&writer, err));
    *ret_bytes = writer.bytes;
    return WEIR_OK;
}
