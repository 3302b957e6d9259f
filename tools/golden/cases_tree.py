# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Schemas whose treeString is asked of Spark, whole and cut at levels."""

import cases_expr as ce

DEEP = "a STRUCT<b:ARRAY<STRUCT<c:MAP<STRING,STRUCT<d:INT>>>>>, e INT, f MAP<STRUCT<g:INT>,ARRAY<ARRAY<STRING>>>"
DDL = ["x " + t for t in ce.TARGETS if t != "VOID"] + [
    "n VOID",
    "a INT NOT NULL, b STRING COMMENT 'c', `c d` DATE, `e\n\tf` INT, `g\u6f22` INT",
    "s STRUCT<>, t STRUCT<a:INT NOT NULL>",
    "a INT, a INT",
    DEEP,
]
CASES = [{"ddl": d, "levels": [None]} for d in DDL[:-1]] + [{"ddl": DEEP, "levels": [None, -1, 0, 1, 2, 3, 4, 5, 6, 7, 100]}]
TOPICS = {"tree": CASES}
