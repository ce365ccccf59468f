"""Flask-Mail with what it lacks: a certificate that is checked, and a time-out."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

from flask import current_app
from flask_mail import Connection, Mail

IMPLICIT_TLS_PORT = 465


class VerifiedConnection(Connection):
    """A connection whose server has shown a certificate for its name. `SSL_CERT_FILE` adds a
    private authority's to those that the machine trusts."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        server, port = self.mail.server, self.mail.port or smtplib.SMTP_PORT
        timeout = current_app.config["DOCKET"].mail_timeout
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


class VerifiedMail(Mail):
    """Flask-Mail by verified connections."""

    def connect(self) -> VerifiedConnection:
        return VerifiedConnection(current_app.extensions["mail"])

    def deliver(self, email: EmailMessage) -> None:
        """Hand one e-mail to the mail server. Raises SMTPException or OSError."""
        with self.connect() as connection:
            if connection.host is not None:
                connection.host.send_message(email)
