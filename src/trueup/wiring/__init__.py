"""The only package that builds drivers and adapters. Parts are loaded when they are asked for: `validate` needs no
database, and `--help` needs nothing of this."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trueup.wiring.assembly import Installation, Options, installation
    from trueup.wiring.registry import drivers, formats
    from trueup.wiring.running import embedded, up, worker

_WHERE = {
    "drivers": "registry",
    "formats": "registry",
    "Installation": "assembly",
    "Options": "assembly",
    "installation": "assembly",
    "embedded": "running",
    "up": "running",
    "worker": "running",
}

__all__ = ["Installation", "Options", "drivers", "embedded", "formats", "installation", "up", "worker"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"trueup.wiring has no {name}")
    return getattr(import_module(f"trueup.wiring.{_WHERE[name]}"), name)
