"""A job's configuration, checked, and the octoDNS that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trueup.drivers.dns.client import Client
from trueup.drivers.dns.configuration.checks import check, deviations
from trueup.drivers.dns.configuration.config import Config, read
from trueup.drivers.dns.configuration.files import closure_of, placed
from trueup.drivers.dns.configuration.own import own_config
from trueup.drivers.dns.signal import served
from trueup.drivers.dns.spec import DnsSpec, OctodnsSpec, ZonesSpec
from trueup.drivers.dns.token import Provider, Question, token_of
from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Refused
from trueup.model.plan import LiveIdentity
from trueup.model.values import JSON, Digest
from trueup.ports.driver import Job
from trueup.ports.tree import Tree


@dataclass(frozen=True)
class Root:
    """A stack's configuration and all of its files."""

    config: Config
    closure: Closure


@dataclass(frozen=True)
class Prepared:
    job: Job[Any]
    root: Root
    client: Client

    @property
    def config(self) -> Config:
        return self.root.config

    @property
    def spec(self) -> DnsSpec:
        spec: DnsSpec = self.job.spec
        return spec


def providers_of(config: Config) -> Mapping[str, Provider]:
    """As they are asked beside octoDNS: for serials, and for what it cannot see."""
    return {name: Provider(block.class_name, block.settings) for name, block in config.providers.items()}


def inputs_of(job: Job[Any], config: Config, secrets: Mapping[str, str]) -> Digest:
    """Of every variable that the configuration takes, and of the spec; keyed."""
    names = sorted({*config.variables, *config.secrets})
    given = {name: job.environment.get(name, "") for name in names} | dict(secrets)
    return Digest(f"keyed:{job.hash_secret([given, job.spec.model_dump(mode='json'), job.destroy])}")


def token(job: Job[Any], root: Root) -> LiveIdentity:
    """Of the zones that were settled. Raises Invalid, Rejected, Unavailable."""
    config, secrets = _resolved(job, root.config)
    question = Question(
        zones=served(job.settled() or {}),
        providers=providers_of(config),
        environment={**job.environment, **secrets},
        nameservers=job.spec.nameservers,
        basis=[root.closure.digest, inputs_of(job, config, secrets)],
    )
    return token_of(question)


def read_root(tree: Tree, path: str, spec: DnsSpec) -> Root:
    """Offline. Raises Invalid with file and line."""
    config = config_of(tree, path, spec)
    check(config, spec.allow)
    config = placed(config, tree, spec.workdir if isinstance(spec, OctodnsSpec) else "")
    return Root(config, closure_of(config, tree))


def config_of(tree: Tree, path: str, spec: DnsSpec) -> Config:
    match spec:
        case ZonesSpec():
            return own_config(tree, path.strip("/"), spec)
        case _:
            return read(tree, path.strip("/"))


def prepare(job: Job[Any], root: Root) -> Prepared:
    """Raises Refused for a proposal that would run other code or use other secrets than the default branch does,
    before anything of it runs."""
    if job.purpose == "proposal" and not root.config.own:
        _require_agreed(job, root.config)
    config, secrets = _resolved(job, root.config)
    client = Client(job, config, root.closure, secrets)
    client.lay_out()
    return Prepared(job, replace(root, config=config), client)


def _require_agreed(job: Job[Any], config: Config) -> None:
    tree = job.agreed()
    if tree is None:
        return
    try:
        agreed = read(tree, job.path.strip("/"))
    except Invalid:
        agreed = None
    found = deviations(config, agreed)
    if found:
        first, *others = found
        lines = "; ".join([first.what, *(f"{each.place}: {each.what}" for each in others)])
        raise Refused(
            f"{lines}: that decides what octoDNS runs or which secrets it uses, so the proposal is not run",
            place=first.place,
            hint="merge such a change by itself first, after reading it, then plan the zones; or bring a branch that "
            "is behind up to date",
        )


def _resolved(job: Job[Any], config: Config) -> tuple[Config, Mapping[str, str]]:
    """Secret references in the provider's block of a plain directory (`file:/run/secrets/key`) become variables of the
    subprocess: no secret is written to a file."""
    if not config.own:
        return config, {}
    secrets: dict[str, str] = {}
    named: dict[str, str] = {}

    def hidden(value: JSON) -> JSON:
        if isinstance(value, Mapping):
            return {key: hidden(child) for key, child in value.items()}
        if isinstance(value, str) and value not in named and (behind := job.secret(value)) != value:
            named[value] = f"OCTODNS_SECRET_{len(named) + 1}"
            secrets[named[value]] = behind
        return f"env/{named[value]}" if isinstance(value, str) and value in named else value

    document = {**config.document, "providers": hidden(config.document["providers"])}
    blocks = tuple(
        replace(block, settings={key: hidden(value) for key, value in block.settings.items()})
        if block.section == "providers"
        else block
        for block in config.blocks
    )
    return replace(config, document=document, blocks=blocks), secrets
