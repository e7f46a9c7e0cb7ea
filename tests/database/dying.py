"""A worker that applies what a driver planned, in a process of its own, so that it can be killed."""

import json
import sys
from pathlib import Path

from tests.database.deliveries import HISTORY, Stack
from tests.database.servers import Server
from trueup.drivers.database.driver import DatabaseDriver
from trueup.model.plan import Address, Outcome, StepId


class _Lines:
    """A journal that whoever waits for this worker can read."""

    def begin(self, step: StepId) -> None:
        print(f"begin {step}", flush=True)

    def report(self, step: StepId, at: Address, outcome: Outcome, identity: str = "") -> None:
        print(f"report {at} {outcome}", flush=True)

    def end(self, step: StepId) -> None:
        print(f"end {step}", flush=True)


def main() -> None:
    given = json.loads(sys.stdin.read())
    server = Server(given["major"], Path(given["binaries"]), Path(given["directory"]), given["port"])
    stack = Stack(server, given["database"], Path(given["here"]), given["files"], spec=given["spec"], table=HISTORY)
    with DatabaseDriver().open(stack.job()) as session:
        session.apply(session.plan(), _Lines())


if __name__ == "__main__":
    main()
