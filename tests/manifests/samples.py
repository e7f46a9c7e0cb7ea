"""Samples: DESIGN's trueup.yaml, formats as wiring would hand them in, and trees of values."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trueup.manifests.formats import FormatEntry
from trueup.ports.tree import StoredTree


class TerraformKeys(BaseModel):
    """The keys that a Terraform entry has of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    workspace: str | None = Field(None, description="The workspace to select.")
    var_files: tuple[str, ...] = Field((), description="Variable files, in order.")
    parallelism: int | None = None


FORMATS = {
    "terraform": FormatEntry("terraform", TerraformKeys, ("*.tf", "*.tf.json")),
    "tofu": FormatEntry("terraform", TerraformKeys, ("*.tf", "*.tf.json", "*.tofu")),
}

DESIGNED = """\
apiVersion: trueup.dev/v1
mode: observe                          # default; environments and stacks set their own
repositories:
  aws:  {url: git@github.acme.com:infra/aws.git, branch: main}
  data: {url: git@github.acme.com:infra/data.git}
stacks:
  - terraform: aws//environments/{env}/{name}            # a pattern is many stacks; captures become attributes
  - terraform: aws//legacy/{name}
    envs: [staging, prod]
    workspace: "{env}"
    varFiles: ["{env}.tfvars"]
  - flyway: data//services/{name}/db
    env: prod
    url: awssm:prod/{name}#url
  - octodns: data//dns/production.yaml
    env: prod
environments:
  dev:  {mode: deliver, checks: 1h, respond: revert}
  prod: {critical: true, checks: 30m, deadline: 48h, approve: {count: 1, from: owners, destroy: 2}}
credentials:
  - match: {env: prod}
    plan:  {awsRole: "arn:aws:iam::111122223333:role/trueup-plan"}
    apply: {awsRole: "arn:aws:iam::111122223333:role/trueup-apply"}
  - match: {env: dev}
    passEnv: [AWS_*]
contexts:
  - match: {env: prod}
    vars: {AWS_REGION: eu-central-1}
    secrets: {TF_VAR_token: "file:/run/secrets/token"}
people:
  anna: {email: [anna@acme.com], github: anna-k, aws: ["*:anna@acme.com"]}
alerts:
  - {on: [drift, blocked, deadline, check-overdue], env: prod, slack: "#{owner}-infra"}
"""


def tree(paths: Iterable[str], **contents: str) -> StoredTree:
    """Empty files at the paths; keyword arguments are files in the root with contents (`_` is a dot)."""
    files = dict.fromkeys(paths, b"")
    return StoredTree("r1", files | {name.replace("_", "."): text.encode() for name, text in contents.items()})


def stacks(*entries: str, environments: str = "dev: {}, prod: {critical: true}") -> bytes:
    """A control file whose entries are in its own repository."""
    listed = "".join(f"  - {entry}\n" for entry in entries)
    return f"apiVersion: trueup.dev/v1\nenvironments: {{{environments}}}\nstacks:\n{listed}".encode()
