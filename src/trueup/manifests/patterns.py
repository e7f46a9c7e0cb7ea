"""Patterns: `environments/{env}/{name}` matches many directories; its captures fill other texts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from trueup.manifests.mistakes import suggestion
from trueup.model.errors import Invalid
from trueup.model.values import JSON

_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILLED = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}|(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
"""What a capture may be: it becomes part of workspace names, roles and variables."""


@dataclass(frozen=True)
class Pattern:
    text: str
    captures: tuple[str, ...]
    """In the order of their first appearance."""
    prefix: str
    """The literal text before the first capture."""
    regex: re.Pattern[str]

    @property
    def literal(self) -> bool:
        return not self.captures

    @property
    def names_files(self) -> bool:
        """Its last segment has a literal dot, as in `{zone}.yaml`; other patterns mean directories."""
        return "." in _CAPTURE.sub("", self.text.rsplit("/", 1)[-1])

    def match(self, path: str) -> dict[str, str] | None:
        """The captures of a path. One may be unusable: see `unsafe`."""
        if not path.startswith(self.prefix):
            return None
        found = self.regex.fullmatch(path)
        return found.groupdict() if found else None


def unsafe(captures: Mapping[str, str]) -> str | None:
    """The first captured text that cannot stand in names."""
    return next((text for text in captures.values() if not _SAFE.fullmatch(text)), None)


def compile_pattern(text: str) -> Pattern:
    """`.` is the repository's root. Raises Invalid without a place."""
    if text == ".":
        return Pattern("", (), "", re.compile(""))
    if text.startswith("/") or any(part in ("", ".", "..") for part in text.split("/")):
        raise Invalid(
            f"`{text}` is not a path in a repository", hint="write it from the root: environments/{env}/{name}"
        )
    if re.search(r"[{}*?]", _CAPTURE.sub("", text)):
        raise Invalid(f"`{text}` is not a pattern", hint="a capture is {word} and stands for one directory's name")
    captures: list[str] = []
    regex, end = "", 0
    for found in _CAPTURE.finditer(text):
        name = found.group(1)
        regex += re.escape(text[end : found.start()])
        regex += f"(?P={name})" if name in captures else f"(?P<{name}>[^/]+)"
        end = found.end()
        if name not in captures:
            captures.append(name)
    prefix = text.split("{", 1)[0]
    return Pattern(text, tuple(captures), prefix, re.compile(regex + re.escape(text[end:])))


def names_in(value: JSON) -> set[str]:
    """Every capture that a text (or the texts inside a value) asks for."""
    if isinstance(value, str):
        return {found.group(2) for found in _FILLED.finditer(value) if found.group(2)}
    if isinstance(value, Mapping):
        return set().union(*(names_in(child) for child in value.values()), *(names_in(key) for key in value))
    return set().union(*(names_in(child) for child in value)) if isinstance(value, list | tuple) else set()


def fill(text: str, attributes: Mapping[str, str]) -> str:
    """Puts captures into a text; `{{word}}` stands for a literal `{word}`, and `${word}` is a variable of somebody
    else. Raises Invalid without a place."""

    def replace(found: re.Match[str]) -> str:
        if found.group(1):
            return "{" + found.group(1) + "}"
        if found.group(2) not in attributes:
            raise Invalid(f"nothing here captures `{found.group(0)}`", hint=suggestion(found.group(2), attributes))
        return attributes[found.group(2)]

    return _FILLED.sub(replace, text) if "{" in text else text


def fill_all(value: JSON, attributes: Mapping[str, str]) -> JSON:
    """The same for every text inside a value, keys of mappings excepted."""
    if isinstance(value, str):
        return fill(value, attributes)
    if isinstance(value, Mapping):
        return {key: fill_all(child, attributes) for key, child in value.items()}
    return [fill_all(child, attributes) for child in value] if isinstance(value, list | tuple) else value


def matches(wanted: Mapping[str, Iterable[str]], attributes: Mapping[str, str]) -> bool:
    """Does every named attribute match one of its globs? An attribute that is not there matches nothing."""
    return all(
        key in attributes and any(fnmatchcase(attributes[key], glob) for glob in globs) for key, globs in wanted.items()
    )
