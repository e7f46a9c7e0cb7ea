"""A thousand stacks: discovered in a real Git tree, written as trueup.yaml, read again and validated."""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.figure import Figure
from trueup.demo.company import CARLA
from trueup.demo.providers import mirror
from trueup.demo.terminal import open_terminal
from trueup.manifests.discover import describe
from trueup.manifests.expansion import expand
from trueup.manifests.layouts import FILE
from trueup.manifests.manifest import CONTROL, Repository
from trueup.manifests.native import load
from trueup.ports.driver import Discovers
from trueup.system.git import Git
from trueup.system.mirror import Mirror
from trueup.system.remotes import remote
from trueup.wiring import drivers, formats

STACKS = 1000
ROOT = """\
terraform {{
  backend "s3" {{
    bucket = "states"
    key    = "{name}.tfstate"
  }}
}}

module "service" {{
  source = "../../../modules/service"
  name   = "{name}"
}}
"""


def measure() -> Iterable[Figure]:
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name:
        place = Path(name)
        _many(place)
        with Mirror(Git(place / "git"), remote(str(place / "infra")), place / "mirror.git") as repository:
            repository.fetch()
            began = time.perf_counter()
            tree = repository.tree(repository.head("main"))
            finders = [driver for driver in drivers().values() if isinstance(driver, Discovers)]
            found = [each for finder in finders for each in finder.discover(tree)]
            control = {CONTROL: Repository(CONTROL, ".")}
            text = describe({CONTROL: found}, control, {CONTROL: tree}, formats())
            manifest = expand(load(text.encode(), FILE, formats()), {CONTROL: tree})
            for declaration in manifest.declarations:
                drivers()[declaration.driver].read(tree, declaration.path, declaration.spec)
            seconds = time.perf_counter() - began
        assert len(manifest.declarations) == STACKS, len(manifest.declarations)
        yield Figure(f"{STACKS} stacks discovered, declared, read and validated", seconds, "s", 5.0)


def _many(place: Path) -> None:
    """25 teams with 40 stacks each, and the module that all of them use."""
    infra = place / "infra"
    for number in range(STACKS):
        root = infra / "teams" / f"team-{number % 25:02}" / f"service-{number // 25:02}"
        root.mkdir(parents=True)
        (root / "main.tf").write_text(ROOT.format(name=f"service-{number}"))
    module = infra / "modules" / "service"
    module.mkdir(parents=True)
    (module / "main.tf").write_text('variable "name" {\n  type = string\n}\n')
    terminal = open_terminal(place / "home", mirror(place / "providers"))
    terminal.git(infra, "init", "--quiet", "--initial-branch=main")
    terminal.git(infra, "add", "--all")
    terminal.having(CARLA.signature("2026-11-20T10:00:00Z")).git(infra, "commit", "--quiet", "-m", "A thousand stacks")
