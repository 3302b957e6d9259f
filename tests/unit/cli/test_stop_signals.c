/* Signals become stop levels. Criterion runs each test in a process of its own. */
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "cli/stop_signals.h"
#include "tests/lib/weir_test.h"

static void check_level(const weir_stop_signals *signals, int32_t level) {
    struct pollfd fd = {.fd = signals->stop_fd, .events = POLLIN};
    uint64_t count = 0;
    cr_assert_eq(poll(&fd, 1, 5000), 1, "the level did not change");
    cr_assert_eq(read(signals->stop_fd, &count, sizeof count), (ssize_t)sizeof count);
    cr_expect_eq(count, 1);
    cr_expect_eq(signals->level, level);
}

WEIR_TEST(stop_signals, the_first_and_the_second_signal_raise_the_level) {
    weir_stop_signals signals;
    _cleanup_error_ weir_error *err = NULL;
    CHECK_OK(weir_stop_signals_start(&signals, "stopping", &err));
    cr_expect_eq(signals.level, 0);
    kill(getpid(), SIGTERM);
    check_level(&signals, 1);
    kill(getpid(), SIGINT);
    check_level(&signals, 2);
    weir_stop_signals_stop(&signals);
}

Test(stop_signals, a_third_signal_ends_the_process, .exit_code = 128 + SIGTERM) {
    weir_stop_signals signals;
    _cleanup_error_ weir_error *err = NULL;
    CHECK_OK(weir_stop_signals_start(&signals, "stopping", &err));
    kill(getpid(), SIGTERM);
    check_level(&signals, 1);
    kill(getpid(), SIGTERM);
    check_level(&signals, 2);
    kill(getpid(), SIGTERM);
    for (;;)
        pause();
}

WEIR_TEST(stop_signals, stopping_without_a_signal_ends_the_thread) {
    weir_stop_signals signals;
    _cleanup_error_ weir_error *err = NULL;
    for (int i = 0; i < 20; i++) {
        CHECK_OK(weir_stop_signals_start(&signals, "stopping", &err));
        weir_stop_signals_stop(&signals);
    }
}
