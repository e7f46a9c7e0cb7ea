"""Views: what people see, at a hundred columns and at sixty."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from tests.cli import nouns
from trueup.cli import sheet
from trueup.cli.coverage import write_code
from trueup.cli.views import adoption, coverage, drifts, ledger, requests, runs, stacks
from trueup.model.causes import Cause
from trueup.model.errors import Invalid
from trueup.model.plan import Finding
from trueup.model.run import RunState
from trueup.model.stack import Standing
from trueup.render.encoding import to_json

WHEN = nouns.WHEN


def _seen(renderable: RenderableType, width: int = 100) -> str:
    console = Console(width=width, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(renderable, crop=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def test_stacks_are_a_table_where_there_is_room() -> None:
    """One line for each, columns two spaces apart."""
    other = nouns.stack("aws//environments/dev/net", Standing.UNADOPTED, check=None, open_drifts=0, mode="observe")
    assert _seen(stacks.stacks([nouns.stack(), other], WHEN)) == (
        "STACK                       MODE     STANDING   CHECK    CHECKED    DRIFTS  RUN\n"
        "aws//environments/prod/app  deliver  settled    drifted  2 min ago  1       -\n"
        "aws//environments/dev/net   observe  unadopted  -        -          -       -"
    )


def test_stacks_are_records_on_a_narrow_terminal() -> None:
    """No column is squeezed to letters: what there is of each stack, named."""
    assert _seen(stacks.stacks([nouns.stack()], WHEN), 60) == (
        "aws//environments/prod/app\n  mode deliver, standing settled, check drifted, checked 2\n  min ago, drifts 1"
    )


def test_a_paused_stack_is_shown_as_paused() -> None:
    """What stops deliveries is more urgent than where the books stand."""
    assert "paused" in _seen(stacks.stacks([nouns.stack(paused="anna: by hand")], WHEN))
    assert "anna: by hand" in _seen(stacks.stack(nouns.stack(paused="anna: by hand"), WHEN))


def test_a_plan_tells_each_path_with_its_cause() -> None:
    """What was done by hand, what applying would do about it, and what is intended."""
    assert _seen(stacks.plan(nouns.plan(), WHEN)) == (
        "aws//environments/prod/app at 9c31f0a2: 1 to update\n"
        "update  module.service.aws_security_group.web\n"
        "  PATH        CAUSE         VALUES\n"
        "  ingress     ghost revert  added by hand: 8443/tcp from 0.0.0.0/0; applying removes it\n"
        '  tags.Owner  intended      "web" -> "platform"\n'
        "\n"
        "Findings\n"
        "  the role may do everything (wildcard)\n"
        "    name the actions"
    )


def test_an_empty_plan_says_so() -> None:
    """Silence would look like a failure."""
    assert _seen(stacks.plan(nouns.plan(changes=[], findings=[]), WHEN)).endswith("nothing to change.")


@pytest.mark.parametrize(
    ("cause", "settled", "real", "desired", "words"),
    [
        (Cause.GHOST_REVERT, "a", None, "a", 'removed by hand: "a"; applying puts it back'),
        (Cause.GHOST_REVERT, "a", "b", "a", '"a" -> "b" by hand; applying puts "a" back'),
        (Cause.CONFLICT, "a", "b", "c", 'settled "a", by hand "b", in code "c"'),
        (Cause.UNMANAGED, None, "b", None, 'nothing -> "b"'),
        (Cause.INTENDED, None, {"$secret": "00"}, {"$unknown": True}, "(secret) -> (known after apply)"),
    ],
)
def test_causes_have_words(cause: Cause, settled: object, real: object, desired: object, words: str) -> None:
    """Every cause says what is there and what would become of it; secrets and unknowns are named as such."""
    difference = {"path": ["x"], "cause": str(cause), "settled": settled, "real": real, "desired": desired}
    shown = _seen(stacks.changes([{"address": "a.b", "action": "update", "differences": [difference]}]))
    assert words in shown


def test_a_blocked_run_gives_the_three_ways_on_whole() -> None:
    """On a narrow terminal the words wrap and the commands do not: they are there to be copied."""
    shown = _seen(runs.blocked(nouns.run(), WHEN), 60)
    assert shown == (
        "\n"
        "Blocked\n"
        "  run-7kq2m4x8ab would undo what somebody did by hand.\n"
        "  Nothing was applied.\n"
        "\n"
        "  module.service.aws_security_group.web  ingress\n"
        "    applying  would REMOVE 8443/tcp from 0.0.0.0/0\n"
        "    made by   anna on 2026-11-22 03:02 UTC\n"
        "    happened  between 2026-11-22 03:00:00 and 03:04:00 CET,\n"
        "              6 h ago\n"
        "    drift     dft-3f9a1c22d0, open\n"
        "\n"
        "Three ways on\n"
        "  Codify: keep it, and let the code say so.\n"
        '      trueup drift codify dft-3f9a1c22d0 --reason "..."\n'
        "  Wait: once the drift is gone, the run goes on by itself. A check looks:\n"
        "      trueup stack check aws//environments/prod/app\n"
        "  Release: apply, and lose exactly this.\n"
        "      trueup run release run-7kq2m4x8ab --losing module.service.aws_security_group.web"
        ' --reason "..."'
    )


def test_addresses_are_quoted_for_the_shell() -> None:
    """An index in brackets would be a pattern of file names."""
    shown = _seen(runs.blocked(nouns.run(address='aws_instance.web["a"]'), WHEN), 200)
    assert """'aws_instance.web["a"]'""" in shown


def test_why_tells_who_counts_and_who_does_not() -> None:
    """The sentence of the gate, and each approval with what it is worth."""
    approval = {"person": "ben", "at": nouns.ago(3).isoformat(), "effect": "x", "via": "cli", "note": ""}
    ignored = {"approval": {**approval, "person": "carla"}, "reason": "is an author of this change"}
    why = {"explanation": "1 of 2 approvals missing", "counted": [approval], "ignored": [ignored]}
    shown = _seen(runs.why(nouns.run(RunState.AWAITING_APPROVAL, why=why), WHEN))
    assert "1 of 2 approvals missing" in shown
    assert "ben     2026-11-22 09:27:00 CET, 3 min ago  counts" in shown
    assert "carla   2026-11-22 09:27:00 CET, 3 min ago  is an author of this change" in shown
    assert "trueup run approve run-7kq2m4x8ab --as NAME" in shown


def test_a_drift_tells_when_and_who_and_the_ways_on() -> None:
    """An open one has ways on; a resolved one has how it ended."""
    shown = _seen(drifts.drift(nouns.drift(), WHEN))
    assert "happened   between 2026-11-22 03:00:00 and 03:04:00 CET, 6 h ago" in shown
    assert "trueup drift codify dft-3f9a1c22d0" in shown
    ended = _seen(drifts.drift(nouns.drift(state="resolved", resolution="codified"), WHEN))
    assert "codified" in ended
    assert "Ways on" not in ended


def test_a_change_request_counts_only_approvals_of_its_head() -> None:
    """One for an older commit is not shown as an approval."""
    assert "ben@acme.com" in _seen(requests.request(nouns.request(), WHEN))
    assert "ben@acme.com" not in _seen(requests.request(nouns.request(head="0" * 40), WHEN))


@pytest.mark.parametrize(("proven", "words"), [(True, "Proven"), (False, "A draft")])
def test_a_codification_says_whether_it_is_proven(proven: bool, words: str) -> None:
    """And what it could not write, with what a person should write."""
    suggestion = "name: write it\n  by: hand"
    declined = [{"address": "aws_iam_role.x", "reason": "the value is computed", "suggestion": suggestion}]
    document = {"request": nouns.request(), "proven": proven, "done": [], "declined": declined, "notes": []}
    shown = _seen(requests.codification(document, WHEN))
    assert words in shown
    assert "aws_iam_role.x: the value is computed\n    name: write it\n      by: hand" in shown


def test_an_altered_ledger_names_the_entry() -> None:
    """The number of the entry, in red words rather than a count."""
    fault = {"message": "its hash does not fit", "seq": 7}
    shown = _seen(ledger.verification({"size": 9, "root": "ab", "checkpoints": 1, "faults": [fault]}, WHEN))
    assert "entry 7: its hash does not fit" in shown


def test_what_changed_tells_the_reason_below() -> None:
    """Once: a reason that is part of the summary is not repeated."""
    told = [
        nouns.entry(3, "run.approved", "ben", "ben approved it", "checked with the network"),
        nouns.entry(4, "stack.paused", "anna", "anna paused it: by hand", "by hand"),
    ]
    assert _seen(ledger.changed(told, WHEN)) == (
        "TIME      KIND          WHO   WHAT AND WHY\n"
        "08:33:00  approval      ben   ben approved it\n"
        "                              checked with the network\n"
        "08:34:00  stack paused  anna  anna paused it: by hand"
    )


def test_previews_of_an_adoption_are_listed_with_their_first_difference() -> None:
    """A stack that cannot be planned is listed with why, and hides none of the others."""
    failed = {"name": "aws//x", "state": "failed", "error": "no credentials\nmore"}
    shown = _seen(
        adoption.adoptions([nouns.plan(state="drifted"), nouns.plan(state="clean", changes=[]), failed], WHEN)
    )
    assert "aws//environments/prod/app  drifted  module.service.aws_security_group.web" in shown
    assert "code, state and reality agree" in shown
    assert "aws//x                      failed   no credentials\n" in shown


def test_code_that_may_not_run_agrees_with_nothing() -> None:
    """Nothing differs where a finding stops the plan: that is said in place of an agreement."""
    finding = {"code": "no-history", "message": "there is no history", "stops": True}
    stopped = nouns.plan(state="clean", changes=[], findings=[finding])
    for shown in (_seen(adoption.adoptions([stopped], WHEN)), _seen(adoption.adoption(stopped, WHEN))):
        assert "nothing runs before this is put right: there is no history" in shown
        assert "agree" not in shown


@pytest.mark.parametrize(
    "view", [runs.runs, drifts.drifts, requests.requests, ledger.entries, ledger.changed, stacks.stacks]
)
def test_nothing_to_show_is_said(view: Callable[..., RenderableType]) -> None:
    """An empty table would leave open whether anything was asked."""
    assert _seen(view([], WHEN)).endswith(".") or "trueup" in _seen(view([], WHEN))


def test_no_colour_in_a_word_changes_what_is_read() -> None:
    """States are words; their colour is only an addition."""
    assert sheet.word("awaiting_approval").plain == "awaiting approval"


def test_coverage_says_what_is_watched_and_what_was_found() -> None:
    """Kinds with the reason why not, what is live and in no code, and the code that would take it in."""
    rule = {"type": "ingress", "protocol": "tcp", "from_port": 8443, "to_port": 8443, "cidr_blocks": ["10.0.0.0/8"]}
    stray = {
        "address": 'aws_security_group.web/rule["x"]',
        "known": "drift",
        "values": rule,
        "code": 'resource "a" {}\n',
    }
    document = {
        "name": "aws//environments/prod/app",
        "share": 0.5,
        "kinds": [
            {
                "kind": "aws_security_group",
                "resources": 1,
                "children": "aws_security_group_rule",
                "watched": 1,
                "why": "",
            },
            {"kind": "aws_vpc", "resources": 1, "children": "", "watched": 0, "why": "no rule"},
        ],
        "strays": [stray],
        "findings": [],
    }
    assert _seen(coverage.coverage(document, WHEN)) == (
        "aws//environments/prod/app  50% of its resources are watched\n"
        "RESOURCES           PARTS LOOKED FOR         WATCHED  WHY NOT ALL\n"
        "aws_security_group  aws_security_group_rule  1 of 1   -\n"
        "aws_vpc             -                        0 of 1   no rule\n"
        "\n"
        "Live, and in no code\n"
        "  ADDRESS                           BOOKS  WHAT IT IS\n"
        '  aws_security_group.web/rule["x"]  drift  8443/tcp from 10.0.0.0/8\n'
        "\n"
        'resource "a" {}'
    )
    assert "Nothing was found" in _seen(coverage.coverage({**document, "strays": []}, WHEN))


def test_code_is_written_beside_nothing_else(tmp_path: Path) -> None:
    """One file for each kind; a file that is there is not touched."""
    strays = [
        {"kind": "b", "code": "1\n"},
        {"kind": "a", "code": "2\n"},
        {"kind": "b", "code": "3\n"},
        {"kind": "c", "code": ""},
    ]
    written = list(write_code(tmp_path / "new", strays))
    assert [path.name for path in written] == ["a.tf", "b.tf"] and written[1].read_text() == "1\n\n3\n"
    with pytest.raises(Invalid, match="cannot be written"):
        list(write_code(tmp_path / "new", strays))


def test_drifts_are_listed_with_what_decides_about_them() -> None:
    """Severity, owner, who, age and deadline; what is in quarantine says so, and what is decided has no deadline."""
    deadline = nouns.ago(-120).isoformat()
    known = nouns.drift(severity="minor", owner=["platform"], deadline=deadline)
    restless = {**known, "id": "dft-0000000002", "quarantine": ["size"], "state": "tolerated"}
    shown = _seen(drifts.drifts([known, restless], WHEN), 200)
    assert "SEVERITY  OWNER     WHO" in shown
    first, second = [line for line in shown.splitlines() if line.startswith("dft-")]
    assert "open         minor     platform  anna" in first
    assert first.endswith("in 2 h") and "quarantined" in second and "in 2 h" not in second


def test_a_drift_tells_its_whole_life() -> None:
    """How grave and why, every entry about it, the lives before, and what of it is ignored."""
    entry = {"time": nouns.ago(5).isoformat(), "summary": "mira tolerates it"}
    life = {"id": "dft-0000000009", "resolution": "vanished", "resolved_at": nouns.ago(60).isoformat()}
    difference = {"path": ["tags", "Scan"], "cause": "ghost_revert", "settled": None, "real": "1", "desired": None}
    known = nouns.drift(
        because="network: who may reach what",
        life=[entry],
        earlier_lives=[life],
        ignored=[{"difference": difference, "by": ".driftignore:3"}],
    )
    shown = _seen(drifts.drift(known, WHEN), 120)
    assert "structural: network: who may reach what" in shown
    assert "mira tolerates it" in shown
    assert "dft-0000000009, vanished 60 min ago" in shown or "dft-0000000009, vanished 1 h ago" in shown
    assert "tags.Scan  .driftignore:3" in shown


def test_a_backlog_is_counted_and_proposed_line_by_line() -> None:
    """The greatest pile with its age; each change request with its outcome, and the error of one that failed."""
    at = nouns.ago(120).isoformat()
    pile = {"key": "anna", "count": 7, "structural": 2, "overdue": 1, "oldest": at, "newest": at}
    assert "anna  7       2           1        2 h ago" in _seen(drifts.piles([pile], WHEN))
    made = {"person": "anna", "cause": "ghost_revert", "drifts": ["dft-1", "dft-2"], "error": ""}
    good = {**made, "codified": {"request": {"number": 12}, "proven": True}}
    bad = {**made, "codified": None, "error": "aws has no forge"}
    shown = _seen(drifts.proposed([good, bad], WHEN))
    assert "#12      anna  ghost revert  2       proven" in shown
    assert "aws has no forge" in shown
    assert "Nothing is ignored." in _seen(drifts.ignored([], WHEN))


def test_a_run_says_what_was_found() -> None:
    """Its code and what it asks for: who reads it may have to waive it or agree to it."""
    found = Finding("drop-column", "phone: the data is gone", None, "release first", approvals=2)
    told = _seen(runs.run({**nouns.run(), "findings": [to_json(found)]}, WHEN))
    assert told.endswith("Findings\n  phone: the data is gone (drop-column, 2 people must agree)\n    release first")


def test_a_run_and_its_stack_say_that_the_worker_was_lost() -> None:
    """Since when, and when the run is taken up again; nothing where there is none."""
    lost = {"worker": "host-7", "heard_at": nouns.ago(1).isoformat(), "taken_up_at": nouns.ago(0).isoformat()}
    applying = nouns.run(RunState.APPLYING, worker_lost=lost)
    told = _seen(runs.run(applying, WHEN))
    assert "lost: last heard of at " in told and "1 min ago; its lease ends at " in told
    assert "applying, worker lost" in _seen(runs.runs([applying], WHEN))
    active = {"id": "run-1", "kind": "delivery", "state": "applying", "worker_lost": lost}
    assert "applying, worker lost, taken up again at" in _seen(stacks.stack(nouns.stack(active_run=active), WHEN))
    alive = nouns.run(RunState.APPLYING, worker_lost=None)
    assert "lost" not in _seen(runs.run(alive, WHEN)) + _seen(runs.runs([alive], WHEN))
