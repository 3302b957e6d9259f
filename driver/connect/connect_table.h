/* Small tables of the Connect server: objects by a text key (the item is embedded in the object), and a set
 * of the newest N keys ("tombstones"). Not thread-safe: the owner locks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct weir_connect_item {
    struct weir_connect_item *next;
    uint64_t hash;
    const char *key; /* owned by the object */
} weir_connect_item;

typedef struct weir_connect_table {
    weir_connect_item **buckets;
    size_t capacity, count;
} weir_connect_table;

weir_connect_item *weir_connect_table_find(const weir_connect_table *table, const char *key);
void weir_connect_table_add(weir_connect_table *table,
                            weir_connect_item *item); /* its key is not there yet */
void weir_connect_table_remove(weir_connect_table *table, weir_connect_item *item);
/* The first item (`after` NULL) or the next one; an item may be removed once its next is known. */
weir_connect_item *weir_connect_table_next(const weir_connect_table *table, const weir_connect_item *after);
void weir_connect_table_fini(weir_connect_table *table); /* of its own memory; items are the caller's */

/* The newest keys that were put, each with a small value; older ones are forgotten. */
typedef struct weir_connect_graves {
    weir_connect_table table;
    struct weir_connect_grave **ring;
    size_t capacity, next;
} weir_connect_graves;

void weir_connect_graves_init(weir_connect_graves *graves, size_t capacity);
void weir_connect_graves_put(weir_connect_graves *graves, const char *key, int value); /* value > 0 */
int weir_connect_graves_get(const weir_connect_graves *graves, const char *key);       /* 0: not there */
void weir_connect_graves_fini(weir_connect_graves *graves);
