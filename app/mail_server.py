"""Flask-Mail with what it lacks: a certificate that is checked, a time-out, and a connection that
serves for many messages and is opened again when it broke."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Any

from flask import current_app
from flask_mail import Connection, Mail

IMPLICIT_TLS_PORT = 465
LONGEST_TIMEOUT_SECONDS = 15  # of one answer; a worker's lease is made for a dozen of them
TOO_LARGE = 552


class Unavailable(Exception):
    """The mail server takes nothing from us now, whoever it is for; the cause says why."""


class BrokenBefore(smtplib.SMTPServerDisconnected):
    """The connection broke before the mail server took anything of an e-mail."""


class _Host(smtplib.SMTP):
    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        try:
            return super().mail(sender, options)
        except smtplib.SMTPServerDisconnected as fault:
            raise BrokenBefore(str(fault)) from fault


class _TLSHost(smtplib.SMTP_SSL, _Host):
    """The same, encrypted from the first byte."""


class VerifiedConnection(Connection):
    """A connection whose server has shown a certificate for its name. `SSL_CERT_FILE` adds a
    private authority's to those that the machine trusts."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        server, port = self.mail.server, self.mail.port or smtplib.SMTP_PORT
        timeout = min(current_app.config["DOCKET"].mail_timeout, LONGEST_TIMEOUT_SECONDS)
        host: _Host
        if port == IMPLICIT_TLS_PORT:
            context = ssl.create_default_context()
            host = _TLSHost(server, port, timeout=timeout, context=context)
        else:
            host = _Host(server, port, timeout=timeout)
        try:
            if port != IMPLICIT_TLS_PORT and self.mail.use_tls:
                host.starttls(context=ssl.create_default_context())
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(self, *_: Any) -> None:
        # What was said before the good-bye stands, whether or not the server answers to it.
        if self.host is not None:
            with suppress(smtplib.SMTPException, OSError):
                self.host.quit()
            self.host.close()


class Delivery:
    """Hands over one e-mail after another by one connection, which is opened for the first, and
    again when it broke between two."""

    def __init__(self, mail: VerifiedMail) -> None:
        self._mail = mail
        self._connection: VerifiedConnection | None = None

    def send(self, email: EmailMessage) -> None:
        """Raises Unavailable when the mail server takes nothing now; SMTPException when it did
        not take this e-mail, or broke off and may have taken it."""
        is_new = self._connection is None
        connection = self._connection or self._open()
        try:
            if connection.host is not None:
                connection.host.send_message(email)
        except (BrokenBefore, smtplib.SMTPSenderRefused) as fault:
            if isinstance(fault, smtplib.SMTPSenderRefused) and fault.smtp_code == TOO_LARGE:
                raise
            self.close()
            if is_new:
                raise Unavailable from fault
            self.send(email)  # by a connection that the server has not yet had enough of
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            raise  # an answer, after which the connection serves on
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Say good-bye, if there is anybody to say it to."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.__exit__()

    def _open(self) -> VerifiedConnection:
        try:
            self._connection = self._mail.connect().__enter__()
            return self._connection
        except OSError as fault:  # SMTPException is one
            raise Unavailable from fault
        except UnicodeError as fault:
            raise Unavailable from socket.gaierror(socket.EAI_NONAME, str(fault))


class VerifiedMail(Mail):
    """Flask-Mail by verified connections."""

    def connect(self) -> VerifiedConnection:
        return VerifiedConnection(current_app.extensions["mail"])

    @contextmanager
    def delivery(self) -> Iterator[Callable[[EmailMessage], None]]:
        """A way out for any number of e-mails, as `Delivery.send`."""
        one = Delivery(self)
        try:
            yield one.send
        finally:
            one.close()
