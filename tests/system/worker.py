"""A worker as a process of its own, for tests that kill it: runs argv[2:] supervised in the directory argv[1]."""

import os
import sys
from pathlib import Path

from trueup.system.processes import Command
from trueup.system.supervised import JobFiles, Supervised

if __name__ == "__main__":
    command = Command(tuple(sys.argv[2:]), Path.cwd(), {"PATH": os.environ["PATH"]})
    with Supervised(command, JobFiles(Path(sys.argv[1])), lease_seconds=float(os.environ["LEASE"])) as program:
        for _, text in program.lines(lambda: None):
            print(text, flush=True)
