"""Visits in the calendars of patients: each letter brings the file that updates the same entry,
read here by a library that has not written it."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import vobject

from app.clock import tick_of
from app.messaging.calendar_file import calendar_file
from app.models import Appointment
from app.scheduling import changes, visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from tests.conftest import FrozenClock
from tests.messaging.conftest import BASE_URL


def files_of(email: EmailMessage) -> dict[str, Any]:
    """The calendar files of an e-mail, by the type of the part that holds each."""
    parts = {part.get_content_type(): part for part in email.walk()}
    return {kind: part for kind, part in parts.items() if kind.endswith(("/calendar", "/ics"))}


def entry_of(email: EmailMessage) -> Any:
    return read(files_of(email)["text/calendar"].get_content()).vevent


def read(text: str) -> Any:
    calendar = vobject.readOne(text)
    calendar.validate(raiseException=True)
    return calendar


def move(visit: Appointment, hours: int, actor: Actor) -> None:
    new = tick_of(visit.starts_at + timedelta(hours=hours))
    changes.move(visit, actor, new, version=visit.version)


@pytest.fixture
def doctor(visit: Appointment) -> Actor:
    return Actor.of(visit.doctor.user)


@pytest.fixture
def told(visit: Appointment, letters: Any, clinic: FrozenClock) -> Any:
    """Sends what waits; the e-mails to the patient so far."""

    def send() -> list[EmailMessage]:
        clinic.advance(seconds=31)
        letters.run()
        assert visit.patient is not None
        return list(letters.to(visit.patient.user))

    return send


def test_the_file_goes_once_for_mail_programs_and_once_for_people(visit, told) -> None:
    (email,) = told()
    assert email.get_content_type() == "multipart/mixed"
    alternative, attachment = email.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",  # the last is the one that a program shows which knows it
    ]
    assert attachment.get_filename() == "appointment.ics"
    files = files_of(email)
    assert files["text/calendar"]["Content-Type"].params == {
        "charset": "utf-8",
        "method": "REQUEST",
    }
    texts = [part.get_payload(decode=True) for part in files.values()]
    assert texts[0] == texts[1]
    assert texts[0].count(b"\r\n") == texts[0].count(b"\n")


def test_a_confirmation_asks_nobody_to_answer(visit, told) -> None:
    (email,) = told()
    calendar = read(files_of(email)["text/calendar"].get_content())
    entry = calendar.vevent
    assert (calendar.method.value, entry.status.value) == ("REQUEST", "CONFIRMED")
    assert (entry.dtstart.value, entry.dtend.value) == (visit.starts_at, visit.ends_at)
    assert entry.organizer.value == "mailto:no-reply@clinic.example"
    assert entry.attendee.value == f"mailto:{visit.patient.user.email}"
    assert entry.attendee.params["PARTSTAT"] == ["ACCEPTED"]
    assert entry.attendee.params["RSVP"] == ["FALSE"]


def test_every_letter_updates_the_same_entry_by_a_higher_sequence(visit, told, doctor) -> None:
    told()
    move(visit, 1, doctor)
    told()
    visits.decline(visit, doctor, "I am ill.", version=visit.version)
    entries = [entry_of(email) for email in told()]
    assert {entry.uid.value for entry in entries} == {f"{visit.ref}@clinic.example"}
    assert [int(entry.sequence.value) for entry in entries] == [0, 1, 2]
    assert [entry.status.value for entry in entries] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    stamps = [entry.dtstamp.value for entry in entries]
    assert stamps == sorted(stamps)


def test_a_cancellation_that_is_taken_back_and_given_again_is_newer_still(
    visit, told, doctor
) -> None:
    told()
    visits.decline(visit, doctor, "I am ill.", version=visit.version)
    visits.undo(visit, doctor, version=visit.version)
    feed = read(calendar_file(visit, "Clinic", BASE_URL).decode()).vevent
    assert (feed.status.value, feed.sequence.value) == ("CONFIRMED", "2")
    visits.decline(visit, doctor, "I am ill.", version=visit.version)
    cancelled = told()[-1]
    assert read(files_of(cancelled)["text/calendar"].get_content()).method.value == "CANCEL"
    assert entry_of(cancelled).sequence.value == "3"


def test_a_request_is_no_entry_until_it_is_approved(request_, letters, clinic) -> None:
    patient, doctor = Actor.of(request_.patient.user), Actor.of(request_.doctor.user)
    letters.run()
    move(request_, 1, patient)
    letters.run()
    visits.take(request_, Step.APPROVE, doctor, version=request_.version)
    clinic.advance(seconds=31)
    letters.run()
    requested, moved, confirmed = letters.to(request_.patient.user)
    assert files_of(requested) == files_of(moved) == {}
    assert entry_of(confirmed).dtstart.value == request_.starts_at
    assert entry_of(confirmed).sequence.value == "2"


def test_a_file_that_was_downloaded_is_updated_by_what_is_mailed_later(
    request_, letters, clinic
) -> None:
    downloaded = read(calendar_file(request_, "Clinic", BASE_URL).decode()).vevent
    assert downloaded.status.value == "TENTATIVE"
    doctor = Actor.of(request_.doctor.user)
    visits.take(request_, Step.APPROVE, doctor, version=request_.version)
    clinic.advance(seconds=31)
    letters.run()
    mailed = entry_of(letters.to(request_.patient.user)[-1])
    assert mailed.uid.value == downloaded.uid.value
    assert int(mailed.sequence.value) > int(downloaded.sequence.value)
