"""Writing files so that a crash leaves the old or the new content, and a full disk is said to be one."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

from trueup.model.errors import TrueupError, Unavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Beside it, synced, renamed, the directory synced. The old content stays when it fails: Unavailable."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise not_written(error, path) from error


def sync_directory(directory: Path) -> None:
    """Names that were made or renamed in it survive a power cut afterwards."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def not_written(error: OSError, path: Path) -> TrueupError:
    """The error for a write that failed: what is full is named, with how much is free."""
    if error.errno in _FULL:
        free = ""
        with contextlib.suppress(OSError):
            found = os.statvfs(path.parent)
            free = f" ({found.f_bavail * found.f_frsize // 1024} KiB are free)"
        return Unavailable(
            f"{path} could not be written: the disk, or this user's share of it, is full{free}",
            hint=f"free some space under {path.parent}; what was written before is intact",
        )
    return Unavailable(f"{path} could not be written: {error.strerror}", hint="may this user write there?")
