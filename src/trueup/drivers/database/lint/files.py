"""Rules about a file as a whole: what one statement takes back or makes worse of another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from trueup.drivers.database.catalog.addresses import address
from trueup.drivers.database.lint.rules import DROPS, Hit, Name, Read, definition, inner
from trueup.drivers.database.statements import Statement
from trueup.model.plan import Address, Resource

Signature = tuple[tuple[str, ...], tuple[str, ...] | None]
"""The name's parts, and the types of a function's arguments where they are said."""
_RESULTS = (pg.FUNC_PARAM_OUT, pg.FUNC_PARAM_TABLE)


class Fresh:
    """The relations that one delivery has created so far: nobody else uses those yet."""

    def __init__(self, real: Mapping[Address, Resource], schema: str) -> None:
        self._real, self._schema = real, schema
        self._names: set[tuple[str, str]] = set()

    def holds(self, one: Read) -> bool:
        """Every relation that this statement changes is one of them. To be asked in the order in which they run."""
        names = {self._key(each) for each in _changed(one)}
        found = bool(names) and names <= self._names
        self._follow(one)
        return found

    def _follow(self, one: Read) -> None:
        node = one.node
        if one.creates is not None and not self._may_be_there(one):
            self._names.add(self._key(one.creates))
        elif isinstance(node, pg.RenameStmt) and node.rename_type == pg.OBJECT_TABLE:
            key = self._key(one.targets[0])
            if key in self._names:
                self._names ^= {key, (key[0], node.newname)}
        elif isinstance(node, pg.DropStmt) and DROPS.get(node.remove_type) == "drop-table":
            self._names -= {self._key(each) for each in one.targets}

    def _may_be_there(self, one: Read) -> bool:
        """IF NOT EXISTS creates nothing where a table of that name is."""
        key = self._key(one.creates or Name("", ""))
        optional = getattr(one.node, "if_not_exists", False)
        return optional and any(address(kind, *key) in self._real for kind in ("table", "materialized_view"))

    def _key(self, name: Name) -> tuple[str, str]:
        return name.schema or self._schema, name.name


def _changed(one: Read) -> Sequence[Name]:
    """Not what a foreign key points at, and not what an UPDATE reads."""
    node = one.node
    writes = isinstance(node, (pg.UpdateStmt, pg.DeleteStmt)) and not node.HasField("with_clause")
    if writes or isinstance(node, (pg.AlterTableStmt, pg.IndexStmt)):
        return (Name(node.relation.schemaname, node.relation.relname),)
    return one.targets


def recreated(reads: list[Read]) -> Iterator[Statement]:
    """DROPs of a view, function, type or sequence that the same file makes again behind them, a function with the same
    arguments."""
    made: set[Signature] = set()
    for one in reversed(reads):
        if isinstance(one.node, pg.DropStmt):
            dropped = [_dropped(each) for each in one.node.objects]
            if DROPS.get(one.node.remove_type) == "drop-object" and all(_is_among(each, made) for each in dropped):
                yield one.statement
        if (signature := _made(one.node)) is not None:
            made.add(signature)


def _is_among(dropped: Signature, made: set[Signature]) -> bool:
    return any(dropped[0] == name and dropped[1] in (None, arguments) for name, arguments in made)


def _made(node: Message) -> Signature | None:
    match node:
        case pg.ViewStmt():
            return _relation(node.view), None
        case pg.CreateTableAsStmt():
            return _relation(node.into.rel), None
        case pg.CreateFunctionStmt():
            inputs = [each.function_parameter for each in node.parameters]
            types = tuple(_type(each.arg_type) for each in inputs if each.mode not in _RESULTS)
            return _strings(node.funcname), types
        case pg.CreateSeqStmt():
            return _relation(node.sequence), None
        case pg.CompositeTypeStmt():
            return _relation(node.typevar), None
        case pg.CreateEnumStmt() | pg.CreateRangeStmt():
            return _strings(node.type_name), None
        case pg.CreateDomainStmt():
            return _strings(node.domainname), None
        case _:
            return None


def _dropped(node: pg.Node) -> Signature:
    """What a DROP names: a list of names, a function with its arguments, a type, or one name alone."""
    match inner(node):
        case pg.List() as several:
            return _strings(several.items), None
        case pg.ObjectWithArgs() as function:
            types = None if function.args_unspecified else tuple(_type(each.type_name) for each in function.objargs)
            return _strings(function.objname), types
        case pg.TypeName() as type_name:
            return _strings(type_name.names), None
        case _:
            return (node.string.sval,), None


def _relation(node: pg.RangeVar) -> tuple[str, ...]:
    return tuple(part for part in (node.schemaname, node.relname) if part)


def _strings(nodes: Iterable[pg.Node]) -> tuple[str, ...]:
    return tuple(each.string.sval for each in nodes)


def _type(node: pg.TypeName) -> str:
    """`int4[]`, without what only its precision says: that is no part of a signature."""
    names = [each.string.sval for each in node.names if each.string.sval != "pg_catalog"]
    return ".".join(names) + "[]" * bool(node.array_bounds)


def validated_together(reads: list[Read]) -> Iterator[Hit]:
    """A constraint added NOT VALID and validated within one file. One without a name may be any."""
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
            elif command.subtype == pg.AT_ValidateConstraint and {(table, command.name), (table, "")} & added:
                yield Hit("validate-together", one.statement, 0, f"{table}, {command.name}")
