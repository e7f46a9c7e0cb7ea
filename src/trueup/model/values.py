"""JSON values as they travel through the walk: secrets are keyed hashes, unknowns are marked, texts are canonical."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NewType

JSON = Any
"""None, bool, int, float, str, list of JSON, dict of str to JSON. `Any`: checkers cannot narrow the recursion."""

Digest = NewType("Digest", str)
"""`sha256:` and 64 hexadecimal digits."""

Path = tuple[str | int, ...]
"""Steps into a value: attribute names, map keys, list indices. () is the whole value."""

UNKNOWN: JSON = {"$unknown": True}
"""Stands where a value is known only after the apply."""


def masked(keyed_hash: str) -> JSON:
    """A secret leaf as it is stored and compared: equal secrets have equal marks, and nothing leads back."""
    return {"$secret": keyed_hash}


def is_masked(value: JSON) -> bool:
    return isinstance(value, dict) and value.keys() == {"$secret"}


def is_unknown(value: JSON) -> bool:
    return isinstance(value, dict) and value.keys() == {"$unknown"}


def has_unknown(value: JSON) -> bool:
    return any(is_unknown(node) for node in nodes(value))


def nodes(value: JSON) -> Iterator[JSON]:
    """The value itself and everything inside it, outermost first."""
    yield value
    if isinstance(value, dict):
        for child in value.values():
            yield from nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child)


def canonical(value: JSON) -> bytes:
    """One byte string for equal values: sorted keys, no white space. For digests within one installation;
    the ledger, which others verify, uses RFC 8785 (adapters/store)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: JSON) -> Digest:
    return digest_bytes(canonical(value))


def digest_bytes(content: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(content).hexdigest())


def at(value: JSON, path: Path) -> JSON:
    """The value at a path, None where there is nothing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def dotted(path: Path) -> str:
    """A path as people read it: `tags.Owner`, `ingress[2].from_port`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
