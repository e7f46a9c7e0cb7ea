"""What git says (LC_ALL=C) turned into our kinds of error. The texts are git's, curl's and OpenSSH's own."""

import re

from trueup.model.errors import Broken, Invalid, TrueupError, Unavailable

_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large")
_OWNER = re.compile(r"dubious ownership")
_HOST_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No .* host key is known")
_AUTHENTICATION = re.compile(
    r"Authentication failed|could not read (Username|Password)|Permission denied|terminal prompts disabled"
    r"|returned error: 40[13]|invalid credentials|Load key .*:",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"does not appear to be a git repository|repository .*not found|returned error: 404|not a git repository"
    r"|project .*could(n't| not) be found|No such file or directory",
    re.IGNORECASE,
)
_REVISION = re.compile(
    r"couldn't find remote ref|unknown revision|bad revision|Not a valid (object|commit) name|Needed a single revision"
    r"|bad object|invalid object name|Not a valid ref|is not a tree object|not a tree object",
    re.IGNORECASE,
)
_MALFORMED = re.compile(
    r"fsck error|error in (tree|commit|tag|blob) [0-9a-f]+:|did not send all necessary objects|index-pack failed"
    r"|\bobject [0-9a-f]{40,64}: "
)
_REJECTED_PUSH = re.compile(r"\[rejected\]|\[remote rejected\]|non-fast-forward|cannot lock ref")


def translate(stderr: str, about: str, *, over_network: bool) -> TrueupError:
    """The error for a failed git command. `about` names the repository as the person knows it; `stderr` is already
    free of secrets."""
    said = _last_words(stderr)
    if _DISK_FULL.search(stderr):
        return Unavailable(
            f"{about}: the disk is full: {said}", hint="free some space in the data directory; nothing was lost"
        )
    if _OWNER.search(stderr):
        return Invalid(
            f"{about} belongs to another user, and git refuses to read it",
            hint="run Trueup as its owner, or give the repository to this user with chown",
        )
    if _HOST_KEY.search(stderr):
        return Invalid(
            f"{about}: the host key is not the one that is known: {said}",
            hint="put the host's line from `ssh-keyscan HOST`, checked with the host's owner, into `knownHosts`",
        )
    if _AUTHENTICATION.search(stderr):
        return Invalid(
            f"{about}: the host does not accept the credential: {said}",
            hint="check the repository's entry under `credentials:`: is it still valid, and may it read this?",
        )
    if _MALFORMED.search(stderr) and over_network:
        return Invalid(
            f"{about} holds malformed objects, which are not accepted: {said}",
            hint="`git fsck` in a clone names them; they can be exploits, so they must be rewritten, not tolerated",
        )
    if _REVISION.search(stderr):
        return Invalid(
            f"{about}: there is no such branch or commit: {said}", hint="check the branch's name in trueup.yaml"
        )
    if _REJECTED_PUSH.search(stderr):
        return Unavailable(f"{about}: the branch moved meanwhile: {said}", hint="it is fetched and tried again")
    if _ABSENT.search(stderr):
        return Invalid(
            f"{about} does not exist, or may not be seen: {said}",
            hint="check the address; a private repository also looks like this without a credential",
        )
    if over_network:
        return Unavailable(
            f"{about} cannot be reached: {said}", hint="it is tried again; is the host up and the network open?"
        )
    return Broken(f"git failed in {about}: {said}")


def _last_words(stderr: str) -> str:
    """The lines that say why, without progress and advice, on one line."""
    lines = [line.strip() for line in stderr.replace("\r", "\n").splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(fatal|error|remote|ERROR|ssh|.*rejected)", line)] or lines[-3:]
    return "; ".join(telling)[:500] or "git said nothing"
