"""Catalog: what Git says now. The control repository's manifest, and every repository's commits and files."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock

from trueup.manifests.manifest import Manifest, Repository
from trueup.manifests.native import Control
from trueup.model.errors import Invalid, TrueupError
from trueup.model.people import Identity
from trueup.model.stack import Declaration, Stack
from trueup.ports.store import Store
from trueup.ports.tree import Tree
from trueup.system.mirror import Commit, Mirror

CONTROL = "."
"""The name under which the control repository's own head is remembered; no repository can be called so."""
HEADS = "git.heads"


@dataclass(frozen=True)
class Remotes:
    """How the catalog reaches Git and reads what it finds; given by wiring."""

    control: Mirror
    branch: str
    """Of the control repository: the only one whose trueup.yaml governs."""
    mirror: Callable[[Repository], Mirror]
    """Kept between calls. Never asked for the control repository itself."""
    parse: Callable[[Tree], Control]
    expand: Callable[[Control, Mapping[str, Tree]], Manifest]


@dataclass(frozen=True)
class Look:
    """What one refresh found."""

    moved: frozenset[str]
    """Repositories whose branch has another head than at the refresh before."""
    rewritten: Mapping[str, tuple[str, str]]
    """Force-pushed branches: repository to the head before and the head now."""
    errors: Mapping[str, TrueupError]
    """Repositories that did not answer, and `control` when its manifest is invalid: the last good one governs."""


class Catalog:
    """Safe for threads. A manifest that is invalid, or a remote that is away, leaves the last good view in force."""

    def __init__(self, remotes: Remotes, store: Store) -> None:
        self._remotes, self._store = remotes, store
        self._lock = RLock()
        self._manifest: Manifest | None = None
        self._mirrors: Mapping[str, tuple[Mirror, str]] = {}
        self._heads: dict[str, str] = {}

    @property
    def manifest(self) -> Manifest:
        """Raises what is wrong with the control repository while there is no good view of it yet."""
        with self._lock:
            look = self.refresh() if self._manifest is None else None
            if self._manifest is None:
                hint = "`trueup validate` says why"
                nothing = Invalid("the control repository has no valid trueup.yaml yet", hint=hint)
                raise (look.errors if look else {}).get(CONTROL, nothing)
            return self._manifest

    def refresh(self) -> Look:
        """Fetches everything and reads the manifest again."""
        with self._lock:
            errors: dict[str, TrueupError] = {}
            before = self._remembered()
            heads = dict(before)
            self._look_at(CONTROL, self._remotes.control, self._remotes.branch, heads, errors)
            if CONTROL in heads:
                self._read(heads, errors)
            self._heads = heads
            moved = frozenset(name for name, head in heads.items() if before.get(name) != head)
            rewritten = {
                name: (before[name], heads[name])
                for name in moved & before.keys()
                if not self._descends(name, before[name], heads[name])
            }
            if moved:
                with self._store.transaction() as tx:
                    tx.put_fact(HEADS, json.dumps(heads, sort_keys=True))
            return Look(moved, rewritten, errors)

    def head(self, repository: str) -> str:
        mirror, branch = self._mirror(repository)
        with self._lock:
            return self._heads.get(repository) or mirror.head(branch)

    def heads(self) -> Mapping[str, str]:
        """Every repository's head, the control repository's also under CONTROL."""
        with self._lock:
            return dict(self._heads)

    def repositories(self) -> Sequence[str]:
        with self._lock:
            return sorted(self._mirrors)

    def tree(self, repository: str, commit: str) -> Tree:
        """Fetches once more when the commit is not here yet."""
        mirror, _ = self._mirror(repository)
        try:
            return mirror.tree(commit)
        except Invalid:
            mirror.fetch()
            return mirror.tree(commit)

    def mirror(self, repository: str) -> Mirror:
        return self._mirror(repository)[0]

    def commits(self, repository: str, base: str, head: str, paths: Iterable[str] = ()) -> list[Commit]:
        """What is in `head` and not in `base`; of everything that touched the paths when `base` is unknown."""
        return self.mirror(repository).commits(base, head, paths=sorted(paths), limit=500)

    def last_declaration(self, stack: Stack) -> Declaration | None:
        """How a stack that is gone from Git was declared last."""
        with self._store.transaction() as tx:
            remembered = tx.fact(f"declared:{stack.id}")
        if remembered is None:
            return None
        heads = json.loads(remembered)
        control = self._remotes.parse(self._remotes.control.tree(heads[CONTROL]))
        return self._remotes.expand(control, self._trees(self._mirrors_of(control), heads)).declaration(stack.name)

    def close(self) -> None:
        for mirror, _ in self._mirrors.values():
            mirror.close()
        self._remotes.control.close()

    def _remembered(self) -> dict[str, str]:
        if self._heads:
            return dict(self._heads)
        with self._store.transaction() as tx:
            return dict(json.loads(tx.fact(HEADS) or "{}"))

    def _look_at(
        self, name: str, mirror: Mirror, branch: str, heads: dict[str, str], errors: dict[str, TrueupError]
    ) -> None:
        try:
            remote = mirror.remote_heads()
            if remote != mirror.heads():
                mirror.fetch()
            heads[name] = mirror.head(branch)
        except TrueupError as error:
            errors[name] = error

    def _read(self, heads: dict[str, str], errors: dict[str, TrueupError]) -> None:
        try:
            control = self._remotes.parse(self._remotes.control.tree(heads[CONTROL]))
            mirrors = self._mirrors_of(control)
            for name, (mirror, branch) in mirrors.items():
                if mirror is not self._remotes.control:
                    self._look_at(name, mirror, branch, heads, errors)
            heads[control.home] = heads[CONTROL]
            self._manifest = self._remotes.expand(control, self._trees(mirrors, heads))
            self._mirrors = mirrors
        except TrueupError as error:
            errors[CONTROL] = error

    def _mirrors_of(self, control: Control) -> Mapping[str, tuple[Mirror, str]]:
        return {
            key: (self._remotes.control, self._remotes.branch)
            if each.is_control
            else (self._remotes.mirror(each), each.branch)
            for key, each in control.repositories.items()
        }

    @staticmethod
    def _trees(mirrors: Mapping[str, tuple[Mirror, str]], heads: Mapping[str, str]) -> Mapping[str, Tree]:
        return {name: mirror.tree(heads[name]) for name, (mirror, _) in mirrors.items() if name in heads}

    def _mirror(self, repository: str) -> tuple[Mirror, str]:
        with self._lock:
            if repository not in self._mirrors:
                self.refresh()
            try:
                return self._mirrors[repository]
            except KeyError:
                known = ", ".join(sorted(self._mirrors))
                raise Invalid(f"there is no repository {repository}", hint=f"declared: {known or 'none'}") from None

    def _descends(self, name: str, older: str, newer: str) -> bool:
        mirror = self._remotes.control if name == CONTROL else self._mirrors[name][0]
        try:
            return mirror.is_ancestor(older, newer)
        except TrueupError:
            return False  # the old commit is not even here: it was rewritten away


def identities(commits: Sequence[Commit]) -> frozenset[Identity]:
    """Everyone who wrote any of the commits, co-authors included."""
    found = {Identity("email", commit.author_email) for commit in commits}
    for commit in commits:
        for line in commit.trailer("Co-authored-by"):
            _, _, address = line.partition("<")
            found.add(Identity("email", address.rstrip("> ")) if address else Identity("name", line.strip()))
    return frozenset(found)
