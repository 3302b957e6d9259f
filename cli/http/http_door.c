/* The HTTP door (http_door.h): binds the port, loads the module, routes. Opened and closed on the main
 * thread; requests come on the module's threads. */
#include "cli/http/http_door.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/http/http_module.h"
#include "common/base/alloc.h"

#define MODULE_NAME "weir-http.so"
#define ROUTES_MAX 32
#define BACKLOG 128
#define HOST_MAX 256

struct weir_http_door {
    char *host; /* as given */
    weir_http_route routes[ROUTES_MAX];
    size_t routes_count;
    weir_http_module_options options;
    void *library;
    const weir_http_module *module;
    void *server;
};

/* ---- requests ---- */

static bool is_address(const char *host) {
    unsigned char parsed[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, parsed) == 1 || inet_pton(AF_INET6, host, parsed) == 1;
}

bool weir_http_door_allows_host(const char *header, const char *own) {
    char host[HOST_MAX], machine[HOST_MAX] = "";
    if (!header)
        return false;
    bool bracketed = header[0] == '[';
    size_t size = bracketed ? strcspn(++header, "]") : strcspn(header, ":");
    if (size == 0 || size >= sizeof host)
        return false;
    memcpy(host, header, size);
    host[size] = '\0';
    if (gethostname(machine, sizeof machine - 1) != 0)
        machine[0] = '\0';
    return is_address(host) || strcasecmp(host, "localhost") == 0 || strcasecmp(host, own) == 0 ||
           strcasecmp(host, machine) == 0;
}

static void refuse(weir_http_answer *ret, int status, const char *text) {
    ret->status = status;
    ret->content_type = "text/plain; charset=utf-8";
    ret->body = text;
    ret->body_size = strlen(text);
}

static void serve(void *self, const weir_http_request *request, weir_http_answer *ret) {
    const weir_http_door *door = self;
    const weir_http_route *route = NULL;
    if (!weir_http_door_allows_host(request->host, door->host)) {
        refuse(ret, 403, "this name is not served\n");
        return;
    }
    for (size_t i = 0; i < door->routes_count && !route; i++)
        if (strcmp(request->path, door->routes[i].path) == 0)
            route = &door->routes[i];
    if (!route) {
        refuse(ret, 404, "not found\n");
        return;
    }
    if (strcmp(request->method, "GET") != 0) {
        refuse(ret, 405, "only GET\n");
        ret->allow = "GET";
        return;
    }
    weir_http_reply reply = {.status = 200, .content_type = "text/plain; charset=utf-8"};
    route->serve(route->self, &reply);
    ret->status = reply.status;
    ret->content_type = reply.content_type;
    ret->body_size = reply.body.size;
    ret->owner = weir_strbuf_steal(&reply.body);
    ret->body = ret->owner;
    ret->release = weir_free;
}

/* ---- the port ---- */

static weir_code split_address(const char *address, char **ret_host, const char **ret_port,
                               weir_error **err) {
    const char *colon = strrchr(address, ':');
    size_t size = colon ? (size_t)(colon - address) : 0;
    if (size == 0 || strlen(colon + 1) == 0 || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        WEIR_FAIL(err, INVALID_ARGUMENT, "--http must be HOST:PORT, not '%s'", address);
    bool bracketed = address[0] == '[' && address[size - 1] == ']';
    *ret_host = bracketed ? weir_strndup(address + 1, size - 2) : weir_strndup(address, size);
    *ret_port = colon + 1;
    return WEIR_OK;
}

static weir_code bind_port(const char *address, const char *host, const char *port, int *ret_fd,
                           weir_error **err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int rv = getaddrinfo(host, port, &hints, &found);
    if (rv != 0)
        WEIR_FAIL(err, RPC_ERROR, "cannot serve http://%s: %s", address, gai_strerror(rv));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), failed = 0, on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        failed = errno;
    freeaddrinfo(found);
    if (!failed) {
        *ret_fd = fd;
        return WEIR_OK;
    }
    if (fd >= 0)
        close(fd);
    WEIR_FAIL(err, RPC_ERROR, "cannot serve http://%s: %s", address, strerror(failed));
}

static int32_t bound_port(int fd) {
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return 0;
    return own.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&own)->sin6_port)
                                     : ntohs(((struct sockaddr_in *)&own)->sin_port);
}

/* ---- the module ---- */

static weir_code load_module(weir_http_door *door, weir_error **err) {
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof MODULE_NAME - 1);
    if (size <= 0)
        return weir_error_fail_errno(err, errno, "cannot tell where the program lies");
    path[size] = '\0';
    char *base = strrchr(path, '/') + 1;
    memcpy(base, MODULE_NAME, sizeof MODULE_NAME);
    door->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!door->library)
        WEIR_FAIL(err, NOT_FOUND, "--http needs a module that cannot be loaded: %s", dlerror());
    door->module = dlsym(door->library, WEIR_HTTP_MODULE_SYMBOL);
    if (!door->module || door->module->version != WEIR_HTTP_MODULE_VERSION)
        WEIR_FAIL(err, NOT_FOUND, "--http needs version %d of the module %s", WEIR_HTTP_MODULE_VERSION, path);
    return WEIR_OK;
}

weir_code weir_http_door_open(const char *address, const weir_http_route *routes, size_t routes_count,
                              const weir_log *log, weir_http_door **ret, weir_error **err) {
    const char *port = NULL;
    char *host = NULL;
    WEIR_TRY(split_address(address, &host, &port, err));
    weir_http_door *door = weir_alloc_zero(1, sizeof *door);
    door->host = host;
    door->routes_count = WEIR_MIN(routes_count, (size_t)ROUTES_MAX);
    memcpy(door->routes, routes, sizeof *routes * door->routes_count);
    door->options = (weir_http_module_options){.listen_fd = -1,
                                               .connections_max = 128,
                                               .connections_per_client_max = 64,
                                               .timeout_s = 10,
                                               .stack_size = (size_t)8 << 20,
                                               .serve = serve,
                                               .self = door};
    weir_code code = load_module(door, err);
    if (code == WEIR_OK)
        code = bind_port(address, host, port, &door->options.listen_fd, err);
    if (code == WEIR_OK) {
        door->server = door->module->start(&door->options);
        if (!door->server)
            code = weir_error_failf(err, WEIR_RPC_ERROR, "cannot serve http://%s: the server does not start",
                                    address);
    }
    if (code != WEIR_OK) {
        weir_http_door_close(door);
        return code;
    }
    weir_log_write(log, WEIR_LOG_INFO, "http",
                   strchr(host, ':') ? "listens at http://[%s]:%d" : "listens at http://%s:%d", host,
                   bound_port(door->options.listen_fd));
    *ret = door;
    return WEIR_OK;
}

void weir_http_door_close(weir_http_door *door) {
    if (!door)
        return;
    if (door->server)
        door->module->stop(door->server); /* closes the socket too */
    else if (door->options.listen_fd >= 0)
        close(door->options.listen_fd);
    if (door->library)
        dlclose(door->library);
    weir_free(door->host);
    weir_free(door);
}
