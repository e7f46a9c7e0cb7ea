"""Child: a live part of a managed resource that the technology keeps as a resource of its own."""

from dataclasses import dataclass

from trueup.model.address import Address, child_address, watch
from trueup.model.values import JSON


@dataclass(frozen=True)
class Child:
    """A rule of a managed security group, a record of a managed zone: alive, whether or not any code has it. No plan
    sees one that code does not have."""

    parent: Address
    kind: str
    """Of the resource that would manage it."""
    key: str
    """Tells it apart from its siblings, for people to read: `ingress tcp 8443 10.0.0.0/8`."""
    values: JSON
    """As the resource that would manage it says them."""
    identity: str = ""
    """The live system's own name for it, parent included: equal for the same thing seen through a resource."""
    managed_by: Address | None = None
    """The resource that manages it: its parent itself (inline), one of its own, or one of another stack."""

    @property
    def address(self) -> Address:
        return child_address(self.parent, self.kind, self.key)

    @property
    def watch(self) -> str:
        return watch(self.parent, self.kind)
