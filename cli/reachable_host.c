/* Addresses of this machine (reachable_host.h): a connected datagram socket knows the way to a peer. */
#include "cli/reachable_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDENTITY_MAX 256

bool weir_reachable_host_is_any(const char *host) {
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 || strcmp(host, "*") == 0;
}

/* 0, or errno. */
static int local_address(const struct addrinfo *peer, char *ret_text, size_t size) {
    struct sockaddr_storage own = {0};
    socklen_t own_size = sizeof own;
    int fd = socket(peer->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int failed = 0;
    if (connect(fd, peer->ai_addr, peer->ai_addrlen) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &own_size) != 0)
        failed = errno;
    close(fd);
    if (failed)
        return failed;
    int rv =
        getnameinfo((struct sockaddr *)&own, own_size, ret_text, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
    return rv == 0 ? 0 : EADDRNOTAVAIL;
}

weir_code weir_reachable_host(weir_arena *arena, const char *host, const char *port, const char **ret,
                              weir_error **err) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    char text[NI_MAXHOST];
    int rv = getaddrinfo(host, port, &hints, &found);
    if (rv != 0)
        WEIR_FAIL(err, NOT_FOUND, "%s has no address: %s", host, gai_strerror(rv));
    int failed = EADDRNOTAVAIL;
    for (const struct addrinfo *peer = found; peer && failed; peer = peer->ai_next)
        failed = local_address(peer, text, sizeof text);
    freeaddrinfo(found);
    if (failed)
        WEIR_FAIL(err, RPC_ERROR, "no way leads to %s: %s", host, strerror(failed));
    *ret = weir_arena_printf(arena, strchr(text, ':') ? "[%s]" : "%s", text);
    return WEIR_OK;
}

/* The kernel's id of this boot, and the name: containers of one machine share the first alone. */
const char *weir_reachable_host_identity(weir_arena *arena) {
    char name[IDENTITY_MAX] = "", boot[64] = "";
    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t size = read(fd, boot, sizeof boot - 1);
        boot[size > 0 ? (size_t)size : 0] = '\0';
        boot[strcspn(boot, "\n")] = '\0';
        close(fd);
    }
    return weir_arena_printf(arena, "%s/%s", name, boot);
}
