"""Real mail servers for tests: on loopback, with STARTTLS and a password, and with their moods."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
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

    to_recipient: str = "250 OK"
    drops_after_data: bool = False
    hangs: bool = False
    taken: list[EmailMessage] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.reached.set()
        if self.hangs:
            await asyncio.sleep(600)
        assert isinstance(envelope.content, bytes)
        email = message_from_bytes(envelope.content, policy=default)
        assert isinstance(email, EmailMessage)
        self.taken.append(email)
        if self.drops_after_data:
            server.transport.close()
        return "250 Taken"


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
        authenticator=_authenticate,
        auth_required=True,
    )
    controller.start()
    try:
        yield mood
    finally:
        controller.stop()


def writing_to(app: Flask, port: int, **settings: Any) -> Flask:
    """The application on the same database, as configured for the mail server on a port."""
    config = replace(
        app.config["DOCKET"],
        mail_server="localhost",
        mail_port=port,
        mail_username=USERNAME,
        mail_password=PASSWORD,
        **settings,
    )
    return create_app(config)


def _authenticate(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
    good = LoginPassword(USERNAME.encode(), PASSWORD.encode())
    return AuthResult(success=data == good)
