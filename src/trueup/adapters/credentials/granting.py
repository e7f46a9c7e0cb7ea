"""Granting: the whole environment of a stack's subprocesses, built from nothing by the manifest's rules."""

import hashlib
import os
import re
import stat
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from trueup.manifests.manifest import Context, CredentialRule, CredentialSource, attributes_of
from trueup.manifests.patterns import fill, matches
from trueup.model.errors import Invalid, Refused
from trueup.model.stack import Declaration, Mode
from trueup.ports.credentials import Granted, Lent, Secrets
from trueup.system.clock import Clock
from trueup.system.git_access import access
from trueup.system.remotes import Remote

Right = Literal["plan", "apply"]

_NETWORK = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"),
)
_OURS = "TRUEUP_*"
"""Never handed on, whatever `passEnv` says: our keys and tokens are among them."""
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|PRIVATE|CREDENTIAL|API_?KEY|AUTH", re.IGNORECASE)
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_HARMLESS = re.compile(r"(_FILE|_PATH|_URL|_URI|_REGION|_SOCK)$", re.IGNORECASE)


class AssumedRoles:
    """Keeps assumed roles while manifests come and go. boto3 is optional, and slow to import: it is loaded when the
    first role is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._module: Any = None
        self._roles: Any = None

    def assume(
        self,
        source: CredentialSource,
        role: str,
        session: str,
        said: Mapping[str, str],
        *,
        ambient: Mapping[str, str],
        clock: Clock,
        until: datetime | None = None,
    ) -> tuple[dict[str, str], str]:
        """Variables with the role's keys, and whom the cloud will see. `said` tells region and endpoint. With
        `until` the keys are new ones that are good for nothing after that moment."""
        with self._lock:
            if self._roles is None:
                self._module = _boto3_module()
                self._roles = self._module.Roles(clock)
        region = said.get("AWS_REGION") or said.get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = said.get("AWS_ENDPOINT_URL_STS") or said.get("AWS_ENDPOINT_URL")
        sts = self._module.Sts(region, endpoint, ambient)
        if until is None:
            keys = self._roles.assume(source, role, session, sts)
        else:
            keys = self._roles.lend(source, role, session, sts, until)
        return dict(zip(_KEYS, (keys.access_key, keys.secret_key, keys.token), strict=True)), keys.identity


def _boto3_module() -> Any:
    try:
        return import_module("trueup.adapters.credentials.roles")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("boto3", "botocore"):
            raise
        raise Invalid("`awsRole` needs boto3", hint="pip install 'trueup[aws]'") from None


@dataclass(frozen=True)
class Surroundings:
    """What of this machine a grant may draw on."""

    environment: Mapping[str, str] = field(repr=False)
    """Of Trueup's own process."""
    homes: Path
    """A private directory below which every stack gets a HOME and a TMPDIR for each right."""
    roles: AssumedRoles = field(default_factory=AssumedRoles)


class Granting:
    """Implements `ports.credentials.Credentials` for one manifest. Of several credential rules that match a stack
    the last one counts, as a whole; contexts are merged, later ones win. What contexts say wins over `passEnv`,
    and what an assumed role or a profile brings wins over both. The way into the stack's own repository is also the
    way to private modules: a token for its host alone, a key for wherever it is accepted."""

    def __init__(
        self,
        rules: Sequence[CredentialRule],
        contexts: Sequence[Context],
        secrets: Secrets,
        surroundings: Surroundings,
        clock: Clock,
        remote_of: Callable[[str], Remote | None] = lambda _: None,
    ) -> None:
        """`remote_of`: a repository's key to where it is, with its credential."""
        self._rules = rules
        self._remote_of = remote_of
        self._contexts = contexts
        self._secrets = secrets
        self._around = surroundings
        self._sts = partial(surroundings.roles.assume, ambient=surroundings.environment, clock=clock)

    def grant(self, stack: Declaration, right: Right, session: str) -> Granted:
        source = self._source(stack, right)
        attributes = attributes_of(stack)
        environment = self._bare(stack, right)
        secrets: set[str] = set()
        remote = self._remote_of(stack.repository)
        if remote is not None and remote.credential is not None:
            environment |= access(remote, Path(environment["HOME"]) / "git-access")
            secrets |= remote.credential.secrets
        passed = self._passed(source.pass_env)
        environment |= passed
        secrets |= {value for name, value in passed.items() if _is_secret(name)}
        for context in self._contexts:
            if matches(context.match, attributes):
                environment |= {name: fill(text, attributes) for name, text in context.variables.items()}
                resolved = {name: self._resolved(text, attributes) for name, text in context.secrets.items()}
                environment |= resolved
                secrets |= set(resolved.values())
        identity = ""
        if source.profile:
            identity = f"profile {source.profile}"
            environment |= self._profile(source.profile)
        if source.aws_role:
            role, said = fill(source.aws_role, attributes), {**self._around.environment, **environment}
            keys, identity = self._sts(source, role, session, said)
            environment.pop("AWS_PROFILE", None)
            environment |= keys
            secrets |= {keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"]}
        return Granted(environment, frozenset(secret for secret in secrets if secret), identity)

    def lend(self, stack: Declaration, session: str, until: datetime) -> Lent:
        rule = self._rule(stack)
        source = rule.break_glass if rule else None
        if source is None or source.aws_role is None:
            hint = "add `breakGlass: {awsRole: ...}` beside `plan:` and `apply:` of the entry that matches it"
            raise Refused(f"no break-glass role is configured for `{stack.name}`", hint=hint)
        attributes = attributes_of(stack)
        told = {
            name: fill(text, attributes)
            for context in self._contexts
            if matches(context.match, attributes)
            for name, text in context.variables.items()
            if name.startswith("AWS_") and name not in ("AWS_PROFILE", *_KEYS)
        }
        role, said = fill(source.aws_role, attributes), {**self._around.environment, **told}
        keys, identity = self._sts(source, role, session, said, until=until)
        region = told.get("AWS_REGION") or told.get("AWS_DEFAULT_REGION")
        # Half of AWS's own tools read the one, half the other.
        both = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
        return Lent({**told, **both, **keys}, identity, role, until)

    def _rule(self, stack: Declaration) -> CredentialRule | None:
        return next((rule for rule in reversed(self._rules) if matches(rule.match, attributes_of(stack))), None)

    def _source(self, stack: Declaration, right: Right) -> CredentialSource:
        """Raises Refused when an apply has no credentials of its own, or may have none."""
        if right == "apply" and stack.mode is not Mode.DELIVER:
            message = f"`{stack.name}` has mode {stack.mode}: it gets no credentials that may write"
            raise Refused(message, hint="set `mode: deliver` for it or its environment in the control repository")
        rule = self._rule(stack)
        source = (rule.plan if right == "plan" else rule.apply) if rule else None
        if source is None and right == "apply":
            hint = "add an entry below `credentials:` that matches it and has `apply:`"
            raise Refused(f"nothing is configured for applying `{stack.name}`", hint=hint)
        return source or CredentialSource()

    def _bare(self, stack: Declaration, right: Right) -> dict[str, str]:
        """A home for each stack and right: what a plan leaves there must not act in an apply."""
        own = self._around.environment
        mark = hashlib.sha256(f"{self._around.homes}\n{stack.name}\n{right}".encode()).hexdigest()[:12]
        home = self._around.homes / f"{mark}-{right}"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.chmod(0o700)
        return {
            "PATH": own.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "TMPDIR": str(_private(Path(tempfile.gettempdir()) / f"trueup-{mark}")),
            **{name: own[name] for name in _NETWORK if name in own},
        }

    def _passed(self, globs: Sequence[str]) -> dict[str, str]:
        return {
            name: value
            for name, value in self._around.environment.items()
            if any(fnmatchcase(name, glob) for glob in globs) and not fnmatchcase(name, _OURS)
        }

    def _resolved(self, reference: str, attributes: Mapping[str, str]) -> str:
        return self._secrets.resolve(fill(reference, attributes))

    def _profile(self, profile: str) -> dict[str, str]:
        """The AWS configuration of the person or machine that Trueup runs as: HOME is another one."""
        own = self._around.environment
        files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
        usual = {name: str(Path(own["HOME"], ".aws", file)) for name, file in files.items()} if "HOME" in own else {}
        given = {name: own[name] for name in files if name in own}
        return {"AWS_PROFILE": profile, "AWS_SDK_LOAD_CONFIG": "1", **usual, **given}


def _private(directory: Path) -> Path:
    """Short, because providers put a socket there and its path may have 107 bytes; ours alone, because others can
    write beside it. Raises Refused."""
    directory.mkdir(exist_ok=True, mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Refused(
            f"{directory} is not a private directory of ours", hint=f"look who made it, then: rm -r {directory}"
        )
    return directory


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)
