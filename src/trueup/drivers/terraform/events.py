"""What an apply's `-json` events say of every address. Pure.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui (operation messages)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trueup.model.plan import OUTPUT, Action, Address, Outcome, PlannedChange
from trueup.model.values import JSON

_LAST = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
}
"""The operation after whose end nothing more happens at an address."""


@dataclass(frozen=True)
class Event:
    """`UNCERTAIN` when an operation began; what became of it when it ended."""

    address: Address
    operation: str
    outcome: Outcome
    identity: str = ""


def event_in(message: JSON) -> Event | None:
    hook = message.get("hook") or {}
    address = Address((hook.get("resource") or {}).get("addr", ""))
    operation, identity = hook.get("action", ""), str(hook.get("id_value") or "")
    match message.get("type"):
        case "apply_start":
            return Event(address, operation, Outcome.UNCERTAIN, identity)
        case "apply_complete":
            return Event(address, operation, Outcome.DONE, identity)
        case "apply_errored":
            return Event(address, operation, Outcome.FAILED, identity)
        case _:
            return None


@dataclass
class Progress:
    """Everything heard so far."""

    planned: Iterable[PlannedChange]
    """Empty when it is only known from events, after a worker was lost."""
    events: list[Event] = field(default_factory=list)

    def take(self, message: JSON) -> Event | None:
        """The event of one line, with the outcome of its address so far: half of a replacement is uncertain."""
        event = event_in(message)
        if event is None or message["hook"].get("action") == "read":
            return None
        self.events.append(event)
        return Event(event.address, event.operation, self.of(event.address), event.identity)

    def of(self, address: Address) -> Outcome:
        mine = [event for event in self.events if event.address == address]
        if any(event.outcome is Outcome.FAILED for event in mine):
            return Outcome.FAILED
        begun = [event.operation for event in mine if event.outcome is Outcome.UNCERTAIN]
        done = [event.operation for event in mine if event.outcome is Outcome.DONE]
        change = next((change for change in self.planned if change.address == address), None)
        needed = [_LAST[change.action]] if change and change.action in _LAST else []
        if change and change.action is Action.REPLACE:
            needed = ["create", "delete"]
        return Outcome.DONE if set(done) >= {*begun, *needed} else Outcome.UNCERTAIN

    def outcomes(self, *, complete: bool, ended_by_itself: bool) -> Mapping[Address, Outcome]:
        """By address. Addresses that nothing was begun at have none, except after a complete apply."""
        found = {event.address: self.of(event.address) for event in self.events}
        if ended_by_itself:
            # Terraform waits for what it began: what has neither end was left halfway through a replacement.
            found = {
                address: Outcome.FAILED if outcome is Outcome.UNCERTAIN and not self._open(address) else outcome
                for address, outcome in found.items()
            }
        if complete:
            found |= {change.address: Outcome.DONE for change in self.planned if change.address not in found}
        else:
            found = {address: outcome for address, outcome in found.items() if not address.startswith(f"{OUTPUT}.")}
        return found

    def _open(self, address: Address) -> bool:
        """Whether an operation began there of which no end was heard."""
        mine = [event for event in self.events if event.address == address]
        begun = sum(event.outcome is Outcome.UNCERTAIN for event in mine)
        return begun > len(mine) - begun

    def identity(self, address: Address) -> str:
        """The newest id that the events gave."""
        return next((each.identity for each in reversed(self.events) if each.address == address and each.identity), "")
