/* File systems: object-shaped. create-new (never replaces), ranged get, put, delete, paged list; no
 * rename, no append. One ops struct with three makers: local (local_fs.c), memory (memory_fs.c),
 * fault-injecting wrapper (fault_fs.c). Contract: tests/contract/contract_fs.h.
 *
 * Paths are absolute or relative to the working directory, '/'-separated, "file:" prefixes removed by
 * weir_fs_normalize. All functions block; any thread; never on the driver's loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef struct weir_fs weir_fs;
typedef struct weir_file weir_file;       /* open for reading; any thread may read ranges */
typedef struct weir_put weir_put;         /* a file being written; one thread */
typedef struct weir_scratch weir_scratch; /* a file without a name; any thread writes and reads ranges */

typedef struct weir_file_info {
    weir_str path; /* full path, in the caller's arena */
    int64_t size;
    int64_t
        modified_ms; /* since the epoch; of a directory: the last change among its entries, 0 = not known */
    bool is_directory;
} weir_file_info;

typedef struct weir_fs_ops {
    const char *name;
    /* Writes `data` under a name that must not exist yet, durable when it returns: temporary file,
     * fsync, link or renameat2(NOREPLACE), directory fsync. ALREADY_EXISTS where the name is taken; the
     * existing file is untouched. After IO_ERROR the name may or may not exist: re-read to decide. */
    weir_code (*create_new)(weir_fs *fs, const char *path, weir_str data, weir_error **err);
    /* As create_new but replaces. */
    weir_code (*put)(weir_fs *fs, const char *path, weir_str data, weir_error **err);
    /* Streaming form of create_new: nothing is visible before put_finish, which makes it durable and
     * fails with ALREADY_EXISTS. put_abort (or a crash) leaves nothing a reader can see. Parents are
     * made. finish and abort both end `put`. */
    weir_code (*put_open)(weir_fs *fs, const char *path, weir_put **ret, weir_error **err);
    weir_code (*put_write)(weir_put *put, weir_str data, weir_error **err);
    weir_code (*put_finish)(weir_put *put, weir_error **err);
    void (*put_abort)(weir_put *put);
    /* NOT_FOUND where it does not exist. */
    weir_code (*open)(weir_fs *fs, const char *path, weir_file **ret, weir_error **err);
    int64_t (*size)(weir_file *file);
    /* Reads up to `size` bytes at `offset`; ret_size < size only at the end of the file. */
    weir_code (*read)(weir_file *file, int64_t offset, void *data, size_t size, size_t *ret_size,
                      weir_error **err);
    void (*close)(weir_file *file);
    weir_code (*stat)(weir_fs *fs, const char *path, weir_arena *arena, weir_file_info *ret,
                      weir_error **err); /* NOT_FOUND */
    /* Lists the directory itself (not below), unordered, calling back per entry; temporary files of
     * create_new/put_open are not shown. NOT_FOUND where there is no such directory. */
    weir_code (*list)(weir_fs *fs, const char *path, weir_arena *arena,
                      weir_code (*each)(const weir_file_info *info, void *data, weir_error **err), void *data,
                      weir_error **err);
    weir_code (*remove)(weir_fs *fs, const char *path, weir_error **err); /* absent = OK */
    weir_code (*make_directory)(weir_fs *fs, const char *path,
                                weir_error **err);                             /* with parents; exists = OK */
    weir_code (*remove_tree)(weir_fs *fs, const char *path, weir_error **err); /* absent = OK */
    /* Renames a file; both names on this file system, `to` must not exist (ALREADY_EXISTS), parents of
     * `to` are made. Only for cleaning up sources (cleanSource=archive): never for a commit. */
    weir_code (*move)(weir_fs *fs, const char *from, const char *to, weir_error **err);
    /* Removes what crashed create_new, put and put_open left in this directory, if it was last modified
     * before `before_ms` (INT64_MAX: all). No such directory = OK. */
    weir_code (*sweep)(weir_fs *fs, const char *path, int64_t before_ms, weir_error **err);
    /* Scratch: what does not fit the memory, in `directory`, which must exist. Readable by this process alone
     * (0600), without a name once it is open, never durable: gone when it is closed or the process dies. */
    weir_code (*scratch_open)(weir_fs *fs, const char *directory, weir_scratch **ret, weir_error **err);
    weir_code (*scratch_write)(weir_scratch *scratch, int64_t offset, weir_str data, weir_error **err);
    /* All of `size`; CORRUPT_FILE where the file ends before. */
    weir_code (*scratch_read)(weir_scratch *scratch, int64_t offset, void *data, size_t size,
                              weir_error **err);
    void (*scratch_close)(weir_scratch *scratch); /* accepts NULL */
    void (*free)(weir_fs *fs);
} weir_fs_ops;

struct weir_fs {
    const weir_fs_ops *ops;
};

weir_fs *weir_local_fs_new(void);
weir_fs *weir_memory_fs_new(void);
/* Fails the `nth` call (from 1) of operation `op` ("create_new", "read", ...; NULL = any that writes)
 * with errno `errnum`, `times` times; wraps `inner` (borrowed). `torn` writes half of the data first: a
 * disk that lies (a torn scratch_write succeeds). `applied` carries the call out and then reports the
 * failure: the outcome that a caller of create_new and put_finish has to call unknown. */
typedef struct weir_fault_fs_plan {
    const char *op;
    int32_t nth, times;
    int32_t errnum;
    bool torn;
    bool applied;
} weir_fault_fs_plan;
weir_fs *weir_fault_fs_new(weir_fs *inner, const weir_fault_fs_plan *plan);
int32_t weir_fault_fs_fired(const weir_fs *fs);

/* ---- a process's own directory for scratch files (scratch_directory.c), on this machine ---- */
/* <parent>/weir-scratch-<pid>-<start time>-<n>, 0700 and locked (flock) while it is open; closing removes it.
 * A process that was killed leaves its directory behind, empty: the next sweep takes the lock and removes it.
 * Parents are made. */
typedef struct weir_scratch_directory weir_scratch_directory;
weir_code weir_scratch_directory_open(const char *parent, weir_scratch_directory **ret, weir_error **err);
const char *weir_scratch_directory_path(const weir_scratch_directory *directory);
void weir_scratch_directory_close(weir_scratch_directory *directory); /* accepts NULL */
/* Removes what dead processes of this user left in `parent`; what cannot be removed is left. */
void weir_scratch_directory_sweep(const char *parent);

/* ---- helpers over any fs (fs.c) ---- */
/* "file:///a//b/../c" -> "/a/c" made absolute against the working directory. */
char *weir_fs_normalize(weir_arena *arena, weir_str path);
/* Whole file as text in the arena; refuses more than `max` bytes. */
weir_code weir_fs_read_all(weir_fs *fs, const char *path, int64_t max, weir_arena *arena, weir_str *ret,
                           weir_error **err);
char *weir_fs_join(weir_arena *arena, const char *directory, const char *name);
/* The file URI Spark writes into its logs: "file:///abs/path", percent-encoded as java.net.URI. */
char *weir_fs_uri(weir_arena *arena, const char *path);
/* The inverse: path of a URI or plain path. */
char *weir_fs_from_uri(weir_arena *arena, weir_str uri);
