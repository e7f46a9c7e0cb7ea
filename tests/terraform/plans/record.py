"""Records the plans beside it from real Terraform and the real provider against an emulated AWS:

    python -m tests.terraform.plans.record

What is written is what `show -json` said, without what no cause follows from. Look at the differences that Git shows
before you believe them.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.stages.made import NOW
from tests.terraform.corpus_changes import Hand
from tests.terraform.jobs import Diary, Place, tree
from tests.terraform.plans.stack import FOREIGN, HEAD, SETTLED, by_hand
from trueup.demo import providers
from trueup.demo.cloud import Cloud
from trueup.demo.terminal import Terminal, open_terminal
from trueup.drivers.terraform.convert import kinds_in
from trueup.model.baseline import Baseline
from trueup.model.stack import StackId
from trueup.model.values import JSON
from trueup.ports.tree import StoredTree
from trueup.stages.attribute import attribute
from trueup.stages.record import absorbed, settled

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
STATE = 'terraform {\n  backend "local" {\n    path = "PATH"\n  }\n}\n'


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="trueup-plans-") as name:
        place = Path(name)
        terminal = open_terminal(place / "home", providers.mirror(ROOT / "build" / "providers"))
        with Cloud(place / "cloud") as cloud:
            record(place, cloud, terminal.having(cloud.environment(cloud.hand)))


def record(place: Path, cloud: Cloud, who: Terminal) -> None:
    state = STATE.replace("PATH", str(place / "terraform.tfstate"))

    def files(code: str) -> StoredTree:
        lock = providers.lock_file()
        return tree({"app/main.tf": code, "app/backend.tf": state, "app/.terraform.lock.hcl": lock})

    where = Place(place / "trueup", dict(who.environment))
    with where.driver.open(where.job(files(SETTLED))) as session:
        made = attribute(session.plan(), None)
        applied = session.apply(made.plan, Diary())
        assert applied.complete, applied.error
        after = session.plan()
    first = Baseline(StackId("stk-0000000001"), 1, made.plan.basis, settled(None, made, applied), NOW, "run:1")
    resources = absorbed(first.resources, made, attribute(after, first))
    baseline = {address: {"kind": each.kind, "values": each.values} for address, each in sorted(resources.items())}
    write("baseline", baseline)
    by_hand(Hand(cloud, {str(address): each.values for address, each in resources.items()}))

    beside = place / "beside"
    beside.mkdir()

    def plain(code: str, *words: str) -> None:
        """Somebody runs plain Terraform on that code."""
        for path, content in files(code).contents.items():
            (beside / Path(path).name).write_bytes(content)
        who.run(beside, "init", "-input=false")
        who.run(beside, *words, "-input=false")

    def planned(name: str) -> None:
        document = where.plan(files(HEAD), purpose="check").artifact.document
        write(name, pruned(document))
        kinds.update(kinds_in(document))

    kinds: set[tuple[str, str]] = set()
    planned("by_hand")
    plain(SETTLED, "apply", "-auto-approve", "-refresh-only")
    planned("refreshed")
    plain(FOREIGN, "apply", "-auto-approve")
    planned("foreign")
    write("schemas", schemas(kinds, beside, who))


def pruned(document: JSON) -> JSON:
    """Only what causes follow from, and nothing of this machine."""
    kept = {
        name: document[name] for name in ("resource_changes", "resource_drift", "output_changes") if name in document
    }
    module = document["configuration"]["root_module"]
    for each in (*kept.get("resource_changes", ()), *kept.get("resource_drift", ())):
        each.pop("relevant_attributes", None)
    return {**kept, "configuration": {"root_module": {"resources": module["resources"]}}}


def schemas(kinds: Iterable[tuple[str, str]], directory: Path, who: Terminal) -> JSON:
    command = [str(who.terraform), "providers", "schema", "-json"]
    said = subprocess.run(command, cwd=directory, env=dict(who.environment), capture_output=True, check=True)
    known = json.loads(said.stdout)["provider_schemas"]
    return {kind: known[provider]["resource_schemas"][kind]["block"] for provider, kind in sorted(kinds)}


def write(name: str, document: JSON) -> None:
    """A line for each entry, so that differences can be read."""
    lines = [f" {json.dumps(key)}: {lined(value)}" for key, value in sorted(document.items())]
    (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def lined(value: JSON) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"  {json.dumps(each, sort_keys=True)}" for each in value) + "\n ]"
    return json.dumps(value, sort_keys=True)


if __name__ == "__main__":
    main()
