# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Questions of a Spark Connect client: name -> what a user writes. `s` is the session, `F` the functions module,
`T` the types module, `W` the Window class, `d` a folder with events.json in it."""

SCHEMA = (
    "i INT, l BIGINT NOT NULL, s STRING, d DOUBLE, b BOOLEAN, ts TIMESTAMP, dt DATE, dc DECIMAL(10,2), "
    "arr ARRAY<INT>, m MAP<STRING,INT>, st STRUCT<x: INT, y: STRING>, nt TIMESTAMP_NTZ, bin BINARY"
)


def table(s):
    return s.createDataFrame([], SCHEMA)


def number(s):
    return s.range(10)


def plain(s):
    return table(s).select("i", "l", "s", "d")


# ---- AnalyzePlan.Schema ----
FRAMES = {
    "range": lambda s, F, T, W, d: s.range(5),
    "range start": lambda s, F, T, W, d: s.range(1, 10, 2, 4),
    "table": lambda s, F, T, W, d: table(s),
    "empty struct": lambda s, F, T, W, d: s.range(3).select(),
    "select names": lambda s, F, T, W, d: table(s).select("i", F.col("s"), table(s)["l"]),
    "select by plan id": lambda s, F, T, W, d: (lambda t: t.select(t.i, t["st.x"], t.st.y, "*"))(table(s)),
    "select nested": lambda s, F, T, W, d: table(s).select("st.x", F.col("st.*"), F.col("arr")[0], F.col("m")["k"]),
    "select star of plan": lambda s, F, T, W, d: (lambda t: t.select(t["*"], F.lit(1).alias("one")))(plain(s)),
    "select operators": lambda s, F, T, W, d: plain(s).select(
        F.col("i") + 1, 1 - F.col("l"), F.col("d") * 2, F.col("i") / 2, F.col("i") % 3, -F.col("i"), F.col("i") ** 2
    ),
    "select comparisons": lambda s, F, T, W, d: plain(s).select(
        F.col("i") == 1, F.col("i") != 2, F.col("i") > 1, F.col("l") <= 3, F.col("s").eqNullSafe("a"), ~(F.col("i") < 1)
    ),
    "select predicates": lambda s, F, T, W, d: plain(s).select(
        F.col("i").isin(1, 2),
        F.col("i").between(1, 2),
        F.col("s").isNull(),
        F.col("s").isNotNull(),
        F.col("s").like("a%"),
        F.col("s").startswith("a"),
        F.col("s").contains("b"),
        (F.col("i") > 1) & (F.col("l") < 2) | (F.col("d") == 0.5),
    ),
    "select bits": lambda s, F, T, W, d: plain(s).select(
        F.col("i").bitwiseAND(1), F.col("i").bitwiseOR(1), F.col("i").bitwiseXOR(F.col("l"))
    ),
    "select when": lambda s, F, T, W, d: plain(s).select(
        F.when(F.col("i") > 1, "big").when(F.col("i") < 0, "neg").otherwise("small"), F.when(F.col("i") > 1, 1)
    ),
    "select cast": lambda s, F, T, W, d: plain(s).select(
        F.col("i").cast("string"),
        F.col("s").cast(T.IntegerType()),
        F.col("s").try_cast("int"),
        F.col("i").cast("decimal(12,3)"),
        F.col("l").cast(T.ByteType()).alias("by"),
    ),
    "select alias": lambda s, F, T, W, d: plain(s).select(F.col("i").alias("x"), (F.col("l") + 1).alias("a b")),
    "select alias metadata": lambda s, F, T, W, d: plain(s).select(F.col("i").alias("x", metadata={"k": 1})),
    "select expr": lambda s, F, T, W, d: plain(s).selectExpr("i + 1", "l AS y", "upper(s)", "i > 1 AND d < 2"),
    "select functions": lambda s, F, T, W, d: table(s).select(
        F.upper("s"), F.length("s"), F.concat("s", F.lit("x")), F.coalesce("i", F.lit(0)), F.abs("i"), F.year("ts")
    ),
    "select call_function": lambda s, F, T, W, d: plain(s).select(F.call_function("upper", F.col("s"))),
    "select current": lambda s, F, T, W, d: plain(s).select(F.current_date(), F.current_timestamp().alias("now")),
    "select regex": lambda s, F, T, W, d: plain(s).select(plain(s).colRegex("`[il]`")),
    "select literals": lambda s, F, T, W, d: s.range(1).select(
        F.lit(None), F.lit(True), F.lit(1), F.lit(2**40), F.lit(1.5), F.lit("t"), F.lit(bytearray(b"x"))
    ),
    "select literals named": lambda s, F, T, W, d: s.range(1).select(
        F.lit(None).alias("n"), F.lit(1).alias("i"), F.lit(2**40).alias("l"), F.lit("a'b").alias("s")
    ),
    "select literal decimal": lambda s, F, T, W, d: s.range(1).select(
        F.lit(D("1.20")).alias("a"), F.lit(D("0.001")).alias("b"), F.lit(D("123456789012345.6")).alias("c"),
        F.lit(D("1E+5")).alias("e"), F.lit(D("-0.00")).alias("z")
    ),
    "select literal times": lambda s, F, T, W, d: s.range(1).select(
        F.lit(date(2020, 1, 2)).alias("d"),
        F.lit(delta(days=1, seconds=5)).alias("dt"),
        F.lit(clock(1, 2, 3)).alias("t"),
    ),
    "select literal time names": lambda s, F, T, W, d: s.range(1).select(
        F.lit(date(2020, 1, 2)), F.lit(delta(days=1, seconds=5)), F.lit(clock(1, 2, 3)), F.lit(D("1.20"))
    ),
    "select array and map": lambda s, F, T, W, d: s.range(1).select(
        F.array(F.lit(1), F.lit(2)), F.create_map(F.lit("a"), F.lit(1)), F.struct("id", F.lit(1).alias("x")), F.lit([1, 2])
    ),
    "getField": lambda s, F, T, W, d: table(s).select(F.col("st").getField("x"), F.col("arr").getItem(1), F.col("m").a),
    "withField": lambda s, F, T, W, d: table(s).select(
        F.col("st").withField("z", F.lit(1)).alias("a"), F.col("st").withField("x", F.lit("t")).alias("b")
    ),
    "dropFields": lambda s, F, T, W, d: table(s).select(F.col("st").dropFields("x").alias("a")),
    "lambda": lambda s, F, T, W, d: table(s).select(F.transform("arr", lambda x: x + 1)),
    "window function": lambda s, F, T, W, d: plain(s).select(F.row_number().over(W.partitionBy("i").orderBy("l"))),
    "explode": lambda s, F, T, W, d: table(s).select(F.explode("arr")),
    "filter": lambda s, F, T, W, d: plain(s).filter(F.col("i") > 1).filter("l < 5").where("s is not null"),
    "filter missing below": lambda s, F, T, W, d: plain(s).select("i").filter(F.col("l") > 1),
    "filter by plan id below": lambda s, F, T, W, d: (lambda t: t.select("i").filter(t.l > 1))(plain(s)),
    "sort missing below": lambda s, F, T, W, d: plain(s).select("i").orderBy("l"),
    "withColumn": lambda s, F, T, W, d: plain(s).withColumn("x", F.col("i") + 1).withColumn("i", F.col("s")),
    "withColumns": lambda s, F, T, W, d: plain(s).withColumns({"x": F.lit(1), "L": F.lit("t")}),
    "withColumn metadata": lambda s, F, T, W, d: plain(s).withMetadata("i", {"a": 1}),
    "withColumnRenamed": lambda s, F, T, W, d: plain(s).withColumnRenamed("I", "z").withColumnRenamed("nope", "q"),
    "withColumnsRenamed": lambda s, F, T, W, d: plain(s).withColumnsRenamed({"i": "l2", "l": "i"}),
    "rename chain": lambda s, F, T, W, d: plain(s).withColumnsRenamed({"i": "x", "x": "y"}),
    "rename then plan id": lambda s, F, T, W, d: (lambda t: t.withColumnRenamed("i", "z").select(t.i))(plain(s)),
    "withColumn then plan id": lambda s, F, T, W, d: (lambda t: t.withColumn("i", F.lit(1)).select(t.i))(plain(s)),
    "withColumns lateral": lambda s, F, T, W, d: plain(s).withColumns({"x": F.lit(1), "y": F.col("x") + 1}),
    "withField name": lambda s, F, T, W, d: table(s).select(F.col("st").withField("z", F.lit(1)), F.col("st").dropFields("x")),
    "withField nested": lambda s, F, T, W, d: s.range(1)
    .select(F.struct(F.struct(F.lit(1).alias("b")).alias("a")).alias("o")).select(F.col("o").withField("a.c", F.lit(2)).alias("r")),
    "dropFields all": lambda s, F, T, W, d: table(s).select(F.col("st").dropFields("x", "y").alias("a")),
    "withField no struct": lambda s, F, T, W, d: table(s).select(F.col("i").withField("x", F.lit(1))),
    "dotted name": lambda s, F, T, W, d: plain(s).toDF("a.b", "c", "d", "e").select("`a.b`", F.col("`a.b`").alias("q")),
    "name syntax": lambda s, F, T, W, d: plain(s).select("`i"),
    "dedup then plan id": lambda s, F, T, W, d: (lambda t: t.dropDuplicates(["i"]).select(t.l))(plain(s)),
    "union then plan id": lambda s, F, T, W, d: (lambda t: t.union(plain(s)).select(t.l))(plain(s)),
    "to not null": lambda s, F, T, W, d: plain(s).to(T.StructType([T.StructField("i", T.IntegerType(), False)])).select("*"),
    "to bad type": lambda s, F, T, W, d: plain(s).to(T.StructType([T.StructField("s", T.IntegerType(), True)])).select("*"),
    "to metadata": lambda s, F, T, W, d: plain(s).to(T.StructType([T.StructField("i", T.LongType(), True, {"k": "v"})])).select("*"),
    "schema comment": lambda s, F, T, W, d: s.read.schema("a INT COMMENT 'x'").json(d).select("a", F.col("a").alias("b")),
    "create with rows": lambda s, F, T, W, d: s.createDataFrame([(1, "x", None)], "a INT, b STRING, c DOUBLE"),
    "create with names": lambda s, F, T, W, d: s.createDataFrame([(1, "x"), (2, None)], ["a", "b"]),
    "create nested": lambda s, F, T, W, d: s.createDataFrame([([1, 2], {"k": 1.5}, (1, "y"))], ["arr", "m", "st"]),
    "create not null": lambda s, F, T, W, d: s.createDataFrame(
        [(1, [1])], T.StructType([T.StructField("a", T.LongType(), False), T.StructField("b", T.ArrayType(T.LongType(), False))])
    ).select("*"),
    "auto alias again": lambda s, F, T, W, d: plain(s).select(F.col("i") + 1).select("(i + 1)", F.col("(i + 1)").alias("x")),
    "auto alias in sql": lambda s, F, T, W, d: s.sql("SELECT 1 + 1, upper('x'), 2, CAST(1 AS STRING), struct(1)"),
    "auto alias kept": lambda s, F, T, W, d: plain(s).select(F.col("i") + 1).withColumn("q", F.lit(1)).filter("q > 0"),
    "auto alias of extraction": lambda s, F, T, W, d: table(s).select(F.col("arr")[F.col("i")], F.array("i")[0], F.upper("s").cast("int")),
    "window again": lambda s, F, T, W, d: table(s).groupBy(F.window("ts", "1 hour")).count().select(
        "window.start", F.col("window").alias("x"), "window"
    ),
    "watermark of a stream": lambda s, F, T, W, d: s.readStream.format("rate").load().withWatermark("timestamp", "10 seconds")
    .select("timestamp", F.col("timestamp").alias("t"), (F.col("value") + 1).alias("v")),
    "select literals of all sizes": lambda s, F, T, W, d: s.range(1).select(
        F.lit(numpy().int8(1)).alias("b"), F.lit(numpy().int16(2)).alias("s"), F.lit(numpy().float32(1.5)).alias("f"),
        F.lit(moment(2020, 1, 2, 3, 4, 5)).alias("t"),
    ),
    "cast to all types": lambda s, F, T, W, d: table(s).select(
        F.col("i").cast(T.ShortType()).alias("a"), F.col("i").cast(T.FloatType()).alias("b"),
        F.col("i").cast(T.DoubleType()).alias("c"), F.col("i").cast(T.DecimalType(12, 2)).alias("d"),
        F.col("i").cast(T.StringType()).alias("e"), F.col("s").cast(T.DateType()).alias("f"),
        F.col("s").cast(T.TimestampType()).alias("g"), F.col("s").cast(T.TimestampNTZType()).alias("h"),
        F.col("s").cast(T.BinaryType()).alias("i2"), F.col("i").cast(T.BooleanType()).alias("j"),
        F.col("s").cast(T.DayTimeIntervalType(0, 3)).alias("k"), F.col("s").cast(T.YearMonthIntervalType(0, 1)).alias("m2"),
        F.col("arr").cast(T.ArrayType(T.LongType())).alias("n"), F.col("m").cast(T.MapType(T.StringType(), T.LongType())).alias("o"),
        F.col("s").cast(T.VarcharType(3)).alias("p"), F.col("s").cast(T.CharType(3)).alias("q"),
    ),
    "read infer": lambda s, F, T, W, d: s.read.json(d),
    "drop": lambda s, F, T, W, d: (lambda t: t.drop("I", "nope").drop(t.l).drop(F.col("s")))(plain(s)),
    "drop columns": lambda s, F, T, W, d: plain(s).drop(F.col("i"), F.col("zz")),
    "toDF": lambda s, F, T, W, d: plain(s).toDF("a", "b", "c", "d"),
    "to": lambda s, F, T, W, d: plain(s).to(
        T.StructType([T.StructField("L", T.DoubleType(), True), T.StructField("I", T.LongType(), True)])
    ).select("*"),
    "to nested": lambda s, F, T, W, d: table(s).to(
        T.StructType([T.StructField("st", T.StructType([T.StructField("y", T.StringType()), T.StructField("x", T.LongType())]))])
    ).select("*"),
    "to missing": lambda s, F, T, W, d: plain(s).to(T.StructType([T.StructField("q", T.LongType(), True)])).select("*"),
    "alias": lambda s, F, T, W, d: plain(s).alias("t").select("t.i", F.col("t.*")),
    "alias twice": lambda s, F, T, W, d: plain(s).alias("t").alias("u").select("u.i"),
    "distinct": lambda s, F, T, W, d: plain(s).distinct(),
    "dropDuplicates": lambda s, F, T, W, d: plain(s).dropDuplicates(["I", "l"]),
    "limit": lambda s, F, T, W, d: plain(s).limit(3).offset(1),
    "tail": lambda s, F, T, W, d: plain(s).limit(3),
    "orderBy": lambda s, F, T, W, d: plain(s).orderBy(F.col("i").desc(), "l", F.col("s").asc_nulls_last()),
    "orderBy position": lambda s, F, T, W, d: plain(s).orderBy(1, -2),
    "sortWithinPartitions": lambda s, F, T, W, d: plain(s).sortWithinPartitions("i"),
    "groupBy": lambda s, F, T, W, d: plain(s).groupBy("i", F.col("s")).agg(F.count("*"), F.sum("l").alias("t")),
    "groupBy expression": lambda s, F, T, W, d: plain(s).groupBy(F.upper("s"), (F.col("i") + 1).alias("j")).count(),
    "groupBy by plan id": lambda s, F, T, W, d: (lambda t: t.groupBy(t.i).agg(F.max(t.l), F.min("d")))(plain(s)),
    "groupBy dict": lambda s, F, T, W, d: plain(s).groupBy("i").agg({"l": "sum", "*": "count"}),
    "groupBy sum": lambda s, F, T, W, d: plain(s).groupBy("s").sum("l", "d"),
    "groupBy avg": lambda s, F, T, W, d: plain(s).groupBy("s").avg("i"),
    "groupBy all columns": lambda s, F, T, W, d: plain(s).groupBy("i", "i").count(),
    "agg without keys": lambda s, F, T, W, d: plain(s).agg(F.count("s"), F.countDistinct("i"), F.avg("d")),
    "agg over alias": lambda s, F, T, W, d: plain(s).groupBy("i").agg(F.sum("l").alias("t")).filter("t > 1").orderBy("t"),
    "agg then sort by aggregate": lambda s, F, T, W, d: plain(s).groupBy("i").agg(F.sum("l")).orderBy(F.sum("l")),
    "select aggregate": lambda s, F, T, W, d: plain(s).select(F.count("*"), F.max("l")),
    "collect_list": lambda s, F, T, W, d: plain(s).groupBy("i").agg(F.collect_list("s"), F.collect_set("l")),
    "rollup": lambda s, F, T, W, d: plain(s).rollup("i").count(),
    "cube": lambda s, F, T, W, d: plain(s).cube("i").count(),
    "groupingSets": lambda s, F, T, W, d: plain(s).groupingSets([[F.col("i")], []], F.col("i")).agg(F.count("*")),
    "pivot": lambda s, F, T, W, d: plain(s).groupBy("i").pivot("s", ["a"]).sum("l"),
    "window time": lambda s, F, T, W, d: table(s).groupBy(F.window("ts", "10 minutes", "5 minutes"), "s").count(),
    "window tumbling": lambda s, F, T, W, d: table(s).groupBy(F.window("ts", "1 hour").alias("w")).agg(F.sum("i")),
    "window in select": lambda s, F, T, W, d: table(s).select(F.window("ts", "1 hour"), "i"),
    "session_window": lambda s, F, T, W, d: table(s).groupBy(F.session_window("ts", "5 minutes")).count(),
    "watermark": lambda s, F, T, W, d: table(s).withWatermark("ts", "10 minutes"),
    "watermark bad": lambda s, F, T, W, d: table(s).withWatermark("ts", "10 bananas"),
    "watermark negative": lambda s, F, T, W, d: table(s).withWatermark("ts", "-10 minutes"),
    "watermark column": lambda s, F, T, W, d: table(s).withWatermark("i", "10 minutes"),
    "join": lambda s, F, T, W, d: plain(s).join(number(s), plain(s)["l"] == F.col("id")),
    "join using": lambda s, F, T, W, d: plain(s).join(plain(s), "i", "left"),
    "self join": lambda s, F, T, W, d: (lambda a, b: a.join(b, a.id == b.id).select(a.id, b.id))(
        s.range(3), s.range(4).filter("id > 1")
    ).select("*"),
    "crossJoin": lambda s, F, T, W, d: plain(s).crossJoin(number(s)),
    "lateral join": lambda s, F, T, W, d: number(s).lateralJoin(number(s)),
    "union": lambda s, F, T, W, d: plain(s).union(plain(s).select("l", "i", "s", "i")),
    "union of three": lambda s, F, T, W, d: s.range(3).union(s.range(4)).unionAll(s.range(2)),
    "unionByName": lambda s, F, T, W, d: plain(s).unionByName(plain(s).select("d", "s", "l", "i")),
    "unionByName missing": lambda s, F, T, W, d: plain(s).select("i", "s").unionByName(
        plain(s).select("l", "s"), allowMissingColumns=True
    ),
    "union arity": lambda s, F, T, W, d: plain(s).union(number(s)),
    "union types": lambda s, F, T, W, d: number(s).union(table(s).select("st")),
    "unionByName unknown": lambda s, F, T, W, d: plain(s).select("i").unionByName(plain(s).select("l")),
    "intersect": lambda s, F, T, W, d: number(s).intersect(number(s)),
    "exceptAll": lambda s, F, T, W, d: number(s).exceptAll(number(s)),
    "fillna": lambda s, F, T, W, d: plain(s).fillna(0).fillna("x", subset=["s"]).fillna({"d": 1.5}),
    "fillna bool": lambda s, F, T, W, d: table(s).select("b", "i", "s").fillna(True),
    "fillna unknown": lambda s, F, T, W, d: plain(s).fillna(0, subset=["nope"]),
    "dropna": lambda s, F, T, W, d: plain(s).dropna().dropna("all").dropna(thresh=2, subset=["i", "s"]),
    "replace": lambda s, F, T, W, d: plain(s).replace(1, 2).replace(["a", "b"], ["c", None], "s"),
    "repartition": lambda s, F, T, W, d: plain(s).repartition(3).coalesce(1),
    "repartition columns": lambda s, F, T, W, d: plain(s).repartition(4, "i").repartition("s").repartitionByRange(2, "i"),
    "hint": lambda s, F, T, W, d: plain(s).hint("broadcast").hint("rebalance", 4),
    "sample": lambda s, F, T, W, d: plain(s).sample(0.5, 3),
    "describe": lambda s, F, T, W, d: plain(s).describe(),
    "summary": lambda s, F, T, W, d: plain(s).summary("count", "mean"),
    "crosstab": lambda s, F, T, W, d: plain(s).crosstab("i", "s"),
    "freqItems": lambda s, F, T, W, d: plain(s).freqItems(["i"]),
    "sampleBy": lambda s, F, T, W, d: plain(s).sampleBy("i", {1: 0.5}, 3),
    "unpivot": lambda s, F, T, W, d: plain(s).unpivot("s", ["i", "l"], "k", "v"),
    "transpose": lambda s, F, T, W, d: number(s).transpose(),
    "observe": lambda s, F, T, W, d: plain(s).observe("o", F.count("*").alias("c")),
    "scalar subquery": lambda s, F, T, W, d: number(s).filter(F.col("id") == number(s).select(F.max("id")).scalar()),
    "exists": lambda s, F, T, W, d: number(s).filter(number(s).exists()),
    "table function": lambda s, F, T, W, d: s.tvf.range(3),
    "parse json": lambda s, F, T, W, d: s.read.schema("a INT").json(plain(s).select("s")),
    "mapInPandas": lambda s, F, T, W, d: number(s).mapInPandas(lambda it: it, "id long"),
    "udf": lambda s, F, T, W, d: number(s).select(F.udf(lambda x: x, "long")("id")),
    "sql": lambda s, F, T, W, d: s.sql("SELECT 1 AS a, 'x' AS b"),
    "sql view": lambda s, F, T, W, d: s.sql("SELECT id + 1 AS y FROM {t} WHERE id > 2", t=number(s)),
    "sql named": lambda s, F, T, W, d: s.sql("SELECT :a AS a, :b + 1 AS b", args={"a": "t", "b": 2}),
    "sql positional": lambda s, F, T, W, d: s.sql("SELECT ? AS a, ? AS b", args=[1, "x"]),
    "sql unbound": lambda s, F, T, W, d: s.sql("SELECT :a", args={"b": 1}),
    "sql unbound position": lambda s, F, T, W, d: s.sql("SELECT ?, ?", args=[1]),
    "sql group by": lambda s, F, T, W, d: s.sql("SELECT i, count(*) AS c FROM {t} GROUP BY i HAVING c > 1", t=plain(s)),
    "sql syntax": lambda s, F, T, W, d: s.sql("SELEC 1"),
    "read json": lambda s, F, T, W, d: s.read.schema("a INT, b STRING NOT NULL").json(d),
    "read options": lambda s, F, T, W, d: s.read.schema("a INT").option("multiLine", True).format("json").load(d),
    "read missing": lambda s, F, T, W, d: s.read.schema("a INT").json(d + "/nope"),
    "read bad format": lambda s, F, T, W, d: s.read.format("nonsense").load(d),
    "read table missing": lambda s, F, T, W, d: s.table("nope"),
    "read table missing qualified": lambda s, F, T, W, d: s.table("a.b.c"),
    "read stream json": lambda s, F, T, W, d: s.readStream.schema("a INT, b STRING NOT NULL").json(d),
    "read stream rate": lambda s, F, T, W, d: s.readStream.format("rate").option("rowsPerSecond", 5).load(),
    "read stream no schema": lambda s, F, T, W, d: s.readStream.json(d),
    "read stream aggregate": lambda s, F, T, W, d: s.readStream.format("rate").load()
    .withWatermark("timestamp", "10 seconds").groupBy(F.window("timestamp", "5 seconds")).count(),
    "error unknown column": lambda s, F, T, W, d: plain(s).select("nope"),
    "error unknown by plan id": lambda s, F, T, W, d: (lambda t, u: t.select(u.id))(plain(s), number(s)),
    "error ambiguous": lambda s, F, T, W, d: plain(s).select("i", F.col("l").alias("i")).select("i"),
    "error unknown function": lambda s, F, T, W, d: plain(s).select(F.call_function("nope", F.col("i"))),
    "error type mismatch": lambda s, F, T, W, d: plain(s).select(F.col("s") + F.array(F.lit(1))),
    "error filter type": lambda s, F, T, W, d: plain(s).filter(F.col("i")),
    "error missing group": lambda s, F, T, W, d: plain(s).groupBy("i").agg(F.col("l")),
    "error aggregate in where": lambda s, F, T, W, d: plain(s).filter(F.count("*") > 1),
    "error toDF count": lambda s, F, T, W, d: plain(s).toDF("a"),
    "error limit negative": lambda s, F, T, W, d: plain(s).limit(-1),
    "error duplicate withColumns": lambda s, F, T, W, d: plain(s).withColumnsRenamed({"i": "l"}).select("l"),
    "error cast": lambda s, F, T, W, d: table(s).select(F.col("st").cast("int")),
    "error cast ddl": lambda s, F, T, W, d: table(s).select(F.col("i").cast("nonsense")),
    "error extract": lambda s, F, T, W, d: table(s).select(F.col("i").getField("x")),
    "error dropDuplicates": lambda s, F, T, W, d: plain(s).dropDuplicates(["nope"]),
    "error range step": lambda s, F, T, W, d: s.range(0, 10, 0),
    "error expr syntax": lambda s, F, T, W, d: plain(s).selectExpr("i +"),
}

# ---- AnalyzePlan, the other questions ----
QUESTIONS = {
    "is local": lambda s, F, T, W, d: (number(s).isLocal(), table(s).isLocal(), s.sql("SELECT 1").isLocal()),
    "is streaming": lambda s, F, T, W, d: (number(s).isStreaming, s.readStream.format("rate").load().isStreaming),
    "input files": lambda s, F, T, W, d: s.read.schema("a INT").json(d).inputFiles(),
    "input files none": lambda s, F, T, W, d: number(s).inputFiles(),
    "version": lambda s, F, T, W, d: s.version,
    "same semantics": lambda s, F, T, W, d: [
        number(s).sameSemantics(number(s)),
        plain(s).select((F.col("i") + 1).alias("a")).sameSemantics(plain(s).select((F.col("i") + 1).alias("b"))),
        plain(s).select("i").sameSemantics(plain(s).select("l")),
        number(s).filter("id > 1").sameSemantics(number(s).filter("id > 2")),
    ],
    "storage level": lambda s, F, T, W, d: number(s).storageLevel,
    "persist": lambda s, F, T, W, d: number(s).persist().unpersist(),
}
TREES = {
    "tree level 0": 0, "tree level 1": 1, "tree level 2": 2, "tree no level": None,
}
DDL = [
    "a int", "a int, b string not null comment 'x y'", "int", "array<int>", "map<string, struct<a: int>>", "decimal(10,2)",
    "a: int, b: string", "struct<a: int>", "`a b` int", "interval day to second", "timestamp_ntz", "char(3)", "varchar(4)",
    "boom", "a int,", "", "a decimal(40,2)", "time(3)", "variant", "string collate utf8_lcase",
]
JSON = [
    '{"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}},'
    '{"name":"b c","type":{"type":"array","elementType":"string","containsNull":true},"nullable":false,"metadata":{"comment":"it\'s"}}]}',
    '{"type":"struct","fields":[]}',
    '"integer"',
    '{"type":"array","elementType":"string","containsNull":true}',
    "nonsense",
]

# ---- ExecutePlan: commands and actions; what runs is not compared, only that it decodes ----
ACTIONS = {
    "show": lambda s, F, T, W, d: number(s)._show_string(5, 20, False),
    "show vertical": lambda s, F, T, W, d: number(s)._show_string(5, False, True),
    "html": lambda s, F, T, W, d: html(number(s)),
    "collect": lambda s, F, T, W, d: number(s).collect(),
    "count": lambda s, F, T, W, d: number(s).count(),
    "tail": lambda s, F, T, W, d: number(s).tail(2),
    "take": lambda s, F, T, W, d: number(s).take(2),
    "view": lambda s, F, T, W, d: number(s).createOrReplaceTempView("v"),
    "view again": lambda s, F, T, W, d: number(s).createTempView("v"),
    "view global": lambda s, F, T, W, d: number(s).createGlobalTempView("g"),
    "sql command": lambda s, F, T, W, d: s.sql("SELECT * FROM v").collect(),
    "sql ddl": lambda s, F, T, W, d: s.sql("SHOW TABLES"),
    "write json": lambda s, F, T, W, d: number(s).write.mode("overwrite").option("compression", "none").json(d + "/out"),
    "write partitioned": lambda s, F, T, W, d: number(s).write.mode("append").partitionBy("id").json(d + "/part"),
    "write table": lambda s, F, T, W, d: number(s).write.mode("overwrite").saveAsTable("tt"),
    "insertInto": lambda s, F, T, W, d: number(s).write.insertInto("tt"),
    "bucketBy": lambda s, F, T, W, d: number(s).write.bucketBy(2, "id").mode("overwrite").saveAsTable("tb"),
    "writeTo": lambda s, F, T, W, d: number(s).writeTo("tw").using("parquet").createOrReplace(),
    "mergeInto": lambda s, F, T, W, d: number(s).mergeInto("tt", F.lit(True)).whenMatched().delete().merge(),
    "checkpoint": lambda s, F, T, W, d: number(s).localCheckpoint(),
    "resources": lambda s, F, T, W, d: s._client.resources,
    "register udf": lambda s, F, T, W, d: s.udf.register("nm", lambda x: x, "int"),
    "catalog": lambda s, F, T, W, d: [
        s.catalog.currentDatabase(), s.catalog.listTables(), s.catalog.listDatabases(), s.catalog.tableExists("v"),
        s.catalog.listColumns("v"), s.catalog.getTable("v"), s.catalog.databaseExists("default"),
        s.catalog.functionExists("upper"), s.catalog.getFunction("upper"), s.catalog.listFunctions(pattern="upper"),
        s.catalog.isCached("v"), s.catalog.cacheTable("v"), s.catalog.uncacheTable("v"), s.catalog.clearCache(),
        s.catalog.refreshTable("v"), s.catalog.currentCatalog(), s.catalog.setCurrentCatalog("spark_catalog"),
        s.catalog.listCatalogs(), s.catalog.setCurrentDatabase("default"), s.catalog.getDatabase("default"),
        s.catalog.dropTempView("v"), s.catalog.dropGlobalTempView("g"), s.catalog.refreshByPath(d),
    ],
    "catalog create": lambda s, F, T, W, d: s.catalog.createTable("ct", schema=T.StructType().add("a", "int"), source="json"),
    "catalog recover": lambda s, F, T, W, d: s.catalog.recoverPartitions("nope"),
    "remote udtf": lambda s, F, T, W, d: s.udtf.register("tf", udtf(F)),
    "stream memory": lambda s, F, T, W, d: stream(s).writeStream.format("memory").queryName("q1").outputMode("append")
    .trigger(processingTime="1 second").start(),
    "stream commands": lambda s, F, T, W, d: query_calls(s),
    "stream files": lambda s, F, T, W, d: stream(s).writeStream.format("json").option("checkpointLocation", d + "/cp")
    .trigger(availableNow=True).start(d + "/so"),
    "stream once": lambda s, F, T, W, d: stream(s).writeStream.format("noop").trigger(once=True).start(),
    "stream continuous": lambda s, F, T, W, d: stream(s).writeStream.format("noop").trigger(continuous="1 second").start(),
    "stream table": lambda s, F, T, W, d: stream(s).writeStream.format("json").option("checkpointLocation", d + "/ct")
    .trigger(availableNow=True).toTable("st"),
    "stream partitioned": lambda s, F, T, W, d: stream(s).writeStream.partitionBy("value").format("json")
    .option("checkpointLocation", d + "/cq").trigger(availableNow=True).start(d + "/sp"),
    "stream bad mode": lambda s, F, T, W, d: stream(s).writeStream.outputMode("bananas").format("noop").start(),
    "stream manager": lambda s, F, T, W, d: [
        s.streams.active, s.streams.get("5667c44f-9793-4637-8c6d-1bf0c3579b5f"), s.streams.awaitAnyTermination(1),
        s.streams.resetTerminated(),
    ],
    "stream batch frame": lambda s, F, T, W, d: number(s).writeStream.format("noop").start(),
    "collect stream": lambda s, F, T, W, d: stream(s).collect(),
}


def stream(s):
    return s.readStream.format("rate").load()


def query_calls(s):
    q = stream(s).writeStream.format("memory").queryName("q2").start()
    out = [q.status, q.lastProgress, q.recentProgress, q.isActive, q.exception(), q.explain(), q.explain(True)]
    q.processAllAvailable()
    out.append(q.awaitTermination(1))
    q.stop()
    return out


def html(df):
    from pyspark.sql.connect.plan import HtmlString

    plan = HtmlString(child=df._plan, num_rows=5, truncate=20)
    return df._session.client.to_table(plan.to_proto(df._session.client), {})


def udtf(F):
    class Twice:
        def eval(self, x: int):
            yield (x,)

    return F.udtf(Twice, returnType="x: int")


def D(text):
    import decimal

    return decimal.Decimal(text)


def date(*args):
    import datetime

    return datetime.date(*args)


def delta(**args):
    import datetime

    return datetime.timedelta(**args)


def clock(*args):
    import datetime

    return datetime.time(*args)


def moment(*args):
    import datetime

    return datetime.datetime(*args)


def numpy():
    import numpy as np

    return np
