"""A secret is in no database, no log, no comment, no ledger entry and no error."""

from collections.abc import Iterator
from pathlib import Path

from tests.stories.small import APP, SmallOffice, open_with
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.run import RunKind, RunState
from trueup.render.encoding import to_json

GIVEN = "canary-given-7f3a91"
"""Of a context: every subprocess gets it."""
SENSITIVE = "canary-sensitive-20c4d8"
"""A variable that the code calls sensitive."""

CODE = f"""
variable "token" {{
  type      = string
  sensitive = true
}}

variable "password" {{
  type      = string
  default   = "{SENSITIVE}"
  sensitive = true
}}

resource "terraform_data" "login" {{
  input = {{ token = var.token, password = var.password, note = "first" }}
}}

output "token" {{
  value     = var.token
  sensitive = true
}}
"""
REFUSES = """
resource "terraform_data" "refuses" {
  lifecycle {
    precondition {
      condition     = nonsensitive(var.token) == ""
      error_message = "cannot log in with ${nonsensitive(var.token)}"
    }
  }
}
"""
FAILS = """
resource "terraform_data" "fails" {
  provisioner "local-exec" {
    command     = "echo $SECRET $TOKEN >&2; exit 1"
    environment = { SECRET = var.password, TOKEN = var.token }
  }
}
"""


def test_a_secret_is_nowhere(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> None:
    """A context's secret and a sensitive variable through adoption, proposal, delivery, a refused plan and a failed
    apply: the run failed with words, and no file of ours has either value."""
    given = tmp_path / "token"
    given.write_text(GIVEN)
    with open_with(cloud, terminal, tmp_path, {APP: CODE}) as office:
        context = office.rules["contexts"][0]
        secret = {**context, "secrets": {"TF_VAR_token": f"file:{given}"}}
        office.govern("deliver", sections={"contexts": [secret]})
        office.adopt("app")
        assert office.finish("app").converged
        office.edit(APP, "first", "second", by="ben", message="Second", branch="change")
        request = office.propose("Second", "change", by="ben")
        office.look(2)
        office.merge(request, approved_by="anna")
        assert office.finish("app").converged
        text = CODE.replace("first", "second")
        office.pushed({APP: text + REFUSES})
        refused = office.finish("app")
        assert refused.state is RunState.FAILED and "cannot log in with" in refused.error
        office.pushed({APP: text + FAILS})
        failed = office.finish("app")
        assert failed.state is RunState.FAILED and "exit status 1" in failed.error

        said = [*map(to_json, office.runs()), *map(to_json, office.ledger())]
        said += [line for run in office.runs() for _, line in office.site.store.logs(run.id)]
        said += [comment.body for comment in office.forge.get(request.number).comments]
        assert office.forge.get(request.number).comments and office.newest("app", RunKind.PROPOSAL)
        assert all(secret not in text for text in map(str, said) for secret in (GIVEN, SENSITIVE))
        found = {str(file.relative_to(tmp_path)) for file, content in kept(office, tmp_path / "data")}
        assert "data/trueup.db" in found
        leaks = [
            (str(file.relative_to(tmp_path)), secret)
            for file, content in kept(office, tmp_path / "data")
            for secret in (GIVEN, SENSITIVE)
            if secret.encode() in content
        ]
        assert leaks == []


def kept(office: SmallOffice, data: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file that is kept. Mirrors hold what people committed; `work` is what a plan needs while it runs."""
    for file in data.rglob("*"):
        if file.is_file() and file.relative_to(data).parts[0] not in ("mirrors", "work"):
            yield file, file.read_bytes()
