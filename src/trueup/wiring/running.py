"""Running: an installation with its engine, its schedule and its API, in one process or as one more worker."""

import getpass
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_urlsafe
from threading import Event, Thread

from fastapi import FastAPI

from trueup.engine.scheduler import Scheduler
from trueup.engine.workflows import Engine, Work
from trueup.settings import STOP_PATIENCE
from trueup.system.locks import DataLock
from trueup.web.access import Access
from trueup.web.app import create_app
from trueup.web.offices import Vitals
from trueup.web.server import Life, Listen, serve
from trueup.web.tokens import Tokens
from trueup.wiring.assembly import Installation, Options, installation
from trueup.wiring.fetching import fetching
from trueup.wiring.offices import offices
from trueup.wiring.rounds import rounds


@dataclass
class Works:
    """The engine and the schedule of one process, started and stopped together."""

    installed: Installation
    engine: Engine
    scheduler: Scheduler
    brief: bool = False
    """For one command only: what it gives reason to tell is sent by the next process that stays."""
    running: bool = False

    @classmethod
    def of(cls, installed: Installation) -> "Works":
        site, options = installed.site, installed.options
        work = Work(
            plan=lambda run: site.reconciler.walk(run, "plan"),
            apply=lambda run: site.reconciler.walk(run, "apply"),
            recover=site.recovery.recover,
            follow_up=site.follow_ups.write,
            check=lambda stack: site.watch(stack),
        )
        engine = Engine(
            installed.store,
            work,
            database=options.database or f"sqlite:///{options.data / 'workflows.db'}",
            worker=installed.worker,
            now=site.clock.now,
            alone=not options.database,
        )
        scheduler = Scheduler(
            store=installed.store,
            catalog=site.catalog,
            intake=installed.intake,
            errands=site.errands,
            reports=installed.reports,
            queues=engine,
            clock=site.clock,
            holder=installed.worker,
            poll=options.poll,
            sign=installed.sign_when_due,
            rounds=rounds(site, engine),
        )
        return cls(installed, engine, scheduler)

    def start(self) -> None:
        self._stop = Event()
        self.engine.start()
        self._thread = Thread(target=self.scheduler.run, args=(self._stop,), name="scheduler", daemon=True)
        self._thread.start()
        self._courier = None if self.brief else self._beside(self.installed.site.courier.run, "courier")
        if not self.brief:
            # Nobody waits for its end either: it changes nothing but when a check is due.
            self._beside(self.installed.site.prober.run, "prober")
            # Nobody waits for its end: it may be in the middle of a long poll, and what it did not store comes again.
            queues = fetching(self.installed)
            Thread(target=queues.run, args=(self._stop,), name="fetching", daemon=True).start()
        self.running = True

    def _beside(self, run: Callable[[Event], None], name: str) -> Thread:
        thread = Thread(target=run, args=(self._stop,), name=name, daemon=True)
        thread.start()
        return thread

    def stop(self, patience: int = STOP_PATIENCE) -> None:
        """Takes nothing new; what does not end in time is seen as lost and taken over."""
        if not self.running:
            return
        self.running = False
        self._stop.set()
        self.engine.stop(patience)
        self._thread.join()
        if self._courier is not None:
            self._courier.join()


def up(options: Options, listen: Listen, ready: Callable[[str], None]) -> int:
    """Everything in one process until it is asked to end. `ready` is told the URL once requests are answered. Raises
    Refused when the data directory is in use."""
    lock = DataLock(options.data)
    lock.acquire()
    with lock, installation(options) as installed:
        works = Works.of(installed)
        token = token_urlsafe(32)
        app = _app(works, Access(Tokens(installed.store, installed.site.clock), owner=token, user=getpass.getuser()))

        def announced(url: str) -> None:
            lock.announce(url)
            ready(url)

        life = Life(
            on_start=works.start,
            on_stop=works.stop,
            on_listening=announced,
        )
        serve(app, listen, options.data, token, life)
    return 0


def worker(options: Options) -> int:
    """One more process on a shared PostgreSQL database, without an API, until it is asked to end."""
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with DataLock(options.data) as lock:
        lock.acquire()
        with installation(options) as installed:
            works = Works.of(installed)
            works.start()
            ended.wait()
            works.stop()
    return 0


@contextmanager
def embedded(data: Path, repo: str = "") -> Iterator[FastAPI]:
    """The API for a command line in this very process. Work goes on while the context lasts, not longer."""
    with DataLock(data) as lock:
        lock.acquire()
        with installation(Options(data, repo)) as installed:
            works = replace(Works.of(installed), brief=True)
            access = Access(Tokens(installed.store, installed.site.clock), user=getpass.getuser(), embedded=True)
            app = _app(works, access)
            works.scheduler.refresh()
            works.start()
            try:
                yield app
            finally:
                works.stop()


def _app(works: Works, access: Access) -> FastAPI:
    scheduler = works.scheduler
    vitals = Vitals(
        engine_running=lambda: works.running,
        looked_at=lambda: scheduler.looked_at,
        look=lambda: scheduler.look,
        key_id=works.installed.seal.key_id,
        poll=scheduler.poll,
    )
    return create_app(works.installed.site, access, offices(works.installed, scheduler), vitals)
