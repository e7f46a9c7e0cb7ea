"""A layout nobody declared becomes a trueup.yaml that gives exactly the stacks that were found."""

from hypothesis import given
from hypothesis import strategies as st

from tests.manifests.samples import FORMATS, TerraformKeys, tree
from trueup.manifests.discover import describe
from trueup.manifests.expansion import expand
from trueup.manifests.manifest import CONTROL, Repository
from trueup.manifests.native import load
from trueup.model.stack import Mode
from trueup.ports.driver import Discovered
from trueup.ports.tree import StoredTree

HOME = {CONTROL: Repository(CONTROL, ".")}
Found = set[tuple[str, str, tuple[str, ...], str | None]]


def text_of(found: list[Discovered], files: StoredTree) -> str:
    """The file for one repository that holds itself."""
    return describe({CONTROL: found}, HOME, {CONTROL: files}, FORMATS)


def declared(text: str, files: StoredTree) -> Found:
    """Path, environment and settings of every stack that the text declares."""
    manifest = expand(load(text.encode(), "trueup.yaml", FORMATS), {CONTROL: files})
    assert all(each.mode is Mode.OBSERVE for each in manifest.declarations)
    return {
        (each.path, each.environment.name, each.spec.var_files, each.spec.workspace) for each in manifest.declarations
    }


def discovered(found: list[Discovered]) -> Found:
    """The same of what was found."""
    return {
        (each.path, each.environment, keys.var_files, keys.workspace)
        for each in found
        for keys in [TerraformKeys.model_validate(each.settings)]
    }


def test_many_directories_become_one_readable_pattern() -> None:
    """Environments and names are captured, what differs keeps its own entry, and nothing else is matched."""
    paths = [f"environments/{env}/{name}" for env in ("dev", "prod") for name in ("app", "networking", "dns")]
    found = [Discovered(path, "terraform", path.split("/")[1]) for path in paths]
    found += [
        Discovered("legacy", "terraform", env, {"workspace": env, "varFiles": [f"{env}.tfvars"]})
        for env in ("prod", "staging")
    ]
    found.append(Discovered("global", "terraform", why="a backend in main.tf"))
    files = tree([f"{each.path}/main.tf" for each in found] + ["environments/dev/scratch/main.tf"])
    text = text_of(found, files)
    assert (
        text.split("\n", 2)[2]
        == """\
apiVersion: trueup.dev/v1
mode: observe
stacks:
  - terraform: "environments/{env}/{name}"  # 6 stacks
    except: [environments/dev/scratch]
  - terraform: global  # a backend in main.tf
  - terraform: legacy  # 2 stacks
    envs: [prod, staging]
    varFiles: ["{env}.tfvars"]
    workspace: "{env}"
environments:
  dev: {mode: observe}
  prod: {critical: true, mode: observe}
  staging: {critical: true, mode: observe}
"""
    )
    assert declared(text, files) == discovered(found)


def test_the_root_of_a_repository_can_be_a_stack() -> None:
    """Its path is empty, its name ends in a dot."""
    files = tree(["main.tf"])
    text = text_of([Discovered(".", "terraform", "prod")], files)
    (stack,) = expand(load(text.encode(), "trueup.yaml", FORMATS), {CONTROL: files}).declarations
    assert (stack.name, stack.path, stack.attributes["name"]) == ("control//.", "", "control")


def test_other_repositories_are_named() -> None:
    """Their entries carry the key, their address stands above."""
    files = tree(["a/main.tf"])
    repositories = {**HOME, "aws": Repository("aws", "git@acme.com:aws.git", "trunk")}
    text = describe({"aws": [Discovered("a", "terraform", "on")]}, repositories, {"aws": files}, FORMATS)
    assert 'aws: {url: "git@acme.com:aws.git", branch: trunk}' in text
    (stack,) = expand(load(text.encode(), "trueup.yaml", FORMATS), {"aws": files}).declarations
    assert (stack.name, stack.environment.name) == ("aws//a", "on")


def test_a_thousand_stacks_become_one_entry() -> None:
    """Further levels are captured too, named after the plural above them."""
    paths = [f"accounts/a{a}/{env}/s{s}" for a in range(25) for env in ("dev", "prod") for s in range(20)]
    found = [Discovered(path, "terraform", path.split("/")[2]) for path in paths]
    files = tree([f"{path}/{name}" for path in paths for name in ("main.tf", "outputs.tf", "variables.tf")])
    text = text_of(found, files)
    assert text.count("- terraform:") == 1 and "accounts/{account}/{env}/{name}" in text
    assert len(declared(text, files)) == 1000


segments = st.sampled_from(
    ["a", "b", "c", "apps", "live", "x y", "1", "on", "dev", "prod", "[z]", "caf\u00e9", "-d", "#h"]
)
places = st.lists(segments, min_size=0, max_size=4).map("/".join)
settings = st.sampled_from(
    [
        {},
        {"workspace": "dev"},
        {"varFiles": ["prod.tfvars", "a-dev.tfvars"]},
        {"workspace": "{env}"},
        {"workspace": "x"},
    ]
)
stacks_found = st.builds(
    Discovered,
    path=places,
    format=st.just("terraform"),
    environment=st.sampled_from(["", "dev", "prod", "on"]),
    settings=settings,
)


@given(
    st.lists(stacks_found, max_size=12, unique_by=lambda each: (each.path, each.environment)),
    st.lists(places, max_size=6),
)
def test_whatever_is_found_is_declared(found: list[Discovered], others: list[str]) -> None:
    """Any layout: exactly the discovered stacks, whatever other directories hold code."""
    by_path = {each.path: [other for other in found if other.path == each.path] for each in found}
    found = [each for each in found if len(by_path[each.path]) == 1 or all(o.environment for o in by_path[each.path])]
    files = tree([f"{path}/main.tf".lstrip("/") for path in {*others, *(each.path for each in found)}])
    assert declared(text_of(found, files), files) == discovered(found)
