"""Runs and drifts of the site's stacks, as the engine would have left them."""

from dataclasses import replace
from typing import Any

from tests.store import nouns
from tests.web.site import Bench
from trueup.model.causes import Cause, Difference
from trueup.model.drift import Drift, DriftId, DriftState
from trueup.model.plan import Address, Loss
from trueup.model.run import Run, RunId, RunState
from trueup.model.stack import Standing
from trueup.model.values import Digest

DEV, PROD, NET = "infra//environments/dev/app", "infra//environments/prod/app", "infra//environments/prod/networking"
EFFECT = Digest("sha256:" + "1" * 64)
GROUP = Address("aws_security_group.web")
PORT = Difference(("ingress", "8443"), Cause.GHOST_REVERT, None, {"port": 8443}, None)


def waiting_run(site: Bench, id: str = "run-0000000001", **changes: Any) -> Run:
    """Of prod's app: awaits two approvals, written by anna."""
    run = nouns.a_run(id, stack=site.stack(PROD).id)
    usual: dict[str, Any] = {
        "state": RunState.AWAITING_APPROVAL,
        "effect": EFFECT,
        "approvals_needed": 2,
        "authors": ("anna",),
        "revision": site.control.head(),
    }
    return site.put_run(replace(run, **{**usual, **changes}))


def blocked_run(site: Bench, id: str = "run-0000000002") -> Run:
    loss = Loss(GROUP, PORT, "dft-0000000001")
    return waiting_run(site, id, state=RunState.BLOCKED, losses=(loss,))


def open_drift(site: Bench, id: str = "dft-0000000001", name: str = PROD, **changes: Any) -> Drift:
    at = site.clock.now()
    drift = Drift(DriftId(id), site.stack(name).id, GROUP, "aws_security_group", (PORT,), id, DriftState.OPEN, at, at)
    return site.put_drift(replace(drift, **changes))


def orphan(site: Bench, name: str) -> None:
    site.put_stack(site.stack(name), standing=Standing.ORPHANED)


def finished_runs(site: Bench, count: int) -> list[str]:
    """Newest first."""
    made = []
    for number in range(count):
        run = nouns.a_run(f"run-00000001{number:02}", minutes=number, stack=site.stack(DEV).id)
        made.append(site.put_run(replace(run, state=RunState.FINISHED)).id)
    return [RunId(id) for id in reversed(made)]
