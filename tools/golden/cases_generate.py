# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Generators, sampling, statistics and SQL statements: whole queries as a user writes them (cases_api.py has the form).
The label of a query is its text."""

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", " ")] = function
    return function


def ask(x, *queries):
    for query in queries:
        x.see(query, lambda query=query: x.spark.sql(query))


def frames(x, **calls):
    for label, call in calls.items():
        x.see(label.replace("_", " "), call)


LISTS = [
        {"id": 1, "a": [10, 20], "m": {"x": 1, "y": 2}, "s": [{"p": 1, "q": "u"}, {"p": 2, "q": "v"}], "j": '{"f1":"a","f2":1.50,"f3":{"z":[1, 2]}}', "aa": [[1], [2, 3]]},
        {"id": 2, "a": [], "m": {}, "s": [], "j": "{bad", "aa": []},
        {"id": 3, "j": None},
        {"id": 4, "a": [None, 7], "m": {"n": None}, "s": [None, {"p": None, "q": "w"}], "j": '{"f1":null,"f2":true,"f1x":1}', "aa": [None, [], [4]]},
]
SCHEMA = (
    "id INT, a ARRAY<INT>, m MAP<STRING, INT>, s ARRAY<STRUCT<p: INT, q: STRING>>, j STRING, aa ARRAY<ARRAY<INT>>"
)


def lists(x):
    """The view t of four rows: lists with two items, empty ones, none, and such with NULL inside."""
    path = x.write("lists/1.json", *LISTS)
    frame = x.spark.read.schema(SCHEMA).json(path)
    frame.createOrReplaceTempView("t")
    return frame


@case
def explode_in_select(x):
    lists(x)
    ask(
        x,
        "SELECT id, explode(a) FROM t",
        "SELECT id, explode(a) AS x FROM t",
        "SELECT id, explode(a) x FROM t",
        "SELECT id, explode(a) AS (x) FROM t",
        "SELECT id, explode_outer(a) FROM t",
        "SELECT id, posexplode(a) FROM t",
        "SELECT id, posexplode(a) AS (i, v) FROM t",
        "SELECT id, posexplode_outer(a) FROM t",
        "SELECT id, explode(m) FROM t",
        "SELECT id, explode(m) AS (k, v) FROM t",
        "SELECT id, explode_outer(m) FROM t",
        "SELECT id, posexplode(m) FROM t",
        "SELECT id, posexplode_outer(m) FROM t",
        "SELECT explode(aa), id FROM t",
        "SELECT explode(s), id FROM t",
        "SELECT id, inline(s) FROM t",
        "SELECT id, inline(s) AS (b, c) FROM t",
        "SELECT id, inline_outer(s) FROM t",
        "SELECT *, explode(a) FROM t WHERE id = 1",
        "SELECT id + 1, explode(transform_free), id FROM (SELECT id, a AS transform_free FROM t)",
        "SELECT explode(array(1, 2, 3))",
        "SELECT explode(array(1, NULL)) AS n",
        "SELECT explode(map('a', 1, 'b', NULL))",
        "SELECT explode(array())",
        "SELECT explode_outer(array())",
        "SELECT explode(CAST(NULL AS ARRAY<INT>))",
        "SELECT explode_outer(CAST(NULL AS ARRAY<INT>))",
        "SELECT posexplode_outer(CAST(NULL AS MAP<INT, STRING>))",
        "SELECT inline(array(struct(1, 'a'), struct(2, 'b')))",
        "SELECT inline(array(named_struct('é', 1), NULL))",
        "SELECT explode(array(array(1, 2), array(3)))",
        "SELECT explode(array(double('NaN'), -0.0D, double('infinity')))",
        "SELECT DISTINCT explode(array(1, 1, 2)) AS x ORDER BY x",
        "SELECT explode(a) AS x FROM t ORDER BY x DESC",
        "SELECT explode(a) AS x FROM t ORDER BY id DESC, x",
        "SELECT explode(a) AS x FROM t LIMIT 2",
        "SELECT x + 1 AS y, count(*) FROM (SELECT explode(a) AS x FROM t) GROUP BY x ORDER BY ALL",
        "SELECT id, explode(array(id, id * 10)) AS v FROM t WHERE id < 3",
        "SELECT id, explode(a) AS id FROM t",
        "SELECT a FROM (SELECT explode(a) AS a FROM t)",
        "SELECT x.p FROM (SELECT explode(s) AS x FROM t)",
        "WITH c AS (SELECT posexplode(a) FROM t) SELECT sum(pos), sum(col) FROM c",
    )


@case
def stack_and_json_tuple(x):
    lists(x)
    ask(
        x,
        "SELECT stack(2, 1, 2, 3)",
        "SELECT stack(2, 'a', 1, 'b', 2) AS (name, n)",
        "SELECT id, stack(2, 'x', id, 'y', id * 2) AS (k, v) FROM t",
        "SELECT stack(1, 1, 2, 3)",
        "SELECT stack(3, 1)",
        "SELECT stack(2, 1, NULL, NULL, 'b')",
        "SELECT stack(1 + 1, 1, 2)",
        "SELECT stack(0, 1)",
        "SELECT stack(-1, 1)",
        "SELECT stack(NULL, 1)",
        "SELECT stack('2', 1)",
        "SELECT stack(id, 1) FROM t",
        "SELECT stack(2, 1, 'a')",
        "SELECT stack(2, 1, 2.5)",
        "SELECT stack(1)",
        "SELECT stack()",
        "SELECT id, json_tuple(j, 'f1', 'f2') FROM t",
        "SELECT id, json_tuple(j, 'f1', 'f2', 'f3', 'none') AS (a, b, c, d) FROM t",
        "SELECT id, json_tuple(j, 'f1', 'f1') FROM t",
        "SELECT json_tuple('{\"a\":[1, {\"b\" : 2}],\"b\":1e3,\"c\":\"\\\\u00e9\\\\n\"}', 'a', 'b', 'c')",
        "SELECT json_tuple('[{\"a\":1}]', 'a')",
        "SELECT json_tuple('{\"a\":1, \"a\":2}', 'a')",
        "SELECT json_tuple('{\"a\":1, x', 'a')",
        "SELECT json_tuple('{\"a\":-0.0,\"b\":1.10,\"c\":12345678901234567890,\"d\":false}', 'a', 'b', 'c', 'd')",
        "SELECT json_tuple('', 'a')",
        "SELECT json_tuple('{}', NULL, 'a')",
        "SELECT json_tuple(j, concat('f', id)) FROM t",
        "SELECT json_tuple(j) FROM t",
        "SELECT json_tuple(1, 'a')",
        "SELECT json_tuple(j, 1) FROM t",
        "SELECT j2.* FROM t LATERAL VIEW json_tuple(j, 'f1', 'f2') j2 AS x, y",
        "SELECT id, k, v FROM t LATERAL VIEW stack(2, 'x', id, 'y', id * 2) s AS k, v",
    )


@case
def generator_errors(x):
    lists(x)
    ask(
        x,
        "SELECT explode(a), explode(m) FROM t",
        "SELECT explode(a), explode(aa), id FROM t",
        "SELECT explode(explode(aa)) FROM t",
        "SELECT explode(a) + 1 FROM t",
        "SELECT abs(explode(a)) FROM t",
        "SELECT array(explode(a)) AS x FROM t",
        "SELECT id FROM t WHERE explode(a) = 1",
        "SELECT id FROM t ORDER BY explode(a)",
        "SELECT id FROM t GROUP BY id, explode(a)",
        "SELECT explode(a) FROM t GROUP BY a",
        "SELECT id FROM t GROUP BY id HAVING explode(array(1)) = 1",
        "SELECT id FROM t LIMIT explode(array(1))",
        "SELECT sum(explode(a)) FROM t",
        "SELECT explode(id) FROM t",
        "SELECT explode(NULL)",
        "SELECT explode('a')",
        "SELECT explode()",
        "SELECT explode(a, a) FROM t",
        "SELECT posexplode(1)",
        "SELECT inline(a) FROM t",
        "SELECT inline(1)",
        "SELECT inline(array())",
        "SELECT inline(NULL)",
        "SELECT explode(a) AS (x, y) FROM t",
        "SELECT explode(m) AS x FROM t",
        "SELECT explode(m) AS (x, y, z) FROM t",
        "SELECT posexplode(a) AS x FROM t",
        "SELECT id AS (x, y) FROM t",
        "SELECT id + 1 AS (x) FROM t",
        "SELECT explode(none) FROM t",
        "SELECT explode(a) AS x, x + 1 FROM t",
        "SELECT id + 1 AS n, explode(array(n)) FROM t",
        "SELECT explode(DISTINCT a) FROM t",
        "SELECT explode(a) FILTER (WHERE id = 1) FROM t",
        "SELECT CASE WHEN id = 1 THEN explode(a) END FROM t",
        "SELECT struct(explode(a)) FROM t",
        "SELECT explode(array(1 / (id - 1))) FROM t",
    )


@case
def generator_over_aggregate(x):
    lists(x)
    ask(
        x,
        "SELECT explode(collect_list(id)) FROM t",
        "SELECT explode(array(min(id), max(id))) AS e FROM t",
        "SELECT id % 2 AS k, explode(array(min(id), count(*))) AS e FROM t GROUP BY id % 2 ORDER BY k, e",
        "SELECT id % 2 AS k, sum(id), explode(array(id % 2)) FROM t GROUP BY id % 2 ORDER BY k",
        "SELECT posexplode(array(sum(id), 1)) AS (p, v), count(*) FROM t",
        "SELECT explode(array(sum(id))), explode(array(1)) FROM t",
        "SELECT explode(array(id)), sum(id) FROM t",
        "SELECT id % 2 AS k, explode(array(min(id), count(*))) AS e FROM t GROUP BY id % 2 HAVING count(*) > 1",
        "SELECT stack(2, min(id), max(id)) FROM t",
        "SELECT k, explode(array(k)) FROM (SELECT id % 2 AS k FROM t) GROUP BY ALL ORDER BY k",
    )


@case
def lateral_view(x):
    lists(x)
    ask(
        x,
        "SELECT id, x FROM t LATERAL VIEW explode(a) e AS x",
        "SELECT id, e.x FROM t LATERAL VIEW explode(a) e AS x",
        "SELECT id, col FROM t LATERAL VIEW explode(a) e",
        "SELECT * FROM t LATERAL VIEW explode(a) e AS x WHERE x > 10",
        "SELECT e.* FROM t LATERAL VIEW posexplode(m) e AS i, k, v",
        "SELECT id, x FROM t LATERAL VIEW OUTER explode(a) e AS x",
        "SELECT id, i, x FROM t LATERAL VIEW OUTER posexplode(a) e AS i, x",
        "SELECT id, x FROM t LATERAL VIEW explode_outer(a) e AS x",
        "SELECT id, e.p, e.q FROM t LATERAL VIEW OUTER inline(s) e",
        "SELECT id, x, k, v FROM t LATERAL VIEW explode(a) e AS x LATERAL VIEW explode(m) f AS k, v",
        "SELECT id, y FROM t LATERAL VIEW explode(aa) e AS x LATERAL VIEW explode(x) f AS y",
        "SELECT id, y FROM t LATERAL VIEW OUTER explode(aa) e AS x LATERAL VIEW OUTER explode(e.x) f AS y",
        "SELECT x, count(*), sum(id) FROM t LATERAL VIEW explode(array(id, 1)) e AS x GROUP BY x ORDER BY x",
        "SELECT * LATERAL VIEW explode(array(1, 2)) e AS x",
        "SELECT id, x, explode(a) FROM t LATERAL VIEW explode(array(1, 2)) e AS x WHERE id = 1",
        "SELECT id FROM t LATERAL VIEW explode(a) e AS x, y",
        "SELECT id FROM t LATERAL VIEW explode(m) e AS x",
        "SELECT id FROM t LATERAL VIEW abs(id) e AS x",
        "SELECT id FROM t LATERAL VIEW nofunction(id) e AS x",
        "SELECT id FROM t LATERAL VIEW explode(id) e AS x",
        "SELECT id FROM t LATERAL VIEW explode(none) e AS x",
        "SELECT id FROM t LATERAL VIEW explode(explode(aa)) e AS x",
        "SELECT id FROM t LATERAL VIEW explode(collect_list(id)) e AS x",
        "SELECT id FROM t LATERAL VIEW explode(a)",
        "SELECT id, col FROM t LATERAL VIEW explode(a) AS col",
        "SELECT id FROM t LATERAL VIEW OUTER",
        "SELECT id FROM t AS u LATERAL VIEW explode(u.a) e AS x ORDER BY x, id",
        "SELECT n.x FROM (SELECT * FROM t LATERAL VIEW explode(a) e AS x) n ORDER BY n.x NULLS LAST",
        "SELECT e.x FROM t LATERAL VIEW explode(a) e AS x LATERAL VIEW explode(array(1)) e AS y",
        "SELECT x FROM t LATERAL VIEW explode(a) e AS x LATERAL VIEW explode(array(1)) f AS x",
    )


@case
def table_functions(x):
    lists(x)
    ask(
        x,
        "SELECT * FROM explode(array(1, 2))",
        "SELECT * FROM explode(array(1, 2)) AS t(x)",
        "SELECT t.x + 1 FROM explode(array(1, 2)) t(x)",
        "SELECT * FROM explode(map('a', 1))",
        "SELECT * FROM explode_outer(array())",
        "SELECT * FROM explode(array())",
        "SELECT * FROM posexplode(array('a', 'b')) AS p(i, v)",
        "SELECT * FROM posexplode_outer(CAST(NULL AS ARRAY<INT>))",
        "SELECT * FROM inline(array(struct(1, 'a'), struct(2, 'b')))",
        "SELECT * FROM inline_outer(CAST(NULL AS ARRAY<STRUCT<a: INT>>))",
        "SELECT * FROM stack(2, 1, 2, 3)",
        "SELECT * FROM json_tuple('{\"a\": 1, \"b\": \"x\"}', 'a', 'b')",
        "SELECT * FROM explode(array(1, 2)) AS t(x, y)",
        "SELECT * FROM explode(1)",
        "SELECT * FROM explode()",
        "SELECT * FROM explode(a)",
        "SELECT * FROM nothing(1)",
        "SELECT * FROM abs(1)",
        "SELECT count(*) FROM explode(sequence_free)",
        "SELECT * FROM explode(explode(array(array(1))))",
        "SELECT max(x) FROM explode(array(3, 1, 2)) AS t(x)",
        "SELECT * FROM variant_explode(parse_json('[1, \"a\"]'))",
    )


@case
def frame_generators(x):
    frame, F = lists(x), x.F
    frames(
        x,
        explode=lambda: frame.select("id", F.explode("a")),
        explode_alias=lambda: frame.select("id", F.explode("a").alias("x")),
        explode_map_alias=lambda: frame.select("id", F.explode("m").alias("k", "v")),
        explode_wrong_alias=lambda: frame.select(F.explode("m").alias("k")),
        explode_too_many=lambda: frame.select(F.explode("a").alias("k", "v")),
        not_a_generator=lambda: frame.select(F.col("id").alias("k", "v")),
        posexplode=lambda: frame.select(F.posexplode("a"), "id"),
        posexplode_outer=lambda: frame.select(F.posexplode_outer("m"), "id"),
        explode_outer=lambda: frame.select("id", F.explode_outer(frame.a)),
        inline=lambda: frame.select("*", F.inline("s")).drop("a", "m", "s", "aa", "j"),
        inline_outer=lambda: frame.select(F.inline_outer("s")),
        stack=lambda: frame.select("id", F.stack(F.lit(2), "id", F.lit(5))),
        json_tuple=lambda: frame.select("id", F.json_tuple("j", "f1", "f2")),
        json_tuple_alias=lambda: frame.select("id", F.json_tuple("j", "f1", "f2").alias("x", "y")),
        with_column=lambda: frame.withColumn("x", F.explode("a")).select("id", "x"),
        with_column_replace=lambda: frame.select("id", "a").withColumn("a", F.explode("a")),
        with_column_two=lambda: frame.withColumns({"x": F.explode("a"), "y": F.explode("aa")}).select("x", "y"),
        with_column_map=lambda: frame.withColumn("x", F.explode("m")),
        filter=lambda: frame.filter(F.explode("a") > 1),
        two=lambda: frame.select(F.explode("a"), F.explode("m")),
        nested=lambda: frame.select(F.explode(F.explode("aa"))),
        in_expression=lambda: frame.select(F.explode("a") + 1),
        group=lambda: frame.select(F.explode("a").alias("x")).groupBy("x").count().orderBy("x"),
        aggregate=lambda: frame.agg(F.explode(F.array(F.min("id"), F.max("id")))),
        select_expr=lambda: frame.selectExpr("id", "explode(m) AS (k, v)"),
        expr=lambda: frame.select(F.expr("posexplode(a) AS (i, x)"), "id"),
        word_count=lambda: x.spark.createDataFrame([("a b a",), ("b c",)], "s string").select(F.explode(F.split("s", " ")).alias("w")).groupBy("w").count().orderBy("w"),
        join_back=lambda: frame.select("id", F.explode("a").alias("x")).filter("x > 7").select(F.col("id") * 2),
        then_limit=lambda: frame.select(F.explode("a")).limit(1),
        count=lambda: frame.select(F.explode("a")).count(),
        columns=lambda: frame.select(F.explode("m")).columns,
        order=lambda: frame.select(F.explode("a").alias("x")).orderBy("id", "x"),
        tvf_explode=lambda: x.spark.tvf.explode(F.array(F.lit(1), F.lit(2))),
        tvf_explode_map=lambda: x.spark.tvf.explode(F.create_map(F.lit("a"), F.lit(1))),
        tvf_outer=lambda: x.spark.tvf.explode_outer(F.array()),
        tvf_inline=lambda: x.spark.tvf.inline(F.array(F.struct(F.lit(1), F.lit("a")))),
        tvf_inline_outer=lambda: x.spark.tvf.inline_outer(F.array(F.struct(F.lit(1), F.lit("a")))),
        tvf_json_tuple=lambda: x.spark.tvf.json_tuple(F.lit('{"a": 1}'), F.lit("a"), F.lit("b")),
        tvf_posexplode=lambda: x.spark.tvf.posexplode(F.array(F.lit(1), F.lit(2))),
        tvf_posexplode_outer=lambda: x.spark.tvf.posexplode_outer(F.array()),
        tvf_stack=lambda: x.spark.tvf.stack(F.lit(2), F.lit(1), F.lit(2), F.lit(3)),
        tvf_range=lambda: x.spark.tvf.range(1, 7, 3),
        tvf_bad=lambda: x.spark.tvf.explode(F.lit(1)),
    )


@case
def stream_generators(x):
    F, directory = x.F, x.write("in/1.json", *LISTS)
    frame = x.spark.readStream.schema(SCHEMA).json(directory)

    def table(name, made, mode="append"):
        query = made.writeStream.format("memory").queryName(name).outputMode(mode)
        query = query.option("checkpointLocation", x.path("cp_" + name)).trigger(availableNow=True).start()
        query.awaitTermination()
        return x.spark.table(name).orderBy(*x.spark.table(name).columns)

    frames(
        x,
        explode=lambda: table("s1", frame.select("id", F.explode("a").alias("x"))),
        outer=lambda: table("s2", frame.select("id", F.posexplode_outer("m"))),
        inline=lambda: table("s3", frame.select("id", F.inline("s"))),
        stack=lambda: table("s4", frame.selectExpr("id", "stack(2, id, id + 10) AS v")),
        counted=lambda: table("s5", frame.select(F.explode("a").alias("x")).groupBy("x").count(), "complete"),
    )
    frame.createOrReplaceTempView("events")
    x.see("lateral view", lambda: table("s6", x.spark.sql("SELECT id, k, v FROM events LATERAL VIEW OUTER explode(m) e AS k, v")))


@case
def large_generators(x):
    ask(
        x,
        "SELECT count(*), sum(x), min(id), max(id) FROM (SELECT id, explode(array(id, id + 1, id + 2)) AS x FROM range(20000))",
        "SELECT count(*), sum(pos), sum(col) FROM (SELECT posexplode(split(repeat('1,', 9999), ',')) FROM range(3)) WHERE col <> ''",
        "SELECT count(*), sum(k), sum(v) FROM range(10000) LATERAL VIEW stack(3, id, 1, id, 2, id, 3) s AS k, v",
        "SELECT count(*), count(x) FROM (SELECT explode_outer(CASE WHEN id % 3 = 0 THEN array(id, NULL) WHEN id % 3 = 1 THEN array() END) AS x FROM range(9000))",
    )


# ---- SQL statements ----


@case
def statement_set(x):
    ask(
        x,
        "SET spark.sql.shuffle.partitions=7",
        "SET spark.sql.shuffle.partitions",
        "SET my.key = some words ",
        "SET my.key",
        "SET no.such.key",
        "SET spark.sql.shuffle.partitions=x",
        "SET spark.sql.warehouse.dir=/x",
        "RESET spark.sql.shuffle.partitions",
        "RESET no.such.key",
        "RESET my.key",
        "SET spark.sql.ansi.enabled=false",
        "SELECT 1 / 0 AS q",
        "RESET",
        "SELECT 2 / 0 AS q",
        "SET TIME ZONE 'America/Chicago'",
        "SELECT CAST(TIMESTAMP'2020-01-01 00:00:00Z' AS STRING) AS t",
        "SET TIME ZONE LOCAL",
        "SET TIME ZONE 'Mars/Base'",
        "SET `a.b`=`c d`",
        "SET spark.sql.session.timeZone=UTC;",
    )
    x.see("conf", lambda: x.spark.conf.get("spark.sql.shuffle.partitions"))


@case
def statement_views(x):
    lists(x)
    ask(
        x,
        "CREATE TEMP VIEW v AS SELECT id, explode(a) AS x FROM t",
        "SELECT * FROM v",
        "CREATE TEMPORARY VIEW v AS SELECT 1",
        "CREATE OR REPLACE TEMP VIEW v AS SELECT 1 AS one",
        "SELECT one FROM v",
        "CREATE TEMP VIEW IF NOT EXISTS v AS SELECT 2",
        "CREATE OR REPLACE TEMPORARY VIEW w (a, b) AS SELECT 1, 'x'",
        "SELECT b, a FROM w",
        "CREATE OR REPLACE TEMP VIEW w2 (a) AS SELECT 1, 'x'",
        "CREATE OR REPLACE TEMP VIEW w2 (a COMMENT 'c', b) COMMENT 'view' AS SELECT 1, 'x'",
        "CREATE TEMP VIEW bad AS SELECT nope FROM t",
        "CREATE TEMP VIEW a.b AS SELECT 1",
        "CREATE OR REPLACE GLOBAL TEMP VIEW g AS SELECT 3 AS three",
        "SELECT * FROM global_temp.g",
        "SHOW TABLES",
        "SHOW TABLES LIKE 'w*'",
        "SHOW VIEWS",
        "SHOW VIEWS LIKE 'v|w'",
        "SHOW VIEWS IN global_temp",
        "SHOW TABLES IN nowhere",
        "SHOW COLUMNS IN w",
        "SHOW COLUMNS FROM nope",
        "SHOW DATABASES",
        "SHOW SCHEMAS LIKE 'd*'",
        "SHOW NAMESPACES",
        "SHOW CATALOGS",
        "SHOW CURRENT NAMESPACE",
        "DESCRIBE w",
        "DESC TABLE t",
        "DESCRIBE nope",
        "DESCRIBE QUERY SELECT 1 AS a, 'b' AS b",
        "DESC SELECT id, a FROM t",
        "DESCRIBE FUNCTION abs",
        "DESCRIBE FUNCTION nope_nope",
        "SHOW FUNCTIONS LIKE 'abs'",
        "SHOW SYSTEM FUNCTIONS LIKE 'explode*'",
        "SHOW USER FUNCTIONS",
        "USE default",
        "USE nowhere",
        "USE SCHEMA default",
        "CACHE TABLE w",
        "CACHE LAZY TABLE w",
        "CACHE TABLE nope",
        "CACHE TABLE made AS SELECT 5 AS five",
        "SELECT * FROM made",
        "UNCACHE TABLE w",
        "UNCACHE TABLE nope",
        "UNCACHE TABLE IF EXISTS nope",
        "CLEAR CACHE",
        "REFRESH TABLE w",
        "DROP VIEW v",
        "SELECT * FROM v ",
        "DROP VIEW v ",
        "DROP VIEW IF EXISTS v",
        "DROP VIEW global_temp.g",
        "SHOW TABLES ",
        "DROP TABLE w",
        "EXPLAIN SELECT nope FROM t",
        "CREATE TEMP VIEW",
        "SHOW",
        "DROP",
        "DESCRIBE",
        "USE",
        "CREATE TEMP VIEW q AS",
    )
    x.see("explain columns", lambda: x.spark.sql("EXPLAIN SELECT 1 AS a").schema)
    x.see("explain says", lambda: x.spark.sql("EXPLAIN SELECT 1 AS a").collect()[0][0].startswith("== Physical Plan =="))
    x.see("explain extended", lambda: [line for line in x.spark.sql("EXPLAIN EXTENDED SELECT 1 AS a").collect()[0][0].split("\n") if line.startswith("==")])
    x.see("views by API", lambda: sorted(table.name for table in x.spark.catalog.listTables()))
    x.see("parameters", lambda: x.spark.sql("CREATE OR REPLACE TEMP VIEW p AS SELECT :n + 1 AS n", args={"n": 4}))
    x.see("view of parameters", lambda: x.spark.table("p"))


# ---- shapes and samples ----


@case
def unpivot(x):
    frame = x.spark.createDataFrame([(1, 11, 1.5, "a"), (2, None, 2.5, "b")], "id INT, i INT, d DOUBLE, s STRING")
    frame.createOrReplaceTempView("u")
    frames(
        x,
        simple=lambda: frame.unpivot("id", ["i", "d"], "var", "val"),
        melt=lambda: frame.drop("s").melt(["id"], None, "var", "val"),
        no_ids=lambda: frame.unpivot([], ["i", "d"], "var", "val"),
        ids_none=lambda: frame.select("id", "i").unpivot(None, ["i"], "var", "val"),
        two_ids=lambda: frame.unpivot(["id", "s"], ["i"], "var", "val"),
        no_values=lambda: frame.unpivot(["id", "i", "d", "s"], None, "var", "val"),
        types=lambda: frame.unpivot("id", ["i", "s"], "var", "val"),
        expression=lambda: frame.unpivot("id", [(frame.i + 1).alias("j"), frame.d], "var", "val"),
        expression_id=lambda: frame.unpivot((frame.id + 1).alias("k"), ["i"], "var", "val"),
        missing=lambda: frame.unpivot("id", ["nope"], "var", "val"),
        same_name=lambda: frame.unpivot("id", ["i"], "id", "val"),
    )
    ask(
        x,
        "SELECT * FROM u UNPIVOT (val FOR var IN (i, d))",
        "SELECT * FROM u UNPIVOT INCLUDE NULLS (val FOR var IN (i, d))",
        "SELECT * FROM u UNPIVOT EXCLUDE NULLS (val FOR var IN (i AS first, d AS `2`)) AS p",
        "SELECT p.id, p.val FROM u UNPIVOT (val FOR var IN (i AS 'one', d)) p WHERE p.val > 2",
        "SELECT * FROM u UNPIVOT INCLUDE NULLS ((v1, v2) FOR var IN ((i, d), (d, i)))",
        "SELECT * FROM u UNPIVOT ((v1, v2) FOR var IN ((i, s) AS a, (id, s) AS b))",
        "SELECT * FROM u UNPIVOT ((v1, v2) FOR var IN ((i, s, d)))",
        "SELECT * FROM u UNPIVOT (val FOR var IN (i, s))",
        "SELECT * FROM u UNPIVOT (val FOR var IN (nope))",
        "SELECT var, sum(val) FROM u UNPIVOT (val FOR var IN (i, d)) GROUP BY var ORDER BY var",
        "SELECT * FROM u UNPIVOT (val FOR var IN ())",
    )


@case
def samples(x):
    one = x.spark.range(0, 200, 1, 1)
    one.createOrReplaceTempView("r")
    frames(
        x,
        fraction=lambda: one.sample(0.1, 3),
        fraction_seed=lambda: one.sample(fraction=0.3, seed=42).count(),
        all=lambda: one.sample(1.0, 5).count(),
        none=lambda: one.sample(0.0, 5).count(),
        negative_seed=lambda: one.sample(0.1, -7),
        too_much=lambda: one.sample(1.5, 1).count(),
        below=lambda: one.sample(-0.5, 1).count(),
        split=lambda: [part.collect() for part in x.spark.range(0, 30, 1, 1).randomSplit([1.0, 2.0], 11)],
        split_three=lambda: [part.count() for part in one.randomSplit([0.2, 0.3, 0.5], 24)],
        split_text=lambda: [part.collect() for part in x.spark.createDataFrame([(c,) for c in "gfedcba"], "s STRING").coalesce(1).randomSplit([0.5, 0.5], 1)],
        sample_by=lambda: one.selectExpr("id", "id % 3 AS k").sampleBy("k", {0: 0.1, 1: 0.2}, 0),
        sample_by_text=lambda: one.selectExpr("id", "CAST(id % 2 AS STRING) AS k").sampleBy("k", {"1": 0.05}, 9),
        sample_then=lambda: one.sample(0.2, 8).filter("id > 100").count(),
        filtered=lambda: one.filter("id > 100").sample(0.2, 8),
    )
    ask(
        x,
        "SELECT * FROM r TABLESAMPLE (10 PERCENT) REPEATABLE (7)",
        "SELECT count(*) FROM r TABLESAMPLE (100 PERCENT)",
        "SELECT * FROM r TABLESAMPLE (5 ROWS)",
        "SELECT * FROM r TABLESAMPLE (BUCKET 1 OUT OF 8) REPEATABLE (1)",
        "SELECT count(*) FROM (SELECT * FROM r) TABLESAMPLE (50 PERCENT) REPEATABLE (2) AS s",
        "SELECT * FROM r TABLESAMPLE (110 PERCENT)",
        "SELECT * FROM r TABLESAMPLE (-1 PERCENT)",
        "SELECT * FROM r TABLESAMPLE ()",
        "SELECT * FROM r TABLESAMPLE (10 BYTES)",
    )


@case
def statistics(x):
    frame = x.spark.createDataFrame(
        [(1, 1.5, "b", True), (2, None, "a", False), (3, float("nan"), None, None), (4, -2.0, "é", True)],
        "i INT, d DOUBLE, s STRING, b BOOLEAN",
    ).coalesce(1)
    pairs = x.spark.createDataFrame([(1.0, 10), (2.0, 8), (3.0, 9), (4.5, -3)], "p DOUBLE, q INT").coalesce(1)
    frames(
        x,
        describe=lambda: frame.describe(),
        describe_some=lambda: frame.describe("s", "i"),
        describe_bool=lambda: frame.describe("b"),
        describe_missing=lambda: frame.describe("nope"),
        describe_empty=lambda: frame.filter("i > 9").describe(),
        describe_none=lambda: frame.select("b").describe(),
        summary=lambda: frame.summary(),
        summary_some=lambda: frame.summary("count", "min", "25%", "max"),
        summary_distinct=lambda: frame.select("i", "s").summary("count_distinct"),
        summary_approx=lambda: frame.select("i").summary("approx_count_distinct"),
        summary_bad=lambda: frame.summary("nope"),
        summary_percent=lambda: frame.summary("101%"),
        corr=lambda: pairs.corr("p", "q"),
        corr_text=lambda: frame.corr("i", "s"),
        corr_method=lambda: pairs.corr("p", "q", "spearman"),
        cov=lambda: pairs.cov("p", "q"),
        cov_text=lambda: frame.cov("i", "s"),
        cov_missing=lambda: frame.cov("i", "nope"),
        quantile=lambda: pairs.approxQuantile("p", [0.0, 0.5, 1.0], 0.0),
        quantiles=lambda: pairs.approxQuantile(["p", "q"], [0.25, 0.5], 0.1),
        quantile_bad=lambda: pairs.approxQuantile("p", [1.5], 0.1),
        crosstab=lambda: frame.crosstab("i", "s"),
        freq_items=lambda: frame.freqItems(["i", "s"], 0.4),
        with_metadata=lambda: frame.withMetadata("i", {"k": 1}).schema,
        col_regex=lambda: frame.select(frame.colRegex("`^[id]$`")),
        transpose=lambda: frame.select("i", "d").transpose("i"),
    )
