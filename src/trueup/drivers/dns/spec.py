"""The keys `octodns` and `zones` of trueup.yaml."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trueup.manifests.keys import Wait
from trueup.model.values import JSON


class DnsSpec(BaseModel):
    """What both formats share."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    allow: tuple[str, ...] = Field(
        (),
        description="classes of providers and processors beside those of octodns and octodns_*: `acme.dns.Provider`",
        json_schema_extra={"governing": True},
    )
    nameservers: tuple[str, ...] = Field(
        (),
        description="authoritative servers to ask after an apply: `ns1.example.com`, `192.0.2.1@5353`; default: the "
        "server of an RFC 2136 provider, else the zone's own NS records",
    )
    verify: Wait = Field(
        timedelta(seconds=30),
        ge=timedelta(0),
        description="how long the authoritative servers may take to answer what was applied; `0s`: they are not asked",
    )
    external_dns_prefix: str = Field("", description="`--txt-prefix` of external-dns in these zones")
    external_dns_suffix: str = Field("", description="`--txt-suffix` of external-dns in these zones")
    plan_timeout: Wait | None = Field(
        None, gt=timedelta(0), description="the longest that a plan may take; default: 30m"
    )
    apply_timeout: Wait | None = Field(
        None, gt=timedelta(0), description="the longest that an apply may take; default: 2h"
    )


class OctodnsSpec(DnsSpec):
    """One octoDNS configuration file with everything that it names."""

    workdir: str | None = Field(
        None,
        description="the directory that relative paths in the configuration start from; default: the repository's root "
        "or the configuration's directory, where the first declared `directory` is",
    )


class ZonesSpec(DnsSpec):
    """A directory of zone files and the one provider that serves them."""

    provider: Mapping[str, JSON] = Field(
        description="the provider's block as octoDNS takes it, `class` and settings; `env/NAME` for variables",
    )
    files: Literal["yaml", "bind"] | None = Field(
        None, description="how the zones are written; default: by the files' names (`example.com.yaml`, `*.zone`)"
    )
    lenient: bool = Field(False, description="octoDNS's own `lenient` for these zones: complaints become warnings")
    processors: Mapping[str, Mapping[str, JSON]] = Field(
        default_factory=dict, description="processors as octoDNS takes them, each used for every zone"
    )
