"""Site: one installation, wired. The ways in get it; nothing below them does."""

from collections.abc import Callable
from dataclasses import dataclass

from trueup.engine.adoption import Adoption
from trueup.engine.backlog import Backlog
from trueup.engine.books import Books
from trueup.engine.break_glass import BreakGlasses
from trueup.engine.break_glass_credentials import BreakGlassCredentials
from trueup.engine.break_glass_follow_up import FollowUps
from trueup.engine.catalog import Catalog
from trueup.engine.checks import Checks
from trueup.engine.codification import Codification
from trueup.engine.courier import Courier
from trueup.engine.coverage import Coverages
from trueup.engine.decisions import RunDecisions
from trueup.engine.drift_decisions import DriftDecisions
from trueup.engine.errands import Errands
from trueup.engine.notices import Notices
from trueup.engine.probing import Prober
from trueup.engine.reconciler import Reconciler
from trueup.engine.recovery import Recovery
from trueup.engine.responses import Responses
from trueup.engine.signals import Signals
from trueup.engine.stewardship import StackDecisions
from trueup.engine.tools import Toolbox
from trueup.model.stack import StackId
from trueup.ports.forge import Forge
from trueup.ports.store import Store
from trueup.system.clock import Clock


@dataclass(frozen=True)
class Site:
    """What the API and the command line can ask for."""

    name: str
    clock: Clock
    store: Store
    catalog: Catalog
    forges: Callable[[str], Forge | None]
    books: Books
    errands: Errands
    runs: RunDecisions
    stacks: StackDecisions
    drifts: DriftDecisions
    adoption: Adoption
    codification: Codification
    coverages: Coverages
    tools: Toolbox
    responses: Responses
    backlog: Backlog
    checks: Checks
    signals: Signals
    reconciler: Reconciler
    recovery: Recovery
    break_glasses: BreakGlasses
    break_glass_credentials: BreakGlassCredentials
    follow_ups: FollowUps
    notices: Notices
    courier: Courier
    prober: Prober

    def watch(self, stack: StackId) -> None:
        """One check, and what its conclusion leads to by itself."""
        self.checks.check(stack)
        self.responses.respond(stack)
