"""Tools of the DNS driver: `trueup dns lint|import|diff`."""

from collections.abc import Iterable, Mapping, Sequence

from trueup.drivers.dns.prepared import Prepared
from trueup.drivers.dns.servers import diff
from trueup.drivers.dns.servers.dangling import Dangling
from trueup.drivers.dns.signal import named
from trueup.drivers.dns.zonefiles import imports, lint
from trueup.model.errors import Invalid
from trueup.model.plan import Finding
from trueup.ports.driver import Told, Tool

TOOLS: Mapping[str, Tool] = {
    "lint": Tool("Names every mistake in the zone files at its line, and names that lead nowhere."),
    "import": Tool(
        "Writes the zone file of a zone that is live.",
        {"zone": "with its last dot", "provider": "a provider of the configuration"},
    ),
    "diff": Tool(
        "Compares what a name server answers with what the code says.",
        {"nameserver": "a name or an address, perhaps with @PORT", "zone": "only this one"},
    ),
}


def use(prepared: Prepared, tool: str, arguments: Mapping[str, str], dangling: Dangling) -> Told:
    """Raises Invalid, Rejected, Unavailable."""
    match tool:
        case "lint":
            return _lint(prepared, dangling)
        case "import":
            return _import(prepared, arguments)
        case _:
            return _diff(prepared, arguments)


def _lint(prepared: Prepared, dangling: Dangling) -> Told:
    """The files alone first: what octoDNS refuses may keep it from planning at all."""
    found = list(lint.findings(prepared.config, prepared.job.tree))
    try:
        found += dangling.findings(prepared.client.plan().zones)
    except Invalid as error:
        found.append(Finding("octodns", error.message, error.place, error.hint, stops=True))
    return Told(_listed(found), [_as_data(each) for each in found], passed=not found)


def _import(prepared: Prepared, arguments: Mapping[str, str]) -> Told:
    zone, provider = f"{_given(arguments, 'zone').rstrip('.').lower()}.", _given(arguments, "provider")
    if provider not in prepared.config.providers:
        known = ", ".join(prepared.config.providers)
        raise Invalid(f"{prepared.config.path} has no provider `{provider}`", hint=f"it has {known}")
    records, others = prepared.client.live(zone, provider)
    if not records:
        hint = f"is the name right, and is it the account of {provider} that has the zone?"
        raise Invalid(f"{provider} has no zone {zone}, or nothing in it", hint=hint)
    text, path = imports.zone_file(records), imports.place_of(prepared.config, zone)
    said = [f"# {path}: {len(records)} of the record sets of {zone}, as {provider} has them"]
    said += [f"# left to {who}: {name or '@'} {type}" for (name, type), who in others.items()]
    said.append(text.rstrip())
    said += imports.entry_for(prepared.config, zone, provider)
    return Told("\n".join(said), {"records": len(records)}, {path: text})


def _diff(prepared: Prepared, arguments: Mapping[str, str]) -> Told:
    server, only = named(_given(arguments, "nameserver")), arguments.get("zone", "").rstrip(".")
    zones = [zone for zone in prepared.client.plan().zones if zone.plain and only in ("", zone.zone.rstrip("."))]
    if not zones:
        known = ", ".join(each.name for each in prepared.config.zones)
        raise Invalid(f"the code has no zone {only}.", hint=f"it has {known}")
    wanted = [each for zone in zones for each in diff.wanted_of(zone)]
    found = diff.deviations(server, wanted)
    rows = [f"{each.name} {each.type}\n  code    {each.code}\n  {server}  {each.answered}" for each in found]
    summary = f"{server}: {len(wanted) - len(found)} of {len(wanted)} record sets are what the code says"
    if unasked := sum(len(diff.code_of(zone)) for zone in zones) - len(wanted):
        summary += f"; {unasked} more cannot be asked for: wildcards, geo and dynamic rules, types of a provider's own"
    data = [vars(each) for each in found]
    return Told("\n".join([*rows, summary]), data, passed=not found)


def _given(arguments: Mapping[str, str], name: str) -> str:
    if not arguments.get(name):
        raise Invalid(f"`{name}` is missing", hint="`trueup dns --help`")
    return arguments[name]


def _listed(findings: Sequence[Finding]) -> str:
    return "\n".join(_lines(findings)) if findings else "nothing found"


def _lines(findings: Iterable[Finding]) -> Iterable[str]:
    for each in findings:
        yield f"{each.place}: {each.code}: {each.message}" if each.place else f"{each.code}: {each.message}"
        if each.hint:
            yield f"  {each.hint}"


def _as_data(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "code": finding.code,
        "message": finding.message,
        "file": place.file if place else "",
        "line": place.line if place else 0,
        "hint": finding.hint,
    }
