"""A worker process for the run suite: `python -m tests.runs.worker PLACE NAME [POINT]`.

At the point it stops for good; with `deaf:` before the point it loses the database's leases and beats instead, and
goes on when the test says so."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.runs.site import PAUSE, Place, build, engine_of, scheduler_of
from trueup.adapters.store.store import SqlStore
from trueup.model.errors import Unavailable
from trueup.system.locks import DataLock


def stopping_at(point: str, place: Place, name: str) -> Callable[[str], None]:
    def reach(reached: str) -> None:
        if reached == point:
            (place.data / f"{name}.reached").write_text(reached)
            # Until the test kills this process: nothing else ever wakes it.
            threading.Event().wait()

    return reach


class CutOff:
    """From a moment on, this process cannot say that it is alive; everything else goes on."""

    def __init__(self) -> None:
        self._happened = threading.Event()

    def happen(self) -> None:
        self._happened.set()

    def guard(self, store: SqlStore) -> None:
        for name in ("renew", "beat", "acquire"):
            setattr(store, name, self._guarded(getattr(store, name)))

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any) -> Any:
            if self._happened.is_set():
                raise Unavailable("cut off")
            return call(*arguments)

        return guarded


def going_deaf_at(point: str, place: Place, name: str, cut: CutOff) -> Callable[[str], None]:
    def reach(reached: str) -> None:
        if reached == point:
            cut.happen()
            (place.data / f"{name}.reached").write_text(reached)
            while not (place.data / f"{name}.go").exists():
                time.sleep(0.05)

    return reach


def end_with_the_session() -> None:
    """The test session holds the other end of stdin: a session that was killed leaves no worker behind."""
    os.read(0, 1)  # not sys.stdin, whose lock would be held when the process ends by itself
    os._exit(1)


def main(place: Place, name: str, point: str) -> None:
    if place.alone:
        DataLock(place.data).acquire()
    threading.Thread(target=end_with_the_session, daemon=True).start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    cut = CutOff()
    deaf = point.startswith("deaf:")
    reach = going_deaf_at(point.removeprefix("deaf:"), place, name, cut) if deaf else stopping_at(point, place, name)
    built = build(place, name, reach)
    cut.guard(built.store)
    engine = engine_of(place, built, name)
    engine.start(polling=PAUSE)
    Path(place.data / f"{name}.started").touch()
    scheduler_of(built, engine, name).run(stop, PAUSE)
    engine.stop(patience=10)
    built.store.close()


if __name__ == "__main__":
    main(Place(**json.loads(sys.argv[1])), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
