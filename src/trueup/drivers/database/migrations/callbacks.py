"""Callbacks: SQL files that Flyway runs around its commands, by the name of the moment: `afterMigrate__refresh.sql`.

They are in no history, have no checksum, and run each time.
"""

_COMMANDS = ("Migrate", "Undo", "Clean", "Info", "Validate", "Baseline", "Repair")

EVENTS = frozenset(
    {
        *(f"before{command}" for command in _COMMANDS),
        *(f"after{command}" for command in _COMMANDS),
        *(f"after{command}Error" for command in _COMMANDS),
        *(f"{time}Each{command}" for time in ("before", "after") for command in ("Migrate", "Undo")),
        *(f"{time}Each{command}Statement" for time in ("before", "after") for command in ("Migrate", "Undo")),
        *(f"afterEach{command}{end}Error" for command in ("Migrate", "Undo") for end in ("", "Statement")),
        "beforeRepeatables",
        "afterVersioned",
        "afterMigrateApplied",
        "beforeCreateSchema",
        "createSchema",
        "beforeConnect",
        "afterConnect",
    }
)
"""The names that a callback file may begin with."""
BEFORE = ("beforeMigrate", "beforeEachMigrate")
BEHIND = ("afterEachMigrate", "afterVersioned", "afterMigrateApplied", "afterMigrate")
"""Those of a delivery: what they change belongs to the structure that migrations make."""
