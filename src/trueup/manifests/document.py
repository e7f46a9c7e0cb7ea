"""trueup.yaml as pydantic models: where its bytes become values. Keys are camelCase, as people type them."""

from datetime import date, timedelta
from typing import Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from trueup.manifests.alert_entries import AlertEntry, EscalateEntry, NotifyEntry
from trueup.manifests.keys import Duration, Match, Name, Part, Reference, Texts, Variable
from trueup.model.severity import Severity
from trueup.model.stack import Confinement, Mode, Respond

API_VERSION: Literal["trueup.dev/v1"] = "trueup.dev/v1"


class GitCredentials(Part):
    """How Git reads (and pushes to) a repository: a token or an SSH key, by reference."""

    token: Reference | None = Field(None, description="A forge's token, for https.")
    user: str = Field("x-access-token", description="What the forge wants in front of the token.")
    ssh_key: Reference | None = Field(None, description="A private key, for ssh.")
    known_hosts: Reference | None = Field(None, description="The host's lines for ssh, checked with its owner.")

    @model_validator(mode="after")
    def _one(self) -> "GitCredentials":
        if (self.token is None) == (self.ssh_key is None):
            raise PydanticCustomError("one", "give either `token` or `sshKey`")
        return self


class RepositoryEntry(Part):
    """One Git repository that holds stacks."""

    url: str = Field(min_length=1, description="Where it is; `.` is the repository of this very file.")
    branch: str = Field("main", pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$", description="What is delivered.")
    credentials: GitCredentials | None = None
    forge: Literal["local", "github", "gitlab", "gitea"] = Field("local", description="The host of change requests.")


class ApproveEntry(Part):
    """Who must agree before an apply."""

    count: StrictInt | None = Field(None, ge=0, le=20, description="People; 1 in a critical environment, else 0.")
    people: Texts = Field(("anyone",), alias="from", description="owners, anyone, or names from `people:`.")
    destroy: StrictInt | None = Field(None, ge=0, le=20, description="People for a plan that destroys or replaces.")


class BreakGlassEntry(Part):
    """Changing the live system by hand for a while."""

    ttl: Duration | None = Field(None, description="How long, unless the person says otherwise: like 30m.")
    longest: Duration | None = Field(None, description="The longest that may be asked for; 4h at most.")
    second: StrictBool = Field(False, description="A second person has to confirm.")


class EnvironmentEntry(Part):
    """The rules of one environment. One that is not declared counts as critical, and is only observed."""

    critical: StrictBool = Field(False, description="No automatic revert, and a person's approval for every apply.")
    mode: Mode | None = Field(None, description="observe, propose or deliver.")
    respond: Respond | None = Field(None, description="What drift leads to by itself.")
    checks: Duration | None = Field(None, description="Time between two checks, like 30m.")
    deadline: Duration = Field(timedelta(hours=48), description="How long a drift may stay open, like 48h.")
    escalate_after: EscalateEntry | None = None
    approve: ApproveEntry | None = None
    reverts_per_hour: StrictInt | None = Field(None, ge=0, le=1000, description="Automatic reverts; 0: none.")
    break_glass: BreakGlassEntry | None = None
    sandbox: Confinement | None = Field(
        None,
        description="Whether bubblewrap keeps this machine from what plans run: required (in a critical environment), "
        "preferred (elsewhere), off.",
    )


class CredentialSource(Part):
    """Where a subprocess' credentials come from."""

    pass_env: Texts = Field((), description="Names (or globs) of variables of Trueup's own process to hand on.")
    profile: str | None = Field(None, description="A profile of the AWS configuration.")
    aws_role: str | None = Field(None, pattern=r"^arn:[a-z-]+:iam::", description="A role to assume by STS.")
    external_id: str | None = Field(None, description="The external id that the role's trust asks for.")
    web_identity_token_file: str | None = Field(None, description="Assume the role with this token, not ambiently.")
    duration: Duration = Field(timedelta(hours=1), description="How long an assumed role lasts.")

    @model_validator(mode="after")
    def _role(self) -> "CredentialSource":
        if self.aws_role is None and (self.external_id or self.web_identity_token_file):
            raise PydanticCustomError("role", "`externalId` and `webIdentityTokenFile` belong to an `awsRole`")
        if self.aws_role and not timedelta(minutes=15) <= self.duration <= timedelta(hours=12):
            raise PydanticCustomError("role", "an assumed role lasts between 15m and 12h")
        return self


class CredentialEntry(CredentialSource):
    """Credentials for the stacks that match; of several entries that match the last one counts, as a whole."""

    match: Match = Field(default_factory=dict)
    plan: CredentialSource | None = Field(None, description="Reads only.")
    apply: CredentialSource | None = Field(None, description="Writes; never given to a plan or a check.")
    break_glass: CredentialSource | None = Field(None, description="For people under break-glass: an `awsRole`.")

    @model_validator(mode="after")
    def _one_form(self) -> "CredentialEntry":
        split = bool(self.plan or self.apply)
        bare = bool(self.model_fields_set - {"match", "plan", "apply", "break_glass"})
        if split == bare:
            raise PydanticCustomError("one", "give either `plan:` and `apply:`, or one source that serves both")
        if self.break_glass and not self.break_glass.aws_role:
            raise PydanticCustomError("one", "`breakGlass:` names an `awsRole`: its sessions carry the person's name")
        if self.apply and not self.plan:
            raise PydanticCustomError("one", "`apply:` without `plan:`: plans and checks need credentials as well")
        return self


class ContextEntry(Part):
    """Variables for the stacks that match; all entries that match are merged, later ones win."""

    match: Match = Field(default_factory=dict)
    vars: dict[Variable, str] = Field(
        default_factory=dict, description="Values; `{env}` and other captures are filled."
    )
    secrets: dict[Variable, Reference] = Field(default_factory=dict, description="References to secrets.")


class PersonEntry(Part):
    """One human being's names elsewhere; `*` and `?` are wildcards."""

    email: Texts = ()
    forge: Texts = ()
    local: Texts = ()
    github: Texts = ()
    gitlab: Texts = ()
    gitea: Texts = ()
    aws: Texts = ()
    gcp: Texts = ()
    azure: Texts = ()
    oidc: Texts = ()
    os: Texts = ()
    database: Texts = ()
    kubernetes: Texts = ()
    slack: Texts = ()


class SeverityMatch(Part):
    """Which deviations: everything that is named must match; `*` and `?` are wildcards."""

    type: Texts = Field((), description="Types of resources, like aws_db_instance.")
    address: Texts = Field((), description="Addresses, like module.db.*")
    path: Texts = Field((), description="Paths inside of the resource, like tags.* or ingress.*")
    env: Texts = Field((), description="Environments.")
    stack: Texts = Field((), description="Full names of stacks.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise PydanticCustomError("something", "it matches everything: name a type, address or path")
        return self


class SeverityEntry(Part):
    """How much a deviation matters, where the built-in table says otherwise; the last entry that matches counts."""

    match: SeverityMatch
    is_: Severity = Field(alias="is", description="minor or structural.")


class IgnoreMatch(SeverityMatch):
    """The same, and by whom."""

    provider: Texts = Field((), description="The first word of the resource's type, like aws.")
    actor: Texts = Field((), description="Who did it: a name of `people:`, or the cloud's own name.")


class IgnoreEntry(Part):
    """Drift that nobody needs to know of. An apply that would undo it is blocked all the same."""

    match: IgnoreMatch
    reason: str = Field(min_length=1, description="Why nobody needs to know.")
    until: date | None = Field(None, description='The last day, like "2026-12-24".')


class StackEntry(Part):
    """The keys that an entry of `stacks:` may have whatever its format is."""

    env: str | None = Field(None, description="The environment, when the path does not capture `{env}`.")
    envs: tuple[Name, ...] | None = Field(None, min_length=1, description="One stack for each, in one directory.")
    exclude: Texts = Field((), alias="except", description="Paths (or globs) that the pattern leaves out.")
    mode: Mode | None = Field(None, description="observe, propose or deliver.")
    respond: Respond | None = Field(None, description="What drift leads to by itself.")
    checks: Duration | None = Field(None, description="Time between two checks, like 30m.")
    deadline: Duration | None = Field(None, description="How long a drift may stay open, like 48h.")
    escalate_after: EscalateEntry | None = None
    approve: ApproveEntry | None = None
    owner: Texts = Field((), description="Who owns it; without it CODEOWNERS says.")
    depends_on: Texts = Field((), description="Stacks that deliver first: `networking-{env}`, or a full name.")
    inputs: dict[Variable, str] = Field(default_factory=dict, description="Other stacks' outputs: `STACK.OUTPUT`.")
    moved_from: str | None = Field(None, description="Its earlier path or name; the stack keeps its books.")


GOVERNING = ("mode", "respond", "checks", "deadline", "escalateAfter", "approve")
"""Keys of an entry that only the control repository may set."""


class EventsEntry(Part):
    """Where the log of one live system is heard. Without a queue it is posted to the API."""

    queue: str | None = Field(None, pattern=r"^https?://", description="URL of an SQS queue to fetch from.")
    region: str | None = Field(None, description="Of the queue, like eu-central-1.")
    endpoint: str | None = Field(None, pattern=r"^https?://", description="Where SQS answers, when not at AWS.")
    credentials: CredentialSource | None = Field(None, description="May receive and delete messages there.")
    silence: Duration | None = Field(None, description="Silent for longer is an alarm, like 1h.")

    @model_validator(mode="after")
    def _whole(self) -> "EventsEntry":
        if self.queue is None and (self.region or self.endpoint or self.credentials):
            raise PydanticCustomError("queue", "`region`, `endpoint` and `credentials` belong to a `queue`")
        if self.queue is not None and self.region is None:
            raise PydanticCustomError("queue", "a `queue` needs its `region`")
        return self


class Document(Part):
    """trueup.yaml of the control repository."""

    api_version: Literal["trueup.dev/v1"] = Field(description=f"Write `apiVersion: {API_VERSION}`.")
    mode: Mode = Field(Mode.OBSERVE, description="The default of environments that set none.")
    repositories: dict[Name, RepositoryEntry] = Field(default_factory=dict)
    stacks: tuple[dict[str, Any], ...] = ()
    environments: dict[Name, EnvironmentEntry] = Field(default_factory=dict)
    credentials: tuple[CredentialEntry, ...] = ()
    contexts: tuple[ContextEntry, ...] = ()
    people: dict[str, PersonEntry] = Field(default_factory=dict)
    alerts: tuple[AlertEntry, ...] = ()
    ignore: tuple[IgnoreEntry, ...] = ()
    severity: tuple[SeverityEntry, ...] = ()
    events: dict[Literal["aws"], EventsEntry] = Field(default_factory=dict)
    notify: NotifyEntry = Field(default_factory=lambda: NotifyEntry.model_validate({}))


class LayoutDocument(Part):
    """trueup.yaml of any other repository: where its stacks are, and nothing else."""

    api_version: Literal["trueup.dev/v1"] = API_VERSION
    stacks: tuple[dict[str, Any], ...] = ()
