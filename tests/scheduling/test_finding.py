"""Finding openings over days and doctors, and what that costs."""

from __future__ import annotations

from datetime import date, timedelta

from app.clinic import revision
from app.scheduling import nearby, openings, strip
from tests.builders import (
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
from tests.scheduling.conftest import queries

WEDNESDAY = date(2026, 11, 25)


def test_the_earliest_openings_are_found_within_the_horizon(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location(), 3, "09:00-09:30", valid_from=date(2027, 1, 13))
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    found = nearby.earliest(desk, [facts], facts.visit_types[0])
    assert [str(each.day) for each in found] == ["2027-01-13", "2027-01-20"]


def test_the_earliest_openings_are_not_before_the_wanted_time(clinic):
    doctor = a_doctor(hours="09:00-10:00")
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    wanted = tick("2026-11-26 09:10")
    found = nearby.earliest(desk, [facts], facts.visit_types[0], not_before=wanted, how_many=2)
    assert [each.tick for each in found] == [
        tick("2026-11-26 09:15"),
        tick("2026-11-26 09:30"),
    ]


def test_the_nearest_openings_lie_around_the_wanted_time_in_order(clinic):
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 12:00"))
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    wanted = tick("2026-11-25 12:00")
    found = nearby.nearest(desk, [facts], facts.visit_types[0], wanted)
    assert [f"{each.local:%H:%M}" for each in found] == ["11:15", "11:30", "12:30"]


def test_where_the_week_is_full_the_nearest_openings_come_later(clinic):
    doctor = a_doctor(hours=None)
    works(doctor, a_location(), 3, "09:00-09:30", valid_from=date(2026, 12, 16))
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    wanted = tick("2026-11-25 09:00")
    found = nearby.nearest(desk, [facts], facts.visit_types[0], wanted, how_many=1)
    assert [str(each.day) for each in found] == ["2026-12-16"]


def test_any_doctors_openings_are_in_order_of_time_then_name(clinic):
    kind = a_visit_type(minutes=30, step=30)
    a_doctor("Zoe Adler", visit_types=[kind], hours="09:00-10:00")
    a_doctor("Ada Bauer", visit_types=[kind], hours="09:00-10:00")
    desk = openings.desk()
    found = openings.of_day(
        desk, desk.catalogue.doctors, desk.catalogue.doctors[0].visit_types[0], WEDNESDAY
    )
    assert [(f"{each.local:%H:%M}", each.doctor.name) for each in found] == [
        ("09:00", "Dr. Ada Bauer"),
        ("09:00", "Dr. Zoe Adler"),
        ("09:30", "Dr. Ada Bauer"),
        ("09:30", "Dr. Zoe Adler"),
    ]


def test_doctors_who_are_free_together_take_turns(clinic):
    kind = a_visit_type(minutes=30, step=15)
    for _ in range(2):
        a_doctor(visit_types=[kind], hours="09:00-10:00")
    desk = openings.desk()
    found = openings.of_day(
        desk, desk.catalogue.doctors, desk.catalogue.doctors[0].visit_types[0], WEDNESDAY
    )
    chosen = openings.one_each(found)
    assert len({each.tick for each in chosen}) == len(chosen) == 3
    assert len({each.doctor.id for each in chosen}) == 2


def test_a_month_of_openings_takes_five_queries_at_most(clinic):
    doctor = a_doctor()
    facts = openings.desk().catalogue.by_id[doctor.id]
    with queries() as seen:
        desk = openings.desk()
        openings.between(desk, [facts], facts.visit_types[0], WEDNESDAY, WEDNESDAY + timedelta(30))
    assert len(seen) <= 5, seen


def test_a_month_of_openings_takes_as_many_queries_however_much_is_booked(clinic):
    policy(open_bookings_per_patient=100, open_bookings_per_doctor=100)
    doctor, patient = a_doctor(), a_patient()
    for day in range(1, 21):
        booked(patient, doctor, at(f"2026-12-{day:02} 09:00"))
    facts = openings.desk().catalogue.by_id[doctor.id]
    with queries() as seen:
        desk = openings.desk()
        strip.of_days(desk, [facts], facts.visit_types[0], date(2026, 12, 1), days=31)
    assert len(seen) <= 5, seen


def test_a_month_of_openings_asked_again_takes_two_queries(clinic):
    doctor = a_doctor()
    facts = openings.desk().catalogue.by_id[doctor.id]
    counts = []
    for _ in range(2):
        with queries() as seen:
            strip.of_days(openings.desk(), [facts], facts.visit_types[0], WEDNESDAY)
        counts.append(len(seen))
    assert counts[1] == 2


def test_openings_belong_to_the_revision_that_the_desk_has_read(clinic):
    a_doctor()
    assert openings.desk().revision == revision.current()
