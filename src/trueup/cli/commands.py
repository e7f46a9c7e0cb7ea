"""Commands: every word after `trueup`, its one line of help and the module that holds it.

A module is imported when its word is used, so that help and completion need none of them. A test compares the
lines here with the help of the real commands.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    module: str
    """Its attribute `app` is the Typer app that holds the command, or is the group."""
    help: str
    group: bool = False
    """A noun, whose verbs the app's commands are."""


COMMANDS: Mapping[str, Command] = {
    "demo": Command("trueup.cli.serving", "Play the story on real objects, from drift to codification."),
    "init": Command("trueup.cli.manifest", "Look at a repository's layout and write its trueup.yaml."),
    "validate": Command("trueup.cli.manifest", "Name every mistake in a trueup.yaml, offline."),
    "schema": Command("trueup.cli.manifest", "Print the JSON Schema of trueup.yaml."),
    "doctor": Command("trueup.cli.doctor", "Say what is installed, what is missing, and how to get it."),
    "up": Command("trueup.cli.serving", "Run everything in one process: API, scheduler and worker."),
    "worker": Command("trueup.cli.serving", "Run one more worker on a shared PostgreSQL database."),
    "adopt": Command("trueup.cli.adopting", "Show what differs on stacks without books, and settle them."),
    "stack": Command("trueup.cli.stacks", "Stacks: what is reconciled.", group=True),
    "run": Command("trueup.cli.runs", "Runs: one walk from plan to record for one stack.", group=True),
    "drift": Command("trueup.cli.drifts", "Drifts: where reality left what was settled.", group=True),
    "db": Command("trueup.cli.db", "Databases: schema as code.", group=True),
    "dns": Command("trueup.cli.dns", "DNS: zones as code.", group=True),
    "break-glass": Command("trueup.cli.break_glass", "Break-glass: changing the live system by hand.", group=True),
    "request": Command("trueup.cli.change_requests", "Change requests of the repositories.", group=True),
    "ledger": Command("trueup.cli.ledger", "The ledger: what changed, who did it, who agreed.", group=True),
    "notifications": Command(
        "trueup.cli.notifications", "Notifications: who was told what, and what nobody took.", group=True
    ),
    "what-changed": Command("trueup.cli.reports", "Tell what changed, in order, with who and why."),
    "evidence": Command("trueup.cli.reports", "Collect the evidence of a period for an auditor."),
    "audit-self": Command("trueup.cli.reports", "Prove from the live systems' own records what Trueup did there."),
    "refresh": Command("trueup.cli.site", "Look at Git now and take in what is new."),
    "whoami": Command("trueup.cli.site", "Say whom the server takes you for, and what you may do."),
    "token": Command("trueup.cli.tokens", "Tokens for the API.", group=True),
    "uninstall": Command("trueup.cli.uninstall", "List everything that Trueup put anywhere; remove its data."),
}
