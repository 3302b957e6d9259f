/* The file sink keeps the contract of sinks: read through the manifest, as Spark does. */
#include "connectors/file/sink_manifest.h"
#include "tests/contract/contract_sink.h"

static weir_code append_rows(const weir_sink_file *file, void *data, weir_error **err) {
    contract_sink *c = ((void **)data)[0];
    weir_str text;
    WEIR_TRY(weir_fs_read_all(c->world.fs, file->path.data, 1 << 20, c->world.arena, &text, err));
    cr_assert_eq((int64_t)text.size, file->size);
    weir_strbuf_add(((void **)data)[1], text);
    return WEIR_OK;
}

static void read_files(contract_sink *c, weir_strbuf *ret) {
    weir_error *err = NULL;
    _cleanup_strbuf_ weir_strbuf json = {0};
    void *data[] = {c, &json};
    CHECK_OK(
        weir_sink_manifest_each(&c->world.env, c->world.fs, "/out", c->world.arena, append_rows, data, &err));
    char name[8];
    long long value;
    char *save = NULL;
    for (char *line = json.data ? strtok_r(json.data, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        cr_assert_eq(sscanf(line, "{\"name\":\"%7[^\"]\",\"value\":%lld}", name, &value), 2, "%s", line);
        weir_strbuf_addf(ret, "%s:%lld\n", name, value);
    }
}

static void setup_file(contract_sink *c) {
    c->format = "json";
    c->options_text = "path=/out";
    c->read = read_files;
}

CONTRACT_SINK(sink_file, setup_file)
