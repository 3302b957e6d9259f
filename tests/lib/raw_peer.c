/* Bytes by hand (raw_peer.h). */
#include "tests/lib/raw_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/assert.h"

int raw_peer_connect(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    WEIR_ASSERT(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    WEIR_ASSERT(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
    int on = 1; /* else every message waits for the acknowledgement of the one before */
    WEIR_ASSERT(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    WEIR_ASSERT(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

bool raw_peer_write(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t written = send(fd, at, size, MSG_NOSIGNAL);
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

void raw_peer_greet(int fd, uint16_t protocol) {
    uint8_t head[8] = {0, 'S', 'P', 0, (uint8_t)(protocol >> 8), (uint8_t)protocol, 0, 0};
    raw_peer_write(fd, head, sizeof head);
}

bool raw_peer_announce(int fd, uint64_t length) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(length >> (56 - 8 * i));
    return raw_peer_write(fd, bytes, sizeof bytes);
}

bool raw_peer_request(int fd, const void *data, size_t size) {
    static const uint8_t id_and_filler[8] = {0x80, 0, 0, 1};
    return raw_peer_announce(fd, size + 8) && raw_peer_write(fd, id_and_filler, 8) &&
           raw_peer_write(fd, data, size);
}

static bool read_all(int fd, void *data, size_t size) {
    char *at = data;
    while (size > 0) {
        ssize_t got = recv(fd, at, size, 0);
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

/* The server's greeting of 8 bytes comes before its first reply. */
int64_t raw_peer_reply(int fd, void *ret, size_t room) {
    uint8_t head[8], id_and_filler[8];
    if (!read_all(fd, head, 8))
        return -1;
    if (head[1] == 'S' && head[2] == 'P' && !read_all(fd, head, 8))
        return -1;
    uint64_t length = 0;
    for (int i = 0; i < 8; i++)
        length = length << 8 | head[i];
    if (length < 8 || length - 8 > room || !read_all(fd, id_and_filler, 8) || !read_all(fd, ret, length - 8))
        return -1;
    return (int64_t)(length - 8);
}

bool raw_peer_closed(int fd, int timeout_ms) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t past = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        char bytes[4096];
        if (past >= timeout_ms || poll(&waiting, 1, (int)(timeout_ms - past)) == 0)
            return false;
        if (recv(fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    }
}
