"""The corpus live: applied and settled in an emulated AWS, changed by hand, planned, codified and proven."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.stages.made import NOW
from tests.terraform.corpus_changes import CHANGES, Hand
from tests.terraform.jobs import Diary, Place
from trueup.demo import providers
from trueup.demo.cloud import Cloud
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.baseline import Baseline
from trueup.model.drift import Drift
from trueup.model.plan import AttributedPlan, Finding, Plan
from trueup.model.stack import StackId
from trueup.ports.driver import Codification, Job
from trueup.ports.tree import EditedTree, Edits, StoredTree, Tree
from trueup.stages.attribute import attribute
from trueup.stages.codify import proves_at_baseline
from trueup.stages.detect import detect
from trueup.stages.record import absorbed, settled

CORPUS = Path(__file__).parent / "corpus"
SPEC: dict[str, Any] = {"vars": {"cost_center": "42"}, "varFiles": ["prod.tfvars"]}
OUTSIDE = {"TF_VAR_region_name": "south"}


@dataclass(frozen=True)
class Proven:
    """What became of a set of drifts, by the engine's rule: the obvious edit, else literals, else a person."""

    edits: Edits
    """Of all whose obvious edit is proven, in one."""
    narrow: Mapping[str, Edits]
    """Of each whose obvious edit was wrong, and whose literals are proven."""
    done: tuple[Drift, ...]
    declined: Mapping[str, str]
    """Address to reason: of the codifier, or of the proof."""
    unproven: tuple[str, ...]
    """Addresses whose obvious edit failed its proof."""


@dataclass(frozen=True)
class Corpus:
    place: Place
    tree: StoredTree
    baseline: Baseline
    drifts: tuple[Drift, ...]
    plan: Plan
    """After the changes by hand, at the settled code."""

    def job(self, tree: Tree | None = None) -> Job[TerraformSpec]:
        return self.place.job(tree or self.tree, purpose="check", spec=SPEC)

    def planned(self, edits: Edits) -> AttributedPlan:
        """The settled code with edits, attributed against what was settled."""
        tree = EditedTree(self.tree, edits)
        return attribute(self.place.plan(tree, purpose="check", spec=SPEC), self.baseline)

    def codify(self, drifts: Sequence[Drift], *, inline: bool = False) -> Codification:
        return self.place.driver.codify(self.job(), drifts, self.plan, inline=inline)

    def findings(self, said: Codification) -> tuple[Finding, ...]:
        """Of the proof: empty where the edits leave exactly the drifts that were not codified."""
        done = [drift for drift in self.drifts if drift.address in said.done]
        others = [drift for drift in self.drifts if drift.address not in said.done]
        return proves_at_baseline(self.planned(said.edits), done, others)

    def prove(self, drifts: Sequence[Drift]) -> Proven:
        """All at once; where that proof fails, halves tell which drifts are to blame, and those are tried alone."""
        wrong = self._to_blame(drifts)
        said = self.codify([drift for drift in drifts if drift not in wrong])
        assert not wrong or not self.findings(said), "proven in parts, and not together"
        declined, narrow = {str(each.address): each.reason for each in said.declined}, dict[str, Edits]()
        for drift in wrong:
            literal = self.codify([drift], inline=True)
            findings = self.findings(literal) if literal.edits else ()
            if literal.edits and not findings:
                narrow[drift.address] = literal.edits
            else:
                reasons = [*(each.reason for each in literal.declined), *(each.message for each in findings)]
                declined[drift.address] = reasons[0]
        done = tuple(drift for drift in drifts if drift.address in said.done or drift.address in narrow)
        return Proven(said.edits, narrow, done, declined, tuple(drift.address for drift in wrong))

    def _to_blame(self, drifts: Sequence[Drift]) -> list[Drift]:
        said = self.codify(drifts)
        if not said.edits or not self.findings(said):
            return []
        done = [drift for drift in drifts if drift.address in said.done]
        if len(done) == 1:
            return done
        middle = len(done) // 2
        return [*self._to_blame(done[:middle]), *self._to_blame(done[middle:])]


def settle(
    place: Path, cloud: Cloud, environment: Mapping[str, str], kind: type[TerraformSpec] = TerraformSpec
) -> Corpus:
    """Applies the corpus with the engine of that kind, settles it, does every change by hand, and plans."""
    files = {str(path.relative_to(CORPUS)): path.read_bytes() for path in CORPUS.rglob("*") if path.is_file()}
    remote = _remote(place / "remote", {path: text for path, text in files.items() if "/remote/" in path})
    files["app/modules.tf"] = files["app/modules.tf"].replace(b"REMOTE", f"git::file://{remote}".encode())
    local = {path: text for path, text in files.items() if "/remote/" not in path}
    tree = StoredTree("r1", {**local, "app/.terraform.lock.hcl": providers.lock_file().encode()})
    where = Place(place / "live", {**environment, **cloud.environment(cloud.hand), **OUTSIDE}, kind=kind)
    with where.driver.open(where.job(tree, spec=SPEC)) as session:
        made = attribute(session.plan(), None)
        applied = session.apply(made.plan, Diary())
        assert applied.complete, applied.error
        resources = settled(None, made, applied)
        first = Baseline(StackId("stk-0000000001"), 1, made.plan.basis, resources, NOW, "run:1")
        after = session.plan()
    baseline = replace(first, resources=absorbed(resources, made, attribute(after, first)))
    clean = detect(attribute(after, baseline), (), baseline, NOW, None, str)
    assert clean.clean, clean.opened
    hand = Hand(cloud, {str(address): each.values for address, each in resources.items()})
    for change in CHANGES:
        change.by_hand(hand, change.address)
    plan = where.plan(tree, purpose="check", spec=SPEC)
    ids = iter(range(10_000))
    found = detect(attribute(plan, baseline), (), baseline, NOW, None, lambda: f"dft-{next(ids)}").opened
    return Corpus(where, tree, baseline, found, plan)


def _remote(directory: Path, files: Mapping[str, bytes]) -> Path:
    """A module in a Git repository of its own."""
    directory.mkdir(parents=True)
    for path, content in files.items():
        (directory / Path(path).name).write_bytes(content)
    who = ["-c", "user.name=anna", "-c", "user.email=anna@acme.example"]
    for words in (["init", "-q"], ["add", "--all"], [*who, "commit", "-q", "-m", "A module"]):
        subprocess.run(["git", *words], cwd=directory, check=True)
    return directory
