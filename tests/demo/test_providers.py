"""The AWS provider from a mirror."""

import hashlib
import subprocess
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trueup.demo import providers
from trueup.model.errors import Broken

ROOT = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "3.39.0"
    }
  }
}
"""


def test_several_at_once_make_one_mirror(tmp_path: Path) -> None:
    """Two workers that start together end with the same finished mirror and leave nothing else behind."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(providers.mirror, [tmp_path, tmp_path])
    assert first == second
    assert list(tmp_path.iterdir()) == [first]


def test_mirror_is_read_only_and_the_published_provider(mirror: Path) -> None:
    """What init links is what the lock file's h1 hash says, for both registries, and nobody may write it."""
    binaries = [path for path in mirror.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(mirror).parts[0] for path in binaries) == sorted(providers.REGISTRIES)
    assert not any(path.stat().st_mode & 0o222 for path in mirror.rglob("*"))
    line = f"{hashlib.sha256(binaries[0].read_bytes()).hexdigest()}  {binaries[0].name}\n"
    assert b64encode(hashlib.sha256(line.encode()).digest()).decode() == providers.H1


def test_another_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with other content than the published provider makes no mirror."""
    monkeypatch.setattr(providers, "SHA256", "0" * 64)
    with pytest.raises(Broken, match="expected 0000"):
        providers.mirror(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_init_links_the_provider_and_accepts_our_lock_file(
    tmp_path: Path, terraform: Path, tf_environment: dict[str, str], mirror: Path
) -> None:
    """`init -lockfile=readonly` is content with the lock file as written, and links into the mirror."""
    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / ".terraform.lock.hcl").write_text(providers.lock_file())
    subprocess.run([terraform, "init", "-lockfile=readonly"], cwd=tmp_path, env=tf_environment, check=True)
    linked = tmp_path / ".terraform/providers/registry.terraform.io/hashicorp/aws/3.39.0/linux_amd64"
    assert linked.resolve().is_relative_to(mirror)
