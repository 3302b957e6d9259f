/* Command-line flags: one table a subcommand, so that unknown flags, missing values and bad numbers get the
 * same clear errors everywhere. "--flag value" and "--flag=value"; "--" ends the flags. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/plan/plan.h"

typedef enum weir_flag_kind {
    WEIR_FLAG_SWITCH,  /* bool */
    WEIR_FLAG_TEXT,    /* const char * */
    WEIR_FLAG_INT,     /* int64_t, within [min, max] */
    WEIR_FLAG_PAIRS,   /* weir_options: KEY=VALUE, may be repeated */
    WEIR_FLAG_REFUSED, /* known, but not built: refused by name with `help` as the reason */
} weir_flag_kind;

typedef struct weir_flag {
    const char *name; /* "--rows" */
    weir_flag_kind kind;
    void *target;
    int64_t min, max;
    const char *value; /* what the usage text calls the value: "N" */
    const char *help;
} weir_flag;

typedef struct weir_flags {
    const char *command; /* "weir run", for messages */
    const weir_flag *items;
    int32_t count;
} weir_flags;

/* Reads flags into their targets and up to `max` other arguments into `ret_arguments`. INVALID_ARGUMENT or
 * NOT_SUPPORTED. */
weir_code weir_command_flags_parse(const weir_flags *flags, weir_arena *arena, int argc, char **argv,
                                   const char **ret_arguments, int32_t max, int32_t *ret_count,
                                   weir_error **err);
/* Appends one line a flag. */
void weir_command_flags_help(const weir_flags *flags, weir_strbuf *buf);
