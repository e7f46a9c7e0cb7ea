"""trueup.yaml of the control repository: text to a checked Control. `expansion` meets it with the trees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from trueup.manifests.alerts import Alert, Notify, alerts_of, check_alerts, notify_of
from trueup.manifests.document import (
    CredentialEntry,
    Document,
    EventsEntry,
    GitCredentials,
    IgnoreEntry,
    RepositoryEntry,
    SeverityEntry,
)
from trueup.manifests.document import CredentialSource as SourceEntry
from trueup.manifests.entries import BUILT_IN, Entry, Scope, read_entries, schema_of
from trueup.manifests.formats import Formats
from trueup.manifests.keys import Match
from trueup.manifests.manifest import (
    CONTROL,
    Context,
    CredentialRule,
    CredentialSource,
    EventSource,
    GitAccess,
    Repository,
)
from trueup.manifests.mistakes import Mistakes, in_order, suggestion
from trueup.manifests.positions import Loc, Parsed, parse
from trueup.manifests.rules import Rules, effective, environments_of
from trueup.model.errors import Invalid, Place
from trueup.model.people import People, Person
from trueup.model.plan import Finding
from trueup.model.values import JSON

_MATCHED = {*BUILT_IN, "repository", "format", "driver", "path"}


@dataclass(frozen=True)
class Control:
    """A governing trueup.yaml without mistakes of its own, not yet compared with any tree."""

    file: str
    formats: Formats
    repositories: Mapping[str, Repository]
    rules: Rules
    entries: tuple[Entry, ...]
    people: People
    contexts: tuple[Context, ...]
    credentials: tuple[CredentialRule, ...]
    alerts: tuple[Alert, ...]
    notify: Notify
    findings: tuple[Finding, ...]
    ignore: tuple[IgnoreEntry, ...] = ()
    severity: tuple[SeverityEntry, ...] = ()
    events: Mapping[str, EventSource] = field(default_factory=dict)

    @property
    def home(self) -> str:
        """Key of the repository that holds this file."""
        return next(key for key, repository in self.repositories.items() if repository.is_control)


def load(text: bytes, file: str, formats: Formats) -> Control:
    """Raises Invalid that names every mistake, each with file, line, column and what was expected."""
    mistakes = Mistakes()
    control = read(text, file, formats, mistakes)
    mistakes.stop_if_any(file)
    if control is None:
        raise Invalid("the file is empty", place=Place(file))
    return control


def read(text: bytes, file: str, formats: Formats, mistakes: Mistakes) -> Control | None:
    """What of the document is right; `mistakes` gets the rest. None when nothing can be read."""
    try:
        parsed = parse(text, file)
    except Invalid as error:
        mistakes.add_error(error)
        return None
    if not isinstance(parsed.value, dict):
        mistakes.add("missing", "expected keys and values", Place(file, 1, 1), "start with `apiVersion: trueup.dev/v1`")
        return None
    document = _document(parsed, mistakes)
    raw_environments = parsed.value.get("environments")
    declared = frozenset(raw_environments) if isinstance(raw_environments, dict) else frozenset()
    repositories = _repositories(document, parsed, mistakes)
    environments = environments_of(document, parsed, mistakes)
    responds = {name: entry.respond for name, entry in document.environments.items() if entry.respond}
    rules = Rules(environments, responds, frozenset(document.people), declared - environments.keys())
    raw_repositories = parsed.value.get("repositories")
    named = frozenset({*repositories, *(raw_repositories if isinstance(raw_repositories, dict) else ())})
    home = next(key for key, repository in repositories.items() if repository.is_control)
    entries = read_entries(Scope(parsed, formats, home, named), mistakes)
    _check_fixed_environments(entries, rules, mistakes)
    _warn_matches(document, entries, parsed, mistakes)
    alerts, notify = alerts_of(document.alerts), notify_of(document.notify)
    check_alerts(alerts, notify, parsed, mistakes)
    return Control(
        file,
        formats,
        repositories,
        rules,
        entries,
        _people(document, parsed, mistakes),
        tuple(Context(entry.match, entry.vars, entry.secrets) for entry in document.contexts),
        tuple(_rule(entry, parsed.place(("credentials", i))) for i, entry in enumerate(document.credentials)),
        alerts,
        notify,
        in_order(mistakes.findings),
        document.ignore,
        document.severity,
        {source: _events(entry) for source, entry in document.events.items()},
    )


def _document(parsed: Parsed, mistakes: Mistakes) -> Document:
    """The document without its wrong parts, so that what depends on the right ones is still checked."""
    try:
        return Document.model_validate(parsed.value)
    except ValidationError as error:
        mistakes.add_validation(error, parsed, (), schema_of(Document))
        remaining = _pruned(parsed.value, [details["loc"] for details in error.errors()])
    return Document.model_validate({**remaining, "apiVersion": "trueup.dev/v1"})


def _pruned(value: JSON, wrong: Iterable[Loc]) -> dict[str, Any]:
    kept = dict(value)
    for loc in wrong:
        section = kept.get(str(loc[0])) if loc else None
        if isinstance(section, dict) and len(loc) > 1:
            kept[str(loc[0])] = {key: child for key, child in section.items() if key != loc[1]}
        elif loc:
            kept.pop(str(loc[0]), None)
    return kept


def _repositories(document: Document, parsed: Parsed, mistakes: Mistakes) -> dict[str, Repository]:
    repositories = {key: _repository(key, entry) for key, entry in document.repositories.items()}
    own = [key for key, repository in repositories.items() if repository.is_control]
    if CONTROL in repositories and own != [CONTROL]:
        place = parsed.key_place(("repositories", CONTROL))
        mistakes.add("reserved", f"`{CONTROL}` is the repository of this file", place, "choose another key")
        del repositories[CONTROL]
    for key in own[1:]:
        place = parsed.key_place(("repositories", key))
        mistakes.add("twice", f"`{own[0]}` and `{key}` are both this repository", place, "keep one of them")
    if not own:
        repositories[CONTROL] = Repository(CONTROL, ".")
    return repositories


def _repository(key: str, entry: RepositoryEntry) -> Repository:
    access = _access(entry.credentials) if entry.credentials else None
    return Repository(key, entry.url, entry.branch, access, entry.forge)


def _access(entry: GitCredentials) -> GitAccess:
    return GitAccess(entry.token, entry.user, entry.ssh_key, entry.known_hosts)


def _rule(entry: CredentialEntry, place: Place) -> CredentialRule:
    if entry.plan or entry.apply:
        plan, apply = (_source(part) if part else None for part in (entry.plan, entry.apply))
    else:
        plan = apply = _source(entry)
    return CredentialRule(entry.match, plan, apply, place, _source(entry.break_glass) if entry.break_glass else None)


def _source(entry: SourceEntry) -> CredentialSource:
    return CredentialSource(
        entry.pass_env,
        entry.profile,
        entry.aws_role,
        entry.external_id,
        entry.web_identity_token_file,
        entry.duration,
    )


def _events(entry: EventsEntry) -> EventSource:
    credentials = _source(entry.credentials) if entry.credentials else None
    return EventSource(entry.queue, entry.region or "", entry.endpoint, credentials, entry.silence)


def _people(document: Document, parsed: Parsed, mistakes: Mistakes) -> People:
    people: list[Person] = []
    claimed: dict[tuple[str, str], str] = {}
    for name, entry in document.people.items():
        names = {kind: tuple(patterns) for kind, patterns in entry.model_dump().items() if patterns}
        for kind, pattern in [(kind, pattern) for kind, patterns in names.items() for pattern in patterns]:
            other = claimed.setdefault((kind, pattern.casefold()), name)
            if other != name:
                place = parsed.place(("people", name, kind))
                mistakes.add("twice", f"`{pattern}` is already {other}", place, "one name means one person")
        people.append(Person(name, names))
    return People(tuple(people))


def _check_fixed_environments(entries: Iterable[Entry], rules: Rules, mistakes: Mistakes) -> None:
    """Entries that say their environment: what they ask for can be judged without a tree."""
    for entry in entries:
        for environment in entry.common.envs or ([entry.common.env] if entry.common.env else []):
            if "{" not in environment:
                effective(entry, environment, rules, mistakes)


def _warn_matches(document: Document, entries: Iterable[Entry], parsed: Parsed, mistakes: Mistakes) -> None:
    known = _MATCHED.union(*(entry.pattern.captures for entry in entries))
    sections: dict[str, list[Match]] = {
        "credentials": [entry.match for entry in document.credentials],
        "contexts": [entry.match for entry in document.contexts],
    }
    for section, wanted in sections.items():
        for index, match in enumerate(wanted):
            for key in [key for key in match if key not in known]:
                place = parsed.key_place((section, index, "match", key))
                mistakes.warn("unknown-attribute", f"no entry here captures `{key}`", place, suggestion(key, known))
