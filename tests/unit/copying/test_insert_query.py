"""``insertQuery``."""

from __future__ import annotations

import pytest

from copying.insert_query import InsertQuery
from copying.targets import Target, Use
from runner.outcome import TaskFailed
from sql.jdbc import Engine


@pytest.mark.parametrize(
    ("query", "columns", "two_rows"),
    [
        ("insert into t values (?, ?);", 2, "insert into t values ($1, $2), ($3, $4)"),
        ("INSERT INTO t (a, b) VALUES(?,now())", 1, "INSERT INTO t (a, b) VALUES($1,now()), ($2,now())"),
        (
            "insert into t values (coalesce(?, '?'), /* ? */ upper((?)))",
            2,
            "insert into t values (coalesce($1, '?'), /* ? */ upper(($2))), "
            "(coalesce($3, '?'), /* ? */ upper(($4)))",
        ),
        (
            "insert into t values (? ?? 'key', $$?$$)",
            1,
            "insert into t values ($1 ? 'key', $$?$$), ($2 ? 'key', $$?$$)",
        ),
    ],
)
def test_one_row_of_values_may_be_repeated(query: str, columns: int, two_rows: str) -> None:
    parsed = InsertQuery.parse(query, Engine.POSTGRESQL)
    assert parsed.columns == columns
    assert parsed.repeatable
    assert parsed.for_postgresql(2) == two_rows


@pytest.mark.parametrize(
    ("query", "one_row"),
    [
        ("insert into t select ?, max(a) from t", "insert into t select $1, max(a) from t"),
        ("insert into t values (?), (?)", "insert into t values ($1), ($2)"),
        (
            "insert into t values (?) on conflict (a) do update set a = ?",
            "insert into t values ($1) on conflict (a) do update set a = $2",
        ),
        (
            "insert into t values (?) on conflict do nothing",
            "insert into t values ($1) on conflict do nothing",
        ),
        ("select f(?)", "select f($1)"),
    ],
)
def test_another_statement_takes_a_record_at_a_time(query: str, one_row: str) -> None:
    parsed = InsertQuery.parse(query, Engine.POSTGRESQL)
    assert not parsed.repeatable
    assert parsed.for_postgresql(1) == one_row


def test_mysql_takes_the_rows_of_an_upsert_one_after_the_other() -> None:
    parsed = InsertQuery.parse(
        "insert into t values (?, ?) on duplicate key update a = values(a)", Engine.MYSQL
    )
    assert parsed.repeatable
    assert parsed.tail == " on duplicate key update a = values(a)"


@pytest.mark.parametrize(
    ("query", "repeatable"), [("REPLACE INTO t VALUES (?, ?)", True), ("CALL p(?, ?)", False)]
)
def test_statements_that_are_commands_to_sqlglot(query: str, repeatable: bool) -> None:
    parsed = InsertQuery.parse(query, Engine.MYSQL)
    assert parsed.columns == 2
    assert parsed.repeatable is repeatable


@pytest.mark.parametrize("query", ["insert into t values ('?')", "insert into t values (??)", "values ('"])
def test_what_cannot_be_an_insert_query(query: str) -> None:
    with pytest.raises(TaskFailed, match="insertQuery"):
        InsertQuery.parse(query, Engine.POSTGRESQL)


@pytest.mark.parametrize(
    ("query", "table", "targets"),
    [
        ("INSERT INTO t VALUES (?, ?)", "t", "0 1"),
        ("insert into t values (1, ?, 'a,b', ?)", "t", "1 3"),
        ("insert into t values (?, ?), (?, ?)", "t", "0 1 0 1"),
        ("insert into s.t (a, `b c`) values (?, ?)", "s.t", "a b_c"),
        ("insert ignore `s` . t partition (p) (a, t.b) value (?, ?)", "`s` . t", "a b"),
        ("insert into t (a, b, c) values (?, f(?, 1), ?)", "t", "a b! c"),
        ("insert into t (a, b) values ((?), ? + 1)", "t", "a! #"),
        ("insert into t (a, b) values (? || 'x', cast(? as unsigned))", "t", "a! #"),
        ("insert into t (a, b) values (cast(? as char), convert(?, signed))", "t", "a! #"),
        ("insert into t (a, b) values (if(? = 'y', 1, 0), if(1, ?, 0))", "t", "# b!"),
        ("replace into t set a = ?, b = upper(?), c = ?", "t", "a b! c"),
        ("insert into t (a) values (?) on duplicate key update b = ?", "t", "a b"),
        ("insert into t (a) values (?) on duplicate key update b = ifnull(?, 0), c = f(?)", "t", "a b! c!"),
        ("update t set a = ?, b = trim(?) where c = ? and trim(?) > d", "t", "a b! c #"),
        ("update t set a = (select x from u where y = trim(?)), b = f(?)", "t", "# b!"),
        ("call s.p(?, trim(?), ?)", "s.p", "0 1! 2"),
        ("insert into t select ?, ?", "t", "0 1"),
        ("insert into t select ? as x, ?", "t", "0 1"),
        ("insert into t select trim(?), ? from u union select ?, (?)", "t", "0! 1 0 1!"),
        ("insert into t (a, b) select (select ?), ? from u where c in (?)", "t", "a! b #"),
        ("insert into t (a, b) select ?, u.*, ? from u", "t", "a a|b!"),
        ("insert into t select * from (values (?)) as x", "t", "!"),
        ("delete from t where a = ?", "", "a"),
    ],
)
def test_where_values_go(query: str, table: str, targets: str) -> None:
    """``!`` marks a value in an expression, ``#`` one that has become a number."""
    parsed = InsertQuery.parse(query, Engine.MYSQL)
    assert parsed.table == table
    assert " ".join(map(written, parsed.targets)) == targets


def written(target: Target) -> str:
    if target.use is Use.AS_NUMBER:
        return "#"
    columns = "|".join(str(column).replace(" ", "_") for column in target.columns)
    return columns + ("!" if target.use is Use.IN_EXPRESSION else "")


def test_a_statement_of_our_own_knows_its_columns() -> None:
    assert [written(target) for target in InsertQuery.into("t", ("`a`", "`b``c`"), 2).targets] == ["a", "b`c"]
    assert [written(target) for target in InsertQuery.into("t", (), 3).targets] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "query",
    [
        "insert into t values (default, ?, null, 'a', 1.5, -1, now(), current_timestamp)",
        "insert into t values (cast(? as decimal(10, 2)), trim(both ' ' from ?), concat(?, ' select '))",
        "insert into t values (case when ? = 'y' then 1 else 0 end, ? || ?)",
        "insert into t (`select`, `max`) values (?, str_to_date(?, '%d'))",
        "insert into t (a, b) values (?, ?) on duplicate key update n = n + 1, b = concat(values(b), 'x')",
        "insert into t (a, b) values (?, ?) as r(a, b) on duplicate key update b = r.b",
    ],
)
def test_what_depends_on_its_arguments_alone_is_repeated(query: str) -> None:
    assert InsertQuery.parse(query, Engine.MYSQL).repeatable


@pytest.mark.parametrize(
    "query",
    [
        "insert into t values ((select max(a) + 1 from t), ?)",
        "insert into t values (last_insert_id(), ?)",
        "insert into t values (f(?))",
        "insert into t values (s.upper(?))",
        "insert into t values (@n := @n + 1, ?)",
        "insert into t values (@@insert_id, ?)",
        "insert into t values (`upper`(?))",
        "insert into t select x.*, (select count(*) from t) from (values (?)) as x",
        "insert into t (a) values (?) on duplicate key update n = (select count(*) from u)",
        "insert into t (a) values (?) on duplicate key update n = f(a)",
        "insert into t (a) values (?) on duplicate key update n = concat('a', f(a))",
        "insert into t (a) values (?) on duplicate key update id = last_insert_id(id)",
        "insert into t (a) values (?) on duplicate key update n = @n := @n + 1",
    ],
)
def test_what_may_read_the_records_before_its_own_takes_one_at_a_time(query: str) -> None:
    assert not InsertQuery.parse(query, Engine.MYSQL).repeatable


def test_casts_of_postgresql_are_repeated() -> None:
    assert InsertQuery.parse(
        "insert into t values (?::double precision, (?)::varchar(3), ?::timestamp with time zone, "
        "nextval('s'))",
        Engine.POSTGRESQL,
    ).repeatable
