"""A doctor's own length and price of a visit type hold everywhere, and what was agreed stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.clock import tick_of
from app.directory.facts import VisitTypeFacts
from app.extensions import db
from app.models import Appointment, Doctor, VisitType
from app.scheduling import bookings, changes, holds, nearby, openings, refusals, soonest, strip
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked, on_own_terms, tick
from tests.scheduling.conftest import queries

DAY = date(2026, 11, 25)


@pytest.fixture
def kind(clinic) -> VisitType:
    return a_visit_type("Check-up", minutes=30, price_cents=4000)


@pytest.fixture
def quick(kind: VisitType) -> Doctor:
    return a_doctor("Quinn Quick", visit_types=[kind], hours="09:00-10:30")


@pytest.fixture
def slow(kind: VisitType) -> Doctor:
    doctor = a_doctor("Sam Slow", visit_types=[kind], hours="09:00-10:30")
    on_own_terms(doctor, kind, minutes=60, cents=9000)
    return doctor


def common_of(desk: openings.Desk, kind: VisitType) -> VisitTypeFacts:
    """The visit type on the clinic's terms."""
    found = desk.catalogue.visit_type(kind.ref)
    assert found
    return found


def times_of(found: list[openings.Opening], doctor: Doctor) -> list[str]:
    return [f"{one.local:%H:%M}" for one in found if one.doctor.id == doctor.id]


def test_any_doctor_lists_each_one_at_their_own_length_and_price(quick, slow, kind):
    desk = openings.desk()
    common = common_of(desk, kind)
    found = openings.of_day(desk, desk.catalogue.doctors, common, DAY)
    assert times_of(found, quick) == ["09:00", "09:15", "09:30", "09:45", "10:00"]
    assert times_of(found, slow) == ["09:00", "09:15", "09:30"]
    assert {(o.doctor.id, o.visit_type.minutes, o.visit_type.price_cents) for o in found} == {
        (quick.id, 30, 4000),
        (slow.id, 60, 9000),
    }
    assert all(o.ends_at - o.starts_at == timedelta(minutes=o.visit_type.minutes) for o in found)


def test_the_strip_the_nearest_and_the_first_openings_use_the_own_length(quick, slow, kind):
    desk = openings.desk()
    common = common_of(desk, kind)
    assert strip.of_days(desk, desk.catalogue.doctors, common, DAY, days=1)[0].openings == 5 + 3
    only_slow = [desk.catalogue.by_ref[slow.ref]]
    near = nearby.nearest(desk, only_slow, common, tick("2026-11-25 10:30"), how_many=1)
    assert times_of(near, slow) == ["09:30"]
    ((own, firsts),) = soonest.of_each_visit_type(desk, only_slow[0])
    assert own.minutes == 60
    assert all(one.visit_type is own for one in firsts)


def test_the_clinics_terms_are_no_doctors_own(quick, slow, kind):
    desk = openings.desk()
    catalogue, common = desk.catalogue, common_of(desk, kind)
    assert [one.minutes for one in catalogue.visit_types] == [30]
    assert catalogue.by_ref[quick.ref].visit_types[0] is common
    assert catalogue.by_ref[slow.ref].own(common).minutes == 60


def test_doctors_on_equal_terms_share_them(kind):
    doctors = [a_doctor(visit_types=[kind]) for _ in range(3)]
    for doctor in doctors:
        on_own_terms(doctor, kind, minutes=45)
    facts = openings.desk().catalogue.doctors
    assert len({one.visit_types[0] for one in facts}) == 1


def test_a_start_at_which_the_own_length_does_not_fit_is_refused(slow, kind):
    with pytest.raises(refusals.OutsideHours):
        booked(a_patient(), slow, at("2026-11-25 10:00"), kind)


def test_a_booking_lasts_and_costs_what_the_doctor_says(slow, kind):
    appointment = booked(a_patient(), slow, at("2026-11-25 09:00"), kind)
    assert (appointment.minutes, appointment.price_cents) == (60, 9000)
    assert appointment.busy_until_tick - appointment.busy_from_tick == 12


def test_own_terms_may_be_free_of_charge(quick, kind):
    on_own_terms(quick, kind, cents=0)
    assert booked(a_patient(), quick, at("2026-11-25 09:00"), kind).price_cents == 0


def test_what_was_agreed_stays_when_the_terms_change_and_when_the_visit_moves(quick, kind):
    patient = a_patient()
    appointment = booked(patient, quick, at("2026-11-25 09:00"), kind)
    on_own_terms(quick, kind, minutes=60, cents=9000)
    db.session.refresh(appointment)
    assert (appointment.minutes, appointment.price_cents) == (30, 4000)
    changes.move(
        appointment,
        Actor.of(patient.user),
        tick("2026-11-25 10:00"),  # where an hour would no longer fit
        version=appointment.version,
    )
    moved = db.session.get_one(Appointment, appointment.id)
    assert moved.starts_at == at("2026-11-25 10:00")
    assert (moved.minutes, moved.price_cents) == (30, 4000)
    assert moved.busy_until_tick - moved.busy_from_tick == 6


def test_a_held_time_is_booked_as_it_was_held(quick, kind):
    patient = a_patient()
    holder = Holder("a browser", patient, "192.0.2.1")
    start = tick_of(at("2026-11-25 10:00"))
    held = holds.hold(holder, quick.ref, kind.ref, start, "a key")
    on_own_terms(quick, kind, minutes=60, cents=9000)
    appointment = bookings.book(holder, patient, held.ref, "")
    assert (appointment.minutes, appointment.price_cents) == (30, 4000)


def test_own_terms_cost_no_query_more(quick, slow, kind):
    desk = openings.desk()
    common = common_of(desk, kind)
    openings.of_day(desk, desk.catalogue.doctors, common, DAY)  # now the shapes are remembered
    with queries() as asked:
        openings.of_day(desk, desk.catalogue.doctors, common, DAY)
    assert len(asked) == 1
