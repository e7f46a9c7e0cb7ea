"""Names: a stack's full name, the short forms that lead to it, and the graph of who waits for whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from trueup.manifests.mistakes import suggestion
from trueup.model.errors import Invalid
from trueup.model.stack import Declaration


def full_name(repository: str, path: str, environment: str, *, shared: bool) -> str:
    """`aws//environments/prod/app`, with `@env` where one directory holds several environments' stacks;
    a repository's root is `.`."""
    return f"{repository}//{path or '.'}" + (f"@{environment}" if shared else "")


@dataclass(frozen=True)
class Named:
    """What the short forms of one stack are made of."""

    name: str
    path: str
    environment: str
    short: str
    """The capture `name`, or the last segment of the path."""

    @property
    def forms(self) -> frozenset[str]:
        """`networking-prod`, and every end of the path: `prod/networking`, `networking`; each also with `@env`."""
        parts = (self.path or ".").split("/")
        ends = {"/".join(parts[index:]) for index in range(len(parts))}
        suffix = self.name.removeprefix(self.name.partition("@")[0])
        with_environment = {f"{self.short}-{self.environment}"} if self.environment else {self.short}
        return frozenset({self.name, *ends, *(end + suffix for end in ends), *with_environment})


class Names:
    """Finds stacks by full name or by a short form that only one of them has."""

    def __init__(self, stacks: Iterable[Named]) -> None:
        self._full: set[str] = set()
        self._forms: dict[str, list[str]] = defaultdict(list)
        for stack in stacks:
            self._full.add(stack.name)
            for form in stack.forms:
                self._forms[form].append(stack.name)

    @classmethod
    def of(cls, declarations: Iterable[Declaration]) -> "Names":
        return cls(
            Named(each.name, each.path, each.environment.name, each.attributes.get("name", "")) for each in declarations
        )

    def find(self, text: str) -> str:
        """The full name. Raises Invalid (without a place) for none, and for several, which it lists."""
        if text in self._full:
            return text
        found = sorted(self._forms.get(text, ()))
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(f"`{name}`" for name in found[:8]) + (", ..." if len(found) > 8 else "")
            raise Invalid(f"`{text}` could be {len(found)} stacks: {shown}", hint="write a full name")
        raise Invalid(f"there is no stack `{text}`", hint=suggestion(text, self._forms))


def first_cycle(waits_for: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Names in a circle, each waiting for the next, the first one again at the end; () without one."""
    try:
        TopologicalSorter({name: sorted(others) for name, others in sorted(waits_for.items())}).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()
