/* Which Host headers the HTTP door answers. */
#include "cli/http/http_door.h"

#include <unistd.h>

#include "tests/lib/weir_test.h"

WEIR_TEST(http_door, answers_addresses_and_own_names_alone) {
    static const struct {
        const char *header;
        bool allowed;
    } cases[] = {
        {"127.0.0.1", true},
        {"127.0.0.1:4040", true},
        {"10.1.2.3:80", true},
        {"[::1]", true},
        {"[::1]:4040", true},
        {"localhost", true},
        {"LOCALHOST:1", true},
        {"weir.test", true},
        {"Weir.Test:99", true},
        {NULL, false},
        {"", false},
        {":4040", false},
        {"[", false},
        {"[]", false},
        {"rebound.example", false},
        {"weir.test.example", false},
        {"127.0.0.1.x", false},
        {"localhost.x", false},
        {"xlocalhost", false},
        {"127.0.0.1@x", false},
    };
    for (size_t i = 0; i < WEIR_ARRAY_LEN(cases); i++)
        cr_expect_eq(weir_http_door_allows_host(cases[i].header, "weir.test"), cases[i].allowed, "%s",
                     cases[i].header ? cases[i].header : "no header");
    char machine[256], longest[600];
    cr_assert_eq(gethostname(machine, sizeof machine), 0);
    cr_expect(weir_http_door_allows_host(machine, "weir.test"));
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_expect_not(weir_http_door_allows_host(longest, "weir.test"));
}
