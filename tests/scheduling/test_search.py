"""The search: who fits, and who is free first."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update

from app import clock
from app.directory.catalogue import Catalogue
from app.extensions import db
from app.models import OpeningFloor, VisitMode
from app.scheduling import floors, holds, openings, search
from app.scheduling.holds import Holder
from app.scheduling.search import Query
from app.transaction import transactional
from tests.builders import BERLIN, a_doctor, a_location, a_patient, a_specialty, a_visit_type
from tests.conftest import FrozenClock


def names(found: search.Results) -> list[str]:
    return [one.doctor.name for one in found.rows]


def matched(catalogue: Catalogue, query: Query) -> list[str]:
    return [doctor.name for doctor in search.matching(catalogue, query)]


@transactional
def fill_mornings(seed: int) -> None:
    """Hold random times of random doctors, some of them already ended."""
    rng = random.Random(seed)
    desk = openings.desk()
    for number in range(40):
        doctor = rng.choice(desk.catalogue.doctors)
        day = clock.today(BERLIN) + timedelta(rng.randrange(4))
        kind = rng.choice(doctor.visit_types)
        found = openings.of_day(openings.desk(), [doctor], kind, day)
        if found:
            tick = rng.choice(found[:6]).tick
            holds.hold(
                Holder(f"b{number}", None, f"192.0.2.{number}"),
                doctor.ref,
                kind.ref,
                tick,
                f"key-number-{number}",
            )


@pytest.mark.parametrize("seed", range(6))
def test_the_search_finds_what_looking_at_every_doctor_would(
    app: Flask, frozen_clock: FrozenClock, seed: int
) -> None:
    with app.app_context():
        rng = random.Random(seed)
        kinds = [a_visit_type(minutes=minutes) for minutes in (15, 30, 60)]
        for _ in range(30):
            hours = f"{rng.randrange(7, 12):02}:00-{rng.randrange(13, 20)}:00"
            a_doctor(hours=hours, visit_types=rng.sample(kinds, rng.randrange(1, 4)))
        for doctor in openings.desk().catalogue.doctors:
            if rng.random() < 0.7:
                floors.raise_for(doctor)
        fill_mornings(seed)
        frozen_clock.advance(minutes=rng.choice([0, 45, 300]))
        desk = openings.desk()

        expected = sorted(
            soonest[0].tick
            for soonest in openings.soonest(desk, desk.catalogue.doctors).values()
            if soonest
        )
        pages = [search.find(desk, Query(), page) for page in (1, 2, 3)]

        shown = [one.first_tick for page in pages for one in page.rows]
        assert shown == expected
        assert len({name for page in pages for name in names(page)}) == 30


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


def test_a_doctor_who_is_full_comes_last_and_shows_no_times(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    with app.app_context():
        a_doctor("Ada Berg", hours=None)
        a_doctor("Bea Cruz")

        found = search.find(openings.desk(), Query())

        assert names(found) == ["Dr. Bea Cruz", "Dr. Ada Berg"]
        assert found.rows[1].openings == ()


def test_not_before_moves_the_openings(app: Flask, frozen_clock: FrozenClock) -> None:
    with app.app_context():
        a_doctor("Ada Berg")
        wanted = clock.today(BERLIN) + timedelta(9)

        found = search.find(openings.desk(), Query(earliest=wanted))

        assert {opening.day for opening in found.rows[0].openings} == {wanted}


@pytest.mark.parametrize("doctors", [5, 120])
def test_a_search_takes_as_many_queries_for_many_doctors_as_for_few(
    app: Flask, frozen_clock: FrozenClock, doctors: int
) -> None:
    with app.app_context():
        kind, patient = a_visit_type(), a_patient()
        for _ in range(doctors):
            a_doctor(visit_types=[kind])
        desk = openings.desk()
        for doctor in desk.catalogue.doctors:
            floors.raise_for(doctor)
        assert patient is not None
        asked: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

        search.find(openings.desk(), Query())

        assert len([sql for sql in asked if sql.startswith("SELECT")]) <= 8
