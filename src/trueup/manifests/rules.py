"""Rules: mode, response and approvals of a stack, from the document's default, its environment and its entry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from trueup.manifests.alert_entries import EscalateEntry
from trueup.manifests.document import ApproveEntry, BreakGlassEntry, Document, EnvironmentEntry, StackEntry
from trueup.manifests.entries import Entry
from trueup.manifests.manifest import undeclared
from trueup.manifests.mistakes import Mistakes, suggestion
from trueup.manifests.positions import Loc, Parsed
from trueup.model.errors import Place
from trueup.model.stack import ApprovalPolicy, BreakGlassRules, Confinement, Environment, Escalation, Mode, Respond
from trueup.settings import BREAK_GLASS_LONGEST

_REVERTS = (Respond.REVERT, Respond.REVERT_MINOR)


@dataclass(frozen=True)
class Rules:
    """What the document says of environments, beyond the environments themselves."""

    environments: Mapping[str, Environment]
    responds: Mapping[str, Respond]
    """Only where an environment asks for a response itself."""
    people: frozenset[str]
    broken: frozenset[str] = frozenset()
    """Declared with a mistake: nothing is said about their stacks."""


@dataclass(frozen=True)
class Effective:
    environment: Environment
    mode: Mode
    respond: Respond


def environments_of(document: Document, parsed: Parsed, mistakes: Mistakes) -> dict[str, Environment]:
    """Declared environments: not critical unless they say so, approvals needed only where critical."""
    return {
        name: _environment(name, entry, document, parsed, mistakes) for name, entry in document.environments.items()
    }


def _environment(
    name: str, entry: EnvironmentEntry, document: Document, parsed: Parsed, mistakes: Mistakes
) -> Environment:
    loc: Loc = ("environments", name)
    mode = entry.mode or document.mode
    if entry.respond:
        check_respond(entry.respond, mode, f"`{name}`", entry.critical, parsed.place((*loc, "respond")), mistakes)
    place = parsed.place((*loc, "approve"))
    approve = policy(entry.approve, entry.critical, document.people, place, mistakes)
    respond = entry.respond or Respond.ALERT
    sandbox = entry.sandbox or (Confinement.REQUIRED if entry.critical else Confinement.PREFERRED)
    return Environment(
        name,
        entry.critical,
        mode,
        respond,
        entry.checks,
        entry.deadline,
        approve,
        sandbox,
        escalate_after=escalation(entry.escalate_after),
        reverts_per_hour=entry.reverts_per_hour,
        break_glass=_break_glass(entry.break_glass, parsed.place((*loc, "breakGlass")), mistakes),
    )


def escalation(entry: EscalateEntry | None) -> Escalation | None:
    if entry is None:
        return None
    return Escalation(entry.sightings, timedelta(hours=entry.hours) if entry.hours else None)


def _break_glass(entry: BreakGlassEntry | None, place: Place, mistakes: Mistakes) -> BreakGlassRules:
    """An environment may lower what the installation allows, never raise it."""
    if entry is None:
        return BreakGlassRules()
    longest = entry.longest or BREAK_GLASS_LONGEST
    if longest > BREAK_GLASS_LONGEST:
        hours = BREAK_GLASS_LONGEST.total_seconds() / 3600
        mistakes.add("too-long", "a break-glass is never open for so long", place, f"at most {hours:.0f}h")
    if entry.ttl is not None and entry.ttl > longest:
        mistakes.add(
            "too-long", "`ttl` is longer than the longest that is allowed", place, "lower it, or raise `longest`"
        )
    return BreakGlassRules(entry.ttl, entry.longest, entry.second)


def check_respond(respond: Respond, mode: Mode, where: str, critical: bool, place: Place, mistakes: Mistakes) -> None:
    """Refuses an automatic response that the environment or the mode does not allow."""
    if critical and respond in _REVERTS:
        message = f"`respond: {respond}` is refused: {where} is critical, where nothing is undone without a person"
        mistakes.add("too-aggressive", message, place, "use alert or codify; a person can still revert a drift")
    elif not mode.allows(respond.needs):
        message = f"`respond: {respond}` needs mode {respond.needs}, and {where} has mode {mode}"
        mistakes.add("needs-mode", message, place, f"set mode {respond.needs}, or respond alert")


def policy(
    entry: ApproveEntry | None, critical: bool, people: Iterable[str], place: Place, mistakes: Mistakes
) -> ApprovalPolicy:
    """Without a word one person in a critical environment, nobody elsewhere."""
    fallback = 1 if critical else 0
    if entry is None:
        return ApprovalPolicy(count=fallback)
    count = fallback if entry.count is None else entry.count
    if critical and count == 0:
        hint = "write `count: 1` or more, or declare the environment as not critical"
        mistakes.add("too-aggressive", "in a critical environment a person approves every apply", place, hint)
    groups = [who for who in entry.people if who in ("owners", "anyone")]
    if groups and len(entry.people) > 1:
        mistakes.add("wrong-value", "`from` is `owners`, `anyone` or a list of names, not a mixture", place)
    for who in entry.people:
        if who not in (*groups, *people):
            hint = suggestion(who, [*people, "owners", "anyone"])
            mistakes.add("unknown-person", f"nobody below `people:` is called `{who}`", place, hint)
    return ApprovalPolicy(count, groups[0] if groups else entry.people, entry.destroy)


def effective(entry: Entry, environment: str, rules: Rules, mistakes: Mistakes) -> Effective:
    """What holds for one stack of an entry."""
    common = entry.common
    base = rules.environments.get(environment) or undeclared(environment)
    mode = common.mode or base.mode
    where = f"`{environment}`" if environment else "a stack without an environment"
    if environment not in rules.environments and environment not in rules.broken:
        _warn_undeclared(entry, environment, rules, mistakes)
    if common.respond is not None:
        check_respond(common.respond, mode, where, base.critical, entry.place_of("respond"), mistakes)
    default = entry.known.respond if entry.known else Respond.ALERT
    respond = common.respond or _allowed(rules.responds.get(environment, default), mode, base.critical)
    return Effective(_overridden(base, common, entry, rules, mistakes), mode, respond)


def _allowed(respond: Respond, mode: Mode, critical: bool) -> Respond:
    """A response that came from elsewhere: lowered to alert where it may not be, instead of refused."""
    permitted = mode.allows(respond.needs) and not (critical and respond in _REVERTS)
    return respond if permitted else Respond.ALERT


def _overridden(base: Environment, common: StackEntry, entry: Entry, rules: Rules, mistakes: Mistakes) -> Environment:
    changed = base
    if common.checks is not None:
        changed = replace(changed, checks=common.checks)
    if common.deadline is not None:
        changed = replace(changed, deadline=common.deadline)
    if common.escalate_after is not None:
        changed = replace(changed, escalate_after=escalation(common.escalate_after))
    if common.approve is not None:
        place = entry.place_of("approve")
        changed = replace(changed, approve=policy(common.approve, base.critical, rules.people, place, mistakes))
    return changed


def _warn_undeclared(entry: Entry, environment: str, rules: Rules, mistakes: Mistakes) -> None:
    consequence = "it counts as critical" + ("" if entry.common.mode else " and is only observed")
    if environment:
        message = f"environment `{environment}` is not declared: {consequence}"
        hint = suggestion(environment, rules.environments) if rules.environments else "add it below `environments:`"
    else:
        message = f"{entry.label} has no environment: {consequence}"
        hint = "add `env:`, or capture `{env}` in its path"
    place = entry.place_of("env" if entry.common.env is not None else "envs" if entry.common.envs else entry.format)
    mistakes.warn("undeclared-environment", message, place, hint)
