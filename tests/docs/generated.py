"""Generated: the parts of README and docs that follow from the code. `make docs` writes them, a test compares them."""

import ast
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import get_type_hints

from fastapi.routing import APIRoute
from typer.core import TyperGroup
from typer.main import get_command

from tests.cli.reference import reference
from trueup import settings
from trueup.cli.commands import COMMANDS
from trueup.cli.main import app
from trueup.drivers.database.driver import DatabaseDriver
from trueup.drivers.database.lint.codes import CODES, Severity
from trueup.drivers.database.rehearsal.codes import REHEARSED
from trueup.model.severity import TABLE
from trueup.web.app import NOUNS
from trueup.web.visit import Administering, Deciding, Reading

ROOT = Path(__file__).parents[2]
SCOPES = ((Reading, "`read`"), (Deciding, "`decide`"), (Administering, "`admin`"))


def pages() -> Mapping[Path, str]:
    """Every page with generated parts, as it should be."""
    written = {ROOT / "docs" / "commands.md": reference()}
    for name, part, lines in (
        ("README.md", "commands", glance()),
        ("docs/api.md", "routes", routes()),
        ("docs/settings.md", "settings", constants()),
        ("docs/drift.md", "severity", severities()),
        ("docs/databases.md", "keys", database_keys()),
        ("docs/databases.md", "codes", database_codes()),
    ):
        path = ROOT / name
        written[path] = _filled(written.get(path) or path.read_text(encoding="utf-8"), part, list(lines))
    return written


def glance() -> Iterator[str]:
    """Every command with its sentence; a noun with its verbs."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    yield from ("| command | what it does |", "|---|---|")
    for name, entry in COMMANDS.items():
        command = root.get_command(None, name)
        verbs = " ".join(f"`{verb}`" for verb in command.commands) if isinstance(command, TyperGroup) else ""
        yield f"| {f'`trueup {name}` {verbs}'.strip()} | {entry.help} |"


def database_keys() -> Iterator[str]:
    """Every key of the three formats, with those that know it."""
    specs = DatabaseDriver.specs
    yield from ("| key | formats | meaning |", "|---|---|---|")
    keys = {key: None for spec in specs.values() for key in spec.model_json_schema()["properties"]}
    for key in keys:
        knowing = {name: spec.model_json_schema()["properties"].get(key) for name, spec in specs.items()}
        told: dict[str, list[str]] = {}
        for name, described in knowing.items():
            if described is not None:
                told.setdefault(described["description"], []).append(name)
        for description, names in told.items():
            formats = "all" if len(names) == len(specs) else ", ".join(f"`{name}`" for name in names)
            yield f"| `{key}` | {formats} | {description.replace('|', chr(92) + '|')} |"


def database_codes() -> Iterator[str]:
    """Every code of lint, then every code of a rehearsal."""
    asked = {Severity.NOTICE: "notice", Severity.APPROVAL: "1 person", Severity.DESTRUCTIVE: "2 people"}
    yield from ("| code | asks for | why | the safe sequence |", "|---|---|---|---|")
    for code, rule in (*sorted(CODES.items()), *sorted(REHEARSED.items())):
        yield f"| `{code}` | {asked.get(rule.severity, 'a stop')} | {rule.why} | {rule.safe} |"


def routes() -> Iterator[str]:
    """Method, path, scope and the first sentence of what it does."""
    yield from ("| route | scope | |", "|---|---|---|")
    for route in (each for noun in NOUNS for each in noun.router.routes):
        assert isinstance(route, APIRoute)
        hints = get_type_hints(route.endpoint, include_extras=True)
        scope = next((word for alias, word in SCOPES if hints.get("visit") == alias), "")
        told = " ".join((route.endpoint.__doc__ or "").strip().partition("\n\n")[0].split())
        for method in sorted(route.methods - {"HEAD"}):
            yield f"| `{method} {route.path}` | {scope} | {told} |"


def constants() -> Iterator[str]:
    """The constants of settings.py: a name, a value and the text behind it."""
    yield from ("| setting | default | meaning |", "|---|---|---|")
    body = ast.parse(Path(settings.__file__).read_text(encoding="utf-8")).body
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            assert isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant), f"{name} says no meaning"
            yield f"| `{name}` | {_shown(getattr(settings, name))} | {' '.join(str(after.value.value).split())} |"


def severities() -> Iterator[str]:
    """The table by which drift is weighed."""
    yield from ("| type | path | severity | because |", "|---|---|---|---|")
    for row in TABLE:
        path = f"`{row.path}`" if row.path else "the whole resource"
        yield f"| `{row.type}` | {path} | {row.severity} | {row.why} |"


def _shown(value: object) -> str:
    match value:
        case timedelta():
            seconds = round(value.total_seconds())
            for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
                if seconds % size == 0:
                    return f"{seconds // size} {unit}"
            return f"{seconds} s"
        case str():
            return f"`{value}`"
        case _:
            return f"{value:,}" if isinstance(value, int) and value >= 100_000 else str(value)


def _filled(text: str, part: str, lines: list[str]) -> str:
    """The text with these lines between the two marks of that part."""
    begin, end = f"<!-- {part}: written by `make docs` -->", f"<!-- end of {part} -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    assert found and ended, f"there is no {begin} ... {end}"
    return f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{after}"


def main() -> None:
    for path, text in pages().items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT), file=sys.stderr)


if __name__ == "__main__":
    main()
