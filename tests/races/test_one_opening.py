"""Many people, one opening."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest
from flask import Flask

from app.clock import tick_of
from app.errors import ClinicError
from app.models import AppointmentStatus as Status
from app.scheduling import holds, refusals
from app.scheduling.soundness import Faults, count_faults
from tests.builders import tomorrow_at
from tests.races import mutants
from tests.races.people import Hold, Practice, number_of
from tests.races.racing import allowed, race, refused

CLIENTS, TRIES = 32, 6
LENGTHS: list[dict[str, Any]] = [
    {"minutes": 15, "step": 5},
    {"minutes": 30, "step": 5, "buffer_before": 5, "buffer_after": 10},
    {"minutes": 45, "step": 15, "buffer_after": 5},
    {"minutes": 60, "step": 5, "buffer_before": 15},
]


def fifty_for_one(app: Flask, hold: Hold = holds.hold) -> list[object]:
    """What fifty patients get who choose the same opening at the same instant."""
    practice = Practice(app, patients=50)
    wanted = tick_of(tomorrow_at("10:30"))
    return race(app, [partial(practice.hold, one, wanted, hold) for one in practice.patients])


def a_busy_morning(app: Flask, hold: Hold = holds.hold) -> list[object]:
    """What patients get who book visits of all lengths, at random and all at once."""
    practice = Practice(app, patients=CLIENTS, visit_types=LENGTHS)
    first, last = tick_of(tomorrow_at("09:00")), tick_of(tomorrow_at("13:00"))

    def tries(patient: int) -> list[object]:
        wishes = random.Random(patient)
        results: list[object] = []
        for _ in range(TRIES):
            wish = wishes.randrange(first, last), wishes.choice(practice.visit_types)
            try:
                results.append(practice.book(patient, wish[0], hold, visit_type=wish[1]))
            except ClinicError as refusal:
                results.append(refusal)
        return results

    everybody = race(app, [partial(tries, one) for one in practice.patients])
    return [result for results in everybody for result in results]


def test_of_fifty_people_racing_for_one_opening_exactly_one_gets_it(clinic: Flask) -> None:
    results = fifty_for_one(clinic)
    assert len(allowed(results)) == 1
    assert len(refused(results, refusals.OpeningTaken)) == 49
    with clinic.app_context():
        assert number_of(Status.HELD) == 1


def test_the_race_for_one_opening_notices_check_then_insert(
    mutant_clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = fifty_for_one(mutant_clinic, mutants.check_then_insert(monkeypatch, together=50))
    assert len(allowed(results)) > 1
    with mutant_clinic.app_context():
        assert count_faults().overlapping > 0


def test_visits_of_all_lengths_booked_at_random_never_overlap(clinic: Flask) -> None:
    results = a_busy_morning(clinic)
    assert len(allowed(results)) >= 4
    strange = [r for r in refused(results) if not isinstance(r, refusals.NotBookable)]
    assert not strange
    with clinic.app_context():
        assert count_faults() == Faults(overlapping=0, missing=0, orphaned=0)


@pytest.mark.parametrize("mutant", [mutants.check_then_insert, mutants.unique_start_only])
def test_the_busy_morning_notices(
    mutant_clinic: Flask, monkeypatch: pytest.MonkeyPatch, mutant
) -> None:
    a_busy_morning(mutant_clinic, mutant(monkeypatch))
    with mutant_clinic.app_context():
        assert count_faults().overlapping > 0
