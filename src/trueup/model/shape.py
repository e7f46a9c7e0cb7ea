"""Shape: how two values of one attribute are compared. A driver derives it from its technology's schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    LEAF = "leaf"
    JSON = "json"
    """A string that holds a JSON document: compared inside, keys in any order."""
    MAP = "map"
    OBJECT = "object"
    LIST = "list"
    SET = "set"


@dataclass(frozen=True)
class Shape:
    """One attribute or block. A missing shape means: a leaf, or whatever the value itself looks like."""

    kind: Kind = Kind.LEAF
    computed: bool = False
    """Decided by the live system alone: never drift, only noise."""
    optional: bool = True
    """Code may leave it out. With `computed_default`, a left-out attribute plans as whatever is real."""
    computed_default: bool = False
    """The schema's "optional and computed"."""
    sensitive: bool = False
    ignored: bool = False
    """Doubles another attribute (`tags_all`): never compared."""
    children: Mapping[str, "Shape"] = field(default_factory=dict)
    """Attributes and nested blocks of an object."""
    element: "Shape | None" = None
    """Of a list, set or map."""


ANY = Shape(kind=Kind.OBJECT)
"""Nothing is known: containers are compared by what they look like."""
