"""Discover: what drivers found in trees becomes a trueup.yaml that a person likes to read. Everything observes."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from trueup.manifests.directories import Directories
from trueup.manifests.document import API_VERSION
from trueup.manifests.formats import Formats
from trueup.manifests.keys import NAME
from trueup.manifests.manifest import CONTROL, Repository
from trueup.manifests.shapes import Shape, shapes
from trueup.model.values import JSON
from trueup.ports.driver import Discovered
from trueup.ports.tree import Tree

_DISPOSABLE = frozenset({"dev", "development", "test", "testing", "sandbox", "playground", "preview", "qa", "local"})
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


def describe(
    found: Mapping[str, Sequence[Discovered]],
    repositories: Mapping[str, Repository],
    trees: Mapping[str, Tree],
    formats: Formats,
) -> str:
    """A trueup.yaml for what was found in each repository. Loaded, it gives exactly those stacks; paths with
    `{`, `}`, `*` or `?` cannot be written and are named in a comment."""
    stacks: list[str] = []
    for key, discovered in sorted(found.items()):
        usable = [each for each in discovered if re.fullmatch(NAME, each.environment or "x")]
        entries = shapes(usable, Directories.of(trees[key]), formats)
        own = repositories[key].is_control
        stacks += [line for shape in entries for line in _entry(shape, "" if own else f"{key}//")]
        stacks += [f"  # left out, it cannot be written as a path: {path}" for path in _unwritable(discovered)]
    names = sorted({each.environment for each in _all(found) if each.environment})
    lines = [
        "# Written from what the repositories hold. Everything is only observed: Trueup plans and checks, and",
        "# changes nothing, until an environment or a stack says `mode: propose` or `mode: deliver`.",
        f"apiVersion: {API_VERSION}",
        "mode: observe",
        *_repositories(repositories),
        *(
            ["stacks:", *stacks]
            if any(not line.lstrip().startswith("#") for line in stacks)
            else ["stacks: []", *stacks]
        ),
        *(["environments:", *(_environment(name) for name in names)] if names else []),
    ]
    return "\n".join(lines) + "\n"


def _all(found: Mapping[str, Sequence[Discovered]]) -> Iterable[Discovered]:
    return (each for discovered in found.values() for each in discovered)


def _unwritable(discovered: Iterable[Discovered]) -> list[str]:
    wrong = {each.path for each in discovered if re.search(r"[{}*?\n]", each.path)}
    return sorted(json.dumps(path) for path in wrong)


def _repositories(repositories: Mapping[str, Repository]) -> list[str]:
    listed = [repository for key, repository in sorted(repositories.items()) if key != CONTROL]
    lines = []
    for repository in listed:
        branch = "" if repository.branch == "main" else f", branch: {_scalar(repository.branch)}"
        lines.append(f"  {_scalar(repository.key)}: {{url: {_scalar(repository.url)}{branch}}}")
    return ["repositories:", *lines] if lines else []


def _environment(name: str) -> str:
    """One whose name does not say otherwise counts as critical: a person can always relax it."""
    critical = "" if name.casefold() in _DISPOSABLE else "critical: true, "
    return f"  {_scalar(name)}: {{{critical}mode: observe}}"


def _entry(shape: Shape, prefix: str) -> list[str]:
    count = len(shape.paths) * len(shape.environments or ("",))
    comment = f"  # {count} stacks" if count > 1 else f"  # {shape.why}" if shape.why and "\n" not in shape.why else ""
    lines = [f"  - {shape.format}: {_scalar(prefix + shape.pattern)}{comment}"]
    if shape.environment is not None:
        lines.append(f"    env: {_scalar(shape.environment)}")
    if shape.environments is not None:
        lines.append(f"    envs: {_flow(list(shape.environments))}")
    if shape.excluded:
        lines.append(f"    except: {_flow([_exactly(path) for path in shape.excluded])}")
    return lines + [f"    {_scalar(key)}: {_flow(value)}" for key, value in json.loads(shape.settings).items()]


def _exactly(path: str) -> str:
    """A glob that means this path only."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def _flow(value: JSON) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, list):
        return "[" + ", ".join(_flow(child) for child in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _scalar(text: str) -> str:
    """As typed where that is safe everywhere in YAML, else in double quotes."""
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _RESERVED
    return text if plain else json.dumps(text, ensure_ascii=False)
