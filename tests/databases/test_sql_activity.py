"""SqlActivity on real PostgreSQL and MariaDB servers, which run all statements."""

from __future__ import annotations

import contextlib
import io
import json
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities import sql_activity
from runner import clients
from runner.testing import FakeDataPipeline, FieldValue, Ref, run_handler
from sql import connect, tls
from sql.credentials import Credentials
from sql.jdbc import Engine
from sql.script import bind
from sql.server import Server
from tests.databases.objects import database
from tests.databases.responses import FINISHED, failure
from tests.databases.scripts import run_script
from tests.databases.server import DATABASE, DatabaseServer
from tests.databases.sessions import sessions, wait_for
from tests.databases.tls_proxy import tls_proxy
from tests.unit.fake_s3 import FakeS3

NASTY = "it's \"q\"; -- ? /* \\ \\' $$ ü 日本 \n\t %s {} :x ' OR '1'='1"


def exists(server: DatabaseServer, table: str) -> bool:
    found = server.query(f"SELECT count(*) FROM information_schema.tables WHERE table_name = '{table}'")
    return found != [(0,)]


def test_a_script_of_many_statements_comments_and_quotes(server: DatabaseServer, table: str) -> None:
    script = f"""
        -- a comment; with a semicolon, and a quote '
        CREATE TABLE {table} (id bigint, text varchar(100), amount decimal(38, 10));
        /* a comment;
           of two lines ' */
        INSERT INTO {table}
        VALUES (9223372036854775807, 'a;b -- no comment', 1234567890123456789012345678.0123456789);
        INSERT INTO {table} VALUES (-9223372036854775808, 'it''s; /* none */ ü 日本 😀', NULL), (0, '', 0);
        INSERT INTO {table} VALUES (1, 'percent %s %', 1);
        SELECT * FROM {table};
        -- the end;
    """
    assert run_script(server, script) == FINISHED
    rows = server.query(f"SELECT id, text, amount FROM {table} ORDER BY id")
    assert [(row[0], row[1], row[2] and str(row[2])) for row in rows] == [
        (-9223372036854775808, "it's; /* none */ ü 日本 😀", None),
        (0, "", rows[1][2] and "0.0000000000"),
        (1, "percent %s %", "1.0000000000"),
        (9223372036854775807, "a;b -- no comment", "1234567890123456789012345678.0123456789"),
    ]


def test_bodies_of_functions_hold_semicolons(postgresql_server: DatabaseServer, table: str) -> None:
    script = f"""
        CREATE TABLE {table} (x int);
        CREATE FUNCTION add_{table}(n int) RETURNS void LANGUAGE plpgsql AS $body$
        BEGIN
            INSERT INTO {table} VALUES (n); INSERT INTO {table} VALUES (n + 1); -- $$ ;
        END $body$;
        DO $$ BEGIN PERFORM add_{table}(1); END $$;
    """
    assert run_script(postgresql_server, script) == FINISHED
    assert postgresql_server.query(f"SELECT x FROM {table} ORDER BY x") == [(1,), (2,)]


def test_bodies_of_procedures_hold_semicolons(mariadb_server: DatabaseServer, table: str) -> None:
    script = f"""
        CREATE TABLE {table} (x int);
        CREATE PROCEDURE add_{table}(n int) BEGIN
            INSERT INTO {table} VALUES (n); INSERT INTO {table} VALUES (n + 1);
        END;
        CALL add_{table}(1); # a comment; of MySQL's own
    """
    assert run_script(mariadb_server, script) == FINISHED
    assert mariadb_server.query(f"SELECT x FROM {table} ORDER BY x") == [(1,), (2,)]


def test_a_script_comes_from_s3_and_no_expression_in_it_is_evaluated(
    server: DatabaseServer, table: str, s3: FakeS3
) -> None:
    server.execute(f"CREATE TABLE {table} (a varchar(99), b varchar(99))")
    text = f"\ufeffINSERT INTO {table} VALUES (?, '#{{@scheduledStartTime}} ü ?');"
    s3.objects["scripts", "load.sql"] = text.encode()
    fields = {"scriptUri": "s3://scripts/load.sql", "scriptArgument": ["2026-11-24"]}
    assert run_script(server, None, fields) == FINISHED
    assert server.query(f"SELECT * FROM {table}") == [("2026-11-24", "#{@scheduledStartTime} ü ?")]


def test_arguments_cannot_break_out_of_their_place(server: DatabaseServer, table: str) -> None:
    server.execute(f"CREATE TABLE {table} (id int, text varchar(200))")
    script = f"""
        INSERT INTO {table} VALUES (?, ?); -- ? no place
        INSERT INTO {table} VALUES (?, '? no place'); /* ? */
        UPDATE {table} SET text = ? WHERE id = ?;
    """
    arguments = ["1", NASTY, "2", f"'); DROP TABLE {table}; --", "2"]
    assert run_script(server, script, {"scriptArgument": arguments}) == FINISHED
    assert server.query(f"SELECT id, text FROM {table} ORDER BY id") == [(1, NASTY), (2, arguments[3])]


def test_a_backslash_at_the_end_of_a_literal_is_the_engines_own(
    postgresql_server: DatabaseServer, mariadb_server: DatabaseServer, table: str
) -> None:
    """In PostgreSQL '\\' is a whole literal, in MySQL the second quote belongs to the text."""
    for server, script in {
        postgresql_server: f"INSERT INTO {table} VALUES ('\\'), (?)",
        mariadb_server: f"INSERT INTO {table} VALUES ('\\'), (?'), (?)",
    }.items():
        server.execute(f"CREATE TABLE {table} (text varchar(200))")
        assert run_script(server, script, {"scriptArgument": ["'); DROP"]}) == FINISHED
    assert postgresql_server.query(f"SELECT text FROM {table}") == [("\\",), ("'); DROP",)]
    assert mariadb_server.query(f"SELECT text FROM {table}") == [("'), (?",), ("'); DROP",)]


def test_the_question_marks_of_operators(postgresql_server: DatabaseServer, table: str) -> None:
    script = f"CREATE TABLE {table} AS SELECT '{{\"a\": 1}}'::jsonb ??| ARRAY[?] AS found, ?::int AS n"
    assert run_script(postgresql_server, script, {"scriptArgument": ["a", "7"]}) == FINISHED
    assert postgresql_server.query(f"SELECT * FROM {table}") == [(True, 7)]


def test_arguments_that_do_not_fit_run_nothing(server: DatabaseServer, table: str) -> None:
    message = failure(
        run_script(server, f"CREATE TABLE {table} (x int); SELECT ?", {"scriptArgument": ["1", "2"]}),
        "ScriptArgumentMismatch",
    )
    assert "1 places" in message
    assert not exists(server, table)


def test_a_failing_third_statement_of_five_leaves_nothing_behind(server: DatabaseServer, table: str) -> None:
    server.execute(f"CREATE TABLE {table} (x int)")
    rows = f"INSERT INTO {table} VALUES (1);\nINSERT INTO {table} VALUES (2);\n"
    message = failure(
        run_script(server, f"{rows}INSERT INTO no_such VALUES (3);\n{rows.replace('(1)', '(4)')}"),
        "StatementFailed",
    )
    assert message.startswith("Statement 3 of the script failed: ")
    assert "no_such" in message
    assert ("42P01), at line 3, column 13" if server.is_postgresql else "(error 1146)") in message
    assert server.query(f"SELECT x FROM {table}") == []


def test_a_failure_says_what_may_be_left(server: DatabaseServer, table: str) -> None:
    engine = "" if server.is_postgresql else " ENGINE=MyISAM"
    server.execute(f"CREATE TABLE {table} (x int){engine}")
    script = f"INSERT INTO {table} VALUES (1); COMMIT; INSERT INTO {table} VALUES (2); SELECT no_such"
    message = failure(run_script(server, script), "StatementFailed")
    assert "The script is rolled back, except for what it committed" in message
    assert ("such as MyISAM" in message) is not server.is_postgresql
    left = server.query(f"SELECT x FROM {table} ORDER BY x")
    assert left == ([(1,)] if server.is_postgresql else [(1,), (2,)])


def test_a_script_may_have_transactions_of_its_own(server: DatabaseServer, table: str) -> None:
    server.execute(f"CREATE TABLE {table} (x int)")
    insert = f"INSERT INTO {table} VALUES "
    script = (
        f"BEGIN; {insert}(1); COMMIT; {insert}(2); BEGIN; {insert}(3); ROLLBACK; {insert}(4); SELECT 1/no;"
    )
    failure(run_script(server, script), "StatementFailed")
    # Committed rows stay. In MySQL, BEGIN commits the statements before it; in PostgreSQL, it includes them.
    kept = [(1,)] if server.is_postgresql else [(1,), (2,)]
    assert server.query(f"SELECT x FROM {table} ORDER BY x") == kept
    assert run_script(server, f"BEGIN; {insert}(5)") == FINISHED
    assert (5,) in server.query(f"SELECT x FROM {table}")


def test_definitions_are_undone_in_postgresql_and_not_in_mysql(server: DatabaseServer, table: str) -> None:
    failure(
        run_script(server, f"CREATE TABLE {table} (x int); SELECT no_such FROM {table}"), "StatementFailed"
    )
    assert exists(server, table) is not server.is_postgresql


@pytest.mark.parametrize(
    "script",
    [" ", ";;", "-- nothing\n", "/* nothing;\n at all */ -- ;"],
    ids=["blank", "ends", "line", "block"],
)
def test_a_script_without_a_statement_is_finished(server: DatabaseServer, script: str) -> None:
    assert run_script(server, script) == FINISHED


def test_comments_after_the_last_statement(server: DatabaseServer, table: str) -> None:
    assert (
        run_script(server, f"CREATE TABLE {table} (x int); INSERT INTO {table} VALUES (1); -- end\n/* */")
        == FINISHED
    )
    assert server.query(f"SELECT * FROM {table}") == [(1,)]


def test_a_huge_script_and_huge_results_need_little_memory(
    server: DatabaseServer, table: str, s3: FakeS3
) -> None:
    rows = ";\n".join(f"INSERT INTO {table} VALUES ({n}, '{'x' * 2000}')" for n in range(2000))
    series = (
        "SELECT repeat('x', 1000) FROM generate_series(1, 300000)"
        if server.is_postgresql
        else "SELECT repeat('x', 1000) FROM seq_1_to_300000"
    )
    s3.objects["scripts", "huge.sql"] = f"CREATE TABLE {table} (n int, x text);\n{rows};\n{series}".encode()
    before = peak_megabytes()
    assert run_script(server, None, {"scriptUri": "s3://scripts/huge.sql"}) == FINISHED
    assert server.query(f"SELECT count(*) FROM {table}") == [(2000,)]
    assert peak_megabytes() - before < 100


def peak_megabytes() -> float:
    """The peak memory of this process. The unit depends on the system."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def test_a_script_beyond_the_limit_is_refused(
    server: DatabaseServer, s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sql.script.MAX_BYTES", 10)
    s3.objects["scripts", "huge.sql"] = b"SELECT 12345"
    message = failure(run_script(server, None, {"scriptUri": "s3://scripts/huge.sql"}), "InvalidField")
    assert "12 bytes, and 10 are the limit" in message


def test_a_wrong_password(server: DatabaseServer, log: io.StringIO) -> None:
    message = failure(run_script(server, "SELECT 1", on={"*password": "wrong-canary-1"}), "LoginFailed")
    assert f"127.0.0.1:{server.port} refuses the user 'etl'" in message
    assert "wrong-canary-1" not in message + log.getvalue()


def test_a_database_that_does_not_exist(server: DatabaseServer) -> None:
    message = failure(run_script(server, "SELECT 1", on={"databaseName": "nowhere"}), "ConnectionFailed")
    assert "nowhere" in message


def test_a_server_that_is_not_there(server: DatabaseServer) -> None:
    nowhere = server.url.replace(str(server.port), "1")
    message = failure(run_script(server, "SELECT 1", on={"connectionString": nowhere}), "DatabaseNotReached")
    assert "127.0.0.1:1 could not be reached" in message


def test_a_server_that_says_nothing_is_not_waited_for(
    server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 0.3)
    with socket_that_says_nothing() as port:
        silent = server.url.replace(str(server.port), str(port))
        failure(run_script(server, "SELECT 1", on={"connectionString": silent}), "ConnectionFailed")


@contextlib.contextmanager
def socket_that_says_nothing() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def sleeping(server: DatabaseServer, seconds: int) -> str:
    return f"SELECT pg_sleep({seconds})" if server.is_postgresql else f"SELECT SLEEP({seconds})"


def test_canceling_ends_the_statement_at_the_server(
    server: DatabaseServer, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROGRESS_INTERVAL_SECONDS", "0.2")
    server.execute(f"CREATE TABLE {table} (x int)")
    service = FakeDataPipeline()
    script = f"INSERT INTO {table} VALUES (1); {sleeping(server, 600)}; INSERT INTO {table} VALUES (2)"

    def cancel() -> None:
        wait_for(lambda: sessions(server, "600"))
        service.canceled = True

    thread = threading.Thread(target=cancel)
    thread.start()
    assert run_script(server, script, service=service, seconds=120) == {"status": "CANCELED"}
    thread.join()
    wait_for(lambda: not sessions(server, "600"))
    assert server.query(f"SELECT x FROM {table}") == []


def test_the_end_of_the_time_ends_the_statement_at_the_server(server: DatabaseServer, table: str) -> None:
    server.execute(f"CREATE TABLE {table} (x int)")
    script = f"INSERT INTO {table} VALUES (1); {sleeping(server, 601)}; INSERT INTO {table} VALUES (2)"
    message = failure(run_script(server, script, seconds=3), "HandlerTimeout")
    assert "timeout" in message
    wait_for(lambda: not sessions(server, "601"))
    assert server.query(f"SELECT x FROM {table}") == []


def test_a_server_that_goes_away_in_the_middle(server: DatabaseServer, table: str) -> None:
    server.execute(f"CREATE TABLE {table} (x int)")
    script = f"INSERT INTO {table} VALUES (1); {sleeping(server, 602)}; INSERT INTO {table} VALUES (2)"

    def kill() -> None:
        wait_for(lambda: sessions(server, "602"))
        ((number,),) = sessions(server, "602")
        server.query(f"SELECT pg_terminate_backend({number})") if server.is_postgresql else server.execute(
            f"KILL {number}"
        )

    thread = threading.Thread(target=kill)
    thread.start()
    message = failure(run_script(server, script, seconds=120), "ConnectionLost")
    thread.join()
    if server.is_postgresql:
        assert (
            "script ran: terminating connection due to administrator command (SQLSTATE 57P01). The" in message
        )
    assert "rolled back" in message
    assert server.query(f"SELECT x FROM {table}") == []


def test_output_tables_that_are_not_there_are_created(server: DatabaseServer, table: str) -> None:
    nodes: dict[str, dict[str, FieldValue]] = {
        "Db": database(server),
        "Out": {
            "type": "SqlDataNode",
            "table": table,
            "createTableSql": f"CREATE TABLE {table} (x int)",
            "database": Ref("Db"),
        },
        "Elsewhere": {"table": "t", "createTableSql": "CREATE nonsense", "database": Ref("Other")},
        "Plain": {"type": "S3DataNode", "filePath": "s3://b/k"},
    }

    def insert() -> dict[str, Any]:
        fields: dict[str, FieldValue] = {
            "type": "SqlActivity",
            "database": Ref("Db"),
            "script": f"INSERT INTO {table} VALUES (1)",
            "output": [Ref("Out"), Ref("Elsewhere"), Ref("Plain")],
        }
        return run_handler(sql_activity.handler, fields, objects=nodes)

    assert insert() == FINISHED
    assert insert() == FINISHED  # The second time, the table exists.
    assert server.query(f"SELECT x FROM {table}") == [(1,), (1,)]
    server.execute(f"DROP TABLE {table}")
    nodes["Out"] = {**nodes["Out"], "createTableSql": f"CREATE TABLE {table} (x no_such_type)"}
    assert "Object 'Out', field 'createTableSql'" in failure(insert(), "StatementFailed")


def test_tables_are_looked_for_in_their_schema(server: DatabaseServer, table: str) -> None:
    schema = "other" if server.is_postgresql else "mysql"
    existing = "seen" if server.is_postgresql else "user"
    if server.is_postgresql:
        server.execute(f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.{existing} (x int)")
    where = Server(
        Engine.POSTGRESQL if server.is_postgresql else Engine.MYSQL,
        "127.0.0.1",
        server.port,
        DATABASE,
        Credentials(server.user, server.password),
        tls.Tls.PREFER,
    )
    with contextlib.closing(connect.open_session(where)) as opened:
        assert opened.table_exists(existing, schema)
        assert not opened.table_exists(existing, "")
        assert not opened.table_exists(table, schema)
        assert not opened.table_exists("x'y", "")


def test_statements_that_ask_for_a_file_of_the_client(server: DatabaseServer, table: str) -> None:
    server.execute(f"CREATE TABLE {table} (x int)")
    statements = (
        [f"COPY {table} FROM STDIN", f"COPY {table} TO STDOUT"]
        if server.is_postgresql
        else [f"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE {table}"]
    )
    for statement in statements:
        failure(run_script(server, f"SELECT 1; {statement}"), "StatementFailed")
    assert server.query(f"SELECT x FROM {table}") == []


class Secrets:
    """AWS Secrets Manager with one secret."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_secret_value(self, **request: str) -> dict[str, str]:
        assert request == {"SecretId": ARN}
        return {"SecretString": self.text}


ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:etl-AbCdEf"


@pytest.mark.parametrize("form", ["plain", "json", "json with a user"])
def test_a_secret_wins_over_the_password(
    server: DatabaseServer, form: str, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    known = {"password": server.password}
    text = {"plain": server.password, "json": json.dumps({**known, "port": 1})}.get(
        form, json.dumps({**known, "username": server.user})
    )
    user = "somebody" if form == "json with a user" else server.user
    monkeypatch.setattr(clients, "secrets_manager", lambda region: Secrets(text if region else ""))
    fields = {"username": user, "*password": "unused-value", "myPasswordSecretArn": ARN}
    assert run_script(server, "SELECT 1", on=fields) == FINISHED
    script = f"SELECT '{server.password}' FROM no_such"
    message = failure(run_script(server, script, on=fields), "StatementFailed")
    assert server.password not in message + log.getvalue()


def test_no_password_is_told_by_the_driver(
    server: DatabaseServer, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors that quote the statement, and a password that the server refuses."""
    quoting = (
        f"DO $$ BEGIN RAISE EXCEPTION 'it is {server.password}'; END $$"
        if server.is_postgresql
        else f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'it is {server.password}'"
    )
    message = failure(run_script(server, quoting), "StatementFailed")
    assert "it is ***" in message
    monkeypatch.setattr(sql_activity, "open_session", raises_with_password)
    response = run_script(server, "SELECT 1")
    assert response["status"] == "FAILED"
    assert server.password not in json.dumps(response) + log.getvalue()


def raises_with_password(server: Any) -> Any:
    raise ValueError(server, server.credentials.password)


@contextlib.contextmanager
def with_tls(server: DatabaseServer, monkeypatch: pytest.MonkeyPatch, *, trusted: bool) -> Iterator[int]:
    """The port of the server with TLS. ``trusted``: its authority counts as one of Amazon RDS."""
    with contextlib.ExitStack() as stack:
        port, ca = (
            stack.enter_context(tls_proxy(server.port)) if server.ca is None else (server.port, server.ca)
        )
        if trusted:
            monkeypatch.setattr(tls, "RDS_CERTIFICATES", ca)
        yield port


@pytest.mark.parametrize(
    ("mode", "host", "trusted", "error"),
    [
        ("verify-full", "localhost", True, None),
        ("verify-full", "localhost", False, "certificate verify failed"),
        ("verify-full", "127.0.0.1", True, "IP address mismatch"),
        ("verify-ca", "127.0.0.1", True, None),
        ("verify-ca", "127.0.0.1", False, "certificate verify failed"),
        ("require", "127.0.0.1", False, None),
        ("prefer", "127.0.0.1", False, None),
    ],
)
def test_tls(
    server: DatabaseServer,
    mode: str,
    host: str,
    trusted: bool,
    error: str | None,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
) -> None:
    with with_tls(server, monkeypatch, trusted=trusted) as port:
        url = f"jdbc:{server.jdbc}://{host}:{port}/sales?sslmode={mode}"
        create = f"CREATE TABLE {table} AS "
        used = (
            f"{create} SELECT 1 AS cipher"
            if server.is_postgresql
            else f"{create} SELECT variable_value AS cipher FROM information_schema.session_status "
            "WHERE variable_name = 'SSL_CIPHER'"
        )
        response = run_script(server, used, on={"connectionString": url})
    if error:
        assert error in failure(response, "ConnectionFailed")
    else:
        assert response == FINISHED
        assert server.query(f"SELECT cipher FROM {table}")[0][0]  # The proxy accepts only TLS.


def test_no_password_is_sent_to_a_server_without_tls_that_should_have_it(
    postgresql_server: DatabaseServer,
) -> None:
    for mode in ("require", "verify-full"):
        url = f"{postgresql_server.url}?sslmode={mode}"
        failure(run_script(postgresql_server, "SELECT 1", on={"connectionString": url}), "ConnectionFailed")
    assert run_script(postgresql_server, "SELECT 1") == FINISHED  # prefer, the default of JDBC


def test_the_schema_of_the_connection(postgresql_server: DatabaseServer, table: str) -> None:
    postgresql_server.execute(f"CREATE SCHEMA s_{table}")
    on = {"jdbcProperties": [f"currentSchema=s_{table}", "ApplicationName=x"]}
    assert run_script(postgresql_server, f"CREATE TABLE {table} (x int)", on=on) == FINISHED
    assert postgresql_server.query(f"SELECT count(*) FROM s_{table}.{table}") == [(0,)]


class Rds:
    """Amazon RDS with one instance."""

    def __init__(self, server: DatabaseServer, **more: Any) -> None:
        self.instance = {
            "Engine": "postgres" if server.is_postgresql else server.jdbc,
            "Endpoint": {"Address": "127.0.0.1", "Port": server.port},
            "DBName": "sales",
            **more,
        }

    def describe_db_instances(self, **request: str) -> dict[str, Any]:
        assert request == {"DBInstanceIdentifier": "sales-db"}
        return {"DBInstances": [self.instance]}


def rds_database(server: DatabaseServer, **fields: FieldValue) -> dict[str, FieldValue]:
    own: dict[str, FieldValue] = {
        "type": "RdsDatabase",
        "rdsInstanceId": "sales-db",
        "username": server.user,
        "*password": server.password,
    }
    return {**own, **fields}


def test_an_rds_instance_is_found_by_its_id_and_verified(
    server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_on(**fields: FieldValue) -> dict[str, Any]:
        return run_handler(
            sql_activity.handler,
            {"type": "SqlActivity", "database": Ref("Db"), "script": "SELECT 1"},
            objects={"Db": rds_database(server, **fields)},
        )

    with with_tls(server, monkeypatch, trusted=True) as port:
        endpoint = {"Endpoint": {"Address": "localhost", "Port": port}}
        monkeypatch.setattr(clients, "rds", lambda region: Rds(server, **endpoint))
        assert run_on() == FINISHED
        monkeypatch.setattr(clients, "rds", lambda region: Rds(server))
        failure(run_on(), "ConnectionFailed")
        assert run_on(jdbcProperties="sslmode=disable") == FINISHED


def test_nothing_is_left_of_the_signals() -> None:
    """A session that the deadline ends leaves no signal handler behind."""
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
QUOTES = st.text("'\\?;\"$-", max_size=8)


@given(texts=st.lists(TEXTS | QUOTES, min_size=20, max_size=20))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_the_value_of_its_literal(server: DatabaseServer, texts: list[str]) -> None:
    engine = Engine.POSTGRESQL if server.is_postgresql else Engine.MYSQL
    query = bind("SELECT '?'" + ", ?" * len(texts), texts, engine)
    assert server.query(query) == [("?", *texts)]
