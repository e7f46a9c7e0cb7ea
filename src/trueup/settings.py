"""Every setting, its default and its meaning. docs/settings.md is written from this file: `make docs`."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from platformdirs import user_data_path

KEY = "key"
"""In the data directory: the installation's key. Without it nothing that is sealed can be read again."""

HOST = "127.0.0.1"
"""Where the API of `trueup up` listens, unless `--listen` says otherwise."""
PORT = 8642
"""The port of that address."""
LARGEST_BODY = 1 << 20
"""Bytes of a request's body."""
LARGEST_RECORDS = 64 << 20
"""Bytes of the cloud's own records, given to `audit-self`."""
BODY_SECONDS = 30.0
"""Until the whole body of a request must be there."""
CONNECTIONS = 256
"""Requests at one time; more are answered with 503."""
REQUESTS_PATIENCE = 30
"""Seconds that open requests have when the process ends."""
RETRY_AFTER = 5
"""Seconds that the API asks a client to wait after a 503."""
TOKEN_LIFE = timedelta(days=90)
"""Of an API token that was made without an end."""
TOKEN_LONGEST = timedelta(days=366)
"""The longest life that a token may be given."""

POLL = timedelta(seconds=60)
"""Between two looks at each repository, with jitter, unless `--poll` says otherwise."""
MISSED_LOOKS = 5
"""Looks at Git that may be missed before `/readyz` says 503."""
CHECK_OVERDUE = timedelta(minutes=10)
"""How late a check may be before it counts as overdue."""
CHECK_AGAIN = timedelta(minutes=1)
"""After a check that failed, or that a change overtook."""
REVERTS_PER_HOUR = 10
"""Automatic reverts in one environment, unless its `revertsPerHour` says otherwise."""
FIGHT_FLIPS = 3
"""How often the same path may come back after an automatic revert: then reverts stop until a person decides."""
FIGHT_WINDOW = timedelta(days=7)
"""Automatic reverts that are older do not count for a fight."""
CODIFIED_TOGETHER = 20
"""Drifts in one change request, when a backlog is split."""
RESTLESS_LOOKS = 3
"""Checks in a row that find another value at the same path, with nobody known to have changed it, before that path goes
into quarantine."""
UNPLANNED_LONGEST = timedelta(hours=6)
"""A stack is planned at least so often, however quiet its live system's log is and however equal its state."""

FIRST_BATCH = 10
"""Of stacks that are seen for the first time together, so many are checked at once."""
FIRST_EVERY = timedelta(seconds=10)
"""Between the first checks of two such batches: a thousand new stacks take about 17 minutes."""

EVENT_QUIET = timedelta(seconds=2)
"""After an event its stacks are checked when no other came for this long."""
EVENT_QUIET_LONGEST = timedelta(seconds=30)
"""Events that do not stop put a check off no longer than this after the first of them."""
EVENT_SLACK = timedelta(minutes=5)
"""How far the clock of a live system's log may differ from ours when drift is attributed."""
EVENT_PATIENCE = timedelta(minutes=20)
"""After which a drift that no event has told of counts as unheard; CloudTrail is minutes late."""
EVENTS_KEPT = timedelta(days=14)
"""Events that touched a stack are kept so long, to attribute drift that is found late."""
EVENTS_MOST = 2000
"""Events that are kept of one stack, the newest ones."""
EVENTS_SILENCE = timedelta(hours=1)
"""A source that was heard of and says nothing for longer is an alarm, unless `events:` says otherwise."""
EVENTS_PAUSE = 1.0
"""Seconds between two looks at a queue of events that was empty or did not answer; each look waits there itself."""
ALARM_SECONDS = 15.0
"""Between two looks at what is overdue or silent."""

LEASE_SECONDS = 60.0
"""The lease of an apply on its stack. Half of it without a renewal and the supervisor interrupts the apply."""
SILENT_SECONDS = 60.0
"""After which a worker that says nothing counts as lost; at least as long as a lease."""
LEADER_SECONDS = 30.0
"""The lease of the one process that schedules."""
CONCURRENCY = 4
"""Workflows at once in one process, from each of the queues deliveries, proposals and checks."""
QUEUE_SECONDS = 1.0
"""Between two looks at a queue."""
STOP_PATIENCE = 300
"""Seconds that what is under way has when the process is asked to end; an apply that needs longer is handed over."""
MAX_ATTEMPTS = 8
"""Of a run that got no answer (Unavailable), before it fails."""
FIRST_PAUSE = timedelta(seconds=5)
"""After the first attempt without an answer; doubled after each, with jitter."""
LONGEST_PAUSE = timedelta(minutes=10)
"""Between two attempts."""

PLAN_LIMIT = timedelta(minutes=30)
"""The longest that a plan may take, unless the stack's `planTimeout` says otherwise."""
INVENTORY_SECONDS = 30.0
"""That a plan waits for live children (rules, routes, records) which no plan sees; what is late is not looked at."""
APPLY_LIMIT = timedelta(hours=2)
"""The longest that an apply may take, unless the stack's `applyTimeout` says otherwise."""

NOTICES_SHOWN = 20
"""Notices that one message shows; of more it says how many there are."""
NOTICES_ATTEMPTS = 12
"""Of a notification that nobody took, before it is dead: after about an hour."""
NOTICES_FIRST_PAUSE = timedelta(seconds=5)
"""After the first attempt to deliver; doubled after each, with jitter, unless the service says how long."""
NOTICES_LONGEST_PAUSE = timedelta(minutes=15)
"""Between two attempts to deliver, whatever the service asks for."""
NOTICES_PACE = timedelta(seconds=1)
"""Between two messages to one place; Slack takes one in a second for each channel."""
NOTICES_TIMEOUT = 10.0
"""Seconds that a receiver of notifications may take for all of its answer."""
NOTICES_CLAIM = timedelta(minutes=2)
"""After which a notification whose sender died is sent again, with the same key."""
NOTICES_KEPT = timedelta(days=30)
"""How long delivered notifications are listed; dead ones stay until somebody decides."""
REMINDERS = (0.5, 0.9)
"""Parts of a drift's deadline after which it is reminded of."""
KEPT_PROVIDERS_MOST = 4
"""Terraform providers that a process keeps running between checks (150 to 500 MB each while idle for
`KEPT_PROVIDERS_IDLE`); the variable `TRUEUP_KEPT_PROVIDERS` says another number, 0 for none."""
KEPT_PROVIDERS_IDLE = timedelta(minutes=2)
"""After which a kept provider that no check needed is ended."""
KEPT_PROVIDERS_KNOWN = ("hashicorp/aws",)
"""Providers that may be kept: those that read nothing beside the code by a relative path while they plan."""

BREAK_GLASS_TTL = timedelta(hours=1)
"""How long a break-glass is open, unless its environment or whoever opens it says otherwise."""
BREAK_GLASS_LONGEST = timedelta(hours=4)
"""The longest that may be asked for, once at its opening and once more by extending it; an environment may lower it."""
BREAK_GLASS_REQUEST = timedelta(hours=1)
"""How long a break-glass waits for its second person before it lapses."""
BREAK_GLASS_RECORDED = timedelta(days=7)
"""How long ago a break-glass that is written down afterwards may have begun, and how long it may have lasted."""
FOLLOW_UP = timedelta(hours=1)
"""After a break-glass ended: until everything that it left must be in a change request or decided."""
FOLLOW_UP_AGAIN = timedelta(hours=1)
"""Between two escalations of a break-glass that is not followed up."""
FOLLOW_UP_LIMIT = 24
"""Escalations of one break-glass; after so many it stays unfinished without another word."""

URGENT_CONCURRENCY = 2
"""Urgent runs at once in one process, beside the queues that everybody else waits in."""

DATABASE_PATIENCE = 20
"""Seconds that a writer waits for another one before it gives up as Unavailable."""
CHECKPOINT_EVERY = 100
"""Entries of the ledger between two signed checkpoints."""
CHECKPOINT_AFTER = timedelta(hours=1)
"""A ledger that grew gets a checkpoint after this time at the latest."""

DATA_PATIENCE = 20.0
"""Seconds that a command waits while another one has the data directory."""
SERVER_CONNECT = 5.0
"""Seconds until the command line takes a server for absent."""
SERVER_READ = 60.0
"""Seconds that the command line waits for an answer that needs no plan."""


ENV_SECRETS = "TRUEUP_ENV_SECRETS"
"""The variable that names those which `env:NAME` in trueup.yaml may read, separated by blanks; unset: none."""


KEPT_PROVIDERS = "TRUEUP_KEPT_PROVIDERS"
"""The variable that says how many providers are kept between checks; unset: `KEPT_PROVIDERS_MOST`."""


def kept_providers() -> int:
    """How many providers this process keeps between checks; 0 for none, also where the variable is not a number."""
    said = os.environ.get(KEPT_PROVIDERS, str(KEPT_PROVIDERS_MOST))
    return int(said) if said.isascii() and said.isdecimal() else 0


def env_secrets() -> frozenset[str]:
    """Names of variables of this process that a control repository may hand to its stacks."""
    return frozenset(os.environ.get(ENV_SECRETS, "").split())


def default_data() -> Path:
    """The user's own data directory (XDG on Linux); never in a repository."""
    return user_data_path("trueup", appauthor=False)


@dataclass(frozen=True)
class DemoOptions:
    """What `trueup demo` was told."""

    once: bool = False
    """End by itself, with 0 only when every step held; else it stays up to be looked at."""
    json: bool = False
    """The steps and their timings as one JSON document instead of a narration."""
    keep: Path | None = None
    """Where everything is made and stays; None: a directory that goes away."""
