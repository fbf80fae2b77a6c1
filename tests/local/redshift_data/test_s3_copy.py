"""COPY on local AWS, compared with Amazon Redshift's documentation."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from local.redshift_data.errors import NotSupportedError, StatementError
from local.redshift_data.s3_copy import run_copy
from tests.local.redshift_data.conftest import ROLE
from tests.unit.fake_s3 import FakeS3

Load = Callable[..., list[Any]]


@pytest.fixture
def load(session: Connection) -> Load:
    """COPY one object, or several, into a new table. Returns the rows."""

    def loaded(
        columns: str, data: str | bytes | list[bytes], options: str = "", list_: str = ""
    ) -> list[Any]:
        session.run(f"CREATE TEMP TABLE loaded ({columns}) ON COMMIT DROP")
        given = data if isinstance(data, list) else [data.encode() if isinstance(data, str) else data]
        s3 = FakeS3({("b", f"in/{number}"): content for number, content in enumerate(given)})
        run_copy(session, lambda: s3, f"COPY loaded {list_} FROM 's3://b/in/' {ROLE} {options}")  # type: ignore[arg-type, return-value]
        rows: list[Any] = session.run("SELECT * FROM loaded") or []
        return rows

    return loaded


ID_NOTE = "id int, note varchar(20)"


@pytest.mark.parametrize(
    ("columns", "data", "options", "expected"),
    [
        # The defaults: pipes, \N for NULL, and empty fields, which are NULL in all but CHAR and VARCHAR.
        (ID_NOTE, "1|a\n2|\n", "", [[1, "a"], [2, ""]]),
        (ID_NOTE, "\\N|\\N\n|b", "", [[None, None], [None, "b"]]),
        ("a int, b decimal(5,2), c date, d timestamp, e boolean, f float8", "|| |||\n", "", [[None] * 6]),
        # A last delimiter is allowed.
        (ID_NOTE, "1|a|\n", "", [[1, "a"]]),
        (ID_NOTE, "1|a\r\n2|b\r\n", "", [[1, "a"], [2, "b"]]),
        (ID_NOTE, "1,a\n", "DELIMITER ','", [[1, "a"]]),
        (ID_NOTE, "1\ta\n", r"DELIMITER '\t'", [[1, "a"]]),
        (ID_NOTE, "1\ta\n", r"delimiter as '\\t'", [[1, "a"]]),
        (ID_NOTE, "1\x01a\n", r"DELIMITER '\001'", [[1, "a"]]),
        (ID_NOTE, "1|NULL\n2|\\N\n", "NULL AS 'NULL'", [[1, None], [2, "\\N"]]),
        (ID_NOTE, "1|\n", "NULL ''", [[1, None]]),
        (ID_NOTE, "1|\n2|  \n", "EMPTYASNULL", [[1, None], [2, "  "]]),
        (ID_NOTE, "1|\n2|  \n", "BLANKSASNULL", [[1, None], [2, None]]),
        (ID_NOTE, "1|a  \n", "TRIMBLANKS", [[1, "a"]]),
        # ESCAPE, with the guide's examples.
        (ID_NOTE, "1|a\\\nb\n2| A\\\\B\\\\C\n3|A \\| B", "ESCAPE",
         [[1, "a\nb"], [2, " A\\B\\C"], [3, "A | B"]]),
        (ID_NOTE, "\\N|\\N\n\\\\N|\\\\N\n1|\\012\\\r", "ESCAPE", [[None, None], [None, None], [1, "012\r"]]),
        (ID_NOTE, "1|\\\\N\n2|NULL\n", "ESCAPE NULL AS 'NULL'", [[1, "\\N"], [2, None]]),
        ("id int, a varchar(9)", "1|'Black'\n2|\"a|b\"\n3|Blue'\n4|' 'B' '\n", "REMOVEQUOTES",
         [[1, "Black"], [2, "a|b"], [3, "Blue'"], [4, " 'B' "]]),
        ("id int, a varchar(30)", "4|' A Midsummer Night\\'s Dream'", "REMOVEQUOTES ESCAPE",
         [[4, " A Midsummer Night's Dream"]]),
        # CSV, in every spelling.
        (ID_NOTE, '1,"a,""b""\n\\c"\n2, "d" \n3,\n', "CSV", [[1, 'a,"b"\n\\c'], [2, "d"], [3, ""]]),
        (ID_NOTE, "1,a\n", "FORMAT AS CSV", [[1, "a"]]),
        (ID_NOTE, "1,a\n", "format csv", [[1, "a"]]),
        (ID_NOTE, "1|%a|\"%%%\n", "CSV QUOTE AS '%' DELIMITER '|'", [[1, 'a|"%']]),
        (ID_NOTE, "1,\\N\n\\N,\n", "CSV EMPTYASNULL", [[1, None], [None, None]]),
        (ID_NOTE, "id,note\n\n1,a\n", "CSV IGNOREHEADER AS 1 IGNOREBLANKLINES", [[1, "a"]]),
        (ID_NOTE, "h\nh|h|h\n1|a\n", "IGNOREHEADER 2", [[1, "a"]]),
        ("a int, b varchar(5), c char(5), d int", "1\n2|b", "FILLRECORD",
         [[1, "", None, None], [2, "b", None, None]]),
        ("a int, b varchar(5)", "1\n", "FILLRECORD EMPTYASNULL", [[1, None]]),
        # Bytes count, not characters.
        ("a varchar(3)", "abcd\n\u00e9\u00e9\n", "TRUNCATECOLUMNS", [["abc"], ["\u00e9"]]),
        ("a varchar(3)", "abc  \n", "", [["abc"]]),
        ("a varchar(9)", b"a\xe0\xa1b\n", "ACCEPTINVCHARS AS '^'", [["a^^b"]]),
        ("a varchar(9)", b"a\xffb\n", "ACCEPTINVCHARS", [["a?b"]]),
        ("a varchar(9)", "\u00e9\n".encode("utf-16"), "ENCODING UTF16", [["\u00e9"]]),
        ("a varchar(9)", "\ufeff\u00e9\n".encode("utf-16-be"), "ENCODING AS UTF16BE", [["\u00e9"]]),
        # Numbers are truncated to the scale, unless ROUNDEC is given.
        ("a decimal(8,2)", "20.259\n-1.999\n1e1\n", "", [["20.25"], ["-1.99"], ["10.00"]]),
        ("a decimal(8,2)", "20.259\n", "ROUNDEC", [["20.26"]]),
    ],
)  # fmt: skip
def test_what_is_loaded(
    load: Load, columns: str, data: str | bytes, options: str, expected: list[Any]
) -> None:
    rows = load(columns, data, options)
    assert [[str(value) if "decimal(8" in columns else value for value in row] for row in rows] == expected


@pytest.mark.parametrize(
    ("type_", "value", "options", "expected"),
    [
        ("date", "2012-12-12", "", "2012-12-12"),
        ("date", "2012-12-12 10:11:12", "", "2012-12-12"),
        ("date", "12/31/2012", "DATEFORMAT 'MM/DD/YYYY'", "2012-12-31"),
        ("date", "Jan-01-99", "DATEFORMAT AS 'MON-DD-YY'", "1999-01-01"),
        ("date", "20121231", "DATEFORMAT 'auto'", "2012-12-31"),
        ("date", "00/00/00", "DATEFORMAT 'MM/DD/YY' ACCEPTANYDATE", None),
        ("timestamp", "2009-01-12 14:15:57.119568", "", "2009-01-12 14:15:57.119568"),
        ("timestamp", "2009-01-12T14:15:57Z", "TIMEFORMAT 'auto'", "2009-01-12 14:15:57"),
        ("timestamp", "1/12/2009 02:15 PM", "TIMEFORMAT 'MM/DD/YYYY HH12:MI AM'", "2009-01-12 14:15:00"),
        ("timestamp", "1356998400", "TIMEFORMAT AS 'epochsecs'", "2013-01-01 00:00:00"),
        ("timestamp", "1356998400123", "TIMEFORMAT 'epochmillisecs'", "2013-01-01 00:00:00.123"),
        ("timestamptz", "2009-01-12 14:15:57-08:00", "", "2009-01-12 22:15:57+00"),
        ("timestamptz", "2009-01-12 14:15:57", "", "2009-01-12 14:15:57+00"),
        ("boolean", "yes", "", "true"),
    ],
)
def test_dates_and_times(
    load: Load, session: Connection, type_: str, value: str, options: str, expected: str | None
) -> None:
    load(f"a {type_}", f"{value}\n", options)
    assert session.run("SELECT CAST(a AS varchar) FROM loaded") == [[expected]]


@pytest.mark.parametrize(
    ("columns", "data", "options", "message"),
    [
        (ID_NOTE, "1|a\n2\n", "", "s3://b/in/0, line 2: Delimiter not found: 1 values for 2 columns"),
        (ID_NOTE, "1|a|b\n", "", "line 1: Extra column"),
        (ID_NOTE, "1,a,\n", "CSV", "Extra column"),
        (ID_NOTE, "x|a\n", "", "line 1: column id: Invalid digit, Value 'x'"),
        (ID_NOTE, "1.0|a\n", "", "Invalid digit"),
        (ID_NOTE, "1_0|a\n", "", "Invalid digit"),
        (ID_NOTE, "99999999999|a\n", "", "line 1: value .* out of range"),
        ("a decimal(4,2)", "123.4\n", "", "overflow"),
        ("a decimal(4,2)", "NaN\n", "", "Invalid digit"),
        ("a date", "12/31/2012\n", "", r"Invalid Date Format \[YYYY-MM-DD\]: '12/31/2012'"),
        ("a date", "2012-02-30\n", "", "Invalid Date Format"),
        ("a timestamp", "2012-12-12T00:00:00\n", "", r"Invalid timestamp .* \[YYYY-MM-DD HH:MI:SS\]"),
        ("a timestamp", "1e3\n", "TIMEFORMAT 'epochsecs'", "Invalid timestamp"),
        ("a varchar(3)", "abcd\n", "", "String length exceeds DDL length: 4 bytes, and 3 fit"),
        ("a varchar(3)", "\u00e9\u00e9\n", "", "4 bytes, and 3 fit"),
        ("a char(3)", "\u00e9\n", "", "Multibyte character not supported for CHAR"),
        (
            "a varchar(9)",
            b"x\na\xff\n",
            "",
            "invalid or unsupported UTF-8 codepoints.*line 2: bad sequence ff",
        ),
        ("a varchar(9)", "a\0b\n", "", "NUL"),
        (ID_NOTE, "1|a\rb\n", "", "carriage return"),
        (ID_NOTE, "1|a\\", "ESCAPE", "ends with an escape character"),
        (ID_NOTE, "1|'Blue\n", "REMOVEQUOTES", "no closing one"),
        (ID_NOTE, '1,"a\n', "CSV", "Invalid quote formatting for CSV"),
        (ID_NOTE, '1,a"b\n', "CSV", "Invalid quote formatting for CSV"),
        ("a int not null", "\\N\n", "", "line 1: null value in column"),
        (ID_NOTE, "1|a\n", "GZIP", "s3://b/in/0 cannot be uncompressed"),
    ],
)
def test_what_cannot_be_loaded(
    load: Load, columns: str, data: str | bytes, options: str, message: str
) -> None:
    with pytest.raises(StatementError, match=message):
        load(columns, data, options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("FOO", 'syntax error at or near "FOO"'),
        ("IGNOREHEADERS 1", 'near "IGNOREHEADERS"'),
        ("IGNOREHEADER", "syntax error at end of input"),
        ("IGNOREHEADER 'x'", "near \"'x'\""),
        ("IGNOREHEADER 1.5", "whole number"),
        ("FORMAT AS GZIP", 'near "GZIP"'),
        ("WITH GZIP", 'near "GZIP"'),
        ("COMPUPDATE PERHAPS", 'near "PERHAPS"'),
        ("GZIP GZIP", "redundant options: GZIP is there twice"),
        ("GZIP BZIP2", "GZIP cannot be used with BZIP2"),
        ("CSV ESCAPE", "CSV cannot be used with ESCAPE"),
        ("CSV REMOVEQUOTES", "CSV cannot be used with REMOVEQUOTES"),
        ("QUOTE '%'", "QUOTE can be used only with CSV"),
        ("CSV QUOTE ','", "have to differ"),
        ("DELIMITER '||'", "DELIMITER must be a single ASCII character"),
        ("DELIMITER '\u00e9'", "DELIMITER must be a single ASCII character"),
        (r"DELIMITER '\\' ESCAPE", "backslash with ESCAPE"),
        (r"NULL AS '\n'", "newline"),
        ("MAXERROR 100001", "MAXERROR takes 0 to 100,000"),
        ("MAXERROR 1 IGNOREALLERRORS", "MAXERROR cannot be used with IGNOREALLERRORS"),
        ("COMPROWS 1", "COMPROWS takes 1,000"),
        ("DATEFORMAT 'AUTO'", "DATEFORMAT 'AUTO': it is 'auto', in lower case"),
        ("DATEFORMAT 'epochsecs'", "DATEFORMAT 'epochsecs'"),
        ("TIMEFORMAT 'YYYY YYYY'", "twice"),
        ("ENCODING LATIN1", 'near "LATIN1"'),
        ("EXPLICIT_IDS", "IDENTITY column"),
        ("GZIP 'x", "syntax error"),
    ],
)
def test_options_that_amazon_redshift_refuses(load: Load, options: str, message: str) -> None:
    with pytest.raises(StatementError, match=message) as raised:
        load(ID_NOTE, "1|a\n", options)
    assert not isinstance(raised.value, NotSupportedError)


@pytest.mark.parametrize(
    "options",
    [
        "JSON 'auto'",
        "FORMAT AS PARQUET",
        "AVRO 'auto'",
        "FORMAT ORC",
        "SHAPEFILE",
        "FIXEDWIDTH 'a:3'",
        "LZOP",
        "ZSTD",
        "ENCRYPTED",
        "SSH",
        "READRATIO 50",
    ],
)
def test_options_that_only_amazon_redshift_knows(load: Load, options: str) -> None:
    with pytest.raises(NotSupportedError, match="is not supported by local Redshift"):
        load(ID_NOTE, "1|a\n", options)


@pytest.mark.parametrize(
    "options",
    [
        "COMPUPDATE OFF STATUPDATE ON",
        "COMPUPDATE STATUPDATE",
        "COMPROWS 1000000",
        "REGION AS 'eu-west-1'",
        "MAXERROR 0",
        "IGNOREHEADER 0, MAXERROR AS 1",
    ],
)
def test_options_that_change_no_row(load: Load, options: str) -> None:
    assert load(ID_NOTE, "1|a\n", options) == [[1, "a"]]


def test_objects_of_a_prefix_however_many(load: Load) -> None:
    assert sorted(load(ID_NOTE, [b"%d|a" % number for number in range(2345)])) == [
        [number, "a"] for number in range(2345)
    ]


@pytest.mark.parametrize(("option", "compress"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed_objects(load: Load, option: str, compress: Callable[[bytes], bytes]) -> None:
    assert load(ID_NOTE, compress(b"1|a\n"), option) == [[1, "a"]]


def test_errors_that_are_allowed(load: Load) -> None:
    rows = "1|a\nx|b\n99999999999|c\n4|d\n2|e|f\n5|g\n"
    assert load(ID_NOTE, rows, "MAXERROR 4") == [[1, "a"], [4, "d"], [5, "g"]]


def test_more_errors_than_are_allowed(load: Load) -> None:
    with pytest.raises(StatementError, match=r"line 3: value .* out of range"):
        load(ID_NOTE, "1|a\nx|b\n99999999999|c\n", "MAXERROR 2")


def test_all_errors_are_ignored(load: Load) -> None:
    assert load(ID_NOTE, "x|b\n4|d\n", "IGNOREALLERRORS") == [[4, "d"]]


def test_a_check_that_loads_nothing(load: Load) -> None:
    assert load(ID_NOTE, "1|a\n", "NOLOAD") == []


def test_a_check_that_fails(load: Load) -> None:
    with pytest.raises(StatementError, match="Invalid digit"):
        load(ID_NOTE, "x|a\n", "NOLOAD")


def test_a_column_list(load: Load) -> None:
    columns = "id int, note varchar(9) default 'none', \"a b\" int"
    assert load(columns, "7|1\n", list_='("a b", ID)') == [[1, "none", 7]]


@pytest.mark.parametrize("list_", ["(id, id)", "(nothing)"])
def test_a_column_list_that_is_wrong(load: Load, list_: str) -> None:
    with pytest.raises(StatementError, match=r"listed twice|does not exist"):
        load(ID_NOTE, "1|1\n", list_=list_)


IDENTITY = "id int generated always as identity, note varchar(9)"


def test_identity_columns_have_no_values_in_the_file(load: Load) -> None:
    assert load(IDENTITY, "a\nb\n") == [[1, "a"], [2, "b"]]


def test_explicit_ids(load: Load) -> None:
    assert load(IDENTITY, "7|a\n", "EXPLICIT_IDS") == [[7, "a"]]


@pytest.mark.parametrize(("list_", "options"), [("(id, note)", ""), ("(note)", "EXPLICIT_IDS")])
def test_identity_columns_in_a_list(load: Load, list_: str, options: str) -> None:
    with pytest.raises(StatementError, match="IDENTITY columns are listed if, and only if"):
        load(IDENTITY, "7|a\n", options, list_)


def test_values_of_default_identity_columns(load: Load) -> None:
    columns = "id int generated by default as identity, note varchar(9)"
    assert load(columns, "7|a\n") == [[7, "a"]]


def copied(session: Connection, s3: FakeS3, sql: str) -> None:
    run_copy(session, lambda: s3, sql)  # type: ignore[arg-type, return-value]


def test_a_manifest(session: Connection) -> None:
    session.run('CREATE TEMP TABLE "it\'s" (id int) ON COMMIT DROP')
    entries: list[dict[str, Any]] = [{"url": "s3://b/1"}, {"url": "s3://c/2", "mandatory": True}]
    entries.append({"url": "s3://c/none", "mandatory": False})
    s3 = FakeS3({("b", "1"): b"1\n", ("c", "2"): b"2\n"})
    s3.objects["b", "m"] = json.dumps({"entries": entries}).encode()
    copied(session, s3, f"COPY \"it's\" FROM 's3://b/m' {ROLE} MANIFEST")
    assert session.run('SELECT id FROM "it\'s" ORDER BY id') == [[1], [2]]
    entries[-1]["mandatory"] = True
    s3.objects["b", "m"] = json.dumps({"entries": entries}).encode()
    with pytest.raises(StatementError, match="s3://c/none does not exist"):
        copied(session, s3, f"COPY \"it's\" FROM 's3://b/m' {ROLE} MANIFEST")
    for bad in (b"[]", b"{}", b"not json", b'{"entries": [{"url": 1}]}', b'{"entries": [{"url": "x"}]}'):
        s3.objects["b", "m"] = bad
        with pytest.raises(StatementError, match=r"not properly formed|s3://bucket/key"):
            copied(session, s3, f"COPY \"it's\" FROM 's3://b/m' {ROLE} MANIFEST")
    s3.objects["b", "m"] = b'{"entries": [{"url": "s3://c/none"}]}'
    with pytest.raises(StatementError, match="No file that the manifest"):
        copied(session, s3, f"COPY \"it's\" FROM 's3://b/m' {ROLE} MANIFEST")


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (f"FROM 's3://b/none' {ROLE}", "'none' does not exist"),
        (f"FROM 'dynamodb://Orders' {ROLE} READRATIO 50", "not in Amazon S3, is not supported"),
        (f"FROM STDIN {ROLE}", 'near "STDIN"'),
        ("FROM 's3://b/in'", "needs an authorization"),
        (f"(id FROM 's3://b/in' {ROLE}", 'near "FROM"'),
        (f"FROM 's3://denied/in' {ROLE}", "AccessDenied: s3://denied/in"),
    ],
)
def test_sources_that_are_none(session: Connection, rest: str, message: str) -> None:
    session.run("CREATE TEMP TABLE t (id int) ON COMMIT DROP")
    s3 = FakeS3({("b", "in"): b"1\n"})
    s3.denied.add("denied")
    with pytest.raises(StatementError, match=message):
        copied(session, s3, f"COPY t {rest}")


@pytest.mark.parametrize(
    "authorization",
    [
        "IAM_ROLE default",
        "CREDENTIALS 'aws_iam_role=arn'",
        "WITH CREDENTIALS AS 'aws_iam_role=arn'",
        "ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b' SESSION_TOKEN 'c'",
    ],
)
def test_authorizations(session: Connection, authorization: str) -> None:
    session.run("CREATE TEMP TABLE t (id int) ON COMMIT DROP")
    copied(session, FakeS3({("b", "in"): b"1\n"}), f"COPY t FROM 's3://b/in' {authorization};")
    assert session.run("SELECT id FROM t") == [[1]]


def test_a_table_that_is_not_there(session: Connection) -> None:
    with pytest.raises(DatabaseError, match='relation "nowhere" does not exist'):
        copied(session, FakeS3({("b", "in"): b"1\n"}), f"COPY nowhere FROM 's3://b/in' {ROLE}")
