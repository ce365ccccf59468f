"""Floors: however stale, never above the earliest time that is really open."""

from __future__ import annotations

import itertools
from datetime import timedelta
from threading import Barrier, Thread, local

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.clock import instant_of
from app.models import Appointment, Doctor
from app.models import AppointmentStatus as Status
from app.scheduling import changes, floors, holds, nearby, openings, visits
from app.scheduling.moves import Actor
from app.scheduling.states import MOVABLE
from app.transaction import transactional
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked, policy, tick
from tests.scheduling.test_holds import browser, hold

keys = itertools.count()
acts = st.lists(
    st.tuples(
        st.sampled_from(["book", "hold", "cancel", "move", "decline and undo", "later", "raise"]),
        st.integers(0, 50),
    ),
    max_size=14,
)


def true_earliest(doctor: Doctor) -> int | None:
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    firsts = [nearby.earliest(desk, [facts], kind, how_many=1) for kind in facts.visit_types]
    return min((found[0].tick for found in firsts if found), default=None)


def floor(doctor: Doctor) -> int | None:
    return floors.known(openings.desk()).get(doctor.id)


def raise_floor(doctor: Doctor) -> None:
    facts = openings.desk().catalogue.by_id[doctor.id]
    floors.raise_for(facts)


def an_opening(doctor: Doctor, number: int) -> openings.Opening | None:
    """One of the openings of the next days, the earliest being number 0."""
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    kind = facts.visit_types[number % len(facts.visit_types)]
    found = nearby.earliest(desk, [facts], kind, how_many=number // 4 + 1)
    return found[-1] if found else None


@settings(
    max_examples=50,
    phases=[Phase.generate],  # each example lives through days: to shrink one takes minutes
)
@given(acts)
def test_a_floor_is_never_above_the_true_earliest_opening(clinic, happenings):
    clinic.move_to(at("2026-11-24 08:00"))
    policy(open_bookings_per_patient=99, open_bookings_per_doctor=99, horizon_days=4)
    policy(holds_per_address=99)
    short = a_visit_type(minutes=30)
    long = a_visit_type(minutes=60, buffer_after=15)
    doctor = a_doctor(hours="10:00-11:45", visit_types=[short, long])
    raise_floor(doctor)
    booked_ones: list[Appointment] = []
    for what, number in happenings:
        happen(clinic, doctor, booked_ones, what, number)
        known, earliest = floor(doctor), true_earliest(doctor)
        assert known is None or earliest is None or known <= earliest, what


def happen(clinic, doctor: Doctor, booked_ones: list[Appointment], what: str, number: int) -> None:
    opening = an_opening(doctor, number)
    open_ones = [each for each in booked_ones if each.status in MOVABLE]
    if what == "raise":
        raise_floor(doctor)
    elif what == "later":
        clinic.advance(minutes=number)
        holds.sweep()
    elif what in {"book", "hold"} and opening is not None:
        ref, tick = opening.visit_type.ref, opening.tick
        if what == "hold":
            holds.hold(browser(f"{number % 3}"), doctor.ref, ref, tick, f"key-{next(keys)}")
        else:
            kind = next(each for each in doctor.visit_types if each.ref == ref)
            booked_ones.append(booked(a_patient(), doctor, instant_of(tick), kind))
    elif open_ones:
        change(doctor, open_ones[number % len(open_ones)], what, number)


def change(doctor: Doctor, appointment: Appointment, what: str, number: int) -> None:
    actor = Actor.of(doctor.user)
    if what in {"cancel", "decline and undo"}:
        changes.cancel(appointment, actor, "", version=appointment.version)
    if what == "decline and undo":
        visits.undo(appointment, actor, version=appointment.version)
    if what == "move":
        opening = an_opening(doctor, number)
        if opening is not None and opening.visit_type.id == appointment.visit_type_id:
            changes.move(appointment, actor, opening.tick, version=appointment.version)


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_two_workers_who_meet_at_a_doctor_without_a_floor_both_succeed(database):
    with database.app_context():
        a_doctor()
        facts = openings.desk().catalogue.doctors[0]
    neither_found_one, met, raised = Barrier(2, timeout=20), local(), []

    def meet(*_: object) -> None:
        if not hasattr(met, "once"):
            met.once = True
            neither_found_one.wait()

    def work() -> None:
        with database.app_context():
            raised.append(floors.raise_for(facts))

    event.listen(Session, "before_flush", meet)
    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    event.remove(Session, "before_flush", meet)
    assert len(raised) == 2


def test_a_raised_floor_is_the_earliest_opening(clinic):
    doctor = a_doctor(hours="10:00-11:30")
    raise_floor(doctor)
    assert floor(doctor) == true_earliest(doctor)


def test_a_booking_lets_the_next_raise_climb(clinic):
    doctor = a_doctor(hours="10:00-10:30")
    booked(a_patient(), doctor, at("2026-11-24 10:00"))
    raise_floor(doctor)
    assert instant_of(floor(doctor) or 0) == at("2026-11-25 10:00")


def test_freed_time_lets_a_longer_visit_begin_before_it(clinic):
    hour, half = a_visit_type(minutes=60), a_visit_type(minutes=30)
    doctor = a_doctor(hours="10:00-11:00", visit_types=[hour, half])
    late = booked(a_patient(), doctor, at("2026-11-24 10:30"), half)
    transactional(lambda: doctor.visit_types.remove(half))()
    raise_floor(doctor)
    changes.cancel(late, Actor.of(doctor.user), "", version=late.version)
    assert instant_of(true_earliest(doctor) or 0) == at("2026-11-24 10:00")
    assert (floor(doctor) or 0) <= (true_earliest(doctor) or 0)


def test_the_first_raise_notices_time_that_is_freed_meanwhile(clinic, monkeypatch):
    doctor = a_doctor()
    facts = openings.desk().catalogue.by_id[doctor.id]
    lower_meanwhile(monkeypatch, doctor)
    assert floors.raise_for(facts) is False


def test_a_floor_of_an_earlier_revision_is_not_known(clinic):
    doctor = a_doctor()
    raise_floor(doctor)
    policy(phone="030 1234")
    assert floor(doctor) is None


def test_a_held_time_counts_as_free_for_the_floor(clinic):
    doctor = a_doctor(hours="10:00-10:30")
    held = hold(browser(), doctor, tick("2026-11-24 10:00"))
    raise_floor(doctor)
    assert held.status is Status.HELD
    assert instant_of(floor(doctor) or 0) == held.starts_at


def test_a_doctor_without_a_floor_is_worth_raising(clinic):
    doctor = a_doctor()
    desk = openings.desk()
    assert [each.id for each in floors.stale(desk, 10)] == [doctor.id]


def test_a_floor_is_not_raised_again_within_five_minutes(clinic):
    doctor = a_doctor()
    raise_floor(doctor)
    clinic.advance(minutes=4)
    assert floors.stale(openings.desk(), 10) == []


def test_a_floor_is_raised_again_after_five_minutes(clinic):
    doctor = a_doctor()
    raise_floor(doctor)
    clinic.advance(minutes=5)
    assert [each.id for each in floors.stale(openings.desk(), 10)] == [doctor.id]


def test_an_empty_horizon_still_has_a_floor_within_it(clinic):
    doctor = a_doctor(hours=None)
    raise_floor(doctor)
    assert instant_of(floor(doctor) or 0) <= at("2026-11-24 08:00") + timedelta(60)


def test_a_floor_that_was_lowered_meanwhile_is_not_overwritten(clinic, monkeypatch):
    doctor = a_doctor()
    raise_floor(doctor)
    facts = openings.desk().catalogue.by_id[doctor.id]
    lower_meanwhile(monkeypatch, doctor)
    assert floors.raise_for(facts) is False


def lower_meanwhile(monkeypatch, doctor: Doctor) -> None:
    """Let somebody free time of the doctor while a floor is being computed."""
    real = floors.floor_of

    def slowly(desk, of):
        tick = real(desk, of)
        floors.lower(doctor.id, tick - 500)
        return tick

    monkeypatch.setattr(floors, "floor_of", slowly)
