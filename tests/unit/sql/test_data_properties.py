"""JDBC properties that change data: honoured, or refused with advice."""

from __future__ import annotations

import pytest

from runner.fields import FieldError
from sql.data_properties import DataProperties, ZeroDates, data_properties, read_here
from sql.jdbc import Engine
from tests.unit.sql.objects import jdbc

MYSQL, POSTGRESQL = Engine.MYSQL, Engine.POSTGRESQL


def read(engine: Engine, **properties: str) -> DataProperties:
    return data_properties(jdbc("jdbc:mysql://db/s"), properties, engine)


@pytest.mark.parametrize(
    ("engine", "properties", "expected"),
    [
        (MYSQL, {}, DataProperties()),
        (MYSQL, {"zeroDateTimeBehavior": "convertToNull"}, DataProperties(zero_dates=ZeroDates.NULL)),
        (MYSQL, {"zerodatetimebehavior": "CONVERT_TO_NULL"}, DataProperties(zero_dates=ZeroDates.NULL)),
        (MYSQL, {"zeroDateTimeBehavior": "ROUND"}, DataProperties(zero_dates=ZeroDates.ROUNDED)),
        (MYSQL, {"zeroDateTimeBehavior": "exception"}, DataProperties(zero_dates=ZeroDates.REFUSED)),
        (MYSQL, {"jdbcCompliantTruncation": "false"}, DataProperties(strict=False)),
        (MYSQL, {"sessionVariables": "sql_mode='ANSI';time_zone='+02:00'"},
         DataProperties(variables="sql_mode='ANSI',time_zone='+02:00'")),
        (MYSQL, {"tinyInt1isBit": "false", "yearIsDateType": "false", "serverTimezone": "UTC"},
         DataProperties()),
        (MYSQL, {"useUnicode": "yes", "characterEncoding": "UTF-8", "connectionCollation": "utf8_general_ci"},
         DataProperties()),
        (MYSQL, {"useUnicode": "true", "useJDBCCompliantTimezoneShift": "true",
                 "useLegacyDatetimeCode": "false", "serverTimezone": "UTC"}, DataProperties()),
        *[(MYSQL, {"serverTimezone": zone}, DataProperties())
          for zone in ("GMT+00:00", "Etc/UCT", "Greenwich", "Etc/GMT0", "UTC+0:00", "+00:00", "Zulu")],
        (POSTGRESQL, {"currentSchema": "a,b", "stringtype": "unspecified"}, DataProperties(schema="a,b")),
        (POSTGRESQL, {"options": "-c statement_timeout=90000"},
         DataProperties(options="-c statement_timeout=90000")),
        # A driver ignores properties of the other driver.
        (POSTGRESQL, {"zeroDateTimeBehavior": "?", "serverTimezone": "Europe/Berlin"}, DataProperties()),
        (MYSQL, {"currentSchema": "x", "options": "-c timezone=x"}, DataProperties()),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_done(
    engine: Engine, properties: dict[str, str], expected: DataProperties
) -> None:
    assert read(engine, **properties) == expected


@pytest.mark.parametrize(
    ("engine", "name", "value", "instead"),
    [
        (MYSQL, "serverTimezone", "America/New_York", "CONVERT_TZ"),
        (MYSQL, "connectionTimeZone", "Europe/Berlin", "CONVERT_TZ"),
        (MYSQL, "characterEncoding", "latin1", "UTF-8"),
        (MYSQL, "connectionCollation", "latin1_swedish_ci", "UTF-8"),
        (MYSQL, "transformedBitIsBoolean", "true", "selectQuery"),
        (MYSQL, "yearIsDateType", "true", "selectQuery"),
        (MYSQL, "useFractionalSeconds", "false", "fractions"),
        (MYSQL, "useTimezone", "true", "serverTimezone=UTC"),
        (MYSQL, "useJDBCCompliantTimezoneShift", "true", "serverTimezone=UTC"),
        (MYSQL, "useUnicode", "false", "UTF-8"),
        (MYSQL, "clobCharacterEncoding", "latin1", "UTF-8"),
        (MYSQL, "readOnly", "true", "SELECT"),
        (MYSQL, "zeroDateTimeBehavior", "null", "converttonull"),
        (MYSQL, "maxRows", "10", "LIMIT"),
        (MYSQL, "sendFractionalSeconds", "false", "fractions"),
        (MYSQL, "sessionVariables", "character_set_results=latin1", "UTF-8"),
        (MYSQL, "jdbcCompliantTruncation", "maybe", "true or false"),
        (POSTGRESQL, "options", "-c TimeZone=Europe/Berlin", "SET TIME ZONE"),
        (POSTGRESQL, "readOnly", "true", "default_transaction_read_only"),
        (POSTGRESQL, "autosave", "always", "one transaction"),
    ],
)
def test_what_is_not_done_is_refused_with_what_to_do(
    engine: Engine, name: str, value: str, instead: str
) -> None:
    with pytest.raises(FieldError) as caught:
        read(engine, **{name: value})
    assert f"{name}={value} would change data" in str(caught.value)
    assert instead in str(caught.value)


def test_what_was_read_is_not_said_to_be_unused() -> None:
    assert {"zerodatetimebehavior", "servertimezone", "maxrows"} <= read_here(MYSQL)
    assert {"currentschema", "options", "readonly"} <= read_here(POSTGRESQL)
    assert "applicationname" not in read_here(POSTGRESQL) | read_here(MYSQL)
