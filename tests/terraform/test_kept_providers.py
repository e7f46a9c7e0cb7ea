"""Providers that are kept between checks: the same plans, never with another's credentials, and none left behind."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.system.test_companion import runs, until
from tests.terraform.aws import PROVIDER, group, make_bucket, rule, stack
from tests.terraform.jobs import Place, tree
from tests.terraform.test_aws import group_id
from trueup.demo.cloud import Cloud
from trueup.demo.providers import H1, lock_file
from trueup.drivers.terraform.driver import TerraformDriver
from trueup.drivers.terraform.layout import Layout
from trueup.drivers.terraform.providers import verified
from trueup.drivers.terraform.reading import read_root
from trueup.drivers.terraform.reattach import Kept, may_be_kept
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.errors import TrueupError
from trueup.model.plan import Plan
from trueup.ports.driver import Walls
from trueup.ports.tree import StoredTree
from trueup.settings import KEPT_PROVIDERS, kept_providers
from trueup.system.confinement import confined, obstacle
from trueup.system.sessions import members

AWS = "registry.terraform.io/hashicorp/aws"


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept(most=2, idle_seconds=600)
    yield kept
    kept.end()


@pytest.fixture
def place(cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path, kept: Kept) -> Place:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**tf_environment, **cloud.environment(cloud.hand), "HOME": str(home)}
    return Place(tmp_path, environment, TerraformDriver(kept=kept))


def live(place: Place, cloud: Cloud) -> tuple[str, StoredTree]:
    """A group on the emulated AWS, applied."""
    name = f"k{uuid4().hex[:12]}"
    code = stack(make_bucket(cloud, name), group(name, 443))
    assert place.apply(code, state=None).complete
    return name, code


def test_the_same_plans_as_without(place: Place, cloud: Cloud, kept: Kept, tmp_path: Path) -> None:
    """Unchanged or drifted, a plan beside a kept provider is the plan that Terraform makes alone; applies and
    proposals get none; and one that nobody needs any more ends by itself."""
    name, code = live(place, cloud)
    assert kept.pids == ()
    alone = Place(tmp_path / "alone", place.environment, TerraformDriver(kept=Kept(most=0)))

    def both() -> Plan:
        beside, without = (each.plan(code, purpose="check", state=None, routine=True) for each in (place, alone))
        assert replace(beside, artifact=None) == replace(without, artifact=None)
        return beside

    assert both().empty
    (pid,) = kept.pids
    assert both().empty and kept.pids == (pid,)
    cloud.client("ec2").authorize_security_group_ingress(GroupId=group_id(cloud, name), IpPermissions=rule(8443))
    assert not both().empty and kept.pids == (pid,)

    kept.end()
    assert not runs(pid)
    place.plan(code, state=None)
    place.plan(code, purpose="delivery", state=None)
    assert kept.pids == ()
    kept.idle_seconds = 0.1
    place.plan(code, purpose="check", state=None, routine=True)
    until(lambda: kept.pids == ())


def test_credentials_are_never_shared(place: Place, cloud: Cloud, kept: Kept) -> None:
    """Other credentials, or renewed ones, get another provider; the oldest goes when there are too many; a home with
    settings in it is its stack's alone."""
    _, code = live(place, cloud)
    roles = [cloud.assume(cloud.plan_role, f"one-{number}", cloud.trueup) for number in range(2)]
    seen = []
    for who in (cloud.hand, *roles):
        place.plan(
            code, purpose="check", state=None, routine=True, environment={**place.environment, **cloud.environment(who)}
        )
        (new,) = set(kept.pids) - set(seen)
        given = Path(f"/proc/{new}/environ").read_bytes().split(b"\0")
        assert f"AWS_ACCESS_KEY_ID={who.access_key}".encode() in given
        assert not any(each.startswith(b"TF_VAR_") for each in given)
        seen.append(new)
    assert set(kept.pids) == set(seen[1:]) and not runs(seen[0])

    (place.base / "home" / ".aws").mkdir()
    place.plan(code, purpose="check", state=None, routine=True)
    (last,) = set(kept.pids) - set(seen)
    assert f"HOME={place.base}/home".encode() in Path(f"/proc/{last}/environ").read_bytes().split(b"\0")


def test_a_provider_that_dies_is_replaced(place: Place, cloud: Cloud, kept: Kept) -> None:
    """Killed in the middle of a plan, the plan is made once more without it; killed between two, nobody notices. A
    plan that fails for another reason fails at once, and the next one of that stack goes alone."""
    _, code = live(place, cloud)
    first = place.plan(code, purpose="check", state=None, routine=True)
    (pid,) = kept.pids
    killed: list[str] = []

    def kill(line: str) -> None:
        if "Refreshing state" in line and not killed:
            killed.append(line)
            os.kill(pid, signal.SIGKILL)

    again = place.plan(code, purpose="check", state=None, routine=True, log=kill)
    assert killed and replace(again, artifact=None) == replace(first, artifact=None)
    assert kept.pids == ()

    place.plan(code, purpose="check", state=None, routine=True)
    (pid,) = kept.pids
    os.kill(pid, signal.SIGKILL)
    until(lambda: kept.pids == ())
    assert place.plan(code, purpose="check", state=None, routine=True).empty
    (pid,) = kept.pids

    wrong = StoredTree("r2", {**code.contents, "app/main.tf": b'resource "aws_security_group" "web" {\n  nam = 1\n}\n'})
    with pytest.raises(TrueupError):
        place.plan(wrong, purpose="check", state=None, routine=True)
    assert kept.pids == () and not runs(pid)
    assert place.plan(code, purpose="check", state=None, routine=True).empty and kept.pids == ()


def test_only_what_the_lock_file_pins(place: Place, cloud: Cloud, kept: Kept, tmp_path: Path) -> None:
    """A package counts only with one of the lock file's hashes, and no more providers run than may."""
    _, code = live(place, cloud)
    place.plan(code, purpose="check", state=None, routine=True)
    data = tmp_path / "work/stk-0000000001/check/data"
    (package,) = verified(lock_file().encode(), data)
    assert (package.address, package.hash) == (AWS, f"h1:{H1}")
    assert not list(verified(lock_file().replace(H1, "A" * 43 + "=").encode(), data))
    one = Kept(most=1)
    first = one.lend(package, place.environment)
    assert first is not None and one.lend(package, place.environment) is None
    socket = Path(first.variable(1).partition('"String": "')[2].partition('"')[0])
    assert socket.is_socket() and socket.parent.stat().st_mode & 0o777 == 0o700
    one.give_back(first, tmp_path, well=True)
    one.end()
    assert one.pids == () and not socket.parent.exists()


def test_a_confined_plan_has_a_confined_provider(place: Place, cloud: Cloud, kept: Kept) -> None:
    """The plan is the same one; inside, neither of the two sees what is hidden, and one without walls is another."""
    if why := obstacle():
        pytest.skip(f"{why}: apt install bubblewrap")
    _, code = live(place, cloud)
    open_plan = place.plan(code, purpose="check", state=None, routine=True)
    (first,) = kept.pids
    hidden = place.base / "hidden"
    hidden.mkdir()
    (hidden / "key").write_text("a secret")
    found = confined(place.environment, [Path(place.environment["HOME"])], [hidden, place.base])
    walls = Walls(found.readable, found.writable, found.hidden)
    inside = place.plan(code, purpose="check", state=None, routine=True, walls=lambda: walls)
    assert replace(inside, artifact=None) == replace(open_plan, artifact=None)
    (second,) = set(kept.pids) - {first}
    provider = next(each for each in members(os.getsid(second)) if each.name.startswith("terraform-prov"))
    seen = Path(f"/proc/{provider.pid}/root")
    assert (seen / "usr").is_dir() and not (seen / str(hidden / "key").lstrip("/")).exists()


def test_where_one_may_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """One configuration, all code at hand, no path that only this directory knows; the switch."""

    def may(extra: str = "", inner: str = "", provider: str = PROVIDER, locked: tuple[str, ...] = (AWS,)) -> bool:
        files = {"app/main.tf": f'module "m" {{\n  source = "./m"\n}}\n{extra}', "app/p.tf": provider}
        files["app/m/main.tf"] = f'resource "aws_vpc" "v" {{}}\n{inner}'
        root = read_root(Layout(tree(files)), "app", TerraformSpec())
        return may_be_kept(root, AWS, set(locked))

    assert may() and may(provider="")
    assert not may('provider "aws" {\n  alias = "other"\n}\n')
    assert not may(provider='provider "aws" {\n  alias = "only"\n}\n')
    assert not may(inner='provider "aws" {}\n')
    assert not may(inner='provider "aws" {}\n', provider="")
    assert not may('module "far" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n')
    assert not may(provider='provider "aws" {\n  shared_credentials_file = "keys"\n}\n')
    assert not may('resource "other_thing" "x" {\n  provider = awsalternate\n}\n')
    assert not may(locked=(AWS, "registry.terraform.io/acme/aws"))
    root = read_root(Layout(tree({"app/main.tf": 'resource "google_x" "y" {}\n'})), "app", TerraformSpec())
    assert not may_be_kept(root, "registry.terraform.io/hashicorp/google", {"registry.terraform.io/hashicorp/google"})
    for said, meant in (("0", 0), ("3", 3), ("none", 0)):
        monkeypatch.setenv(KEPT_PROVIDERS, said)
        assert kept_providers() == meant
