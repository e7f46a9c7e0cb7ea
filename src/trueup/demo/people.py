"""People of the story: they edit, commit and push, and they type `trueup`."""

import json
import shlex
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from trueup.demo.company import Author
from trueup.demo.telling import Telling
from trueup.demo.terminal import Terminal
from trueup.model.errors import Broken
from trueup.model.values import JSON
from trueup.system.processes import Command, capture

TRUEUP = (sys.executable, "-P", "-m", "trueup")
SECONDS = 900.0
"""The most that one command may take."""


@dataclass(frozen=True)
class Edit:
    """Of one file: the first `old` becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Person:
    """Somebody with a name below `people:`, a clone, and a shell."""

    author: Author
    laptop: Path
    terminal: Terminal
    environment: Mapping[str, str]
    """Of their shell: it knows where Trueup is, and no credentials of any cloud."""
    telling: Telling

    @property
    def name(self) -> str:
        return self.author.email.partition("@")[0]

    def types(self, *words: str, lines: tuple[int, int] | None = None, code: int = 0) -> str:
        """`trueup WORDS` as this person; what they saw, in plain text. Raises Broken when it ends with another code."""
        with self.telling.waiting(f"trueup {words[0]}"):
            command, said = self._run(words, code)
        self.telling.typed(command, said, lines)
        return Text.from_ansi(said).plain

    def asks(self, *words: str) -> JSON:
        """`trueup WORDS -o json`, untold: what needs no name, because it is about the installation."""
        return json.loads(self._ended((*words, "--output", "json"))[1])

    def types_side_by_side(self, *every: tuple[str, ...], lines: tuple[int, int] | None = None) -> None:
        """The same in as many terminals at once; told in the order given."""
        with self.telling.waiting(f"{len(every)} times trueup {every[0][0]}"), ThreadPoolExecutor(len(every)) as pool:
            ended = list(pool.map(self._run, every))
        for command, said in ended:
            self.telling.typed(command, said, lines)

    def _run(self, words: tuple[str, ...], code: int = 0) -> tuple[str, str]:
        at = words.index("--") if "--" in words else len(words)
        return self._ended((*words[:at], "--as", self.name, *words[at:]), code)

    def _ended(self, words: tuple[str, ...], code: int = 0) -> tuple[str, str]:
        ended = capture(Command((*TRUEUP, *words), self.laptop, self.environment), seconds=SECONDS)
        command, said = f"trueup {shlex.join(words)}", (ended.stdout + ended.stderr).decode(errors="replace")
        if ended.code != code:
            words_only = Text.from_ansi(said).plain.strip()
            raise Broken(f"expected: `{command}` ends with {code}", hint=f"it ended with {ended.code}: {words_only}")
        return command, said

    def commits(self, message: str, *edits: Edit, branch: str = "main") -> str:
        """Edits files on a new branch from the newest `main`, or on that itself, and pushes; the commit."""
        self.git("fetch", "--quiet", "origin")
        self.git("checkout", "--quiet", "-B", branch, "origin/main")
        for edit in edits:
            path = self.laptop / edit.file
            text = path.read_text()
            if edit.old not in text:
                raise Broken(f"expected: {edit.file} contains {edit.old!r}")
            path.write_text(text.replace(edit.old, edit.new, 1))
        return self.pushes(message, branch)

    def pushes(self, message: str, branch: str = "main") -> str:
        """Everything that is in the clone now; the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *words: str) -> str:
        signature = self.author.signature(datetime.now(UTC).isoformat(timespec="seconds"))
        return self.terminal.having(signature).git(self.laptop, *words)
