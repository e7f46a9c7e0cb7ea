"""Files: the migrations of one stack out of a tree, with what is wrong with them and where."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trueup.drivers.database.migrations import locations, scripts
from trueup.drivers.database.migrations.checksums import checksum
from trueup.drivers.database.migrations.configuration import configured
from trueup.drivers.database.migrations.migrations import Callback, Kind, Migration, Migrations, in_order
from trueup.drivers.database.migrations.names import Name, parse_name
from trueup.drivers.database.migrations.placeholders import declared, fill
from trueup.drivers.database.migrations.scripts import ScriptSettings
from trueup.drivers.database.migrations.settings import Settings
from trueup.drivers.database.spec import MigrationsSpec
from trueup.model.address import Address
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding
from trueup.model.tree import TreeEntry
from trueup.ports.tree import Tree

OWN_SETTINGS = ".conf"


def read_migrations(tree: Tree, path: str, spec: MigrationsSpec, values: Mapping[str, str] | None = None) -> Migrations:
    """`values` are those of all placeholders (see placeholders.values); None: offline, where secrets and the
    database's own names are not known, so that texts keep such placeholders. Raises Invalid with file and line for
    configuration that cannot be read; what is wrong with single files is in the findings, and those stop."""
    path = path.strip("/")
    if not any(True for _ in tree.entries(path)):
        raise Invalid("there is no such directory", place=Place(path), hint="name one below `stacks:` of trueup.yaml")
    found = configured(tree, path, spec)
    reader = _Reader(tree, found.settings, values)
    for location in (*found.settings.locations, *found.settings.callback_locations):
        reader.take(location, only_callbacks=location not in found.settings.locations)
    files = in_order(reader.files)
    findings = [*found.findings, *reader.findings, *_duplicates(files)]
    if not files:
        findings.append(
            Finding(
                "no-migrations", "there is no migration in this directory yet", Place(path), hint=_hint(found.settings)
            )
        )
    callbacks = sorted(reader.callbacks, key=lambda each: (each.event, each.description.encode("utf-16-be")))
    read = tuple(sorted({*found.read, *reader.read}))
    return Migrations(found.settings, _once(files), tuple(callbacks), tuple(findings), read)


@dataclass
class _Reader:
    """One walk over the files of a stack."""

    tree: Tree
    settings: Settings
    values: Mapping[str, str] | None
    files: list[Migration] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def take(self, location: str, *, only_callbacks: bool) -> None:
        entries = {
            entry.path: entry
            for entry in self.tree.entries(locations.root_of(location))
            if locations.holds(location, entry.path)
        }
        for entry in entries.values():
            name = self._name(entry)
            if name is None or (only_callbacks and not name.event):
                continue
            try:
                self._take(entry, name, posixpath.relpath(entry.path, locations.root_of(location) or "."), entries)
            except Invalid as error:
                self.findings.append(stopping(error, entry.path))

    def _name(self, entry: TreeEntry) -> Name | None:
        try:
            return parse_name(posixpath.basename(entry.path), self.settings)
        except Invalid as error:
            strict = self.settings.validate_naming
            message = error.message if strict else f"{error.message}; it is never run"
            self.findings.append(Finding("naming", message, Place(entry.path), error.hint, stops=strict))
            return None

    def _take(self, entry: TreeEntry, name: Name, script: str, entries: Mapping[str, TreeEntry]) -> None:
        if entry.link:
            raise Invalid("this is a symbolic link, which is not followed", hint="commit the file itself")
        content = self.tree.read(entry.path)
        self.read.append(entry.path)
        own = ScriptSettings()
        if (beside := f"{entry.path}{OWN_SETTINGS}") in entries:
            self.read.append(beside)
            own = scripts.beside(self.tree.read(beside), beside)
        text = scripts.text_of(content, own.encoding or self.settings.encoding, entry.path)
        own = scripts.with_comments(own, text, entry.path)
        replaces = self.settings.placeholder_replacement
        if own.placeholder_replacement is not None:
            replaces = own.placeholder_replacement
        filled = self._filled(text, entry.path) if replaces else _Text(text)
        if name.kind is None:
            if "Statement" in name.event:
                message = f"{name.event} is not run: Trueup runs callbacks around migrations, not around statements"
                self.findings.append(Finding("callback-not-run", message, Place(entry.path)))
            sql = filled.text.removeprefix("\ufeff")
            self.callbacks.append(Callback(name.event, name.description, entry.path, sql))
            return
        raw = checksum(text)
        stored: int | None = raw
        if name.kind is Kind.REPEATABLE and replaces:
            stored = checksum(filled.text) if filled.known else None
        self.files.append(
            Migration(
                name.kind,
                name.version,
                name.description,
                script,
                entry.path,
                filled.text.removeprefix("\ufeff"),
                stored,
                frozenset({raw} if stored is None else {raw, stored}),
                own.in_transaction,
                self._executes(own),
                content,
                text,
            )
        )

    def _filled(self, text: str, path: str) -> "_Text":
        plain, later = declared(self.settings) if self.values is None else (self.values, frozenset[str]())
        filename = f"flyway{self.settings.placeholder_separator}filename"
        known = {**plain, filename: posixpath.basename(path)}
        filled = fill(text, known, self.settings, Place(path), later)
        return _Text(filled.text, not filled.open)

    def _executes(self, own: ScriptSettings) -> bool:
        if own.executes is None:
            return True
        filled = self._filled(own.executes.value, own.executes.place.file)
        # Offline a condition may stay open; the plan decides it.
        return scripts.executes(filled.text, own.executes.place) if filled.known else True


@dataclass(frozen=True)
class _Text:
    text: str
    known: bool = True
    """No placeholder stayed."""


def _duplicates(files: Iterable[Migration]) -> Iterator[Finding]:
    """A rollback and a baseline may have the version of a versioned file; two of one kind may not."""
    same: dict[tuple[Kind, Address], list[Migration]] = defaultdict(list)
    for each in files:
        same[each.kind, each.address].append(each)
    for (kind, _), (first, *others) in same.items():
        for other in others:
            what = f"version {first.version}" if first.version else f"description `{first.description}`"
            yield Finding(
                "duplicate-version" if first.version else "duplicate-repeatable",
                f"{first.path} is a {kind} migration of the same {what}",
                other.place,
                hint="give the one that was applied nowhere yet another number"
                if first.version
                else "rename one of them: a repeatable is known by its description",
                stops=True,
            )


def _once(files: Iterable[Migration]) -> tuple[Migration, ...]:
    """The first of each: nothing is resolved with two of one name."""
    return tuple({(each.kind, each.address): each for each in reversed(tuple(files))}.values())[::-1]


def stopping(error: Invalid, path: str) -> Finding:
    """That a file cannot be read, among everything else that is wrong."""
    return Finding("bad-migration", error.message, error.place or Place(path), error.hint, stops=True)


def _hint(settings: Settings) -> str:
    return (
        "name files like `001_create_users_table.sql`" if settings.plain else "name files like `V1__create_users.sql`"
    )
