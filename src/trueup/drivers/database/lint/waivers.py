"""Findings as their code's rule says, and waivers: `-- trueup: allow CODE reason` anywhere in a file counts for all of
it."""

import re
from collections.abc import Mapping

from trueup.drivers.database.lint.codes import CODES, Rule
from trueup.drivers.database.rehearsal.codes import REHEARSED
from trueup.model.errors import Place
from trueup.model.plan import Finding

ALL: Mapping[str, Rule] = {**CODES, **REHEARSED}
_WAIVER = re.compile(r"--[ \t]*trueup:[ \t]*allow\b[ \t]*(?P<code>[\w-]*)[ \t]*(?P<reason>[^\r\n]*)")


def waivers(sql: str) -> Mapping[str, str]:
    """Code to reason; the reason may be empty, which the lint finds."""
    return {found["code"]: found["reason"].strip() for found in _WAIVER.finditer(sql)}


def found(code: str, said: str, place: Place, waived: str = "") -> Finding:
    """A finding of lint or of a rehearsal, as its code's rule says. `waived`: the reason why not."""
    rule = ALL[code]
    severity = rule.severity.waived if waived else rule.severity
    message = f"{said}: {rule.why}" if said else rule.why
    if waived:
        message = f"{message} (waived: {waived})"
    return Finding(code, message, place, hint=rule.safe, stops=severity.stops, approvals=severity.approvals)


def waiver_line(sql: str, code: str) -> int:
    """Of the first waiver of this code, from 1."""
    at = next(each.start() for each in _WAIVER.finditer(sql) if each["code"] == code)
    return sql.count("\n", 0, at) + 1
