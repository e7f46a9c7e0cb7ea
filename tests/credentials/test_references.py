"""Secrets by reference: files, allowed variables, and AWS's two stores (emulated)."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trueup.adapters.secrets.references import References
from trueup.demo.cloud import Cloud
from trueup.model.errors import Invalid, Rejected, Unavailable

NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


@pytest.fixture
def at_home(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The process has the emulated cloud's administrator as its own identity."""
    for name, value in cloud.environment(cloud.administrator).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", cloud.endpoint)
    yield cloud


def test_files(tmp_path: Path) -> None:
    """One newline at the end is the editor's, the rest is the secret's."""
    (tmp_path / "token").write_text("a b \n\n")
    assert References({}).resolve(f"file:{tmp_path}/token") == "a b \n"


def test_files_stay_in_their_directories(tmp_path: Path) -> None:
    """Also when a link leads out of them."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").write_text("x")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    with pytest.raises(Invalid, match="outside"):
        References({}, directories=(tmp_path / "in",)).resolve(f"file:{tmp_path}/in/link")


def test_only_allowed_variables() -> None:
    """A manifest must not fetch what this process needs for itself."""
    known = References({"TOKEN": "t", "TRUEUP_KEY": "k"}, frozenset({"TOKEN", "GONE"}))
    assert known.resolve("env:TOKEN") == "t"
    with pytest.raises(Invalid, match="may not be read"):
        known.resolve("env:TRUEUP_KEY")
    with pytest.raises(Invalid, match="is not set"):
        known.resolve("env:GONE")


@pytest.mark.parametrize(
    "reference", ["hunter2", "file:", "file:relative", "file:/does/not/exist", "file:/", "vault:x"]
)
def test_what_leads_nowhere(reference: str) -> None:
    """Invalid, with a way out, and never the text of what may be a secret itself."""
    with pytest.raises(Invalid) as caught:
        References({}).resolve(reference)
    assert caught.value.hint and "hunter2" not in str(caught.value)


def test_secrets_manager(at_home: Cloud) -> None:
    """The whole text, or one key of the JSON in it."""
    at_home.client("secretsmanager").create_secret(Name="ref/db", SecretString='{"url": "postgres://x", "port": 5432}')
    known = References(os.environ)
    assert known.resolve("awssm:ref/db#url") == "postgres://x"
    assert known.resolve("awssm:ref/db#port") == "5432"
    assert known.resolve("awssm:ref/db").startswith("{")
    with pytest.raises(Invalid, match="no key `uri`"):
        known.resolve("awssm:ref/db#uri")
    with pytest.raises(Invalid, match="there is no `awssm:ref/none`"):
        known.resolve("awssm:ref/none")


def test_parameter_store(at_home: Cloud) -> None:
    """Decrypted."""
    at_home.client("ssm").put_parameter(Name="/ref/token", Value="t0ken", Type="SecureString")
    assert References(os.environ).resolve("awsssm:/ref/token") == "t0ken"


def test_aws_says_no_or_nothing(at_home: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """An identity without the right, and a store that is not there, are different errors."""
    stranger = at_home.user("ref-stranger", NOTHING)
    for name, value in at_home.environment(stranger).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Rejected, match="does not give"):
        References(os.environ).resolve("awssm:ref/db")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="does not answer"):
        References(os.environ).resolve("awssm:ref/db")


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is optional."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "trueup.adapters.secrets.aws", raising=False)
    with pytest.raises(Invalid) as caught:
        References({}).resolve("awssm:x")
    assert "trueup[aws]" in caught.value.hint
