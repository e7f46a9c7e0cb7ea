"""E-mail through a real SMTP server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.notify import made
from tests.notify.mail_server import PASSWORD, USER, MailServer, mail_server
from trueup.adapters.notify.mail import Mail
from trueup.model.errors import Invalid, Rejected, Unavailable
from trueup.ports.notifier import Delivered

TO = "platform@acme.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


@pytest.fixture
def mail(server: MailServer) -> Mail:
    return Mail("127.0.0.1", server.port, "starttls", "trueup@acme.example", USER, PASSWORD, server.ca)


def test_a_mail_has_text_and_html_and_its_answers_refer_to_it(mail: Mail, server: MailServer) -> None:
    """Over STARTTLS, logged in; what ends the drift is threaded behind its first mail."""
    first = mail.send(made.notification(target=TO), "")
    assert first == Delivered(f"<{made.notification().id}@acme.example>")
    assert mail.send(made.notification(made.over(), target=TO), first.receipt) == first
    head, tail = server.taken
    assert head["To"] == TO and head["Message-ID"] == first.receipt and head["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in head.iter_parts()] == ["text/plain", "text/html"]
    assert "8443 was opened by hand" in head.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert (tail["References"], tail["In-Reply-To"]) == (first.receipt, first.receipt)
    assert tail["Message-ID"] != first.receipt


def test_a_text_makes_no_header_and_no_markup(mail: Mail, server: MailServer) -> None:
    """A stack's name or a tag's value from outside stays text."""
    told = made.notice(name="app\r\nBcc: eve@evil.example", summary="<script>" + "x" * 3000)
    mail.send(made.notification(told, target=TO), "")
    (message,) = server.taken
    assert message["Bcc"] is None
    assert "<script>" not in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(("said", "kind"), [("451 try again", Unavailable), ("550 no such user", Rejected)])
def test_the_server_says_no(mail: Mail, server: MailServer, said: str, kind: type[Exception]) -> None:
    """4yz passes, 5yz does not."""
    server.trouble = [said]
    with pytest.raises(kind, match=said):
        mail.send(made.notification(target=TO), "")


def test_a_wrong_password_is_not_repeated(mail: Mail) -> None:
    """Neither in another attempt nor in the error."""
    with pytest.raises(Rejected, match="535") as caught:
        replace(mail, password="wrong-password").send(made.notification(target=TO), "")
    assert "wrong-password" not in str(caught.value)


def test_a_certificate_of_nobody_we_trust(mail: Mail) -> None:
    """Nothing is sent to somebody who only claims to be the mail server."""
    with pytest.raises(Unavailable, match="certificate"):
        replace(mail, ca=None).send(made.notification(target=TO), "")
    with pytest.raises(Invalid, match="there is no file"):
        replace(mail, ca="/nowhere/ca.pem").send(made.notification(target=TO), "")


def test_nothing_leaves_without_tls(mail: Mail, server: MailServer) -> None:
    """The server wants STARTTLS first."""
    with pytest.raises(Rejected, match="530"):
        replace(mail, tls="none", user="").send(made.notification(target=TO), "")
    assert server.taken == []
