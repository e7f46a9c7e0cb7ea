"""The codes of lint: why each is a risk, the safe sequence, and what it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """What a finding leads to unless its file waives it."""

    NOTICE = (False, 0)
    APPROVAL = (False, 1)
    """Locks or rewrites: it may hold others up, but nothing is lost."""
    DESTRUCTIVE = (False, 2)
    """What it takes away is not in the repository."""
    STOP = (True, 0)
    """It cannot work, or a release that still runs breaks, and a safe sequence is at hand."""

    @property
    def stops(self) -> bool:
        return self.value[0]

    @property
    def approvals(self) -> int:
        return self.value[1]

    @property
    def waived(self) -> "Severity":
        """With a reason in the file: one step less. A stop becomes a question to a person."""
        return {Severity.STOP: Severity.APPROVAL, Severity.DESTRUCTIVE: Severity.APPROVAL}.get(self, Severity.NOTICE)


@dataclass(frozen=True)
class Rule:
    severity: Severity
    why: str
    safe: str
    """The sequence to write instead."""
    on_new: bool = False
    """Counts also for a table that the same delivery creates: nobody else uses that yet."""
    everywhere: bool = False
    """Counts for SQLite too, which locks as a whole and rewrites as it likes."""


_S = Severity

CODES: Mapping[str, Rule] = {
    "drop-column": Rule(
        _S.DESTRUCTIVE,
        "the column's data is gone, and a release that still names it fails",
        "1. release code that does not name it; 2. drop its NOT NULL; 3. drop it in a later release",
        everywhere=True,
    ),
    "drop-table": Rule(
        _S.DESTRUCTIVE,
        "the table's data is gone, and a release that still names it fails",
        "1. release code that does not name it; 2. rename it away for a while (waived, with the reason); 3. drop it",
        everywhere=True,
    ),
    "drop-schema": Rule(
        _S.DESTRUCTIVE,
        "everything in the schema goes with it",
        "drop what is in it by name first, then the empty schema",
    ),
    "drop-database": Rule(_S.STOP, "a migration never drops a database", "do it by hand, outside of migrations"),
    "drop-object": Rule(
        _S.APPROVAL,
        "a release that still uses the view, function, type or sequence fails",
        "1. release code that does not use it; 2. drop it in a later release",
        everywhere=True,
    ),
    "drop-cascade": Rule(
        _S.STOP,
        "CASCADE drops whatever depends on it, also what nobody named",
        "name every object that is to go, dependants first, and leave CASCADE out",
        on_new=True,
    ),
    "still-used": Rule(
        _S.STOP,
        "something in the database still uses it by name, and nothing there would notice before it runs",
        "1. replace what uses it; 2. drop it in a later migration",
    ),
    "rename-column": Rule(
        _S.STOP,
        "a release that runs while this is delivered knows only one of the two names",
        "`trueup db plan-rename STACK TABLE.OLD NEW` writes it: add the new column, keep both equal, backfill, drop "
        "the old",
        everywhere=True,
    ),
    "rename-table": Rule(
        _S.STOP,
        "a release that runs while this is delivered knows only one of the two names",
        "1. rename it and create a view with the old name, in one migration; 2. release the new name; 3. drop the view",
        everywhere=True,
    ),
    "rename-object": Rule(
        _S.APPROVAL, "whoever uses the old name fails", "create it under the new name, move to it, drop the old one"
    ),
    "drop-not-null": Rule(
        _S.APPROVAL, "a release that does not expect NULL may read one", "release code that reads NULL first"
    ),
    "type-change": Rule(
        _S.APPROVAL,
        "the table and its indexes are written anew under ACCESS EXCLUSIVE, unless the old form fits the new type",
        "add a column of the new type, keep both in step by a trigger, backfill in batches, drop the old one",
    ),
    "volatile-default": Rule(
        _S.APPROVAL,
        "a default that differs from row to row writes the whole table anew under ACCESS EXCLUSIVE",
        "1. add the column without a default; 2. set the default; 3. backfill in batches",
    ),
    "generated-column": Rule(
        _S.APPROVAL,
        "a stored generated column writes the whole table anew under ACCESS EXCLUSIVE",
        "add a plain column, fill it by a trigger, backfill in batches",
    ),
    "serial-column": Rule(
        _S.APPROVAL,
        "a serial or identity column numbers every row: the whole table is written anew under ACCESS EXCLUSIVE",
        "1. add a plain bigint; 2. default from a sequence; 3. backfill in batches; 4. NOT NULL by a valid CHECK",
    ),
    "rewrite-table": Rule(
        _S.APPROVAL,
        "the whole table is written anew under ACCESS EXCLUSIVE (VACUUM FULL, CLUSTER, SET TABLESPACE, LOGGED, ...)",
        "pg_repack, or outside of migrations in a window",
    ),
    "required-column": Rule(
        _S.STOP,
        "it fails on a table that has rows, and so does every INSERT of a release that does not know the column",
        "1. add it nullable or with a constant default; 2. release code that fills it; 3. backfill; 4. NOT NULL by a "
        "valid CHECK",
    ),
    "set-not-null": Rule(
        _S.APPROVAL,
        "the whole table is read under ACCESS EXCLUSIVE",
        "1. CHECK (column IS NOT NULL) NOT VALID; 2. VALIDATE CONSTRAINT in a migration of its own; 3. SET NOT NULL; "
        "4. drop the CHECK",
    ),
    "foreign-key": Rule(
        _S.APPROVAL,
        "both tables take no writes while every row is looked up",
        "1. ADD CONSTRAINT ... NOT VALID; 2. VALIDATE CONSTRAINT in a migration of its own",
    ),
    "check-constraint": Rule(
        _S.APPROVAL,
        "the whole table is read under ACCESS EXCLUSIVE",
        "1. ADD CONSTRAINT ... NOT VALID; 2. VALIDATE CONSTRAINT in a migration of its own",
    ),
    "validate-together": Rule(
        _S.APPROVAL,
        "the strong lock of ADD CONSTRAINT is kept for the whole of VALIDATE, which NOT VALID was to avoid",
        "put VALIDATE CONSTRAINT into a migration of its own",
    ),
    "unique-constraint": Rule(
        _S.APPROVAL,
        "its index is built under ACCESS EXCLUSIVE",
        "1. CREATE UNIQUE INDEX CONCURRENTLY in a file that runs without a transaction; 2. ADD CONSTRAINT ... UNIQUE "
        "USING INDEX",
    ),
    "primary-key": Rule(
        _S.APPROVAL,
        "its index is built, and NOT NULL is checked, under ACCESS EXCLUSIVE",
        "1. CREATE UNIQUE INDEX CONCURRENTLY; 2. NOT NULL by a valid CHECK; 3. ADD PRIMARY KEY USING INDEX",
    ),
    "exclusion-constraint": Rule(
        _S.APPROVAL,
        "its index is built under ACCESS EXCLUSIVE, and there is no concurrent form",
        "create a new table with the constraint and move the rows, or take a window",
    ),
    "domain-constraint": Rule(
        _S.APPROVAL,
        "every table that uses the domain is read under a lock",
        "1. ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID; 2. VALIDATE CONSTRAINT in a migration of its own",
    ),
    "index-not-concurrent": Rule(
        _S.APPROVAL,
        "the table takes no writes while the index is built",
        "CREATE INDEX CONCURRENTLY, alone in a file that runs without a transaction; of a partitioned table: ON ONLY "
        "it, CONCURRENTLY of each partition, then ALTER INDEX ... ATTACH PARTITION",
    ),
    "drop-index-not-concurrent": Rule(
        _S.APPROVAL,
        "ACCESS EXCLUSIVE on the table queues everybody behind the longest query",
        "DROP INDEX CONCURRENTLY, alone in a file that runs without a transaction",
    ),
    "reindex-not-concurrent": Rule(
        _S.APPROVAL, "the table takes no writes, and its index serves no reads", "REINDEX (...) CONCURRENTLY"
    ),
    "detach-not-concurrent": Rule(
        _S.APPROVAL, "ACCESS EXCLUSIVE on the partitioned table", "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY"
    ),
    "refresh-not-concurrent": Rule(
        _S.APPROVAL,
        "nobody reads the materialised view while it is filled",
        "1. a unique index on it; 2. REFRESH MATERIALIZED VIEW CONCURRENTLY",
    ),
    "lock-table": Rule(
        _S.APPROVAL, "the lock is kept to the end of the migration", "let each statement take the lock that it needs"
    ),
    "create-trigger": Rule(
        _S.NOTICE,
        "SHARE ROW EXCLUSIVE on the table, and every write of an earlier release runs it from now on",
        "keep it in a file of its own, so that the lock is short",
    ),
    "json-column": Rule(
        _S.NOTICE, "json has no equality: SELECT DISTINCT and GROUP BY of the whole row fail from now on", "use jsonb"
    ),
    "truncate": Rule(
        _S.DESTRUCTIVE,
        "all rows are gone, under ACCESS EXCLUSIVE",
        "DELETE in batches of what is not needed, or a new table that takes the old one's place",
    ),
    "unbounded-update": Rule(
        _S.APPROVAL,
        "every row is locked and written in one transaction",
        "UPDATE in batches by key, in a file that runs without a transaction",
        everywhere=True,
    ),
    "unbounded-delete": Rule(
        _S.DESTRUCTIVE, "every row is gone", "DELETE ... WHERE, in batches by key", everywhere=True
    ),
    "lock-timeout": Rule(
        _S.APPROVAL,
        "it waits for a lock without end, and everybody queues behind it; only Trueup's own delivery sets the limit by "
        "itself",
        "SET lock_timeout = '5s' at the beginning of the file",
    ),
    "statement-timeout": Rule(
        _S.NOTICE,
        "it may run without end; only Trueup's own delivery sets a limit, where the stack names one",
        "SET statement_timeout at the beginning of the file",
    ),
    "timeout-off": Rule(
        _S.STOP,
        "it takes away the limit that the delivery sets, and everybody queues behind what waits for a lock",
        "set a longer limit instead of none: SET LOCAL lock_timeout = '30s'",
        on_new=True,
    ),
    "not-in-transaction": Rule(
        _S.STOP,
        "the database refuses this statement inside a transaction, and the file asks for one",
        "put it into a file of its own, and take executeInTransaction=true out of the settings beside it",
        on_new=True,
        everywhere=True,
    ),
    "mixed-transaction": Rule(
        _S.STOP,
        "it refuses a transaction, and others in its file should be in one: a failure leaves the file half done",
        "put each statement that refuses one into a file of its own, or set `mixed` and write the file so that it can "
        "run again",
        on_new=True,
        everywhere=True,
    ),
    "transaction-control": Rule(
        _S.STOP,
        "BEGIN, COMMIT and ROLLBACK end the transaction that the migration and its history row share",
        "leave them out: a file is one transaction already",
        on_new=True,
        everywhere=True,
    ),
    "unreadable-statement": Rule(
        _S.STOP, "PostgreSQL's parser does not take it", "the message says what it stumbled over", on_new=True
    ),
    "waiver": Rule(
        _S.STOP,
        "a waiver names a code and a reason that people can agree to",
        "-- trueup: allow CODE reason",
        on_new=True,
        everywhere=True,
    ),
}
