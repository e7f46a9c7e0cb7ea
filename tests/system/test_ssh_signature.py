"""SSH signatures: ours against ssh-keygen and git, theirs against ours."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.system.repositories import git
from trueup.model.errors import Invalid
from trueup.system.git import Git
from trueup.system.git_write import Author, Draft, GitWriter
from trueup.system.ssh_signature import GIT_NAMESPACE, fingerprint, public_line, sign, split_commit, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def keygen() -> str:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed: apt install openssh-client")
    return program


@given(st.binary(max_size=300))
def test_our_signatures_verify(message: bytes) -> None:
    """Any message; the key that signed is told."""
    assert verify(sign(KEY, "file", message), "file", message).fingerprint == fingerprint(KEY.public_key())


def test_what_does_not_fit_is_refused() -> None:
    """Another message, another namespace, a damaged or foreign text."""
    armoured = sign(KEY, "git", b"message")
    with pytest.raises(Invalid, match="does not fit"):
        verify(armoured, "git", b"other")
    with pytest.raises(Invalid, match="made for 'git', not for 'file'"):
        verify(armoured, "file", b"message")
    lines = armoured.splitlines()
    for damaged in ("", "x", armoured.replace("SSH", "PGP"), "\n".join([lines[0], lines[1], lines[-1]])):
        with pytest.raises(Invalid):
            verify(damaged, "git", b"message")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=63))
def test_no_changed_character_is_accepted(position: int, change: int) -> None:
    """Anywhere in the body: an error of the known kind, never another key's good signature."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    armoured = sign(KEY, "git", b"message")
    body = [at for at, letter in enumerate(armoured) if letter in letters and 30 < at < len(armoured) - 30]
    at = body[position % len(body)]
    changed = armoured[:at] + letters[(letters.index(armoured[at]) + change) % 64] + armoured[at + 1 :]
    with pytest.raises(Invalid):
        verify(changed, "git", b"message")


def test_ssh_keygen_accepts_ours(keygen: str, tmp_path: Path) -> None:
    """`ssh-keygen -Y verify`, with the public line in an allowed_signers file."""
    (tmp_path / "allowed").write_text(f"trueup {public_line(KEY.public_key(), 'installation')}\n")
    (tmp_path / "signature").write_text(sign(KEY, "file", b"message"))
    argv = [keygen, "-Y", "verify", "-f", "allowed", "-I", "trueup", "-n", "file", "-s", "signature"]
    done = subprocess.run(argv, cwd=tmp_path, input=b"message", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert fingerprint(KEY.public_key()).encode() in done.stdout
    assert subprocess.run(argv, cwd=tmp_path, input=b"other", capture_output=True, check=False).returncode


def test_we_accept_what_ssh_keygen_signs(keygen: str, tmp_path: Path) -> None:
    """The same key in OpenSSH's file, signed by OpenSSH."""
    private = tmp_path / "key"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    private.chmod(0o600)
    (tmp_path / "message").write_bytes(b"message")
    argv = [keygen, "-Y", "sign", "-f", "key", "-n", "file", "message"]
    subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True)
    armoured = (tmp_path / "message.sig").read_text()
    assert verify(armoured, "file", b"message").fingerprint == fingerprint(KEY.public_key())
    assert armoured == sign(KEY, "file", b"message")


@pytest.mark.usefixtures("keygen")
def test_git_accepts_signed_commits_and_notices_forged_ones(tmp_path: Path) -> None:
    """`git log --format=%G?`: G with the key allowed, U with another; and our own verification of the same object."""
    writer = GitWriter(Git(tmp_path / "home"), tmp_path / "x.git")
    writer.create()
    author = Author("Trueup", "trueup@acme.com", datetime(2026, 1, 5, tzinfo=UTC))
    draft = Draft("Signed\n\nwith a body: ü", author, sign=lambda content: sign(KEY, GIT_NAMESPACE, content))
    commit = writer.commit_files("ledger", "", {"a": b"a"}, draft)
    shown = {}
    for name, key in (("ours", KEY), ("other", OTHER)):
        allowed = tmp_path / name
        allowed.write_text(f"trueup {public_line(key.public_key())}\n")
        settings = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}")
        shown[name] = git(writer.repository, *settings, "log", "-1", "--format=%G? %GS", commit)
    assert shown == {"ours": "G trueup", "other": "U"}
    content = git(writer.repository, "cat-file", "commit", commit).encode() + b"\n"
    signed, signature = split_commit(content)
    assert verify(signature, GIT_NAMESPACE, signed).fingerprint == fingerprint(KEY.public_key())
    with pytest.raises(Invalid, match="does not fit"):
        verify(signature, GIT_NAMESPACE, signed.replace(b"Signed", b"Forged"))


def test_an_unsigned_commit_has_no_signature() -> None:
    """Its content is what it was."""
    content = b"tree 123\nauthor A <a@b> 1 +0000\n\nmessage\n gpgsig not a header\n"
    assert split_commit(content) == (content, "")
