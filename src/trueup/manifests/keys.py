"""Keys: the kinds of values that a person writes in trueup.yaml, and what is wrong with one."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from trueup.ports.credentials import SECRET_SCHEMES

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WAITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours"}
_DURATION = re.compile(r"(?:\d+[smhd])+")


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise PydanticCustomError("duration", "expected a duration like 30m, 1h or 48h")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", value))
    if not 0 < seconds <= 366 * 86400:
        raise PydanticCustomError("duration", "expected a duration between a second and a year")
    return timedelta(seconds=seconds)


def _wait(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d+)\s*(ms|s|m|h)", value.strip()) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("wait", "write a number and ms, s, m or h: 500ms, 5s, 30m, 2h")
    return timedelta(**{_WAITS[found[2]]: int(found[1])})


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _reference(value: Any) -> Any:
    if not isinstance(value, str) or value.partition(":")[0] not in SECRET_SCHEMES or not value.partition(":")[2]:
        schemes = ", ".join(f"{scheme}:..." for scheme in SECRET_SCHEMES)
        raise PydanticCustomError("reference", f"expected a reference ({schemes}), never the secret itself")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30m", "1h", "48h"]}),
]
Wait = Annotated[timedelta, BeforeValidator(_wait)]
"""How long a driver waits, or lets something run: also not at all (`0s`) and parts of a second (`500ms`)."""
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
Reference = Annotated[
    str,
    BeforeValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(SECRET_SCHEMES)}):.+$"}),
]
Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Match = Annotated[
    dict[str, Texts],
    Field(description="Attributes and the globs they must match: env, name, repository, format, path and captures."),
]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
