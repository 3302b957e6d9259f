/* What a driver says of itself (driver.h): executors, jobs, queries, counters as one JSON object. Only the
 * loop knows all that, so other threads ask it and wait for a moment: a driver whose loop does not come round
 * is not well, and says so. */
#include "common/base/alloc.h"
#include "driver/driver_int.h"

#define PATIENCE_MS 1000

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
    pthread_mutex_unlock(&driver->status_lock);
}

void weir_driver_status_init(weir_driver *driver) {
    pthread_mutex_init(&driver->status_lock, NULL);
    driver->status_event.run = status_event;
}

void weir_driver_status_fini(weir_driver *driver) {
    pthread_mutex_destroy(&driver->status_lock);
    weir_strbuf_fini(&driver->status_text);
}

void weir_driver_status_json(weir_driver *driver, weir_strbuf *ret) {
    const weir_env *env = driver->options.env;
    pthread_mutex_lock(&driver->status_lock);
    uint64_t mine = ++driver->status_asked;
    weir_loop_post(driver->loop, &driver->status_event);
    for (int32_t waited = 0; driver->status_made < mine && waited < PATIENCE_MS; waited++) {
        pthread_mutex_unlock(&driver->status_lock);
        env->clock->sleep_us(env->clock_self, 1000);
        pthread_mutex_lock(&driver->status_lock);
    }
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
