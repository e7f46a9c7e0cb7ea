"""Failures: how an error reaches a person, and the exit code that it ends with."""

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import trueup
from trueup.model.errors import Invalid, Refused, Rejected, TrueupError, Unavailable

FAILED = 1
WRONG = 2
FOUND = 3
"""With --exit-code: drift or changes were found."""
INTERRUPTED = 130


def exit_code(error: TrueupError) -> int:
    return WRONG if isinstance(error, Invalid) else FAILED


def tell(error: TrueupError) -> int:
    """Prints what is wrong, where, and what to do next, on standard error; answers the exit code."""
    where = f"{error.place}: " if error.place else ""
    _print(f"{_paint(_word(error))} {where}{error.message}")
    for line in error.hint.splitlines():
        _print(f"  {line}")
    return exit_code(error)


def report(error: Exception, arguments: Sequence[str]) -> int:
    """Our own bug: one line for the person, everything else into a file that they can send. Values after options
    may be secrets, so only the words of the command are written down."""
    words = [word for word in arguments if word.replace("-", "").isalpha()][:3]
    text = "\n".join(
        [
            f"trueup {trueup.__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"command: trueup {' '.join(words)} ...",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    descriptor, name = tempfile.mkstemp(prefix="trueup-report-", suffix=".txt")
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    path = Path(name)
    _print(f"{_paint('this is our bug:')} {type(error).__name__}; please send us the report in {path}")
    return FAILED


def _word(error: TrueupError) -> str:
    match error:
        case Invalid():
            return "wrong input:"
        case Refused():
            return "refused:"
        case Rejected():
            return "rejected by the live system:"
        case Unavailable():
            return "no answer:"
        case _:
            return "this is our bug:"


def _paint(word: str) -> str:
    plain = "NO_COLOR" in os.environ or not sys.stderr.isatty()
    return word if plain else f"\x1b[1;31m{word}\x1b[0m"


def _print(line: str) -> None:
    print(line, file=sys.stderr)
