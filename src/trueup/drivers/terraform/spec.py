"""The keys `terraform` and `tofu` of trueup.yaml."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trueup.manifests.keys import Wait
from trueup.model.values import JSON


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
    plan_timeout: Wait | None = Field(
        None, gt=timedelta(0), description="the longest that a plan may take; default: 30m"
    )
    apply_timeout: Wait | None = Field(
        None, gt=timedelta(0), description="the longest that an apply may take; default: 2h"
    )
    lock_timeout: Wait = Field(timedelta(seconds=0), description="how long an apply waits for somebody's state lock")
    plugin_mirror: str | None = Field(
        None, description="absolute path of a provider mirror directory on the worker, read-only"
    )


class TofuSpec(TerraformSpec):
    programs: ClassVar[tuple[str, ...]] = ("tofu",)
