"""The embedded Terraform behaves like the real executable."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cloud import Company
from trueup.demo.engine import install_terraform

ROOT = """
resource "terraform_data" "greeting" {
  input = "hello"
}

output "greeting" {
  value = terraform_data.greeting.output
}
"""
SLEEPER = """
resource "terraform_data" "sleeper" {
  provisioner "local-exec" {
    command = "echo asleep; exec sleep 600"
  }
}

resource "terraform_data" "afterwards" {
  input = terraform_data.sleeper.id
}
"""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed embedded Terraform."""
    return install_terraform(tmp_path_factory.mktemp("engine"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The bare environment of a tool: nothing of Python's, nothing of ours."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}


def run(
    terraform: Path, *words: str, cwd: Path, env: dict[str, str], text: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [terraform, *words], cwd=cwd, env=env, input=text, capture_output=True, text=True, check=False
    )


def test_plans_and_applies(embedded: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """version, init, plan with its exit codes, apply of the saved plan, output: all as the real one answers."""
    (tmp_path / "main.tf").write_text(ROOT)
    version = run(embedded, "version", "-json", cwd=tmp_path, env=environment)
    assert json.loads(version.stdout)["terraform_version"] == "1.15.5"
    assert run(embedded, "init", cwd=tmp_path, env=environment).returncode == 0
    planned = run(embedded, "plan", "-detailed-exitcode", "-out=p", "-json", cwd=tmp_path, env=environment)
    assert planned.returncode == 2
    assert {"planned_change", "change_summary"} <= {json.loads(line)["type"] for line in planned.stdout.splitlines()}
    assert run(embedded, "apply", "p", cwd=tmp_path, env=environment).returncode == 0
    assert run(embedded, "plan", "-detailed-exitcode", cwd=tmp_path, env=environment).returncode == 0
    elsewhere = run(embedded, f"-chdir={tmp_path}", "output", "-raw", "greeting", cwd=Path("/"), env=environment)
    assert elsewhere.stdout == "hello"


def test_reads_its_input_and_fails_on_the_right_stream(
    embedded: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """A confirmation comes from standard input; a mistake ends with 1 and speaks on standard error."""
    (tmp_path / "main.tf").write_text(ROOT)
    run(embedded, "init", cwd=tmp_path, env=environment)
    assert "Apply complete!" in run(embedded, "apply", cwd=tmp_path, env=environment, text="yes\n").stdout
    (tmp_path / "main.tf").write_text(ROOT + 'resource "no_such_thing" {}')
    wrong = run(embedded, "validate", "-no-color", cwd=tmp_path, env=environment)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "no_such_thing" in wrong.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_streams_and_stops_gracefully(
    embedded: Path, environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Output arrives while the command runs; a signal ends the provisioner, and the state keeps what was begun."""
    (tmp_path / "main.tf").write_text(SLEEPER)
    run(embedded, "init", cwd=tmp_path, env=environment)
    apply = [embedded, "apply", "-auto-approve", "-no-color"]
    with subprocess.Popen(apply, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.endswith("asleep\n") for line in process.stdout)
        os.kill(process.pid, number)
        rest = process.stdout.read()
    assert process.returncode == 1
    assert "Gracefully shutting down" in rest
    resources = json.loads((tmp_path / "terraform.tfstate").read_text())["resources"]
    assert [(one["name"], one["instances"][0]["status"]) for one in resources] == [("sleeper", "tainted")]


@pytest.mark.skipif(
    shutil.which("terraform") is None,
    reason="terraform is not on PATH: https://developer.hashicorp.com/terraform/install",
)
def test_answers_like_the_real_one(embedded: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """Wrong commands give the same exit codes as the real executable."""
    real = Path(shutil.which("terraform") or "")
    for words in (["no-such-command"], ["show", "missing"], ["plan", "-no-such-flag"], []):
        theirs, ours = (run(engine, *words, cwd=tmp_path, env=environment).returncode for engine in (real, embedded))
        assert theirs == ours, words


def test_drives_the_real_provider(embedded: Path, company: Company) -> None:
    """With the lock file as committed it starts the AWS provider, reads S3 for the state, and plans the network."""
    who = replace(company.terminal, terraform=embedded).having(company.cloud.environment(company.cloud.hand))
    root = company.repository / "environments/dev/networking"
    who.run(root, "init", "-lockfile=readonly")
    assert "Plan: 8 to add, 0 to change, 0 to destroy." in who.run(root, "plan", "-no-color")
