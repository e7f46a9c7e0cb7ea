"""A check and a plan against the raw commands: the cron script that people have, and Terraform in a warm directory."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.timing import side_by_side
from trueup.demo import company, providers
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal, open_terminal
from trueup.engine.ids import new_id
from trueup.engine.jobs import Errand
from trueup.model.drift import CheckState
from trueup.model.people import Identity
from trueup.model.stack import Stack
from trueup.stages.attribute import attribute
from trueup.wiring import Installation, Options, installation

STACK = "environments/prod/networking"
CONTROL = """\
apiVersion: trueup.dev/v1
repositories:
  infra: {{url: {infra}}}
stacks:
  - terraform: infra//environments/prod/networking
    env: prod
credentials:
  - match: {{env: "*"}}
    passEnv: [AWS_*, TF_*]
"""


def measure() -> Iterable[Figure]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name, _live(Path(name)) as (place, cloud, terminal):
        who = terminal.having(cloud.environment(cloud.hand))
        with _trueup(place, who) as installed:
            stack = _adopted(installed)
            yield from _check(installed, stack, place, who)
            yield from _plan(installed, stack, place, who)


def _check(installed: Installation, stack: Stack, place: Path, who: Terminal) -> Iterable[Figure]:
    """The seeds' cron script clones, inits and plans in a fresh directory every half hour. Its providers come from
    what `terraform providers mirror` writes: archives, which `init` has to unpack, as it would what it downloads."""
    cron = open_terminal(place / "cron", _packed(place / "archives")).having(
        {name: text for name, text in who.environment.items() if name.startswith(("AWS_", "TF_VAR_"))}
    )

    def ours() -> None:
        done = installed.site.checks.check(stack.id)
        assert done.state is CheckState.CLEAN, done

    def theirs() -> None:
        fresh = place / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        cron.git(place, "clone", "--quiet", str(place / "infra"), str(fresh))
        cron.run(fresh / STACK, "init", "-input=false")
        cron.run(fresh / STACK, "plan", "-input=false", "-lock=false", "-detailed-exitcode")

    mine, peer = side_by_side(ours, theirs)
    yield Figure("check of an unchanged stack, wall", mine.wall, "s", 0.5, peer.wall)
    yield Figure("check of an unchanged stack, processor", mine.processor, "s", 0.5, peer.processor)


def _plan(installed: Installation, stack: Stack, place: Path, who: Terminal) -> Iterable[Figure]:
    """Everything from the tree to causes, against `plan -out` and `show -json` where nothing has to be prepared."""
    errands, warm = installed.site.errands, place / "warm"
    who.git(place, "clone", "--quiet", str(place / "infra"), str(warm))
    who.run(warm / STACK, "init", "-input=false")
    baseline = installed.site.books.baseline(stack.id)

    def ours() -> None:
        source = errands.source_at(stack, installed.site.catalog.head(stack.repository))
        with errands.observed(source, Errand("check", new_id("chk"), "bench")) as live:
            assert not attribute(live.plan(), baseline).drifted

    def theirs() -> None:
        who.run(warm / STACK, "plan", "-input=false", "-lock=false", "-out=saved.tfplan")
        who.run(warm / STACK, "show", "-json", "saved.tfplan")

    mine, peer = side_by_side(ours, theirs)
    allowed = 1.15 * peer.wall + 0.15
    yield Figure("plan against plan and show in a warm directory, plus 15 % and 150 ms", mine.wall, "s", 1.0, allowed)


def _packed(directory: Path) -> Path:
    place = directory / "registry.terraform.io" / "hashicorp" / "aws"
    place.mkdir(parents=True)
    archive = providers.archive()
    (place / archive.name).symlink_to(archive)
    return directory


@contextmanager
def _live(place: Path) -> Iterator[tuple[Path, Cloud, Terminal]]:
    terminal = open_terminal(place / "home", providers.mirror(place / "providers"))
    with Cloud(place / "cloud") as cloud:
        repository = company.seed(place / "infra", cloud, terminal)
        company.apply_by_hand(repository, cloud, terminal)
        yield place, cloud, terminal


@contextmanager
def _trueup(place: Path, who: Terminal) -> Iterator[Installation]:
    control = place / "control"
    control.mkdir()
    (control / "trueup.yaml").write_text(CONTROL.format(infra=place / "infra"))
    who.git(control, "init", "--quiet", "--initial-branch=main")
    who.git(control, "add", "--all")
    who.having(company.CARLA.signature("2026-11-20T10:00:00Z")).git(control, "commit", "--quiet", "-m", "control")
    before = dict(os.environ)
    os.environ.update({name: text for name, text in who.environment.items() if name.startswith(("AWS_", "TF_"))})
    try:
        with installation(Options(place / "data", str(control))) as installed:
            yield installed
    finally:
        os.environ.clear()
        os.environ.update(before)


def _adopted(installed: Installation) -> Stack:
    site = installed.site
    installed.intake.take_in(site.catalog.refresh())
    with site.store.transaction() as tx:
        (stack,) = tx.stacks()
    site.adoption.adopt(stack.id, Identity("name", "carla"), "bench")
    return site.errands.stack(stack.id)
