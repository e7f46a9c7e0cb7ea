"""Fails unless a JUnit report shows that enough tests ran and none failed: an empty run is no good run."""

import argparse
import sys
from pathlib import Path
from xml.etree import ElementTree


def main() -> int:
    """Exit code 0 with a line that says how many ran, else 1 and what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--least", type=int, required=True, help="tests that must have run, skipped ones not counted")
    asked = parser.parse_args()
    suites = ElementTree.parse(asked.report).getroot().iter("testsuite")
    counts = [
        {name: int(suite.get(name, 0)) for name in ("tests", "skipped", "failures", "errors")} for suite in suites
    ]
    total = {name: sum(count[name] for count in counts) for name in ("tests", "skipped", "failures", "errors")}
    ran = total["tests"] - total["skipped"]
    broken = total["failures"] + total["errors"]
    print(f"{ran} tests ran, {total['skipped']} were skipped, {broken} failed; at least {asked.least} must run")
    return 0 if ran >= asked.least and not broken else 1


if __name__ == "__main__":
    sys.exit(main())
