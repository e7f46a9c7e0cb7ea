"""Bundle: evidence as files for an auditor, and their verification without any server: hashes and signatures only."""

import base64
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trueup.model.errors import Invalid, Place, Rejected
from trueup.model.ledger import CHANGES as KINDS
from trueup.model.values import JSON
from trueup.system.merkle import leaf_hash, verify_inclusion

WHOLE = "evidence.json"
CHANGES = (
    "seq",
    "at",
    "stack",
    "environment",
    "what",
    "request",
    "commit",
    "who",
    "authors",
    "approved_by",
    "approved_at",
    "applied_at",
    "result",
    "effect",
    "run",
    "ticket",
    "reason",
    "summary",
    "leaf",
)
EXCEPTIONS = ("seq", "at", "kind", "exception", "stack", "environment", "who", "run", "commit", "reason", "summary")
_TOLD = ("at", "kind", "stack", "environment", "who", "summary", "run", "commit", "request", "reason", "ticket")
"""Of a change, what its entry says too: `who` is there `actor`, `stack` is `name`, `at` is `time`."""
_SAME = {"at": "time", "stack": "name", "who": "actor"}
_DETAILS = ("authors", "releases", "effect", "changes", "live_before", "live")


def as_json(document: JSON) -> str:
    """Keys sorted: the same evidence is the same bytes."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def changes_csv(document: JSON) -> str:
    rows = []
    for each in document["changes"]:
        given = [one for one in each["approvals"] if one["before_apply"]]
        people = {"authors": each["authors"], "approved_by": [one["person"] for one in given]}
        told = {**each, **people, "approved_at": [one["at"] for one in given], "leaf": each["proof"]["leaf"]}
        rows.append([_cell(told.get(name)) for name in CHANGES])
    return _table(CHANGES, rows)


def write(document: JSON, directory: Path) -> list[Path]:
    """The whole, two tables, the entries one a line, and one bundle for each change that stands for itself."""
    files = {
        WHOLE: as_json(document),
        "changes.csv": changes_csv(document),
        "exceptions.csv": _table(EXCEPTIONS, [[_cell(x.get(n)) for n in EXCEPTIONS] for x in document["exceptions"]]),
        "entries.ndjson": "".join(f"{entry}\n" for entry in document["entries"]),
    }
    for each in document["changes"]:
        bundle = {"format": document["format"], "change": each, "checkpoint": document["checkpoint"]}
        files[f"changes/{each['seq']:08}-{each['run'] or each['kind']}.json"] = as_json(bundle)
    written = []
    for name, text in files.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Rejected(
                f"{path} cannot be written: {error.strerror}", hint="--out DIR names another place"
            ) from None
        written.append(path)
    return written


def verified(file: Path, key: str = "") -> JSON:
    """What is wrong with exported evidence, in the words of `ledger verify`; reads nothing but the file. `key` is the
    public key that was noted beforehand; without it, the signature only says that one key signed all of it."""
    document = _read(file)
    checkpoint = document.get("checkpoint")
    if not isinstance(checkpoint, dict):
        raise Invalid("it has no signed checkpoint, so nothing in it can be proven", place=Place(str(file)))
    changes = document.get("changes") or ([document["change"]] if "change" in document else [])
    entries = document.get("entries") or []
    try:
        faults = [*_signature(checkpoint, key)]
        for each in changes:
            faults += _change(each, checkpoint)
        if "entries" in document:
            faults += _entries(entries, changes, document, checkpoint)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        faults = [{"seq": None, "message": f"it is not evidence as Trueup writes it: {type(error).__name__} {error}"}]
    return {
        "size": checkpoint.get("size"),
        "root": checkpoint.get("root"),
        "checkpoints": 1,
        "changes": len(changes),
        "key": checkpoint.get("key"),
        "faults": faults,
        "intact": not faults,
    }


def _signature(checkpoint: Mapping[str, JSON], key: str) -> Iterator[JSON]:
    message = f"{checkpoint['origin']}\n{checkpoint['size']}\n{checkpoint['root']}\n".encode()
    if key and checkpoint["key"] != key:
        yield _fault(f"it was signed by another key: {checkpoint['key']}")
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(checkpoint["key"], validate=True))
        public.verify(base64.b64decode(checkpoint["signature"], validate=True), message)
    except (InvalidSignature, ValueError):
        yield _fault("the checkpoint has a wrong signature")


def _change(change: JSON, checkpoint: Mapping[str, JSON]) -> Iterator[JSON]:
    """The entry is in the signed tree, and the change says what its entry says."""
    proof, seq = change["proof"], change["seq"]
    leaf = leaf_hash(change["entry"].encode())
    path, root = [bytes.fromhex(node) for node in proof["path"]], bytes.fromhex(checkpoint["root"])
    if not verify_inclusion(leaf, proof["seq"], checkpoint["size"], path, root):
        yield _fault(f"entry {seq} is not in the ledger that was signed", seq)
        return
    entry = json.loads(change["entry"])
    said = {name: entry.get(_SAME.get(name, name)) for name in _TOLD} | {"seq": entry["seq"]}
    details = entry.get("details") or {}
    said |= {name: details[name] for name in _DETAILS if name in details}
    wrong = sorted(name for name, value in said.items() if change.get(name) != value)
    if wrong or proof["seq"] != entry["seq"]:
        yield _fault(f"the change of entry {seq} says something else than the entry: {', '.join(wrong)}", seq)
    listed = [(one["person"], one["at"]) for one in change["approvals"]]
    if any((one["person"], one["at"]) not in listed for one in details.get("approvals") or []):
        yield _fault(f"the change of entry {seq} leaves out an approval of the entry", seq)


def _entries(
    entries: Sequence[str], changes: Sequence[JSON], document: JSON, checkpoint: Mapping[str, JSON]
) -> Iterator[JSON]:
    """Nothing of the period was altered or left out: each entry names the one before it, the last one is in the signed
    tree, and those before and behind the period are outside of it. Every change among them is told."""
    around = document["around"]
    chain = [text for text in (around["before"], *entries, around["after"]) if text is not None]
    previous: tuple[int, str] | None = None
    for text in chain:
        entry = json.loads(text)
        if previous is not None and (entry["seq"], entry["prev"]) != previous:
            yield _fault(f"entry {entry['seq']} does not follow the one before it", entry["seq"])
        if (document["from"] <= entry["time"] < document["to"]) != (text not in (around["before"], around["after"])):
            yield _fault(f"entry {entry['seq']} is on the wrong side of the period's limits", entry["seq"])
        previous = (entry["seq"] + 1, leaf_hash(text.encode()).hex())
    if previous is not None:
        first, proof, root = json.loads(chain[0]), around["proof"], bytes.fromhex(checkpoint["root"])
        path, size = [bytes.fromhex(node) for node in proof["path"]], checkpoint["size"]
        if not verify_inclusion(bytes.fromhex(previous[1]), previous[0] - 1, size, path, root):
            yield _fault(f"entry {previous[0] - 1} is not in the ledger that was signed", previous[0] - 1)
        if around["before"] is None and first["seq"]:
            yield _fault(f"what comes before entry {first['seq']} is left out", first["seq"])
        if around["after"] is None and previous[0] != size:
            yield _fault(f"what comes after entry {previous[0] - 1} is left out", previous[0] - 1)
    told = [each["seq"] for each in changes]
    wanted = [entry["seq"] for entry in map(json.loads, entries) if entry["kind"] in KINDS]
    if told != wanted:
        missing = sorted({*wanted} - {*told}) or sorted({*told} - {*wanted})
        yield _fault(f"the changes are not those of the entries: {', '.join(map(str, missing))}")
    if (document["counts"]["changes"], document["counts"]["entries"]) != (len(wanted), len(entries)):
        yield _fault(f"{document['counts']['changes']} changes were counted, and {len(wanted)} are there")


def _read(file: Path) -> JSON:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"it cannot be read: {error}", place=Place(str(file))) from None
    except json.JSONDecodeError as error:
        raise Invalid(f"this is no JSON: {error.msg}", place=Place(str(file), error.lineno, error.colno)) from None
    if not isinstance(document, dict) or not str(document.get("format", "")).startswith("trueup-evidence/"):
        raise Invalid("this is no evidence of Trueup", place=Place(str(file)), hint="`trueup evidence --out DIR`")
    return document


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _cell(value: JSON) -> str:
    """A spreadsheet takes a text that begins like a formula for one."""
    if isinstance(value, list):
        value = "; ".join(str(each) for each in value)
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _fault(message: str, seq: int | None = None) -> JSON:
    return {"seq": seq, "message": message}
