"""Invocation: what every command is told, before or after its name: the server, the person, the output."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True)
class Invocation:
    """`person` is the name typed with --as; empty: whoever the server takes the caller for."""

    output: Output
    server: str
    token: str
    data: Path
    repo: str
    person: str
