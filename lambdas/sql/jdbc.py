"""JDBC connection strings and properties in pipelines.

Their forms come from the drivers' documentation: PostgreSQL JDBC, MySQL Connector/J, MariaDB Connector/J, and
the Amazon Redshift driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed


class Engine(Enum):
    """A kind of database that handlers support."""

    POSTGRESQL = "PostgreSQL"
    MYSQL = "MySQL"
    REDSHIFT = "Amazon Redshift"


_ENGINES = {
    "postgresql": Engine.POSTGRESQL,
    "mysql": Engine.MYSQL,
    "mariadb": Engine.MYSQL,
    "redshift": Engine.REDSHIFT,
}
_PORTS = {Engine.POSTGRESQL: 5432, Engine.MYSQL: 3306, Engine.REDSHIFT: 5439}

_SECRET = {"password", "pwd"}


@dataclass(frozen=True)
class JdbcUrl:
    """The parts of a connection string."""

    engine: Engine
    host: str
    port: int
    database: str
    """Empty if the string names none."""
    properties: Mapping[str, str]

    @classmethod
    def of(cls, owner: PipelineObject, field: str = "connectionString") -> JdbcUrl:
        """Parse the field's value. Raises FieldError, and TaskFailed for a database that is not supported."""
        text = owner.string(field).strip()
        scheme, _, rest = text.partition(":")
        subprotocol, _, place = rest.partition(":")
        if subprotocol.lower() == "redshift":  # With IAM, which the Data API uses anyway.
            place = place.removeprefix("iam:")
        if scheme.lower() != "jdbc" or not place:
            raise FieldError(
                owner.id,
                field,
                "a JDBC connection string such as 'jdbc:postgresql://host:5432/db' is expected",
            )
        engine = _ENGINES.get(subprotocol.lower())
        if engine is None:
            raise unsupported(owner, f"'jdbc:{subprotocol}:'")
        url = _split(owner, field, place)
        properties = joined(owner, parse_qsl(url.query, keep_blank_values=True))
        _refuse_passwords(owner, field, properties)
        return cls(
            engine,
            url.hostname or "",
            url.port or _PORTS[engine],
            unquote(url.path.removeprefix("/")),
            properties,
        )


def unsupported(owner: PipelineObject, what: str) -> TaskFailed:
    """The failure of a task whose database is not supported."""
    return TaskFailed(
        f"'{owner.id}' is on {what}. PostgreSQL, MySQL, MariaDB and Amazon Redshift are supported; "
        "driver jars are not. For another database, register a Lambda function that has its driver, with "
        "existing_function(...) in app.py, and send the activity to it with myHandler.",
        error_id="UnsupportedDatabase",
    )


def jdbc_properties(owner: PipelineObject) -> dict[str, str]:
    """The properties in ``jdbcProperties``, whose values have the form A=B. Raises FieldError."""
    field = "jdbcProperties"
    pairs = []
    for pair in owner.strings(field):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise FieldError(owner.id, field, "a pair of the form A=B is expected")
        pairs.append((name.strip(), value.strip()))
    properties = joined(owner, pairs)
    _refuse_passwords(owner, field, properties)
    return properties


def joined(owner: PipelineObject, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The properties by name. Raises FieldError for a property with two values: drivers differ."""
    found: dict[str, str] = {}
    values: dict[str, str] = {}
    for name, value in pairs:
        if name.lower().startswith("amp;"):
            problem = f"the property '{name}' follows an '&amp;', which is XML's: write '&'"
            raise FieldError(owner.id, "connectionString", problem)
        if values.setdefault(name.lower(), value) != value:
            problem = f"the property '{name}' is given as '{values[name.lower()]}' and as '{value}'"
            raise FieldError(owner.id, "jdbcProperties", problem)
        found.setdefault(name, value)
    return found


def _split(owner: PipelineObject, field: str, place: str) -> SplitResult:
    """Raises FieldError unless there is exactly one host, without a user before it."""
    problem = "one host is expected, such as in 'jdbc:postgresql://host:5432/db'"
    try:
        url = urlsplit(place)
        alone = url.port is None or url.port > 0
    except ValueError:
        raise FieldError(owner.id, field, problem) from None
    if url.scheme or not url.hostname or not alone or set(url.netloc) & set(",@()"):
        raise FieldError(owner.id, field, problem)
    if "#" in place:  # The text after it would be cut off, which would select another database.
        raise FieldError(owner.id, field, "it has a '#', which is written %23")
    return url


def _refuse_passwords(owner: PipelineObject, field: str, names: Iterable[str]) -> None:
    if _SECRET & {name.lower() for name in names}:
        raise FieldError(
            owner.id,
            field,
            "it holds a password, which is no secret there: use '*password', or a secret's ARN in "
            "'myPasswordSecretArn'",
        )
