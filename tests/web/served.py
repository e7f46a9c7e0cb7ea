"""A process that serves a real site and says what happens to it, line by line: for the server's tests.

Arguments: a directory, and `quick`, `slow` (its engine does not come to an end) or `broken` (it cannot start).
"""

import sys
import threading
from pathlib import Path

from tests.web.site import OWNER, bench
from trueup.model.errors import Refused
from trueup.web.server import Life, Listen, serve


def main(base: Path, engine: str) -> None:
    def say(*words: object) -> None:
        print(*words, flush=True)

    def start() -> None:
        if engine == "broken":
            raise Refused("the engine has no key")
        say("started")

    def stop() -> None:
        say("stopping")
        if engine == "slow":
            threading.Event().wait()

    with bench(base) as site:
        life = Life(start, stop, on_listening=lambda url: say("listening", url))
        try:
            serve(site.app, Listen(port=0), site.installation.options.data, OWNER, life)
        except Refused as error:
            say("refused", error.message)
            sys.exit(1)
    say("ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
