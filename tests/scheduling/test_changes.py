"""Cancelling and moving what stands."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.models import Appointment, AuditEvent, Claim, MessageKind, OutboxMessage
from app.models import AppointmentStatus as Status
from app.scheduling import changes, refusals
from app.scheduling.moves import Actor
from app.scheduling.states import Who
from app.transaction import transactional
from tests.builders import a_doctor, a_patient, a_user, a_visit_type, at, booked, policy, tick
from tests.scheduling.test_bookings import messages
from tests.scheduling.test_holds import browser, claimed, hold


def patient_of(appointment: Appointment) -> Actor:
    assert appointment.patient is not None
    return Actor.of(appointment.patient.user)


def doctor_of(appointment: Appointment) -> Actor:
    return Actor.of(appointment.doctor.user)


def cancel(appointment: Appointment, actor: Actor, reason: str = "") -> None:
    changes.cancel(appointment, actor, reason, version=appointment.version)


def move(appointment: Appointment, wanted: int, actor: Actor | None = None) -> None:
    changes.move(appointment, actor or patient_of(appointment), wanted, version=appointment.version)


def ticks_of(appointment: Appointment, calendar_id: int) -> list[int]:
    query = select(Claim.tick).where(
        Claim.calendar_id == calendar_id, Claim.appointment_id == appointment.id
    )
    return sorted(db.session.scalars(query))


@pytest.fixture
def appointment(clinic):
    """Confirmed, for Friday at ten; the cut-off is on Thursday at ten."""
    return booked(a_patient(), a_doctor(), at("2026-11-27 10:00"))


def test_a_cancelled_appointment_gives_its_time_back(appointment):
    cancel(appointment, patient_of(appointment))
    assert (appointment.status, claimed(appointment)) == (Status.CANCELLED, 0)


def test_a_cancelled_time_can_be_booked_by_another(appointment):
    cancel(appointment, patient_of(appointment))
    again = booked(a_patient(), appointment.doctor, at("2026-11-27 10:00"))
    assert again.status is Status.CONFIRMED


def test_the_reason_is_kept_with_the_appointment(appointment):
    cancel(appointment, patient_of(appointment), " I am away ")
    assert appointment.cancel_reason == "I am away"


def test_the_reason_is_kept_in_the_audit_trail(appointment):
    cancel(appointment, patient_of(appointment), "I am away")
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert (last.before, last.after, last.reason) == (
        {"status": "confirmed"},
        {"status": "cancelled"},
        "I am away",
    )


def test_a_patient_may_cancel_until_the_cut_off(clinic, appointment):
    clinic.move_to(at("2026-11-26 09:59"))
    cancel(appointment, patient_of(appointment))
    assert appointment.status is Status.CANCELLED


def test_a_patient_may_not_cancel_after_the_cut_off(clinic, appointment):
    clinic.move_to(at("2026-11-26 10:00"))
    with pytest.raises(refusals.TooLate, match="less than 24 hours"):
        cancel(appointment, patient_of(appointment))


def test_a_refused_cancellation_changes_nothing(clinic, appointment):
    clinic.move_to(at("2026-11-26 10:00"))
    with pytest.raises(refusals.TooLate):
        cancel(appointment, patient_of(appointment))
    assert (appointment.status, claimed(appointment)) == (Status.CONFIRMED, 12)


@pytest.mark.parametrize("who", [Who.DOCTOR, Who.STAFF])
def test_the_clinic_may_cancel_after_the_cut_off(clinic, appointment, who):
    clinic.move_to(at("2026-11-27 09:00"))
    cancel(appointment, Actor(appointment.doctor.user, who))
    assert appointment.status is Status.CANCELLED


def test_the_cut_off_is_the_clinics_own(clinic, appointment):
    policy(cancel_cutoff_hours=2)
    clinic.move_to(at("2026-11-27 07:59"))
    cancel(appointment, patient_of(appointment))
    assert appointment.status is Status.CANCELLED


def test_without_a_cut_off_a_patient_may_cancel_until_it_begins(clinic, appointment):
    policy(cancel_cutoff_hours=0)
    clinic.move_to(at("2026-11-27 10:00"))
    with pytest.raises(refusals.TooLate, match="once it has begun"):
        cancel(appointment, patient_of(appointment))


def test_cancelling_twice_in_one_go_is_no_fault(appointment):
    seen = appointment.version
    for _ in range(2):
        changes.cancel(appointment, patient_of(appointment), "", version=seen)
    assert (appointment.status, appointment.version) == (Status.CANCELLED, seen + 1)


def test_cancelling_what_is_cancelled_is_refused(appointment):
    cancel(appointment, patient_of(appointment))
    with pytest.raises(refusals.NotNow, match="already cancelled"):
        cancel(appointment, patient_of(appointment))


def test_cancelling_what_another_has_cancelled_meanwhile_says_so(appointment):
    seen = appointment.version
    cancel(appointment, doctor_of(appointment))
    with pytest.raises(ChangedMeanwhile):
        changes.cancel(appointment, patient_of(appointment), "", version=seen)


def test_a_cancellation_raises_the_calendar_sequence(appointment):
    cancel(appointment, patient_of(appointment))
    assert appointment.calendar_sequence == 1


def test_a_cancellation_is_mailed_once(appointment):
    seen = appointment.version
    for _ in range(2):
        changes.cancel(appointment, patient_of(appointment), "", version=seen)
    kinds = [kind for kind, _ in messages(appointment)]
    assert kinds.count(MessageKind.APPOINTMENT_CANCELLED) == 1


def test_the_clinics_cancellation_is_mailed_once_it_cannot_be_taken_back(clinic, appointment):
    cancel(appointment, doctor_of(appointment))
    message = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == MessageKind.APPOINTMENT_CANCELLED)
    ).one()
    assert (message.next_try_at - message.created_at).total_seconds() == 30


def test_a_move_takes_the_new_time_and_gives_the_old_one_back(appointment):
    move(appointment, tick("2026-11-30 11:00"))
    assert appointment.starts_at == at("2026-11-30 11:00")
    assert appointment.ends_at == at("2026-11-30 11:30")
    again = booked(a_patient(), appointment.doctor, at("2026-11-27 10:00"))
    assert again.status is Status.CONFIRMED


def test_a_move_may_overlap_its_own_old_time(appointment):
    move(appointment, tick("2026-11-27 10:15"))
    begins = tick("2026-11-27 10:15")
    assert ticks_of(appointment, appointment.doctor.calendar_id) == [*range(begins, begins + 6)]
    assert ticks_of(appointment, appointment.patient.calendar_id) == [*range(begins, begins + 6)]


def test_a_move_to_a_taken_time_keeps_the_old_one(appointment):
    booked(a_patient(), appointment.doctor, at("2026-11-27 11:00"))
    with pytest.raises(refusals.OpeningTaken):
        move(appointment, tick("2026-11-27 11:15"))
    assert appointment.starts_at == at("2026-11-27 10:00")
    assert ticks_of(appointment, appointment.doctor.calendar_id)[0] == tick("2026-11-27 10:00")


def test_a_move_onto_ones_own_other_visit_keeps_the_old_time(appointment):
    booked(appointment.patient, a_doctor(), at("2026-11-27 12:00"))
    with pytest.raises(refusals.OwnOverlap):
        move(appointment, tick("2026-11-27 12:15"))
    assert (appointment.starts_at, claimed(appointment)) == (at("2026-11-27 10:00"), 12)


def test_a_move_onto_ones_own_other_visit_leaves_no_trace(appointment):
    booked(appointment.patient, a_doctor(), at("2026-11-27 12:00"))
    seen = (appointment.version, appointment.calendar_sequence)
    with pytest.raises(refusals.OwnOverlap):
        move(appointment, tick("2026-11-27 12:15"))
    assert (appointment.version, appointment.calendar_sequence) == seen


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ("2026-11-27 08:00", refusals.OutsideHours),
        ("2026-11-24 08:30", refusals.TooSoon),
        ("2026-11-23 10:00", refusals.InThePast),
        ("2027-03-01 10:00", refusals.TooFarAhead),
    ],
)
def test_a_move_obeys_the_rules_of_booking(appointment, wanted, refusal):
    with pytest.raises(refusal):
        move(appointment, tick(wanted))


def test_a_move_takes_an_ended_hold(clinic, appointment):
    hold(browser(), appointment.doctor, tick("2026-11-27 14:00"))
    clinic.advance(minutes=10)
    move(appointment, tick("2026-11-27 14:00"))
    assert appointment.starts_at == at("2026-11-27 14:00")


def test_a_patient_may_not_move_after_the_cut_off(clinic, appointment):
    clinic.move_to(at("2026-11-26 10:00"))
    with pytest.raises(refusals.TooLate):
        move(appointment, tick("2026-11-30 10:00"))


def test_the_clinic_may_move_after_the_cut_off(clinic, appointment):
    clinic.move_to(at("2026-11-27 09:00"))
    move(appointment, tick("2026-11-30 10:00"), doctor_of(appointment))
    assert appointment.starts_at == at("2026-11-30 10:00")


def test_a_cancelled_appointment_cannot_be_moved(appointment):
    cancel(appointment, patient_of(appointment))
    with pytest.raises(refusals.NotNow):
        move(appointment, tick("2026-11-30 10:00"))


def test_a_move_raises_the_calendar_sequence(appointment):
    move(appointment, tick("2026-11-30 10:00"))
    move(appointment, tick("2026-12-01 10:00"))
    assert appointment.calendar_sequence == 2


def test_a_move_keeps_the_status(appointment):
    move(appointment, tick("2026-11-30 10:00"))
    assert appointment.status is Status.CONFIRMED


def test_the_same_move_sent_twice_moves_once(appointment):
    seen, wanted = appointment.version, tick("2026-11-30 10:00")
    for _ in range(2):
        changes.move(appointment, patient_of(appointment), wanted, version=seen)
    assert appointment.version == seen + 1


def test_a_move_seen_too_late_says_so(appointment):
    seen = appointment.version
    move(appointment, tick("2026-11-30 10:00"), doctor_of(appointment))
    with pytest.raises(ChangedMeanwhile):
        changes.move(appointment, patient_of(appointment), tick("2026-12-01 10:00"), version=seen)


def test_a_move_is_mailed_with_the_time_before(appointment):
    move(appointment, tick("2026-11-30 10:00"))
    message = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == MessageKind.APPOINTMENT_MOVED)
    ).one()
    assert message.details == {"before": at("2026-11-27 10:00").isoformat()}


def test_a_move_takes_the_buffers_along(clinic):
    padded = a_visit_type(minutes=30, buffer_before=10, buffer_after=5)
    appointment = booked(a_patient(), a_doctor(visit_types=[padded]), at("2026-11-27 10:00"))
    move(appointment, tick("2026-11-27 12:00"))
    begins = tick("2026-11-27 12:00")
    assert ticks_of(appointment, appointment.doctor.calendar_id) == [*range(begins - 2, begins + 7)]


def test_a_visit_whose_doctor_takes_no_bookings_cannot_be_moved(appointment):
    @transactional
    def unpublish() -> None:
        appointment.doctor.is_published = False

    unpublish()
    with pytest.raises(refusals.NotBookable, match="takes no bookings"):
        move(appointment, tick("2026-11-30 10:00"))


def test_payment_cannot_cancel(appointment):
    with pytest.raises(NotAllowed):
        cancel(appointment, Actor(a_user(), Who.PAYMENT))
