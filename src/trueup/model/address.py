"""Address: the name of one managed thing, and of the live parts of it that nobody may have written down."""

import json
import re
from typing import NewType

Address = NewType("Address", str)
"""One managed thing, in the technology's own words: `module.app.aws_security_group.web[0]`. A live part of it that the
technology keeps as a resource of its own is PARENT/KIND["KEY"]."""

_CHILD = re.compile(r'(?P<watch>(?P<parent>.+?)/(?P<kind>[A-Za-z][\w-]*))\["(?P<key>.*)"\]', re.DOTALL)


def child_address(parent: Address, kind: str, key: str) -> Address:
    return Address(f"{watch(parent, kind)}[{json.dumps(key, ensure_ascii=False)}]")


def watch(parent: Address, kind: str) -> str:
    """The children of one kind that a parent has, as one place to look at: PARENT/KIND."""
    return f"{parent}/{kind}"


def watch_of(address: Address) -> str:
    """Where a child is found; "" for an address that is no child's."""
    found = _CHILD.fullmatch(address)
    return found["watch"] if found else ""


def parent_of(address: Address) -> Address | None:
    """None for an address that is no child's."""
    found = _CHILD.fullmatch(address)
    return Address(found["parent"]) if found else None


def under(address: Address, parent: Address) -> Address:
    """The address of the same child under its parent's new address."""
    found = _CHILD.fullmatch(address)
    return Address(f"{parent}{address[found.end('parent') :]}") if found else address
