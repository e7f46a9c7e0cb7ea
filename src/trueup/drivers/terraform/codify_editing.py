"""Editing: one codification under way, and the spot in the code that it is at."""

from dataclasses import dataclass, field, replace

from trueup.drivers.terraform.codify_scope import Scope
from trueup.drivers.terraform.hcl_expressions import Expression
from trueup.drivers.terraform.splices import Splices
from trueup.model.normal import key
from trueup.model.shape import Kind, Shape
from trueup.model.values import JSON

_MAPPING = Shape(Kind.MAP, optional=False)


@dataclass
class Editing:
    splices: Splices
    inline: bool = False
    """Write literals in place of shared variables and locals."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Spot:
    """An expression, the module in which it means something, and the for_each instance that is looked at."""

    scope: Scope
    expression: Expression
    each: tuple[str | int, Expression] | None = None
    """The instance's key and the for_each expression."""
    document: bool = False
    """Inside a heredoc: JSON is written, not HCL."""

    def into(self, expression: Expression) -> "Spot":
        return replace(self, expression=expression)


def same(before: JSON, after: JSON) -> bool:
    """Whether there is nothing to edit. An empty text in a map is a value: a tag without one."""
    return key(before, _MAPPING) == key(after, _MAPPING)
