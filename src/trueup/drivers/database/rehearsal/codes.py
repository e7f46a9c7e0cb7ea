"""The codes of a rehearsal: what running the files on scratch tells. Same shape as those of lint."""

from collections.abc import Mapping

from trueup.drivers.database.lint.codes import Rule, Severity

_S = Severity

REHEARSED: Mapping[str, Rule] = {
    "rehearsed": Rule(
        _S.NOTICE,
        "time on empty tables, and the locks that were held on what was there before",
        "compare the locks with what your busiest tables can bear",
        on_new=True,
        everywhere=True,
    ),
    "migration-fails": Rule(
        _S.STOP,
        "the database refuses it",
        "correct the file; nothing was changed outside of scratch",
        on_new=True,
        everywhere=True,
    ),
    "enum-value-together": Rule(
        _S.STOP,
        "a value that ALTER TYPE ... ADD VALUE adds cannot be used before it is committed",
        "put ALTER TYPE ... ADD VALUE into a migration of its own, before the one that uses the value",
    ),
    "migration-needs-rows": Rule(
        _S.NOTICE,
        "it needs rows that production has and a scratch database does not, so this statement is not tried",
        "nothing, when the rows are there; a chain that runs from nothing shows that it works",
        everywhere=True,
    ),
    "chain-broken": Rule(
        _S.NOTICE,
        "the files cannot rebuild the database from nothing; only what is pending was tried, on production's structure",
        "add a baseline migration (B) of production's structure, if new databases are to be made from the files",
        everywhere=True,
    ),
    "chain-differs": Rule(
        _S.NOTICE,
        "the chain from nothing ends in another structure than production's with what is pending",
        "look whether somebody changed production by hand: `trueup db diff STACK code live`",
        everywhere=True,
    ),
    "rollback-missing": Rule(
        _S.STOP,
        "it changes columns that exist, and no rollback file takes that back",
        "add the undo file beside it; or say why not: `-- trueup: allow rollback-missing REASON` in the file, or "
        "`undoWaived` in trueup.yaml",
        everywhere=True,
    ),
    "rollback-fails": Rule(
        _S.STOP, "the database refuses the rollback, or what comes after it", "correct the undo file", everywhere=True
    ),
    "rollback-incomplete": Rule(
        _S.STOP,
        "after the migration and its rollback the structure is not what it was",
        "take back in the undo file what the migration does, in the opposite order",
        everywhere=True,
    ),
    "rollback-once": Rule(
        _S.STOP,
        "applied again after its rollback, the migration makes another structure than the first time",
        "take back in the undo file what the migration does, in the opposite order",
        everywhere=True,
    ),
    "several-strong-locks": Rule(
        _S.APPROVAL,
        "one transaction holds ACCESS EXCLUSIVE on several tables: it waits for one while it blocks the others",
        "one file for each table",
    ),
    "table-rewritten": Rule(
        _S.APPROVAL,
        "scratch shows that it writes the whole table anew, under the lock that it holds",
        "add a new column, fill it in batches, move to it, and drop the old one in a later release",
    ),
    "slow-on-scratch": Rule(
        _S.APPROVAL,
        "it takes longer than `expectedTime` already where the tables are empty",
        "split it, or raise `expectedTime` in trueup.yaml",
        everywhere=True,
    ),
}
