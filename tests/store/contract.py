"""What every store must keep, whatever is below it. Subclasses say where the database is."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.store import nouns
from trueup.adapters.store.checkpoints import Signer
from trueup.adapters.store.store import SqlStore, open_store
from trueup.model.break_glass import BreakGlassId, BreakGlassState
from trueup.model.drift import CheckState, DriftId, DriftState
from trueup.model.errors import Broken, Invalid, LostLease, Refused
from trueup.model.notice import NotificationState, Thread
from trueup.model.plan import Address, Outcome, StepId
from trueup.model.run import RunId, RunKind, RunState
from trueup.model.stack import StackId
from trueup.ports.driver import JournalEntry
from trueup.ports.store import Conflict, Lease, LedgerFilter, NotificationFilter, RunFilter
from trueup.system.clock import FakeClock
from trueup.system.sealing import Seal

SENT = NotificationState.SENT
Open = Callable[..., SqlStore]


class StoreContract:
    @pytest.fixture
    def key(self) -> Seal:
        return nouns.a_key()

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(nouns.NOW)

    @pytest.fixture
    def open(self, url: str, key: Seal, signer: Signer, clock: FakeClock) -> Iterator[Open]:
        """Opens the same database once more."""
        opened: list[SqlStore] = []

        def again(**changes: object) -> SqlStore:
            settings = {"sealer": key, "signer": signer, "clock": clock, **changes}
            opened.append(open_store(url, **settings))  # type: ignore[arg-type]
            return opened[-1]

        yield again
        for store in opened:
            store.close()

    @pytest.fixture
    def store(self, open: Open) -> SqlStore:
        return open()

    def test_what_was_put_comes_back_from_another_connection(self, store: SqlStore, open: Open) -> None:
        """Every noun survives the process that wrote it."""
        with store.transaction() as transaction:
            stack = transaction.put_stack(nouns.a_stack())
            run = transaction.put_run(nouns.a_run())
            drift = transaction.put_drift(nouns.a_drift())
            transaction.put_check(nouns.a_check())
            transaction.put_baseline(nouns.a_baseline())
            transaction.put_fact("cursor", "17")
        with open().transaction() as transaction:
            assert transaction.stack(stack.id) == transaction.stack_named(stack.name) == stack
            assert transaction.stacks() == [stack]
            assert transaction.run(run.id) == run
            assert transaction.drift(drift.id) == drift
            assert transaction.check(nouns.APP) == nouns.a_check()
            assert transaction.checks() == [nouns.a_check()]
            assert transaction.baseline(nouns.APP) == nouns.a_baseline()
            assert transaction.fact("cursor") == "17"

    def test_a_break_glass_goes_its_way_and_no_other(self, store: SqlStore, open: Open) -> None:
        """Compared and set as every row; one whose follow-up is over is only shown when asked for."""
        with store.transaction() as transaction:
            late = transaction.put_break_glass(nouns.a_break_glass("bg-0000000002", minutes=5))
            glass = transaction.put_break_glass(nouns.a_break_glass())
        with open().transaction() as transaction:
            assert transaction.break_glass(glass.id) == glass
            assert transaction.break_glasses() == [glass, late]
            assert transaction.break_glass(BreakGlassId("bg-none")) is None
        with store.transaction() as transaction:
            closed = transaction.put_break_glass(replace(glass, state=BreakGlassState.CLOSED))
            done = transaction.put_break_glass(replace(closed, state=BreakGlassState.FOLLOWED))
        with pytest.raises(Broken, match="from followed to open"), store.transaction() as transaction:
            transaction.put_break_glass(replace(done, state=BreakGlassState.OPEN))
        with pytest.raises(Conflict), store.transaction() as transaction:
            transaction.put_break_glass(replace(glass, state=BreakGlassState.EXPIRED))
        with store.transaction() as transaction:
            assert transaction.break_glasses() == [late]
            assert transaction.break_glasses(ended=True) == [done, late]

    def test_what_is_not_there_is_none(self, store: SqlStore) -> None:
        """Reading something unknown is an answer, not an error."""
        with store.transaction() as transaction:
            assert transaction.stack(StackId("stk-none")) is None
            assert transaction.stack_named("none") is None
            assert transaction.run(RunId("run-none")) is None
            assert transaction.drift(DriftId("dft-none")) is None
            assert transaction.check(nouns.APP) is None
            assert transaction.baseline(nouns.APP) is None
            assert transaction.unseal("state", "none") is None
            assert transaction.fact("none") is None

    def test_an_exception_undoes_everything(self, store: SqlStore) -> None:
        """Transition, ledger entry and baseline are one transaction."""
        with pytest.raises(ZeroDivisionError), store.transaction() as transaction:
            transaction.put_stack(nouns.a_stack())
            transaction.record(nouns.a_draft())
            transaction.seal("state", "app", b"content")
            raise ZeroDivisionError
        with store.transaction() as transaction:
            assert transaction.stacks() == []
            assert transaction.size() == 0
            assert transaction.unseal("state", "app") is None
        assert store.verify_ledger().intact

    def test_a_generation_that_moved_is_a_conflict(self, store: SqlStore) -> None:
        """Of two writers that read the same row, the second one is told."""
        with store.transaction() as transaction:
            first = transaction.put_run(nouns.a_run())
            assert first.generation == 1
        with store.transaction() as transaction:
            second = transaction.put_run(nouns.moved(first, RunState.PLANNING))
        with pytest.raises(Conflict), store.transaction() as transaction:
            transaction.put_run(nouns.moved(first, RunState.DISCARDED))
        with store.transaction() as transaction:
            assert transaction.run(first.id) == second
            assert second.generation == 2

    def test_a_new_row_must_be_new(self, store: SqlStore) -> None:
        """Generation 0 says that nobody has it yet."""
        with store.transaction() as transaction:
            transaction.put_stack(nouns.a_stack())
            transaction.put_drift(nouns.a_drift())
        with pytest.raises(Conflict), store.transaction() as transaction:
            transaction.put_stack(nouns.a_stack())
        with pytest.raises(Conflict), store.transaction() as transaction:
            transaction.put_drift(nouns.a_drift())

    def test_an_illegal_move_of_a_run_is_our_bug(self, store: SqlStore) -> None:
        """The table of transitions is checked where the row is written."""
        with store.transaction() as transaction:
            run = transaction.put_run(nouns.a_run())
        with pytest.raises(Broken, match="queued to verifying"), store.transaction() as transaction:
            transaction.put_run(nouns.moved(run, RunState.VERIFYING))
        with store.transaction() as transaction:
            assert transaction.put_run(replace(run, reason="said later")).generation == 2

    def test_runs_are_found_newest_first(self, store: SqlStore) -> None:
        """By stack, state, kind and change request, and not more than wanted."""
        with store.transaction() as transaction:
            transaction.put_run(nouns.a_run("run-1", 1))
            transaction.put_run(nouns.moved(nouns.a_run("run-2", 2), RunState.BLOCKED))
            transaction.put_run(replace(nouns.a_run("run-3", 3, kind=RunKind.PROPOSAL), request=7))
            transaction.put_run(nouns.a_run("run-4", 4, stack="stk-other"))

            def found(**wanted: object) -> list[str]:
                return [run.id for run in transaction.runs(RunFilter(**wanted))]  # type: ignore[arg-type]

            assert found() == ["run-4", "run-3", "run-2", "run-1"]
            assert found(limit=2) == ["run-4", "run-3"]
            assert found(stack=nouns.APP) == ["run-3", "run-2", "run-1"]
            assert found(states=frozenset({RunState.BLOCKED})) == ["run-2"]
            assert found(kinds=frozenset({RunKind.PROPOSAL}), request=7) == ["run-3"]
            assert found(request=8) == []
            assert found(before="run-3") == ["run-2", "run-1"]
            assert found(before="run-3", limit=1) == ["run-2"]
            assert found(before="run-1") == found(before="run-none") == []

    def test_runs_are_counted_by_kind_and_state(self, store: SqlStore) -> None:
        """Without reading them."""
        with store.transaction() as transaction:
            assert transaction.run_counts() == {}
            transaction.put_run(nouns.a_run("run-1"))
            transaction.put_run(nouns.a_run("run-2"))
            transaction.put_run(nouns.moved(nouns.a_run("run-3", kind=RunKind.PROPOSAL), RunState.PLANNING))
            assert transaction.run_counts() == {
                (RunKind.DELIVERY, RunState.QUEUED): 2,
                (RunKind.PROPOSAL, RunState.PLANNING): 1,
            }

    def test_facts_are_found_by_their_beginning(self, store: SqlStore) -> None:
        """Taken by the letter: a wildcard of SQL is an ordinary character."""
        with store.transaction() as transaction:
            for name in ("token:b", "token:a", "token_a", "cursor"):
                transaction.put_fact(name, name.upper())
            assert list(transaction.facts("token:").items()) == [("token:a", "TOKEN:A"), ("token:b", "TOKEN:B")]
            assert transaction.facts("token_") == {"token_a": "TOKEN_A"}
            assert transaction.facts("none") == {}

    def test_drifts_without_the_resolved_ones_unless_asked(self, store: SqlStore) -> None:
        """A resolved drift is history."""
        with store.transaction() as transaction:
            first = transaction.put_drift(nouns.a_drift("dft-1"))
            second = transaction.put_drift(nouns.a_drift("dft-2"))
            first = transaction.put_drift(replace(first, state=DriftState.RESOLVED))
            assert transaction.drifts() == [second]
            assert transaction.drifts(nouns.APP, unresolved=False) == [first, second]
            assert transaction.drifts(StackId("stk-other"), unresolved=False) == []

    def test_a_check_is_replaced(self, store: SqlStore) -> None:
        """A stack has one newest check."""
        with store.transaction() as transaction:
            transaction.put_check(nouns.a_check())
            transaction.put_check(nouns.a_check(CheckState.CLEAN))
            assert transaction.checks() == [nouns.a_check(CheckState.CLEAN)]

    def test_baselines_have_generations(self, store: SqlStore) -> None:
        """The newest plus one or nothing; older ones stay readable."""
        with store.transaction() as transaction:
            transaction.put_baseline(nouns.a_baseline(1, "one"))
            transaction.put_baseline(nouns.a_baseline(2, "two"))
        for wrong in (1, 2, 4):
            with pytest.raises(Conflict), store.transaction() as transaction:
                transaction.put_baseline(nouns.a_baseline(wrong))
        with store.transaction() as transaction:
            assert transaction.baseline(nouns.APP) == nouns.a_baseline(2, "two")
            assert transaction.baseline(nouns.APP, 1) == nouns.a_baseline(1, "one")
            assert transaction.baseline(nouns.APP, 3) is None

    def test_sealed_blobs_have_versions(self, store: SqlStore) -> None:
        """Each kind and name counts by itself, from 1."""
        with store.transaction() as transaction:
            assert transaction.seal("state", "app", b"\x00one") == 1
            assert transaction.seal("state", "app", b"two") == 2
            assert transaction.seal("state", "net", b"other") == 1
            assert transaction.unseal("state", "app") == b"two"
            assert transaction.unseal("state", "app", 1) == b"\x00one"
            assert transaction.unseal("state", "app", 3) is None

    def test_another_key_is_refused_by_name(self, store: SqlStore, open: Open, key: Seal) -> None:
        """The message names both keys, and the database is not touched."""
        with store.transaction() as transaction:
            transaction.record(nouns.a_draft())
        other = nouns.a_key()
        words = f"sealed with the key {key.key_id}, and this process has the key {other.key_id}"
        with pytest.raises(Refused, match=words):
            open(sealer=other)
        with store.transaction() as transaction:
            assert transaction.size() == 1

    def test_what_is_sealed_opens_in_its_own_place_only(self, store: SqlStore) -> None:
        """Somebody with the database moves one stack's sealed state and baseline to another: nobody takes them."""
        with store.transaction() as transaction:
            transaction.put_baseline(nouns.a_baseline())
            transaction.seal("state", "app", b"of app")
        with store._engine.begin() as connection:
            connection.execute(text("UPDATE baselines SET stack = 'stk-other'"))
            connection.execute(text("UPDATE blobs SET name = 'other'"))
        with store.transaction() as transaction:
            with pytest.raises(Invalid, match="changed after it was sealed, or sealed as something else"):
                transaction.baseline(StackId("stk-other"))
            with pytest.raises(Invalid, match="changed after it was sealed, or sealed as something else"):
                transaction.unseal("state", "other")

    def test_what_is_sealed_is_not_there_in_clear(self, store: SqlStore) -> None:
        """Baselines and blobs hold values that a reader of the database must not see."""
        with store.transaction() as transaction:
            transaction.put_baseline(nouns.a_baseline(value="canary-value"))
            transaction.seal("state", "app", b"canary-state")
        with store._engine.begin() as connection:
            sealed = [*connection.scalars(text("SELECT sealed FROM baselines UNION ALL SELECT sealed FROM blobs"))]
        assert len(sealed) == 2
        assert not any(b"canary" in bytes(each) for each in sealed)

    # the ledger

    def test_the_ledger_is_read_oldest_first(self, store: SqlStore, clock: FakeClock) -> None:
        """By time, stack, environment, actor, kind's beginning, run, and on from a place."""
        with store.transaction() as transaction:
            recorded = [transaction.record(nouns.a_draft("run.finished", run="run-1", details={"n": [1, None, 2.5]}))]
            clock.advance(60)
            recorded.append(transaction.record(nouns.a_draft("drift.opened", environment="prod")))
            clock.advance(60)
            recorded.append(transaction.record(nouns.a_draft("drift.resolved", stack="stk-b", actor="bea")))

            def found(**wanted: object) -> list[int]:
                return [entry.seq for entry in transaction.entries(LedgerFilter(**wanted))]  # type: ignore[arg-type]

            assert transaction.entries(LedgerFilter()) == recorded
            assert [entry.seq for entry in recorded] == [0, 1, 2]
            assert found(since=nouns.NOW + timedelta(seconds=60)) == [1, 2]
            assert found(until=nouns.NOW + timedelta(seconds=60)) == [0]
            assert found(kind="drift.") == [1, 2]
            assert found(kind="drift%") == []
            assert found(stack=nouns.APP) == [0, 1]
            assert found(environment="prod") == [1]
            assert found(actor="bea") == [2]
            assert found(run="run-1") == [0]
            assert found(after=0, limit=1) == [1]
            assert found(newest=True, limit=2) == [1, 2]
            assert found(newest=True, kind="run.") == [0]
            assert transaction.size() == 3

    def test_checkpoints_are_signed_every_so_often_and_on_demand(self, open: Open, signer: Signer) -> None:
        """Every N entries by themselves, and over the rest when somebody asks; never twice over the same."""
        store = open(checkpoint_every=2)
        assert store.checkpoint() is None
        with store.transaction() as transaction:
            for _ in range(5):
                transaction.record(nouns.a_draft())
        assert store.checkpoint() == store.checkpoint()
        with store.transaction() as transaction:
            assert [checkpoint.size for checkpoint in transaction.checkpoints()] == [2, 4, 5]
            assert {checkpoint.key for checkpoint in transaction.checkpoints()} == {signer.key}
        found = store.verify_ledger()
        assert found.intact
        assert (found.size, found.checkpoints) == (5, 3)

    def test_writers_at_once_leave_no_gap(self, open: Open) -> None:
        """Two processes' worth of connections append, some undo, and every seq is there exactly once."""
        stores = [open(), open()]
        together = threading.Barrier(4)

        def write(number: int) -> None:
            together.wait()
            for turn in range(10):
                try:
                    with stores[number % 2].transaction() as transaction:
                        transaction.record(nouns.a_draft(f"writer.{number}", details={"turn": turn}))
                        if turn % 3 == 2:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    continue

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        with stores[0].transaction() as transaction:
            assert [entry.seq for entry in transaction.entries(LedgerFilter())] == list(range(28))
        assert stores[1].verify_ledger().intact

    def test_writers_in_any_order_do_not_lock_each_other_out(self, open: Open) -> None:
        """Row first or ledger first: the second one waits and goes on."""
        store = open()
        together = threading.Barrier(2)

        def row_first() -> None:
            together.wait()
            for _ in range(15):
                with store.transaction() as transaction:
                    transaction.put_check(nouns.a_check())
                    transaction.record(nouns.a_draft())

        def ledger_first() -> None:
            together.wait()
            for _ in range(15):
                with store.transaction() as transaction:
                    transaction.record(nouns.a_draft())
                    transaction.put_check(nouns.a_check())

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(row_first), pool.submit(ledger_first)]:
                done.result()
        with store.transaction() as transaction:
            assert transaction.size() == 30

    # leases and workers

    def test_one_holder_at_a_time(self, store: SqlStore) -> None:
        """A lasting lease keeps others out; after its release the fence has grown."""
        first = store.acquire(nouns.APP, "worker-1/run-1", 60)
        assert first == Lease(nouns.APP, "worker-1/run-1", 1)
        assert store.acquire(nouns.APP, "worker-2/run-2", 60) is None
        assert store.leaseholder(nouns.APP) == "worker-1/run-1"
        assert store.acquire(nouns.APP, "worker-1/run-1", 60) == first
        (lasting,) = store.leases().items()
        assert (lasting[0], lasting[1].holder) == (nouns.APP, "worker-1/run-1")
        assert timedelta(seconds=50) < lasting[1].left <= timedelta(seconds=60)
        store.release(first)
        assert store.leaseholder(nouns.APP) is None
        assert store.leases() == {}
        second = store.acquire(nouns.APP, "worker-2/run-2", 60)
        assert second == Lease(nouns.APP, "worker-2/run-2", 2)

    def test_a_lease_that_ran_out_is_lost_even_if_nobody_took_it(self, store: SqlStore) -> None:
        """Somebody may have looked meanwhile: neither renewed nor written under."""
        lease = store.acquire(nouns.APP, "worker-1", 0)
        assert lease is not None
        assert not store.renew(lease, 60)
        assert store.leaseholder(nouns.APP) is None
        with pytest.raises(LostLease), store.transaction() as transaction:
            transaction.add_journal(RunId("run-1"), JournalEntry(StepId("apply"), "begin"), lease)
        again = store.acquire(nouns.APP, "worker-1", 60)
        assert again is not None
        assert again.fence == lease.fence + 1

    def test_a_late_writer_is_told_apart_by_its_fence(self, store: SqlStore) -> None:
        """After a takeover the old lease renews nothing, releases nothing and writes nothing."""
        old = store.acquire(nouns.APP, "worker-1", 0)
        new = store.acquire(nouns.APP, "worker-2", 60)
        assert old is not None
        assert new is not None
        assert not store.renew(old, 60)
        store.release(old)
        assert store.leaseholder(nouns.APP) == "worker-2"
        with pytest.raises(LostLease), store.transaction() as transaction:
            transaction.add_journal(RunId("run-1"), JournalEntry(StepId("apply"), "begin"), old)
        assert store.renew(new, 60)

    def test_the_journal_keeps_its_order(self, store: SqlStore) -> None:
        """Begin, report and end come back as they were written, under a lease."""
        lease = store.acquire(nouns.APP, "worker-1", 60)
        assert lease is not None
        step = StepId("apply")
        written = [
            JournalEntry(step, "begin"),
            JournalEntry(step, "report", Address("aws_vpc.main"), Outcome.DONE, "vpc-1"),
            JournalEntry(step, "end"),
        ]
        for entry in written:
            with store.transaction() as transaction:
                transaction.add_journal(RunId("run-1"), entry, lease)
        with store.transaction() as transaction:
            assert transaction.journal(RunId("run-1")) == written
            assert transaction.journal(RunId("run-2")) == []

    def test_of_many_that_ask_at_once_one_gets_the_lease(self, open: Open) -> None:
        """Two processes' worth of connections race; the database decides."""
        stores = [open(), open()]
        together = threading.Barrier(6)

        def ask(number: int) -> Lease | None:
            together.wait()
            return stores[number % 2].acquire(nouns.APP, f"worker-{number}", 60)

        with ThreadPoolExecutor(6) as pool:
            got = [lease for lease in pool.map(ask, range(6)) if lease is not None]
        assert len(got) == 1
        assert stores[0].leaseholder(nouns.APP) == got[0].holder

    def test_silent_workers_are_found(self, store: SqlStore) -> None:
        """By database time; a new beat makes a worker heard again, and it can be forgotten."""
        store.beat("worker-1", {"host": "a"})
        store.beat("worker-2", {"host": "b"})
        store.beat("worker-1", {"host": "c"})
        assert [(worker.id, worker.about) for worker in store.workers()] == [
            ("worker-1", {"host": "c"}),
            ("worker-2", {"host": "b"}),
        ]
        assert store.workers(silent_for=3600) == []
        assert len(store.workers(silent_for=0)) == 2
        store.forget_worker("worker-2")
        assert [worker.id for worker in store.workers()] == ["worker-1"]

    def test_logs_are_read_on_from_a_place(self, store: SqlStore) -> None:
        """Each run's lines by themselves, with numbers to go on from; odd characters do no harm."""
        store.log("run-1", ["one", "two"])
        store.log("check:stk-app", ["other"])
        store.log("run-1", ["three\x00\ud800"])
        store.log("run-1", [])
        lines = store.logs("run-1")
        assert [line for _, line in lines] == ["one", "two", "three\ufffd?"]
        assert store.logs("run-1", after=lines[1][0]) == lines[2:]
        assert store.logs("run-1", after=lines[2][0]) == []

    def test_the_outbox_keeps_the_order_of_each_place(self, store: SqlStore, open: Open) -> None:
        """Of each place the oldest pending one is next; what was sent or is held stands in nobody's way."""
        with store.transaction() as tx:
            for number, (target, state) in enumerate(
                [
                    ("#net", NotificationState.SENT),
                    ("#net", NotificationState.PENDING),
                    ("#net", NotificationState.PENDING),
                    ("#web", NotificationState.HELD),
                    ("#web", NotificationState.PENDING),
                ]
            ):
                stored = tx.put_notification(nouns.a_notification(f"ntf-{number}", target, number, state))
                assert stored.generation == 1
        with open().transaction() as tx:
            assert [each.id for each in tx.notification_heads()] == ["ntf-1", "ntf-4"]
            assert tx.notification("ntf-0") == replace(nouns.a_notification("ntf-0", "#net", 0, SENT), generation=1)
            assert tx.notification("ntf-9") is None
            assert tx.notification_counts() == {
                ("slack", NotificationState.SENT): 1,
                ("slack", NotificationState.PENDING): 3,
                ("slack", NotificationState.HELD): 1,
            }
            held = NotificationFilter(states=frozenset({NotificationState.HELD}))
            assert [each.id for each in tx.notifications(held)] == ["ntf-3"]
            assert [each.id for each in tx.notifications(NotificationFilter(limit=2))] == ["ntf-4", "ntf-3"]
            assert tx.notifications(NotificationFilter(service="jira")) == []

    def test_a_notification_is_claimed_once(self, store: SqlStore) -> None:
        """Of two that would send the same one, the second is told; nothing is put in twice under one key."""
        with store.transaction() as tx:
            first = tx.put_notification(nouns.a_notification("ntf-1"))
            tx.put_notification(replace(first, attempts=1))
        with pytest.raises(Conflict), store.transaction() as tx:
            tx.put_notification(replace(first, attempts=1))
        with pytest.raises(Conflict), store.transaction() as tx:
            tx.put_notification(nouns.a_notification("ntf-1"))

    def test_old_notifications_are_forgotten_and_dead_ones_never(self, store: SqlStore) -> None:
        """What nobody got stays until a person decides."""
        with store.transaction() as tx:
            for number, state in enumerate((SENT, NotificationState.DEAD, NotificationState.DROPPED)):
                made = nouns.a_notification(f"ntf-{number}", "#net", number, state)
                tx.put_notification(replace(made, ended_at=nouns.NOW))
            tx.put_notification(replace(nouns.a_notification("ntf-9", "#net", 9, SENT), ended_at=nouns.LATER))
        with store.transaction() as tx:
            assert tx.forget_notifications(nouns.LATER) == 2
        with store.transaction() as tx:
            assert [each.id for each in tx.notifications(NotificationFilter())] == ["ntf-9", "ntf-1"]

    def test_a_thread_is_known_by_its_subject(self, store: SqlStore) -> None:
        """What a service called the first message comes back for the next one."""
        with store.transaction() as tx:
            tx.put_thread(Thread("dft-1", "slack", "#net"))
            tx.put_thread(Thread("dft-1", "jira", "OPS"))
            tx.put_thread(Thread("dft-1", "slack", "#net", "17.5"))
        with store.transaction() as tx:
            assert tx.threads("dft-1") == [Thread("dft-1", "jira", "OPS"), Thread("dft-1", "slack", "#net", "17.5")]
            assert tx.threads("dft-2") == []
