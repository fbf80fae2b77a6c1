"""COPY and UNLOAD as local AWS has them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from pg8000.native import Connection

from local.redshift_data.s3_copy import CopyError, run_copy
from tests.databases.server import DATABASE, DatabaseServer
from tests.unit.fake_s3 import FakeS3

ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/copy'"


@pytest.fixture
def session(postgresql_server: DatabaseServer) -> Iterator[Connection]:
    server = postgresql_server
    with Connection(
        server.user, host="127.0.0.1", port=server.port, password=server.password, database=DATABASE
    ) as made:
        made.run('CREATE TEMP TABLE "it\'s" (id int, note text)')
        yield made


def run(session: Connection, s3: FakeS3, sql: str) -> bool:
    return run_copy(session, lambda: s3, sql)  # type: ignore[arg-type, return-value]


def test_other_statements_are_left_alone(session: Connection) -> None:
    for sql in (
        "SELECT 'COPY a FROM ''s3://b/k'' IAM_ROLE ''x'''",
        "COPY a FROM STDIN",
        "INSERT INTO a VALUES (1)",
    ):
        assert not run(session, FakeS3(), sql)


def test_there_and_back(session: Connection) -> None:
    s3 = FakeS3({("b", "in/1"): b"1|a\n2|\n", ("b", "in/2"): b"3|\\N"})
    assert run(session, s3, f"COPY \"it's\" FROM 's3://b/in/' {ROLE}")
    select = "SELECT * FROM \"it''s\" ORDER BY id"
    assert run(
        session, s3, f"UNLOAD ('{select}') TO 's3://b/out/' {ROLE} DELIMITER AS ',' ESCAPE NULL AS '\\\\N'"
    )
    assert s3.text("b", "out/0000_part_00") == "1,a\n2,\n3,\\N\n"
    with pytest.raises(CopyError, match="not empty"):
        run(session, s3, f"UNLOAD ('{select}') TO 's3://b/out/' {ROLE}")
    assert run(session, s3, f"unload ('{select}') to 's3://b/o' {ROLE}\ngzip\nparallel off allowoverwrite")
    assert gzip.decompress(s3.objects["b", "o000.gz"]) == b"1|a\n2|\n3|\n"


def test_an_input_that_is_not_there(session: Connection) -> None:
    with pytest.raises(CopyError, match="'none' does not exist"):
        run(session, FakeS3(), f"COPY \"it's\" FROM 's3://b/none' {ROLE}")
    with pytest.raises(CopyError, match="not in Amazon S3"):
        run(session, FakeS3(), f"COPY \"it's\" FROM 'dynamodb://Orders' {ROLE} READRATIO 50")
