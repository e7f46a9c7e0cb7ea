"""Telling: the story as it happens, for whoever watches or as one JSON document, and what it promises on the way."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from trueup.model.errors import Broken, TrueupError
from trueup.model.values import JSON

COLUMNS = 118
MARGIN = 4


@dataclass(frozen=True)
class Typed:
    """What somebody typed, and what they saw."""

    command: str
    output: str


@dataclass
class Step:
    """What came of one step. `held` are its promises, in order; `error` is the one that was broken."""

    number: int
    title: str
    ok: bool = False
    seconds: float = 0.0
    held: list[str] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    error: str = ""


class Telling:
    """`console` is None where nobody watches."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self.steps: list[Step] = []
        self._began = time.monotonic()

    @property
    def coloured(self) -> bool:
        return self._console is not None and self._console.color_system is not None

    @property
    def columns(self) -> int:
        """How wide the output of a command may be, so that it stands indented without being broken."""
        return min(COLUMNS, self._console.width - MARGIN) if self._console is not None else COLUMNS

    def finished(self, steps: int) -> bool:
        """All of so many steps held."""
        return len(self.steps) == steps and all(step.ok for step in self.steps)

    def document(self, steps: int, kept: str) -> JSON:
        """`kept` is the directory with all evidence; "" when it is gone."""
        seconds = round(time.monotonic() - self._began, 1)
        return {
            "ok": self.finished(steps),
            "seconds": seconds,
            "kept": kept,
            "steps": [asdict(step) for step in self.steps],
        }

    @contextmanager
    def step(self, number: int, title: str) -> Iterator[Step]:
        """Times it, and remembers whether it held."""
        step = Step(number, title)
        self.steps.append(step)
        self._print(Text(f"\n{number}. {title}\n", style="bold cyan"))
        began = time.monotonic()
        try:
            yield step
            step.ok = True
        except TrueupError as error:
            step.error = str(error)
            raise
        finally:
            step.seconds = round(time.monotonic() - began, 1)
        self._print(Text(f"  {step.seconds:.1f} s", style="dim"))

    def say(self, words: str) -> None:
        self._print(_indented(Text(words), 2))

    def offer(self, *lines: str) -> None:
        """Lines to be copied: never broken, however narrow the terminal."""
        if self._console is not None:
            self._console.print("\n".join(lines), markup=False, soft_wrap=True)

    def typed(self, command: str, output: str, lines: tuple[int, int] | None = None) -> None:
        """What somebody typed and what they saw; with `lines`, only the first ones and the last ones are shown."""
        output = output.strip("\n")
        self.steps[-1].typed.append(Typed(command, Text.from_ansi(output).plain))
        self._print(_indented(Text.assemble(("$ ", "green"), (command, "bold")), MARGIN))
        if output:
            self._print(_indented(Text.from_ansi(_cut(output, lines)), MARGIN))
        self._print(Text(""))

    def holds(self, claim: str, true: bool, found: object = "") -> None:
        """A promise. Raises Broken, with what is there instead, when it is broken."""
        if not true:
            raise Broken(f"expected: {claim}", hint=f"found: {_short(found)}" if found != "" else "")
        self.steps[-1].held.append(claim)
        self._print(_indented(Text.assemble(("✓ ", "bold green"), claim), 2))

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A sign of life while something takes time; on a terminal only."""
        if self._console is None or not self._console.is_terminal:
            yield
            return
        with self._console.status(f"{what} ..."):
            yield

    def _print(self, what: Padding | Text) -> None:
        if self._console is not None:
            self._console.print(what)


def _indented(text: Text, columns: int) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _cut(output: str, lines: tuple[int, int] | None) -> str:
    if lines is None:
        return output
    first, last = lines
    every = output.split("\n")
    if len(every) <= first + last + 1:
        return output
    return "\n".join([*every[:first], "...", *every[len(every) - last :]])


def _short(found: object) -> str:
    text = found if isinstance(found, str) else json.dumps(found, default=str, ensure_ascii=False)
    return text if len(text) <= 2000 else f"{text[:2000]}..."
