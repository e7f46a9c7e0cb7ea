"""What became of each change, by what the zone still asks for when it is read again."""

from pathlib import Path

from trueup.drivers.dns.outcomes import ZoneStep, expected_in, outcomes_of, resources_after, write_expected
from trueup.drivers.dns.walked import Guard, WalkedZone, ZoneChange
from trueup.model.plan import Address, Outcome, Resource

NEW = {"ttl": 300, "values": ["192.0.2.1"]}
A, B = Address("example.com.:a:A"), Address("example.com.:b:A")


def zone(*names: str, live: tuple[str, ...] = ()) -> WalkedZone:
    """Still asks for these, and has those."""
    changes = tuple(ZoneChange("create", name, "A", None, NEW) for name in names)
    records = {(name, "A"): {**NEW, "ttl": 60} for name in live}
    return WalkedZone("example.com.", "live", True, "x.Y", True, records, changes, Guard(0, 1, 1))


STEP = ZoneStep(zone("a", "b"), frozenset({A, B}))


def test_what_is_still_asked_for_was_not_done() -> None:
    """Unless the server may still be at work on it: then nobody knows."""
    assert outcomes_of(STEP, zone("b", live=("a",)), ended=False) == {A: Outcome.DONE, B: Outcome.FAILED}
    assert outcomes_of(STEP, zone("b", live=("a",)), ended=False, late=True) == {A: Outcome.DONE, B: Outcome.UNCERTAIN}
    assert set(outcomes_of(STEP, None, ended=False).values()) == {Outcome.UNCERTAIN}
    assert set(outcomes_of(STEP, None, ended=True).values()) == {Outcome.DONE}


def test_s_is_what_was_written() -> None:
    """As the server has it where octoDNS takes that for the same; never what somebody changed behind the write."""
    done = {A: Outcome.DONE, B: Outcome.DONE}
    again = {("example.com.", "live"): zone("b", live=("a", "b"))}
    assert resources_after({}, [STEP], done, again) == {
        A: Resource("A", {**NEW, "ttl": 60}),  # the provider's least TTL, which octoDNS takes for what was wanted
        B: Resource("A", NEW),  # changed by hand meanwhile: drift, and no part of S
    }
    assert resources_after({}, [STEP], {A: Outcome.FAILED, B: Outcome.UNCERTAIN}, again) == {}


def test_what_was_to_be_done_is_told_to_recovery(tmp_path: Path) -> None:
    """Read back as it was written; nothing where nothing was."""
    write_expected(tmp_path, [STEP])
    (read,) = expected_in(tmp_path)
    assert read.planned == STEP.planned and read.addresses == STEP.addresses and read.zone.step == STEP.zone.step
    assert expected_in(tmp_path / "elsewhere") == ()
