"""Borrowing: a command takes this process' place, with credentials that were lent and a built environment."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NoReturn

from trueup.model.errors import Invalid

KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_*", "TZ"),
    *("TMPDIR", "COLUMNS", "LINES", "EDITOR", "VISUAL", "PAGER"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE"),
)
"""Variables of the person's own that a command gets; globs."""
NEVER = ("TRUEUP_*", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Not even when asked for: our own tokens, and whoever else the person is in the cloud."""


def built(own: Mapping[str, str], lent: Mapping[str, str], keep: Sequence[str] = ()) -> dict[str, str]:
    """The command's whole environment. When the keys end, nothing of the machine's own takes their place."""
    kept = {
        name: value
        for name, value in own.items()
        if any(fnmatchcase(name, glob) for glob in (*KEPT, *keep))
        and not any(fnmatchcase(name, glob) for glob in NEVER)
    }
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", **lent}


def run_with(lent: Mapping[str, str], command: Sequence[str], keep: Sequence[str]) -> NoReturn:
    """Never comes back: signals and the exit code are the command's own. Raises Invalid where there is no such
    command, which is known before anything of it runs."""
    environment = built(os.environ, lent, keep)
    found = shutil.which(command[0], path=environment.get("PATH"))
    if found is None:
        raise Invalid(f"there is no command {command[0]}", hint="what to run stands behind --, as in a shell")
    sys.stdout.flush()
    os.execve(found, list(command), environment)
