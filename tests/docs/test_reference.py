"""Tables in the docs that people wrote, held against the code: errors, variables, the data directory."""

import re
from pathlib import Path

from tests.docs.pages import ROOT
from tests.web.site import bench
from trueup.cli.failures import exit_code
from trueup.model import errors
from trueup.web.errors import kind_of, status_of

SOURCE = ROOT / "src" / "trueup"


def _rows(name: str) -> list[list[str]]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_every_kind_of_error_is_documented_with_its_codes() -> None:
    """Exit code and status are those that a person and a client get."""
    kinds = [errors.Invalid, errors.Refused, errors.Rejected, errors.Unavailable, errors.Broken]
    assert {kind.__name__ for kind in errors.TrueupError.__subclasses__()} - {"LostLease"} >= {
        kind.__name__ for kind in kinds
    }
    documented = [(row[0], *row[2:]) for row in _rows("CONTRIBUTING.md") if re.fullmatch(r"`[A-Z]\w+`", row[0])]
    assert [row for row in documented if len(row) == 3] == [
        (f"`{kind.__name__}`", str(exit_code(kind("x"))), str(status_of(kind("x")))) for kind in kinds
    ]
    api = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert all(f"`{kind_of(kind('x'))}`" in api for kind in kinds)


def test_every_variable_is_documented() -> None:
    """What the code reads is in docs/settings.md, and what is there is read."""
    wanted = re.compile(r"\"(TRUEUP_[A-Z_]+)\"")
    read = {name for path in SOURCE.rglob("*.py") for name in wanted.findall(path.read_text(encoding="utf-8"))}
    documented = {row[0].strip("`") for row in _rows("docs/settings.md") if row[0].startswith("`TRUEUP_")}
    assert documented == read


def test_everything_in_a_data_directory_is_documented(tmp_path: Path) -> None:
    """Of a site that looked at Git, and of what the code names besides."""
    documented = {row[0].strip("`").rstrip("/") for row in _rows("docs/operations.md")}
    with bench(tmp_path) as site:
        stack = site.stack("infra//environments/prod/app")
        site.installation.site.adoption.preview(stack.id)
        there = {path.name for path in (tmp_path / "data").iterdir()}
    assert {"trueup.db", "mirrors", "work"} <= there
    belonging = {f"trueup.db{end}" for end in ("-wal", "-shm")}
    assert there - belonging <= documented
    named = {"key-backup.json", "runtime.json", "trueup.lock", "workflows.db", "ledger.git"}
    assert named <= documented


def test_every_module_of_the_architecture_exists() -> None:
    """Modules that the architecture names."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:engine|stages|model|system|web|cli|ports)/\w+\.py)`", text)
    assert len(named) > 10
    assert [name for name in named if not (SOURCE / name).exists()] == []
