/* Finding the gRPC door: weir-connect.so lies beside the program. It stays loaded: gRPC's threads and exit
 * handlers live in it. */
#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "driver/connect/connect_server.h"

#define MODULE "weir-connect.so"

/* The directory of the running program. */
static char *program_directory(void) {
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    path[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return weir_strdup(path);
}

weir_code weir_connect_door_load(const char *directory, const weir_door_ops **ret, weir_error **err) {
    _cleanup_free_ char *beside = directory ? weir_strdup(directory) : program_directory();
    _cleanup_free_ char *path = weir_asprintf("%s/%s", beside, MODULE);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!module)
        WEIR_FAIL(err, NOT_FOUND, "Spark Connect needs the module %s and Debian's libgrpc29: %s", MODULE,
                  dlerror());
    const weir_door_ops *ops = dlsym(module, WEIR_DOOR_SYMBOL);
    if (!ops || ops->abi != WEIR_DOOR_ABI)
        WEIR_FAIL(err, NOT_FOUND, "The module %s is of another version of Weir.", path);
    *ret = ops;
    return WEIR_OK;
}
