"""Hours that are for some visit types only: nothing else is ever offered in them."""

from __future__ import annotations

from datetime import date

import pytest

from app.models import HoursExceptionKind
from app.scheduling import floors, openings, refusals, soonest, strip, why
from app.scheduling.diary import read
from app.scheduling.strip import DayState
from app.scheduling.why import Reason
from tests.builders import a_doctor, a_location, a_visit_type, at, tick, works
from tests.scheduling.conftest import queries
from tests.scheduling.test_openings import WEDNESDAY, exception, times

NINE = tick("2026-11-25 09:00")


@pytest.fixture
def kinds(clinic):
    return a_visit_type("Check-up"), a_visit_type("Vaccination")


@pytest.fixture
def doctor(kinds):
    """Vaccinations from nine to ten on Wednesdays, then everything until eleven."""
    doctor = a_doctor(hours=None, visit_types=list(kinds))
    works(doctor, a_location(), 3, "09:00-10:00", only=[kinds[1]])
    works(doctor, a_location(), 3, "10:00-11:00")
    return doctor


def facts_of(doctor, kind):
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    return desk, facts, facts.visit_type(kind.ref)


def test_a_visit_type_is_listed_only_where_it_may_be(doctor, kinds):
    check_up, vaccination = kinds
    assert times(doctor, kind=check_up) == ["10:00", "10:15", "10:30"]
    assert times(doctor, kind=vaccination)[0] == "09:00"
    assert "09:45" in times(doctor, kind=vaccination)


def test_a_time_of_other_visit_types_is_refused(doctor, kinds):
    desk, facts, check_up = facts_of(doctor, kinds[0])
    with pytest.raises(refusals.OutsideHours):
        openings.require(desk, facts, check_up, NINE)
    with pytest.raises(refusals.OutsideHours):
        openings.check_hours(desk, facts, check_up, NINE)
    vaccination = facts.visit_type(kinds[1].ref)
    assert openings.require(desk, facts, vaccination, NINE).tick == NINE
    openings.check_hours(desk, facts, vaccination, NINE)


def test_the_strip_and_the_search_know_it_too(doctor, kinds):
    check_up, vaccination = kinds
    works(doctor, a_location(), 4, "09:00-10:00", only=[vaccination])
    desk, facts, kind = facts_of(doctor, check_up)
    wednesday, thursday = strip.of_days(desk, [facts], kind, WEDNESDAY, days=2)
    assert wednesday.openings == 3
    assert (thursday.state, thursday.why) == (DayState.CLOSED, "Not for this visit on this day")
    found = dict(soonest.of_each_visit_type(desk, facts))
    assert found[kind][0].tick == tick("2026-11-25 10:00")


def test_a_floor_lies_where_the_first_visit_type_may_begin(doctor, kinds):
    check_up, _ = kinds
    alone = a_doctor(hours=None, visit_types=[check_up])
    works(alone, a_location(), 3, "09:00-10:00", only=[kinds[1]])
    works(alone, a_location(), 5, "09:00-10:00")
    desk = openings.desk()
    assert floors.floor_of(desk, desk.catalogue.by_id[alone.id]) == tick("2026-11-27 09:00")
    for facts in desk.catalogue.doctors:
        floors.raise_for(facts)
    assert floors.known(openings.desk())[alone.id] == tick("2026-11-27 09:00")


def test_extra_hours_open_reserved_hours_to_everything(doctor, kinds):
    begins, ends = at("2026-11-25 09:00"), at("2026-11-25 09:30")
    exception(doctor, begins, ends, HoursExceptionKind.EXTRA_HOURS, a_location())
    assert times(doctor, kind=kinds[0]) == ["09:00", "10:00", "10:15", "10:30"]


def test_the_agenda_says_why(doctor, kinds):
    desk, _, check_up = facts_of(doctor, kinds[0])
    diary = read(desk, doctor.id, WEDNESDAY, WEDNESDAY)
    assert why.explain(diary, check_up, NINE).reason is Reason.OTHER_TYPES


def test_a_cold_day_costs_five_queries_at_most(doctor, kinds):
    openings.desk()
    with queries() as seen:
        desk, facts, kind = facts_of(doctor, kinds[0])
        openings.of_day(desk, [facts], kind, date(2026, 12, 2))
    assert len(seen) <= 5
