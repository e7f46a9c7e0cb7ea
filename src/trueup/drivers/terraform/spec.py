"""The keys `terraform` and `tofu` of trueup.yaml."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trueup.model.values import JSON

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def _duration(value: object) -> object:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+)\s*([smh])", value.strip())):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError("write a number and s, m or h: 90s, 30m, 2h")


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class TerraformSpec(BaseModel):
    """One root module with one workspace and one set of variables."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    programs: ClassVar[tuple[str, ...]] = ("terraform",)
    """Names of the executable."""

    version: str | None = Field(None, description="which engine may run it, as a constraint: `~> 1.11`, `>= 1.5, < 2`")
    workspace: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,89}$", description="the workspace; default: `default`"
    )
    var_files: tuple[str, ...] = Field((), description="variable files, relative to the stack's directory")
    vars: Mapping[str, JSON] = Field(default_factory=dict, description="variables; secrets belong into `contexts`")
    backend_config: Mapping[str, str] = Field(
        default_factory=dict, description="what the backend block leaves open: `-backend-config=KEY=VALUE`"
    )
    backend_files: tuple[str, ...] = Field((), description="the same in files, relative to the stack's directory")
    parallelism: int | None = Field(None, ge=1, le=256, description="concurrent operations; default: the engine's 10")
    plan_timeout: Duration | None = Field(
        None, gt=timedelta(0), description="the longest that a plan may take; default: 30m"
    )
    apply_timeout: Duration | None = Field(
        None, gt=timedelta(0), description="the longest that an apply may take; default: 2h"
    )
    lock_timeout: Duration = Field(
        timedelta(seconds=0), description="how long an apply waits for somebody's state lock"
    )
    plugin_mirror: str | None = Field(
        None, description="absolute path of a provider mirror directory on the worker, read-only"
    )


class TofuSpec(TerraformSpec):
    programs: ClassVar[tuple[str, ...]] = ("tofu",)
