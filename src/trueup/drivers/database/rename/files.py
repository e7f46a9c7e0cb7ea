"""The files of a planned rename: named as the folder names its own, each with its rollback beside it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from posixpath import dirname, join

from trueup.drivers.database.codify_names import next_version, style_of
from trueup.drivers.database.migrations.migrations import Migrations, Version
from trueup.drivers.database.migrations.names import file_name
from trueup.drivers.database.rename.rename import Renaming, scripts

ALONE = "executeInTransaction=false\n"
"""A file's own settings, as Flyway reads them from the `.conf` beside it."""


def files(wanted: Renaming, migrations: Migrations, taken: Iterable[Version], at: datetime) -> Mapping[str, str]:
    """Path to content. `taken` are versions that files and history have; `at` is the moment for folders that name
    files by moments. Raises Refused where the folder does not say how the next file is called."""
    style, versions = style_of(migrations), list(taken)
    found: dict[str, str] = {}
    for script in scripts(wanted):
        version = next_version(style, versions, at)
        versions.append(Version.parse(version))
        up = style.path(version, script.description)
        down = join(dirname(up), file_name(version, script.description, migrations.settings, undo=True))
        found |= {up: script.up, down: script.down}
        if not script.in_transaction:
            found |= {f"{up}.conf": ALONE, f"{down}.conf": ALONE}
    return found
