"""Scripts: one file's own settings, from the `.conf` beside it and from `-- flyway:` comments, and its text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trueup.drivers.database.migrations import checksums
from trueup.drivers.database.migrations.configuration_files import Said, parse_conf
from trueup.model.errors import Invalid, Place

_NAMES = ("executeInTransaction", "encoding", "placeholderReplacement", "shouldExecute")
_COMMENT = re.compile(r"--\s*flyway:\s*(?P<name>\w+)\s*=\s*(?P<value>.*?)\s*$", re.IGNORECASE)
_COMPARISON = re.compile(r"(?P<left>.*?)\s*(?P<operator>==|!=)\s*(?P<right>.*)")


@dataclass(frozen=True)
class ScriptSettings:
    """None: nothing is said, the stack's setting counts."""

    in_transaction: bool | None = None
    encoding: str | None = None
    placeholder_replacement: bool | None = None
    executes: Said | None = None
    """An expression; placeholders in it are not replaced yet."""


def beside(content: bytes, path: str) -> ScriptSettings:
    """Of a `.conf` file. Raises Invalid with the line."""
    return _settings(parse_conf(content, path))


def with_comments(settings: ScriptSettings, text: str, path: str) -> ScriptSettings:
    """With what the comments before the first statement say: `-- flyway:executeInTransaction=false`; the `.conf` file
    says more. Raises Invalid with the line."""
    said = _settings(dict(_comments(text, path)))
    return ScriptSettings(
        said.in_transaction if settings.in_transaction is None else settings.in_transaction,
        settings.encoding,
        said.placeholder_replacement if settings.placeholder_replacement is None else settings.placeholder_replacement,
        settings.executes or said.executes,
    )


def executes(expression: str, place: Place) -> bool:
    """Of Flyway's `shouldExecute`: true, false, or two texts that are equal or not. Raises Invalid."""
    if expression.strip().lower() in ("true", "false"):
        return expression.strip().lower() == "true"
    compared = _COMPARISON.fullmatch(expression.strip())
    if compared is None:
        raise Invalid(
            f"shouldExecute is `{expression}`, which is no condition",
            place=place,
            hint="write true, false, A==B or A!=B",
        )
    equal = compared["left"].strip() == compared["right"].strip()
    return equal if compared["operator"] == "==" else not equal


def text_of(content: bytes, encoding: str, path: str) -> str:
    """Strictly, so that no letter changes without a word; with its byte-order mark. Raises Invalid with the line."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"byte 0x{content[error.start]:02x} is no {encoding}",
            place=Place(path, line),
            hint=f"save the file as {encoding}, or say `encoding=` in {path}.conf",
        ) from error
    except LookupError as error:
        raise Invalid(
            f"there is no encoding `{encoding}`", place=Place(path), hint="write UTF-8, ISO-8859-1 ..."
        ) from error


def known_as(content: bytes, text: str, filled: str) -> Mapping[int, str]:
    """Checksums that other releases and readings would have stored for this very file, each with what explains it.
    Only to explain a mismatch: none of them counts as unchanged."""
    unix = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: dict[int, str] = {}
    for each, what in (
        (content, "Flyway 3 stored it, of the file's bytes"),
        (unix, "Flyway 3 stored it, of the same file with Unix line ends"),
        (unix.replace(b"\n", b"\r\n"), "Flyway 3 stored it, of the same file with Windows line ends"),
    ):
        found[checksums.ancient(each)] = what
    found[checksums.checksum(filled)] = "it was stored of the text after placeholders were replaced"
    for encoding in ("iso-8859-1", "cp1252", "utf-8"):
        other = content.decode(encoding, "replace")
        found.setdefault(checksums.checksum(other), f"it was stored when the file was read as {encoding}")
    if text.startswith("\ufeff"):
        found[checksums.checksum(f"\ufeff{text}")] = "it was stored with the byte-order mark that the file begins with"
    found.pop(checksums.checksum(text), None)
    return found


def _comments(text: str, path: str) -> Iterator[tuple[str, Said]]:
    for number, line in enumerate(checksums.LINE_END.split(text), 1):
        line = line.strip()
        if line and not line.startswith("--"):
            return
        if (found := _COMMENT.match(line)) and found["name"] in _NAMES:
            yield found["name"], Said(found["value"], Place(path, number))


def _settings(said: Mapping[str, Said]) -> ScriptSettings:
    for name, each in said.items():
        if name not in _NAMES:
            raise Invalid(
                f"`{name}` is no setting of a single script", place=each.place, hint=f"known are {', '.join(_NAMES)}"
            )
    return ScriptSettings(
        _flag(said.get("executeInTransaction")),
        said["encoding"].value if "encoding" in said else None,
        _flag(said.get("placeholderReplacement")),
        said.get("shouldExecute"),
    )


def _flag(said: Said | None) -> bool | None:
    if said is None:
        return None
    if said.value.lower() not in ("true", "false"):
        raise Invalid(f"`{said.value}` is neither true nor false", place=said.place, hint="write true or false")
    return said.value.lower() == "true"
