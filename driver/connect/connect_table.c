/* Tables by text key (connect_table.h): chained buckets that double; graves are such items in a ring. */
#include "driver/connect/connect_table.h"

#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

#define SEED 0x5EED

static uint64_t hash_key(const char *key) {
    return weir_hash_bytes(key, strlen(key), SEED);
}

weir_connect_item *weir_connect_table_find(const weir_connect_table *table, const char *key) {
    if (!table->count)
        return NULL;
    uint64_t hash = hash_key(key);
    weir_connect_item *item = table->buckets[hash & (table->capacity - 1)];
    while (item && (item->hash != hash || strcmp(item->key, key) != 0))
        item = item->next;
    return item;
}

static void link_item(weir_connect_table *table, weir_connect_item *item) {
    weir_connect_item **bucket = &table->buckets[item->hash & (table->capacity - 1)];
    item->next = *bucket;
    *bucket = item;
}

static void grow(weir_connect_table *table) {
    weir_connect_table larger = {.capacity = table->capacity ? table->capacity * 2 : 16,
                                 .count = table->count};
    larger.buckets = weir_alloc_zero(larger.capacity, sizeof *larger.buckets);
    for (size_t i = 0; i < table->capacity; i++)
        for (weir_connect_item *item = table->buckets[i], *next; item; item = next) {
            next = item->next;
            link_item(&larger, item);
        }
    weir_free(table->buckets);
    *table = larger;
}

void weir_connect_table_add(weir_connect_table *table, weir_connect_item *item) {
    if (table->count >= table->capacity)
        grow(table);
    item->hash = hash_key(item->key);
    link_item(table, item);
    table->count++;
}

void weir_connect_table_remove(weir_connect_table *table, weir_connect_item *item) {
    weir_connect_item **at = &table->buckets[item->hash & (table->capacity - 1)];
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    table->count--;
}

weir_connect_item *weir_connect_table_next(const weir_connect_table *table, const weir_connect_item *after) {
    size_t bucket = 0;
    if (after) {
        if (after->next)
            return after->next;
        bucket = (after->hash & (table->capacity - 1)) + 1;
    }
    while (bucket < table->capacity && !table->buckets[bucket])
        bucket++;
    return bucket < table->capacity ? table->buckets[bucket] : NULL;
}

void weir_connect_table_fini(weir_connect_table *table) {
    weir_free(table->buckets);
    *table = (weir_connect_table){0};
}

typedef struct weir_connect_grave {
    weir_connect_item item;
    int value;
    char key[];
} weir_connect_grave;

void weir_connect_graves_init(weir_connect_graves *graves, size_t capacity) {
    *graves = (weir_connect_graves){.capacity = capacity};
    graves->ring = weir_alloc_zero(capacity, sizeof *graves->ring);
}

void weir_connect_graves_put(weir_connect_graves *graves, const char *key, int value) {
    weir_connect_grave *grave = (weir_connect_grave *)weir_connect_table_find(&graves->table, key);
    if (grave) {
        grave->value = value;
        return;
    }
    size_t size = strlen(key) + 1;
    grave = weir_alloc_zero(1, sizeof *grave + size);
    memcpy(grave->key, key, size);
    grave->item.key = grave->key;
    grave->value = value;
    weir_connect_grave **place = &graves->ring[graves->next++ % graves->capacity];
    if (*place) {
        weir_connect_table_remove(&graves->table, &(*place)->item);
        weir_free(*place);
    }
    *place = grave;
    weir_connect_table_add(&graves->table, &grave->item);
}

int weir_connect_graves_get(const weir_connect_graves *graves, const char *key) {
    const weir_connect_grave *grave =
        (const weir_connect_grave *)weir_connect_table_find(&graves->table, key);
    return grave ? grave->value : 0;
}

void weir_connect_graves_fini(weir_connect_graves *graves) {
    for (size_t i = 0; graves->ring && i < graves->capacity; i++)
        weir_free(graves->ring[i]);
    weir_free(graves->ring);
    weir_connect_table_fini(&graves->table);
    *graves = (weir_connect_graves){0};
}
