# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What a PySpark user does, case by case: name -> function of a Stage (run_api.py). The same cases run on Spark's own
Connect server and on Weir; each sees rows, schemas, printed tables and errors, never anything of one server alone."""

import datetime
import decimal
import json
import time

import cases_connect

CASES = {}
SECONDS_MAX = 60


def case(function):
    CASES[function.__name__.replace("_", " ")] = function
    return function


# ---- session ----


@case
def conf(x):
    conf = x.spark.conf
    x.see("version", lambda: x.spark.version.split("-")[0])
    x.see("set and get", lambda: (conf.set("spark.sql.shuffle.partitions", 7), conf.get("spark.sql.shuffle.partitions")))
    x.see("set bool", lambda: (conf.set("spark.sql.caseSensitive", True), conf.get("spark.sql.caseSensitive")))
    x.see("unset", lambda: (conf.unset("spark.sql.caseSensitive"), conf.get("spark.sql.caseSensitive")))
    x.see("own key", lambda: (conf.set("my.key", "v"), conf.get("my.key")))
    x.see("unknown", lambda: conf.get("no.such.key"))
    x.see("unknown of sql", lambda: conf.get("spark.sql.no.such.key"))
    x.see("default given", lambda: conf.get("no.such.key", "d"))
    x.see("default null", lambda: conf.get("no.such.key", None))
    x.see("default of a known key", lambda: conf.get("spark.sql.ansi.enabled"))
    x.see("bad value", lambda: conf.set("spark.sql.shuffle.partitions", "x"))
    x.see("bad bool", lambda: conf.set("spark.sql.ansi.enabled", "maybe"))
    x.see("static", lambda: conf.set("spark.sql.warehouse.dir", "/x"))
    x.see("core key", lambda: conf.set("spark.master", "local"))
    x.see("modifiable", lambda: [conf.isModifiable(k) for k in ("spark.sql.ansi.enabled", "spark.sql.warehouse.dir", "nope")])
    x.see("bad zone", lambda: conf.set("spark.sql.session.timeZone", "Mars/Base"))
    x.see("zone", lambda: (conf.set("spark.sql.session.timeZone", "America/Chicago"), conf.get("spark.sql.session.timeZone")))
    x.see("zone counts", lambda: x.spark.sql("SELECT CAST(TIMESTAMP'2020-01-01 00:00:00Z' AS STRING) AS t"))
    x.see("ansi off", lambda: (conf.set("spark.sql.ansi.enabled", "false"), x.spark.sql("SELECT 1 / 0 AS q").collect()))


@case
def clone_session(x):
    x.spark.conf.set("my.key", "v")
    x.spark.range(3).createOrReplaceTempView("t")
    other = x.see("clone", lambda: (x.spark.cloneSession(), 1)[1]) and x.spark.cloneSession()
    if other:
        x.see("conf", lambda: other.conf.get("my.key"))
        x.see("view", lambda: other.table("t"))
        other.stop()


# ---- making data ----


@case
def create_data_frame(x):
    T, make = x.T, x.spark.createDataFrame
    x.see("tuples and names", lambda: make([(1, "a"), (2, None)], ["i", "s"]))
    x.see("ddl", lambda: make([(1, "a", 1.5)], "i INT, s STRING NOT NULL, d FLOAT"))
    x.see("dicts", lambda: make([{"a": 1, "b": "x"}, {"a": None, "b": "y"}]))
    x.see("rows", lambda: make([x.spark.range(1).collect()[0]]))
    x.see("empty", lambda: make([], "i INT, s STRING"))
    x.see("single type", lambda: make([1, 2, 3], T.LongType()))
    x.see("empty without schema", lambda: make([]))
    x.see("null in not null", lambda: make([(None,)], "i INT NOT NULL").collect())
    x.see("wrong type", lambda: make([("x",)], "i INT").collect())


@case
def create_all_types(x):
    schema = (
        "t TINYINT, h SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, b BOOLEAN, s STRING, bin BINARY, dc DECIMAL(20,3), "
        "dt DATE, ts TIMESTAMP, nt TIMESTAMP_NTZ, arr ARRAY<INT>, m MAP<STRING,BIGINT>, st STRUCT<x: INT, y: ARRAY<STRING>>, "
        "iv INTERVAL DAY TO SECOND, aa ARRAY<ARRAY<STRING>>, sa ARRAY<STRUCT<a: INT>>"
    )
    when = datetime.datetime(2024, 2, 29, 12, 30, 45, 123456)
    full = (
        -128, 32767, -(2**31), 2**63 - 1, 1.5, -0.1, True, "h\u00e9\U0001f600", bytearray(b"\x00\xff"), decimal.Decimal("-12345.678"),
        datetime.date(1582, 10, 15), when, when, [1, None, 3], {"k": 1, "n": None}, (1, ["a", None]),
        datetime.timedelta(days=-1, seconds=5, microseconds=7), [["a"], [], None], [(1,), None],
    )
    frame = x.spark.createDataFrame([full, (None,) * 19], schema)
    x.see("frame", lambda: frame)
    x.printed("show", lambda: frame.show())
    x.printed("show whole", lambda: frame.show(truncate=False))
    x.printed("show vertical", lambda: frame.show(vertical=True, truncate=False))
    x.printed("tree", frame.printSchema)
    x.see("arrow schema", lambda: [[f.name, str(f.type), f.nullable] for f in frame.toArrow().schema])
    x.see("arrow rows", lambda: frame.drop("iv").toArrow().to_pylist())
    x.see("pandas", lambda: frame.select("i", "s", "d", "ts").toPandas().to_dict("records").__repr__())
    x.see("pandas types", lambda: [str(t) for t in frame.toPandas().dtypes])
    x.see("roundtrip", lambda: x.spark.createDataFrame(frame.drop("iv", "ts").toArrow()).collect() == frame.drop("iv", "ts").collect())
    x.see("grouped", lambda: frame.groupBy("t", "dc", "dt", "ts", "bin").agg(x.F.count("*").alias("n")).orderBy("t"))
    x.see("distinct", lambda: frame.select("h", "nt", "b").distinct().orderBy("h"))


@case
def create_from_pandas_and_arrow(x):
    import pandas
    import pyarrow

    table = pyarrow.table({"a": [1, 2, None], "s": ["x", None, "z"], "l": [[1], [], None]})
    x.see("arrow", lambda: x.spark.createDataFrame(table))
    x.see("pandas", lambda: x.spark.createDataFrame(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [0.5, None]})))
    x.see("large", lambda: x.spark.createDataFrame([(i, "t%d" % i) for i in range(20000)], "i INT, s STRING").agg(
        x.F.count("*").alias("n"), x.F.sum("i").alias("s"), x.F.max("s").alias("m")))
    x.see("large collected", lambda: len(x.spark.createDataFrame([(i, "t%d" % i) for i in range(20000)], "i INT, s STRING").collect()))


@case
def range_frames(x):
    r = x.spark.range
    x.see("end", lambda: r(5))
    x.see("start end step", lambda: r(10, 0, -3))
    x.see("partitions", lambda: r(0, 6, 2, 3))
    x.see("empty", lambda: r(0))
    x.see("count", lambda: r(1000000).count())
    x.see("sum", lambda: r(1000000).agg(x.F.sum("id")).collect())
    x.see("step zero", lambda: r(0, 1, 0).collect())


@case
def read_json(x):
    d = x.write("in/a.json", {"a": 1, "b": "x", "t": "2024-01-01T10:00:00Z"}, {"a": None, "b": "y"}, '{"a": "bad"\n', {"b": "z", "c": [1]})
    spark = x.spark
    x.see("with schema", lambda: spark.read.schema("a INT, b STRING, t TIMESTAMP").json(d).orderBy("b"))
    x.see("inferred", lambda: spark.read.json(d).orderBy("b"))
    x.see("format and load", lambda: spark.read.format("json").schema("b STRING").load(d).orderBy("b"))
    x.see("corrupt", lambda: spark.read.schema("a INT, _corrupt_record STRING").json(d).orderBy("a", "_corrupt_record"))
    x.see("drop malformed", lambda: spark.read.schema("a INT, b STRING").option("mode", "DROPMALFORMED").json(d).orderBy("b"))
    x.see("fail fast", lambda: spark.read.schema("a INT, b STRING").option("mode", "FAILFAST").json(d).collect())
    x.see("bad mode", lambda: spark.read.schema("a INT").option("mode", "NONSENSE").json(d).collect())
    x.see("missing path", lambda: spark.read.schema("a INT").json(x.path("nope")).collect())
    x.see("several paths", lambda: spark.read.schema("b STRING").json([d, d]).count())
    x.see("of strings", lambda: spark.read.json(spark.createDataFrame([('{"q": 1}',)], "s STRING")))
    x.see("of strings with schema", lambda: spark.read.schema("q INT").json(spark.createDataFrame([('{"q": 1}',), ("x",)], "s STRING")))
    x.see("input files", lambda: [x.text(f) for f in spark.read.schema("a INT").json(d).inputFiles()])
    x.see("no format", lambda: spark.read.format("nonsense").load(d))


# ---- frames ----


def people(x):
    rows = [(1, "ann", 30, "a"), (2, "bob", None, "a"), (3, "cy", 25, "b"), (4, None, 41, "b"), (5, "eve", 25, None)]
    return x.spark.createDataFrame(rows, "id INT, name STRING, age INT, team STRING")


@case
def select_and_filter(x):
    F, f = x.F, people(x)
    x.see("select", lambda: f.select("name", f.age, F.col("id") + 1, (f.age * 2).alias("twice")))
    x.see("select expr", lambda: f.selectExpr("upper(name) AS n", "age / 2", "coalesce(team, '-') AS t"))
    x.see("filter", lambda: f.filter(f.age > 25).select("id"))
    x.see("filter text", lambda: f.where("age IS NULL OR team = 'b'").select("id"))
    x.see("filter chain", lambda: f.filter(F.col("name").like("%e%")).filter(F.col("id").isin(1, 5)))
    x.see("withColumn", lambda: f.withColumn("x", F.when(f.age > 28, "old").otherwise("young")).select("id", "x"))
    x.see("withColumns", lambda: f.withColumns({"a": F.lit(1), "b": F.length("name")}).select("id", "a", "b"))
    x.see("rename", lambda: f.withColumnRenamed("name", "who").columns)
    x.see("drop", lambda: f.drop("age", "nope").columns)
    x.see("columns", lambda: f.dtypes)
    x.see("cast", lambda: f.select(f.id.cast("string"), f.age.cast("double"), f.name.cast("binary")))
    x.see("functions", lambda: f.select(F.upper("name"), F.concat_ws("-", "name", "team"), F.greatest("id", "age"), F.substring("name", 1, 2)))
    x.see("nested", lambda: f.select(F.struct("id", "name").alias("s")).select("s.*", "s.id", F.col("s")["name"]))
    x.see("array", lambda: f.select(F.array("id", "age").alias("a")).select(F.size("a"), F.col("a")[0]))
    x.see("explode", lambda: f.select("id", F.explode(F.array("id", "age")).alias("v")).filter("id < 3"))
    x.see("transform", lambda: f.transform(lambda g: g.select("id")).count())


@case
def aggregates(x):
    F, f = x.F, people(x)
    x.see("count", f.count)
    x.see("group count", lambda: f.groupBy("team").count().orderBy("team"))
    x.see("group agg", lambda: f.groupBy("team").agg(F.sum("age").alias("s"), F.avg("age"), F.min("name"), F.max("id"), F.count("age")).orderBy("team"))
    x.see("agg", lambda: f.agg(F.sum("age"), F.countDistinct("team")))
    x.see("dict", lambda: f.groupBy("team").agg({"age": "max"}).orderBy("team"))
    x.see("two keys", lambda: f.groupBy("team", (F.col("age") > 26).alias("o")).count().orderBy("team", "o"))
    x.see("having", lambda: f.groupBy("team").count().filter("count > 1").orderBy(F.desc("team")))
    x.see("distinct", lambda: f.select("age").distinct().orderBy("age"))
    x.see("dropDuplicates", lambda: f.dropDuplicates(["team"]).count())
    x.see("window", lambda: x.spark.createDataFrame(
        [(datetime.datetime(2024, 1, 1, 0, m), m) for m in (1, 4, 6, 14)], "t TIMESTAMP, v INT"
    ).groupBy(F.window("t", "5 minutes")).agg(F.sum("v").alias("s")).orderBy("window"))
    x.see("sliding window", lambda: x.spark.createDataFrame([(datetime.datetime(2024, 1, 1, 0, 7),)], "t TIMESTAMP")
          .groupBy(F.window("t", "10 minutes", "5 minutes").alias("w")).count().select("w.start", "w.end", "count").orderBy("start"))
    x.see("collect list", lambda: f.groupBy("team").agg(F.sort_array(F.collect_list("id")).alias("ids")).orderBy("team"))
    x.see("stddev", lambda: f.agg(F.stddev("age"), F.variance("id")))


@case
def order_limit_take(x):
    F, f = x.F, people(x)
    x.see("order", lambda: f.orderBy("age", "id").select("id"))
    x.see("order desc", lambda: f.orderBy(F.desc("age"), "id").select("id"))
    x.see("order nulls", lambda: f.orderBy(F.col("age").asc_nulls_last(), F.col("id").desc()).select("id"))
    x.see("sort", lambda: f.sort("name", ascending=False).select("id"))
    x.see("limit", lambda: f.orderBy("id").limit(2).select("id"))
    x.see("limit none", lambda: f.limit(0))
    x.see("offset", lambda: f.orderBy("id").offset(3).select("id"))
    x.see("take", lambda: f.orderBy("id").take(2))
    x.see("head", lambda: [f.orderBy("id").head(), f.orderBy("id").first()])
    x.see("tail", lambda: f.orderBy("id").tail(2))
    x.see("is empty", lambda: [f.isEmpty(), f.limit(0).isEmpty()])
    x.see("iterator", lambda: list(f.orderBy("id").select("id").toLocalIterator()))
    x.see("union", lambda: f.select("id").union(x.spark.range(2)).count())
    x.see("repartition", lambda: f.repartition(3).coalesce(1).count())


@case
def show_forms(x):
    f = people(x)
    wide = x.spark.createDataFrame([("a" * 30, "b\nc"), ("\u4e2d\u6587", None)], "long STRING, s STRING")
    x.printed("plain", f.show)
    x.printed("some", lambda: f.orderBy("id").show(2))
    x.printed("one", lambda: f.orderBy("id").show(1))
    x.printed("none", lambda: f.show(0))
    x.printed("truncate 20", wide.show)
    x.printed("truncate 5", lambda: wide.show(truncate=5))
    x.printed("truncate 2", lambda: wide.show(truncate=2))
    x.printed("whole", lambda: wide.show(truncate=False))
    x.printed("vertical", lambda: wide.show(vertical=True))
    x.printed("vertical one", lambda: f.orderBy("id").show(1, vertical=True))
    x.printed("empty", lambda: f.limit(0).show())
    x.printed("empty vertical", lambda: f.limit(0).show(vertical=True))
    x.printed("no columns", lambda: x.spark.range(2).select().show())
    x.printed("tree", f.printSchema)
    x.printed("tree level", lambda: x.spark.createDataFrame([], "a STRUCT<b: STRUCT<c: INT>>, d ARRAY<INT>").printSchema(1))
    x.see("repr", lambda: repr(f))
    x.see("eager", lambda: (x.spark.conf.set("spark.sql.repl.eagerEval.enabled", True), repr(x.spark.range(2)))[1])
    x.see("html", lambda: x.spark.range(2)._repr_html_())


@case
def explain(x):
    """Plans are each engine's own: the sections are compared."""
    import contextlib
    import io
    import re

    def sections(**args):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            x.spark.range(3).filter("id > 1").explain(**args)
        return re.findall(r"^== .* ==$", out.getvalue(), re.M)

    x.see("simple", sections)
    x.see("extended", lambda: sections(extended=True))
    x.see("bad mode", lambda: sections(mode="nonsense"))


# ---- views, catalogue, SQL ----


@case
def temp_views(x):
    f, spark = people(x), x.spark
    x.see("create", lambda: f.createOrReplaceTempView("people"))
    x.see("table", lambda: spark.table("people").count())
    x.see("sql", lambda: spark.sql("SELECT name, age FROM people WHERE age > 26 ORDER BY age"))
    x.see("again", lambda: f.createTempView("people"))
    x.see("replace", lambda: (spark.range(1).createOrReplaceTempView("people"), spark.table("people"))[1])
    x.see("bad name", lambda: f.createTempView("a b.c d."))
    x.see("drop", lambda: [spark.catalog.dropTempView("people"), spark.catalog.dropTempView("people")])
    x.see("gone", lambda: spark.table("people").collect())
    x.see("gone in sql", lambda: spark.sql("SELECT * FROM people").collect())
    x.see("global", lambda: (f.createOrReplaceGlobalTempView("g"), spark.table("global_temp.g").count())[1])
    x.see("drop global", lambda: spark.catalog.dropGlobalTempView("g"))


@case
def catalog(x):
    c = x.spark.catalog
    people(x).createOrReplaceTempView("people")
    x.see("current", lambda: [c.currentCatalog(), c.currentDatabase()])
    x.see("tables", lambda: [t for t in c.listTables() if t.isTemporary])
    x.see("exists", lambda: [c.tableExists("people"), c.tableExists("nope"), c.databaseExists("default"), c.databaseExists("nope")])
    x.see("table", lambda: c.getTable("people"))
    x.see("columns", lambda: c.listColumns("people"))
    x.see("no table", lambda: c.getTable("nope"))
    x.see("no columns", lambda: c.listColumns("nope"))
    x.see("function", lambda: [c.functionExists("upper"), c.functionExists("nope_nope")])
    x.see("no database", lambda: c.setCurrentDatabase("nope"))
    x.see("cached", lambda: c.isCached("people"))
    x.see("catalogs", lambda: c.listCatalogs())


@case
def sql(x):
    people(x).createOrReplaceTempView("people")
    s = x.spark.sql
    x.see("literals", lambda: s("SELECT 1 AS a, 'x' AS b, 1.5 AS c, NULL AS d, DATE'2024-01-01' AS e"))
    x.see("named", lambda: s("SELECT id FROM people WHERE age > :min ORDER BY id", args={"min": 26}))
    x.see("positional", lambda: s("SELECT id FROM people WHERE age > ? AND team = ? ORDER BY id", args=[20, "b"]))
    x.see("frame in text", lambda: s("SELECT id FROM {f} WHERE id > {n}", f=x.spark.range(5), n=2))
    x.see("group", lambda: s("SELECT team, count(*) AS n, sum(age) AS s FROM people GROUP BY team HAVING count(*) > 1 ORDER BY team"))
    x.see("subquery", lambda: s("SELECT t.n FROM (SELECT name AS n, id FROM people) t WHERE t.id < 3 ORDER BY n"))
    x.see("case", lambda: s("SELECT id, CASE WHEN age > 28 THEN 'old' WHEN age IS NULL THEN '?' ELSE 'young' END AS c FROM people ORDER BY id"))
    x.see("built upon", lambda: s("SELECT id, age FROM people").filter("age = 25").orderBy("id").select("id"))
    x.see("types", lambda: s("SELECT CAST('12' AS INT) AS i, CAST(1 AS DECIMAL(5,2)) AS d, array(1, 2) AS a, map('k', 1) AS m, named_struct('x', 1) AS s"))
    x.see("time", lambda: s("SELECT window(TIMESTAMP'2024-01-01 00:03:00', '5 minutes') AS w, hour(TIMESTAMP'2024-01-01 07:03:00') AS h"))
    x.see("star", lambda: s("SELECT * FROM people ORDER BY id LIMIT 2"))
    x.see("values", lambda: s("SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(x, y) ORDER BY x"))
    x.see("with", lambda: s("WITH q AS (SELECT id FROM people WHERE team = 'a') SELECT * FROM q ORDER BY id"))


# ---- errors ----


@case
def errors_of_analysis(x):
    F, f, s = x.F, people(x), x.spark.sql
    f.createOrReplaceTempView("people")
    x.see("column", lambda: f.select("nope").collect())
    x.see("column suggestion", lambda: f.select("nam").schema)
    x.see("column of nothing", lambda: x.spark.range(1).select().select("a").schema)
    x.see("sql column", lambda: s("SELECT nope FROM people").collect())
    x.see("sql table", lambda: s("SELECT * FROM nope").collect())
    x.see("sql function", lambda: s("SELECT nope(1)").collect())
    x.see("function", lambda: f.select(F.call_function("nope", "id")).schema)
    x.see("sql syntax", lambda: s("SELEC 1"))
    x.see("sql syntax end", lambda: s("SELECT id FROM people WHERE"))
    x.see("sql syntax lines", lambda: s("SELECT id,\n  name\nFRM people"))
    x.see("sql empty", lambda: s(""))
    x.see("types", lambda: s("SELECT 'a' + array(1)").collect())
    x.see("types of columns", lambda: f.select(f.name + F.array(F.lit(1))).schema)
    x.see("filter type", lambda: f.filter(f.id).schema)
    x.see("sql where type", lambda: s("SELECT 1 FROM people WHERE id").collect())
    x.see("ungrouped", lambda: f.groupBy("team").agg(F.col("age")).schema)
    x.see("sql ungrouped", lambda: s("SELECT team, age FROM people GROUP BY team").collect())
    x.see("ambiguous", lambda: f.select("id", f.age.alias("id")).select("id").schema)
    x.see("unbound", lambda: s("SELECT :a", args={"b": 1}).collect())
    x.see("argument count", lambda: s("SELECT upper('a', 'b')").collect())
    x.see("unknown type", lambda: f.select(f.id.cast("nonsense")).schema)
    x.see("bad cast", lambda: f.select(F.array("id").cast("int")).schema)
    x.see("aggregate in where", lambda: f.filter(F.count("*") > 1).schema)
    x.see("order by position", lambda: s("SELECT id FROM people ORDER BY 3").collect())
    x.see("toDF", lambda: f.toDF("a").schema)
    x.see("window duration", lambda: s("SELECT window(TIMESTAMP'2024-01-01 00:00:00', 'x')").collect())
    x.see("unknown extract", lambda: f.select(f.id.getField("x")).schema)
    x.see("batch of a stream", lambda: x.spark.readStream.format("rate").load().collect())
    x.see("count of a stream", lambda: x.spark.readStream.format("rate").load().count())
    x.see("show of a stream", lambda: x.spark.readStream.format("rate").load().show())
    x.see("batch as a stream", lambda: f.writeStream.format("noop").start())


@case
def errors_at_run_time(x):
    F, f, s = x.F, people(x), x.spark.sql
    f.createOrReplaceTempView("people")
    x.see("divide", lambda: s("SELECT 1 / 0").collect())
    x.see("divide in the middle", lambda: s("SELECT id, id / (id - 3) AS q FROM people").collect())
    x.see("divide over lines", lambda: s("SELECT id,\n  id / (id - 3) AS q\nFROM people").collect())
    x.see("divide column", lambda: f.select(f.id / (f.id - 3)).collect())
    x.see("divide expr", lambda: f.selectExpr("id / (id - 3)").collect())
    x.see("divide in filter", lambda: f.filter("id / (id - 3) > 1").collect())
    x.see("remainder", lambda: s("SELECT 5 % 0").collect())
    x.see("cast", lambda: s("SELECT CAST('abc' AS INT)").collect())
    x.see("cast column", lambda: f.select(f.name.cast("int")).collect())
    x.see("cast date", lambda: s("SELECT CAST('abc' AS DATE)").collect())
    x.see("cast boolean", lambda: s("SELECT CAST('abc' AS BOOLEAN)").collect())
    x.see("overflow", lambda: s("SELECT 2147483647 + 1").collect())
    x.see("overflow long", lambda: s("SELECT 9223372036854775807 * 2").collect())
    x.see("overflow cast", lambda: s("SELECT CAST(300 AS TINYINT)").collect())
    x.see("overflow column", lambda: f.select((f.id + 2147483647).alias("o")).collect())
    x.see("overflow sum", lambda: x.spark.createDataFrame([(2**63 - 1,), (1,)], "l BIGINT").agg(F.sum("l")).collect())
    x.see("decimal", lambda: s("SELECT CAST(12345 AS DECIMAL(3, 1))").collect())
    x.see("array index", lambda: s("SELECT array(1, 2)[5]").collect())
    x.see("element at", lambda: s("SELECT element_at(array(1, 2), 5)").collect())
    x.see("timestamp text", lambda: s("SELECT to_timestamp('x', 'yyyy')").collect())
    x.see("raise", lambda: s("SELECT raise_error('mine')").collect())
    x.see("assert", lambda: s("SELECT assert_true(1 = 2, 'not so')").collect())
    x.see("negate", lambda: s("SELECT -(-2147483648)").collect())
    x.see("in a view", lambda: (f.selectExpr("id / (id - 3) AS q").createOrReplaceTempView("bad"), s("SELECT q FROM bad").collect()))
    x.see("show", lambda: f.selectExpr("id / (id - 3) AS q").show())
    x.see("count does not run it", lambda: f.selectExpr("id / (id - 3) AS q").count())


# ---- streams ----


def events(x):
    x.write("in/1.json", {"k": "a", "v": 1, "t": "2024-01-01T00:01:00Z"}, {"k": "b", "v": 2, "t": "2024-01-01T00:06:00Z"})
    return x.spark.readStream.schema("k STRING, v INT, t TIMESTAMP").option("maxFilesPerTrigger", 1).json(x.path("in"))


def wait_for(check):
    end = time.monotonic() + SECONDS_MAX
    while not check():
        if time.monotonic() > end:
            raise TimeoutError("it did not come")
        time.sleep(0.05)
    return True


@case
def stream_memory_append(x):
    f = events(x)
    x.see("streaming", lambda: [f.isStreaming, x.spark.range(1).isStreaming])
    x.printed("tree", f.printSchema)
    q = x.see("start", lambda: f.filter("v > 1").writeStream.format("memory").queryName("q").outputMode("append").start())
    x.see("process", q.processAllAvailable)
    x.see("rows", lambda: x.spark.sql("SELECT k, v FROM q"))
    x.see("schema of the table", lambda: x.spark.table("q").schema)
    x.see("active", lambda: [q.isActive, q.name, len(x.spark.streams.active), x.spark.streams.get(q.id).name])
    x.write("in/2.json", {"k": "c", "v": 9})
    x.see("process more", q.processAllAvailable)
    x.see("more rows", lambda: x.spark.table("q").orderBy("v").select("k", "v", "t"))
    x.see("aggregate of it", lambda: x.spark.sql("SELECT count(*) AS n, sum(v) AS s FROM q"))
    x.see("same name", lambda: f.writeStream.format("memory").queryName("q").start())
    x.see("exception", q.exception)
    x.see("await", lambda: q.awaitTermination(0.01))
    x.see("stop", q.stop)
    x.see("stopped", lambda: [q.isActive, q.status, q.exception(), len(x.spark.streams.active)])
    x.see("await after the end", lambda: q.awaitTermination(1))
    x.see("stop again", q.stop)
    x.see("table stays", lambda: x.spark.table("q").count())


@case
def stream_progress(x):
    q = events(x).writeStream.format("memory").queryName("q").trigger(availableNow=True).start()
    x.see("await", lambda: q.awaitTermination(SECONDS_MAX))
    p = q.lastProgress
    x.see("keys", lambda: sorted(json.loads(p.json)))
    x.see("values", lambda: [p.name, p.batchId, p.numInputRows, p.stateOperators, p.sources[0].numInputRows, p.sources[0].description])
    x.see("source keys", lambda: sorted(json.loads(p.sources[0].json)))
    x.see("offsets", lambda: [p.sources[0].startOffset, p.sources[0].endOffset, p.sources[0].latestOffset])
    x.see("sink", lambda: json.loads(p.sink.json))
    x.see("durations", lambda: sorted(p.durationMs))
    x.see("recent", lambda: [r.batchId for r in q.recentProgress if r.numInputRows])
    x.see("status", lambda: q.status)


@case
def stream_complete(x):
    F, f = x.F, events(x)
    counts = f.groupBy(F.window("t", "5 minutes"), "k").agg(F.count("*").alias("n"), F.sum("v").alias("s"))
    q = x.see("start", lambda: counts.writeStream.format("memory").queryName("counts").outputMode("complete").start())
    x.see("process", q.processAllAvailable)
    x.see("rows", lambda: x.spark.sql("SELECT window.start AS w, k, n, s FROM counts ORDER BY w, k"))
    x.write("in/2.json", {"k": "a", "v": 5, "t": "2024-01-01T00:02:00Z"}, {"k": "b", "v": 1, "t": "2024-01-01T01:02:00Z"})
    x.see("process more", q.processAllAvailable)
    x.see("more rows", lambda: x.spark.sql("SELECT window.start AS w, k, n, s FROM counts ORDER BY w, k"))
    x.see("schema of the table", lambda: x.spark.table("counts").schema)
    x.see("state", lambda: [q.lastProgress.stateOperators[0].operatorName, q.lastProgress.stateOperators[0].numRowsTotal])
    x.see("stop", q.stop)


@case
def stream_update_mode(x):
    q = events(x).groupBy("k").count().writeStream.format("memory").queryName("u").outputMode("update").start()
    q.processAllAvailable()
    x.see("rows", lambda: x.spark.table("u").orderBy("k", "count"))
    x.write("in/2.json", {"k": "a", "v": 5})
    q.processAllAvailable()
    x.see("more rows", lambda: x.spark.table("u").orderBy("k", "count"))
    q.stop()


@case
def stream_triggers(x):
    f = events(x)
    x.write("in/2.json", {"k": "c", "v": 3})

    def run(name, **trigger):
        q = f.writeStream.format("memory").queryName(name).trigger(**trigger).start()
        ended = q.awaitTermination(SECONDS_MAX)
        batches = sorted(p.batchId for p in q.recentProgress if p.numInputRows)
        return [ended, batches, x.spark.table(name).orderBy("v").select("v").collect()]

    x.see("available now", lambda: run("an", availableNow=True))
    x.see("once", lambda: run("once", once=True))

    def interval():
        q = f.writeStream.format("memory").queryName("pt").trigger(processingTime="100 milliseconds").start()
        wait_for(lambda: x.spark.table("pt").count() == 3)
        q.stop()
        return x.spark.table("pt").count()

    x.see("processing time", interval)
    x.see("bad interval", lambda: f.writeStream.format("noop").trigger(processingTime="x y").start())
    x.see("negative interval", lambda: f.writeStream.format("noop").trigger(processingTime="-5 seconds").start())


@case
def stream_console(x):
    q = None

    def run():
        nonlocal q
        q = events(x).select("k", "v")
        q = q.writeStream.format("console").option("truncate", False).trigger(availableNow=True).start()
        q.awaitTermination(SECONDS_MAX)

    x.console("append", run)
    x.console("complete", lambda: events(x).groupBy("k").count().orderBy("k").writeStream.format("console").outputMode("complete")
              .option("numRows", 1).trigger(availableNow=True).start().awaitTermination(SECONDS_MAX))


@case
def stream_files(x):
    f = events(x)
    out, checkpoint = x.path("out"), x.path("checkpoint")

    def run():
        q = f.writeStream.format("json").option("checkpointLocation", checkpoint).trigger(availableNow=True).start(out)
        q.awaitTermination(SECONDS_MAX)
        return q.exception()

    x.see("run", run)
    x.see("read back", lambda: x.spark.read.schema("k STRING, v INT").json(out).orderBy("v"))
    x.write("in/2.json", {"k": "c", "v": 3})
    x.see("run again", run)
    x.see("read back again", lambda: x.spark.read.schema("k STRING, v INT").json(out).orderBy("v"))
    x.see("as a stream", lambda: streamed(x, out))
    x.see("no checkpoint", lambda: f.writeStream.format("json").start(out))
    x.see("no path", lambda: f.writeStream.format("json").option("checkpointLocation", checkpoint + "2").start())


def streamed(x, path):
    q = x.spark.readStream.schema("v INT").json(path).writeStream.format("memory").queryName("again").trigger(availableNow=True).start()
    q.awaitTermination(SECONDS_MAX)
    return x.spark.table("again").orderBy("v").collect()


@case
def stream_failure(x):
    F, f = x.F, events(x)
    q = f.select((F.col("v") / (F.col("v") - 2)).alias("q")).writeStream.format("memory").queryName("bad").start()
    x.see("await", lambda: q.awaitTermination(SECONDS_MAX))
    x.see("active", lambda: q.isActive)
    x.see("exception", lambda: type(q.exception()).__name__)
    x.see("exception text", lambda: str(q.exception()).split("\n\nJVM")[0].split("\n=== Streaming Query ===")[0])
    x.see("status", lambda: q.status)
    x.see("process all", q.processAllAvailable)
    x.see("await any", lambda: x.spark.streams.awaitAnyTermination(1))
    x.see("reset", x.spark.streams.resetTerminated)
    x.see("await any after", lambda: x.spark.streams.awaitAnyTermination(1))


@case
def stream_manager(x):
    m, f = x.spark.streams, events(x)
    x.see("none", lambda: m.active)
    a = f.writeStream.format("noop").queryName("a").start()
    b = f.writeStream.format("memory").queryName("b").start()
    x.see("active", lambda: sorted(q.name for q in m.active))
    x.see("get", lambda: m.get(a.id).runId == a.runId)
    x.see("get none", lambda: m.get("00000000-0000-0000-0000-000000000000"))
    x.see("await any timeout", lambda: m.awaitAnyTermination(0.05))
    b.processAllAvailable()
    a.stop()
    x.see("await any", lambda: m.awaitAnyTermination(SECONDS_MAX))
    x.see("active after", lambda: [q.name for q in m.active])
    x.see("reset", m.resetTerminated)
    x.see("await any after", lambda: m.awaitAnyTermination(0.05))
    b.stop()
    x.see("unnamed", lambda: (lambda q: [q.name, q.stop()])(f.writeStream.format("noop").start()))


@case
def stream_listener(x):
    from pyspark.sql.streaming import StreamingQueryListener

    kept = []

    class Listener(StreamingQueryListener):
        def onQueryStarted(self, event):
            kept.append(["started", event.name, str(event.id)])

        def onQueryProgress(self, event):
            if event.progress.numInputRows:
                kept.append(["progress", event.progress.name, event.progress.batchId, event.progress.numInputRows])

        def onQueryIdle(self, event):
            pass

        def onQueryTerminated(self, event):
            kept.append(["terminated", event.exception is None, event.errorClassOnException])

    listener = Listener()
    x.see("add", lambda: x.spark.streams.addListener(listener))
    q = events(x).writeStream.format("memory").queryName("q").start()
    q.processAllAvailable()
    q.stop()
    x.see("came", lambda: wait_for(lambda: len(kept) >= 3))
    x.see("events", lambda: kept[:])
    x.see("same id", lambda: kept[0][2] == str(q.id))
    del kept[:]
    bad = events(x).selectExpr("v / (v - v)").writeStream.format("noop").queryName("bad").start()
    x.see("fails", lambda: bad.awaitTermination(SECONDS_MAX))
    x.see("failure came", lambda: wait_for(lambda: kept and kept[-1][0] == "terminated"))
    x.see("events of the failure", lambda: [kept[0][:2], kept[-1]])
    x.see("remove", lambda: x.spark.streams.removeListener(listener))


@case
def stream_errors(x):
    F, f = x.F, events(x)
    x.see("no schema", lambda: x.spark.readStream.json(x.path("in")).schema)
    x.see("missing path", lambda: x.spark.readStream.schema("a INT").json(x.path("nope")).writeStream.format("noop").start())
    x.see("bad mode", lambda: f.writeStream.outputMode("bananas").format("noop").start())
    x.see("append without watermark", lambda: f.groupBy("k").count().writeStream.format("noop").start())
    x.see("complete without aggregate", lambda: f.writeStream.outputMode("complete").format("noop").start())
    x.see("sort without aggregate", lambda: f.orderBy("v").writeStream.format("noop").start())
    x.see("unknown format", lambda: f.writeStream.format("nonsense").start())
    x.see("memory without name", lambda: f.writeStream.format("memory").start())
    x.see("unknown source", lambda: x.spark.readStream.format("nonsense").load())
    x.see("bad option", lambda: x.spark.readStream.format("rate").option("rowsPerSecond", "x").load())
    x.see("unknown column", lambda: f.select("nope").writeStream.format("noop").start())


@case
def stream_rate(x):
    f = x.spark.readStream.format("rate").option("rowsPerSecond", 100).option("numPartitions", 2).load()
    x.see("schema", lambda: f.schema)
    q = f.selectExpr("value", "value % 10 AS d").writeStream.format("memory").queryName("r").start()
    x.see("rows come", lambda: wait_for(lambda: x.spark.table("r").count() >= 100))
    x.see("a prefix", lambda: (lambda v: v == list(range(len(v))))([r.value for r in x.spark.table("r").orderBy("value").collect()]))
    x.see("stop", q.stop)


@case
def stream_temp_view(x):
    x.see("view", lambda: events(x).createOrReplaceTempView("e"))
    f = x.spark.sql("SELECT k, count(*) AS n FROM e GROUP BY k")
    x.see("streaming", lambda: f.isStreaming)
    q = f.writeStream.format("memory").queryName("n").outputMode("complete").trigger(availableNow=True).start()
    x.see("await", lambda: q.awaitTermination(SECONDS_MAX))
    x.see("rows", lambda: x.spark.table("n").orderBy("k"))


@case
def stream_restart_in_another_session(x):
    from pyspark.sql import SparkSession

    def run(session, name):
        f = session.readStream.schema("k STRING, v INT").json(x.path("in")).groupBy("k").agg(x.F.sum("v").alias("s"))
        q = f.writeStream.format("memory").queryName(name).outputMode("complete").trigger(availableNow=True)
        q = q.option("checkpointLocation", x.path("checkpoint")).start()
        q.awaitTermination(SECONDS_MAX)
        return session.table(name).orderBy("k").collect(), str(q.id)

    events(x)
    first = x.see("first", lambda: run(x.spark, "one"))
    x.write("in/2.json", {"k": "a", "v": 10})
    other = SparkSession.builder.remote(x.server.url).create()
    second = x.see("second", lambda: run(other, "two"))
    x.see("same id", lambda: first[1] == second[1])
    other.stop()


# ---- the frames of the plan decoder, with rows in them ----


def add_frames():
    """Each frame of cases_connect.py, collected: rows, or the error at run time."""
    volatile = ("select current", "mapInPandas", "udf", "sample", "sampleBy", "read stream", "lateral join")
    for name, make in cases_connect.FRAMES.items():
        if name.startswith(volatile):
            continue

        def run(x, make=make):
            x.write("in/events.json", {"a": 1, "b": "x"})
            x.see("frame", lambda: make(x.spark, x.F, x.T, x.W, x.path("in")))

        CASES["frame: " + name] = run


add_frames()
