"""What is wrong with a manifest: all of it at once, with places, expectations and suggestions."""

import pytest

from tests.manifests.samples import FORMATS, stacks, tree
from trueup.manifests.expansion import diagnose, expand
from trueup.manifests.mistakes import line
from trueup.manifests.native import load
from trueup.model.errors import Invalid

TEN = b"""\
apiVersion: trueup.dev/v2
mod: observe
repositories:
  aws: {url: git@acme.com:aws.git, brunch: main}
stacks:
  - terraform: awss//environments/{env}/{name}
  - terrafrom: aws//legacy
  - terraform: aws//shared/{name}
    env: "{nmae}"
    varfiles: [a.tfvars]
environments:
  dev: {mode: deliver, checks: 30 minutes}
  prod: {critical: true, mode: deliver, respond: revert}
  qa: {mode: observe, respond: codify}
contexts:
  - match: {env: prod}
    secrets: {TF_VAR_token: hunter2}
"""


def told(text: bytes, *paths: str) -> list[str]:
    """What stops, one line each, on a control repository with these files."""
    return [line(each) for each in diagnose(text, "trueup.yaml", FORMATS, {"control": tree(paths)}) if each.stops]


def test_ten_mistakes_are_told_at_once() -> None:
    """Each with its line and column, what was expected, and the closest thing that exists."""
    lines = told(TEN)
    assert lines == [
        "trueup.yaml:1:13: expected one of trueup.dev/v1; found `trueup.dev/v2` (did you mean `trueup.dev/v1`?)",
        "trueup.yaml:2:1: unknown key `mod` (did you mean `mode`?)",
        "trueup.yaml:4:36: unknown key `brunch` (did you mean `branch`?)",
        "trueup.yaml:6:16: no repository `awss` below `repositories:` (did you mean `aws`?)",
        "trueup.yaml:7:5: unknown technology `terrafrom` (did you mean `terraform`?)",
        "trueup.yaml:9:10: nothing here captures `{nmae}` (did you mean `name`?)",
        "trueup.yaml:10:5: unknown key `varfiles` (did you mean `varFiles`?)",
        "trueup.yaml:12:32: `checks`: expected a duration like 30m, 1h or 48h",
        "trueup.yaml:13:50: `respond: revert` is refused: `prod` is critical, where nothing is undone without a "
        "person (use alert or codify; a person can still revert a drift)",
        "trueup.yaml:14:32: `respond: codify` needs mode propose, and `qa` has mode observe "
        "(set mode propose, or respond alert)",
        "trueup.yaml:17:29: `TF_VAR_token`: expected a reference (file:..., env:..., awssm:..., awsssm:...), "
        "never the secret itself",
    ]
    with pytest.raises(Invalid) as caught:
        load(TEN, "trueup.yaml", FORMATS)
    assert all(text in str(caught.value) for text in lines)


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    """Messages never show the value of a key that should hold a reference."""
    assert "hunter2" not in "\n".join(told(TEN))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "trueup.yaml:1:1: expected keys and values (start with `apiVersion: trueup.dev/v1`)"),
        (b"a: [1", "trueup.yaml:1:6: this is not YAML: expected ',' or ']'"),
        (
            b"a: [b-{env}]",
            "trueup.yaml:1:7: this is not YAML: expected ',' or ']', but got '{' (inside [ ] and { } a text",
        ),
        (b"a: 1\na: 2\n", "trueup.yaml:2:1: the key `a` is here twice (keep one of them)"),
        (b"a: !secret x\n", "trueup.yaml:1:4: the tag `!secret` means nothing here"),
        (b"a: 2020-01-01\n", "trueup.yaml:1:4: expected a text, found a date (put it in quotes)"),
        (b"\xff", "trueup.yaml: the file is not UTF-8 (byte 0)"),
    ],
)
def test_what_is_no_document(text: bytes, expected: str) -> None:
    """A file that cannot be read says where and why."""
    assert told(text)[0].startswith(expected)


def test_aliases_do_not_explode() -> None:
    """A small file whose aliases stand for billions of values is refused."""
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 9))
    assert "too large" in told(f"l0: &l0 [x]\n{levels}\n".encode())[0]


def test_a_directory_matched_twice_names_both_entries() -> None:
    """With the lines of both and the way out."""
    text = stacks("terraform: environments/{env}/{name}", "terraform: environments/prod/app\n    env: prod")
    (only,) = told(text, "environments/prod/app/main.tf")
    assert "`control//environments/prod/app` is matched twice" in only
    assert "`terraform: control//environments/{env}/{name}` (trueup.yaml:4:5)" in only
    assert only.startswith("trueup.yaml:5:5: ") and "except: [environments/prod/app]" in only


def test_except_leaves_a_directory_to_another_entry() -> None:
    """The way out of a double match works, and an entry's own mode holds there."""
    text = stacks(
        'terraform: environments/{env}/{name}\n    except: ["environments/prod/app"]',
        "terraform: environments/prod/app\n    env: prod\n    mode: deliver",
    )
    root = tree(["environments/prod/app/main.tf", "environments/prod/net/main.tf"])
    manifest = expand(load(text, "trueup.yaml", FORMATS), {"control": root})
    assert [(each.path, each.mode) for each in manifest.declarations] == [
        ("environments/prod/app", "deliver"),
        ("environments/prod/net", "observe"),
    ]


def test_entries_may_share_a_directory_for_different_environments() -> None:
    """When each says its environment, and only then; the names carry it."""
    text = stacks(
        "terraform: app\n    env: dev\n    varFiles: [d.tfvars]",
        "terraform: app\n    env: prod\n    varFiles: [p.tfvars]",
    )
    manifest = expand(load(text, "trueup.yaml", FORMATS), {"control": tree(["app/main.tf"])})
    assert [each.name for each in manifest.declarations] == ["control//app@dev", "control//app@prod"]


def test_a_cycle_is_named() -> None:
    """Who waits for whom, all around."""
    text = stacks(
        "terraform: e/{env}/a\n    dependsOn: b-{env}",
        "terraform: e/{env}/b\n    dependsOn: ['c-{env}']",
        'terraform: e/{env}/c\n    inputs: {x: "a-{env}.out"}',
    )
    (only,) = told(text, "e/dev/a/main.tf", "e/dev/b/main.tf", "e/dev/c/main.tf")
    assert "control//e/dev/a -> control//e/dev/b -> control//e/dev/c -> control//e/dev/a" in only


def test_a_stack_cannot_wait_for_itself() -> None:
    """A pattern that also matches the stack it names."""
    text = stacks('terraform: e/{env}/{name}\n    inputs: {x: "net-{env}.id"}')
    (only,) = told(text, "e/dev/net/main.tf", "e/dev/app/main.tf")
    assert "`control//e/dev/net` would wait for itself" in only and "trueup.yaml:5:17" in only


def test_unknown_and_ambiguous_references() -> None:
    """One has a suggestion, the other its candidates."""
    text = stacks("terraform: e/{env}/{name}", "terraform: top\n    env: prod\n    dependsOn: [ap-dev, net]")
    lines = told(text, "e/dev/app/main.tf", "e/dev/net/main.tf", "e/prod/net/main.tf", "top/main.tf")
    assert lines == [
        "trueup.yaml:7:17: there is no stack `ap-dev` (did you mean `app-dev`?)",
        "trueup.yaml:7:25: `net` could be 2 stacks: `control//e/dev/net`, `control//e/prod/net` (write a full name)",
    ]


def test_what_a_critical_environment_refuses() -> None:
    """Reverting by itself and applying without a person, by environment, by entry, or undeclared."""
    text = stacks(
        "terraform: a\n    env: prod\n    mode: deliver\n    respond: revert-minor",
        "terraform: b\n    env: nowhere\n    mode: deliver\n    approve: {count: 0}",
        "terraform: c\n    env: dev\n    respond: revert",
    )
    lines = told(text, "a/main.tf", "b/main.tf", "c/main.tf")
    assert [each.split(": ", 1)[1][:60] for each in lines] == [
        "`respond: revert-minor` is refused: `prod` is critical, wher",
        "in a critical environment a person approves every apply (wri",
        "`respond: revert` needs mode deliver, and `dev` has mode obs",
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("terraform: ../secrets", "`../secrets` is not a path in a repository"),
        ("terraform: a//b//c", "no repository `a` below `repositories:`"),
        ('terraform: "{env}/*"', "`{env}/*` is not a pattern"),
        ("terraform: a\n    tofu: b", "two technologies in one entry"),
        ("env: prod", "the entry names no technology"),
        ('terraform: "{env}/{name}"\n    env: prod', "the path captures `{env}` and `env` sets it"),
        ("terraform: a\n    env: prod\n    envs: [dev]", "`env` and `envs` in one entry"),
        ("terraform: a\n    envs: [dev, dev]", "an environment is in `envs` twice"),
        ("terraform: a\n    env: prod\n    inputs: {x: vpc}", "`vpc` names no output"),
        ("terraform: a\n    env: prod\n    parallelism: many", "`parallelism`: input should be a valid integer"),
        ("terraform: a\n    env: prod\n    approve: {count: 1, from: [ana]}", "nobody below `people:` is called `ana`"),
        ("terraform: a\n    env: prod\n    movedFrom: control//a", "`control//a` is still declared"),
    ],
)
def test_wrong_entries(entry: str, expected: str) -> None:
    """One mistake each, found with its place."""
    lines = told(stacks(entry), "a/main.tf", "docs/readme.md")
    assert len(lines) == 1 and expected in lines[0] and lines[0].startswith("trueup.yaml:")


def test_a_layout_holds_stacks_only() -> None:
    """Another repository says where its stacks are; modes, approvals, credentials stay with the control one."""
    control = b"apiVersion: trueup.dev/v1\nrepositories: {aws: {url: x}}\nenvironments: {dev: {mode: deliver}}\n"
    layout = """\
stacks:
  - terraform: live/{env}/{name}
  - terraform: top
    env: dev
    mode: deliver
  - terraform: other//x
credentials: [{passEnv: ["*"]}]
"""
    files = tree(["live/dev/app/main.tf", "top/main.tf"], trueup_yaml=layout)
    found = [line(each) for each in diagnose(control, "trueup.yaml", FORMATS, {"aws": files}) if each.stops]
    assert [each.split(" (")[0] for each in found] == [
        "aws//trueup.yaml:5:5: `mode` cannot be set here",
        "aws//trueup.yaml:6:16: a layout cannot speak for `other`",
        "aws//trueup.yaml:7:1: `credentials` cannot be set here",
    ]
    right = tree(["live/dev/app/main.tf"], trueup_yaml="stacks:\n  - terraform: live/{env}/{name}\n")
    (stack,) = expand(load(control, "trueup.yaml", FORMATS), {"aws": right}).declarations
    assert (stack.name, stack.mode) == ("aws//live/dev/app", "deliver")


def test_unusable_directory_names_are_told() -> None:
    """A directory that cannot be part of a workspace's or a role's name is left out, not silently."""
    text = stacks("terraform: e/{env}/{name}")
    found = diagnose(text, "trueup.yaml", FORMATS, {"control": tree(["e/dev/$(id)/main.tf"])})
    assert [each.code for each in found] == ["unusable-name", "nothing-matched"]


def test_inputs_and_dependencies_become_full_names() -> None:
    """Short names are resolved, and an input is also a dependency."""
    text = stacks(
        "terraform: e/{env}/networking",
        'terraform: e/{env}/app\n    inputs: {vpc_id: "networking-{env}.vpc_id"}\n    owner: team-{env}\n'
        "    movedFrom: old/{env}/app",
    )
    paths = [f"e/{env}/{name}/main.tf" for env in ("dev", "prod") for name in ("app", "networking")]
    app = expand(load(text, "trueup.yaml", FORMATS), {"control": tree(paths)}).declaration("control//e/prod/app")
    assert app is not None
    assert app.depends_on == ("control//e/prod/networking",)
    assert (app.inputs["vpc_id"].stack, app.inputs["vpc_id"].output) == ("control//e/prod/networking", "vpc_id")
    assert (app.owner, app.moved_from) == (("team-prod",), "control//old/prod/app")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("terraform: gone", "there is no `gone` in `control`"),
        ("terraform: docs", "`docs` holds no *.tf or *.tf.json"),
        ('terraform: "x/{name}"', "matches nothing"),
    ],
)
def test_what_is_not_there_is_told_and_stops_nothing(entry: str, expected: str) -> None:
    """Somebody who removes a directory in one repository must not stop the others."""
    text = stacks(f"{entry}\n    env: prod", "terraform: a\n    env: prod")
    manifest = expand(load(text, "trueup.yaml", FORMATS), {"control": tree(["a/main.tf", "docs/readme.md"])})
    assert [each.path for each in manifest.declarations] == ["a"]
    assert any(expected in finding.message for finding in manifest.findings)


def test_a_wrong_layout_stops_only_its_own_repository() -> None:
    """Its stacks are left out, its repository counts as unread, and the findings say why."""
    control = b"apiVersion: trueup.dev/v1\nrepositories: {good: {url: x}, bad: {url: y}, twice: {url: z}}\n"
    control += b"stacks:\n  - terraform: twice//a\n    env: dev\nenvironments: {dev: {}}\n"
    layout = "stacks:\n  - terraform: '{env}/{name}'\n"
    trees = {
        "good": tree(["dev/app/main.tf"], trueup_yaml=layout),
        "bad": tree(["dev/app/main.tf"], trueup_yaml=layout + "mode: deliver\n"),
        "twice": tree(["a/main.tf"], trueup_yaml="stacks:\n  - terraform: a\n    env: dev\n"),
    }
    manifest = expand(load(control, "trueup.yaml", FORMATS), trees)
    assert [each.name for each in manifest.declarations] == ["good//dev/app", "twice//a"]
    assert manifest.unread == {"bad", "twice"}
    assert {str(each.place) for each in manifest.findings if each.stops} == {
        "bad//trueup.yaml:3:1",
        "twice//trueup.yaml:2:5",
    }
    assert {each.code for each in diagnose(control, "trueup.yaml", FORMATS, trees)} == {"not-here", "matched-twice"}


def test_a_layout_takes_no_outputs_of_other_repositories() -> None:
    """They may be secret; its own repository's outputs are its own."""
    control = b"apiVersion: trueup.dev/v1\nrepositories: {a: {url: x}, b: {url: y}}\nenvironments: {dev: {}}\n"
    layout = "stacks:\n  - terraform: '{env}/db'\n  - terraform: '{env}/app'\n    inputs: {p: 'WHAT.password'}\n"
    trees = {
        "a": tree(["dev/vault/main.tf"], trueup_yaml="stacks:\n  - terraform: '{env}/vault'\n"),
        "b": tree(["dev/db/main.tf", "dev/app/main.tf"], trueup_yaml=layout.replace("WHAT", "vault-{env}")),
    }
    (wrong,) = [each for each in diagnose(control, "trueup.yaml", FORMATS, trees) if each.stops]
    assert "a layout cannot take outputs of `a//dev/vault`" in wrong.message
    trees["b"] = tree(["dev/db/main.tf", "dev/app/main.tf"], trueup_yaml=layout.replace("WHAT", "db-{env}"))
    app = expand(load(control, "trueup.yaml", FORMATS), trees).declaration("b//dev/app")
    assert app is not None and app.inputs["p"].stack == "b//dev/db"
