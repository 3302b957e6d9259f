/* Named failpoints (failpoint.h): the environment variable is parsed at the first hit, counters are kept for
 * the life of the process. Compiled into test builds only. Any thread. */
#include "common/base/failpoint.h"

#ifdef WEIR_FAILPOINTS
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define POINTS_MAX 16

typedef struct point {
    char name[64];
    char action[16];
    int at; /* fires at this hit */
    int hits;
} point;

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;
    int count;
    point points[POINTS_MAX];
} table = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static void load_table(void) {
    const char *text = getenv("WEIR_FAIL");
    while (text && *text && table.count < POINTS_MAX) {
        point *p = &table.points[table.count];
        p->at = 1;
        int used = 0;
        if (sscanf(text, "%63[^:;]:%15[a-z]%n", p->name, p->action, &used) != 2)
            break;
        text += used;
        if (sscanf(text, "@%9d%n", &p->at, &used) == 1)
            text += used;
        table.count++;
        if (*text == ';')
            text++;
    }
}

static weir_code fire(const point *p, weir_error **err) {
    fprintf(stderr, "failpoint %s fired\n", p->name);
    if (strcmp(p->action, "kill") == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (strcmp(p->action, "stop") == 0)
        kill(getpid(), SIGSTOP);
    if (strcmp(p->action, "exit") == 0)
        _exit(42);
    if (strcmp(p->action, "delay") == 0)
        nanosleep(&(struct timespec){0, 200000000}, NULL);
    if (strcmp(p->action, "error") == 0)
        WEIR_FAIL(err, IO_ERROR, "failpoint %s", p->name);
    return WEIR_OK;
}

weir_code weir_failpoint_hit(const char *name, weir_error **err) {
    pthread_once(&table.once, load_table);
    for (int i = 0; i < table.count; i++) {
        point *p = &table.points[i];
        if (strcmp(p->name, name) != 0)
            continue;
        pthread_mutex_lock(&table.lock);
        int hit = ++p->hits;
        pthread_mutex_unlock(&table.lock);
        if (hit == p->at)
            return fire(p, err);
    }
    return WEIR_OK;
}
#endif
