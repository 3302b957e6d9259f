/* The file source keeps the contract of sources, with and without a rate limit. */
#include "tests/contract/contract_source.h"

static void three_files(contract_source *c) {
    weir_error *err = NULL;
    for (int i = 0; i < 3; i++) {
        char *path = weir_arena_printf(c->world.arena, "/in/f%03d.json", c->calls++);
        char *text = weir_arena_printf(c->world.arena, "{\"name\":\"n%d\",\"value\":%d}\n{\"value\":null}\n",
                                       c->calls, i);
        CHECK_OK(c->world.fs->ops->create_new(c->world.fs, path, weir_str_from(text), &err));
    }
}

static void setup_file(contract_source *c) {
    weir_error *err = NULL;
    c->format = "json";
    c->options_text = "path=/in";
    c->more = three_files;
    CHECK_OK(weir_schema_parse(c->world.arena, WEIR_STR("name STRING, value BIGINT"), &c->schema, &err));
    CHECK_OK(c->world.fs->ops->make_directory(c->world.fs, "/in", &err));
}

static void setup_file_limited(contract_source *c) {
    setup_file(c);
    c->options_text = "path=/in/*.json,maxFilesPerTrigger=2";
}

CONTRACT_SOURCE(source_file, setup_file)
CONTRACT_SOURCE(source_file_limited, setup_file_limited)
