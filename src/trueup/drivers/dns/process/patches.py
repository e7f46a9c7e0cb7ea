"""Patches: two things that octoDNS has no setting for, each held by a test (tests/dns/test_patches.py).

Source of the shapes: octodns 1.22, `octodns.yaml._loaders`, `octodns.manager.EnvironSecrets`.
"""

import os
import re
from typing import Any

import octodns.manager
import octodns.yaml
from octodns.secret.environ import EnvironSecrets
from yaml import Mark
from yaml._yaml import CParser
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from trueup.drivers.dns.configuration.config import SECRET_KEY

NAMING = re.compile(r"user|account|id$|name$", re.IGNORECASE)
"""Settings whose value is a name, also where it looks like a number."""


class Environment(EnvironSecrets):  # type: ignore[misc]
    """octoDNS makes numbers of whatever looks like one: an API key of digits loses its zeros, and is no text any
    more."""

    def fetch(self, name: str, source: Any) -> Any:
        value = super().fetch(name, source)
        variable, _, default = name.partition("/")
        text = os.environ.get(variable, default)
        named = [key for key, setting in source.items() if setting == f"env/{name}"]
        if str(value) != text or any(_is_text(str(key)) for key in named):
            return text
        return value


def _is_text(key: str) -> bool:
    return bool(SECRET_KEY.search(key) or NAMING.search(key))


def quick(loader: type) -> type:
    """The same loader over libyaml: the same values and lines in a third of the time."""

    def start(self: Any, stream: Any) -> None:
        CParser.__init__(self, stream)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self.file = getattr(stream, "name", "")

    def get_mark(self: Any) -> Mark:
        """Only the file's name counts: `!include` starts from it."""
        return Mark(self.file, 0, 0, 0, "", 0)

    return type(f"Quick{loader.__name__}", (CParser, loader), {"__init__": start, "get_mark": get_mark})


def install() -> None:
    octodns.manager.EnvironSecrets = Environment
    for mode, loader in list(octodns.yaml._loaders.items()):
        octodns.yaml._loaders[mode] = quick(loader)
    octodns.yaml.ContextLoader = quick(octodns.yaml.ContextLoader)
