"""Manifest: what the control repository declares, as frozen values, before and after it met the trees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from trueup.manifests.alerts import Alert, Notify
from trueup.model.errors import Place
from trueup.model.people import People
from trueup.model.plan import Finding
from trueup.model.stack import ApprovalPolicy, Declaration, Environment, Mode

CONTROL = "control"
"""Key of the repository that holds the governing trueup.yaml, unless an entry with `url: .` names it."""

Matches = Mapping[str, tuple[str, ...]]
"""Attribute to globs; all attributes must match."""


@dataclass(frozen=True)
class GitAccess:
    """References to secrets, never the secrets."""

    token: str | None = None
    user: str = "x-access-token"
    ssh_key: str | None = None
    known_hosts: str | None = None


@dataclass(frozen=True)
class Repository:
    key: str
    url: str
    """`.` is the control repository itself."""
    branch: str = "main"
    access: GitAccess | None = None
    forge: str = "local"

    @property
    def is_control(self) -> bool:
        return self.url == "."


@dataclass(frozen=True)
class CredentialSource:
    pass_env: tuple[str, ...] = ()
    profile: str | None = None
    aws_role: str | None = None
    external_id: str | None = None
    web_identity_token_file: str | None = None
    duration: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class CredentialRule:
    """Of several that match a stack the last one counts, as a whole."""

    match: Matches
    plan: CredentialSource | None
    apply: CredentialSource | None
    place: Place | None = None
    break_glass: CredentialSource | None = None


@dataclass(frozen=True)
class EventSource:
    """Where the log of one live system is heard."""

    queue: str | None = None
    """None: it is posted to the API."""
    region: str = ""
    endpoint: str | None = None
    credentials: CredentialSource | None = None
    """None: those of Trueup's own process."""
    silence: timedelta | None = None
    """None: the installation's own setting."""


@dataclass(frozen=True)
class Context:
    """Of several that match a stack all are merged, later ones win."""

    match: Matches
    variables: Mapping[str, str] = field(default_factory=dict)
    """With captures still to be filled."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variable to reference."""


@dataclass(frozen=True)
class Unavailable:
    """A stack that is declared and whose driver is not installed here."""

    name: str
    format: str
    place: Place | None = None


@dataclass(frozen=True)
class Manifest:
    repositories: Mapping[str, Repository]
    declarations: tuple[Declaration, ...]
    """Sorted by name; their dependencies exist and have no cycle."""
    environments: Mapping[str, Environment]
    """Declared ones; `environment()` also knows the others."""
    people: People
    contexts: tuple[Context, ...] = ()
    credentials: tuple[CredentialRule, ...] = ()
    alerts: tuple[Alert, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    unread: frozenset[str] = frozenset()
    """Repositories whose tree was not handed in, or whose layout is wrong: that stacks are missing means nothing."""
    findings: tuple[Finding, ...] = ()
    """What a person should know. One that stops has only stopped the repository whose layout it is about."""
    notify: Notify = field(default_factory=Notify)
    events: Mapping[str, EventSource] = field(default_factory=dict)
    """By source: `aws`."""

    @cached_property
    def _by_name(self) -> Mapping[str, Declaration]:
        return {declaration.name: declaration for declaration in self.declarations}

    def declaration(self, name: str) -> Declaration | None:
        return self._by_name.get(name)

    def environment(self, name: str) -> Environment:
        """One that nobody declared is critical and only observed."""
        return self.environments.get(name) or undeclared(name)


def undeclared(name: str) -> Environment:
    return Environment(name, critical=True, mode=Mode.OBSERVE, approve=ApprovalPolicy(count=1))


def attributes_of(declaration: Declaration) -> Mapping[str, str]:
    """What `match:` may name: the captures, env and name, and where the stack is."""
    return {
        **declaration.attributes,
        "repository": declaration.repository,
        "format": declaration.format,
        "driver": declaration.driver,
        "path": declaration.path,
    }
