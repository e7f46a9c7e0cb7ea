"""Formats: the keys of trueup.yaml that name a technology, as wiring hands them in."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from trueup.model.stack import Respond


@dataclass(frozen=True)
class FormatEntry:
    """One format that an installed driver answers for."""

    driver: str
    spec: type[BaseModel]
    """Validates the keys of an entry that only this format has."""
    files: tuple[str, ...] = ()
    """Globs of file names: a directory is a stack only when it directly holds one of them, or holds it in the directory
    below it that the glob names (`db/migration/*.sql`). Empty: any directory."""
    respond: Respond = Respond.ALERT
    """What drift leads to when the manifest does not say; lowered to what the mode allows."""


Formats = Mapping[str, FormatEntry]

KNOWN = frozenset(
    {
        "terraform",
        "tofu",
        "flyway",
        "migrations",
        "command",
        "octodns",
        "zones",
        "kustomize",
        "helm",
        "manifests",
        "rego",
    }
)
"""Formats of Trueup's own drivers, installed here or not: such an entry is not a mistake of its author."""

EXTRAS = {"octodns": "dns", "zones": "dns"}
"""Formats of our own drivers whose libraries are an extra."""


def installed_by(format: str) -> str:
    """What makes a format available here."""
    extra = EXTRAS.get(format)
    return f"pip install 'trueup[{extra}]'" if extra else "install a version or plug-in of Trueup that has it"
