/* The subcommands of `weir`. Each gets the arguments behind its name, does all of its work and returns
 * the process's exit status; standard output carries results alone, everything else goes to standard error.
 */
#pragma once

#include "common/base/error.h"

enum {
    WEIR_EXIT_OK = 0,
    WEIR_EXIT_FAILED = 1, /* it ran, or tried to, and an error ended it */
    WEIR_EXIT_USAGE = 2,  /* the command line is wrong; nothing was done */
};

int weir_run_command(int argc, char **argv);
int weir_gen_command(int argc, char **argv);
int weir_conf_command(int argc, char **argv);

/* Print "weir: [CONDITION] text", free the error and give the exit status: for work that failed, and for a
 * command line that is wrong. */
int weir_command_failed(weir_error *error);
int weir_command_refused(weir_error *error);
/* Writes text to standard output; an exit status. */
int weir_command_print(weir_str text);
