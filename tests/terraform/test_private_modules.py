"""Private modules over git: the way into the stack's own repository opens them, and nobody else sees it."""

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.terraform.jobs import Diary, Lease
from trueup.engine.errands import Errands
from trueup.engine.jobs import Errand
from trueup.engine.source import Source
from trueup.model.errors import Invalid, Rejected, TrueupError
from trueup.model.people import Identity
from trueup.model.plan import Plan
from trueup.ports.driver import Session
from trueup.wiring import Installation, Options, installation

TOKEN = "canary-git-5512-token"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
CONTROL = """\
apiVersion: trueup.dev/v1
repositories:
  infra:
    url: {door}/infra.git
    credentials: {{token: "file:{token}"}}
stacks:
  - terraform: infra//app
    env: dev
environments:
  dev: {{mode: deliver}}
credentials:
  - match: {{}}
    plan: {{}}
    apply: {{}}
"""


class Door(BaseHTTPRequestHandler):
    """Serves repositories by git's own HTTP server to whoever has the token."""

    root: Path
    expected = f"Basic {BASIC}"

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != self.expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": length,
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=self.rfile.read(int(length)), capture_output=True
        )
        heading, _, body = done.stdout.partition(b"\r\n\r\n")
        said = dict(line.split(": ", 1) for line in heading.decode().splitlines())
        self.send_response(int(said.pop("Status", "200").split()[0]))
        for name, value in said.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of a server for the bare repositories of a directory."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Door,), {"root": root}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def git(*arguments: str, cwd: Path) -> None:
    author = {f"GIT_{who}_{what}": "anna@acme.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), **author}
    subprocess.run(["git", *arguments], cwd=cwd, env=environment, check=True, capture_output=True)


def publish(root: Path, name: str, files: dict[str, str], *, bare: bool = True) -> Path:
    """A repository with one commit."""
    work = root / f"{name}-work"
    for path, content in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(content)
    git("init", "--quiet", "--initial-branch=main", cwd=work)
    git("add", "--all", cwd=work)
    git("commit", "--quiet", "-m", name, cwd=work)
    if not bare:
        return work
    git("clone", "--quiet", "--bare", str(work), str(root / f"{name}.git"), cwd=root)
    shutil.rmtree(work)
    return root / f"{name}.git"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "served"
    directory.mkdir()
    publish(directory, "modules", {"net/main.tf": 'resource "terraform_data" "net" {\n  input = "private"\n}\n'})
    return directory


@contextmanager
def site(tmp_path: Path, root: Path, source: str) -> Iterator[Installation]:
    """A site whose one stack takes its module from `source`, and whose repository needs the token too."""
    with served(root) as door:
        publish(root, "infra", {"app/main.tf": f'module "net" {{\n  source = "{source.format(door=door)}"\n}}\n'})
        (tmp_path / "token").write_text(TOKEN)
        text = CONTROL.format(door=door, token=tmp_path / "token")
        control = publish(tmp_path, "control", {"trueup.yaml": text}, bare=False)
        with installation(Options(tmp_path / "data", str(control))) as installed:
            installed.intake.take_in(installed.site.catalog.refresh())
            yield installed


def one_source(errands: Errands) -> Source:
    with errands.store.transaction() as tx:
        (stack,) = tx.stacks()
    return errands.source_at(stack, errands.catalog.head(stack.repository))


def observed(errands: Errands) -> Plan:
    with errands.observed(one_source(errands), Errand("check", "chk-1", "log")) as live:
        return live.plan()


def traces(directory: Path) -> list[Path]:
    forms = (TOKEN.encode(), BASIC.encode())
    files = [each for each in directory.rglob("*") if each.is_file()]
    assert files
    return [each for each in files if any(form in each.read_bytes() for form in forms)]


def test_a_private_module_is_had_with_the_repositorys_token(tmp_path: Path, root: Path, terraform: Path) -> None:
    """Planned with the right to plan and applied with the right to apply; the token stays in no file of ours."""
    with site(tmp_path, root, "git::{door}/modules.git//net") as installed:
        errands = installed.site.errands
        assert [each.address for each in observed(errands).changes] == ["module.net.terraform_data.net"]
        source = one_source(errands)
        job = errands.jobs.job(source, Errand("delivery", "run-1", "log", right="apply", fence=Lease()), {})
        with errands.jobs.alone(job), errands.jobs.driver(source.declaration).open(job) as live:
            assert isinstance(live, Session)
            applied = live.apply(live.plan(), Diary())
        assert applied.complete and "module.net.terraform_data.net" in applied.resources
        installed.site.adoption.adopt(source.stack.id, Identity("name", "carla"), "it is as it should be")
        lines = [line for _, line in installed.store.logs("log")]
        assert any("Downloading git::" in line for line in lines) and TOKEN not in "".join(lines)
    assert traces(tmp_path / "data") == []


def test_what_code_says_of_the_token_is_masked(tmp_path: Path, root: Path, terraform: Path) -> None:
    """Code sees the environment that git needs; what it prints of it is hidden in logs and errors."""
    command = 'command = "env | grep ^GIT_ && echo $GIT_CONFIG_VALUE_0 >&2 && exit 3"'
    code = f'resource "terraform_data" "x" {{\n  provisioner "local-exec" {{\n    {command}\n  }}\n}}\n'
    publish(root, "nosy", {"main.tf": code})
    with site(tmp_path, root, "git::{door}/nosy.git") as installed:
        errands = installed.site.errands
        source = one_source(errands)
        job = errands.jobs.job(source, Errand("delivery", "run-1", "log", right="apply", fence=Lease()), {})
        with errands.jobs.alone(job), errands.jobs.driver(source.declaration).open(job) as live:
            assert isinstance(live, Session)
            applied = live.apply(live.plan(), Diary())
        lines = "\n".join(line for _, line in installed.store.logs("log"))
    assert not applied.complete and "exit status 3" in applied.error and "GIT_CONFIG_VALUE_0=" in lines
    assert not any(form in text for form in (TOKEN, BASIC) for text in (applied.error, lines))


def test_the_token_goes_to_its_own_host_only(tmp_path: Path, root: Path, terraform: Path) -> None:
    """The same server under another name does not get it: refused, naming the module, its line and what to do."""
    with served(root) as other:
        source = f"git::{other.replace('127.0.0.1', 'localhost')}/modules.git//net"
        with site(tmp_path, root, source) as installed, pytest.raises(Rejected) as caught:
            observed(installed.site.errands)
    assert str(caught.value).startswith("app/main.tf:1: the module net cannot be had from git::http://localhost:")
    assert "credentials: {token: ...}" in caught.value.hint and TOKEN not in str(caught.value)


@pytest.mark.parametrize(("path", "kind"), [("missing.git", Rejected), ("modules.git//net?ref=v9", Invalid)])
def test_a_module_that_is_not_there_is_named(
    tmp_path: Path, root: Path, terraform: Path, path: str, kind: type[TrueupError]
) -> None:
    """A repository that the token does not reach, and a tag that does not exist, are told apart."""
    with site(tmp_path, root, f"git::{{door}}/{path}") as installed, pytest.raises(kind, match="module net") as caught:
        observed(installed.site.errands)
    assert caught.value.place is not None and caught.value.hint
