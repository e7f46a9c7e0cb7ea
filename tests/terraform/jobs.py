"""Jobs for the Terraform driver as the engine would hand them over, and ports that remember what they were told."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from trueup.drivers.terraform.driver import TerraformDriver
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.errors import LostLease
from trueup.model.plan import Address, Outcome, Plan, StepId
from trueup.model.stack import Purpose, StackId
from trueup.model.values import JSON, canonical
from trueup.ports.driver import Job, JournalEntry, Limits
from trueup.ports.tree import StoredTree, Tree

KEY = b"a key of this installation"


def hash_secret(value: JSON) -> str:
    return hmac.new(KEY, canonical(value), hashlib.sha256).hexdigest()[:16]


@dataclass
class Vault:
    """A StateVault that keeps every version."""

    versions: list[bytes] = field(default_factory=list)

    def newest(self) -> bytes | None:
        return self.versions[-1] if self.versions else None

    def store(self, content: bytes) -> None:
        self.versions.append(content)


@dataclass
class Diary:
    """A Journal that remembers, and may lose the lease at the n-th report."""

    entries: list[JournalEntry] = field(default_factory=list)
    lose_at: int | None = None

    def begin(self, step: StepId) -> None:
        self.entries.append(JournalEntry(step, "begin"))

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        self.entries.append(JournalEntry(step, "report", at, outcome, identity))
        if self.lose_at is not None and len([each for each in self.entries if each.event == "report"]) >= self.lose_at:
            raise LostLease("another worker has the lease")

    def end(self, step: StepId) -> None:
        self.entries.append(JournalEntry(step, "end"))

    def reported(self) -> dict[str, Outcome]:
        """The newest outcome of every address."""
        return {str(each.at): each.outcome for each in self.entries if each.outcome is not None}


@dataclass
class Lease:
    """A Fence that is always renewed."""

    seconds: float = 60
    renewals: int = 0

    def renew(self) -> None:
        self.renewals += 1


@dataclass
class Place:
    """One stack on one worker: its directories, its vault and what was logged."""

    base: Path
    environment: Mapping[str, str]
    driver: TerraformDriver = field(default_factory=TerraformDriver)
    kind: type[TerraformSpec] = TerraformSpec
    """Which key of trueup.yaml declares it."""
    vault: Vault = field(default_factory=Vault)
    lines: list[str] = field(default_factory=list)

    def job(
        self,
        files: Tree | Mapping[str, str],
        purpose: Purpose = "delivery",
        spec: Mapping[str, JSON] | None = None,
        **changes: Any,
    ) -> Job[TerraformSpec]:
        """`changes` replace fields of the job."""
        job = Job(
            stack=StackId("stk-0000000001"),
            name="live//app",
            purpose=purpose,
            spec=self.kind.model_validate(spec or {}),
            path="app",
            tree=tree(files) if isinstance(files, Mapping) else files,
            directory=self.base / "work" / "stk-0000000001",
            environment=self.environment,
            limits=Limits(plan=timedelta(minutes=5), apply=timedelta(minutes=5)),
            hash_secret=hash_secret,
            redact=lambda text: text,
            log=self.lines.append,
            state=self.vault,
            evidence=self.base / "evidence",
            fence=Lease(),
        )
        return replace(job, **changes)

    def plan(self, files: Tree | Mapping[str, str], **given: Any) -> Plan:
        """One observation."""
        with self.driver.observe(self.job(files, **{"purpose": "proposal", **given})) as observation:
            return observation.plan()

    def apply(self, files: Tree | Mapping[str, str], journal: Diary | None = None, **given: Any) -> Any:
        """One session: plan and apply."""
        with self.driver.open(self.job(files, **given)) as session:
            return session.apply(session.plan(), journal or Diary())


def tree(files: Mapping[str, str], revision: str = "r1") -> StoredTree:
    return StoredTree(revision, {path: content.encode() for path, content in files.items()})
