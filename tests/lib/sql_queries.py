# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Whole queries against any Spark Connect server, by the client of connect_wire: what each answers, in a form that is
the same whichever server, partition count or number of executors gave it.

tests/golden/sql/NAME.sql holds statements, each behind a line of its own that says "--"; "-- ordered" before one whose
rows come in the order that it asks for. Set-up statements are views: "-- view NAME" names what follows."""
import pathlib
import re

import connect_wire as wire

DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "golden" / "sql"
ROWS_MAX = 100000


def families():
    return sorted(path.stem for path in DIRECTORY.glob("*.sql"))


def load(family):
    """[(mark, statement)] of a file; the mark is what stands behind "--"."""
    found, mark, lines = [], None, []
    for line in (DIRECTORY / (family + ".sql")).read_text("utf-8").splitlines() + ["--"]:
        if not line.startswith("--"):
            lines.append(line)
            continue
        statement = "\n".join(lines).strip()
        if mark is not None and statement:
            found.append((mark, statement))
        mark, lines = line[2:].strip(), []
    return found


def schema_of(client, plan):
    """The tree string of a relation's schema."""
    request = wire.message((1, client.session), (2, client.user), (6, wire.message((1, plan))))
    return wire.field(client.call("AnalyzePlan", request), 4, 1).decode()


def table_of(client, child):
    show = wire.relation(20, wire.message((1, child), (2, ROWS_MAX), (3, 0), (4, False)))
    data = b"".join(wire.field(answer, 2, 2) or b"" for answer in client.execute(wire.rows(show)))
    return re.search(rb"\+-[-+]*\+\n.*\+-[-+]*\+\n|\+\+\n\|\|\n.*\+\+\n", data, re.S).group().decode()


def ask(client, mark, statement):
    """{"schema", "rows"} or {"error"}: its condition and first line, without the place."""
    if mark.startswith("view "):
        view = wire.message((1, wire.sql(statement)), (2, mark[5:]), (3, False), (4, True))
        client.execute(wire.command(3, view))
        return {"view": mark[5:]}
    child = wire.sql(statement)
    try:
        schema = schema_of(client, wire.rows(child))
        lines = table_of(client, child).splitlines()
    except wire.grpc.RpcError as error:
        found = re.search(r"\[[A-Z_0-9.]+\][^\n]*|requirement failed:[^\n]*", error.details())
        return {"error": re.sub(r" SQLSTATE: .*", "", found.group()) if found else "another one"}
    rows = lines[3:-1]
    return {"schema": schema, "rows": rows if mark.startswith("ordered") else sorted(rows)}
