/* Between the program and weir-http.so, which holds what needs libmicrohttpd and is loaded for --http alone.
 * Plain C types: the module links nothing of the program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_HTTP_MODULE_VERSION 1
#define WEIR_HTTP_MODULE_SYMBOL "weir_http_module_entry"

typedef struct weir_http_request {
    const char *method; /* "GET" */
    const char *path;   /* without the query */
    const char *host;   /* the Host header; NULL = none */
} weir_http_request;

typedef struct weir_http_answer {
    int status;
    const char *content_type; /* static */
    const char *body;
    size_t body_size;
    const char *allow; /* header Allow; NULL = none */
    /* Called once when the body has been copied. */
    void (*release)(void *owner);
    void *owner;
} weir_http_answer;

typedef struct weir_http_module_options {
    int listen_fd; /* taken: closed by stop, also where start fails */
    int32_t connections_max, connections_per_client_max, timeout_s;
    size_t stack_size;
    /* On a thread of the connection; several at once. */
    void (*serve)(void *self, const weir_http_request *request, weir_http_answer *ret);
    void *self;
} weir_http_module_options;

typedef struct weir_http_module {
    uint32_t version;
    void *(*start)(const weir_http_module_options *options); /* NULL where it cannot serve */
    void (*stop)(void *server);                              /* no serve runs after it returns */
} weir_http_module;
