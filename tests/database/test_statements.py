"""Scripts cut into statements, and which ones a database refuses in a transaction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.database.servers import Server
from trueup.drivers.database.statements import Lexis, Statement, split
from trueup.drivers.database.statements_kinds import POSTGRES, SQLITE
from trueup.model.errors import Invalid

PIECES = [
    *("select 1", "SELECT 'a;''b'", "select $$ ; $$", "select $x$ $$;' $x$", "-- ; '\n", "/* ; /* ' */ */", '"a;""b"'),
    *("(select 1; select 2)", "E'\\';'", "\n", "\r\n", " ", ";", "1.5e3", "$1", "a$$b", "é", "::text", "[1]", "U&'d'"),
    "create function f() returns int begin atomic select case when true then 1 end; end",
    "copy t from stdin;\n1\t;\n\\.\n",
]


def sql_of(text: str, lexis: Lexis = POSTGRES) -> list[str]:
    return [each.sql for each in split(text, "V1__x.sql", lexis)]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_nothing_of_a_script_is_lost(pieces: list[str]) -> None:
    """All statements together are the script, and each is in its own part of it."""
    text = "".join(pieces)
    try:
        found = split(text, "V1__x.sql", POSTGRES)
    except Invalid as error:
        assert error.place is not None and error.place.line <= text.count("\n") + 1
        return
    assert not found or "".join(each.raw for each in found) == text
    for each in found:
        assert each.sql in each.raw and text.split("\n")[each.line - 1 :]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("-- first\nselect 1 -- last\n;;\n", ["select 1 -- last"]),
        ("select 'a;b', E'\\';', $$;$$, $é$;$é$;x", ["select 'a;b', E'\\';', $$;$$, $é$;$é$", "x"]),
        ("create rule r as on insert to t do (select 1; select 2); x", None),
        (
            "create function f() returns int language sql begin atomic select 1; select case 1 when 1 then 2 end;end;x",
            None,
        ),
        ("create function f() returns int as $$ begin; end; $$ language plpgsql; x", None),
        ("do $do$ begin execute $$;$$; end $do$; x", None),
    ],
)
def test_statements_end_where_postgresql_ends_them(text: str, expected: list[str] | None) -> None:
    """At a semicolon that is in no quotes, comment, parentheses or body."""
    found = sql_of(text)
    assert found == (expected or [text.rpartition(";")[0], "x"])


def test_the_server_agrees_about_bodies_and_quotes(postgres15: Server) -> None:
    """What is cut out is run one by one, as psql runs it."""
    script = (
        "create table t (a text);\ncreate rule r as on delete to t do (notify x; notify y);\n"
        "create function f() returns text language sql begin atomic select case when true then 'a;' end; end;\n"
        "create procedure p() language plpgsql as $p$ begin insert into t values ($$;$$); end $p$;\ncall p();\n"
        "insert into t values (f()), (E'\\';'), (U&'\\0041;'), ('--;'), ('/*;'); /* ; /* ; */ */\n"
    )
    with postgres15.fresh_database() as name, postgres15.connect(name) as connection:
        for statement in split(script, "V1__x.sql", POSTGRES):
            connection.execute(statement.sql.encode())
        rows = connection.execute("select a from t order by ctid").fetchall()
    assert [row[0] for row in rows] == [";", "a;", "';", "A;", "--;", "/*;"]


def test_data_belongs_to_its_copy() -> None:
    """Up to a line with a backslash and a dot."""
    first, second = split("copy t (a) from stdin;\n1\t';\n\\N\n\\.\nselect 2;", "V1__x.sql", POSTGRES)
    assert first.data == "1\t';\n\\N\n" and second.sql == "select 2" and second.line == 5


def test_triggers_of_sqlite_hold_statements() -> None:
    """BEGIN ... END, with CASE ... END inside; its names may be in brackets."""
    text = "create trigger t after insert on [a;b] begin update c set d = case when 1 then 2 end; select 1; end; vacuum"
    first, second = split(text, "V1__x.sql", SQLITE)
    assert first.sql.endswith("select 1; end") and first.in_transaction
    assert second.sql == "vacuum" and not second.in_transaction


ALONE = [
    "create database x",
    "DROP TABLESPACE x",
    "create subscription s connection '' publication p",
    "alter system set work_mem = '1MB'",
    "create index concurrently i on t (a)",
    "create unique index /* now */ concurrently if not exists i on t (a)",
    "drop index concurrently i",
    "reindex database x",
    "reindex (verbose) table concurrently t",
    "reindex (concurrently) index i",
    "alter table a.t detach partition b.p concurrently",
    'alter table only "a b" detach partition "p;" concurrently',
    "vacuum (analyze) t",
    "vacuum",
    "cluster",
    "discard all",
]


@pytest.mark.parametrize("sql", ALONE)
def test_what_runs_alone_is_known(sql: str) -> None:
    """Flyway's list, and the three that it misses."""
    assert not _one(sql).in_transaction


@pytest.mark.parametrize("sql", ["vacuum t", "reindex table concurrently t", "create index concurrently i on t (a)"])
def test_the_server_refuses_those_in_a_transaction(postgres15: Server, sql: str) -> None:
    """Which is why they are told apart."""
    with postgres15.fresh_database() as name, postgres15.connect(name) as connection:
        connection.execute("create table t (a int)")
        with (
            pytest.raises(Exception, match=r"cannot (run|be executed) inside a transaction block"),
            connection.transaction(),
        ):
            connection.execute(sql.encode())


@pytest.mark.parametrize(
    "sql",
    [
        "create index i on t (a)",
        "refresh materialized view concurrently v",
        "create table vacuum (a int)",
        "comment on table t is 'create index concurrently'",
        "alter table t detach partition p",
        "alter type e add value 'x'",
        "reindex table t",
        "cluster t using i",
        "analyze t",
    ],
)
def test_what_may_be_in_a_transaction_is(sql: str) -> None:
    """Everything else: words in names, texts and comments do not count."""
    assert _one(sql).in_transaction


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("select 1;\nselect 'a", "V1__x.sql:2:8", "the quote"),
        ("/* a\n", "V1__x.sql:1:1", "the comment"),
        ("select 1;\r\n  select $a$ x $b$;", "V1__x.sql:2:10", "$a$"),
        ("copy t from stdin;\n1\n", "V1__x.sql:1:1", "COPY"),
        ("select 1;\n\\connect other", "V1__x.sql:2:1", "backslash"),
    ],
)
def test_what_does_not_end_is_said_with_its_place(text: str, place: str, words: str) -> None:
    """File, line and column of where it begins."""
    with pytest.raises(Invalid) as caught:
        split(text, "V1__x.sql", POSTGRES)
    assert str(caught.value.place) == place and words in caught.value.message


def _one(sql: str) -> Statement:
    (found,) = split(sql, "V1__x.sql", POSTGRES)
    return found
