"""Columns as `terraform fmt` has them: ours against the real one's."""

import subprocess
from pathlib import Path

import pytest

from trueup.drivers.terraform.codify_format import aligned, formatted

CORPUS = Path(__file__).parent / "corpus"
CROOKED = """\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16" # the whole
  enable_dns_hostnames = true # names
  tags = { Name = "a", Owner = "b" }
  ünï = "wide" /* text */

  # a comment between
  a = [for each in var.list : each == "x" ? "{" : "("] # brackets in texts
  longer = "${var.a}-${var.b}" # interpolated
  policy = <<-EOF
    x = 1 # not ours
    longer = 2 # neither
  EOF
  after = 1 # after the heredoc
  it = 2

  map = {
    a = 1
    "quoted key" = 2 // slashes
    nested = {
      b = 1
    }
    c = 3
    long_name = jsonencode({
      d = 4
    })
  }

  dynamic "ingress" {
    for_each = [1]
    content {
      from = ingress.value # from
      protocol = "tcp" # both
    }
  }
}
"""


def fmt(terraform: Path, text: str) -> str:
    done = subprocess.run([terraform, "fmt", "-"], input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode()


def test_crooked_columns_become_those_of_fmt(terraform: Path) -> None:
    """Equals signs and trailing comments of neighbouring lines; texts, heredocs and brackets are not mistaken."""
    ours = aligned("main.tf", CROOKED.encode()).decode()
    assert ours == fmt(terraform, CROOKED)
    assert aligned("main.tf", ours.encode()).decode() == ours


@pytest.mark.parametrize("path", sorted(CORPUS.rglob("*.tf")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_that_fmt_keeps_are_kept(terraform: Path, path: Path) -> None:
    """What is canonical is never taken for something else."""
    text = path.read_bytes().decode()
    if fmt(terraform, text) == text:
        assert aligned(path.name, text.encode()).decode() == text


def test_crooked_files_are_left_alone() -> None:
    """Whoever does not use fmt is not told to by a codification."""
    edited = CROOKED.replace("10.0.0.0/16", "10.1.0.0/16").encode()
    assert formatted("main.tf", CROOKED.encode(), edited) == edited
