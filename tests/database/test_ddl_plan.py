"""How one snapshot becomes another, where no database is needed to say so."""

from trueup.drivers.database.ddl.ddl import difference
from trueup.model.plan import Address, Resource
from trueup.model.values import JSON

TABLE = Address("table.public.t")
FUNCTION = Address("function.public.f()")


def function(returns: str) -> Resource:
    text = (
        f"CREATE OR REPLACE FUNCTION public.f()\n RETURNS {returns}\n LANGUAGE sql\nAS $function$SELECT 1$function$\n"
    )
    return Resource("function", {"definition": text})


def table(**column: JSON) -> Resource:
    return Resource("table", {"columns": {"a": {"type": "integer", **column}}})


def test_nobodys_rows_go_with_what_is_made_again() -> None:
    """A function that returns something else is dropped and made again; not where a table needs it."""
    alone = difference({FUNCTION: function("integer")}, {FUNCTION: function("bigint")})
    assert [each.split()[0] for each in alone.statements] == ["DROP", "CREATE"]
    uses = table(default="public.f()")
    needed = difference({FUNCTION: function("integer"), TABLE: uses}, {FUNCTION: function("bigint"), TABLE: uses})
    assert not needed.statements
    (declined,) = needed.declined
    assert declined.address == FUNCTION and TABLE in declined.reason and declined.suggestion


def test_what_is_needed_goes_last_and_comes_first() -> None:
    """A table's default is gone before its function, and the function there before the default."""
    draft = difference({FUNCTION: function("integer"), TABLE: table(default="public.f()")}, {TABLE: table()})
    assert [each.split()[0] for each in draft.statements] == ["ALTER", "DROP"]
    assert [each.split()[0] for each in draft.undo] == ["CREATE", "ALTER"]


def test_a_kind_that_nobody_knows_is_declined() -> None:
    """By its name, and nothing is silently left out."""
    unknown = Address("moon.public.phase")
    (declined,) = difference({}, {unknown: Resource("moon", {})}).declined
    assert declined.address == unknown and "moon" in declined.reason


def test_roles_are_told_to_those_who_run_it_elsewhere() -> None:
    """They are of the server, and no migration brings them along."""
    held = {"PUBLIC": ["SELECT"], "app": ["INSERT"]}
    granted = Resource("table", {**table().values, "owner": '"Odd Owner"', "privileges": held})
    draft = difference({}, {TABLE: granted})
    assert {role for each in draft.changes for role in each.roles} == {'"Odd Owner"', "app"}
