"""Stacks that take another's outputs wait for it, and follow when it hands over something else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.small import APP, SmallOffice, data, open_with
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal
from trueup.model.run import RunKind, RunState
from trueup.ports.store import RunFilter

NET = "live/net/main.tf"
OUTPUT = 'output "range" {\n  value = terraform_data.range.output\n}\n'
TAKES = 'variable "range" {\n  type = string\n}\n\nresource "terraform_data" "app" {\n  input = var.range\n}\n'
FAILS = """
resource "terraform_data" "fails" {
  provisioner "local-exec" {
    command = "echo no more addresses >&2; exit 1"
  }
}
"""


@pytest.fixture
def chain(cloud: Cloud, terminal: Terminal, tmp_path: Path) -> Iterator[SmallOffice]:
    """`app` takes the range of `net`; both are live and settled."""
    files = {NET: data("range", "10.0.0.0/8") + OUTPUT, APP: TAKES}
    with open_with(cloud, terminal, tmp_path, files) as office:
        takes = {"terraform": "infra//live/app", "env": "dev", "inputs": {"range": "net-dev.range"}}
        gives = {"terraform": "infra//live/net", "env": "dev"}
        office.govern("deliver", sections={"stacks": [gives, takes]})
        office.adopt("net")
        office.finish("net")
        office.adopt("app")
        assert office.finish("app").converged
        yield office


def value_of_app(office: SmallOffice) -> object:
    baseline = office.site.books.baseline(office.stack("app").id)
    assert baseline is not None
    return baseline.resources["terraform_data.app"].values["input"]


def count(office: SmallOffice, short: str) -> int:
    wanted = RunFilter(stack=office.stack(short).id, kinds=frozenset({RunKind.DELIVERY}))
    with office.site.store.transaction() as tx:
        return len(tx.runs(wanted))


def test_a_changed_output_makes_the_stack_that_takes_it_deliver(chain: SmallOffice) -> None:
    """Only `net` was changed; `app` is delivered after it, with the new value, and then nothing more happens."""
    assert value_of_app(chain) == "10.0.0.0/8"
    chain.merged(NET, "10.0.0.0/8", "172.16.0.0/12")
    chain.look(4)
    assert chain.newest("app").state is RunState.FINISHED
    assert value_of_app(chain) == "172.16.0.0/12"
    before = count(chain, "app")
    chain.look(2)
    assert count(chain, "app") == before


def test_a_lock_is_looked_for_with_what_others_hand_over(chain: SmallOffice) -> None:
    """Without the outputs that it takes, a stack cannot even be asked who holds its lock."""
    assert chain.site.stacks.locked_by(chain.stack("app").id) is None


def test_a_stack_waits_while_the_one_before_it_is_not_settled(chain: SmallOffice) -> None:
    """`net` fails: `app`, changed by the same commit, is deferred and holds nothing; repaired, both go on in order."""
    broken = data("range", "172.16.0.0/12") + OUTPUT + FAILS
    chain.pushed({NET: broken, APP: TAKES.replace("var.range", '"in ${var.range}"')})
    chain.look(3)
    assert chain.newest("net").state is RunState.FAILED
    assert "no more addresses" in chain.newest("net").error
    waiting = chain.newest("app")
    assert waiting.state is RunState.DEFERRED and waiting.waiting_for == (chain.stack("net").name,)
    assert value_of_app(chain) == "10.0.0.0/8"
    chain.pushed({NET: data("range", "172.16.0.0/12") + OUTPUT})
    chain.look(5)
    assert chain.newest("net").state is RunState.FINISHED
    assert chain.newest("app").state is RunState.FINISHED
    assert value_of_app(chain) == "in 172.16.0.0/12"
