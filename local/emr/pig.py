"""The program ``pig`` of local EMR: a part of Pig Latin, on one machine. What it lacks is refused.

Pig documentation, "Pig Latin Basics" and "Parameter substitution". It loads with PigStorage and with
piggybank's MyRegExLoader, stores with PigStorage, and knows LIMIT, FOREACH with fields, FILTER, DISTINCT and
ORDER.
"""

from __future__ import annotations

import argparse
import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from local.emr import s3_files

_GRAMMAR = Path(__file__).with_name("pig_latin.lark")
_PARAMETER = re.compile(r"(?<!\\)\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_UNICODE = re.compile(r"(?<!\\)\\u+([0-9a-fA-F]{4})")
_GIVEN = re.compile(
    r"""\s*(?P<name>_*[A-Za-z]\w*)\s*=\s*(?:(?P<command>`[^`]*`)|(?P<single>'(?:\\'|[^'])*')"""
    r"""|(?P<double>"(?:\\"|[^"])*")|(?P<bare>(?:_*[A-Za-z]\w*)(?:[^"'`\w#=\s][^\n\r]*)?|[^"'`\w#=\s][^\n\r]*"""
    r"""|[0-9][^\n\r]*))"""
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_NUMBERS = {"int": int, "long": int, "float": float, "double": float, "bigdecimal": float}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PIG_STORAGE = "PigStorage"
_REGEX_LOADER = "org.apache.pig.piggybank.storage.MyRegExLoader"

Row = list[Any]


class PigError(Exception):
    """The script cannot run; the message says why."""


@dataclass
class _Relation:
    names: list[str | None]
    rows: list[Row]

    def place(self, field: Tree[Token]) -> int:
        """The position of a field. Raises PigError."""
        given = str(field.children[0])
        if given.startswith("$"):
            return int(given[1:])
        if given not in self.names:
            raise PigError(f"Invalid field projection. Projected field [{given}] does not exist.")
        return self.names.index(given)


class _Script:
    def __init__(self) -> None:
        self._s3 = s3_files.client()
        self._relations: dict[str, _Relation] = {}
        self._settings: dict[str, str] = {}

    def run(self, statement: Tree[Token]) -> None:
        words: list[Any] = statement.children
        if statement.data == "assignment":
            self._relations[str(words[0])] = self._value(words[1])
        elif statement.data == "store":
            self._store(self._relation(words[0]), _text(words[1]), words[2] if len(words) > 2 else None)
        elif statement.data == "dump":
            for row in self._relation(words[0]).rows:
                print(f"({','.join('' if value is None else str(value) for value in row)})")
        elif statement.data == "set":
            *names, value = map(str, words)
            self._settings[".".join(names)] = value.strip("'")
        elif statement.data == "rmf":
            uri = _text(words[0])
            for key in s3_files.keys(self._s3, uri):
                self._s3.delete_object(Bucket=s3_files.place(uri)[0], Key=key)

    def _relation(self, name: Any) -> _Relation:
        if str(name) not in self._relations:
            raise PigError(f"Undefined alias: {name}")
        return self._relations[str(name)]

    def _value(self, made: Tree[Token]) -> _Relation:
        words: list[Any] = made.children
        if made.data == "load":
            return self._load(words)
        source = self._relation(words[0])
        if made.data == "limit":
            return _Relation(source.names, source.rows[: int(words[1])])
        if made.data == "distinct":
            return _Relation(source.names, [list(row) for row in dict.fromkeys(map(tuple, source.rows))])
        if made.data == "order":
            place = source.place(words[1])
            down = words[2] is not None and str(words[2]).upper() == "DESC"
            return _Relation(source.names, sorted(source.rows, key=lambda row: row[place], reverse=down))
        if made.data == "filter":
            return _Relation(source.names, [row for row in source.rows if _holds(words[1], source, row)])
        places = [source.place(generated.children[0]) for generated in words[1:]]
        names = [
            str(generated.children[1]) if generated.children[1] else source.names[place]
            for generated, place in zip(words[1:], places, strict=True)
        ]
        return _Relation(
            names, [[row[place] if place < len(row) else None for place in places] for row in source.rows]
        )

    def _load(self, words: list[Any]) -> _Relation:
        parts = {part.data: part for part in words[1:] if isinstance(part, Tree)}
        function, arguments = _function(parts.get("using"))
        lines = s3_files.lines(self._s3, _text(words[0]))
        if function == _REGEX_LOADER:
            pattern = re.compile(arguments[0])
            rows: list[Row] = [list(found.groups()) for line in lines if (found := pattern.search(line))]
        elif function == _PIG_STORAGE:
            separator = arguments[0] if arguments else "\t"
            rows = [[value or None for value in line.split(separator)] for line in lines]
        else:
            raise PigError(f"{function} is not there on local EMR")
        columns = [] if "schema" not in parts else parts["schema"].children
        names: list[str | None] = [str(column.children[0]) for column in columns]
        kinds = [str(column.children[1]) if column.children[1] else "bytearray" for column in columns]
        if names:
            rows = [[_typed(value, kind) for value, kind in _padded(row, kinds)] for row in rows]
        return _Relation(names or [None] * max(map(len, rows), default=0), rows)

    def _store(self, relation: _Relation, uri: str, using: Tree[Token] | None) -> None:
        function, arguments = _function(using)
        if function != _PIG_STORAGE:
            raise PigError(f"{function} is not there on local EMR")
        separator = arguments[0] if arguments else "\t"
        lines = [
            separator.join("" if value is None else str(value) for value in row) for row in relation.rows
        ]
        compressed = self._settings.get("output.compression.enabled") == "true"
        s3_files.write(self._s3, uri, "".join(f"{line}\n" for line in lines), compressed=compressed)


def _padded(row: Row, kinds: list[str]) -> list[tuple[Any, str]]:
    return [(row[place] if place < len(row) else None, kind) for place, kind in enumerate(kinds)]


def _typed(value: str | None, kind: str) -> Any:
    if value is None or kind not in _NUMBERS:
        return value
    try:
        return _NUMBERS[kind](value)
    except ValueError:
        return None


def _holds(condition: Tree[Token], source: _Relation, row: Row) -> bool:
    words: list[Any] = condition.children
    if condition.data in {"both", "either"}:
        found = [_holds(part, source, row) for part in words]
        return all(found) if condition.data == "both" else any(found)
    value = row[source.place(words[0])]
    literal = words[2].children[0]
    other: Any = _text(literal) if words[2].data == "text" else float(literal)
    if value is None:
        return False
    return _OPERATORS[str(words[1])](float(value) if isinstance(other, float) else value, other)


def _function(using: Tree[Token] | None) -> tuple[str, list[str]]:
    if using is None:
        return _PIG_STORAGE, []
    name, *arguments = using.children
    return str(name), [_text(argument) for argument in arguments if argument is not None]


def _text(literal: Any) -> str:
    named = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
    written = str(literal)
    if not written.startswith("'"):
        return written
    units = _ESCAPE.sub(
        lambda found: chr(int(found[1][1:], 16)) if len(found[1]) == 5 else named.get(found[1], found[1]),
        written[1:-1],
    )
    return str(units).encode("utf-16", "surrogatepass").decode("utf-16")


def _parameter(given: str) -> tuple[str, str]:
    """The name and the value of ``-param``, by Pig's rules for its command line."""
    text = _UNICODE.sub(lambda found: chr(int(found[1], 16)), given)
    found = _GIVEN.match(text)
    if found is None:
        raise PigError(f"Encountered unexpected input in the parameter {given}")
    if found["command"] is not None:
        raise PigError("commands in backticks are not there on local EMR")
    quoted = found["single"] or found["double"]
    if quoted:
        mark = quoted[0]
        return found["name"], quoted[1:-1].replace(f"\\{mark}", mark)
    return found["name"], found["bare"]


def main() -> int:
    """Run the script. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="pig", allow_abbrev=False)
    parser.add_argument("-D", action="append", help="a property; none changes anything here")
    parser.add_argument("-param", action="append", default=[])
    parser.add_argument("-f", dest="file", type=Path, required=True)
    options = parser.parse_args()
    parameters: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in parameters:
            raise PigError(f"Undefined parameter : {name}")
        return parameters[name]

    try:
        parameters |= dict(map(_parameter, options.param))
        text = _PARAMETER.sub(value, options.file.read_text())
        script = _Script()
        for statement in (
            Lark(_GRAMMAR.read_text(), parser="earley", maybe_placeholders=True).parse(text).children
        ):
            if isinstance(statement, Tree):
                if statement.data == "quit":
                    break  # Whatever follows, and with success.
                script.run(statement)
    except (PigError, LarkError, ValueError) as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
