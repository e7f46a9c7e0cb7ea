"""Stacks that move or leave Git keep their books, and nothing is created twice or destroyed by the way."""

import pytest

from tests.stories.small import APP, SmallOffice, named
from trueup.model.drift import CheckState
from trueup.model.errors import Refused
from trueup.model.run import RunKind, RunState
from trueup.model.stack import Stack, Standing


def moved(office: SmallOffice, new: str = "live/shop/main.tf") -> None:
    text = (office.laptop / APP).read_text()
    office.pushed({APP: None, new: text}, message="Call it what it is")


def gone(office: SmallOffice) -> None:
    office.pushed({APP: None, "README.md": "Nothing lives here any more.\n"}, message="We do not need it")
    office.look()


def creations(office: SmallOffice) -> int:
    """How often anything was really created."""
    done = [entry.draft.details["changes"] for entry in office.ledger("run.finished")]
    return sum(change["action"] == "create" for changes in done for change in changes)


def test_a_declared_rename_keeps_id_and_books(plain: SmallOffice) -> None:
    """`movedFrom`: the same stack at another path, its state and books with it; its delivery has nothing to do."""
    before = plain.stack("app")
    moved(plain)
    entry = {"terraform": "infra//live/shop", "env": "dev", "movedFrom": "infra//live/app"}
    plain.govern(sections={"stacks": [entry]})
    assert plain.finish("shop").converged
    after = plain.stack("shop")
    assert (after.id, after.standing) == (before.id, Standing.SETTLED)
    assert creations(plain) == 1
    assert plain.site.checks.check(after.id).state is CheckState.CLEAN
    assert [entry.draft.kind for entry in plain.ledger("stack.moved")] == ["stack.moved"]


def test_an_undeclared_rename_creates_nothing_twice(plain: SmallOffice) -> None:
    """The old path is orphaned, the new one unadopted; adopting it is refused, and `stack mv` hands over the books."""
    old = plain.stack("app")
    moved(plain)
    plain.look(2)
    assert plain.stack("app").standing is Standing.ORPHANED
    new = plain.stack("shop")
    assert new.standing is Standing.UNADOPTED
    with pytest.raises(Refused, match="create again"):
        plain.site.adoption.adopt(new.id, named("carla"), "first books")
    plain.site.stacks.move(old.id, named("carla"), new.name)
    assert plain.finish("shop").converged
    after = plain.stack("shop")
    assert (after.id, after.standing) == (old.id, Standing.SETTLED)
    assert creations(plain) == 1
    assert all(stack.standing is not Standing.ORPHANED for stack in stacks(plain))


def test_what_left_git_is_checked_and_destroyed_only_through_the_gate(plain: SmallOffice) -> None:
    """Orphaned, alive and watched; a person asks for its end, two others agree, and then it is forgotten."""
    plain.govern(approve={"count": 0, "destroy": 2})
    gone(plain)
    orphan = plain.stack("app")
    assert orphan.standing is Standing.ORPHANED
    plain.look(2)
    assert plain.newest("app").kind is RunKind.DELIVERY and not plain.runs(RunState.QUEUED)
    check = plain.site.checks.check(orphan.id)
    assert check.state is CheckState.CLEAN, check.error
    run = plain.site.stacks.destroy(orphan.id, named("ben"), "the shop is closed")
    plain.look()
    asked = plain.run(run)
    assert (asked.state, asked.approvals_needed) == (RunState.AWAITING_APPROVAL, 2), asked.error
    plain.approve(run, "carla")
    plain.approve(run, "mira")
    plain.look()
    done = plain.run(run)
    assert done.state is RunState.FINISHED and done.converged, done.error
    assert [(change.address, change.action) for change in done.changes] == [("terraform_data.one", "delete")]
    assert plain.stack("app").standing is Standing.FORGOTTEN


def test_what_is_forgotten_lives_on_unwatched(plain: SmallOffice) -> None:
    """`stack forget`: only for orphans, with a reason; no check looks at it any more."""
    with pytest.raises(Refused, match="remove it from"):
        plain.site.stacks.forget(plain.stack("app").id, named("carla"), "not ours")
    gone(plain)
    plain.site.stacks.forget(plain.stack("app").id, named("carla"), "sold with the shop")
    before = plain.last_check("app")
    plain.site.stacks.check(plain.stack("app").id)
    plain.look()
    after = plain.last_check("app")
    assert before is not None and after is not None and after.ended_at == before.ended_at
    assert plain.ledger("stack.forgotten")[0].draft.reason == "sold with the shop"


def test_what_is_live_has_one_owner_and_moved_files_are_still_codified(small: SmallOffice) -> None:
    """The directory of a live stack is renamed without a word: it cannot be adopted a second time. Its books moved,
    a hand-made change is proven against the files where they were when it was settled."""
    small.adopt()
    small.open_a_port(8443)
    (drift,) = small.check("web")
    files = {file.name: file.read_text() for file in (small.laptop / "live/web").iterdir() if file.is_file()}
    new = {f"live/shop/{name}": text for name, text in files.items()}
    small.pushed({"live/web": None, **new}, message="Call it what it is")
    small.govern("propose")
    old, shop = small.stack("web"), small.stack("shop")
    with pytest.raises(Refused, match="take over"):
        small.site.adoption.adopt(shop.id, named("carla"), "first books")
    small.site.stacks.move(old.id, named("carla"), shop.name)
    small.look()
    (still,) = small.check("shop")
    assert still.id == drift.id
    codified = small.site.codification.codify([drift.id], named("mira"), "keep it open")
    assert codified.proven, codified.findings
    assert "live/shop/main.tf" in small.forge.diff(codified.request.number)


def stacks(office: SmallOffice) -> list[Stack]:
    with office.site.store.transaction() as tx:
        return list(tx.stacks())
