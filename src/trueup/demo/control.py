"""The company's trueup.yaml: what `trueup init` wrote, and what a person adds to it."""

from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal

FOUND = '  - terraform: "environments/{env}/{name}"  # 4 stacks\n'
"""What `trueup init` says of the company's layout."""

LAYERS = """\
  - terraform: "environments/{env}/networking"
  - terraform: "environments/{env}/app"
    inputs:
      vpc_id: "networking-{env}.vpc_id"
      zone_id: "networking-{env}.zone_id"
      subnet_cidrs: "networking-{env}.subnet_cidrs"
"""

PEOPLE = """\
people:
  anna: {email: [anna@acme.example]}
  ben: {email: [ben@acme.example], aws: ["user:ben"]}
  carla: {email: [carla@acme.example]}
  mira: {email: [mira@acme.example], aws: ["*:mira@acme.example"]}
"""


def observing(written: str, cloud: Cloud, terminal: Terminal) -> str:
    """`written` by `trueup init`, with who hands outputs to whom, the roles to plan and to apply with, where this
    cloud is, and who the people are. Everything is still only observed. Prod does not insist on bubblewrap: the story
    is also told where nobody may install it."""
    written = written.replace("prod: {critical: true, ", "prod: {critical: true, sandbox: preferred, ")
    variables = {"TF_CLI_CONFIG_FILE": terminal.environment["TF_CLI_CONFIG_FILE"], **cloud.address}
    return "\n".join(
        [
            written.replace("stacks:\n", "repositories:\n  infra: {url: .}\nstacks:\n").replace(FOUND, LAYERS).rstrip(),
            "credentials:",
            '  - match: {env: "*"}',
            f'    plan: {{awsRole: "{cloud.plan_role}"}}',
            f'    apply: {{awsRole: "{cloud.apply_role}"}}',
            f'    breakGlass: {{awsRole: "{cloud.break_glass_role}"}}',
            "contexts:",
            "  - vars:",
            *(f'      {name}: "{value}"' for name, value in variables.items()),
            PEOPLE,
        ]
    )


def delivering(text: str) -> str:
    """The same, with both environments delivered."""
    header, environments, rest = text.partition("environments:\n")
    return header + environments + rest.replace("mode: observe", "mode: deliver")
