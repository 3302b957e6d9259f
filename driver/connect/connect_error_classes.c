/* The Java exceptions by which clients know errors (connect_errors.h): Spark's conditions as recorded from
 * Spark (spark_error_classes.def), Weir's own (connect_error_classes.def), what is in neither by its
 * SQLSTATE. Tables only; any thread. */
#include <stdlib.h>
#include <string.h>

#include "driver/connect/connect_errors.h"

#define CHAIN_MAX 10

typedef enum error_class {
#define WEIR_ERROR_CHAIN(class, ...) CLASS_##class,
#define WEIR_ERROR_CLASS(condition, class)
#include "driver/connect/spark_error_classes.def"
#undef WEIR_ERROR_CHAIN
    CLASS_COUNT,
} error_class;

static const char *const chains[CLASS_COUNT][CHAIN_MAX] = {
#define WEIR_ERROR_CHAIN(class, ...) [CLASS_##class] = {__VA_ARGS__},
#include "driver/connect/spark_error_classes.def"
#undef WEIR_ERROR_CHAIN
#undef WEIR_ERROR_CLASS
};

typedef struct listed_class {
    const char *condition;
    error_class class;
} listed_class;

#define WEIR_ERROR_CLASS(condition, class) {condition, CLASS_##class},
static const listed_class own[] = {
#include "driver/connect/connect_error_classes.def"
};
#define WEIR_ERROR_CHAIN(class, ...)
static const listed_class recorded[] = {
/* sorted */
#include "driver/connect/spark_error_classes.def"
};
#undef WEIR_ERROR_CHAIN
#undef WEIR_ERROR_CLASS

static int compare_listed(const void *key, const void *item) {
    return strcmp(key, ((const listed_class *)item)->condition);
}

static int find_listed(const char *condition) {
    for (size_t i = 0; i < WEIR_ARRAY_LEN(own); i++)
        if (strcmp(own[i].condition, condition) == 0)
            return (int)own[i].class;
    const listed_class *found =
        bsearch(condition, recorded, WEIR_ARRAY_LEN(recorded), sizeof *recorded, compare_listed);
    return found ? (int)found->class : -1;
}

static int find_with_parent(const char *condition) {
    char parent[128];
    int class = find_listed(condition);
    size_t size = strcspn(condition, ".");
    if (class >= 0 || condition[size] == '\0' || size >= sizeof parent)
        return class;
    memcpy(parent, condition, size);
    parent[size] = '\0';
    return find_listed(parent);
}

/* CAST_INVALID_INPUT is thrown by the reader of the target type. */
static error_class cast_class(const weir_error *error) {
    const char *target = "";
    for (int i = 0; i < weir_error_param_count(error); i++)
        if (strcmp(weir_error_param_name(error, i), "targetType") == 0)
            target = weir_error_param_value(error, i);
    if (strstr(target, "DATE") || strstr(target, "TIME"))
        return CLASS_SPARK_DATE_TIME;
    return strstr(target, "BOOLEAN") ? CLASS_SPARK_RUNTIME : CLASS_SPARK_NUMBER_FORMAT;
}

static error_class class_by_sqlstate(const char *state) {
    if (strncmp(state, "42", 2) == 0 || strncmp(state, "0A", 2) == 0)
        return CLASS_ANALYSIS;
    return strncmp(state, "22", 2) == 0 ? CLASS_SPARK_RUNTIME : CLASS_SPARK;
}

const char *const *weir_connect_error_classes(const weir_error *error) {
    weir_code code = weir_error_code(error);
    if (code == WEIR_CAST_INVALID_INPUT)
        return chains[cast_class(error)];
    int class = find_with_parent(weir_code_condition(code));
    if (class < 0)
        class = (int)class_by_sqlstate(weir_code_sqlstate(code));
    return chains[class];
}
