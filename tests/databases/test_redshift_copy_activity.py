"""RedshiftCopyActivity, with PostgreSQL running the Data API's statements: the tables afterwards."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

from activities.redshift_copy_activity import handler
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.redshift_data import RedshiftData
from tests.unit.fake_s3 import FakeS3

PASSWORD = "redshift-canary-51c7"
DATABASE: Mapping[str, FieldValue] = {
    "type": "RedshiftDatabase",
    "clusterId": "warehouse",
    "databaseName": "sales",
    "username": "etl",
    "*password": PASSWORD,
}
FILE: Mapping[str, FieldValue] = {
    "type": "S3DataNode",
    "directoryPath": "s3://b/in/",
    "dataFormat": Ref("Format"),
}
TABLE: Mapping[str, FieldValue] = {
    "type": "RedshiftDataNode",
    "schemaName": "shop",
    "tableName": "orders",
    "database": Ref("Database"),
}
CREATE = "CREATE TABLE shop.orders (id INT, day VARCHAR(10), note VARCHAR(100), PRIMARY KEY (id, day))"
CREATE_WITHOUT_KEY = "CREATE TABLE shop.orders (id INT, day VARCHAR(10), note VARCHAR(100))"
BEFORE = "INSERT INTO shop.orders VALUES (1, 'mon', 'old'), (1, 'tue', 'old'), (3, 'mon', 'old')"
COMING = b"1,mon,new\n2,mon,new\n1,wed,new\n"
IN_TABLE = "SELECT id, day, note FROM shop.orders ORDER BY id, day, note"


def call(
    fields: Mapping[str, FieldValue],
    objects: Mapping[str, Mapping[str, FieldValue]],
    state: Any = None,
    canceled: bool = False,
) -> dict[str, Any]:
    known = {"Database": DATABASE, "Format": {"type": "CSV"}, "In": FILE, "Out": TABLE, **objects}
    attempt = {"type": "RedshiftCopyActivity", "input": Ref("In"), "output": Ref("Out"), **fields}
    answer = run_handler(handler, attempt, objects=known, state=state, canceled=canceled)
    assert PASSWORD not in json.dumps(answer)
    return answer


def copy(
    data_api: RedshiftData,
    fields: Mapping[str, FieldValue],
    objects: Mapping[str, Mapping[str, FieldValue]] | None = None,
) -> dict[str, Any]:
    """Handle a new task as RunTask does: call the handler with its last state, until the task has ended."""
    data_api.forget()
    answer = call(fields, objects or {})
    for _ in range(5):
        if answer["status"] != "DEFERRED":
            break
        data_api.settle()
        answer = call(fields, objects or {}, answer["state"])
    assert PASSWORD not in json.dumps([statement.request for statement in data_api.statements])
    return answer


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (
            "KEEP_EXISTING",
            [(1, "mon", "old"), (1, "tue", "old"), (1, "wed", "new"), (2, "mon", "new"), (3, "mon", "old")],
        ),
        (
            "OVERWRITE_EXISTING",
            [(1, "mon", "new"), (1, "tue", "old"), (1, "wed", "new"), (2, "mon", "new"), (3, "mon", "old")],
        ),
        ("TRUNCATE", [(1, "mon", "new"), (1, "wed", "new"), (2, "mon", "new")]),
    ],
)
@pytest.mark.parametrize("known", ["primary key", "primaryKeys"])
def test_each_insert_mode_row_by_row(
    mode: str, expected: list[Any], known: str, data_api: RedshiftData, s3: FakeS3
) -> None:
    s3.objects["b", "in/a"] = COMING
    keys: Mapping[str, FieldValue] = {} if known == "primary key" else {"primaryKeys": ["id", "day"]}
    data_api.server.execute(CREATE if known == "primary key" else CREATE_WITHOUT_KEY, BEFORE)
    assert copy(data_api, {"insertMode": mode}, {"Out": {**TABLE, **keys}}) == {"status": "FINISHED"}
    assert data_api.server.query(IN_TABLE) == expected


def test_append_repeats_rows(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b"1,mon,old\n"
    data_api.server.execute(CREATE_WITHOUT_KEY, BEFORE)
    assert copy(data_api, {"insertMode": "APPEND"}) == {"status": "FINISHED"}
    assert data_api.server.query(IN_TABLE)[:2] == [(1, "mon", "old"), (1, "mon", "old")]


def test_data_that_bites(data_api: RedshiftData, s3: FakeS3) -> None:
    """Separators, newlines, quotes, NULL and an empty text, escaped as CopyActivity writes them."""
    s3.objects["b", "in/a"] = '1,a\\,b,"q" \\\\ \\\nü🐘\n2,,\\n\n'.encode()
    data_api.server.execute(CREATE)
    assert copy(data_api, {"insertMode": "TRUNCATE"}) == {"status": "FINISHED"}
    assert data_api.server.query(IN_TABLE) == [(1, "a,b", '"q" \\ \nü🐘'), (2, "", None)]


def test_a_manifest_of_gzip_in_a_custom_format(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "elsewhere/1"] = gzip.compress(b"1;mon;a\n")
    s3.objects["b", "elsewhere/2"] = gzip.compress(b"2;mon;b\n")
    s3.objects["b", "m"] = json.dumps(
        {"entries": [{"url": f"s3://b/elsewhere/{n}"} for n in (1, 2)]}
    ).encode()
    data_api.server.execute(CREATE)
    node: Mapping[str, FieldValue] = {
        "type": "S3DataNode",
        "manifestFilePath": "s3://b/m",
        "compression": "gzip",
        "dataFormat": Ref("Format"),
    }
    custom: Mapping[str, FieldValue] = {"type": "Custom", "columnSeparator": ";"}
    assert copy(data_api, {"insertMode": "KEEP_EXISTING"}, {"In": node, "Format": custom}) == {
        "status": "FINISHED"
    }
    assert data_api.server.query(IN_TABLE) == [(1, "mon", "a"), (2, "mon", "b")]


def test_create_table_sql_runs_once(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = COMING
    out = {**TABLE, "createTableSql": f"{CREATE};"}
    for _ in range(2):
        assert copy(data_api, {"insertMode": "OVERWRITE_EXISTING"}, {"Out": out}) == {"status": "FINISHED"}
    assert data_api.server.query(IN_TABLE) == [(1, "mon", "new"), (1, "wed", "new"), (2, "mon", "new")]


def test_names_are_found_in_lower_case_too(data_api: RedshiftData, s3: FakeS3) -> None:
    """Amazon Redshift folds quoted names as well."""
    s3.objects["b", "in/a"] = COMING
    data_api.server.execute(CREATE)
    out = {**TABLE, "schemaName": "Shop", "tableName": "ORDERS"}
    assert copy(data_api, {"insertMode": "KEEP_EXISTING"}, {"Out": out}) == {"status": "FINISHED"}
    assert data_api.statements[0].rows == [["id"], ["day"]]
    assert data_api.server.query(IN_TABLE) == [(1, "mon", "new"), (1, "wed", "new"), (2, "mon", "new")]


def test_hostile_names(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b"1,new\n2,new\n"
    table, key = 'a"b\'; drop table "x" --\\', "i\"d'\\"
    in_sql = 'shop."a""b\'; drop table ""x"" --\\"'
    data_api.server.execute(
        f'CREATE TABLE {in_sql} ("i""d\'\\" INT PRIMARY KEY, note TEXT)',
        f"INSERT INTO {in_sql} VALUES (1, 'old')",
    )
    out = {**TABLE, "tableName": table}
    answer = copy(data_api, {"insertMode": "OVERWRITE_EXISTING"}, {"Out": out})
    assert answer == {"status": "FINISHED"}
    assert data_api.statements[0].rows == [[key]]
    assert sorted(data_api.server.query(f"SELECT * FROM {in_sql}")) == [(1, "new"), (2, "new")]
    answer = copy(
        data_api, {"insertMode": "TRUNCATE"}, {"In": out, "Out": {**FILE, "directoryPath": "s3://b/o'"}}
    )
    assert answer == {"status": "FINISHED"}
    assert sorted(s3.text("b", "o'/0000_part_00").splitlines()) == ["1,new", "2,new"]


def test_transform_sql_reads_a_staging_table_with_the_formats_columns(
    data_api: RedshiftData, s3: FakeS3
) -> None:
    s3.objects["b", "in/a"] = b"1,3\n1,4\n2,5\n"
    data_api.server.execute(CREATE, BEFORE)
    fields = {
        "insertMode": "OVERWRITE_EXISTING",
        "transformSql": "SELECT id, 'mon' AS day, CAST(sum(amount) AS VARCHAR) FROM staging GROUP BY id;",
        "queue": "it's",
    }
    csv: Mapping[str, FieldValue] = {"type": "CSV", "column": ["id INT", "amount INT"]}
    assert copy(data_api, fields, {"Format": csv}) == {"status": "FINISHED"}
    assert data_api.server.query(IN_TABLE) == [
        (1, "mon", "7"),
        (1, "tue", "old"),
        (2, "mon", "5"),
        (3, "mon", "old"),
    ]
    assert data_api.queries[-1][0] == "SET query_group TO 'it''s'"


def test_command_options_are_used_without_a_format_alone(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b"1|mon|x\n"
    data_api.server.execute(CREATE)
    plain: Mapping[str, FieldValue] = {"type": "S3DataNode", "directoryPath": "s3://b/in/"}
    fields: Mapping[str, FieldValue] = {
        "insertMode": "APPEND",
        "commandOptions": ["DELIMITER '|'", "MAXERROR 0"],
    }
    assert copy(data_api, fields, {"In": plain}) == {"status": "FINISHED"}
    assert data_api.queries[-1][1].endswith("\nDELIMITER '|'\nMAXERROR 0")
    copy(data_api, fields)
    assert data_api.queries[-1][1].endswith("\nDELIMITER AS ','\nESCAPE\nNULL AS '\\\\n'")
    s3.objects["b", "in/a"] = b"2,mon,\n"
    assert copy(data_api, {**fields, "commandOptions": ["EMPTYASNULL"]}, {"In": plain}) == {
        "status": "FINISHED"
    }
    assert (2, "mon", None) in data_api.server.query(IN_TABLE)


def test_a_failure_leaves_the_table_as_it_was(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b"1,mon,new\nnone,mon,new\n"
    data_api.server.execute(CREATE, BEFORE)
    before = data_api.server.query(IN_TABLE)
    answer = copy(data_api, {"insertMode": "TRUNCATE"})
    assert (answer["status"], answer["errorId"]) == ("FAILED", "StatementFailed")
    assert "Statement 2 of the batch" in answer["errorMessage"]
    assert data_api.server.query(IN_TABLE) == before


def test_a_failure_after_the_deletion_too(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = b"1,mon,twice\n1,mon,twice\n"  # PostgreSQL enforces the key, Redshift does not.
    data_api.server.execute(CREATE, BEFORE)
    before = data_api.server.query(IN_TABLE)
    answer = copy(data_api, {"insertMode": "TRUNCATE"})
    assert "Statement 4 of the batch" in answer["errorMessage"]
    assert data_api.server.query(IN_TABLE) == before


def test_no_table_no_key_no_input(data_api: RedshiftData, s3: FakeS3) -> None:
    answer = copy(data_api, {"insertMode": "KEEP_EXISTING"})
    assert (answer["errorId"], len(data_api.statements)) == ("TableNotFound", 1)
    data_api.server.execute(CREATE_WITHOUT_KEY)
    assert copy(data_api, {"insertMode": "KEEP_EXISTING"})["errorId"] == "NoPrimaryKey"
    answer = copy(data_api, {"insertMode": "APPEND"})
    assert answer["errorId"] == "StatementFailed"
    assert "prefix 'in/' does not exist" in answer["errorMessage"]


def test_the_same_task_starts_nothing_twice(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = COMING
    data_api.server.execute(CREATE_WITHOUT_KEY)
    first, second = (call({"insertMode": "APPEND"}, {}) for _ in range(2))
    assert first == second
    data_api.settle()
    assert len(data_api.server.query(IN_TABLE)) == 3


def test_a_canceled_task_cancels_its_statement(data_api: RedshiftData, s3: FakeS3) -> None:
    s3.objects["b", "in/a"] = COMING
    data_api.server.execute(CREATE_WITHOUT_KEY)
    fields = {"insertMode": "APPEND", "transformSql": "SELECT staging.* FROM staging, pg_sleep(600)"}
    answer = call(fields, {})
    assert call(fields, {}, answer["state"]) == answer
    assert call(fields, {}, answer["state"], canceled=True) == {"status": "CANCELED"}
    data_api.settle()
    assert data_api.statements[0].status == "ABORTED"
    assert data_api.server.query(IN_TABLE) == []
    assert call(fields, {}, answer["state"])["errorId"] == "StatementFailed"


@pytest.mark.parametrize(
    ("place", "key"), [("directoryPath", "out/0000_part_00.gz"), ("filePath", "out000.gz")]
)
def test_unload_and_load_again(place: str, key: str, data_api: RedshiftData, s3: FakeS3) -> None:
    rows = [(1, "a,b", 'back\\slash "q"\nü'), (2, "", None)]
    data_api.server.execute(CREATE, "INSERT INTO shop.orders VALUES (2, '', NULL)")
    data_api.server.execute("INSERT INTO shop.orders VALUES (1, 'a,b', E'back\\\\slash \"q\"\\nü')")
    node: Mapping[str, FieldValue] = {
        "type": "S3DataNode",
        place: "s3://b/out",
        "compression": "gzip",
        "dataFormat": Ref("Format"),
    }
    for _ in range(2):  # The second run overwrites the files.
        assert copy(data_api, {"insertMode": "TRUNCATE"}, {"In": TABLE, "Out": node}) == {
            "status": "FINISHED"
        }
    assert list(s3.objects) == [("b", key)]
    data_api.server.execute("DELETE FROM shop.orders")
    assert copy(data_api, {"insertMode": "APPEND"}, {"In": node, "Out": TABLE}) == {"status": "FINISHED"}
    assert data_api.server.query(IN_TABLE) == rows


@pytest.mark.parametrize(
    ("source", "target", "fields", "error", "message"),
    [
        ({"type": "SqlDataNode"}, TABLE, {}, "UnsupportedCopy", "From a SqlDataNode to a RedshiftDataNode"),
        (TABLE, TABLE, {}, "UnsupportedCopy", "From a RedshiftDataNode to a RedshiftDataNode"),
        (FILE, FILE, {}, "UnsupportedCopy", "From a S3DataNode to a S3DataNode"),
        (TABLE, FILE, {"transformSql": "SELECT 1"}, "InvalidField", "'transformSql'"),
        (TABLE, FILE, {"insertMode": "ALL"}, "InvalidField", "'insertMode'"),
        (FILE, {**TABLE, "tableName": "Staging"}, {}, "InvalidField", "a name of the staging tables"),
        (FILE, TABLE, {"commandOptions": "CREDENTIALS 'k'"}, "InvalidField", "CREDENTIALS cannot be given"),
        (FILE, TABLE, {"transformSql": "SELECT 'x"}, "InvalidScript", "cannot be read as Amazon Redshift"),
        (FILE, {**TABLE, "database": "sales"}, {}, "InvalidField", "'Out', field 'database'"),
        ({**FILE, "dataFormat": Ref("Gone")}, TABLE, {}, "InvalidField", "'Gone' does not exist"),
    ],
)
def test_what_cannot_be_copied_is_refused_before_anything_starts(
    source: Any, target: Any, fields: Any, error: str, message: str, data_api: RedshiftData
) -> None:
    answer = call({"insertMode": "APPEND", **fields}, {"In": source, "Out": target})
    assert (answer["status"], answer["errorId"]) == ("FAILED", error)
    assert message in answer["errorMessage"]
    assert data_api.statements == []


def test_without_a_role_for_copy(data_api: RedshiftData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COPY_ROLE_ARN")
    answer = call({"insertMode": "APPEND"}, {})
    assert answer["errorId"] == "NoCopyRole"
    assert "redshift_copy(copy_role_arn=…)" in answer["errorMessage"]


def test_a_secret_or_temporary_credentials(data_api: RedshiftData, s3: FakeS3) -> None:
    call({"insertMode": "APPEND"}, {})
    request = data_api.statements[0].request
    assert {key: request[key] for key in ("ClusterIdentifier", "Database", "DbUser")} == {
        "ClusterIdentifier": "warehouse",
        "Database": "sales",
        "DbUser": "etl",
    }
    data_api.settle()
    data_api.forget()
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:etl-AbCdEf"
    call({"insertMode": "APPEND"}, {"Database": {**DATABASE, "myPasswordSecretArn": secret}})
    request = data_api.statements[0].request
    assert request["SecretArn"] == secret
    assert "DbUser" not in request
