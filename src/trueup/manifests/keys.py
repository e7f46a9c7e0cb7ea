"""Keys: the kinds of values that a person writes in trueup.yaml, and what is wrong with one."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
SCHEMES = ("file", "env", "awssm", "awsssm")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
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


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _reference(value: Any) -> Any:
    if not isinstance(value, str) or value.partition(":")[0] not in SCHEMES or not value.partition(":")[2]:
        schemes = ", ".join(f"{scheme}:..." for scheme in SCHEMES)
        raise PydanticCustomError("reference", f"expected a reference ({schemes}), never the secret itself")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30m", "1h", "48h"]}),
]
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
Reference = Annotated[
    str, BeforeValidator(_reference), WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(SCHEMES)}):.+$"})
]
Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Match = Annotated[
    dict[str, Texts],
    Field(description="Attributes and the globs they must match: env, name, repository, format, path and captures."),
]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
