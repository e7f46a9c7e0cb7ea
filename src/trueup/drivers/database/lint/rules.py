"""Our own lint rules, on PostgreSQL's parse tree of one statement: what squawk does not say, or less exactly.

The tree is libpg_query's (PyPI postgast): its names are those of PostgreSQL's own parsenodes.h.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from google.protobuf.message import Message
from postgast import PgQueryError, find_nodes, parse
from postgast import pg_query_pb2 as pg

from trueup.drivers.database.statements import Statement

DROPS = {
    pg.OBJECT_TABLE: "drop-table",
    pg.OBJECT_FOREIGN_TABLE: "drop-table",
    pg.OBJECT_SCHEMA: "drop-schema",
    **dict.fromkeys(
        (
            pg.OBJECT_VIEW,
            pg.OBJECT_MATVIEW,
            pg.OBJECT_FUNCTION,
            pg.OBJECT_PROCEDURE,
            pg.OBJECT_ROUTINE,
            pg.OBJECT_AGGREGATE,
            pg.OBJECT_TYPE,
            pg.OBJECT_DOMAIN,
            pg.OBJECT_SEQUENCE,
            pg.OBJECT_EXTENSION,
        ),
        "drop-object",
    ),
}
_SERIALS = {"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"}
_TRANSACTIONS = {pg.TRANS_STMT_BEGIN, pg.TRANS_STMT_START, pg.TRANS_STMT_COMMIT, pg.TRANS_STMT_ROLLBACK}
_TIMEOUTS = {"lock_timeout", "statement_timeout"}
_SHARE = 5
"""Of PostgreSQL's lock modes, as LOCK TABLE counts them, the weakest that stops writes."""
_DOMAIN_NOT_NULL = "O"
"""Of AlterDomainStmt."""
_CHANGING = (pg.ColumnRef, pg.SubLink, pg.FuncCall, pg.CurrentOfExpr, pg.SQLValueFunction)
"""What makes a condition another one from row to row."""


@dataclass(frozen=True)
class Name:
    """A table or another relation, as the statement names it."""

    schema: str
    """Empty: not said."""
    name: str


@dataclass(frozen=True)
class Read:
    """One statement and what the rules need of its tree."""

    statement: Statement
    node: Message
    """The inner statement: AlterTableStmt, DropStmt, ..."""
    targets: tuple[Name, ...] = ()
    """Relations that it is about."""
    creates: Name | None = None
    """The relation that it creates."""


@dataclass(frozen=True)
class Hit:
    code: str
    statement: Statement
    offset: int = 0
    """Characters of the statement's text before it."""
    said: str = ""
    """What exactly, in a few words: `the column users.email`."""
    dropped: tuple[str, str] = ("", "")
    """Table and column that would be gone; the column may be empty."""


class Unreadable(ValueError):
    """PostgreSQL's parser does not take it."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def read(statement: Statement) -> Read | None:
    """None for a statement without one. Raises Unreadable."""
    try:
        tree = parse(statement.sql)
    except PgQueryError as error:
        raise Unreadable(str(error).splitlines()[0], max(0, (error.cursorpos or 1) - 1)) from error
    if not tree.stmts:
        return None
    node = inner(tree.stmts[0].stmt)
    targets = tuple(Name(each.schemaname, each.relname) for each in find_nodes(tree, pg.RangeVar))
    creates = None
    if isinstance(node, pg.CreateStmt):
        creates = Name(node.relation.schemaname, node.relation.relname)
    elif isinstance(node, (pg.CreateTableAsStmt, pg.SelectStmt)) and (
        into := node.into if isinstance(node, pg.CreateTableAsStmt) else node.into_clause
    ).HasField("rel"):
        creates = Name(into.rel.schemaname, into.rel.relname)
    if isinstance(node, pg.DropStmt) and node.remove_type in (pg.OBJECT_TABLE, pg.OBJECT_FOREIGN_TABLE):
        targets = tuple(_listed(each) for each in node.objects)
    return Read(statement, node, targets, creates)


def hits(one: Read) -> Iterator[Hit]:
    """Every rule that this statement breaks, whatever it is about."""
    text = one.statement.sql.encode()
    for hit in _hits(one):
        # PostgreSQL's parser counts bytes, except where it refuses a text.
        yield replace(hit, offset=len(text[: max(0, hit.offset)].decode(errors="ignore")))


def _hits(one: Read) -> Iterator[Hit]:
    yield from _statement_hits(one)
    if isinstance(one.node, pg.AlterTableStmt):
        for item in one.node.cmds:
            yield from _alteration_hits(one, item.alter_table_cmd, _shown(one.targets[0]))
    if isinstance(one.node, (pg.CreateStmt, pg.AlterTableStmt)):
        for column in find_nodes(one.node, pg.ColumnDef):
            if _type_of(column) == "json":
                yield Hit("json-column", one.statement, column.location, f"column {column.colname}")


def _statement_hits(one: Read) -> Iterator[Hit]:
    statement, node = one.statement, one.node
    table = _shown(one.targets[0]) if one.targets else ""
    match node:
        case pg.DropStmt():
            yield from _drop_hits(one, node)
        case pg.RenameStmt():
            yield from _rename_hits(one, node)
        case pg.DropOwnedStmt():
            yield Hit("drop-table", statement, 0, "everything that a role owns")
        case pg.AlterObjectSchemaStmt():
            code = "rename-table" if node.object_type == pg.OBJECT_TABLE else "rename-object"
            yield Hit(code, statement, 0, f"{table or 'it'} to the schema {node.newschema}")
        case pg.AlterDomainStmt() if node.subtype == _DOMAIN_NOT_NULL:
            yield Hit("domain-constraint", statement)
        case pg.TruncateStmt():
            table = ", ".join(map(_shown, one.targets))
            yield Hit("truncate", statement, 0, table)
            if node.behavior == pg.DROP_CASCADE:
                yield Hit("drop-cascade", statement, 0, f"TRUNCATE {table} CASCADE")
        case pg.UpdateStmt() | pg.DeleteStmt() | pg.InsertStmt() | pg.SelectStmt() | pg.CreateTableAsStmt():
            yield from _unbounded_hits(one)
        case pg.LockStmt() if node.mode >= _SHARE:
            yield Hit("lock-table", statement, 0, table)
        case pg.ClusterStmt():
            yield Hit("rewrite-table", statement, 0, table)
        case pg.VacuumStmt() if any(each.def_elem.defname == "full" for each in node.options):
            yield Hit("rewrite-table", statement, 0, table)
        case pg.RefreshMatViewStmt() if not node.concurrent:
            yield Hit("refresh-not-concurrent", statement, 0, table)
        case pg.CreateTrigStmt():
            yield Hit("create-trigger", statement, 0, f"{node.trigname} on {table}")
        case pg.TransactionStmt() if node.kind in _TRANSACTIONS:
            yield Hit("transaction-control", statement)
        case pg.VariableSetStmt() if node.name in _TIMEOUTS and _is_off(node):
            yield Hit("timeout-off", statement, 0, node.name)
        case _:
            return


def _unbounded_hits(one: Read) -> Iterator[Hit]:
    """Also within a WITH."""
    for code, kind in (("unbounded-update", pg.UpdateStmt), ("unbounded-delete", pg.DeleteStmt)):
        for each in find_nodes(one.node, kind):
            if not each.HasField("where_clause") or _is_constant(each.where_clause):
                table = Name(each.relation.schemaname, each.relation.relname)
                yield Hit(code, one.statement, each.relation.location, _shown(table))


def _is_constant(condition: Message) -> bool:
    """`WHERE true`, `WHERE 1 = 1`: no column, and nothing that is asked for row by row."""
    return not any(next(iter(find_nodes(condition, kind)), None) for kind in _CHANGING)


def _drop_hits(one: Read, node: pg.DropStmt) -> Iterator[Hit]:
    code = DROPS.get(node.remove_type)
    if code is None:
        return
    names = [_shown(each) for each in one.targets] if code == "drop-table" else []
    yield Hit(code, one.statement, 0, ", ".join(names))
    for name in one.targets if code == "drop-table" else ():
        yield Hit("still-used", one.statement, 0, _shown(name), dropped=(name.name, ""))
    if node.behavior == pg.DROP_CASCADE:
        yield Hit("drop-cascade", one.statement)


def _rename_hits(one: Read, node: pg.RenameStmt) -> Iterator[Hit]:
    table = _shown(one.targets[0]) if one.targets else ""
    if node.rename_type == pg.OBJECT_COLUMN:
        yield Hit("rename-column", one.statement, 0, f"{table}.{node.subname} to {node.newname}")
    elif node.rename_type == pg.OBJECT_TABLE:
        yield Hit("rename-table", one.statement, 0, f"{table} to {node.newname}")


def _alteration_hits(one: Read, command: pg.AlterTableCmd, table: str) -> Iterator[Hit]:
    statement = one.statement
    defined = definition(command)
    match command.subtype:
        case pg.AT_DropColumn:
            yield Hit("drop-column", statement, 0, f"{table}.{command.name}")
            yield Hit("still-used", statement, 0, table, dropped=(one.targets[0].name, command.name))
            if command.behavior == pg.DROP_CASCADE:
                yield Hit("drop-cascade", statement)
        case pg.AT_SetTableSpace | pg.AT_SetLogged | pg.AT_SetUnLogged | pg.AT_SetAccessMethod:
            yield Hit("rewrite-table", statement, 0, table)
        case pg.AT_AlterColumnType if isinstance(defined, pg.ColumnDef):
            yield Hit("type-change", statement, defined.location, f"{table}.{command.name}")
        case pg.AT_AddColumn if isinstance(defined, pg.ColumnDef):
            yield from _new_column_hits(statement, defined, table)
        case pg.AT_AddConstraint if isinstance(defined, pg.Constraint):
            if defined.contype == pg.CONSTR_CHECK and not defined.skip_validation:
                yield Hit("check-constraint", statement, defined.location, f"{table}, {defined.conname}")
            elif defined.contype == pg.CONSTR_NOTNULL and not defined.skip_validation:
                yield Hit("set-not-null", statement, defined.location, f"{table}.{defined.keys[0].string.sval}")
            elif defined.contype == pg.CONSTR_EXCLUSION:
                yield Hit("exclusion-constraint", statement, defined.location, f"{table}, {defined.conname}")
        case _:
            return


def _new_column_hits(statement: Statement, column: pg.ColumnDef, table: str) -> Iterator[Hit]:
    said = f"{table}.{column.colname}"
    if _type_of(column) in _SERIALS:
        yield Hit("serial-column", statement, column.location, said)
    for each in column.constraints:
        kind = each.constraint.contype
        if kind == pg.CONSTR_IDENTITY:
            yield Hit("serial-column", statement, column.location, said)
        elif kind == pg.CONSTR_GENERATED and each.constraint.generated_kind != "v":
            yield Hit("generated-column", statement, column.location, said)
        elif kind == pg.CONSTR_CHECK:
            yield Hit("check-constraint", statement, each.constraint.location, said)


def inner(node: Message) -> Message:
    """Out of the wrapper that libpg_query puts around every node."""
    which = node.WhichOneof("node") if node.DESCRIPTOR.oneofs else None
    return getattr(node, which) if which else node


def definition(command: pg.AlterTableCmd) -> Message | None:
    """A new column, type or constraint. The field's name is a word of Python."""
    return inner(getattr(command, "def")) if command.HasField("def") else None


def _type_of(column: pg.ColumnDef) -> str:
    """The last part of the type's name, without arguments."""
    return column.type_name.names[-1].string.sval if column.type_name.names else ""


def _listed(node: pg.Node) -> Name:
    parts = [each.string.sval for each in node.list.items]
    return Name(parts[-2] if len(parts) > 1 else "", parts[-1])


def _shown(name: Name) -> str:
    return ".".join(part for part in (name.schema, name.name) if part)


def _is_off(node: pg.VariableSetStmt) -> bool:
    """`SET lock_timeout = 0`, or '0', '0s'; also to DEFAULT, which is none."""
    if node.kind == pg.VAR_SET_DEFAULT:
        return True
    for each in node.args:
        value = each.a_const
        text = value.sval.sval if value.HasField("sval") else str(value.ival.ival)
        if not text.strip("0smhind "):
            return True
    return False
