"""What terraform and everything it starts can see of this machine, on real Terraform in real walls."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.jobs import Place
from trueup.engine.jobs import Jobs
from trueup.model.errors import Invalid, Refused, Rejected
from trueup.model.plan import Outcome
from trueup.model.stack import Confinement, Declaration, Environment
from trueup.ports.driver import Walls
from trueup.system import confinement

BESIDE = "written-by-somebody-else"


@pytest.fixture
def place(tmp_path: Path, terraform: Path) -> Place:
    if why := confinement.obstacle():
        pytest.skip(f"{why}: apt install bubblewrap")
    home, data = tmp_path / "data" / "homes" / "app", tmp_path / "data"
    home.mkdir(parents=True)
    (data / "key").write_text("the key of this installation")
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / "credentials").write_text("aws_secret_access_key = x")
    return Place(data, {"PATH": f"{terraform.parent}:/usr/bin:/bin", "HOME": str(home)})


def walls(place: Place) -> Any:
    home = Path(place.environment["HOME"])
    found = confinement.confined(place.environment, [home], [place.base, place.base.parent / "person"])
    return lambda: Walls(found.readable, found.writable, found.hidden)


def shows(expression: str) -> dict[str, str]:
    return {"app/main.tf": f'output "seen" {{\n  value = {expression}\n}}\n', "app/own.txt": "mine"}


def test_a_plan_reads_its_own_files_and_neither_our_key_nor_a_persons_credentials(place: Place) -> None:
    """`file()` needs no provider and runs in every plan: what it can read, any code of a plan can."""
    plan = place.plan(shows('file("own.txt")'), walls=walls(place))
    assert plan.real == {} and plan.change_at(plan.changes[0].address) is not None
    for secret in (place.base / "key", place.base.parent / "person" / "credentials"):
        # Written plainly such a path is refused before anything runs; code can put it together.
        parts = json.dumps(str(secret).split("/"))
        read = shows(f'file(join("/", {parts}))')
        assert place.plan(read, purpose="check").changes, "readable without the walls"
        with pytest.raises((Invalid, Rejected), match="no file exists"):
            place.plan(read, walls=walls(place))


def test_what_an_apply_starts_writes_nowhere_but_in_its_own_directories(place: Place) -> None:
    """A provisioner that tries is told so, and its home is its own."""
    outside = place.base.parent / BESIDE
    command = f"touch $HOME/made {outside} && ! touch /usr/{BESIDE} && ls -A {place.base} > $HOME/listed"
    provisioner = f'  provisioner "local-exec" {{\n    command = "{command}"\n  }}\n'
    resource = f'resource "terraform_data" "one" {{\n{provisioner}}}\n'
    applied = place.apply({"app/main.tf": resource}, walls=walls(place))
    assert applied.complete, applied.error
    assert applied.outcomes == {"terraform_data.one": Outcome.DONE}
    home = Path(place.environment["HOME"])
    assert (home / "made").exists() and not outside.exists() and not Path(f"/usr/{BESIDE}").exists()
    assert "key" not in (home / "listed").read_text().split()


def test_an_environment_that_requires_walls_gets_no_job_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Critical: refused, with the way out. Preferred: it goes on. Off: never asked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    confinement.obstacle.cache_clear()
    try:
        jobs = Jobs(None, {}, lambda: None, str, tmp_path, str)  # type: ignore[arg-type, return-value]
        with pytest.raises(Refused, match=r"bubblewrap is not installed.*prod requires that") as refused:
            jobs.walls(_declared(Environment("prod")), {})
        assert "sandbox: preferred" in str(refused.value)
        for wanted in (Confinement.PREFERRED, Confinement.OFF):
            assert jobs.walls(_declared(Environment("dev", sandbox=wanted)), {}) is None
    finally:
        confinement.obstacle.cache_clear()


def _declared(environment: Environment) -> Declaration:
    return Declaration("aws//app", "aws", "app", "terraform", "terraform", environment, None)
