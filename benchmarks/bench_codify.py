"""Codification over the corpus of the tests: every drift on the real provider, each with what has to become of it. A
wrong edit ends the measurement with an error."""

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.figure import Figure
from tests.terraform.corpus_changes import CHANGES
from tests.terraform.corpus_live import Corpus, Proven, settle
from trueup.demo import providers
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import open_terminal
from trueup.model.plan import OUTPUT, Address
from trueup.ports.tree import Edits

MIRROR = Path(__file__).parent.parent / "build" / "providers"


def measure() -> Iterable[Figure]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name:
        place = Path(name)
        environment = {
            **open_terminal(place / "home", providers.mirror(MIRROR)).environment,
            "PATH": os.environ["PATH"],
        }
        with Cloud(place / "cloud") as cloud:
            corpus = settle(place, cloud, environment)
            began = time.monotonic()
            proven = corpus.prove(corpus.drifts)
            yield from _figures(corpus, proven, time.monotonic() - began)


def _figures(corpus: Corpus, proven: Proven, seconds: float) -> Iterable[Figure]:
    drifts, refusable = len(corpus.drifts), {change.address: change.refused for change in CHANGES if change.refused}
    missed = {change.address for change in CHANGES} - {drift.address for drift in corpus.drifts}
    rightly = {at for at, reason in proven.declined.items() if at in refusable and refusable[at] in reason}
    unexpected = proven.declined.keys() - rightly
    wrong = _wrong(corpus, proven)
    share = 100 * len(proven.done) / drifts
    yield Figure(f"codification: drifts of {len(CHANGES)} that were not found", len(missed), "", 0)
    yield Figure(
        f"not codified with proof, of {drifts} ({share:.0f} % are)", drifts - len(proven.done), "", len(refusable)
    )
    yield Figure(f"refused or unproven without a right reason (of {len(proven.declined)})", len(unexpected), "", 0)
    yield Figure("first edits that their proof stopped", len(proven.unproven), "", 1)
    yield Figure("wrong edits", len(wrong), "", 0)
    yield Figure("seconds for each drift, proof included", seconds / drifts, "s", 5)
    if missed or unexpected or wrong:
        raise SystemExit(f"not found: {sorted(missed)}; refused: {sorted(unexpected)}; wrong: {sorted(wrong)}")


def _wrong(corpus: Corpus, proven: Proven) -> set[str]:
    """By plain Terraform's own word, whatever our proof says: with the edits, a plan may touch only what was not
    codified by them, and that exactly as before."""
    before = {change.address: change for change in corpus.plan.changes if change.kind != OUTPUT}

    def touched_otherwise(edits: Edits, done: set[Address]) -> set[str]:
        after = {change.address: change for change in corpus.planned(edits).plan.changes if change.kind != OUTPUT}
        expected = {at: change for at, change in before.items() if at not in done}
        return {at for at in {*after, *expected} if after.get(at) != expected.get(at)}

    by_literals = {drift.address for drift in proven.done if drift.address in proven.narrow}
    obviously = {drift.address for drift in proven.done} - by_literals
    wrong = touched_otherwise(proven.edits, obviously)
    for drift in proven.done:
        if drift.address in by_literals:
            wrong |= touched_otherwise(proven.narrow[drift.address], {drift.address})
    return wrong
