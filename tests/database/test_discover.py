"""What `trueup init` finds of databases: Flyway projects and folders of numbered files, where nobody declared them."""

from collections.abc import Iterable, Mapping

from trueup.drivers.database.driver import DatabaseDriver
from trueup.manifests.discover import describe
from trueup.manifests.expansion import expand
from trueup.manifests.manifest import CONTROL, Repository
from trueup.manifests.native import load
from trueup.ports.tree import StoredTree
from trueup.wiring.registry import formats


def _tree(*paths: str) -> StoredTree:
    return StoredTree("r1", dict.fromkeys(paths, b""))


def _found(tree: StoredTree) -> Mapping[str, str]:
    return {each.path: each.format for each in DatabaseDriver().discover(tree)}


def _paths(names: Iterable[str], format: str) -> dict[str, str]:
    return dict.fromkeys(names, format)


def test_a_flyway_project_is_its_directory() -> None:
    """With its configuration, also below `conf`; or above the usual location of its files; else where they lie."""
    tree = _tree(
        "services/orders/flyway.conf",
        "services/orders/sql/2024/V1__a.sql",
        "services/billing/conf/flyway.toml",
        "services/billing/V1__a.sql",
        "services/stock/src/main/resources/db/migration/V1__a.sql",
        "services/stock/src/main/resources/db/migration/late/V2__b.sql",
        "odd/V1.2__a.sql",
    )
    names = ("services/orders", "services/billing", "services/stock", "odd")
    assert _found(tree) == _paths(names, "flyway")


def test_a_folder_called_migrations_with_numbered_files_is_plain() -> None:
    """Numbered SQL elsewhere may be anything, and Flyway's own directory is found once."""
    tree = _tree(
        "users/migrations/001_create_users_table.sql",
        "crm/db/migration/20240131120000_add_email.sql",
        "docker/initdb.d/01_roles.sql",
        "orders/migrations/V1__a.sql",
        "orders/migrations/002_not_flyway.sql",
    )
    plain = _paths(("users/migrations", "crm/db/migration"), "migrations")
    assert _found(tree) == plain | {"orders": "flyway"}


def test_tests_and_builds_are_nobodys_stacks() -> None:
    """Copies of migrations below them would be a second stack of one database."""
    tree = _tree(
        "src/test/resources/db/migration/V1__a.sql", "target/classes/db/migration/V1__a.sql", "examples/V1__a.sql"
    )
    assert not _found(tree)


def test_what_is_found_is_declared() -> None:
    """The file that is written gives exactly these stacks, also the one of a repository that is a single project."""
    tree = _tree(
        "db/migration/V1__a.sql",
        *(f"services/{name}/{env}/flyway.toml" for name in ("a", "b", "c") for env in ("dev", "prod")),
        "tools/migrations/001_a.sql",
    )
    found = list(DatabaseDriver().discover(tree))
    text = describe({CONTROL: found}, {CONTROL: Repository(CONTROL, ".")}, {CONTROL: tree}, formats())
    declared = expand(load(text.encode(), "trueup.yaml", formats()), {CONTROL: tree}).declarations
    assert {(each.path or ".", each.environment.name) for each in declared} == {
        (each.path, each.environment) for each in found
    }
    assert len(declared) == 8


def test_what_is_found_says_what_is_missing() -> None:
    """No file of a project may say which database is meant: a person adds it."""
    found = DatabaseDriver().discover(_tree("a/flyway.conf", "b/V1__a.sql", "c/migrations/001_a.sql"))
    assert ["`url:`" in each.why for each in found] == [True, True, True]
