"""From a hold to an appointment, and how many one person may have."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Claim, Doctor, MessageKind, OutboxMessage, Patient
from app.models import AppointmentStatus as Status
from app.models.appointment import PaymentStatus
from app.scheduling import bookings, changes, holds, refusals
from app.scheduling.moves import Actor
from app.transaction import transactional
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked, policy
from tests.scheduling.test_holds import NOON, browser, claimed, hold


def book(patient: Patient, doctor: Doctor, reason: str = "A cough") -> Appointment:
    holder = browser(patient=patient)
    return bookings.book(holder, patient, hold(holder, doctor).ref, reason)


def messages(appointment: Appointment) -> list[tuple[MessageKind, str]]:
    query = select(OutboxMessage).where(OutboxMessage.appointment_id == appointment.id)
    return sorted((row.kind, row.recipient) for row in db.session.scalars(query))


def test_a_booking_is_confirmed_at_once(clinic):
    assert book(a_patient(), a_doctor()).status is Status.CONFIRMED


def test_a_visit_that_needs_approval_is_requested(clinic):
    doctor = a_doctor(visit_types=[a_visit_type(needs_approval=True)])
    assert book(a_patient(), doctor).status is Status.REQUESTED


def test_a_booking_keeps_the_reason(clinic):
    assert book(a_patient(), a_doctor(), "  A cough 🤧  ").reason == "A cough 🤧"


def test_a_booking_does_not_end_by_itself(clinic):
    appointment = book(a_patient(), a_doctor())
    assert appointment.hold_expires_at is None


def test_a_booking_keeps_the_claims_of_its_hold(clinic):
    assert claimed(book(a_patient(), a_doctor())) == 6 + 6


def test_a_visit_with_a_price_is_due(clinic):
    doctor = a_doctor(visit_types=[a_visit_type(price_cents=4500)])
    assert book(a_patient(), doctor).payment_status is PaymentStatus.DUE


def test_a_free_visit_owes_nothing(clinic):
    assert book(a_patient(), a_doctor()).payment_status is PaymentStatus.NONE


def test_a_confirmed_booking_is_mailed_to_the_patient(clinic):
    patient = a_patient()
    appointment = book(patient, a_doctor())
    assert messages(appointment) == [(MessageKind.APPOINTMENT_CONFIRMED, patient.user.email)]


def test_a_request_is_mailed_to_the_patient_and_to_the_doctor(clinic):
    patient = a_patient()
    doctor = a_doctor(visit_types=[a_visit_type(needs_approval=True)])
    assert messages(book(patient, doctor)) == [
        (MessageKind.APPOINTMENT_REQUESTED, patient.user.email),
        (MessageKind.DOCTOR_REQUEST, doctor.user.email),
    ]


def test_booking_twice_answers_with_the_same_appointment(clinic):
    patient = a_patient()
    holder = browser(patient=patient)
    held = hold(holder, a_doctor())
    first = bookings.book(holder, patient, held.ref, "one")
    again = bookings.book(holder, patient, held.ref, "two")
    assert (again.ref, again.reason, again.version) == (first.ref, "one", 2)


def test_booking_twice_mails_once(clinic):
    patient = a_patient()
    holder = browser(patient=patient)
    held = hold(holder, a_doctor())
    first, again = (bookings.book(holder, patient, held.ref, "") for _ in range(2))
    assert len(messages(first)) == len(messages(again)) == 1


def test_a_hold_that_has_ended_cannot_be_booked(clinic):
    patient = a_patient()
    holder = browser(patient=patient)
    held = hold(holder, a_doctor())
    clinic.advance(minutes=10)
    with pytest.raises(refusals.HoldEnded):
        bookings.book(holder, patient, held.ref, "")


def test_a_hold_that_was_swept_cannot_be_booked(clinic):
    patient = a_patient()
    holder = browser(patient=patient)
    held = hold(holder, a_doctor())
    clinic.advance(minutes=10)
    holds.sweep()
    with pytest.raises(refusals.HoldEnded):
        bookings.book(holder, patient, held.ref, "")


def test_a_browsers_hold_becomes_the_patients_at_booking(clinic):
    held = hold(browser(), a_doctor())
    patient = a_patient()
    appointment = bookings.book(browser(patient=patient), patient, held.ref, "")
    assert (appointment.ref, appointment.patient_id) == (held.ref, patient.id)


def test_a_browsers_hold_claims_the_patients_time_at_booking(clinic):
    held = hold(browser(), a_doctor())
    patient = a_patient()
    bookings.book(browser(patient=patient), patient, held.ref, "")
    own = select(Claim).where(Claim.calendar_id == patient.calendar_id)
    assert len(db.session.scalars(own).all()) == 6


def test_a_browsers_hold_that_overlaps_the_patients_own_visit_is_refused(clinic):
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:15"))
    held = hold(browser(), a_doctor())
    with pytest.raises(refusals.OwnOverlap):
        bookings.book(browser(patient=patient), patient, held.ref, "")


def test_a_refused_booking_leaves_the_hold(clinic):
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:15"))
    held = hold(browser(), a_doctor())
    with pytest.raises(refusals.OwnOverlap):
        bookings.book(browser(patient=patient), patient, held.ref, "")
    assert (held.status, held.patient_id) == (Status.HELD, None)


def test_an_ended_hold_of_the_patient_does_not_overlap(clinic):
    patient = a_patient()
    hold(browser("elsewhere", patient), a_doctor())
    clinic.advance(minutes=10)
    held = hold(browser(), a_doctor())
    appointment = bookings.book(browser(patient=patient), patient, held.ref, "")
    assert appointment.status is Status.CONFIRMED


def test_a_patients_hold_is_not_the_next_patients_on_the_same_browser(clinic):
    first, second = a_patient(), a_patient()
    held = hold(browser(patient=first), a_doctor())
    with pytest.raises(Exception, match="could not find"):
        bookings.book(browser(patient=second), second, held.ref, "")


def test_a_doctor_who_was_unpublished_meanwhile_cannot_be_booked(clinic):
    doctor, patient = a_doctor(), a_patient()
    holder = browser(patient=patient)
    held = hold(holder, doctor)

    @transactional
    def unpublish() -> None:
        doctor.is_published = False

    unpublish()
    with pytest.raises(refusals.NotBookable):
        bookings.book(holder, patient, held.ref, "")


def test_the_cap_of_open_appointments_in_all_holds(clinic):
    policy(open_bookings_per_patient=2)
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    booked(patient, a_doctor(), at("2026-11-25 12:00"))
    with pytest.raises(refusals.OverTheCap, match="2 open appointments"):
        booked(patient, a_doctor(), at("2026-11-25 14:00"))


def test_the_cap_with_one_doctor_holds(clinic):
    policy(open_bookings_per_doctor=1)
    patient, doctor = a_patient(), a_doctor("Ada Bauer")
    booked(patient, doctor, at("2026-11-25 10:00"))
    with pytest.raises(refusals.OverTheCap, match=r"Dr\. Ada Bauer"):
        booked(patient, doctor, at("2026-11-26 10:00"))


def test_another_doctor_has_a_cap_of_their_own(clinic):
    policy(open_bookings_per_doctor=1)
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    assert booked(patient, a_doctor(), at("2026-11-26 10:00")).status is Status.CONFIRMED


def test_whoever_has_not_confirmed_their_address_may_have_fewer(clinic):
    policy(open_bookings_unconfirmed=1)
    patient = a_patient(confirmed_email=None)
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    with pytest.raises(refusals.OverTheCap, match="Confirm your e-mail"):
        booked(patient, a_doctor(), at("2026-11-26 10:00"))


def test_the_cap_stands_where_the_browsers_hold_becomes_the_patients(clinic):
    policy(open_bookings_per_patient=1)
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    held = hold(browser(), a_doctor(), NOON)
    with pytest.raises(refusals.OverTheCap):
        bookings.book(browser(patient=patient), patient, held.ref, "")


def test_a_cancelled_appointment_does_not_count(clinic):
    policy(open_bookings_per_patient=1)
    patient = a_patient()
    first = booked(patient, a_doctor(), at("2026-11-27 10:00"))
    changes.cancel(first, Actor.of(patient.user), "", version=first.version)
    assert booked(patient, a_doctor(), at("2026-11-26 10:00")).status is Status.CONFIRMED


def test_a_past_appointment_does_not_count(clinic):
    policy(open_bookings_per_patient=1)
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    clinic.move_to(at("2026-11-25 10:30"))
    assert booked(patient, a_doctor(), at("2026-11-26 10:00")).status is Status.CONFIRMED
