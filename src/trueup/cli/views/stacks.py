"""Stacks, their checks, plans and locks as people see them."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON, is_masked, is_unknown
from trueup.render.values import counted, shown


def stacks(document: JSON, when: When) -> RenderableType:
    columns = ("stack", "mode", "standing", "check", "checked", "drifts", "run")
    rows = [
        (
            each["name"],
            each.get("mode"),
            sheet.word("paused" if each.get("paused") else each.get("standing")),
            sheet.word(_checked(each).get("state")),
            when.ago(_checked(each).get("ended_at")),
            each.get("open_drifts") or "-",
            _run(each, when),
        )
        for each in document
    ]
    return sheet.table(
        columns, rows, "There are no stacks. `trueup init` writes a trueup.yaml for what a repository holds."
    )


def tools(document: JSON, when: When) -> RenderableType:
    """By name: what each is for, what it takes, and whether it writes."""
    del when
    rows = [
        (name, "writes" if each["writes"] else "reads", " ".join(each["arguments"]), each["summary"])
        for name, each in sorted(document.items())
    ]
    return sheet.table(("tool", "", "takes", "what for"), rows, "It has none.")


def stack(document: JSON, when: When) -> RenderableType:
    check = _checked(document)
    about = sheet.fields(
        [
            ("stack", document["name"]),
            ("id", document.get("id")),
            ("where", f"{document.get('repository')}//{document.get('path')}"),
            ("driver", document.get("driver")),
            ("environment", document.get("environment")),
            ("mode", document.get("mode")),
            ("owner", document.get("owner")),
            ("standing", sheet.word(document.get("standing"))),
            ("paused", document.get("paused")),
            ("settled", sheet.short(document.get("settled"))),
            ("attempted", sheet.short(document.get("attempted"))),
            ("open drifts", document.get("open_drifts")),
            ("run", _run(document, when)),
        ]
    )
    return Group(about, sheet.section("Newest check", checked(check, when))) if check else about


def checked(document: JSON, when: When) -> RenderableType:
    return sheet.fields(
        [
            ("state", sheet.word(document.get("state"))),
            ("stack", document.get("name")),
            ("ended", when.at(document.get("ended_at"))),
            ("unchanged", _vouched(document, when)),
            ("last clean", when.at(document.get("last_clean_at"))),
            ("next", when.at(document.get("due_at"))),
            ("because of", document.get("reason")),
            ("at commit", sheet.short(document.get("revision"))),
            ("drifted", document.get("drifted")),
            ("pending", document.get("pending")),
            ("ignored", document.get("ignored")),
            ("foreign apply", document.get("foreign")),
            ("error", document.get("error")),
        ]
    )


def _vouched(document: JSON, when: When) -> str:
    """A check that made no plan says so."""
    if not document.get("vouched_at"):
        return ""
    since, last = when.at(document.get("planned_at")), when.at(document["vouched_at"])
    return f"since {since}, by its state and the event stream; last looked {last}, without a plan"


def plan(document: JSON, when: When) -> RenderableType:
    del when
    head = f"{document.get('name', 'The stack')} at {sheet.short(document.get('revision'))}"
    if not document.get("changes"):
        return Group(Text(f"{head}: nothing to change."), *findings(document))
    return Group(Text(f"{head}: {_counted(document)}"), changes(document["changes"]), *findings(document))


def changes(found: JSON) -> RenderableType:
    """Each change with its differing paths: the cause, and the values before and after."""
    parts: list[RenderableType] = []
    for change in found:
        action = change.get("action") or "drift"
        title = Text.assemble(("\n" if parts else ""), sheet.word(action), "  ", (change["address"], "bold"))
        parts.append(title)
        rows = [
            (sheet.label(each.get("path")), sheet.word(each["cause"]), _moved(each))
            for each in change.get("differences", ())
        ]
        if rows:
            parts.append(Padding(sheet.table(("path", "cause", "values"), rows, ""), (0, 0, 0, 2), expand=False))
    return Group(*parts)


def _by_hand(difference: JSON) -> str:
    settled, real = shown(difference.get("settled")), shown(difference.get("real"))
    if difference.get("settled") is None:
        return f"added by hand: {real}; applying removes it"
    if difference.get("real") is None:
        return f"removed by hand: {settled}; applying puts it back"
    return f"{settled} -> {real} by hand; applying puts {settled} back"


def findings(document: JSON) -> list[RenderableType]:
    found = document.get("findings") or ()
    if not found:
        return []
    told = [f"{_where(each)}{each['message']} ({_weight(each)})" + _hint(each) for each in found]
    return [sheet.section("Findings", sheet.lines(*told))]


def _weight(finding: JSON) -> str:
    """Its code, which a waiver names, and what it asks for."""
    if finding.get("stops"):
        return f"{finding['code']}, stops"
    if finding.get("more"):
        return f"{finding['code']}, {counted(finding['more'], 'person', 'people')} more must agree"
    if finding.get("approvals"):
        return f"{finding['code']}, {counted(finding['approvals'], 'person', 'people')} must agree"
    return str(finding["code"])


def _hint(finding: JSON) -> str:
    return "".join(f"\n  {line}" for line in (finding.get("hint") or "").splitlines())


def lock(document: JSON, when: When) -> RenderableType:
    if not document:
        return Text("It is not locked.")
    return sheet.fields(
        [
            ("lock", document.get("id")),
            ("held by", document.get("holder")),
            ("since", when.at(document.get("created"))),
            ("for", document.get("operation")),
        ]
    )


def _checked(document: JSON) -> JSON:
    return document.get("check") or {}


def _run(document: JSON, when: When) -> str:
    run = document.get("active_run")
    if not run:
        return "-"
    lost = run.get("worker_lost")
    taken_up = f", worker lost, taken up again at {when.short(lost['taken_up_at'])}" if lost else ""
    return f"{run['id']} {str(run['state']).replace('_', ' ')}{taken_up}"


def _counted(document: JSON) -> str:
    actions = [change.get("action") or "drift" for change in document["changes"]]
    return ", ".join(f"{actions.count(action)} to {action}" for action in dict.fromkeys(actions))


def _moved(difference: JSON) -> str:
    """S, R and D, without repeating what is equal."""
    settled, real, desired = (shown(_telling(difference.get(name))) for name in ("settled", "real", "desired"))
    match difference["cause"]:
        case "intended":
            return f"{real} -> {desired}"
        case "ghost_revert":
            return _by_hand(difference)
        case "conflict":
            return f"settled {settled}, by hand {real}, in code {desired}"
        case _:
            return f"{settled} -> {real}"


def _telling(value: JSON) -> JSON:
    """An object without the members that say nothing, so that the others can be found."""
    if not isinstance(value, dict) or is_masked(value) or is_unknown(value):
        return value
    return {key: each for key, each in value.items() if each not in (None, "", [], {}) and not is_unknown(each)}


def _where(finding: JSON) -> str:
    place = finding.get("place")
    if isinstance(place, dict):
        place = ":".join(str(place[key]) for key in ("file", "line", "column") if place.get(key))
    return f"{place}: " if place else ""
