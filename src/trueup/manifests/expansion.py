"""Expansion: a checked Control meets the trees of its repositories and becomes a Manifest of stacks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from trueup.manifests import owners
from trueup.manifests.directories import Directories
from trueup.manifests.entries import Entry, schema_of
from trueup.manifests.formats import FormatEntry, Formats, installed_by
from trueup.manifests.ignores import DriftIgnores, with_rules
from trueup.manifests.keys import NAME
from trueup.manifests.layouts import FILE, layout_file, read_layout
from trueup.manifests.links import Found, linked
from trueup.manifests.manifest import Manifest, Unavailable
from trueup.manifests.mistakes import Mistakes, in_order, suggestion
from trueup.manifests.names import full_name
from trueup.manifests.native import Control, read
from trueup.manifests.patterns import fill, fill_all, unsafe
from trueup.manifests.rules import effective
from trueup.model.plan import Finding
from trueup.model.stack import Declaration
from trueup.ports.tree import Tree


def expand(control: Control, trees: Mapping[str, Tree]) -> Manifest:
    """Every stack that the trees hold. `trees` is keyed like `repositories:`; the tree of the control repository
    is `control.home`. Raises Invalid that names every mistake, but for those of other repositories' layouts: such a
    repository is `unread`, and the manifest's findings say why."""
    mistakes = Mistakes()
    manifest = _expand(control, trees, mistakes)
    mistakes.stop_if_any(control.file)
    return manifest


def diagnose(text: bytes, file: str, formats: Formats, trees: Mapping[str, Tree]) -> tuple[Finding, ...]:
    """Everything that `load` and `expand` would say, as findings in the order of their places."""
    mistakes = Mistakes()
    control = read(text, file, formats, mistakes)
    if control is None:
        return in_order(mistakes.findings)
    manifest = _expand(control, trees, mistakes)
    return in_order({*mistakes.findings, *manifest.findings})


class _Source:
    """One repository's tree, its owners and ignores read once."""

    def __init__(self, key: str, tree: Tree, dialect: owners.Dialect) -> None:
        self.directories = Directories.of(tree)
        self.drift_ignores = DriftIgnores(tree, key)
        self.code_owners = owners.find(tree, dialect)

    def owners(self, path: str, globs: tuple[str, ...]) -> tuple[str, ...]:
        files = self.directories.marked(path, globs) or [f"{path}/any"]
        return tuple(dict.fromkeys(owner for file in files for owner in self.code_owners.owners(file)))


def _expand(control: Control, trees: Mapping[str, Tree], mistakes: Mistakes) -> Manifest:
    """A repository whose layout is wrong is left out, and told in the manifest's findings: it must not stop others."""
    sources = {
        key: _Source(key, trees[key], "gitlab" if repository.forge == "gitlab" else "github")
        for key, repository in control.repositories.items()
        if key in trees
    }
    layouts = {key for key, source in sources.items() if key != control.home and FILE in source.directories.files}
    wrong: list[Finding] = []
    left_out: set[str] = set()
    while True:
        attempt = Mistakes()
        entries = list(control.entries)
        for key in sorted(layouts - left_out):
            entries += read_layout(key, trees[key], control.formats, attempt)
        manifest = _assembled(control, sources, entries, attempt)
        blamed = [finding for finding in attempt.stopping if finding.place and _layout_of(finding.place.file, layouts)]
        if not blamed:
            break
        wrong += blamed
        left_out |= {_layout_of(finding.place.file, layouts) for finding in blamed if finding.place}
    for finding in attempt.stopping:
        mistakes.add(finding.code, finding.message, finding.place, finding.hint)
    unread = manifest.unread | left_out
    return replace(manifest, unread=unread, findings=in_order({*manifest.findings, *wrong}))


def _layout_of(file: str, layouts: Iterable[str]) -> str:
    """The repository whose layout a place is in; "" for none."""
    return next((key for key in layouts if file == layout_file(key)), "")


def _assembled(
    control: Control, sources: Mapping[str, _Source], entries: Sequence[Entry], mistakes: Mistakes
) -> Manifest:
    _warn_unavailable(entries, mistakes)
    unread = {*control.repositories} - {control.home} | {entry.repository for entry in entries}
    found = [
        stack
        for entry in entries
        if entry.repository in sources
        for stack in _stacks_of(entry, sources[entry.repository].directories, mistakes)
    ]
    named = _named(found, mistakes)
    declared = [_declare(each, control, sources[each.entry.repository], mistakes) for each in named]
    declarations = linked([pair for pair in declared if pair], named, mistakes)
    read = (
        finding
        for source in sources.values()
        for finding in (*source.code_owners.findings, *source.drift_ignores.findings)
    )
    return Manifest(
        control.repositories,
        declarations,
        control.rules.environments,
        control.people,
        control.contexts,
        control.credentials,
        control.alerts,
        tuple(Unavailable(each.name, each.entry.format, each.entry.place) for each in named if not each.entry.known),
        frozenset(unread - sources.keys()),
        in_order({*control.findings, *mistakes.findings, *read}),
        control.notify,
        control.events,
    )


def _warn_unavailable(entries: Iterable[Entry], mistakes: Mistakes) -> None:
    for entry in entries:
        if entry.known is None:
            message = f"no driver for `{entry.format}` is installed here: its stacks are listed and left alone"
            mistakes.warn("unavailable", message, entry.place, installed_by(entry.format))


def _stacks_of(entry: Entry, directories: Directories, mistakes: Mistakes) -> list[Found]:
    globs = entry.known.files if entry.known else ()
    found: list[Found] = []
    used: set[str] = set()
    for path in directories.candidates(entry.pattern, globs):
        captures = entry.pattern.match(path)
        if captures is None:
            continue
        excluded = [glob for glob in entry.common.exclude if _is_excluded(f"{entry.repository}//{path}", path, glob)]
        used.update(excluded)
        if excluded:
            continue
        if strange := unsafe(captures):
            message = f"{entry.label} would match `{path}`, but `{strange}` cannot stand in names: it is left out"
            mistakes.warn("unusable-name", message, entry.place, "use letters, digits, `-`, `_`, `.` and `+`")
            continue
        found += _environments_at(entry, path, captures, mistakes)
    for glob in [glob for glob in entry.common.exclude if glob not in used]:
        mistakes.warn("unused-except", f"`{glob}` leaves nothing out", entry.place_of("except"))
    if not found and not used:
        _nothing_matched(entry, directories, globs, mistakes)
    return found


def _is_excluded(key: str, path: str, glob: str) -> bool:
    return fnmatchcase(key if "//" in glob else path, glob)


def _environments_at(entry: Entry, path: str, captures: Mapping[str, str], mistakes: Mistakes) -> list[Found]:
    attributes = {"name": path.rsplit("/", 1)[-1] or entry.repository, **captures}
    names = entry.common.envs or ([entry.common.env] if entry.common.env is not None else [captures.get("env", "")])
    found = []
    for text in names:
        environment = fill(text, attributes)
        if environment and not re.fullmatch(NAME, environment):
            place = entry.place_of("env")
            mistakes.add("wrong-value", f"`{environment}` cannot name an environment", place, "like dev or prod")
        found.append(Found(entry, path, environment, attributes | ({"env": environment} if environment else {})))
    return found


def _nothing_matched(entry: Entry, directories: Directories, globs: tuple[str, ...], mistakes: Mistakes) -> None:
    path, place = entry.pattern.text, entry.place_of(entry.format)
    if not entry.pattern.literal:
        mistakes.warn("nothing-matched", f"{entry.label} matches nothing", place, "compare it with the repository")
    elif path in directories.direct and globs:
        message = f"`{path}` holds no {' or '.join(globs)}, so it is no {entry.format} stack"
        mistakes.warn("nothing-matched", message, place, "name the directory that has the root configuration")
    else:
        # No error: a stack whose code is gone is orphaned, and its repository must not stop the others.
        message = f"there is no `{path}` in `{entry.repository}`"
        mistakes.warn("nothing-matched", message, place, suggestion(path, _near(path, directories)))


def _near(path: str, directories: Directories) -> Iterable[str]:
    """Paths of the same depth: there may be very many others."""
    return [other for other in directories.direct if other.count("/") == path.count("/")][:2000]


def _named(found: Iterable[Found], mistakes: Mistakes) -> list[Found]:
    """With their full names; a directory may be matched again only for another environment that is written down."""
    at_path: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        at_path[each.key].append(each)
    named = []
    for key, stacks in sorted(at_path.items()):
        first = stacks[0]
        clash = next((stack for i, stack in enumerate(stacks[1:], 1) if _clashes(stack, stacks[:i])), None)
        if clash:
            both = " and by ".join(f"{each.entry.label} ({each.entry.place})" for each in (first, clash))
            message = f"`{key}` is matched twice: by {both}"
            hint = f"add `except: [{first.path}]` to one of them, or give each its own `env`"
            mistakes.add("matched-twice", message, clash.entry.place, hint)
            stacks = [first]
        for stack in stacks:
            shared = len(stacks) > 1 or stack.entry.common.envs is not None
            name = full_name(stack.entry.repository, stack.path, stack.environment, shared=shared)
            named.append(replace(stack, name=name))
    return named


def _clashes(stack: Found, others: Iterable[Found]) -> bool:
    return any(
        stack.environment == other.environment
        or not (stack.entry.explicit_environment and other.entry.explicit_environment)
        for other in others
    )


def _declare(found: Found, control: Control, source: _Source, mistakes: Mistakes) -> tuple[Found, Declaration] | None:
    entry, known = found.entry, found.entry.known
    if known is None:
        return None
    spec = _spec(found, known, mistakes)
    rules = effective(entry, found.environment, control.rules, mistakes)
    written = [fill(owner, found.attributes) for owner in entry.common.owner]
    named = written or source.owners(found.path, known.files)
    forge = control.repositories[entry.repository].forge
    moved_from = fill(entry.common.moved_from, found.attributes) if entry.common.moved_from else None
    if moved_from and "//" not in moved_from:
        moved_from = f"{entry.repository}//{moved_from}"
    declaration = Declaration(
        name=found.name,
        repository=entry.repository,
        path=found.path,
        format=entry.format,
        driver=known.driver,
        environment=rules.environment,
        spec=spec,
        attributes=found.attributes,
        mode=rules.mode,
        respond=rules.respond,
        owner=tuple(dict.fromkeys(owners.person(each, control.people, forge) for each in named)),
        moved_from=moved_from,
    )
    return found, with_rules(declaration, control, source.drift_ignores)


def _spec(found: Found, known: FormatEntry, mistakes: Mistakes) -> Any:
    try:
        return known.spec.model_validate(fill_all(found.entry.settings, found.attributes))
    except ValidationError as error:
        mistakes.add_validation(error, found.entry.parsed, found.entry.loc, schema_of(known.spec))
        return None
