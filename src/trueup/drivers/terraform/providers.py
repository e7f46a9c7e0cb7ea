"""The providers that a lock file pins, and the packages that `init` installed for them.

Formats: https://developer.hashicorp.com/terraform/language/files/dependency-lock, and for the hash `h1:`
https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from trueup.drivers.terraform.hcl import Block, parse
from trueup.drivers.terraform.module import literal
from trueup.drivers.terraform.reading import LOCK_FILE
from trueup.model.values import digest

_H1 = re.compile(r'"(h1:[^"]+)"')


def pinned(lock_file: bytes) -> dict[str, str]:
    """Provider address to its version and a digest of its hashes."""
    return {
        block.labels[0]: f"{literal(block, 'version') or '?'} {digest(_hashes(block).split())}"
        for block in _blocks(lock_file)
    }


@dataclass(frozen=True)
class Package:
    """An installed provider whose files are those that the lock file pins."""

    address: str
    """`registry.terraform.io/hashicorp/aws`."""
    program: Path
    hash: str
    """`h1:...`."""


def verified(lock_file: bytes, data: Path) -> Iterator[Package]:
    """Of what lies in Terraform's data directory: packages that have one of the lock file's `h1:` hashes."""
    for block in _blocks(lock_file):
        address, version = block.labels[0], literal(block, "version")
        for directory in sorted((data / "providers" / address).glob(f"{version}/*")):
            programs = sorted(directory.glob(f"terraform-provider-{address.rpartition('/')[2]}*"))
            found = package_hash(directory) if len(programs) == 1 else ""
            if found in _H1.findall(_hashes(block)):
                yield Package(address, programs[0].resolve(), found)


def package_hash(directory: Path) -> str:
    """Read again only when a file was touched: providers have hundreds of megabytes."""
    root = directory.resolve()
    files = sorted(path for path in root.rglob("*") if path.is_file())
    stats = [(path, path.stat()) for path in files]
    return _hash_of(root, tuple((path, stat.st_size, stat.st_mtime_ns, stat.st_ino) for path, stat in stats))


@lru_cache(maxsize=256)
def _hash_of(root: Path, files: tuple[tuple[Path, int, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path, *_ in files):
        with path.open("rb") as stream:
            whole.update(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {name}\n".encode())
    return f"h1:{base64.b64encode(whole.digest()).decode()}"


def _blocks(lock_file: bytes) -> Iterator[Block]:
    return parse(LOCK_FILE, lock_file).find("provider")


def _hashes(block: Block) -> str:
    attribute = block.body.attribute("hashes")
    return attribute.value.text if attribute else ""
