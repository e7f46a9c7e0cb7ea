"""The closing: somebody applies beside us, and the books tell it all, or tell that they were altered (steps 8, 9)."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from trueup.demo import company, console
from trueup.demo.incident import APP, MAIN
from trueup.demo.people import Edit
from trueup.demo.scene import Scene
from trueup.demo.second_night import incident_view
from trueup.model.run import RunState
from trueup.model.values import JSON
from trueup.wiring import Options, installation

ORDER = (
    ("stack.adopted", "carla"),
    ("run.finished", ""),
    ("drift.open", ""),
    ("run.blocked", ""),
    ("drift.codifying", "mira"),
    ("run.approved", "carla"),
    ("drift.resolved.codified", ""),
    ("break-glass.opened", "mira"),
    ("break-glass.closed", "mira"),
    ("drift.breached", ""),
    ("foreign.apply", ""),
)
"""The story as the ledger must tell it: kinds of entries, and whose act it was where it was a person's."""


def foreign_apply(scene: Scene) -> None:
    """Somebody runs plain Terraform beside Trueup, on a commit that is merged."""
    tell, facts = scene.telling, scene.facts
    tell.say("Ben merges one more tag, does not want to wait for an approval, and applies it from his laptop.")
    old = '    CostCenter  = "4711"\n'
    commit = scene.ben.commits("Tag checkout with its tier", Edit(MAIN, old, f'{old}    Tier        = "1"\n'))
    with tell.waiting("the delivery that he does not wait for"):
        run = facts.run_reaching(facts.started(APP, commit), RunState.AWAITING_APPROVAL)
    with tell.waiting("terraform apply"):
        _apply_by_hand(scene)
    tell.holds("his tag is live", console.tags(scene.cloud, "prod", console.WEB).get("Tier") == "1")
    with tell.waiting("the event, and a check"):
        told: list[JSON] = facts.until("it is told", lambda: facts.get("ledger", kind="foreign.apply"), bool)
    tell.say(f"Trueup heard of it, and looked: {told[-1]['summary']}.")
    tell.holds("the ledger has it, with the commit that explains it", told[-1]["commit"] == commit, told)
    tell.holds("it is not drift", facts.drifts(APP) == [], facts.drifts(APP))
    settled = facts.stack(APP)["settled"]
    tell.holds("and that commit is what is settled now", settled == commit, settled)
    scene.carla.types("run", "discard", run["id"], "--reason", "Ben applied it by hand", lines=(4, 0))


def _apply_by_hand(scene: Scene) -> None:
    networking, app = (scene.laptop / "environments" / "prod" / layer for layer in company.LAYERS)
    who = scene.terminal.having(scene.cloud.environment(scene.cloud.hand))
    who = who.having(company.outputs_as_inputs(who.run(networking, "output", "-json")))
    who.run(app, "apply", "-input=false", "-auto-approve")


def books(scene: Scene) -> None:
    """What changed, who did it, who agreed: in order, and provably unaltered."""
    tell, facts = scene.telling, scene.facts
    incident_view(scene)
    scene.anna.types("what-changed", "--since", "1h")
    entries: list[JSON] = facts.get("what-changed")
    _in_order(scene, entries)
    nameless = [entry["summary"] for entry in entries if not entry["actor"]]
    tell.holds(f"all {len(entries)} entries say who", not nameless, nameless)
    tickets = {entry["ticket"] for entry in entries if entry["kind"] == "run.finished"}
    tell.holds("the delivery names its ticket", "OPS-12" in tickets, sorted(tickets))
    said = scene.anna.types("ledger", "verify")
    tell.holds("the ledger is intact", "The ledger is intact." in said, said)
    _altered(scene, next(entry["seq"] for entry in entries if entry["kind"] == "run.blocked"))


def _in_order(scene: Scene, entries: list[JSON]) -> None:
    """Each of the story's entries, after the one before it."""
    position = 0
    for kind, actor in ORDER:
        rest = entries[position:]
        at = next((n for n, entry in enumerate(rest) if entry["kind"] == kind and actor in ("", entry["actor"])), None)
        told = [(entry["kind"], entry["actor"]) for entry in entries]
        scene.telling.holds(
            f"what-changed tells in order: {kind}{f' by {actor}' if actor else ''}", at is not None, told
        )
        position += (at or 0) + 1


def _altered(scene: Scene, seq: int) -> None:
    """One bit of one byte of one stored entry, in a copy of the database."""
    copy = scene.directory / "copy"
    copy.mkdir()
    for name in ("key", "signing-key"):
        shutil.copy(scene.data / name, copy / name)
    with (
        closing(sqlite3.connect(scene.data / "trueup.db")) as ours,
        closing(sqlite3.connect(copy / "trueup.db")) as new,
    ):
        ours.backup(new)
        body = bytearray(new.execute("SELECT body FROM entries WHERE seq = ?", (seq,)).fetchone()[0])
        body[len(body) // 2] ^= 1
        new.execute("UPDATE entries SET body = ? WHERE seq = ?", (bytes(body), seq))
        new.commit()
    scene.telling.say(f"Somebody with the database flips one bit of entry {seq}, which says that the run was blocked.")
    faults = _faults(copy, scene.bare)
    for fault in faults:
        scene.telling.say(f"  {fault}")
    scene.telling.holds(
        f"verification fails, and names entry {seq}", any(f"entry {seq} " in each for each in faults), faults
    )


def _faults(data: Path, repository: Path) -> list[str]:
    with installation(Options(data, str(repository))) as copied:
        return [fault.message for fault in copied.store.verify_ledger().faults]
