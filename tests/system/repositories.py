"""Real repositories for tests, made with git's own plumbing so that they may hold what a work tree refuses."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Anna",
    "GIT_AUTHOR_EMAIL": "anna@acme.com",
    "GIT_COMMITTER_NAME": "Anna",
    "GIT_COMMITTER_EMAIL": "anna@acme.com",
}


def git(repository: Path, *arguments: str, stdin: bytes = b"", **env: str) -> str:
    """What plain git says there."""
    done = subprocess.run(
        ["git", *arguments], cwd=repository, env=ENVIRONMENT | env, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def new_repository(directory: Path, files: dict[str, str] | None = None) -> Path:
    """A repository with a work tree, on branch main, with one commit when there are files."""
    directory.mkdir(parents=True)
    git(directory, "init", "--quiet", "-b", "main")
    if files:
        commit(directory, files)
    return directory


def commit(repository: Path, files: dict[str, str | None], message: str = "Change", **env: str) -> str:
    """One more commit in the work tree; None removes a file."""
    for path, text in files.items():
        target = repository / path
        if text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", message, **env)
    return git(repository, "rev-parse", "HEAD")


def raw_commit(repository: Path, entries: Iterable[tuple[str, bytes, bytes]], branch: str = "main") -> str:
    """A commit from (mode, path as bytes, content), with nothing checked: `hash-object --literally`."""
    root: dict[bytes, object] = {}
    for mode, path, content in entries:
        blob = content.decode() if mode == "160000" else _object(repository, "blob", content)
        *parents, name = path.split(b"/")
        folder = root
        for parent in parents:
            folder = folder.setdefault(parent, {})  # type: ignore[assignment]
        folder[name] = (mode, blob)
    tree = _tree(repository, root)
    text = f"tree {tree}\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\nRaw\n"
    made = _object(repository, "commit", text.encode())
    git(repository, "update-ref", f"refs/heads/{branch}", made)
    return made


def _tree(repository: Path, folder: dict[bytes, object]) -> str:
    lines = []
    for name, entry in folder.items():
        mode, made = ("40000", _tree(repository, entry)) if isinstance(entry, dict) else entry  # type: ignore[misc]
        lines.append(
            (name + b"/" if mode == "40000" else name, f"{mode} ".encode() + name + b"\0" + bytes.fromhex(made))
        )
    return _object(repository, "tree", b"".join(line for _, line in sorted(lines)))


def _object(repository: Path, kind: str, content: bytes) -> str:
    return git(repository, "hash-object", "-t", kind, "-w", "--literally", "--stdin", stdin=content)
