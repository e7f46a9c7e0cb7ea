"""A real site for the API's tests: a control repository in Git, SQLite, the local forge, Terraform without a cloud."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from tests.system.repositories import git
from trueup.engine.catalog import Look
from trueup.model.drift import Drift
from trueup.model.run import Run
from trueup.model.stack import Stack
from trueup.model.values import JSON
from trueup.ports.store import LedgerFilter
from trueup.system.clock import FakeClock
from trueup.system.git import Git
from trueup.system.git_write import Author, Draft, GitWriter
from trueup.system.merkle import Proofs, grown
from trueup.web.access import Access
from trueup.web.app import create_app
from trueup.web.offices import Inclusion, Offices, Vitals
from trueup.web.tokens import NewToken, Scope, Tokens
from trueup.wiring import Installation, Options, installation

OWNER = "owners-token-of-this-process"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

MANIFEST = """\
apiVersion: trueup.dev/v1
mode: observe
repositories:
  infra: {url: .}
stacks:
  - terraform: infra//environments/{env}/{name}
environments:
  dev: {critical: false, mode: deliver}
  prod: {critical: true, mode: deliver, approve: {count: 2}}
people:
  anna: {email: [anna@acme.com]}
  ben: {email: [ben@acme.com]}
  carla: {email: [carla@acme.com]}
"""
MAIN = 'resource "terraform_data" "one" {\n  input = "%s"\n}\n'
FILES = {
    "trueup.yaml": MANIFEST,
    "environments/dev/app/main.tf": MAIN % "dev",
    "environments/prod/app/main.tf": MAIN % "prod",
    "environments/prod/networking/main.tf": MAIN % "net",
}


class Control:
    """The control repository, bare, as a forge has it."""

    def __init__(self, base: Path) -> None:
        self.directory = base / "infra.git"
        self._writer = GitWriter(Git(base / "git-home"), self.directory)
        self._writer.create()
        self.commit("main", FILES, "First")

    def commit(self, branch: str, files: Mapping[str, str], message: str, base: str = "") -> str:
        draft = Draft(message, Author("Anna", "anna@acme.com", NOW))
        contents = {path: text.encode() for path, text in files.items()}
        return self._writer.commit_files(branch, base, contents, draft)

    def head(self, branch: str = "main") -> str:
        return git(self.directory, "rev-parse", f"refs/heads/{branch}")


@dataclass
class Bench:
    """The app over the site, and hands on what the engine's own process would do."""

    app: FastAPI
    installation: Installation
    control: Control
    clock: FakeClock
    tokens: Tokens
    exports: list[str]
    running: bool = True
    looked_at: datetime | None = NOW

    def token(self, person: str, *scopes: Scope) -> str:
        """The text of a new personal token."""
        wanted = NewToken(person, scopes or (Scope.DECIDE,), self.clock.now().replace(month=3))
        return self.tokens.create(wanted, "test")[1]

    def stack(self, name: str) -> Stack:
        with self.installation.store.transaction() as tx:
            found = tx.stack_named(name)
        assert found is not None
        return found

    def put_run(self, run: Run) -> Run:
        with self.installation.store.transaction() as tx:
            return tx.put_run(run)

    def put_drift(self, drift: Drift) -> Drift:
        with self.installation.store.transaction() as tx:
            return tx.put_drift(drift)

    def put_stack(self, stack: Stack, **changes: Any) -> Stack:
        with self.installation.store.transaction() as tx:
            return tx.put_stack(replace(stack, **changes))


@contextmanager
def bench(base: Path, *, embedded: bool = False) -> Iterator[Bench]:
    """A site whose stacks were taken in once; nothing is adopted."""
    control, clock = Control(base), FakeClock(NOW)
    options = Options(data=base / "data", repository=str(control.directory))
    with installation(options, clock) as built:
        exports: list[str] = []
        tokens = Tokens(built.store, clock)
        made = Bench(FastAPI(), built, control, clock, tokens, exports)
        vitals = Vitals(
            engine_running=lambda: made.running,
            looked_at=lambda: made.looked_at,
            look=lambda: None,
            key_id=built.seal.key_id,
        )
        access = Access(tokens, owner="" if embedded else OWNER, user="operator", embedded=embedded)
        made.app = create_app(built.site, access, _offices(built, exports), vitals)
        built.intake.take_in(built.site.catalog.refresh())
        yield made


def _offices(built: Installation, exports: list[str]) -> Offices:
    def refresh() -> Look:
        look = built.site.catalog.refresh()
        built.intake.take_in(look)
        return look

    def export(repository: str) -> JSON:
        exports.append(repository)
        return {"entries": 0}

    def trail() -> Iterable[Mapping[str, Any]]:
        return []

    return Offices(
        refresh=refresh,
        verify_ledger=built.store.verify_ledger,
        prove=lambda seq: _proof(built, seq),
        export_ledger=export,
        trail=trail,
        doctor=lambda: [{"name": "git", "found": True}],
        findings=lambda: built.site.catalog.manifest.findings,
    )


def _proof(built: Installation, seq: int) -> Inclusion:
    with built.store.transaction() as tx:
        entries = tx.entries(LedgerFilter(limit=100_000))
    leaves = [bytes.fromhex(entry.leaf) for entry in entries]
    path = Proofs(leaves).inclusion(seq)
    root = grown(leaves).root.hex()
    return Inclusion(seq, leaves[seq].hex(), len(leaves), root, tuple(node.hex() for node in path))
