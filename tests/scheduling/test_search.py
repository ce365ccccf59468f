"""The search: who fits, and who is free first."""

from __future__ import annotations

import itertools
import random
from contextlib import suppress
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from app import clock
from app.clinic import revision
from app.directory.facts import Catalogue
from app.errors import ClinicError
from app.extensions import db
from app.models import OpeningFloor, Patient, VisitMode, WorkingHours
from app.paging import Page
from app.scheduling import bookings, floors, holds, nearby, openings, search
from app.scheduling.holders import Holder
from app.scheduling.openings import Desk
from app.scheduling.ranking import Found, WhyNone
from app.scheduling.search import Query
from app.scheduling.soonest import NEVER
from app.transaction import transactional
from tests.builders import (
    BERLIN,
    a_doctor,
    a_location,
    a_patient,
    a_specialty,
    a_visit_type,
    at,
    booked,
    policy,
    works,
)
from tests.conftest import FrozenClock
from tests.scheduling.conftest import queries


def names(found: Page[Found]) -> list[str]:
    return [one.doctor.name for one in found.rows]


def matched(catalogue: Catalogue, query: Query) -> list[str]:
    return [doctor.name for doctor in search.matching(catalogue, query)]


def a_random_clinic(rng: random.Random) -> None:
    """Doctors at two ends of the world with all kinds of hours; some times booked, some held, some
    floors raised, and some of those far too low."""
    policy(horizon_days=40, holds_per_address=1000, open_bookings_per_doctor=100)
    policy(open_bookings_per_patient=100)
    places = [a_location(), a_location("Quay", zone="Pacific/Auckland")]
    kinds = [a_visit_type(minutes=minutes) for minutes in (15, 30, 60)]
    kinds.append(a_visit_type(minutes=45, mode=VisitMode.ONLINE, step=30, buffer_after=10))
    for _ in range(30):
        doctor = a_doctor(hours=None, visit_types=rng.sample(kinds, rng.randrange(0, 4)))
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            begins = rng.randrange(7, 20)
            hours = f"{begins:02}:00-{begins + rng.randrange(1, 4):02}:00"
            since = clock.today(BERLIN) + timedelta(rng.choice([0, 0, 0, 9, 25, 60]))
            works(doctor, rng.choice(places), rng.randrange(1, 8), hours, valid_from=since)
    patient = a_patient()
    for number in range(60):
        take_a_time(rng, patient, number)
    for facts in openings.desk().catalogue.doctors:
        if rng.random() < 0.7:
            floors.raise_for(facts)
    transactional(
        lambda: db.session.execute(
            update(OpeningFloor)
            .where(OpeningFloor.doctor_id % 3 == 0)
            .values(tick=OpeningFloor.tick - 4000)
        )
    )()


def take_a_time(rng: random.Random, patient: Patient, number: int) -> None:
    desk = openings.desk()
    doctor = rng.choice([one for one in desk.catalogue.doctors if one.visit_types])
    kind = rng.choice(doctor.visit_types)
    some = nearby.earliest(desk, [doctor], kind, how_many=4)
    if not some:
        return
    holder = Holder(f"browser-{number}", None, "192.0.2.1")
    held = holds.hold(holder, doctor.ref, kind.ref, rng.choice(some).tick, f"a-key-{number}")
    if rng.random() < 0.7:
        with suppress(ClinicError):  # the patient may be elsewhere then; the hold stays
            bookings.book(holder, patient, held.ref, "")


def by_looking_at_everything(desk: Desk, query: Query) -> list[tuple[str, list[int]]]:
    """The whole result, by asking for every opening of every doctor until the horizon."""
    first = clock.today(BERLIN) - timedelta(2)
    last = first + timedelta(desk.settings.horizon_days + 6)
    rows = []
    for doctor in search.matching(desk.catalogue, query):
        ticks = {
            opening.tick
            for kind in doctor.visit_types
            if query.mode in (None, kind.mode)
            for opening in openings.between(desk, [doctor], kind, first, last, query.location)
            if query.earliest is None or opening.day >= query.earliest
        }
        rows.append((min(ticks, default=NEVER), doctor.name, doctor.id, sorted(ticks)[:3]))
    return [(name, ticks) for _, name, _, ticks in sorted(rows)]


@pytest.mark.parametrize("seed", range(8))
def test_the_search_finds_what_looking_at_everything_would(clinic: FrozenClock, seed: int) -> None:
    rng = random.Random(seed)
    a_random_clinic(rng)
    clinic.advance(minutes=rng.choice([0, 12, 300]))
    desk = openings.desk()
    places = (None, *desk.catalogue.locations)
    dates = (None, *(clock.today(BERLIN) + timedelta(days) for days in (-3, 2, 16, 39, 99)))
    for mode, place in itertools.product((None, *VisitMode), places):
        query = Query(location=place, mode=mode, earliest=rng.choice(dates))
        expected = by_looking_at_everything(desk, query)
        pages = [search.find(desk, query, page) for page in range(1, -(-len(expected) // 10) + 1)]
        shown = [
            (found.doctor.name, [opening.tick for opening in found.openings])
            for page in pages
            for found in page.rows
        ]
        assert shown == expected, query


def test_a_morning_in_auckland_comes_before_the_evening_before_in_berlin(
    clinic: FrozenClock,
) -> None:
    quay = a_location("Quay", zone="Pacific/Auckland")
    doctor = a_doctor(hours=None)
    for days in range(1, 15):
        day = clock.today(BERLIN) + timedelta(days)
        next_day = day + timedelta(1)
        works(doctor, a_location(), day.isoweekday(), "22:00-23:00", day, day)
        works(doctor, quay, next_day.isoweekday(), "09:00-09:30", next_day, next_day)
        shown = search.find(openings.desk(), Query()).rows[0].openings
        assert shown[0].location.name == "Quay"
        transactional(lambda: db.session.execute(delete(WorkingHours)))()
        transactional(revision.bump)()


@pytest.mark.parametrize("mode", VisitMode)
def test_openings_are_of_the_visits_and_places_asked_for(
    clinic: FrozenClock, mode: VisitMode
) -> None:
    here, there = a_location(), a_location("Quay", zone="Pacific/Auckland")
    kinds = [a_visit_type(mode=mode) for mode in VisitMode]
    doctor = a_doctor(visit_types=kinds, location=here)
    works(doctor, there, 3, "09:00-12:00")
    desk = openings.desk()
    query = Query(location=desk.catalogue.location("quay"), mode=mode)

    shown = search.find(desk, query).rows[0].openings

    assert len(shown) == 3
    assert {(one.location.slug, one.visit_type.mode) for one in shown} == {("quay", mode)}


def test_a_floor_that_is_too_low_changes_nothing(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.app_context():
        for opens in range(8, 20):
            a_doctor(hours=f"{opens:02}:00-21:00")
        for doctor in openings.desk().catalogue.doctors:
            floors.raise_for(doctor)
        before = names(search.find(openings.desk(), Query()))

        transactional(lambda: db.session.execute(update(OpeningFloor).values(tick=0)))()

        assert names(search.find(openings.desk(), Query())) == before


def test_names_match_without_case_accents_or_order(app: Flask) -> None:
    with app.app_context():
        a_doctor("Zoë Müller-Ångström")
        a_doctor("Ada Berg")
        catalogue = openings.desk().catalogue

        assert matched(catalogue, Query(name="angstrom ZOE")) == ["Dr. Zoë Müller-Ångström"]


def test_every_filter_narrows(app: Flask) -> None:
    with app.app_context():
        lisbon = a_location("Chiado", zone="Europe/Lisbon")
        online = a_visit_type(mode=VisitMode.ONLINE)
        a_doctor("Ada Berg", specialties=[a_specialty("Cardiology")], languages=("de",))
        a_doctor("Bea Cruz", specialties=[a_specialty("Neurology")], location=lisbon)
        a_doctor("Cem Demir", visit_types=[online], languages=("tr",))
        catalogue = openings.desk().catalogue

        assert matched(catalogue, Query(specialty=catalogue.specialty("neurology"))) == [
            "Dr. Bea Cruz"
        ]
        assert matched(catalogue, Query(location=catalogue.location("chiado"))) == ["Dr. Bea Cruz"]
        assert matched(catalogue, Query(mode=VisitMode.ONLINE)) == ["Dr. Cem Demir"]
        assert matched(catalogue, Query(language="de")) == ["Dr. Ada Berg"]


def test_nothing_found_names_the_filter_that_stands_in_the_way(app: Flask) -> None:
    with app.app_context():
        a_doctor("Ada Berg", languages=("de",))
        catalogue = openings.desk().catalogue
        query = Query(name="Ada", language="tr")

        assert search.why_nothing(catalogue, query) == [("language", 1)]


def test_doctors_without_openings_come_last_and_say_why(clinic: FrozenClock) -> None:
    policy(horizon_days=2, open_bookings_per_patient=9, open_bookings_per_doctor=9)
    away = a_visit_type(minutes=60)
    a_doctor("Ada Berg", hours=None)
    full = a_doctor("Bea Cruz", visit_types=[away], hours="10:00-11:00")
    a_doctor("Cem Demir", visit_types=[])
    a_doctor("Dan Ek")
    for day in (24, 25, 26):
        booked(a_patient(), full, at(f"2026-11-{day} 10:00"))

    found = search.find(openings.desk(), Query())

    assert [(one.doctor.name, one.why_none) for one in found.rows] == [
        ("Dr. Dan Ek", None),
        ("Dr. Ada Berg", WhyNone.NO_HOURS),
        ("Dr. Bea Cruz", WhyNone.FULL),
        ("Dr. Cem Demir", WhyNone.NO_VISITS),
    ]


def test_a_date_beyond_the_horizon_is_said_to_be_too_far(clinic: FrozenClock) -> None:
    a_doctor()
    found = search.find(openings.desk(), Query(earliest=clock.today(BERLIN) + timedelta(90)))
    assert [one.why_none for one in found.rows] == [WhyNone.TOO_FAR]


def test_the_nearest_miss_is_the_earliest_opening_without_one_filter(clinic: FrozenClock) -> None:
    quay = a_location("Quay")
    a_doctor("Ada Berg", languages=("de",), hours="15:00-17:00", location=quay)
    a_doctor("Bea Cruz", languages=("tr",), hours="10:00-12:00")
    desk = openings.desk()
    query = Query(location=desk.catalogue.location("quay"), language="tr")

    missed, opening = search.nearest_miss(desk, query) or pytest.fail("none")

    assert (missed, opening.doctor.name) == ("location", "Dr. Bea Cruz")


def test_not_before_moves_the_openings(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.app_context():
        a_doctor("Ada Berg")
        wanted = clock.today(BERLIN) + timedelta(9)

        found = search.find(openings.desk(), Query(earliest=wanted))

        assert {opening.day for opening in found.rows[0].openings} == {wanted}


@pytest.mark.parametrize("raised", [True, False], ids=["with floors", "without floors"])
def test_a_search_takes_a_few_queries_whether_doctors_are_few_or_many(
    clinic: FrozenClock, raised: bool
) -> None:
    kind, counts = a_visit_type(), []
    for doctors in (5, 195):
        for _ in range(doctors):
            a_doctor(visit_types=[kind])
        desk = openings.desk()
        for doctor in desk.catalogue.doctors if raised else []:
            floors.raise_for(doctor)
        with queries() as seen:
            search.find(desk, Query(), 1)
        counts.append(len(seen))
    assert counts[0] <= 5
    assert counts[1] <= (5 if raised else 17)


def test_a_search_asked_again_takes_two_queries(clinic: FrozenClock) -> None:
    for _ in range(20):
        a_doctor()
    desk = openings.desk()
    for doctor in desk.catalogue.doctors:
        floors.raise_for(doctor)
    search.find(desk, Query())
    with queries() as seen:
        search.find(desk, Query())
    assert len(seen) == 2, seen
