/* What a driver says of itself (driver.h): executors, jobs, queries, counters as one JSON object. Only the
 * loop knows all that, so other threads ask it and wait for a moment: a driver whose loop does not come round
 * is not well, and says so. */
#include <time.h>

#include "common/base/alloc.h"
#include "driver/driver_int.h"

#define PATIENCE_S 1

static void render(weir_driver *driver, weir_strbuf *buf) {
    weir_strbuf_addf(buf, "{\"role\":\"driver\",\"status\":\"%s\",\"version\":\"%s\",",
                     driver->stop_level ? "stopping" : "ok", WEIR_VERSION);
    weir_driver_jobs_json(driver, buf);
    weir_strbuf_add_char(buf, ',');
    weir_cluster_status_json(driver->cluster, buf);
    weir_strbuf_add_char(buf, '}');
}

static void status_event(weir_event *event) {
    weir_driver *driver = (weir_driver *)((char *)event - offsetof(weir_driver, status_event));
    _cleanup_strbuf_ weir_strbuf text = {0};
    render(driver, &text);
    pthread_mutex_lock(&driver->status_lock);
    driver->status_made = driver->status_asked;
    weir_strbuf_clear(&driver->status_text);
    weir_strbuf_add(&driver->status_text, weir_strbuf_view(&text));
    pthread_cond_broadcast(&driver->status_wake);
    pthread_mutex_unlock(&driver->status_lock);
}

void weir_driver_status_init(weir_driver *driver) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&driver->status_wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&driver->status_lock, NULL);
    driver->status_event.run = status_event;
}

void weir_driver_status_fini(weir_driver *driver) {
    pthread_cond_destroy(&driver->status_wake);
    pthread_mutex_destroy(&driver->status_lock);
    weir_strbuf_fini(&driver->status_text);
}

void weir_driver_status_json(weir_driver *driver, weir_strbuf *ret) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&driver->status_lock);
    uint64_t mine = ++driver->status_asked;
    weir_loop_post(driver->loop, &driver->status_event);
    int waited = 0;
    while (driver->status_made < mine && waited == 0)
        waited = pthread_cond_timedwait(&driver->status_wake, &driver->status_lock, &until);
    if (driver->status_made >= mine)
        weir_strbuf_add(ret, weir_strbuf_view(&driver->status_text));
    else
        weir_strbuf_add_text(ret, "{\"role\":\"driver\",\"status\":\"not responding\"}");
    pthread_mutex_unlock(&driver->status_lock);
}

void weir_driver_serve_status(weir_driver *driver, weir_call *call) {
    _cleanup_strbuf_ weir_strbuf text = {0};
    render(driver, &text);
    weir_strbuf_add_char(&text, 0);
    Weir__Status reply = WEIR__STATUS__INIT;
    reply.json = text.data;
    weir_cluster_reply(driver->cluster, call, WEIR_FRAME_STATUS, &reply.base);
}
