/* --master of a local master, and how many cores there are. Main thread. */
#include <sched.h>
#include <unistd.h>

#include "cli/commands.h"
#include "common/types/number_text.h"

#define CORES_MAX 1024

/* Those that the scheduler gives to this process: a container or taskset may leave fewer than are online. */
int32_t weir_command_cores(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    long cores =
        sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
    return (int32_t)WEIR_MIN(WEIR_MAX(cores, 1), CORES_MAX);
}

weir_code weir_command_master(const char *command, const char *master, int32_t *ret_cores, weir_error **err) {
    weir_str text = weir_str_from(master);
    int64_t cores = 1;
    if (weir_str_starts_with(text, WEIR_STR("spark://")))
        WEIR_FAIL(err, NOT_SUPPORTED, "%s: --master %s is not supported: a Weir driver is nng://HOST:PORT",
                  command, master);
    if (strcmp(master, "local[*]") == 0) {
        cores = weir_command_cores();
    } else if (strcmp(master, "local") != 0) {
        bool shape =
            weir_str_starts_with(text, WEIR_STR("local[")) && weir_str_ends_with(text, WEIR_STR("]"));
        weir_str number = shape ? weir_str_make(text.data + 6, text.size - 7) : WEIR_STR("");
        if (!weir_int64_parse(number, &cores) || cores < 1 || cores > CORES_MAX)
            WEIR_FAIL(err, INVALID_ARGUMENT,
                      "%s: --master must be local[*] or local[N] with N from 1 to %d, not '%s'", command,
                      CORES_MAX, master);
    }
    *ret_cores = (int32_t)cores;
    return WEIR_OK;
}
