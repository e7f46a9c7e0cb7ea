"""Runs every bench_*.py beside it, or those whose names contain a given word: a table and build/bench.json."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

HERE = Path(__file__).parent
RESULTS = HERE.parent / "build" / "bench.json"


def figures(words: list[str]) -> Iterator[Figure]:
    """What each module's `measure()` yields, module by module in the order of their names."""
    for path in sorted(HERE.glob("bench_*.py")):
        if not words or any(word in path.stem for word in words):
            yield from importlib.import_module(f"benchmarks.{path.stem}").measure()


def table(measured: list[Figure]) -> Table:
    """Name, value, peer, ratio, aim, and whether the aim is met."""
    shown = Table("figure", "value", "peer", "ratio", "aim", "met")
    for one in measured:
        peer, ratio = ("" if number is None else f"{number:.3g}" for number in (one.peer, one.ratio))
        shown.add_row(
            one.name, f"{one.value:.4g} {one.unit}", peer, ratio, f"{one.aim:g}", "yes" if one.is_met else "NO"
        )
    return shown


def main() -> None:
    console = Console()
    measured: list[Figure] = []
    for figure in figures(sys.argv[1:]):
        console.print(f"{figure.name}: {figure.value:.4g} {figure.unit}", style="dim")
        measured.append(figure)
    if not measured:
        sys.exit(f"nothing to measure: no bench_*.py in {HERE.name}/ {' or '.join(sys.argv[1:])}".rstrip())
    console.print(table(measured))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([figure.document() for figure in measured], indent=2) + "\n")


if __name__ == "__main__":
    main()
