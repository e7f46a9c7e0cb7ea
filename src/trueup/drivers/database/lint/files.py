"""Rules about a file as a whole: what one statement takes back or makes worse of another."""

from collections.abc import Iterator

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from trueup.drivers.database.lint.rules import DROPS, Hit, Read, definition, inner
from trueup.drivers.database.statements import Statement


def recreated(reads: list[Read]) -> Iterator[Statement]:
    """DROPs of a view, function, type or sequence that the same file makes again behind them."""
    made: set[str] = set()
    for one in reversed(reads):
        if isinstance(one.node, pg.DropStmt):
            names = {_last_name(each) for each in one.node.objects}
            if DROPS.get(one.node.remove_type) == "drop-object" and names <= made:
                yield one.statement
        made |= set(_made(one.node))


def _made(node: Message) -> Iterator[str]:
    match node:
        case pg.ViewStmt():
            yield node.view.relname
        case pg.CreateTableAsStmt():
            yield node.into.rel.relname
        case pg.CreateFunctionStmt():
            yield node.funcname[-1].string.sval
        case pg.CreateSeqStmt():
            yield node.sequence.relname
        case pg.CompositeTypeStmt():
            yield node.typevar.relname
        case pg.CreateEnumStmt() | pg.CreateRangeStmt():
            yield node.type_name[-1].string.sval
        case pg.CreateDomainStmt():
            yield node.domainname[-1].string.sval
        case _:
            return


def _last_name(node: pg.Node) -> str:
    """Of what a DROP names: a list of names, a function with its arguments, a type, or one name alone."""
    match inner(node):
        case pg.List() as several:
            return str(several.items[-1].string.sval)
        case pg.ObjectWithArgs() as function:
            return str(function.objname[-1].string.sval)
        case pg.TypeName() as type_name:
            return str(type_name.names[-1].string.sval)
        case _:
            return str(node.string.sval)


def validated_together(reads: list[Read]) -> Iterator[Hit]:
    """A constraint added NOT VALID and validated within one file."""
    added: set[tuple[str, str]] = set()
    for one in reads:
        if not isinstance(one.node, pg.AlterTableStmt):
            continue
        table = one.targets[0].name
        for item in one.node.cmds:
            command = item.alter_table_cmd
            defined = definition(command)
            if isinstance(defined, pg.Constraint) and defined.skip_validation:
                added.add((table, defined.conname))
            elif command.subtype == pg.AT_ValidateConstraint and (table, command.name) in added:
                yield Hit("validate-together", one.statement, 0, f"{table}, {command.name}")
