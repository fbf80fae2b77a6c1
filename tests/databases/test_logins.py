"""Names and passwords with any characters, which servers keep in UTF-8."""

from __future__ import annotations

from typing import Any

import pytest

from activities import copy_activity
from runner.testing import FieldValue, Ref, run_handler
from tests.databases.objects import database
from tests.databases.responses import FINISHED
from tests.databases.scripts import run_script
from tests.databases.server import DatabaseServer
from tests.unit.fake_s3 import FakeS3

PASSWORDS = {
    "euro": "€",
    "e_acute": "é",
    "emoji": "p😀w",
    "of_many": "pässwörd 日本 'q\" \\ %",
    "what_saslprep_changes": "a\u00a0ﬁ\u00ad",
    "what_saslprep_refuses": "aا\ue000",
    "control_character": "a\x01b",
    "the_separators_of_scram": "a,b=c",
}


def make_user(server: DatabaseServer, name: str, password: str) -> None:
    if server.is_postgresql:
        quoted = password.replace("'", "''")
        server.execute(f"CREATE ROLE \"{name}\" SUPERUSER LOGIN PASSWORD '{quoted}'")
    else:
        quoted = password.replace("\\", "\\\\").replace("'", "''")
        server.execute(
            f"CREATE USER `{name}`@'%' IDENTIFIED BY '{quoted}'", f"GRANT ALL ON *.* TO `{name}`@'%'"
        )


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
def test_a_password(password: str, server: DatabaseServer, table: str) -> None:
    make_user(server, f"user_{table}", password)
    on: dict[str, FieldValue] = {"username": f"user_{table}", "*password": password}
    assert run_script(server, f"CREATE TABLE {table} (n int)", on=on) == FINISHED
    refused = run_script(server, "SELECT 1", on={**on, "*password": f"{password}x"})
    assert refused["errorId"] == "LoginFailed", refused


@pytest.mark.parametrize("user", ["Éva €", "user,with=signs", "日本"])
def test_the_name_of_a_user(user: str, server: DatabaseServer, table: str) -> None:
    make_user(server, user, "p€")
    on: dict[str, FieldValue] = {"username": user, "*password": "p€"}
    assert run_script(server, f"CREATE TABLE {table} (n int)", on=on) == FINISHED
    refused = run_script(server, "SELECT 1", on={**on, "*password": "é"})
    assert f"the user '{user}'" in refused["errorMessage"]


def test_the_name_of_a_user_beyond_the_16_bits_of_mysqls_names(
    postgresql_server: DatabaseServer, table: str
) -> None:
    make_user(postgresql_server, "😀", "😀")
    on: dict[str, FieldValue] = {"username": "😀", "*password": "😀"}
    assert run_script(postgresql_server, f"CREATE TABLE {table} (n int)", on=on) == FINISHED


@pytest.mark.parametrize("name", ["é€日本", "a b%41#c"])
def test_the_name_of_a_database(name: str, server: DatabaseServer, table: str) -> None:
    quote = '"' if server.is_postgresql else "`"
    server.execute(f"CREATE DATABASE {quote}{name}{quote}")
    known = server.url.removesuffix("/sales")
    encoded = name.replace("%", "%25").replace("#", "%23")
    script = f"CREATE TABLE {table} (n int)"
    for on in ({"databaseName": name}, {"connectionString": f"{known}/{encoded}"}):
        assert run_script(server, f"DROP TABLE IF EXISTS {table}; {script}", on=on) == FINISHED
        assert (
            run_script(server, script)["status"] == "FINISHED"
        )  # In another database, the table does not exist yet.
        server.execute(f"DROP TABLE {table}")


def test_a_number_sign_in_a_connection_string_does_not_end_the_name(server: DatabaseServer) -> None:
    response = run_script(server, "SELECT 1", on={"connectionString": f"{server.url}#1"})
    assert response["errorId"] == "InvalidField"
    assert "%23" in response["errorMessage"]


Fields = dict[str, FieldValue]
NODE: Fields = {"type": "SqlDataNode", "table": "t", "database": Ref("Db")}
FILE: Fields = {"type": "S3DataNode", "filePath": "s3://b/data"}


def copy(server: DatabaseServer, name: str, source: Fields, target: Fields) -> Any:
    objects = {
        "In": source,
        "Out": target,
        "Db": database(server, databaseName=name, jdbcProperties="sslmode=disable"),
    }
    activity: Fields = {"type": "CopyActivity", "input": Ref("In"), "output": Ref("Out")}
    return run_handler(copy_activity.handler, activity, objects=objects)


def make_database(server: DatabaseServer, name: str, encoding: str) -> None:
    like = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    server.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' {like}")


def test_a_database_of_another_encoding_gets_and_gives_the_same_characters(
    postgresql_server: DatabaseServer, s3: FakeS3
) -> None:
    make_database(postgresql_server, "latin", "LATIN1")
    on: Fields = {"databaseName": "latin"}
    created = run_script(postgresql_server, "CREATE TABLE t (t text); INSERT INTO t VALUES ('é')", on=on)
    assert created == FINISHED
    s3.objects["b", "data"] = "ü\n".encode()
    insert: Fields = {**NODE, "insertQuery": "INSERT INTO t VALUES (?)"}
    for target in (NODE, insert):
        assert copy(postgresql_server, "latin", FILE, target) == FINISHED
    lengths: Fields = {**NODE, "selectQuery": "SELECT t, length(t) FROM t ORDER BY t"}
    assert copy(postgresql_server, "latin", lengths, {**FILE, "filePath": "s3://b/out"}) == FINISHED
    assert s3.text("b", "out") == "é,1\nü,1\nü,1\n"


def test_a_character_that_the_database_cannot_have_is_an_error(
    postgresql_server: DatabaseServer, s3: FakeS3
) -> None:
    make_database(postgresql_server, "latin9", "LATIN1")
    on: Fields = {"databaseName": "latin9"}
    assert run_script(postgresql_server, "CREATE TABLE t (t text)", on=on) == FINISHED
    s3.objects["b", "data"] = "€\n".encode()
    responses = [
        copy(postgresql_server, "latin9", FILE, NODE),
        run_script(postgresql_server, "INSERT INTO t VALUES ('€')", on=on),
    ]
    assert [response["errorId"] for response in responses] == ["StatementFailed"] * 2


def test_bytes_that_are_no_text_make_no_object(postgresql_server: DatabaseServer, s3: FakeS3) -> None:
    """A database without an encoding stores any bytes."""
    make_database(postgresql_server, "without", "SQL_ASCII")
    on: Fields = {"databaseName": "without"}
    text = "INSERT INTO t VALUES (convert_from('\\xff'::bytea, 'SQL_ASCII'))"
    assert run_script(postgresql_server, f"CREATE TABLE t (t text); {text}", on=on) == FINISHED
    response = copy(postgresql_server, "without", NODE, FILE)
    assert response["errorId"] == "StatementFailed", response
    assert "UTF8" in response["errorMessage"]
    assert ("b", "data") not in s3.objects
