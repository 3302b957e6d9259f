/* Accepting plaintext connections ourselves, in front of gRPC: gRPC 1.51 has no limit of connections, keeps
 * silent ones for minutes and stops accepting when descriptors run out, so strangers could starve the clients
 * being served. One thread with epoll:
 *
 *   accept -> PENDING (a descriptor, no gRPC object) -- the 24 bytes of HTTP/2's preface --> SERVED by gRPC
 *                |  other bytes, or nothing until the deadline: closed
 *   SERVED: gRPC owns the socket, we keep a dup of it: to see its end (EPOLLRDHUP), so that the count is
 * true, and to shut it down where no call comes until the deadline.
 *
 * Over the limit a new connection is closed at once; those being served do not notice. Failure modes: no
 * descriptors left (a spare one is given up to accept and close, so that the queue drains). */
#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "driver/connect/door/grpc_door_int.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_SIZE (sizeof PREFACE - 1)
#define SEEN_FDS 65536
#define EVENTS_MAX 64

typedef enum connection_state {
    CONNECTION_PENDING, /* fd is the socket itself */
    CONNECTION_SERVED,  /* fd is our dup */
} connection_state;

typedef struct connection {
    connection_state state;
    int fd, grpc_fd;
    int64_t until_ms; /* deadline of the state; INT64_MAX once a call was seen */
    struct connection *next, *prev;
} connection;

struct door_acceptor {
    grpc_server *server;
    int listener, epoll, wake, spare;
    int64_t timeout_ms;
    int32_t connections_max;
    connection *first; /* the newest first */
    _Atomic int64_t open, refused;
    _Atomic bool closing;
    _Atomic uint8_t *seen; /* by gRPC's descriptor: a call has begun there */
    pthread_t thread;
};

static int64_t now_ms(void) {
    gpr_timespec now = gpr_now(GPR_CLOCK_MONOTONIC);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int door_listen(const char *host, int port, char *ret_problem, size_t problem_size) {
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, service, &hints, &found);
    if (failed) {
        snprintf(ret_problem, problem_size, "%s", gai_strerror(failed));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int one = 1;
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
            bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, 1024) != 0) {
            snprintf(ret_problem, problem_size, "%s", strerror(errno));
            if (fd >= 0)
                close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

int door_socket_port(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void drop(door_acceptor *acceptor, connection *c) {
    close(c->fd); /* leaves the epoll set too, unless gRPC's descriptor keeps the socket open: see watch */
    *(c->prev ? &c->prev->next : &acceptor->first) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    weir_free(c);
    atomic_fetch_sub(&acceptor->open, 1);
}

static bool watch(door_acceptor *acceptor, int operation, int fd, uint32_t events, void *data) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    return epoll_ctl(acceptor->epoll, operation, fd, &event) == 0;
}

/* An epoll entry belongs to the open socket, not to the number: it is removed by hand, as gRPC's half lives.
 */
static void unwatch(door_acceptor *acceptor, connection *c) {
    epoll_ctl(acceptor->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    drop(acceptor, c);
}

static void serve(door_acceptor *acceptor, connection *c) {
    int copy = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    epoll_ctl(acceptor->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    if (copy < 0 || !watch(acceptor, EPOLL_CTL_ADD, copy, EPOLLRDHUP | EPOLLET, c)) {
        if (copy >= 0)
            close(copy);
        drop(acceptor, c);
        return;
    }
    c->grpc_fd = c->fd;
    c->fd = copy;
    c->state = CONNECTION_SERVED;
    c->until_ms = now_ms() + acceptor->timeout_ms;
    if (c->grpc_fd < SEEN_FDS)
        atomic_store(&acceptor->seen[c->grpc_fd], 0);
    grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(acceptor->server, c->grpc_fd, plain);
    grpc_server_credentials_release(plain);
}

static void read_preface(door_acceptor *acceptor, connection *c) {
    char bytes[PREFACE_SIZE];
    ssize_t got = recv(c->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || memcmp(bytes, PREFACE, (size_t)got) != 0)
        unwatch(acceptor, c);
    else if ((size_t)got == PREFACE_SIZE)
        serve(acceptor, c);
}

static void refuse_without_descriptors(door_acceptor *acceptor) {
    close(acceptor->spare);
    int fd = accept4(acceptor->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    acceptor->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    atomic_fetch_add(&acceptor->refused, 1);
}

static void accept_waiting(door_acceptor *acceptor) {
    for (int i = 0; i < EVENTS_MAX; i++) {
        int fd = accept4(acceptor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            refuse_without_descriptors(acceptor);
        if (fd < 0)
            return;
        if (atomic_load(&acceptor->open) >= acceptor->connections_max) {
            close(fd);
            atomic_fetch_add(&acceptor->refused, 1);
            continue;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        connection *c = weir_alloc_zero(1, sizeof *c);
        c->fd = fd;
        c->grpc_fd = -1;
        c->until_ms = now_ms() + acceptor->timeout_ms;
        c->next = acceptor->first;
        if (c->next)
            c->next->prev = c;
        acceptor->first = c;
        atomic_fetch_add(&acceptor->open, 1);
        if (!watch(acceptor, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, c))
            drop(acceptor, c);
    }
}

/* Ends what has passed its deadline; returns the wait until the next deadline, -1 for none. */
static int sweep(door_acceptor *acceptor) {
    int64_t now = now_ms(), next = INT64_MAX;
    for (connection *c = acceptor->first, *after; c; c = after) {
        after = c->next;
        if (c->state == CONNECTION_SERVED && c->grpc_fd < SEEN_FDS &&
            atomic_load(&acceptor->seen[c->grpc_fd]))
            c->until_ms = INT64_MAX;
        if (c->until_ms > now)
            next = WEIR_MIN(next, c->until_ms);
        else if (c->state == CONNECTION_PENDING)
            unwatch(acceptor, c);
        else { /* gRPC sees the end and frees its half; the event of our dup ends ours */
            c->until_ms = INT64_MAX;
            shutdown(c->fd, SHUT_RDWR);
        }
    }
    return next == INT64_MAX ? -1 : (int)WEIR_MIN(next - now + 1, 60000);
}

static void *acceptor_thread(void *data) {
    door_acceptor *acceptor = data;
    struct epoll_event events[EVENTS_MAX];
    int wait = -1;
    int64_t swept_ms = 0;
    while (!atomic_load(&acceptor->closing)) {
        int count = epoll_wait(acceptor->epoll, events, EVENTS_MAX, wait);
        for (int i = 0; i < count; i++) {
            connection *c = events[i].data.ptr;
            if (events[i].data.ptr == &acceptor->listener)
                accept_waiting(acceptor);
            else if (events[i].data.ptr == &acceptor->wake)
                continue;
            else if (c->state == CONNECTION_PENDING)
                read_preface(acceptor, c);
            else if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                unwatch(acceptor, c);
        }
        int64_t now = now_ms(); /* at most every 100 ms: the list may be long and events frequent */
        if (now - swept_ms >= 100) {
            wait = sweep(acceptor);
            swept_ms = now;
        } else if (wait < 0 || wait > 100) {
            wait = 100;
        }
    }
    return NULL;
}

/* Connections need two descriptors each while they last: more than the soft limit of most systems. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = WEIR_MIN(limit.rlim_max, SEEN_FDS);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

door_acceptor *door_acceptor_new(int listener, grpc_server *server, const weir_door_config *config) {
    door_acceptor *acceptor = weir_alloc_zero(1, sizeof *acceptor);
    raise_descriptor_limit();
    acceptor->server = server;
    acceptor->listener = listener;
    acceptor->timeout_ms = config->handshake_timeout_ms;
    acceptor->connections_max = config->connections_max;
    acceptor->seen = weir_alloc_zero(SEEN_FDS, 1);
    acceptor->epoll = epoll_create1(EPOLL_CLOEXEC);
    acceptor->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    acceptor->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (acceptor->epoll < 0 || acceptor->wake < 0 || acceptor->spare < 0 ||
        !watch(acceptor, EPOLL_CTL_ADD, listener, EPOLLIN, &acceptor->listener) ||
        !watch(acceptor, EPOLL_CTL_ADD, acceptor->wake, EPOLLIN, &acceptor->wake) ||
        pthread_create(&acceptor->thread, NULL, acceptor_thread, acceptor) != 0) {
        acceptor->closing = true;
        door_acceptor_free(acceptor);
        return NULL;
    }
    pthread_setname_np(acceptor->thread, "connect-accept");
    return acceptor;
}

void door_acceptor_saw_call(door_acceptor *acceptor, int fd) {
    if (fd >= 0 && fd < SEEN_FDS)
        atomic_store(&acceptor->seen[fd], 1);
}

void door_acceptor_stats(door_acceptor *acceptor, weir_door_stats *ret) {
    ret->connections_open = atomic_load(&acceptor->open);
    ret->connections_refused = atomic_load(&acceptor->refused);
}

void door_acceptor_close(door_acceptor *acceptor) {
    uint64_t one = 1;
    atomic_store(&acceptor->closing, true);
    while (write(acceptor->wake, &one, sizeof one) < 0 && errno == EINTR) {
    }
    pthread_join(acceptor->thread, NULL);
}

void door_acceptor_free(door_acceptor *acceptor) {
    if (!acceptor)
        return;
    while (acceptor->first)
        drop(acceptor, acceptor->first);
    int fds[] = {acceptor->listener, acceptor->epoll, acceptor->wake, acceptor->spare};
    for (size_t i = 0; i < WEIR_ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    weir_free((void *)acceptor->seen);
    weir_free(acceptor);
}
