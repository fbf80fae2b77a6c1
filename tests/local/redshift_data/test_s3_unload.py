"""UNLOAD on local AWS, compared with Amazon Redshift's documentation."""

from __future__ import annotations

import bz2
import gzip
import json

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from local.redshift_data.errors import NotSupportedError, StatementError
from local.redshift_data.s3_copy import run_copy
from local.redshift_data.s3_unload import run_unload
from tests.local.redshift_data.conftest import ROLE
from tests.unit.fake_s3 import FakeS3

SPECIAL = "a|b,c\\d\n\"e\" 'f'\r"


@pytest.fixture
def session(session: Connection) -> Connection:
    """The session with a table."""
    session.run("CREATE TEMP TABLE t (id int, note varchar(99)) ON COMMIT DROP")
    session.run("INSERT INTO t VALUES (1, :special), (2, NULL), (NULL, '')", special=SPECIAL)
    return session


def unloaded(session: Connection, options: str = "", query: str = "SELECT * FROM t ORDER BY id") -> FakeS3:
    s3 = FakeS3()
    unload(session, s3, options, query)
    return s3


def unload(session: Connection, s3: FakeS3, options: str, query: str = "SELECT * FROM t ORDER BY id") -> None:
    quoted = query.replace("'", "''")
    run_unload(session, lambda: s3, f"UNLOAD ('{quoted}') TO 's3://b/out/' {ROLE} {options}")  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", f"1|{SPECIAL}\n2|\n|\n"),
        ("DELIMITER AS ','", f"1,{SPECIAL}\n2,\n,\n"),
        # The delimiter, line feed, carriage return and backslash.
        ("ESCAPE", "1|a\\|b,c\\\\d\\\n\"e\" 'f'\\\r\n2|\n|\n"),
        ("DELIMITER ',' ESCAPE", "1,a|b\\,c\\\\d\\\n\"e\" 'f'\\\r\n2,\n,\n"),
        # NULL is written first and then escaped, as users of Amazon Redshift report.
        (r"ESCAPE NULL AS '\\N'", "1|a\\|b,c\\\\d\\\n\"e\" 'f'\\\r\n2|\\\\N\n\\\\N|\n"),
        ("NULL 'none'", f"1|{SPECIAL}\n2|none\nnone|\n"),
        ("ADDQUOTES", f'"1"|"{SPECIAL}"\n"2"|""\n""|""\n'),
        ("ADDQUOTES ESCAPE", '"1"|"a\\|b,c\\\\d\\\n\\"e\\" \\\'f\\\'\\\r"\n"2"|""\n""|""\n'),
        ("FORMAT AS CSV", '1,"a|b,c\\d\n""e"" \'f\'\r"\n2,\n,\n'),
        ("CSV DELIMITER '|'", '1|"a|b,c\\d\n""e"" \'f\'\r"\n2|\n|\n'),
        ("CSV HEADER", 'id,note\n1,"a|b,c\\d\n""e"" \'f\'\r"\n2,\n,\n'),
    ],
)
def test_what_is_written(session: Connection, options: str, expected: str) -> None:
    s3 = unloaded(session, options)
    assert {key: data.decode() for key, data in s3.objects.items()} == {("b", "out/0000_part_00"): expected}


def test_values_as_amazon_redshift_writes_them(session: Connection) -> None:
    query = (
        "SELECT true, false, CAST('2012-12-12' AS date), CAST('2012-12-12 01:02:03' AS timestamp), "
        "CAST('2012-12-12 01:02:03-02' AS timestamptz), CAST(1.50 AS decimal(5,2)), CAST(0.5 AS float8), -1"
    )
    s3 = unloaded(session, "DELIMITER '-' ESCAPE", query)
    assert s3.text("b", "out/0000_part_00") == (
        "t-f-2012-12-12-2012-12-12 01:02:03-2012-12-12 03:02:03+00-1.50-0.5--1\n"
    )


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("PARALLEL OFF", ["out/000"]),
        ("PARALLEL FALSE GZIP", ["out/000.gz"]),
        ("BZIP2", ["out/0000_part_00.bz2"]),
        ("PARALLEL EXTENSION '.txt' GZIP", ["out/0000_part_00.txt"]),
        ("PARALLEL ON MANIFEST", ["out/0000_part_00", "out/manifest"]),
        ("REGION AS 'us-east-1' MAXFILESIZE 6.2 GB", ["out/0000_part_00"]),
    ],
)
def test_names(session: Connection, options: str, names: list[str]) -> None:
    assert sorted(key for _, key in unloaded(session, options).objects) == names


def test_compressed(session: Connection) -> None:
    assert gzip.decompress(unloaded(session, "GZIP").objects["b", "out/0000_part_00.gz"]).startswith(b"1|a")
    assert bz2.decompress(unloaded(session, "BZIP2").objects["b", "out/0000_part_00.bz2"]).startswith(b"1|a")


def test_the_manifest_is_one_that_copy_reads(session: Connection) -> None:
    s3 = unloaded(session, "MANIFEST ESCAPE NULL AS '@' DELIMITER ','")
    assert json.loads(s3.text("b", "out/manifest")) == {"entries": [{"url": "s3://b/out/0000_part_00"}]}
    session.run("CREATE TEMP TABLE again (LIKE t) ON COMMIT DROP")
    copy = f"COPY again FROM 's3://b/out/manifest' {ROLE} MANIFEST ESCAPE NULL AS '@' DELIMITER ','"
    run_copy(session, lambda: s3, copy)  # type: ignore[arg-type, return-value]
    assert session.run("SELECT * FROM again ORDER BY id") == [[1, SPECIAL], [2, None], [None, ""]]


@pytest.mark.parametrize(
    ("unload_options", "copy_options"),
    [
        (r"ESCAPE NULL AS '\\N'", "ESCAPE"),
        ("ADDQUOTES ESCAPE NULL AS '@'", "REMOVEQUOTES ESCAPE NULL AS '@'"),
        ("CSV NULL AS '@'", "CSV NULL AS '@'"),
    ],
)
def test_there_and_back(session: Connection, unload_options: str, copy_options: str) -> None:
    s3 = unloaded(session, unload_options)
    session.run("CREATE TEMP TABLE again (LIKE t) ON COMMIT DROP")
    run_copy(session, lambda: s3, f"COPY again FROM 's3://b/out/' {ROLE} {copy_options}")  # type: ignore[arg-type, return-value]
    assert session.run("SELECT * FROM again ORDER BY id") == [[1, SPECIAL], [2, None], [None, ""]]


def test_files_of_a_size(session: Connection) -> None:
    query = "SELECT repeat('x', 1000000) AS x FROM generate_series(1, 6)"
    s3 = unloaded(session, "MAXFILESIZE AS 5 MB HEADER", query)
    assert [(key, len(data)) for (_, key), data in sorted(s3.objects.items())] == [
        ("out/0000_part_00", 2 + 5 * 1_000_001),
        ("out/0000_part_01", 2 + 1_000_001),
    ]


def test_what_is_there(session: Connection) -> None:
    s3 = FakeS3({("b", "out/old"): b"", ("b", "out/0000_part_00"): b"", ("b", "ou"): b""})
    with pytest.raises(
        StatementError, match=r"not empty.*ALLOWOVERWRITE or CLEANPATH: s3://b/out/0000_part_00"
    ):
        unload(session, s3, "")
    unload(session, s3, "ALLOWOVERWRITE")
    assert s3.objects["b", "out/0000_part_00"]
    unload(session, s3, "CLEANPATH PARALLEL OFF")
    assert sorted(key for _, key in s3.objects) == ["ou", "out/000"]


def test_a_query_that_fails_deletes_nothing(session: Connection) -> None:
    s3 = FakeS3({("b", "out/old"): b""})
    with pytest.raises(DatabaseError, match="nowhere"):
        unload(session, s3, "CLEANPATH", "SELECT * FROM nowhere")
    assert list(s3.objects) == [("b", "out/old")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("FOO", 'near "FOO"'),
        ("IGNOREHEADER 1", 'near "IGNOREHEADER"'),
        ("HEADER HEADER", "HEADER is there twice"),
        ("CSV ADDQUOTES", "CSV cannot be used with ADDQUOTES"),
        ("CSV ESCAPE", "CSV cannot be used with ESCAPE"),
        ("GZIP BZIP2", "GZIP cannot be used with BZIP2"),
        ("CLEANPATH ALLOWOVERWRITE", "CLEANPATH cannot be used with ALLOWOVERWRITE"),
        ("MAXFILESIZE 1 MB", "5 MB to 6.2 GB"),
        ("MAXFILESIZE AS 7 GB", "5 MB to 6.2 GB"),
        ("MAXFILESIZE MB", 'near "MB"'),
        ("DELIMITER 'ab'", "single ASCII character"),
        ("FORMAT AS TEXT", 'near "TEXT"'),
        ("PARALLEL MAYBE", 'near "MAYBE"'),
    ],
)
def test_options_that_amazon_redshift_refuses(session: Connection, options: str, message: str) -> None:
    with pytest.raises(StatementError, match=message) as raised:
        unloaded(session, options)
    assert not isinstance(raised.value, NotSupportedError)


@pytest.mark.parametrize(
    "options",
    [
        "FORMAT AS PARQUET",
        "JSON",
        "PARTITION BY (id)",
        "MANIFEST VERBOSE",
        "FIXEDWIDTH '0:3'",
        "ENCRYPTED AUTO",
        "ZSTD",
        "ROWGROUPSIZE 32 MB",
    ],
)
def test_options_that_only_amazon_redshift_knows(session: Connection, options: str) -> None:
    with pytest.raises(NotSupportedError, match="of UNLOAD is not supported by local Redshift"):
        unloaded(session, options)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (f"UNLOAD ('SELECT 1 LIMIT 10') TO 's3://b/o' {ROLE}", "Limit clause is not supported"),
        (f"UNLOAD ('SELECT 1') TO 'b/o' {ROLE}", "writes to Amazon S3"),
        ("UNLOAD ('SELECT 1') TO 's3://b/o'", "needs an authorization"),
        (f"UNLOAD (SELECT 1) TO 's3://b/o' {ROLE}", 'near "SELECT"'),
        (f"UNLOAD ('SELECT 1') TO 's3://denied/o' {ROLE}", "AccessDenied"),
    ],
)
def test_statements_that_are_refused(session: Connection, statement: str, message: str) -> None:
    s3 = FakeS3()
    s3.denied.add("denied")
    with pytest.raises(StatementError, match=message):
        run_unload(session, lambda: s3, statement)  # type: ignore[arg-type, return-value]


def test_a_limit_in_parentheses(session: Connection) -> None:
    query = "SELECT id AS \"limit\" FROM (SELECT id FROM t WHERE note <> 'LIMIT' ORDER BY id LIMIT 1) q"
    assert unloaded(session, "", query).text("b", "out/0000_part_00") == "1\n"


def test_a_query_with_escaped_quotes(session: Connection) -> None:
    s3 = FakeS3()
    run_unload(session, lambda: s3, rf"unload ('SELECT \'a\' -- x') to 's3://b/o' {ROLE} parallel off;")  # type: ignore[arg-type, return-value]
    assert s3.text("b", "o000") == "a\n"
