/* Runs make_certificates.sh (test_certificates.h). */
#include "tests/lib/test_certificates.h"

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include "common/base/assert.h"

extern char **environ;

void weir_test_certificates(const char *directory) {
    static const char script[] = WEIR_SOURCE_DIR "/tests/lib/make_certificates.sh";
    char *arguments[] = {(char *)(uintptr_t)script, (char *)(uintptr_t)directory, NULL};
    pid_t pid;
    int status = -1;
    WEIR_ASSERT(posix_spawn(&pid, script, NULL, NULL, arguments, environ) == 0);
    WEIR_ASSERT(waitpid(pid, &status, 0) == pid && status == 0);
}
