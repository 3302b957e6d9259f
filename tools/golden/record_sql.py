#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record what Spark answers to the statements of tests/golden/sql/*.sql: a .jsonl beside each, one line a statement.

    python tools/golden/record_sql.py [FAMILY...]

tests/integration/it_sql_golden.py asks the same of Weir. Needs the environment of tests/peer/make_venv.sh and
Java 17."""

import json
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import connect_servers  # noqa: E402
import connect_wire  # noqa: E402
import sql_queries  # noqa: E402


def record(family, server):
    client = connect_wire.Client(server.port)
    path = str(sql_queries.DIRECTORY / (family + ".jsonl"))
    import pyspark

    head = {"spark": pyspark.__version__, "recorded_by": "tools/golden/record_sql.py"}
    head["conf"] = connect_servers.SPARK_CONF
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps(head, sort_keys=True) + "\n")
        statements = sql_queries.load(family)
        for mark, statement in statements:
            answer = sql_queries.ask(client, mark, statement)
            out.write(json.dumps({"sql": statement, **answer}, ensure_ascii=False) + "\n")
    print("%s: %d statements" % (os.path.relpath(path, ROOT), len(statements)))
    client.release()


def main():
    os.environ["TZ"] = "UTC"
    with tempfile.TemporaryDirectory(prefix="weir-sql-") as root:
        server = connect_servers.start_spark(root)
        try:
            for family in sys.argv[1:] or sql_queries.families():
                record(family, server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
