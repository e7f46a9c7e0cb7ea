"""Break-glasses: JSON bodies beside the columns that queries need."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from trueup.adapters.store import codec, rows, tables
from trueup.model.break_glass import BreakGlass, BreakGlassId, BreakGlassState, check_step
from trueup.model.ledger import stamp
from trueup.ports.store import Conflict

_ENDED = [str(state) for state in BreakGlassState if state.ended]


def one(connection: Connection, id: BreakGlassId) -> BreakGlass | None:
    return rows.one(connection, tables.break_glasses, codec.BREAK_GLASS, id=id)


def every(connection: Connection, *, ended: bool) -> Sequence[BreakGlass]:
    column = tables.break_glasses.c
    query = select(column.body).order_by(column.requested_at, column.id)
    if not ended:
        query = query.where(column.state.not_in(_ENDED))
    return [codec.BREAK_GLASS.load(body) for body in connection.scalars(query)]


def put(connection: Connection, glass: BreakGlass) -> BreakGlass:
    if glass.generation:
        column = tables.break_glasses.c
        same = (column.id == glass.id) & (column.generation == glass.generation)
        before = connection.scalars(select(column.state).where(same)).first()
        if before is None:
            raise Conflict(f"break-glass {glass.id} is not at generation {glass.generation} any more")
        check_step(BreakGlassState(before), glass.state)
    columns = {"state": str(glass.state), "requested_at": stamp(glass.requested_at)}
    return rows.put(connection, tables.break_glasses, codec.BREAK_GLASS, glass, columns)
