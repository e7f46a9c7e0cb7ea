"""Shapes: many discovered directories become few patterns, each of which matches exactly what was discovered."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from trueup.manifests.directories import Directories
from trueup.manifests.formats import Formats
from trueup.manifests.patterns import compile_pattern, unsafe
from trueup.model.values import JSON, canonical
from trueup.ports.driver import Discovered

_ENV = "{env}"
_ENOUGH = 3
"""Directories that must differ in one place before it becomes a capture of its own."""


@dataclass(frozen=True)
class Shape:
    """One future entry: what its stacks have in common."""

    format: str
    segments: tuple[str, ...]
    environment: str | None
    """Written as `env:`."""
    environments: tuple[str, ...] | None
    """Written as `envs:`."""
    settings: str
    """Canonical JSON, so that equal ones are equal."""
    paths: tuple[str, ...]
    parts: tuple["Shape", ...] = ()
    """What it was made of, for when it turns out to match too much."""
    excluded: tuple[str, ...] = ()
    why: str = ""

    @property
    def pattern(self) -> str:
        return "/".join(self.segments) or "."

    @property
    def key(self) -> tuple[str, str | None, tuple[str, ...] | None, str]:
        return (self.format, self.environment, self.environments, self.settings)


def shapes(found: Iterable[Discovered], directories: Directories, formats: Formats) -> list[Shape]:
    """The fewest entries that give exactly the discovered stacks, in the order of their patterns."""
    merged = [shape for stacks in _by_place(found) for shape in _single(stacks)]
    merged = _merge(merged, _name_index, least=2)
    for back in range(1, max((len(shape.segments) for shape in merged), default=0) + 1):
        merged = _merge(merged, partial(_from_end, back), least=_ENOUGH)
    exact = [part for shape in merged for part in _exact(shape, directories, formats)]
    return sorted(exact, key=lambda shape: (shape.pattern, shape.environment or "", shape.format))


def _by_place(found: Iterable[Discovered]) -> Iterator[list[Discovered]]:
    """The stacks of each directory; of two with one environment the first counts."""
    places: dict[tuple[str, str], dict[str, Discovered]] = defaultdict(dict)
    for each in found:
        path = "" if each.path == "." else each.path.strip("/")
        places[path, each.format].setdefault(each.environment, each)
    for (path, _), stacks in sorted(places.items()):
        if not re.search(r"[{}*?]", path):
            yield [stacks[name] for name in sorted(stacks)]


def _single(stacks: list[Discovered]) -> Iterator[Shape]:
    """One entry for a directory, or one for each environment when their settings have nothing in common."""
    first = stacks[0]
    segments = tuple(part for part in first.path.strip("/").split("/") if part not in ("", "."))
    if len(stacks) == 1:
        in_path = first.environment in segments and not unsafe({"env": first.environment})
        general = tuple(_ENV if in_path and part == first.environment else part for part in segments)
        settings = _general(first.settings, first.environment if first.environment else None)
        yield _shape(first, general, None if in_path else first.environment or None, None, settings)
        return
    general_settings = {_general(each.settings, each.environment) for each in stacks}
    if len(general_settings) == 1 and all(each.environment for each in stacks):
        environments = tuple(each.environment for each in stacks)
        yield _shape(first, segments, None, environments, general_settings.pop())
        return
    for each in stacks:
        yield _shape(each, segments, each.environment or None, None, _general(each.settings, None))


def _shape(
    found: Discovered, segments: tuple[str, ...], env: str | None, envs: tuple[str, ...] | None, settings: str
) -> Shape:
    path = "/".join(part for part in found.path.strip("/").split("/") if part not in ("", "."))
    return Shape(found.format, segments, env, envs, settings, (path,), why=found.why)


def _general(settings: Mapping[str, JSON], environment: str | None) -> str:
    """Settings with `{env}` where the environment's name stands as a word of its own."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])") if environment else None

    def general(value: JSON) -> JSON:
        if isinstance(value, str):
            escaped = re.sub(r"\{(\w+)\}", r"{{\1}}", value)
            return word.sub(lambda _: _ENV, escaped) if word else escaped
        if isinstance(value, Mapping):
            return {key: general(child) for key, child in value.items()}
        return [general(child) for child in value] if isinstance(value, list | tuple) else value

    return canonical(general(settings)).decode()


def _name_index(segments: tuple[str, ...]) -> int:
    """The last segment that is not the environment."""
    return next((index for index in reversed(range(len(segments))) if segments[index] != _ENV), -1)


def _from_end(back: int, segments: tuple[str, ...]) -> int:
    return len(segments) - back


def _merge(before: list[Shape], position: Callable[[tuple[str, ...]], int], *, least: int) -> list[Shape]:
    """Shapes that differ in one place only become one with a capture there."""
    groups: dict[tuple[object, tuple[str, ...]], list[Shape]] = defaultdict(list)
    after: list[Shape] = []
    for shape in before:
        index = position(shape.segments)
        captured = _captured(shape.segments, index, "name" if least < _ENOUGH else None)
        if captured is None:
            after.append(shape)
        else:
            groups[shape.key, captured].append(shape)
    for (_, general), members in groups.items():
        distinct = {shape.segments[position(shape.segments)] for shape in members}
        if len(distinct) < least:
            after += _same(members)
        else:
            after.append(_joined(members, general))
    return after


def _same(members: list[Shape]) -> Iterator[Shape]:
    """Those with the very same pattern (one name in several environments) are one entry."""
    equal: dict[tuple[str, ...], list[Shape]] = defaultdict(list)
    for shape in members:
        equal[shape.segments].append(shape)
    for segments, shapes in equal.items():
        yield shapes[0] if len(shapes) == 1 else _joined(shapes, segments)


def _joined(members: list[Shape], segments: tuple[str, ...]) -> Shape:
    first = members[0]
    paths = tuple(sorted(path for shape in members for path in shape.paths))
    return replace(first, segments=segments, paths=paths, parts=tuple(members))


def _captured(segments: tuple[str, ...], index: int, name: str | None) -> tuple[str, ...] | None:
    """The segments with a capture at one place; None where there can be none."""
    if not 0 <= index < len(segments) or "{" in segments[index] or unsafe({"it": segments[index]}):
        return None
    if name is None:
        parent = segments[index - 1] if index else ""
        name = _singular(parent) or f"part{index + 1}"
    if "{" + name + "}" in segments or name == "env":
        return None
    return (*segments[:index], "{" + name + "}", *segments[index + 1 :])


def _singular(word: str) -> str:
    """`accounts` holds accounts; "" for a word that does not look like a plural."""
    found = re.fullmatch(r"([a-z][a-z_]*?)(ies|s)", word)
    if not found:
        return ""
    return found.group(1) + ("y" if found.group(2) == "ies" else "")


def _exact(shape: Shape, directories: Directories, formats: Formats) -> Iterator[Shape]:
    """The shape, with what it must leave out; or its parts, when that would be most of what it matches."""
    if shape.pattern == "." or "{" not in shape.pattern:
        yield shape
        return
    pattern = compile_pattern(shape.pattern)
    globs = formats[shape.format].files if shape.format in formats else ()
    candidates = directories.candidates(pattern, globs)
    matched = {path for path in candidates if (found := pattern.match(path)) is not None and not unsafe(found)}
    extra = sorted(matched - set(shape.paths))
    if len(extra) <= len(shape.paths) // 4:
        yield replace(shape, excluded=tuple(extra))
    elif shape.parts:
        for part in shape.parts:
            yield from _exact(part, directories, formats)
    else:
        environment = compile_pattern(shape.pattern).match(shape.paths[0])
        literal = tuple(shape.paths[0].split("/"))
        yield replace(shape, segments=literal, environment=(environment or {}).get("env", shape.environment))
