"""Git access: the environment in which git finds the credential of one remote, and the files that a key needs."""

import os
import shlex
from pathlib import Path

from trueup.system.remotes import Remote, SshKey, Token


def access(remote: Remote, directory: Path) -> dict[str, str]:
    """Variables that let git in where the remote is, and nowhere else. A key is written into `directory`, which must be
    private; without a credential there is nothing."""
    match remote.credential:
        case Token() as token:
            return {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{remote.origin}.extraHeader",
                "GIT_CONFIG_VALUE_0": token.header,
            }
        case SshKey() as key:
            return {"GIT_SSH_COMMAND": _ssh_command(key, directory)}
        case None:
            return {}


def _ssh_command(key: SshKey, directory: Path) -> str:
    options = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=20"]
    if key.private_key:
        private = _written(directory / "key", key.private_key)
        options += ["-F", "/dev/null", "-i", str(private), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
    if key.known_hosts:
        known = _written(directory / "known_hosts", key.known_hosts)
        options += ["-o", f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=/dev/null"]
    return shlex.join(["ssh", *options])


def _written(file: Path, text: str) -> Path:
    """For us alone, and complete whenever somebody reads it: another job may use it now."""
    content = (text.rstrip("\n") + "\n").encode()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    growing = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    growing.replace(file)
    return file
