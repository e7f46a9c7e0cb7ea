"""A worker process for the run suite: `python -m tests.runs.worker PLACE NAME [POINT]`; stops for good at the point."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.runs.site import Place, build, engine_of, scheduler_of
from trueup.system.locks import DataLock


def stopping_at(point: str, place: Place, name: str) -> Callable[[str], None]:
    def reach(reached: str) -> None:
        if reached == point:
            (place.data / f"{name}.reached").write_text(reached)
            # Until the test kills this process: nothing else ever wakes it.
            threading.Event().wait()

    return reach


def main(place: Place, name: str, point: str) -> None:
    if place.alone:
        DataLock(place.data).acquire()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    built = build(place, name, stopping_at(point, place, name))
    engine = engine_of(place, built, name)
    engine.start(polling=0.1)
    Path(place.data / f"{name}.started").touch()
    scheduler_of(built, engine, name).run(stop, 0.1)
    engine.stop(patience=10)
    built.store.close()


if __name__ == "__main__":
    main(Place(**json.loads(sys.argv[1])), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
