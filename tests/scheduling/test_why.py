"""Why a time can be booked or not: one reason at a time, and in agreement with the booking."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.clock import tick_of
from app.directory.facts import DoctorFacts, VisitTypeFacts
from app.models import Closure, Doctor, HoursException, HoursExceptionKind, VisitType
from app.scheduling import diary, holds, nearby, openings, why
from app.scheduling.days import date_of
from app.scheduling.holders import Holder
from app.scheduling.openings import Desk
from app.scheduling.refusals import NotBookable
from app.scheduling.why import Reason, Why
from tests.builders import (
    BERLIN,
    a_doctor,
    a_location,
    a_patient,
    a_visit_type,
    at,
    booked,
    policy,
    tick,
    works,
)
from tests.scheduling.test_list_and_save import NOWS, World, a_doctor_of, worlds
from tests.scheduling.test_week import add

UTC = ZoneInfo("UTC")


def explain(doctor: Doctor, text: str, kind: VisitType | None = None) -> Why:
    """The explanation for a time on the wall of Berlin; of the doctor's first visit type."""
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    visit_type = facts.visit_type(kind.ref) if kind else facts.visit_types[0]
    assert visit_type is not None
    wanted = tick(text)
    on = date_of(wanted, BERLIN)
    return why.explain(diary.read(desk, doctor.id, on, on), visit_type, wanted)


def can_be_had(desk: Desk, facts: DoctorFacts, kind: VisitTypeFacts, wanted: int) -> bool:
    try:
        openings.require(desk, facts, kind, wanted)
    except NotBookable:
        return False
    return True


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-11-25 10:00", Reason.BOOKABLE),
        ("2026-11-24 07:30", Reason.PAST),
        ("2026-11-25 08:00", Reason.OUTSIDE_HOURS),
        ("2026-11-25 17:00", Reason.OUTSIDE_HOURS),
        ("2026-11-24 08:30", Reason.OUTSIDE_HOURS),
        ("2027-01-24 09:00", Reason.HORIZON),
        ("2026-11-25 09:05", Reason.OFF_GRID),
        ("2026-11-25 16:45", Reason.TOO_SHORT),
    ],
)
def test_a_time_has_the_reason_that_holds_longest(clinic, time, reason):
    assert explain(a_doctor(), time).reason is reason


def test_a_time_within_the_minimum_notice_says_so(clinic):
    policy(minimum_notice_minutes=180)
    assert explain(a_doctor(), "2026-11-24 10:30").reason is Reason.NOTICE


def test_another_grid_tells_the_next_start(clinic):
    assert explain(a_doctor(), "2026-11-25 09:05").until == at("2026-11-25 09:15")


def test_time_off_gives_its_note(clinic):
    doctor = a_doctor()
    off = {"doctor_id": doctor.id, "kind": HoursExceptionKind.TIME_OFF, "note": "Congress"}
    add(HoursException(**off, starts_at=at("2026-11-25 11:00"), ends_at=at("2026-11-25 12:00")))
    found = explain(doctor, "2026-11-25 11:30")
    assert (found.reason, found.note) == (Reason.TIME_OFF, "Congress")
    before = explain(doctor, "2026-11-25 10:45")
    assert (before.reason, before.then, before.note) == (
        Reason.TOO_SHORT,
        Reason.TIME_OFF,
        "Congress",
    )
    assert before.until == at("2026-11-25 11:00")


def test_a_closure_gives_its_reason_and_place(clinic):
    place = a_location()
    doctor = a_doctor(location=place)
    noon = {"starts_at": at("2026-11-25 13:00"), "ends_at": at("2026-11-25 14:00")}
    add(Closure(location_id=place.id, reason="Fire drill", **noon))
    found = explain(doctor, "2026-11-25 13:15")
    assert (found.reason, found.note) == (Reason.CLOSED, "Fire drill")
    assert found.location is not None
    assert found.location.name == place.name


def test_a_taken_time_names_the_visit(clinic):
    doctor = a_doctor()
    visit = booked(a_patient(), doctor, at("2026-11-25 10:00"))
    found = explain(doctor, "2026-11-25 10:15")
    assert found.reason is Reason.TAKEN
    assert found.visit is not None
    assert found.visit.ref == visit.ref
    short = explain(doctor, "2026-11-25 09:45")
    assert (short.reason, short.then) == (Reason.TOO_SHORT, Reason.TAKEN)


def test_a_held_time_says_until_when(clinic):
    doctor = a_doctor()
    kind = doctor.visit_types[0]
    held = holds.hold(Holder("one"), doctor.ref, kind.ref, tick("2026-11-25 10:00"), "a key")
    found = explain(doctor, "2026-11-25 10:00")
    assert (found.reason, found.until) == (Reason.HELD, held.hold_expires_at)
    clinic.advance(minutes=11)
    assert explain(doctor, "2026-11-25 10:00").is_bookable


def test_the_buffer_of_a_visit_is_no_time_for_another(clinic):
    plain = a_visit_type(minutes=15, step=5)
    guarded = a_visit_type(minutes=30, buffer_before=10, buffer_after=10)
    doctor = a_doctor(visit_types=[plain, guarded])
    booked(a_patient(), doctor, at("2026-11-25 10:00"), guarded)
    assert explain(doctor, "2026-11-25 10:30", plain).reason is Reason.BUFFER
    assert explain(doctor, "2026-11-25 10:40", plain).is_bookable
    assert explain(doctor, "2026-11-25 09:40", plain).then is Reason.BUFFER


def test_its_own_buffers_may_find_no_room(clinic):
    plain = a_visit_type(minutes=15, step=5)
    guarded = a_visit_type(minutes=30, step=5, buffer_before=10, buffer_after=10)
    doctor = a_doctor(visit_types=[plain, guarded])
    booked(a_patient(), doctor, at("2026-11-25 10:00"), plain)
    assert explain(doctor, "2026-11-25 09:25", guarded).reason is Reason.NO_ROOM_AFTER
    assert explain(doctor, "2026-11-25 10:20", guarded).reason is Reason.NO_ROOM_BEFORE
    assert explain(doctor, "2026-11-25 10:25", guarded).is_bookable


def test_hours_for_other_visit_types_say_so(clinic):
    plain, other = a_visit_type(minutes=30), a_visit_type(minutes=30)
    doctor = a_doctor(hours=None, visit_types=[plain, other])
    works(doctor, a_location(), 3, "09:00-12:00")
    works(doctor, a_location(), 3, "12:00-14:00", only=[other])
    assert explain(doctor, "2026-11-25 12:30", plain).reason is Reason.OTHER_TYPES
    assert explain(doctor, "2026-11-25 12:30", other).is_bookable
    assert explain(doctor, "2026-11-25 11:45", plain).then is Reason.OTHER_TYPES


@settings(max_examples=25, phases=[Phase.generate])
@given(st.sampled_from(NOWS), worlds, st.data())
def test_it_says_bookable_exactly_when_the_booking_would_be_taken(clinic, now, world, data):
    clinic.move_to(now)
    doctor = a_doctor_of(world)
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    kind = facts.visit_types[0]
    soon = nearby.earliest(desk, [facts], kind, how_many=8)
    if soon:
        booked(a_patient(), doctor, data.draw(st.sampled_from(soon)).starts_at)
    desk = openings.desk()
    today = now.astimezone(desk.settings.zoneinfo).date()
    time = diary.read(desk, doctor.id, today, today + timedelta(1))
    for wanted in range(tick_of(now) - 6, tick_of(now) + 240):
        said = why.explain(time, kind, wanted)
        assert said.is_bookable is can_be_had(desk, facts, kind, wanted), (wanted, said)


def test_it_agrees_at_the_horizon(clinic):
    policy(zone="Pacific/Pago_Pago", horizon_days=3)
    world = World(
        "Pacific/Kiritimati", [("00:00-24:00", "Pacific/Kiritimati", "for all")], 30, 30, 0, 0
    )
    doctor = a_doctor_of(world)
    policy(zone="Pacific/Pago_Pago", horizon_days=3)
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    kind = facts.visit_types[0]
    first = date(2026, 11, 26)
    time = diary.read(desk, doctor.id, first, first + timedelta(4))
    verdicts = set()
    for wanted in range(tick("2026-11-26 00:00", UTC), tick("2026-11-30 00:00", UTC), 6):
        said = why.explain(time, kind, wanted)
        verdicts.add(said.reason)
        assert said.is_bookable is can_be_had(desk, facts, kind, wanted), (wanted, said)
    assert verdicts >= {Reason.BOOKABLE, Reason.HORIZON}
