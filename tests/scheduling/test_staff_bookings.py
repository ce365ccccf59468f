"""Visits booked for a patient: over no cap, never over anybody's time except on purpose."""

from __future__ import annotations

from time import process_time

import pytest
from sqlalchemy import select

from app.accounts import invitations
from app.accounts.addresses import NotAnAddress
from app.accounts.invitations import AddressTaken, Newcomer
from app.errors import NotAllowed, NotFound
from app.extensions import db
from app.models import (
    Appointment,
    AuditEvent,
    Claim,
    Doctor,
    MessageKind,
    OutboxMessage,
    Patient,
    Role,
    User,
    WhoMayBook,
)
from app.models import AppointmentStatus as Status
from app.scheduling import (
    changes,
    desk_patients,
    openings,
    overbooking,
    refusals,
    staff_bookings,
)
from app.scheduling.moves import Actor
from app.scheduling.overbooking import Clash, NoWord, OtherClash, StillOpen
from app.scheduling.soundness import count_faults
from app.scheduling.staff_bookings import Wanted
from app.transaction import transactional
from tests.builders import a_doctor, a_patient, a_user, a_visit_type, at, booked, policy, tick
from tests.conftest import FrozenClock
from tests.scheduling.test_holds import browser, hold

TEN, EVENING = tick("2026-11-25 10:00"), tick("2026-11-25 20:00")


def wanted(doctor: Doctor, start: int = TEN, key: str = "a key", **more: str) -> Wanted:
    kind = more.pop("visit_type", "") or doctor.visit_types[0].ref
    return Wanted(doctor.ref, kind, start, key, **more)


def clash(doctor: Doctor, start: int = TEN) -> Clash:
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    return overbooking.clash(desk, facts, facts.visit_types[0], start)


def overbook(doctor: Doctor, patient: Patient, start: int = TEN, key: str = "a key") -> Appointment:
    """Both steps, one after the other."""
    seen = clash(doctor, start).seen
    return overbooking.overbook(
        doctor.user, patient, wanted(doctor, start, key), "An emergency", seen
    )


def claims_of(appointment: Appointment, calendar_id: int) -> int:
    query = select(Claim).where(
        Claim.appointment_id == appointment.id, Claim.calendar_id == calendar_id
    )
    return len(db.session.scalars(query).all())


def events_of(appointment: Appointment) -> list[AuditEvent]:
    query = select(AuditEvent).where(
        AuditEvent.object_kind == "appointment", AuditEvent.object_id == appointment.id
    )
    return list(db.session.scalars(query.order_by(AuditEvent.id)))


def test_a_doctor_books_for_a_patient_and_it_is_confirmed_at_once(clinic: FrozenClock) -> None:
    doctor, patient = a_doctor(visit_types=[a_visit_type(needs_approval=True)]), a_patient()
    visit = staff_bookings.book(doctor.user, patient, wanted(doctor, reason=" Stitches out "))
    assert visit.status is Status.CONFIRMED
    assert visit.reason == "Stitches out"
    assert visit.hold_expires_at is None
    assert claims_of(visit, doctor.calendar_id) == 6
    assert claims_of(visit, patient.calendar_id) == 6
    assert count_faults().none


def test_the_patient_is_told_by_mail(clinic: FrozenClock) -> None:
    doctor, patient = a_doctor(), a_patient()
    visit = staff_bookings.book(doctor.user, patient, wanted(doctor))
    mail = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.appointment_id == visit.id)
    ).one()
    assert (mail.kind, mail.recipient) == (MessageKind.APPOINTMENT_CONFIRMED, patient.user.email)


def test_the_trail_names_who_booked(clinic: FrozenClock) -> None:
    doctor, admin = a_doctor(), a_user(Role.ADMIN)
    visit = staff_bookings.book(admin, a_patient(), wanted(doctor))
    assert {event.actor_id for event in events_of(visit)} == {admin.id}
    assert events_of(visit)[-1].after == {"status": "confirmed"}


def test_another_doctor_and_a_patient_may_not_book_there(clinic: FrozenClock) -> None:
    doctor, other, patient = a_doctor(), a_doctor(), a_patient()
    for actor in (other.user, patient.user):
        with pytest.raises(NotAllowed):
            staff_bookings.book(actor, patient, wanted(doctor))


@transactional
def close(user: User) -> None:
    user.is_active = False


def test_an_admin_whose_account_was_closed_meanwhile_books_nothing(clinic: FrozenClock) -> None:
    doctor, admin = a_doctor(), a_user(Role.ADMIN)
    close(admin)
    with pytest.raises(NotAllowed):
        staff_bookings.book(admin, a_patient(), wanted(doctor))


def test_nothing_is_booked_for_an_account_that_is_closed(clinic: FrozenClock) -> None:
    doctor, patient = a_doctor(), a_patient()
    close(patient.user)
    with pytest.raises(refusals.NotBookable, match="closed"):
        staff_bookings.book(doctor.user, patient, wanted(doctor))


def test_the_caps_of_patients_do_not_bind_staff(clinic: FrozenClock) -> None:
    policy(open_bookings_per_doctor=1, open_bookings_per_patient=1)
    doctor, patient = a_doctor(), a_patient()
    for hour in (10, 11, 12):
        start = tick(f"2026-11-25 {hour}:00")
        staff_bookings.book(doctor.user, patient, wanted(doctor, start, f"key {hour}"))


def test_what_is_for_staff_or_for_new_patients_is_booked_by_staff_for_anybody(
    clinic: FrozenClock,
) -> None:
    kinds = [a_visit_type(who_may_book=WhoMayBook.STAFF), a_visit_type(who_may_book="returning")]
    doctor = a_doctor(visit_types=kinds)
    for number, kind in enumerate(kinds):
        start = tick(f"2026-11-25 1{number}:00")
        asked = wanted(doctor, start, f"key {number}", visit_type=kind.ref)
        assert staff_bookings.book(doctor.user, a_patient(), asked)


def test_a_taken_time_is_refused(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 10:00"))
    with pytest.raises(refusals.OpeningTaken):
        staff_bookings.book(doctor.user, a_patient(), wanted(doctor))


def test_the_minimum_notice_and_the_hours_bind_staff_too(clinic: FrozenClock) -> None:
    doctor = a_doctor(hours="08:00-17:00")
    with pytest.raises(refusals.TooSoon):
        staff_bookings.book(doctor.user, a_patient(), wanted(doctor, tick("2026-11-24 08:30")))
    with pytest.raises(refusals.OutsideHours):
        staff_bookings.book(doctor.user, a_patient(), wanted(doctor, EVENING))


def test_a_patient_is_not_booked_into_two_places_and_it_is_said_in_words(
    clinic: FrozenClock,
) -> None:
    doctor, other, patient = a_doctor("Ada Berg"), a_doctor("Bea Cruz"), a_patient("Ines Carvalho")
    booked(patient, other, at("2026-11-25 10:00"))
    with pytest.raises(refusals.OwnOverlap) as of_a_doctor:
        staff_bookings.book(doctor.user, patient, wanted(doctor))
    assert "Ines Carvalho has another appointment at this time" in of_a_doctor.value.sentence
    assert "Bea Cruz" not in of_a_doctor.value.sentence
    with pytest.raises(refusals.OwnOverlap, match="Bea Cruz from 10:00 to 10:30"):
        staff_bookings.book(a_user(Role.ADMIN), patient, wanted(doctor))


def test_sending_the_form_twice_books_once(clinic: FrozenClock) -> None:
    doctor, patient = a_doctor(), a_patient()
    first = staff_bookings.book(doctor.user, patient, wanted(doctor))
    assert staff_bookings.book(doctor.user, patient, wanted(doctor)).id == first.id
    with pytest.raises(refusals.KeyUsedElsewhere):
        staff_bookings.book(doctor.user, patient, wanted(doctor, tick("2026-11-25 14:00")))


def test_a_hold_that_is_over_stands_in_nobodys_way(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    hold(browser(), doctor)
    clinic.advance(minutes=11)
    assert staff_bookings.book(doctor.user, a_patient(), wanted(doctor))


def test_the_openings_nearest_to_a_wish_are_found_on_both_sides(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 10:00"))
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    found = staff_bookings.near(desk, facts, facts.visit_types[0], TEN)
    assert [one.local.strftime("%H:%M") for one in found] == ["09:15", "09:30", "10:30"]


def test_a_wish_beyond_the_horizon_finds_the_last_openings(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    found = staff_bookings.near(desk, facts, facts.visit_types[0], tick("2027-02-16 10:00"))
    assert {one.day.isoformat() for one in found} == {"2027-01-23"}


@pytest.mark.parametrize("when", ["2099-12-01 10:00", "1971-01-04 10:00"])
def test_a_wish_for_another_lifetime_is_answered_as_fast(clinic: FrozenClock, when: str) -> None:
    doctor = a_doctor()
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    start = process_time()
    found = staff_bookings.near(desk, facts, facts.visit_types[0], tick(when))
    assert len(found) == 3
    assert process_time() - start < 0.5


def test_overbooking_takes_none_of_the_doctors_time_and_all_of_the_patients(
    clinic: FrozenClock,
) -> None:
    doctor, patient = a_doctor(), a_patient()
    first = booked(a_patient(), doctor, at("2026-11-25 10:00"))
    visit = overbook(doctor, patient)
    assert visit.is_overbooked
    assert visit.overbooked_by_id == doctor.user_id
    assert visit.status is Status.CONFIRMED
    assert claims_of(visit, doctor.calendar_id) == 0
    assert claims_of(visit, patient.calendar_id) == 6
    assert claims_of(first, doctor.calendar_id) == 6
    assert count_faults().none


def test_the_trail_says_why_and_over_what(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    first = booked(a_patient(), doctor, at("2026-11-25 10:00"))
    event = events_of(overbook(doctor, a_patient()))[0]
    assert event.action == "appointment.overbooked"
    assert event.reason == "An emergency"
    assert event.after == {"is_overbooked": True, "over": [first.ref]}


def test_a_clash_lists_the_visits_and_says_why(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    first = booked(a_patient(), doctor, at("2026-11-25 10:00"))
    assert [visit.ref for visit in clash(doctor, tick("2026-11-25 10:15")).visits] == [first.ref]
    assert clash(doctor, EVENING).visits == ()
    assert clash(doctor, EVENING).why.reason == "outside_hours"


def test_outside_the_hours_one_can_only_overbook(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    visit = overbook(doctor, a_patient(), EVENING)
    assert visit.is_overbooked
    assert visit.location.name == "Main Street Practice"


def test_an_open_time_is_never_overbooked_by_accident(clinic: FrozenClock) -> None:
    with pytest.raises(StillOpen):
        overbook(a_doctor(), a_patient())


def test_overbooking_wants_a_word(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    seen = clash(doctor, EVENING).seen
    with pytest.raises(NoWord):
        overbooking.overbook(doctor.user, a_patient(), wanted(doctor, EVENING), "  ", seen)


def test_what_came_into_the_way_meanwhile_has_to_be_seen_first(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 10:00"))
    seen = clash(doctor, tick("2026-11-25 10:15")).seen
    booked(a_patient(), doctor, at("2026-11-25 10:30"))
    asked = wanted(doctor, tick("2026-11-25 10:15"))
    with pytest.raises(OtherClash):
        overbooking.overbook(doctor.user, a_patient(), asked, "An emergency", seen)


def test_an_overbooked_patient_is_not_in_two_places_either(clinic: FrozenClock) -> None:
    doctor, patient = a_doctor(), a_patient()
    booked(patient, doctor, at("2026-11-25 10:00"))
    with pytest.raises(refusals.OwnOverlap):
        overbook(doctor, patient)


def test_the_past_and_another_doctors_day_are_not_overbooked(clinic: FrozenClock) -> None:
    doctor, other = a_doctor(), a_doctor()
    with pytest.raises(refusals.InThePast):
        clash(doctor, tick("2026-11-24 07:55"))
    with pytest.raises(refusals.TooFarAhead):
        clash(doctor, tick("2028-11-24 10:00"))
    with pytest.raises(NotAllowed):
        overbooking.overbook(
            other.user, a_patient(), wanted(doctor, EVENING), "Why not", clash(doctor, EVENING).seen
        )


def test_a_cancelled_overbooked_visit_leaves_what_it_was_put_over(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    first = booked(a_patient(), doctor, at("2026-11-25 10:00"))
    visit = overbook(doctor, a_patient())
    changes.cancel(visit, Actor.of(doctor.user), "Not needed", version=visit.version)
    assert claims_of(first, doctor.calendar_id) == 6
    assert count_faults().none


def names(found) -> list[str]:
    return [patient.name for patient in found]


def test_a_doctor_finds_patients_of_their_own_and_no_others(clinic: FrozenClock) -> None:
    doctor, other = a_doctor(), a_doctor()
    booked(a_patient("Ines Carvalho"), doctor, at("2026-11-25 10:00"))
    booked(a_patient("Ines Castro"), other, at("2026-11-25 10:00"))
    a_patient("Ines Nobody")
    assert names(desk_patients.find(doctor.user, "ines")) == ["Ines Carvalho"]
    assert names(desk_patients.find(other.user, "cas")) == ["Ines Castro"]
    admin = a_user(Role.ADMIN)
    assert len(desk_patients.find(admin, "ines")) == 3


def test_a_time_that_was_only_held_makes_nobody_a_doctors_patient(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    hold(browser(patient=a_patient("Ines Carvalho")), doctor)
    assert names(desk_patients.find(doctor.user, "ines")) == []


def test_somebody_elses_patient_is_found_by_the_exact_address_only(clinic: FrozenClock) -> None:
    doctor, stranger = a_doctor(), a_patient("Sam Stranger", "sam@example.org")
    ref = stranger.user.ref
    for begin in ("sam", "sam@", "sam@example.or", "%@%", "_"):
        assert names(desk_patients.find(doctor.user, begin)) == []
    assert names(desk_patients.find(doctor.user, " Sam@Example.org ")) == ["Sam Stranger"]
    with pytest.raises(NotFound):
        desk_patients.one(doctor.user, ref)
    assert desk_patients.one(doctor.user, ref, "sam@example.org").id == stranger.id


@transactional
def give_phone(patient: Patient, phone: str) -> None:
    patient.phone = phone


def test_patients_are_found_by_their_telephone_number_however_it_is_written(
    clinic: FrozenClock,
) -> None:
    admin, patient = a_user(Role.ADMIN), a_patient("Ines Carvalho")
    give_phone(patient, "+49 (30) 90-18 20")
    for typed in ("+4930901820", "030 901820", "901820"):
        assert names(desk_patients.find(admin, typed)) == ["Ines Carvalho"]
    assert names(desk_patients.find(admin, "901821")) == []


def test_patients_are_found_by_the_beginning_of_their_address(clinic: FrozenClock) -> None:
    admin = a_user(Role.ADMIN)
    a_patient("Ines Carvalho", "carva@example.org")
    for typed in ("carv", "CARVA@ex", "carva@example.org"):
        assert names(desk_patients.find(admin, typed)) == ["Ines Carvalho"]
    assert names(desk_patients.find(admin, "arva@")) == []


def test_neither_staff_nor_closed_accounts_are_found(clinic: FrozenClock) -> None:
    admin, patient = a_user(Role.ADMIN, "Ines Admin"), a_patient("Ines Closed")
    a_doctor("Ines Doctor")
    close(patient.user)
    assert names(desk_patients.find(admin, "ines")) == []


def test_patients_search_no_patients(clinic: FrozenClock) -> None:
    with pytest.raises(NotAllowed):
        desk_patients.find(a_patient().user, "ines")


def test_a_doctor_makes_a_new_patient_who_is_invited_and_found(clinic: FrozenClock) -> None:
    doctor, other = a_doctor(), a_doctor()
    newcomer = Newcomer("Nora Neu", "nora@example.org", Role.PATIENT, phone="+49 30 5550")
    user = invitations.create(newcomer, doctor.user)
    assert user.patient is not None
    assert user.patient.phone == "+49 30 5550"
    assert not user.is_confirmed
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert (mail.kind, mail.recipient) == (MessageKind.INVITATION, "nora@example.org")
    assert names(desk_patients.find(doctor.user, "nora")) == ["Nora Neu"]
    assert names(desk_patients.find(other.user, "nora")) == []
    assert staff_bookings.book(doctor.user, user.patient, wanted(doctor))


def test_a_doctor_invites_nobody_but_patients(clinic: FrozenClock) -> None:
    doctor, waiting = a_doctor(), a_doctor(published=False)
    for role in (Role.DOCTOR, Role.ADMIN):
        with pytest.raises(NotAllowed):
            invitations.create(Newcomer("Nora Neu", "nora@example.org", role), doctor.user)
    newcomer = Newcomer("Nora Neu", "nora@example.org", Role.PATIENT)
    for actor in (waiting.user, a_patient().user):
        with pytest.raises(NotAllowed):
            invitations.create(newcomer, actor)


def test_an_address_that_somebody_has_makes_no_second_patient(clinic: FrozenClock) -> None:
    doctor = a_doctor()
    a_patient("Ines Carvalho", "ines@example.org")
    with pytest.raises(AddressTaken):
        invitations.create(Newcomer("Ines", "ines@example.org", Role.PATIENT), doctor.user)
    with pytest.raises(NotAnAddress):
        invitations.create(Newcomer("Ines", "no address", Role.PATIENT), doctor.user)
