"""Flyway projects and folders of migrations that nobody declared, found in a tree by the names of their files."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from trueup.drivers.database.migrations import locations
from trueup.drivers.database.migrations.configuration import CONFIG_FILES
from trueup.ports.driver import Discovered
from trueup.ports.tree import Tree

ENVIRONMENTS = re.compile(r"(?:^|[/._-])(prod|production|staging|stage|test|dev|development)(?=$|[/._-])")
_CONFIGURATION = re.compile(rf"(?:(?P<root>.+?)/)?(?:{'|'.join(map(re.escape, CONFIG_FILES[:4]))})")
_FLYWAY = re.compile(r"V[0-9][0-9._]*__[^/]*\.sql", re.IGNORECASE)
_PLAIN = re.compile(r"[0-9]+[_-][^/]*\.sql", re.IGNORECASE)
_FOLDERS = ("migrations", "migration")
"""Numbered SQL elsewhere may be anything: what a container runs when it is made, a course's exercises."""
_SKIPPED = re.compile(r"(^|/)(\.git|node_modules|target|build|examples?|fixtures?|testdata|src/test)(/|$)")


def discover(tree: Tree) -> Iterator[Discovered]:
    """Directories with Flyway's configuration; then those whose files have names as Flyway's, and folders called
    `migrations` with numbered files. With the environment that the path names."""
    files = [entry.path for entry in tree.entries() if not entry.link and not _SKIPPED.search(entry.path)]
    configured = {found["root"] or "" for path in files if (found := _CONFIGURATION.fullmatch(path))}
    flyway = {each for each in _topmost(_holding(files, _FLYWAY)) if not _below(each, configured)}
    plain = {each for each in _holding(files, _PLAIN) if posixpath.basename(each) in _FOLDERS}
    plain = {each for each in _topmost(plain) if not _below(each, configured | flyway)}
    for paths, key, why in (
        (configured, "flyway", "it holds Flyway's configuration"),
        ({_project(tree, each) for each in flyway}, "flyway", "its files are named as Flyway's"),
        (plain, "migrations", "its files are numbered"),
    ):
        for path in sorted(paths):
            named = ENVIRONMENTS.search(path)
            yield Discovered(path or ".", key, named[1] if named else "", why=f"{why}; add `url:`, its database")


def _holding(files: Iterable[str], name: re.Pattern[str]) -> set[str]:
    return {posixpath.dirname(path) for path in files if name.fullmatch(posixpath.basename(path))}


def _topmost(directories: set[str]) -> set[str]:
    return {each for each in directories if not _below(each, directories - {each})}


def _below(path: str, directories: Iterable[str]) -> bool:
    return any(path == each or not each or path.startswith(f"{each}/") for each in directories)


def _project(tree: Tree, directory: str) -> str:
    """The directory above a usual location of migrations, which finds that by itself; else the directory itself."""
    for name in sorted(locations.USUAL, key=len, reverse=True):
        root = "" if directory == name else directory.removesuffix(f"/{name}")
        if root != directory and locations.usual(tree, root) == (directory,):
            return root
    return directory
