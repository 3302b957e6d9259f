/* The subcommands of `weir`. Each gets the arguments behind its name, does all of its work and returns
 * the process's exit status; standard output carries results alone, everything else goes to standard error.
 */
#pragma once

#include "cli/command_flags.h"
#include "cli/peer_call.h"
#include "common/base/json_value.h"

enum {
    WEIR_EXIT_OK = 0,
    WEIR_EXIT_FAILED = 1, /* it ran, or tried to, and an error ended it */
    WEIR_EXIT_USAGE = 2,  /* the command line is wrong; nothing was done */
};

int weir_run_command(int argc, char **argv);
int weir_gen_command(int argc, char **argv);
int weir_conf_command(int argc, char **argv);
int weir_driver_command(int argc, char **argv);
int weir_executor_command(int argc, char **argv);
int weir_status_command(int argc, char **argv);

/* Print "weir: [CONDITION] text", free the error and give the exit status: for work that failed, and for a
 * command line that is wrong. */
int weir_command_failed(weir_error *error);
int weir_command_refused(weir_error *error);
/* As weir_command_failed, but ends the process at once: for connections that cannot be closed (peer_call.h).
 */
int weir_command_abandon(weir_error *error);
/* Writes text to standard output; an exit status. */
int weir_command_print(weir_str text);
/* A command's usage and its flags on standard output; an exit status. */
int weir_command_help(const char *usage, const weir_flags *flags);
/* Task threads of "local", "local[4]", "local[*]"; `command` is for messages. */
weir_code weir_command_master(const char *command, const char *master, int32_t *ret_cores, weir_error **err);
int32_t weir_command_cores(void); /* that this process may use */

/* status_command.c: what a driver or an executor says of itself; both live in the arena. */
weir_code weir_status_fetch(weir_peer *peer, int32_t timeout_ms, weir_arena *arena, weir_str *ret_text,
                            weir_json **ret, weir_error **err);
