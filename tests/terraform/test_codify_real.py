"""Codification on the real provider: everything is changed by hand at once, written into code, and planned again."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.terraform.corpus_changes import CHANGES, SG
from tests.terraform.corpus_live import SPEC, Corpus, Proven, settle
from trueup.demo.cloud import Cloud
from trueup.model.plan import OUTPUT, Action
from trueup.ports.tree import EditedTree
from trueup.stages.attribute import attribute
from trueup.stages.codify import proves_at_baseline, proves_at_head

APART = f"{SG}.apart"
"""No plan would touch its extra rule: only the comparison with what was settled sees it."""
IGNORING = f"{SG}.ignoring"
"""Nor this one, whose changes the code ignores."""
SHARING = f"{SG}.sharing"
"""Its value comes from a variable that another resource has too."""
REFUSED = {change.address: change.refused for change in CHANGES if change.refused}


@pytest.fixture(scope="module")
def corpus(cloud: Cloud, tf_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return settle(tmp_path_factory.mktemp("corpus"), cloud, tf_environment)


@pytest.fixture(scope="module")
def proven(corpus: Corpus) -> Proven:
    """All but the one whose obvious edit would be wrong, proven at once."""
    return corpus.prove([drift for drift in corpus.drifts if drift.address != SHARING])


def test_every_change_by_hand_is_found(corpus: Corpus) -> None:
    """Each of them is one drift record, and nothing else is."""
    assert len(CHANGES) >= 80
    assert sorted(drift.address for drift in corpus.drifts) == sorted(change.address for change in CHANGES)


def test_what_can_be_written_is_written_and_the_rest_is_refused_with_its_reason(corpus: Corpus) -> None:
    """Wrong refusals and wrong reasons show here; each reason says in which file and line, and what to write."""
    said = corpus.codify(corpus.drifts)
    found = {str(each.address): each.reason for each in said.declined}
    assert found.keys() == REFUSED.keys(), found
    assert {address: reason for address, reason in found.items() if REFUSED[address] not in reason} == {}
    assert {reason for reason in found.values() if ":" not in reason.split(" ")[0]} == set()
    assert all(each.suggestion for each in said.declined)


def test_no_secret_is_written_or_told(corpus: Corpus) -> None:
    """Neither in an edit nor in a reason, a note or a suggestion; those that the code had in clear stay where they
    were."""
    said = corpus.codify(corpus.drifts)
    texts = [*said.notes, *(each.reason for each in said.declined), *(each.suggestion for each in said.declined)]
    texts += [(content or b"").decode() for content in said.edits.values()]
    assert not [text for text in texts if "canary-hand" in text]
    assert not [text for text in texts[: -len(said.edits)] if "canary" in text]


def test_the_edits_are_proven_by_planning_again(corpus: Corpus, proven: Proven) -> None:
    """With the edits, exactly the refused drifts are left: everything else plans as empty."""
    assert proven.unproven == () and proven.declined.keys() == REFUSED.keys()
    again = corpus.planned(proven.edits).plan
    assert {str(change.address) for change in again.changes if change.kind != OUTPUT} == {
        *REFUSED,
        SHARING,
    } - {APART, IGNORING}


def test_a_shared_variable_fails_its_proof_and_a_literal_passes(corpus: Corpus) -> None:
    """The obvious edit would change the neighbour too: the proof says so, and the narrow edit is proven instead, at
    the baseline and at a head that has something of its own to do."""
    asked = [drift for drift in corpus.drifts if drift.address == SHARING]
    findings = corpus.findings(corpus.codify(asked))
    assert [finding.code for finding in findings] == ["codification-overreaches"]
    assert f"{SG}.shared (tags.Stage)" in findings[0].message
    narrow = corpus.prove(asked)
    assert (narrow.unproven, list(narrow.narrow)) == ((SHARING,), [SHARING])

    main = corpus.tree.read("app/main.tf").replace(
        b"  tags = {\n    Stage", b'  tags = {\n    Also  = "new"\n    Stage'
    )
    head = EditedTree(corpus.tree, {"app/main.tf": main})
    before = attribute(corpus.place.plan(head, purpose="check", spec=SPEC), corpus.baseline)
    edits = corpus.place.driver.codify(corpus.job(head), asked, before.plan, inline=True).edits
    after = corpus.place.plan(EditedTree(head, edits), purpose="check", spec=SPEC)
    assert proves_at_head(before, attribute(after, corpus.baseline), asked) == ()
    assert b'Stage = "hot"' in (edits["app/main.tf"] or b"") and b"Also  =" in (edits["app/main.tf"] or b"")


def test_a_suggested_rule_takes_the_live_one_over(corpus: Corpus) -> None:
    """Where rules are resources of their own, the suggestion imports the hand-made one without changing it."""
    (declined,) = (each for each in corpus.codify(corpus.drifts).declined if each.address == APART)
    plan = corpus.planned({"app/rule.tf": declined.suggestion.encode()}).plan
    (taken,) = (change for change in plan.changes if change.kind == "aws_security_group_rule")
    assert (taken.imported, taken.action) == (True, Action.NOTHING)


def test_what_the_code_has_a_name_for_is_written_by_its_name(proven: Proven) -> None:
    """A route added by hand goes through the gateway that the code already has."""
    services = (proven.edits["app/services.tf"] or b"").decode()
    assert services.count("gateway_id = aws_internet_gateway.door.id") == 2 and "igw-" not in services


def test_a_value_that_moved_on_fails_the_proof(corpus: Corpus, proven: Proven) -> None:
    """Somebody changed it again between the edit and the proof: what was written is not what is real any more."""
    (drift,) = (each for each in corpus.drifts if each.address == f"{SG}.map_tags")
    (other,) = drift.differences[:1]
    earlier = replace(drift, differences=tuple(replace(each, real="before that") for each in drift.differences))
    said = corpus.codify([earlier])
    assert said.done == (drift.address,)
    others = [each for each in corpus.drifts if each.address != drift.address]
    findings = proves_at_baseline(corpus.planned(said.edits), [earlier], others)
    assert any(drift.address in finding.message and other.label in finding.message for finding in findings)


def test_canonical_files_stay_canonical(corpus: Corpus, proven: Proven, terraform: Path, tmp_path: Path) -> None:
    """`terraform fmt` has nothing to say to the edited files, but to those that it would have changed before."""

    def crooked(side: str, path: str, content: bytes) -> bool:
        file = tmp_path / side / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return subprocess.run([terraform, "fmt", "-check", file], capture_output=True).returncode != 0

    edited = {path: content or b"" for path, content in proven.edits.items()}
    before = {path for path in edited if crooked("before", path, corpus.tree.read(path))}
    assert {path for path, content in edited.items() if crooked("after", path, content)} == before
    assert before <= {"app/crooked.tf", "app/windows.tf"} and len(edited) >= 10


def test_nothing_but_the_changed_values_changed(corpus: Corpus, proven: Proven) -> None:
    """Every comment is still there but those of what is gone; line ends stay what they were."""
    gone = {"# only to redirect", "# reading", "# Nobody needs this one"}
    for path, content in proven.edits.items():
        text, before = (content or b"").decode(), corpus.tree.read(path).decode()
        comments = [line[line.index("#") :].strip() for line in before.splitlines() if "# " in line]
        assert [comment for comment in comments if comment not in text and comment not in gone] == []
        assert text.count("\r\n") == (text.count("\n") if "\r\n" in before else 0)
        assert text.endswith("\n") == before.endswith("\n")
