"""Reads the options at the end of COPY and UNLOAD. No option is silently ignored.

Amazon Redshift database developer guide, COPY and UNLOAD.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set

from local.redshift_data.errors import NotSupportedError, StatementError
from local.redshift_data.sql_words import SqlWords

Reader = Callable[[SqlWords], str]
"""Reads what follows an option's name. An option without an argument has the value ``""``."""

_OCTAL = re.compile(r"\\([0-7]{3})")


def flag(_: SqlWords) -> str:
    """Nothing."""
    return ""


def text(words: SqlWords) -> str:
    """[AS] 'text'"""
    words.skip("AS")
    return words.text()


def number(words: SqlWords) -> str:
    """[AS] number"""
    words.skip("AS")
    return words.number()


def optional_text(default: str) -> Reader:
    """[[AS] 'text']"""

    def read(words: SqlWords) -> str:
        return text(words) if words.skip("AS") or words.is_text else default

    return read


def one_of(*choices: str, default: str = "") -> Reader:
    """One of these words. Required unless there is a default."""

    def read(words: SqlWords) -> str:
        if words.next in choices:
            return words.take()
        if not default:
            raise words.unexpected()
        return default

    return read


def role(words: SqlWords) -> str:
    """default, or the ARN of a role, or several separated by commas."""
    return "default" if words.skip("DEFAULT") else words.text()


AUTHORIZATION: Mapping[str, Reader] = {
    "IAM_ROLE": role,
    "CREDENTIALS": text,
    "ACCESS_KEY_ID": text,
    "SECRET_ACCESS_KEY": text,
    "SESSION_TOKEN": text,
    "TOKEN": text,
}
"""Access to the data. One of the first three is required; what it permits is not checked."""


def read_options(
    statement: str,
    words: SqlWords,
    known: Mapping[str, Reader],
    formats: Set[str],
    unsupported: Set[str],
) -> dict[str, str]:
    """All options, by name. Raises StatementError, which names what local AWS lacks."""
    found: dict[str, str] = {}
    while words.next:
        words.skip(",")
        if words.skip("WITH") and words.next not in AUTHORIZATION:
            raise words.unexpected()
        if words.skip("FORMAT") or words.next == "AS":
            words.skip("AS")
            if words.next not in formats:
                raise words.unexpected()
        if words.next in unsupported:
            raise NotSupportedError(f"{words.next} of {statement}")
        if words.next not in known:
            raise words.unexpected()
        name = words.take()
        if name in found:
            raise StatementError(f"conflicting or redundant options: {name} is there twice")
        found[name] = known[name](words)
    if not {"IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID"} & found.keys():
        raise StatementError(f"{statement} needs an authorization, such as IAM_ROLE")
    return found


def check_apart(found: Set[str], option: str, *others: str) -> None:
    """Raises StatementError if ``option`` comes with one of ``others``."""
    if option in found:
        for other in others:
            if other in found:
                raise StatementError(f"{option} cannot be used with {other}")


def check_size(name: str, value: str, smallest: float, largest: float) -> None:
    """Raises StatementError for a number that Amazon Redshift does not accept."""
    if not smallest <= float(value) <= largest:
        raise StatementError(f"{name} takes {smallest:,} to {largest:,}, not {value}")


def one_character(name: str, value: str) -> str:
    """One ASCII character, which may be written as ``\\t``, or in octal digits. Raises StatementError."""
    value = "\t" if value == r"\t" else _OCTAL.sub(lambda match: chr(int(match[1], 8)), value)
    if len(value) != 1 or not value.isascii() or value in "\0\n\r":
        raise StatementError(f"{name} must be a single ASCII character, and no end of a line, not {value!r}")
    return value


def delimiter_of(options: Mapping[str, str]) -> str:
    """The delimiter between values: by default the pipe, in CSV the comma. Raises StatementError."""
    return one_character("DELIMITER", options.get("DELIMITER", "," if "CSV" in options else "|"))
