/* `weir gen events|nexmark|ysb`: reads the flags, checks which of them the kind knows, writes the files
 * (gen/gen_files.c) and reports the rate on standard error. Main thread. */
#include <stdio.h>
#include <unistd.h>

#include "cli/command_flags.h"
#include "cli/commands.h"
#include "cli/gen/gen.h"
#include "common/base/env.h"

static const weir_gen_ops *const kinds[] = {&weir_gen_events_ops, &weir_gen_nexmark_ops, &weir_gen_ysb_ops};

typedef struct gen_arguments {
    weir_gen_plan plan;
    int64_t seed, files, threads;
    const char *format;
    bool help;
} gen_arguments;

static const char usage[] =
    "usage: weir gen events|nexmark|ysb --rows N [FLAG...] DIR\n"
    "\n"
    "Writes test and benchmark data to DIR (absent or empty): the same bytes for the same arguments.\n"
    "  events   {\"time\":1469501107,\"action\":\"Open\"}, as many Open as Close\n"
    "  nexmark  the auction stream: 1 person, 3 auctions, 46 bids in 50 events\n"
    "  ysb      advertisement events (DIR/events) and their campaigns (DIR/campaigns)\n"
    "\n";

/* The flags of one kind: those of all kinds, then its own. */
static int32_t flag_table(gen_arguments *a, const char *kind, weir_flag *ret) {
    const weir_flag common[] = {
        {"--rows", WEIR_FLAG_INT, &a->plan.rows, 1, INT64_C(1000000000000), "N", "rows in all"},
        {"--seed", WEIR_FLAG_INT, &a->seed, 0, INT64_MAX, "S", "another seed gives other data (1)"},
        {"--files", WEIR_FLAG_INT, &a->files, 1, 100000, "F", "files of equal size (1)"},
        {"--format", WEIR_FLAG_TEXT, &a->format, 0, 0, "json", "json: one object a line"},
        {"--threads", WEIR_FLAG_INT, &a->threads, 1, 1024, "N", "threads (one a core)"},
        {"--rate", WEIR_FLAG_INT, &a->plan.rate, 1, INT64_C(1000000000), "N",
         "events a second of event time"},
        {"--help", WEIR_FLAG_SWITCH, &a->help, 0, 0, NULL, "print this text"},
    };
    const weir_flag events[] = {
        {"--hours", WEIR_FLAG_INT, &a->plan.hours, 1, 100000, "N", "event time spanned, unless --rate (53)"},
        {"--keys", WEIR_FLAG_INT, &a->plan.keys, 1, INT64_C(1000000000), "N",
         "adds a column key of N values"},
        {"--wide", WEIR_FLAG_INT, &a->plan.wide, 2, 64, "N", "N fields, of which time and action are two"},
        {"--shuffle-fields", WEIR_FLAG_SWITCH, &a->plan.shuffle_fields, 0, 0, NULL, "fields in random order"},
        {"--spaces", WEIR_FLAG_SWITCH, &a->plan.spaces, 0, 0, NULL, "spaces between the tokens"},
        {"--escapes", WEIR_FLAG_SWITCH, &a->plan.escapes, 0, 0, NULL, "letters as \\u escapes, in names too"},
    };
    const weir_flag nexmark[] = {
        {"--out-of-order", WEIR_FLAG_INT, &a->plan.out_of_order, 1, 1000000, "N", "permutes groups of N (1)"},
        {"--plain-bidders", WEIR_FLAG_SWITCH, &a->plan.plain_bidders, 0, 0, NULL,
         "bidder ids match person ids"},
    };
    const weir_flag ysb[] = {
        {"--skew", WEIR_FLAG_SWITCH, &a->plan.skew, 0, 0, NULL, "50 ms of jitter, one event in 100,000 late"},
    };
    int32_t count = WEIR_ARRAY_LEN(common);
    memcpy(ret, common, sizeof common);
    if (!kind || strcmp(kind, "events") == 0) {
        memcpy(ret + count, events, sizeof events);
        count += WEIR_ARRAY_LEN(events);
    }
    if (!kind || strcmp(kind, "nexmark") == 0) {
        memcpy(ret + count, nexmark, sizeof nexmark);
        count += WEIR_ARRAY_LEN(nexmark);
    }
    if (!kind || strcmp(kind, "ysb") == 0) {
        memcpy(ret + count, ysb, sizeof ysb);
        count += WEIR_ARRAY_LEN(ysb);
    }
    return count;
}

static int print_help(const weir_flags *flags) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    weir_strbuf_add_text(&text, usage);
    weir_command_flags_help(flags, &text);
    return weir_command_print(weir_strbuf_view(&text));
}

static int write_files(const weir_gen_ops *ops, gen_arguments *a) {
    weir_error *err = NULL;
    int64_t bytes = 0;
    const weir_clock_ops *clock = &weir_system_clock_ops;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    a->plan.seed = (uint64_t)a->seed;
    a->plan.files = (int32_t)WEIR_MIN(a->files, a->plan.rows);
    a->plan.threads = (int32_t)(a->threads ? a->threads : WEIR_MAX(cores, 1));
    int64_t start = clock->monotonic_us(NULL);
    if (weir_gen_files_write(ops, &a->plan, &bytes, &err) != WEIR_OK)
        return weir_error_code(err) == WEIR_INVALID_ARGUMENT ? weir_command_refused(err)
                                                             : weir_command_failed(err);
    double seconds = (double)WEIR_MAX(clock->monotonic_us(NULL) - start, 1) * 1e-6;
    fprintf(stderr, "weir gen: %lld rows, %.1f MB in %d file%s in %s: %.2f s, %.0f MB/s\n",
            (long long)a->plan.rows, (double)bytes * 1e-6, a->plan.files, a->plan.files == 1 ? "" : "s",
            a->plan.directory, seconds, (double)bytes * 1e-6 / seconds);
    return WEIR_EXIT_OK;
}

static weir_code check(const gen_arguments *a, const weir_gen_ops *ops, int32_t count, weir_error **err) {
    if (!ops)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir gen: the first argument must be events, nexmark or ysb");
    if (count != 1)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir gen: the directory is missing");
    if (!a->plan.rows)
        WEIR_FAIL(err, INVALID_ARGUMENT, "weir gen: --rows is missing");
    if (strcmp(a->format, "json") != 0)
        WEIR_FAIL(err, NOT_SUPPORTED, "weir gen: --format %s is not supported; json is", a->format);
    return WEIR_OK;
}

int weir_gen_command(int argc, char **argv) {
    gen_arguments a = {.format = "json", .files = 1, .seed = 1, .plan = {.hours = 53, .out_of_order = 1}};
    _cleanup_arena_ weir_arena *arena = weir_arena_new();
    weir_flag items[32];
    weir_error *err = NULL;
    const weir_gen_ops *ops = NULL;
    for (size_t i = 0; argc > 0 && i < WEIR_ARRAY_LEN(kinds); i++)
        if (strcmp(argv[0], kinds[i]->name) == 0)
            ops = kinds[i];
    weir_flags flags = {"weir gen", items, flag_table(&a, ops ? ops->name : NULL, items)};
    int skip = ops ? 1 : 0;
    int32_t count = 0;
    if (weir_command_flags_parse(&flags, arena, argc - skip, argv + skip, &a.plan.directory, 1, &count,
                                 &err) != WEIR_OK)
        return weir_command_refused(err);
    if (a.help)
        return print_help(&flags);
    if (check(&a, ops, count, &err) != WEIR_OK)
        return weir_command_refused(err);
    return write_files(ops, &a);
}
