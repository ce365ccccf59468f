"""What is known of whether a patient has been told of a visit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app import clock
from app.extensions import db
from app.messaging import mending, told
from app.messaging.told import Telling, Told, in_brief
from app.models import Appointment, MessageKind, MessageState, OutboxMessage, Role
from app.scheduling import changes
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_message, a_patient, a_user, booked, tomorrow_at
from tests.messaging.conftest import Letters, outbox
from tests.scheduling.conftest import queries

State = MessageState
REFUSED = "The mail server refuses the recipient: 550 5.1.1 unknown"


def telling(visit: Appointment) -> Telling:
    db.session.expire_all()
    return told.of([visit], clock.now())[visit.id]


def put(state: State, **fields: object) -> OutboxMessage:
    """Let the last message be in this state."""
    db.session.expire_all()
    message = outbox()[-1]
    message.state = state
    for name, value in fields.items():
        setattr(message, name, value)
    db.session.commit()
    return message


def test_a_visit_is_told_when_its_message_has_gone_out(
    visit: Appointment, letters: Letters
) -> None:
    assert telling(visit).told is Told.NOT_YET
    letters.run()
    assert telling(visit).told is Told.YES
    assert telling(visit).at == clock.now()
    assert not telling(visit).needs_a_call


def test_what_fails_is_not_told_yet_and_what_is_given_up_is_not_told(visit: Appointment) -> None:
    put(State.FAILED, tries=2, error=REFUSED)
    assert telling(visit) == Telling(
        Told.FAILING,
        outbox()[0].not_before,
        "The mail server refuses the recipient",
        outbox()[0].id,
        needs_a_call=True,
    )
    put(State.DEAD)
    assert (telling(visit).told, telling(visit).needs_a_call) == (Told.NO, True)


def test_what_is_set_aside_is_not_told_and_alarms_nobody(visit: Appointment) -> None:
    put(State.SET_ASIDE, error=REFUSED)
    assert (telling(visit).told, telling(visit).needs_a_call) == (Told.NO, False)


def test_nobody_is_called_about_a_visit_that_is_over(clinic, visit: Appointment) -> None:
    put(State.DEAD)
    clinic.move_to(visit.ends_at)
    assert (telling(visit).told, telling(visit).needs_a_call) == (Told.NO, False)


def test_a_patient_without_an_address_is_to_be_told_by_people(
    visit: Appointment, letters: Letters
) -> None:
    assert visit.patient is not None
    letters.run()
    visit.patient.user.email = ""
    db.session.commit()
    assert telling(visit).told is Told.YES
    db.session.query(OutboxMessage).delete()
    db.session.commit()
    assert (telling(visit).told, telling(visit).needs_a_call) == (Told.NO_ADDRESS, True)


def test_news_count_and_reminders_and_doctors_messages_do_not(
    visit: Appointment, letters: Letters
) -> None:
    letters.run()
    told_at = telling(visit).number
    a_message(visit, kind=MessageKind.APPOINTMENT_REMINDER)
    a_message(visit, user=visit.doctor.user, kind=MessageKind.APPOINTMENT_CANCELLED)
    a_message(visit, user=visit.doctor.user, kind=MessageKind.DOCTOR_REQUEST)
    assert telling(visit).number == told_at
    assert telling(visit).told is Told.YES


def test_the_latest_news_decides(visit: Appointment, letters: Letters) -> None:
    letters.run()
    doctor = Actor.of(visit.doctor.user)
    changes.cancel(visit, doctor, "Ill", version=visit.version)
    assert telling(visit).told is Told.NOT_YET
    put(State.DEAD, error=REFUSED)
    assert (telling(visit).told, telling(visit).needs_a_call) == (Told.NO, True)


def test_what_was_never_true_when_its_time_came_does_not_decide(
    visit: Appointment, letters: Letters
) -> None:
    letters.run()
    first = telling(visit)
    a_message(visit, state=State.DISSOLVED, kind=MessageKind.APPOINTMENT_CANCELLED)
    assert telling(visit) == first


def test_patients_know_of_what_they_have_done_themselves(visit: Appointment) -> None:
    assert visit.patient is not None
    patient = Actor.of(visit.patient.user)
    changes.cancel(visit, patient, "Well again", version=visit.version)
    cancelled = [one for one in outbox() if one.kind is MessageKind.APPOINTMENT_CANCELLED]
    for message in cancelled:
        message.state = State.DEAD
    db.session.commit()
    assert (telling(visit).told, telling(visit).needs_a_call) == (Told.NO, False)


def test_a_message_sent_again_that_fails_takes_nothing_back(
    visit: Appointment, letters: Letters
) -> None:
    letters.run()
    first = telling(visit)
    admin = a_user(Role.ADMIN)
    assert first.number is not None
    mending.send_again(first.number, first.number, admin, clock.now())
    assert telling(visit) == first
    put(State.DEAD)
    assert telling(visit) == first


def test_a_message_sent_again_tells(visit: Appointment, letters: Letters, clinic) -> None:
    letters.run()
    first = outbox()[0].id
    clinic.advance(hours=1)
    repeat = mending.send_again(first, first, a_user(Role.ADMIN), clock.now())
    letters.run()
    assert telling(visit).number == repeat.number
    assert telling(visit).at == clock.now()


def test_a_list_is_one_query(database: Flask) -> None:
    with database.app_context():
        doctor = a_doctor()
        visits = [booked(a_patient(), doctor, tomorrow_at(f"{hour}:00")) for hour in range(10, 15)]
        people = [visit.patient.user.email for visit in visits if visit.patient]
        with queries() as seen:
            found = told.of(visits, clock.now())
        assert len(seen) == 1
        assert len(people) == 5
        assert {one.told for one in found.values()} == {Told.NOT_YET}
        with queries() as seen:
            assert told.of([], clock.now()) == {}
        assert seen == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("", ""),
        (REFUSED, "The mail server refuses the recipient"),
        ("The worker that was to send this has gone", "The worker that was to send this has gone"),
        ("UndefinedError: 'x' is undefined", "We could not make or hand over the e-mail"),
    ],
)
def test_an_error_in_brief_is_no_programmers(error: str, words: str) -> None:
    assert in_brief(error) == words


def test_waiting_counts_from_when_it_may_leave(request_: Appointment) -> None:
    message = put(State.QUEUED, not_before=clock.now() + timedelta(seconds=20))
    mine = [one for one in outbox() if one.kind is MessageKind.APPOINTMENT_REQUESTED]
    assert telling(request_).at == mine[0].not_before
    assert message.kind is MessageKind.DOCTOR_REQUEST
