"""What a store must keep of signals: the index, the events, and the checks that they ask for."""

from datetime import timedelta

from tests.store import nouns
from tests.store.nouns import APP, NOW, an_event
from trueup.adapters.store.store import SqlStore
from trueup.model.plan import Address
from trueup.model.signal import Subject, Wake
from trueup.model.stack import StackId

WEB = Address("aws_security_group.web")
OTHER = StackId("stk-other")


class SignalsContract:
    def test_a_name_leads_to_its_stacks(self, store: SqlStore) -> None:
        """Of several stacks that have the name all are answered; another name leads nowhere."""
        shared = Subject("iam-role/deployer", WEB, exact=False, account="1", region="eu")
        with store.transaction() as tx:
            tx.put_subjects(APP, [Subject("sg-1", WEB), shared])
            tx.put_subjects(OTHER, [shared])
        with store.transaction() as tx:
            assert tx.subjects(APP) == [shared, Subject("sg-1", WEB)]
            assert tx.subjects_named({"sg-1", "sg-2"}) == [(APP, Subject("sg-1", WEB))]
            assert {stack for stack, _ in tx.subjects_named({"iam-role/deployer"})} == {APP, OTHER}
            assert tx.subjects_named([]) == []

    def test_the_index_of_a_stack_is_replaced_as_a_whole(self, store: SqlStore) -> None:
        """What it does not manage any more leads nowhere; other stacks stay; a thousand names fit."""
        many = [Subject(f"sg-{number}", WEB) for number in range(1200)]
        with store.transaction() as tx:
            tx.put_subjects(OTHER, [Subject("sg-0", WEB)])
            tx.put_subjects(APP, [*many, *many[:3]])
            assert len(tx.subjects_named([each.text for each in many])) == 1201
            tx.put_subjects(APP, [])
            assert tx.subjects_named([each.text for each in many]) == [(OTHER, Subject("sg-0", WEB))]

    def test_an_event_is_kept_once_for_each_stack(self, store: SqlStore) -> None:
        """Delivered twice, in one batch or later, it is one event, and only new ones are answered."""
        one, two = an_event("evt-1"), an_event("evt-2", 5)
        with store.transaction() as tx:
            assert tx.add_events(APP, [one, one]) == [one]
            assert tx.add_events(OTHER, [one]) == [one]
        with store.transaction() as tx:
            assert tx.add_events(APP, [one, two]) == [two]
            assert tx.events(APP, NOW, NOW + timedelta(minutes=5)) == [one, two]
            assert tx.events(APP, NOW + timedelta(seconds=1), NOW + timedelta(minutes=9)) == [two]
            assert tx.events(OTHER, NOW, NOW + timedelta(minutes=9)) == [one]

    def test_events_are_forgotten_by_age_and_by_number(self, store: SqlStore) -> None:
        """A flood of one stack costs no other stack its events."""
        flood = [an_event(f"evt-{number}", number) for number in range(700)]
        with store.transaction() as tx:
            tx.add_events(APP, flood)
            tx.add_events(OTHER, [an_event("evt-x", 3)])
            tx.forget_events(NOW + timedelta(minutes=2), 100)
            assert [each.id for each in tx.events(APP, NOW, NOW + timedelta(days=1))] == [
                f"evt-{number}" for number in range(600, 700)
            ]
            assert [each.id for each in tx.events(OTHER, NOW, NOW + timedelta(days=1))] == ["evt-x"]

    def test_a_stack_is_woken_once(self, store: SqlStore) -> None:
        """A later wake of the same stack takes the place of the earlier one."""
        early = Wake(APP, NOW, NOW + timedelta(seconds=2), "CreateTags by anna")
        late = Wake(APP, NOW, NOW + timedelta(seconds=9), "DeleteTags by anna", 2)
        other = Wake(OTHER, NOW, NOW + timedelta(seconds=4), "CreateTags by anna")
        with store.transaction() as tx:
            for wake in (early, other, late):
                tx.put_wake(wake)
            assert tx.wakes() == [other, late]
            tx.drop_wake(OTHER)
            tx.drop_wake(nouns.APP)
            assert tx.wakes() == []
