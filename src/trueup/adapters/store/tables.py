"""The tables as queries see them. The migrations create them; a test holds the two against each other."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

# BIGINT does not count up by itself on SQLite; INTEGER there has 64 bits anyway.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")

stacks = Table(
    "stacks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("stacks_by_name", "name"),
)

runs = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("stack", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("request", BigInteger),
    Column("created_at", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("runs_by_stack", "stack", "created_at"),
    Index("runs_by_state", "state", "created_at"),
    Index("runs_by_time", "created_at"),
)

journal = Table(
    "journal",
    METADATA,
    Column("number", SERIAL, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("journal_by_run", "run", "number"),
)

baselines = Table(
    "baselines",
    METADATA,
    Column("stack", Text, primary_key=True),
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("settled_at", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

drifts = Table(
    "drifts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("stack", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("first_seen", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("drifts_by_stack", "stack", "state"),
)

break_glasses = Table(
    "break_glasses",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("requested_at", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("break_glasses_by_state", "state", "requested_at"),
)

checks = Table(
    "checks",
    METADATA,
    Column("stack", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

entries = Table(
    "entries",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("stack", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("run", Text, nullable=False),
    Index("entries_by_time", "time"),
    Index("entries_by_stack", "stack", "seq"),
    Index("entries_by_run", "run", "seq"),
)

head = Table(
    "ledger_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("frontier", Text, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

blobs = Table(
    "blobs",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

facts = Table(
    "facts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

leases = Table(
    "leases",
    METADATA,
    Column("stack", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", Float(53), nullable=False),
)

workers = Table(
    "workers",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("heard_at", Float(53), nullable=False),
    Column("about", Text, nullable=False),
)

logs = Table(
    "logs",
    METADATA,
    Column("number", SERIAL, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("line", Text, nullable=False),
    Index("logs_by_run", "run", "number"),
)

notifications = Table(
    "notifications",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("generation", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("notifications_by_place", "state", "service", "target", "position"),
)

threads = Table(
    "threads",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("receipt", Text, nullable=False),
)

live_events = Table(
    "live_events",
    METADATA,
    Column("stack", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("live_events_by_time", "stack", "at"),
    Index("live_events_by_age", "received_at"),
)

subjects = Table(
    "subjects",
    METADATA,
    Column("stack", Text, primary_key=True),
    Column("text", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("exact", Boolean, nullable=False),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Index("subjects_by_text", "text"),
)

wakes = Table(
    "wakes",
    METADATA,
    Column("stack", Text, primary_key=True),
    Column("due_at", Text, nullable=False),
    Column("body", Text, nullable=False),
)
