"""A clinic with something to write about, and post that stays in a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from flask import Flask

from app.extensions import db
from app.messaging.delivery import Post
from app.messaging.worker import run_once
from app.models import Appointment, OutboxMessage, User
from app.signing import Signer
from tests.builders import a_doctor, a_patient, a_visit_type, booked, tomorrow_at
from tests.conftest import FrozenClock
from tests.messaging.mail_servers import free_port

BASE_URL = "https://clinic.example"
LINKS = Signer("a key for tests of letters, and for nothing else")


@dataclass
class Letters:
    """A way out that keeps what goes out."""

    sent: list[EmailMessage] = field(default_factory=list)

    @property
    def post(self) -> Post:
        return Post(BASE_URL, "Docket <no-reply@clinic.example>", self.sent.append, LINKS)

    def run(self, owner: str = "a worker") -> int:
        return run_once(owner, self.post)

    def to(self, user: User) -> list[EmailMessage]:
        return [email for email in self.sent if email["To"] == user.email]

    @property
    def last_text(self) -> str:
        return text_of(self.sent[-1])


def text_of(email: EmailMessage) -> str:
    body = email.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html_of(email: EmailMessage) -> str:
    body = email.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def outbox() -> list[OutboxMessage]:
    """All messages, as the database has them now, in order."""
    db.session.rollback()
    return list(db.session.query(OutboxMessage).order_by(OutboxMessage.id))


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def clinic(app: Flask, frozen_clock: FrozenClock) -> Iterator[FrozenClock]:
    """The clean application, at hand, with its clock standing still; the clock."""
    with app.app_context():
        yield frozen_clock


@pytest.fixture
def visit(clinic: FrozenClock) -> Appointment:
    """A confirmed visit, three days ahead, whose message waits."""
    kind = a_visit_type("Check", price_cents=4500, preparation="Bring your insurance card.")
    return booked(a_patient("Ines Alva"), a_doctor("Ada Berg", visit_types=[kind]), in_three_days())


@pytest.fixture
def request_(clinic: FrozenClock) -> Appointment:
    """A visit, three days ahead, that the doctor has to approve."""
    kind = a_visit_type("Check", needs_approval=True)
    return booked(a_patient("Ines Alva"), a_doctor("Ada Berg", visit_types=[kind]), in_three_days())


def in_three_days() -> datetime:
    return tomorrow_at("10:30") + timedelta(days=2)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the authority that certifies the mail server, trusted by this process."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file
