"""Finding the root modules of a tree that nobody declared, and which environment each serves."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from trueup.drivers.terraform.layout import Layout, join
from trueup.drivers.terraform.reading import CODE, LOCK_FILE, VERSION_FILES
from trueup.drivers.terraform.source import parse
from trueup.model.errors import Invalid
from trueup.model.values import JSON
from trueup.ports.driver import Discovered
from trueup.ports.tree import TreeEntry

ENVIRONMENTS = {
    **dict.fromkeys(("prod", "production", "prd", "live"), "prod"),
    **dict.fromkeys(("staging", "stage", "stg", "preprod", "uat"), "staging"),
    **dict.fromkeys(("dev", "development", "develop", "sandbox"), "dev"),
    **dict.fromkeys(("test", "testing", "qa"), "test"),
}
"""Words in paths and file names to the environment that they usually mean."""

_SKIPPED = re.compile(r"(^|/)(\.terraform|\.git|node_modules|examples?|fixtures?|testdata)(/|$)")
_VARIABLE_DIRECTORIES = frozenset({"vars", "tfvars", "env", "envs", "environments", "config"})


@dataclass
class _Directory:
    path: str
    backend: bool = False
    provider: bool = False
    tofu: bool = False
    broken: str = ""
    """Where some of it cannot be read."""


def discover(layout: Layout) -> Iterator[Discovered]:
    """Roots are directories with a backend, a provider, a lock file, a state or variable files that no module
    call points at; and those with mistakes in the code, for which nobody can say it yet."""
    directories: dict[str, _Directory] = {}
    called: set[str] = set()
    for path, entries in layout.directories.items():
        code = [entry for entry in entries if entry.path.endswith(CODE) and not entry.link]
        if not code or _SKIPPED.search(path):
            continue
        found = directories[path] = _Directory(path)
        for entry in code:
            found.tofu = found.tofu or entry.path.endswith((".tofu", ".tofu.json"))
            try:
                said = parse(entry.path, layout.tree.read(entry.path))
            except Invalid as error:
                found.broken = str(error.place)
                continue
            found.backend = found.backend or bool(said.backend)
            found.provider = found.provider or bool(said.configured)
            called |= {join(path, call.source) for call in said.modules if call.local}
    for path in sorted(directories):
        if path not in called and (why := _why(directories[path], layout.directories[path])):
            yield from _stacks(directories[path], layout, why)


def _why(directory: _Directory, entries: Iterable[TreeEntry]) -> str:
    names = {posixpath.basename(entry.path) for entry in entries}
    if directory.backend:
        return "has a backend"
    if directory.provider:
        return "configures a provider and no module call points at it"
    if LOCK_FILE in names:
        return f"has {LOCK_FILE}"
    if any(name.endswith(".tfstate") for name in names):
        return "has a state file"
    if any(name.endswith((".tfvars", ".tfvars.json")) for name in names):
        return "has variable files and no module call points at it"
    if directory.broken:
        return f"has code that cannot be read yet: {directory.broken}"
    return ""


def _stacks(directory: _Directory, layout: Layout, why: str) -> Iterator[Discovered]:
    """One for each variable file that names an environment, else one for the directory."""
    path = directory.path
    names = {posixpath.basename(entry.path) for entry in layout.directories[path]}
    key = "tofu" if directory.tofu or VERSION_FILES[1] in names else "terraform"
    by_environment = _variable_files(layout, path)
    environment, segment = environment_in(path)
    if environment or not by_environment:
        guessed = f"; {segment!r} in its path says {environment}" if environment else ""
        yield Discovered(path, key, environment, {}, why + guessed)
        return
    for name, files in sorted(by_environment.items()):
        settings: dict[str, JSON] = {"varFiles": sorted(files)}
        if len(by_environment) > 1:
            # One directory serves several: they cannot share one state, and workspaces are how that is done.
            settings["workspace"] = name
        yield Discovered(path, key, ENVIRONMENTS.get(name, name), settings, f"{why}; {sorted(files)[0]} is for {name}")


def environment_in(path: str) -> tuple[str, str]:
    """The environment that a path names, and the segment that does; empty where none does. The last one wins."""
    segments = path.split("/")
    for index in range(len(segments) - 1, -1, -1):
        segment = segments[index]
        for word in (segment, *re.split(r"[-_.]", segment)):
            if word.lower() in ENVIRONMENTS:
                return ENVIRONMENTS[word.lower()], segment
    for parent, segment in pairwise(segments):
        if parent in ("environments", "envs", "env"):
            return segment, segment
    return "", ""


def _variable_files(layout: Layout, path: str) -> dict[str, list[str]]:
    """Words of environments to the variable files that carry them, relative to the directory."""
    found: dict[str, list[str]] = defaultdict(list)
    folders = ["", *sorted(_VARIABLE_DIRECTORIES)]
    for folder in folders:
        for entry in layout.directories.get(join(path, folder), ()):
            name = posixpath.basename(entry.path)
            stem = name.removesuffix(".json").removesuffix(".tfvars")
            if stem == name.removesuffix(".json") or name.endswith((".auto.tfvars", ".auto.tfvars.json")):
                continue
            if stem.lower() in ENVIRONMENTS or (folder in ("env", "envs", "environments") and stem != "terraform"):
                found[stem].append(posixpath.join(folder, name))
    return found
