"""Examples in README and docs: trueup.yaml is valid, Python runs, the ledger verifies without us."""

import base64
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Said, blocks
from tests.store import nouns
from tests.system.repositories import git
from trueup.adapters.ledger.export import BRANCH, LedgerBranch
from trueup.adapters.store.checkpoints import load_signer
from trueup.adapters.store.store import open_store
from trueup.manifests.expansion import diagnose
from trueup.system.clock import FakeClock
from trueup.system.git import Git
from trueup.system.merkle import Proofs, leaf_hash
from trueup.system.sealing import open_key
from trueup.wiring.registry import formats

YAML = [block for block in blocks("yaml") if "apiVersion" in block.text]
(EVIDENCE,) = [block.text for block in blocks("python") if block.page == "what-changed.md"]
(SCRIPT,) = [block.text for block in blocks("python") if block.page == "ledger.md"]


@pytest.mark.parametrize("block", YAML, ids=lambda block: f"{block.page}:{block.line}")
def test_every_manifest_is_right(block: Said) -> None:
    """As `trueup validate` would say; directories that it matches are somebody else's."""
    found = diagnose(block.text.encode(), "trueup.yaml", formats(), {})
    assert [finding for finding in found if finding.stops] == []


def test_manifests_were_found() -> None:
    """The README has one, and the page about the file several."""
    assert {block.page for block in YAML} >= {"README.md", "trueup-yaml.md"}


def test_the_entry_point_in_the_recipe_is_the_real_one() -> None:
    """CONTRIBUTING shows the lines that pyproject.toml has."""
    (block,) = blocks("toml")
    shown, real = tomllib.loads(block.text), tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert (
        shown["project"]["entry-points"]["trueup.drivers"]["terraform"]
        == real["project"]["entry-points"]["trueup.drivers"]["terraform"]
    )


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[Path]:
    """A clone of the branch with a ledger of seven entries over three days."""
    signer, clock = load_signer(tmp_path / "ledger.pem", "acme"), FakeClock(nouns.NOW)
    store = open_store(f"sqlite:///{tmp_path}/trueup.db", open_key(tmp_path / "key"), signer=signer, clock=clock)
    for number in range(7):
        clock.advance(6 * 3600)
        with store.transaction() as tx:
            tx.record(nouns.a_draft(f"a.{number}"))
    store.checkpoint()
    branch = LedgerBranch(Git(tmp_path / "home"), tmp_path / "ledger.git", signer.private)
    branch.export(store)
    store.close()
    git(tmp_path, "clone", "--quiet", "--branch", BRANCH, str(branch.repository), "clone")
    yield tmp_path / "clone"


def _verify(place: Path) -> subprocess.CompletedProcess[str]:
    return _run(SCRIPT, place)


def _run(script: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script, str(place)], capture_output=True, text=True, check=False)


def test_the_script_verifies_a_real_export(exported: Path) -> None:
    """It says how many entries, by whose key; the lines are those of several days."""
    assert len(list(exported.glob("entries/*/*.ndjson"))) == 3
    said = _verify(exported)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("7 entries, as acme+")
    assert json.loads((exported / "checkpoint.json").read_text())["key"] in said.stdout


@pytest.mark.parametrize("old", [b'"a.3"', b'"seq":5'])
def test_the_script_notices_one_altered_entry(exported: Path, old: bytes) -> None:
    """One byte of one line."""
    segment = next(path for path in exported.glob("entries/*/*.ndjson") if old in path.read_bytes())
    segment.write_bytes(segment.read_bytes().replace(old, old.replace(b"3", b"4").replace(b"5", b"6")))
    assert _verify(exported).returncode != 0


def test_the_script_verifies_evidence(tmp_path: Path) -> None:
    """Of a ledger of changes; one that was altered is noticed."""
    signer, clock = load_signer(tmp_path / "ledger.pem", "acme"), FakeClock(nouns.NOW)
    store = open_store(f"sqlite:///{tmp_path}/trueup.db", open_key(tmp_path / "key"), signer=signer, clock=clock)
    for number in range(11):
        with store.transaction() as tx:
            tx.record(nouns.a_draft("run.finished" if number % 2 else f"a.{number}"))
    signed = store.checkpoint()
    with store.transaction() as tx:
        bodies = tx.entry_bytes(-1, 100)
    store.close()
    assert signed is not None
    proofs = Proofs([leaf_hash(body) for body in bodies])
    changes = [
        {
            "seq": seq,
            "entry": bodies[seq].decode(),
            "proof": {"seq": seq, "path": [n.hex() for n in proofs.inclusion(seq)]},
        }
        for seq in range(11)
    ]
    file = tmp_path / "evidence.json"
    said = {"origin": signed.origin, "size": 11, "root": signed.root, "key": signed.key, "signature": signed.signature}
    for document in ({"changes": changes}, {"change": changes[10]}):
        file.write_text(json.dumps({**document, "checkpoint": said}))
        fine = _run(EVIDENCE, file)
        assert fine.returncode == 0 and "as acme+" in fine.stdout, fine.stderr
    file.write_text(file.read_text().replace("a.10", "a.11"))
    assert "is not in the ledger" in _run(EVIDENCE, file).stderr


def test_the_script_notices_another_checkpoint(exported: Path) -> None:
    """A root that nobody signed."""
    place = exported / "checkpoint.json"
    said = json.loads(place.read_text())
    place.write_text(json.dumps({**said, "signature": base64.b64encode(b"0" * 64).decode()}))
    assert "InvalidSignature" in _verify(exported).stderr
