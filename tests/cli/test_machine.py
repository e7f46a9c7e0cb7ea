"""`doctor` and `uninstall`: what is on this machine, and what Trueup put there and elsewhere."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Trueup
from tests.system.repositories import git
from trueup.settings import KEY
from trueup.system.locks import DataLock
from trueup.system.sealing import open_key


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a key, as the first start leaves it."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    open_key(directory / KEY)
    return directory


def _found(said_out: str) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in json.loads(said_out)["here"]}


def test_the_doctor_names_what_is_there_and_how_to_get_what_is_not(
    say: Trueup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without git it is not well; every missing thing says how to get it."""
    well = say("doctor", "-o", "json")
    assert well.code == 0, well.out
    assert _found(well.out)["git"]["state"] == "fine"
    monkeypatch.setenv("PATH", str(tmp_path))
    ill = say("doctor", "-o", "json")
    assert ill.code == 1
    found = _found(ill.out)
    assert (found["git"]["state"], found["bwrap"]["state"]) == ("wrong", "absent")
    assert all(each["how"] for each in found.values() if each["state"] != "fine")
    assert "apt install git" in say("doctor").out


def test_a_key_without_a_backup_is_told_until_somebody_says_there_is_one(say: Trueup, data: Path) -> None:
    """The note is for that key only: another key is not backed up."""
    assert _found(say("doctor", "--data", str(data), "-o", "json").out)["key"]["state"] == "care"
    assert _found(say("doctor", "--data", str(data), "--backed-up", "-o", "json").out)["key"]["state"] == "fine"
    (data / KEY).unlink()
    open_key(data / KEY)
    assert _found(say("doctor", "--data", str(data), "-o", "json").out)["key"]["state"] == "care"


def test_a_backup_of_no_key_is_wrong(say: Trueup, tmp_path: Path) -> None:
    """There is nothing yet that could be lost."""
    said = say("doctor", "--data", str(tmp_path / "none"), "--backed-up")
    assert said.code == 2
    assert "trueup up" in said.err


@pytest.mark.parametrize("name", ["", KEY])
def test_what_other_users_can_read_is_wrong(say: Trueup, data: Path, name: str) -> None:
    """The directory or the key, with the command that closes it."""
    (data / name).chmod(0o755)
    said = say("doctor", "--data", str(data))
    assert said.code == 1
    assert f"chmod {'600' if name else '700'} {data / name}" in said.out


def test_the_control_repository_is_asked(say: Trueup, tmp_path: Path) -> None:
    """One that answers, and one that does not exist."""
    git(tmp_path, "init", "--quiet", "--bare", "control.git")
    assert say("doctor", "--repo", str(tmp_path / "control.git")).code == 0
    said = say("doctor", "--repo", str(tmp_path / "nowhere.git"))
    assert said.code == 1
    assert "nowhere.git" in said.out


def test_uninstall_lists_files_and_refs_and_removes_only_its_data(say: Trueup, data: Path, tmp_path: Path) -> None:
    """Branches and refs stay, with the command that removes them; there is nothing in the cloud."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch", "main")
    git(work, "commit", "--quiet", "--allow-empty", "--message", "First")
    git(work, "branch", "trueup/ledger")
    git(work, "update-ref", "refs/trueup/requests/1", "HEAD")
    (data / "installation.json").write_text(json.dumps({"repository": str(work), "branch": "main"}))
    (data / "homes" / "0f3a-plan").mkdir(parents=True)
    temporary = tmp_path / "trueup-0f3a"
    temporary.mkdir()
    planned = say("uninstall", "--plan", "--data", str(data))
    assert planned.code == 0
    assert str(temporary) in planned.out.replace("\n", "")
    for words in ("installation.json", KEY, "refs/heads/trueup/ledger", "refs/trueup/requests/1", "In the cloud"):
        assert words in planned.out
    assert "refs/heads/main" not in planned.out
    assert data.exists()
    assert say("uninstall", "--data", str(data)).code == 2
    assert say("uninstall", "--data", str(data), "--yes").code == 0
    assert not data.exists()
    assert not temporary.exists()
    assert "trueup/ledger" in git(work, "branch", "--list", "trueup/*")


def test_states_that_are_nowhere_else_are_not_removed_by_the_way(say: Trueup, data: Path) -> None:
    """A stack without a backend has its state there: losing it loses what it manages."""
    (data / "work" / "stk-1" / ".terraform").mkdir(parents=True)
    (data / "work" / "stk-1" / ".terraform" / "terraform.tfstate").write_text("{}")
    (data / "work" / "stk-2" / "data").mkdir(parents=True)
    (data / "work" / "stk-2" / "data" / "terraform.tfstate").write_text('{"version": 3, "backend": {"type": "s3"}}')
    assert json.loads(say("uninstall", "--plan", "--data", str(data), "-o", "json").out)["states"] == []
    (data / "work" / "stk-1" / "terraform.tfstate").write_text("{}")
    said = say("uninstall", "--data", str(data), "--yes")
    assert said.code == 1
    assert "work/stk-1/terraform.tfstate" in said.out
    assert "--with-states" in said.err
    assert say("uninstall", "--data", str(data), "--yes", "--with-states").code == 0


def test_a_directory_in_use_or_of_somebody_else_is_not_removed(say: Trueup, data: Path, tmp_path: Path) -> None:
    """A running process keeps its data; a mistyped --data harms nobody."""
    with DataLock(data) as lock:
        lock.acquire()
        # No API is announced, so there is nobody to ask what else there is.
        assert say("uninstall", "--data", str(data), "--yes").code == 1
    other = tmp_path / "photos"
    other.mkdir()
    (other / "holiday.jpg").write_text("x")
    said = say("uninstall", "--data", str(other), "--yes")
    assert said.code == 1
    assert "does not look like" in said.err
    assert (other / "holiday.jpg").exists()
