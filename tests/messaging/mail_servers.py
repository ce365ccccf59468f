"""Real mail servers for tests: on loopback, with STARTTLS and a password, and with their moods."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from flask import Flask

from app import create_app

USERNAME, PASSWORD = "docket", "a mail password"


@dataclass
class Mood:
    """How a mail server answers, and what it has taken."""

    to_sender: str = "250 OK"
    to_recipient: str = "250 OK"
    to_content: str = "250 Taken"
    refuses: tuple[str, ...] = ()
    per_connection: int | None = None
    closes_after: int | None = None
    breaks_when_idle: bool = False
    drops_after_data: bool = False
    hangs: bool = False
    taken: list[EmailMessage] = field(default_factory=list)
    logins: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    _taken_by: Counter[Any] = field(default_factory=Counter)

    @property
    def is_closed(self) -> bool:
        return len(self.taken) == self.closes_after

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: Any, session: Any, _envelope: Any, name: str, answers: list[str]
    ) -> list[str]:
        if self.is_closed:
            server.transport.close()
        session.host_name = name
        return answers

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.is_closed or (self.breaks_when_idle and self._taken_by[session]):
            server.transport.close()
        if self._taken_by[session] == self.per_connection:
            return "421 4.7.0 Enough by this connection"
        envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 No such person"
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.reached.set()
        if self.hangs:
            await asyncio.sleep(600)
        assert isinstance(envelope.content, bytes)
        email = message_from_bytes(envelope.content, policy=default)
        assert isinstance(email, EmailMessage)
        if not self.to_content.startswith("250"):
            return self.to_content
        self.taken.append(email)
        self._taken_by[session] += 1
        if self.drops_after_data:
            server.transport.close()
        return self.to_content

    def authenticate(self, _server: Any, *given: Any) -> AuthResult:
        good = LoginPassword(USERNAME.encode(), PASSWORD.encode())
        self.logins += given[-1] == good
        return AuthResult(success=given[-1] == good, handled=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def a_mail_server(authority: trustme.CA, mood: Mood, port: int) -> Iterator[Mood]:
    """A mail server on loopback that speaks only after STARTTLS and a password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    controller = Controller(
        mood,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        authenticator=mood.authenticate,
        auth_required=True,
    )
    controller.start()
    try:
        yield mood
    finally:
        controller.stop()


def writing_to(app: Flask, port: int, **settings: Any) -> Flask:
    """The application on the same database, as configured for the mail server on a port."""
    by_default = {
        "mail_server": "localhost",
        "mail_port": port,
        "mail_username": USERNAME,
        "mail_password": PASSWORD,
    }
    return create_app(replace(app.config["DOCKET"], **(by_default | settings)))
