from __future__ import annotations

import pytest

from runner.fields import FieldError
from runner.outcome import TaskFailed
from sql.jdbc import Engine, JdbcUrl, jdbc_properties
from tests.unit.sql.objects import jdbc


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "jdbc:postgresql://db.example.com:6432/sales",
            (Engine.POSTGRESQL, "db.example.com", 6432, "sales", {}),
        ),
        ("jdbc:postgresql://db/", (Engine.POSTGRESQL, "db", 5432, "", {})),
        (
            "jdbc:postgresql://db/s%20a?ssl=true&sslmode=require",
            (Engine.POSTGRESQL, "db", 5432, "s a", {"ssl": "true", "sslmode": "require"}),
        ),
        ("jdbc:postgresql://db/sales?ssl", (Engine.POSTGRESQL, "db", 5432, "sales", {"ssl": ""})),
        ("jdbc:postgresql://[::1]:5433/sales", (Engine.POSTGRESQL, "::1", 5433, "sales", {})),
        ("JDBC:MySQL://db/sales", (Engine.MYSQL, "db", 3306, "sales", {})),
        ("jdbc:mariadb://db:3307", (Engine.MYSQL, "db", 3307, "", {})),
        (
            "jdbc:redshift://c.x.eu-west-1.redshift.amazonaws.com/dev",
            (Engine.REDSHIFT, "c.x.eu-west-1.redshift.amazonaws.com", 5439, "dev", {}),
        ),
    ],
)
def test_connection_strings(url: str, expected: tuple[object, ...]) -> None:
    found = JdbcUrl.of(jdbc(url))
    assert (found.engine, found.host, found.port, found.database, found.properties) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql://db/sales",
        "jdbc:",
        "jdbc:postgresql",
        "jdbc:postgresql:",
        "jdbc:postgresql:sales",
        "jdbc:postgresql:///sales",
        "jdbc:postgresql://db:port/sales",
        "jdbc:postgresql://db:99999/sales",
        "jdbc:postgresql://db:0/sales",
        "jdbc:postgresql://one,two/sales",
        "jdbc:mysql://me:secret@db/sales",
        "jdbc:mysql:loadbalance://one,two/sales",
        "jdbc:mysql://address=(host=db)/sales",
    ],
)
def test_what_is_no_connection_string_to_one_host(url: str) -> None:
    with pytest.raises(FieldError, match=r"'connectionString'.* is expected"):
        JdbcUrl.of(jdbc(url))


@pytest.mark.parametrize(
    "url",
    ["jdbc:oracle:thin:@//db:1521/sales", "jdbc:sqlserver://db;databaseName=sales", "jdbc:db2://db/sales"],
)
def test_other_databases_are_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(TaskFailed, match=r"'Db' is on 'jdbc:.*existing_function") as caught:
        JdbcUrl.of(jdbc(url))
    assert caught.value.error_id == "UnsupportedDatabase"


def test_properties_are_pairs() -> None:
    owner = jdbc("jdbc:mysql://db/s", jdbcProperties=["useSSL=true", " a = b=c ", "empty="])
    assert jdbc_properties(owner) == {"useSSL": "true", "a": "b=c", "empty": ""}
    for wrong in ("useSSL", "=x", ""):
        with pytest.raises(FieldError, match="A=B"):
            jdbc_properties(jdbc("jdbc:mysql://db/s", jdbcProperties=wrong))


def test_a_password_where_it_is_no_secret_is_refused_and_not_told() -> None:
    with pytest.raises(FieldError, match="myPasswordSecretArn") as of_url:
        JdbcUrl.of(jdbc("jdbc:mysql://db/s?user=a&Password=canary"))
    with pytest.raises(FieldError, match="myPasswordSecretArn") as of_properties:
        jdbc_properties(jdbc("jdbc:mysql://db/s", jdbcProperties="password=canary"))
    assert "canary" not in f"{of_url.value} {of_properties.value}"


def test_an_ampersand_of_xml_is_no_part_of_a_name() -> None:
    with pytest.raises(FieldError, match="write '&'"):
        JdbcUrl.of(jdbc("jdbc:mysql://db/s?useUnicode=true&amp;zeroDateTimeBehavior=convertToNull"))


def test_a_property_has_one_value() -> None:
    with pytest.raises(FieldError, match="'currentschema' is given as 'a' and as 'b'"):
        JdbcUrl.of(jdbc("jdbc:postgresql://db/s?currentSchema=a&currentschema=b"))
    assert JdbcUrl.of(jdbc("jdbc:postgresql://db/s?ssl=true&ssl=true")).properties == {"ssl": "true"}
    with pytest.raises(FieldError, match="'sslmode' is given"):
        jdbc_properties(jdbc("jdbc:postgresql://db/s", jdbcProperties=["sslmode=require", "sslmode=disable"]))


def test_redshift_with_iam_is_redshift() -> None:
    url = JdbcUrl.of(jdbc("jdbc:redshift:iam://c.x.eu-west-1.redshift.amazonaws.com:5439/dev"))
    assert (url.engine, url.host) == (Engine.REDSHIFT, "c.x.eu-west-1.redshift.amazonaws.com")
