"""Mirrors: fetching from real repositories over every transport there is here, history, and clear errors."""

import base64
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.system.repositories import commit, git, new_repository, raw_commit
from trueup.model.errors import Invalid, Unavailable
from trueup.system.git import Git, checked_name
from trueup.system.mirror import Mirror
from trueup.system.remotes import SshKey, Token, remote

CANARY = "canary-7f1c9e-token"


@pytest.fixture
def confined(tmp_path: Path) -> Git:
    return Git(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "source", {"main.tf": "one\n", "app/main.tf": "app\n"})


@pytest.fixture
def mirror(tmp_path: Path, confined: Git, source: Path) -> Iterator[Mirror]:
    with Mirror(confined, remote(str(source)), tmp_path / "mirrors/source.git") as mirror:
        mirror.fetch()
        yield mirror


def test_a_fetch_brings_branches_and_removes_those_that_are_gone(mirror: Mirror, source: Path) -> None:
    """The mirror's heads are the remote's, which one cheap question can tell."""
    git(source, "branch", "feature")
    assert mirror.remote_heads() != mirror.heads()
    mirror.fetch()
    assert mirror.remote_heads() == mirror.heads()
    assert set(mirror.heads()) == {"main", "feature"}
    git(source, "branch", "-D", "feature")
    mirror.fetch()
    assert set(mirror.heads()) == {"main"}


def test_names_resolve_to_commits(mirror: Mirror, source: Path) -> None:
    """Branches, tags and short ids; what is absent is named, with the branches that exist."""
    git(source, "tag", "-m", "annotated", "v1")
    mirror.fetch()
    head = git(source, "rev-parse", "HEAD")
    assert mirror.head("main") == mirror.resolve("main") == mirror.resolve("v1") == mirror.resolve(head[:10]) == head
    with pytest.raises(Invalid, match="has no branch nope") as caught:
        mirror.head("nope")
    assert caught.value.hint == "it has: main"
    with pytest.raises(Invalid, match="no branch, tag or commit 123abc"):
        mirror.resolve("123abc")


def test_commits_carry_people_messages_and_trailers(mirror: Mirror, source: Path) -> None:
    """Newest first, with everything that attribution and the ledger ask for."""
    base = mirror.head("main")
    message = "Open a port\n\nFor the new balancer.\n\nTicket: OPS-12\nCo-authored-by: Ben <ben@acme.com>"
    commit(source, {"main.tf": "two\n"}, message, GIT_AUTHOR_NAME="Zoë Ünal", GIT_AUTHOR_EMAIL="zoe@acme.com")
    commit(source, {"app/main.tf": "app 2\n"}, "Only the app")
    mirror.fetch()
    head = mirror.head("main")
    newest, older = mirror.commits(base, head)
    assert newest.subject == "Only the app"
    assert older.message == message
    assert (older.author, older.author_email) == ("Zoë Ünal", "zoe@acme.com")
    assert (older.committer, older.committer_email) == ("Anna", "anna@acme.com")
    assert older.trailer("ticket") == ("OPS-12",)
    assert older.trailer("Co-authored-by") == ("Ben <ben@acme.com>",)
    assert older.parents == (base,)
    assert newest.at >= older.at and newest.at.tzinfo is not None
    assert [one.id for one in mirror.commits(base, head, paths=["main.tf"])] == [older.id]
    assert len(mirror.commits("", head)) == 3
    assert mirror.commits(head, head) == []
    assert mirror.commit("main") == newest


def test_differences_between_commits(mirror: Mirror, source: Path) -> None:
    """Changed paths know both names of a rename; the diff is for people."""
    base = mirror.head("main")
    git(source, "mv", "main.tf", "network.tf")
    commit(source, {"app/main.tf": "other\n", "ü.tf": "x\n"})
    mirror.fetch()
    head = mirror.head("main")
    assert mirror.changed_paths(base, head) == {"main.tf", "network.tf", "app/main.tf", "ü.tf"}
    assert "rename to network.tf" in mirror.diff(base, head)
    assert "+other" in mirror.diff(base, head, paths=["app"])
    assert "network" not in mirror.diff(base, head, paths=["app"])


def test_a_force_push_is_seen_and_the_old_commit_can_still_be_read(mirror: Mirror, source: Path) -> None:
    """The old head is not in the new history; what it held is not lost at once."""
    base = mirror.head("main")
    old = commit(source, {"main.tf": "old\n"})
    mirror.fetch()
    git(source, "reset", "--quiet", "--hard", base)
    new = commit(source, {"main.tf": "new\n"})
    mirror.fetch()
    assert mirror.head("main") == new
    assert not mirror.is_ancestor(old, new)
    assert mirror.is_ancestor(base, new)
    assert mirror.merge_base(old, new) == base
    assert mirror.tree(old).read("main.tf") == b"old\n"


def test_unrelated_histories_have_no_merge_base(mirror: Mirror, source: Path) -> None:
    """Absent is an answer, not an error."""
    other = raw_commit(source, [("100644", b"x", b"x")], branch="other")
    mirror.fetch()
    assert mirror.merge_base(mirror.head("main"), other) is None


def test_many_fetches_at_once_take_turns(mirror: Mirror, source: Path, confined: Git, tmp_path: Path) -> None:
    """Threads with mirrors of one directory, the first fetch included, end with one good repository."""
    commits = {commit(source, {"main.tf": f"{number}\n"}) for number in range(3)}
    directory = tmp_path / "mirrors/shared.git"
    failures: list[Exception] = []

    def fetch() -> None:
        try:
            with Mirror(confined, remote(str(source)), directory) as own:
                own.fetch()
                assert own.head("main") in commits
        except (AssertionError, Invalid, Unavailable) as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_push_adds_to_a_branch_and_never_forces(mirror: Mirror, source: Path, tmp_path: Path) -> None:
    """A branch that moved meanwhile is Unavailable: fetched and tried again, not overwritten."""
    first = mirror.head("main")
    mirror.push(first, "trueup/one")
    assert git(source, "rev-parse", "trueup/one") == first
    ahead = commit(source, {"main.tf": "ahead\n"})
    git(source, "branch", "-f", "trueup/one", ahead)
    other = raw_commit(mirror.directory, [("100644", b"x", b"x")], branch="local")
    with pytest.raises(Unavailable, match="moved meanwhile"):
        mirror.push(other, "trueup/one")
    assert git(source, "rev-parse", "trueup/one") == ahead


def test_hooks_and_configuration_of_others_do_nothing(
    tmp_path: Path, confined: Git, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook in the mirror and a global configuration that runs commands stay without effect."""
    trace = tmp_path / "trace"
    (tmp_path / "evil").write_text(f"[core]\n\tsshCommand = touch {trace}\n[alias]\n\tfetch = !touch {trace}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "evil"))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {trace}")
    with Mirror(confined, remote(str(source)), tmp_path / "m.git") as mirror:
        mirror.fetch()
        hook = mirror.directory / "hooks/reference-transaction"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
        hook.chmod(0o755)
        commit(source, {"main.tf": "two\n"})
        mirror.fetch()
    assert not trace.exists()


def test_malformed_objects_are_not_fetched(tmp_path: Path, confined: Git, source: Path) -> None:
    """A tree that holds `.git` is refused at the door."""
    raw_commit(source, [("100644", b".git/config", b"x")], branch="evil")
    with Mirror(confined, remote(str(source)), tmp_path / "m.git") as mirror, pytest.raises(Invalid, match="malformed"):
        mirror.fetch()


HARMFUL = """--upload-pack=touch /tmp/x|ext::sh -c touch% /tmp/x|fd::7|ftp://host/x|git://host/x|-o@host:x|host:-x
|ssh://-oProxyCommand=x/y|http://example.com/x.git|https://user:pw@host/x|/a\tb|""".replace("\n", "").split("|")


@pytest.mark.parametrize("url", HARMFUL)
def test_addresses_that_could_do_harm_are_refused(url: str) -> None:
    """Options, commands as transports, clear text, credentials in the address: none gets as far as git."""
    with pytest.raises(Invalid) as caught:
        remote(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("git@github.acme.com:infra/aws.git", "ssh"),
        ("ssh://git@host:2222/infra/aws.git", "ssh"),
        ("https://host/infra/aws.git", "https"),
        ("http://127.0.0.1:8080/x.git", "http"),
        ("file:///srv/git/x.git", "file"),
        ("/srv/git/x.git", "file"),
        ("./x", "file"),
        ("~/x", "file"),
        ("dir/with:colon", "file"),
    ],
)
def test_addresses_as_people_write_them(url: str, protocol: str) -> None:
    """Each allows git exactly one protocol."""
    assert remote(url).protocol == protocol


def test_a_file_address_is_the_path_in_it() -> None:
    """Escapes are resolved; another machine's files are not reached this way."""
    assert remote("file:///srv/my%20git/x.git") == remote("/srv/my git/x.git")
    with pytest.raises(Invalid, match="another machine"):
        remote("file://host/srv/x.git")


def test_a_relative_path_is_relative_to_the_control_repository(tmp_path: Path) -> None:
    """Not to where Trueup happens to run."""
    assert remote("../data", directory=tmp_path / "control").url == str(tmp_path / "data")


def test_a_credential_must_fit_its_address() -> None:
    """A key for https or a token for ssh is a mistake that is named."""
    with pytest.raises(Invalid, match="its credential is an ssh key"):
        remote("https://host/x", SshKey("key"))
    with pytest.raises(Invalid, match="its credential is a token"):
        remote("git@host:x", Token("x", "y"))


def test_secrets_are_in_no_representation() -> None:
    """Logging a remote does not log its token."""
    assert CANARY not in repr(remote("https://host/x", Token("x", CANARY)))
    assert CANARY not in repr(SshKey(CANARY))


def test_a_repository_that_does_not_exist_is_invalid(tmp_path: Path, confined: Git) -> None:
    """The message has the address as it was given."""
    with Mirror(confined, remote(str(tmp_path / "nowhere")), tmp_path / "m.git") as mirror:
        with pytest.raises(Invalid, match="nowhere does not exist"):
            mirror.fetch()
        with pytest.raises(Invalid, match="nowhere does not exist"):
            mirror.remote_heads()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to another user: run the tests as root")
def test_a_repository_of_another_user_is_explained(tmp_path: Path, confined: Git, source: Path) -> None:
    """Git refuses to read it; the message says whose problem that is."""
    for path in (source, source / ".git"):
        os.chown(path, 12345, 12345)
    with Mirror(confined, remote(str(source)), tmp_path / "m.git") as other, pytest.raises(Invalid) as caught:
        other.fetch()
    assert "belongs to another user" in caught.value.message


def test_nobody_at_the_port_is_unavailable(tmp_path: Path, confined: Git) -> None:
    """No answer is worth another try."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    address = f"http://127.0.0.1:{server.server_port}/x.git"
    with (
        Mirror(confined, remote(address), tmp_path / "m.git") as mirror,
        pytest.raises(Unavailable, match="cannot be reached"),
    ):
        mirror.fetch()


def test_an_empty_mirror_answers(tmp_path: Path, confined: Git) -> None:
    """Before the first fetch, and with an empty remote, there is no branch and nothing crashes."""
    empty = new_repository(tmp_path / "empty")
    with Mirror(confined, remote(str(empty)), tmp_path / "m.git") as mirror:
        assert mirror.heads() == {}
        mirror.fetch()
        with pytest.raises(Invalid, match="has no branch main") as caught:
            mirror.head("main")
        assert "no branches at all" in caught.value.hint


@pytest.mark.parametrize("name", ["", "-x", "a..b", "a b", "x@{1}", "HEAD^", "HEAD~1", "a:b", "/a", "a.lock", "a\nb"])
def test_names_that_are_expressions_are_refused(name: str) -> None:
    """A branch name from outside is never an option, a range or a path."""
    with pytest.raises(Invalid):
        checked_name(name)


class Door(BaseHTTPRequestHandler):
    """Serves a repository by the dumb protocol to whoever has the token."""

    root: Path
    expected = "Basic " + base64.b64encode(f"git:{CANARY}".encode()).decode()

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != self.expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return
        file = self.root / self.path.split("?")[0].lstrip("/")
        self.send_response(200 if file.is_file() else 404)
        self.end_headers()
        if file.is_file():
            self.wfile.write(file.read_bytes())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door(source: Path) -> Iterator[str]:
    git(source, "update-server-info")
    served = type("Served", (Door,), {"root": source / ".git"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), served)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_token_opens_the_door_and_is_nowhere_on_disk(tmp_path: Path, confined: Git, door: str, source: Path) -> None:
    """It travels in the environment: neither the mirror nor git's home has it in any form afterwards."""
    token = Token("git", CANARY)
    with Mirror(confined, remote(door, token), tmp_path / "m.git") as mirror:
        mirror.fetch()
        assert mirror.head("main") == git(source, "rev-parse", "HEAD")
    forms = (CANARY.encode(), base64.b64encode(f"git:{CANARY}".encode()))
    for root in (tmp_path / "m.git", tmp_path / "home"):
        for file in root.rglob("*"):
            assert not file.is_file() or not any(form in file.read_bytes() for form in forms)


def test_a_wrong_token_is_invalid_and_not_shown(tmp_path: Path, confined: Git, door: str) -> None:
    """The message says what was refused and where to look, without the token."""
    with Mirror(confined, remote(door, Token("git", "wrong-token-4711")), tmp_path / "m.git") as mirror:
        with pytest.raises(Invalid, match="does not accept the credential") as caught:
            mirror.fetch()
        assert "wrong-token-4711" not in str(caught.value)
        assert "credentials:" in caught.value.hint


def test_an_ssh_key_is_handed_over_in_a_private_file(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in `ssh` sees the key's file, unreadable for others, and the known hosts; afterwards both are gone."""
    programs = tmp_path / "bin"
    programs.mkdir()
    record = tmp_path / "record"
    stand_in = f"""#!/bin/sh
while [ "$1" != -- ] && [ $# -gt 1 ]; do
  case "$1" in
    -i) stat -c %a "$2" >> {record}; cat "$2" >> {record};;
    UserKnownHostsFile=*) cat "${{1#*=}}" >> {record};;
  esac
  shift
done
for last; do :; done
exec sh -c "$last"
"""
    (programs / "ssh").write_text(stand_in)
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    home = tmp_path / "home"
    credential = SshKey(f"PRIVATE {CANARY}", "host ssh-ed25519 AAAA")
    with Mirror(Git(home), remote(f"ssh://git@host{source}", credential), tmp_path / "m.git") as mirror:
        mirror.fetch()
        assert mirror.head("main") == git(source, "rev-parse", "HEAD")
    seen = record.read_text()
    assert "600" in seen and f"PRIVATE {CANARY}" in seen and "host ssh-ed25519 AAAA" in seen
    assert [path.name for path in home.iterdir()] == ["gitconfig"]
    record.unlink()
    with Mirror(Git(home), remote(f"ssh://git@host{source}", SshKey("", "only hosts")), tmp_path / "n.git") as mirror:
        mirror.fetch()
    assert record.read_text() == "only hosts\n"
