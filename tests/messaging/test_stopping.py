"""From a letter to no more of them: its List-Unsubscribe header, pressed as a mailbox does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock
from app.messaging import agendas, reminders
from app.messaging.delivery import Post
from app.messaging.worker import run_once
from app.models import AgendaMail, MessageKind, MessageState
from app.signing import Signer
from tests.auth.conftest import Outside
from tests.builders import a_doctor, a_patient, at, booked
from tests.conftest import FrozenClock
from tests.messaging.conftest import BASE_URL, outbox
from tests.pages import ORIGIN

FRIDAY = "2026-11-27 10:30"  # three days after the clock's Tuesday morning


@pytest.fixture
def mail(app: Flask, clinic: FrozenClock) -> Callable[[], list[EmailMessage]]:
    """Sends what is due with the application's own key, and returns it."""

    def send() -> list[EmailMessage]:
        sent: list[EmailMessage] = []
        sender = "Docket <no-reply@clinic.example>"
        run_once("a worker", Post(BASE_URL, sender, sent.append, Signer(str(app.secret_key))))
        return sent

    return send


@pytest.fixture
def press(app: Flask, clinic: FrozenClock) -> Callable[[EmailMessage], TestResponse]:
    """Does what RFC 8058 asks of a mailbox whose button is pressed."""

    def post(letter: EmailMessage) -> TestResponse:
        address = letter["List-Unsubscribe"].strip("<>")
        assert address.startswith(f"{BASE_URL}/")
        body = letter["List-Unsubscribe-Post"]
        kind = "application/x-www-form-urlencoded"
        mailbox = Outside(app, app.response_class)
        return mailbox.post(urlsplit(address).path, data=body, content_type=kind, base_url=ORIGIN)

    return post


def test_one_click_in_a_mailbox_ends_the_reminders(
    clinic: FrozenClock,
    mail: Callable[[], list[EmailMessage]],
    press: Callable[[EmailMessage], TestResponse],
) -> None:
    patient = a_patient("Ines Alva")
    booked(patient, a_doctor("Ada Berg"), at(FRIDAY))
    mail()
    for due in ("2026-11-26 10:30", "2026-11-27 08:30"):
        clinic.move_to(at(due))
        reminders.plan(clock.now(), clock.now() - timedelta(hours=24))
        letters = mail()
        if due.startswith("2026-11-26"):
            (reminder,) = letters
            assert press(reminder).status_code == 200
        else:
            assert letters == []
    (only,) = [one for one in outbox() if one.kind is MessageKind.APPOINTMENT_REMINDER]
    assert only.state is MessageState.SENT


def test_one_click_in_a_mailbox_ends_the_agenda(
    clinic: FrozenClock,
    mail: Callable[[], list[EmailMessage]],
    press: Callable[[EmailMessage], TestResponse],
) -> None:
    doctor = a_doctor("Ada Berg")
    booked(a_patient(), doctor, at(FRIDAY))
    agendas.choose(doctor, AgendaMail.EVENING)
    mail()
    clinic.move_to(at("2026-11-26 18:00"))
    agendas.plan(clock.now(), clock.now() - timedelta(hours=1))
    (agenda,) = [one for one in mail() if one["List-Unsubscribe"]]
    assert press(agenda).status_code == 200
    clinic.move_to(at("2026-11-27 06:30"))
    assert agendas.plan(clock.now(), clock.now() - timedelta(hours=24)) == 0


def test_letters_that_always_come_offer_no_way_to_stop_them(
    clinic: FrozenClock, mail: Callable[[], list[EmailMessage]]
) -> None:
    booked(a_patient(), a_doctor(), at(FRIDAY))
    (confirmation,) = mail()
    assert confirmation["List-Unsubscribe"] is None
