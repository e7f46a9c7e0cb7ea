"""Codification with OpenTofu on the real provider: the same corpus, the same outcome."""

import os
import shutil
from pathlib import Path

import pytest

from tests.terraform.corpus_changes import CHANGES
from tests.terraform.corpus_live import settle
from trueup.demo.cloud import Cloud
from trueup.drivers.terraform.spec import TofuSpec

TOFU = shutil.which("tofu")


@pytest.mark.skipif(TOFU is None, reason="OpenTofu is absent: https://opentofu.org/docs/intro/install/")
def test_opentofu_codifies_the_corpus_as_terraform_does(
    fresh_cloud: Cloud, tf_environment: dict[str, str], tmp_path: Path
) -> None:
    """Everything that can be written is written and proven, the rest is refused for the same reasons."""
    path = f"{Path(str(TOFU)).parent}{os.pathsep}{tf_environment['PATH']}"
    corpus = settle(tmp_path, fresh_cloud, {**tf_environment, "PATH": path}, TofuSpec)
    assert corpus.plan.basis.engine.startswith("tofu ")
    refused = {change.address: change.refused for change in CHANGES if change.refused}
    proven = corpus.prove(corpus.drifts)
    assert proven.declined.keys() == refused.keys(), proven.declined
    assert all(refused[address] in reason for address, reason in proven.declined.items())
    assert len(proven.done) == len(CHANGES) - len(refused)
