/* Takes SIGTERM and SIGINT in a thread of its own (no handler, so no restrictions and no globals).
 *
 * The thread waits in sigwaitinfo; SIGUSR2 sent by weir_stop_signals_stop ends it. */
#include "cli/stop_signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/thread.h"

static sigset_t watched_set(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR2);
    return set;
}

static void *signals_thread(void *arg) {
    weir_stop_signals *signals = arg;
    sigset_t set = watched_set();
    for (;;) {
        int signal = sigwaitinfo(&set, NULL);
        if (signal < 0)
            continue; /* EINTR */
        if (signal == SIGUSR2)
            return NULL;
        if (signals->level == 2)
            _exit(128 + signal);
        signals->level++;
        fprintf(stderr, "weir: %s: %s%s\n", signal == SIGINT ? "interrupted" : "terminated",
                signals->level == 1 ? signals->first : "stopping at once",
                signals->level == 1 ? "; once more stops at once" : "");
        uint64_t one = 1;
        if (write(signals->stop_fd, &one, sizeof one) < 0)
            _exit(128 + signal); /* nobody could be told: an eventfd never refuses this */
    }
}

weir_code weir_stop_signals_start(weir_stop_signals *signals, const char *first, weir_error **err) {
    sigset_t set = watched_set();
    signals->first = first;
    signals->level = 0;
    signals->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals->stop_fd < 0)
        return weir_error_fail_errno(err, errno, "cannot make an eventfd");
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    weir_code code = weir_thread_start(&signals->thread, "weir-signals", signals_thread, signals, err);
    if (code != WEIR_OK)
        close(signals->stop_fd);
    return code;
}

void weir_stop_signals_stop(weir_stop_signals *signals) {
    pthread_kill(signals->thread, SIGUSR2);
    pthread_join(signals->thread, NULL);
    close(signals->stop_fd);
}
