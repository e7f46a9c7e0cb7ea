"""CODEOWNERS in both dialects: what each forge documents, in examples of our own."""

import pytest

from tests.manifests.samples import FORMATS, stacks, tree
from trueup.manifests.expansion import expand
from trueup.manifests.native import load
from trueup.manifests.owners import Ownership, find, parse

GITHUB = r"""
# everything, unless a later line says otherwise
*                     @acme/platform
*.tf                  @terra dan@acme.com   # inline comments end the line, @nobody
/environments/prod/   @acme/prod
docs/*                @writers
apps/                 @apps
**/secrets            @security
/my\ notes/           @anna
/environments/prod/generated/
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README.md", ("@acme/platform",)),
        ("deep/below/main.tf", ("@terra", "dan@acme.com")),
        ("environments/prod/app/main.tf", ("@acme/prod",)),
        ("x/environments/prod/main.md", ("@acme/platform",)),
        ("docs/a.md", ("@writers",)),
        ("docs/deep/a.md", ("@acme/platform",)),
        ("x/docs/a.md", ("@acme/platform",)),
        ("x/apps/y/z", ("@apps",)),
        ("x/secrets", ("@security",)),
        ("x/secrets/key", ("@security",)),
        ("my notes/today", ("@anna",)),
        ("environments/prod/generated/a.tf", ()),
        ("MAIN.TF", ("@acme/platform",)),
    ],
)
def test_github(path: str, owners: tuple[str, ...]) -> None:
    """The last matching line wins in the whole file; a line without owners clears."""
    assert parse(GITHUB, "github").owners(path) == owners


def test_github_skips_invalid_lines() -> None:
    """`!`, brackets, `\\#` and what is no owner void that line only, and a finding says so."""
    text = "* @all\n!keep.md @a\n[abc].tf @b\n\\#x @c\n*.md anna\nlib/ @lib"
    known = parse(text, "github")
    assert known.owners("keep.md") == ("@all",) and known.owners("a.tf") == ("@all",)
    assert known.owners("lib/x.md") == ("@lib",)
    assert [finding.place.line for finding in known.findings if finding.place] == [2, 3, 4, 5]


GITLAB = """\
* @root
/terraform/ @infra # also @dora - GitLab has no comments here

[Database][2] @dba
*.sql
/migrations/**/* @migrators
!/migrations/old/*

^[Docs] @writers
*.md
docs/

[DATABASE]
schema.rb @@maintainer @group/sub
/te[st]t.sql @brackets
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x.py", ("@root",)),
        ("terraform/a/main.tf", ("@infra", "@dora")),
        ("a/b.sql", ("@root", "@dba")),
        ("migrations/2026/a.rb", ("@root", "@migrators")),
        ("migrations/old/a.sql", ("@root",)),
        ("docs/a.txt", ("@root",)),
        ("schema.rb", ("@root", "@@maintainer", "@group/sub")),
        ("tett.sql", ("@root", "@brackets")),
        ("test.sqlx", ("@root",)),
    ],
)
def test_gitlab(path: str, owners: tuple[str, ...]) -> None:
    """The last matching line wins in every section; sections add up, optional ones do not."""
    assert parse(GITLAB, "gitlab").owners(path) == owners


def test_gitlab_sections() -> None:
    """Sections of one name are one whatever their case; they say how many must approve, and whether they must."""
    assert parse(GITLAB, "gitlab").of("readme.md") == (
        Ownership("", ("@root",)),
        Ownership("Docs", ("@writers",), optional=True),
    )
    assert Ownership("Database", ("@dba",), approvals=2) in parse(GITLAB, "gitlab").of("x.sql")


def test_where_each_forge_looks_first() -> None:
    """GitHub prefers `.github/`, GitLab the root."""
    files = tree([".github/CODEOWNERS"], CODEOWNERS="* @root")
    assert find(files, "github").owners("x") == ()
    assert find(files, "gitlab").owners("x") == ("@root",)
    assert find(tree(["x"]), "github").owners("x") == ()


def test_a_stack_is_owned_by_the_owners_of_its_code() -> None:
    """Owners of other files in the directory (its README) have no say, and `owner:` wins over the file."""
    files = tree(["e/dev/app/main.tf", "e/dev/app/README.md", "top/main.tf"], CODEOWNERS="e/ @infra\n*.md @writers")
    text = stacks("terraform: e/{env}/{name}", "terraform: top\n    env: dev\n    owner: ['@anna']")
    app, top = expand(load(text, "trueup.yaml", FORMATS), {"control": files}).declarations
    assert (app.owner, top.owner) == (("@infra",), ("@anna",))


def test_owners_are_the_people_who_approve() -> None:
    """Handles and e-mail addresses become the names below `people:`; teams and strangers stay as written."""
    text = stacks("terraform: top\n    env: dev")
    text += b"repositories: {own: {url: ., forge: github}}\n"
    text += b"people: {anna: {github: Anna-K, email: '*@anna.example'}, ben: {gitlab: ben-g}}\n"
    owned = "* @anna-k me@anna.example @ben @ben-g @acme/prod dan@acme.com"
    (stack,) = expand(load(text, "trueup.yaml", FORMATS), {"own": tree(["top/main.tf"], CODEOWNERS=owned)}).declarations
    assert stack.owner == ("anna", "ben", "@ben-g", "@acme/prod", "dan@acme.com")
