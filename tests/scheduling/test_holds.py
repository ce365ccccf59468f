"""Holds: one each, for ten minutes, given up in the same breath."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.errors import NotFound
from app.extensions import db
from app.models import Appointment, Claim, Doctor, Patient
from app.models import AppointmentStatus as Status
from app.scheduling import bookings, holders, holds, refusals
from app.scheduling.holders import Holder
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked, policy, tick

TEN, NOON = tick("2026-11-25 10:00"), tick("2026-11-25 12:00")


def browser(name: str = "a", patient: Patient | None = None, address: str = "192.0.2.7") -> Holder:
    return Holder(f"browser-{name}", patient, address)


def hold(holder: Holder, doctor: Doctor, wanted: int = TEN, key: str = "key") -> Appointment:
    return holds.hold(holder, doctor.ref, doctor.visit_types[0].ref, wanted, key)


def claimed(appointment: Appointment) -> int:
    query = select(func.count()).where(Claim.appointment_id == appointment.id)
    return db.session.scalar(query) or 0


def test_a_hold_claims_the_doctors_time_with_buffers(clinic):
    padded = a_visit_type(minutes=30, buffer_before=10, buffer_after=5)
    assert claimed(hold(browser(), a_doctor(visit_types=[padded]))) == 9


def test_a_hold_of_a_patient_claims_their_own_time_without_buffers(clinic):
    padded = a_visit_type(minutes=30, buffer_before=10, buffer_after=5)
    held = hold(browser(patient=a_patient()), a_doctor(visit_types=[padded]))
    assert claimed(held) == 9 + 6


def test_a_hold_keeps_what_the_server_knows_of_the_visit_type(clinic):
    priced = a_visit_type(minutes=45, price_cents=8000, currency="EUR")
    held = hold(browser(), a_doctor(visit_types=[priced]))
    assert (held.minutes, held.price_cents, held.currency) == (45, 8000, "EUR")


def test_a_held_time_cannot_be_held_by_another(clinic):
    doctor = a_doctor()
    hold(browser("a"), doctor)
    with pytest.raises(refusals.OpeningTaken):
        hold(browser("b"), doctor)


def test_another_choice_releases_the_first(clinic):
    doctor = a_doctor()
    first = hold(browser(), doctor, TEN, "one")
    hold(browser(), doctor, NOON, "two")
    assert (first.status, claimed(first)) == (Status.EXPIRED, 0)


def test_another_choice_may_overlap_the_first(clinic):
    doctor = a_doctor()
    hold(browser(), doctor, TEN, "one")
    assert hold(browser(), doctor, TEN + 3, "two").status is Status.HELD


def test_another_choice_keeps_the_reason_that_was_typed(clinic):
    doctor = a_doctor()
    kind = doctor.visit_types[0].ref
    holds.hold(browser(), doctor.ref, kind, TEN, "one", "A cough")
    assert holds.hold(browser(), doctor.ref, kind, NOON, "two").reason == "A cough"


def test_a_new_reason_replaces_the_one_that_was_typed(clinic):
    doctor = a_doctor()
    kind = doctor.visit_types[0].ref
    holds.hold(browser(), doctor.ref, kind, TEN, "one", "A cough")
    assert holds.hold(browser(), doctor.ref, kind, NOON, "two", "A rash").reason == "A rash"


def test_a_choice_that_is_refused_keeps_the_first(clinic):
    doctor = a_doctor()
    hold(browser("other"), doctor, NOON)
    first = hold(browser(), doctor, TEN, "one")
    with pytest.raises(refusals.OpeningTaken):
        hold(browser(), doctor, NOON, "two")
    assert holders.held_by(browser()) == first


def test_a_patient_holds_one_time_over_all_browsers(clinic):
    doctor, patient = a_doctor(), a_patient()
    first = hold(browser("at home", patient), doctor, TEN, "one")
    hold(browser("on the way", patient), doctor, NOON, "two")
    assert first.status is Status.EXPIRED


def test_signing_in_and_choosing_again_releases_the_browsers_hold(clinic):
    doctor = a_doctor()
    first = hold(browser(), doctor, TEN, "one")
    hold(browser(patient=a_patient()), doctor, NOON, "two")
    assert first.status is Status.EXPIRED


def test_two_browsers_hold_independently(clinic):
    doctor = a_doctor()
    first = hold(browser("a"), doctor, TEN)
    hold(browser("b"), doctor, NOON)
    assert first.status is Status.HELD


def test_a_hold_is_over_after_the_clinics_hold_time(clinic):
    hold(browser(), a_doctor())
    clinic.advance(minutes=10)
    assert holders.held_by(browser()) is None


def test_a_hold_stands_until_then(clinic):
    held = hold(browser(), a_doctor())
    clinic.advance(minutes=9, seconds=59)
    assert holders.held_by(browser()) == held


def test_whoever_meets_an_ended_hold_takes_its_time(clinic):
    doctor = a_doctor()
    first = hold(browser("a"), doctor)
    clinic.advance(minutes=10)
    hold(browser("b"), doctor)
    assert first.status is Status.EXPIRED


def test_the_sweep_ends_holds_whose_time_has_passed(clinic):
    held = hold(browser(), a_doctor())
    clinic.advance(minutes=10)
    assert holds.sweep() == 1
    assert (held.status, claimed(held)) == (Status.EXPIRED, 0)


def test_the_sweep_leaves_a_hold_that_stands(clinic):
    held = hold(browser(), a_doctor())
    clinic.advance(minutes=9)
    assert holds.sweep() == 0
    assert held.status is Status.HELD


def test_the_sweep_leaves_what_was_booked_in_time(clinic):
    appointment = booked(a_patient(), a_doctor(), at("2026-11-25 10:00"))
    clinic.advance(minutes=30)
    holds.sweep()
    assert appointment.status is Status.CONFIRMED


def test_the_same_form_sent_twice_holds_once(clinic):
    doctor = a_doctor()
    assert hold(browser(), doctor).ref == hold(browser(), doctor).ref


def test_anothers_key_is_another_key(clinic):
    doctor = a_doctor()
    first = hold(browser("a"), doctor, TEN, "same")
    assert hold(browser("b"), doctor, NOON, "same").ref != first.ref


@pytest.mark.parametrize("other", [NOON, TEN + 3])
def test_a_key_used_for_another_time_is_refused_and_the_first_hold_stays(clinic, other):
    doctor = a_doctor()
    first = hold(browser(), doctor, TEN)
    with pytest.raises(refusals.KeyUsedElsewhere):
        hold(browser(), doctor, other)
    assert holders.held_by(browser()) == first


def test_a_key_used_with_another_doctor_is_refused(clinic):
    kind = a_visit_type()
    hold(browser(), a_doctor(visit_types=[kind]))
    with pytest.raises(refusals.KeyUsedElsewhere):
        hold(browser(), a_doctor(visit_types=[kind]))


def test_the_key_of_an_ended_hold_says_that_it_has_ended(clinic):
    doctor = a_doctor()
    hold(browser(), doctor)
    clinic.advance(minutes=10)
    with pytest.raises(refusals.HoldEnded):
        hold(browser(), doctor)


def test_one_address_holds_so_many_times_and_no_more(clinic):
    policy(holds_per_address=2)
    doctor = a_doctor()
    hold(browser("a"), doctor, TEN)
    hold(browser("b"), doctor, NOON)
    with pytest.raises(refusals.TooManyHolds):
        hold(browser("c"), doctor, TEN + 12)


def test_another_address_has_its_own_limit(clinic):
    policy(holds_per_address=1)
    doctor = a_doctor()
    hold(browser("a", address="192.0.2.1"), doctor, TEN)
    assert hold(browser("b", address="192.0.2.2"), doctor, NOON).status is Status.HELD


def test_ended_holds_do_not_count_against_an_address(clinic):
    policy(holds_per_address=1)
    doctor = a_doctor()
    hold(browser("a"), doctor, TEN)
    clinic.advance(minutes=10)
    assert hold(browser("b"), doctor, NOON).status is Status.HELD


def test_choosing_again_does_not_meet_the_limit_by_itself(clinic):
    policy(holds_per_address=1)
    doctor = a_doctor()
    hold(browser(), doctor, TEN, "one")
    assert hold(browser(), doctor, NOON, "two").status is Status.HELD


def test_a_released_time_is_free_again(clinic):
    doctor = a_doctor()
    held = hold(browser("a"), doctor)
    holds.release(browser("a"), held.ref)
    assert hold(browser("b"), doctor).status is Status.HELD


def test_nobody_releases_anothers_hold(clinic):
    held = hold(browser("a"), a_doctor())
    holds.release(browser("b"), held.ref)
    assert held.status is Status.HELD


def test_a_patient_cannot_hold_two_doctors_at_one_time(clinic):
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    with pytest.raises(refusals.OwnOverlap):
        hold(browser(patient=patient), a_doctor(), TEN + 3)


def test_a_patient_at_the_cap_cannot_hold(clinic):
    policy(open_bookings_per_patient=1)
    patient = a_patient()
    booked(patient, a_doctor(), at("2026-11-25 10:00"))
    with pytest.raises(refusals.OverTheCap):
        hold(browser(patient=patient), a_doctor(), NOON)


def test_a_visit_type_that_the_doctor_does_not_offer_cannot_be_held(clinic):
    with pytest.raises(refusals.NotBookable):
        holds.hold(browser(), a_doctor().ref, a_visit_type().ref, TEN, "key")


def test_a_doctor_who_is_not_published_cannot_be_held(clinic):
    with pytest.raises(refusals.NotBookable):
        hold(browser(), a_doctor(published=False))


def test_a_hold_cannot_be_booked_from_another_browser(clinic):
    held = hold(browser("a"), a_doctor())
    with pytest.raises(NotFound):
        bookings.book(browser("b", a_patient()), a_patient(), held.ref, "")
