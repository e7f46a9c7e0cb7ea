"""Confinement: what a stack's subprocesses may see of this machine, and whether it can be kept from them at all.

A plan runs whatever the repository names. Inside there are the system's programs, the program's own directories and
what its environment names; the data directory, the homes of people and everybody else's processes are not there.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from trueup.model.errors import TrueupError
from trueup.system.processes import Command, Sandbox, capture

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/var/lib/ca-certificates")
"""Programs, libraries, certificates, names. Not /run: the sockets of this machine's services are in it."""
NAMES = Path("/etc/resolv.conf")
"""Mostly a link to somewhere below /run."""


@lru_cache(maxsize=1)
def obstacle() -> str:
    """Why nothing can be confined here; "" where it can. Tried once for each process."""
    everything = Sandbox((Path("/"),), ())
    try:
        said = capture(Command(("true",), Path("/"), {"PATH": os.defpath}, sandbox=everything), seconds=30)
    except TrueupError as error:
        return error.message
    return f"bubblewrap does not work here: {said.stderr.decode(errors='replace').strip()}" if said.code else ""


def confined(environment: Mapping[str, str], own: Iterable[Path], hidden: Iterable[Path]) -> Sandbox:
    """`own` are the directories that the program may write to; `hidden` those that nobody in there may see, and
    which keep what is named below them only where `environment` or `own` name it."""
    writable = tuple(_existing(path.absolute() for path in own))
    secret = tuple(_existing(path.absolute() for path in hidden))
    named = [
        path for path in _named(environment) if not any(each.is_relative_to(path) for each in (*secret, *writable))
    ]
    python = {Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent.parent}
    readable = _existing([*map(Path, SYSTEM), NAMES.resolve(), *python, *named])
    return Sandbox(tuple(dict.fromkeys(readable)), writable, secret)


def with_readable(sandbox: Sandbox, *paths: Path) -> Sandbox:
    """The same, with more to read."""
    return Sandbox(tuple(dict.fromkeys([*sandbox.readable, *_existing(paths)])), sandbox.writable, sandbox.hidden)


def _named(environment: Mapping[str, str]) -> Iterator[Path]:
    """Every path that the environment names: directories of PATH, configuration, tokens, certificates."""
    for value in environment.values():
        for part in value.split(os.pathsep):
            if re.fullmatch(r"/[^\n]+", part):
                path = Path(part)
                yield path
                yield path.resolve()


def _existing(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in paths if path.exists())
