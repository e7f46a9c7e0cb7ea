"""The data directory's lock and durable writes, with real processes and a real full disk."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trueup.model.errors import Refused, Unavailable
from trueup.system.durable import write_durably
from trueup.system.locks import DataLock, holder

HOLDS = """
import sys
from pathlib import Path
from trueup.system.locks import DataLock
lock = DataLock(Path(sys.argv[1]))
lock.acquire(url=sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of tmp_path / "data"."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "data"), "http://127.0.0.1:8700"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_opener_is_told_who_has_it(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    """Pid, since when, and the address to talk to."""
    with pytest.raises(Refused, match=f"in use by process {other.pid} since ") as caught:
        DataLock(tmp_path / "data").acquire()
    assert caught.value.hint == "talk to it: --server http://127.0.0.1:8700"
    found = holder(tmp_path / "data")
    assert found is not None and found.is_alive and found.pid == other.pid


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    """kill -9: the file is still there, the lock is not, and nobody has to remove anything."""
    other.kill()
    other.wait()
    assert holder(tmp_path / "data") is None
    with DataLock(tmp_path / "data") as lock:
        lock.acquire()
        found = holder(tmp_path / "data")
        assert found is not None and found.pid == os.getpid()


def test_released_is_free_and_announced_is_seen(tmp_path: Path) -> None:
    """The address is written once the server knows it, also when it is shorter than before."""
    lock = DataLock(tmp_path)
    assert holder(tmp_path) is None
    lock.acquire(url="http://127.0.0.1:12345/a-long-one")
    lock.announce("http://127.0.0.1:1")
    found = holder(tmp_path)
    assert found is not None and found.url == "http://127.0.0.1:1"
    with pytest.raises(Refused):
        DataLock(tmp_path).acquire()
    lock.release()
    assert holder(tmp_path) is None
    lock.acquire()
    lock.release()


def test_a_holder_without_an_address_is_waited_for_or_ended(tmp_path: Path) -> None:
    """A CLI that executes has no API: the hint is another one."""
    with DataLock(tmp_path) as lock:
        lock.acquire()
        with pytest.raises(Refused) as caught:
            DataLock(tmp_path).acquire()
        assert f"kill {os.getpid()}" in caught.value.hint


def test_a_directory_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """With the system's own reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"Not a directory|File exists"):
        DataLock(tmp_path / "file").acquire()


def test_a_durable_write_replaces_whole_files(tmp_path: Path) -> None:
    """The new content with its mode, and nothing left beside it."""
    path = tmp_path / "state"
    write_durably(path, b"one")
    write_durably(path, b"two", mode=0o640)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["state"]


LIMITED = """
import resource, signal, sys
from pathlib import Path
from trueup.model.errors import Unavailable
from trueup.system.durable import write_durably
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_durably(Path(sys.argv[1]), b"x" * 100_000)
except Unavailable as error:
    print(error)
"""


def test_beyond_a_limit_the_old_content_stays(tmp_path: Path) -> None:
    """A process whose files may not grow: the message says full, how much is free, and where to make room."""
    path = tmp_path / "state"
    write_durably(path, b"old")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", LIMITED, str(path)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert f"{path} could not be written: the disk, or this user's share of it, is full" in done.stdout
    assert "KiB are free" in done.stdout
    assert f"free some space under {tmp_path}" in done.stdout
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["state"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("a tiny tmpfs cannot be mounted here: run the tests as root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_said_to_be_full(tiny_disk: Path) -> None:
    """On a real full file system too."""
    path = tiny_disk / "state"
    write_durably(path, b"old")
    with pytest.raises(Unavailable, match="is full"):
        write_durably(path, b"x" * 200_000)
    assert path.read_bytes() == b"old"
    assert os.listdir(tiny_disk) == ["state"]
