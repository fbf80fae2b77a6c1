"""JDBC properties that change which values are read or written: honoured, or the task fails.

Names and meanings come from the drivers' documentation: MySQL Connector/J ("Configuration Properties"),
MariaDB Connector/J ("Optional URL Parameters"), and PostgreSQL JDBC ("Connection Parameters"). All other
properties concern speed, waiting, or metadata in Java: they change no values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from runner.fields import FieldError, PipelineObject
from sql.jdbc import Engine


class ZeroDates(Enum):
    """How to read MySQL's 0000-00-00, by ``zeroDateTimeBehavior``."""

    KEPT = "kept"
    """The property is not set: the text that the server sends."""
    NULL = "converttonull"
    ROUNDED = "round"
    """The first day of the year 1."""
    REFUSED = "exception"


@dataclass(frozen=True)
class DataProperties:
    """The values of the properties that are honoured."""

    schema: str = ""
    """``currentSchema``: PostgreSQL's search path. Empty: the server's default."""
    options: str = ""
    """``options``: PostgreSQL's command-line options for the session."""
    zero_dates: ZeroDates = ZeroDates.KEPT
    strict: bool = True
    """``jdbcCompliantTruncation``: whether MySQL refuses values that do not fit, or truncates them."""
    variables: str = ""
    """``sessionVariables``: assignments for MySQL's SET."""


_UTC = {
    f"{area}{name}"
    for area in ("", "etc/")
    for name in ("utc", "uct", "gmt", "gmt0", "gmt+0", "gmt-0", "greenwich", "universal", "zulu")
} | {
    f"{of}{sign}{zero}"
    for of in ("", "utc", "gmt")
    for sign in "+-"
    for zero in ("00:00", "0:00", "0000", "00")
}
"""UTC under its names in the time zone database, and as an offset (java.time.ZoneId)."""
_UTF_8 = {"utf8", "utf-8", "utf8mb3", "utf8mb4"}
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
_AS_THE_SESSION = (
    "times are the text that the server has for them in the session's time zone: use CONVERT_TZ in "
    "selectQuery or insertQuery, or sessionVariables=time_zone='...'"
)
_IN_UTF_8 = "text is exchanged in UTF-8, and the server converts it"

_MYSQL: Mapping[str, tuple[set[str], str]] = {
    "servertimezone": (_UTC, _AS_THE_SESSION),
    "connectiontimezone": (_UTC | {"local", "server"}, _AS_THE_SESSION),
    "timezone": (_UTC | {"disable", "auto"}, _AS_THE_SESSION),
    "characterencoding": (_UTF_8, _IN_UTF_8),
    "charactersetresults": (_UTF_8 | {"null", ""}, _IN_UTF_8),
    "passwordcharacterencoding": (_UTF_8, _IN_UTF_8),
    "tinyint1isbit": (_TRUE | _FALSE, ""),  # As text, a TINYINT(1) is 0 or 1 in either case.
    "transformedbitisboolean": (_FALSE, "a TINYINT(1) is the number 0 or 1: use IF(...) in selectQuery"),
    "yearisdatetype": (_FALSE, "a YEAR is its four digits: use CONCAT(..., '-01-01') in selectQuery"),
    "sendfractionalseconds": (_TRUE, "fractions of seconds are written as far as the column takes them"),
    "padcharswithspace": (_FALSE, "a CHAR has no blanks at its end: use RPAD in selectQuery"),
    "maxrows": ({"-1", "0"}, "all rows are read: use LIMIT in selectQuery"),
    "emptystringsconverttozero": (_TRUE | _FALSE, ""),  # Affects only getInt() and the like.
    "blobsarestrings": (_FALSE, "use CONVERT(... USING utf8mb4) in selectQuery"),
    "functionsneverreturnblobs": (_FALSE, "use CONVERT(... USING utf8mb4) in selectQuery"),
    "usefractionalseconds": (_TRUE, "fractions of seconds are written as far as the column takes them"),
    "useunicode": (_TRUE, _IN_UTF_8),
    "clobcharacterencoding": (_UTF_8, _IN_UTF_8),
    "useblobtostoreutf8outsidebmp": (_FALSE, "use CONVERT(... USING utf8mb4) in selectQuery"),
    "emulatelocators": (_FALSE, "the values themselves are read"),
    "readonly": (_FALSE, "give the user no more than SELECT"),
    "initsql": (set(), "use sessionVariables, or the statement in the script"),
}
"""For MySQL and MariaDB Connector/J: the values that match what this runner does, and advice for others."""

_POSTGRESQL: Mapping[str, tuple[set[str], str]] = {
    "autosave": ({"never"}, "a script is one transaction, without savepoints"),
    "charset": (_UTF_8, _IN_UTF_8),
    "readonly": (_FALSE, "use options=-c default_transaction_read_only=on"),
}
"""The same for PostgreSQL JDBC."""

_HONOURED = {
    Engine.MYSQL: {
        "zerodatetimebehavior",
        "jdbccomplianttruncation",
        "sessionvariables",
        "connectioncollation",
    },
    Engine.POSTGRESQL: {"currentschema", "options", "stringtype"},
    Engine.REDSHIFT: {"currentschema"},
}
_SHIFTS = (
    "usetimezone",
    "usejdbccomplianttimezoneshift",
    "usesspscompatibletimezoneshift",
    "usegmtmillisfordatetimes",
)
"""Connector/J 5 shifts times between the server's time zone and the runner's, which is UTC."""
_RESERVED_OPTIONS = re.compile(r"timezone|datestyle|client_encoding", re.IGNORECASE)
_RESERVED_VARIABLES = re.compile(r"character_set|collation|\bnames\b|autocommit", re.IGNORECASE)


def data_properties(owner: PipelineObject, given: Mapping[str, str], engine: Engine) -> DataProperties:
    """Read the properties, whatever the case of names and values.

    Raises FieldError for a value that is unknown or not supported.
    """
    properties = {name.lower(): value for name, value in given.items()}
    for name, (values, instead) in _expected(engine).items():
        if name in properties and properties[name].lower() not in values:
            raise _refused(owner, given, name, instead)
    if engine is Engine.MYSQL:
        return _of_mysql(owner, given, properties)
    options = properties.get("options", "") if engine is Engine.POSTGRESQL else ""
    if _RESERVED_OPTIONS.search(options):
        raise _refused(
            owner,
            given,
            "options",
            "write SET TIME ZONE in the script, or AT TIME ZONE in selectQuery; dates are in ISO form, "
            "and text is in UTF-8",
        )
    return DataProperties(properties.get("currentschema", ""), options)


def read_here(engine: Engine) -> frozenset[str]:
    """The lower-case names of the properties that are honoured or checked for an engine."""
    return frozenset(_HONOURED[engine] | _expected(engine).keys() | set(_SHIFTS))


def _expected(engine: Engine) -> Mapping[str, tuple[set[str], str]]:
    return {Engine.MYSQL: _MYSQL, Engine.POSTGRESQL: _POSTGRESQL}.get(engine, {})


def _of_mysql(
    owner: PipelineObject, given: Mapping[str, str], properties: Mapping[str, str]
) -> DataProperties:
    zero_dates = properties.get("zerodatetimebehavior")
    # Connector/J 5 writes convertToNull, 8 CONVERT_TO_NULL.
    known = {behavior.value: behavior for behavior in ZeroDates if behavior is not ZeroDates.KEPT}
    for name in _SHIFTS:
        if properties.get(name, "").lower() in _TRUE and "servertimezone" not in properties:
            raise _refused(
                owner, given, name, f"write serverTimezone=UTC beside it, if that is so; {_AS_THE_SESSION}"
            )
    behavior = ZeroDates.KEPT if zero_dates is None else known.get(zero_dates.lower().replace("_", ""))
    if behavior is None:
        raise _refused(owner, given, "zerodatetimebehavior", f"one of {', '.join(known)} is expected")
    collation = properties.get("connectioncollation", "utf8mb4")
    if not collation.lower().startswith("utf8"):
        raise _refused(owner, given, "connectioncollation", _IN_UTF_8)
    variables = properties.get("sessionvariables", "")
    if _RESERVED_VARIABLES.search(variables):
        raise _refused(
            owner, given, "sessionvariables", f"{_IN_UTF_8}, and a script or copy is one transaction"
        )
    truncation = properties.get("jdbccomplianttruncation", "true").lower()
    if truncation not in _TRUE | _FALSE:
        raise _refused(owner, given, "jdbccomplianttruncation", "true or false is expected")
    return DataProperties(
        zero_dates=behavior,
        strict=truncation in _TRUE,
        variables=variables.replace(";", ",").strip(", "),
    )


def _refused(owner: PipelineObject, given: Mapping[str, str], name: str, instead: str) -> FieldError:
    written, value = next((key, value) for key, value in given.items() if key.lower() == name)
    return FieldError(
        owner.id, "jdbcProperties", f"{written}={value} would change data, and is not done here: {instead}"
    )
