"""Rows: a table where there is room for one, and a record for each row where there is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP = 2
NARROWEST = 20
"""Columns that the widest cells need so that folding them is no torture."""


@dataclass(frozen=True)
class Rows:
    """The first column names the row and stays whole; of the others only the widest is ever folded."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = [self._width(index) for index in range(len(self.columns))]
        widest = max(range(len(widths)), key=lambda index: (index > 0, widths[index]))
        left = options.max_width - sum(widths) - GAP * (len(widths) - 1) + widths[widest]
        if left >= min(widths[widest], NARROWEST):
            yield self._table(widest)
        else:
            for row in self.rows:
                yield row[0]
                yield Padding(self._record(row), (0, 0, 0, 2), expand=False)

    def _width(self, index: int) -> int:
        cells = [line for row in self.rows for line in row[index].plain.split("\n")]
        return max(cell_len(text) for text in (self.columns[index], *cells))

    def _table(self, widest: int) -> Table:
        made = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for index, column in enumerate(self.columns):
            made.add_column(column.upper(), no_wrap=index != widest, overflow="fold")
        for row in self.rows:
            made.add_row(*row)
        return made

    def _record(self, row: Sequence[Text]) -> Text:
        """`mode deliver, check drifted`: what is empty is left out."""
        told = [
            Text.assemble(f"{column} " if column else "", cell)
            for column, cell in zip(self.columns[1:], row[1:], strict=True)
            if cell.plain not in ("", "-")
        ]
        return Text(", ").join(told)
