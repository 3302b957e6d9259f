/* Test and benchmark data: `weir gen events|nexmark|ysb`.
 *
 * A row is a pure function of the arguments and its number, so the same arguments give the same bytes,
 * whatever the number of threads, and any part can be made alone. docs/cli.md describes the rows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

typedef struct weir_gen_plan {
    const char *directory;
    int64_t rows;
    uint64_t seed;
    int32_t files;
    int32_t threads;
    int64_t rate; /* events a second of event time; 0 = the kind's default */
    /* events */
    int64_t hours; /* event time spanned where no rate is given */
    int64_t keys;  /* > 0: a column "key" with so many values */
    int64_t wide;  /* > 2: so many fields, of which time and action are two */
    bool shuffle_fields, spaces, escapes;
    /* nexmark */
    int64_t out_of_order; /* events are permuted within groups of this size; 1 = in order */
    bool plain_bidders;   /* bidder ids that match person ids (upstream shifts them by 1000) */
    /* ysb */
    bool skew; /* jitter of 50 ms, one event in 100,000 late by up to a minute */
} weir_gen_plan;

/* The longest row of any kind, with room to spare. */
#define WEIR_GEN_ROW_BYTES_MAX 16384

typedef struct weir_gen_ops {
    const char *name;
    const char *subdirectory; /* of the plan's directory; "" = the directory itself */
    /* Checks the arguments; tables that all rows share live in the arena. */
    weir_code (*prepare)(const weir_gen_plan *plan, weir_arena *arena, const void **ret_tables,
                         weir_error **err);
    /* Appends rows [first, first + count) as lines. Any thread. */
    void (*rows)(const weir_gen_plan *plan, const void *tables, int64_t first, int64_t count,
                 weir_strbuf *buf);
    /* A second file beside the rows (ysb's campaigns); NULL where there is none. */
    const char *side_path;
    void (*side)(const weir_gen_plan *plan, const void *tables, weir_strbuf *buf);
} weir_gen_ops;

extern const weir_gen_ops weir_gen_events_ops, weir_gen_nexmark_ops, weir_gen_ysb_ops;

/* Writes the plan's files file-0.json .. file-N.json. A file appears under its name only when it is
 * complete; modification times rise with the file's number, so that a streaming source reads them in
 * order. The directory must be absent or empty. */
weir_code weir_gen_files_write(const weir_gen_ops *ops, const weir_gen_plan *plan, int64_t *ret_bytes,
                               weir_error **err);
