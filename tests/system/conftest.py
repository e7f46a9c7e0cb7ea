"""What the tests of the system layer share."""

import shutil
from pathlib import Path

import pytest

from trueup.system.processes import Command, Sandbox, capture


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """The system to read, one directory to write."""
    program = shutil.which("bwrap")
    if program is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    argv = (program, "--unshare-all", "--ro-bind", "/", "/", "true")
    if capture(Command(argv, tmp_path, {"PATH": "/usr/bin:/bin"}), seconds=30).code:
        pytest.skip("bubblewrap may not make namespaces here: allow unprivileged user namespaces")
    (tmp_path / "shown").mkdir()
    system = tuple(path for path in map(Path, ("/usr", "/bin", "/lib", "/lib64")) if path.exists())
    return Sandbox(system, (tmp_path / "shown",))
