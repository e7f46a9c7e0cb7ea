"""`init`, `validate` and `schema`: trueup.yaml without a server."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Trueup
from tests.system.repositories import git

MISTAKEN = """\
apiVersion: trueup.dev/v1
mode: obsrve
stacks:
  - teraform: environments/{env}/{name}
environments:
  dev: {aprove: 1}
"""
ROOT = 'terraform {\n  backend "s3" {}\n}\n'


@pytest.fixture
def company(tmp_path: Path) -> Path:
    repository = tmp_path / "infra"
    for path in ("environments/dev/app", "environments/prod/app", "environments/prod/networking"):
        (repository / path).mkdir(parents=True)
        (repository / path / "main.tf").write_text(ROOT)
    return repository


def test_init_writes_what_it_found_and_it_is_valid(say: Trueup, company: Path) -> None:
    """Everything is only observed, and the next step is told."""
    said = say("init", str(company))
    assert said.code == 0, said.err
    text = (company / "trueup.yaml").read_text()
    assert "mode: observe" in text and "environments/{env}/{name}" in text
    assert "trueup validate" in said.out
    valid = say("validate", str(company))
    assert valid.code == 0
    assert "is right: 3 stacks." in valid.out


def test_init_never_overwrites(say: Trueup, company: Path) -> None:
    """Somebody's file stays as it is; --dry-run prints beside it."""
    (company / "trueup.yaml").write_text("mine")
    said = say("init", str(company))
    assert said.code == 1
    assert "--dry-run" in said.err
    assert (company / "trueup.yaml").read_text() == "mine"
    assert say("init", str(company), "--dry-run").out.startswith("# Written from")


def test_init_looks_at_what_git_would_take_in(say: Trueup, company: Path) -> None:
    """Ignored directories are no stacks; files that are not committed yet are."""
    git(company, "init", "--quiet")
    (company / ".gitignore").write_text("scratch/\n")
    (company / "scratch" / "x").mkdir(parents=True)
    (company / "scratch" / "x" / "main.tf").write_text(ROOT)
    assert json.loads(say("init", str(company), "-o", "json").out)["stacks"] == 3


def test_init_of_nothing_says_what_it_looked_for(say: Trueup, tmp_path: Path) -> None:
    """No file is written."""
    (tmp_path / "empty").mkdir()
    said = say("init", str(tmp_path / "empty"))
    assert said.code == 2
    assert "backend" in said.err
    assert list((tmp_path / "empty").iterdir()) == []
    assert say("init", str(tmp_path / "nowhere")).code == 2


def test_validate_shows_every_mistake_with_its_line_and_a_caret(say: Trueup, tmp_path: Path) -> None:
    """File, line, column, the line itself, and what was probably meant."""
    file = tmp_path / "trueup.yaml"
    file.write_text(MISTAKEN)
    said = say("validate", str(file))
    assert said.code == 2
    assert f"{file}:2:7: expected one of observe, propose, deliver; found `obsrve`" in said.out
    assert "     2 | mode: obsrve\n       |       ^\n  did you mean `observe`?\n" in said.out
    assert "did you mean `terraform`?" in said.out
    assert "did you mean `approve`?" in said.out
    assert said.out.endswith("3 mistakes\n")
    found = json.loads(say("validate", str(file), "-o", "json").out)
    assert [each["place"]["line"] for each in found] == [2, 4, 6]


def test_validate_reads_the_stacks_own_files(say: Trueup, company: Path) -> None:
    """HCL that does not parse is found before anybody plans, at its line, once for all stacks that use it."""
    say("init", str(company))
    broken = company / "environments" / "dev" / "app" / "main.tf"
    broken.write_text(ROOT + 'resource "aws_vpc" "main" {\n  cidr_block = \n}\n')
    said = say("validate", str(company))
    assert said.code == 2
    assert f"{broken}:5" in said.out
    assert "5 |   cidr_block =" in said.out


def test_validate_looks_into_other_repositories_where_it_is_told(say: Trueup, company: Path, tmp_path: Path) -> None:
    """Their stacks are checked when it is said where they lie; else that they were not is said."""
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "trueup.yaml").write_text(
        "apiVersion: trueup.dev/v1\n"
        "repositories:\n  infra: {url: git@example.com:infra.git}\n"
        "stacks:\n  - terraform: infra//environments/{env}/{name}\n    dependsOn: ['nowhere-{env}']\n"
    )
    unread = say("validate", str(tmp_path / "control"))
    assert unread.code == 0
    assert "infra" in unread.err
    told = say("validate", str(tmp_path / "control"), "--checkout", f"infra={company}")
    assert told.code == 2
    assert "nowhere-prod" in told.out
    assert say("validate", str(tmp_path / "control"), "--checkout", "infra").code == 2


def test_validate_of_no_file_says_how_to_get_one(say: Trueup, tmp_path: Path) -> None:
    """`trueup init` writes one."""
    said = say("validate", str(tmp_path))
    assert said.code == 2
    assert "trueup init" in said.err


def test_the_schema_is_json_schema(say: Trueup) -> None:
    """For editors; it knows the formats that are installed."""
    schema = json.loads(say("schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "terraform" in {form["title"] for form in schema["properties"]["stacks"]["items"]["oneOf"]}
