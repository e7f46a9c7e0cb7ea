"""Codify: zone files edited so that the code wants what is live, or the reason why a person must write it.

Pure: from a tree, its configuration, drifts and a plan of that tree to new contents. Nothing here is believed before
the engine has planned with the edit (stages/codify.py).
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trueup.drivers.dns.configuration.config import FILE_CLASSES, YAML_CLASSES, Block, Config, in_idna, spellings
from trueup.drivers.dns.configuration.files import directory_of
from trueup.drivers.dns.convert import DEFAULT_TTL, RECORD, Parts, parts_of
from trueup.drivers.dns.zonefiles import bind_editing, yaml_editing
from trueup.drivers.dns.zonefiles.splices import Unwritable
from trueup.drivers.dns.zonefiles.yaml_records import INCLUDE, record_in, records_in
from trueup.drivers.dns.zonefiles.yaml_writing import Style, lines_of
from trueup.model.address import parent_of
from trueup.model.causes import Cause
from trueup.model.drift import Declined, Drift
from trueup.model.errors import Invalid
from trueup.model.placing import placed
from trueup.model.plan import Address, Plan
from trueup.model.values import JSON
from trueup.ports.driver import Codification, Job
from trueup.ports.tree import Tree

SPLIT = "."
"""What octoDNS puts behind a zone's name to make a directory of it, where `split_extension` says nothing else."""

UNSEEN = (
    "octoDNS has no words for it, so no zone file can say it: undo it on the server, or settle it as it is with "
    "`trueup adopt`"
)


@dataclass(frozen=True)
class File:
    """One file in which a zone's records may stand."""

    path: str
    block: Block
    """The source that reads it."""

    @property
    def is_yaml(self) -> bool:
        return self.block.class_name in YAML_CLASSES

    @property
    def default_ttl(self) -> int:
        """`default_ttl:` of a YAML source says another one."""
        return int(self.block.settings.get("default_ttl", DEFAULT_TTL)) if self.is_yaml else DEFAULT_TTL


@dataclass
class Edited:
    """A tree with the edits so far."""

    tree: Tree
    texts: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> str:
        """Empty for a file that is not there yet."""
        if path not in self.texts:
            there = any(entry.path == path for entry in self.tree.entries(posixpath.dirname(path)))
            return self.tree.read(path).decode() if there else ""
        return self.texts[path]


def codify(job: Job[Any], config: Config, drifts: Sequence[Drift], plan: Plan) -> Codification:
    """As ports.driver.Codifies says. A drift is codified wholly or declined wholly."""
    edited = Edited(job.tree)
    done, declined = [], []
    for drift in drifts:
        if parent_of(drift.address) is not None:
            declined.append(Declined(drift.address, UNSEEN))
            continue
        wanted = _wanted(drift, plan)
        try:
            _refuse_undecided(drift)
            file, text = _with(edited, config, parts_of(drift.address), wanted)
        except (Unwritable, Invalid) as error:
            declined.append(Declined(drift.address, str(error), *_suggestion(drift, wanted)))
        else:
            edited.texts[file] = text
            done.append(drift.address)
    edits = {path: text.encode() for path, text in edited.texts.items()}
    return Codification(edits, tuple(done), tuple(declined), tuple(_copies(config, done)))


def _copies(config: Config, done: Sequence[Address]) -> Iterator[str]:
    """What else an edit changes: it is proven nowhere but in the zone where the hand was."""
    edited = {parts_of(address).zone for address in done}
    for zone in config.zones:
        if in_idna(zone.alias) in edited:
            yield f"{zone.name} is an alias of {zone.alias}: the edit changes it there too, where nobody did by hand"


def _refuse_undecided(drift: Drift) -> None:
    conflicts = [each.label or "it" for each in drift.differences if each.cause is Cause.CONFLICT]
    if conflicts:
        raise Unwritable(f"changed both by hand and in the code: {', '.join(conflicts)}")
    if any(each.cause is Cause.UNKNOWN for each in drift.differences):
        raise Unwritable("nobody has settled yet what it should be: adopt the stack first")


def _wanted(drift: Drift, plan: Plan) -> Mapping[str, JSON] | None:
    """What the code wants with the drifted paths as they are live; None: no record."""
    real, wanted = plan.real.get(drift.address), plan.desired(drift.address)
    live = real.values if real is not None else None
    for each in drift.differences:
        wanted = placed(wanted, live, each.path, each.real, RECORD)
    return wanted if isinstance(wanted, dict) else None


def _with(edited: Edited, config: Config, parts: Parts, wanted: Mapping[str, JSON] | None) -> tuple[str, str]:
    """The file that the record is in, or belongs into, and its new text. Raises Unwritable, Invalid."""
    if not parts.type:
        raise Unwritable(
            f"a whole zone came or went, which is no record: take {parts.zone} and its file out of the configuration, "
            "put them in, or revert"
        )
    files = list(files_of(config, edited.tree, parts))
    if not files:
        raise Unwritable(f"no file of a source holds {parts.zone}")
    for file in reversed(files):  # of several sources a later one may replace what an earlier one has
        if _has(edited, file, parts):
            return file.path, _text(edited, file, parts, wanted)
    if wanted is None:
        raise Unwritable("no file has it: a source or a processor makes it")
    home = next((file for file in files if _is_home(file, parts)), files[0])
    return home.path, _text(edited, home, parts, wanted)


def files_of(config: Config, tree: Tree, parts: Parts) -> Iterator[File]:
    """Where the records of a zone may stand, existing files first; of a split zone also the file that a new name
    would get. Raises Unwritable for a zone that is made of another one."""
    for zone in config.entries(parts.zone):
        if zone.alias:
            raise Unwritable(f"{parts.zone} has the records of {zone.alias}: an edit there would change both")
        blocks = [config.providers[name] for name in zone.sources if name in config.providers]
        if found := [file for block in blocks for file in _files_in(block, config, tree, parts)]:
            yield from found
            return


def _files_in(block: Block, config: Config, tree: Tree, parts: Parts) -> Iterator[File]:
    """Of one source."""
    if block.class_name not in FILE_CLASSES or not block.has_directory:
        return
    directory = directory_of(block, config.workdir)
    there = {entry.path for entry in tree.entries(directory)}
    for zone in spellings(parts.zone):
        if block.class_name not in YAML_CLASSES:
            ending = str(block.settings.get("file_extension", "."))
            names = [f"{zone.rstrip('.')}{ending}", f"{zone}{ending.lstrip('.')}"]
            yield from (File(path, block) for name in names if (path := posixpath.join(directory, name)) in there)
            continue
        whole = posixpath.join(directory, f"{zone}yaml")
        split = posixpath.join(directory, f"{zone.rstrip('.')}{block.settings.get('split_extension') or SPLIT}")
        inside = sorted(path for path in there if path.startswith(f"{split}/"))
        own = posixpath.join(split, _own_file(parts.name, zone))
        yield from (File(path, block) for path in dict.fromkeys([own] * bool(inside) + inside))
        if whole in there:
            yield File(whole, block)


def _own_file(name: str, zone: str) -> str:
    """Of a name in a split zone, as octoDNS itself calls it."""
    return f"{name}.yaml" if name not in ("", "*") else f"${zone}yaml"


def _has(edited: Edited, file: File, parts: Parts) -> bool:
    text = edited.read(file.path)
    if file.is_yaml:
        records, name = records_in(text, file.path), in_idna(parts.name)
        return (name, parts.type) in records or INCLUDE in records.get((name, ""), {})
    return bind_editing.has_record(text, file.path, parts.zone, parts.name, parts.type)


def _is_home(file: File, parts: Parts) -> bool:
    """Where a new record belongs: a file of its own name, or the zone's only one."""
    homes = {name for zone in spellings(parts.zone) for name in (f"{zone}yaml", _own_file(parts.name, zone))}
    return not file.is_yaml or posixpath.basename(file.path) in homes


def _text(edited: Edited, file: File, parts: Parts, wanted: Mapping[str, JSON] | None) -> str:
    text = edited.read(file.path)
    if not file.is_yaml:
        return bind_editing.with_record(text, file.path, parts.zone, parts.name, parts.type, wanted)
    there = record_in(text, file.path, parts.name, parts.type)
    written = _as_file_says(wanted, there or {}, file.default_ttl) if wanted is not None else None
    return yaml_editing.with_record(text or "---\n", file.path, parts.name, parts.type, written)


def _as_file_says(wanted: Mapping[str, JSON], there: Mapping[str, JSON], default_ttl: int) -> Mapping[str, JSON]:
    """Without a TTL that the file leaves to its default; with what `octodns:` says there and no provider tells."""
    result = dict(wanted)
    if "ttl" not in there and result.get("ttl") == default_ttl:
        result.pop("ttl")
    if "octodns" in there:
        result["octodns"] = _merged(there["octodns"], result.get("octodns"))
    return result


def _merged(there: JSON, wanted: JSON) -> JSON:
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        return {**there, **{key: _merged(there.get(key), value) for key, value in wanted.items()}}
    return there if wanted is None else wanted


def _suggestion(drift: Drift, wanted: Mapping[str, JSON] | None) -> tuple[str, str]:
    """What a person would write or do, and its language (see Declined)."""
    parts = parts_of(drift.address)
    if wanted is None or not parts.type:
        return f"remove it: {parts.type} of {parts.name or 'the apex'} in {parts.zone}" if parts.type else "", ""
    return "\n".join(lines_of({parts.name: {"type": parts.type, **wanted}}, Style(2, 2))), "yaml"
