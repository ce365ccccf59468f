"""One wanted time: had, or refused by its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.clock import tick_of
from app.scheduling import refusals
from tests.builders import a_doctor, a_location, a_patient, a_visit_type, at, booked, policy, tick
from tests.scheduling.test_openings import require


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (tick("2026-11-24 07:55"), refusals.InThePast),
        (tick("2026-11-24 08:30"), refusals.TooSoon),
        (tick("2027-01-24 09:00"), refusals.TooFarAhead),
        (tick("2032-01-24 09:00"), refusals.TooFarAhead),
        (tick("2026-11-25 08:00"), refusals.OutsideHours),
        (tick("2026-11-25 09:05"), refusals.OutsideHours),
        (tick("2026-11-25 16:45"), refusals.OutsideHours),
    ],
)
def test_a_time_that_cannot_be_booked_is_refused_by_its_reason(clinic, wanted, refusal):
    doctor = a_doctor()
    with pytest.raises(refusals.NotBookable) as refused:
        require(doctor, wanted)
    assert type(refused.value) is refusal


def test_a_taken_time_is_refused_as_taken(clinic):
    doctor = a_doctor()
    booked(a_patient(), doctor, at("2026-11-25 09:00"))
    with pytest.raises(refusals.OpeningTaken):
        require(doctor, tick("2026-11-25 09:15"))


def test_a_doctor_without_hours_is_refused_as_outside_hours(clinic):
    doctor = a_doctor(hours=None)
    with pytest.raises(refusals.OutsideHours):
        require(doctor, tick("2026-11-25 09:00"))


def test_a_listed_time_can_be_had_where_clinic_and_place_are_a_day_and_more_apart(clinic):
    policy(zone="Pacific/Pago_Pago")
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    doctor = a_doctor(hours="00:00-01:00", location=a_location("Atoll", kiritimati.key))
    wanted = tick("2026-11-26 00:30", kiritimati)
    assert require(doctor, wanted).tick == wanted


def test_an_opening_says_when_it_ends_in_utc(clinic):
    doctor = a_doctor(visit_types=[a_visit_type(minutes=45)])
    opening = require(doctor, tick("2026-11-25 09:00"))
    assert opening.ends_at == datetime(2026, 11, 25, 8, 45, tzinfo=UTC)
    assert tick_of(opening.starts_at) == opening.tick
