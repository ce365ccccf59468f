"""The search looks at few doctors, however long ago the floors were raised."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import instant_of
from app.scheduling import floors, openings, search, soonest
from app.scheduling.search import Query
from tests import builders
from tests.conftest import FrozenClock

MANY, FEW = 40, 20


@pytest.mark.parametrize("minutes", [0, 7, 70])
def test_floors_that_time_has_overtaken_do_not_make_the_search_look_at_everybody(
    clinic: FrozenClock, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    kind = builders.a_visit_type(step=15)
    for _ in range(MANY):
        builders.a_doctor(visit_types=[kind], hours="00:00-24:00")
    for doctor in openings.desk().catalogue.doctors:
        floors.raise_for(doctor)
    looked_at: list[int] = []
    of_each = soonest.of_each

    def counted(desk, doctors, *rest):
        looked_at.extend(doctor.id for doctor in doctors)
        return of_each(desk, doctors, *rest)

    monkeypatch.setattr(soonest, "of_each", counted)
    clinic.advance(minutes=minutes)
    found = search.find(openings.desk(), Query()).rows
    assert len(set(looked_at)) <= FEW
    names = [one.doctor.name for one in found]
    assert names == sorted(names)
    earliest = openings.desk().at + timedelta(hours=1)
    assert instant_of(found[0].first_tick) - earliest < timedelta(minutes=15)
