"""Tools: what a driver can do for a person besides the walk, run with the rights that it needs and no others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trueup.engine.books import Books
from trueup.engine.deciding import about, needs_reason
from trueup.engine.errands import Errands
from trueup.engine.ids import new_id
from trueup.engine.jobs import Errand, Right
from trueup.engine.leases import Leases
from trueup.model.errors import Invalid, Refused
from trueup.model.people import Identity
from trueup.model.run import RunId
from trueup.model.stack import StackId
from trueup.ports.driver import Told, Tool, Tools


@dataclass(frozen=True)
class Asked:
    """Which tool, with what, at which commit, and why."""

    tool: str
    arguments: Mapping[str, str]
    commit: str = ""
    """Empty: the branch's head."""
    reason: str = ""


@dataclass(frozen=True)
class Toolbox:
    errands: Errands
    books: Books
    leases: Leases

    def of(self, id: StackId) -> Mapping[str, Tool]:
        """The tools that there are for a stack, by name."""
        return self._driver(id).tools

    def use(self, id: StackId, asked: Asked, by: Identity) -> Told:
        """One that writes holds the stack's lease like a run, needs a reason, and is written into the ledger before it
        begins. Raises Invalid, Refused, Rejected, Unavailable."""
        stack, driver = self.errands.stack(id), self._driver(id)
        tool = driver.tools.get(asked.tool)
        if tool is None:
            known = ", ".join(sorted(driver.tools))
            raise Invalid(f"the driver {stack.driver} has no tool `{asked.tool}`", hint=f"it has {known}")
        unknown = asked.arguments.keys() - tool.arguments.keys()
        if unknown:
            known = ", ".join(tool.arguments) or "no arguments"
            raise Invalid(f"`{asked.tool}` does not know {', '.join(sorted(unknown))}", hint=f"it takes {known}")
        person = self.books.who(by)
        commit = asked.commit or self.books.catalog.head(stack.repository)
        source = self.errands.source_at(stack, commit)
        name = new_id("tol")
        with self.leases.hold(stack.id, RunId(name), wanted=tool.writes) as lease:
            if tool.writes:
                needs_reason(asked.reason)
                with self.books.store.transaction() as tx:
                    summary = f"{person} used `{asked.tool}` on {stack.name}: {asked.reason}"
                    told = about(stack, "stack.tool", summary, person, asked.reason)
                    tx.record(replace(told, details={"tool": asked.tool, "session": name}))
            right: Right = "apply" if tool.writes else "plan"
            errand = Errand("check", name, f"check:{stack.id}", right=right, fence=lease, slot="tool")
            job = self.errands.jobs.job(source, errand, self.errands.upstream(source.declaration))
            with self.errands.jobs.alone(job):
                return driver.use(job, asked.tool, asked.arguments)

    def _driver(self, id: StackId) -> Tools:
        stack = self.errands.stack(id)
        driver = self.errands.jobs.driver(self.errands.declaration(stack))
        if not isinstance(driver, Tools):
            raise Refused(f"the driver {stack.driver} has no tools")
        return driver
