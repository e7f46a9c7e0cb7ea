"""The reasons for which codification is refused, out of the code: what is filled in is written as an ellipsis."""

import ast
from collections.abc import Iterator
from pathlib import Path

from trueup.drivers import terraform

FOLDER = Path(terraform.__file__).parent


def reasons() -> set[str]:
    """Of every `Refused(...)` in the modules that codify."""
    found: set[str] = set()
    for file in (*FOLDER.glob("codify*.py"), FOLDER / "render_hcl.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                found.add(_pattern(node.args[0], file))
    return found - {""}


def _pattern(node: ast.expr, file: Path) -> str:
    """The literal parts of a message, without the place that it begins with."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            text = "".join(_filled(parts))
            return text.removeprefix("…: ").removeprefix("…:…: ").strip()
        case ast.Call(func=ast.Name(id=name)):
            return _returned(name, file)
        case _:
            return ""


def _filled(parts: list[ast.expr]) -> Iterator[str]:
    for part in parts:
        yield str(part.value) if isinstance(part, ast.Constant) else "…"


def _returned(name: str, file: Path) -> str:
    """The message that a function of the same module composes."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    return _pattern(inner.value, file)
    return ""
