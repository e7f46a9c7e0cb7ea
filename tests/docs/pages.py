"""Pages: the documents, and what is in them: code blocks, command lines, links."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]))
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Said:
    """A piece of a page."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def blocks(language: str) -> Iterator[Said]:
    """Fenced blocks of that language; the line is the first one inside."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for found in _FENCED.finditer(text):
            if found[2] == language:
                inside = found[3].replace(f"\n{found[1]}", "\n").removeprefix(found[1]) if found[1] else found[3]
                yield Said(path.name, text[: found.start(3)].count("\n") + 1, inside)


def command_lines() -> Iterator[Said]:
    """Lines that somebody would type: in shell and console blocks, and indented by four or more."""
    for path in PAGES:
        language: str | None = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip().startswith("```"):
                language = line.strip().removeprefix("```") if language is None else None
            elif (
                (language == "console" and line.startswith("$ "))
                or language == "sh"
                or (language is None and line.startswith("    "))
            ):
                yield from (Said(path.name, number, command) for command in _commands(line.strip().removeprefix("$ ")))


def _commands(line: str) -> Iterator[str]:
    """Those of `trueup` in one line of a shell, without comments and redirections."""
    words = shlex.shlex(re.sub(r"(^|\s)#.*", "", line), posix=True, punctuation_chars=True)
    words.commenters, words.whitespace_split = "", True
    try:
        found = list(words)
    except ValueError:
        return  # a sentence with an apostrophe
    for ended, group in groupby(found, lambda word: re.fullmatch(r"[;&|>()]+", word) is not None):
        command = list(group)
        if not ended and command[0] == "trueup":
            yield shlex.join(command)


def inline() -> Iterator[Said]:
    """What stands between backticks, outside of blocks."""
    for path in PAGES:
        text = _FENCED.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"))
        for found in re.finditer(r"`([^`]+)`", text):
            yield Said(path.name, text[: found.start()].count("\n") + 1, " ".join(found[1].split()))


def links() -> Iterator[Said]:
    """Targets of links."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"\]\(([^)\s]+)\)", text):
            yield Said(path.relative_to(ROOT).as_posix(), text[: found.start()].count("\n") + 1, found[1])


def anchors(path: Path) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
