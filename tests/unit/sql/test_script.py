from __future__ import annotations

import pytest

from runner.outcome import TaskFailed
from sql import tokens
from sql.jdbc import Engine
from sql.script import bind, keywords, statements

PG, MYSQL, REDSHIFT = Engine.POSTGRESQL, Engine.MYSQL, Engine.REDSHIFT


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", []),
        (" ;; -- nothing\n/* ; */;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("-- one; two\nSELECT 1; /* a ; */ SELECT 2 ;\n", ["SELECT 1", "SELECT 2"]),
        ("INSERT INTO t VALUES ('a;b', 'it''s;', 'back\\';slash');x", 2),
        ("CREATE PROCEDURE p() AS $$ BEGIN a; b; END; $$ LANGUAGE plpgsql; CALL p()", 2),
        ('SELECT "a;b" -- ;', ['SELECT "a;b" -- ;']),
        ("SELECT 1 /* c; */ + 1; SELECT 2", ["SELECT 1 /* c; */ + 1", "SELECT 2"]),
    ],
)
def test_statements_for_redshift(script: str, expected: list[str] | int) -> None:
    found = statements(script, REDSHIFT)
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize(
    ("engine", "script", "expected"),
    [
        (PG, "?, '?', \"?\", $$?$$, $a$ ? $a$, ? -- ?", "'A', '?', \"?\", $$?$$, $a$ ? $a$, 'B' -- ?"),
        (PG, "/* ? /* nested ? */ ? */ ? ?::int", "/* ? /* nested ? */ ? */ 'A' 'B'::int"),
        (PG, "'\\' ? E'\\'?' ?", "'\\' 'A' E'\\'?' 'B'"),
        (PG, "a ?? ? ??| ? ??& b", "a ? 'A' ?| 'B' ?& b"),
        (PG, "(?,?)", "('A','B')"),
        (MYSQL, "'\\'?' ? `?` \"\\\"?\" # ?\n ?", "'\\'?' 'A' `?` \"\\\"?\" # ?\n 'B'"),
        (MYSQL, "-- ?\n? /* ? */ ?", "-- ?\n'A' /* ? */ 'B'"),
        (REDSHIFT, "'\\'?' ? ?", "'\\'?' 'A' 'B'"),
        *(
            (engine, f"{command} x('?', ?); {command} y(?)", f"{command} x('?', 'A'); {command} y('B')")
            for engine in Engine
            for command in ("CALL", "EXECUTE", "EXPLAIN", "REPLACE", "GRANT", "DO", "FETCH", "UNLOAD", "LOCK")
        ),
    ],
)  # fmt: skip
def test_places_for_values(engine: Engine, script: str, expected: str) -> None:
    assert bind(script, ["A", "B"], engine) == expected


@pytest.mark.parametrize(
    ("engine", "value", "expected"),
    [
        (PG, "it's", "'it''s'"),
        (PG, "\\'", " E'\\\\'''"),
        (MYSQL, "\\'", "'\\\\'''"),
        (REDSHIFT, "\\'", "'\\\\'''"),
        (MYSQL, "?", "'?'"),
        (PG, "", "''"),
        (PG, "a\nb", "'a\nb'"),
    ],
)
def test_literals(engine: Engine, value: str, expected: str) -> None:
    assert bind("?", [value], engine) == expected


@pytest.mark.parametrize("script", ["SELECT 1", "SELECT ?", "SELECT ?, ?, ?", "SELECT '?', ?"])
def test_as_many_places_as_values(script: str) -> None:
    with pytest.raises(TaskFailed, match="scriptArgument has 2 values") as caught:
        bind(script, ["canary", "canary"], PG)
    assert caught.value.error_id == "ScriptArgumentMismatch"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("engine", list(Engine))
def test_a_quote_that_is_not_closed(engine: Engine) -> None:
    with pytest.raises(TaskFailed, match=f"read as {engine.value}") as caught:
        bind("SELECT ?, 'never", ["x"], engine)
    assert caught.value.error_id == "InvalidScript"


@pytest.mark.parametrize("engine", list(Engine))
def test_a_script_that_would_take_too_much_memory_is_refused(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MAX_CHARACTERS", 20)
    assert bind("SELECT ?" + " " * 12, ["x"], engine) == "SELECT 'x'" + " " * 12
    with pytest.raises(TaskFailed, match=r"The script has 21 characters, .* 20 are the limit") as caught:
        bind("SELECT ?" + " " * 13, ["x"], engine)
    assert caught.value.error_id == "InvalidScript"


def test_keywords_are_what_is_not_in_quotes() -> None:
    text = "format as csv quote '\"' -- gzip\nNULL AS 'GZIP' \"manifest\" region/**/'x';"
    assert keywords(text, REDSHIFT) == ["FORMAT", "AS", "CSV", "QUOTE", "NULL", "AS", "REGION", ";"]
    assert keywords("PARTITION BY (day)", REDSHIFT)[:2] == ["PARTITION", "BY"]
    with pytest.raises(TaskFailed, match="cannot be read as Amazon Redshift"):
        keywords("NULL AS 'x", REDSHIFT)
