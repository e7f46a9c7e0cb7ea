"""One plan of a big zone in a process of its own, to see the most memory that it and its octoDNS hold."""

import json
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.dns.jobs import Place


def plan(place: Path, environment: Mapping[str, str], files: Mapping[str, str]) -> None:
    """Raises AssertionError where the two sides are not the same."""
    made = Place(place, environment).plan(files)
    assert made.empty, f"{len(made.changes)} changes, the first is {made.changes[0]}"
    assert len(made.real) > len(files)


def main() -> None:
    """Reads what to plan, prints MB of this process and of its octoDNS."""
    order = json.loads(sys.stdin.read())
    plan(Path(order["place"]), order["environment"], order["files"])
    usage = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps(usage))


if __name__ == "__main__":
    main()
