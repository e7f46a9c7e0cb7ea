"""The story that Trueup exists for, from the first look to the ledger, on real objects; every step is asserted."""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from rich.console import Console

from trueup.demo import closing, databases, incident, opening, second_night, zones
from trueup.demo.scene import Scene, open_scene
from trueup.demo.telling import COLUMNS, MARGIN, Telling
from trueup.model.errors import Invalid, TrueupError
from trueup.settings import DemoOptions

STEPS: tuple[tuple[str, Callable[[Scene], None]], ...] = (
    ("A company works by hand; Trueup looks, and is let in", opening.adoption),
    ("A change request: planned, approved, merged, applied in order", opening.change_request),
    ("03:00, somebody opens ports in the console", incident.at_night),
    ("Found by the cloud's own log: what, who, since when; left alone", incident.found),
    ("A routine change would have closed it: blocked", incident.blocked),
    ("The drift becomes code, proven", incident.codified),
    ("The routine change applies, and 8443 stays open", incident.delivered),
    ("The other layout: a rule that no plan sees is imported", incident.other_layout),
    ("The next night, by the book: break-glass", second_night.by_the_book),
    ("Drift that nobody decides about: the deadline", second_night.deadline),
    ("A database: Flyway's migrations on the same walk, and an index made at night", databases.orders),
    ("A zone: what only its name server knew becomes code", zones.zone),
    ("Somebody runs plain terraform apply beside us", closing.foreign_apply),
    ("What changed, who, why; and nobody altered it", closing.books),
)

INTERRUPTED = 130


def run(options: DemoOptions) -> int:
    """Plays it; 0 when every step held, 1 when one did not, 130 when it was interrupted before its end."""
    console = None if options.json else _console()
    telling = Telling(console)
    with _signals(), _place(options.keep) as directory:
        try:
            with open_scene(directory, telling) as scene:
                for number, (title, step) in enumerate(STEPS, 1):
                    with telling.step(number, title):
                        step(scene)
                _end(console, telling, options)
                if not options.once:
                    _stay(scene)
        except TrueupError as error:
            _tell(error, telling, options.keep)
            if console is None:
                _print(telling, options)
            return 1
        except KeyboardInterrupt:
            return 0 if telling.finished(len(STEPS)) else INTERRUPTED
    return 0


def _console() -> Console:
    """Plain and not too wide where nobody looks, so that a transcript can be read."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else COLUMNS + MARGIN)


def _end(console: Console | None, telling: Telling, options: DemoOptions) -> None:
    if console is None:
        _print(telling, options)
        return
    document = telling.document(len(STEPS), "")
    held = sum(len(step["held"]) for step in document["steps"])
    console.print(
        f"\nAll {held} promises of {len(STEPS)} steps held, in {document['seconds']:.0f} s.", style="bold green"
    )


def _print(telling: Telling, options: DemoOptions) -> None:
    document = telling.document(len(STEPS), str(options.keep or ""))
    print(json.dumps(document, indent=2, ensure_ascii=False), flush=True)


def _tell(error: TrueupError, telling: Telling, kept: Path | None) -> None:
    """What was expected, what is there instead, and where to look."""
    where = f"everything is in {kept}" if kept else "`trueup demo --once --keep DIR` keeps everything to be looked at"
    at = f"step {len(telling.steps)}" if telling.steps else "the start"
    print(f"The story broke at {at}: {error}\n  {where}", file=sys.stderr)


def _stay(scene: Scene) -> None:
    """Until Ctrl-C: everything goes on running, for people to look around."""
    seen = ("stack list", "run list", "drift list --state resolved", "ledger list", "what-changed --since 1h")
    scene.telling.offer(
        "",
        "It all goes on running. In another terminal:",
        "",
        f"  export TRUEUP_DATA={scene.data}",
        *(f"  trueup {command}" for command in seen),
        "",
        f"  git clone {scene.bare}",
        f"  aws --endpoint-url {scene.cloud.endpoint} ec2 describe-security-groups",
        "",
        "Ctrl-C ends it and takes everything away.",
    )
    Event().wait()


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    """A directory that goes away; or the one to keep, which must be new or empty."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise Invalid(f"{keep} is not empty", hint="name a new directory: the story makes everything itself")
        yield keep.resolve()
        return
    directory = Path(tempfile.mkdtemp(prefix="trueup-demo-")).resolve()
    try:
        yield directory
    finally:
        remove(directory)


def remove(directory: Path) -> None:
    """A story's directory. The provider's mirror in it is read-only: its directories are opened first."""
    for folder, _, _ in os.walk(directory):
        Path(folder).chmod(0o755)
    shutil.rmtree(directory)


@contextmanager
def _signals() -> Iterator[None]:
    """To be ended or hung up on is to be interrupted: nothing stays behind."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
