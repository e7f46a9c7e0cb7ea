"""What Liquibase prints around and in the changesets that are pending. (The real one is run by test_real_liquibase.)"""

import pytest

from trueup.drivers.database.command_text import applied, pending

ROW = (
    "INSERT INTO public.databasechangelog (ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, MD5SUM, DESCRIPTION, "
    "COMMENTS, EXECTYPE, CONTEXTS, LABELS, LIQUIBASE, DEPLOYMENT_ID) VALUES ('1', 'anna', 'changelog.sql', NOW(), 1, "
    "'9:e0264c70fe917208b875f35520456d38', 'sql', '', 'EXECUTED', NULL, NULL, '4.28.0', '{deployment}');"
)
AGAIN = (
    "UPDATE public.databasechangelog SET COMMENTS = '', CONTEXTS = NULL, DATEEXECUTED = NOW(), "
    "DEPLOYMENT_ID = '{deployment}', DESCRIPTION = 'sql', EXECTYPE = 'RERAN' WHERE ID = '3' AND AUTHOR = 'anna';"
)
FRAME = """SET SEARCH_PATH TO public, "$user","public";

-- Lock Database
UPDATE public.databasechangeloglock SET LOCKED = TRUE, LOCKEDBY = 'host (10.0.0.7)', LOCKGRANTED = NOW() WHERE ID = 1;

-- *********************************************************************
-- Update Database Script
-- *********************************************************************
-- Change Log: changelog.sql
-- Ran at: 11/22/26, 11:41 AM
-- Against: postgres@jdbc:postgresql://127.0.0.1:6789/shop
-- Liquibase version: 4.28.0
-- *********************************************************************

SET SEARCH_PATH TO public, "$user","public";
{changesets}
-- Release Database Lock
UPDATE public.databasechangeloglock SET LOCKED = FALSE, LOCKEDBY = NULL, LOCKGRANTED = NULL WHERE ID = 1;
"""


def _printed(*statements: str) -> str:
    return FRAME.format(changesets="".join(f"\n-- Changeset changelog.sql::1::anna\n{each}\n" for each in statements))


def test_nothing_pending_is_nothing() -> None:
    """However much Liquibase writes about its lock."""
    assert pending(_printed()) == ""


@pytest.mark.parametrize("row", [ROW, AGAIN])
def test_a_plan_is_the_same_plan_a_minute_later(row: str) -> None:
    """A changeset that is new, and one that runs again: the deployment's number is the clock."""
    one, two = (
        pending(_printed("CREATE TABLE t (id int);", row.format(deployment=at))) for at in ("53476881", "53477")
    )
    assert one == two
    assert one.startswith("-- Changeset changelog.sql::1::anna\nCREATE TABLE t") and "databasechangeloglock" not in one


@pytest.mark.parametrize(
    "statement", ["INSERT INTO account VALUES ('{}');", "UPDATE account SET DEPLOYMENT_ID = '{}' WHERE id = 1;"]
)
def test_numbers_of_the_changesets_own_stay(statement: str) -> None:
    """They are what somebody approves."""
    one, two = (pending(_printed(statement.format(number))) for number in ("5347688106", "5347688107"))
    assert one != two


def test_a_line_in_a_changeset_that_looks_like_the_end() -> None:
    """What stands behind it is part of the plan."""
    assert "DROP TABLE customer;" in pending(_printed("SELECT '\n-- Release Database Lock\n';\nDROP TABLE customer;"))


def test_a_history_is_the_same_by_every_url() -> None:
    """Plans may have a role and a server of their own."""
    rest = "\nNo changesets deployed\n"
    assert applied(f"Liquibase History for jdbc:postgresql://replica/shop\n{rest}") == rest
