"""The forges of what the control repository names."""

from pathlib import Path

from tests.forge.contract import ANNA
from tests.forge.test_local import LocalBench
from trueup.adapters.secrets.references import References
from trueup.model.request import NewRequest
from trueup.system.clock import FakeClock
from trueup.system.remotes import remote
from trueup.wiring.repositories import Repositories


def test_a_change_request_has_its_repositorys_key(tmp_path: Path) -> None:
    """`dns#1` can be typed again; the directory's own name is none that trueup.yaml knows."""
    bench = LocalBench(tmp_path)
    repositories = Repositories(tmp_path / "data", References({}, frozenset()), FakeClock())
    with bench.forge:
        bench.forge.push("fix", bench.head("main"), {"fix.tf": b"changed\n"}, "Change", ANNA)
    forge = repositories.forge("dns", remote(str(bench.directory), None))
    assert forge is not None
    assert forge.open(NewRequest("Change", "", ANNA, "fix", "main")).repository == "dns"
    repositories.close()
