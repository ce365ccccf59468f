"""Flask-Mail with what it lacks: a certificate that is checked, a time-out, and a connection that
serves for many messages and is opened again when it broke."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
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


class VerifiedConnection(Connection):
    """A connection whose server has shown a certificate for its name. `SSL_CERT_FILE` adds a
    private authority's to those that the machine trusts."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        server, port = self.mail.server, self.mail.port or smtplib.SMTP_PORT
        timeout = min(current_app.config["DOCKET"].mail_timeout, LONGEST_TIMEOUT_SECONDS)
        host: smtplib.SMTP | smtplib.SMTP_SSL
        if port == IMPLICIT_TLS_PORT:
            context = ssl.create_default_context()
            host = smtplib.SMTP_SSL(server, port, timeout=timeout, context=context)
        else:
            host = smtplib.SMTP(server, port, timeout=timeout)
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

    def is_open(self) -> bool:
        """Whether the server still answers."""
        try:
            return self.host is None or self.host.noop()[0] < 400
        except (smtplib.SMTPException, OSError):
            return False


class Delivery:
    """Hands over one e-mail after another by one connection, which is opened for the first, and
    again when it broke between two."""

    def __init__(self, mail: VerifiedMail) -> None:
        self._mail = mail
        self._connection: VerifiedConnection | None = None

    def send(self, email: EmailMessage) -> None:
        """Raises Unavailable when the mail server takes nothing now; SMTPException when it did
        not take this e-mail, or broke off and may have taken it."""
        is_new = self._connection is None or not self._connection.is_open()
        if is_new:
            self._open()
        assert self._connection is not None  # noqa: S101 (it has just been opened)
        try:
            if self._connection.host is not None:
                self._connection.host.send_message(email)
        except smtplib.SMTPSenderRefused as refusal:
            if refusal.smtp_code == TOO_LARGE:
                raise
            self.close()
            if is_new:
                raise Unavailable from refusal
            self.send(email)  # "enough by this connection"; nothing has been taken yet
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

    def _open(self) -> None:
        self.close()
        connection = self._mail.connect()
        try:
            self._connection = connection.__enter__()
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
