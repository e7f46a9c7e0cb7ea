"""Placeholders: replaced everywhere, in any case, and never by nothing."""

from dataclasses import replace

import pytest

from tests.database.folders import flyway
from trueup.drivers.database.migrations.configuration import Settings
from trueup.drivers.database.migrations.placeholders import values
from trueup.model.errors import Invalid


def test_they_are_replaced_everywhere() -> None:
    """Comments, strings and function bodies too, in any case."""
    text = "-- ${Owner}\nselect '${OWNER}';\ndo $$ begin raise notice '${owner}'; end $$;\n"
    (migration,) = flyway({"V1__a.sql": text}, {"owner": "app"}).files
    assert migration.sql == "-- app\nselect 'app';\ndo $$ begin raise notice 'app'; end $$;\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [("select 1;\nselect '${nobody}';", "no value for the placeholder `${nobody}`"), ("a;\n'${open", "does not end")],
)
def test_a_missing_one_stops_with_its_line(text: str, said: str) -> None:
    """There is no escape, so the finding says what else to do."""
    (finding,) = (each for each in flyway({"V1__a.sql": text}, {}).findings if each.stops)
    assert said in finding.message
    assert (str(finding.place), finding.code) == ("db/V1__a.sql:2", "bad-migration")


@pytest.mark.parametrize(
    "files",
    [
        {"V1__a.sql": "'${x}'", "V1__a.sql.conf": "placeholderReplacement=false\n"},
        {"V1__a.sql": "-- flyway:placeholderReplacement=false\n'${x}'"},
        {"V1__a.sql": "'${x}'", "flyway.conf": "flyway.placeholderReplacement=false\n"},
    ],
)
def test_replacement_can_be_switched_off(files: dict[str, str]) -> None:
    """For one script or for all."""
    found = flyway(files, {})
    assert not found.findings
    assert found.files[0].sql.endswith("'${x}'")


def test_other_delimiters() -> None:
    """As the project says."""
    conf = "flyway.placeholderPrefix=@{\nflyway.placeholderSuffix=}@\nflyway.placeholders.x=1\n"
    (migration,) = flyway({"flyway.conf": conf, "V1__a.sql": "@{x}@ ${x}"}).files
    assert migration.sql == "1 ${x}"


def test_a_value_is_never_read_as_a_pattern_or_filled_again() -> None:
    """Back-slashes and placeholders in values are plain text."""
    (migration,) = flyway({"V1__a.sql": "'${x}'"}, {"x": r"\1 ${x}"}).files
    assert migration.sql == r"'\1 ${x}'"


def test_offline_unknown_values_stay_and_nothing_is_concluded() -> None:
    """A secret and the database's own names are known to a job only: the stored checksum stays open."""
    found = flyway(
        {"R__a.sql": "${owner} ${token} ${flyway:defaultSchema} ${flyway:filename}"},
        placeholders={"owner": "app", "token": "env:TOKEN"},
    )
    (migration,) = found.files
    assert not found.findings
    assert migration.sql == "app ${token} ${flyway:defaultSchema} R__a.sql"
    assert migration.checksum is None and len(migration.accepted) == 1


def test_values_come_from_secrets_and_from_the_job() -> None:
    """References are resolved, `${NAME}` is the stack's context, and Flyway's own names are there."""
    settings = flyway(
        {"flyway.conf": "flyway.placeholders.who=${WHO}-app\n", "V1__a.sql": ""}, placeholders={"token": "env:TOKEN"}
    ).settings
    settings = replace(settings, table="history")
    found = values(settings, {"user": "u"}, lambda text: text.replace("env:TOKEN", "s3cret"), {"WHO": "me"})
    assert {name: found[name] for name in ("who", "flyway:user", "flyway:table", "flyway:environment")} == {
        "who": "me-app",
        "flyway:user": "u",
        "flyway:table": "history",
        "flyway:environment": "default",
    }
    assert found["token"] == "s3cret"


def test_a_variable_that_is_not_there_is_told() -> None:
    """With the place where to write it."""
    with pytest.raises(Invalid, match="WHO") as caught:
        values(Settings("h", placeholders={"who": "${WHO}"}), {}, str, {})
    assert "contexts" in caught.value.hint


def test_files_of_the_repository_cannot_name_a_secret() -> None:
    """A reference in flyway.conf is plain text: whoever opens a pull request must not read what Trueup may read."""
    settings = flyway({"flyway.conf": "flyway.placeholders.x=file:/run/secrets/key\n", "V1__a.sql": ""}).settings

    def secret(reference: str) -> str:
        raise AssertionError(f"asked for {reference}")

    assert values(settings, {}, secret, {})["x"] == "file:/run/secrets/key"
