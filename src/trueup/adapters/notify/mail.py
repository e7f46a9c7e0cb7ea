"""E-mail over SMTP: text and HTML, threaded by subject: every message after the first one refers to it."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from trueup.model.errors import Invalid, Rejected, Unavailable
from trueup.model.notice import Notification
from trueup.ports.notifier import Delivered, Later
from trueup.render.notices import cut, headline, plain
from trueup.settings import NOTICES_TIMEOUT
from trueup.system.redaction import Redactor

SUBJECT = 200


@dataclass(frozen=True)
class Mail:
    host: str
    port: int
    tls: str
    """`starttls`, `tls` or `none`."""
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str | None = None

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        message = composed(notification, self.sender, receipt)
        with self._translated(), self._connected() as server:
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)
        return Delivered(receipt or str(message["Message-ID"]))

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        if self.tls == "tls":
            with smtplib.SMTP_SSL(self.host, self.port, timeout=NOTICES_TIMEOUT, context=self._context()) as server:
                yield server
            return
        with smtplib.SMTP(self.host, self.port, timeout=NOTICES_TIMEOUT) as server:
            if self.tls == "starttls":
                server.starttls(context=self._context())
            yield server

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca)
        except FileNotFoundError:
            raise Invalid(f"there is no file `{self.ca}`", hint="`notify.smtp.ca` names the mail server's CA") from None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """RFC 5321, 4.2.1: 4yz passes, 5yz does not."""
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise self._refusal(code, said) from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError as error:
            raise Rejected(f"the mail server cannot do that: {error}", hint="look at `notify.smtp.tls`") from None
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(f"the mail server's certificate is not trusted: {error.verify_message}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server cannot be reached: {self._clean(str(error))}") from None

    def _refusal(self, code: int, said: bytes | str) -> Rejected | Unavailable:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        told = f"the mail server said {code} {self._clean(text)}"
        return Unavailable(told) if 400 <= code < 500 else Rejected(told)

    def _clean(self, text: str) -> str:
        return " ".join(Redactor({self.password} - {""}).text(text).split())[:300]


def composed(notification: Notification, sender: str, root: str) -> EmailMessage:
    """`root` is the Message-ID of the first message about the same subject."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = notification.target
    message["Subject"] = cut(f"[Trueup] {headline(notification)}", SUBJECT)
    message["Date"] = format_datetime(notification.created_at)
    message["Message-ID"] = f"<{notification.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if root:
        message["In-Reply-To"] = root
        message["References"] = root
    text = plain(notification)
    message.set_content(text)
    message.add_alternative(f"<html><body><pre>{escape(text)}</pre></body></html>", subtype="html")
    return message
